//! Parameters of header fields with their extended form decoded (RFC 2231, RFC 8187).

use core::ffi::c_char;
use core::ptr;

use super::args::{Versioned, VersionedOut, done, text, unknown};
use super::message::{enter, hm_message, look};
use super::message_values::{CONTENT_TYPE, or_content_type, reading};
use crate::error::{Result, hc_status};
use crate::proto::message::Message;
use crate::proto::mime_params::{self, Decoded};

/// A parameter whose extended form has been decoded: hm_get_param_decoded.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct hm_param {
    /// sizeof(hm_param): tells the library which fields there are.
    pub struct_size: usize,
    /// The name in lower case, without asterisk and number; NULL when there is no such parameter.
    pub name: *const c_char,
    /// Bytes of it.
    pub name_len: usize,
    /// The value, without quotes and escapes, in the charset below: bytes of any kind, NUL
    /// included. One NUL more stands behind it.
    pub value: *const c_char,
    /// Bytes of it.
    pub value_len: usize,
    /// What the extended form names as the charset, maybe ""; NULL when it names none, and for a
    /// value that was not extended.
    pub charset: *const c_char,
    /// The language, maybe ""; NULL as `charset`.
    pub language: *const c_char,
    /// 1: the value was written in the extended form; without a charset it should be ASCII.
    pub is_extended: i32,
}

// SAFETY: numbers and pointers, with the size in front.
unsafe impl Versioned for hm_param {
    const FIRST_SIZE: usize = size_of::<Self>();
}

const _: () = assert!(core::mem::offset_of!(hm_param, struct_size) == 0);

const NONE: hm_param = hm_param {
    struct_size: size_of::<hm_param>(),
    name: ptr::null(),
    name_len: 0,
    value: ptr::null(),
    value_len: 0,
    charset: ptr::null(),
    language: ptr::null(),
    is_extended: 0,
};

/// All parameters of a field's first line of that name.
fn decoded(m: &Message, header: &[u8]) -> Result<Vec<Decoded>> {
    let value = m.joined_nth(header, 0)?.unwrap_or_default();
    mime_params::decoded(&value, reading(m))
}

fn find(m: &Message, header: &[u8], name: &[u8]) -> Result<Option<Decoded>> {
    match m.joined_nth(header, 0)? {
        Some(value) => mime_params::find(&value, name, reading(m)),
        None => Ok(None),
    }
}

/// The charset of Content-Type, in lower case; none if it cannot be one.
pub(super) fn charset(m: &Message) -> Result<Option<Vec<u8>>> {
    let found = find(m, CONTENT_TYPE, b"charset")?.map(|p| p.value);
    let mut found = found.filter(|charset| charset.is_ascii() && !charset.contains(&0));
    if let Some(charset) = &mut found {
        charset.make_ascii_lowercase();
    }
    Ok(found)
}

/// Keeps the parameter in the handle, and says where.
fn keep(m: &mut hm_message, found: &Decoded) -> Result<hm_param> {
    // All in one text, a NUL behind each.
    let charset = found.charset.as_deref();
    let language = found.language.as_deref();
    let parts = [Some(&*found.name), Some(&*found.value), charset, language];
    let mut all = Vec::new();
    let size: usize = parts.iter().flatten().map(|p| p.len() + 1).sum();
    all.try_reserve_exact(size)?;
    let places = parts.map(|part| {
        part.map(|part| {
            let at = all.len();
            all.extend_from_slice(part);
            all.push(0);
            at
        })
    });
    let base = m.keep(&all)?;
    let [name, value, charset, language] =
        places.map(|at| at.map_or(ptr::null(), |at| base.wrapping_add(at)));
    Ok(hm_param {
        struct_size: size_of::<hm_param>(),
        name,
        name_len: found.name.len(),
        value,
        value_len: found.value.len(),
        charset,
        language,
        is_extended: found.is_extended.into(),
    })
}

/// A parameter of a field such as Content-Disposition, decoded: `name*=utf-8''%e2%82%ac` and a
/// value in pieces (`name*0=`, `name*1*=`) are found under the name without asterisks. Quotes
/// count in every profile. When the name is there in both forms, HC_PROFILE_SAFE gives the
/// extended one (RFC 6266) and HC_PROFILE_PYTHON the plain one; HC_PROFILE_SAFE takes pieces
/// that follow each other from 0 on, HC_PROFILE_PYTHON those that are there.
///
/// @param m a message
/// @param header the name of the field, in any case; NULL for Content-Type
/// @param name of the parameter, in any case, without asterisk
/// @param out receives the parameter; its `name` is NULL when there is none, and all of it on
/// failure. Lifetime: next-call.
/// @return HC_OK, also when there is none; HC_ERR_INVALID_ARG; HC_ERR_NOMEM. Python 3:
/// Message.get_param.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; the strings are NUL-terminated or NULL;
/// `out` is NULL or points to a structure that begins with its size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_get_param_decoded(
    m: *mut hm_message,
    header: *const c_char,
    name: *const c_char,
    out: *mut hm_param,
) -> hc_status {
    // SAFETY: the caller's promise.
    let header = unsafe { or_content_type(header) };
    // SAFETY: the caller's promise.
    let name = unsafe { text(name) };
    let op = |m: &mut hm_message| match find(&m.message, header?, name?)? {
        Some(found) => keep(m, &found),
        None => Ok(NONE),
    };
    // SAFETY: the caller's promise.
    unsafe { give(m, out, op) }
}

/// # Safety
/// As for [`hm_get_param_decoded`].
unsafe fn give(
    m: *mut hm_message,
    out: *mut hm_param,
    op: impl FnOnce(&mut hm_message) -> Result<hm_param>,
) -> hc_status {
    // SAFETY: forwarded to the caller.
    let out = match unsafe { VersionedOut::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(&NONE);
    // SAFETY: forwarded to the caller.
    done(unsafe { enter(m, |m| op(m).map(|p| out.set(&p))) })
}

/// How many parameters a field has when values in pieces count once.
///
/// @param m a message
/// @param header the name of the field, in any case; NULL for Content-Type
/// @return how many; 0 for a bad handle. Python 3: len(get_params()) - 1.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `header` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_decoded_param_count(
    m: *const hm_message,
    header: *const c_char,
) -> usize {
    // SAFETY: the caller's promise.
    let header = unsafe { or_content_type(header) };
    let count = |m: &Message| Ok(decoded(m, header?)?.len());
    // SAFETY: the caller's promise.
    unsafe { look(m, count) }.unwrap_or(0)
}

/// A decoded parameter by its place: plain ones in the order of the field, and all that have an
/// extended form together, in front of them (HC_PROFILE_SAFE) or behind (HC_PROFILE_PYTHON).
///
/// @param m a message
/// @param header the name of the field, in any case; NULL for Content-Type
/// @param index 0 to hm_decoded_param_count - 1
/// @param out receives the parameter, as hm_get_param_decoded gives it. Lifetime: next-call.
/// @return HC_OK; HC_ERR_INVALID_ARG for an index too large, or NULL; HC_ERR_NOMEM. Python 3:
/// get_params()[index + 1].
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `header` is NUL-terminated or NULL; `out`
/// is NULL or points to a structure that begins with its size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_decoded_param_at(
    m: *mut hm_message,
    header: *const c_char,
    index: usize,
    out: *mut hm_param,
) -> hc_status {
    // SAFETY: the caller's promise.
    let header = unsafe { or_content_type(header) };
    let op = |m: &mut hm_message| {
        let all = decoded(&m.message, header?)?;
        let found = all.get(index);
        keep(
            m,
            found.ok_or_else(|| unknown("there is no parameter at this index"))?,
        )
    };
    // SAFETY: the caller's promise.
    unsafe { give(m, out, op) }
}

/// The text of a parameter, as a NUL-terminated string.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
unsafe fn text_of(
    m: *mut hm_message,
    places: &[(&[u8], &[u8])],
    trim: impl Fn(&[u8]) -> &[u8],
) -> *const c_char {
    let op = |m: &mut hm_message| {
        for (header, name) in places {
            let Some(found) = find(&m.message, header, name)? else {
                continue;
            };
            let whole = found.text(reading(&m.message))?;
            let text = trim(&whole);
            // What C would take for the end is in no name that anybody means.
            let sound = !text.contains(&0);
            return m.keep_any(sound.then_some(text));
        }
        Ok(ptr::null())
    };
    // SAFETY: forwarded to the caller.
    unsafe { enter(m, op) }.unwrap_or(ptr::null())
}

/// The name of the file that the message is about: the parameter "filename" of
/// Content-Disposition, else "name" of Content-Type, decoded and without blanks around it. It
/// is the sender's word: it may hold "/" and "..", and has to be looked at before it names a
/// file.
///
/// @param m a message
/// @return a NUL-terminated name: in UTF-8 if the extended form says UTF-8, ASCII, Latin-1 or
/// nothing (what cannot be read is U+FFFD then), else the bytes as they are; NULL when there is
/// none, when it holds a NUL, or no memory. Lifetime: next-call. Python 3: Message.get_filename.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_get_filename(m: *mut hm_message) -> *const c_char {
    let places: [(&[u8], &[u8]); 2] = [
        (b"Content-Disposition", b"filename"),
        (CONTENT_TYPE, b"name"),
    ];
    // SAFETY: the caller's promise.
    unsafe { text_of(m, &places, <[u8]>::trim_ascii) }
}

/// The boundary between the parts of a multipart body, from Content-Type, without blanks behind
/// it.
///
/// @param m a message
/// @return a NUL-terminated text, as of hm_get_filename; NULL when there is none, or no memory.
/// Lifetime: next-call. Python 3: Message.get_boundary.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_get_boundary(m: *mut hm_message) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { text_of(m, &[(CONTENT_TYPE, b"boundary")], <[u8]>::trim_ascii_end) }
}
