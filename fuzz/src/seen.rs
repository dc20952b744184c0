//! What came out of an exchange, in a form that can be compared.

use httpclient::ffi::errors::{hc_error_info, hc_last_error, hr_last_error};
use httpclient::ffi::fields::{
    hr_header_at, hr_header_count, hr_header_raw, hr_trailer_at, hr_trailer_count,
};
use httpclient::ffi::response::{hr_reason, hr_status, hr_version, hr_will_close};
use httpclient::ffi::types::hc_header;
use httpclient::ffi::{hc_conn, hr_response};
use std::ffi::{CStr, c_char};
use std::ptr;

pub type Field = (Vec<u8>, Vec<u8>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    pub version: i32,
    pub status: i32,
    pub reason: Vec<u8>,
    pub fields: Vec<Field>,
    pub raw: Vec<Vec<u8>>,
    pub will_close: i32,
}

/// How it ended: 0 is the true end, 1 that it waits for more, below 0 an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct End {
    pub code: i32,
    pub offset: u64,
    pub text: String,
}

impl End {
    pub const WAITS: i32 = 1;
}

#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub interim: Vec<i32>,
    /// `None`: `end` is the end of the head.
    pub head: Option<Head>,
    pub body: Vec<u8>,
    pub trailers: Vec<Field>,
    pub end: End,
    /// Bytes of a tunnel.
    pub leftover: Option<Vec<u8>>,
    /// What no comparison finds.
    pub complaint: Option<String>,
}

pub fn blank_info() -> hc_error_info {
    // SAFETY: numbers and pointers, for which zero is a value.
    let mut info: hc_error_info = unsafe { std::mem::zeroed() };
    info.struct_size = size_of::<hc_error_info>();
    info
}

fn end(code: i32, info: &hc_error_info) -> End {
    End {
        code,
        offset: info.offset,
        text: String::from_utf8_lossy(&bytes(info.text)).into_owned(),
    }
}

/// The end of the head by the record of the connection.
pub fn head_end(c: *mut hc_conn, code: i32) -> End {
    let mut info = blank_info();
    // SAFETY: a live handle, and a place for the record.
    unsafe { hc_last_error(c, &raw mut info) };
    end(code, &info)
}

/// The end of a response by its record, and how many body bytes that says were delivered.
pub fn body_end(r: *mut hr_response, code: i32) -> (End, u64) {
    let mut info = blank_info();
    // SAFETY: a live handle, and a place for the record.
    unsafe { hr_last_error(r, &raw mut info) };
    (end(code, &info), info.body_received)
}

/// A copy of a string of the library; empty for NULL.
pub fn bytes(p: *const c_char) -> Vec<u8> {
    if p.is_null() {
        return Vec::new();
    }
    // SAFETY: the library promises a NUL-terminated string, and nothing is called meanwhile.
    unsafe { CStr::from_ptr(p) }.to_bytes().to_vec()
}

fn field(h: &hc_header) -> Field {
    let copy = |p: *const c_char, len: usize| {
        // SAFETY: the library gives both strings with a NUL behind them.
        let with_nul = unsafe { std::slice::from_raw_parts(p.cast::<u8>(), len + 1) };
        assert_eq!(with_nul[len], 0, "a string without its NUL");
        with_nul[..len].to_vec()
    };
    (copy(h.name, h.name_len), copy(h.value, h.value_len))
}

fn blank_header() -> hc_header {
    hc_header {
        name: ptr::null(),
        name_len: 0,
        value: ptr::null(),
        value_len: 0,
    }
}

/// The head of a response as the getters show it.
pub fn head(r: *mut hr_response) -> Head {
    let mut head = Head::default();
    // SAFETY: a live handle, for all of these.
    unsafe {
        head.version = hr_version(r);
        head.status = hr_status(r);
        head.reason = bytes(hr_reason(r));
        head.will_close = hr_will_close(r);
    }
    // SAFETY: as above.
    for i in 0..unsafe { hr_header_count(r) } {
        let mut h = blank_header();
        // SAFETY: a live handle, and a place for the field.
        let found = unsafe { hr_header_at(r, i, &raw mut h) } as i32;
        assert_eq!(found, 0, "hr_header_at({i})");
        head.fields.push(field(&h));
        let mut line = vec![0; 16];
        let mut n = 0;
        for _ in 0..2 {
            // SAFETY: a live handle, and a buffer of its length.
            unsafe { hr_header_raw(r, i, line.as_mut_ptr().cast(), line.len(), &raw mut n) };
            line.resize(n, 0);
        }
        head.raw.push(line);
    }
    head
}

pub fn trailers(r: *mut hr_response) -> Vec<Field> {
    // SAFETY: a live handle.
    let count = unsafe { hr_trailer_count(r) };
    (0..count)
        .map(|i| {
            let mut h = blank_header();
            // SAFETY: a live handle, and a place for the field.
            let found = unsafe { hr_trailer_at(r, i, &raw mut h) } as i32;
            assert_eq!(found, 0, "hr_trailer_at({i})");
            field(&h)
        })
        .collect()
}

/// The status codes and fields of an interim callback; `user` is a `Vec<i32>`.
pub unsafe extern "C" fn note_interim(
    status: i32,
    headers: *const hc_header,
    count: usize,
    user: *mut std::ffi::c_void,
) {
    // SAFETY: whoever set the callback gave a list that outlives the connection.
    let list = unsafe { &mut *user.cast::<Vec<i32>>() };
    list.push(status);
    if count > 0 {
        // SAFETY: the library gives count fields.
        let fields = unsafe { std::slice::from_raw_parts(headers, count) };
        list.extend(fields.iter().map(|h| field(h).1.len() as i32));
    }
}
