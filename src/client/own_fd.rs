//! Descriptors of the program's own: a pipe that a request body is read from, one that a response
//! body is written to. They may block, and nothing that we know of would wake them; so what waits
//! on them looks around from time to time.

use std::os::fd::RawFd;
use std::sync::Arc;

use super::config::TimeoutKind;
use super::drive::{LOOK_MS, cancelled};
use super::timeouts::timed_out;
use crate::error::{Code, Error, Result};
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::sys::error_number::{EAGAIN, EINTR};
use crate::sys::file::{self, FileKind};
use crate::sys::poll;

/// A pipe takes so many bytes without a wait when it is ready (POSIX: PIPE_BUF).
const PIPE_PIECE: usize = 4096;

/// See the module.
#[derive(Debug)]
pub struct OwnFd {
    fd: RawFd,
    kind: Option<FileKind>,
    total: Deadline,
    cancel: Option<Arc<Cancel>>,
}

impl OwnFd {
    /// Nothing is done with it yet.
    #[must_use]
    pub fn new(fd: RawFd, total: Deadline, cancel: Option<Arc<Cancel>>) -> Self {
        Self {
            fd,
            kind: None,
            total,
            cancel,
        }
    }

    /// Reads on; 0 is the end.
    pub fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        loop {
            self.wait(true)?;
            match file::read(self.fd, buf) {
                Err(EAGAIN) => {}
                Err(e) => return Err(Error::os(Code::HC_ERR_FILE, e, "read")),
                Ok(n) => return Ok(n),
            }
        }
    }

    /// Writes some of it.
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let failed = |e| Error::os(Code::HC_ERR_FILE, e, "write");
        let kind = match self.kind {
            Some(kind) => kind,
            None => *self.kind.insert(file::kind(self.fd).map_err(failed)?),
        };
        loop {
            let written = match kind {
                FileKind::Regular(_) => file::write(self.fd, bytes),
                FileKind::Socket => file::send(self.fd, bytes),
                FileKind::Stream => {
                    self.wait(false)?;
                    let piece = bytes.len().min(PIPE_PIECE);
                    file::write(self.fd, bytes.get(..piece).unwrap_or_default())
                }
            };
            match written {
                Err(EAGAIN) => self.wait(false)?,
                Err(e) => return Err(failed(e)),
                Ok(n) => return Ok(n),
            }
        }
    }

    fn wait(&self, read: bool) -> Result<()> {
        loop {
            if self.cancel.as_ref().is_some_and(|c| c.is_requested()) {
                return Err(cancelled());
            }
            let ms = match self.total.ms_left() {
                0 => return Err(timed_out(TimeoutKind::Total)),
                left @ 1..LOOK_MS => left,
                _ => LOOK_MS,
            };
            match poll::wait(self.fd, read, !read, ms) {
                Ok(true) => return Ok(()),
                Ok(false) | Err(EINTR) => {}
                Err(e) => return Err(Error::os(Code::HC_ERR_FILE, e, "poll")),
            }
        }
    }
}
