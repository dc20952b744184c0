//! The ways in and out: what C passes becomes a slice or a reference here, or is refused.

use core::ffi::{CStr, c_char, c_void};
use core::ptr;

use crate::error::{Code, Error, Result};
use crate::net::{Interest, Step};

/// In place of a length: the string ends at its NUL.
pub const HC_ZSTR: usize = usize::MAX;

/// A NUL-terminated string.
///
/// # Safety
/// `s` is NULL or a NUL-terminated string that stays as it is during the call.
#[inline]
pub(super) unsafe fn text<'a>(s: *const c_char) -> Result<&'a [u8]> {
    if s.is_null() {
        return Err(null());
    }
    // SAFETY: forwarded to the caller.
    Ok(unsafe { CStr::from_ptr(s) }.to_bytes())
}

/// A string with a length, or with [`HC_ZSTR`] in its place.
///
/// # Safety
/// `s` is NULL, or valid for `len` bytes during the call, or a NUL-terminated string.
pub(super) unsafe fn counted<'a>(s: *const c_char, len: usize) -> Result<&'a [u8]> {
    if len == HC_ZSTR {
        // SAFETY: forwarded to the caller.
        return unsafe { text(s) };
    }
    // SAFETY: forwarded to the caller.
    unsafe { bytes(s.cast(), len) }
}

/// Bytes.
///
/// # Safety
/// `p` is NULL or valid for `len` bytes during the call.
#[inline]
pub(super) unsafe fn bytes<'a>(p: *const c_void, len: usize) -> Result<&'a [u8]> {
    check_len(p.is_null(), len)?;
    if len == 0 {
        return Ok(&[]);
    }
    // SAFETY: forwarded to the caller; the length has been checked.
    Ok(unsafe { core::slice::from_raw_parts(p.cast(), len) })
}

/// Bytes to write to.
///
/// # Safety
/// `p` is NULL or valid for `len` bytes during the call, and nobody else uses them.
#[inline]
pub(super) unsafe fn bytes_mut<'a>(p: *mut c_void, len: usize) -> Result<&'a mut [u8]> {
    check_len(p.is_null(), len)?;
    if len == 0 {
        return Ok(&mut []);
    }
    // SAFETY: forwarded to the caller; the length has been checked. What stands there may
    // never have been written, but it is only ever written here.
    Ok(unsafe { core::slice::from_raw_parts_mut(p.cast(), len) })
}

/// An array.
///
/// # Safety
/// `p` is NULL or valid for `count` elements during the call.
pub(super) unsafe fn array<'a, T>(p: *const T, count: usize) -> Result<&'a [T]> {
    check_len(p.is_null(), count.saturating_mul(size_of::<T>()))?;
    if count == 0 {
        return Ok(&[]);
    }
    // SAFETY: forwarded to the caller; the length has been checked.
    Ok(unsafe { core::slice::from_raw_parts(p, count) })
}

#[inline]
fn check_len(is_null: bool, len: usize) -> Result<()> {
    if is_null && len > 0 {
        return Err(null());
    }
    if len > isize::MAX as usize {
        return Err(Error::new(
            Code::HC_ERR_INVALID_ARG,
            "a length is larger than any object can be",
        ));
    }
    Ok(())
}

/// A place for a result.
pub(super) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// The place behind a pointer that must not be NULL.
    ///
    /// # Safety
    /// `p` is NULL or valid for a write of `T` during the call.
    #[inline]
    pub(super) unsafe fn new(p: *mut T) -> core::result::Result<Self, Code> {
        if p.is_null() {
            Err(Code::HC_ERR_INVALID_ARG)
        } else {
            Ok(Self(p))
        }
    }

    /// Writes the result.
    #[inline]
    pub(super) fn set(&self, value: T) {
        // SAFETY: `new` was promised a place that is valid during the call.
        unsafe { ptr::write(self.0, value) };
    }
}

#[cold]
pub(super) fn null() -> Error {
    Error::new(Code::HC_ERR_INVALID_ARG, "an argument is NULL")
}

#[cold]
pub(super) fn unknown(what: &'static str) -> Error {
    Error::new(Code::HC_ERR_INVALID_ARG, what)
}

/// The status of a step without a value.
#[inline]
pub(super) fn status(outcome: core::result::Result<Step<()>, Code>) -> Code {
    match outcome {
        Ok(Step::Done(())) => Code::HC_OK,
        Ok(Step::Want(i)) => want(i),
        Err(code) => code,
    }
}

/// The status of a wait.
#[inline]
pub(super) fn want(interest: Interest) -> Code {
    match interest {
        Interest::Read => Code::HC_WANT_READ,
        Interest::Write | Interest::Either => Code::HC_WANT_WRITE,
    }
}

/// The status of a call that is done or fails.
#[inline]
pub(super) fn done(outcome: core::result::Result<(), Code>) -> Code {
    match outcome {
        Ok(()) => Code::HC_OK,
        Err(code) => code,
    }
}
