//! Are we still in the process that made a handle? A page that the kernel wipes in a forked
//! child answers with one load; asking getpid(2) at every call would cost a system call.

use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

static PAGE: AtomicPtr<AtomicU32> = AtomicPtr::new(core::ptr::null_mut());
static LAST_STAMP: AtomicU32 = AtomicU32::new(0);

/// Marks the process a handle was made in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(u32);

impl Stamp {
    /// No other process has the same.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }
}

/// The stamp of this process.
#[must_use]
pub fn stamp() -> Stamp {
    let Some(word) = word().or_else(map_page) else {
        return Stamp(pid());
    };
    loop {
        let now = word.load(Ordering::Relaxed);
        if now != 0 {
            return Stamp(now);
        }
        // First use, or first use in a child: a number no handle of the parent has.
        let next = LAST_STAMP
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(1)
            .max(1);
        let _ = word.compare_exchange(0, next, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// Is this the process of the stamp?
#[inline]
#[must_use]
pub fn is_same_process(stamp: Stamp) -> bool {
    match word() {
        Some(word) => word.load(Ordering::Relaxed) == stamp.0,
        None => pid() == stamp.0,
    }
}

#[inline]
fn word() -> Option<&'static AtomicU32> {
    let page = PAGE.load(Ordering::Acquire);
    // SAFETY: either null or a page of our own that is never unmapped.
    unsafe { page.as_ref() }
}

/// The page, made once. A kernel without `MADV_WIPEONFORK` (before 4.14) leaves us to the
/// process id.
#[cold]
fn map_page() -> Option<&'static AtomicU32> {
    const SIZE: usize = 4096;
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a fresh anonymous mapping.
    let page = unsafe { libc::mmap(core::ptr::null_mut(), SIZE, protection, flags, -1, 0) };
    if page == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the page is ours.
    let wiped = unsafe { libc::madvise(page, SIZE, libc::MADV_WIPEONFORK) } == 0;
    let fresh = page.cast::<AtomicU32>();
    if wiped
        && PAGE
            .compare_exchange(
                core::ptr::null_mut(),
                fresh,
                Ordering::AcqRel,
                Ordering::Acquire,
            )
            .is_ok()
    {
        // SAFETY: zeroed, aligned, and never unmapped from here on.
        return Some(unsafe { &*fresh });
    }
    // SAFETY: the page is ours and nobody has seen it.
    unsafe { libc::munmap(page, SIZE) };
    word()
}

fn pid() -> u32 {
    std::process::id()
}
