//! What limits the time of a transfer, as the wire sees it: each receive and each send may
//! wait until the first of these deadlines. The clock is read for those that are set, and for
//! nothing else.

use super::config::{MinSpeed, TimeoutKind, Tuning};
use super::timeouts::{Due, timed_out};
use super::wire::Receive;
use crate::error::Result;
use crate::net::deadline::{Deadline, Stopwatch};
use crate::net::{Interest, Patience};

/// See the module.
#[derive(Debug, Default)]
pub struct Clocks {
    /// The end of what the program allows for all of it.
    pub total: Deadline,
    /// When a step that could not go on has to have gone on.
    stalled: Due,
    /// When the first byte of an answer has to be there.
    first_byte: Deadline,
    /// That byte has not come, and it is the peer's right to think.
    awaited: bool,
    /// Only when there is a least one.
    speed: Option<Box<Speed>>,
    /// What the kernel was last told to wait at most for the sake of a deadline.
    granted_ms: i64,
}

impl Clocks {
    /// Before a byte is moved: is there time left? With a peer that always has another byte
    /// this is the only moment to ask.
    #[inline]
    pub fn check(&self) -> Result<()> {
        if self.total.has_passed() {
            return Err(timed_out(TimeoutKind::Total));
        }
        Ok(())
    }

    /// From now on the peer owes an answer.
    pub fn await_answer(&mut self, tuning: &Tuning) {
        self.rest();
        self.awaited = true;
        self.first_byte = Deadline::after_ms(tuning.timeouts.first_byte);
    }

    /// Bytes were moved.
    #[inline]
    pub fn moved(&mut self) {
        self.stalled = Due::NEVER;
    }

    /// Bytes have arrived.
    #[inline]
    pub fn arrived(&mut self) {
        self.stalled = Due::NEVER;
        self.first_byte = Deadline::NEVER;
        self.awaited = false;
    }

    /// No transfer is under way whose speed could be measured.
    pub fn rest(&mut self) {
        self.speed = None;
    }

    /// How long a receive may wait inside the transport. `received`: so many bytes ever.
    pub fn patience(&mut self, tuning: &Tuning, how: Receive, received: u64) -> Patience {
        if how != Receive::Patiently {
            return Patience::None;
        }
        let read = tuning.timeouts.read;
        if read >= 0 && !self.stalled.at.is_set() {
            self.stalled = Due::after_ms(read, TimeoutKind::Read);
        }
        self.measure(tuning.min_speed, || Moved::received(received));
        let nearest = (self.total)
            .or_earlier(self.first_byte)
            .or_earlier(self.speed_due());
        // A wait that was interrupted goes on in poll(2), which takes what is left of it.
        match nearest.ms_left() {
            left @ 0.. if read < 0 || left < read => Patience::Ms(self.grant(left)),
            _ => Patience::Ms(read),
        }
    }

    /// Changing the kernel's timeout costs a system call. So it is set to somewhat less than
    /// what is left, and stays as long as it is not more than that and not much less; what is
    /// left when it passes is poll(2)'s.
    fn grant(&mut self, left: i64) -> i64 {
        if self.granted_ms > left || self.granted_ms < left - left / 4 {
            self.granted_ms = left - left / 8;
        }
        self.granted_ms
    }

    /// A step cannot go on: has it waited too long already? `moved` is for the minimum speed.
    pub fn not_yet(
        &mut self,
        interest: Interest,
        tuning: &Tuning,
        moved: impl FnOnce() -> Moved,
    ) -> Result<()> {
        if !self.stalled.at.is_set() {
            let (ms, kind) = match interest {
                Interest::Read => (tuning.timeouts.read, TimeoutKind::Read),
                Interest::Write | Interest::Either => (tuning.timeouts.write, TimeoutKind::Write),
            };
            self.stalled = Due::after_ms(ms, kind);
        }
        self.measure(tuning.min_speed, moved);
        self.due().check()
    }

    /// What comes first.
    #[must_use]
    pub fn due(&self) -> Due {
        self.stalled
            .or_earlier(self.first_byte, TimeoutKind::FirstByte)
            .or_earlier(self.total, TimeoutKind::Total)
            .or_earlier(self.speed_due(), TimeoutKind::Speed)
    }

    #[inline]
    fn speed_due(&self) -> Deadline {
        self.speed.as_ref().map_or(Deadline::NEVER, |s| s.due)
    }

    fn measure(&mut self, min: MinSpeed, moved: impl FnOnce() -> Moved) {
        if min.is_set() && !self.awaited {
            self.speed.get_or_insert_default().measure(min, moved());
        }
    }

    /// The program has the floor: its time is not the peer's.
    #[cold]
    pub fn pause(&mut self) {
        if let Some(speed) = &mut self.speed {
            speed.paused = speed.due.is_set().then(Stopwatch::start);
        }
    }

    /// The peer's time goes on.
    #[cold]
    pub fn resume(&mut self) {
        if let Some(speed) = &mut self.speed
            && let Some(paused) = speed.paused.take()
        {
            speed.due = speed.due.later_by_ns(paused.ns());
        }
    }
}

/// Bytes that have got to the other end since the connection was opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moved {
    /// From there.
    pub received: u64,
    /// To there; `None` when it is not asked, because nothing is being sent.
    pub sent: Option<u64>,
}

impl Moved {
    /// While receiving.
    #[must_use]
    pub fn received(received: u64) -> Self {
        Self {
            received,
            sent: None,
        }
    }
}

/// A transfer that may stand still for some time, and earns time with every byte: so much as
/// the byte takes at the minimum speed, and never more than the whole of that time. A peer that
/// stops is given up after that time; one that does the half, after twice that; one that is
/// fast enough, never. It costs a look at the clock before each wait.
#[derive(Clone, Copy, Debug, Default)]
struct Speed {
    due: Deadline,
    received: u64,
    sent: Option<u64>,
    paused: Option<Stopwatch>,
}

impl Speed {
    fn measure(&mut self, min: MinSpeed, moved: Moved) {
        let whole = Deadline::after_ms(min.over_ms.into());
        let sent = match (moved.sent, self.sent) {
            (Some(now), Some(before)) => now.saturating_sub(before),
            _ => 0,
        };
        let bytes = moved.received.saturating_sub(self.received) + sent;
        self.received = moved.received;
        self.sent = moved.sent.or(self.sent);
        let earned = bytes.saturating_mul(1_000_000_000) / min.bytes_per_second.max(1);
        self.due = if self.due.is_set() {
            self.due.later_by_ns(earned).or_earlier(whole)
        } else {
            whole
        };
    }
}
