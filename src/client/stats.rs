//! Figures: what the handle has done in all, and where the time of an exchange went.
//!
//! Opening a connection is rare and is always timed. The parts of an exchange are timed when the
//! program wants it, because each costs a look at the clock; bytes are counted anyway.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::connection::Connection;
use super::making::Stage;
use super::record::Phase;
use super::response::{End, Response};
use super::wire::Wire;
use crate::error::{Code, Error, Result};
use crate::net::Step;
use crate::net::deadline::Stopwatch;

/// What outlives the connections of a handle. A response that took one along adds to it too,
/// maybe in another thread, when that connection ends.
#[derive(Debug, Default)]
pub struct Ledger {
    sent: AtomicU64,
    received: AtomicU64,
    body_received: AtomicU64,
}

/// Bytes that went over one connection. What is lost with it is added to the ledger.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Sent since the connection was opened.
    pub sent: u64,
    /// Received since then.
    pub received: u64,
    /// Of the handle that uses it.
    pub ledger: Option<Arc<Ledger>>,
    /// What of it the ledger of another handle has.
    sent_before: u64,
    received_before: u64,
}

impl Traffic {
    /// What the ledger does not have yet.
    fn open(&self) -> (u64, u64) {
        (
            self.sent - self.sent_before,
            self.received - self.received_before,
        )
    }

    /// The handle has no more to do with it.
    pub fn settle(&mut self) {
        let (sent, received) = self.open();
        if let Some(ledger) = self.ledger.take() {
            ledger.sent.fetch_add(sent, Ordering::Relaxed);
            ledger.received.fetch_add(received, Ordering::Relaxed);
        }
        self.sent_before = self.sent;
        self.received_before = self.received;
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.settle();
    }
}

/// How the last connection was opened. Times in nanoseconds; `None`: that was not done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Opening {
    /// Resolving the name.
    pub resolve_ns: Option<u64>,
    /// Connecting, all addresses together.
    pub connect_ns: Option<u64>,
    /// TLS handshakes.
    pub tls_ns: Option<u64>,
    /// Asking proxies.
    pub proxy_ns: Option<u64>,
    /// Addresses that were tried.
    pub tried: u32,
    /// Since when the stage lasts that is under way.
    pub(super) since: Option<Stopwatch>,
}

/// Points of an exchange on the monotonic clock, in nanoseconds; 0: not reached, or not
/// measured.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    began: u64,
    sent: u64,
    first_byte: u64,
    head: u64,
    end: u64,
}

/// One of [`Moments`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// There is a connection to send the request on.
    Began,
    /// The request, as far as it goes, has been sent.
    Sent,
    /// The first byte of the answer is there.
    FirstByte,
    /// The final head is complete.
    Head,
    /// Reading has come to an end.
    End,
}

/// Bytes that an exchange has moved.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moved {
    /// On the wire, to the peer.
    pub(super) sent: u64,
    /// On the wire, from the peer.
    pub(super) received: u64,
    /// Of the request's body, without its framing.
    pub(super) body_sent: u64,
    /// Of the response's body, given to the program.
    pub(super) body_received: u64,
    /// What was sent and received on the wire is final, because that is gone.
    pub(super) is_settled: bool,
}

/// What the handle has done itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    pub(super) requests: u64,
    pub(super) reused: u64,
    pub(super) retries: u64,
    pub(super) tried: u64,
    pub(super) tls: u64,
    pub(super) tls_resumed: u64,
    pub(super) body_sent: u64,
    pub(super) body_received: u64,
}

/// What `hc_get_stats` shows. Times in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct Stats {
    pub requests: u64,
    pub connections: u64,
    pub reused: u64,
    pub retries: u64,
    pub tried: u64,
    pub tls: u64,
    pub tls_resumed: u64,
    pub sent: u64,
    pub received: u64,
    pub body_sent: u64,
    pub body_received: u64,
    pub opening: Opening,
    pub send_ns: Option<u64>,
    pub wait_ns: Option<u64>,
    pub head_ns: Option<u64>,
    pub body_ns: Option<u64>,
    pub exchange_sent: u64,
    pub exchange_received: u64,
    pub exchange_body_sent: u64,
    pub exchange_body_received: u64,
    pub idle_ms: i64,
    pub was_reused: bool,
    pub was_retried: bool,
    pub http_status: u16,
}

impl Moments {
    /// The exchange begins now.
    pub(super) fn begin(&mut self, measures: bool) {
        if measures {
            self.began = Stopwatch::start().started_ns();
        }
    }

    /// The request has been sent now.
    pub(super) fn mark_sent(&mut self) -> u64 {
        self.sent = Stopwatch::start().started_ns();
        self.sent
    }

    /// It was sent then.
    pub(super) fn set_sent(&mut self, at: u64) {
        self.sent = at;
    }

    fn between(from: u64, to: u64) -> Option<u64> {
        (from != 0 && to != 0).then(|| to.saturating_sub(from))
    }
}

impl Connection {
    /// Notes the time, if somebody wants to know.
    #[inline]
    pub(super) fn mark(&mut self, moment: Moment) {
        if self.tuning.measures {
            self.mark_now(moment);
        }
    }

    #[cold]
    fn mark_now(&mut self, moment: Moment) {
        let now = Stopwatch::start().started_ns();
        let m = &mut self.exchange.moments;
        match moment {
            Moment::Began => m.began = now,
            Moment::Sent => m.sent = now,
            Moment::FirstByte if m.first_byte == 0 => m.first_byte = now,
            Moment::FirstByte => {}
            Moment::Head => m.head = now,
            Moment::End if m.end == 0 => m.end = now,
            Moment::End => {}
        }
    }

    /// So many more bytes of the request's body are on their way.
    pub(super) fn count_body_sent(&mut self, n: u64) {
        self.exchange.moved.body_sent += n;
        self.totals.body_sent += n;
    }

    /// Reading a response has come to an end, after so many bytes of its body. The next request
    /// may have been sent meanwhile.
    #[inline]
    pub(super) fn count_body_received(&mut self, response_id: u64, n: u64) {
        if self.exchange.answer == response_id {
            self.exchange.moved.body_received = n;
            self.mark(Moment::End);
        }
        if self.config.is_some() {
            self.totals.body_received += n;
        } else if let Some(ledger) = &self.ledger {
            ledger.body_received.fetch_add(n, Ordering::Relaxed);
        }
    }

    /// The wire is about to go: what the exchange has moved on it is kept.
    pub(super) fn settle(&mut self) {
        let facts = self.exchange_facts();
        let moved = &mut self.exchange.moved;
        if !moved.is_settled && self.exchange.started {
            moved.sent = facts.sent;
            moved.received = facts.received;
            moved.is_settled = true;
        }
    }

    /// Closes the connection, if there is one.
    pub(super) fn lose_wire(&mut self) {
        if self.wire.is_none() {
            return;
        }
        self.settle();
        if self.is_traced() {
            self.tell_closed();
        }
        if let Some(wire) = self.wire.take() {
            self.strip(wire);
        }
    }

    /// The dialling has come to an end, one way or the other.
    pub(super) fn count_dial(&mut self, resolve_ns: u64, tried: usize) {
        let whole = self.opening.since.take().map(Stopwatch::ns);
        self.opening.resolve_ns = Some(resolve_ns);
        self.opening.connect_ns = whole
            .filter(|_| tried > 0)
            .map(|ns| ns.saturating_sub(resolve_ns));
        self.opening.tried = u32::try_from(tried).unwrap_or(u32::MAX);
        self.totals.tried += tried as u64;
    }

    /// A stage of opening begins, unless it has before.
    pub(super) fn begin_stage(&mut self, stage: &Stage) {
        if self.opening.since.is_none() {
            self.opening.since = Some(Stopwatch::start());
            if self.is_traced() {
                self.tell_stage(stage, None);
            }
        }
    }

    /// It has come to an end, unless it wants to wait.
    pub(super) fn end_stage(&mut self, stage: &Stage, step: &Result<Step<()>>) {
        if matches!(step, Ok(Step::Want(_))) {
            return;
        }
        let ns = self.opening.since.take().map_or(0, Stopwatch::ns);
        let is_done = step.is_ok();
        if stage.phase() == Phase::Tls {
            *self.opening.tls_ns.get_or_insert(0) += ns;
            let agreed = self.wire.as_ref().and_then(Wire::agreed);
            self.totals.tls += u64::from(is_done);
            self.totals.tls_resumed += u64::from(is_done && agreed.is_some_and(|a| a.resumed));
        } else {
            *self.opening.proxy_ns.get_or_insert(0) += ns;
        }
        // A failure is told as such; what a proxy has answered in its place, as an answer.
        let is_answered = matches!(stage, Stage::Tunnel(t) if t.head.status >= 200);
        if self.is_traced() && (is_done || is_answered) {
            self.tell_stage(stage, Some(ns));
        }
    }

    /// `hc_get_stats` and `hr_get_stats`.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let load = |n: &AtomicU64| n.load(Ordering::Relaxed);
        let (sent, received, carried) = self.ledger.as_ref().map_or((0, 0, 0), |l| {
            (load(&l.sent), load(&l.received), load(&l.body_received))
        });
        let (open_sent, open_received) = self.wire.as_ref().map_or((0, 0), |w| w.traffic.open());
        let (e, m) = (&self.exchange, &self.exchange.moments);
        let delivered = self.live.as_ref().map(|l| l.delivered);
        let own = self.live.as_ref().filter(|l| l.id == e.answer);
        let (exchange_sent, exchange_received) = if e.moved.is_settled {
            (e.moved.sent, e.moved.received)
        } else if e.started {
            let facts = self.exchange_facts();
            (facts.sent, facts.received)
        } else {
            (0, 0)
        };
        // Whatever is answered before it was sent was not waited for.
        let asked = if m.first_byte == 0 {
            m.sent
        } else {
            m.sent.min(m.first_byte)
        };
        Stats {
            requests: self.totals.requests,
            connections: self.opened,
            reused: self.totals.reused,
            retries: self.totals.retries,
            tried: self.totals.tried,
            tls: self.totals.tls,
            tls_resumed: self.totals.tls_resumed,
            sent: sent + open_sent,
            received: received + open_received,
            body_sent: self.totals.body_sent,
            body_received: self.totals.body_received + carried + delivered.unwrap_or(0),
            opening: self.opening,
            send_ns: Moments::between(m.began, m.sent),
            wait_ns: Moments::between(asked, m.first_byte),
            head_ns: Moments::between(m.first_byte, m.head),
            body_ns: Moments::between(m.head, m.end),
            exchange_sent,
            exchange_received,
            exchange_body_sent: e.moved.body_sent,
            exchange_body_received: own.map_or(e.moved.body_received, |l| l.delivered),
            idle_ms: e.idle_ms,
            was_reused: e.reused,
            was_retried: e.retried,
            http_status: e.http_status,
        }
    }

    /// The same for a response, as long as its exchange is the one that figures are kept of.
    pub fn stats_of(&self, response: &Response) -> Result<Option<Stats>> {
        if matches!(response.end, End::NotBegun) {
            let text = "the head of the response has not been read";
            return Err(Error::new(Code::HC_ERR_RESPONSE_NOT_READY, text));
        }
        Ok((self.exchange.answer == response.id).then(|| self.stats()))
    }
}
