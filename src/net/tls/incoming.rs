//! What the peer has sent, on its way to rustls and from there to whoever reads.

use std::io::{self, Read as _};

use super::{Ended, Tls, explain, gone, odd};
use crate::error::{Code, Error, Result};
use crate::net::{Patience, Step};

/// The type, length and version in front of a record.
const RECORD_HEADER: usize = 5;
/// Enough for a handshake's messages and for small answers.
const FIRST_SIZE: usize = 4 * 1024;
/// Four records at once, for a body that streams through.
const STREAM_SIZE: usize = 68 * 1024;
/// Small records are given to rustls together, so many bytes at a time.
const BATCH: usize = 4 * 1024;
/// Above this a record is none that rustls can decrypt, and fills its buffer.
const LARGEST: usize = 17 * 1024;
/// What a peer may send between two bytes of data: more than its tickets, key updates and
/// certificates come to.
const MOST_WITHOUT_DATA: usize = 256 * 1024;

impl Tls {
    /// Receives what has arrived, into the free part of the buffer.
    pub(super) fn receive(&mut self, patience: Patience) -> Result<Step<usize>> {
        self.make_room()?;
        let Some(inner) = self.inner.as_deref_mut() else {
            return Err(gone());
        };
        let mut most = self.input.len() - self.end;
        if inner.is_frugal() {
            let have = self.end - self.start;
            most = most.min(match self.record_left {
                0 => RECORD_HEADER.saturating_sub(have).max(1),
                n => n,
            });
        }
        let room = self.input.get_mut(self.end..).unwrap_or_default();
        let room = room.get_mut(..most).unwrap_or_default();
        match inner.read(room, patience)? {
            Step::Done(0) => {
                self.ended = Ended::Cut;
                Ok(Step::Done(0))
            }
            Step::Done(n) if n > most => Err(Error::new(
                Code::HC_ERR_INTERNAL,
                "the transport reported a count that cannot be",
            )),
            Step::Done(n) => {
                self.end += n;
                self.overflowing = self.end == self.input.len();
                self.without_data += n;
                if self.without_data > MOST_WITHOUT_DATA {
                    return Err(explain::too_much(&self.host));
                }
                Ok(Step::Done(n))
            }
            Step::Want(i) => Ok(Step::Want(i)),
        }
    }

    fn make_room(&mut self) -> Result<()> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        } else if self.start > 0 {
            // A few bytes at the most: all that is more was given to rustls.
            self.input.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let size = match self.input.len() {
            0 => FIRST_SIZE,
            n if self.overflowing && n < STREAM_SIZE => STREAM_SIZE,
            _ => return Ok(()),
        };
        self.input
            .try_reserve_exact(size.saturating_sub(self.input.len()))?;
        self.input.resize(size, 0);
        Ok(())
    }

    /// Decrypts what has been received, up to some data. False: there is nothing more to
    /// decrypt.
    pub(super) fn digest(&mut self) -> Result<bool> {
        let mut given = 0;
        // rustls has the beginning of this one already, and room for little more than one.
        let is_begun = self.record_left > 0;
        loop {
            let waiting = self.end - self.start;
            if self.record_left == 0 {
                if waiting < RECORD_HEADER {
                    break;
                }
                let next = self.next_record()?;
                // A whole number of records at a time: what is left in rustls is moved about.
                if given > 0 && (given + next > BATCH || next > waiting) {
                    break;
                }
                self.record_left = next;
            }
            let n = self.record_left.min(waiting);
            if n == 0 {
                break;
            }
            self.give(n)?;
            self.record_left -= n;
            given += n;
            if self.record_left > 0 || is_begun {
                break;
            }
        }
        if given == 0 {
            return Ok(false);
        }
        self.begin_next(given)?;
        match self.session.process_new_packets() {
            Ok(state) => {
                self.plain = state.plaintext_bytes_to_read();
                if self.plain > 0 {
                    self.without_data = 0;
                }
                if state.peer_has_closed() {
                    self.ended = Ended::Cleanly;
                }
                Ok(true)
            }
            Err(e) => {
                // What came before it is good, and how much that is rustls does not say here.
                self.plain = LARGEST + BATCH;
                // The alert that says so to the peer, if it can still be told.
                let _ = self.send_ready(false);
                Err(explain::explain(&e, &self.host))
            }
        }
    }

    /// Gives rustls the first byte of the next record, behind so many bytes of the last ones. What
    /// holds a byte it does not shrink: else it would make its buffer smaller and grow it again,
    /// in four steps, for each large record of a stream.
    fn begin_next(&mut self, given: usize) -> Result<()> {
        let has_head = self.end - self.start >= RECORD_HEADER;
        if self.record_left == 0 && has_head && (BATCH..LARGEST).contains(&given) {
            // One that makes no sense is complained of when it is its turn.
            if let Ok(next) = self.next_record() {
                self.give(1)?;
                self.record_left = next - 1;
            }
        }
        Ok(())
    }

    /// The length of the record at the beginning of the buffer, of which the header is there.
    fn next_record(&self) -> Result<usize> {
        let head = self.input.get(self.start..).unwrap_or_default();
        match head {
            [20..=24, 3, _, high, low, ..] => {
                Ok(RECORD_HEADER + usize::from(u16::from_be_bytes([*high, *low])))
            }
            [b'H', b'T', b'T', b'P', b'/', ..] => Err(explain::plain_http(&self.host)),
            _ if self.agreed.is_none() => Err(explain::not_tls(&self.host)),
            _ => Err(explain::explain(
                &rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType),
                &self.host,
            )),
        }
    }

    /// Gives so many of the received bytes to rustls.
    fn give(&mut self, n: usize) -> Result<()> {
        let mut bytes = self
            .input
            .get(self.start..self.start + n)
            .unwrap_or_default();
        while !bytes.is_empty() {
            match self.session.read_tls(&mut bytes) {
                Ok(1..) => {}
                // After the peer's end nothing counts.
                Ok(0) => break,
                // A message of the handshake's kind that is larger than any should be.
                Err(e) if e.kind() == io::ErrorKind::InvalidData => {
                    return Err(explain::too_much(&self.host));
                }
                Err(e) => return Err(odd(&e)),
            }
        }
        self.start += n;
        Ok(())
    }

    /// Decrypted bytes, as many as there are without a receive. A failure is told behind all that
    /// came before it.
    pub(super) fn take_plain(&mut self, out: &mut [u8]) -> Result<usize> {
        let mut taken = 0;
        while let Some(rest @ [_, ..]) = out.get_mut(taken..) {
            if self.plain == 0 {
                if self.ended != Ended::Not || self.failed.is_some() {
                    break;
                }
                match self.digest() {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(e) => drop(self.fail(e)),
                }
                continue;
            }
            match self.session.reader().read(rest) {
                Ok(n @ 1..) => {
                    taken += n;
                    self.plain -= n.min(self.plain);
                }
                Ok(0) | Err(_) => self.plain = 0,
            }
        }
        match &self.failed {
            Some(e) if taken == 0 => Err(e.clone()),
            _ => Ok(taken),
        }
    }

    pub(super) fn step_read(
        &mut self,
        out: &mut [u8],
        mut patience: Patience,
    ) -> Result<Step<usize>> {
        loop {
            let n = self.take_plain(out)?;
            if n > 0 || out.is_empty() {
                return Ok(Step::Done(n));
            }
            if self.ended != Ended::Not {
                return Ok(Step::Done(0));
            }
            if self.session.wants_write() && self.unsent.is_none() {
                // An answer to a key update. It may wait if the peer is not reading.
                if let Err(e) = self.send_ready(false) {
                    self.cannot_send(e)?;
                }
            }
            match self.receive(patience) {
                Ok(Step::Done(_)) => {}
                Ok(Step::Want(i)) => return Ok(Step::Want(i)),
                Err(e) => return Err(self.fail(e)),
            }
            // What is left of the time is the caller's to know.
            if let Patience::Ms(0..) = patience {
                patience = Patience::None;
            }
        }
    }
}
