//! The structures and constants that several calls share.

use core::ffi::{c_char, c_void};

pub use super::args::HC_ZSTR;

/// In place of a body's length: not known beforehand.
pub const HC_LENGTH_UNKNOWN: u64 = u64::MAX;

/// The port of http.
pub const HC_HTTP_PORT: i32 = 80;
/// The port of https.
pub const HC_HTTPS_PORT: i32 = 443;

/// One header field. Going in, a length may be HC_ZSTR: the string ends at its NUL. Coming
/// out, both strings also end in a NUL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hc_header {
    /// The field's name.
    pub name: *const c_char,
    /// Its length in bytes.
    pub name_len: usize,
    /// The field's value.
    pub value: *const c_char,
    /// Its length in bytes.
    pub value_len: usize,
}

/// A piece of memory; the layout is that of struct iovec in sys/uio.h.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hc_iovec {
    /// Where it begins.
    pub base: *mut c_void,
    /// How many bytes it has.
    pub len: usize,
}

/// Choices of one request, to be or-ed together.
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum hc_request_flag {
    /// No Host field by itself. Python: skip_host.
    HC_SKIP_HOST = 1,
    /// No Accept-Encoding field by itself. Python: skip_accept_encoding.
    HC_SKIP_ACCEPT_ENCODING = 2,
    /// The body goes in chunks, whatever its length. Python: encode_chunked.
    HC_ENCODE_CHUNKED = 4,
    /// DANGEROUS. The method is sent as it is, without a look at it: whoever lets others choose
    /// it gives them the request. CR and LF are refused all the same. Python: an overridden
    /// _validate_method.
    HC_UNCHECKED_METHOD = 8,
    /// DANGEROUS. The target is sent as it is, blanks, controls and bytes from 0x80 included:
    /// whoever lets others choose it gives them the request. CR and LF are refused all the
    /// same. Python: an overridden _validate_path or _encode_request.
    HC_UNCHECKED_TARGET = 16,
    /// DANGEROUS. For hc_set_target: the host is taken without a look at it. A Host field made
    /// of it by itself is still checked. Python: an overridden _validate_host.
    HC_UNCHECKED_HOST = 32,
}

/// Where the body of a request comes from.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_body_kind {
    /// There is none.
    HC_BODY_NONE = 0,
    /// `length` bytes at `data`.
    HC_BODY_MEMORY = 1,
    /// The pieces of `iov`.
    HC_BODY_IOVEC = 2,
    /// The descriptor `fd`: of a regular file, `length` bytes from `offset` on, or all from
    /// there to its end with HC_LENGTH_UNKNOWN; the file's own position does not matter and
    /// does not change. Of anything else (a pipe), what can be read from it, up to `length`
    /// bytes; `offset` must be 0. Such a one is waited for, also in non-blocking mode, but not
    /// beyond HC_TIMEOUT_TOTAL or hc_cancel. It is not closed. On plain TCP a file's bytes go to
    /// the socket inside the kernel.
    HC_BODY_FD = 3,
    /// What `read` gives.
    HC_BODY_CALLBACK = 4,
}

/// Gives the next bytes of a body: writes up to `cap` of them to `buf` and returns how many; 0
/// is the end; below 0 is a failure, which ends the request with HC_ERR_CALLBACK, closes the
/// connection and stands in the error record. It must not call back into the connection it
/// serves (HC_ERR_BUSY), nor leave by longjmp or an exception.
pub type hc_body_read =
    Option<unsafe extern "C" fn(buf: *mut c_void, cap: usize, user: *mut c_void) -> i64>;

/// Goes back to the first byte of a body that has been read in part, because the request is
/// sent again on another connection (hc_set_retry). Returns 0, or anything else if it cannot.
pub type hc_body_rewind = Option<unsafe extern "C" fn(user: *mut c_void) -> i32>;

/// The body of a request. Set everything to 0, then struct_size and what `kind` needs. The
/// library reads it during the call only; a call that returned HC_WANT_READ or HC_WANT_WRITE
/// is made again with the same content.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hc_body {
    /// sizeof(hc_body): tells the library which fields there are.
    pub struct_size: usize,
    /// An HC_BODY_* number.
    pub kind: i32,
    /// For HC_BODY_FD.
    pub fd: i32,
    /// For HC_BODY_MEMORY, HC_BODY_FD and HC_BODY_CALLBACK. HC_LENGTH_UNKNOWN is possible for
    /// the last two; a body of unknown length goes in chunks.
    pub length: u64,
    /// For HC_BODY_FD: the first byte.
    pub offset: u64,
    /// For HC_BODY_MEMORY.
    pub data: *const c_void,
    /// For HC_BODY_IOVEC.
    pub iov: *const hc_iovec,
    /// How many pieces `iov` has.
    pub iov_count: usize,
    /// For HC_BODY_CALLBACK.
    pub read: hc_body_read,
    /// For HC_BODY_CALLBACK; may be NULL: then such a request is never sent again.
    pub rewind: hc_body_rewind,
    /// Given to the callbacks.
    pub user: *mut c_void,
}
