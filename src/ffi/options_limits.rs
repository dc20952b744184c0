//! Options that are numbers: limits, the size of a block.

use super::args::unknown;
use super::barrier::{hc_conn, peek};
use super::options::set;
use crate::client::config::Tuning;
use crate::client::connection::Connection;
use crate::error::{Code, Error, Result, hc_status};
use crate::proto::Limits;

/// How much a server can make the library hold or do: hc_set_limit.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_limit {
    /// Bytes of one line of a head or trailer section, its end included; more is
    /// HC_ERR_LINE_TOO_LONG. Default: 65536.
    HC_LIMIT_LINE = 0,
    /// Header fields of a head; more is HC_ERR_TOO_MANY_HEADERS. 0: as many as fit in
    /// HC_LIMIT_HEAD. Default: 100. Python counts lines, the empty one included, and so does
    /// HC_PROFILE_PYTHON.
    HC_LIMIT_HEADERS = 1,
    /// Bytes of all heads of one answer together; more is HC_ERR_LIMIT. Default: 262144.
    HC_LIMIT_HEAD = 2,
    /// Interim responses before the final one; as many as this is HC_ERR_LIMIT. Default: 100.
    HC_LIMIT_INTERIM = 3,
    /// Bytes of chunk extensions in one body; more is HC_ERR_LIMIT. Default: 16384.
    HC_LIMIT_CHUNK_EXTENSIONS = 4,
    /// Bytes read and dropped to save a connection whose response was closed before its end;
    /// with more than that left, the connection is closed. Default: 65536.
    HC_LIMIT_DRAIN = 5,
    /// Requests that one connection serves; the next one opens another. A server that takes no
    /// more than so many closes the connection at a moment at which a request may be on its way:
    /// with less than its own limit here no request meets that. 0 is as 1. Default: 2^64 - 1.
    HC_LIMIT_REQUESTS = 6,
}

fn limit(limits: &mut Limits, kind: i32) -> Result<&mut u64> {
    use hc_limit as L;
    Ok(match kind {
        k if k == L::HC_LIMIT_LINE as i32 => &mut limits.line,
        k if k == L::HC_LIMIT_HEADERS as i32 => &mut limits.headers,
        k if k == L::HC_LIMIT_HEAD as i32 => &mut limits.head,
        k if k == L::HC_LIMIT_INTERIM as i32 => &mut limits.interim,
        k if k == L::HC_LIMIT_CHUNK_EXTENSIONS as i32 => &mut limits.chunk_extensions,
        k if k == L::HC_LIMIT_DRAIN as i32 => &mut limits.drain,
        k if k == L::HC_LIMIT_REQUESTS as i32 => &mut limits.requests,
        _ => return Err(unknown("the kind is not an HC_LIMIT_* number")),
    })
}

/// The largest head that can be allowed: positions in it are 32 bits wide.
const MOST_HEAD: u64 = 1 << 30;

/// Sets one of the limits.
///
/// @param c a connection
/// @param kind an HC_LIMIT_* number
/// @param n the limit
/// @return HC_OK; HC_ERR_INVALID_ARG for an unknown kind, or HC_LIMIT_HEAD above 2^30
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_limit(c: *mut hc_conn, kind: i32, n: u64) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { set(c, |core| set_limit(core, kind, n)) }
}

pub(super) fn set_limit(core: &mut Connection, kind: i32, n: u64) -> Result<()> {
    if kind == hc_limit::HC_LIMIT_HEAD as i32 && n > MOST_HEAD {
        return Err(Error::new(
            Code::HC_ERR_INVALID_ARG,
            "a head cannot be larger than 2^30 bytes",
        ));
    }
    *limit(&mut core.tuning_mut().limits, kind)? = n;
    Ok(())
}

/// One of the limits.
///
/// @param c a connection
/// @param kind an HC_LIMIT_* number
/// @return the limit; 0 for a bad handle or an unknown kind
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_limit(c: *const hc_conn, kind: i32) -> u64 {
    let of = |core: &Connection| {
        let mut limits = core.tuning().limits;
        limit(&mut limits, kind).map_or(0, |n| *n)
    };
    // SAFETY: the caller's promise.
    unsafe { peek(c, |_| 0, of) }
}

/// Sets how many bytes of a request body are asked of its callback, or read from its file, at a
/// time; a body in chunks gets a chunk of each such piece. A regular file that the system sends
/// by itself (sendfile) and a body in memory are not cut up. It counts from the next piece on,
/// and the connection keeps room for one. Python: HTTPConnection.blocksize.
///
/// @param c a connection
/// @param n bytes, 1 to 16777216 (2^24); the default is 65536, Python's is 8192
/// @return HC_OK; HC_ERR_INVALID_ARG for another number
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_blocksize(c: *mut hc_conn, n: u64) -> hc_status {
    let change = |core: &mut Connection| {
        core.tuning_mut().block = usize::try_from(n)
            .ok()
            .filter(|n| Tuning::BLOCKS.contains(n))
            .ok_or_else(|| unknown("a block has 1 to 2^24 bytes"))?;
        Ok(())
    };
    // SAFETY: the caller's promise.
    unsafe { set(c, change) }
}

/// How many bytes of a request body are asked for at a time.
///
/// @param c a connection
/// @return bytes; 0 for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_blocksize(c: *const hc_conn) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { peek(c, |_| 0, |core| core.tuning().block as u64) }
}
