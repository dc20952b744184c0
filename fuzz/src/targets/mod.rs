//! What is tried.

pub mod chunked;
pub mod request;
pub mod response;
pub mod session;
pub mod url;

use crate::engine::Target;

pub fn all() -> Vec<Box<dyn Target>> {
    vec![
        Box::new(response::Response),
        Box::new(chunked::Chunked),
        Box::new(session::Session::default()),
        Box::new(request::Request),
        Box::new(url::Url),
    ]
}

/// Words of the protocol, for responses.
pub const WORDS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\r\n ",
    b"\r\n\t",
    b": ",
    b":",
    b",",
    b";",
    b" ",
    b"0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 103 E\r\nLink: x\r\n\r\n",
    b"HTTP/1.1 101 S\r\n",
    b"HTTP/1.0 200\r\n",
    b"HTTP/1.1 204 \r\n",
    b"HTTP/1.1 304 N\r\n",
    b"HTTP/1.9 299 x\n",
    b"Content-Length: ",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: ",
    b"Transfer-Encoding: chunked\r\n",
    b"chunked",
    b"identity",
    b"gzip, ",
    b"Connection: close\r\n",
    b"Connection: keep-alive\r\n",
    b"Keep-Alive: x\r\n",
    b"Trailer: X\r\n",
    b"Set-Cookie: a=b\r\n",
    b"X: y\r\n",
    b"3\r\nabc\r\n",
    b"A\r\n0123456789\r\n",
    b";a=\"b\"",
    b"0\r\nT: v\r\n\r\n",
];

/// Cuts bytes into pieces of these and similar lengths.
pub fn pieces(rng: &mut crate::engine::rng::Rng, bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = bytes;
    let longest = *rng.pick(&[1, 2, 3, 5, 17, 64, 1024]);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at((1 + rng.below(longest)).min(rest.len()));
        out.push(piece.to_vec());
        rest = after;
    }
    out
}
