//! Statuses in words.

use core::ffi::c_char;

use crate::error::{Code, hc_status};

/// A sentence about a status, for people. For a failure that has happened, hc_last_error
/// knows more.
///
/// @param status any number; one that is no hc_status gets a sentence that says so
/// @return a NUL-terminated sentence, never NULL. Lifetime: static.
#[unsafe(no_mangle)]
pub extern "C" fn hc_strerror(status: i32) -> *const c_char {
    Code::from_number(status)
        .map_or(c"Unknown status", Code::sentence)
        .as_ptr()
}

/// The spelling of a status constant: "HC_ERR_TIMEOUT".
///
/// @param status any number
/// @return a NUL-terminated name, "HC_UNKNOWN" for a number that is no hc_status; never NULL.
/// Lifetime: static.
#[unsafe(no_mangle)]
pub extern "C" fn hc_status_name(status: i32) -> *const c_char {
    Code::from_number(status)
        .map_or(c"HC_UNKNOWN", Code::name)
        .as_ptr()
}

// The C name is part of the contract; this keeps the import honest.
const _: fn() -> usize = || size_of::<hc_status>();
