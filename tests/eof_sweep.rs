//! Every valid answer of the samples, cut after every byte: the outcome is the one that
//! the position of the cut calls for, and "complete" only where the framing rule says so.
//!
//! A sample is built from parts whose meaning is known, so what a cut must give is
//! computed from the parts and not from a second parser.

mod common;
mod corpus;

use common::api::*;
use common::drivers::Driver;
use common::handle::Conn;
use common::reader::{EVERY, Reader};
use common::split::Split;
use common::talk;
use corpus::End;

/// What a run of bytes in a sample is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    /// A whole interim head.
    Interim,
    /// The status line of the final head, and the rest of that head.
    StatusLine,
    Fields,
    /// Bytes of the body as the program sees them.
    Data,
    /// Chunk sizes and line ends between data.
    Coding,
    /// "0 CRLF", from which on Python calls the body complete, and what follows it.
    Last,
    Trailers,
}

/// From here on a status line says all that Python needs.
const STATUS_END: usize = "HTTP/1.1 200".len();

struct Sample {
    name: &'static str,
    method: &'static str,
    parts: Vec<(Part, Vec<u8>)>,
    /// The body ends with the connection.
    to_end: bool,
}

impl Sample {
    fn bytes(&self) -> Vec<u8> {
        self.parts.iter().flat_map(|(_, b)| b.clone()).collect()
    }

    /// The part in which byte `n` lies.
    fn part_at(&self, n: usize) -> Option<Part> {
        let mut end = 0;
        self.parts.iter().find_map(|(part, bytes)| {
            end += bytes.len();
            (n < end).then_some(*part)
        })
    }

    /// How far byte `n` is inside its part.
    fn place_in_part(&self, n: usize) -> usize {
        let mut at = 0;
        for (_, bytes) in &self.parts {
            if n < at + bytes.len() {
                break;
            }
            at += bytes.len();
        }
        n - at
    }

    /// The data before byte `n`.
    fn data_before(&self, n: usize) -> Vec<u8> {
        let (mut at, mut data) = (0, Vec::new());
        for (part, bytes) in &self.parts {
            let here = n.saturating_sub(at).min(bytes.len());
            if *part == Part::Data {
                data.extend_from_slice(&bytes[..here]);
            }
            at += bytes.len();
        }
        data
    }

    /// The first byte of this part.
    fn start_of(&self, wanted: Part) -> Option<usize> {
        let mut at = 0;
        for (part, bytes) in &self.parts {
            if *part == wanted {
                return Some(at);
            }
            at += bytes.len();
        }
        None
    }
}

#[rustfmt::skip]
fn samples() -> Vec<Sample> {
    use Part::{Coding, Data, Fields, Interim, Last, StatusLine, Trailers};
    let sample = |name, method, to_end, parts: &[(Part, &str)]| Sample {
        name, method, to_end,
        parts: parts.iter().map(|(p, b)| (*p, b.as_bytes().to_vec())).collect(),
    };
    const OK: (Part, &str) = (StatusLine, "HTTP/1.1 200 OK\r\n");
    const CHUNKED: (Part, &str) = (Fields, "Transfer-Encoding: chunked\r\n\r\n");
    vec![
        sample("length", "GET", false, &[OK, (Fields, "Content-Length: 5\r\nA: x\r\n\r\n"), (Data, "hello")]),
        sample("length, HTTP/1.0", "GET", false, &[(StatusLine, "HTTP/1.0 200 OK\r\n"), (Fields, "Content-Length: 2\r\n\r\n"), (Data, "ok")]),
        sample("length of zero", "GET", false, &[OK, (Fields, "Content-Length: 0\r\n\r\n")]),
        sample("line ends of LF", "GET", false, &[(StatusLine, "HTTP/1.1 200 OK\n"), (Fields, "Content-Length: 3\n\n"), (Data, "a\nb")]),
        sample("no reason", "GET", false, &[(StatusLine, "HTTP/1.1 404\r\n"), (Fields, "Content-Length: 4\r\n\r\n"), (Data, "\r\n\r\n")]),
        sample("chunked", "GET", false, &[OK, CHUNKED, (Coding, "3\r\n"), (Data, "abc"), (Coding, "\r\nA;x=y\r\n"), (Data, "0123456789"), (Coding, "\r\n"), (Last, "0\r\n"), (Trailers, "\r\n")]),
        sample("chunked, trailers", "GET", false, &[OK, CHUNKED, (Coding, "1\r\n"), (Data, "a"), (Coding, "\r\n"), (Last, "0\r\n"), (Trailers, "X-T: 1\r\nX-U: 2\r\n\r\n")]),
        sample("chunked, nothing in it", "GET", false, &[OK, CHUNKED, (Last, "0\r\n"), (Trailers, "\r\n")]),
        sample("to the end", "GET", true, &[OK, (Fields, "Server: x\r\n\r\n"), (Data, "all of the rest\r\n0\r\n\r\n")]),
        sample("to the end, HTTP/1.0", "GET", true, &[(StatusLine, "HTTP/1.0 200 OK\r\n"), (Fields, "\r\n"), (Data, "rest")]),
        sample("HEAD", "HEAD", false, &[OK, (Fields, "Content-Length: 5\r\n\r\n")]),
        sample("204", "GET", false, &[(StatusLine, "HTTP/1.1 204 No Content\r\n"), (Fields, "A: x\r\n\r\n")]),
        sample("304", "GET", false, &[(StatusLine, "HTTP/1.1 304 Not Modified\r\n"), (Fields, "Content-Length: 9\r\n\r\n")]),
        sample("after interim responses", "GET", false, &[(Interim, "HTTP/1.1 100 Continue\r\n\r\n"), (Interim, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"), OK, (Fields, "Content-Length: 5\r\n\r\n"), (Data, "hello")]),
    ]
}

/// What may be said of a cut.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Refused(i32),
    /// The body up to the cut, then this at its end.
    Body(Vec<u8>, i32),
}

fn observe(s: &Sample, cut: usize, profile: i32, driver: Driver, how: Reader) -> Verdict {
    let mut wire = driver.wire();
    let c = Conn::new(profile);
    wire.open(&c);
    assert_eq!(talk::request(&c, &mut *wire, s.method, &[], None), HC_OK);
    wire.load(Split::Whole.pieces(&s.bytes()[..cut]), End::Eof);
    let verdict = match talk::answer(&c, &mut *wire) {
        Err(status) => Verdict::Refused(status),
        Ok(r) => {
            let got = talk::body(&c, &mut *wire, &r, how);
            assert!(r.is_closed(), "open after its end");
            Verdict::Body(got.bytes, got.status)
        }
    };
    assert_eq!(c.state(), HC_STATE_IDLE);
    verdict
}

/// What RFC 9112 (8) makes of a cut before byte `n`: the safe profile.
fn by_rule(s: &Sample, cut: usize) -> Verdict {
    let Some(part) = s.part_at(cut) else {
        return Verdict::Body(s.data_before(cut), HC_OK);
    };
    match part {
        Part::Data if s.to_end => Verdict::Body(s.data_before(cut), HC_OK),
        Part::Data | Part::Coding | Part::Last | Part::Trailers => {
            Verdict::Body(s.data_before(cut), HC_ERR_INCOMPLETE)
        }
        Part::Interim | Part::StatusLine | Part::Fields => {
            // Nothing of an answer: at the very start, or right behind an interim one.
            let heads: Vec<usize> = s
                .parts
                .iter()
                .scan(0, |at, (p, b)| {
                    let start = *at;
                    *at += b.len();
                    Some(matches!(p, Part::Interim | Part::StatusLine).then_some(start))
                })
                .flatten()
                .collect();
            let code = if heads.contains(&cut) {
                HC_ERR_REMOTE_DISCONNECTED
            } else {
                HC_ERR_INCOMPLETE
            };
            Verdict::Refused(code)
        }
    }
}

#[test]
fn row_093_safe_profile_every_cut() {
    for s in samples() {
        for cut in 0..=s.bytes().len() {
            let expected = by_rule(&s, cut);
            for (i, driver) in Driver::EVERY.into_iter().enumerate() {
                let how = reader_for(cut + i);
                let got = observe(&s, cut, HC_PROFILE_SAFE, driver, how);
                assert_eq!(got, expected, "{} cut at {cut}, {driver:?} {how:?}", s.name);
            }
        }
    }
}

/// hr_drain keeps no bytes to compare; the rest take turns.
fn reader_for(turn: usize) -> Reader {
    EVERY[turn % (EVERY.len() - 1)]
}

/// The python profile: the same, but for a head cut after its status, a body cut after
/// "0 CRLF", and sized reads of a body cut before its declared length.
#[test]
fn row_093_python_profile_every_cut() {
    let mut failed = Vec::new();
    for s in samples() {
        for cut in 0..=s.bytes().len() {
            for (i, driver) in Driver::EVERY.into_iter().enumerate() {
                let how = reader_for(cut + i);
                let got = observe(&s, cut, HC_PROFILE_PYTHON, driver, how);
                if !python_allows(&s, cut, how, &got) {
                    failed.push(format!(
                        "{} cut at {cut}, {driver:?} {how:?}: {got:?}",
                        s.name
                    ));
                }
            }
        }
    }
    assert!(
        failed.is_empty(),
        "{} cuts:\n{}",
        failed.len(),
        failed[..failed.len().min(20)].join("\n")
    );
}

fn python_allows(s: &Sample, cut: usize, how: Reader, got: &Verdict) -> bool {
    let by_rule = by_rule(s, cut);
    let data = || s.data_before(cut);
    match s.part_at(cut) {
        Some(Part::StatusLine | Part::Fields)
            if by_rule != Verdict::Refused(HC_ERR_REMOTE_DISCONNECTED) =>
        {
            cut_head(s, cut, how, got)
        }
        Some(Part::Interim) if by_rule == Verdict::Refused(HC_ERR_INCOMPLETE) => {
            // A cut interim head is finished as well, and no answer comes behind it.
            let finished = s.place_in_part(cut) >= STATUS_END;
            let code = if finished {
                HC_ERR_REMOTE_DISCONNECTED
            } else {
                HC_ERR_BAD_STATUS_LINE
            };
            *got == Verdict::Refused(code)
        }
        Some(Part::Last | Part::Trailers) => {
            // Complete from the end of "0 CRLF" on.
            let from = s.start_of(Part::Trailers).unwrap_or(usize::MAX);
            let end = if cut >= from {
                HC_OK
            } else {
                HC_ERR_INCOMPLETE
            };
            *got == Verdict::Body(data(), end)
        }
        Some(Part::Data) if !s.to_end && s.start_of(Part::Coding).is_none() => {
            let incomplete = *got == Verdict::Body(data(), HC_ERR_INCOMPLETE);
            let clean = *got == Verdict::Body(data(), HC_OK);
            if how.may_end_either_way() {
                incomplete || clean
            } else if how.wants_it_all() {
                incomplete
            } else {
                clean
            }
        }
        _ => *got == by_rule,
    }
}

/// A head that is cut before its three digits is no head; after them it is finished, and
/// has an empty body, which a length that was already read may call short.
fn cut_head(s: &Sample, cut: usize, how: Reader, got: &Verdict) -> bool {
    let start = s.start_of(Part::StatusLine).unwrap_or(0);
    if cut < start + STATUS_END {
        return *got == Verdict::Refused(HC_ERR_BAD_STATUS_LINE);
    }
    match got {
        Verdict::Body(data, end) => {
            // A coding that was already read is missing all of its chunks.
            let short =
                how.wants_it_all() || how.may_end_either_way() || s.start_of(Part::Last).is_some();
            data.is_empty() && (*end == HC_OK || (*end == HC_ERR_INCOMPLETE && short))
        }
        // Half a line of a framing field may also be refused as what it is.
        Verdict::Refused(code) => {
            [HC_ERR_BAD_FRAMING, HC_ERR_UNKNOWN_TRANSFER_CODING].contains(code)
        }
    }
}
