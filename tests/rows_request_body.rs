//! What a request body may not do, rows 117, 120 and 121: its callback, its pieces, and
//! the length it declared.

mod common;
mod corpus;

use common::api::*;
use common::drivers::{Wire, sansio::SansIo};
use common::handle::{Conn, blank_body, name};
use common::talk::{self, SECOND};
use corpus::End;
use std::ffi::c_void;

const SAFE: i32 = HC_PROFILE_SAFE;

/// hc_send with more than is owed sends nothing of it, and the rest can still be sent.
#[test]
fn row_117_pushed_body() {
    let (mut wire, c) = talk::sansio(SAFE);
    assert_eq!(c.putrequest(b"POST", b"/", 0), HC_OK);
    assert_eq!(c.putheader(b"Content-Length", b"3"), HC_OK);
    assert_eq!(wire.settle(&c, None, &mut || c.endheaders(None, 0)), HC_OK);
    wire.sent.extend(c.take_output());
    wire.sent.clear();
    assert_eq!(c.send(b"hello"), (HC_ERR_BODY_OVERRUN, 0));
    assert_eq!(c.finish_body(), HC_ERR_BODY_OWED);
    assert_eq!(c.getresponse().err(), Some(HC_ERR_BODY_OWED));
    push(&c, &mut wire, b"hel");
    assert_eq!(c.send(b"l"), (HC_ERR_BODY_OVERRUN, 0));
    assert_eq!(wire.sent, b"hel");
    wire.load(vec![SECOND.to_vec()], End::Open);
    assert!(talk::answer(&c, &mut wire).is_ok());
}

/// hc_send of all of it.
#[track_caller]
fn push(c: &Conn, wire: &mut SansIo, mut data: &[u8]) {
    // Non-blocking: a call may take a part. A call that takes nothing says why.
    for _ in 0..100 {
        let mut n = 0;
        let status = wire.settle(c, None, &mut || {
            let (status, sent) = c.send(data);
            n = sent;
            status
        });
        assert_eq!(status, HC_OK, "{} {:?}", name(status), c.last_error());
        data = &data[n..];
        if data.is_empty() {
            wire.sent.extend(c.take_output());
            return;
        }
    }
    panic!("hc_send takes nothing");
}

/// A body callback that does what its script says: counts to return, in order.
struct Reader {
    returns: Vec<i64>,
    calls: usize,
    /// Where to call back in, and what that said.
    back: *mut hc_conn,
    said: i32,
}

unsafe extern "C" fn scripted(buf: *mut c_void, cap: usize, user: *mut c_void) -> i64 {
    // SAFETY: the tests pass a Reader that outlives the request.
    let script = unsafe { &mut *user.cast::<Reader>() };
    let n = script.returns.get(script.calls).copied().unwrap_or(0);
    script.calls += 1;
    assert!(script.calls < 1000, "the body is asked for again and again");
    if !script.back.is_null() {
        // SAFETY: the handle that this callback is called for.
        script.said = unsafe { hc_close(script.back) };
    }
    let written = usize::try_from(n).unwrap_or(0).min(cap);
    // SAFETY: no more than the size of the buffer.
    unsafe { buf.cast::<u8>().write_bytes(b'd', written) };
    n
}

/// A PUT with such a body; the status of the first call that fails, and the bytes sent.
fn put(length: u64, script: &mut Reader) -> (i32, Vec<u8>, Conn) {
    let (mut wire, c) = talk::sansio(SAFE);
    let mut body = blank_body(HC_BODY_CALLBACK, length);
    body.read = Some(scripted);
    body.user = std::ptr::from_mut(script).cast();
    let mut status = talk::request(&c, &mut wire, "PUT", &[], Some(&body));
    if status == HC_OK {
        wire.load(vec![SECOND.to_vec()], End::Open);
        status = talk::answer(&c, &mut wire).err().unwrap_or(HC_OK);
    }
    (status, wire.sent, c)
}

fn returning(returns: &[i64]) -> Reader {
    Reader {
        returns: returns.to_vec(),
        calls: 0,
        back: std::ptr::null_mut(),
        said: HC_OK,
    }
}

#[test]
fn row_120_body_of_the_right_length() {
    let (status, sent, _c) = put(5, &mut returning(&[2, 3]));
    assert_eq!(status, HC_OK);
    assert!(sent.ends_with(b"Content-Length: 5\r\n\r\nddddd"));
    let (status, sent, _c) = put(HC_LENGTH_UNKNOWN, &mut returning(&[2, 3]));
    assert_eq!(status, HC_OK);
    assert!(sent.ends_with(b"Transfer-Encoding: chunked\r\n\r\n2\r\ndd\r\n3\r\nddd\r\n0\r\n\r\n"));
}

#[test]
fn row_120_body_shorter_than_declared() {
    let (status, sent, _c) = put(5, &mut returning(&[2]));
    assert_eq!(status, HC_ERR_BODY_OWED, "{}", name(status));
    assert!(!sent.ends_with(b"ddd"), "the callback gave two bytes");
}

#[test]
fn row_120_body_longer_than_declared() {
    // The callback is asked for no more than is owed; what it has beyond that is either
    // never asked for or an overrun, and never on the wire.
    let (status, sent, _c) = put(5, &mut returning(&[5, 5, 5]));
    assert!(
        [HC_OK, HC_ERR_BODY_OVERRUN].contains(&status),
        "{}",
        name(status)
    );
    assert!(!sent.ends_with(b"dddddd"), "more than was declared");
}

#[test]
fn row_120_callback_fails() {
    for value in [-1, -5, i64::MIN] {
        for length in [5, HC_LENGTH_UNKNOWN] {
            let (status, sent, c) = put(length, &mut returning(&[2, value]));
            assert_eq!(status, HC_ERR_CALLBACK, "{}", name(status));
            assert_eq!(c.last_error().callback_value, value);
            assert!(
                !sent.ends_with(b"0\r\n\r\n"),
                "a failed body must not look complete"
            );
            assert_eq!(c.state(), HC_STATE_IDLE);
        }
    }
}

/// A count over the size of the buffer cannot be true.
#[test]
fn row_120_callback_lies() {
    for value in [i64::MAX, 1 << 40] {
        for length in [5, HC_LENGTH_UNKNOWN] {
            let (status, _, _c) = put(length, &mut returning(&[value]));
            assert!(
                [HC_ERR_INTERNAL, HC_ERR_CALLBACK].contains(&status),
                "{}",
                name(status)
            );
        }
    }
}

#[test]
fn row_120_no_callback() {
    let (mut wire, c) = talk::sansio(SAFE);
    let body = blank_body(HC_BODY_CALLBACK, 5);
    let status = talk::request(&c, &mut wire, "PUT", &[], Some(&body));
    assert_eq!(status, HC_ERR_INVALID_ARG, "{}", name(status));
    assert_eq!(c.state(), HC_STATE_IDLE);
    assert_eq!(
        talk::exchange(&c, &mut wire, SECOND),
        (200, b"second".to_vec())
    );
}

#[test]
fn row_120_callback_calls_back_in() {
    let (mut wire, c) = talk::sansio(SAFE);
    let mut script = returning(&[2]);
    script.back = c.raw();
    let mut body = blank_body(HC_BODY_CALLBACK, HC_LENGTH_UNKNOWN);
    body.read = Some(scripted);
    body.user = (&raw mut script).cast();
    assert_eq!(talk::request(&c, &mut wire, "PUT", &[], Some(&body)), HC_OK);
    assert_eq!(script.said, HC_ERR_BUSY, "{}", name(script.said));
    wire.sent.extend(c.take_output());
    assert!(wire.sent.ends_with(b"2\r\ndd\r\n0\r\n\r\n"));
}

/// An empty piece would be the end of a chunked body; it is skipped instead.
#[test]
fn row_121_empty_pieces() {
    let (mut wire, c) = talk::sansio(SAFE);
    let mut parts = [b"ab".to_vec(), Vec::new(), b"cde".to_vec(), Vec::new()];
    let iov: Vec<_> = parts
        .iter_mut()
        .map(|p| hc_iovec {
            base: p.as_mut_ptr().cast(),
            len: p.len(),
        })
        .collect();
    let mut body = blank_body(HC_BODY_IOVEC, 0);
    body.iov = iov.as_ptr();
    body.iov_count = iov.len();
    let mut request = || c.request("PUT", "/", &[], Some(&body), HC_ENCODE_CHUNKED);
    assert_eq!(wire.settle(&c, None, &mut request), HC_OK);
    wire.sent.extend(c.take_output());
    assert_eq!(decode(&wire.sent), b"abcde");
}

#[test]
fn row_121_empty_pushes() {
    let (mut wire, c) = talk::sansio(SAFE);
    assert_eq!(c.putrequest(b"PUT", b"/", 0), HC_OK);
    assert_eq!(c.putheader(b"Transfer-Encoding", b"chunked"), HC_OK);
    assert_eq!(wire.settle(&c, None, &mut || c.endheaders(None, 0)), HC_OK);
    for piece in [&b""[..], b"ab", b"", b"", b"cde", b""] {
        push(&c, &mut wire, piece);
    }
    let before = wire.sent.len();
    assert!(!wire.sent.ends_with(b"0\r\n\r\n"), "the body ended early");
    assert_eq!(wire.settle(&c, None, &mut || c.finish_body()), HC_OK);
    wire.sent.extend(c.take_output());
    assert_eq!(&wire.sent[before..], b"0\r\n\r\n");
    assert_eq!(decode(&wire.sent), b"abcde");
}

/// The data of the chunked body in these bytes; no chunk but the last is empty.
#[allow(clippy::unwrap_used)] // part of a test
fn decode(request: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(request.to_vec()).unwrap();
    let (_, mut rest) = text.split_once("\r\n\r\n").unwrap();
    let mut data = Vec::new();
    loop {
        let (size, after) = rest.split_once("\r\n").unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            assert_eq!(after, "\r\n");
            return data;
        }
        data.extend_from_slice(&after.as_bytes()[..size]);
        rest = after[size..].strip_prefix("\r\n").unwrap();
    }
}
