//! Reading the body of a response. Each call also takes what is left behind by the others.

use core::ffi::c_void;
use core::ptr;
use std::io::IoSliceMut;

use super::args::{self, Out, want};
use super::barrier::enter_response;
use super::response::hr_response;
use super::types::hc_iovec;
use crate::client::connection::Connection;
use crate::client::response::Response;
use crate::error::{Code, Result, hc_status};
use crate::net::Step;

/// Reads body bytes, like read(2): at least one, unless the body has come to its end. Large
/// buffers are received into directly. Blocking: may wait, or return HC_WANT_READ in
/// non-blocking mode.
///
/// A body that is cut short delivers every byte that arrived, and then HC_ERR_INCOMPLETE, never
/// a clean end.
///
/// @param r a response
/// @param buf receives the bytes
/// @param cap bytes that `buf` has room for; 0 is fine and reads nothing
/// @param n receives how many there are; 0 with HC_OK is the true end
/// @return HC_OK; HC_WANT_READ. HC_ERR_CLOSED; HC_ERR_INVALID_ARG. Failed, the connection is
/// closed, and every later call says the same: HC_ERR_INCOMPLETE; HC_ERR_BAD_CHUNK;
/// HC_ERR_BAD_HEADER, HC_ERR_LINE_TOO_LONG or HC_ERR_LIMIT in trailers or chunk extensions;
/// HC_ERR_RECV; HC_ERR_TIMEOUT; HC_ERR_NOMEM. Python: HTTPResponse.read(n), readinto.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; `buf` is valid for `cap` bytes; `n` is
/// valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_read(
    r: *mut hr_response,
    buf: *mut c_void,
    cap: usize,
    n: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let buf = unsafe { args::bytes_mut(buf, cap) };
    // SAFETY: the caller's promise.
    unsafe { counted(r, n, |core, response| core.read(response, buf?)) }
}

/// Reads body bytes with at most one receive that brings data. Since hr_read never waits for
/// more once it has bytes, the two differ in name only; this is the one to port Python to.
///
/// @param r a response
/// @param buf as for hr_read
/// @param cap as for hr_read
/// @param n as for hr_read
/// @return as hr_read. Python: HTTPResponse.read1.
///
/// # Safety
/// As for hr_read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_read1(
    r: *mut hr_response,
    buf: *mut c_void,
    cap: usize,
    n: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { hr_read(r, buf, cap, n) }
}

/// Fills a buffer, unless the body ends before. In non-blocking mode call again with the same
/// arguments after HC_WANT_READ.
///
/// @param r a response
/// @param buf receives the bytes
/// @param len how many are wanted
/// @param n receives how many are in `buf`, also when the call fails; fewer than `len` with
/// HC_OK only at the end
/// @return as hr_read. Python: HTTPResponse.read(n) on a buffered file.
///
/// # Safety
/// As for hr_read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_read_full(
    r: *mut hr_response,
    buf: *mut c_void,
    len: usize,
    n: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let buf = unsafe { args::bytes_mut(buf, len) };
    // SAFETY: the caller's promise.
    unsafe { partly(r, n, |core, response| core.read_full(response, buf?)) }
}

/// Fills a buffer as fread(3) does: fewer bytes when the body or the connection ends before,
/// and which of the two it was says the next call. So a body cut short is no failure of the
/// call that got its last bytes, unless it came in chunks. In non-blocking mode call again with
/// the same arguments after HC_WANT_READ.
///
/// @param r a response
/// @param buf receives the bytes
/// @param len how many are wanted
/// @param n receives how many are in `buf`, also when the call fails; 0 with HC_OK is the true
/// end, if `len` was not 0 (with HC_LENIENT_SHORT_READ also where the body was cut short)
/// @return as hr_read. Python: HTTPResponse.read(n), readinto.
///
/// # Safety
/// As for hr_read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_fread(
    r: *mut hr_response,
    buf: *mut c_void,
    len: usize,
    n: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let buf = unsafe { args::bytes_mut(buf, len) };
    // SAFETY: the caller's promise.
    unsafe { partly(r, n, |core, response| core.read_like_stdio(response, buf?)) }
}

/// Shows body bytes without taking them: those that have arrived, or after waiting the next
/// ones. Never shows a byte that is not of this body. Blocking: as hr_read.
///
/// @param r a response
/// @param data receives a pointer to the bytes; NULL at the end. Lifetime: next-call.
/// @param n receives how many there are; 0 with HC_OK is the true end
/// @return as hr_read. Python: HTTPResponse.peek.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_peek(
    r: *mut hr_response,
    data: *mut *const c_void,
    n: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let data = unsafe { Out::new(data) };
    // SAFETY: the caller's promise.
    let n = unsafe { Out::new(n) };
    let (Ok(data), Ok(n)) = (data, n) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    data.set(ptr::null());
    n.set(0);
    let peek = |core: &mut Connection, response: &mut Response| {
        Ok(match core.peek(response)? {
            Step::Done(bytes) => {
                if !bytes.is_empty() {
                    data.set(bytes.as_ptr().cast());
                    n.set(bytes.len());
                }
                Step::Done(())
            }
            Step::Want(i) => Step::Want(i),
        })
    };
    // SAFETY: the caller's promise.
    args::status(unsafe { enter_response(r, peek) })
}

/// Reads a line of the body: through the next line feed, which is kept; or to the end of the
/// body; or until the buffer is full. No NUL is added. In non-blocking mode call again with
/// the same arguments after HC_WANT_READ.
///
/// @param r a response
/// @param buf receives the line
/// @param cap bytes that `buf` has room for
/// @param n receives how many bytes it has, also when the call fails; 0 with HC_OK is the true
/// end
/// @return as hr_read. Python: HTTPResponse.readline, iteration.
///
/// # Safety
/// As for hr_read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_readline(
    r: *mut hr_response,
    buf: *mut c_void,
    cap: usize,
    n: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let buf = unsafe { args::bytes_mut(buf, cap) };
    // SAFETY: the caller's promise.
    unsafe { partly(r, n, |core, response| core.read_line(response, buf?)) }
}

/// Reads the rest of the body into memory that belongs to the response. Memory grows with what
/// arrives, never by what the server declares.
///
/// @param r a response
/// @param max the most bytes to take
/// @param data receives a pointer to the bytes, with a NUL behind them that is not counted;
/// also when the call fails: then to what arrived. Lifetime: handle.
/// @param n receives how many there are
/// @return as hr_read; HC_ERR_TOO_LARGE when the body has more than `max` bytes: the first
/// `max` are given, the rest can still be read. HC_WANT_READ gives nothing yet. Python:
/// HTTPResponse.read().
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_read_all(
    r: *mut hr_response,
    max: u64,
    data: *mut *const c_void,
    n: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let data = unsafe { Out::new(data) };
    // SAFETY: the caller's promise.
    let n = unsafe { Out::new(n) };
    let (Ok(data), Ok(n)) = (data, n) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    data.set(ptr::null());
    n.set(0);
    let read = |core: &mut Connection, response: &mut Response| {
        let step = core.read_all(response, max);
        // A refused call leaves what another has collected where it is.
        let over = match &step {
            Ok(step) => *step == Step::Done(()),
            Err(e) => e.code != Code::HC_ERR_PENDING,
        };
        if over {
            let all = Connection::keep_all(response)?;
            data.set(all.as_ptr().cast());
            n.set(all.len());
        }
        step
    };
    // SAFETY: the caller's promise.
    args::status(unsafe { enter_response(r, read) })
}

/// The most pieces that hr_readv takes.
const MOST_PIECES: usize = 1024;

/// Reads body bytes into several buffers, one after the other: at least one byte, and more only
/// as far as they have arrived.
///
/// @param r a response
/// @param iov the buffers
/// @param count how many, at most 1024
/// @param n receives how many bytes there are; 0 with HC_OK is the true end, if there was room
/// @return as hr_read
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; `iov` is an array of `count` pieces, each
/// valid as it says; `n` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_readv(
    r: *mut hr_response,
    iov: *const hc_iovec,
    count: usize,
    n: *mut usize,
) -> hc_status {
    let read = |core: &mut Connection, response: &mut Response| {
        if count > MOST_PIECES {
            return Err(args::unknown("more than 1024 pieces"));
        }
        // SAFETY: the caller's promise.
        let pieces = unsafe { args::array(iov, count) }?;
        if pieces.is_empty() {
            return core.read(response, &mut []);
        }
        let mut parts: [IoSliceMut<'_>; 8] = core::array::from_fn(|_| IoSliceMut::new(&mut []));
        let mut total = 0;
        for some in pieces.chunks(parts.len()) {
            let mut room = 0;
            for (part, piece) in parts.iter_mut().zip(some) {
                // SAFETY: the caller's promise.
                *part = IoSliceMut::new(unsafe { args::bytes_mut(piece.base, piece.len) }?);
                room += piece.len;
            }
            if total > 0 && !core.has_arrived() {
                break;
            }
            match core.read_vectored(response, parts.get_mut(..some.len()).unwrap_or_default()) {
                Ok(Step::Done(got)) => {
                    total += got;
                    if got < room {
                        break;
                    }
                }
                Ok(Step::Want(i)) if total == 0 => return Ok(Step::Want(i)),
                Err(e) if total == 0 => return Err(e),
                // The failure is kept and comes with the next call.
                Ok(Step::Want(_)) | Err(_) => break,
            }
        }
        Ok(Step::Done(total))
    };
    // SAFETY: the caller's promise.
    unsafe { counted(r, n, read) }
}

/// Reads the rest of the body and writes it to a descriptor, which is waited for when it takes no
/// more, also in non-blocking mode, but not beyond HC_TIMEOUT_TOTAL or hc_cancel. A socket raises
/// no SIGPIPE; a pipe does.
///
/// @param r a response
/// @param fd where to write to
/// @param max the most bytes to take
/// @param n receives how many were written, also when the call fails
/// @return as hr_read; HC_ERR_TOO_LARGE when the body has more than `max` bytes: the first
/// `max` are written, the rest can still be read; HC_ERR_FILE when writing failed: what was
/// not written can still be read
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; `n` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_to_fd(
    r: *mut hr_response,
    fd: i32,
    max: u64,
    n: *mut u64,
) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { poured(r, n, |core, response| core.pour_to_fd(response, fd, max)) }
}

/// Reads the rest of the body and drops it, so that the connection can be used again.
///
/// @param r a response
/// @param max the most bytes to take
/// @param n receives how many were dropped, also when the call fails; may be NULL
/// @return as hr_read; HC_ERR_TOO_LARGE when the body has more than `max` bytes: the rest can
/// still be read
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; `n` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_drain(r: *mut hr_response, max: u64, n: *mut u64) -> hc_status {
    let mut nobody_asked = 0;
    let n = if n.is_null() {
        &raw mut nobody_asked
    } else {
        n
    };
    // SAFETY: the caller's promise.
    unsafe { poured(r, n, |core, response| core.drain(response, max)) }
}

/// Body bytes that are left, when Content-Length says so.
///
/// @param r a response
/// @return how many; 0 at the end; -1 when it is not known, and for a bad handle. Python:
/// HTTPResponse.length.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_remaining(r: *const hr_response) -> i64 {
    let left = |core: &mut Connection, response: &mut Response| Ok(core.remaining(response));
    // SAFETY: the caller's promise.
    let left = unsafe { enter_response(r, left) };
    left.ok()
        .flatten()
        .map_or(-1, |n| i64::try_from(n).unwrap_or(i64::MAX))
}

/// Body bytes that are left of the chunk that is being read.
///
/// @param r a response
/// @return how many; 0 between chunks; -1 when the body does not come in chunks or has come to
/// its end, and for a bad handle. Python: HTTPResponse.chunk_left.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_chunk_left(r: *const hr_response) -> i64 {
    let left = |core: &mut Connection, response: &mut Response| Ok(core.chunk_left(response));
    // SAFETY: the caller's promise.
    let left = unsafe { enter_response(r, left) };
    left.ok()
        .flatten()
        .map_or(-1, |n| i64::try_from(n).unwrap_or(i64::MAX))
}

/// A call that gives a count when it is done.
///
/// # Safety
/// As for hr_read.
#[inline]
unsafe fn counted(
    r: *mut hr_response,
    n: *mut usize,
    op: impl FnOnce(&mut Connection, &mut Response) -> Result<Step<usize>>,
) -> hc_status {
    // SAFETY: the caller's promise.
    let n = match unsafe { Out::new(n) } {
        Ok(n) => n,
        Err(code) => return code,
    };
    n.set(0);
    // SAFETY: the caller's promise.
    match unsafe { enter_response(r, op) } {
        Ok(Step::Done(count)) => {
            n.set(count);
            Code::HC_OK
        }
        Ok(Step::Want(i)) => want(i),
        Err(code) => code,
    }
}

/// A call that also says how far it got when it is not done.
///
/// # Safety
/// As for hr_read.
unsafe fn partly(
    r: *mut hr_response,
    n: *mut usize,
    op: impl FnOnce(&mut Connection, &mut Response) -> Result<Step<u64>>,
) -> hc_status {
    // SAFETY: the caller's promise.
    let n = match unsafe { Out::new(n) } {
        Ok(n) => n,
        Err(code) => return code,
    };
    let mut count = 0;
    // SAFETY: the caller's promise.
    let status = unsafe { poured(r, &raw mut count, op) };
    // A buffer holds no more than a size can say.
    n.set(usize::try_from(count).unwrap_or(usize::MAX));
    status
}

/// The same for counts that memory does not bound.
///
/// # Safety
/// As for hr_drain.
unsafe fn poured(
    r: *mut hr_response,
    n: *mut u64,
    op: impl FnOnce(&mut Connection, &mut Response) -> Result<Step<u64>>,
) -> hc_status {
    // SAFETY: the caller's promise.
    let n = match unsafe { Out::new(n) } {
        Ok(n) => n,
        Err(code) => return code,
    };
    n.set(0);
    let op = |core: &mut Connection, response: &mut Response| {
        let step = op(core, response);
        Ok(match step.inspect_err(|_| n.set(response.reported))? {
            Step::Done(count) => {
                n.set(count);
                Step::Done(())
            }
            Step::Want(i) => {
                n.set(response.reported);
                Step::Want(i)
            }
        })
    };
    // SAFETY: the caller's promise.
    args::status(unsafe { enter_response(r, op) })
}
