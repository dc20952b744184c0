//! Telling the program what happens, as it happens. Everything here is for connections that
//! somebody listens to: the others pay the test of one pointer where something is told.

use std::ffi::{CStr, CString};

use super::connection::Connection;
use super::fitness::Fitness;
use super::making::Stage;
use super::record::{Phase, Record};
use super::secure::Hop;
use super::telling_dial::words;
use super::trace::{Entry, Kind, Tracing};
use super::wire::Wire;
use crate::error::{Code, Error};
use crate::net::Interest;
use crate::net::deadline::Stopwatch;
use crate::proto::fields::Fields;
use crate::proto::head::Head;
use crate::proto::redact;
use crate::proto::reuse::CloseReason;
use crate::proto::state::State;

impl Connection {
    /// `hc_set_trace`. What was told before is not told again.
    pub fn set_tracing(&mut self, tracing: Option<Tracing>) {
        self.tracing = tracing.map(Box::new);
        let body = self.live.as_ref().map_or(0, |l| l.delivered);
        if let Some(t) = &mut self.tracing {
            t.heard.sent = self.wire.as_ref().map_or(0, |w| w.traffic.sent);
            t.heard.head = self.out.head_sent();
            t.heard.body = body;
        }
    }

    /// Who listens.
    #[must_use]
    pub fn tracing(&self) -> Option<&Tracing> {
        self.tracing.as_deref()
    }

    /// Does anybody?
    #[inline]
    pub(super) fn is_traced(&self) -> bool {
        self.tracing.is_some()
    }

    /// What is true of all that happens now.
    pub(super) fn entry(&self, kind: Kind) -> Entry<'static> {
        Entry {
            kind,
            at_ns: Stopwatch::start().started_ns(),
            connection: if self.wire.is_some() { self.opened } else { 0 },
            exchange: self.told_exchange(),
            phase: self.exchange.phase,
            state_before: self.state(),
            state: self.state(),
            status: 0,
            code: Code::HC_OK,
            os_error: 0,
            reason: 0,
            timeout_kind: -1,
            timeout_ms: -1,
            interest: None,
            reused: self.exchange.reused,
            idle_ms: self.exchange.idle_ms,
            elapsed_ns: None,
            count: 0,
            total: None,
            redacted: false,
            bytes: &[],
            text: c"",
        }
    }

    fn tell(&self, entry: &Entry<'_>) {
        if let Some(t) = &self.tracing {
            t.tell(entry);
        }
    }

    /// A connection is there.
    #[cold]
    pub(super) fn tell_opened(&mut self) {
        let sent = self.wire.as_ref().map_or(0, |w| w.traffic.sent);
        if let Some(t) = &mut self.tracing {
            t.heard.sent = sent;
        }
        self.tell(&self.entry(Kind::Opened));
    }

    /// A stage of opening begins, or has lasted so long.
    #[cold]
    pub(super) fn tell_stage(&mut self, stage: &Stage, elapsed_ns: Option<u64>) {
        let kind = match (stage.phase(), elapsed_ns) {
            (Phase::Tls, None) => Kind::TlsBegin,
            (Phase::Tls, Some(_)) => Kind::TlsEnd,
            (_, None) => Kind::ProxyBegin,
            (_, Some(_)) => Kind::ProxyEnd,
        };
        let text = self.words_for(stage, elapsed_ns.is_some());
        let entry = Entry {
            phase: stage.phase(),
            elapsed_ns,
            text: &text,
            ..self.entry(kind)
        };
        let Some(t) = &self.tracing else { return };
        match (stage, elapsed_ns) {
            (Stage::Tunnel(tunnelling), None) => t.tell_head(&entry, &tunnelling.request),
            (Stage::Tunnel(tunnelling), Some(_)) => {
                let status = tunnelling.head.status;
                t.tell_head(&Entry { status, ..entry }, &raw_head(&tunnelling.head));
            }
            (Stage::Socks(_) | Stage::Secure(..), _) => t.tell(&entry),
        }
        // What was sent to get here is no part of a request.
        let sent = self.wire.as_ref().map_or(0, |w| w.traffic.sent);
        if let Some(t) = &mut self.tracing {
            t.heard.sent = sent;
        }
    }

    fn words_for(&self, stage: &Stage, is_done: bool) -> CString {
        let Some(config) = &self.config else {
            return CString::default();
        };
        let origin = config.tunnel.as_ref().map_or(&config.target, |t| &t.target);
        let agreed = self.wire.as_ref().and_then(Wire::agreed);
        match (stage, agreed) {
            (Stage::Secure(..), Some(agreed)) if is_done => words(&agreed.in_words()),
            (Stage::Secure(Hop::Proxy, _), _) => words(&config.first_hop().host),
            (Stage::Secure(Hop::Origin, _), _) => words(&origin.host),
            _ => words(&format!("{}:{}", origin.host, origin.port)),
        }
    }

    /// Whether a kept connection is used again, and why not.
    #[cold]
    pub(super) fn tell_reuse(&self, fitness: Fitness, idle_ms: i64) {
        self.tell(&Entry {
            reason: fitness as i32,
            idle_ms,
            reused: fitness.is_fit(),
            count: self.wire.as_ref().map_or(0, |w| w.served),
            text: fitness.name(),
            ..self.entry(Kind::Reuse)
        });
    }

    /// The connection is about to be closed.
    #[cold]
    pub(super) fn tell_closed(&self) {
        self.tell(&Entry {
            count: self.wire.as_ref().map_or(0, |w| w.served),
            ..self.entry(Kind::Closed)
        });
    }

    /// A request begins, for the first or the second time.
    pub(super) fn forget_head(&mut self) {
        if let Some(t) = &mut self.tracing {
            t.heard.head = 0;
            t.heard.wait = None;
        }
    }

    /// Bytes may have been sent.
    #[cold]
    pub(super) fn tell_sent(&mut self) {
        let entry = self.entry(Kind::RequestHead);
        let (Some(t), Some(wire)) = (&mut self.tracing, &self.wire) else {
            return;
        };
        let (sent, head) = (wire.traffic.sent, self.out.head_sent());
        let of_head = head.saturating_sub(t.heard.head);
        let body = sent
            .saturating_sub(t.heard.sent)
            .saturating_sub(of_head as u64);
        if t.heard.sent != sent {
            t.heard.wait = None;
        }
        t.heard.sent = sent;
        t.heard.head = head;
        if of_head > 0 && self.out.is_head_sent() {
            let count = head as u64;
            t.tell_head(&Entry { count, ..entry }, &self.out.head);
        }
        if body > 0 {
            t.tell(&Entry {
                kind: Kind::RequestBody,
                count: body,
                ..entry
            });
        }
    }

    /// A gathered request has left.
    #[cold]
    pub(super) fn tell_gathered(&mut self, exchange: u64, head: &[u8], body: u64, sent: u64) {
        let entry = Entry {
            exchange,
            ..self.entry(Kind::RequestHead)
        };
        let Some(t) = &mut self.tracing else { return };
        t.heard.sent = sent;
        t.heard.wait = None;
        let count = head.len() as u64;
        t.tell_head(&Entry { count, ..entry }, head);
        if body > 0 {
            t.tell(&Entry {
                kind: Kind::RequestBody,
                count: body,
                ..entry
            });
        }
    }

    /// Which request is told of. Behind others it is the one whose answer is read.
    fn told_exchange(&self) -> u64 {
        match &self.pipeline {
            None => self.totals.requests,
            Some(_) => self.exchange.id,
        }
    }

    /// A head of the answer is there, interim or final.
    #[cold]
    pub(super) fn tell_answer(&mut self) {
        if let Some(t) = &mut self.tracing {
            t.heard.wait = None;
        }
        let Some(t) = &self.tracing else { return };
        let raw = raw_head(&self.head);
        let entry = Entry {
            status: self.head.status,
            count: raw.len() as u64,
            ..self.entry(Kind::ResponseHead)
        };
        t.tell_head(&entry, &raw);
    }

    /// Whether the connection outlives the response.
    #[cold]
    pub(super) fn tell_keep(&mut self, reason: CloseReason) {
        if let Some(t) = &mut self.tracing {
            t.heard.body = 0;
        }
        self.tell(&Entry {
            reason: reason as i32,
            status: self.head.status,
            text: reason.name(),
            ..self.entry(Kind::Keep)
        });
    }

    /// Bytes of a body may have been given to the program.
    #[cold]
    pub(super) fn tell_body(&mut self) {
        let entry = self.entry(Kind::ResponseBody);
        let (Some(t), Some(live)) = (&mut self.tracing, &self.live) else {
            return;
        };
        let count = live.delivered.saturating_sub(t.heard.body);
        t.heard.body = live.delivered;
        if count > 0 {
            t.heard.wait = None;
            let left = live.body.remaining();
            t.tell(&Entry {
                count,
                total: left.map(|n| n + live.delivered),
                status: live.status,
                ..entry
            });
        }
    }

    /// Reading a response has come to an end, after so many bytes of its body.
    #[cold]
    pub(super) fn tell_end(&self, count: u64, status: u16, code: Code, trailers: Option<&Fields>) {
        let Some(t) = &self.tracing else { return };
        let entry = Entry {
            count,
            status,
            code,
            ..self.entry(Kind::ResponseEnd)
        };
        let mut raw = Vec::new();
        for i in 0..trailers.map_or(0, Fields::len) {
            add_line(trailers, i, &mut raw);
        }
        t.tell_bytes(&entry, &raw, redact::fields);
    }

    /// The state machine has moved on.
    #[cold]
    pub(super) fn tell_state(&self, state_before: State) {
        self.tell(&Entry {
            state_before,
            text: self.state().name(),
            ..self.entry(Kind::State)
        });
    }

    /// A step cannot go on. Told once for each thing that is waited for.
    #[cold]
    pub(super) fn tell_wait(&mut self, interest: Interest) {
        let deadline = self.next_deadline();
        let entry = Entry {
            interest: Some(interest),
            timeout_ms: deadline.ms_left(),
            ..self.entry(Kind::Wait)
        };
        if let Some(t) = &mut self.tracing
            && t.heard.wait.replace((interest, deadline)) != Some((interest, deadline))
        {
            t.tell(&entry);
        }
    }

    /// A timeout has passed that is no failure.
    #[cold]
    pub(super) fn tell_timeout(&self, timeout_kind: i32) {
        self.tell(&Entry {
            timeout_kind,
            ..self.entry(Kind::Timeout)
        });
    }

    /// The request is sent again.
    #[cold]
    pub(super) fn tell_retry(&mut self) {
        self.forget_head();
        self.tell(&self.entry(Kind::Retry));
    }

    /// A call was refused.
    #[cold]
    pub(super) fn tell_refused(&self, e: &Error) {
        self.tell(&Entry {
            code: e.code,
            phase: Phase::None,
            text: &words(&e.text),
            ..self.entry(Kind::Failed)
        });
    }

    /// A call has failed, and what is known of it is this.
    #[cold]
    pub(super) fn tell_failed(&self, record: &Record) {
        let entry = Entry {
            phase: record.phase,
            code: record.fault.code,
            os_error: record.fault.os_error,
            status: record.http_status,
            timeout_kind: record.fault.timeout,
            text: CStr::from_bytes_until_nul(&record.text).unwrap_or_default(),
            ..self.entry(Kind::Failed)
        };
        let cause = match entry.code {
            Code::HC_ERR_CANCELLED => Some(Kind::Cancelled),
            _ if entry.timeout_kind >= 0 => Some(Kind::Timeout),
            _ => None,
        };
        if let Some(kind) = cause {
            self.tell(&Entry {
                kind,
                text: c"",
                ..entry
            });
        }
        self.tell(&entry);
    }
}

/// A head as it came: what a profile has dropped of it is not there.
fn raw_head(head: &Head) -> Vec<u8> {
    let mut raw = head.raw_status_line();
    if raw.is_empty() {
        return raw;
    }
    for i in 0..head.fields.len() {
        add_line(Some(&head.fields), i, &mut raw);
    }
    raw.extend_from_slice(b"\r\n");
    raw
}

fn add_line(fields: Option<&Fields>, index: usize, out: &mut Vec<u8>) {
    let Some(fields) = fields else { return };
    let at = out.len();
    let len = fields.raw_line(index, &mut []).unwrap_or(0);
    if out.try_reserve(len).is_ok() {
        out.resize(at + len, 0);
        fields.raw_line(index, out.get_mut(at..).unwrap_or_default());
    }
}
