//! The version that runs.

use core::ffi::{CStr, c_char};

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(v) => v,
        Err(_) => c"",
    };

/// The version of the library that runs, as text: compare it with HC_VERSION, the version of
/// the header a program was compiled with.
///
/// @return "major.minor.patch", NUL-terminated, never NULL. Lifetime: static.
#[unsafe(no_mangle)]
pub extern "C" fn hc_version() -> *const c_char {
    VERSION.as_ptr()
}

/// The version of the library that runs, as a number: compare it with HC_VERSION_NUM.
///
/// @return 0xXXYYZZ for version X.Y.Z
#[unsafe(no_mangle)]
pub extern "C" fn hc_version_num() -> u32 {
    const NUMBER: u32 = {
        let text = env!("CARGO_PKG_VERSION").as_bytes();
        let (mut number, mut part, mut i) = (0_u32, 0_u32, 0);
        while i < text.len() {
            if text[i] == b'.' {
                number = number << 8 | part;
                part = 0;
            } else {
                part = part * 10 + (text[i] - b'0') as u32;
            }
            i += 1;
        }
        number << 8 | part
    };
    NUMBER
}
