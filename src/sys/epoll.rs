//! Several descriptors behind one, which a loop of the program's can watch.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use super::check;

/// Readable as soon as something in it is ready.
#[derive(Debug)]
pub struct Epoll(OwnedFd);

impl Epoll {
    /// An empty one: never readable.
    pub fn new() -> Result<Self, i32> {
        // SAFETY: no pointers.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: the kernel has just made it, and nobody else owns it.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Watches this one too: until it is writable, or readable.
    pub fn add(&self, fd: RawFd, write: bool) -> Result<(), i32> {
        let events = if write { libc::EPOLLOUT } else { libc::EPOLLIN };
        self.control(libc::EPOLL_CTL_ADD, fd, events as u32)
    }

    /// No longer watches it. To be said before it is closed: a copy of it that a forked child
    /// has would keep it in here.
    pub fn remove(&self, fd: RawFd) {
        // It fails only when it is not in here.
        let _ = self.control(libc::EPOLL_CTL_DEL, fd, 0);
    }

    /// The descriptor to watch.
    #[must_use]
    pub fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    fn control(&self, operation: libc::c_int, fd: RawFd, events: u32) -> Result<(), i32> {
        let mut event = libc::epoll_event { events, u64: 0 };
        // SAFETY: the event is valid.
        check(unsafe { libc::epoll_ctl(self.fd(), operation, fd, &raw mut event) }).map(drop)
    }
}
