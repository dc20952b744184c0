//! The monotonic clock, read without a system call where the kernel allows it, and a program's
//! own clock in its place.

use core::cell::Cell;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, Ordering};

/// Nanoseconds since some point in the past. `CLOCK_MONOTONIC` cannot fail.
#[inline]
#[must_use]
pub fn monotonic_ns() -> u64 {
    let mut now = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: the place is valid for a timespec.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, now.as_mut_ptr()) };
    if failed != 0 {
        return 0;
    }
    // SAFETY: clock_gettime has filled it.
    let now = unsafe { now.assume_init() };
    (now.tv_sec as u64)
        .wrapping_mul(1_000_000_000)
        .wrapping_add(now.tv_nsec as u64)
}

type Read = unsafe extern "C" fn(user: *mut c_void) -> u64;

/// A clock of the program's own, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    read: Read,
    user: *mut c_void,
}

// SAFETY: who makes one promises that `read` can be called with `user` from any thread, one at
// a time.
unsafe impl Send for Source {}

/// Somebody in this process has one. Until then looking for it costs a load.
static ANY: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// The one that this thread goes by now.
    static FOLLOWED: Cell<Option<Source>> = const { Cell::new(None) };
}

impl Source {
    /// # Safety
    /// `read` can be called with `user` as long as there is a copy of what this returns, from
    /// whichever thread follows it.
    #[must_use]
    pub unsafe fn new(read: Read, user: *mut c_void) -> Self {
        ANY.store(true, Ordering::Relaxed);
        Self { read, user }
    }

    /// What it was made of.
    #[must_use]
    pub fn parts(self) -> (Read, *mut c_void) {
        (self.read, self.user)
    }
}

/// Has this thread go by a clock, or by the system's, until what is returned is dropped.
#[inline]
#[must_use]
pub fn follow(source: Option<Source>) -> Option<Following> {
    // The flag was set by whoever made the source, before the handle could get here.
    ANY.load(Ordering::Relaxed)
        .then(|| Following(FOLLOWED.replace(source)))
}

/// See [`follow`].
#[derive(Debug)]
pub struct Following(Option<Source>);

impl Drop for Following {
    fn drop(&mut self) {
        FOLLOWED.set(self.0.take());
    }
}

/// The clock that this thread goes by.
#[inline]
#[must_use]
pub fn now_ns() -> u64 {
    if ANY.load(Ordering::Relaxed)
        && let Some(source) = FOLLOWED.get()
    {
        // SAFETY: the promise of whoever made it.
        return unsafe { (source.read)(source.user) };
    }
    monotonic_ns()
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "C" fn read(user: *mut c_void) -> u64 {
        user as u64
    }

    fn stopped_at(ns: usize) -> Source {
        // SAFETY: it looks at nothing.
        unsafe { Source::new(read, core::ptr::without_provenance_mut(ns)) }
    }

    #[test]
    fn a_clock_is_followed_by_its_thread_for_a_while_and_what_is_within_has_its_own() {
        let _outer = follow(Some(stopped_at(7)));
        assert_eq!(now_ns(), 7);
        {
            let _inner = follow(Some(stopped_at(9)));
            assert_eq!(now_ns(), 9);
            let _system = follow(None);
            assert!(now_ns() > 9);
        }
        assert_eq!(now_ns(), 7);
        let elsewhere = std::thread::spawn(now_ns).join();
        assert!(elsewhere.is_ok_and(|ns| ns > 9));
    }
}
