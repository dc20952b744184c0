//! Answers on a connection that pipelines: each to the oldest request that is unanswered, read to
//! its end before the next. When the connection ends, by whatever, it is written down of every
//! request behind whether it can be sent again.

use super::connection::Connection;
use super::pipeline::{Lost, is_sent};
use super::pipelining::Pushed;
use super::record::Record;
use super::stats::Moment;
use super::wire::Receive;
use crate::error::{Code, Error, Fault, Result};
use crate::net::{Interest, Step};
use crate::proto::body::Need;
use crate::proto::framing::{self, Deciding, Framed};
use crate::proto::reuse::{self, CloseReason};
use crate::proto::state::State;

/// Room for the answers to many small requests: one receive takes them all.
const ANSWERS: usize = 16 * 1024;

impl Connection {
    /// How many requests are unanswered on the open connection.
    #[must_use]
    pub fn unanswered_count(&self) -> usize {
        match &self.pipeline {
            Some(p) => p.unanswered(self.state()),
            None => usize::from(is_sent(self.state())),
        }
    }

    /// The number of one of them, the oldest first.
    #[must_use]
    pub fn unanswered_id(&self, index: usize) -> Option<u64> {
        let queued = self.pipeline.as_ref().and_then(|p| p.queue.get(index));
        match queued {
            Some(asked) => Some(asked.exchange.id),
            None if self.unanswered_count().checked_sub(1) == Some(index) => Some(self.exchange.id),
            None => None,
        }
    }

    /// The number of the last request.
    #[must_use]
    pub fn last_request_id(&self) -> u64 {
        self.totals.requests
    }

    /// What the connection that ended last has left unanswered, the oldest first.
    #[must_use]
    pub fn lost(&self) -> &[Lost] {
        self.pipeline.as_ref().map_or(&[], |p| &p.lost)
    }

    /// The answer that comes next is to the oldest request of the queue: its figures and its
    /// deadline are those that count. False: there is no queue.
    #[inline(never)]
    pub(super) fn turn_to_oldest(&mut self) -> bool {
        let Some(p) = &mut self.pipeline else {
            return false;
        };
        let Some(oldest) = p.queue.front() else {
            return false;
        };
        if p.is_turned {
            return true;
        }
        p.is_turned = true;
        self.exchange = oldest.exchange;
        self.begin_answer();
        true
    }

    /// What has been received and not been taken is of the answer that begins.
    fn begin_answer(&mut self) {
        if let Some(wire) = &self.wire
            && wire.debt.is_none()
        {
            let waiting = wire.received_bytes().len() as u64;
            self.exchange.received_before = wire.traffic.received - waiting;
            if waiting > 0 {
                self.mark(Moment::FirstByte);
            }
        }
    }

    pub(super) fn step_get_oldest(&mut self) -> Result<Step<(Framed, CloseReason)>> {
        let how = if self.is_patient() {
            Receive::Patiently
        } else {
            Receive::Now
        };
        if let Some(wire) = &mut self.wire
            && wire.debt.is_some()
        {
            if let Step::Want(i) = wire.pay_debt(&self.tuning, how)? {
                return Ok(Step::Want(i));
            }
            self.begin_answer();
        }
        if self.has_arrived() && self.oldest_sent()? == Sent::Nothing {
            return Err(unasked());
        }
        if let Step::Want(i) = self.step_answer(how).map_err(|e| self.why_ended(e))? {
            return Ok(Step::Want(i));
        }
        let sent = self.oldest_sent()?;
        if sent == Sent::Nothing {
            return Err(unasked());
        }
        let Some(oldest) = self.pipeline.as_ref().and_then(|p| p.queue.front()) else {
            return Err(Error::new(Code::HC_ERR_INTERNAL, "the queue is empty"));
        };
        let found = Deciding::find(&self.head.fields);
        let (facts, profile) = (&oldest.facts, self.tuning.profile);
        let framed = framing::of_response(&self.head, &found, facts, profile)?;
        let reason = match reuse::decide(&self.head, &found, &framed, facts) {
            CloseReason::Kept if sent == Sent::Part => CloseReason::EarlyResponse,
            reason => reason,
        };
        Ok(Step::Done((framed, reason)))
    }

    /// How much of the oldest request has been sent?
    fn oldest_sent(&self) -> Result<Sent> {
        let oldest = self.pipeline.as_ref().and_then(|p| p.queue.front());
        let (Some(oldest), Some(wire)) = (oldest, &self.wire) else {
            return Err(Error::new(
                Code::HC_ERR_NOT_CONNECTED,
                "the connection is gone",
            ));
        };
        Ok(match oldest.sent_of(wire.traffic.sent) {
            0 => Sent::Nothing,
            n if n < oldest.end - oldest.begin => Sent::Part,
            _ => Sent::All,
        })
    }

    /// A connection that ended while it was written to: that is the reason, and not that nothing
    /// came of it.
    fn why_ended(&self, e: Error) -> Error {
        let broken = self.pipeline.as_ref().and_then(|p| p.broken.as_ref());
        match (e.code, broken) {
            (Code::HC_ERR_REMOTE_DISCONNECTED | Code::HC_ERR_RECV, Some(broken))
                if e.tls_reason == 0 =>
            {
                broken.clone()
            }
            _ => e,
        }
    }

    /// Why nothing more can be sent.
    #[cold]
    pub(super) fn why_broken(&self) -> Error {
        let broken = self.pipeline.as_ref().and_then(|p| p.broken.clone());
        broken.unwrap_or_else(|| Error::new(Code::HC_ERR_SEND, "sending has failed"))
    }

    /// Receives some of an answer. Before that everything has to be sent, or else the server may
    /// be waiting too; if it takes nothing, it is read from all the same.
    #[inline(never)]
    pub(super) fn fill_in_pipeline(&mut self, how: Receive) -> Result<Step<usize>> {
        let pushed = match how {
            Receive::InPassing => Pushed::All,
            Receive::Patiently | Receive::Now => self.push_gathered(),
        };
        let (Some(p), Some(wire)) = (&self.pipeline, &mut self.wire) else {
            return Err(Error::new(
                Code::HC_ERR_NOT_CONNECTED,
                "the connection is gone",
            ));
        };
        if p.queue.len() > 1 {
            wire.widen(ANSWERS)?;
        }
        match pushed {
            Pushed::All => wire.fill(&self.tuning, how, Need::Line),
            Pushed::Blocked => match wire.fill(&self.tuning, Receive::Now, Need::Line)? {
                Step::Want(_) => Ok(Step::Want(Interest::Either)),
                done => Ok(done),
            },
            Pushed::Broken => {
                match (wire.fill(&self.tuning, Receive::Now, Need::Line), &p.broken) {
                    (Ok(Step::Want(_)), Some(broken)) => Err(broken.clone()),
                    (step, _) => step,
                }
            }
        }
    }

    /// The oldest request has been answered, for good or with the end of the connection.
    #[inline(never)]
    pub(super) fn leave_queue(&mut self, reason: CloseReason) {
        let Some(p) = &mut self.pipeline else { return };
        p.queue.pop_front();
        p.has_newest &= !p.queue.is_empty();
        p.is_turned = false;
        if reason != CloseReason::Kept {
            let text = "an earlier answer has ended the connection";
            let fault = Error::new(Code::HC_ERR_REMOTE_DISCONNECTED, text);
            self.lose_queue(&fault, None, true);
        }
    }

    /// The connection has ended, or is about to: of everything unanswered it is kept what has
    /// become of it. `own` is the record of the request whose turn it was.
    #[cold]
    pub(super) fn lose_queue(&mut self, fault: &Fault, own: Option<&Record>, answered: bool) {
        let (state, has_live) = (self.state(), self.live.is_some());
        let wire = self.wire.as_ref();
        let answered = answered || has_live || wire.is_some_and(|w| w.served > 0);
        let sent = wire.map_or(0, |w| w.traffic.sent);
        let (id, facts) = (self.exchange.id, self.exchange_facts());
        let Some(p) = &mut self.pipeline else { return };
        let is_alone = p.unanswered(state) > p.queue.len();
        p.lose(fault, own, state, sent, answered);
        if is_alone && p.lost.try_reserve(1).is_ok() {
            let record = match own {
                Some(own) => own.clone(),
                None => Record {
                    resend: super::record::Resend::decide(fault.code, facts),
                    sent: facts.sent,
                    received: facts.received,
                    reused: facts.reused,
                    ..Record::of(fault.clone(), state)
                },
            };
            p.lost.push(Lost { id, record });
        }
        p.reset();
    }

    /// Reading an answer has come to an end: what was received behind it is of the next.
    #[inline(never)]
    pub(super) fn settle_answer(&mut self, response_id: u64) {
        if self.exchange.answer != response_id || self.exchange.moved.is_settled {
            return;
        }
        let waiting = self.wire.as_ref().map_or(0, |w| w.received_bytes().len());
        self.settle();
        let moved = &mut self.exchange.moved;
        moved.received = moved.received.saturating_sub(waiting as u64);
    }

    /// Is this a state in which nothing is asked of the server?
    pub(super) fn has_asked_nothing(&self) -> bool {
        matches!(self.state(), State::Idle | State::RequestStarted) && !self.has_queue()
    }
}

/// How much of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Nothing,
    Part,
    All,
}

#[cold]
fn unasked() -> Error {
    Error::new(
        Code::HC_ERR_BAD_FRAMING,
        "the server has sent an answer that nobody asked for",
    )
}
