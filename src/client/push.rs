//! Request bodies that the program pushes after the head.

use std::io::IoSlice;

use super::connection::{Connection, Pending};
use super::pipelining::Pushed;
use super::record::Phase;
use super::request::RequestFields;
use super::stats::Moment;
use super::upload::Owed;
use super::wire::Wire;
use crate::error::{Code, Error, Result};
use crate::net::deadline::Deadline;
use crate::net::{Interest, Step};
use crate::proto::Profile;
use crate::proto::chunked::{CHUNK_END, LAST_CHUNK, SizeLine};
use crate::proto::request::add_trailer;
use crate::proto::state::Event;

/// The most that one chunk takes from a push: what of it the peer does not take at once is
/// copied, so that a promised chunk is always whole.
const MOST_CHUNK: usize = 64 * 1024;

impl Connection {
    /// Body bytes that are still to be sent; `None` while chunks are open.
    #[must_use]
    pub fn body_owed(&self) -> Option<u64> {
        match self.upload.owed {
            Owed::Length(n) => Some(n),
            Owed::Chunks => None,
            Owed::Undeclared | Owed::Nothing | Owed::Unchecked => Some(0),
        }
    }

    /// `hc_send`: how many bytes were taken. All of them, unless the connection is in
    /// non-blocking mode.
    pub fn send(&mut self, data: &[u8]) -> Result<Step<usize>> {
        self.check_push(data.len() as u64)?;
        let mut sent = 0;
        while sent < data.len() {
            let step = self.drive(|c| c.step_push(&data[sent..]));
            if self.is_traced() {
                self.tell_sent();
            }
            match step {
                Ok(Step::Done(n)) => {
                    sent += n;
                    self.count_body_sent(n as u64);
                    self.mark(Moment::Sent);
                }
                Ok(Step::Want(i)) if sent == 0 => return Ok(Step::Want(i)),
                Ok(Step::Want(_)) => break,
                Err(e) if e.code == Code::HC_ERR_EARLY_RESPONSE => return Err(e),
                Err(e) => return Err(self.fail(e)),
            }
        }
        self.push_out()?;
        Ok(Step::Done(sent))
    }

    /// `hc_send_raw`: bytes outside of any message.
    pub fn send_raw(&mut self, data: &[u8]) -> Result<Step<usize>> {
        self.check_not_pending()?;
        if self.upload.is_open() && !self.tuning.profile.has(Profile::LOOSE_FRAMING) {
            let text = "the request owes bytes of a declared body, which hc_send sends";
            return Err(Error::new(Code::HC_ERR_BODY_OWED, text));
        }
        self.check_can_connect()?;
        // Outside of a request, each call has its time for itself, as hc_connect has.
        let in_request = self.check(Event::FinishBody, Pending::None).is_ok();
        if !in_request && self.want.is_none() {
            self.exchange.total = Deadline::after_ms(self.tuning.timeouts.total);
        }
        let mut sent = 0;
        while sent < data.len() {
            let step = self.drive(|c| c.step_raw(&data[sent..]));
            if self.is_traced() {
                self.tell_sent();
            }
            match step {
                Ok(Step::Done(n)) => sent += n,
                Ok(Step::Want(i)) if sent == 0 => return Ok(Step::Want(i)),
                Ok(Step::Want(_)) => break,
                Err(e) => return Err(self.fail(e)),
            }
        }
        self.push_out_raw()?;
        Ok(Step::Done(sent))
    }

    /// A blocking call returns when what it took has left, or the server has answered instead of
    /// reading it.
    fn push_out(&mut self) -> Result<()> {
        if !self.has_to_push_out() {
            return Ok(());
        }
        let step = self.drive(|c| {
            let flushed = c.flush_wire();
            c.unless_answered(flushed)
        });
        match step {
            Ok(Step::Done(None)) => Err(early()),
            // What cannot wait here (the program owns the wire) leaves with the next call.
            Ok(_) => Ok(()),
            Err(e) => Err(self.fail(e)),
        }
    }

    /// The same for bytes that have no answer as far as is known here.
    fn push_out_raw(&mut self) -> Result<()> {
        if !self.has_to_push_out() {
            return Ok(());
        }
        let step = self.drive(Self::flush_wire);
        step.map(drop).map_err(|e| self.fail(e))
    }

    fn has_to_push_out(&self) -> bool {
        !self.tuning.nonblocking && self.wire.as_ref().is_some_and(Wire::is_holding)
    }

    fn step_raw(&mut self, data: &[u8]) -> Result<Step<usize>> {
        if (self.wire.is_none() || self.making.is_some())
            && let Step::Want(i) = self.open()?
        {
            return Ok(Step::Want(i));
        }
        match self.push_gathered() {
            Pushed::All => {}
            Pushed::Blocked => return Ok(Step::Want(Interest::Write)),
            Pushed::Broken => return Err(self.why_broken()),
        }
        // A head that has been ended goes first; one that is being built stays behind.
        if self.check(Event::FinishBody, Pending::None).is_ok()
            && let Step::Want(i) = self.flush(false)?
        {
            return Ok(Step::Want(i));
        }
        match &mut self.wire {
            Some(wire) => {
                wire.is_raw = true;
                wire.write(&[IoSlice::new(data)], false, &self.tuning)
            }
            None => Err(Error::new(
                Code::HC_ERR_NOT_CONNECTED,
                "the connection is gone",
            )),
        }
    }

    /// `hc_finish_body`.
    pub fn finish_body(&mut self, trailers: &RequestFields<'_>) -> Result<Step<()>> {
        self.check(Event::FinishBody, Pending::FinishBody)?;
        if self.pending == Pending::None {
            self.close_body(trailers)?;
        }
        self.run(Pending::FinishBody, |c| {
            let flushed = c.flush(false);
            let step = match c.unless_answered(flushed)? {
                Step::Done(_) => Step::Done(()),
                Step::Want(i) => Step::Want(i),
            };
            if step == Step::Done(()) {
                c.upload.owed = Owed::Nothing;
                c.mark(Moment::Sent);
            }
            Ok(step)
        })
    }

    fn check_push(&self, len: u64) -> Result<()> {
        self.check(Event::Send, Pending::None)?;
        match self.upload.owed {
            // What the caller has not declared he answers for.
            Owed::Undeclared if self.tuning.profile.has(Profile::LOOSE_FRAMING) => Ok(()),
            Owed::Undeclared => Err(Error::new(
                Code::HC_ERR_CANNOT_SEND_BODY,
                "the request has declared no body",
            )),
            Owed::Length(left) if len > left => Err(Error::new(
                Code::HC_ERR_BODY_OVERRUN,
                format!("{len} bytes of body, but only {left} of the declared length are left"),
            )),
            Owed::Nothing if len > 0 => Err(Error::new(
                Code::HC_ERR_BODY_OVERRUN,
                "the body has been sent to its end",
            )),
            _ => Ok(()),
        }
    }

    fn step_push(&mut self, data: &[u8]) -> Result<Step<usize>> {
        let pushed = self.try_push(data);
        match self.unless_answered(pushed)? {
            Step::Done(Some(n)) => Ok(Step::Done(n)),
            Step::Done(None) => Err(early()),
            Step::Want(i) => Ok(Step::Want(i)),
        }
    }

    fn try_push(&mut self, data: &[u8]) -> Result<Step<usize>> {
        if let Step::Want(i) = self.wait_for_continue()? {
            return Ok(Step::Want(i));
        }
        if self.has_answer {
            return Err(early());
        }
        if self.upload.pace.is_due(data.len() as u64) && self.look_for_answer()? {
            return Err(early());
        }
        self.exchange.phase = Phase::SendBody;
        if let Step::Want(i) = self.flush(false)? {
            return Ok(Step::Want(i));
        }
        let Some(wire) = &mut self.wire else {
            return Err(Error::new(
                Code::HC_ERR_NOT_CONNECTED,
                "the connection is gone",
            ));
        };
        if !self.upload.framed {
            return match wire.write(&[IoSlice::new(data)], false, &self.tuning)? {
                Step::Done(n) => {
                    self.upload.paid(n as u64);
                    Ok(Step::Done(n))
                }
                Step::Want(i) => Ok(Step::Want(i)),
            };
        }
        let chunk = &data[..data.len().min(MOST_CHUNK)];
        self.out.push(SizeLine::of(chunk.len() as u64).as_bytes())?;
        let mut position = 0;
        let step = self.out.send_with(
            wire,
            &[IoSlice::new(chunk)],
            CHUNK_END,
            &mut position,
            &self.tuning,
        )?;
        if let Step::Want(i) = step {
            if position == 0 && self.out.is_block_untouched() {
                self.out.clear_block();
                return Ok(Step::Want(i));
            }
            let rest = usize::try_from(position).unwrap_or(usize::MAX);
            self.out.push(chunk.get(rest..).unwrap_or_default())?;
            let end = rest.saturating_sub(chunk.len());
            self.out.push(CHUNK_END.get(end..).unwrap_or_default())?;
        }
        Ok(Step::Done(chunk.len()))
    }

    fn close_body(&mut self, trailers: &RequestFields<'_>) -> Result<()> {
        match self.upload.owed {
            Owed::Chunks => {}
            Owed::Unchecked if self.upload.framed => {}
            Owed::Undeclared if self.tuning.profile.has(Profile::LOOSE_FRAMING) => return Ok(()),
            Owed::Undeclared => {
                return Err(Error::new(
                    Code::HC_ERR_CANNOT_SEND_BODY,
                    "the request has declared no body",
                ));
            }
            Owed::Length(left @ 1..) => {
                return Err(Error::new(
                    Code::HC_ERR_BODY_OWED,
                    format!("{left} bytes of the declared length have not been sent"),
                ));
            }
            Owed::Length(0) | Owed::Nothing | Owed::Unchecked => {
                if trailers.count > 0 {
                    return Err(Error::new(
                        Code::HC_ERR_INVALID_ARG,
                        "only a body in chunks has trailers",
                    ));
                }
                return Ok(());
            }
        }
        let mut lines = Vec::new();
        for i in 0..trailers.count {
            let f = (trailers.get)(i)?;
            add_trailer(&mut lines, f.name, f.value)?;
        }
        self.out.block.try_reserve(lines.len() + 8)?;
        self.out.push(LAST_CHUNK)?;
        self.out.push(&lines)?;
        self.out.push(CHUNK_END)
    }
}

#[cold]
fn early() -> Error {
    Error::new(
        Code::HC_ERR_EARLY_RESPONSE,
        "the server has answered before the body was sent",
    )
}
