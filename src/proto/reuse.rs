//! May the connection serve another exchange after this response? RFC 9112 sections 9.3 and
//! 9.6. The answer is a reason, because whoever wonders about a lost connection asks why.

use super::framing::{Deciding, Framed, Framing};
use super::grammar::list_has;
use super::head::Head;
use super::request::RequestFacts;

/// Why a connection ends with a response; 0 is that it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum CloseReason {
    /// It is kept.
    Kept = 0,
    /// The response says `Connection: close`.
    PeerAsked = 1,
    /// The request said `Connection: close`.
    WeAsked = 2,
    /// HTTP/1.0 without keep-alive.
    Http10 = 3,
    /// Only the end of the connection ends the body.
    NoLength = 4,
    /// The head can be read in two ways.
    AmbiguousFraming = 5,
    /// The response came before the request's body was sent.
    EarlyResponse = 6,
    /// The connection is no longer HTTP.
    Upgrade = 7,
}

impl CloseReason {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Kept,
        Self::PeerAsked,
        Self::WeAsked,
        Self::Http10,
        Self::NoLength,
        Self::AmbiguousFraming,
        Self::EarlyResponse,
        Self::Upgrade,
    ];

    /// In words, NUL-terminated for C.
    #[must_use]
    pub const fn name(self) -> &'static core::ffi::CStr {
        match self {
            Self::Kept => c"kept",
            Self::PeerAsked => c"the server asked to close",
            Self::WeAsked => c"the request asked to close",
            Self::Http10 => c"HTTP/1.0 without keep-alive",
            Self::NoLength => c"only the end of the connection ends the body",
            Self::AmbiguousFraming => c"the length of the body can be read in two ways",
            Self::EarlyResponse => c"the response came before the request was sent",
            Self::Upgrade => c"the connection is no longer HTTP",
        }
    }
}

/// Decides from the heads of both sides. Unsure means close.
#[inline]
#[must_use]
pub fn decide(
    head: &Head,
    found: &Deciding,
    framed: &Framed,
    request: &RequestFacts,
) -> CloseReason {
    match framed.framing {
        Framing::Tunnel => return CloseReason::Upgrade,
        Framing::UntilClose => return CloseReason::NoLength,
        Framing::Empty | Framing::Length(_) | Framing::Chunked => {}
    }
    if framed.ambiguous || head.fields_lost {
        return CloseReason::AmbiguousFraming;
    }
    let says = |name: &'static [u8], token| head.fields.values(name).any(|v| list_has(v, token));
    if found.connection && says(b"Connection", b"close") {
        return CloseReason::PeerAsked;
    }
    if request.wants_close {
        return CloseReason::WeAsked;
    }
    if head.version == 10 || request.version == 10 {
        let kept = (found.connection && says(b"Connection", b"keep-alive"))
            || (found.proxy_connection && says(b"Proxy-Connection", b"keep-alive"))
            || found.keep_alive;
        if !kept {
            return CloseReason::Http10;
        }
    }
    CloseReason::Kept
}
