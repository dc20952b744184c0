//! Header and trailer fields of a response.

use core::ffi::c_char;
use core::ptr;

use super::args::{self, Out, done};
use super::barrier::enter_response;
use super::response::{handle, hr_response};
use super::types::hc_header;
use crate::client::connection::Connection;
use crate::client::response::Response;
use crate::error::{Code, hc_status};
use crate::proto::fields::Field;

impl From<Field<'_>> for hc_header {
    fn from(f: Field<'_>) -> Self {
        Self {
            name: f.name.as_ptr().cast(),
            name_len: f.name.len(),
            value: f.value.as_ptr().cast(),
            value_len: f.value.len(),
        }
    }
}

const NOTHING: hc_header = hc_header {
    name: ptr::null(),
    name_len: 0,
    value: ptr::null(),
    value_len: 0,
};

/// How many header fields the response has; repeated names count each time.
///
/// @param r a response
/// @return how many; 0 for a bad handle
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_header_count(r: *const hr_response) -> usize {
    // SAFETY: the caller's promise.
    unsafe { handle(r) }.map_or(0, |r| r.head().fields.len())
}

/// A header field by its place: in the order of the wire, spelt as on the wire.
///
/// @param r a response
/// @param index 0 to hr_header_count - 1
/// @param out receives the field; all NULL and 0 on failure. Lifetime: handle.
/// @return HC_OK; HC_ERR_INVALID_ARG for an index too large, or NULL. Python: getheaders.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_header_at(
    r: *const hr_response,
    index: usize,
    out: *mut hc_header,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    // SAFETY: the caller's promise.
    let found = unsafe { handle(r) }.and_then(|r| r.head().fields.get(index));
    out.set(found.map_or(NOTHING, hc_header::from));
    if found.is_some() {
        Code::HC_OK
    } else {
        Code::HC_ERR_INVALID_ARG
    }
}

/// The value of the first field with a name.
///
/// @param r a response
/// @param name in any case
/// @return a NUL-terminated value without white space around it; NULL when there is no such
/// field. Lifetime: handle. Python: getheader, msg[name].
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_header(r: *const hr_response, name: *const c_char) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { hr_header_nth(r, name, 0) }
}

/// The value of the nth field with a name, for fields that stand more than once.
///
/// @param r a response
/// @param name in any case
/// @param n 0 for the first
/// @return as hr_header. Lifetime: handle. Python: msg.get_all(name)[n].
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_header_nth(
    r: *const hr_response,
    name: *const c_char,
    n: usize,
) -> *const c_char {
    // SAFETY: the caller's promise.
    let (Some(r), Ok(name)) = (unsafe { handle(r) }, (unsafe { args::text(name) })) else {
        return ptr::null();
    };
    let value = r.head().fields.nth_value(name, n);
    value.map_or(ptr::null(), |v| v.as_ptr().cast())
}

/// The values of all fields with a name, joined by ", " (RFC 9110 section 5.3), written to the
/// caller's buffer with a NUL behind it.
///
/// @param r a response
/// @param name in any case
/// @param buf receives the joined value; may be NULL if `cap` is 0
/// @param cap bytes that `buf` has room for, the NUL included
/// @param len receives the length without the NUL, also when it does not fit
/// @return HC_OK, also when there is no such field: then the value is empty; HC_ERR_TOO_LARGE
/// when it does not fit: then nothing is written to `buf`; HC_ERR_INVALID_ARG. Python:
/// getheader.
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL; `buf` is
/// valid for `cap` bytes; `len` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_header_joined(
    r: *const hr_response,
    name: *const c_char,
    buf: *mut c_char,
    cap: usize,
    len: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let r = unsafe { handle(r) };
    // SAFETY: the caller's promise.
    let name = unsafe { args::text(name) };
    // SAFETY: the caller's promise.
    let buf = unsafe { args::bytes_mut(buf.cast(), cap) };
    // SAFETY: the caller's promise.
    let len = unsafe { Out::new(len) };
    let (Some(r), Ok(name), Ok(buf), Ok(len)) = (r, name, buf, len) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    let (count, bytes) = r
        .head()
        .fields
        .values(name)
        .fold((0, 0), |(n, sum), v| (n + 1, sum + v.len()));
    let total = bytes + 2 * usize::saturating_sub(count, 1);
    len.set(total);
    if total >= buf.len() {
        return Code::HC_ERR_TOO_LARGE;
    }
    let mut at = 0;
    for (i, value) in r.head().fields.values(name).enumerate() {
        let glue: &[u8] = if i > 0 { b", " } else { b"" };
        for part in [glue, value] {
            if let Some(place) = buf.get_mut(at..at + part.len()) {
                place.copy_from_slice(part);
            }
            at += part.len();
        }
    }
    if let Some(end) = buf.get_mut(at) {
        *end = 0;
    }
    Code::HC_OK
}

/// The bytes of a header field as they came, folds and the line end included; no NUL is added.
///
/// @param r a response
/// @param index 0 to hr_header_count - 1
/// @param buf receives the bytes; may be NULL if `cap` is 0
/// @param cap bytes that `buf` has room for
/// @param len receives how many there are, also when they do not fit
/// @return HC_OK; HC_ERR_TOO_LARGE when they do not fit; HC_ERR_INVALID_ARG
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; `buf` is valid for `cap` bytes; `len` is
/// valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_header_raw(
    r: *const hr_response,
    index: usize,
    buf: *mut c_char,
    cap: usize,
    len: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let r = unsafe { handle(r) };
    // SAFETY: the caller's promise.
    let buf = unsafe { args::bytes_mut(buf.cast(), cap) };
    // SAFETY: the caller's promise.
    let len = unsafe { Out::new(len) };
    let (Some(r), Ok(buf), Ok(len)) = (r, buf, len) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    let room = buf.len();
    match r.head().fields.raw_line(index, buf) {
        Some(n) => {
            len.set(n);
            if n <= room {
                Code::HC_OK
            } else {
                Code::HC_ERR_TOO_LARGE
            }
        }
        None => {
            len.set(0);
            Code::HC_ERR_INVALID_ARG
        }
    }
}

/// How many trailer fields came behind a chunked body. They are known once the body has been
/// read to its end, are kept apart from the header fields, and those that would frame, route
/// or authenticate a message are dropped (RFC 9110 section 6.5.1). HC_PROFILE_PYTHON drops
/// them all.
///
/// @param r a response
/// @return how many; 0 before the end of the body, and for a bad handle
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_trailer_count(r: *const hr_response) -> usize {
    let count = |_: &mut Connection, response: &mut Response| {
        Ok(response.trailers.as_ref().map_or(0, |t| t.len()))
    };
    // SAFETY: the caller's promise.
    unsafe { enter_response(r, count) }.unwrap_or(0)
}

/// A trailer field by its place.
///
/// @param r a response
/// @param index 0 to hr_trailer_count - 1
/// @param out receives the field; all NULL and 0 on failure. Lifetime: handle.
/// @return HC_OK; HC_ERR_INVALID_ARG for an index too large, or NULL
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_trailer_at(
    r: *const hr_response,
    index: usize,
    out: *mut hc_header,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(NOTHING);
    let find = |_: &mut Connection, response: &mut Response| {
        let field = response.trailers.as_ref().and_then(|t| t.get(index));
        let field = field.ok_or_else(|| args::unknown("there is no trailer at this index"))?;
        out.set(hc_header::from(field));
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter_response(r, find) })
}
