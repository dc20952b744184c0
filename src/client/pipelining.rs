//! Requests of a connection that pipelines: how they are gathered, and when they leave.
//!
//! Gathered requests leave together, without waiting: when an answer is about to be waited for,
//! when there is enough of them, when the pipeline is full and no answer has arrived, and when
//! the program asks. What the peer does not take then stays, and goes on its way while answers
//! are received: neither side can hold up the other.
//!
//! What a connection without a pipeline comes by is kept out of line: it pays for the test of one
//! pointer.

use std::io::IoSlice;

use super::body_source::BodySource;
use super::config::Tuning;
use super::connection::{Connection, Exchange, Pending};
use super::pipeline::{Asked, ENOUGH, Pipeline, is_sent};
use super::pipeline_rules::gathered_body;
use super::request::{RequestFields, RequestFlags};
use super::staging::stage;
use super::upload::Upload;
use crate::error::Result;
use crate::net::Step;
use crate::net::deadline::Deadline;
use crate::proto::request::RequestFacts;
use crate::proto::state::Event;

/// What became of the gathered bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// All of them were sent.
    All,
    /// The peer takes no more for now.
    Blocked,
    /// Nothing more can be sent: see [`Pipeline::broken`].
    Broken,
}

impl Tuning {
    /// Of a request that goes out behind others.
    fn exchange_behind(&self) -> Exchange {
        let mut exchange = Exchange {
            started: true,
            total: Deadline::after_ms(self.timeouts.total),
            reused: true,
            ..Exchange::default()
        };
        exchange.moments.begin(self.measures);
        exchange
    }
}

impl Connection {
    /// `hc_putrequest` on a connection that pipelines.
    #[inline(never)]
    pub(super) fn put_in_pipeline(
        &mut self,
        method: &[u8],
        target: &[u8],
        flags: RequestFlags,
    ) -> Result<()> {
        self.check_method(method)?;
        if let Some(p) = &mut self.pipeline {
            p.reserve(0)?;
        }
        let last = self.request;
        self.start_head(method, target, flags)?;
        self.join_queue(last);
        self.event(Event::PutRequest);
        Ok(())
    }

    /// The head of `hc_request` on a connection that pipelines.
    #[inline(never)]
    pub(super) fn request_in_pipeline(
        &mut self,
        method: &[u8],
        target: &[u8],
        fields: &RequestFields<'_>,
        body: &mut BodySource<'_>,
        flags: RequestFlags,
    ) -> Result<()> {
        self.check_method(method)?;
        let (last, upload) = (self.request, self.upload);
        let made = self.whole_head(method, target, fields, body, flags);
        if is_sent(self.state()) {
            let own = std::mem::replace(&mut self.request, last);
            if made.is_ok() {
                self.join_queue(last);
                self.request = own;
            } else {
                self.upload = upload;
                // Its head has been overwritten: it is not sent a second time.
                self.exchange.retried = true;
                self.out.clear();
            }
        }
        made
    }

    /// The machine's own request has been sent and another one begins: it goes to the others that
    /// wait for their answers.
    fn join_queue(&mut self, facts: RequestFacts) {
        let (sent, exchange) = (
            self.wire.as_ref().map_or(0, |w| w.traffic.sent),
            &self.exchange,
        );
        let was_sent = is_sent(self.state());
        let Some(p) = &mut self.pipeline else { return };
        if was_sent && !p.has_newest {
            p.is_turned |= p.queue.is_empty();
            p.queue.push_back(Asked {
                facts,
                exchange: *exchange,
                begin: exchange.sent_before,
                end: sent,
                head: 0,
                told: true,
            });
        }
        if was_sent {
            self.upload = Upload::default();
        }
        p.has_newest = false;
    }

    /// Decides whether the request that is being closed goes with the gathered ones, and reads
    /// its body if it does. Nothing else changes, and nothing that follows can fail.
    #[inline(never)]
    pub(super) fn stage_request(
        &mut self,
        facts: &RequestFacts,
        upload: &Upload,
        body: &mut BodySource<'_>,
    ) -> Result<()> {
        let (state, has_live) = (self.state(), self.live.is_some());
        let (head, profile) = (self.out.head.len(), self.tuning.profile);
        let Some(p) = &mut self.pipeline else {
            return Ok(());
        };
        let unanswered = p.unanswered(state);
        p.is_behind = self.wire.is_some() && (unanswered > 0 || has_live);
        p.gathers = false;
        p.staged.clear();
        let length = match gathered_body(p, facts, upload, body, profile) {
            Ok(length) => length,
            Err(e) if unanswered > 0 => return Err(e),
            Err(_) => {
                // It is sent alone, as without a pipeline.
                p.is_behind = false;
                return Ok(());
            }
        };
        stage_body(p, body, length, upload.framed)?;
        p.reserve(head + p.staged.len())?;
        p.gathers = true;
        Ok(())
    }

    /// Has the request that was closed last an exchange of its own, because others are under way?
    #[inline]
    pub(super) fn is_behind(&self) -> bool {
        self.pipeline.as_ref().is_some_and(|p| p.is_behind)
    }

    /// `hc_endheaders` and `hc_request` on a connection that pipelines, once the head is closed.
    /// `None`: the request is sent alone.
    #[inline(never)]
    pub(super) fn send_in_pipeline(
        &mut self,
        pending: Pending,
        event: Event,
    ) -> Result<Option<Step<()>>> {
        let Some(p) = &self.pipeline else {
            return Ok(None);
        };
        if !p.gathers {
            return Ok(None);
        }
        if !p.is_behind
            && let Step::Want(i) = self.run(pending, Self::ensure_wire)?
        {
            return Ok(Some(Step::Want(i)));
        }
        self.event(event);
        self.gather();
        Ok(Some(Step::Done(())))
    }

    /// Puts the request to the gathered ones.
    fn gather(&mut self) {
        let (Some(p), Some(wire)) = (&mut self.pipeline, &self.wire) else {
            return;
        };
        if p.unsent() == 0 {
            p.out.clear();
            p.sent = 0;
        }
        let begin = wire.traffic.sent + p.unsent() as u64;
        let head = self.out.head.len();
        let length = (head + p.staged.len()) as u64;
        p.out.extend_from_slice(&self.out.head);
        p.out.extend_from_slice(&p.staged);
        if p.is_behind {
            self.totals.reused += 1;
        }
        let mut exchange = Exchange {
            id: self.totals.requests,
            sent_before: begin,
            sent_end: Some(begin + length),
            ..if p.is_behind {
                self.tuning.exchange_behind()
            } else {
                self.exchange
            }
        };
        exchange.moved.body_sent = p.staged_body;
        if !p.is_behind {
            self.exchange = exchange;
            p.is_turned = true;
        }
        p.is_behind = false;
        self.totals.body_sent += p.staged_body;
        p.queue.push_back(Asked {
            facts: self.request,
            exchange,
            begin,
            end: begin + length,
            head,
            told: false,
        });
        p.has_newest = true;
        p.staged.clear();
        self.upload = Upload::sent();
        self.out.clear();
        let is_full = p.queue.len() >= p.depth as usize && wire.received_bytes().is_empty();
        if is_full || p.unsent() >= ENOUGH {
            self.push_in_passing();
        }
    }

    /// `hc_flush`: sends what was gathered, as far as it goes without waiting. False: the peer
    /// takes no more for now.
    pub fn push_in_passing(&mut self) -> bool {
        if let Some(wire) = &mut self.wire {
            // Nobody waits for it: no deadline counts.
            wire.clocks.total = Deadline::NEVER;
        }
        let pushed = self.push_gathered();
        if let Some(wire) = &mut self.wire {
            wire.clocks.moved();
        }
        pushed != Pushed::Blocked
    }

    /// The same, for a call that waits. A failure is kept: what the peer has said before it
    /// closed is worth more.
    #[inline(never)]
    pub(super) fn push_gathered(&mut self) -> Pushed {
        let (Some(p), Some(wire)) = (&mut self.pipeline, &mut self.wire) else {
            return Pushed::All;
        };
        if p.broken.is_some() {
            return Pushed::Broken;
        }
        if p.unsent() == 0 && !wire.is_holding() {
            return Pushed::All;
        }
        let step = loop {
            let rest = p.out.get(p.sent..).unwrap_or_default();
            if rest.is_empty() {
                break wire.flush(&self.tuning);
            }
            match wire.write(&[IoSlice::new(rest)], false, &self.tuning) {
                Ok(Step::Done(n)) => p.sent += n,
                Ok(Step::Want(i)) => break Ok(Step::Want(i)),
                Err(e) => break Err(e),
            }
        };
        let pushed = match step {
            Ok(Step::Done(())) => Pushed::All,
            Ok(Step::Want(_)) => Pushed::Blocked,
            Err(e) => {
                p.broken = Some(e);
                Pushed::Broken
            }
        };
        if self.tuning.measures || self.is_traced() {
            self.note_sent();
        }
        if let Some(p) = &mut self.pipeline
            && p.unsent() == 0
        {
            p.out.clear();
            p.sent = 0;
        }
        pushed
    }

    /// For the figures, and for whoever listens: which requests have left.
    #[cold]
    fn note_sent(&mut self) {
        let (Some(mut p), Some(sent)) = (
            self.pipeline.take(),
            self.wire.as_ref().map(|w| w.traffic.sent),
        ) else {
            return;
        };
        let base = sent - p.sent as u64;
        let is_turned = p.is_turned;
        for (i, asked) in p.queue.iter_mut().enumerate() {
            if asked.told || asked.end > sent {
                continue;
            }
            asked.told = true;
            if self.tuning.measures {
                let now = asked.exchange.moments.mark_sent();
                if i == 0 && is_turned {
                    self.exchange.moments.set_sent(now);
                }
            }
            let at = usize::try_from(asked.begin.saturating_sub(base)).unwrap_or(usize::MAX);
            let head = p.out.get(at..).and_then(|b| b.get(..asked.head));
            if self.is_traced() {
                let body = asked.end - asked.begin - asked.head as u64;
                self.tell_gathered(asked.exchange.id, head.unwrap_or_default(), body, sent);
            }
        }
        self.pipeline = Some(p);
    }
}

fn stage_body(
    p: &mut Pipeline,
    body: &mut BodySource<'_>,
    length: usize,
    framed: bool,
) -> Result<()> {
    p.staged_body = length as u64;
    if body.is_none() {
        return Ok(());
    }
    let staged = stage(body, length, framed, &mut p.staged);
    if staged.is_err() {
        p.staged.clear();
    }
    staged
}
