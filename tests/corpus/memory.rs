//! Exchanges that need memory in sizes that the peer or the program chooses.

use super::{chunked_ok, message, ok};
use crate::common::api::*;

/// A request and its answer, and how the body is read.
pub struct Scenario {
    pub name: &'static str,
    pub profile: i32,
    pub target: String,
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub upload: Vec<u8>,
    pub limits: Vec<(i32, u64)>,
    pub answer: Vec<u8>,
    pub piece: usize,
    pub ends: bool,
    pub how: How,
    pub expected: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum How {
    All,
    Line,
    Peek,
    Drain,
}

pub fn scenario(name: &'static str, answer: Vec<u8>, expected: &[u8]) -> Scenario {
    Scenario {
        name,
        profile: HC_PROFILE_SAFE,
        target: "/".to_owned(),
        headers: Vec::new(),
        upload: Vec::new(),
        limits: Vec::new(),
        answer,
        piece: usize::MAX,
        ends: false,
        how: How::All,
        expected: expected.to_vec(),
    }
}

pub const MIB: usize = 1 << 20;
/// Large enough to grow through several allocations.
const BIG: usize = MIB / 4;

fn length_of(body: &[u8]) -> Vec<u8> {
    let length = format!("Content-Length: {}", body.len());
    ok(&[length.as_bytes()], body)
}

#[rustfmt::skip]
pub fn scenarios() -> Vec<Scenario> {
    let big = vec![b'b'; BIG];
    let lines = [vec![b'l'; 100_000], b"\nshort\n".to_vec()].concat();
    let chunk = [b"8000\r\n".to_vec(), vec![b'c'; 0x8000], b"\r\n".to_vec()].concat();
    let chunked = chunked_ok([chunk.repeat(BIG / 0x8000), b"0\r\n\r\n".to_vec()].concat());
    let chunks = vec![b'c'; BIG];
    let wide = [b"A: ".to_vec(), vec![b'v'; 60_000]].concat();
    let head = ok(&[&wide, &wide, &wide, b"Content-Length: 2"], b"ok");
    let many: Vec<Vec<u8>> = (0..90).map(|i| format!("X-Field-{i}: {}", "v".repeat(2000)).into_bytes()).collect();
    let mut fields: Vec<&[u8]> = many.iter().map(|f| &f[..]).collect();
    fields.push(b"Content-Length: 2");
    let fold = [&b"A: x"[..], &b"\r\n y".repeat(5_000)].concat();
    let reason = [b"HTTP/1.1 200 ".to_vec(), vec![b'r'; 60_000]].concat();
    let trailer = [b"X-T: ".to_vec(), vec![b't'; 50_000], b"\r\n".to_vec()].concat();
    let trailers = chunked_ok([&b"2\r\nok\r\n0\r\n"[..], &trailer.repeat(4), b"\r\n"].concat());
    let interim = [b"HTTP/1.1 103 Early Hints\r\n", &wide[..], b"\r\n\r\n", &length_of(b"ok")[..]].concat();
    let plain = || length_of(b"ok");
    vec![
        scenario("body with a length", length_of(&big), &big),
        Scenario { piece: 5000, ..scenario("body with a length, in pieces", length_of(&big), &big) },
        scenario("chunked body", chunked.clone(), &chunks),
        Scenario { piece: 5000, ..scenario("chunked body, in pieces", chunked.clone(), &chunks) },
        Scenario { piece: 5000, ends: true, ..scenario("body to the end", ok(&[], &big), &big) },
        Scenario { how: How::Drain, piece: 5000, ..scenario("dropped body", chunked, &chunks) },
        Scenario { how: How::Line, piece: 5000, ..scenario("long line", length_of(&lines), &lines) },
        Scenario { how: How::Peek, piece: 50_000, ..scenario("peeked body", length_of(&big), &big) },
        scenario("wide fields", head.clone(), b"ok"),
        Scenario { piece: 777, ..scenario("wide fields, in pieces", head.clone(), b"ok") },
        Scenario { profile: HC_PROFILE_PYTHON, piece: 777, ..scenario("wide fields, python", head, b"ok") },
        Scenario { piece: 1000, ..scenario("many fields", ok(&fields, b"ok"), b"ok") },
        scenario("long reason", message(&reason, &[b"Content-Length: 2"], b"ok"), b"ok"),
        scenario("long fold", ok(&[&fold, b"Content-Length: 2"], b"ok"), b"ok"),
        Scenario { profile: HC_PROFILE_PYTHON, limits: vec![(HC_LIMIT_HEADERS, 0)], ..scenario("long fold, python", ok(&[&fold, b"Content-Length: 2"], b"ok"), b"ok") },
        scenario("wide interim response", interim, b"ok"),
        scenario("wide trailers", trailers.clone(), b"ok"),
        Scenario { piece: 777, ..scenario("wide trailers, in pieces", trailers, b"ok") },
        Scenario { limits: vec![(HC_LIMIT_HEADERS, 0)], ..scenario("thousands of fields",
            ok(&[&b"A: x\r\n".repeat(9000)[..], b"Content-Length: 2"].map(|l| l.strip_suffix(b"\r\n").unwrap_or(l)), b"ok"), b"ok") },
        Scenario { target: format!("/{}", "t".repeat(100_000)), ..scenario("long target", plain(), b"ok") },
        Scenario { headers: vec![(b"A".to_vec(), vec![b'v'; 100_000])], ..scenario("wide request field", plain(), b"ok") },
        Scenario { headers: vec![(b"A".to_vec(), b"v".to_vec()); 5000], ..scenario("many request fields", plain(), b"ok") },
        Scenario { upload: big.clone(), ..scenario("upload", plain(), b"ok") },
    ]
}
