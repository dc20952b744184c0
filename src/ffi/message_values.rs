//! What Content-Type and its like in a header message say.

use core::ffi::c_char;
use core::ptr;

use super::args::{self, Out, done, unknown};
use super::message::{enter, hm_message, look};
use super::message_params;
use super::types::hc_header;
use crate::error::{Result, hc_status};
use crate::proto::message::Message;
use crate::proto::mime::{self, Reading};

pub(super) fn reading(m: &Message) -> Reading {
    if m.reads_like_python() {
        Reading::Python
    } else {
        Reading::Quoted
    }
}

pub(super) const CONTENT_TYPE: &[u8] = b"Content-Type";

/// The value of a field that has one: the first, or, as in Python 2.7, all of them joined.
fn value(m: &Message, name: &[u8]) -> Result<Option<Vec<u8>>> {
    if m.reads_like_python() {
        m.joined(name)
    } else {
        m.joined_nth(name, 0)
    }
}

/// # Safety
/// `m` is NULL or a live handle.
unsafe fn text(
    m: *mut hm_message,
    find: impl FnOnce(&Message) -> Result<Option<Vec<u8>>>,
) -> *const c_char {
    let keep = |m: &mut hm_message| {
        let found = find(&m.message)?;
        m.keep_any(found.as_deref())
    };
    // SAFETY: forwarded to the caller.
    unsafe { enter(m, keep) }.unwrap_or(ptr::null())
}

fn content_type(m: &Message) -> Result<Vec<u8>> {
    mime::content_type(value(m, CONTENT_TYPE)?.as_deref(), reading(m))
}

/// The type in Content-Type, in lower case, without parameters: "text/html". It is
/// "text/plain" when there is no such field; in HC_PROFILE_SAFE also when it holds something
/// that is no type, which HC_PROFILE_PYTHON hands on.
///
/// @param m a message
/// @return a NUL-terminated type; NULL for a bad handle, or no memory. Lifetime: next-call.
/// Python: gettype, get_content_type.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_get_content_type(m: *mut hm_message) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { text(m, |m| content_type(m).map(Some)) }
}

/// The part of the type before the slash: "text".
///
/// @param m a message
/// @return as hm_get_content_type. Lifetime: next-call. Python: getmaintype,
/// get_content_maintype.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_get_maintype(m: *mut hm_message) -> *const c_char {
    let find = |m: &Message| {
        let mut whole = content_type(m)?;
        whole.truncate(mime::halves(&whole).0.len());
        Ok(Some(whole))
    };
    // SAFETY: the caller's promise.
    unsafe { text(m, find) }
}

/// The part of the type behind the slash: "html".
///
/// @param m a message
/// @return as hm_get_content_type. Lifetime: next-call. Python: getsubtype,
/// get_content_subtype.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_get_subtype(m: *mut hm_message) -> *const c_char {
    let find = |m: &Message| {
        let mut whole = content_type(m)?;
        let sub = mime::halves(&whole).1.len();
        whole.drain(..whole.len() - sub);
        Ok(Some(whole))
    };
    // SAFETY: the caller's promise.
    unsafe { text(m, find) }
}

/// # Safety
/// `header` is NULL or NUL-terminated.
pub(super) unsafe fn or_content_type<'a>(header: *const c_char) -> Result<&'a [u8]> {
    if header.is_null() {
        return Ok(CONTENT_TYPE);
    }
    // SAFETY: forwarded to the caller.
    unsafe { args::text(header) }
}

/// A parameter of a field such as Content-Type, its quotes taken off. HC_PROFILE_SAFE knows
/// quoted strings; in HC_PROFILE_PYTHON every semicolon ends a parameter, as in Python 2.7.
/// Extended parameters (RFC 8187) are found under their names with the asterisk, and are not
/// decoded: hm_get_param_decoded does that.
///
/// @param m a message
/// @param header the name of the field, in any case; NULL for Content-Type
/// @param name of the parameter, in any case
/// @return a NUL-terminated value; NULL when there is no such parameter, or no memory. Lifetime:
/// next-call. Python: getparam, get_param.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_get_param(
    m: *mut hm_message,
    header: *const c_char,
    name: *const c_char,
) -> *const c_char {
    // SAFETY: the caller's promise.
    let header = unsafe { or_content_type(header) };
    // SAFETY: the caller's promise.
    let name = unsafe { args::text(name) };
    // SAFETY: the caller's promise.
    unsafe { text(m, |m| param(m, header?, name?)) }
}

fn param(m: &Message, header: &[u8], name: &[u8]) -> Result<Option<Vec<u8>>> {
    let Some(whole) = value(m, header)? else {
        return Ok(None);
    };
    let found = mime::parameters(&whole, reading(m))
        .find(|p| p.value.is_some() && p.name.eq_ignore_ascii_case(name));
    let value = found.and_then(|p| p.value);
    value.map(|v| mime::unquoted(v, reading(m))).transpose()
}

/// How many parameters a field has, those that are a name alone included. HC_PROFILE_PYTHON
/// counts empty ones too, as Python 2.7 does.
///
/// @param m a message
/// @param header the name of the field, in any case; NULL for Content-Type
/// @return how many; 0 for a bad handle. Python: len(getplist()).
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `header` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_param_count(m: *const hm_message, header: *const c_char) -> usize {
    // SAFETY: the caller's promise.
    let header = unsafe { or_content_type(header) };
    let count = |m: &Message| {
        let whole = value(m, header?)?.unwrap_or_default();
        Ok(mime::parameters(&whole, reading(m)).count())
    };
    // SAFETY: the caller's promise.
    unsafe { look(m, count) }.unwrap_or(0)
}

/// A parameter by its place.
///
/// @param m a message
/// @param header the name of the field, in any case; NULL for Content-Type
/// @param index 0 to hm_param_count - 1
/// @param out receives the name in lower case, and the value without its quotes, which is NULL
/// for a name alone; all NULL and 0 on failure. Lifetime: next-call.
/// @return HC_OK; HC_ERR_INVALID_ARG for an index too large, or NULL; HC_ERR_NOMEM. Python:
/// getparamnames, getplist, get_params.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `header` is NUL-terminated or NULL; `out`
/// is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_param_at(
    m: *mut hm_message,
    header: *const c_char,
    index: usize,
    out: *mut hc_header,
) -> hc_status {
    // SAFETY: the caller's promise.
    let header = unsafe { or_content_type(header) };
    // SAFETY: the caller's promise.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(super::message::NO_FIELD);
    let find = |m: &mut hm_message| {
        let reading = reading(&m.message);
        let whole = value(&m.message, header?)?.unwrap_or_default();
        let found = mime::parameters(&whole, reading).nth(index);
        let found = found.ok_or_else(|| unknown("there is no parameter at this index"))?;
        // Both in one text: the name, a NUL, the value.
        let name_len = found.name.len();
        let value = found
            .value
            .map(|v| mime::unquoted(v, reading))
            .transpose()?;
        let behind = value.as_deref().unwrap_or_default();
        let mut both = Vec::new();
        both.try_reserve_exact(name_len + 1 + behind.len())?;
        both.extend_from_slice(found.name);
        both.make_ascii_lowercase();
        both.push(0);
        both.extend_from_slice(behind);
        let base = m.keep(&both)?;
        let mut field = super::message::NO_FIELD;
        (field.name, field.name_len) = (base, name_len);
        if let Some(value) = value {
            field.value = base.wrapping_add(name_len + 1);
            field.value_len = value.len();
        }
        out.set(field);
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(m, find) })
}

/// A parameter of Content-Type as one text: the name, in lower case, and what stands behind it,
/// quotes included.
///
/// @param m a message
/// @param index 0 to hm_param_count - 1
/// @return a NUL-terminated text, "name=value" or "name"; NULL for an index too large, or no
/// memory. Lifetime: next-call. Python 2.7: getplist()[index].
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_get_plist(m: *mut hm_message, index: usize) -> *const c_char {
    let find = |m: &Message| {
        let whole = value(m, CONTENT_TYPE)?.unwrap_or_default();
        let Some(p) = mime::parameters(&whole, reading(m)).nth(index) else {
            return Ok(None);
        };
        let (glue, value): (&[u8], _) = p.value.map_or((b"", &b""[..]), |v| (b"=", v));
        let mut out = Vec::new();
        out.try_reserve_exact(p.name.len() + glue.len() + value.len())?;
        out.extend_from_slice(p.name);
        if p.value.is_some() {
            out.make_ascii_lowercase();
        }
        out.extend_from_slice(glue);
        out.extend_from_slice(value);
        Ok(Some(out))
    };
    // SAFETY: the caller's promise.
    unsafe { text(m, find) }
}

/// Everything in Content-Type from the first semicolon on, as it stands there.
///
/// @param m a message
/// @return a NUL-terminated text, empty when there are no parameters; NULL for a bad handle, or
/// no memory. Lifetime: next-call. Python 2.7: msg.plisttext.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_get_plisttext(m: *mut hm_message) -> *const c_char {
    let find = |m: &Message| {
        let mut whole = value(m, CONTENT_TYPE)?.unwrap_or_default();
        let len = mime::parameter_text(&whole).len();
        whole.drain(..whole.len() - len);
        Ok(Some(whole))
    };
    // SAFETY: the caller's promise.
    unsafe { text(m, find) }
}

/// The charset in Content-Type, in lower case; an extended parameter is decoded.
///
/// @param m a message
/// @return a NUL-terminated name; NULL when there is none, when it is not ASCII, or no memory.
/// Lifetime: next-call. Python 3: get_content_charset.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_get_charset(m: *mut hm_message) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { text(m, message_params::charset) }
}

/// The Content-Transfer-Encoding, in lower case.
///
/// @param m a message
/// @return a NUL-terminated name, "7bit" when there is no such field; NULL for a bad handle, or
/// no memory. Lifetime: next-call. Python 2.7: getencoding.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_get_encoding(m: *mut hm_message) -> *const c_char {
    let find = |m: &Message| {
        let mut encoding = value(m, b"Content-Transfer-Encoding")?;
        match &mut encoding {
            Some(encoding) => encoding.make_ascii_lowercase(),
            none => *none = Some(b"7bit".to_vec()),
        }
        Ok(encoding)
    };
    // SAFETY: the caller's promise.
    unsafe { text(m, find) }
}
