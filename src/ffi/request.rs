//! Requests.

use core::ffi::{c_char, c_void};

use super::args::{self, Out, status, want};
use super::barrier::{enter, hc_conn, peek};
use super::body::{flags, with_body, with_fields};
use super::types::{HC_LENGTH_UNKNOWN, HC_ZSTR, hc_body, hc_header, hc_iovec};
use crate::client::connection::Connection;
use crate::client::request::RequestFields;
use crate::error::{Code, Error, Result, hc_status};
use crate::net::Step;
use crate::proto::grammar::Decimal;

/// Starts a request: the request line and, unless they are skipped, Host and Accept-Encoding.
/// Nothing is sent before hc_endheaders. Legal in HC_STATE_IDLE and HC_STATE_UNREAD_RESPONSE.
///
/// @param c a connection
/// @param method a token of 1 to 64 bytes, sent as it is spelt
/// @param target what stands in the request line: a path with its query, an absolute URL, or
/// "*"; visible ASCII only, percent-encoding is the caller's; "" is "/". With an absolute URL
/// the Host field is taken from it.
/// @param flags HC_SKIP_HOST, HC_SKIP_ACCEPT_ENCODING, HC_UNCHECKED_METHOD,
/// HC_UNCHECKED_TARGET, or 0
/// @return HC_OK; HC_ERR_CANNOT_SEND_REQUEST in another state; HC_ERR_INVALID_ARG for a method
/// that cannot be sent; HC_ERR_INVALID_URL for such a target; HC_ERR_PENDING; HC_ERR_NOMEM. A
/// refused call changes nothing. Python: HTTPConnection.putrequest.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_putrequest(
    c: *mut hc_conn,
    method: *const c_char,
    target: *const c_char,
    flags: u32,
) -> hc_status {
    // SAFETY: the caller's promise; NUL-terminated strings are counted ones.
    unsafe { hc_putrequest_n(c, method, HC_ZSTR, target, HC_ZSTR, flags) }
}

/// The same as hc_putrequest, for strings whose lengths are given.
///
/// @param c a connection
/// @param method as for hc_putrequest
/// @param method_len its length in bytes, or HC_ZSTR
/// @param target as for hc_putrequest
/// @param target_len its length in bytes, or HC_ZSTR
/// @param flags as for hc_putrequest
/// @return as hc_putrequest
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; the strings are valid for their lengths.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_putrequest_n(
    c: *mut hc_conn,
    method: *const c_char,
    method_len: usize,
    target: *const c_char,
    target_len: usize,
    flags: u32,
) -> hc_status {
    // SAFETY: the caller's promise.
    let method = unsafe { args::counted(method, method_len) };
    // SAFETY: the caller's promise.
    let target = unsafe { args::counted(target, target_len) };
    let op = |core: &mut Connection| core.put_request(method?, target?, self::flags(flags)?);
    // SAFETY: the caller's promise.
    args::done(unsafe { enter(c, op) })
}

/// Adds a field to the request head. Legal between hc_putrequest and hc_endheaders.
///
/// Host, Content-Length and Transfer-Encoding can stand once; a length and a coding exclude
/// each other; the only coding is "chunked". HC_PROFILE_PYTHON does not check that.
///
/// @param c a connection
/// @param name a token
/// @param value any bytes but controls (TAB is fine); no line end gets through
/// @return HC_OK; HC_ERR_CANNOT_SEND_HEADER when no head is open; HC_ERR_INVALID_ARG for a
/// name or value that cannot be sent; HC_ERR_NOMEM. A refused call changes nothing. Python:
/// HTTPConnection.putheader.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_putheader(
    c: *mut hc_conn,
    name: *const c_char,
    value: *const c_char,
) -> hc_status {
    // SAFETY: the caller's promise; NUL-terminated strings are counted ones.
    unsafe { hc_putheader_n(c, name, HC_ZSTR, value, HC_ZSTR) }
}

/// The same as hc_putheader, for strings whose lengths are given.
///
/// @param c a connection
/// @param name as for hc_putheader
/// @param name_len its length in bytes, or HC_ZSTR
/// @param value as for hc_putheader
/// @param value_len its length in bytes, or HC_ZSTR
/// @return as hc_putheader
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; the strings are valid for their lengths.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_putheader_n(
    c: *mut hc_conn,
    name: *const c_char,
    name_len: usize,
    value: *const c_char,
    value_len: usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let name = unsafe { args::counted(name, name_len) };
    // SAFETY: the caller's promise.
    let value = unsafe { args::counted(value, value_len) };
    let op = |core: &mut Connection| core.put_header(name?, &[value?]);
    // SAFETY: the caller's promise.
    args::done(unsafe { enter(c, op) })
}

/// The most values that one field is given at once.
const MOST_VALUES: usize = 1024;

/// Adds a field of several values, joined by ", " (in HC_PROFILE_PYTHON by a line end and a
/// TAB, as Python does).
///
/// @param c a connection
/// @param name as for hc_putheader
/// @param values NUL-terminated strings
/// @param count how many, 1 to 1024
/// @return as hc_putheader. Python: putheader with several values.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `values` is an array of `count` strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_putheader_values(
    c: *mut hc_conn,
    name: *const c_char,
    values: *const *const c_char,
    count: usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let name = unsafe { args::text(name) };
    // SAFETY: the caller's promise.
    let strings = unsafe { args::array(values, count) };
    let op = |core: &mut Connection| {
        let mut parts = room_for_values(count)?;
        for s in strings? {
            // SAFETY: the caller's promise.
            parts.push(unsafe { args::text(*s) }?);
        }
        core.put_header(name?, &parts)
    };
    // SAFETY: the caller's promise.
    args::done(unsafe { enter(c, op) })
}

/// The same as hc_putheader_values, for strings whose lengths are given.
///
/// @param c a connection
/// @param name as for hc_putheader
/// @param name_len its length in bytes, or HC_ZSTR
/// @param values the values, which are only read
/// @param count how many, 1 to 1024
/// @return as hc_putheader
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `name` is valid for its length; `values` is an
/// array of `count` pieces, each valid as it says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_putheader_values_n(
    c: *mut hc_conn,
    name: *const c_char,
    name_len: usize,
    values: *const hc_iovec,
    count: usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let name = unsafe { args::counted(name, name_len) };
    // SAFETY: the caller's promise.
    let pieces = unsafe { args::array(values, count) };
    let op = |core: &mut Connection| {
        let mut parts = room_for_values(count)?;
        for piece in pieces? {
            // SAFETY: the caller's promise.
            parts.push(unsafe { args::bytes(piece.base, piece.len) }?);
        }
        core.put_header(name?, &parts)
    };
    // SAFETY: the caller's promise.
    args::done(unsafe { enter(c, op) })
}

fn room_for_values<'a>(count: usize) -> Result<Vec<&'a [u8]>> {
    if count == 0 || count > MOST_VALUES {
        return Err(Error::new(
            Code::HC_ERR_INVALID_ARG,
            "a field has 1 to 1024 values",
        ));
    }
    let mut parts = Vec::new();
    parts.try_reserve(count)?;
    Ok(parts)
}

/// Adds a field whose value is a number.
///
/// @param c a connection
/// @param name as for hc_putheader
/// @param value sent in decimal
/// @return as hc_putheader. Python: putheader with an int.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_putheader_int(
    c: *mut hc_conn,
    name: *const c_char,
    value: i64,
) -> hc_status {
    let digits = Decimal::of(value.unsigned_abs());
    let mut text = [b'-'; 21];
    let len = digits.as_bytes().len();
    let end = 1 + len;
    if let Some(place) = text.get_mut(1..end) {
        place.copy_from_slice(digits.as_bytes());
    }
    let from = usize::from(value >= 0);
    let value = text.get(from..end).unwrap_or_default();
    // SAFETY: the caller's promise.
    let name = unsafe { args::text(name) };
    let op = |core: &mut Connection| core.put_header(name?, &[value]);
    // SAFETY: the caller's promise.
    args::done(unsafe { enter(c, op) })
}

/// Ends the request head and sends it, with the body if there is one; opens the connection
/// first when there is none. The state becomes HC_STATE_REQUEST_SENT.
///
/// Without Content-Length or Transfer-Encoding put by hand, a body of known length gets
/// Content-Length, one of unknown length (or with HC_ENCODE_CHUNKED) goes in chunks. With
/// them, they say what is owed: a body that is longer is refused, one that is shorter leaves
/// the rest to hc_send. No body and HC_ENCODE_CHUNKED: chunks, pushed by hc_send.
///
/// If the server answers before the body is sent, sending stops, the call succeeds, and
/// hc_getresponse gives the answer. Blocking: may wait, or return HC_WANT_READ or
/// HC_WANT_WRITE in non-blocking mode; then call again with the same arguments.
///
/// @param c a connection
/// @param body the body; NULL for none, or for one that is pushed
/// @param flags HC_ENCODE_CHUNKED, or 0
/// @return HC_OK. Refused, nothing changed: HC_ERR_CANNOT_SEND_HEADER; HC_ERR_BODY_OVERRUN;
/// HC_ERR_NOT_CONNECTED; HC_ERR_INVALID_ARG; HC_ERR_PENDING; HC_ERR_NOMEM. Failed, the
/// connection is closed and the state HC_STATE_IDLE: HC_ERR_RESOLVE; HC_ERR_CONNECT; HC_ERR_SEND;
/// HC_ERR_RECV; HC_ERR_REMOTE_DISCONNECTED; HC_ERR_TIMEOUT; HC_ERR_CALLBACK; HC_ERR_FILE;
/// HC_ERR_BODY_OWED when a callback or file ended before its length; or any error of
/// hc_getresponse when the server spoke early. Python: HTTPConnection.endheaders.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `body` is NULL or valid as its kind says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_endheaders(
    c: *mut hc_conn,
    body: *const hc_body,
    flags: u32,
) -> hc_status {
    let op = |core: &mut Connection| {
        let flags = self::flags(flags)?;
        // SAFETY: the caller's promise.
        unsafe { with_body(body, |source| core.end_headers(source, flags)) }
    };
    // SAFETY: the caller's promise.
    status(unsafe { enter(c, op) })
}

/// Sends body bytes of a request whose head has been sent, framed as the head declares. Legal
/// in HC_STATE_REQUEST_SENT and HC_STATE_REQ_SENT_UNREAD_RESPONSE, as long as the declared
/// body has room. Blocking: may wait; in non-blocking mode it takes what the connection takes.
///
/// @param c a connection
/// @param data the bytes
/// @param len how many; 0 is fine and does nothing (it never ends a chunked body)
/// @param sent receives how many were taken: all of them, or fewer in non-blocking mode; call
/// again with the rest
/// @return HC_OK; HC_WANT_WRITE or HC_WANT_READ when nothing could be taken. Refused, nothing
/// changed: HC_ERR_CANNOT_SEND_BODY; HC_ERR_BODY_OVERRUN; HC_ERR_EARLY_RESPONSE, then call
/// hc_getresponse; HC_ERR_INVALID_ARG; HC_ERR_PENDING. Failed, the connection is closed:
/// HC_ERR_SEND; HC_ERR_RECV; HC_ERR_REMOTE_DISCONNECTED; HC_ERR_TIMEOUT; HC_ERR_NOMEM. Python:
/// HTTPConnection.send.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `data` is valid for `len` bytes; `sent` is
/// valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_send(
    c: *mut hc_conn,
    data: *const c_void,
    len: usize,
    sent: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let sent = match unsafe { Out::new(sent) } {
        Ok(sent) => sent,
        Err(code) => return code,
    };
    sent.set(0);
    // SAFETY: the caller's promise.
    let data = unsafe { args::bytes(data, len) };
    let op = |core: &mut Connection| core.send(data?);
    // SAFETY: the caller's promise.
    match unsafe { enter(c, op) } {
        Ok(Step::Done(n)) => {
            sent.set(n);
            Code::HC_OK
        }
        Ok(Step::Want(i)) => want(i),
        Err(code) => code,
    }
}

/// Sends bytes that belong to no message, as they are: the line of the PROXY protocol before the
/// first request, a probe, a request that is meant to be wrong. The state machine is not asked
/// and nothing is counted; what the server makes of the bytes is the caller's affair. They go
/// before a head that is being built and behind one that has been ended. Opens the connection
/// if there is none. Blocking: as hc_send.
///
/// @param c a connection
/// @param data the bytes
/// @param len how many; 0 is fine and does nothing
/// @param sent receives how many were taken, as for hc_send
/// @return HC_OK; HC_WANT_WRITE or HC_WANT_READ. Refused, nothing changed: HC_ERR_BODY_OWED
/// while a declared body is being sent (not with HC_LENIENT_LOOSE_FRAMING);
/// HC_ERR_NOT_CONNECTED; HC_ERR_INVALID_ARG; HC_ERR_PENDING. Failed, the connection is closed:
/// as hc_send and hc_connect. Python: HTTPConnection.send outside of a body.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `data` is valid for `len` bytes; `sent` is
/// valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_send_raw(
    c: *mut hc_conn,
    data: *const c_void,
    len: usize,
    sent: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let sent = match unsafe { Out::new(sent) } {
        Ok(sent) => sent,
        Err(code) => return code,
    };
    sent.set(0);
    // SAFETY: the caller's promise.
    let data = unsafe { args::bytes(data, len) };
    // SAFETY: the caller's promise.
    match unsafe { enter(c, |core: &mut Connection| core.send_raw(data?)) } {
        Ok(Step::Done(n)) => {
            sent.set(n);
            Code::HC_OK
        }
        Ok(Step::Want(i)) => want(i),
        Err(code) => code,
    }
}

/// Ends a pushed body: writes the last chunk and the trailers, or checks that the declared
/// length has been sent. Blocking: may wait, or return HC_WANT_WRITE in non-blocking mode.
///
/// @param c a connection
/// @param trailers fields that follow a chunked body (RFC 9112 section 7.1.2); NULL for none.
/// Fields that frame, route or authenticate a message are refused (RFC 9110 section 6.5.1).
/// @param count how many
/// @return HC_OK. Refused, nothing changed: HC_ERR_CANNOT_SEND_BODY when no body was declared;
/// HC_ERR_BODY_OWED; HC_ERR_INVALID_ARG; HC_ERR_PENDING. Failed, the connection is closed: as
/// hc_send.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `trailers` is valid for `count` fields.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_finish_body(
    c: *mut hc_conn,
    trailers: *const hc_header,
    count: usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let op = |core: &mut Connection| unsafe {
        with_fields(trailers, count, |fields| core.finish_body(fields))
    };
    // SAFETY: the caller's promise.
    status(unsafe { enter(c, op) })
}

/// Sends a request in one call: hc_putrequest, hc_putheader for each field, hc_endheaders.
/// Fields that the caller brings are not added by themselves. The body is whole: one that is
/// shorter than a Content-Length put by hand is refused too. Without a body, PATCH, POST and
/// PUT say "Content-Length: 0". Blocking: may wait, or return HC_WANT_READ or HC_WANT_WRITE in
/// non-blocking mode; then call again with the same arguments.
///
/// @param c a connection
/// @param method as for hc_putrequest
/// @param target as for hc_putrequest
/// @param headers fields; NULL for none
/// @param count how many
/// @param body the body; NULL for none
/// @param flags HC_SKIP_HOST, HC_SKIP_ACCEPT_ENCODING, HC_ENCODE_CHUNKED, or 0
/// @return HC_OK; the errors of hc_putrequest, hc_putheader and hc_endheaders. A refused call
/// changes nothing. Python: HTTPConnection.request.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; strings, `headers` and `body` are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_request(
    c: *mut hc_conn,
    method: *const c_char,
    target: *const c_char,
    headers: *const hc_header,
    count: usize,
    body: *const hc_body,
    flags: u32,
) -> hc_status {
    // SAFETY: the caller's promise.
    let method = unsafe { args::text(method) };
    // SAFETY: the caller's promise.
    let target = unsafe { args::text(target) };
    let op = |core: &mut Connection| {
        let (method, target, flags) = (method?, target?, self::flags(flags)?);
        let with_fields_known = |fields: &RequestFields<'_>| {
            // SAFETY: the caller's promise.
            unsafe {
                with_body(body, |source| {
                    core.request(method, target, fields, source, flags)
                })
            }
        };
        // SAFETY: the caller's promise.
        unsafe { with_fields(headers, count, with_fields_known) }
    };
    // SAFETY: the caller's promise.
    status(unsafe { enter(c, op) })
}

/// How much of the declared body is still to be sent.
///
/// @param c a connection
/// @return bytes; HC_LENGTH_UNKNOWN while a chunked body is open; 0 for none
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_body_owed(c: *const hc_conn) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        peek(
            c,
            |_| 0,
            |core| core.body_owed().unwrap_or(HC_LENGTH_UNKNOWN),
        )
    }
}
