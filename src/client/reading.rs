//! Reading the body of a response.

use super::connection::Connection;
use super::record::Record;
use super::response::{Doing, End, Live, Response, closed};
use super::wire::Receive;
use crate::error::{Code, Error, Result};
use crate::net::deadline::Deadline;
use crate::net::{Step, Transport};
use crate::proto::body::Body;

/// Buffers from this size on are received into directly; smaller ones share receives.
const DIRECT: usize = 8 * 1024;

/// What the end of the connection inside a body is to a reading call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// A failure, or the end of the body, as the profile says.
    Judged,
    /// A failure: the caller wants all of it.
    Fails,
    /// The next call's affair: this one has got bytes already.
    Waits,
}

impl Connection {
    /// `hr_read` and `hr_read1`: some bytes, at least one; 0 at the end.
    #[inline]
    pub fn read(&mut self, response: &mut Response, out: &mut [u8]) -> Result<Step<usize>> {
        response.check_doing(Doing::Nothing, 0)?;
        self.read_part(response, out, Cut::Judged)
    }

    pub(super) fn read_part(
        &mut self,
        response: &mut Response,
        out: &mut [u8],
        cut: Cut,
    ) -> Result<Step<usize>> {
        if !self.enter_body(response)? {
            return Ok(Step::Done(0));
        }
        if out.is_empty() {
            // A body that has nothing has been read to its end even so.
            return self.leave_body(response, Ok(Step::Done(0)));
        }
        let step = self.drive_until(self.body_total(), |c| c.step_read(out, cut));
        self.leave_body(response, step)
    }

    /// When the response being read has to have been read.
    #[inline]
    pub(super) fn body_total(&self) -> Deadline {
        self.live.as_ref().map_or(Deadline::NEVER, |l| l.total)
    }

    /// True if the response is the one being read and may have more.
    #[inline]
    fn enter_body(&mut self, response: &mut Response) -> Result<bool> {
        let open = response.check_open()?;
        if open && self.live.as_ref().is_none_or(|l| l.id != response.id) {
            response.end = End::Closed;
            return Err(closed());
        }
        Ok(open)
    }

    /// Notes the end or the failure that a step met.
    #[inline]
    fn leave_body<T>(&mut self, response: &mut Response, step: Result<Step<T>>) -> Result<Step<T>> {
        match step {
            Ok(step) => {
                if self.is_traced() {
                    self.tell_body();
                }
                if self.live.as_ref().is_some_and(|l| l.body.is_done()) {
                    self.finish(response);
                }
                Ok(step)
            }
            Err(e) => Err(self.fail_body(response, e)),
        }
    }

    #[cold]
    pub(super) fn fail_body(&mut self, response: &mut Response, e: Error) -> Error {
        response.end = End::Failed(e.clone());
        let e = self.fail(e);
        response.last_error.clone_from(&self.last_error);
        e
    }

    /// Keeps the reason of a reading call that failed, unless it is the failure of the body,
    /// which is kept already.
    #[cold]
    pub fn note_body(&self, response: &mut Response, e: &Error) {
        if !e.is_noted() && !matches!(response.end, End::Failed(_)) {
            response.last_error = Some(Box::new(Record::of((**e).clone(), self.state())));
            if self.is_traced() {
                self.tell_refused(e);
            }
        }
    }

    #[inline]
    fn step_read(&mut self, out: &mut [u8], cut: Cut) -> Result<Step<usize>> {
        let how = if self.is_patient() {
            Receive::Patiently
        } else {
            Receive::Now
        };
        let (Some(wire), Some(live)) = (&mut self.wire, &mut self.live) else {
            return Err(closed());
        };
        let (limits, profile) = (&self.tuning.limits, self.tuning.profile);
        loop {
            if live.body.is_done() {
                return Ok(Step::Done(0));
            }
            let bytes = wire.received_bytes();
            if !bytes.is_empty() {
                let (used, made) = live.body.take(bytes, out, limits, profile)?;
                wire.take(used);
                live.delivered += made as u64;
                if made > 0 || live.body.is_done() {
                    return Ok(Step::Done(made));
                }
                if used > 0 {
                    continue;
                }
            }
            let direct = live.body.direct();
            let most = usize::try_from(direct).unwrap_or(usize::MAX).min(out.len());
            let last = direct == most as u64 && matches!(live.body, Body::Length(_));
            let arrived = if most >= DIRECT || last {
                let step = wire.read_direct(
                    out.get_mut(..most).unwrap_or_default(),
                    last,
                    &self.tuning,
                    how,
                )?;
                if let Step::Done(n @ 1..) = step {
                    live.body.passed(n as u64);
                    live.delivered += n as u64;
                    return Ok(Step::Done(n));
                }
                step
            } else {
                wire.fill(&self.tuning, how, live.body.need())?
            };
            match arrived {
                Step::Want(i) => return Ok(Step::Want(i)),
                Step::Done(0) if cut == Cut::Waits && matches!(live.body, Body::Length(_)) => {
                    return Ok(Step::Done(0));
                }
                Step::Done(0) => {
                    live.ended(wire.profile(&self.tuning), cut == Cut::Fails)?;
                }
                Step::Done(_) => {}
            }
        }
    }

    /// `hr_read_full`: fills the buffer unless the body ends.
    pub fn read_full(&mut self, response: &mut Response, out: &mut [u8]) -> Result<Step<u64>> {
        self.fill(response, out, |_| Cut::Fails)
    }

    /// `hr_fread`: fills the buffer unless the body or the connection ends; which of the two it
    /// was says the next call.
    pub fn read_like_stdio(
        &mut self,
        response: &mut Response,
        out: &mut [u8],
    ) -> Result<Step<u64>> {
        self.fill(response, out, |filled| match filled {
            0 => Cut::Judged,
            _ => Cut::Waits,
        })
    }

    fn fill(
        &mut self,
        response: &mut Response,
        out: &mut [u8],
        cut: impl Fn(u64) -> Cut,
    ) -> Result<Step<u64>> {
        response.go_on(Doing::ReadFull, out.len() as u64, |response, filled| {
            loop {
                let at = usize::try_from(*filled).unwrap_or(usize::MAX);
                let rest = out.get_mut(at..).unwrap_or_default();
                if rest.is_empty() && at > 0 {
                    return Ok(Step::Done(()));
                }
                match self.read_part(response, rest, cut(*filled))? {
                    Step::Done(0) => return Ok(Step::Done(())),
                    Step::Done(n) => *filled += n as u64,
                    Step::Want(i) => return Ok(Step::Want(i)),
                }
            }
        })
    }

    /// `hr_readv`: at least one byte, and more only without waiting.
    pub fn read_vectored(
        &mut self,
        response: &mut Response,
        parts: &mut [std::io::IoSliceMut<'_>],
    ) -> Result<Step<usize>> {
        if parts.iter().all(|p| p.is_empty()) {
            return self.read(response, &mut []);
        }
        let mut total = 0;
        for part in parts.iter_mut().filter(|p| !p.is_empty()) {
            if total > 0 && !self.has_arrived() {
                break;
            }
            match self.read(response, part) {
                Ok(Step::Done(n)) => {
                    total += n;
                    if n < part.len() {
                        break;
                    }
                }
                Ok(Step::Want(i)) if total == 0 => return Ok(Step::Want(i)),
                Err(e) if total == 0 => return Err(e),
                // The failure is kept and comes with the next call.
                Ok(Step::Want(_)) | Err(_) => break,
            }
        }
        Ok(Step::Done(total))
    }

    /// `hr_peek`: body bytes that have arrived, not taken; none at the end.
    pub fn peek(&mut self, response: &mut Response) -> Result<Step<&[u8]>> {
        self.peek_part(response, Cut::Judged)
    }

    pub(super) fn peek_part(&mut self, response: &mut Response, cut: Cut) -> Result<Step<&[u8]>> {
        if !self.enter_body(response)? {
            return Ok(Step::Done(&[]));
        }
        let step = self.drive_until(self.body_total(), |c| c.step_peek(cut));
        match self.leave_body(response, step)? {
            Step::Want(i) => Ok(Step::Want(i)),
            Step::Done(()) => match (&self.wire, &self.live) {
                (Some(wire), Some(live)) => Ok(Step::Done(live.body.peek(wire.received_bytes()))),
                _ => Ok(Step::Done(&[])),
            },
        }
    }

    fn step_peek(&mut self, cut: Cut) -> Result<Step<()>> {
        let how = if self.is_patient() {
            Receive::Patiently
        } else {
            Receive::Now
        };
        let (Some(wire), Some(live)) = (&mut self.wire, &mut self.live) else {
            return Err(closed());
        };
        let (limits, profile) = (&self.tuning.limits, self.tuning.profile);
        loop {
            if live.body.is_done() {
                return Ok(Step::Done(()));
            }
            // Without room for output this takes framing only, up to the next data byte.
            let (used, _) = match live.body {
                Body::Chunked(_) => {
                    live.body
                        .take(wire.received_bytes(), &mut [], limits, profile)?
                }
                _ => (0, 0),
            };
            wire.take(used);
            if live.body.is_done() || !live.body.peek(wire.received_bytes()).is_empty() {
                return Ok(Step::Done(()));
            }
            match wire.fill(&self.tuning, how, live.body.need())? {
                Step::Want(i) => return Ok(Step::Want(i)),
                Step::Done(0) if cut == Cut::Waits && matches!(live.body, Body::Length(_)) => {
                    return Ok(Step::Done(()));
                }
                Step::Done(0) => live.ended(wire.profile(&self.tuning), cut == Cut::Fails)?,
                Step::Done(_) => {}
            }
        }
    }

    /// Takes bytes that were peeked at.
    pub(super) fn consume(&mut self, response: &mut Response, n: usize) {
        let (Some(wire), Some(live)) = (&mut self.wire, &mut self.live) else {
            return;
        };
        wire.take(n);
        live.body.passed(n as u64);
        live.delivered += n as u64;
        let done = live.body.is_done();
        if self.is_traced() {
            self.tell_body();
        }
        if done {
            self.finish(response);
        }
    }

    /// Is there anything to read without a receive?
    #[must_use]
    pub fn has_arrived(&self) -> bool {
        self.wire
            .as_ref()
            .is_some_and(|w| !w.received_bytes().is_empty())
    }

    /// `hr_set_timeout`: the rest of the response has to have been read within so many
    /// milliseconds; negative is never.
    pub fn set_time_left(&mut self, response: &Response, ms: i64) {
        if let Some(total) = self.time_of(response) {
            *total = Deadline::after_ms(ms);
        }
    }

    /// `hr_get_timeout`: milliseconds that are left; -1 for no limit.
    #[must_use]
    pub fn time_left(&mut self, response: &Response) -> i64 {
        self.time_of(response).map_or(-1, |total| total.ms_left())
    }

    fn time_of(&mut self, response: &Response) -> Option<&mut Deadline> {
        match &mut self.live {
            Some(live) if live.id == response.id => Some(&mut live.total),
            _ if matches!(response.end, End::NotBegun) => Some(&mut self.exchange.total),
            _ => None,
        }
    }

    /// Has reading come to an end, one way or the other?
    #[must_use]
    pub fn is_closed(&self, response: &Response) -> bool {
        if matches!(response.end, End::NotBegun) {
            return false;
        }
        !matches!(response.end, End::Open) || self.live.as_ref().is_none_or(|l| l.id != response.id)
    }

    /// Body bytes that are left, when the framing says so.
    #[must_use]
    pub fn remaining(&self, response: &Response) -> Option<u64> {
        match (&response.end, &self.live) {
            (End::Open, Some(live)) if live.id == response.id => live.body.remaining(),
            _ => Some(0),
        }
    }

    /// Bytes that are left of the open chunk.
    #[must_use]
    pub fn chunk_left(&self, response: &Response) -> Option<u64> {
        match &self.live {
            Some(Live {
                id,
                body: Body::Chunked(decoder),
                ..
            }) if *id == response.id => Some(decoder.chunk_left()),
            _ => None,
        }
    }

    /// Gives away what carries a connection that is no longer HTTP, with the bytes that have
    /// been received already.
    pub fn detach(&mut self, response: &mut Response) -> Result<(Box<dyn Transport>, Vec<u8>)> {
        self.enter_body(response)?;
        if !self.live.as_ref().is_some_and(|l| l.is_tunnel) {
            return Err(Error::new(
                Code::HC_ERR_UNSUPPORTED,
                "only 101, or 2xx to CONNECT, gives the connection away",
            ));
        }
        if self.wire.as_ref().is_some_and(|w| w.agreed().is_some()) {
            return Err(Error::new(
                Code::HC_ERR_UNSUPPORTED,
                "the connection is TLS: without its keys nobody could go on with it",
            ));
        }
        self.settle();
        let Some(mut wire) = self.wire.take() else {
            return Err(closed());
        };
        let mut left = wire.received_bytes().to_vec();
        left.append(&mut wire.transport().take_unread());
        self.lose_live(Code::HC_OK);
        response.end = End::Done;
        Ok((wire.into_transport(), left))
    }
}
