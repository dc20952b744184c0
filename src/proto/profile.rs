//! What is accepted from a peer and from the caller: a set of single leniencies. None of them
//! is the safe profile; the Python profile is those that CPython's own tests need.

/// A set of leniencies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Profile(u32);

impl Profile {
    /// A header line with an empty name is skipped.
    pub const EMPTY_NAME: Self = Self(1 << 0);
    /// The end of the stream inside a head ends the head.
    pub const EOF_IN_HEAD: Self = Self(1 << 1);
    /// The end of the stream after the last chunk ends the body.
    pub const EOF_IN_TRAILERS: Self = Self(1 << 2);
    /// A Content-Length that is no number counts as none; the connection ends the body.
    pub const BAD_LENGTH: Self = Self(1 << 3);
    /// A sized read of a body cut short ends cleanly; reading all of it still fails.
    pub const SHORT_READ: Self = Self(1 << 4);
    /// A folded header value keeps its line end, and a fold of nothing is dropped.
    pub const RAW_FOLD: Self = Self(1 << 5);
    /// The limit of header fields counts lines, the empty one included.
    pub const COUNT_LINES: Self = Self(1 << 6);
    /// Any blanks separate the parts of a status line.
    pub const STATUS_BLANKS: Self = Self(1 << 7);
    /// A header line without a colon hides those after it.
    pub const LOST_FIELDS: Self = Self(1 << 8);
    /// A coding before chunked makes Transfer-Encoding invisible.
    pub const HIDDEN_CODING: Self = Self(1 << 9);
    /// Trailers are read and dropped, whatever they are.
    pub const DROP_TRAILERS: Self = Self(1 << 10);
    /// A response without a body stays unread until it is read.
    pub const LAZY_EMPTY: Self = Self(1 << 11);
    /// A request method may be anything but control bytes.
    pub const ANY_METHOD: Self = Self(1 << 12);
    /// Request fields may have blanks in names and folds in values, and several values are
    /// joined by a fold.
    pub const LOOSE_FIELDS: Self = Self(1 << 13);
    /// The request's length and coding are sent as the caller gives them, and not held
    /// against the body.
    pub const LOOSE_FRAMING: Self = Self(1 << 14);
    /// What does not begin like a status line is the body of an HTTP/0.9 answer.
    pub const HTTP09: Self = Self(1 << 15);
    /// Lines of chunked framing may end in a bare LF.
    pub const BARE_LF_CHUNKS: Self = Self(1 << 16);
    /// The end of a connection without TLS's own end counts as the peer's.
    pub const TLS_TRUNCATION: Self = Self(1 << 17);

    /// Of one stream, in no set: it was cut off, so its end is not the end of anything.
    pub const CUT: Self = Self(1 << 29);

    /// Of one request, in no set: the method may be anything that makes no second line.
    pub const UNCHECKED_METHOD: Self = Self(1 << 30);
    /// Of one request, in no set: the target may be anything that makes no second line.
    pub const UNCHECKED_TARGET: Self = Self(1 << 31);

    /// Those that rule chunks, trailers and the end of a body.
    pub const BODY: Self = Self::EMPTY_NAME
        .with(Self::EOF_IN_TRAILERS)
        .with(Self::SHORT_READ)
        .with(Self::RAW_FOLD)
        .with(Self::LOST_FIELDS)
        .with(Self::DROP_TRAILERS)
        .with(Self::BARE_LF_CHUNKS);

    /// No leniency.
    pub const SAFE: Self = Self(0);
    /// What CPython's own tests need.
    pub const PYTHON: Self = Self(0x7fff | Self::TLS_TRUNCATION.0);
    /// Every leniency there is.
    pub const ALL: Self = Self(0x3_ffff);

    /// The set with this number; `None` if a bit of it is unknown.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits & !Self::ALL.0 == 0 {
            Some(Self(bits))
        } else {
            None
        }
    }

    /// The number of the set.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// What is left of it when its stream has ended in a way that anybody on the path can bring
    /// about. Nothing lets that be the end of a head.
    #[must_use]
    pub const fn when_cut(self) -> Self {
        let rest = Self(self.0 & !Self::EOF_IN_HEAD.0);
        if self.has(Self::TLS_TRUNCATION) {
            return rest;
        }
        let ends = Self::EOF_IN_TRAILERS.0 | Self::SHORT_READ.0;
        Self(rest.0 & !ends | Self::CUT.0)
    }

    /// Both sets.
    #[must_use]
    pub const fn with(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    /// The set without these.
    #[must_use]
    pub const fn without(self, some: Self) -> Self {
        Self(self.0 & !some.0)
    }

    /// Is any of these in the set?
    #[inline]
    #[must_use]
    pub const fn has(self, some: Self) -> bool {
        self.0 & some.0 != 0
    }
}
