//! What a header message looked like on the wire, and how it is written.

use core::ffi::{c_char, c_void};
use core::ptr;

use super::args::{self, Out, done, unknown};
use super::message::{enter, hm_message, look};
use crate::error::{Code, Error, Result, hc_status};
use crate::proto::message::Message;

/// Where a piece of text goes: a pointer and a length.
struct Piece(Out<*const c_char>, Out<usize>);

impl Piece {
    /// # Safety
    /// Both are NULL or valid.
    unsafe fn new(out: *mut *const c_char, len: *mut usize) -> core::result::Result<Self, Code> {
        // SAFETY: forwarded to the caller.
        let out = unsafe { Out::new(out) };
        // SAFETY: forwarded to the caller.
        let len = unsafe { Out::new(len) };
        if let Ok(out) = &out {
            out.set(ptr::null());
        }
        if let Ok(len) = &len {
            len.set(0);
        }
        Ok(Self(out?, len?))
    }

    fn set(&self, m: &mut hm_message, text: &[u8]) -> Result<()> {
        self.0.set(m.keep(text)?);
        self.1.set(text.len());
        Ok(())
    }
}

/// How many raw lines the fields of a message have, folded ones counted each. Lines that
/// parsing dropped are not among them.
///
/// @param m a message
/// @return how many; 0 for a bad handle. Python 2.7: len(msg.headers).
///
/// # Safety
/// `m` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_raw_count(m: *const hm_message) -> usize {
    // SAFETY: the caller's promise.
    unsafe { look(m, |m| Ok(m.raw_lines().count())) }.unwrap_or(0)
}

/// A raw line as it came, its end included; of a field that was added or changed, as it would
/// be sent.
///
/// @param m a message
/// @param index 0 to hm_raw_count - 1
/// @param line receives the line, NUL-terminated; NULL on failure. Lifetime: next-call.
/// @param len receives its length without the NUL; 0 on failure
/// @return HC_OK; HC_ERR_INVALID_ARG for an index too large, or NULL; HC_ERR_NOMEM. Python 2.7:
/// msg.headers[index].
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_raw_line(
    m: *mut hm_message,
    index: usize,
    line: *mut *const c_char,
    len: *mut usize,
) -> hc_status {
    let copy = |m: &Message| {
        let line = m.raw_lines().nth(index);
        copied(&[line.ok_or_else(|| unknown("there is no line at this index"))?])
    };
    // SAFETY: the caller's promise.
    unsafe { put(m, (line, len), copy) }
}

/// The raw lines of all fields with a name, folds and line ends included, one behind the other.
///
/// @param m a message
/// @param name in any case
/// @param lines receives the lines, NUL-terminated; an empty string when there is no such
/// field; NULL on failure. Lifetime: next-call.
/// @param len receives their length without the NUL; 0 on failure
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_NOMEM. Python 2.7: getallmatchingheaders.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL; the
/// others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_getallmatchingheaders(
    m: *mut hm_message,
    name: *const c_char,
    lines: *mut *const c_char,
    len: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let name = unsafe { args::text(name) };
    let copy = |m: &Message| {
        let mut all = Vec::new();
        for raw in m.raw(name?) {
            all.try_reserve(raw.len())?;
            all.extend_from_slice(raw);
        }
        Ok(all)
    };
    // SAFETY: the caller's promise.
    unsafe { put(m, (lines, len), copy) }
}

/// The raw lines of the first field with a name, folds and line ends included.
///
/// @param m a message
/// @param name in any case
/// @param lines as for hm_getallmatchingheaders. Lifetime: next-call.
/// @param len receives their length without the NUL; 0 on failure
/// @return as hm_getallmatchingheaders. Python 2.7: getfirstmatchingheader.
///
/// # Safety
/// As for hm_getallmatchingheaders.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_getfirstmatchingheader(
    m: *mut hm_message,
    name: *const c_char,
    lines: *mut *const c_char,
    len: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let name = unsafe { args::text(name) };
    let copy = |m: &Message| copied(&[m.raw(name?).next().unwrap_or_default()]);
    // SAFETY: the caller's promise.
    unsafe { put(m, (lines, len), copy) }
}

/// What stands behind the colon of the first field with a name, as it came: with all blanks,
/// folds and line ends.
///
/// @param m a message
/// @param name in any case
/// @param text receives it, NUL-terminated; NULL on failure. Lifetime: next-call.
/// @param len receives its length without the NUL; 0 on failure
/// @return HC_OK; HC_ERR_INVALID_ARG, also when there is no such field; HC_ERR_NOMEM. Python
/// 2.7: getrawheader.
///
/// # Safety
/// As for hm_getallmatchingheaders.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_getrawheader(
    m: *mut hm_message,
    name: *const c_char,
    text: *mut *const c_char,
    len: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let name = unsafe { args::text(name) };
    let copy = |m: &Message| {
        let text = m.raw_value(name?);
        copied(&[text.ok_or_else(|| unknown("there is no field with this name"))?])
    };
    // SAFETY: the caller's promise.
    unsafe { put(m, (text, len), copy) }
}

fn copied(pieces: &[&[u8]]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for piece in pieces {
        out.try_reserve(piece.len())?;
        out.extend_from_slice(piece);
    }
    Ok(out)
}

/// # Safety
/// `m` is NULL or a live handle; the others are NULL or valid.
unsafe fn put(
    m: *mut hm_message,
    (out, len): (*mut *const c_char, *mut usize),
    copy: impl FnOnce(&Message) -> Result<Vec<u8>>,
) -> hc_status {
    // SAFETY: forwarded to the caller.
    let place = match unsafe { Piece::new(out, len) } {
        Ok(place) => place,
        Err(code) => return code,
    };
    let give = |m: &mut hm_message| {
        let text = copy(&m.message)?;
        place.set(m, &text)
    };
    // SAFETY: forwarded to the caller.
    done(unsafe { enter(m, give) })
}

/// How hm_to_bytes writes, to be or-ed together.
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum hm_to_bytes_flag {
    /// The raw lines as they came, instead of "name: value" with CRLF behind it. Python 2.7:
    /// str(msg).
    HM_RAW = 1,
    /// The empty line at the end.
    HM_END = 2,
    /// The "From " lines at the beginning.
    HM_UNIXFROM = 4,
}

/// Writes a message: its fields in their order and spelling. No NUL is added.
///
/// @param m a message
/// @param flags HM_RAW, HM_END, HM_UNIXFROM, or-ed together
/// @param buf receives the bytes; may be NULL if `cap` is 0
/// @param cap bytes that `buf` has room for
/// @param len receives how many there are, also when they do not fit
/// @return HC_OK; HC_ERR_TOO_LARGE when they do not fit: then nothing is written to `buf`;
/// HC_ERR_INVALID_ARG. Python 3: as_bytes.
///
/// # Safety
/// `m` is NULL or a handle that has not been freed; `buf` is valid for `cap` bytes; `len` is
/// valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_to_bytes(
    m: *const hm_message,
    flags: u32,
    buf: *mut c_void,
    cap: usize,
    len: *mut usize,
) -> hc_status {
    use hm_to_bytes_flag as F;
    // SAFETY: the caller's promise.
    let buf = unsafe { args::bytes_mut(buf, cap) };
    // SAFETY: the caller's promise.
    let len = match unsafe { Out::new(len) } {
        Ok(len) => len,
        Err(code) => return code,
    };
    let write = |m: &Message| {
        let buf = buf?;
        if flags & !(F::HM_RAW as u32 | F::HM_END as u32 | F::HM_UNIXFROM as u32) != 0 {
            return Err(unknown("an unknown flag"));
        }
        let with = |flag: F| flags & flag as u32 != 0;
        let each = |put: &mut dyn FnMut(&[u8])| {
            if with(F::HM_UNIXFROM) {
                put(m.unixfrom());
            }
            m.write(with(F::HM_RAW), put);
            if with(F::HM_END) {
                put(b"\r\n");
            }
        };
        let mut total = 0;
        each(&mut |piece| total += piece.len());
        len.set(total);
        let Some(mut rest) = buf.get_mut(..total) else {
            return Err(Error::new(
                Code::HC_ERR_TOO_LARGE,
                "the message does not fit",
            ));
        };
        each(&mut |piece| {
            if let Some((place, after)) =
                core::mem::take(&mut rest).split_at_mut_checked(piece.len())
            {
                place.copy_from_slice(piece);
                rest = after;
            }
        });
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { look(m, write) })
}
