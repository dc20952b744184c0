//! The one loop that makes blocking calls of steps. There is no other way through the
//! library: a non-blocking call is the same step, returned from instead of waited for.

use super::connection::{Connection, Pending};
use super::timeouts::{Due, TimeoutKind, timed_out};
use super::wire::Wire;
use crate::error::{Code, Error, Result};
use crate::net::deadline::Deadline;
use crate::net::dial::Dial;
use crate::net::{Interest, Step, Waited};

impl Connection {
    /// Takes steps until the operation is done, fails, or would have to wait and may not.
    #[inline]
    pub(super) fn drive<T>(
        &mut self,
        step: impl FnMut(&mut Self) -> Result<Step<T>>,
    ) -> Result<Step<T>> {
        self.drive_until(self.exchange.total, step)
    }

    /// The same with a deadline of its own: the body of a response is read within the time of
    /// its request, while the next one may be on its way.
    #[inline]
    pub(super) fn drive_until<T>(
        &mut self,
        total: Deadline,
        step: impl FnMut(&mut Self) -> Result<Step<T>>,
    ) -> Result<Step<T>> {
        self.total = total;
        if let Some(wire) = &mut self.wire {
            wire.clocks.total = total;
        }
        if self.tuning.min_speed.is_set() {
            return self.drive_at_speed(step);
        }
        self.take_steps(step)
    }

    /// The same, while it is measured how long the peer has the floor.
    #[cold]
    fn drive_at_speed<T>(
        &mut self,
        step: impl FnMut(&mut Self) -> Result<Step<T>>,
    ) -> Result<Step<T>> {
        if let Some(wire) = &mut self.wire {
            wire.clocks.resume();
        }
        let taken = self.take_steps(step);
        if let (Ok(Step::Done(_)), Some(wire)) = (&taken, &mut self.wire) {
            wire.clocks.pause();
        }
        taken
    }

    #[inline]
    fn take_steps<T>(
        &mut self,
        mut step: impl FnMut(&mut Self) -> Result<Step<T>>,
    ) -> Result<Step<T>> {
        let mut given_up = None;
        // A request to cancel that came before is not lost: the step might wait for ever.
        if self.is_cancelled() {
            return Err(cancelled());
        }
        loop {
            let taken = step(self);
            // What a step made of a wire that was shut down under its hands is not looked at.
            if self.is_cancelled() {
                return Err(cancelled());
            }
            match taken? {
                Step::Done(value) => {
                    self.want = None;
                    return Ok(Step::Done(value));
                }
                Step::Want(interest) => {
                    self.want = Some(interest);
                    if self.is_traced() {
                        self.tell_wait(interest);
                    }
                    // A dial keeps the time itself: it has to say which address took it.
                    if self.dial.is_none() && self.total.has_passed() {
                        return Err(timed_out(TimeoutKind::Total));
                    }
                    if self.tuning.nonblocking {
                        return Ok(Step::Want(interest));
                    }
                    // The step had its chance after that wait, and waits for the same again: the
                    // transport is believed, whatever our clock says.
                    let wait = Some((interest, self.next_deadline()));
                    if given_up == wait {
                        return Err(self.gave_up(interest));
                    }
                    match self.wait(interest)? {
                        Waited::Ready => {}
                        Waited::TimedOut => given_up = wait,
                        Waited::Cannot => return Ok(Step::Want(interest)),
                    }
                }
            }
        }
    }

    #[cold]
    fn gave_up(&self, interest: Interest) -> Error {
        let due = self.next_due();
        timed_out(match interest {
            _ if due.at.is_set() => due.kind,
            _ if self.is_opening() => TimeoutKind::Connect,
            Interest::Read => TimeoutKind::Read,
            Interest::Write | Interest::Either => TimeoutKind::Write,
        })
    }

    /// The same for an operation that has to be finished before another begins; its failure
    /// closes the connection.
    #[inline]
    pub(super) fn run<T>(
        &mut self,
        pending: Pending,
        step: impl FnMut(&mut Self) -> Result<Step<T>>,
    ) -> Result<Step<T>> {
        match self.drive(step) {
            Ok(Step::Done(value)) => {
                self.pending = Pending::None;
                Ok(Step::Done(value))
            }
            Ok(Step::Want(i)) => {
                self.pending = pending;
                Ok(Step::Want(i))
            }
            Err(e) => Err(self.fail(e)),
        }
    }

    /// May a receive wait inside the transport? Not when the answer to "what now" depends on
    /// a clock of ours.
    #[inline]
    pub(super) fn is_patient(&self) -> bool {
        !self.tuning.nonblocking && !self.upload.is_waiting_for_continue() && !self.is_deaf()
    }

    /// When something has to happen, at the latest: a failure, or going on without it.
    pub(super) fn next_deadline(&self) -> Deadline {
        let turn = self.dial.as_deref().map_or(Deadline::NEVER, Dial::wake_up);
        self.next_due()
            .at
            .or_earlier(turn)
            .or_earlier(self.upload.continue_deadline())
    }

    /// When the call under way fails.
    fn next_due(&self) -> Due {
        let due = match (&self.dial, &self.wire) {
            (None, Some(wire)) => wire.due(),
            _ => Due::NEVER,
        };
        due.or_earlier(self.opening_due.at, self.opening_due.kind)
            .or_earlier(self.tls_due, TimeoutKind::Tls)
            .or_earlier(self.total, TimeoutKind::Total)
    }

    #[inline]
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.as_ref().is_some_and(|c| c.is_requested())
    }

    /// Could hc_cancel not end a wait inside the transport?
    pub(super) fn is_deaf(&self) -> bool {
        self.cancel.is_some() && self.wire.as_ref().is_some_and(Wire::is_deaf)
    }

    fn wait(&mut self, interest: Interest) -> Result<Waited> {
        let ms = self.next_deadline().ms_left();
        // By a clock of the program's own the time between two looks would be no time, and there
        // would be no end of them.
        let is_deaf = self.clock.is_none() && self.is_deaf();
        match (&mut self.dial, &mut self.wire) {
            (Some(dial), _) => dial.wait(ms, self.cancel.as_ref()),
            (None, Some(wire)) => {
                let piece = match ms {
                    _ if !is_deaf => ms,
                    0.. => ms.min(LOOK_MS),
                    _ => LOOK_MS,
                };
                match wire.transport().wait(interest, piece)? {
                    Waited::TimedOut if piece != ms => Ok(Waited::Ready),
                    waited => Ok(waited),
                }
            }
            (None, None) => Ok(Waited::Cannot),
        }
    }
}

/// How often a wait that nobody can end looks whether it should: the limit that hc_cancel
/// promises.
pub(super) const LOOK_MS: i64 = 10;

#[cold]
pub(super) fn cancelled() -> Error {
    Error::new(Code::HC_ERR_CANCELLED, "hc_cancel was called")
}
