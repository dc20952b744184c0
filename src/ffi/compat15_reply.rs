//! The interface of Python 1.5's httplib: answers.

use core::ffi::c_char;
use core::ptr;
use std::ffi::CString;
use std::sync::Arc;

use super::args::{Out, done};
use super::barrier::enter;
use super::compat15::{Headers, hc15_http, hold};
use super::message::{hm_from_response, hm_message};
use super::response::{hc_getresponse, hr_reason, hr_response, hr_status};
use super::stdio::{self, Kept};
use crate::client::connection::Connection;
use crate::error::{Code, hc_status};
use crate::sys::stdio::FILE;

/// Reads the head of the answer. Pointers that come out are valid until the next hc15_getreply
/// that returns HC_OK, hc15_close or hc15_free. Blocking: as hc_getresponse.
///
/// An answer that is none gives HC_OK with -1 for its status: a line that begins with "HTTP/"
/// and is no status line, or the end of the connection in place of an answer. There is no file
/// then (Python keeps the socket as one, though what it read from it is gone), and the
/// connection is closed. What does not begin with "HTTP/" is the body of an HTTP/0.9 answer:
/// status 200, no reason, no fields.
///
/// @param h a handle
/// @param status receives the status code, or -1
/// @param reason receives the reason phrase, which may be empty; with -1 the offending line, its
/// end included, or a sentence when there is no whole line; may be NULL
/// @param headers receives the fields, which remain the handle's; NULL with -1; may be NULL
/// @return HC_OK; otherwise as hc_getresponse, with what came out of the last call untouched,
/// and 0, NULL and NULL for this one. Python: HTTP.getreply, which raises in those cases too.
///
/// # Safety
/// `h` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc15_getreply(
    h: *mut hc15_http,
    status: *mut i32,
    reason: *mut *const c_char,
    headers: *mut *mut hm_message,
) -> hc_status {
    // SAFETY: the caller's promise.
    let status = unsafe { Out::new(status) };
    // SAFETY: the caller's promise.
    let reason = unsafe { Out::new(reason) };
    // SAFETY: the caller's promise.
    let headers = unsafe { Out::new(headers) };
    let Ok(status) = status else {
        return Code::HC_ERR_INVALID_ARG;
    };
    let tell = |code, why, fields| {
        status.set(code);
        if let Ok(reason) = &reason {
            reason.set(why);
        }
        if let Ok(headers) = &headers {
            headers.set(fields);
        }
    };
    tell(0, ptr::null(), ptr::null_mut());
    // SAFETY: the caller's promise.
    let http = match unsafe { hold(h) } {
        Ok(http) => http,
        Err(code) => return code,
    };
    let mut response = ptr::null_mut();
    // SAFETY: the connection lives as long as `http`.
    match unsafe { hc_getresponse(http.conn, &raw mut response) } {
        Code::HC_OK => {}
        bad @ (Code::HC_ERR_BAD_STATUS_LINE | Code::HC_ERR_REMOTE_DISCONNECTED) => {
            let line = bad_line(&http, bad);
            http.forget();
            let mut kept = http.kept();
            kept.bad_line = line;
            tell(-1, kept.bad_line.as_ptr(), ptr::null_mut());
            return Code::HC_OK;
        }
        code => return code,
    }
    let owner = Arc::new(Kept(response));
    let mut fields = Headers::default();
    // SAFETY: the response lives as long as `owner`.
    let made = unsafe { hm_from_response(response, &raw mut fields.0) };
    if made != Code::HC_OK {
        return made;
    }
    http.debug().answered(&owner);
    http.forget();
    // SAFETY: as above.
    let code = unsafe { hr_status(response) };
    // SAFETY: as above.
    let why = unsafe { hr_reason(response) };
    tell(code, why, fields.0);
    let mut kept = http.kept();
    kept.response = Some(owner);
    kept.headers = fields;
    Code::HC_OK
}

/// What stands in place of a reason. The words for no line at all are Python's.
fn bad_line(http: &hc15_http, why: Code) -> CString {
    let mut line = Vec::new();
    let find = |core: &mut Connection| {
        if why == Code::HC_ERR_BAD_STATUS_LINE {
            line = core.unfinished_head().raw_status_line();
        }
        http.debug().refused(&line);
        if !line.is_empty() {
            return Ok(());
        }
        match core.last_error() {
            Some(record) if why == Code::HC_ERR_BAD_STATUS_LINE => {
                line.extend_from_slice(record.text.split_last().map_or(&[], |(_, text)| text));
            }
            _ => line.extend_from_slice(
                b"No status line received - the server has closed the connection",
            ),
        }
        Ok(())
    };
    // SAFETY: the connection lives as long as `http`. It has just answered; if it does no more,
    // there is nothing to say.
    let _ = unsafe { enter(http.conn, find) };
    // C sees a string up to its first NUL.
    line.truncate(memchr::memchr(0, &line).unwrap_or(line.len()));
    CString::new(line).unwrap_or_default()
}

/// Opens the body of the last answer as a stream, as hr_open_stdio does; of an HTTP/0.9 answer
/// its first line comes first. Each call opens another stream on the same body, and what one
/// has buffered the others do not see: call it once. The stream has its own share of the
/// response: it reads on after hc15_free, after hc15_getreply, and after hc15_close when the
/// answer ended its connection, as answers in HTTP/1.0 do unless they say keep-alive.
///
/// @param h a handle
/// @param out receives the stream; NULL on failure
/// @return HC_OK; HC_ERR_RESPONSE_NOT_READY when there is no answer: before hc15_getreply, after
/// one that gave -1, after hc15_close; the errors of hr_open_stdio. Ownership: close it with
/// fclose(3), before or after hc15_free. Python: HTTP.getfile.
///
/// # Safety
/// `h` is NULL or a handle that has not been freed; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc15_getfile(h: *mut hc15_http, out: *mut *mut FILE) -> hc_status {
    // SAFETY: the caller's promise.
    if let Ok(out) = unsafe { Out::new(out) } {
        out.set(ptr::null_mut());
    }
    // SAFETY: the caller's promise.
    match unsafe { last_answer(h) } {
        // SAFETY: the stream gets a share of the response; `out` is the caller's promise.
        Ok(owner) => unsafe { stdio::open(owner.0, Some(owner), out) },
        Err(code) => code,
    }
}

/// The last answer, for the hr_ calls. Reading it and reading its file is reading the same
/// body.
///
/// @param h a handle
/// @param out receives the response; NULL on failure. It is valid until the next hc15_getreply
/// that returns HC_OK, hc15_close or hc15_free.
/// @return HC_OK; HC_ERR_RESPONSE_NOT_READY as for hc15_getfile; HC_ERR_INVALID_ARG.
/// Ownership: remains the handle's; hr_free is not for it.
///
/// # Safety
/// `h` is NULL or a handle that has not been freed; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc15_getresponse_handle(
    h: *mut hc15_http,
    out: *mut *mut hr_response,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(ptr::null_mut());
    // SAFETY: the caller's promise.
    done(unsafe { last_answer(h) }.map(|owner| out.set(owner.0)))
}

/// # Safety
/// As for [`hold`].
unsafe fn last_answer(h: *const hc15_http) -> Result<Arc<Kept>, Code> {
    // SAFETY: forwarded to the caller.
    let http = unsafe { hold(h) }?;
    let answer = http.kept().response.clone();
    answer.ok_or(Code::HC_ERR_RESPONSE_NOT_READY)
}
