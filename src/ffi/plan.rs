//! What hc_request decides by itself, for programs that go step by step.

use core::ffi::c_char;

use super::args::{self, Versioned, VersionedOut, done};
use super::barrier::{enter, hc_conn};
use super::body::{flags, with_fields};
use super::types::{HC_LENGTH_UNKNOWN, hc_header, hc_request_flag};
use crate::client::connection::Connection;
use crate::error::hc_status;
use crate::proto::plan::{Added, Asked, plan};

/// The field that says how the body of a request ends: hc_plan_request.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_added {
    /// None is to be added.
    HC_ADD_NOTHING = 0,
    /// Content-Length.
    HC_ADD_CONTENT_LENGTH = 1,
    /// "Transfer-Encoding: chunked".
    HC_ADD_CHUNKED = 2,
}

/// What hc_request would do beside what the caller brings.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hc_request_plan {
    /// Going in: sizeof(hc_request_plan), which tells the library which fields there are.
    pub struct_size: usize,
    /// HC_SKIP_HOST and HC_SKIP_ACCEPT_ENCODING, for hc_putrequest, as far as the caller brings
    /// the field; HC_ENCODE_CHUNKED, for hc_endheaders, if the body goes in chunks.
    pub flags: u32,
    /// An HC_ADD_* number: the field that has to be added.
    pub added: i32,
    /// For HC_ADD_CONTENT_LENGTH.
    pub content_length: u64,
}

// SAFETY: numbers, with the size in front.
unsafe impl Versioned for hc_request_plan {
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// Asks what hc_request would add to a request. It has three parts: which automatic fields the
/// caller brings himself, which field says how the body ends, and whether the body goes in
/// chunks. For programs that build the request step by step and in an order of their own.
/// Nothing changes.
///
/// @param c a connection: its HTTP version and profile have a say
/// @param method the request's method
/// @param method_len its length in bytes, or HC_ZSTR
/// @param headers the caller's fields, of which only the names matter; NULL for none
/// @param count how many
/// @param has_body 0: there is no body; anything else: there is one, though it may be empty
/// @param length its length, or HC_LENGTH_UNKNOWN
/// @param flags HC_ENCODE_CHUNKED, or 0
/// @param out its struct_size going in; receives the answer
/// @return HC_OK; HC_ERR_INVALID_ARG, also for HTTP/1.0 with a body of unknown length. Python:
/// HTTPConnection._send_request, _get_content_length.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `method` is valid for its length; `headers`
/// is valid for `count` fields; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_plan_request(
    c: *const hc_conn,
    method: *const c_char,
    method_len: usize,
    headers: *const hc_header,
    count: usize,
    has_body: i32,
    length: u64,
    flags: u32,
    out: *mut hc_request_plan,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { VersionedOut::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    // SAFETY: the caller's promise.
    let method = unsafe { args::counted(method, method_len) };
    let ask = |core: &mut Connection| {
        let encode_chunked = self::flags(flags)?.encode_chunked;
        let version = core.config().map_or(11, |c| c.http_version);
        let asked = Asked {
            method: method?,
            version,
            has_body: has_body != 0,
            length: (length != HC_LENGTH_UNKNOWN).then_some(length),
            encode_chunked,
        };
        let profile = core.tuning().profile;
        // SAFETY: the caller's promise.
        let made = unsafe {
            with_fields(headers, count, |fields| {
                let names = (0..fields.count).map(|i| (fields.get)(i).map(|f| f.name));
                plan(&asked, names, profile)
            })
        }?;
        out.set(&shown(&made));
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, ask) })
}

fn shown(made: &crate::proto::plan::Plan) -> hc_request_plan {
    use hc_request_flag as F;
    let when = |on: bool, flag: F| if on { flag as u32 } else { 0 };
    let (added, content_length) = match made.added {
        Added::Nothing => (hc_added::HC_ADD_NOTHING, 0),
        Added::Length(n) => (hc_added::HC_ADD_CONTENT_LENGTH, n),
        Added::Chunked => (hc_added::HC_ADD_CHUNKED, 0),
    };
    hc_request_plan {
        struct_size: size_of::<hc_request_plan>(),
        flags: when(made.skip_host, F::HC_SKIP_HOST)
            | when(made.skip_accept_encoding, F::HC_SKIP_ACCEPT_ENCODING)
            | when(made.encode_chunked, F::HC_ENCODE_CHUNKED),
        added: added as i32,
        content_length,
    }
}
