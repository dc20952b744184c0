//! Pipelining: several requests are sent on one connection before the first is answered. Off
//! unless it is asked for. The answers come in the order of the requests, each is read to its end
//! before the next, and when the connection ends it is known of every request that was left
//! unanswered whether it can be sent again. See docs/pipelining.md.

use super::args::{self, VersionedOut, unknown};
use super::barrier::{enter, enter_response, hc_conn, peek};
use super::errors::{fill, hc_error_info};
use super::options::set;
use super::response::hr_response;
use crate::client::connection::Connection;
use crate::client::response::Response;
use crate::error::{Code, hc_status};
use crate::proto::state::{self, Event, Queue, State};

/// Chooses how many requests may be unanswered on one connection. With 1, the default, a request
/// can be started when the head of the response before it has been read. With more, hc_putrequest
/// and hc_request are also legal in HC_STATE_REQUEST_SENT and
/// HC_STATE_REQ_SENT_UNREAD_RESPONSE, and hc_getresponse in HC_STATE_REQUEST_STARTED, as long as
/// there are requests before that one: it gives the response to the oldest that is unanswered.
///
/// Requests are gathered and leave together: when hc_getresponse has to wait, when there are
/// 16 KiB of them, when the pipeline is full and no response has arrived, and with hc_flush. So
/// hc_endheaders waits for nothing but the connection, and a failure to send comes with
/// hc_getresponse, after all responses that have arrived.
///
/// A request is sent before those in front of it are answered only when its method is idempotent
/// (GET, HEAD, OPTIONS, TRACE, PUT, DELETE; see hc_set_pipeline_dangerous_methods), it is
/// HTTP/1.1, it is no CONNECT and no Upgrade, and its body, if it has one, has a known length of
/// at most 64 KiB, is in memory, in a regular file or from a callback, and does not wait for
/// "100 Continue". Nor is anything sent behind a request that may not be followed: one that owes
/// bytes of its body, CONNECT, Upgrade, "Connection: close", HTTP/1.0, a method that is not
/// idempotent. hc_putrequest then says HC_ERR_CANNOT_SEND_REQUEST, and hc_endheaders
/// HC_ERR_CANNOT_SEND_BODY for a body; the call can be made again when the responses have been
/// taken. Requests that could not be gathered are sent as without a pipeline when nothing is
/// unanswered. hc_set_retry does not count for gathered requests.
///
/// @param c a connection
/// @param depth 1 to 1024; counts from the next request on
/// @return HC_OK; HC_ERR_INVALID_ARG for another depth. RFC 9112 section 9.3.2.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_pipeline_depth(c: *mut hc_conn, depth: u32) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { set(c, |core| core.set_pipeline_depth(depth)) }
}

/// How many requests may be unanswered.
///
/// @param c a connection
/// @return 1 to 1024; 0 for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_pipeline_depth(c: *const hc_conn) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { peek(c, |_| 0, Connection::pipeline_depth) }
}

/// Chooses whether methods that are not idempotent (POST, PATCH, any that is not known) are
/// pipelined too. Dangerous: when the connection ends before the answer, nobody can tell whether
/// the server has acted on such a request, and sending it again may do twice what should be done
/// once; nor whether it has acted on those behind. RFC 9112 section 9.3.2 says not to. It is for
/// programs that know what their server does.
///
/// @param c a connection
/// @param on 0: they wait for the answers before them, and are waited for (the default); anything
/// else: they are sent like the others
/// @return HC_OK
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_pipeline_dangerous_methods(c: *mut hc_conn, on: i32) -> hc_status {
    let choose = |core: &mut Connection| {
        core.set_pipeline_any_method(on != 0);
        Ok(())
    };
    // SAFETY: the caller's promise.
    unsafe { set(c, choose) }
}

/// Whether methods that are not idempotent are pipelined too.
///
/// @param c a connection
/// @return 1 or 0; an hc_status below 0 for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_pipeline_dangerous_methods(c: *const hc_conn) -> i32 {
    let ask = |core: &Connection| i32::from(core.pipelines_any_method());
    // SAFETY: the caller's promise.
    unsafe { peek(c, |code| code as i32, ask) }
}

/// Sends the requests that were gathered, as far as the connection takes them at once. Never
/// waits, in either mode: what is left goes out with hc_getresponse, which reads meanwhile, so
/// that neither side holds up the other. Needed only by a program that does something else
/// before it asks for a response. A failure to send is told by hc_getresponse.
///
/// @param c a connection
/// @return HC_OK, also when there is nothing to send; HC_WANT_WRITE when something is left
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_flush(c: *mut hc_conn) -> hc_status {
    // SAFETY: the caller's promise.
    match unsafe { enter(c, |core: &mut Connection| Ok(core.push_in_passing())) } {
        Ok(true) => Code::HC_OK,
        Ok(false) => Code::HC_WANT_WRITE,
        Err(code) => code,
    }
}

/// The number of the last request of this handle, counted from 1 by hc_endheaders and
/// hc_request. Ask after they have returned HC_OK.
///
/// @param c a connection
/// @return its number; 0 when there was none, and for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_last_request_id(c: *const hc_conn) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { peek(c, |_| 0, Connection::last_request_id) }
}

/// The number of the request that a response answers: hc_last_request_id.
///
/// @param r a response
/// @return its number; 0 for a response that was not got by hc_getresponse, and for a bad handle
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_request_id(r: *const hr_response) -> u64 {
    let ask = |_: &mut Connection, response: &mut Response| Ok(response.request_id());
    // SAFETY: the caller's promise.
    unsafe { enter_response(r, ask) }.unwrap_or(0)
}

/// How many requests have been sent, or gathered to be sent, and not been answered: their
/// responses have not been got by hc_getresponse.
///
/// @param c a connection
/// @return how many; 0 for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_unanswered_count(c: *const hc_conn) -> usize {
    // SAFETY: the caller's promise.
    unsafe { peek(c, |_| 0, Connection::unanswered_count) }
}

/// The number of one of the unanswered requests.
///
/// @param c a connection
/// @param index 0 for the oldest, whose response hc_getresponse gives next
/// @return its number (hc_last_request_id); 0 when there are not so many, and for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_unanswered_id(c: *const hc_conn, index: usize) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { peek(c, |_| 0, |core| core.unanswered_id(index).unwrap_or(0)) }
}

/// How many requests were unanswered when the last connection of a pipeline ended: by a failure,
/// by a response that ends the connection (hr_will_close), or by hc_close. The list is replaced
/// when the next connection ends, so copy the numbers before the requests are sent again.
///
/// @param c a connection
/// @return how many; 0 when hc_set_pipeline_depth was not called, and for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_lost_count(c: *const hc_conn) -> usize {
    // SAFETY: the caller's promise.
    unsafe { peek(c, |_| 0, |core| core.lost().len()) }
}

/// The number of one of the requests that were left unanswered.
///
/// @param c a connection
/// @param index 0 for the one that was sent first
/// @return its number (hc_last_request_id); 0 when there are not so many, and for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_lost_id(c: *const hc_conn, index: usize) -> u64 {
    let ask = |core: &Connection| core.lost().get(index).map_or(0, |lost| lost.id);
    // SAFETY: the caller's promise.
    unsafe { peek(c, |_| 0, ask) }
}

/// What became of a request that was left unanswered. `info->resend` says whether it can be sent
/// again: HC_RESEND_NOTHING_SENT when not a byte of it was sent; HC_RESEND_CLOSED_UNREAD when the
/// server ended the connection after earlier responses and before the first byte of this one;
/// HC_RESEND_UNKNOWN when it was sent, at least in part, and a timeout, hc_cancel, hc_close or a
/// response that could not be understood ended the connection; HC_RESEND_NO when a part of its
/// response has arrived.
///
/// @param c a connection
/// @param index as for hc_lost_id
/// @param info its struct_size going in; receives the record. Pointers in it: Lifetime:
/// next-call.
/// @return HC_OK; HC_ERR_INVALID_ARG, also when there are not so many
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `info` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_lost_error(
    c: *const hc_conn,
    index: usize,
    info: *mut hc_error_info,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { VersionedOut::new(info) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    let show = |core: &mut Connection| match core.lost().get(index) {
        Some(lost) => fill(&out, Some(&lost.record)),
        None => Err(unknown("there are not so many requests")),
    };
    // SAFETY: the caller's promise.
    args::done(unsafe { enter(c, show) })
}

/// The same as hc_transition for a connection that pipelines.
///
/// @param state as for hc_transition
/// @param call as for hc_transition
/// @param unanswered how many requests have been sent and not been answered (hc_unanswered_count)
/// @param depth how many may be (hc_get_pipeline_depth)
/// @return as hc_transition
#[unsafe(no_mangle)]
pub extern "C" fn hc_transition_in_pipeline(
    state: i32,
    call: i32,
    unanswered: u32,
    depth: u32,
) -> i32 {
    let (Some(from), Some(event)) = (State::from_number(state), Event::from_call_number(call))
    else {
        return Code::HC_ERR_INVALID_ARG as i32;
    };
    let own = matches!(from, State::RequestSent | State::ReqSentUnreadResponse);
    let queue = Queue {
        has_room: unanswered < depth,
        is_waited_for: unanswered > u32::from(own),
    };
    match state::next_in_pipeline(from, event, queue) {
        Ok(to) => to as i32,
        Err(code) => code as i32,
    }
}
