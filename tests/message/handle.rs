//! Header messages through the C interface, for tests in Rust.
#![allow(unreachable_pub)]
// One promise, that the handle lives, covers a choice of calls.
#![allow(clippy::multiple_unsafe_ops_per_block)]

use std::ffi::{CStr, CString, c_char};
use std::ptr;

use httpclient::error::Code;
use httpclient::ffi::hm_message;
use httpclient::ffi::message::*;
use httpclient::ffi::message_dates::*;
use httpclient::ffi::message_edit::*;
use httpclient::ffi::message_found::*;
use httpclient::ffi::message_lookup::*;
use httpclient::ffi::message_params::*;
use httpclient::ffi::message_parse::*;
use httpclient::ffi::message_raw::*;
use httpclient::ffi::message_values::*;
use httpclient::ffi::types::{HC_ZSTR, hc_header};

pub const PYTHON: i32 = 1;
pub const SAFE: i32 = 0;

/// A message, freed when it goes.
pub struct Handle(*mut hm_message);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: made by hm_parse, freed once.
        unsafe { hm_free(self.0) };
    }
}

fn c(text: &[u8]) -> CString {
    CString::new(text).expect("no NUL")
}

/// What stands behind a pointer that may be NULL.
fn bytes(text: *const c_char) -> Option<Vec<u8>> {
    // SAFETY: the library's strings are NUL-terminated and live until the next call.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_bytes().to_vec())
}

fn counted(text: *const c_char, len: usize) -> Vec<u8> {
    let found = bytes(text).expect("not NULL");
    assert_eq!(found.len(), len, "the length is that of the string");
    found
}

/// An hm_param, copied.
#[derive(Debug, PartialEq, Eq)]
pub struct Param {
    pub name: Vec<u8>,
    pub value: Vec<u8>,
    pub charset: Option<Vec<u8>>,
    pub language: Option<Vec<u8>>,
    pub is_extended: bool,
}

impl Param {
    fn read(fill: impl FnOnce(*mut hm_param) -> Code) -> Option<Self> {
        let mut p = hm_param {
            struct_size: size_of::<hm_param>(),
            name: ptr::dangling(),
            name_len: 1,
            value: ptr::dangling(),
            value_len: 1,
            charset: ptr::dangling(),
            language: ptr::dangling(),
            is_extended: 7,
        };
        assert_eq!(fill(&mut p), Code::HC_OK);
        let copy = |at: *const c_char, len| {
            // SAFETY: the library's bytes live until the next call, and a NUL stands behind.
            let all = unsafe { std::slice::from_raw_parts(at.cast::<u8>(), len + 1) };
            assert_eq!(all.last(), Some(&0));
            all[..len].to_vec()
        };
        (!p.name.is_null()).then(|| Self {
            name: copy(p.name, p.name_len),
            value: copy(p.value, p.value_len),
            charset: bytes(p.charset),
            language: bytes(p.language),
            is_extended: p.is_extended != 0,
        })
    }
}

impl Handle {
    pub fn parse(data: &[u8], profile: i32, flags: u32) -> Result<Self, Code> {
        let options = hm_parse_options {
            struct_size: size_of::<hm_parse_options>(),
            profile,
            flags,
            line_limit: 0,
            header_limit: u64::MAX,
            head_limit: 0,
        };
        let mut m = ptr::null_mut();
        let mut used = 0;
        // SAFETY: live arguments.
        let status = unsafe {
            hm_parse(
                data.as_ptr().cast(),
                data.len(),
                &options,
                &mut used,
                &mut m,
            )
        };
        assert_eq!(status == Code::HC_OK, !m.is_null());
        assert!(used <= data.len());
        if status == Code::HC_OK {
            Ok(Self(m))
        } else {
            Err(status)
        }
    }

    pub fn field(name: &str, value: &[u8], profile: i32) -> Result<Self, Code> {
        Self::parse(
            &[name.as_bytes(), b": ", value, b"\r\n\r\n"].concat(),
            profile,
            0,
        )
    }

    pub fn fields(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        // SAFETY: a live handle.
        let count = unsafe { hm_count(self.0) };
        let at = |i| {
            let mut h = nothing();
            // SAFETY: a live handle and a place.
            assert_eq!(unsafe { hm_at(self.0, i, &mut h) }, Code::HC_OK);
            (counted(h.name, h.name_len), counted(h.value, h.value_len))
        };
        (0..count).map(at).collect()
    }

    pub fn defects(&self) -> Vec<Vec<u8>> {
        // SAFETY: a live handle.
        let count = unsafe { hm_defect_count(self.0) };
        // SAFETY: a live handle.
        let mut all: Vec<_> = (0..count)
            .filter_map(|i| bytes(unsafe { hm_defect(self.0, i) }))
            .collect();
        all.sort();
        all
    }

    pub fn unixfrom(&self) -> Vec<u8> {
        // SAFETY: a live handle.
        bytes(unsafe { hm_unixfrom(self.0) }).expect("lines")
    }

    pub fn status(&self) -> Vec<u8> {
        // SAFETY: a live handle.
        bytes(unsafe { hm_status(self.0) }).expect("a sentence")
    }

    /// Different names in lower case and in order, with their joined values.
    pub fn items(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        // SAFETY: a live handle.
        let count = unsafe { hm_distinct_count(self.0) };
        let item = |i| {
            // SAFETY: a live handle.
            let name = bytes(unsafe { hm_distinct_name(self.0, i) }).expect("a name");
            (
                name.to_ascii_lowercase(),
                self.joined(&name).expect("a value"),
            )
        };
        let mut all: Vec<_> = (0..count).map(item).collect();
        all.sort();
        all
    }

    pub fn joined(&self, name: &[u8]) -> Option<Vec<u8>> {
        // SAFETY: a live handle and a string.
        let value = bytes(unsafe { hm_getheader(self.0, c(name).as_ptr()) });
        let mut buf = [0_u8; 4096];
        let mut len = 0;
        let (place, room) = (buf.as_mut_ptr().cast(), buf.len());
        // SAFETY: live arguments.
        let status = unsafe { hm_get_joined(self.0, c(name).as_ptr(), place, room, &mut len) };
        assert_eq!(status, Code::HC_OK);
        assert_eq!(value.as_deref().unwrap_or_default(), &buf[..len]);
        value
    }

    pub fn values(&self, name: &[u8]) -> Vec<Vec<u8>> {
        // SAFETY: a live handle and a string.
        let count = unsafe { hm_get_count(self.0, c(name).as_ptr()) };
        // SAFETY: a live handle and a string.
        let nth = |n| bytes(unsafe { hm_getheaders_nth(self.0, c(name).as_ptr(), n) });
        (0..count).filter_map(nth).collect()
    }

    pub fn raw_lines(&self) -> Vec<Vec<u8>> {
        // SAFETY: a live handle.
        let count = unsafe { hm_raw_count(self.0) };
        let line = |i| {
            let (mut text, mut len) = (ptr::null(), 0);
            // SAFETY: a live handle and places.
            let status = unsafe { hm_raw_line(self.0, i, &mut text, &mut len) };
            assert_eq!(status, Code::HC_OK);
            counted(text, len)
        };
        (0..count).map(line).collect()
    }

    /// All lines of a name, those of its first field, and what stands behind the colon.
    pub fn matching(&self, name: &[u8]) -> [Vec<u8>; 3] {
        let name = c(name);
        [
            hm_getallmatchingheaders,
            hm_getfirstmatchingheader,
            hm_getrawheader,
        ]
        .map(|get| {
            let (mut text, mut len) = (ptr::null(), 0);
            // SAFETY: a live handle, a string and places.
            let status = unsafe { get(self.0, name.as_ptr(), &mut text, &mut len) };
            assert_eq!(status, Code::HC_OK);
            counted(text, len)
        })
    }

    pub fn content_type(&self) -> [Vec<u8>; 3] {
        [hm_get_content_type, hm_get_maintype, hm_get_subtype]
            // SAFETY: a live handle.
            .map(|get| bytes(unsafe { get(self.0) }).expect("a type"))
    }

    pub fn charset(&self) -> Option<Vec<u8>> {
        // SAFETY: a live handle.
        bytes(unsafe { hm_get_charset(self.0) })
    }

    pub fn encoding(&self) -> Vec<u8> {
        // SAFETY: a live handle.
        bytes(unsafe { hm_get_encoding(self.0) }).expect("an encoding")
    }

    pub fn param(&self, name: &str) -> Option<Vec<u8>> {
        // SAFETY: a live handle and a string.
        bytes(unsafe { hm_get_param(self.0, ptr::null(), c(name.as_bytes()).as_ptr()) })
    }

    /// The extended form taken off: all of them, or the one of a name.
    pub fn decoded_params(&self) -> Vec<Param> {
        // SAFETY: a live handle.
        let count = unsafe { hm_decoded_param_count(self.0, ptr::null()) };
        // SAFETY: a live handle and a place.
        let at = |i| Param::read(|p| unsafe { hm_decoded_param_at(self.0, ptr::null(), i, p) });
        (0..count).map(|i| at(i).expect("it is there")).collect()
    }

    pub fn decoded_param(&self, name: &str) -> Option<Param> {
        let name = c(name.as_bytes());
        // SAFETY: a live handle, a string and a place.
        Param::read(|p| unsafe { hm_get_param_decoded(self.0, ptr::null(), name.as_ptr(), p) })
    }

    pub fn filename(&self) -> Option<Vec<u8>> {
        // SAFETY: a live handle.
        bytes(unsafe { hm_get_filename(self.0) })
    }

    pub fn boundary(&self) -> Option<Vec<u8>> {
        // SAFETY: a live handle.
        bytes(unsafe { hm_get_boundary(self.0) })
    }

    pub fn params(&self) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        // SAFETY: a live handle.
        let count = unsafe { hm_param_count(self.0, ptr::null()) };
        let at = |i| {
            let mut p = nothing();
            // SAFETY: a live handle and a place.
            let status = unsafe { hm_param_at(self.0, ptr::null(), i, &mut p) };
            assert_eq!(status, Code::HC_OK);
            let value = (!p.value.is_null()).then(|| counted(p.value, p.value_len));
            (counted(p.name, p.name_len), value)
        };
        (0..count).map(at).collect()
    }

    /// The text of the parameters, and each of them.
    pub fn plist(&self) -> Vec<Vec<u8>> {
        // SAFETY: a live handle.
        let whole = bytes(unsafe { hm_get_plisttext(self.0) });
        // SAFETY: a live handle.
        let each = (0..).map_while(|i| bytes(unsafe { hm_get_plist(self.0, i) }));
        whole.into_iter().chain(each).collect()
    }

    pub fn date(&self) -> Option<hm_date> {
        let mut date = hm_date {
            struct_size: size_of::<hm_date>(),
            seconds: 0,
            year: 0,
            month: 0,
            day: 0,
            hour: 0,
            minute: 0,
            second: 0,
            weekday: 0,
            utc_offset: 0,
            has_zone: 0,
            reserved: 0,
        };
        // SAFETY: a live handle, a string and a place.
        match unsafe { hm_getdate(self.0, c"date".as_ptr(), &mut date) } {
            Code::HC_OK => Some(date),
            Code::HC_ERR_BAD_HEADER => None,
            other => panic!("{other:?}"),
        }
    }

    pub fn addresses(&self, name: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut count = 0;
        // SAFETY: a live handle, a string and a place.
        let status = unsafe { hm_getaddrlist(self.0, c(name.as_bytes()).as_ptr(), &mut count) };
        assert_eq!(status, Code::HC_OK);
        let at = |i| {
            let mut a = hm_address {
                name: ptr::null(),
                name_len: 0,
                address: ptr::null(),
                address_len: 0,
            };
            // SAFETY: a live handle and a place.
            assert_eq!(unsafe { hm_address_at(self.0, i, &mut a) }, Code::HC_OK);
            (
                counted(a.name, a.name_len),
                counted(a.address, a.address_len),
            )
        };
        (0..count).map(at).collect()
    }

    /// One change; what setdefault says.
    pub fn change(&mut self, what: &str, name: &str, value: &str) -> Option<Vec<u8>> {
        let (name, value) = (c(name.as_bytes()), c(value.as_bytes()));
        let (n, v) = (name.as_ptr(), value.as_ptr());
        let mut there = ptr::null();
        // SAFETY: a live handle, strings and a place.
        let status = unsafe {
            match what {
                "set" => hm_set(self.0, n, v),
                "del" => hm_del(self.0, n),
                "default" => hm_setdefault(self.0, n, v, &mut there),
                "join" => hm_addheader(self.0, n, v),
                _ if hm_contains(self.0, n) == 1 => hm_addcontinue(self.0, n, v),
                _ => Code::HC_OK,
            }
        };
        assert_eq!(status, Code::HC_OK, "{what} {name:?} {value:?}");
        bytes(there)
    }
}

fn nothing() -> hc_header {
    hc_header {
        name: ptr::null(),
        name_len: 0,
        value: ptr::null(),
        value_len: 0,
    }
}

/// The name before the colon of a line, and whether the line ends a block.
pub fn look(line: &[u8]) -> (Option<Vec<u8>>, bool) {
    let (line, mut buf, mut len) = (c(line), [0_u8; 256], 0);
    let (text, place, room) = (line.as_ptr(), buf.as_mut_ptr().cast(), buf.len());
    // SAFETY: strings and places.
    let status = unsafe { hm_isheader(text, HC_ZSTR, place, room, &mut len) };
    let name = match status {
        Code::HC_OK => Some(buf[..len].to_vec()),
        Code::HC_ERR_BAD_HEADER => None,
        other => panic!("{other:?}"),
    };
    // SAFETY: a string.
    assert_eq!(unsafe { hm_iscomment(text, HC_ZSTR) }, 0);
    // SAFETY: a string.
    (name, unsafe { hm_islast(text, HC_ZSTR) } == 1)
}
