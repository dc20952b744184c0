//! Changes to a header message. Each is checked first: a refused call changes nothing.

use core::ffi::c_char;
use core::ptr;

use super::args::{self, HC_ZSTR, Out, done};
use super::message::{enter, hm_message};
use super::types::hc_header;
use crate::error::{Result, hc_status};
use crate::proto::message::Message;
use crate::proto::mime;

type Change = fn(&mut Message, &[u8], &[u8]) -> Result<()>;

/// # Safety
/// `m` is NULL or a live handle; name and value are NULL, valid for their lengths, or
/// NUL-terminated.
unsafe fn change(
    m: *mut hm_message,
    (name, name_len): (*const c_char, usize),
    (value, value_len): (*const c_char, usize),
    apply: Change,
) -> hc_status {
    // SAFETY: forwarded to the caller.
    let name = unsafe { args::counted(name, name_len) };
    // SAFETY: forwarded to the caller.
    let value = unsafe { args::counted(value, value_len) };
    let apply = |m: &mut hm_message| apply(&mut m.message, name?, value?);
    // SAFETY: forwarded to the caller.
    done(unsafe { enter(m, apply) })
}

/// Appends a field, whether or not there is one with this name. What name and value may hold
/// is what hc_putheader lets them hold in the profile of the message.
///
/// @param m a message
/// @param name in any case
/// @param value white space around it is taken off
/// @return HC_OK; HC_ERR_INVALID_ARG for what hc_putheader would refuse, and NULL; HC_ERR_NOMEM.
/// Python 3: msg[name] = value, add_header.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_add(
    m: *mut hm_message,
    name: *const c_char,
    value: *const c_char,
) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { change(m, (name, HC_ZSTR), (value, HC_ZSTR), Message::add) }
}

/// hm_add for strings with a length, either of which may be HC_ZSTR.
///
/// @param m a message
/// @param name in any case
/// @param name_len its length in bytes
/// @param value as for hm_add
/// @param value_len its length in bytes
/// @return as hm_add
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; the strings are valid for their lengths,
/// NUL-terminated, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_add_n(
    m: *mut hm_message,
    name: *const c_char,
    name_len: usize,
    value: *const c_char,
    value_len: usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { change(m, (name, name_len), (value, value_len), Message::add) }
}

/// Removes all fields with a name and appends one.
///
/// @param m a message
/// @param name in any case
/// @param value as for hm_add
/// @return as hm_add. Python 2.7: msg[name] = value.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_set(
    m: *mut hm_message,
    name: *const c_char,
    value: *const c_char,
) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { change(m, (name, HC_ZSTR), (value, HC_ZSTR), Message::set) }
}

/// hm_set for strings with a length, either of which may be HC_ZSTR.
///
/// @param m a message
/// @param name in any case
/// @param name_len its length in bytes
/// @param value as for hm_set
/// @param value_len its length in bytes
/// @return as hm_set
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; the strings are valid for their lengths,
/// NUL-terminated, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_set_n(
    m: *mut hm_message,
    name: *const c_char,
    name_len: usize,
    value: *const c_char,
    value_len: usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { change(m, (name, name_len), (value, value_len), Message::set) }
}

/// Changes the value of the first field with a name, which keeps its place and its spelling.
///
/// @param m a message
/// @param name in any case
/// @param value as for hm_add
/// @return as hm_add; also HC_ERR_INVALID_ARG when there is no such field. Python 3:
/// replace_header.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_replace(
    m: *mut hm_message,
    name: *const c_char,
    value: *const c_char,
) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { change(m, (name, HC_ZSTR), (value, HC_ZSTR), Message::replace) }
}

/// hm_replace for strings with a length, either of which may be HC_ZSTR.
///
/// @param m a message
/// @param name in any case
/// @param name_len its length in bytes
/// @param value as for hm_replace
/// @param value_len its length in bytes
/// @return as hm_replace
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; the strings are valid for their lengths,
/// NUL-terminated, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_replace_n(
    m: *mut hm_message,
    name: *const c_char,
    name_len: usize,
    value: *const c_char,
    value_len: usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { change(m, (name, name_len), (value, value_len), Message::replace) }
}

/// Adds to the value of a name: the last field of that name gets ", " and the value behind its
/// own, in its raw line too. Without such a field, one is appended.
///
/// @param m a message
/// @param name in any case
/// @param value as for hm_add
/// @return as hm_add. Python 2.7: addheader.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_addheader(
    m: *mut hm_message,
    name: *const c_char,
    value: *const c_char,
) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { change(m, (name, HC_ZSTR), (value, HC_ZSTR), Message::add_joined) }
}

/// hm_addheader for strings with a length, either of which may be HC_ZSTR.
///
/// @param m a message
/// @param name in any case
/// @param name_len its length in bytes
/// @param value as for hm_addheader
/// @param value_len its length in bytes
/// @return as hm_addheader
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; the strings are valid for their lengths,
/// NUL-terminated, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_addheader_n(
    m: *mut hm_message,
    name: *const c_char,
    name_len: usize,
    value: *const c_char,
    value_len: usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { change(m, (name, name_len), (value, value_len), Message::add_joined) }
}

/// Continues the value of a name, as a folded line does: with a space in HC_PROFILE_SAFE, which
/// sends no folds, and with a line end and a space in HC_PROFILE_PYTHON.
///
/// @param m a message
/// @param name in any case
/// @param more as for hm_add
/// @return as hm_add; also HC_ERR_INVALID_ARG when there is no such field. Python 2.7:
/// addcontinue.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_addcontinue(
    m: *mut hm_message,
    name: *const c_char,
    more: *const c_char,
) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe {
        change(
            m,
            (name, HC_ZSTR),
            (more, HC_ZSTR),
            Message::add_continuation,
        )
    }
}

/// hm_addcontinue for strings with a length, either of which may be HC_ZSTR.
///
/// @param m a message
/// @param name in any case
/// @param name_len its length in bytes
/// @param more as for hm_addcontinue
/// @param more_len its length in bytes
/// @return as hm_addcontinue
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; the strings are valid for their lengths,
/// NUL-terminated, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_addcontinue_n(
    m: *mut hm_message,
    name: *const c_char,
    name_len: usize,
    more: *const c_char,
    more_len: usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe {
        change(
            m,
            (name, name_len),
            (more, more_len),
            Message::add_continuation,
        )
    }
}

/// The value of a name, which is added if there is none.
///
/// @param m a message
/// @param name in any case
/// @param value as for hm_add
/// @param out receives the value that is there now, as hm_getheader puts it together; NULL on
/// failure; may be NULL. Lifetime: next-call.
/// @return as hm_add. Python 2.7: setdefault.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL;
/// `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_setdefault(
    m: *mut hm_message,
    name: *const c_char,
    value: *const c_char,
    out: *mut *const c_char,
) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { hm_setdefault_n(m, name, HC_ZSTR, value, HC_ZSTR, out) }
}

/// hm_setdefault for strings with a length, either of which may be HC_ZSTR.
///
/// @param m a message
/// @param name in any case
/// @param name_len its length in bytes
/// @param value as for hm_add
/// @param value_len its length in bytes
/// @param out as for hm_setdefault. Lifetime: next-call.
/// @return as hm_add
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; the strings are valid for their lengths,
/// NUL-terminated, or NULL; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_setdefault_n(
    m: *mut hm_message,
    name: *const c_char,
    name_len: usize,
    value: *const c_char,
    value_len: usize,
    out: *mut *const c_char,
) -> hc_status {
    // SAFETY: the caller's promise.
    let name = unsafe { args::counted(name, name_len) };
    // SAFETY: the caller's promise.
    let value = unsafe { args::counted(value, value_len) };
    // SAFETY: the caller's promise.
    let out = unsafe { Out::new(out) };
    let set_out = |text| {
        if let Ok(out) = &out {
            out.set(text);
        }
    };
    set_out(ptr::null());
    let ensure = |m: &mut hm_message| {
        let (name, value) = (name?, value?);
        if !m.message.contains(name) {
            m.message.add(name, value)?;
        }
        let there = m.message.joined(name)?;
        set_out(m.keep_any(there.as_deref())?);
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(m, ensure) })
}

/// Appends a field whose value has parameters: `value; name="parameter"`. Quotes and
/// backslashes in a parameter are escaped.
///
/// @param m a message
/// @param name of the field, in any case
/// @param value what stands before the parameters
/// @param parameters names and values; a value that is NULL with length 0 stands for a
/// parameter that is a name alone; may be NULL if `count` is 0
/// @param count how many there are
/// @return as hm_add; also HC_ERR_INVALID_ARG for a parameter whose name is no token. Python 3:
/// add_header(name, value, **parameters).
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL;
/// `parameters` is valid for `count` elements, and their strings for their lengths.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_add_with(
    m: *mut hm_message,
    name: *const c_char,
    value: *const c_char,
    parameters: *const hc_header,
    count: usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let name = unsafe { args::text(name) };
    // SAFETY: the caller's promise.
    let value = unsafe { args::text(value) };
    // SAFETY: the caller's promise.
    let parameters = unsafe { args::array(parameters, count) };
    let add = |m: &mut hm_message| {
        let mut whole = Vec::new();
        let value = value?;
        whole.try_reserve(value.len())?;
        whole.extend_from_slice(value);
        for p in parameters? {
            // SAFETY: the caller's promise.
            let name = unsafe { args::counted(p.name, p.name_len) }?;
            let value = if p.value.is_null() && p.value_len == 0 {
                None
            } else {
                // SAFETY: the caller's promise.
                Some(unsafe { args::counted(p.value, p.value_len) }?)
            };
            mime::push_parameter(&mut whole, name, value)?;
        }
        m.message.add(name?, &whole)
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(m, add) })
}

/// Removes all fields with a name.
///
/// @param m a message
/// @param name in any case
/// @return HC_OK, also when there is none; HC_ERR_INVALID_ARG. Python: del msg[name].
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_del(m: *mut hm_message, name: *const c_char) -> hc_status {
    // SAFETY: the caller's promise.
    let name = unsafe { args::text(name) };
    let remove = |m: &mut hm_message| {
        m.message.remove(name?);
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(m, remove) })
}
