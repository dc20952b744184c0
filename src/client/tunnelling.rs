//! Asking a proxy for a way to the origin: CONNECT, and what becomes of its answer; SOCKS.

use std::io::IoSlice;
use std::sync::Arc;

use super::config::Tuning;
use super::connection::Connection;
use super::record::Phase;
use super::wire::{Receive, Wire};
use crate::error::{Code, Error, Result};
use crate::net::Step;
use crate::net::recorded::Recorded;
use crate::proto::body::{Body, Need};
use crate::proto::framing::{self, Deciding};
use crate::proto::head::{Head, HeadReader};
use crate::proto::request::RequestFacts;
use crate::proto::reuse::{self, CloseReason};
use crate::proto::socks::Socks;
use crate::proto::tunnel;

/// A tunnel that is being made.
#[derive(Debug, Default)]
pub struct Tunnelling {
    /// The CONNECT request.
    pub(super) request: Vec<u8>,
    sent: usize,
    reader: HeadReader,
    pub(super) head: Head,
    /// The bytes of the answer: its final head, then what follows that.
    raw: Vec<u8>,
    /// The answer is a refusal, and this is how its body stands.
    refusal: Option<Refusal>,
    /// The connection has served the proxy's answer to an earlier request.
    on_kept_wire: bool,
}

#[derive(Debug)]
struct Refusal {
    body: Body,
    /// May the connection serve another CONNECT?
    reason: CloseReason,
    /// Body bytes that have been read.
    read: u64,
}

/// What a proxy answered to CONNECT, kept to be read at leisure.
#[derive(Debug)]
pub struct ProxyAnswer {
    bytes: Arc<[u8]>,
    /// Why there is not more of it.
    end: Option<Error>,
    /// Its status.
    pub status: u16,
    is_tunnel: bool,
    tuning: Tuning,
}

impl ProxyAnswer {
    /// A connection on which nothing but this answer can be read, with the handle's tuning of
    /// that time.
    #[must_use]
    pub fn replay(&self) -> Connection {
        // A tunnel has no body, whatever its head says (RFC 9110 section 9.3.6): as with HEAD.
        let method: &[u8] = if self.is_tunnel { b"HEAD" } else { b"CONNECT" };
        let bytes = Arc::clone(&self.bytes);
        let transport = Box::new(Recorded::new(bytes, self.end.clone()));
        let mut replay = Connection::awaiting(transport, method);
        *replay.tuning_mut() = self.tuning;
        replay
    }
}

impl Tunnelling {
    /// Sends this request first.
    pub(super) fn new(request: Vec<u8>, on_kept_wire: bool) -> Self {
        Self {
            request,
            on_kept_wire,
            ..Self::default()
        }
    }

    /// The answer, if its head was read to its end.
    fn answer(&mut self, end: Option<&Error>, tuning: &Tuning) -> Option<Box<ProxyAnswer>> {
        let status = self.head.status;
        let is_tunnel = matches!(status, 200..=299);
        (self.refusal.is_some() || is_tunnel).then(|| {
            Box::new(ProxyAnswer {
                bytes: std::mem::take(&mut self.raw).into(),
                end: end.cloned(),
                status,
                is_tunnel,
                tuning: *tuning,
            })
        })
    }

    fn send(&mut self, wire: &mut Wire, tuning: &Tuning) -> Result<Step<()>> {
        while let Some(rest @ [_, ..]) = self.request.get(self.sent..) {
            match wire.write(&[IoSlice::new(rest)], false, tuning)? {
                Step::Done(n) => self.sent += n,
                Step::Want(i) => return Ok(Step::Want(i)),
            }
        }
        Ok(Step::Done(()))
    }

    /// Reads up to the final head. True: it is a tunnel.
    fn read_head(&mut self, wire: &mut Wire, tuning: &Tuning) -> Result<Step<bool>> {
        let limits = &tuning.limits;
        loop {
            let (bytes, eof) = (wire.received_bytes(), wire.is_at_eof());
            if !bytes.is_empty() || eof {
                let profile = wire.profile(tuning);
                let step = self
                    .reader
                    .advance(bytes, eof, limits, profile, &mut self.head);
                let progress = step?;
                let taken = bytes.get(..progress.used).unwrap_or_default();
                self.raw.try_reserve(taken.len())?;
                self.raw.extend_from_slice(taken);
                wire.take(progress.used);
                // 101 is no answer to CONNECT: it ends what could be HTTP, and makes no tunnel.
                if progress.done && self.head.status < 200 && self.head.status != 101 {
                    self.reader.next_head(limits)?;
                    self.raw.clear();
                    continue;
                }
                if progress.done {
                    return Ok(Step::Done(matches!(self.head.status, 200..=299)));
                }
            }
            if let Step::Want(i) = wire.fill(tuning, Receive::Now, Need::Line)? {
                return Ok(Step::Want(i));
            }
        }
    }

    /// How the body of the refusal is framed. One that cannot be known is not read; whoever
    /// reads the answer is told why.
    fn begin_refusal(&mut self, profile: crate::proto::Profile) {
        let request = RequestFacts::of_method(b"CONNECT", 11);
        let found = Deciding::find(&self.head.fields);
        self.refusal = Some(
            match framing::of_response(&self.head, &found, &request, profile) {
                Ok(framed) => Refusal {
                    body: Body::new(framed.framing),
                    reason: reuse::decide(&self.head, &found, &framed, &request),
                    read: 0,
                },
                Err(_) => Refusal {
                    body: Body::Done,
                    reason: CloseReason::AmbiguousFraming,
                    read: 0,
                },
            },
        );
    }
}

impl Refusal {
    /// Reads the body into `raw`, as far as the budget goes.
    fn read_body(
        &mut self,
        raw: &mut Vec<u8>,
        wire: &mut Wire,
        tuning: &Tuning,
    ) -> Result<Step<()>> {
        let (limits, profile) = (&tuning.limits, tuning.profile);
        let mut sink = [0; 2048];
        while !self.body.is_done() {
            let left = limits.drain.saturating_sub(self.read);
            let most = usize::try_from(left).unwrap_or(sink.len()).min(sink.len());
            let room = sink.get_mut(..most).unwrap_or_default();
            let bytes = wire.received_bytes();
            let (used, made) = self.body.take(bytes, room, limits, profile)?;
            let taken = bytes.get(..used).unwrap_or_default();
            raw.try_reserve(taken.len())?;
            raw.extend_from_slice(taken);
            wire.take(used);
            self.read += made as u64;
            if used > 0 || self.body.is_done() {
                continue;
            }
            if most == 0 && !self.body.peek(wire.received_bytes()).is_empty() {
                return Err(Error::new(
                    Code::HC_ERR_LIMIT,
                    "the proxy's answer is longer than HC_LIMIT_DRAIN",
                ));
            }
            match wire.fill(tuning, Receive::Now, self.body.need())? {
                Step::Want(i) => return Ok(Step::Want(i)),
                Step::Done(0) => self.body.ended(self.read, wire.profile(tuning))?,
                Step::Done(_) => {}
            }
        }
        Ok(Step::Done(()))
    }
}

impl Connection {
    /// `hc_get_proxy_response`: what the proxy answered to the last CONNECT.
    #[must_use]
    pub fn proxy_answer(&self) -> Option<&ProxyAnswer> {
        self.proxy_answer.as_deref()
    }

    /// Goes on with the making of a tunnel: done when it is there. A refusal is read to its end
    /// first, so that the program can read it and the connection be used again.
    pub(super) fn step_tunnel(&mut self, t: &mut Tunnelling) -> Result<Step<()>> {
        let Some(wire) = &mut self.wire else {
            return Err(super::opening::not_connected());
        };
        let tuning = &self.tuning;
        self.exchange.phase = Phase::Proxy;
        if let Step::Want(i) = t.send(wire, tuning)? {
            return Ok(Step::Want(i));
        }
        if t.refusal.is_none() {
            match t.read_head(wire, tuning)? {
                Step::Want(i) => return Ok(Step::Want(i)),
                Step::Done(false) => t.begin_refusal(tuning.profile),
                Step::Done(true) => {
                    self.proxy_answer = t.answer(None, tuning);
                    tunnel::judge(t.head.status, t.head.reason(), tuning.profile)?;
                    check_silent(wire)?;
                    return Ok(Step::Done(()));
                }
            }
        }
        let Some(refusal) = &mut t.refusal else {
            return Ok(Step::Done(()));
        };
        let end = match refusal.read_body(&mut t.raw, wire, tuning) {
            Ok(Step::Want(i)) => return Ok(Step::Want(i)),
            Ok(Step::Done(())) => None,
            // Whoever reads the answer meets this where it broke off.
            Err(e) => Some(e),
        };
        let reason = refusal.reason;
        let is_silent = wire.received_bytes().is_empty() && !wire.is_at_eof();
        if end.is_none() && reason == CloseReason::Kept && is_silent {
            wire.served += 1;
            wire.idle = crate::net::deadline::Stopwatch::start();
            self.aside = self.wire.take().map(Box::new);
        }
        self.proxy_answer = t.answer(end.as_ref(), &self.tuning);
        Err(tunnel::refused(t.head.status, t.head.reason()))
    }

    /// The tunnel will not be finished, for a reason that lies elsewhere: what has come of a
    /// refusal is kept all the same.
    pub(super) fn give_up_tunnel(&mut self, t: &mut Tunnelling, why: &Error) {
        if self.proxy_answer.is_none() {
            self.proxy_answer = t.answer(Some(why), &self.tuning);
        }
    }

    /// Did a kept connection to the proxy turn out to be dead? Nothing but CONNECT was sent on
    /// it, so a new one may take its place.
    pub(super) fn was_dead(t: &Tunnelling, e: &Error) -> bool {
        t.on_kept_wire
            && !t.reader.has_begun()
            && matches!(
                e.code,
                Code::HC_ERR_REMOTE_DISCONNECTED | Code::HC_ERR_SEND | Code::HC_ERR_RECV
            )
    }

    /// Goes on with a conversation with a SOCKS proxy.
    pub(super) fn step_socks(&mut self, socks: &mut Socks) -> Result<Step<()>> {
        let Some(wire) = &mut self.wire else {
            return Err(super::opening::not_connected());
        };
        let tuning = &self.tuning;
        self.exchange.phase = Phase::Proxy;
        loop {
            while let rest @ [_, ..] = socks.output() {
                match wire.write(&[IoSlice::new(rest)], false, tuning)? {
                    Step::Done(n) => socks.sent(n),
                    Step::Want(i) => return Ok(Step::Want(i)),
                }
            }
            let (used, is_there) = socks.advance(wire.received_bytes(), wire.is_at_eof())?;
            wire.take(used);
            if is_there {
                check_silent(wire)?;
                return Ok(Step::Done(()));
            }
            if socks.output().is_empty()
                && let Step::Want(i) = wire.fill(tuning, Receive::Now, Need::Bytes(1))?
            {
                return Ok(Step::Want(i));
            }
        }
    }
}

/// Whoever speaks first at the far end is not told from the proxy, and what he says is no answer
/// to what will be asked. A look at the socket costs a system call for each tunnel; a transport
/// that the program gave may have brought its answer along.
fn check_silent(wire: &mut Wire) -> Result<()> {
    let is_silent = wire.received_bytes().is_empty()
        && !wire.is_at_eof()
        && (!wire.is_ours || wire.transport().is_silent());
    if is_silent {
        return Ok(());
    }
    Err(Error::new(
        Code::HC_ERR_PROXY,
        "the proxy sent bytes, or hung up, before anything was asked through it",
    ))
}
