//! Conversations: the request, the head of its answer and the body, over any wire.

use super::api::*;
use super::drivers::{Wire, sansio::SansIo};
use super::handle::{Conn, Header, name};
use super::reader::{Body, Reader, read_body};
use super::response::Resp;
use crate::corpus::End;

/// A plain answer of six bytes.
pub const SECOND: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond";

/// What hc_request puts on the wire for `get`.
pub const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: example.test\r\nAccept-Encoding: identity\r\n\r\n";

pub fn get(c: &Conn, wire: &mut dyn Wire) -> i32 {
    request(c, wire, "GET", &[], None)
}

pub fn request(
    c: &Conn,
    wire: &mut dyn Wire,
    method: &str,
    headers: &[Header<'_>],
    body: Option<&hc_body>,
) -> i32 {
    wire.settle(c, None, &mut || c.request(method, "/", headers, body, 0))
}

/// The head of the answer, or the status that came instead.
pub fn answer(c: &Conn, wire: &mut dyn Wire) -> Result<Resp, i32> {
    let mut response = None;
    let status = wire.settle(c, None, &mut || match c.getresponse() {
        Ok(r) => {
            response = Some(r);
            HC_OK
        }
        Err(status) => status,
    });
    response.ok_or(status)
}

pub fn body(c: &Conn, wire: &mut dyn Wire, r: &Resp, how: Reader) -> Body {
    read_body(r, how, &mut |call| wire.settle(c, Some(r), call))
}

/// A GET, `bytes` as its answer, and the whole body.
pub fn exchange(c: &Conn, wire: &mut dyn Wire, bytes: &[u8]) -> (i32, Vec<u8>) {
    let status = get(c, wire);
    assert_eq!(
        status,
        HC_OK,
        "request: {} {:?}",
        name(status),
        c.last_error()
    );
    wire.load(vec![bytes.to_vec()], End::Open);
    let r =
        answer(c, wire).unwrap_or_else(|s| panic!("response: {} {:?}", name(s), c.last_error()));
    let got = body(c, wire, &r, Reader::Read(4096));
    assert_eq!(
        got.status,
        HC_OK,
        "body: {} {:?}",
        name(got.status),
        r.last_error()
    );
    (r.status(), got.bytes)
}

/// The next request does not use this connection, and a fresh wire serves it.
pub fn refused_then_fresh(c: &Conn, wire: &mut dyn Wire) {
    let status = get(c, wire);
    assert_eq!(
        status,
        HC_ERR_NOT_CONNECTED,
        "{} {:?}",
        name(status),
        c.last_error()
    );
    assert_eq!(c.close(), HC_OK);
    wire.open(c);
    assert_eq!(exchange(c, wire, SECOND), (200, b"second".to_vec()));
}

/// A connection whose wire is the test itself.
pub fn sansio(profile: i32) -> (SansIo, Conn) {
    let mut wire = SansIo::default();
    let c = Conn::new(profile);
    wire.open(&c);
    (wire, c)
}
