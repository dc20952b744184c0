//! Waking up whoever waits on a descriptor. All of it async-signal-safe: errno is put back.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use super::check;

/// A descriptor that becomes readable when it is signalled.
pub fn event() -> Result<OwnedFd, i32> {
    // SAFETY: no pointers.
    let fd = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
    // SAFETY: the kernel has just made it, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Makes an eventfd readable.
pub fn signal(event: RawFd) {
    let one = 1u64.to_ne_bytes();
    keeping_errno(|| {
        // SAFETY: eight bytes, valid. It fails only when it is readable already.
        unsafe { libc::write(event, one.as_ptr().cast(), one.len()) };
    });
}

/// Makes it unreadable again.
pub fn clear(event: &OwnedFd) {
    let mut count = [0u8; 8];
    // SAFETY: eight bytes of room. It fails only when it is not readable.
    unsafe { libc::read(event.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
}

/// Ends both directions of a socket; a connect that is under way fails, and one that is about to
/// begin does not last.
pub fn shut_down(socket: RawFd) {
    // Shutting down a socket that does not connect yet does nothing. Whoever is about to make a
    // connect(2) that waits finds this limit instead; the kernel looks at it and begins to connect
    // under one lock, so that there is no time between the two.
    let soon = libc::timeval {
        tv_sec: 0,
        tv_usec: 1,
    };
    keeping_errno(|| {
        // SAFETY: the value is valid for its length.
        unsafe {
            libc::setsockopt(
                socket,
                libc::SOL_SOCKET,
                libc::SO_SNDTIMEO,
                (&raw const soon).cast(),
                size_of::<libc::timeval>() as libc::socklen_t,
            )
        };
        // SAFETY: no pointers.
        unsafe { libc::shutdown(socket, libc::SHUT_RDWR) };
    });
}

fn keeping_errno(call: impl FnOnce()) {
    // SAFETY: the C library's own place for this thread, always valid.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { place.read() };
    call();
    // SAFETY: as above.
    unsafe { place.write(before) };
}
