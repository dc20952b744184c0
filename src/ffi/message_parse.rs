//! Header messages out of bytes.

use core::ffi::c_void;

use super::args::{self, Out, Versioned, unknown};
use super::message::{give, hm_message, profile};
use crate::error::{Code, Result, hc_status};
use crate::proto::Limits;
use crate::proto::message_parse::{self, How};

/// The largest block that can be allowed: positions in it are 32 bits wide.
const MOST_BLOCK: u64 = 1 << 30;

/// How hm_parse reads, to be or-ed together.
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum hm_parse_flag {
    /// Nothing will follow the bytes that are there. In HC_PROFILE_PYTHON their end then ends
    /// the block, as it does in Python.
    HM_PARSE_EOF = 1,
    /// In HC_PROFILE_PYTHON a line without a colon is skipped by itself, as in Python 2.7.
    /// Without this flag the fields behind it are lost, as in Python 3.
    HM_PARSE_SKIP_BAD_LINES = 2,
}

/// Choices for hm_parse. Set everything to 0, then struct_size and what is to be chosen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hm_parse_options {
    /// sizeof(hm_parse_options): tells the library which fields there are.
    pub struct_size: usize,
    /// An HC_PROFILE_* number.
    pub profile: i32,
    /// HM_PARSE_* numbers, or-ed together.
    pub flags: u32,
    /// Bytes of one line, its end included; 0 for the default of HC_LIMIT_LINE.
    pub line_limit: u64,
    /// Fields, or lines as HC_LIMIT_HEADERS has it; 0 for its default, UINT64_MAX for as many
    /// as fit in `head_limit`.
    pub header_limit: u64,
    /// Bytes of the block, at most 2^30; 0 for the default of HC_LIMIT_HEAD.
    pub head_limit: u64,
}

/// # Safety
/// `options` is NULL or valid.
unsafe fn how(options: *const hm_parse_options) -> Result<How> {
    const FLAGS: u32 =
        hm_parse_flag::HM_PARSE_EOF as u32 | hm_parse_flag::HM_PARSE_SKIP_BAD_LINES as u32;
    if options.is_null() {
        return Ok(How::default());
    }
    // SAFETY: forwarded to the caller.
    let given = unsafe { args::versioned(options) }?;
    if given.flags & !FLAGS != 0 || given.head_limit > MOST_BLOCK {
        return Err(unknown(
            "an unknown flag, or a head of more than 2^30 bytes",
        ));
    }
    let or_default = |limit, default| if limit == 0 { default } else { limit };
    let default = Limits::default();
    let headers = or_default(given.header_limit, default.headers);
    Ok(How {
        profile: profile(given.profile)?,
        limits: Limits {
            line: or_default(given.line_limit, default.line),
            headers: if headers == u64::MAX { 0 } else { headers },
            head: or_default(given.head_limit, default.head),
            ..default
        },
        eof: given.flags & hm_parse_flag::HM_PARSE_EOF as u32 != 0,
        skip_bad_lines: given.flags & hm_parse_flag::HM_PARSE_SKIP_BAD_LINES as u32 != 0,
    })
}

// SAFETY: numbers, with the size in front.
unsafe impl Versioned for hm_parse_options {
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// Reads a block of header lines up to and with the empty line. A status line may stand before
/// it (hm_start_line), and in HC_PROFILE_PYTHON "From " lines of a mailbox (hm_unixfrom).
/// Lines are judged as those of a response are.
///
/// @param data the bytes; what follows the block is left alone
/// @param len how many there are
/// @param options NULL for HC_PROFILE_SAFE with the default limits
/// @param used receives how many bytes the block took; on failure the byte at which the trouble
/// stands, 0 for HC_ERR_INCOMPLETE; may be NULL
/// @param out receives the message; NULL on failure
/// @return HC_OK; HC_ERR_INCOMPLETE when the empty line has not come: nothing was taken, call
/// again when there is more; HC_ERR_BAD_HEADER; HC_ERR_BAD_STATUS_LINE;
/// HC_ERR_UNKNOWN_PROTOCOL; HC_ERR_BAD_FRAMING for a folded field that decides about framing;
/// HC_ERR_LINE_TOO_LONG; HC_ERR_TOO_MANY_HEADERS; HC_ERR_LIMIT; HC_ERR_NOMEM;
/// HC_ERR_INVALID_ARG. Ownership: free it with hm_free. Python: parse_headers, readheaders.
///
/// # Safety
/// `data` is valid for `len` bytes; `options` and `used` are valid or NULL; `out` is valid or
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hm_parse(
    data: *const c_void,
    len: usize,
    options: *const hm_parse_options,
    used: *mut usize,
    out: *mut *mut hm_message,
) -> hc_status {
    // SAFETY: the caller's promise.
    let used = unsafe { Out::new(used) };
    let set_used = |n| {
        if let Ok(used) = &used {
            used.set(n);
        }
    };
    set_used(0);
    // SAFETY: the caller's promise.
    let data = unsafe { args::bytes(data, len) };
    // SAFETY: the caller's promise.
    let how = unsafe { how(options) };
    let read = || {
        let (data, how) = (data?, how?);
        match message_parse::parse(data, &how) {
            Ok((message, n)) => {
                set_used(n);
                Ok(message)
            }
            Err(e) => {
                if e.code != Code::HC_ERR_INCOMPLETE {
                    set_used(usize::try_from(e.offset).unwrap_or(data.len()));
                }
                Err(e)
            }
        }
    };
    // SAFETY: the caller's promise.
    unsafe { give(out, read) }
}
