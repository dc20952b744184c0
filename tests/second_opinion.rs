//! Response heads before two judges: ours and httparse. Whatever the safe profile accepts,
//! httparse accepts too and reads the same, but for what we name here.

use httpclient::proto::head::{Head, HeadReader};
use httpclient::proto::{Limits, Profile};

const SEEDS: &[&[u8]] = &[
    b"HTTP/1.1 200 OK\r\nDate: Sat, 01 Aug 2026 12:00:00 GMT\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.0 404 Not Found\nServer: x\nSet-Cookie: a=b; c\n\n",
    b"HTTP/1.1 304\r\nETag: \"\xe9\"\r\nX:\r\nY: \t z \t\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
];
const ODD: &[&[u8]] = &[
    b"\r",
    b"\n",
    b"\r\n",
    b" ",
    b"\t",
    b":",
    b"\0",
    b"\x7f",
    b"\x80",
    b"(",
    b"HTTP/1.",
    b"9",
    b"\r\n ",
    b"x: y\r\n",
];

fn mutate(seed: &[u8], random: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
    let mut head = seed.to_vec();
    for _ in 0..1 + random(3) {
        let at = random(head.len());
        match random(3) {
            0 => head[at] = random(256) as u8,
            1 => drop(head.splice(at..at, ODD[random(ODD.len())].iter().copied())),
            _ => drop(head.drain(at..(at + 1 + random(4)).min(head.len()))),
        }
        if head.is_empty() {
            head.push(b'H');
        }
    }
    head
}

fn ours(bytes: &[u8]) -> Option<(usize, Head)> {
    let mut head = Head::default();
    let mut reader = HeadReader::default();
    let read = reader.advance(bytes, false, &Limits::default(), Profile::SAFE, &mut head);
    read.ok().filter(|p| p.done).map(|p| (p.used, head))
}

/// What httparse refuses and RFC 9110 and 9112 let us take: folds, minor versions from 2 on.
fn is_named_difference(bytes: &[u8]) -> bool {
    let folded = bytes
        .windows(2)
        .any(|w| w[0] == b'\n' && matches!(w[1], b' ' | b'\t'));
    folded || matches!(bytes.get(7), Some(b'2'..=b'9'))
}

#[test]
fn what_we_accept_httparse_reads_the_same() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % n as u64) as usize
    };
    let mut accepted = 0;
    for round in 0..200_000 {
        let bytes = mutate(SEEDS[round % SEEDS.len()], &mut random);
        let Some((used, head)) = ours(&bytes) else {
            continue;
        };
        if is_named_difference(&bytes[..used]) {
            continue;
        }
        let shown = String::from_utf8_lossy(&bytes);
        let mut slots = [httparse::EMPTY_HEADER; 64];
        let mut theirs = httparse::Response::new(&mut slots);
        let verdict = theirs.parse(&bytes);
        assert_eq!(verdict, Ok(httparse::Status::Complete(used)), "{shown}");
        assert_eq!(theirs.code, Some(head.status), "{shown}");
        assert_eq!(theirs.version, Some(head.version - 10), "{shown}");
        let fields: Vec<_> = theirs
            .headers
            .iter()
            .map(|h| (h.name.as_bytes(), h.value))
            .collect();
        let read: Vec<_> = head.fields.iter().map(|f| (f.name, f.value)).collect();
        assert_eq!(read, fields, "{shown}");
        accepted += 1;
    }
    assert!(
        accepted > 10_000,
        "only {accepted} heads were worth comparing"
    );
}
