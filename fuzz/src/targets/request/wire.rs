//! What stands on the wire.

use crate::engine::{Violation, literal, violation};
use httpclient::ffi::driving::{hc_output, hc_output_consumed};
use httpclient::ffi::hc_conn;
use std::ptr;

/// Takes what has to be sent.
pub fn output(c: *mut hc_conn) -> Vec<u8> {
    let (mut data, mut n) = (ptr::null(), 0);
    // SAFETY: a live handle, and places for the results.
    unsafe { hc_output(c, &raw mut data, &raw mut n) };
    if n == 0 {
        return Vec::new();
    }
    // SAFETY: the library gives n bytes.
    let out = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), n) }.to_vec();
    // SAFETY: a live handle.
    unsafe { hc_output_consumed(c, n) };
    out
}

/// A head of so many lines, folds not counted, for a recipient that takes every LF for a line
/// end; and without a byte that any recipient could take for one.
pub fn count_lines(wire: &[u8], lines: usize) -> Result<(), Violation> {
    let split: Vec<&[u8]> = wire.split_inclusive(|b| *b == b'\n').collect();
    let folds = split
        .iter()
        .skip(1)
        .filter(|l| matches!(l[0], b' ' | b'\t'))
        .count();
    if split.len() != lines + folds + 1 {
        return violation("a line too many", literal::rust(wire));
    }
    for line in split {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.iter().any(|b| matches!(b, 0 | b'\r')) {
            return violation("CR or NUL inside a line", literal::rust(wire));
        }
    }
    Ok(())
}

/// The authority of an absolute target, without userinfo (RFC 9112 section 3.2.2). Of other
/// schemes than these two the library, as Python, takes none.
pub fn authority(target: &[u8]) -> Option<&[u8]> {
    if target.starts_with(b"/") {
        return None;
    }
    let at = target.windows(3).position(|w| w == b"://")?;
    let scheme = &target[..at];
    let sound = ["http", "https"]
        .iter()
        .any(|s| scheme.eq_ignore_ascii_case(s.as_bytes()));
    let rest = &target[at + 3..];
    let end = rest
        .iter()
        .position(|b| b"/?#".contains(b))
        .unwrap_or(rest.len());
    let host = rest[..end].rsplit(|b| *b == b'@').next()?;
    (sound && !host.is_empty()).then_some(host)
}
