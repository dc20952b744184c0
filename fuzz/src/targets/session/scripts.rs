//! What the servers of a session say and do.

use crate::peer::{Script, Step, Write};
use crate::take::Take;

pub const ANSWERS: [&[u8]; COUNT] = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na\nb\r\n2;x\r\ncd\r\n0\r\nT: v\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\nto the end",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi",
    b"HTTP/1.1 413 Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno",
    b"HTTP/1.1 101 Switch\r\nUpgrade: x\r\n\r\nraw",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    b"nonsense\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX",
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 201 C\r\nContent-Length: 1\r\n\r\nb",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
    b"abc",
    b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nConte",
];
pub const COUNT: usize = 18;

/// One of the answers, or bytes of the input.
pub fn answer<'a>(t: &mut Take<'a>) -> &'a [u8] {
    match usize::from(t.byte()) {
        n if n < 250 => ANSWERS[n % COUNT],
        _ => t.bytes(),
    }
}

fn step(t: &mut Take<'_>, data: &[u8]) -> Step {
    match t.byte() % 24 {
        0 => Step::Eof,
        1 | 2 => Step::Fail(-i64::from(libc::EAGAIN)),
        3 => Step::Fail(-i64::from(libc::EINTR)),
        4 => Step::Fail(-i64::from(*t.pick(&[
            libc::ECONNRESET,
            libc::EPIPE,
            libc::ETIMEDOUT,
            libc::EIO,
        ]))),
        5 => Step::Fail(*t.pick(&[-5000, -4096, -4095, i64::MIN])),
        6 => Step::Lie,
        7 => Step::Reenter,
        8 => Step::FreeInside,
        n => Step::Data(data[..data.len().min(usize::from(n) * 4)].to_vec()),
    }
}

/// Answers and faults for a transport.
pub fn script(t: &mut Take<'_>) -> Script {
    let mut script = Script {
        ready: u32::from(t.byte() % 4),
        ..Script::default()
    };
    more(t, &mut script);
    for _ in 0..t.below(4) {
        let write = match t.byte() % 10 {
            0 => Write::Fail(-i64::from(libc::EAGAIN)),
            1 => Write::Fail(-i64::from(libc::EINTR)),
            2 => Write::Fail(-i64::from(libc::EPIPE)),
            3 => Write::Fail(-6000),
            4 => Write::Lie,
            5 => Write::Most(0),
            n => Write::Most(usize::from(n) * 5),
        };
        script.writes.push_back(write);
    }
    script
}

/// More of it, behind what is there.
pub fn more(t: &mut Take<'_>, script: &mut Script) {
    let kind = t.byte();
    let data = answer(t);
    if kind.is_multiple_of(2) {
        script.reads.push_back(Step::Data(data.to_vec()));
    } else {
        for piece in data.chunks(1 + usize::from(kind)) {
            script.reads.push_back(Step::Data(piece.to_vec()));
        }
    }
    for _ in 0..t.below(4) {
        let one = step(t, data);
        let at = t.below(script.reads.len() + 1);
        script.reads.insert(at, one);
    }
}
