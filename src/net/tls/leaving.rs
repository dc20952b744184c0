//! What rustls has ready for the peer, on its way to the transport.

use std::io::{self, IoSlice, Write};

use super::{Tls, gone, odd};
use crate::error::{Error, Result};
use crate::net::{Interest, Step, Transport};

impl Tls {
    /// Sends what rustls has ready. `Want` when the peer does not take all of it.
    pub(super) fn send_ready(&mut self, more: bool) -> Result<Step<()>> {
        while self.session.wants_write() {
            let Some(inner) = self.inner.as_deref_mut() else {
                return Err(gone());
            };
            let mut way = Way {
                inner,
                more,
                failed: None,
            };
            match self.session.write_tls(&mut way) {
                Ok(n) => self.departed += n as u64,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Step::Want(Interest::Write));
                }
                Err(e) => return Err(way.failed.take().unwrap_or_else(|| odd(&e))),
            }
        }
        self.held = 0;
        Ok(Step::Done(()))
    }

    /// The same; a failure is the end of sending, if not of everything.
    #[inline]
    pub(super) fn send_or_end(&mut self, more: bool) -> Result<Step<()>> {
        match self.send_ready(more) {
            Ok(step) => Ok(step),
            Err(e) => {
                self.cannot_send(e.clone())?;
                Err(e)
            }
        }
    }
}

/// How rustls writes to a transport.
struct Way<'a> {
    inner: &'a mut dyn Transport,
    more: bool,
    failed: Option<Error>,
}

impl Write for Way<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match self.inner.write(parts, self.more) {
            Ok(Step::Done(n @ 1..)) => Ok(n),
            Ok(Step::Done(0) | Step::Want(_)) => Err(io::ErrorKind::WouldBlock.into()),
            Err(e) => {
                self.failed = Some(e);
                Err(io::ErrorKind::Other.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
