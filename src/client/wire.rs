//! An open connection: the transport, the one buffer for what arrives, and what is known of
//! its past. It belongs to the connection handle, or to the response that took it along.

use std::sync::Arc;

use super::clocks::{Clocks, Moved};
use super::config::{Timeouts, Tuning};
use super::fitness::Fitness;
use super::stats::Traffic;
use super::timeouts::Due;
use crate::error::{Code, Error, Result};
use crate::net::cancel::{Cancel, Published, Way};
use crate::net::deadline::Stopwatch;
use crate::net::tls::agreed::Agreed;
use crate::net::{Interest, Patience, Step, Transport, Waited};
use crate::proto::Profile;
use crate::proto::body::{Body, Need};

/// Enough for most heads and small bodies, and little enough for a connection that is kept.
const FIRST_SIZE: usize = 4 * 1024;
/// A body that streams through the buffer makes it grow this far: fewer receives, and still
/// within the second-level cache.
const STREAM_SIZE: usize = 64 * 1024;

/// How a receive treats a peer that has sent nothing yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receive {
    /// It may wait inside the transport, if that costs nothing.
    Patiently,
    /// It returns at once; the time that passes counts towards the read timeout.
    Now,
    /// It returns at once, and nobody was waiting for it: no timeout counts.
    InPassing,
}

/// See the module.
pub struct Wire {
    /// Before the transport, which closes the descriptor.
    pub(super) published: Option<Published>,
    transport: Box<dyn Transport>,
    buf: Vec<u8>,
    start: usize,
    end: usize,
    eof: bool,
    is_frugal: bool,
    /// The transport takes more than it can send at once.
    holds_back: bool,
    /// It may have something to send.
    holding: bool,
    /// We have opened it ourselves.
    pub is_ours: bool,
    /// The last receive filled the buffer: the peer has more than it holds.
    overflowing: bool,
    /// What limits the time.
    pub clocks: Clocks,
    /// Bytes since the connection was opened.
    pub traffic: Traffic,
    /// Exchanges that were completed on it.
    pub served: u64,
    /// Since when nothing is going on.
    pub idle: Stopwatch,
    /// Since when there is a connection.
    pub born: Stopwatch,
    /// The program has sent bytes of its own on it, which nobody knows the answer to.
    pub is_raw: bool,
    /// A body that nobody reads any more and that stands before the next head.
    pub debt: Option<Box<Body>>,
    drained: u64,
    /// What the transport counted when last it took no more.
    departed: u64,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire")
            .field("fd", &self.fd())
            .field("served", &self.served)
            .finish_non_exhaustive()
    }
}

impl Wire {
    /// An open connection that has seen nothing.
    #[must_use]
    pub fn new(transport: Box<dyn Transport>, cancel: Option<&Arc<Cancel>>) -> Self {
        let born = Stopwatch::start();
        Self {
            published: cancel.and_then(|c| c.publish(transport.fd()?, Way::Shutdown)),
            is_frugal: transport.is_frugal(),
            holds_back: false,
            holding: false,
            is_ours: false,
            transport,
            buf: Vec::new(),
            start: 0,
            end: 0,
            eof: false,
            overflowing: false,
            clocks: Clocks::default(),
            traffic: Traffic::default(),
            served: 0,
            idle: born,
            born,
            is_raw: false,
            debt: None,
            drained: 0,
            departed: 0,
        }
    }

    /// What has been received and not been taken.
    #[inline]
    #[must_use]
    pub fn received_bytes(&self) -> &[u8] {
        self.buf.get(self.start..self.end).unwrap_or_default()
    }

    /// The same in front of the room behind it, and how many of it have been received.
    #[inline]
    #[must_use]
    pub fn received_in_room(&self) -> (&[u8], usize) {
        let room = self.buf.get(self.start..).unwrap_or_default();
        (room, self.end - self.start)
    }

    /// Takes so many of them.
    #[inline]
    pub fn take(&mut self, n: usize) {
        self.start = (self.start + n).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Nothing has been received that was not taken, and nothing is owed.
    #[inline]
    #[must_use]
    pub(super) fn is_at_rest(&self) -> bool {
        self.start == self.end && self.debt.is_none()
    }

    /// Exchanges the buffer for another, unless there is something in it.
    #[inline]
    pub(super) fn swap_buffer(&mut self, other: &mut Vec<u8>) {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            self.overflowing = false;
            std::mem::swap(&mut self.buf, other);
        }
    }

    #[cfg(test)]
    pub(super) fn buffer_size(&self) -> usize {
        self.buf.capacity()
    }

    /// The buffer of one that is given up.
    pub(super) fn take_buffer(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.buf)
    }

    /// Has the peer ended the stream?
    #[must_use]
    pub fn is_at_eof(&self) -> bool {
        self.eof
    }

    /// Has the stream ended in a way that the peer may not have meant, as far as TLS can tell?
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.eof && !self.transport.ended_cleanly()
    }

    /// What is accepted of the peer, now that the stream may have ended.
    #[must_use]
    pub fn profile(&self, tuning: &Tuning) -> Profile {
        if self.is_cut() {
            tuning.profile.when_cut()
        } else {
            tuning.profile
        }
    }

    /// When whatever is being waited for has to have come.
    #[must_use]
    pub fn due(&self) -> Due {
        self.clocks.due()
    }

    /// The transport, for waiting.
    pub fn transport(&mut self) -> &mut dyn Transport {
        &mut *self.transport
    }

    /// Does a wait on its descriptor have to be cut into pieces, because nothing would end it?
    /// A callback of the program cannot be woken at all.
    #[must_use]
    pub fn is_deaf(&self) -> bool {
        self.published.is_none() && self.transport.fd().is_some()
    }

    /// Its descriptor.
    #[must_use]
    pub fn fd(&self) -> Option<std::os::fd::RawFd> {
        self.transport.fd()
    }

    /// Makes the transport ready to carry bytes.
    pub fn establish(&mut self, patience: Patience) -> Result<Step<()>> {
        let step = self.transport.establish(patience)?;
        self.holding = self.holds_back;
        Ok(step)
    }

    /// What was agreed on, if it is TLS.
    #[must_use]
    pub fn agreed(&self) -> Option<&Arc<Agreed>> {
        self.transport.agreed()
    }

    /// Puts another transport over the one that there is.
    pub fn wrap(
        &mut self,
        over: impl FnOnce(Box<dyn Transport>) -> Result<Box<dyn Transport>>,
    ) -> Result<()> {
        let inner = std::mem::replace(&mut self.transport, Box::new(Nothing));
        self.transport = over(inner)?;
        self.is_frugal = self.transport.is_frugal();
        self.holds_back = true;
        Ok(())
    }

    /// Gives the transport away.
    #[must_use]
    pub fn into_transport(self) -> Box<dyn Transport> {
        drop(self.published);
        self.transport
    }

    /// Receives into the buffer. `Done(0)` is the end of the stream.
    /// `need` binds a frugal transport.
    pub fn fill(&mut self, tuning: &Tuning, how: Receive, need: Need) -> Result<Step<usize>> {
        if self.eof {
            return Ok(Step::Done(0));
        }
        self.make_room()?;
        let patience = self.patience(tuning, how)?;
        let room = self.buf.get_mut(self.end..).unwrap_or_default();
        let most = room.len();
        let step = if self.is_frugal {
            match need {
                Need::Line => self.transport.read_line(room)?,
                Need::Bytes(n) => {
                    let n = usize::try_from(n).unwrap_or(most).min(most);
                    self.transport
                        .read(room.get_mut(..n).unwrap_or_default(), patience)?
                }
            }
        } else {
            self.transport.read(room, patience)?
        };
        match step {
            Step::Done(n) => {
                self.arrived(n, most)?;
                self.end += n;
                self.overflowing = n == most;
                Ok(Step::Done(n))
            }
            Step::Want(i) if how == Receive::InPassing => Ok(Step::Want(i)),
            Step::Want(_) => self.not_yet(Interest::Read, tuning),
        }
    }

    /// Receives straight into the caller's buffer, with nothing waiting in ours. `last`:
    /// these are all the bytes that the message has left; what comes behind them lands in
    /// the buffer, where it is seen before the connection is used again.
    pub fn read_direct(
        &mut self,
        out: &mut [u8],
        last: bool,
        tuning: &Tuning,
        how: Receive,
    ) -> Result<Step<usize>> {
        if self.eof {
            return Ok(Step::Done(0));
        }
        let patience = self.patience(tuning, how)?;
        let first = out.len();
        let step = if last {
            self.make_room()?;
            self.transport.read_two(out, &mut self.buf, patience)?
        } else {
            self.transport.read(out, patience)?
        };
        match step {
            Step::Done(n) => {
                self.arrived(n, first + if last { self.buf.len() } else { 0 })?;
                self.end = n.saturating_sub(first);
                Ok(Step::Done(n.min(first)))
            }
            Step::Want(_) => self.not_yet(Interest::Read, tuning),
        }
    }

    /// Sends some of the bytes.
    pub fn write(
        &mut self,
        parts: &[std::io::IoSlice<'_>],
        more: bool,
        tuning: &Tuning,
    ) -> Result<Step<usize>> {
        self.clocks.check()?;
        match self.transport.write(parts, more)? {
            Step::Done(n) => {
                let most: usize = parts.iter().map(|p| p.len()).sum();
                if n > most || (n == 0 && most > 0) {
                    return Err(impossible_count());
                }
                self.traffic.sent += n as u64;
                self.holding = self.holds_back;
                self.clocks.moved();
                Ok(Step::Done(n))
            }
            Step::Want(_) => self.not_taken(tuning),
        }
    }

    /// Is there something that was taken to be sent and may not have left?
    #[must_use]
    pub fn is_holding(&self) -> bool {
        self.holding
    }

    /// Sends what the transport has taken and holds back.
    #[inline]
    pub fn flush(&mut self, tuning: &Tuning) -> Result<Step<()>> {
        if !self.holding {
            return Ok(Step::Done(()));
        }
        match self.transport.flush()? {
            Step::Done(()) => {
                self.holding = false;
                Ok(Step::Done(()))
            }
            Step::Want(_) => self.not_taken(tuning),
        }
    }

    /// The peer takes no more for now. It may have taken something of what was held back.
    fn not_taken<T>(&mut self, tuning: &Tuning) -> Result<Step<T>> {
        let departed = self.transport.departed();
        if departed != self.departed {
            self.departed = departed;
            self.clocks.moved();
        }
        self.not_yet(Interest::Write, tuning)
    }

    /// Sends from a file; `None` when this transport cannot.
    pub fn send_file(
        &mut self,
        fd: i32,
        offset: u64,
        most: u64,
        tuning: &Tuning,
    ) -> Option<Result<Step<u64>>> {
        if let Err(e) = self.clocks.check() {
            return Some(Err(e));
        }
        match self.transport.send_file(fd, offset, most)? {
            Ok(Step::Done(n)) => {
                self.traffic.sent += n;
                self.clocks.moved();
                Some(Ok(Step::Done(n)))
            }
            Ok(Step::Want(_)) => Some(self.not_yet(Interest::Write, tuning)),
            Err(e) => Some(Err(e)),
        }
    }

    /// A kept connection is about to be used again after so long: is it as silent as it has to
    /// be, with nothing left of earlier responses?
    #[inline]
    pub fn fitness(&mut self, idle_ms: i64, tuning: &Tuning) -> Fitness {
        if !self.pay_debt_at_once(tuning) {
            return Fitness::Unread;
        }
        if self.start != self.end {
            return Fitness::Unasked;
        }
        if self.eof {
            return Fitness::Ended;
        }
        // A transport that the program gave may have brought its answer along.
        if self.served == 0 && !self.is_ours {
            return Fitness::Unchecked;
        }
        let Timeouts { idle, age, .. } = tuning.timeouts;
        if idle >= 0 && idle_ms >= idle {
            return Fitness::Idle;
        }
        if age >= 0 && self.born.ms() >= age {
            return Fitness::Old;
        }
        if self.served > 0 && self.served >= tuning.limits.requests {
            return Fitness::Spent;
        }
        let threshold = tuning.timeouts.reuse_check;
        if threshold < 0 || idle_ms < threshold {
            Fitness::Unchecked
        } else if self.transport.is_silent() {
            Fitness::Silent
        } else {
            Fitness::NotSilent
        }
    }

    /// Gets a body that nobody reads out of the way, without waiting and within the budget.
    /// False: it is still there, and the connection is no good for another request.
    pub fn pay_debt_at_once(&mut self, tuning: &Tuning) -> bool {
        self.debt.is_none()
            || matches!(
                self.pay_debt(tuning, Receive::InPassing),
                Ok(Step::Done(()))
            )
    }

    /// The same, a step at a time, for an answer that stands behind the body.
    #[inline]
    pub fn pay_debt(&mut self, tuning: &Tuning, how: Receive) -> Result<Step<()>> {
        if self.debt.is_none() {
            return Ok(Step::Done(()));
        }
        self.skip_debt(tuning, how)
    }

    fn skip_debt(&mut self, tuning: &Tuning, how: Receive) -> Result<Step<()>> {
        let mut sink = [0; 2048];
        while let Some(mut body) = self.debt.take() {
            let taken = body.take(
                self.received_bytes(),
                &mut sink,
                &tuning.limits,
                tuning.profile,
            );
            let (used, made) = taken?;
            self.take(used);
            self.drained += made as u64;
            if body.is_done() {
                self.drained = 0;
                self.served += 1;
                return Ok(Step::Done(()));
            }
            if self.drained > tuning.limits.drain {
                return Err(Error::new(
                    Code::HC_ERR_LIMIT,
                    "the response given up unread is too long to skip",
                ));
            }
            if used > 0 {
                self.debt = Some(body);
                continue;
            }
            let step = self.fill(tuning, how, body.need());
            if let Ok(Step::Done(0)) = step {
                body.ended(self.drained, self.profile(tuning))?;
                continue;
            }
            self.debt = Some(body);
            if let Step::Want(i) = step? {
                return Ok(Step::Want(i));
            }
        }
        Ok(Step::Done(()))
    }

    #[inline]
    fn patience(&mut self, tuning: &Tuning, how: Receive) -> Result<Patience> {
        if how == Receive::InPassing {
            return Ok(Patience::None);
        }
        self.clocks.check()?;
        Ok(self.clocks.patience(tuning, how, self.traffic.received))
    }

    fn arrived(&mut self, n: usize, most: usize) -> Result<()> {
        if n > most {
            return Err(impossible_count());
        }
        if n == 0 {
            if self.published.as_ref().is_some_and(Published::was_felt) {
                return Err(super::drive::cancelled());
            }
            self.eof = true;
        }
        self.traffic.received += n as u64;
        self.clocks.arrived();
        Ok(())
    }

    /// A step cannot go on: has it waited too long already?
    fn not_yet<T>(&mut self, interest: Interest, tuning: &Tuning) -> Result<Step<T>> {
        let moved = || Moved {
            received: self.traffic.received,
            sent: (interest != Interest::Read)
                .then(|| self.traffic.sent.saturating_sub(self.transport.unsent())),
        };
        self.clocks.not_yet(interest, tuning, moved)?;
        Ok(Step::Want(interest))
    }

    /// Many answers are about to arrive: room for so many bytes, if nothing is in the buffer.
    pub(super) fn widen(&mut self, size: usize) -> Result<()> {
        if self.start == self.end && self.buf.len() < size {
            self.grow_to(size)?;
        }
        Ok(())
    }

    fn make_room(&mut self) -> Result<()> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            if self.buf.is_empty() {
                self.grow_to(FIRST_SIZE)?;
            } else if self.overflowing && self.buf.len() < STREAM_SIZE {
                self.grow_to(STREAM_SIZE)?;
            }
        } else if self.end == self.buf.len() {
            if self.start > 0 {
                self.buf.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            } else {
                self.grow_to(self.buf.len() * 2)?;
            }
        }
        Ok(())
    }

    fn grow_to(&mut self, size: usize) -> Result<()> {
        self.buf
            .try_reserve_exact(size.saturating_sub(self.buf.len()))?;
        self.buf.resize(size, 0);
        Ok(())
    }
}

/// In place of a transport that is being wrapped.
struct Nothing;

impl Transport for Nothing {
    fn read(&mut self, _: &mut [u8], _: Patience) -> Result<Step<usize>> {
        Ok(Step::Done(0))
    }

    fn write(&mut self, _: &[std::io::IoSlice<'_>], _: bool) -> Result<Step<usize>> {
        Err(Error::new(Code::HC_ERR_SEND, "the connection is gone"))
    }

    fn wait(&mut self, _: Interest, _: i64) -> Result<Waited> {
        Ok(Waited::Cannot)
    }

    fn fd(&self) -> Option<std::os::fd::RawFd> {
        None
    }

    fn is_silent(&mut self) -> bool {
        false
    }
}

#[cold]
fn impossible_count() -> Error {
    Error::new(
        Code::HC_ERR_INTERNAL,
        "the transport reported a count that cannot be",
    )
}
