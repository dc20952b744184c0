//! Times by which something has to have happened, on the monotonic clock or the program's own.

use core::num::NonZeroU64;

#[cfg(test)]
use self::test_clock::now_ns;
#[cfg(not(test))]
use crate::sys::clock::now_ns;

const NS_PER_MS: u64 = 1_000_000;

/// A point in time, or never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadline(Option<NonZeroU64>);

impl Deadline {
    /// No deadline.
    pub const NEVER: Self = Self(None);

    /// So many milliseconds from now; negative is never. The clock is read only if it matters.
    #[must_use]
    pub fn after_ms(ms: i64) -> Self {
        let Ok(ms) = u64::try_from(ms) else {
            return Self::NEVER;
        };
        Self(
            now_ns()
                .checked_add(ms.saturating_mul(NS_PER_MS))
                .and_then(NonZeroU64::new),
        )
    }

    /// Is there one?
    #[must_use]
    pub fn is_set(self) -> bool {
        self.0.is_some()
    }

    /// Has it passed?
    #[must_use]
    pub fn has_passed(self) -> bool {
        self.0.is_some_and(|at| now_ns() >= at.get())
    }

    /// Milliseconds left, rounded up so that a wait does not end early; -1 is for ever.
    #[must_use]
    pub fn ms_left(self) -> i64 {
        let Some(at) = self.0 else { return -1 };
        let left = at.get().saturating_sub(now_ns()).div_ceil(NS_PER_MS);
        i64::try_from(left).unwrap_or(i64::MAX)
    }

    /// The same, so much later.
    #[must_use]
    pub fn later_by_ns(self, ns: u64) -> Self {
        Self(self.0.map(|at| at.saturating_add(ns)))
    }

    /// The earlier of the two.
    #[must_use]
    pub fn or_earlier(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(a), Some(b)) => Self(Some(a.min(b))),
            (a, b) => Self(a.or(b)),
        }
    }
}

/// Measures how long something lasts.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(NonZeroU64);

impl Stopwatch {
    /// Microseconds since then.
    #[must_use]
    pub fn us(self) -> u64 {
        self.ns() / 1000
    }

    /// From now on.
    #[inline]
    #[must_use]
    pub fn start() -> Self {
        Self(NonZeroU64::new(now_ns()).unwrap_or(NonZeroU64::MIN))
    }

    /// Nanoseconds since then.
    #[inline]
    #[must_use]
    pub fn ns(self) -> u64 {
        now_ns().saturating_sub(self.0.get())
    }

    /// The point in time: nanoseconds of the clock that it was started by.
    #[inline]
    #[must_use]
    pub fn started_ns(self) -> u64 {
        self.0.get()
    }

    /// Milliseconds since then.
    #[inline]
    #[must_use]
    pub fn ms(self) -> i64 {
        i64::try_from(self.ns() / NS_PER_MS).unwrap_or(i64::MAX)
    }
}

/// The clock of the tests: it goes by itself, and jumps when a test does not want to wait.
#[cfg(test)]
pub(crate) mod test_clock {
    use std::cell::Cell;

    thread_local! {
        static AHEAD: Cell<u64> = const { Cell::new(0) };
        static READ: Cell<u64> = const { Cell::new(0) };
    }

    pub(super) fn now_ns() -> u64 {
        READ.set(READ.get() + 1);
        crate::sys::clock::now_ns() + AHEAD.get()
    }

    /// Lets so many milliseconds pass for this thread.
    pub(crate) fn advance(ms: u64) {
        AHEAD.set(AHEAD.get() + ms * super::NS_PER_MS);
    }

    /// How often this thread has looked at it.
    pub(crate) fn reads() -> u64 {
        READ.get()
    }
}
