//! Responses: how they are got, what their heads say, how they end.

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char, c_void};
use core::ptr;
use std::os::fd::IntoRawFd;
use std::sync::Arc;

use super::args::{Out, done, want};
use super::barrier::{self, Shared, enter, enter_response, hc_conn};
use crate::client::connection::Connection;
use crate::client::response::{Answer, Response};
use crate::error::{Code, hc_status};
use crate::net::Step;
use crate::proto::head::Head;
use crate::proto::reuse::CloseReason;
use crate::sys::spares::Spares;

const MAGIC: u32 = 0x6872_7231;
const DEAD: u32 = 0xdead_0001;

/// A response. Opaque to C; made by hc_getresponse, freed by hr_free. Its head is immutable:
/// asking for it never fails and what it returns stays where it is.
pub struct hr_response {
    magic: u32,
    head: Option<Box<Head>>,
    reason: CloseReason,
    chunked: bool,
    shared: Option<Arc<Shared>>,
    /// Guarded by the gate of `shared`.
    live: UnsafeCell<Response>,
    /// What hr_detach gave out.
    leftover: UnsafeCell<Vec<u8>>,
    next_doomed: *mut Self,
}

// SAFETY: a handle may move between threads, and what it points to is either its own or guarded
// by the gate that it shares.
unsafe impl Send for hr_response {}

/// The memory of responses that were freed.
static SPARES: Spares<hr_response> = Spares::new();

impl hr_response {
    pub(super) fn next_doomed(&self) -> *mut Self {
        self.next_doomed
    }

    pub(super) fn set_next_doomed(&mut self, next: *mut Self) {
        self.next_doomed = next;
    }

    pub(super) fn head(&self) -> &Head {
        // Only memory that waits for its next response has none.
        static NONE: Head = Head::new();
        self.head.as_deref().unwrap_or(&NONE)
    }

    /// Why the connection ends with it, or that it does not; `None` before its head was read.
    pub(super) fn close_reason(&self) -> Option<CloseReason> {
        (self.head().status != 0).then_some(self.reason)
    }

    /// One whose head is still to be read by this core.
    pub(super) fn not_begun(core: Connection) -> Box<Self> {
        Self::with(Box::default(), Shared::new(core), Response::not_begun())
    }

    /// Its head has been read. Returns what the caller must hold on to until it has left the
    /// barrier, which may be the last to know the gate that is shut.
    ///
    /// # Safety
    /// `r` is a live handle, the caller is inside its barrier, and `live` is its guarded part.
    pub(super) unsafe fn begun(
        r: *mut Self,
        mut answer: Answer,
        live: &mut Response,
    ) -> Option<Arc<Shared>> {
        let mut held = None;
        if let Some(carrier) = answer.carrier.take() {
            // SAFETY: forwarded to the caller; nobody else has a reference to this field.
            let shared = unsafe { &mut (*r).shared };
            held = shared.replace(Shared::new(*carrier));
        }
        // SAFETY: forwarded to the caller; nobody else has a reference to this field.
        unsafe { (*r).head = Some(answer.head) };
        // SAFETY: as above.
        unsafe { (*r).reason = answer.reason };
        // SAFETY: as above.
        unsafe { (*r).chunked = answer.chunked };
        *live = answer.begun.into_response();
        held
    }

    fn new(answer: Answer, shared: Arc<Shared>) -> Box<Self> {
        let Some(mut memory) = SPARES.take() else {
            let mut made = Self::with(answer.head, shared, answer.begun.into_response());
            made.reason = answer.reason;
            made.chunked = answer.chunked;
            return made;
        };
        // hr_free has left the rest as it has to be.
        memory.magic = MAGIC;
        memory.head = Some(answer.head);
        memory.reason = answer.reason;
        memory.chunked = answer.chunked;
        memory.shared = Some(shared);
        memory.live.get_mut().begin(answer.begun);
        memory
    }

    #[cold]
    fn with(head: Box<Head>, shared: Arc<Shared>, live: Response) -> Box<Self> {
        Box::new(Self {
            magic: MAGIC,
            head: Some(head),
            reason: CloseReason::Kept,
            chunked: false,
            shared: Some(shared),
            live: UnsafeCell::new(live),
            leftover: UnsafeCell::new(Vec::new()),
            next_doomed: ptr::null_mut(),
        })
    }
}

/// The handle behind a pointer from C.
///
/// # Safety
/// `r` is NULL or a handle from hc_getresponse that has not been freed.
#[inline]
pub(super) unsafe fn handle<'a>(r: *const hr_response) -> Option<&'a hr_response> {
    // SAFETY: forwarded to the caller.
    let r = unsafe { r.as_ref() }?;
    (r.magic == MAGIC).then_some(r)
}

/// Is it a response of this very connection?
pub(super) fn is_of(r: &hr_response, c: &hc_conn) -> bool {
    r.shared
        .as_ref()
        .is_some_and(|s| Arc::ptr_eq(s, c.shared()))
}

/// The gate of a response and the part of it that the gate guards.
///
/// # Safety
/// As for [`handle`].
#[inline]
pub(super) unsafe fn parts<'a>(r: *const hr_response) -> Result<(&'a Shared, *mut Response), Code> {
    // SAFETY: forwarded to the caller.
    let r = unsafe { handle(r) }.ok_or(Code::HC_ERR_INVALID_ARG)?;
    let shared = r.shared.as_deref().ok_or(Code::HC_ERR_INVALID_ARG)?;
    Ok((shared, r.live.get()))
}

/// Reads the response to the request that was sent: its head, past all interim responses. The
/// body is left to the reading calls. Legal in HC_STATE_REQUEST_SENT. A response that keeps
/// the connection leads to HC_STATE_UNREAD_RESPONSE, and when it was read to its end back to
/// HC_STATE_IDLE (one without a body is read to its end already); one that ends the connection
/// (hr_will_close) takes the connection along and leaves the handle in HC_STATE_IDLE, free for
/// the next request on the next connection. Blocking: may wait, or return HC_WANT_READ or
/// HC_WANT_WRITE in non-blocking mode.
///
/// @param c a connection
/// @param out receives the response; NULL unless the call returns HC_OK
/// @return HC_OK. Refused, nothing changed: HC_ERR_RESPONSE_NOT_READY; HC_ERR_BODY_OWED;
/// HC_ERR_INVALID_ARG; HC_ERR_PENDING. Failed, the connection is closed and the state
/// HC_STATE_IDLE: HC_ERR_REMOTE_DISCONNECTED; HC_ERR_INCOMPLETE; HC_ERR_BAD_STATUS_LINE;
/// HC_ERR_UNKNOWN_PROTOCOL; HC_ERR_BAD_HEADER; HC_ERR_LINE_TOO_LONG; HC_ERR_TOO_MANY_HEADERS;
/// HC_ERR_LIMIT; HC_ERR_BAD_FRAMING; HC_ERR_UNKNOWN_TRANSFER_CODING; HC_ERR_RECV; HC_ERR_SEND;
/// HC_ERR_TIMEOUT; HC_ERR_NOMEM. Ownership: free it with hr_free, before or after the
/// connection. Python: HTTPConnection.getresponse.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_getresponse(c: *mut hc_conn, out: *mut *mut hr_response) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(ptr::null_mut());
    // SAFETY: the caller's promise.
    let shared = match unsafe { barrier::handle(c) } {
        // Held on to: a callback may free the handle, which takes effect before this returns.
        Ok(conn) => Arc::clone(conn.shared()),
        Err(code) => return code,
    };
    // SAFETY: the caller's promise.
    match unsafe { enter(c, Connection::get_response) } {
        Ok(Step::Done(mut answer)) => {
            let owner = match answer.carrier.take() {
                Some(carrier) => Shared::new(*carrier),
                None => shared,
            };
            out.set(Box::into_raw(hr_response::new(answer, owner)));
            Code::HC_OK
        }
        Ok(Step::Want(i)) => want(i),
        Err(code) => code,
    }
}

/// The status code.
///
/// @param r a response
/// @return 100 to 999; 0 for a bad handle. Python: HTTPResponse.status.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_status(r: *const hr_response) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { handle(r) }.map_or(0, |r| i32::from(r.head().status))
}

/// The version in the status line.
///
/// @param r a response
/// @return 10 for HTTP/1.0, 11 for HTTP/1.1 and every later minor version; 0 for a bad handle.
/// Python: HTTPResponse.version.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_version(r: *const hr_response) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { handle(r) }.map_or(0, |r| i32::from(r.head().version))
}

/// The reason phrase, which may be empty.
///
/// @param r a response
/// @return a NUL-terminated phrase; NULL for a bad handle. Lifetime: handle. Python:
/// HTTPResponse.reason.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_reason(r: *const hr_response) -> *const c_char {
    // SAFETY: the caller's promise.
    let Some(r) = (unsafe { handle(r) }) else {
        return ptr::null();
    };
    CStr::from_bytes_until_nul(r.head().reason_with_nul())
        .unwrap_or(c"")
        .as_ptr()
}

/// Why a connection ends with a response: hr_will_close.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_close_reason {
    /// It does not: it is kept for the next request.
    HC_KEEP_ALIVE = 0,
    /// The response says "Connection: close".
    HC_CLOSE_PEER_ASKED = 1,
    /// The request said "Connection: close".
    HC_CLOSE_WE_ASKED = 2,
    /// HTTP/1.0 without keep-alive.
    HC_CLOSE_HTTP10 = 3,
    /// Only the end of the connection ends the body.
    HC_CLOSE_NO_LENGTH = 4,
    /// Another reader could read the head otherwise: both Content-Length and chunks, chunks
    /// in HTTP/1.0, fields hidden by a malformed line.
    HC_CLOSE_AMBIGUOUS_FRAMING = 5,
    /// The response came before the request's body was sent.
    HC_CLOSE_EARLY_RESPONSE = 6,
    /// The connection is no longer HTTP: 101, or 2xx to CONNECT.
    HC_CLOSE_UPGRADE = 7,
}

const _: () = {
    use hc_close_reason as C;
    assert!(C::HC_KEEP_ALIVE as i32 == CloseReason::Kept as i32);
    assert!(C::HC_CLOSE_PEER_ASKED as i32 == CloseReason::PeerAsked as i32);
    assert!(C::HC_CLOSE_WE_ASKED as i32 == CloseReason::WeAsked as i32);
    assert!(C::HC_CLOSE_HTTP10 as i32 == CloseReason::Http10 as i32);
    assert!(C::HC_CLOSE_NO_LENGTH as i32 == CloseReason::NoLength as i32);
    assert!(C::HC_CLOSE_AMBIGUOUS_FRAMING as i32 == CloseReason::AmbiguousFraming as i32);
    assert!(C::HC_CLOSE_EARLY_RESPONSE as i32 == CloseReason::EarlyResponse as i32);
    assert!(C::HC_CLOSE_UPGRADE as i32 == CloseReason::Upgrade as i32);
};

/// Whether the connection ends with this response, and why.
///
/// @param r a response
/// @return an HC_CLOSE_* number; HC_KEEP_ALIVE, which is 0, when it is kept;
/// HC_ERR_INVALID_ARG for a bad handle. Python: HTTPResponse.will_close.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_will_close(r: *const hr_response) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { handle(r) }.map_or(Code::HC_ERR_INVALID_ARG as i32, |r| r.reason as i32)
}

/// Whether the body comes in chunks.
///
/// @param r a response
/// @return 1 or 0; HC_ERR_INVALID_ARG for a bad handle. Python: HTTPResponse.chunked.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_is_chunked(r: *const hr_response) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { handle(r) }.map_or(Code::HC_ERR_INVALID_ARG as i32, |r| i32::from(r.chunked))
}

/// A close reason in words.
///
/// @param reason any number
/// @return a NUL-terminated phrase, "unknown" for a number that is no HC_CLOSE_*; never NULL.
/// Lifetime: static.
#[unsafe(no_mangle)]
pub extern "C" fn hc_close_reason_name(reason: i32) -> *const c_char {
    let known = CloseReason::ALL.into_iter().find(|r| *r as i32 == reason);
    known.map_or(c"unknown", CloseReason::name).as_ptr()
}

/// Whether reading has come to an end: the body was read to its end, reading failed, or the
/// response was closed.
///
/// @param r a response
/// @return 1 or 0; an hc_status below 0 for a bad handle. Python: HTTPResponse.isclosed.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_is_closed(r: *const hr_response) -> i32 {
    // SAFETY: the caller's promise.
    let closed =
        unsafe { enter_response(r, |core, response| Ok(i32::from(core.is_closed(response)))) };
    closed.unwrap_or_else(|code| code as i32)
}

/// Gives up the rest of the body: reading says HC_ERR_CLOSED from then on. What is left of it
/// is skipped before the next response if it is short (HC_LIMIT_DRAIN); otherwise its
/// connection is not used again. Never waits.
///
/// @param r a response
/// @return HC_OK, also when it has been closed or read to its end before. Python:
/// HTTPResponse.close.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_close(r: *mut hr_response) -> hc_status {
    let close = |core: &mut Connection, response: &mut Response| {
        core.give_up(response);
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter_response(r, close) })
}

/// Frees a response; one that was not read to its end is closed first, as by hr_close. Never
/// waits. Inside a callback from this very response's connection the freeing is put off until
/// the outer call ends.
///
/// @param r a response, or NULL
///
/// # Safety
/// `r` is NULL or a handle that has not been freed, and no other thread is using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_free(r: *mut hr_response) {
    // SAFETY: the caller's promise.
    let Some(shared) = unsafe { handle(r) }.and_then(|response| response.shared.clone()) else {
        return;
    };
    let close = |core: &mut Connection, mut memory: Box<hr_response>| {
        memory.magic = DEAD;
        memory.shared = None;
        core.give_up(memory.live.get_mut());
        if let Some(head) = memory.head.take() {
            core.recycle(head);
        }
        *memory.live.get_mut() = Response::default();
        *memory.leftover.get_mut() = Vec::new();
        SPARES.put(memory);
    };
    // SAFETY: the caller's promise.
    unsafe { barrier::free_response(shared, r, close) };
}

/// Takes the descriptor of a connection that is no longer HTTP: after 101, or 2xx to CONNECT.
/// The response is at its end afterwards, and the library has nothing more to do with the
/// connection.
///
/// @param r a response
/// @param fd receives the descriptor, which is the caller's to close; -1 when the connection
/// has none (a transport of the program's own, which is then destroyed without being closed)
/// @param leftover receives a pointer to bytes that had been received already and belong to
/// the new protocol. Lifetime: handle.
/// @param n receives how many they are
/// @return HC_OK; HC_ERR_UNSUPPORTED for any other response, and over TLS, with which nobody could
/// go on without its keys; HC_ERR_CLOSED
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_detach(
    r: *mut hr_response,
    fd: *mut i32,
    leftover: *mut *const c_void,
    n: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let fd = unsafe { Out::new(fd) };
    // SAFETY: the caller's promise.
    let leftover = unsafe { Out::new(leftover) };
    // SAFETY: the caller's promise.
    let n = unsafe { Out::new(n) };
    let (Ok(fd), Ok(leftover), Ok(n)) = (fd, leftover, n) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    fd.set(-1);
    leftover.set(ptr::null());
    n.set(0);
    // SAFETY: the caller's promise.
    let Some(place) = unsafe { handle(r) }.map(|response| response.leftover.get()) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    let take = |core: &mut Connection, response: &mut Response| {
        let (transport, bytes) = core.detach(response)?;
        fd.set(transport.into_fd().map_or(-1, IntoRawFd::into_raw_fd));
        // SAFETY: inside the barrier, and nothing was given out of it before.
        let kept = unsafe { &mut *place };
        *kept = bytes;
        leftover.set(kept.as_ptr().cast());
        n.set(kept.len());
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter_response(r, take) })
}

/// The descriptor that the body is read from.
///
/// @param r a response
/// @return a descriptor that remains the library's; -1 when there is none, or reading has
/// come to an end. Python: HTTPResponse.fileno.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_fileno(r: *const hr_response) -> i32 {
    let fd = |core: &mut Connection, response: &mut Response| {
        Ok(if core.is_closed(response) {
            -1
        } else {
            core.fd().unwrap_or(-1)
        })
    };
    // SAFETY: the caller's promise.
    unsafe { enter_response(r, fd) }.unwrap_or(-1)
}
