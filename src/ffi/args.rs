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

/// How much larger than ours a structure may be: what a later version of the header may have
/// added, and no more, so that a wild size is never followed.
const MOST_NEWER: usize = 256;

/// Structures that begin with their own size, which says how many of their fields the program
/// knows. They grow at their end only.
///
/// # Safety
/// All zeros is a value of the type, and its first field is the `usize` size.
pub(super) unsafe trait Versioned: Copy {
    /// The size that the structure had in the first version that had it.
    const FIRST_SIZE: usize;
}

/// Is this a size that some version has, as far as we can know?
fn is_known_size<T: Versioned>(size: usize) -> bool {
    (T::FIRST_SIZE..=size_of::<T>() + MOST_NEWER).contains(&size)
}

/// Reads a structure of any version: fields that the program does not know are zero, and fields
/// that we do not know must be.
///
/// # Safety
/// `p` is NULL or points to a structure of at least the size that stands at its beginning.
pub(super) unsafe fn versioned<T: Versioned>(p: *const T) -> Result<T> {
    if p.is_null() {
        return Err(null());
    }
    // SAFETY: the size comes first, by the trait's promise.
    let size = unsafe { p.cast::<usize>().read() };
    if !is_known_size::<T>(size) {
        return Err(unknown("struct_size is not a size that this structure has"));
    }
    // SAFETY: forwarded to the caller.
    let given = unsafe { core::slice::from_raw_parts(p.cast::<u8>(), size) };
    if given.iter().skip(size_of::<T>()).any(|b| *b != 0) {
        return Err(unknown(
            "a field is set that this version of the library does not know",
        ));
    }
    let mut value = core::mem::MaybeUninit::<T>::zeroed();
    let known = size.min(size_of::<T>());
    // SAFETY: both are valid for so many bytes, and one is ours.
    unsafe { ptr::copy_nonoverlapping(given.as_ptr(), value.as_mut_ptr().cast::<u8>(), known) };
    // SAFETY: zeros, and what the program filled in of a type for which every bit pattern of
    // the program's own making is its promise.
    Ok(unsafe { value.assume_init() })
}

/// A place for a structure of any version: as many fields are written as the program knows.
pub(super) struct VersionedOut<T> {
    place: *mut T,
    size: usize,
}

impl<T: Versioned> VersionedOut<T> {
    /// The place behind a pointer.
    ///
    /// # Safety
    /// As for [`versioned`].
    pub(super) unsafe fn new(p: *mut T) -> core::result::Result<Self, Code> {
        if p.is_null() {
            return Err(Code::HC_ERR_INVALID_ARG);
        }
        // SAFETY: the size comes first, by the trait's promise.
        let size = unsafe { p.cast::<usize>().read() };
        if is_known_size::<T>(size) {
            Ok(Self { place: p, size })
        } else {
            Err(Code::HC_ERR_INVALID_ARG)
        }
    }

    /// Writes all but the size, which is the program's.
    pub(super) fn set(&self, value: &T) {
        let skip = size_of::<usize>();
        let count = self.size.min(size_of::<T>()).saturating_sub(skip);
        // SAFETY: `skip` is inside of the value.
        let from = unsafe { ptr::from_ref(value).cast::<u8>().add(skip) };
        // SAFETY: `new` was promised a structure of at least its size.
        let to = unsafe { self.place.cast::<u8>().add(skip) };
        // SAFETY: both are valid for so many bytes, and the value is ours.
        unsafe { ptr::copy_nonoverlapping(from, to, count) };
    }
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
pub(super) fn too_large() -> Error {
    Error::new(Code::HC_ERR_TOO_LARGE, "the buffer is too small")
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
