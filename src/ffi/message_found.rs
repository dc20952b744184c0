//! What parsing a header message found besides fields, and what it asks of a line.

use core::ffi::c_char;
use core::ptr;

use super::args::{self, Out, done};
use super::message::{enter, hm_message, look};
use crate::error::{Code, Error, hc_status};
use crate::proto::lines::without_end;
use crate::proto::message::Message;
use crate::proto::message_item::Text;

/// The "From " lines that stood before the fields, ends included, as mailbox files have them.
/// Only HC_PROFILE_PYTHON lets them stand there.
///
/// @param m a message
/// @return NUL-terminated lines, empty when there were none; NULL for a bad handle, or no
/// memory. Lifetime: next-call. Python 2.7: msg.unixfrom.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_unixfrom(m: *mut hm_message) -> *const c_char {
    let copy = |m: &mut hm_message| {
        let text = Text::new(m.message.unixfrom())?;
        m.keep(text.as_bytes())
    };
    // SAFETY: the caller's promise.
    unsafe { enter(m, copy) }.unwrap_or(ptr::null())
}

/// The status line that stood before the fields, its end taken off.
///
/// @param m a message
/// @return a NUL-terminated line; NULL when there was none. Lifetime: next-call (one that frees
/// the message).
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_start_line(m: *const hm_message) -> *const c_char {
    let find = |m: &Message| {
        let line = m.start_line();
        Ok(line.map_or(ptr::null(), |l| l.as_ptr().cast()))
    };
    // SAFETY: the caller's promise.
    unsafe { look(m, find) }.unwrap_or(ptr::null())
}

/// How parsing ended: "" when all was well, "Non-header line where header expected" when a line
/// had no colon, "EOF in headers" when the bytes ended before the empty line. The last two can
/// only be had in HC_PROFILE_PYTHON; HC_PROFILE_SAFE refuses such a block.
///
/// @param m a message
/// @return a NUL-terminated sentence; NULL for a bad handle. Lifetime: static. Python 2.7:
/// msg.status.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_status(m: *const hm_message) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { look(m, |m| Ok(m.status().as_ptr())) }.unwrap_or(ptr::null())
}

/// How many things parsing found strange and let pass. HC_PROFILE_SAFE lets nothing pass.
///
/// @param m a message
/// @return how many; 0 for a bad handle. Python 3: len(msg.defects).
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_defect_count(m: *const hm_message) -> usize {
    // SAFETY: the caller's promise.
    unsafe { look(m, |m| Ok(m.defects().len())) }.unwrap_or(0)
}

/// One of the things that parsing let pass, by the name of its class in Python's email.errors:
/// "MissingHeaderBodySeparatorDefect", "FirstHeaderLineIsContinuationDefect",
/// "MisplacedEnvelopeHeaderDefect", "InvalidHeaderDefect".
///
/// @param m a message
/// @param index 0 to hm_defect_count - 1
/// @return a NUL-terminated name; NULL for an index too large. Lifetime: static. Python 3:
/// msg.defects[index].
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_defect(m: *const hm_message, index: usize) -> *const c_char {
    let find = |m: &Message| Ok(m.defects().get(index).map_or(ptr::null(), |d| d.as_ptr()));
    // SAFETY: the caller's promise.
    unsafe { look(m, find) }.unwrap_or(ptr::null())
}

/// Where the body begins in the bytes that hm_parse was given.
///
/// @param m a message
/// @param offset receives how many bytes stand before the body; 0 on failure
/// @return HC_OK; HC_ERR_UNSUPPORTED for a message that was not parsed from memory: what comes
/// from a connection cannot be read again; HC_ERR_INVALID_ARG. Python 2.7: msg.startofbody,
/// rewindbody.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `offset` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_rewindbody(m: *const hm_message, offset: *mut usize) -> hc_status {
    // SAFETY: the caller's promise.
    let offset = match unsafe { Out::new(offset) } {
        Ok(offset) => offset,
        Err(code) => return code,
    };
    offset.set(0);
    let find = |m: &Message| {
        let text = "the message was not parsed from memory";
        let none = || Error::new(Code::HC_ERR_UNSUPPORTED, text);
        offset.set(m.body_at().ok_or_else(none)?);
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { look(m, find) })
}

/// Whether a line looks like a field, and the name of it in lower case. It asks nothing more
/// than whether there is a colon: hm_parse is stricter.
///
/// @param line a line, its end included or not
/// @param len its length in bytes, or HC_ZSTR
/// @param buf receives the name and a NUL; may be NULL if `cap` is 0
/// @param cap bytes that `buf` has room for, the NUL included
/// @param name_len receives the length without the NUL, also when it does not fit; 0 when there
/// is no colon
/// @return HC_OK; HC_ERR_BAD_HEADER when there is no colon; HC_ERR_TOO_LARGE when the name does
/// not fit; HC_ERR_INVALID_ARG. Python 2.7: isheader.
///
/// # Safety
/// `line` is valid for `len` bytes, NUL-terminated, or NULL; `buf` is valid for `cap` bytes;
/// `name_len` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_isheader(
    line: *const c_char,
    len: usize,
    buf: *mut c_char,
    cap: usize,
    name_len: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let line = unsafe { args::counted(line, len) };
    // SAFETY: the caller's promise.
    let buf = unsafe { args::bytes_mut(buf.cast(), cap) };
    // SAFETY: the caller's promise.
    let name_len = unsafe { Out::new(name_len) };
    let (Ok(line), Ok(buf), Ok(name_len)) = (line, buf, name_len) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    name_len.set(0);
    let Some(name) = line
        .iter()
        .position(|&b| b == b':')
        .and_then(|at| line.get(..at))
    else {
        return Code::HC_ERR_BAD_HEADER;
    };
    name_len.set(name.len());
    let Some((end, place)) = buf.get_mut(..=name.len()).and_then(<[u8]>::split_last_mut) else {
        return Code::HC_ERR_TOO_LARGE;
    };
    place.copy_from_slice(name);
    place.make_ascii_lowercase();
    *end = 0;
    Code::HC_OK
}

/// Whether a line ends a block of header lines: it is empty.
///
/// @param line a line, its end (CRLF or LF) included
/// @param len its length in bytes, or HC_ZSTR
/// @return 1 or 0; an hc_status below 0 for NULL. Python 2.7: islast.
///
/// # Safety
/// `line` is valid for `len` bytes, NUL-terminated, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_islast(line: *const c_char, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    match unsafe { args::counted(line, len) } {
        Ok(line) => i32::from(!line.is_empty() && without_end(line).is_empty()),
        Err(e) => e.code as i32,
    }
}

/// Whether a line is a comment. HTTP has no such lines.
///
/// @param line a line
/// @param len its length in bytes, or HC_ZSTR
/// @return 0; an hc_status below 0 for NULL. Python 2.7: iscomment.
///
/// # Safety
/// `line` is valid for `len` bytes, NUL-terminated, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_iscomment(line: *const c_char, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { args::counted(line, len) }.map_or_else(|e| e.code as i32, |_| 0)
}
