//! The transport of something that is over: what was received of it, and how it ended.

use std::io::IoSlice;
use std::os::fd::RawFd;
use std::sync::Arc;

use super::{Interest, Patience, Step, Transport, Waited};
use crate::error::{Code, Error, Result};

/// See the module.
#[derive(Debug)]
pub struct Recorded {
    bytes: Arc<[u8]>,
    from: usize,
    /// The failure behind the bytes; without one it is the end of the stream.
    end: Option<Error>,
}

impl Recorded {
    /// These bytes, then the end of the stream, or this failure.
    #[must_use]
    pub fn new(bytes: Arc<[u8]>, end: Option<Error>) -> Self {
        Self {
            bytes,
            from: 0,
            end,
        }
    }
}

impl Transport for Recorded {
    fn read(&mut self, buf: &mut [u8], _: Patience) -> Result<Step<usize>> {
        let rest = self.bytes.get(self.from..).unwrap_or_default();
        let n = rest.len().min(buf.len());
        if n == 0 && !buf.is_empty() {
            return match &self.end {
                Some(e) => Err(e.clone()),
                None => Ok(Step::Done(0)),
            };
        }
        if let (Some(to), Some(from)) = (buf.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        self.from += n;
        Ok(Step::Done(n))
    }

    fn write(&mut self, _: &[IoSlice<'_>], _: bool) -> Result<Step<usize>> {
        Err(Error::new(
            Code::HC_ERR_CLOSED,
            "there is nobody at the other end any more",
        ))
    }

    fn wait(&mut self, _: Interest, _: i64) -> Result<Waited> {
        Ok(Waited::Ready)
    }

    fn fd(&self) -> Option<RawFd> {
        None
    }

    fn is_silent(&mut self) -> bool {
        false
    }
}
