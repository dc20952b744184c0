//! Waiting for one descriptor.

use std::os::fd::RawFd;

use super::check_count;

/// Waits until the descriptor is readable or writable, as asked, or broken. `ms` negative is
/// for ever. `Ok(false)` is that the time is up; `EINTR` is the caller's business, who knows
/// how much time is left.
pub fn wait(fd: RawFd, read: bool, write: bool, ms: i64) -> Result<bool, i32> {
    let mut events = 0;
    if read {
        events |= libc::POLLIN;
    }
    if write {
        events |= libc::POLLOUT;
    }
    let mut entry = libc::pollfd {
        fd,
        events,
        revents: 0,
    };
    let ms = libc::c_int::try_from(ms.max(-1)).unwrap_or(libc::c_int::MAX);
    // SAFETY: one entry, valid.
    let ready = check_count(unsafe { libc::poll(&raw mut entry, 1, ms) } as libc::ssize_t)?;
    Ok(ready > 0)
}
