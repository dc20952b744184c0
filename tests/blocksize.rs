//! How much of a request body is asked for at a time: hc_set_blocksize, through the C interface.

// A test that panics has said what it had to say; so has what it calls.
#![allow(clippy::expect_used)]

mod common;
mod corpus;

use common::api::*;
use common::handle::{Conn, blank_body};
use common::talk;
use std::ffi::c_void;
use std::io::Write;
use std::os::fd::AsRawFd;

unsafe extern "C" {
    fn hc_set_blocksize(c: *mut hc_conn, n: u64) -> i32;
    fn hc_get_blocksize(c: *const hc_conn) -> u64;
}

fn set(c: &Conn, n: u64) -> i32 {
    // SAFETY: a live handle.
    unsafe { hc_set_blocksize(c.raw(), n) }
}

fn get(c: &Conn) -> u64 {
    // SAFETY: a live handle.
    unsafe { hc_get_blocksize(c.raw()) }
}

#[test]
fn bounds() {
    let c = Conn::new(HC_PROFILE_SAFE);
    assert_eq!(get(&c), 65_536);
    for n in [1, 8192, 1 << 24] {
        assert_eq!((set(&c, n), get(&c)), (HC_OK, n));
    }
    for n in [0, (1 << 24) + 1, u64::MAX] {
        assert_eq!((set(&c, n), get(&c)), (HC_ERR_INVALID_ARG, 1 << 24));
    }
    // SAFETY: NULL is an answer, not a crash.
    assert_eq!(unsafe { hc_get_blocksize(std::ptr::null()) }, 0);
}

/// Fills what it is given, `left` bytes altogether, and notes how much that was each time.
struct Greedy {
    left: usize,
    asked: Vec<usize>,
}

unsafe extern "C" fn greedy(buf: *mut c_void, cap: usize, user: *mut c_void) -> i64 {
    // SAFETY: the tests pass a Greedy that outlives the request.
    let greedy = unsafe { &mut *user.cast::<Greedy>() };
    greedy.asked.push(cap);
    let n = greedy.left.min(cap);
    greedy.left -= n;
    // SAFETY: no more than the size of the buffer.
    unsafe { buf.cast::<u8>().write_bytes(b'd', n) };
    n as i64
}

fn asked(block: u64, length: u64, has: usize) -> (Vec<usize>, Vec<u8>) {
    let (mut wire, c) = talk::sansio(HC_PROFILE_SAFE);
    assert_eq!(set(&c, block), HC_OK);
    let mut script = Greedy {
        left: has,
        asked: Vec::new(),
    };
    let mut body = blank_body(HC_BODY_CALLBACK, length);
    body.read = Some(greedy);
    body.user = (&raw mut script).cast();
    assert_eq!(talk::request(&c, &mut wire, "PUT", &[], Some(&body)), HC_OK);
    wire.sent.extend(c.take_output());
    (script.asked, wire.sent)
}

#[test]
fn a_callback_is_asked_for_a_block() {
    let (blocks, sent) = asked(4, 10, 10);
    assert_eq!(blocks, [4, 4, 2]);
    assert!(sent.ends_with(b"\r\n\r\ndddddddddd"));
    let (blocks, sent) = asked(4, HC_LENGTH_UNKNOWN, 10);
    assert_eq!(blocks, [4, 4, 4, 4]);
    assert!(sent.ends_with(b"\r\n\r\n4\r\ndddd\r\n4\r\ndddd\r\n2\r\ndd\r\n0\r\n\r\n"));
    let (blocks, _) = asked(1, 3, 3);
    assert_eq!(blocks, [1, 1, 1]);
    // Room behind what the system can hold of a socket's buffer, and over the default.
    let (blocks, _) = asked(1 << 20, HC_LENGTH_UNKNOWN, (1 << 20) + 1);
    assert_eq!(blocks, [1 << 20; 3]);
}

/// The sizes of the writes that a transport of the program's own saw.
unsafe extern "C" fn note(user: *mut c_void, _: *const c_void, n: usize) -> i64 {
    // SAFETY: the test passes a list that outlives the connection's use.
    unsafe { &mut *user.cast::<Vec<usize>>() }.push(n);
    n as i64
}

unsafe extern "C" fn silent(_: *mut c_void, _: *mut c_void, _: usize) -> i64 {
    0
}

/// A transport that is no socket cannot be given a file: it is read in blocks.
fn file_in_blocks(length: u64) -> Vec<usize> {
    let mut file = tempfile();
    file.write_all(b"0123456789").expect("room for ten bytes");
    let c = Conn::new(HC_PROFILE_SAFE);
    let mut sizes: Vec<usize> = Vec::new();
    let transport = hc_transport {
        struct_size: size_of::<hc_transport>(),
        user: (&raw mut sizes).cast(),
        read: Some(silent),
        write: Some(note),
        wait: None,
        fd: None,
        close: None,
        destroy: None,
        no_read_ahead: 1,
        read_line: None,
    };
    // SAFETY: the structure is copied; its functions and the list outlive the connection.
    c.ok(|p| unsafe { hc_set_transport(p, &raw const transport) });
    c.connect();
    assert_eq!(set(&c, 4), HC_OK);
    let mut body = blank_body(HC_BODY_FD, length);
    body.fd = file.as_raw_fd();
    let status = c.request("PUT", "/", &[], Some(&body), 0);
    assert_eq!(status, HC_OK, "{:?}", c.last_error());
    drop(c);
    // The head is of no interest here.
    sizes.into_iter().filter(|n| *n <= 10).collect()
}

fn tempfile() -> std::fs::File {
    let path = std::env::temp_dir().join(format!("httpclient-blocks-{}", std::process::id()));
    let file = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)
        .expect("a file for a while");
    std::fs::remove_file(&path).expect("it is there");
    file
}

#[test]
fn a_file_is_read_in_blocks() {
    assert_eq!(file_in_blocks(10), [4, 4, 2]);
    assert_eq!(file_in_blocks(5), [4, 1]);
}
