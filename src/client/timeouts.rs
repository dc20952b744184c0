//! The times that a program can set, and what a timeout says when it has passed.

use crate::error::{Code, Error};
use crate::net::deadline::Deadline;

/// Waiting times in milliseconds; negative is for ever (for the reuse check: never made).
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// From the first look at the name to the open connection.
    pub connect: i64,
    /// For the next bytes to arrive.
    pub read: i64,
    /// For the peer to take more bytes.
    pub write: i64,
    /// For an answer to `Expect: 100-continue` before the body goes anyway.
    pub expect_continue: i64,
    /// Idle time from which on a kept connection is looked at before it is used again.
    pub reuse_check: i64,
    /// From the first use of the network to the end of the response.
    pub total: i64,
    /// From the first wait for an answer to its first byte.
    pub first_byte: i64,
    /// For one TLS handshake.
    pub tls: i64,
    /// Idle time from which on a kept connection is not used again.
    pub idle: i64,
    /// Age from which on a connection is not used again.
    pub age: i64,
}

/// The number by which the program knows a timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum TimeoutKind {
    /// [`Timeouts::connect`].
    Connect = 0,
    /// [`Timeouts::read`].
    Read = 1,
    /// [`Timeouts::write`].
    Write = 2,
    /// [`Timeouts::expect_continue`].
    ExpectContinue = 3,
    /// [`Timeouts::reuse_check`].
    ReuseCheck = 4,
    /// [`Timeouts::total`].
    Total = 5,
    /// [`Timeouts::first_byte`].
    FirstByte = 6,
    /// [`Timeouts::tls`].
    Tls = 7,
    /// [`Timeouts::idle`].
    Idle = 8,
    /// [`Timeouts::age`].
    Age = 9,
    /// [`MinSpeed`], which is no single time.
    Speed = 10,
}

impl TimeoutKind {
    /// The kind with this number.
    #[must_use]
    pub fn from_number(n: i32) -> Option<Self> {
        const ALL: [TimeoutKind; 11] = [
            TimeoutKind::Connect,
            TimeoutKind::Read,
            TimeoutKind::Write,
            TimeoutKind::ExpectContinue,
            TimeoutKind::ReuseCheck,
            TimeoutKind::Total,
            TimeoutKind::FirstByte,
            TimeoutKind::Tls,
            TimeoutKind::Idle,
            TimeoutKind::Age,
            TimeoutKind::Speed,
        ];
        ALL.into_iter().find(|k| *k as i32 == n)
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: -1,
            read: -1,
            write: -1,
            expect_continue: 1000,
            reuse_check: 1,
            total: -1,
            first_byte: -1,
            tls: -1,
            idle: -1,
            age: -1,
        }
    }
}

impl Timeouts {
    /// The timeout with this number.
    pub fn by_number(&mut self, n: i32) -> Option<&mut i64> {
        use TimeoutKind as K;
        Some(match K::from_number(n)? {
            K::Connect => &mut self.connect,
            K::Read => &mut self.read,
            K::Write => &mut self.write,
            K::ExpectContinue => &mut self.expect_continue,
            K::ReuseCheck => &mut self.reuse_check,
            K::Total => &mut self.total,
            K::FirstByte => &mut self.first_byte,
            K::Tls => &mut self.tls,
            K::Idle => &mut self.idle,
            K::Age => &mut self.age,
            K::Speed => return None,
        })
    }
}

/// How slow a transfer may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MinSpeed {
    /// 0: as slow as it likes.
    pub bytes_per_second: u64,
    /// For how long it may stand still, in milliseconds.
    pub over_ms: u32,
}

impl MinSpeed {
    /// Is there one?
    #[inline]
    #[must_use]
    pub fn is_set(self) -> bool {
        self.bytes_per_second > 0
    }
}

/// A deadline, and the timeout that it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// When.
    pub at: Deadline,
    /// Why; without meaning when there is no deadline.
    pub kind: TimeoutKind,
}

impl Default for Due {
    fn default() -> Self {
        Self::NEVER
    }
}

impl Due {
    /// Nothing is due.
    pub const NEVER: Self = Self {
        at: Deadline::NEVER,
        kind: TimeoutKind::Total,
    };

    /// So many milliseconds from now; negative is never.
    #[must_use]
    pub fn after_ms(ms: i64, kind: TimeoutKind) -> Self {
        Self {
            at: Deadline::after_ms(ms),
            kind,
        }
    }

    /// Whichever comes first.
    #[must_use]
    pub fn or_earlier(self, at: Deadline, kind: TimeoutKind) -> Self {
        if self.at.or_earlier(at) == self.at {
            self
        } else {
            Self { at, kind }
        }
    }

    /// An error when it has passed.
    #[inline]
    pub fn check(self) -> Result<(), Error> {
        if self.at.has_passed() {
            return Err(timed_out(self.kind));
        }
        Ok(())
    }
}

/// This timeout has passed.
#[cold]
pub fn timed_out(kind: TimeoutKind) -> Error {
    let text = match kind {
        TimeoutKind::Connect => "opening the connection took too long",
        TimeoutKind::Read => "the peer sent nothing for too long",
        TimeoutKind::Write => "the peer took nothing for too long",
        TimeoutKind::Total => "the request and its answer took too long together",
        TimeoutKind::FirstByte => "no answer began in time",
        TimeoutKind::Tls => "the TLS handshake took too long",
        TimeoutKind::Speed => "the transfer was too slow for too long",
        // Thresholds: passing them is no failure.
        TimeoutKind::ExpectContinue
        | TimeoutKind::ReuseCheck
        | TimeoutKind::Idle
        | TimeoutKind::Age => "a timeout has passed",
    };
    Error::new(Code::HC_ERR_TIMEOUT, text).with_timeout(kind as i32)
}
