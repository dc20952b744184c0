//! A server that answers before it has read the request to its end, and what that means for
//! whoever is still sending.

use super::connection::Connection;
use super::wire::Receive;
use crate::error::{Code, Error, Result};
use crate::net::{Interest, Step};

impl Connection {
    /// Has the server answered? Receives what there is, without waiting.
    pub(super) fn look_for_answer(&mut self) -> Result<bool> {
        if self.is_answer_behind() {
            return Ok(false);
        }
        Ok(self.has_answer || self.step_answer(Receive::InPassing)? == Step::Done(()))
    }

    /// In front of it may stand a response that is unread, or answers to earlier requests.
    fn is_answer_behind(&self) -> bool {
        self.live.is_some()
            || self.has_queue()
            || self.wire.as_ref().is_some_and(|w| w.debt.is_some())
    }

    /// What sending has come to, with a look at what the server says: an answer is worth more than
    /// a failure, and there is no point in waiting for room behind it. `Done(None)`: it has
    /// answered.
    #[inline]
    pub(super) fn unless_answered<T>(&mut self, sent: Result<Step<T>>) -> Result<Step<Option<T>>> {
        match sent {
            Ok(Step::Done(value)) => Ok(Step::Done(Some(value))),
            Ok(Step::Want(Interest::Write)) => Ok(match self.await_room_or_answer()? {
                Step::Done(()) => Step::Done(None),
                Step::Want(i) => Step::Want(i),
            }),
            Ok(Step::Want(i)) => Ok(Step::Want(i)),
            Err(e) => self.salvage(e).map(|_| Step::Done(None)),
        }
    }

    /// Done: it has answered.
    #[cold]
    pub(super) fn await_room_or_answer(&mut self) -> Result<Step<()>> {
        if self.look_for_answer()? {
            return Ok(Step::Done(()));
        }
        // What stands in front of it is read by others, and would end the wait at once.
        Ok(Step::Want(if self.is_answer_behind() {
            Interest::Write
        } else {
            Interest::Either
        }))
    }

    /// Sending failed. If the server has said something before it closed, that is worth more
    /// than the failure: the request counts as sent, and `hc_getresponse` gives the answer.
    pub(super) fn salvage(&mut self, e: Error) -> Result<Step<()>> {
        if e.code == Code::HC_ERR_SEND {
            let phase = self.exchange.phase;
            match self.look_for_answer() {
                Ok(true) => {
                    self.out.clear_block();
                    return Ok(Step::Done(()));
                }
                // A server that refuses what TLS 1.3 has shown of us says so in place of an answer.
                Err(why) if why.tls_reason != 0 => return Err(why),
                _ => {}
            }
            self.exchange.phase = phase;
        }
        Err(e)
    }
}
