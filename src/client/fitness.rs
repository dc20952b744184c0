//! Whether a kept connection may be used again: a reason, like the one by which it was kept.

/// See the module. The first two are fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Fitness {
    /// It was looked at, and is silent.
    Silent = 0,
    /// It was not looked at: it has not been idle for long enough, or has served nobody yet.
    Unchecked = 1,
    /// The peer has ended it.
    Ended = 2,
    /// There are bytes that nobody asked for.
    Unasked = 3,
    /// There is something to read: bytes that nobody asked for, or the end.
    NotSilent = 4,
    /// The rest of an earlier response has not arrived, or is too long to skip.
    Unread = 5,
    /// It has been idle for too long.
    Idle = 6,
    /// It is too old.
    Old = 7,
    /// It has served as many requests as it may.
    Spent = 8,
}

impl Fitness {
    /// May it be used?
    #[inline]
    #[must_use]
    pub const fn is_fit(self) -> bool {
        matches!(self, Self::Silent | Self::Unchecked)
    }

    /// In words, NUL-terminated for C.
    #[must_use]
    pub const fn name(self) -> &'static core::ffi::CStr {
        match self {
            Self::Silent => c"it is silent",
            Self::Unchecked => c"it was not looked at",
            Self::Ended => c"the server has ended it",
            Self::Unasked => c"it has bytes that nobody asked for",
            Self::NotSilent => c"it has ended, or has bytes that nobody asked for",
            Self::Unread => c"the rest of an earlier response is in the way",
            Self::Idle => c"it has been idle for too long",
            Self::Old => c"it is too old",
            Self::Spent => c"it has served as many requests as it may",
        }
    }
}
