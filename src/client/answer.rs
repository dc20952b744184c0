//! Getting the response: interim heads, the final head, and what follows from it for the
//! body and the connection.

use super::connection::{Connection, Pending};
use super::record::Phase;
use super::response::{Answer, Begun, End, Live, Response};
use super::stats::Moment;
use super::upload::{Owed, Upload};
use super::wire::{Receive, Wire};
use crate::error::{Code, Error, Result};
use crate::net::Step;
use crate::net::deadline::Stopwatch;
use crate::proto::Profile;
use crate::proto::body::{Body, Need};
use crate::proto::chunked::Decoder;
use crate::proto::fields::Fields;
use crate::proto::framing::{self, Deciding, Framed, Framing};
use crate::proto::head::{Head, HeadReader};
use crate::proto::reuse::{self, CloseReason};
use crate::proto::state::{Event, State};

impl Connection {
    /// `hc_getresponse`.
    pub fn get_response(&mut self) -> Result<Step<Answer>> {
        self.check(Event::GetResponse, Pending::GetResponse)?;
        if self.pipeline.is_some() && self.turn_to_oldest() {
            return self.get_with(Self::step_get_oldest);
        }
        if self.upload.is_open() {
            match self.look_for_answer() {
                Ok(true) => {}
                Ok(false) => {
                    let text = "the request still owes bytes of its body";
                    return Err(Error::new(Code::HC_ERR_BODY_OWED, text));
                }
                Err(e) => return Err(self.fail(e)),
            }
        }
        self.get_with(Self::step_get_response)
    }

    #[inline]
    fn get_with(
        &mut self,
        step: impl FnMut(&mut Self) -> Result<Step<(Framed, CloseReason)>>,
    ) -> Result<Step<Answer>> {
        match self.run(Pending::GetResponse, step)? {
            Step::Done((framed, reason)) => Ok(Step::Done(self.take_answer(framed, reason))),
            Step::Want(i) => Ok(Step::Want(i)),
        }
    }

    fn step_get_response(&mut self) -> Result<Step<(Framed, CloseReason)>> {
        loop {
            let is_sent = self.out.is_sent() && !self.wire.as_ref().is_some_and(Wire::is_holding);
            if !self.has_answer && !is_sent {
                // What a non-blocking push left behind, or the head of a second attempt.
                if let Step::Want(i) = self.ensure_wire()? {
                    return Ok(Step::Want(i));
                }
                let flushed = self.flush(false);
                if let Step::Want(i) = self.unless_answered(flushed)? {
                    return Ok(Step::Want(i));
                }
            }
            let how = if self.is_patient() {
                Receive::Patiently
            } else {
                Receive::Now
            };
            match self.step_answer(how) {
                Ok(Step::Done(())) => break,
                Ok(Step::Want(i)) => return Ok(Step::Want(i)),
                Err(e) if self.upload.owed == Owed::Undeclared && self.may_retry(&e) => {
                    self.start_again()
                }
                Err(e) => return Err(e),
            }
        }
        let found = Deciding::find(&self.head.fields);
        let framed = framing::of_response(&self.head, &found, &self.request, self.tuning.profile)?;
        let reason = reuse::decide(&self.head, &found, &framed, &self.request);
        let is_held = self.wire.as_ref().is_some_and(Wire::is_holding);
        let early = self.exchange.early || self.upload.is_open() || !self.out.is_sent() || is_held;
        Ok(Step::Done((
            framed,
            if early && reason == CloseReason::Kept {
                CloseReason::EarlyResponse
            } else {
                reason
            },
        )))
    }

    /// Reads up to the final head. Interim ones are told to whoever asked for it, counted, and
    /// otherwise forgotten.
    pub(super) fn step_answer(&mut self, how: Receive) -> Result<Step<()>> {
        if self.has_answer {
            return Ok(Step::Done(()));
        }
        let Some(wire) = &mut self.wire else {
            return Err(lost());
        };
        if how != Receive::InPassing {
            self.exchange.phase = Phase::ResponseHead;
        }
        if let Step::Want(i) = wire.pay_debt(&self.tuning, how)? {
            return Ok(Step::Want(i));
        }
        if how != Receive::InPassing && !self.exchange.awaited {
            self.exchange.awaited = true;
            if !self.reader.has_begun() && wire.received_bytes().is_empty() {
                wire.clocks.await_answer(&self.tuning);
            }
        }
        loop {
            let Some(wire) = &mut self.wire else {
                return Err(lost());
            };
            let ((room, len), eof) = (wire.received_in_room(), wire.is_at_eof());
            if len > 0 || eof {
                let (limits, profile) = (&self.tuning.limits, wire.profile(&self.tuning));
                let progress =
                    self.reader
                        .advance_in(room, len, eof, limits, profile, &mut self.head)?;
                wire.take(progress.used);
                if progress.done {
                    let status = self.head.status;
                    if self.is_traced() {
                        self.tell_answer();
                    }
                    if status >= 200 || status == 101 {
                        self.has_answer = true;
                        self.mark(Moment::Head);
                        return Ok(Step::Done(()));
                    }
                    self.upload.continued |= status == 100;
                    if let Some(hook) = &mut self.interim_hook {
                        hook(status, &self.head.fields);
                    }
                    self.reader.next_head(&self.tuning.limits)?;
                    continue;
                }
            }
            let arrived = match (&mut self.wire, &self.pipeline) {
                (Some(wire), None) => wire.fill(&self.tuning, how, Need::Line)?,
                _ => self.fill_in_pipeline(how)?,
            };
            if let Step::Want(i) = arrived {
                return Ok(Step::Want(i));
            }
            self.mark(Moment::FirstByte);
        }
    }

    /// The head is there: makes the response of it.
    fn take_answer(&mut self, framed: Framed, reason: CloseReason) -> Answer {
        self.last_id += 1;
        self.exchange.answer = self.last_id;
        self.exchange.http_status = self.head.status;
        if self.is_traced() {
            self.tell_keep(reason);
        }
        let spare = self.spare_head.take().unwrap_or_default();
        let head = std::mem::replace(&mut self.head, spare);
        let live = Live {
            id: self.last_id,
            body: Body::new(framed.framing),
            status: head.status,
            delivered: 0,
            is_tunnel: framed.framing == Framing::Tunnel,
            total: std::mem::take(&mut self.exchange.total),
        };
        let mut begun = Begun {
            id: live.id,
            request: self.exchange.id,
            is_done: false,
        };
        self.has_answer = false;
        self.reader = HeadReader::default();
        if !self.is_waited_for() {
            self.upload = Upload::default();
        }
        self.exchange.phase = Phase::ResponseBody;
        // Python counts a response as unread until it was read, even if there is nothing in
        // it; otherwise an empty one is complete at once.
        let complete = live.body.is_done() && !self.tuning.profile.has(Profile::LAZY_EMPTY);
        let mut carrier = None;
        if reason == CloseReason::Kept {
            self.event(Event::GetResponse);
            if self.pipeline.is_some() {
                self.leave_queue(reason);
            }
            self.live = Some(live);
            if complete {
                begun.is_done = true;
                self.finish_live();
            }
        } else {
            self.event(Event::GetLastResponse);
            if self.pipeline.is_some() {
                self.leave_queue(reason);
            }
            if complete {
                begun.is_done = true;
                self.response_ended(&live, Code::HC_OK, None);
                self.lose_wire();
            } else {
                self.settle();
                let wire = self.wire.take();
                carrier = wire.map(|wire| Self::carrier(wire, live, self));
                if let Some(carrier) = &mut carrier
                    && self.state() == State::Idle
                {
                    self.hand_on(carrier);
                }
            }
            // The next request may be under construction behind others.
            if self.state() == State::Idle {
                self.out.clear();
            }
            self.exchange.phase = Phase::None;
        }
        Answer {
            head,
            reason,
            begun,
            chunked: framed.framing == Framing::Chunked,
            carrier,
        }
    }

    /// A response's memory, for the next one.
    pub fn recycle(&mut self, head: Box<Head>) {
        self.spare_head = Some(head);
        self.pack();
    }

    /// The body has been read to its end.
    pub(super) fn finish(&mut self, response: &mut Response) {
        response.trailers = self.finish_live();
        response.end = End::Done;
    }

    fn finish_live(&mut self) -> Option<Box<Fields>> {
        let mut trailers = None;
        if let Some(mut live) = self.live.take() {
            if let Body::Chunked(decoder) = &mut live.body {
                trailers = Decoder::take_trailers(decoder).map(Box::new);
            }
            self.response_ended(&live, Code::HC_OK, trailers.as_deref());
        }
        self.end_of_response(true);
        trailers
    }

    /// `hr_close`, or a response that is freed before its end: what is left of the body stands
    /// in front of the next answer, and is skipped there if it is short.
    pub fn give_up(&mut self, response: &mut Response) {
        if matches!(response.end, End::NotBegun) {
            response.end = End::Closed;
            self.close();
        }
        if matches!(response.end, End::Open) {
            let live = self.live.as_ref().filter(|l| l.id == response.id);
            // One that has nothing to read is given up at its end.
            response.end = if live.is_some_and(|l| l.body.is_done()) {
                End::Done
            } else {
                End::Closed
            };
            self.give_up_id(response.id);
        }
    }

    /// The same, by number.
    pub fn give_up_id(&mut self, id: u64) {
        if self.live.as_ref().is_none_or(|l| l.id != id) {
            return;
        }
        let Some(live) = self.live.take() else { return };
        let code = if live.body.is_done() {
            Code::HC_OK
        } else {
            Code::HC_ERR_CLOSED
        };
        self.response_ended(&live, code, None);
        let too_long = live
            .body
            .remaining()
            .is_some_and(|n| n > self.tuning.limits.drain);
        if let Some(wire) = &mut self.wire
            && !live.body.is_done()
        {
            wire.debt = Some(Box::new(live.body));
        }
        self.end_of_response(false);
        if too_long && self.has_asked_nothing() {
            self.lose_wire();
        }
    }

    /// Reading has come to an end, one way or the other: for the figures, and for whoever
    /// listens.
    #[inline]
    fn response_ended(&mut self, live: &Live, code: Code, trailers: Option<&Fields>) {
        self.count_body_received(live.id, live.delivered);
        if self.pipeline.is_some() {
            self.settle_answer(live.id);
        }
        if self.is_traced() {
            self.tell_end(live.delivered, live.status, code, trailers);
        }
    }

    /// The response that was being read is lost with its connection.
    pub(super) fn lose_live(&mut self, code: Code) {
        if let Some(live) = self.live.take() {
            self.response_ended(&live, code, None);
        }
    }

    fn end_of_response(&mut self, read_to_end: bool) {
        let was_last_thing = self.state() == State::UnreadResponse;
        self.event(Event::ReadToEnd);
        if was_last_thing {
            self.exchange.phase = Phase::None;
        }
        let nothing_asked = self.has_asked_nothing();
        let Some(wire) = &mut self.wire else { return };
        if read_to_end {
            wire.served += 1;
        }
        // With another request under way it does not rest.
        if nothing_asked {
            wire.idle = Stopwatch::start();
        }
        // Bytes that nobody asked for are no answer to the next request.
        let unusable = wire.is_at_eof() || (read_to_end && !wire.received_bytes().is_empty());
        if self.config.is_none() || (nothing_asked && unusable) {
            self.lose_wire();
        }
    }
}

#[cold]
fn lost() -> Error {
    Error::new(Code::HC_ERR_NOT_CONNECTED, "the connection is gone")
}
