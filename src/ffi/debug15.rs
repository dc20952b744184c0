//! What Python's httplib prints at a debug level, written where the program says.

use core::ptr;

use super::fields::{hr_header_count, hr_header_raw};
use super::reading::hr_peek;
use super::response::{handle, hr_version};
use super::stdio::Kept;
use crate::error::Code;
use crate::sys::stdio::{self, FILE};

/// Where to; NULL: nowhere.
#[derive(Clone, Copy)]
pub(super) struct Debug(*mut FILE);

impl Default for Debug {
    fn default() -> Self {
        Self(ptr::null_mut())
    }
}

impl Debug {
    /// # Safety
    /// `stream` is NULL, or open as long as this or a copy of it is used.
    pub(super) unsafe fn to(level: i32, stream: *mut FILE) -> Self {
        Self(if level > 0 { stream } else { ptr::null_mut() })
    }

    pub(super) fn is_on(self) -> bool {
        !self.0.is_null()
    }

    /// What went out.
    pub(super) fn sent(self, bytes: &[u8]) {
        self.line("send: ", &quoted(bytes));
    }

    /// A line that was no status line.
    pub(super) fn refused(self, line: &[u8]) {
        self.line("reply: ", &quoted(line));
    }

    /// The head of an answer.
    pub(super) fn answered(self, response: &Kept) {
        if !self.is_on() {
            return;
        }
        // SAFETY: the response is alive.
        if unsafe { hr_version(response.0) } == 9 {
            return self.line("reply: ", &quoted(&first_line(response)));
        }
        // SAFETY: as above.
        let Some(r) = (unsafe { handle(response.0) }) else {
            return;
        };
        self.line("reply: ", &quoted(&r.head().raw_status_line()));
        // SAFETY: as above.
        for index in 0..unsafe { hr_header_count(response.0) } {
            for line in raw(response, index).split_inclusive(|b| *b == b'\n') {
                self.line("header: ", line);
            }
        }
    }

    /// A line of output; what follows the word may end in a line feed already.
    fn line(self, word: &str, rest: &[u8]) {
        if !self.is_on() {
            return;
        }
        let end: &[u8] = if rest.ends_with(b"\n") { b"" } else { b"\n" };
        let all = [word.as_bytes(), rest, end].concat();
        // SAFETY: `to` was promised that it is open.
        unsafe { stdio::write(self.0, &all) };
    }
}

/// As far as it has arrived; not taken.
fn first_line(response: &Kept) -> Vec<u8> {
    let (mut data, mut n) = (ptr::null(), 0);
    // SAFETY: the response is alive, and the places are ours.
    if unsafe { hr_peek(response.0, &raw mut data, &raw mut n) } != Code::HC_OK {
        return Vec::new();
    }
    // SAFETY: valid until the next call.
    let bytes = unsafe { super::args::bytes(data, n) }.unwrap_or_default();
    let len = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
    bytes.get(..len).unwrap_or_default().to_vec()
}

fn raw(response: &Kept, index: usize) -> Vec<u8> {
    let mut len = 0;
    // SAFETY: the response is alive, and no room is needed to ask for the length.
    let _ = unsafe { hr_header_raw(response.0, index, ptr::null_mut(), 0, &raw mut len) };
    let mut line = vec![0; len];
    // SAFETY: there is room for as many bytes as it says.
    let _ = unsafe {
        hr_header_raw(
            response.0,
            index,
            line.as_mut_ptr().cast(),
            len,
            &raw mut len,
        )
    };
    line
}

/// As Python 2 writes a string.
fn quoted(bytes: &[u8]) -> Vec<u8> {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') {
        b'"'
    } else {
        b'\''
    };
    let mut out = vec![quote];
    for &b in bytes {
        match b {
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            _ if b == quote => out.extend_from_slice(&[b'\\', b]),
            b' '..=b'~' => out.push(b),
            _ => out.extend_from_slice(format!("\\x{b:02x}").as_bytes()),
        }
    }
    out.push(quote);
    out
}
