//! An allocator that refuses memory by plan: allocations of at least 4 KiB, made by the
//! library on the thread of the test.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;

const LARGE: usize = 4096;

thread_local! {
    // Inside a call of the library, on the thread of the test.
    static ARMED: Cell<bool> = const { Cell::new(false) };
    static FAIL_AT: Cell<usize> = const { Cell::new(usize::MAX) };
    static FOR_EVER: Cell<bool> = const { Cell::new(false) };
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static FAILED: Cell<usize> = const { Cell::new(0) };
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, which refuses what the thread's plan says.
pub struct Failing;

fn refuses(size: usize) -> bool {
    if !ARMED.get() {
        return false;
    }
    LARGEST.set(LARGEST.get().max(size));
    if size < LARGE {
        return false;
    }
    let n = COUNT.replace(COUNT.get() + 1);
    let now = n == FAIL_AT.get() || (FOR_EVER.get() && n > FAIL_AT.get());
    FAILED.set(FAILED.get() + usize::from(now));
    now
}

// SAFETY: every request goes to the system's allocator unchanged, or is answered by NULL,
// which the trait allows.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if refuses(layout.size()) {
            return ptr::null_mut();
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if refuses(layout.size()) {
            return ptr::null_mut();
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, p: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > layout.size() && refuses(size) {
            return ptr::null_mut();
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(p, layout, size) }
    }

    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(p, layout) }
    }
}

/// Large allocation number `at` fails, and every later one if `for_ever`. Counts start
/// again.
pub fn plan(at: usize, for_ever: bool) {
    FAIL_AT.set(at);
    FOR_EVER.set(for_ever);
    COUNT.set(0);
    FAILED.set(0);
    LARGEST.set(0);
}

/// How many allocations were refused.
pub fn failed() -> usize {
    FAILED.get()
}

/// The largest block that was asked for.
pub fn largest() -> usize {
    LARGEST.get()
}

/// One call of the library, under the plan. The test's own memory is not touched.
pub fn armed<T>(call: impl FnOnce() -> T) -> T {
    ARMED.set(true);
    let result = call();
    ARMED.set(false);
    result
}
