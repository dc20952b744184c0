//! What CPython's own tests want tolerated, rows 3.0 a to j: refused in the safe profile,
//! accepted in the Python profile, and accepted with the one leniency that is for it.

mod common;
mod corpus;

use common::api::*;
use common::drivers::Wire;
use common::handle::{Conn, Header, memory_body, name};
use common::reader::Reader;
use common::talk;
use corpus::End;

const SAFE: u32 = 0;
/// All that HC_PROFILE_PYTHON is made of.
const PYTHON: u32 = 0x7fff;
const EMPTY_NAME: u32 = 1;
const EOF_IN_HEAD: u32 = 2;
const EOF_IN_TRAILERS: u32 = 4;
const BAD_LENGTH: u32 = 8;
const SHORT_READ: u32 = HC_LENIENT_SHORT_READ;
const RAW_FOLD: u32 = 32;
const COUNT_LINES: u32 = 64;
const DROP_TRAILERS: u32 = 1024;
const LOOSE_FIELDS: u32 = 8192;
const LOOSE_FRAMING: u32 = 16384;

fn with(bits: u32) -> (common::drivers::sansio::SansIo, Conn) {
    let (wire, c) = talk::sansio(HC_PROFILE_SAFE);
    // SAFETY: `ok` passes the live handle.
    c.ok(|p| unsafe { hc_set_lenient(p, bits) });
    (wire, c)
}

type Got = Result<(Vec<(Vec<u8>, Vec<u8>)>, i32, Vec<u8>), i32>;

/// The fields, how the body ended and what it was; or what hc_getresponse said.
fn read(bits: u32, bytes: &[u8], how: Reader) -> Got {
    let (mut wire, c) = with(bits);
    assert_eq!(talk::get(&c, &mut wire), HC_OK);
    wire.load(vec![bytes.to_vec()], End::Eof);
    let r = talk::answer(&c, &mut wire)?;
    let got = talk::body(&c, &mut wire, &r, how);
    Ok((r.headers(), got.status, got.bytes))
}

fn body(bits: u32, bytes: &[u8], how: Reader) -> Result<Vec<u8>, i32> {
    match read(bits, bytes, how)? {
        (_, HC_OK, body) => Ok(body),
        (_, status, _) => Err(status),
    }
}

#[track_caller]
fn tolerated(bytes: &[u8], how: Reader, leniency: u32, refusal: i32, expected: &[u8]) {
    assert_eq!(body(SAFE, bytes, how), Err(refusal), "safe");
    assert_eq!(
        body(PYTHON & !leniency, bytes, how),
        Err(refusal),
        "all others"
    );
    assert_eq!(body(PYTHON, bytes, how).as_deref(), Ok(expected), "python");
    assert_eq!(
        body(leniency, bytes, how).as_deref(),
        Ok(expected),
        "this alone"
    );
}

#[test]
fn row_3_0_a_empty_name() {
    let bytes = b"HTTP/1.1 200 OK\r\nA: b\r\n: nval\r\nContent-Length: 2\r\n\r\nhi";
    tolerated(bytes, Reader::All, EMPTY_NAME, HC_ERR_BAD_HEADER, b"hi");
    let (fields, ..) = read(PYTHON, bytes, Reader::All).unwrap_or_else(|s| panic!("{}", name(s)));
    let names: Vec<_> = fields.into_iter().map(|f| f.0).collect();
    assert_eq!(names, [&b"A"[..], b"Content-Length"], "the rest is kept");
}

#[test]
fn row_3_0_b_end_in_the_head() {
    for bytes in [
        &b"HTTP/1.1 200 OK"[..],
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nA: b",
        b"HTTP/1.1 200 OK\r\nA: b\r\n",
    ] {
        tolerated(bytes, Reader::All, EOF_IN_HEAD, HC_ERR_INCOMPLETE, b"");
    }
}

#[test]
fn row_3_0_c_end_after_the_last_chunk() {
    let bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n";
    tolerated(
        bytes,
        Reader::All,
        EOF_IN_TRAILERS,
        HC_ERR_INCOMPLETE,
        b"hi",
    );
}

#[test]
fn row_3_0_d_negative_length() {
    let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nto the end";
    tolerated(
        bytes,
        Reader::All,
        BAD_LENGTH,
        HC_ERR_BAD_FRAMING,
        b"to the end",
    );
}

#[test]
fn row_3_0_e_sized_read_of_a_short_body() {
    let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort";
    for how in [Reader::Read(4), Reader::Read1(4), Reader::Vector] {
        tolerated(bytes, how, SHORT_READ, HC_ERR_INCOMPLETE, b"short");
    }
    // All of it is not there in any profile.
    for bits in [SAFE, SHORT_READ, PYTHON] {
        assert_eq!(body(bits, bytes, Reader::All), Err(HC_ERR_INCOMPLETE));
    }
}

#[test]
fn row_3_0_f_folds_and_high_bytes() {
    let bytes = b"HTTP/1.1 200 OK\r\nA: x\r\n \xfey\r\nContent-Length: 0\r\n\r\n";
    let value = |bits| {
        let (fields, ..) = read(bits, bytes, Reader::All).unwrap_or_else(|s| panic!("{}", name(s)));
        fields.into_iter().next().map(|f| f.1)
    };
    assert_eq!(value(SAFE).as_deref(), Some(&b"x \xfey"[..]));
    assert_eq!(value(RAW_FOLD).as_deref(), Some(&b"x\r\n \xfey"[..]));
    assert_eq!(value(PYTHON).as_deref(), Some(&b"x\r\n \xfey"[..]));
}

#[test]
fn row_3_0_g_bad_size_and_limits() {
    let te = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for bits in [SAFE, PYTHON] {
        let bytes = format!("{te}2\r\nab\r\nfoo\r\n");
        let (_, status, got) = read(bits, bytes.as_bytes(), Reader::Read(64))
            .unwrap_or_else(|s| panic!("{}", name(s)));
        assert_eq!((status, got), (HC_ERR_BAD_CHUNK, b"ab".to_vec()));
        let long = format!("HTTP/1.1 200 {}\r\n\r\n", "x".repeat(65_536));
        assert_eq!(
            body(bits, long.as_bytes(), Reader::All),
            Err(HC_ERR_LINE_TOO_LONG)
        );
    }
    let lines = |n| format!("HTTP/1.1 204 No\r\n{}\r\n", "A: b\r\n".repeat(n)).into_bytes();
    for (bits, most) in [(SAFE, 100), (COUNT_LINES, 99), (PYTHON, 99)] {
        assert_eq!(body(bits, &lines(most), Reader::All), Ok(Vec::new()));
        let more = body(bits, &lines(most + 1), Reader::All);
        assert_eq!(more, Err(HC_ERR_TOO_MANY_HEADERS));
    }
}

/// Trailers are dropped whatever they are, and nothing behind the message is taken from a
/// transport that may not be read ahead (`no_read_ahead`: see the drivers).
#[test]
fn row_3_0_h_trailers_and_no_read_ahead() {
    let te = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n";
    let bytes = format!("{te}X: y\r\nA: b\0c\r\n\r\n");
    tolerated(
        bytes.as_bytes(),
        Reader::All,
        DROP_TRAILERS,
        HC_ERR_BAD_HEADER,
        b"hi",
    );
    for bits in [SAFE, PYTHON] {
        let mut stock = Stock {
            bytes: format!("{te}\r\nnext").into_bytes(),
            at: 0,
        };
        let c = Conn::new(HC_PROFILE_SAFE);
        // SAFETY: `ok` passes the live handle.
        c.ok(|p| unsafe { hc_set_lenient(p, bits) });
        let transport = hc_transport {
            struct_size: size_of::<hc_transport>(),
            user: (&raw mut stock).cast(),
            read: Some(take),
            write: Some(swallow),
            wait: None,
            fd: None,
            close: None,
            destroy: None,
            no_read_ahead: 1,
            read_line: None,
        };
        // SAFETY: the structure is copied, and the stock outlives the connection.
        c.ok(|p| unsafe { hc_set_transport(p, &raw const transport) });
        c.connect();
        assert_eq!(c.request("GET", "/", &[], None, 0), HC_OK);
        let r = c.getresponse().unwrap_or_else(|s| panic!("{}", name(s)));
        assert_eq!(r.read_all(64), (HC_OK, b"hi".to_vec()));
        drop((r, c));
        assert_eq!(&stock.bytes[stock.at..], b"next");
    }
}

struct Stock {
    bytes: Vec<u8>,
    at: usize,
}

unsafe extern "C" fn take(
    user: *mut std::ffi::c_void,
    buf: *mut std::ffi::c_void,
    cap: usize,
) -> i64 {
    // SAFETY: the test passes a Stock that outlives the connection.
    let stock = unsafe { &mut *user.cast::<Stock>() };
    let rest = &stock.bytes[stock.at..];
    let n = rest.len().min(cap);
    // SAFETY: no more than the size of the buffer.
    unsafe { buf.cast::<u8>().copy_from_nonoverlapping(rest.as_ptr(), n) };
    stock.at += n;
    n as i64
}

unsafe extern "C" fn swallow(
    _: *mut std::ffi::c_void,
    _: *const std::ffi::c_void,
    n: usize,
) -> i64 {
    n as i64
}

#[test]
fn row_3_0_i_names_and_folds_of_the_request() {
    let put = |bits, field: &[u8], value: &[u8]| {
        let (_, c) = with(bits);
        assert_eq!(c.putrequest(b"GET", b"/", 0), HC_OK);
        c.putheader(field, value)
    };
    for (field, value) in [
        (&b"A b"[..], &b"v"[..]),
        (b"A ", b"v"),
        (b"A\xa0", b"v"),
        (b"A", b"v\r\n w"),
        (b"A", b"v\r\n\tw"),
    ] {
        let got =
            [SAFE, PYTHON & !LOOSE_FIELDS, PYTHON, LOOSE_FIELDS].map(|b| put(b, field, value));
        assert_eq!(
            got,
            [HC_ERR_INVALID_ARG, HC_ERR_INVALID_ARG, HC_OK, HC_OK],
            "{field:?}"
        );
    }
    for bits in [SAFE, PYTHON, LOOSE_FIELDS] {
        for (field, value) in [(&b"A\0"[..], &b"v"[..]), (b"A\r", b"v"), (b"A", b"v\r\nw")] {
            assert_eq!(put(bits, field, value), HC_ERR_INVALID_ARG);
        }
    }
}

#[test]
fn row_3_0_j_framing_of_the_callers() {
    let flags = HC_SKIP_HOST | HC_SKIP_ACCEPT_ENCODING;
    let sent = |bits, headers: &[Header<'_>]| {
        let (mut wire, c) = with(bits);
        let body = memory_body(b"body");
        let status = wire.settle(&c, None, &mut || {
            c.request("POST", "/", headers, Some(&body), flags)
        });
        wire.sent.extend(c.take_output());
        (
            status == HC_OK,
            String::from_utf8_lossy(&wire.sent).into_owned(),
        )
    };
    for (field, value) in [("Content-Length", "42"), ("Transfer-Encoding", "foo")] {
        let headers: [Header<'_>; 1] = [(field.as_bytes(), value.as_bytes())];
        let expected = format!("POST / HTTP/1.1\r\n{field}: {value}\r\n\r\nbody");
        for bits in [PYTHON, LOOSE_FRAMING] {
            assert_eq!(sent(bits, &headers), (true, expected.clone()));
        }
        for bits in [SAFE, PYTHON & !LOOSE_FRAMING] {
            assert!(!sent(bits, &headers).0);
        }
    }
}
