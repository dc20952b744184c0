//! The one loop that makes blocking calls of steps. There is no other way through the
//! library: a non-blocking call is the same step, returned from instead of waited for.

use super::config::TimeoutKind;
use super::connection::{Connection, Pending};
use crate::error::{Code, Error, Result};
use crate::net::deadline::Deadline;
use crate::net::{Interest, Step, Waited};

impl Connection {
    /// Takes steps until the operation is done, fails, or would have to wait and may not.
    #[inline]
    pub(super) fn drive<T>(
        &mut self,
        mut step: impl FnMut(&mut Self) -> Result<Step<T>>,
    ) -> Result<Step<T>> {
        let mut given_up = None;
        loop {
            match step(self)? {
                Step::Done(value) => {
                    self.want = None;
                    return Ok(Step::Done(value));
                }
                Step::Want(interest) => {
                    self.want = Some(interest);
                    if self.tuning.nonblocking {
                        return Ok(Step::Want(interest));
                    }
                    // The step had its chance after that wait, and waits for the same again: the
                    // transport is believed, whatever our clock says.
                    let wait = Some((interest, self.next_deadline()));
                    if given_up == wait {
                        return Err(self.timed_out(interest));
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
    fn timed_out(&self, interest: Interest) -> Error {
        let kind = match (&self.dial, interest) {
            (Some(_), _) => TimeoutKind::Connect,
            (None, Interest::Read) => TimeoutKind::Read,
            (None, Interest::Write | Interest::Either) => TimeoutKind::Write,
        };
        Error::new(Code::HC_ERR_TIMEOUT, "waiting for the peer took too long")
            .with_timeout(kind as i32)
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
        !self.tuning.nonblocking && !self.upload.is_waiting_for_continue()
    }

    /// When something has to have happened, at the latest.
    pub(super) fn next_deadline(&self) -> Deadline {
        let stalled = match (&self.dial, &self.wire) {
            (Some(dial), _) => dial.deadline(),
            (None, Some(wire)) => wire.deadline(),
            (None, None) => Deadline::NEVER,
        };
        stalled.or_earlier(self.upload.continue_deadline())
    }

    fn wait(&mut self, interest: Interest) -> Result<Waited> {
        let ms = self.next_deadline().ms_left();
        match (&self.dial, &mut self.wire) {
            (Some(dial), _) => dial.wait(ms),
            (None, Some(wire)) => wire.transport().wait(interest, ms),
            (None, None) => Ok(Waited::Cannot),
        }
    }
}
