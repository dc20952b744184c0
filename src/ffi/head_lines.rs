//! The request head that is being built, line by line.

use core::ffi::c_void;
use core::ptr;

use super::args::{self, Out, done};
use super::barrier::{self, enter, hc_conn};
use crate::client::connection::Connection;
use crate::error::{Code, hc_status};

/// How many lines the request head has so far: the request line, and each field. A field that
/// is folded is one line.
///
/// @param c a connection
/// @return how many; 0 when no head is open, and for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_head_line_count(c: *const hc_conn) -> usize {
    // SAFETY: the caller's promise.
    unsafe { barrier::peek(c, |_| 0, |core| core.head_lines().count()) }
}

/// A line of the request head that is being built, without its line end.
///
/// @param c a connection
/// @param index 0 for the request line
/// @param line receives a pointer to the bytes, to which no NUL is added. Lifetime: next-call.
/// @param len receives how many there are
/// @return HC_OK; HC_ERR_INVALID_ARG for an index too large, or NULL. Python: the private
/// buffer of HTTPConnection.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_head_line_at(
    c: *const hc_conn,
    index: usize,
    line: *mut *const c_void,
    len: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let line = unsafe { Out::new(line) };
    // SAFETY: the caller's promise.
    let len = unsafe { Out::new(len) };
    let (Ok(line), Ok(len)) = (line, len) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    line.set(ptr::null());
    len.set(0);
    let show = |core: &mut Connection| {
        let bytes = core.head_lines().nth(index);
        let bytes = bytes.ok_or_else(|| args::unknown("the head has fewer lines"))?;
        line.set(bytes.as_ptr().cast());
        len.set(bytes.len());
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, show) })
}
