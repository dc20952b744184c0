//! The one case format: bytes of a response, and what must come out in each profile.
//!
//! A table row reads: number of the fault, a name, the bytes, then `.both(...)` or
//! `.safe(...).python(...)` with one of
//!
//! * `full(status, body)`: the response is complete, and the connection serves another
//!   exchange; `.closing(reasons)` or `.not_reused()` take the second half back,
//! * `refused(code)`: no response, the error comes from the head,
//! * `cut(status, body, code)`: a response whose body ends in an error after these bytes,
//! * `short(status, body)`: the python profile's answer to a body cut before its declared
//!   end: sized reads end without an error, reading it all does not,
//! * `tunnel(status, leftover)`: the connection is no longer HTTP.
//!
//! The tables say what the library must do; `common::check` says how it is tried.

// Each test binary compiles all tables and uses one; `pub` means "for the tests".
#![allow(dead_code, unreachable_pub)]

pub mod chunked;
pub mod framing;
pub mod head;
pub mod memory;
pub mod sequence;

use crate::common::api::*;

/// What the peer does after its last byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Waits for the next request.
    Open,
    /// Closes its side.
    Eof,
}

/// How a message ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Complete,
    /// `hr_read` and its kin end cleanly, `hr_read_all` says HC_ERR_INCOMPLETE.
    ShortLength,
    Error(i32),
    /// The bytes that came after the head belong to the caller.
    Tunnel(Vec<u8>),
}

#[derive(Clone, Debug)]
pub struct Expect {
    /// The call for the head failed with this code; nothing else below counts.
    pub head_error: Option<i32>,
    /// The error must be there when this many bytes have arrived.
    pub by: Option<usize>,
    /// Words that the sentence of the error must hold, when all bytes came at once.
    pub says: Option<&'static str>,
    pub status: i32,
    pub version: Option<i32>,
    pub reason: Option<&'static [u8]>,
    pub has: Vec<(&'static str, Vec<u8>)>,
    pub lacks: Vec<&'static str>,
    pub fields: Option<usize>,
    pub interim: Vec<i32>,
    pub body: Vec<u8>,
    /// Instead of `body`, where the bytes before a limit depend on how the limit counts.
    pub body_len: Option<std::ops::RangeInclusive<u64>>,
    pub outcome: Outcome,
    pub trailers: Option<Vec<(&'static str, &'static str)>>,
    pub remaining: Option<i64>,
    /// Allowed answers of hr_will_close; `None`: not said.
    pub closing: Option<&'static [i32]>,
    /// Does the connection serve another exchange? `None`: either is right.
    pub reused: Option<bool>,
}

#[derive(Clone, Debug)]
pub struct Case {
    pub row: u16,
    pub name: &'static str,
    pub method: &'static str,
    pub target: &'static str,
    pub headers: Vec<(&'static str, &'static str)>,
    pub limits: Vec<(i32, u64)>,
    pub response: Vec<u8>,
    pub end: End,
    pub safe: Expect,
    pub python: Expect,
    /// Too long for every split, or for reading byte by byte; `common::split` says what
    /// is left.
    pub large: bool,
}

pub fn case(row: u16, name: &'static str, response: impl AsRef<[u8]>) -> Case {
    let response = response.as_ref().to_vec();
    Case {
        row,
        name,
        method: "GET",
        target: "/",
        headers: Vec::new(),
        limits: Vec::new(),
        large: response.len() > 4096,
        response,
        end: End::Open,
        // A case without an expectation fails: no library returns this code.
        safe: refused(i32::MIN),
        python: refused(i32::MIN),
    }
}

impl Case {
    pub fn both(mut self, e: Expect) -> Self {
        self.safe = e.clone();
        self.python = e;
        self
    }

    pub fn safe(mut self, e: Expect) -> Self {
        self.safe = e;
        self
    }

    pub fn python(mut self, e: Expect) -> Self {
        self.python = e;
        self
    }

    pub fn eof(mut self) -> Self {
        self.end = End::Eof;
        self
    }

    /// A long run of like bytes or heads, shorter than 4 KiB: a cut in one place of it is a
    /// cut in any.
    pub fn uniform(mut self) -> Self {
        self.large = true;
        self
    }

    pub fn method(mut self, method: &'static str, target: &'static str) -> Self {
        self.method = method;
        self.target = target;
        self
    }

    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub fn limit(mut self, kind: i32, n: u64) -> Self {
        self.limits.push((kind, n));
        self
    }

    pub fn expect(&self, profile: i32) -> &Expect {
        if profile == HC_PROFILE_PYTHON {
            &self.python
        } else {
            &self.safe
        }
    }
}

fn expect(status: i32, body: &[u8], outcome: Outcome) -> Expect {
    Expect {
        head_error: None,
        by: None,
        says: None,
        status,
        version: None,
        reason: None,
        has: Vec::new(),
        lacks: Vec::new(),
        fields: None,
        interim: Vec::new(),
        body: body.to_vec(),
        body_len: None,
        outcome,
        trailers: None,
        remaining: None,
        closing: None,
        reused: Some(false),
    }
}

pub fn full(status: i32, body: impl AsRef<[u8]>) -> Expect {
    let mut e = expect(status, body.as_ref(), Outcome::Complete);
    e.closing = Some(&[HC_KEEP_ALIVE]);
    e.reused = Some(true);
    e
}

pub fn refused(code: i32) -> Expect {
    let mut e = expect(0, b"", Outcome::Error(code));
    e.head_error = Some(code);
    e
}

pub fn cut(status: i32, body: impl AsRef<[u8]>, code: i32) -> Expect {
    expect(status, body.as_ref(), Outcome::Error(code))
}

pub fn short(status: i32, body: impl AsRef<[u8]>) -> Expect {
    expect(status, body.as_ref(), Outcome::ShortLength)
}

pub fn tunnel(status: i32, leftover: impl AsRef<[u8]>) -> Expect {
    let mut e = expect(status, b"", Outcome::Tunnel(leftover.as_ref().to_vec()));
    e.closing = Some(&[HC_CLOSE_UPGRADE]);
    e
}

/// The body of the whole rest of the connection.
pub fn to_eof(status: i32, body: impl AsRef<[u8]>) -> Expect {
    full(status, body).closing(&[HC_CLOSE_NO_LENGTH])
}

impl Expect {
    /// hr_will_close gives one of these, and the connection is not used again.
    pub fn closing(mut self, reasons: &'static [i32]) -> Self {
        self.closing = Some(reasons);
        self.reused = Some(false);
        self
    }

    /// The head promises to keep the connection, but it must not serve again.
    pub fn not_reused(mut self) -> Self {
        self.reused = Some(false);
        self
    }

    pub fn reuse_free(mut self) -> Self {
        self.closing = None;
        self.reused = None;
        self
    }

    pub fn by(mut self, n: usize) -> Self {
        self.by = Some(n);
        self
    }

    pub fn says(mut self, words: &'static str) -> Self {
        self.says = Some(words);
        self
    }

    pub fn version(mut self, v: i32) -> Self {
        self.version = Some(v);
        self
    }

    pub fn reason(mut self, reason: &'static [u8]) -> Self {
        self.reason = Some(reason);
        self
    }

    pub fn has(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.has.push((name, value.as_ref().to_vec()));
        self
    }

    pub fn lacks(mut self, name: &'static str) -> Self {
        self.lacks.push(name);
        self
    }

    pub fn fields(mut self, n: usize) -> Self {
        self.fields = Some(n);
        self
    }

    pub fn interim(mut self, statuses: &[i32]) -> Self {
        self.interim = statuses.to_vec();
        self
    }

    pub fn trailers(mut self, list: &[(&'static str, &'static str)]) -> Self {
        self.trailers = Some(list.to_vec());
        self
    }

    pub fn body_len(mut self, range: std::ops::RangeInclusive<u64>) -> Self {
        self.body_len = Some(range);
        self
    }

    pub fn remaining(mut self, n: i64) -> Self {
        self.remaining = Some(n);
        self
    }
}

/// "HTTP/1.1 200 OK", the given lines, an empty line, then `body`.
pub fn ok(lines: &[&[u8]], body: impl AsRef<[u8]>) -> Vec<u8> {
    message(b"HTTP/1.1 200 OK", lines, body)
}

pub fn message(status_line: &[u8], lines: &[&[u8]], body: impl AsRef<[u8]>) -> Vec<u8> {
    let mut out = [status_line, b"\r\n"].concat();
    for line in lines {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body.as_ref());
    out
}

/// A 200 whose body is these bytes of the chunked coding.
pub fn chunked_ok(coded: impl AsRef<[u8]>) -> Vec<u8> {
    ok(&[b"Transfer-Encoding: chunked"], coded)
}

/// Three bytes of `a`, in the chunked coding.
pub const ABC: &[u8] = b"3\r\nabc\r\n0\r\n\r\n";
