//! Waiting for descriptors.

use std::os::fd::RawFd;

use super::check_count;

/// A descriptor to wait for, laid out as the kernel wants it.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Watched(libc::pollfd);

impl Watched {
    /// Until it is readable or writable, as asked, or broken.
    #[must_use]
    pub fn new(fd: RawFd, read: bool, write: bool) -> Self {
        let mut events = 0;
        if read {
            events |= libc::POLLIN;
        }
        if write {
            events |= libc::POLLOUT;
        }
        Self(libc::pollfd {
            fd,
            events,
            revents: 0,
        })
    }

    /// The descriptor.
    #[must_use]
    pub fn fd(&self) -> RawFd {
        self.0.fd
    }

    /// What the last wait found.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.revents != 0
    }
}

/// Waits until the descriptor is readable or writable, as asked, or broken. `ms` negative is
/// for ever. `Ok(false)` is that the time is up; `EINTR` is the caller's business, who knows
/// how much time is left.
pub fn wait(fd: RawFd, read: bool, write: bool, ms: i64) -> Result<bool, i32> {
    wait_any(&mut [Watched::new(fd, read, write)], ms)
}

/// The same for several: until one of them is.
pub fn wait_any(watched: &mut [Watched], ms: i64) -> Result<bool, i32> {
    let ms = libc::c_int::try_from(ms.max(-1)).unwrap_or(libc::c_int::MAX);
    let count = watched.len() as libc::nfds_t;
    // SAFETY: so many entries, valid, with the layout of pollfd.
    let ready = unsafe { libc::poll(watched.as_mut_ptr().cast(), count, ms) };
    Ok(check_count(ready as libc::ssize_t)? > 0)
}
