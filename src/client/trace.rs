//! What the program can be told of what happens, and who is told.

use std::any::Any;
use std::ffi::CStr;
use std::sync::Arc;

use super::record::Phase;
use crate::error::Code;
use crate::net::Interest;
use crate::net::deadline::Deadline;
use crate::proto::redact;
use crate::proto::state::State;

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
#[allow(missing_docs)] // hc_trace_kind explains them
pub enum Kind {
    ResolveBegin = 1,
    ResolveEnd = 2,
    ConnectBegin = 3,
    ConnectEnd = 4,
    TlsBegin = 5,
    TlsEnd = 6,
    ProxyBegin = 7,
    ProxyEnd = 8,
    Opened = 9,
    Reuse = 10,
    RequestHead = 11,
    RequestBody = 12,
    ResponseHead = 13,
    ResponseBody = 14,
    ResponseEnd = 15,
    Keep = 16,
    Closed = 17,
    State = 18,
    Wait = 19,
    Timeout = 20,
    Retry = 21,
    Cancelled = 22,
    Failed = 23,
}

impl Kind {
    /// Its bit in a mask.
    #[must_use]
    pub const fn bit(self) -> u64 {
        1 << self as i32
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_number(n: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|k| *k as i32 == n)
    }

    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 23] = [
        Self::ResolveBegin,
        Self::ResolveEnd,
        Self::ConnectBegin,
        Self::ConnectEnd,
        Self::TlsBegin,
        Self::TlsEnd,
        Self::ProxyBegin,
        Self::ProxyEnd,
        Self::Opened,
        Self::Reuse,
        Self::RequestHead,
        Self::RequestBody,
        Self::ResponseHead,
        Self::ResponseBody,
        Self::ResponseEnd,
        Self::Keep,
        Self::Closed,
        Self::State,
        Self::Wait,
        Self::Timeout,
        Self::Retry,
        Self::Cancelled,
        Self::Failed,
    ];
}

/// What is told. A field that says nothing of what has happened has the value that
/// `Connection::entry` gives it.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// What.
    pub kind: Kind,
    /// When, in nanoseconds of the monotonic clock.
    pub at_ns: u64,
    /// On which connection of the handle, from 1; 0: on none yet.
    pub connection: u64,
    /// In which exchange, from 1; 0: before the first.
    pub exchange: u64,
    /// What was going on.
    pub phase: Phase,
    /// Where the machine stood.
    pub state_before: State,
    /// Where it stands.
    pub state: State,
    /// The HTTP status; 0: none.
    pub status: u16,
    /// The failure.
    pub code: Code,
    /// errno, or what the resolver calls it.
    pub os_error: i32,
    /// Why a connection is kept, or used again: a number of `CloseReason` or `Fitness`.
    pub reason: i32,
    /// Which timeout; -1: none.
    pub timeout_kind: i32,
    /// How long; -1: for ever.
    pub timeout_ms: i64,
    /// What is waited for.
    pub interest: Option<Interest>,
    /// The connection has served before.
    pub reused: bool,
    /// It had been idle for so long; -1: it is new.
    pub idle_ms: i64,
    /// How long it took.
    pub elapsed_ns: Option<u64>,
    /// How many, of whatever is counted.
    pub count: u64,
    /// Of so many.
    pub total: Option<u64>,
    /// There are placeholders in `bytes`.
    pub redacted: bool,
    /// A head.
    pub bytes: &'a [u8],
    /// Words.
    pub text: &'a CStr,
}

/// Is told.
pub trait Listener: Send + Sync {
    /// This has happened.
    fn hear(&self, entry: &Entry<'_>);
    /// To find out again who it is.
    fn as_any(&self) -> &dyn Any;
}

/// Who listens, to what, and what he has heard.
#[derive(Clone)]
pub struct Tracing {
    /// Who.
    pub listener: Arc<dyn Listener>,
    /// The [bits](Kind::bit) of what is told.
    pub mask: u64,
    /// Heads are shown as they are.
    pub secrets: bool,
    pub(super) heard: Heard,
}

pub(super) type Redact = fn(&[u8], &mut Vec<u8>) -> crate::error::Result<bool>;

/// How far bytes have been told of.
#[derive(Clone, Copy, Default)]
pub(super) struct Heard {
    /// Of the request's head.
    pub(super) head: usize,
    /// Of all that the connection has sent.
    pub(super) sent: u64,
    /// Of the response's body.
    pub(super) body: u64,
    /// The last wait.
    pub(super) wait: Option<(Interest, Deadline)>,
}

impl Tracing {
    /// Somebody who has heard nothing.
    #[must_use]
    pub fn new(listener: Arc<dyn Listener>, mask: u64, secrets: bool) -> Self {
        Self {
            listener,
            mask,
            secrets,
            heard: Heard::default(),
        }
    }

    pub(super) fn tell(&self, entry: &Entry<'_>) {
        if self.mask & entry.kind.bit() != 0 {
            self.listener.hear(entry);
        }
    }

    /// Tells of a head, without its secrets unless they are wanted.
    pub(super) fn tell_head(&self, entry: &Entry<'_>, raw: &[u8]) {
        self.tell_bytes(entry, raw, redact::head);
    }

    pub(super) fn tell_bytes(&self, entry: &Entry<'_>, raw: &[u8], redact: Redact) {
        if self.mask & entry.kind.bit() == 0 {
            return;
        }
        let (mut shown, mut redacted) = (Vec::new(), false);
        let bytes = if self.secrets {
            raw
        } else {
            // Without memory for it there is nothing to see, rather than everything.
            match redact(raw, &mut shown) {
                Ok(r) => redacted = r,
                Err(_) => shown.clear(),
            }
            &shown
        };
        self.listener.hear(&Entry {
            bytes,
            redacted,
            ..*entry
        });
    }
}
