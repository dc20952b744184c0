//! The trace: a callback that is told what happens, as it happens.

use core::any::Any;
use core::ffi::{CStr, c_char, c_void};
use std::sync::Arc;

use super::args::{self, Out, Versioned, done, unknown};
use super::barrier::{enter, enter_response, hc_conn};
use super::driving::hc_event;
use super::response::hr_response;
use super::types::HC_LENGTH_UNKNOWN;
use crate::client::connection::Connection;
use crate::client::record::Phase;
use crate::client::response::Response;
use crate::client::trace::{Entry, Kind, Listener, Tracing};
use crate::client::trace_text;
use crate::error::{Code, Result, hc_status};
use crate::net::Interest;
use crate::proto::state::State;

pub use super::trace_kinds::*;

/// One thing that has happened. Fields that say nothing of it are 0, or -1 where that is said.
/// Pointers in it are valid during the callback.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hc_trace_event {
    /// The size that the library knows, which says how many fields there are.
    pub struct_size: usize,
    /// An HC_TRACE_* number. There may be more of them in a later version.
    pub kind: i32,
    /// What was going on: an HC_PHASE_* number.
    pub phase: i32,
    /// When: nanoseconds of CLOCK_MONOTONIC, or of the program's own clock (hc_set_clock).
    pub time_ns: u64,
    /// The number of the connection, as hc_connection_count counts them; 0 before there is one.
    pub connection: u64,
    /// The number of the request on this handle, from 1; 0 before the first.
    pub exchange: u64,
    /// The HC_STATE_* number.
    pub state: i32,
    /// The HC_STATE_* number before; other than `state` only for HC_TRACE_STATE.
    pub state_before: i32,
    /// A status code of HTTP.
    pub status: i32,
    /// An hc_status.
    pub code: i32,
    /// errno; for a name that was not resolved the code of getaddrinfo(3).
    pub os_error: i32,
    /// An HC_CLOSE_* or HC_REUSE_* number.
    pub reason: i32,
    /// An HC_TIMEOUT_* number; -1 for none.
    pub timeout_kind: i32,
    /// HC_EVENT_* numbers.
    pub events: i32,
    /// 1 when the connection had served an exchange before this one.
    pub reused: i32,
    /// 1 when something in `bytes` was replaced, because it is a secret.
    pub redacted: i32,
    /// Milliseconds until a timeout passes; -1 for none.
    pub timeout_ms: i64,
    /// How long the connection had been idle before this exchange; -1 for a new one.
    pub idle_ms: i64,
    /// How long it took, in nanoseconds; -1 when that is not known.
    pub elapsed_ns: i64,
    /// How many, of whatever is counted.
    pub count: u64,
    /// Of how many; HC_LENGTH_UNKNOWN.
    pub total: u64,
    /// A head, or trailers, with their line ends. NULL for none.
    pub bytes: *const c_void,
    /// How many bytes that are.
    pub bytes_len: usize,
    /// Words, NUL-terminated, never NULL.
    pub text: *const c_char,
}

/// Is told what happens. It runs inside the call that it happens in, on that thread: it must not
/// call back into the handle (HC_ERR_BUSY; freeing is put off until the call ends), nor leave by
/// longjmp or an exception.
pub type hc_trace_callback =
    Option<unsafe extern "C" fn(event: *const hc_trace_event, user: *mut c_void)>;

struct Told {
    call: unsafe extern "C" fn(*const hc_trace_event, *mut c_void),
    user: *mut c_void,
    mask: u64,
    flags: u32,
}

// SAFETY: a handle, and a response that takes a connection along, may move between threads, and
// the program promises that `user` may be used by both.
unsafe impl Send for Told {}
// SAFETY: as above.
unsafe impl Sync for Told {}

impl Listener for Told {
    fn hear(&self, entry: &Entry<'_>) {
        let event = hc_trace_event::from(entry);
        // SAFETY: the event lives until the call returns; the rest is the program's promise.
        unsafe { (self.call)(&raw const event, self.user) };
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl From<&Entry<'_>> for hc_trace_event {
    fn from(e: &Entry<'_>) -> Self {
        let event = |on: bool, event: hc_event| if on { event as i32 } else { 0 };
        Self {
            struct_size: size_of::<Self>(),
            kind: e.kind as i32,
            phase: e.phase as i32,
            time_ns: e.at_ns,
            connection: e.connection,
            exchange: e.exchange,
            state: e.state as i32,
            state_before: e.state_before as i32,
            status: i32::from(e.status),
            code: e.code as i32,
            os_error: e.os_error,
            reason: e.reason,
            timeout_kind: e.timeout_kind,
            events: e.interest.map_or(0, |i| {
                event(i.reads(), hc_event::HC_EVENT_READ)
                    | event(i.writes(), hc_event::HC_EVENT_WRITE)
            }),
            reused: i32::from(e.reused),
            redacted: i32::from(e.redacted),
            timeout_ms: e.timeout_ms,
            idle_ms: e.idle_ms,
            elapsed_ns: e
                .elapsed_ns
                .map_or(-1, |ns| i64::try_from(ns).unwrap_or(i64::MAX)),
            count: e.count,
            total: e.total.unwrap_or(HC_LENGTH_UNKNOWN),
            bytes: if e.bytes.is_empty() {
                core::ptr::null()
            } else {
                e.bytes.as_ptr().cast()
            },
            bytes_len: e.bytes.len(),
            text: e.text.as_ptr(),
        }
    }
}

/// What C asked for, as the core wants it.
fn tracing(
    callback: hc_trace_callback,
    user: *mut c_void,
    mask: u64,
    flags: u32,
) -> Result<Option<Tracing>> {
    let secrets = hc_trace_flag::HC_TRACE_SECRETS as u32;
    if flags & !secrets != 0 {
        return Err(unknown("an unknown flag"));
    }
    Ok(callback.map(|call| {
        let told = Told {
            call,
            user,
            mask,
            flags,
        };
        Tracing::new(Arc::new(told), mask, flags & secrets != 0)
    }))
}

/// Sets who is told what happens on a connection: a debug log, a tracer, a test. A response that
/// takes the connection along takes the callback along too. Until somebody listens it costs one
/// test of a pointer where something would be told.
///
/// Secrets are not shown: the values of Authorization, Proxy-Authorization, Cookie and Set-Cookie
/// are replaced by "[redacted]", and so are user and password in a request's target. What a
/// program hides in a query or in a field of its own invention is shown. Bodies never are.
///
/// @param c a connection
/// @param callback who is told; NULL for nobody
/// @param user given to the callback; must stay valid until another callback is set and the
/// responses that have taken a connection along are freed, or until all handles are
/// @param mask the bits of what is told, `UINT64_C(1) << HC_TRACE_*`; HC_TRACE_USUAL,
/// HC_TRACE_ALL
/// @param flags HC_TRACE_SECRETS or 0
/// @return HC_OK; HC_ERR_INVALID_ARG for an unknown flag. Python: set_debuglevel
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `callback` can be called with `user` for as
/// long as is said above, from each thread that uses the handle or such a response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_trace(
    c: *mut hc_conn,
    callback: hc_trace_callback,
    user: *mut c_void,
    mask: u64,
    flags: u32,
) -> hc_status {
    let set = |core: &mut Connection| {
        core.set_tracing(tracing(callback, user, mask, flags)?);
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, set) })
}

/// The same for a response: one that has taken its connection along, or stands alone (hr_new).
/// For any other it is its connection's.
///
/// @param r a response
/// @param callback as for hc_set_trace
/// @param user as for hc_set_trace
/// @param mask as for hc_set_trace
/// @param flags as for hc_set_trace
/// @return as hc_set_trace
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; `callback` and `user` as for hc_set_trace.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_set_trace(
    r: *mut hr_response,
    callback: hc_trace_callback,
    user: *mut c_void,
    mask: u64,
    flags: u32,
) -> hc_status {
    let set = |core: &mut Connection, _: &mut Response| {
        core.set_tracing(tracing(callback, user, mask, flags)?);
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter_response(r, set) })
}

/// What hc_set_trace has set.
///
/// @param c a connection
/// @param callback receives the callback; NULL for none
/// @param user receives what it is given
/// @param mask receives the bits of what is told; 0 for nothing
/// @param flags receives the flags
/// @return HC_OK; HC_ERR_INVALID_ARG
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_trace(
    c: *const hc_conn,
    callback: *mut hc_trace_callback,
    user: *mut *mut c_void,
    mask: *mut u64,
    flags: *mut u32,
) -> hc_status {
    // SAFETY: the caller's promise.
    let callback = unsafe { Out::new(callback) };
    // SAFETY: the caller's promise.
    let user = unsafe { Out::new(user) };
    // SAFETY: the caller's promise.
    let mask = unsafe { Out::new(mask) };
    // SAFETY: the caller's promise.
    let flags = unsafe { Out::new(flags) };
    let (Ok(callback), Ok(user), Ok(mask), Ok(flags)) = (callback, user, mask, flags) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    let ask = |core: &mut Connection| {
        let told = core.tracing().map(|t| t.listener.as_any());
        let told = told.and_then(|any| any.downcast_ref::<Told>());
        callback.set(told.map(|t| t.call));
        user.set(told.map_or(core::ptr::null_mut(), |t| t.user));
        mask.set(told.map_or(0, |t| t.mask));
        flags.set(told.map_or(0, |t| t.flags));
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, ask) })
}

/// An event in lines that a person can read, in the manner of `curl -v`: `* ` is what the library
/// does, `> ` what it sends, `< ` what it gets. Each line ends in a line feed, and the last one in
/// a NUL behind it. Bytes that could make a terminal do something are written as `\xNN`.
///
/// @param event what a callback was given
/// @param buf receives the lines; may be NULL if `cap` is 0
/// @param cap bytes that `buf` has room for, the NUL included
/// @param len receives the length without the NUL, also when it does not fit
/// @return HC_OK; HC_ERR_TOO_LARGE when it does not fit, with nothing written; HC_ERR_INVALID_ARG,
/// also for a kind that this version does not know; HC_ERR_NOMEM
///
/// # Safety
/// `event` is valid or NULL, and so is all that it points to; `buf` is valid for `cap` bytes;
/// `len` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_trace_format(
    event: *const hc_trace_event,
    buf: *mut c_char,
    cap: usize,
    len: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let len = match unsafe { Out::new(len) } {
        Ok(len) => len,
        Err(code) => return code,
    };
    len.set(0);
    // SAFETY: the caller's promise.
    let outcome = unsafe { format(event) }.and_then(|text| {
        len.set(text.len().saturating_sub(1));
        // SAFETY: the caller's promise.
        let room = unsafe { args::bytes_mut(buf.cast(), cap) }?;
        let Some(room) = room.get_mut(..text.len()) else {
            return Err(args::too_large());
        };
        room.copy_from_slice(&text);
        Ok(())
    });
    outcome.map_or_else(|e| e.code, |()| Code::HC_OK)
}

/// The lines, and a NUL.
///
/// # Safety
/// `event` is NULL or valid, and so is all that it points to.
unsafe fn format(event: *const hc_trace_event) -> Result<Vec<u8>> {
    // SAFETY: forwarded to the caller.
    let e = unsafe { args::versioned(event) }?;
    let kind = Kind::from_number(e.kind).ok_or_else(|| unknown("an unknown kind"))?;
    let code = Code::from_number(e.code).ok_or_else(|| unknown("an unknown code"))?;
    let state = |n| State::from_number(n).ok_or_else(|| unknown("an unknown state"));
    // SAFETY: forwarded to the caller.
    let bytes = unsafe { args::bytes(e.bytes, e.bytes_len) }?;
    let text = if e.text.is_null() {
        c""
    } else {
        // SAFETY: forwarded to the caller.
        unsafe { CStr::from_ptr(e.text) }
    };
    let entry = Entry {
        kind,
        at_ns: e.time_ns,
        connection: e.connection,
        exchange: e.exchange,
        phase: Phase::None,
        state_before: state(e.state_before)?,
        state: state(e.state)?,
        status: u16::try_from(e.status).unwrap_or(0),
        code,
        os_error: e.os_error,
        reason: e.reason,
        timeout_kind: e.timeout_kind,
        timeout_ms: e.timeout_ms,
        interest: match e.events {
            1 => Some(Interest::Read),
            2 => Some(Interest::Write),
            3 => Some(Interest::Either),
            _ => None,
        },
        reused: e.reused != 0,
        idle_ms: e.idle_ms,
        elapsed_ns: u64::try_from(e.elapsed_ns).ok(),
        count: e.count,
        total: (e.total != HC_LENGTH_UNKNOWN).then_some(e.total),
        redacted: e.redacted != 0,
        bytes,
        text,
    };
    let mut out = Vec::new();
    trace_text::write(&entry, &mut out)?;
    out.try_reserve(1)?;
    out.push(0);
    Ok(out)
}

// SAFETY: numbers and pointers, with the size in front.
unsafe impl Versioned for hc_trace_event {
    const FIRST_SIZE: usize = size_of::<Self>();
}
