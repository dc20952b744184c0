//! The monotonic clock, read without a system call where the kernel allows it.

use core::mem::MaybeUninit;

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
