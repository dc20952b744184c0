//! What a trace can tell, by number.

use crate::client::fitness::Fitness;
use crate::client::trace::Kind;

/// What has happened: hc_trace_event. In the mask of hc_set_trace each kind has the bit
/// `UINT64_C(1) << kind`.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_trace_kind {
    /// A name is about to be resolved. `text`: the name.
    HC_TRACE_RESOLVE_BEGIN = 1,
    /// It was, or could not be. `count`: addresses; `text`: the addresses, with blanks between
    /// them, or what went wrong; `code`, `os_error`, `elapsed_ns`.
    HC_TRACE_RESOLVE_END = 2,
    /// An address is about to be tried. `text`: address and port.
    HC_TRACE_CONNECT_BEGIN = 3,
    /// It was. `text`: address and port; `os_error`: 0 for the one that worked; `elapsed_ns`.
    HC_TRACE_CONNECT_END = 4,
    /// A TLS handshake begins. `text`: the name that the certificate must have.
    HC_TRACE_TLS_BEGIN = 5,
    /// It is done. `text`: what was agreed on, and "NOT VERIFIED" when the server was not;
    /// `elapsed_ns`.
    HC_TRACE_TLS_END = 6,
    /// A proxy is about to be asked. `text`: for what; `bytes`: how, when that is a head.
    HC_TRACE_PROXY_BEGIN = 7,
    /// It has answered. `bytes`: its head, when it has one; `status`; `elapsed_ns`.
    HC_TRACE_PROXY_END = 8,
    /// A connection is open: `connection` is its number from now on.
    HC_TRACE_OPENED = 9,
    /// A kept connection was wanted. `reused`: 1 when it is used; `reason`: an HC_REUSE_*
    /// number; `text`: the reason in words; `idle_ms`; `count`: exchanges that it has served.
    HC_TRACE_REUSE = 10,
    /// The head of a request has been sent. `bytes`: as it was sent, but for secrets.
    HC_TRACE_REQUEST_HEAD = 11,
    /// More has been sent. `count`: bytes on the wire, chunk framing included.
    HC_TRACE_REQUEST_BODY = 12,
    /// A head has arrived, of an interim response or of the final one. `bytes`: as it came, but
    /// for secrets and for lines that a leniency has dropped; `status`.
    HC_TRACE_RESPONSE_HEAD = 13,
    /// Bytes of a body were given to the program. `count`: how many; `total`: of how many, if
    /// that is known. Not in HC_TRACE_USUAL: there can be very many of these.
    HC_TRACE_RESPONSE_BODY = 14,
    /// Reading a response has come to an end. `count`: body bytes given to the program; `code`:
    /// HC_OK, or why not to the end; `bytes`: trailers, if there are any.
    HC_TRACE_RESPONSE_END = 15,
    /// Whether the connection outlives the response. `reason`: an HC_CLOSE_* number, of which
    /// HC_KEEP_ALIVE is 0; `text`: the reason in words.
    HC_TRACE_KEEP = 16,
    /// A connection is about to be closed. `count`: exchanges that it has served.
    HC_TRACE_CLOSED = 17,
    /// The state has changed. `state_before`, `state`.
    HC_TRACE_STATE = 18,
    /// A call cannot go on. `events`: HC_EVENT_* numbers that are waited for; `timeout_ms`: until
    /// a timeout passes, -1 for never. A wait inside the receive itself, which a blocking call
    /// does when it can, is not told.
    HC_TRACE_WAIT = 19,
    /// A timeout has passed. `timeout_kind`: an HC_TIMEOUT_* number.
    HC_TRACE_TIMEOUT = 20,
    /// The request is sent again on another connection (hc_set_retry).
    HC_TRACE_RETRY = 21,
    /// hc_cancel has ended a call.
    HC_TRACE_CANCELLED = 22,
    /// A call has failed, or was refused (`phase` is HC_PHASE_NONE then). `code`; `text`: a
    /// sentence; `os_error`, `timeout_kind`, `status`.
    HC_TRACE_FAILED = 23,
}

/// Whether a kept connection is used again, and why: HC_TRACE_REUSE.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_reuse {
    /// It is: it was looked at, and is silent.
    HC_REUSE_SILENT = 0,
    /// It is, without a look: it has been idle for less than HC_TIMEOUT_REUSE_CHECK, or has
    /// served no exchange yet.
    HC_REUSE_UNCHECKED = 1,
    /// It is not: the server has ended it.
    HC_REUSE_ENDED = 2,
    /// It is not: bytes have been received that nobody asked for.
    HC_REUSE_UNASKED = 3,
    /// It is not: there is something to receive, bytes that nobody asked for or the end.
    HC_REUSE_NOT_SILENT = 4,
    /// It is not: the rest of an earlier response has not arrived, or is too long to skip.
    HC_REUSE_UNREAD = 5,
    /// It is not: HC_TIMEOUT_IDLE.
    HC_REUSE_IDLE = 6,
    /// It is not: HC_TIMEOUT_AGE.
    HC_REUSE_OLD = 7,
    /// It is not: HC_LIMIT_REQUESTS.
    HC_REUSE_SPENT = 8,
}

/// Choices of hc_set_trace, to be or-ed together.
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum hc_trace_flag {
    /// DANGEROUS. Heads are shown as they are, with passwords and cookies: whoever reads the
    /// trace can then act for the user.
    HC_TRACE_SECRETS = 1,
}

/// A mask for hc_set_trace: everything.
pub const HC_TRACE_ALL: u64 = u64::MAX;
/// A mask for hc_set_trace: everything but what is told very often (HC_TRACE_RESPONSE_BODY).
pub const HC_TRACE_USUAL: u64 = 0xffff_ffff_ffff_bfff;

const _: () = {
    use hc_reuse as R;
    use hc_trace_kind as K;
    assert!(K::HC_TRACE_RESOLVE_BEGIN as i32 == Kind::ResolveBegin as i32);
    assert!(K::HC_TRACE_RESOLVE_END as i32 == Kind::ResolveEnd as i32);
    assert!(K::HC_TRACE_CONNECT_BEGIN as i32 == Kind::ConnectBegin as i32);
    assert!(K::HC_TRACE_CONNECT_END as i32 == Kind::ConnectEnd as i32);
    assert!(K::HC_TRACE_TLS_BEGIN as i32 == Kind::TlsBegin as i32);
    assert!(K::HC_TRACE_TLS_END as i32 == Kind::TlsEnd as i32);
    assert!(K::HC_TRACE_PROXY_BEGIN as i32 == Kind::ProxyBegin as i32);
    assert!(K::HC_TRACE_PROXY_END as i32 == Kind::ProxyEnd as i32);
    assert!(K::HC_TRACE_OPENED as i32 == Kind::Opened as i32);
    assert!(K::HC_TRACE_REUSE as i32 == Kind::Reuse as i32);
    assert!(K::HC_TRACE_REQUEST_HEAD as i32 == Kind::RequestHead as i32);
    assert!(K::HC_TRACE_REQUEST_BODY as i32 == Kind::RequestBody as i32);
    assert!(K::HC_TRACE_RESPONSE_HEAD as i32 == Kind::ResponseHead as i32);
    assert!(K::HC_TRACE_RESPONSE_BODY as i32 == Kind::ResponseBody as i32);
    assert!(K::HC_TRACE_RESPONSE_END as i32 == Kind::ResponseEnd as i32);
    assert!(K::HC_TRACE_KEEP as i32 == Kind::Keep as i32);
    assert!(K::HC_TRACE_CLOSED as i32 == Kind::Closed as i32);
    assert!(K::HC_TRACE_STATE as i32 == Kind::State as i32);
    assert!(K::HC_TRACE_WAIT as i32 == Kind::Wait as i32);
    assert!(K::HC_TRACE_TIMEOUT as i32 == Kind::Timeout as i32);
    assert!(K::HC_TRACE_RETRY as i32 == Kind::Retry as i32);
    assert!(K::HC_TRACE_CANCELLED as i32 == Kind::Cancelled as i32);
    assert!(K::HC_TRACE_FAILED as i32 == Kind::Failed as i32);
    assert!(R::HC_REUSE_SILENT as i32 == Fitness::Silent as i32);
    assert!(R::HC_REUSE_UNCHECKED as i32 == Fitness::Unchecked as i32);
    assert!(R::HC_REUSE_ENDED as i32 == Fitness::Ended as i32);
    assert!(R::HC_REUSE_UNASKED as i32 == Fitness::Unasked as i32);
    assert!(R::HC_REUSE_NOT_SILENT as i32 == Fitness::NotSilent as i32);
    assert!(R::HC_REUSE_UNREAD as i32 == Fitness::Unread as i32);
    assert!(R::HC_REUSE_IDLE as i32 == Fitness::Idle as i32);
    assert!(R::HC_REUSE_OLD as i32 == Fitness::Old as i32);
    assert!(R::HC_REUSE_SPENT as i32 == Fitness::Spent as i32);
    assert!(HC_TRACE_USUAL == HC_TRACE_ALL & !Kind::ResponseBody.bit());
};
