//! Every way to read a body. Whatever the calls are, the bytes and the end are the same.

use super::api::*;
use super::response::Resp;
use super::socket::Scratch;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// hr_read with room for this many bytes.
    Read(usize),
    Read1(usize),
    Full(usize),
    /// hr_readv into places of 2, 0 and 5 bytes.
    Vector,
    /// hr_peek, then hr_read of a part of what it showed.
    Peek,
    /// hr_readline with room for this many bytes.
    Line(usize),
    All,
    ToFd,
    Drain,
}

pub const EVERY: [Reader; 11] = [
    Reader::Read(1),
    Reader::Read(7),
    Reader::Read(65_536),
    Reader::All,
    Reader::Line(64),
    Reader::Peek,
    Reader::Read1(7),
    Reader::Full(7),
    Reader::Vector,
    Reader::ToFd,
    Reader::Drain,
];

/// For bodies that would take too many calls byte by byte.
pub const COARSE: [Reader; 4] = [
    Reader::Read(65_536),
    Reader::All,
    Reader::Read1(4096),
    Reader::Drain,
];

impl Reader {
    /// Calls that want all that they name, so that the python profile reports a short body;
    /// sized reads end without an error there.
    pub fn wants_it_all(self) -> bool {
        matches!(self, Self::All | Self::Full(_))
    }

    /// Calls that pass a whole body on and have no counterpart in Python, so that a short
    /// one may end either way in its profile.
    pub fn may_end_either_way(self) -> bool {
        matches!(self, Self::ToFd | Self::Drain)
    }
}

/// What reading a body to its end gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// HC_OK at the true end, HC_WANT_READ when nothing more comes, else the error.
    pub status: i32,
    pub bytes: Vec<u8>,
    /// hr_drain counts and keeps nothing.
    pub counted: Option<u64>,
}

/// Reads to the end. `settle` makes a call again until it no longer waits.
pub fn read_body(
    r: &Resp,
    how: Reader,
    settle: &mut dyn FnMut(&mut dyn FnMut() -> i32) -> i32,
) -> Body {
    let mut bytes = Vec::new();
    let mut counted = None;
    let status = match how {
        Reader::All => {
            let mut got = Vec::new();
            let status = settle(&mut || {
                let (status, data) = r.read_all(u64::MAX);
                got = data;
                status
            });
            bytes = got;
            status
        }
        Reader::Drain => {
            let mut n = 0;
            let status = settle(&mut || {
                let (status, count) = r.drain(u64::MAX);
                n = count;
                status
            });
            counted = Some(n);
            status
        }
        Reader::ToFd => {
            let file = Scratch::new();
            let status = settle(&mut || r.to_fd(file.fd(), u64::MAX).0);
            bytes = file.contents();
            status
        }
        _ => loop {
            let (status, got) = one_call(r, how, settle);
            let end = got.is_empty();
            bytes.extend_from_slice(&got);
            if status != HC_OK || end {
                break status;
            }
        },
    };
    Body {
        status,
        bytes,
        counted,
    }
}

fn one_call(
    r: &Resp,
    how: Reader,
    settle: &mut dyn FnMut(&mut dyn FnMut() -> i32) -> i32,
) -> (i32, Vec<u8>) {
    let mut got = Vec::new();
    let mut keep = |(status, data): (i32, Vec<u8>)| {
        got = data;
        status
    };
    let status = match how {
        Reader::Read(cap) => settle(&mut || keep(r.read(cap))),
        Reader::Read1(cap) => settle(&mut || keep(r.read1(cap))),
        Reader::Vector => settle(&mut || keep(r.readv())),
        Reader::Full(cap) | Reader::Line(cap) => {
            // The buffer outlives a wait: the call goes on with the same arguments.
            let mut buf = vec![0; cap];
            let status = settle(&mut || {
                let line = matches!(how, Reader::Line(_));
                let (status, n) = if line {
                    r.readline(&mut buf)
                } else {
                    r.read_full(&mut buf)
                };
                if status <= HC_OK {
                    keep((status, buf[..n].to_vec()))
                } else {
                    status
                }
            });
            if matches!(how, Reader::Full(_)) && status == HC_OK && got.len() < cap {
                // Less than asked for is the end, and the end stays.
                assert_eq!(r.read(1), (HC_OK, Vec::new()), "after a short hr_read_full");
            }
            if matches!(how, Reader::Line(_)) {
                assert!(
                    !got[..got.len().saturating_sub(1)].contains(&b'\n'),
                    "hr_readline went over a line end: {got:?}"
                );
            }
            status
        }
        Reader::Peek => {
            let status = settle(&mut || keep(r.peek()));
            if status != HC_OK || got.is_empty() {
                return (status, got);
            }
            // Shown bytes are there: taking a part of them does not wait.
            let part = got.len().min(5);
            let (status, data) = r.read(part);
            assert_eq!(
                (status, &data[..]),
                (HC_OK, &got[..data.len()]),
                "peek, then read"
            );
            got = data;
            status
        }
        Reader::All | Reader::ToFd | Reader::Drain => {
            unreachable!("reads the whole body in one call")
        }
    };
    (status, got)
}
