//! Sending a request: its head, and the body that came with it.
//!
//! While a body goes out, the other direction is watched: a server that has answered need
//! not be sent the rest, and one that has closed may still have said why.

use super::body_sending::{open_one_chunk, send_blocks, send_file, send_slices};
use super::body_source::BodySource;
use super::connection::Connection;
use super::own_fd::OwnFd;
use super::record::Phase;
use super::timeouts::TimeoutKind;
use crate::error::{Code, Error, Result};
use crate::net::deadline::{Deadline, Stopwatch};
use crate::net::{Interest, Step};

/// What the request has declared and not sent yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Owed {
    /// No body was declared.
    #[default]
    Undeclared,
    /// So many bytes of the declared length.
    Length(u64),
    /// Chunks, until the last one.
    Chunks,
    /// All of it has been sent.
    Nothing,
    /// The caller declared it and answers for it (Python profile).
    Unchecked,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Head,
    /// `Expect: 100-continue` was sent: the answer to it, or the end of patience.
    Continue,
    Body,
}

/// How far the sending of a request is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Upload {
    pub(super) owed: Owed,
    stage: Stage,
    /// Chunk framing is ours to make.
    pub(super) framed: bool,
    /// Bytes of the body that are taken care of; with one-chunk bodies also of their tail.
    pub(super) position: u64,
    /// The line of the only chunk is in the block.
    pub(super) opened: bool,
    /// The source has no more.
    pub(super) ended: bool,
    continue_until: Deadline,
    pub(super) continued: bool,
    pub(super) pace: Pace,
}

/// When to look for an answer while the peer takes everything that it is sent: a slow sender, or
/// a server that reads on, would otherwise never find out that there is one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    sent: u64,
    since: Option<Stopwatch>,
}

impl Pace {
    /// So much more is on its way: is it time to look?
    pub(super) fn is_due(&mut self, sent: u64) -> bool {
        const EVERY_BYTES: u64 = 1024 * 1024;
        const EVERY_MS: i64 = 5;
        self.sent += sent;
        let since = *self.since.get_or_insert_with(Stopwatch::start);
        if self.sent < EVERY_BYTES && since.ms() < EVERY_MS {
            return false;
        }
        *self = Self {
            sent: 0,
            since: Some(Stopwatch::start()),
        };
        true
    }
}

impl Upload {
    /// All of it has been sent.
    #[must_use]
    pub fn sent() -> Self {
        Self {
            owed: Owed::Nothing,
            ..Self::default()
        }
    }

    /// A body of this length.
    #[must_use]
    pub fn length(n: u64) -> Self {
        Self {
            owed: Owed::Length(n),
            ..Self::default()
        }
    }

    /// A body in chunks, which come with the request or are pushed.
    #[must_use]
    pub fn chunks() -> Self {
        Self {
            owed: Owed::Chunks,
            framed: true,
            ..Self::default()
        }
    }

    /// Whatever the caller declared.
    #[must_use]
    pub fn unchecked(framed: bool) -> Self {
        Self {
            owed: Owed::Unchecked,
            framed,
            ..Self::default()
        }
    }

    /// Is anything of the body still to be sent?
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.owed, Owed::Length(1..) | Owed::Chunks)
    }

    /// Does the next step wait for `100 Continue`?
    #[must_use]
    pub fn is_waiting_for_continue(&self) -> bool {
        self.stage == Stage::Continue
    }

    /// Until when, at the latest.
    #[must_use]
    pub fn continue_deadline(&self) -> Deadline {
        if self.stage == Stage::Continue {
            self.continue_until
        } else {
            Deadline::NEVER
        }
    }

    /// So many body bytes were sent.
    pub(super) fn paid(&mut self, n: u64) {
        if let Owed::Length(left) = &mut self.owed {
            *left -= n.min(*left);
        }
    }

    fn restart(&mut self, owed: Owed) {
        *self = Self {
            owed,
            framed: self.framed,
            ..Self::default()
        };
    }
}

impl Connection {
    /// Sends the head and what `body` has. Done also when the server has answered already.
    pub(super) fn step_request(&mut self, body: &mut BodySource<'_>) -> Result<Step<()>> {
        let owed = self.upload.owed;
        loop {
            if let Step::Want(i) = self.ensure_wire()? {
                return Ok(Step::Want(i));
            }
            match self.send_on(body) {
                Err(e) if self.may_retry(&e) && body.rewind() => {
                    self.start_again();
                    self.upload.restart(owed);
                }
                Err(e) => return self.salvage(e),
                done => return done,
            }
        }
    }

    fn send_on(&mut self, body: &mut BodySource<'_>) -> Result<Step<()>> {
        if self.upload.stage == Stage::Head {
            self.exchange.phase = Phase::SendHead;
            if self.request.expects_continue && (self.upload.is_open() || !body.is_none()) {
                if let Step::Want(i) = self.flush(false)? {
                    return Ok(Step::Want(i));
                }
                self.upload.stage = Stage::Continue;
                if let Some(wire) = &mut self.wire {
                    wire.clocks.rest();
                }
                self.upload.continue_until =
                    Deadline::after_ms(self.tuning.timeouts.expect_continue);
            } else {
                self.upload.stage = Stage::Body;
            }
        }
        if body.is_none() {
            // What is owed will be pushed; so will the waiting for 100 be.
            return match self.flush(false)? {
                Step::Want(Interest::Write) => self.await_room_or_answer(),
                step => Ok(step),
            };
        }
        if let Step::Want(i) = self.wait_for_continue()? {
            return Ok(Step::Want(i));
        }
        if self.has_answer {
            return Ok(Step::Done(()));
        }
        self.exchange.phase = Phase::SendBody;
        loop {
            let before = self.upload.position;
            let step = self.send_body(body);
            self.body_went_out(body.length(), before);
            match step? {
                Step::Done(true) => return Ok(Step::Done(())),
                Step::Done(false) if self.look_for_answer()? => return Ok(Step::Done(())),
                Step::Done(false) => {}
                Step::Want(Interest::Write) => return self.await_room_or_answer(),
                Step::Want(i) => return Ok(Step::Want(i)),
            }
        }
    }

    /// Waits for what the server says to `Expect: 100-continue`, but not for ever. Done with
    /// or without an answer.
    pub(super) fn wait_for_continue(&mut self) -> Result<Step<()>> {
        if self.upload.stage != Stage::Continue {
            return Ok(Step::Done(()));
        }
        self.exchange.phase = Phase::WaitContinue;
        // An unread response stands in front of whatever the server says to this.
        let waits = self.live.is_none() && !self.look_for_answer()? && !self.upload.continued;
        if waits && !self.upload.continue_until.has_passed() {
            return Ok(Step::Want(Interest::Read));
        }
        if waits && self.is_traced() {
            self.tell_timeout(TimeoutKind::ExpectContinue as i32);
        }
        self.upload.stage = Stage::Body;
        Ok(Step::Done(()))
    }

    /// Sends what is ours.
    #[inline]
    pub(super) fn flush(&mut self, more: bool) -> Result<Step<()>> {
        let Some(wire) = &mut self.wire else {
            return Err(lost());
        };
        let step = self.out.flush(wire, more, &self.tuning);
        if self.is_traced() {
            self.tell_sent();
        }
        step
    }

    /// Sends what the transport has taken.
    pub(super) fn flush_wire(&mut self) -> Result<Step<()>> {
        match &mut self.wire {
            Some(wire) => wire.flush(&self.tuning),
            None => Ok(Step::Done(())),
        }
    }

    /// May the request be sent again without asking? Only when the program said so, the
    /// connection was a kept one, nothing of an answer was seen, and sending it twice is as
    /// good as once, or not a byte of it was taken to be sent: then it is not sent twice.
    pub(super) fn may_retry(&self, e: &Error) -> bool {
        let facts = self.exchange_facts();
        let ended = matches!(
            e.code,
            Code::HC_ERR_SEND | Code::HC_ERR_RECV | Code::HC_ERR_REMOTE_DISCONNECTED
        );
        ended
            && facts.reused
            && facts.received == 0
            && !self.exchange.retried
            && self.live.is_none()
            && (self.request.is_idempotent || facts.sent == 0)
            && self.config.as_ref().is_some_and(|c| c.retry)
    }

    /// For the figures, and for whoever listens: how far the body has got.
    fn body_went_out(&mut self, length: Option<u64>, before: u64) {
        // With a body that goes as one chunk the position runs over its tail.
        let at = |position: u64| position.min(length.unwrap_or(u64::MAX));
        self.count_body_sent(at(self.upload.position).saturating_sub(at(before)));
        if self.is_traced() {
            self.tell_sent();
        }
    }

    /// Sends some of the body. `Done(false)`: there is more, and it is time to look for an answer.
    fn send_body(&mut self, body: &mut BodySource<'_>) -> Result<Step<bool>> {
        let (total, cancel) = (self.total, &self.cancel);
        let Some(wire) = &mut self.wire else {
            return Err(lost());
        };
        let (out, up, tuning) = (&mut self.out, &mut self.upload, &self.tuning);
        let step = match body {
            BodySource::None => match out.flush(wire, false, tuning)? {
                Step::Done(()) => Step::Done(true),
                Step::Want(i) => Step::Want(i),
            },
            BodySource::Slices(slices) => {
                let total = slices.iter().map(|s| s.len() as u64).sum();
                let tail = open_one_chunk(out, up, total)?;
                send_slices(out, up, wire, slices, tail, tuning)?
            }
            BodySource::File { fd, offset, length } => {
                let tail = open_one_chunk(out, up, *length)?;
                send_file(out, up, wire, (*fd, *offset, *length), tail, tuning)?
            }
            BodySource::Stream { fd, length } => {
                let mut own = OwnFd::new(*fd, total, cancel.clone());
                send_blocks(out, up, wire, &mut |buf| own.read(buf), *length, tuning)?
            }
            BodySource::Reader { reader, length } => {
                send_blocks(out, up, wire, &mut |buf| reader.read(buf), *length, tuning)?
            }
        };
        if step == Step::Done(true) {
            if let Step::Want(i) = out.flush(wire, false, tuning)? {
                return Ok(Step::Want(i));
            }
            let sent = body.length().unwrap_or(up.position);
            up.paid(sent);
            if up.owed == Owed::Chunks || up.owed == Owed::Length(0) {
                up.owed = Owed::Nothing;
            }
        }
        Ok(step)
    }
}

#[cold]
fn lost() -> Error {
    Error::new(Code::HC_ERR_NOT_CONNECTED, "the connection is gone")
}
