//! Times by which something has to have happened, on the monotonic clock.

use crate::sys::clock::monotonic_ns;

const NS_PER_MS: u64 = 1_000_000;

/// A point in time, or never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadline(Option<u64>);

impl Deadline {
    /// No deadline.
    pub const NEVER: Self = Self(None);

    /// So many milliseconds from now; negative is never. The clock is read only if it matters.
    #[must_use]
    pub fn after_ms(ms: i64) -> Self {
        let Ok(ms) = u64::try_from(ms) else {
            return Self::NEVER;
        };
        Self(monotonic_ns().checked_add(ms.saturating_mul(NS_PER_MS)))
    }

    /// Is there one?
    #[must_use]
    pub fn is_set(self) -> bool {
        self.0.is_some()
    }

    /// Has it passed?
    #[must_use]
    pub fn has_passed(self) -> bool {
        self.0.is_some_and(|at| monotonic_ns() >= at)
    }

    /// Milliseconds left, rounded up so that a wait does not end early; -1 is for ever.
    #[must_use]
    pub fn ms_left(self) -> i64 {
        let Some(at) = self.0 else { return -1 };
        let left = at.saturating_sub(monotonic_ns()).div_ceil(NS_PER_MS);
        i64::try_from(left).unwrap_or(i64::MAX)
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
pub struct Stopwatch(u64);

impl Stopwatch {
    /// From now on.
    #[inline]
    #[must_use]
    pub fn start() -> Self {
        Self(monotonic_ns())
    }

    /// Milliseconds since then.
    #[inline]
    #[must_use]
    pub fn ms(self) -> i64 {
        i64::try_from(monotonic_ns().saturating_sub(self.0) / NS_PER_MS).unwrap_or(i64::MAX)
    }
}
