//! A connected stream socket: TCP, a Unix socket, or a descriptor that the program handed
//! over.
//!
//! Every send and receive says for itself whether it may wait, so that the descriptor's own
//! mode matters in two places only: a blocking receive, which lets a socket timeout do the
//! waiting and saves a poll(2) for each answer, and sendfile(2), which has no flag for it.

use std::io::IoSlice;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use super::deadline::Deadline;
use super::{Interest, Patience, Step, Transport, Waited};
use crate::error::{Code, Error, Result};
use crate::sys::error_number::{EAGAIN, EINTR};
use crate::sys::{poll, socket};

/// A socket, and what the kernel has been told about it.
#[derive(Debug)]
pub struct Tcp {
    fd: OwnedFd,
    /// The descriptor's mode, once we know it.
    nonblocking: Option<bool>,
    /// The receive timeout that is set.
    timeout_ms: i64,
}

impl Tcp {
    /// A socket that `dial` has connected, in the mode that it was made in.
    #[must_use]
    pub fn dialled(fd: OwnedFd, nonblocking: bool) -> Self {
        Self {
            fd,
            nonblocking: Some(nonblocking),
            timeout_ms: -1,
        }
    }

    /// A socket of the program's, in whatever mode it is. It keeps that mode unless a
    /// blocking call has to wait on it.
    #[must_use]
    pub fn adopted(fd: OwnedFd) -> Self {
        // The timeout it may have is unknown: no number matches it.
        Self {
            fd,
            nonblocking: None,
            timeout_ms: i64::MIN,
        }
    }

    fn set_nonblocking(&mut self, on: bool) -> Result<()> {
        if self.nonblocking != Some(on) {
            socket::set_nonblocking(self.fd.as_fd(), on)
                .map_err(|e| Error::os(Code::HC_ERR_RECV, e, "ioctl"))?;
            self.nonblocking = Some(on);
        }
        Ok(())
    }

    /// Lets a receive wait in the kernel. True if it may.
    fn prepare(&mut self, patience: Patience) -> Result<bool> {
        let Patience::Ms(ms) = patience else {
            return Ok(false);
        };
        // Zero means "do not wait", which the kernel's timeout cannot say.
        if ms == 0 {
            return Ok(false);
        }
        if self.nonblocking != Some(false) {
            self.set_nonblocking(false)?;
        }
        if ms != self.timeout_ms {
            socket::set_receive_timeout(self.fd.as_fd(), ms)
                .map_err(|e| Error::os(Code::HC_ERR_RECV, e, "setsockopt"))?;
            self.timeout_ms = ms;
        }
        Ok(true)
    }

    #[cold]
    fn receive_failed(errno: i32, patience: Patience) -> Result<Step<usize>> {
        match (errno, patience) {
            (EAGAIN, _) => Ok(Step::Want(Interest::Read)),
            // With a time limit, what is left of it is the caller's to know.
            (EINTR, Patience::Ms(0..)) => Ok(Step::Want(Interest::Read)),
            _ => Err(Error::os(Code::HC_ERR_RECV, errno, "recv")),
        }
    }
}

impl Transport for Tcp {
    #[inline]
    fn read(&mut self, buf: &mut [u8], patience: Patience) -> Result<Step<usize>> {
        let wait = self.prepare(patience)?;
        loop {
            match socket::receive(self.fd.as_fd(), buf, wait) {
                Ok(n) => return Ok(Step::Done(n)),
                Err(EINTR) if !matches!(patience, Patience::Ms(0..)) => {}
                Err(e) => return Self::receive_failed(e, patience),
            }
        }
    }

    fn read_two(
        &mut self,
        first: &mut [u8],
        second: &mut [u8],
        patience: Patience,
    ) -> Result<Step<usize>> {
        let wait = self.prepare(patience)?;
        loop {
            match socket::receive_two(self.fd.as_fd(), first, second, wait) {
                Ok(n) => return Ok(Step::Done(n)),
                Err(EINTR) if !matches!(patience, Patience::Ms(0..)) => {}
                Err(e) => return Self::receive_failed(e, patience),
            }
        }
    }

    #[inline]
    fn write(&mut self, parts: &[IoSlice<'_>], more: bool) -> Result<Step<usize>> {
        loop {
            let sent = match parts {
                [one] if !more => socket::send(self.fd.as_fd(), one),
                _ => socket::send_all_of(self.fd.as_fd(), parts, more),
            };
            return match sent {
                Ok(n) => Ok(Step::Done(n)),
                Err(EAGAIN) => Ok(Step::Want(Interest::Write)),
                Err(EINTR) => continue,
                Err(e) => Err(Error::os(Code::HC_ERR_SEND, e, "send")),
            };
        }
    }

    fn unsent(&self) -> u64 {
        socket::unsent(self.fd.as_fd()).unwrap_or(0)
    }

    fn send_file(&mut self, file: RawFd, offset: u64, most: u64) -> Option<Result<Step<u64>>> {
        // The kernel's own limit for one call.
        const MOST: u64 = 0x7fff_f000;
        if let Err(e) = self.set_nonblocking(true) {
            return Some(Err(e));
        }
        let most = usize::try_from(most.min(MOST)).unwrap_or(usize::MAX);
        loop {
            return match socket::send_file(self.fd.as_fd(), file, offset, most) {
                Ok(n) => Some(Ok(Step::Done(n as u64))),
                Err(EAGAIN) => Some(Ok(Step::Want(Interest::Write))),
                Err(EINTR) => continue,
                // This file, or this kind of socket, does not do it.
                Err(crate::sys::error_number::EINVAL | crate::sys::error_number::ENOSYS) => None,
                Err(e) => Some(Err(Error::os(Code::HC_ERR_SEND, e, "sendfile"))),
            };
        }
    }

    fn wait(&mut self, interest: Interest, ms: i64) -> Result<Waited> {
        wait_fd(self.fd.as_raw_fd(), interest, ms)
    }

    fn fd(&self) -> Option<RawFd> {
        Some(self.fd.as_raw_fd())
    }

    fn is_silent(&mut self) -> bool {
        socket::is_silent(self.fd.as_fd()) == Ok(true)
    }

    fn into_fd(self: Box<Self>) -> Option<OwnedFd> {
        Some(self.fd)
    }
}

/// Waits on a descriptor, taking up a wait that a signal interrupted with the time that is
/// left.
pub(super) fn wait_fd(fd: RawFd, interest: Interest, ms: i64) -> Result<Waited> {
    let mut left = ms;
    let deadline = Deadline::after_ms(ms);
    loop {
        match poll::wait(fd, interest.reads(), interest.writes(), left) {
            Ok(true) => return Ok(Waited::Ready),
            Ok(false) => return Ok(Waited::TimedOut),
            Err(EINTR) => left = deadline.ms_left(),
            Err(e) => return Err(Error::os(Code::HC_ERR_RECV, e, "poll")),
        }
    }
}
