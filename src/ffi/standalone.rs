//! Responses that stand alone: somebody else has sent the request.

use core::ffi::{c_char, c_void};
use core::ptr;

use super::args::{self, Out, done, unknown};
use super::barrier::enter_response;
use super::driving::{checked, hc_transport};
use super::options_limits::{self, hc_limit};
use super::response::hr_response;
use crate::client::connection::Connection;
use crate::client::response::{End, Response};
use crate::error::{Code, Result, hc_status};
use crate::net::Step;
use crate::net::memory::Pipe;
use crate::proto::profile::Profile;

/// Makes a response that is read over a transport of the program's own, without a connection:
/// somebody else has sent the request. Nothing is read before hr_begin.
///
/// @param transport the callbacks, which are copied; read and write must be there, though write
/// is never called
/// @param method the request's method, which decides whether a body follows; NULL for "GET"
/// @param out receives the response; NULL on failure
/// @return HC_OK; HC_ERR_INVALID_ARG. Ownership: free it with hr_free; `user` of the transport
/// is the library's on HC_OK only, until `destroy` is called. Python: HTTPResponse(sock,
/// method=method).
///
/// # Safety
/// `transport` is valid or NULL, as for hc_set_transport; `method` is NUL-terminated or NULL;
/// `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_new(
    transport: *const hc_transport,
    method: *const c_char,
    out: *mut *mut hr_response,
) -> hc_status {
    // SAFETY: the caller's promise.
    let given = unsafe { args::versioned(transport) };
    // SAFETY: the caller's promise.
    unsafe {
        make(out, method, |method| {
            Ok(Connection::awaiting(
                Box::new(checked(given)?.into_carrier()),
                method,
            ))
        })
    }
}

/// Makes a response from bytes in memory, which are copied.
///
/// @param data the response, head and body
/// @param len how many bytes it has; they are all there is
/// @param method as for hr_new
/// @param out receives the response; NULL on failure
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_NOMEM. Ownership: free it with hr_free.
///
/// # Safety
/// `data` is valid for `len` bytes; `method` is NUL-terminated or NULL; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_new_bytes(
    data: *const c_void,
    len: usize,
    method: *const c_char,
    out: *mut *mut hr_response,
) -> hc_status {
    // SAFETY: the caller's promise.
    let data = unsafe { args::bytes(data, len) };
    let build = |method: &[u8]| {
        let pipe = Pipe::default();
        pipe.feed(data?)?;
        pipe.feed_eof();
        Ok(Connection::awaiting(Box::new(pipe.transport()), method))
    };
    // SAFETY: the caller's promise.
    unsafe { make(out, method, build) }
}

/// # Safety
/// `out` is NULL or valid; `method` is NULL or NUL-terminated.
unsafe fn make(
    out: *mut *mut hr_response,
    method: *const c_char,
    build: impl FnOnce(&[u8]) -> Result<Connection>,
) -> hc_status {
    // SAFETY: forwarded to the caller.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(ptr::null_mut());
    let method = if method.is_null() {
        Ok(&b"GET"[..])
    } else {
        // SAFETY: forwarded to the caller.
        unsafe { args::text(method) }
    };
    match method.and_then(build) {
        Ok(core) => {
            out.set(Box::into_raw(hr_response::not_begun(core)));
            Code::HC_OK
        }
        Err(e) => e.code,
    }
}

/// Reads the head of a response that stands alone, past all interim responses. Calling it again
/// does nothing. Blocking: may wait, or return HC_WANT_READ when the transport says "not yet".
///
/// @param r a response
/// @return HC_OK; the errors of hc_getresponse, after which the response is closed and says the
/// same again; HC_ERR_CLOSED. Python: HTTPResponse.begin.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_begin(r: *mut hr_response) -> hc_status {
    let mut held = None;
    let begin = |core: &mut Connection, response: &mut Response| -> Result<Step<()>> {
        match &response.end {
            End::NotBegun => {}
            End::Failed(e) => return Err(e.clone()),
            End::Closed => {
                return Err(crate::error::Error::new(
                    Code::HC_ERR_CLOSED,
                    "the response was closed",
                ));
            }
            End::Open | End::Done => return Ok(Step::Done(())),
        }
        match core.get_response() {
            Ok(Step::Done(answer)) => {
                // SAFETY: inside the barrier, which has taken the pointer for a live handle; a
                // callback that freed it has only put that off.
                held = unsafe { hr_response::begun(r, answer, response) };
                Ok(Step::Done(()))
            }
            Ok(Step::Want(i)) => Ok(Step::Want(i)),
            Err(e) => {
                response.end = End::Failed(e.clone());
                response.last_error = core.last_error().map(|record| Box::new(record.clone()));
                Err(e)
            }
        }
    };
    // SAFETY: the caller's promise.
    let outcome = unsafe { enter_response(r, begin) };
    drop(held);
    args::status(outcome)
}

/// Reads a section of header fields that has no status line in front, up to and including its
/// empty line, in place of hr_begin: the head of a multipart part, of a CGI script's output, of
/// a request. hr_status is 0 then, and there is no body: what follows the section is the
/// caller's, which no_read_ahead leaves in the transport. Blocking: as hr_begin.
///
/// @param r a response that stands alone and has not begun
/// @return HC_OK; HC_WANT_READ. Failed, the response is closed: HC_ERR_INCOMPLETE (not with
/// HC_LENIENT_EOF_IN_HEAD); HC_ERR_BAD_HEADER; HC_ERR_BAD_FRAMING; HC_ERR_LINE_TOO_LONG;
/// HC_ERR_TOO_MANY_HEADERS; HC_ERR_LIMIT; HC_ERR_RECV; HC_ERR_CALLBACK; HC_ERR_NOMEM.
/// HC_ERR_INVALID_ARG for a response that has begun. Python: http.client.parse_headers.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_begin_fields(r: *mut hr_response) -> hc_status {
    let mut held = None;
    let read = |core: &mut Connection, response: &mut Response| {
        Ok(match core.read_fields(response)? {
            Step::Done(answer) => {
                // SAFETY: as in hr_begin.
                held = unsafe { hr_response::begun(r, answer, response) };
                Step::Done(())
            }
            Step::Want(i) => Step::Want(i),
        })
    };
    // SAFETY: the caller's promise.
    let outcome = unsafe { enter_response(r, read) };
    drop(held);
    args::status(outcome)
}

/// The status line as it came, its line end included; no NUL is added. After a failure of
/// hr_begin it is the line that was refused in its place, if it was read to its end.
///
/// @param r a response
/// @param buf receives the bytes; may be NULL if `cap` is 0
/// @param cap bytes that `buf` has room for
/// @param len receives how many there are, also when they do not fit; 0 for none
/// @return HC_OK; HC_ERR_TOO_LARGE when they do not fit; HC_ERR_INVALID_ARG. Python:
/// BadStatusLine.line.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; `buf` is valid for `cap` bytes; `len` is
/// valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_status_line(
    r: *const hr_response,
    buf: *mut c_char,
    cap: usize,
    len: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let len = match unsafe { Out::new(len) } {
        Ok(len) => len,
        Err(code) => return code,
    };
    // SAFETY: the caller's promise.
    let Ok(buf) = (unsafe { args::bytes_mut(buf.cast(), cap) }) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    len.set(0);
    // SAFETY: the caller's promise.
    let own = unsafe { super::response::handle(r) }.map(|r| r.head().raw_status_line());
    let copy = |core: &mut Connection, _: &mut Response| {
        let line = own.filter(|line| !line.is_empty());
        let line = line.unwrap_or_else(|| core.unfinished_head().raw_status_line());
        len.set(line.len());
        match buf.get_mut(..line.len()) {
            Some(room) => room.copy_from_slice(&line),
            None => return Err(args::too_large()),
        }
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter_response(r, copy) })
}

/// Chooses the leniencies of a response that stands alone. Once its head has been read, only
/// those can be changed that rule what is still to come, the chunks, the trailers and the end:
/// HC_LENIENT_EMPTY_NAME, EOF_IN_TRAILERS, SHORT_READ, RAW_FOLD, LOST_FIELDS, DROP_TRAILERS and
/// BARE_LF_CHUNKS.
///
/// @param r a response
/// @param bits HC_LENIENT_* numbers, or-ed together; see hc_set_lenient
/// @return HC_OK; HC_ERR_INVALID_ARG for an unknown bit, for one that would come too late, and
/// for a response of a connection, which reads as its connection does
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_set_lenient(r: *mut hr_response, bits: u32) -> hc_status {
    let set = |core: &mut Connection, response: &mut Response| {
        let head_is_read = is_head_read(core, response)?;
        let profile = Profile::from_bits(bits).ok_or_else(|| unknown("an unknown leniency"))?;
        let current = core.tuning().profile;
        if head_is_read && profile.without(Profile::BODY) != current.without(Profile::BODY) {
            return Err(unknown("what this leniency rules has been read"));
        }
        core.tuning_mut().profile = profile;
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter_response(r, set) })
}

/// Sets one of the limits of a response that stands alone. Once its head has been read, only
/// those can be changed that rule chunks and trailers: HC_LIMIT_LINE, HEADERS, HEAD and
/// CHUNK_EXTENSIONS.
///
/// @param r a response
/// @param kind an HC_LIMIT_* number
/// @param n the limit; see hc_set_limit
/// @return HC_OK; HC_ERR_INVALID_ARG as of hc_set_limit, for a limit that would come too late, and
/// for a response of a connection, which has its connection's limits
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_set_limit(r: *mut hr_response, kind: i32, n: u64) -> hc_status {
    const HEAD_ONLY: [i32; 2] = [
        hc_limit::HC_LIMIT_INTERIM as i32,
        hc_limit::HC_LIMIT_DRAIN as i32,
    ];
    let set = |core: &mut Connection, response: &mut Response| {
        if is_head_read(core, response)? && HEAD_ONLY.contains(&kind) {
            return Err(unknown("what this limit rules has been read"));
        }
        options_limits::set_limit(core, kind, n)
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter_response(r, set) })
}

/// Has the head been read? It is an error to ask of a response that cannot be set at all.
fn is_head_read(core: &Connection, response: &Response) -> Result<bool> {
    match response.end {
        _ if core.config().is_some() => Err(unknown("the response is one of a connection")),
        End::NotBegun => Ok(false),
        End::Open => Ok(true),
        End::Done | End::Closed | End::Failed(_) => {
            Err(unknown("the response has come to its end"))
        }
    }
}
