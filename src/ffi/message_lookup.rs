//! Fields of a header message by name.

use core::ffi::c_char;
use core::ptr;

use super::args::{self, Out, done};
use super::message::{enter, hm_message, look};
use crate::error::{Code, Error, hc_status};
use crate::proto::message::Message;

/// The value of the first field with a name.
///
/// @param m a message
/// @param name in any case
/// @return a NUL-terminated value without white space around it; NULL when there is no such
/// field. Lifetime: next-call (one that changes the message). Python 3: msg[name], msg.get.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_get(m: *const hm_message, name: *const c_char) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { hm_get_nth(m, name, 0) }
}

/// The value of the nth field with a name, for fields that stand more than once.
///
/// @param m a message
/// @param name in any case
/// @param n 0 for the first
/// @return as hm_get. Lifetime: next-call (one that changes the message). Python 3:
/// msg.get_all(name)[n].
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_get_nth(
    m: *const hm_message,
    name: *const c_char,
    n: usize,
) -> *const c_char {
    // SAFETY: the caller's promise.
    let name = unsafe { args::text(name) };
    let find = |m: &Message| {
        let value = m.values(name?).nth(n);
        Ok(value.map_or(ptr::null(), |v| v.as_ptr().cast()))
    };
    // SAFETY: the caller's promise.
    unsafe { look(m, find) }.unwrap_or(ptr::null())
}

/// How many fields have a name.
///
/// @param m a message
/// @param name in any case
/// @return how many; 0 for a bad handle. Python 3: len(msg.get_all(name)).
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_get_count(m: *const hm_message, name: *const c_char) -> usize {
    // SAFETY: the caller's promise.
    let name = unsafe { args::text(name) };
    // SAFETY: the caller's promise.
    unsafe { look(m, |m| Ok(m.values(name?).count())) }.unwrap_or(0)
}

/// Whether there is a field with a name.
///
/// @param m a message
/// @param name in any case
/// @return 1 or 0; an hc_status below 0 for a bad handle or name. Python: name in msg, has_key.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_contains(m: *const hm_message, name: *const c_char) -> i32 {
    // SAFETY: the caller's promise.
    let name = unsafe { args::text(name) };
    // SAFETY: the caller's promise.
    let found = unsafe { look(m, |m| Ok(i32::from(m.contains(name?)))) };
    found.unwrap_or_else(|code| code as i32)
}

/// All values of a name joined by ", " (RFC 9110 section 5.3), as hm_getheader puts them
/// together, written to the caller's buffer with a NUL behind it.
///
/// @param m a message
/// @param name in any case
/// @param buf receives the joined value; may be NULL if `cap` is 0
/// @param cap bytes that `buf` has room for, the NUL included
/// @param len receives the length without the NUL, also when it does not fit
/// @return HC_OK, also when there is no such field: then the value is empty; HC_ERR_TOO_LARGE
/// when it does not fit: then nothing is written to `buf`; HC_ERR_INVALID_ARG; HC_ERR_NOMEM
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL; `buf` is
/// valid for `cap` bytes; `len` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_get_joined(
    m: *const hm_message,
    name: *const c_char,
    buf: *mut c_char,
    cap: usize,
    len: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let name = unsafe { args::text(name) };
    // SAFETY: the caller's promise.
    let buf = unsafe { args::bytes_mut(buf.cast(), cap) };
    // SAFETY: the caller's promise.
    let len = match unsafe { Out::new(len) } {
        Ok(len) => len,
        Err(code) => return code,
    };
    let join = |m: &Message| {
        let buf = buf?;
        let value = m.joined(name?)?.unwrap_or_default();
        len.set(value.len());
        let (Some(place), true) = (buf.get_mut(..value.len()), value.len() < cap) else {
            return Err(Error::new(Code::HC_ERR_TOO_LARGE, "the value does not fit"));
        };
        place.copy_from_slice(&value);
        if let Some(end) = buf.get_mut(value.len()) {
            *end = 0;
        }
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { look(m, join) })
}

/// All values of a name as one text: joined by ", ", and in HC_PROFILE_PYTHON with every fold
/// as a line feed and a space. It is put together in the message's memory.
///
/// @param m a message
/// @param name in any case
/// @return a NUL-terminated value; NULL when there is no such field, or no memory. Lifetime:
/// next-call. Python 2.7: msg.getheader(name), msg[name].
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_getheader(m: *mut hm_message, name: *const c_char) -> *const c_char {
    // SAFETY: the caller's promise.
    let name = unsafe { args::text(name) };
    let join = |m: &mut hm_message| {
        let value = m.message.joined(name?)?;
        m.keep_any(value.as_deref())
    };
    // SAFETY: the caller's promise.
    unsafe { enter(m, join) }.unwrap_or(ptr::null())
}

/// The value of the nth field with a name as hm_getheader writes values; hm_get_count says how
/// many there are. It is put together in the message's memory.
///
/// @param m a message
/// @param name in any case
/// @param n 0 for the first
/// @return a NUL-terminated value; NULL when there is no such field, or no memory. Lifetime:
/// next-call. Python 2.7: msg.getheaders(name)[n].
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_getheaders_nth(
    m: *mut hm_message,
    name: *const c_char,
    n: usize,
) -> *const c_char {
    // SAFETY: the caller's promise.
    let name = unsafe { args::text(name) };
    let find = |m: &mut hm_message| {
        let value = m.message.joined_nth(name?, n)?;
        m.keep_any(value.as_deref())
    };
    // SAFETY: the caller's promise.
    unsafe { enter(m, find) }.unwrap_or(ptr::null())
}

/// How many different names the fields have, whatever their case.
///
/// @param m a message
/// @return how many; 0 for a bad handle. Python 2.7: len(msg), len(msg.keys()).
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_distinct_count(m: *mut hm_message) -> usize {
    // SAFETY: the caller's promise.
    unsafe { enter(m, |m| Ok(m.message.distinct()?.len())) }.unwrap_or(0)
}

/// One of the different names, in the order and spelling of their first fields; hm_getheader
/// has the value to it.
///
/// @param m a message
/// @param index 0 to hm_distinct_count - 1
/// @return a NUL-terminated name; NULL for an index too large. Lifetime: next-call (one that
/// changes the message). Python 2.7: msg.keys().
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_distinct_name(m: *mut hm_message, index: usize) -> *const c_char {
    let find = |m: &mut hm_message| {
        let place = m.message.distinct()?.get(index).copied();
        let field = place.and_then(|i| m.message.get(i as usize));
        Ok(field.map_or(ptr::null(), |f| f.name.as_ptr().cast()))
    };
    // SAFETY: the caller's promise.
    unsafe { enter(m, find) }.unwrap_or(ptr::null())
}
