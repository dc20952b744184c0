//! `hc_body` and `hc_header` arrays from C, as the core wants them.

use core::ffi::c_void;
use std::borrow::Cow;
use std::io::IoSlice;

use super::args::{self, Versioned, null, unknown};
use super::types::{HC_LENGTH_UNKNOWN, hc_body, hc_body_kind, hc_body_rewind, hc_header, hc_iovec};
use crate::client::body_source::{BodyReader, BodySource};
use crate::client::request::{RequestField, RequestFields, RequestFlags};
use crate::error::{Code, Error, Result};
use crate::proto::Profile;
use crate::sys::file::{self, FileKind};

/// A body that a C callback produces.
struct CallbackBody {
    read: unsafe extern "C" fn(*mut c_void, usize, *mut c_void) -> i64,
    rewind: hc_body_rewind,
    user: *mut c_void,
}

impl BodyReader for CallbackBody {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        // SAFETY: the buffer is valid for its length; the rest is the program's promise.
        let n = unsafe { (self.read)(buf.as_mut_ptr().cast(), buf.len(), self.user) };
        usize::try_from(n).map_err(|_| {
            Error::new(Code::HC_ERR_CALLBACK, "the body callback failed").with_callback_value(n)
        })
    }

    fn rewind(&mut self) -> bool {
        // SAFETY: the program's promise.
        self.rewind
            .is_some_and(|rewind| unsafe { rewind(self.user) } == 0)
    }
}

// SAFETY: numbers, pointers and optional functions, with the size in front.
unsafe impl Versioned for hc_body {
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// Runs `op` with the body that C described.
///
/// # Safety
/// `body` is NULL or points to an hc_body whose pointers are valid as its kind says.
pub(super) unsafe fn with_body<T>(
    body: *const hc_body,
    op: impl FnOnce(&mut BodySource<'_>) -> Result<T>,
) -> Result<T> {
    if body.is_null() {
        return op(&mut BodySource::None);
    }
    // SAFETY: forwarded to the caller.
    let b = unsafe { args::versioned(body) }?;
    let length = (b.length != HC_LENGTH_UNKNOWN).then_some(b.length);
    if b.kind == hc_body_kind::HC_BODY_NONE as i32 {
        op(&mut BodySource::None)
    } else if b.kind == hc_body_kind::HC_BODY_MEMORY as i32 {
        let len = usize::try_from(b.length)
            .map_err(|_| unknown("hc_body.length is too large for memory"))?;
        // SAFETY: forwarded to the caller.
        let bytes = unsafe { args::bytes(b.data, len) }?;
        op(&mut BodySource::Slices(&[IoSlice::new(bytes)]))
    } else if b.kind == hc_body_kind::HC_BODY_IOVEC as i32 {
        // SAFETY: forwarded to the caller.
        let pieces = unsafe { slices(b.iov, b.iov_count) }?;
        op(&mut BodySource::Slices(&pieces))
    } else if b.kind == hc_body_kind::HC_BODY_FD as i32 {
        op(&mut file_body(b.fd, b.offset, length)?)
    } else if b.kind == hc_body_kind::HC_BODY_CALLBACK as i32 {
        let Some(read) = b.read else {
            return Err(null());
        };
        let mut reader = CallbackBody {
            read,
            rewind: b.rewind,
            user: b.user,
        };
        op(&mut BodySource::Reader {
            reader: &mut reader,
            length,
        })
    } else {
        Err(unknown("hc_body.kind is not an HC_BODY_* number"))
    }
}

/// Pieces of memory to read from. Copied only if one of them cannot be a slice as it is.
///
/// # Safety
/// `iov` is NULL or an array of `count` pieces, each valid as it says.
unsafe fn slices<'a>(iov: *const hc_iovec, count: usize) -> Result<Cow<'a, [IoSlice<'a>]>> {
    // SAFETY: forwarded to the caller.
    let pieces = unsafe { args::array(iov, count) }?;
    for piece in pieces {
        // SAFETY: forwarded to the caller; this only checks pointer against length.
        unsafe { args::bytes(piece.base, piece.len) }?;
    }
    if pieces.iter().any(|piece| piece.base.is_null()) {
        let mut some = Vec::new();
        some.try_reserve_exact(count)?;
        for piece in pieces {
            // SAFETY: forwarded to the caller.
            some.push(IoSlice::new(unsafe { args::bytes(piece.base, piece.len) }?));
        }
        return Ok(Cow::Owned(some));
    }
    // SAFETY: IoSlice has the layout of iovec on Unix, and so has hc_iovec; every piece has
    // just been checked.
    Ok(Cow::Borrowed(unsafe {
        args::array(iov.cast::<IoSlice<'a>>(), count)
    }?))
}

fn file_body<'a>(fd: i32, offset: u64, length: Option<u64>) -> Result<BodySource<'a>> {
    let kind = file::kind(fd).map_err(|e| Error::os(Code::HC_ERR_INVALID_ARG, e, "hc_body.fd"))?;
    match (kind, length) {
        (FileKind::Regular(size), length) => {
            let there = size.saturating_sub(offset);
            match length {
                Some(n) if n > there => Err(Error::new(
                    Code::HC_ERR_INVALID_ARG,
                    format!("the file has {there} bytes from the offset on, not {n}"),
                )),
                _ => Ok(BodySource::File {
                    fd,
                    offset,
                    length: length.unwrap_or(there),
                }),
            }
        }
        (FileKind::Stream | FileKind::Socket, _) if offset != 0 => {
            Err(unknown("this descriptor cannot be read from an offset"))
        }
        (FileKind::Stream | FileKind::Socket, length) => Ok(BodySource::Stream { fd, length }),
    }
}

/// Runs `op` with the fields that C described.
///
/// # Safety
/// `headers` is NULL or an array of `count` fields whose strings are valid as they say.
pub(super) unsafe fn with_fields<T>(
    headers: *const hc_header,
    count: usize,
    op: impl FnOnce(&RequestFields<'_>) -> Result<T>,
) -> Result<T> {
    // SAFETY: forwarded to the caller.
    let headers = unsafe { args::array(headers, count) }?;
    let get = |i: usize| {
        let h = headers.get(i).ok_or_else(null)?;
        // SAFETY: forwarded to the caller.
        let name = unsafe { args::counted(h.name, h.name_len) }?;
        // SAFETY: forwarded to the caller.
        let value = unsafe { args::counted(h.value, h.value_len) }?;
        Ok(RequestField { name, value })
    };
    op(&RequestFields { count, get: &get })
}

/// The flags of a request; unknown bits are refused.
pub(super) fn flags(bits: u32) -> Result<RequestFlags> {
    use super::types::hc_request_flag as F;
    const KNOWN: u32 = F::HC_SKIP_HOST as u32
        | F::HC_SKIP_ACCEPT_ENCODING as u32
        | F::HC_ENCODE_CHUNKED as u32
        | F::HC_UNCHECKED_METHOD as u32
        | F::HC_UNCHECKED_TARGET as u32;
    if bits & !KNOWN != 0 {
        return Err(unknown("an unknown request flag is set"));
    }
    let has = |flag: F| bits & flag as u32 != 0;
    let mut unchecked = Profile::SAFE;
    if has(F::HC_UNCHECKED_METHOD) {
        unchecked = unchecked.with(Profile::UNCHECKED_METHOD);
    }
    if has(F::HC_UNCHECKED_TARGET) {
        unchecked = unchecked.with(Profile::UNCHECKED_TARGET);
    }
    Ok(RequestFlags {
        unchecked,
        skip_host: has(F::HC_SKIP_HOST),
        skip_accept_encoding: has(F::HC_SKIP_ACCEPT_ENCODING),
        encode_chunked: has(F::HC_ENCODE_CHUNKED),
    })
}
