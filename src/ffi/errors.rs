//! The error record.

use core::ffi::c_char;
use core::ptr;

use super::args::{self, Versioned, VersionedOut};
use super::barrier::{enter, enter_response, hc_conn};
use super::response::hr_response;
use super::types::HC_LENGTH_UNKNOWN;
use crate::client::connection::Connection;
use crate::client::record::{Phase, Record, Resend};
use crate::client::response::Response;
use crate::error::{Code, Fault, Result, hc_status};
use crate::net::dial::Attempt;

/// What was going on when a call failed.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_phase {
    /// Nothing on the network: the call was refused.
    HC_PHASE_NONE = 0,
    /// Resolving the name.
    HC_PHASE_RESOLVE = 1,
    /// Connecting.
    HC_PHASE_CONNECT = 2,
    /// Sending the request head.
    HC_PHASE_SEND_HEAD = 3,
    /// Sending the request body.
    HC_PHASE_SEND_BODY = 4,
    /// Waiting for an answer to "Expect: 100-continue".
    HC_PHASE_WAIT_CONTINUE = 5,
    /// Waiting for the response, or reading its head.
    HC_PHASE_RESPONSE_HEAD = 6,
    /// Reading the response body.
    HC_PHASE_RESPONSE_BODY = 7,
    /// Reading the trailers.
    HC_PHASE_TRAILERS = 8,
    /// The TLS handshake, with the proxy or the origin.
    HC_PHASE_TLS = 9,
    /// Asking a proxy for a tunnel.
    HC_PHASE_PROXY = 10,
}

/// May the request be sent again?
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_resend {
    /// No: the server has answered, at least in part; or it was no request that failed.
    HC_RESEND_NO = 0,
    /// Yes: not a byte of it was sent.
    HC_RESEND_NOTHING_SENT = 1,
    /// A kept connection ended before a byte of the answer, as it does when the server gave it
    /// up while the request was on its way. Do it for idempotent methods.
    HC_RESEND_CLOSED_UNREAD = 2,
    /// Unknown: it was sent, at least in part, and nothing was heard.
    HC_RESEND_UNKNOWN = 3,
}

const _: () = {
    assert!(hc_phase::HC_PHASE_NONE as i32 == Phase::None as i32);
    assert!(hc_phase::HC_PHASE_RESOLVE as i32 == Phase::Resolve as i32);
    assert!(hc_phase::HC_PHASE_CONNECT as i32 == Phase::Connect as i32);
    assert!(hc_phase::HC_PHASE_SEND_HEAD as i32 == Phase::SendHead as i32);
    assert!(hc_phase::HC_PHASE_SEND_BODY as i32 == Phase::SendBody as i32);
    assert!(hc_phase::HC_PHASE_WAIT_CONTINUE as i32 == Phase::WaitContinue as i32);
    assert!(hc_phase::HC_PHASE_RESPONSE_HEAD as i32 == Phase::ResponseHead as i32);
    assert!(hc_phase::HC_PHASE_RESPONSE_BODY as i32 == Phase::ResponseBody as i32);
    assert!(hc_phase::HC_PHASE_TRAILERS as i32 == Phase::Trailers as i32);
    assert!(hc_phase::HC_PHASE_TLS as i32 == Phase::Tls as i32);
    assert!(hc_phase::HC_PHASE_PROXY as i32 == Phase::Proxy as i32);
    assert!(hc_resend::HC_RESEND_NO as i32 == Resend::No as i32);
    assert!(hc_resend::HC_RESEND_NOTHING_SENT as i32 == Resend::NothingSent as i32);
    assert!(hc_resend::HC_RESEND_CLOSED_UNREAD as i32 == Resend::ClosedUnread as i32);
    assert!(hc_resend::HC_RESEND_UNKNOWN as i32 == Resend::Unknown as i32);
};

/// An address that was tried.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hc_attempt {
    /// "192.0.2.1:80", "[2001:db8::1]:80" or the name of a Unix socket, as much of it as fits;
    /// NUL-terminated.
    pub address: [c_char; 64],
    /// errno; 0 for the one that was connected. ECANCELED for one that was given up because
    /// another was connected or the call was cancelled, ETIMEDOUT when the time was over, EPERM
    /// when the socket callback refused.
    pub os_error: i32,
    /// How long it took, in milliseconds.
    pub elapsed_ms: i32,
}

/// All that is known of the last failure of a handle.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hc_error_info {
    /// Going in: sizeof(hc_error_info), which tells the library which fields there are.
    pub struct_size: usize,
    /// The hc_status that the call returned; 0 when no call has failed.
    pub code: i32,
    /// An HC_PHASE_* number.
    pub phase: i32,
    /// errno; for HC_ERR_RESOLVE a code of getaddrinfo(3), which is negative, or errno; 0 for none.
    pub os_error: i32,
    /// An HC_RESEND_* number.
    pub resend: i32,
    /// For HC_ERR_TIMEOUT an HC_TIMEOUT_* number; otherwise -1.
    pub timeout_kind: i32,
    /// The HC_STATE_* number before the call.
    pub state: i32,
    /// 1 when the connection had served an exchange before, else 0.
    pub reused: i32,
    /// The status code of the response whose body failed, or with which a proxy refused a tunnel;
    /// else 0.
    pub http_status: i32,
    /// What the program's callback returned, for HC_ERR_CALLBACK.
    pub callback_value: i64,
    /// The byte at which the trouble stands: of the head, of the coded body, or of an argument.
    pub offset: u64,
    /// Bytes of this exchange that were sent.
    pub bytes_sent: u64,
    /// Bytes of this exchange that were received.
    pub bytes_received: u64,
    /// Body bytes that were delivered. Python: IncompleteRead.partial.
    pub body_received: u64,
    /// Body bytes that were still to come; HC_LENGTH_UNKNOWN when that is not known. Python:
    /// IncompleteRead.expected.
    pub body_expected: u64,
    /// How long the connection had been idle before this exchange, in milliseconds; -1 for a
    /// new one.
    pub idle_ms: i64,
    /// A sentence with the specifics, NUL-terminated, never NULL. Lifetime: next-call.
    pub text: *const c_char,
    /// Addresses that were tried for the connection, in the order in which their turn came.
    /// Lifetime: next-call.
    pub attempts: *const hc_attempt,
    /// How many.
    pub attempt_count: usize,
    /// The TLS alert that the server sent (RFC 8446, 6; close_notify is 0); -1 for none.
    pub tls_alert: i32,
    /// Why TLS failed: an HC_TLS_REASON_* number; 0 when it did not. With HC_ERR_INCOMPLETE,
    /// HC_TLS_REASON_TRUNCATED: the connection ended without TLS's own end.
    pub tls_reason: i32,
}

/// What is known of the last call that failed on a connection. Reading calls on its responses
/// have records of their own: hr_last_error. Calls that succeed leave the record as it is.
///
/// @param c a connection
/// @param info its struct_size going in; receives the record. Pointers in it: Lifetime:
/// next-call.
/// @return HC_OK, also when no call has failed: then `info->code` is 0; HC_ERR_INVALID_ARG;
/// HC_ERR_BUSY and HC_ERR_FORKED, for which hc_strerror says all there is
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `info` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_last_error(c: *const hc_conn, info: *mut hc_error_info) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { VersionedOut::new(info) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    let show = |core: &mut Connection| fill(&out, core.last_error());
    // SAFETY: the caller's promise.
    args::done(unsafe { enter(c, show) })
}

/// The same as hc_last_error for the reading calls on a response.
///
/// @param r a response
/// @param info as for hc_last_error
/// @return as hc_last_error
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; `info` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_last_error(
    r: *const hr_response,
    info: *mut hc_error_info,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { VersionedOut::new(info) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    let show =
        |_: &mut Connection, response: &mut Response| fill(&out, response.last_error.as_deref());
    // SAFETY: the caller's promise.
    args::done(unsafe { enter_response(r, show) })
}

// SAFETY: numbers and pointers, with the size in front.
unsafe impl Versioned for hc_error_info {
    const FIRST_SIZE: usize = size_of::<Self>();
}

// The size is read before the rest is trusted; the record keeps its attempts as C sees them.
const _: () = {
    assert!(core::mem::offset_of!(hc_error_info, struct_size) == 0);
    assert!(size_of::<Attempt>() == size_of::<hc_attempt>());
    assert!(
        core::mem::offset_of!(Attempt, os_error) == core::mem::offset_of!(hc_attempt, os_error)
    );
    assert!(
        core::mem::offset_of!(Attempt, elapsed_ms) == core::mem::offset_of!(hc_attempt, elapsed_ms)
    );
};

/// No failure.
fn blank() -> hc_error_info {
    hc_error_info {
        struct_size: size_of::<hc_error_info>(),
        code: 0,
        phase: Phase::None as i32,
        os_error: 0,
        resend: Resend::No as i32,
        timeout_kind: -1,
        state: 0,
        reused: 0,
        http_status: 0,
        callback_value: 0,
        offset: 0,
        bytes_sent: 0,
        bytes_received: 0,
        body_received: 0,
        body_expected: HC_LENGTH_UNKNOWN,
        idle_ms: -1,
        text: Code::HC_OK.sentence().as_ptr(),
        attempts: ptr::null(),
        attempt_count: 0,
        tls_alert: -1,
        tls_reason: 0,
    }
}

/// A failure of which nothing else is known.
pub(super) fn fill_fault(
    out: &VersionedOut<hc_error_info>,
    fault: Option<&Fault>,
    text: *const c_char,
) {
    let mut info = blank();
    if let Some(fault) = fault {
        info.code = fault.code as i32;
        info.os_error = fault.os_error;
        info.tls_reason = fault.tls_reason;
        info.text = text;
    }
    out.set(&info);
}

pub(super) fn fill(out: &VersionedOut<hc_error_info>, record: Option<&Record>) -> Result<()> {
    let mut info = blank();
    if let Some(r) = record {
        info.code = r.fault.code as i32;
        info.phase = r.phase as i32;
        info.os_error = r.fault.os_error;
        info.resend = r.resend as i32;
        info.timeout_kind = r.fault.timeout;
        info.state = r.state as i32;
        info.reused = i32::from(r.reused);
        info.http_status = i32::from(r.http_status);
        info.callback_value = r.fault.callback_value;
        info.offset = r.fault.offset;
        info.tls_alert = r.fault.tls_alert;
        info.tls_reason = r.fault.tls_reason;
        info.bytes_sent = r.sent;
        info.bytes_received = r.received;
        info.body_received = r.body_received;
        info.body_expected = r.body_expected.unwrap_or(HC_LENGTH_UNKNOWN);
        info.idle_ms = r.idle_ms;
        info.text = r.text.as_ptr().cast();
        if !r.attempts.is_empty() {
            info.attempts = r.attempts.as_ptr().cast();
            info.attempt_count = r.attempts.len();
        }
    }
    out.set(&info);
    Ok(())
}
