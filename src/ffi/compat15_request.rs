//! The interface of Python 1.5's httplib: requests.

use core::ffi::{c_char, c_void};
use core::ptr;

use super::args;
use super::barrier::enter;
use super::compat15::{hc15_http, hold};
use super::request::{hc_endheaders, hc_putheader, hc_putrequest, hc_send};
use crate::client::connection::Connection;
use crate::error::{Code, hc_status};

/// Starts a request: the line "METHOD target HTTP/1.0", and nothing else by itself.
///
/// @param h a handle
/// @param method as for hc_putrequest
/// @param target as for hc_putrequest
/// @return as hc_putrequest. Python: HTTP.putrequest.
///
/// # Safety
/// `h` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc15_putrequest(
    h: *mut hc15_http,
    method: *const c_char,
    target: *const c_char,
) -> hc_status {
    // SAFETY: the caller's promise.
    match unsafe { hold(h) } {
        // SAFETY: the caller's promise; the connection lives as long as `http`.
        Ok(http) => unsafe { hc_putrequest(http.conn, method, target, 0) },
        Err(code) => code,
    }
}

/// Adds a field to the request head.
///
/// @param h a handle
/// @param name as for hc_putheader
/// @param value as for hc_putheader
/// @return as hc_putheader. Python: HTTP.putheader.
///
/// # Safety
/// `h` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc15_putheader(
    h: *mut hc15_http,
    name: *const c_char,
    value: *const c_char,
) -> hc_status {
    // SAFETY: the caller's promise.
    match unsafe { hold(h) } {
        // SAFETY: the caller's promise; the connection lives as long as `http`.
        Ok(http) => unsafe { hc_putheader(http.conn, name, value) },
        Err(code) => code,
    }
}

/// Ends the request head and sends it; opens the connection first when there is none.
///
/// @param h a handle
/// @return as hc_endheaders; HC_ERR_NOT_CONNECTED when no host is known. Python:
/// HTTP.endheaders.
///
/// # Safety
/// `h` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc15_endheaders(h: *mut hc15_http) -> hc_status {
    // SAFETY: the caller's promise.
    let http = match unsafe { hold(h) } {
        Ok(http) => http,
        Err(code) => return code,
    };
    let debug = http.debug();
    let mut head = Vec::new();
    if debug.is_on() {
        let copy = |core: &mut Connection| {
            for line in core.head_lines() {
                head.extend_from_slice(line);
                head.extend_from_slice(b"\r\n");
            }
            Ok(())
        };
        // SAFETY: the connection lives as long as `http`. If it does not answer, neither does
        // the call below.
        let _ = unsafe { enter(http.conn, copy) };
        head.extend_from_slice(b"\r\n");
    }
    // SAFETY: as above.
    let status = unsafe { hc_endheaders(http.conn, ptr::null(), 0) };
    if status == Code::HC_OK {
        debug.sent(&head);
    }
    status
}

/// Sends body bytes. The head must have declared them, with Content-Length: Python sends what
/// it is given, whether or not the server can know that it belongs to the request.
///
/// @param h a handle
/// @param data as for hc_send
/// @param len as for hc_send
/// @param sent as for hc_send
/// @return as hc_send. Python: HTTP.send.
///
/// # Safety
/// `h` is NULL or a handle that has not been freed; `data` is valid for `len` bytes; `sent` is
/// valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc15_send(
    h: *mut hc15_http,
    data: *const c_void,
    len: usize,
    sent: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let http = match unsafe { hold(h) } {
        Ok(http) => http,
        Err(code) => return code,
    };
    // SAFETY: the caller's promise; the connection lives as long as `http`.
    let status = unsafe { hc_send(http.conn, data, len, sent) };
    let debug = http.debug();
    if status == Code::HC_OK && debug.is_on() {
        // SAFETY: HC_OK says that it is valid.
        let count = unsafe { sent.read() };
        // SAFETY: HC_OK says that so many of the bytes are there.
        if let Ok(bytes) = unsafe { args::bytes(data, count) } {
            debug.sent(bytes);
        }
    }
    status
}
