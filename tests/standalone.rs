//! Responses that stand alone, through the C interface: what can still be set once the head has
//! been read, and reading without room.

// A test that panics has said what it had to say; so has what it calls.
#![allow(clippy::expect_used)]

mod common;
mod corpus;

use common::api::*;
use common::drivers::Wire;
use common::talk;
use std::ffi::{c_char, c_void};
use std::ptr;

unsafe extern "C" {
    fn hr_new_bytes(
        data: *const c_void,
        len: usize,
        method: *const c_char,
        out: *mut *mut hr_response,
    ) -> i32;
    fn hr_begin(r: *mut hr_response) -> i32;
    fn hr_fread(r: *mut hr_response, buf: *mut c_void, len: usize, n: *mut usize) -> i32;
    fn hc_get_lenient(c: *const hc_conn) -> u32;
    fn hc_get_limit(c: *const hc_conn, kind: i32) -> u64;
    fn hr_set_lenient(r: *mut hr_response, bits: u32) -> i32;
    fn hr_set_limit(r: *mut hr_response, kind: i32, n: u64) -> i32;
}

const HC_ERR_CLOSED: i32 = -25;
const HC_LENIENT_EMPTY_NAME: u32 = 1;
const HC_LENIENT_EOF_IN_TRAILERS: u32 = 4;
const HC_LENIENT_COUNT_LINES: u32 = 64;
const HC_LENIENT_DROP_TRAILERS: u32 = 1024;
const HC_LIMIT_LINE: i32 = 0;
const HC_LIMIT_INTERIM: i32 = 3;
const HC_LIMIT_CHUNK_EXTENSIONS: i32 = 4;

struct Alone(*mut hr_response);

impl Drop for Alone {
    fn drop(&mut self) {
        // SAFETY: made by hr_new_bytes, freed once.
        unsafe { hr_free(self.0) };
    }
}

impl Alone {
    /// One whose head is still to be read.
    fn new(bytes: &[u8]) -> Self {
        let mut out = ptr::null_mut();
        // SAFETY: pointer and length of one slice, and a place for the result.
        let status = unsafe {
            hr_new_bytes(
                bytes.as_ptr().cast(),
                bytes.len(),
                ptr::null(),
                &raw mut out,
            )
        };
        assert_eq!(status, HC_OK);
        Self(out)
    }

    /// One whose head has been read.
    fn begun(bytes: &[u8]) -> Self {
        let r = Self::new(bytes);
        assert_eq!(r.begin(), HC_OK);
        r
    }

    fn begin(&self) -> i32 {
        // SAFETY: a live handle; so in all calls below.
        unsafe { hr_begin(self.0) }
    }

    fn lenient(&self, bits: u32) -> i32 {
        // SAFETY: see `begin`.
        unsafe { hr_set_lenient(self.0, bits) }
    }

    fn limit(&self, kind: i32, n: u64) -> i32 {
        // SAFETY: see `begin`.
        unsafe { hr_set_limit(self.0, kind, n) }
    }

    fn read_all(&self) -> (i32, usize) {
        let (mut data, mut n) = (ptr::null(), 0);
        // SAFETY: places for pointer and length.
        let status = unsafe { hr_read_all(self.0, 1 << 20, &raw mut data, &raw mut n) };
        (status, n)
    }

    /// What every call that reads says when it is given no room.
    fn without_room(&self) -> [i32; 7] {
        let mut n = 9;
        let nowhere = ptr::null_mut();
        let empty = hc_iovec {
            base: nowhere,
            len: 0,
        };
        // SAFETY: no room is no place to write to; so in the calls below.
        let read = unsafe { hr_read(self.0, nowhere, 0, &raw mut n) };
        // SAFETY: see above.
        let read1 = unsafe { hr_read1(self.0, nowhere, 0, &raw mut n) };
        // SAFETY: see above.
        let full = unsafe { hr_read_full(self.0, nowhere, 0, &raw mut n) };
        // SAFETY: see above.
        let stdio = unsafe { hr_fread(self.0, nowhere, 0, &raw mut n) };
        // SAFETY: see above.
        let line = unsafe { hr_readline(self.0, nowhere, 0, &raw mut n) };
        // SAFETY: see above.
        let none = unsafe { hr_readv(self.0, ptr::null(), 0, &raw mut n) };
        // SAFETY: see above.
        let one = unsafe { hr_readv(self.0, &raw const empty, 1, &raw mut n) };
        assert_eq!(n, 0);
        [read, read1, full, stdio, line, none, one]
    }
}

#[test]
fn a_failure_is_told_again_without_room() {
    let r = Alone::begun(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort");
    assert_eq!(r.without_room(), [HC_OK; 7]);
    assert_eq!(r.read_all(), (HC_ERR_INCOMPLETE, 5));
    assert_eq!(r.without_room(), [HC_ERR_INCOMPLETE; 7]);
    // SAFETY: a live handle.
    assert_eq!(unsafe { hr_close(r.0) }, HC_OK);
}

#[test]
fn a_closed_response_says_so_without_room() {
    let r = Alone::begun(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    // SAFETY: a live handle.
    assert_eq!(unsafe { hr_close(r.0) }, HC_OK);
    assert_eq!(r.without_room(), [HC_ERR_CLOSED; 7]);
    let r = Alone::begun(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    assert_eq!(r.read_all(), (HC_OK, 2));
    assert_eq!(r.without_room(), [HC_OK; 7]);
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// What rules the body counts until it was read.
#[test]
fn what_rules_the_body_can_be_set_after_the_head() {
    let with = |rest: &str, set: &dyn Fn(&Alone)| {
        let r = Alone::begun((CHUNKED.to_owned() + rest).as_bytes());
        set(&r);
        r.read_all()
    };
    let nothing = |_: &Alone| {};
    let bare = "2\nhi\n0\n\n";
    assert_eq!(with(bare, &nothing).0, HC_ERR_BAD_CHUNK);
    let set = |r: &Alone| assert_eq!(r.lenient(HC_LENIENT_BARE_LF_CHUNKS), HC_OK);
    assert_eq!(with(bare, &set), (HC_OK, 2));

    let cut = "2\r\nhi\r\n0\r\n";
    assert_eq!(with(cut, &nothing).0, HC_ERR_INCOMPLETE);
    let set = |r: &Alone| assert_eq!(r.lenient(HC_LENIENT_EOF_IN_TRAILERS), HC_OK);
    assert_eq!(with(cut, &set), (HC_OK, 2));

    let trailer = "2\r\nhi\r\n0\r\nno colon\r\n\r\n";
    assert_eq!(with(trailer, &nothing).0, HC_ERR_BAD_HEADER);
    let set = |r: &Alone| assert_eq!(r.lenient(HC_LENIENT_DROP_TRAILERS), HC_OK);
    assert_eq!(with(trailer, &set), (HC_OK, 2));

    let extension = "2;a=b\r\nhi\r\n0\r\nX: y\r\nA: b\r\n\r\n";
    assert_eq!(with(extension, &nothing), (HC_OK, 2));
    let set = |r: &Alone| assert_eq!(r.limit(HC_LIMIT_CHUNK_EXTENSIONS, 1), HC_OK);
    assert_eq!(with(extension, &set).0, HC_ERR_LIMIT);
    let set = |r: &Alone| assert_eq!(r.limit(HC_LIMIT_HEADERS, 1), HC_OK);
    assert_eq!(with(extension, &set).0, HC_ERR_LIMIT);
    let set = |r: &Alone| assert_eq!(r.limit(HC_LIMIT_LINE, 5), HC_OK);
    assert_eq!(with(extension, &set).0, HC_ERR_LINE_TOO_LONG);
}

/// A response of a connection is read as the connection reads, which this must not change.
#[test]
fn a_connection_is_not_set_by_its_response() {
    let (mut wire, c) = talk::sansio(HC_PROFILE_SAFE);
    assert_eq!(talk::get(&c, &mut wire), HC_OK);
    wire.load(vec![talk::SECOND.to_vec()], corpus::End::Open);
    let r = talk::answer(&c, &mut wire).expect("a plain answer");
    // SAFETY: a live handle.
    let lenient = unsafe { hr_set_lenient(r.raw(), HC_LENIENT_SHORT_READ) };
    // SAFETY: a live handle.
    let limit = unsafe { hr_set_limit(r.raw(), HC_LIMIT_LINE, 1) };
    assert_eq!([lenient, limit], [HC_ERR_INVALID_ARG; 2]);
    // SAFETY: a live handle.
    assert_eq!(unsafe { hc_get_lenient(c.raw()) }, 0);
    // SAFETY: a live handle.
    assert_eq!(unsafe { hc_get_limit(c.raw(), HC_LIMIT_LINE) }, 65_536);
}

/// What could only have changed the reading of the head is refused once that is over.
#[test]
fn what_rules_the_head_is_refused_after_it() {
    let r = Alone::new(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    assert_eq!(r.lenient(HC_LENIENT_COUNT_LINES), HC_OK);
    assert_eq!(r.limit(HC_LIMIT_INTERIM, 1), HC_OK);
    assert_eq!(r.begin(), HC_OK);
    assert_eq!(r.limit(HC_LIMIT_INTERIM, 2), HC_ERR_INVALID_ARG);
    assert_eq!(r.lenient(0), HC_ERR_INVALID_ARG);
    assert_eq!(
        r.lenient(HC_LENIENT_COUNT_LINES | HC_LENIENT_EMPTY_NAME),
        HC_OK
    );
    let both = HC_LENIENT_COUNT_LINES | HC_LENIENT_SHORT_READ;
    assert_eq!(r.lenient(both), HC_OK);
    assert_eq!(r.lenient(1 << 31), HC_ERR_INVALID_ARG);
    assert_eq!(r.read_all(), (HC_OK, 2));
    // Nor is there anything left for the rest to rule.
    assert_eq!(r.lenient(both), HC_ERR_INVALID_ARG);
    assert_eq!(r.limit(HC_LIMIT_LINE, 5), HC_ERR_INVALID_ARG);
}
