//! The state machine, for programs that ask before they act.

use core::ffi::c_char;

use super::barrier::{self, hc_conn};
use crate::error::Code;
use crate::proto::state::{self, Event, State};

/// Where a connection stands: what hc_state returns. The names are those of Python's httplib.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_state_number {
    /// Nothing is going on; there may or may not be an open connection.
    HC_STATE_IDLE = 0,
    /// A request head is being written.
    HC_STATE_REQUEST_STARTED = 1,
    /// The request head has been sent.
    HC_STATE_REQUEST_SENT = 2,
    /// The head of a response has been read, its body has not been read to the end.
    HC_STATE_UNREAD_RESPONSE = 3,
    /// The next request head is being written while a response is unread.
    HC_STATE_REQ_STARTED_UNREAD_RESPONSE = 4,
    /// The next request has been sent while a response is unread.
    HC_STATE_REQ_SENT_UNREAD_RESPONSE = 5,
}

/// Calls that the state machine knows: what hc_transition takes.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_call_number {
    /// hc_connect
    HC_CALL_CONNECT = 0,
    /// hc_close
    HC_CALL_CLOSE = 1,
    /// hc_putrequest
    HC_CALL_PUTREQUEST = 2,
    /// hc_putheader and its other forms
    HC_CALL_PUTHEADER = 3,
    /// hc_endheaders
    HC_CALL_ENDHEADERS = 4,
    /// hc_send
    HC_CALL_SEND = 5,
    /// hc_finish_body
    HC_CALL_FINISH_BODY = 6,
    /// hc_request
    HC_CALL_REQUEST = 7,
    /// hc_getresponse
    HC_CALL_GETRESPONSE = 8,
    /// The response is read to its end, by any of the reading calls.
    HC_CALL_READ_TO_END = 9,
}

// Each number is written twice, here for C and in the table's own types; they are the same.
const _: () = {
    use hc_call_number as C;
    use hc_state_number as S;
    assert!(S::HC_STATE_IDLE as i32 == State::Idle as i32);
    assert!(S::HC_STATE_REQUEST_STARTED as i32 == State::RequestStarted as i32);
    assert!(S::HC_STATE_REQUEST_SENT as i32 == State::RequestSent as i32);
    assert!(S::HC_STATE_UNREAD_RESPONSE as i32 == State::UnreadResponse as i32);
    assert!(
        S::HC_STATE_REQ_STARTED_UNREAD_RESPONSE as i32 == State::ReqStartedUnreadResponse as i32
    );
    assert!(S::HC_STATE_REQ_SENT_UNREAD_RESPONSE as i32 == State::ReqSentUnreadResponse as i32);
    assert!(C::HC_CALL_CONNECT as i32 == Event::Connect as i32);
    assert!(C::HC_CALL_CLOSE as i32 == Event::Close as i32);
    assert!(C::HC_CALL_PUTREQUEST as i32 == Event::PutRequest as i32);
    assert!(C::HC_CALL_PUTHEADER as i32 == Event::PutHeader as i32);
    assert!(C::HC_CALL_ENDHEADERS as i32 == Event::EndHeaders as i32);
    assert!(C::HC_CALL_SEND as i32 == Event::Send as i32);
    assert!(C::HC_CALL_FINISH_BODY as i32 == Event::FinishBody as i32);
    assert!(C::HC_CALL_REQUEST as i32 == Event::Request as i32);
    assert!(C::HC_CALL_GETRESPONSE as i32 == Event::GetResponse as i32);
    assert!(C::HC_CALL_READ_TO_END as i32 == Event::ReadToEnd as i32);
};

/// Where a connection stands. After a call that returned HC_WANT_READ or HC_WANT_WRITE it is
/// still the state from before the call.
///
/// @param c a connection
/// @return an HC_STATE_* number; HC_ERR_INVALID_ARG, HC_ERR_BUSY, HC_ERR_FORKED or
/// HC_ERR_INTERNAL, all below 0, when the handle cannot be asked. Python: the private state of
/// HTTPConnection together with whether a response is unread.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_state(c: *const hc_conn) -> i32 {
    // SAFETY: the caller promises a live handle or NULL.
    unsafe { barrier::peek(c, |code| code as i32, |core| core.state() as i32) }
}

/// Asks the state machine what a call does, without a connection. The library's own calls ask
/// the same table, so the answer is what would happen, except that arguments and the network
/// may still make a legal call fail. HC_CALL_GETRESPONSE leads to HC_STATE_UNREAD_RESPONSE
/// with a response that keeps the connection; one that ends it takes the connection along, and
/// leaves the handle in HC_STATE_IDLE.
///
/// @param state an HC_STATE_* number
/// @param call an HC_CALL_* number
/// @return the state it leads to, 0 or above; or the hc_status with which the call is refused,
/// below 0; HC_ERR_INVALID_ARG for unknown numbers
#[unsafe(no_mangle)]
pub extern "C" fn hc_transition(state: i32, call: i32) -> i32 {
    let (Some(from), Some(event)) = (State::from_number(state), Event::from_call_number(call))
    else {
        return Code::HC_ERR_INVALID_ARG as i32;
    };
    match state::next(from, event) {
        Ok(to) => to as i32,
        Err(code) => code as i32,
    }
}

/// The name of a state, as in Python's httplib: "Idle", "Request-started", "Request-sent",
/// "Unread-response", "Req-started-unread-response", "Req-sent-unread-response".
///
/// @param state any number
/// @return a NUL-terminated name, "Unknown" for a number that is no state; never NULL.
/// Lifetime: static.
#[unsafe(no_mangle)]
pub extern "C" fn hc_state_name(state: i32) -> *const c_char {
    State::from_number(state)
        .map_or(c"Unknown", State::name)
        .as_ptr()
}

/// The name of a call that the state machine knows: "hc_putrequest".
///
/// @param call any number
/// @return a NUL-terminated name, "Unknown" for a number that is no HC_CALL_*; never NULL.
/// Lifetime: static.
#[unsafe(no_mangle)]
pub extern "C" fn hc_call_name(call: i32) -> *const c_char {
    Event::from_call_number(call)
        .map_or(c"Unknown", Event::name)
        .as_ptr()
}
