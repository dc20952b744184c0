//! The connection: its parts, its life, and the state machine's place in it.

use std::os::fd::RawFd;
use std::sync::Arc;

use super::config::{Config, SharedTuning, Timeouts, Tuning};
use super::drive::LOOK_MS;
use super::kit::Kit;
use super::making::Stage;
use super::opening::already_connected;
use super::outgoing::Outgoing;
use super::pipeline::{Pipeline, is_sent};
use super::record::{Facts, Phase, Record, Resend};
use super::response::Live;
use super::stats::{Ledger, Moments, Moved, Opening, Totals};
use super::timeouts::Due;
use super::trace::Tracing;
use super::tunnelling::ProxyAnswer;
use super::upload::Upload;
use super::wire::Wire;
use crate::error::{Code, Error, Result};
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::net::dial::{Attempt, Dial};
use crate::net::memory::Pipe;
use crate::net::tls::TlsConfig;
use crate::net::tls::agreed::Agreed;
use crate::net::tls::reason::Reason;
use crate::net::{Interest, Step, Transport};
use crate::proto::body::Body;
use crate::proto::fields::Fields;
use crate::proto::head::{Head, HeadReader};
use crate::proto::request::RequestFacts;
use crate::proto::state::{self, Event, State};
use crate::sys::clock::Source;

/// A call that returned "not yet" and will be made again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pending {
    /// None.
    #[default]
    None,
    /// `hc_connect`.
    Connect,
    /// `hc_endheaders`.
    EndHeaders,
    /// `hc_request`.
    Request,
    /// `hc_finish_body`.
    FinishBody,
    /// `hc_getresponse`.
    GetResponse,
}

/// Where connections come from.
#[derive(Default)]
pub enum Origin {
    /// From the network, by host and port.
    #[default]
    Network,
    /// The program owns the wire.
    SansIo {
        /// What it feeds and fetches.
        pipe: Pipe,
        /// A connection has been made of it; the next one gets another.
        used: bool,
    },
    /// The program gave one transport, which serves one connection.
    Given(Option<Box<dyn Transport>>),
}

/// Told of each interim response.
pub type InterimHook = Box<dyn FnMut(u16, &Fields) + Send>;

/// See the module. The fields are open to this room; what each call does with them stands in
/// `request`, `upload`, `answer` and `reading`.
#[derive(Default)]
pub struct Connection {
    /// `None` for a response that took its connection along.
    pub(super) config: Option<Config>,
    pub(super) tuning: SharedTuning,
    pub(super) state: StateCell,
    pub(super) pending: Pending,
    pub(super) origin: Origin,
    /// How often something was changed that says where connections go.
    pub(super) rerouted: u32,
    pub(super) dial: Option<Box<Dial>>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) wire: Option<Wire>,
    /// What was agreed on in the TLS handshake of it, or of the one before.
    pub(super) agreed: Option<Arc<Agreed>>,
    /// What it still needs before it carries requests.
    pub(super) making: Option<Stage>,
    /// A connection to the proxy, whose answer to CONNECT was a refusal: the next one may go
    /// out on it.
    pub(super) aside: Option<Box<Wire>>,
    /// What the proxy answered to the last CONNECT.
    pub(super) proxy_answer: Option<Box<ProxyAnswer>>,
    /// By when all of that has to be done, the dialling included.
    pub(super) opening_due: Due,
    /// By when the handshake under way has to be.
    pub(super) tls_due: Deadline,
    /// By when the call under way has to be done.
    pub(super) total: Deadline,
    /// Set from elsewhere to end what is under way here.
    pub(super) cancel: Option<Arc<Cancel>>,
    pub(super) out: Outgoing,
    /// What holds the memory of an exchange while there is none.
    pub(super) kit: Option<Box<Kit>>,
    pub(super) request: RequestFacts,
    pub(super) upload: Upload,
    pub(super) reader: HeadReader,
    /// The head being read; complete, with its answer not yet asked for, if `has_answer`.
    pub(super) head: Box<Head>,
    /// The memory of one that was freed, for the next.
    pub(super) spare_head: Option<Box<Head>>,
    pub(super) has_answer: bool,
    pub(super) live: Option<Live>,
    pub(super) interim_hook: Option<InterimHook>,
    pub(super) last_id: u64,
    pub(super) exchange: Exchange,
    pub(super) want: Option<Interest>,
    pub(super) last_error: Option<Box<Record>>,
    pub(super) output: Vec<u8>,
    pub(super) output_taken: usize,
    pub(super) opened: u64,
    pub(super) opening: Opening,
    pub(super) totals: Totals,
    /// Of what the handle and its responses have done together.
    pub(super) ledger: Option<Arc<Ledger>>,
    /// Who is told what happens.
    pub(super) tracing: Option<Box<Tracing>>,
    /// Requests in front of the one that `request` and `upload` are of; `None` unless the program
    /// asked for it.
    pub(super) pipeline: Option<Box<Pipeline>>,
    /// The program's own clock, which whoever lets a thread in here makes it follow.
    pub(super) clock: Option<Source>,
}

/// The state, which only [`Connection::event`] changes.
#[derive(Clone, Copy)]
pub struct StateCell(State);

impl Default for StateCell {
    fn default() -> Self {
        Self(State::Idle)
    }
}

/// What the current exchange has done so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exchange {
    /// The number of the request.
    pub(super) id: u64,
    pub(super) phase: Phase,
    /// It has a connection.
    pub(super) started: bool,
    /// When it has to be over.
    pub(super) total: Deadline,
    /// Its answer is waited for.
    pub(super) awaited: bool,
    pub(super) sent_before: u64,
    /// Where the request ends among all bytes sent, if others may follow it before its answer.
    pub(super) sent_end: Option<u64>,
    pub(super) received_before: u64,
    pub(super) reused: bool,
    pub(super) idle_ms: i64,
    pub(super) retried: bool,
    /// The request was not sent to its end; the answer is read elsewhere.
    pub(super) early: bool,
    pub(super) moments: Moments,
    pub(super) moved: Moved,
    /// The response, once its head was read: its number and status.
    pub(super) answer: u64,
    pub(super) http_status: u16,
}

impl Connection {
    /// A connection to this host; nothing happens yet.
    pub fn new(host: &[u8], port: i32) -> Result<Self> {
        Ok(Self {
            config: Some(Config::new(host, port, None)?),
            cancel: Some(Arc::default()),
            ledger: Some(Arc::default()),
            ..Self::default()
        })
    }

    /// The same, by TLS.
    pub fn new_tls(host: &[u8], port: i32, tls: Arc<TlsConfig>) -> Result<Self> {
        tls.close();
        Ok(Self {
            config: Some(Config::new(host, port, Some(tls))?),
            cancel: Some(Arc::default()),
            ledger: Some(Arc::default()),
            ..Self::default()
        })
    }

    /// The carrier of a response that takes its connection along. Not inlined: its kilobytes
    /// would stand in the frame of every call that may end with one.
    #[cold]
    #[inline(never)]
    pub(super) fn carrier(wire: Wire, live: Live, from: &Self) -> Box<Self> {
        let mut exchange = from.exchange;
        exchange.moved.is_settled = false;
        Box::new(Self {
            tuning: from.tuning.clone(),
            last_id: live.id,
            exchange,
            cancel: from.cancel.clone(),
            opened: from.opened,
            opening: from.opening,
            totals: from.totals,
            ledger: from.ledger.clone(),
            tracing: from.tracing.clone(),
            clock: from.clock,
            state: StateCell(State::UnreadResponse),
            wire: Some(wire),
            live: Some(live),
            ..Self::default()
        })
    }

    /// A connection on which a request by this method was sent by somebody else: all there is
    /// to do with it is to read the response.
    #[must_use]
    pub fn awaiting(transport: Box<dyn Transport>, method: &[u8]) -> Self {
        let cancel = Arc::<Cancel>::default();
        let ledger = Arc::<Ledger>::default();
        let mut wire = Wire::new(transport, Some(&cancel));
        wire.traffic.ledger = Some(Arc::clone(&ledger));
        Self {
            request: RequestFacts::of_method(method, 11),
            state: StateCell(State::RequestSent),
            wire: Some(wire),
            cancel: Some(cancel),
            ledger: Some(ledger),
            exchange: Exchange {
                started: true,
                idle_ms: -1,
                ..Exchange::default()
            },
            ..Self::default()
        }
    }

    /// Where it stands.
    #[inline]
    #[must_use]
    pub fn state(&self) -> State {
        self.state.0
    }

    /// Connections opened so far.
    #[must_use]
    pub fn opened_count(&self) -> u64 {
        self.opened
    }

    /// What was set.
    #[must_use]
    pub fn config(&self) -> Option<&Config> {
        self.config.as_ref()
    }

    /// To set it. Only between exchanges would some of it make a difference to a request
    /// that is under way, so all of it counts from the next call on.
    pub fn config_mut(&mut self) -> Option<&mut Config> {
        self.config.as_mut()
    }

    /// What was set that a response takes along.
    #[must_use]
    pub fn tuning(&self) -> &Tuning {
        &self.tuning
    }

    /// To set it.
    pub fn tuning_mut(&mut self) -> &mut Tuning {
        self.tuning.own()
    }

    /// The timeouts, by number.
    pub fn timeouts_mut(&mut self) -> &mut Timeouts {
        &mut self.tuning.own().timeouts
    }

    /// The clock that it goes by; `None` is the system's.
    #[inline]
    #[must_use]
    pub fn clock(&self) -> Option<Source> {
        self.clock
    }

    /// To set it, while there is nothing that was timed by another.
    pub fn set_clock(&mut self, clock: Option<Source>) -> Result<()> {
        self.check_unconnected()?;
        if self.aside.is_some() {
            return Err(already_connected());
        }
        self.clock = clock;
        Ok(())
    }

    /// Who is told of interim responses.
    pub fn set_interim_hook(&mut self, hook: Option<InterimHook>) {
        self.interim_hook = hook;
    }

    /// What ends its calls from elsewhere; the same for the responses that take a connection
    /// along.
    #[must_use]
    pub fn cancel(&self) -> Option<Arc<Cancel>> {
        self.cancel.clone()
    }

    /// The last failure.
    #[must_use]
    pub fn last_error(&self) -> Option<&Record> {
        self.last_error.as_deref()
    }

    /// The descriptor that carries it, if there is one.
    #[must_use]
    pub fn fd(&self) -> Option<RawFd> {
        match (&self.dial, &self.wire) {
            (Some(dial), _) => dial.fd(),
            (None, Some(wire)) => wire.fd(),
            (None, None) => None,
        }
    }

    /// What a call that returned "not yet" waits for: descriptor, direction, and how many
    /// milliseconds at most (-1 for ever).
    #[must_use]
    pub fn wants(&self) -> (Option<RawFd>, Option<Interest>, i64) {
        let ms = match self.want.map_or(-1, |_| self.next_deadline().ms_left()) {
            ms @ 0..LOOK_MS => ms,
            // Nothing else would end the wait when hc_cancel is called.
            _ if self.want.is_some() && self.is_deaf() => LOOK_MS,
            ms => ms,
        };
        (self.fd(), self.want, ms)
    }

    /// Is this call legal now? Nothing changes.
    #[inline]
    pub(super) fn check(&self, event: Event, pending: Pending) -> Result<State> {
        if self.pending != pending && self.pending != Pending::None && !self.may_overlap(event) {
            return Err(Error::new(
                Code::HC_ERR_PENDING,
                "another call has to be finished first",
            ));
        }
        match state::next(self.state.0, event) {
            Ok(next) => Ok(next),
            Err(code) => self
                .check_in_pipeline(event)
                .ok_or_else(|| self.refusal(code, event)),
        }
    }

    #[cold]
    fn refusal(&self, code: Code, event: Event) -> Error {
        let call = event.name().to_string_lossy();
        let state = self.state.0.name().to_string_lossy();
        let why = if code == Code::HC_ERR_CANNOT_SEND_REQUEST && is_sent(self.state.0) {
            self.no_room()
        } else {
            None
        };
        let mut text = format!("{call} is not possible in state {state}");
        if let Some(why) = why {
            text.push_str(": ");
            text.push_str(why);
        }
        Error::new(code, text)
    }

    /// Something happened that changes the state. The table decides; what it does not know
    /// cannot happen, because every call has asked [`Self::check`] before.
    pub(super) fn event(&mut self, event: Event) {
        let next = match &self.pipeline {
            None => state::next(self.state.0, event).ok(),
            Some(_) => self.next_in_pipeline(event),
        };
        if let Some(next) = next {
            let before = std::mem::replace(&mut self.state.0, next);
            if self.is_traced() && before != next {
                self.tell_state(before);
            }
        }
    }

    /// Keeps the reason of a call that failed, unless [`Self::fail`] has. The handle is as it
    /// was before the call.
    #[cold]
    pub fn note(&mut self, e: &mut Error) {
        if !e.is_noted() {
            self.last_error = Some(Box::new(Record::of((**e).clone(), self.state.0)));
            if self.is_traced() {
                self.tell_refused(e);
            }
        }
    }

    /// A failure of the network, the peer or a callback: the connection is closed, and all
    /// of it that matters is written down.
    #[cold]
    pub(super) fn fail(&mut self, e: Error) -> Error {
        let mut e = self.fail_making(e);
        if self.live.is_none() {
            self.turn_to_oldest();
        }
        if self.wire.as_ref().is_some_and(Wire::is_cut) && e.tls_reason == 0 {
            e = e.with_tls_reason(Reason::Truncated as i32);
        }
        let facts = self.exchange_facts();
        let attempts = self.take_attempts(e.code);
        let live = self.live.as_ref();
        let record = Record {
            phase: match live.map(|l| &l.body) {
                Some(Body::Chunked(decoder)) if decoder.in_trailer() => Phase::Trailers,
                _ => self.exchange.phase,
            },
            resend: match live {
                Some(_) => Resend::No,
                None => Resend::decide(e.code, facts),
            },
            reused: facts.reused,
            http_status: match (live, &self.proxy_answer) {
                (Some(live), _) => live.status,
                (None, Some(answer)) if self.exchange.phase == Phase::Proxy => answer.status,
                (None, _) => 0,
            },
            sent: facts.sent,
            received: facts.received,
            body_received: live.map_or(0, |l| l.delivered),
            body_expected: live.and_then(|l| l.body.remaining()),
            idle_ms: self.exchange.idle_ms,
            attempts,
            ..Record::of((*e).clone(), self.state.0)
        };
        if self.is_traced() {
            self.tell_failed(&record);
        }
        if self.pipeline.is_some() {
            let own = self.live.is_none().then_some(&record);
            self.lose_queue(&record.fault, own, false);
        }
        self.last_error = Some(Box::new(record));
        self.lose_live(e.code);
        self.drop_connection();
        self.event(Event::Failed);
        e.set_noted();
        e
    }

    pub(super) fn exchange_facts(&self) -> Facts {
        // What the way to the origin took is no part of the exchange.
        let wire = self.wire.as_ref().filter(|_| self.exchange.started);
        let (sent, received) = wire.map_or((0, 0), |w| (w.traffic.sent, w.traffic.received));
        let sent = self.exchange.sent_end.map_or(sent, |end| sent.min(end));
        Facts {
            sent: sent.saturating_sub(self.exchange.sent_before),
            received: received.saturating_sub(self.exchange.received_before),
            reused: self.exchange.reused,
        }
    }

    /// `hc_connect`.
    pub fn connect(&mut self) -> Result<Step<()>> {
        self.check(Event::Connect, Pending::Connect)?;
        if self.pending == Pending::None {
            if self.wire.is_some() && self.making.is_none() {
                return Err(already_connected());
            }
            self.begin_exchange();
        }
        self.run(Pending::Connect, |c| {
            if (c.wire.is_none() || c.making.is_some())
                && let Step::Want(i) = c.open()?
            {
                return Ok(Step::Want(i));
            }
            // The end of a handshake, which would leave with a request.
            c.flush_wire()
        })
    }

    /// `hc_close`: legal in every state.
    pub fn close(&mut self) {
        if self.pipeline.is_some() {
            self.lose_queue(
                &Error::new(Code::HC_ERR_CLOSED, "hc_close was called"),
                None,
                false,
            );
        }
        self.drop_connection();
        self.aside = None;
        if let Some(cancel) = &self.cancel {
            cancel.reset();
        }
        self.event(Event::Close);
    }

    /// The connection is gone, and with it all that was under way on it.
    pub(super) fn drop_connection(&mut self) {
        self.lose_wire();
        self.lose_live(Code::HC_ERR_CLOSED);
        self.opening.since = None;
        self.dial = None;
        self.attempts = Vec::new();
        self.making = None;
        self.opening_due = Due::NEVER;
        self.tls_due = Deadline::NEVER;
        self.pending = Pending::None;
        self.want = None;
        self.has_answer = false;
        self.reader = HeadReader::default();
        self.upload = Upload::default();
        self.out.clear();
        if let Some(p) = &mut self.pipeline {
            p.reset();
        }
        self.exchange.phase = Phase::None;
        // What a sans-IO program has not sent belonged to that connection.
        self.output.clear();
        self.output_taken = 0;
    }

    /// `hc_abandon`: the same, but what carries the connection is left as it is for whoever
    /// shares it.
    pub fn abandon(&mut self) {
        self.settle();
        if let Some(wire) = self.aside.take() {
            wire.into_transport().abandon();
        }
        if let Some(wire) = self.wire.take() {
            wire.into_transport().abandon();
        }
        self.close();
    }
}
