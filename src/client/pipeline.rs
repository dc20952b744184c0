//! The queue of a connection that pipelines: requests that were sent, in order, and whose answers
//! have not been asked for; and the bytes of them that wait to be sent together.
//!
//! It is the state machine with a queue in front of it. The machine's own request, the one that a
//! call builds, sends or has sent last, is the newest; those in front of it have nothing more to
//! do but to be answered. What a request needs for that is in [`Asked`].

use std::collections::VecDeque;

use super::connection::Exchange;
use super::record::{Facts, Record, Resend};
use crate::error::{Code, Error, Fault, Result};
use crate::proto::request::RequestFacts;
use crate::proto::state::State;

/// So many requests may be unanswered at most.
pub const DEEPEST: u32 = 1024;
/// A body that is sent before earlier requests are answered has to be in memory with them: while
/// it left in pieces, a server that is not read from would stop reading.
pub const MOST_BODY: u64 = 64 * 1024;
/// So many bytes are sent without waiting for more of them.
pub(super) const ENOUGH: usize = 16 * 1024;

/// A request that waits for its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// What of it matters for reading the answer.
    pub facts: RequestFacts,
    /// Its figures and its deadline, until it is its turn.
    pub exchange: Exchange,
    /// Where it begins and ends among all bytes that are sent on the connection.
    pub begin: u64,
    /// See `begin`.
    pub end: u64,
    /// So many of them are its head.
    pub head: usize,
    /// Whoever listens has been told that it was sent.
    pub told: bool,
}

/// A request whose connection ended before it was answered.
#[derive(Clone, Debug)]
pub struct Lost {
    /// Its number among the requests of the handle.
    pub id: u64,
    /// What is known of it.
    pub record: Record,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Pipeline {
    /// So many requests may be unanswered.
    pub(super) depth: u32,
    /// Methods that are not idempotent too.
    pub(super) any_method: bool,
    /// Unanswered requests, the oldest first.
    pub(super) queue: VecDeque<Asked>,
    /// The newest of them is the machine's own.
    pub(super) has_newest: bool,
    /// The figures of the oldest are the connection's `exchange`.
    pub(super) is_turned: bool,
    /// The request that was closed last goes with the gathered ones.
    pub(super) gathers: bool,
    /// It stands behind others on an open connection.
    pub(super) is_behind: bool,
    /// Its body, framed, and how many bytes it has without its framing.
    pub(super) staged: Vec<u8>,
    pub(super) staged_body: u64,
    /// Requests that were gathered, and how much of them was sent.
    pub(super) out: Vec<u8>,
    pub(super) sent: usize,
    /// Why nothing more can be sent.
    pub(super) broken: Option<Error>,
    /// What the connection that ended last has left unanswered.
    pub(super) lost: Vec<Lost>,
}

impl Asked {
    /// Bytes of it that are among the first `sent` ones of the connection.
    pub(super) fn sent_of(&self, sent: u64) -> u64 {
        sent.clamp(self.begin, self.end) - self.begin
    }
}

impl Pipeline {
    /// Bytes that wait to be sent.
    pub(super) fn unsent(&self) -> usize {
        self.out.len() - self.sent
    }

    /// Has it nothing to remember?
    pub(super) fn is_at_rest(&self) -> bool {
        self.queue.is_empty() && self.lost.is_empty() && self.out.is_empty()
    }

    /// How many requests are unanswered, the machine's own included.
    #[inline]
    pub(super) fn unanswered(&self, state: State) -> usize {
        self.queue.len() + usize::from(is_sent(state) && !self.has_newest)
    }

    /// Are there some before the machine's own?
    #[inline]
    pub(super) fn is_waited_for(&self) -> bool {
        self.queue.len() > usize::from(self.has_newest)
    }

    /// Room for the request and the one before it, and for saying what has become of them: what
    /// follows cannot fail.
    pub(super) fn reserve(&mut self, bytes: usize) -> Result<()> {
        let most_lost = self.queue.len() + 2;
        if self.lost.capacity() < most_lost {
            self.lost
                .try_reserve(most_lost - self.lost.len().min(most_lost))?;
        }
        if self.queue.capacity() - self.queue.len() < 2 {
            self.queue.try_reserve(2)?;
        }
        if self.out.capacity() - self.out.len() < bytes {
            self.out.try_reserve(bytes)?;
        }
        Ok(())
    }

    /// The connection is gone, and what was said of it is kept in `lost`.
    pub(super) fn reset(&mut self) {
        self.queue.clear();
        self.has_newest = false;
        self.is_turned = false;
        self.is_behind = false;
        self.out.clear();
        self.sent = 0;
        self.staged.clear();
        self.broken = None;
    }

    /// Writes down what becomes of everything that is unanswered, after a failure when `sent`
    /// bytes were on their way. `own`: what is known of the oldest already. `answered`: the
    /// connection has given an answer before.
    pub(super) fn lose(
        &mut self,
        fault: &Fault,
        own: Option<&Record>,
        state: State,
        sent: u64,
        answered: bool,
    ) {
        self.lost.clear();
        // There is room for all of them since they were sent.
        if self.lost.try_reserve(self.queue.len()).is_err() {
            return;
        }
        for (i, asked) in self.queue.iter().enumerate() {
            let record = match own {
                Some(own) if i == 0 => own.clone(),
                _ => after(fault, asked.sent_of(sent), state, answered),
            };
            self.lost.push(Lost {
                id: asked.exchange.id,
                record,
            });
        }
    }
}

/// A request of which nothing was heard.
fn after(fault: &Fault, sent: u64, state: State, reused: bool) -> Record {
    let facts = Facts {
        sent,
        received: 0,
        reused,
    };
    Record {
        resend: Resend::decide(fault.code, facts),
        reused,
        sent,
        ..Record::of(fault.clone(), state)
    }
}

/// Has the machine's own request been sent?
#[inline]
pub(super) fn is_sent(state: State) -> bool {
    matches!(state, State::RequestSent | State::ReqSentUnreadResponse)
}

/// Why a request cannot be sent before the ones in front of it are answered.
#[cold]
pub(super) fn has_to_wait(why: &'static str) -> Error {
    Error::new(Code::HC_ERR_CANNOT_SEND_REQUEST, why)
}

/// The same for its body.
#[cold]
pub(super) fn body_has_to_wait(why: &'static str) -> Error {
    Error::new(Code::HC_ERR_CANNOT_SEND_BODY, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(id: u64, begin: u64, end: u64) -> Asked {
        Asked {
            facts: RequestFacts::default(),
            exchange: Exchange {
                id,
                ..Exchange::default()
            },
            begin,
            end,
            head: 0,
            told: false,
        }
    }

    #[test]
    fn each_lost_request_has_its_own_verdict() {
        let mut p = Pipeline {
            queue: [asked(1, 0, 10), asked(2, 10, 20), asked(3, 20, 30)].into(),
            ..Pipeline::default()
        };
        for (code, answered, sent, verdicts) in [
            (
                Code::HC_ERR_REMOTE_DISCONNECTED,
                true,
                15,
                [
                    Resend::ClosedUnread,
                    Resend::ClosedUnread,
                    Resend::NothingSent,
                ],
            ),
            (
                Code::HC_ERR_TIMEOUT,
                true,
                20,
                [Resend::Unknown, Resend::Unknown, Resend::NothingSent],
            ),
            (
                Code::HC_ERR_RECV,
                false,
                30,
                [Resend::Unknown, Resend::Unknown, Resend::Unknown],
            ),
        ] {
            let fault = Error::new(code, "");
            p.lose(&fault, None, State::RequestSent, sent, answered);
            let got: Vec<_> = p.lost.iter().map(|l| (l.id, l.record.resend)).collect();
            let want: Vec<_> = (1..).zip(verdicts).collect();
            assert_eq!(got, want, "{code:?}");
        }
    }
}
