//! From "there has to be a connection" to an open one: the kept one, if it is as silent as it has
//! to be, or a new one from wherever the handle gets them.

use super::connection::{Connection, Exchange, Origin, Pending};
use super::drive::cancelled;
use super::fitness::Fitness;
use super::record::Phase;
use super::stats::{Moment, Opening};
use super::timeouts::{Due, TimeoutKind};
use super::wire::Wire;
use crate::error::{Code, Error, Result};
use crate::net::deadline::{Deadline, Stopwatch};
use crate::net::dial::{Attempt, Dial};
use crate::net::memory::Pipe;
use crate::net::{Step, Transport};
use crate::proto::head::HeadReader;
use crate::proto::state::Event;
use crate::sys::error_number::{ECANCELED, ETIMEDOUT};

impl Connection {
    /// The next connection is this descriptor, which is connected already.
    pub fn adopt(&mut self, transport: Box<dyn Transport>) -> Result<()> {
        self.check_unconnected()?;
        self.rerouted += 1;
        self.opened(transport)
    }

    /// Connections come from here from now on.
    pub fn set_origin(&mut self, origin: Origin) -> Result<()> {
        self.check_unconnected()?;
        self.rerouted += 1;
        self.origin = origin;
        self.output.clear();
        self.output_taken = 0;
        Ok(())
    }

    /// Is this a moment to exchange what carries the connection?
    pub fn check_unconnected(&self) -> Result<()> {
        self.check(Event::Connect, Pending::None)?;
        if self.wire.is_some() {
            Err(already_connected())
        } else {
            Ok(())
        }
    }

    /// Is there a connection, or may one be made?
    #[inline]
    pub(super) fn check_can_connect(&mut self) -> Result<()> {
        let may_open = match &self.origin {
            Origin::Given(None) => self.aside.is_some(),
            _ => self.config.as_ref().is_some_and(|c| c.auto_open),
        };
        if may_open {
            return Ok(());
        }
        // A kept connection that has ended is none.
        if self.live.is_none()
            && !self.is_behind()
            && let Some(wire) = &mut self.wire
        {
            let idle_ms = wire.idle.ms();
            let fitness = wire.fitness(idle_ms, &self.tuning);
            if !fitness.is_fit() {
                self.not_reused(fitness, idle_ms);
            }
        }
        if self.wire.is_some() {
            Ok(())
        } else {
            Err(not_connected())
        }
    }

    /// A request is about to be sent: nothing of it has happened yet.
    pub(super) fn begin_exchange(&mut self) {
        self.exchange = Exchange {
            id: self.totals.requests,
            total: Deadline::after_ms(self.tuning.timeouts.total),
            idle_ms: -1,
            ..Exchange::default()
        };
        self.has_answer = false;
        self.reader = HeadReader::default();
        self.forget_head();
    }

    /// Makes sure that the exchange has a connection. A kept one is looked at first: one that
    /// is not silent is not taken, because what it says is no answer to what we ask.
    #[inline]
    pub(super) fn ensure_wire(&mut self) -> Result<Step<()>> {
        if self.exchange.started {
            return Ok(Step::Done(()));
        }
        if let Step::Want(i) = self.step_making()? {
            return Ok(Step::Want(i));
        }
        if let Some(wire) = &mut self.wire {
            let idle_ms = wire.idle.ms();
            // With an unread response in front, what has arrived belongs to that.
            let fitness = match self.live {
                Some(_) => Fitness::Unchecked,
                None => wire.fitness(idle_ms, &self.tuning),
            };
            if !fitness.is_fit() {
                self.not_reused(fitness, idle_ms);
            } else if wire.served > 0 {
                self.exchange.idle_ms = idle_ms;
                self.exchange.reused = true;
                self.totals.reused += 1;
                if self.is_traced() {
                    self.tell_reuse(fitness, idle_ms);
                }
            }
        }
        if self.wire.is_none() {
            if self.dial.is_none() && self.config.as_ref().is_none_or(|c| !c.auto_open) {
                return Err(not_connected());
            }
            if let Step::Want(i) = self.open()? {
                return Ok(Step::Want(i));
            }
        }
        if let Some(wire) = &self.wire {
            self.exchange.started = true;
            self.exchange.sent_before = wire.traffic.sent;
            self.exchange.received_before = wire.traffic.received;
        }
        self.mark(Moment::Began);
        Ok(Step::Done(()))
    }

    /// A kept connection is no good.
    #[cold]
    fn not_reused(&mut self, fitness: Fitness, idle_ms: i64) {
        if self.is_traced() {
            self.tell_reuse(fitness, idle_ms);
        }
        self.lose_wire();
    }

    /// The same request again, on another connection.
    pub(super) fn start_again(&mut self) {
        self.totals.retries += 1;
        if self.is_traced() {
            self.tell_retry();
        }
        self.lose_wire();
        self.making = None;
        self.opening_due = Due::NEVER;
        self.tls_due = Deadline::NEVER;
        self.reader = HeadReader::default();
        self.out.rewind();
        self.exchange = Exchange {
            id: self.exchange.id,
            retried: true,
            total: self.exchange.total,
            idle_ms: -1,
            ..Exchange::default()
        };
    }

    /// Goes on with making a connection.
    pub(super) fn open(&mut self) -> Result<Step<()>> {
        if self.making.is_some() {
            return self.step_making();
        }
        if self.dial.is_none() {
            self.opening = Opening::default();
            let connect = self.tuning.timeouts.connect;
            self.opening_due = Due::after_ms(connect, TimeoutKind::Connect)
                .or_earlier(self.total, TimeoutKind::Total);
            if let Some(stage) = self.take_up_aside()? {
                self.making = Some(stage);
                return self.step_making();
            }
        }
        let transport: Box<dyn Transport> = match &mut self.origin {
            Origin::SansIo { pipe, used } => {
                if std::mem::replace(used, true) {
                    // The old pipe may have gone with a response.
                    *pipe = Pipe::default();
                    self.output.clear();
                    self.output_taken = 0;
                }
                Box::new(pipe.transport())
            }
            Origin::Given(given) => given.take().ok_or_else(not_connected)?,
            Origin::Network => match self.step_dial()? {
                Step::Done(transport) => transport,
                Step::Want(i) => return Ok(Step::Want(i)),
            },
        };
        self.opened(transport)?;
        // From now on a request to cancel is felt on the wire; one that came before is not, and
        // the next receive would wait for ever.
        if self.is_cancelled() {
            return Err(cancelled());
        }
        if let (Origin::Network, Some(wire)) = (&self.origin, &mut self.wire) {
            wire.is_ours = true;
        }
        self.step_making()
    }

    fn opened(&mut self, transport: Box<dyn Transport>) -> Result<()> {
        let stage = self.stage_after(None)?;
        self.opened += 1;
        let mut wire = Wire::new(transport, self.cancel.as_ref());
        wire.clocks.total = self.total;
        wire.traffic.ledger.clone_from(&self.ledger);
        self.equip(&mut wire);
        self.wire = Some(wire);
        if self.is_traced() {
            self.tell_opened();
        }
        self.making = stage;
        Ok(())
    }

    fn step_dial(&mut self) -> Result<Step<Box<dyn Transport>>> {
        if self.dial.is_none() {
            let Some(config) = &self.config else {
                return Err(not_connected());
            };
            let dial = Dial::new(
                &config.first_hop().host,
                config.first_hop().port,
                self.opening_due.at,
                self.opening_due.kind as i32,
                &config.dialing,
            );
            self.dial = Some(Box::new(dial.told_to(self.teller())));
            self.opening.since = Some(Stopwatch::start());
        }
        let Some(dial) = &mut self.dial else {
            return Err(not_connected());
        };
        self.exchange.phase = if dial.is_resolved() {
            Phase::Connect
        } else {
            Phase::Resolve
        };
        let step = dial.step(!self.tuning.nonblocking, self.cancel.as_ref());
        if dial.is_resolved() {
            self.exchange.phase = Phase::Connect;
        }
        if let Ok(Step::Want(i)) = step {
            return Ok(Step::Want(i));
        }
        self.attempts = match &step {
            Ok(_) => dial.attempts_of_winner(),
            Err(e) => dial.attempts(unfinished(e.code)),
        };
        dial.tell_unfinished(
            step.as_ref()
                .map_or_else(|e| unfinished(e.code), |_| ECANCELED),
        );
        let (resolve_ns, tried) = (dial.resolve_ns(), dial.tried());
        self.count_dial(resolve_ns, tried);
        self.dial = None;
        match step {
            Ok(Step::Done(tcp)) => Ok(Step::Done(Box::new(tcp))),
            Ok(Step::Want(i)) => Ok(Step::Want(i)),
            Err(e) => Err(self.blame_proxy(e, "while connecting to")),
        }
    }
}

impl Connection {
    /// The addresses that were tried for the connection, which has failed with this code: all of
    /// them, unless it was made at the first try.
    pub(super) fn take_attempts(&mut self, code: Code) -> Vec<Attempt> {
        match &self.dial {
            Some(dial) => {
                dial.tell_unfinished(unfinished(code));
                dial.attempts(unfinished(code))
            }
            None => std::mem::take(&mut self.attempts),
        }
    }
}

/// What has become of a connect that was under way when the call failed.
fn unfinished(code: Code) -> i32 {
    if code == Code::HC_ERR_TIMEOUT {
        ETIMEDOUT
    } else {
        ECANCELED
    }
}

#[cold]
pub(super) fn already_connected() -> Error {
    Error::new(
        Code::HC_ERR_ALREADY_CONNECTED,
        "the connection is open already",
    )
}

#[cold]
pub(super) fn not_connected() -> Error {
    Error::new(
        Code::HC_ERR_NOT_CONNECTED,
        "there is no connection, and none may be opened by itself",
    )
}
