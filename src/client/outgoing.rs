//! What is to be sent: the head of the request, then framing and blocks of its body. Slices
//! of the caller's memory go between them without being copied.

use std::io::IoSlice;

use super::config::Tuning;
use super::wire::Wire;
use crate::error::Result;
use crate::net::Step;

/// Slices that one system call is given at most.
const MOST_SLICES: usize = 16;

/// See the module.
#[derive(Debug, Default)]
pub struct Outgoing {
    /// The request head. It stays until the next one, to be sent again on another
    /// connection.
    pub head: Vec<u8>,
    head_sent: usize,
    /// Bytes of the body that are ours: chunk framing, blocks read from a file or callback.
    pub block: Vec<u8>,
    block_sent: usize,
}

impl Outgoing {
    /// Bytes of memory that it holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.head.capacity() + self.block.capacity()
    }

    /// Starts over with an empty head.
    pub fn clear(&mut self) {
        self.head.clear();
        self.rewind();
    }

    /// The head is to be sent from its beginning; nothing else is waiting.
    pub fn rewind(&mut self) {
        self.head_sent = 0;
        self.clear_block();
    }

    /// The block has been sent, or is not wanted.
    pub fn clear_block(&mut self) {
        self.block.clear();
        self.block_sent = 0;
    }

    /// Has everything of ours been sent?
    #[inline]
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.head_sent == self.head.len() && self.block_sent == self.block.len()
    }

    /// How much of the head has been sent?
    #[must_use]
    pub fn head_sent(&self) -> usize {
        self.head_sent
    }

    /// Has the head been sent?
    #[must_use]
    pub fn is_head_sent(&self) -> bool {
        self.head_sent == self.head.len()
    }

    /// Sends what is ours. `more`: something follows at once.
    #[inline]
    pub fn flush(&mut self, wire: &mut Wire, more: bool, tuning: &Tuning) -> Result<Step<()>> {
        while !self.is_sent() {
            let n = if self.block.is_empty() {
                wire.write(&[IoSlice::new(&self.head[self.head_sent..])], more, tuning)?
            } else {
                let parts = [
                    IoSlice::new(&self.head[self.head_sent..]),
                    IoSlice::new(&self.block[self.block_sent..]),
                ];
                let from = usize::from(parts[0].is_empty());
                wire.write(&parts[from..], more, tuning)?
            };
            match n {
                Step::Done(n) => self.advance(n),
                Step::Want(i) => return Ok(Step::Want(i)),
            };
        }
        wire.flush(tuning)
    }

    /// Sends what is ours, then `slices` from `*position` on, then `tail`, in one system call as
    /// far as it goes: `Done(true)` when that was all. `*position` counts bytes of slices and
    /// tail.
    pub fn send_some(
        &mut self,
        wire: &mut Wire,
        slices: &[IoSlice<'_>],
        tail: &[u8],
        position: &mut u64,
        tuning: &Tuning,
    ) -> Result<Step<bool>> {
        let mut parts = [IoSlice::new(&[]); MOST_SLICES];
        let (mut count, mut total) = (0, 0);
        let mut add = |bytes| {
            let Some(part) = parts.get_mut(count) else {
                return false;
            };
            *part = IoSlice::new(bytes);
            count += 1;
            total += part.len();
            true
        };
        for own in [&self.head[self.head_sent..], &self.block[self.block_sent..]] {
            if !own.is_empty() {
                add(own);
            }
        }
        let mut skip = *position;
        let mut all = true;
        for bytes in slices.iter().map(|s| &**s).chain([tail]) {
            let len = bytes.len() as u64;
            if skip >= len {
                skip -= len;
                continue;
            }
            if !add(&bytes[skip as usize..]) {
                all = false;
                break;
            }
            skip = 0;
        }
        if count == 0 {
            return Ok(Step::Done(true));
        }
        match wire.write(&parts[..count], !all, tuning)? {
            Step::Done(n) => {
                *position += self.advance(n) as u64;
                Ok(Step::Done(all && n == total))
            }
            Step::Want(i) => Ok(Step::Want(i)),
        }
    }

    /// The same until all of it is sent, or the peer takes no more.
    pub fn send_with(
        &mut self,
        wire: &mut Wire,
        slices: &[IoSlice<'_>],
        tail: &[u8],
        position: &mut u64,
        tuning: &Tuning,
    ) -> Result<Step<()>> {
        loop {
            match self.send_some(wire, slices, tail, position, tuning)? {
                Step::Done(true) => return Ok(Step::Done(())),
                Step::Done(false) => {}
                Step::Want(i) => return Ok(Step::Want(i)),
            }
        }
    }

    /// So many bytes were sent; returns how many of them were not ours.
    #[inline]
    fn advance(&mut self, mut n: usize) -> usize {
        let head = n.min(self.head.len() - self.head_sent);
        self.head_sent += head;
        n -= head;
        let block = n.min(self.block.len() - self.block_sent);
        self.block_sent += block;
        if self.block_sent == self.block.len() {
            self.clear_block();
        }
        n - block
    }

    /// Room for `len` bytes at the end of the block, for the caller to fill.
    pub fn block_room(&mut self, len: usize) -> Result<&mut [u8]> {
        let at = self.block.len();
        self.block.try_reserve(len)?;
        self.block.resize(at + len, 0);
        Ok(&mut self.block[at..])
    }

    /// Puts a chunk's line right before the data that begins at `data_at` in the block.
    pub fn frame_block(&mut self, line: &[u8], data_at: usize) -> Result<()> {
        let from = data_at - line.len();
        self.block[from..data_at].copy_from_slice(line);
        self.block_sent = from;
        Ok(())
    }

    /// Has nothing of the block been sent?
    #[must_use]
    pub fn is_block_untouched(&self) -> bool {
        self.block_sent == 0
    }

    /// Adds bytes to the block.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.block.try_reserve(bytes.len())?;
        self.block.extend_from_slice(bytes);
        Ok(())
    }
}
