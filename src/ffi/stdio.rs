//! The body of a response as a stream of stdio(3).

use core::ptr;
use std::sync::Arc;

use super::args::Out;
use super::barrier::enter_response;
use super::reading::hr_read;
use super::response::{hr_free, hr_response};
use crate::client::connection::Connection;
use crate::client::response::{End, Response};
use crate::error::{Code, Error, Result, hc_status};
use crate::sys::stdio::{self, FILE, Source};

/// Opens the rest of a body as a stream for fread(3), getline(3) and the like. Blocking: the
/// reads of the stream wait as hr_read does.
///
/// The stream borrows the response: fclose(3) closes the stream and leaves the response as it
/// is, and hr_free may be called only after it. (So a program may close the stream and then ask
/// hr_last_error, hr_trailer_at or hr_is_closed.) The stream reads ahead into its buffer: what
/// stands there is lost to hr_read and to another stream. setvbuf(3) with _IONBF right after
/// the call prevents that.
///
/// A read that fails sets ferror(3); errno is the one of the operating system if there was
/// one, or else ETIMEDOUT for HC_ERR_TIMEOUT, ENOMEM for HC_ERR_NOMEM, EBADF for HC_ERR_CLOSED,
/// EBUSY for HC_ERR_BUSY, ECANCELED for HC_ERR_CANCELLED, EPERM for HC_ERR_FORKED, EPROTO when
/// the peer broke the protocol (HC_ERR_INCOMPLETE: the body was cut short), and EIO. The record
/// of it is hr_last_error's. feof(3) is the true end of the body and nothing else. A read that
/// could not wait (sans-IO, or the connection was set non-blocking later) fails with EAGAIN
/// and has lost nothing: clearerr(3), and read on.
///
/// @param r a response
/// @param out receives the stream; NULL on failure
/// @return HC_OK, also at the end of the body; HC_ERR_UNSUPPORTED when the connection is
/// non-blocking; HC_ERR_CLOSED; HC_ERR_RESPONSE_NOT_READY before hr_begin; the error that has
/// ended reading before; HC_ERR_NOMEM; HC_ERR_INVALID_ARG. Ownership: close it with fclose(3),
/// before hr_free. Python: HTTPResponse as a file, HTTPResponse.fp.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed, nor will be before the stream is closed;
/// `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_open_stdio(r: *mut hr_response, out: *mut *mut FILE) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { open(r, None, out) }
}

/// A response with several owners: the last one frees it.
pub(super) struct Kept(pub(super) *mut hr_response);

// SAFETY: a response may move between threads, and its gate sees to it that one is inside.
unsafe impl Send for Kept {}
// SAFETY: as above.
unsafe impl Sync for Kept {}

impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: it came from hc_getresponse, and only here it is freed.
        unsafe { hr_free(self.0) };
    }
}

/// Opens a stream that owns nothing, or a share of the response.
///
/// # Safety
/// As for hr_open_stdio; with a share of it, `r` lives as long as the stream.
pub(super) unsafe fn open(
    r: *mut hr_response,
    share: Option<Arc<Kept>>,
    out: *mut *mut FILE,
) -> hc_status {
    // SAFETY: forwarded to the caller.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(ptr::null_mut());
    // SAFETY: forwarded to the caller.
    if let Err(code) = unsafe { enter_response(r, may_open) } {
        return code;
    }
    match stdio::open(Box::new(Body {
        response: r,
        _share: share,
    })) {
        Ok(stream) => {
            out.set(stream);
            Code::HC_OK
        }
        // The one thing that can be missing.
        Err(_) => Code::HC_ERR_NOMEM,
    }
}

fn may_open(core: &mut Connection, response: &mut Response) -> Result<()> {
    let refused = |code, text: &'static str| Err(Error::new(code, text));
    if core.tuning().nonblocking {
        return refused(
            Code::HC_ERR_UNSUPPORTED,
            "a stream cannot say \"not yet\": the connection is non-blocking",
        );
    }
    match &response.end {
        End::NotBegun => refused(
            Code::HC_ERR_RESPONSE_NOT_READY,
            "the head of the response has not been read",
        ),
        End::Failed(e) => Err(e.clone()),
        End::Done => Ok(()),
        End::Open if !core.is_closed(response) => Ok(()),
        End::Open | End::Closed => refused(
            Code::HC_ERR_CLOSED,
            "the response was closed before its end",
        ),
    }
}

struct Body {
    response: *mut hr_response,
    _share: Option<Arc<Kept>>,
}

impl Source for Body {
    fn read(&mut self, buf: &mut [u8]) -> core::result::Result<usize, i32> {
        let mut n = 0;
        // SAFETY: the response lives as long as the stream: whoever opened it has promised that,
        // or this is one of its owners.
        let status = unsafe {
            hr_read(
                self.response,
                buf.as_mut_ptr().cast(),
                buf.len(),
                &raw mut n,
            )
        };
        if status == Code::HC_OK {
            Ok(n)
        } else {
            Err(self.errno(status))
        }
    }
}

impl Body {
    #[cold]
    fn errno(&self, status: Code) -> i32 {
        let of_system = |_: &mut Connection, response: &mut Response| {
            let fault = response.last_error.as_ref().map(|record| &record.fault);
            Ok(fault.map_or(0, |f| if f.code == status { f.os_error } else { 0 }))
        };
        // SAFETY: as in `read`.
        match unsafe { enter_response(self.response, of_system) } {
            Ok(e @ 1..) => e,
            _ => errno_of(status),
        }
    }
}

/// What a stream says in place of a status.
fn errno_of(status: Code) -> i32 {
    match status {
        Code::HC_WANT_READ | Code::HC_WANT_WRITE => stdio::EAGAIN,
        Code::HC_ERR_INVALID_ARG => stdio::EINVAL,
        Code::HC_ERR_BUSY | Code::HC_ERR_PENDING => stdio::EBUSY,
        Code::HC_ERR_FORKED => stdio::EPERM,
        Code::HC_ERR_CLOSED => stdio::EBADF,
        Code::HC_ERR_TIMEOUT => stdio::ETIMEDOUT,
        Code::HC_ERR_CANCELLED => stdio::ECANCELED,
        Code::HC_ERR_NOMEM => stdio::ENOMEM,
        Code::HC_ERR_INCOMPLETE
        | Code::HC_ERR_BAD_CHUNK
        | Code::HC_ERR_BAD_HEADER
        | Code::HC_ERR_LINE_TOO_LONG
        | Code::HC_ERR_TOO_MANY_HEADERS
        | Code::HC_ERR_LIMIT => stdio::EPROTO,
        _ => stdio::EIO,
    }
}
