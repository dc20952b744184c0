//! The transport of a program that owns the wire: what it feeds is read, what is written
//! waits for it to fetch.

use std::io::IoSlice;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Interest, Patience, Step, Transport, Waited};
use crate::error::{Code, Error, Result};

/// Output that may wait to be fetched; more of it has to wait in the caller's own buffers.
const MOST_OUTPUT: usize = 64 * 1024;

#[derive(Debug, Default)]
struct Ends {
    input: Vec<u8>,
    input_from: usize,
    eof: bool,
    output: Vec<u8>,
    output_from: usize,
}

/// Both directions. The connection holds it to feed and fetch; the transport made from it
/// may have gone to a response that outlives the exchange.
#[derive(Clone, Debug, Default)]
pub struct Pipe(Arc<Mutex<Ends>>);

impl Pipe {
    /// The transport over this pipe.
    #[must_use]
    pub fn transport(&self) -> Memory {
        Memory(self.clone())
    }

    /// What has arrived for us.
    pub fn feed(&self, bytes: &[u8]) -> Result<()> {
        let ends = &mut *self.lock();
        if ends.eof {
            return Err(Error::new(
                Code::HC_ERR_CLOSED,
                "the stream has ended: nothing can follow",
            ));
        }
        ends.input.try_reserve(bytes.len())?;
        ends.input.extend_from_slice(bytes);
        Ok(())
    }

    /// Nothing more will arrive.
    pub fn feed_eof(&self) {
        self.lock().eof = true;
    }

    /// Moves what waits to be sent to the end of `out`.
    pub fn take_output(&self, out: &mut Vec<u8>) -> Result<()> {
        let ends = &mut *self.lock();
        let waiting = ends.output.get(ends.output_from..).unwrap_or_default();
        out.try_reserve(waiting.len())?;
        out.extend_from_slice(waiting);
        ends.output.clear();
        ends.output_from = 0;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Ends> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Pipe`].
#[derive(Debug)]
pub struct Memory(Pipe);

impl Transport for Memory {
    fn read(&mut self, buf: &mut [u8], _: Patience) -> Result<Step<usize>> {
        let ends = &mut *self.0.lock();
        let waiting = ends.input.get(ends.input_from..).unwrap_or_default();
        if waiting.is_empty() {
            return Ok(if ends.eof {
                Step::Done(0)
            } else {
                Step::Want(Interest::Read)
            });
        }
        let n = waiting.len().min(buf.len());
        for (to, from) in buf.chunks_mut(n.max(1)).take(1).zip([waiting]) {
            to.copy_from_slice(&from[..n]);
        }
        ends.input_from += n;
        if ends.input_from == ends.input.len() {
            ends.input.clear();
            ends.input_from = 0;
        }
        Ok(Step::Done(n))
    }

    fn write(&mut self, parts: &[IoSlice<'_>], _: bool) -> Result<Step<usize>> {
        let ends = &mut *self.0.lock();
        let mut room = MOST_OUTPUT.saturating_sub(ends.output.len());
        let mut n = 0;
        for part in parts {
            let take = part.len().min(room);
            ends.output.try_reserve(take)?;
            ends.output.extend_from_slice(&part[..take]);
            n += take;
            room -= take;
        }
        Ok(if n > 0 {
            Step::Done(n)
        } else {
            Step::Want(Interest::Write)
        })
    }

    fn wait(&mut self, _: Interest, _: i64) -> Result<Waited> {
        Ok(Waited::Cannot)
    }

    fn fd(&self) -> Option<RawFd> {
        None
    }

    fn take_unread(&mut self) -> Vec<u8> {
        let ends = &mut *self.0.lock();
        let unread = ends
            .input
            .get(ends.input_from..)
            .unwrap_or_default()
            .to_vec();
        ends.input.clear();
        ends.input_from = 0;
        unread
    }

    fn is_silent(&mut self) -> bool {
        let ends = self.0.lock();
        ends.input.len() == ends.input_from && !ends.eof
    }
}
