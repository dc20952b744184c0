//! The interface of Python 1.5's httplib beside the one that Python 2.7 still has: the same
//! request, the same answers, read in the same ways.

// A test that panics has said what it had to say; so has what it calls.
#![allow(clippy::expect_used)]

mod python;

use httpclient::error::Code;
use httpclient::ffi::compat15::{hc15_conn, hc15_free, hc15_http, hc15_new};
use httpclient::ffi::compat15_reply::{hc15_getfile, hc15_getreply, hc15_getresponse_handle};
use httpclient::ffi::compat15_request::{hc15_endheaders, hc15_putheader, hc15_putrequest};
use httpclient::ffi::conn::hc_adopt_fd;
use httpclient::ffi::fields::{hr_header_count, hr_header_raw};
use python::Python;
use std::ffi::CStr;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;
use std::ptr;

const SCRIPT: &str = include_str!("python/compat15.py");

struct Case {
    answer: Vec<u8>,
    ops: Vec<String>,
}

fn case(answer: &[u8], ops: &str) -> Case {
    Case {
        answer: answer.to_vec(),
        ops: ops.split(',').map(str::to_owned).collect(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn theirs(python: &Python, cases: &[Case]) -> Vec<String> {
    let line = |c: &Case| format!("{}\t{}\n", hex(&c.answer), c.ops.join(","));
    let output = python.run(SCRIPT, &cases.iter().map(line).collect::<String>());
    let lines: Vec<String> = output.lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), cases.len());
    lines
}

/// A stream, closed at the end.
struct File(*mut libc::FILE);

impl File {
    fn read(&self, most: usize) -> Vec<u8> {
        let mut bytes = vec![0; most];
        // SAFETY: there is room for so many, and the stream is open.
        let n = unsafe { libc::fread(bytes.as_mut_ptr().cast(), 1, most, self.0) };
        bytes.truncate(n);
        bytes
    }

    fn line(&self) -> Vec<u8> {
        let mut line = Vec::new();
        // SAFETY: the stream is open.
        while let Ok(b) = u8::try_from(unsafe { libc::fgetc(self.0) }) {
            line.push(b);
            if b == b'\n' {
                break;
            }
        }
        line
    }

    fn step(&self, op: &str) -> String {
        match op {
            "a" => hex(&self.read(1 << 16)),
            "l" => hex(&self.line()),
            "L" => {
                let lines = std::iter::repeat_with(|| self.line()).take_while(|l| !l.is_empty());
                lines.map(|l| hex(&l)).collect::<Vec<_>>().join("|")
            }
            _ => hex(&self.read(op[1..].parse().expect("a number"))),
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: opened by hc15_getfile and closed here only.
        unsafe { libc::fclose(self.0) };
    }
}

fn ours(case: &Case) -> String {
    let (mut server, client) = UnixStream::pair().expect("a socket pair");
    let mut h = ptr::null_mut();
    // SAFETY: valid arguments.
    let made = unsafe { hc15_new(c"example.test".as_ptr(), 0, &raw mut h) };
    assert_eq!(made, Code::HC_OK);
    // SAFETY: a live handle.
    let c = unsafe { hc15_conn(h) };
    let fd = client.into_raw_fd();
    // SAFETY: a live handle, and a socket that is given away.
    assert_eq!(unsafe { hc_adopt_fd(c, fd) }, Code::HC_OK);
    send_request(h);
    // Not before: a connection that speaks unasked is not used.
    server.write_all(&case.answer).expect("it fits");
    server.shutdown(Shutdown::Write).expect("it is open");
    let outcome = reply(h, &mut server, case);
    // SAFETY: made above.
    unsafe { hc15_free(h) };
    outcome
}

fn send_request(h: *mut hc15_http) {
    // SAFETY: a live handle and strings.
    let line = unsafe { hc15_putrequest(h, c"GET".as_ptr(), c"/x".as_ptr()) };
    // SAFETY: as above.
    let field = unsafe { hc15_putheader(h, c"Accept".as_ptr(), c"text/html".as_ptr()) };
    // SAFETY: as above.
    let end = unsafe { hc15_endheaders(h) };
    assert_eq!([line, field, end], [Code::HC_OK; 3]);
}

fn reply(h: *mut hc15_http, server: &mut UnixStream, case: &Case) -> String {
    let (mut status, mut reason) = (0, ptr::null());
    // SAFETY: a live handle and valid places.
    let code = unsafe { hc15_getreply(h, &raw mut status, &raw mut reason, ptr::null_mut()) };
    if code != Code::HC_OK {
        return format!("raised {code:?}");
    }
    let mut sent = [0; 4096];
    let n = server.read(&mut sent).expect("a request");
    // SAFETY: HC_OK says that it is a string.
    let reason = unsafe { CStr::from_ptr(reason) }.to_bytes();
    let mut parts = vec![hex(&sent[..n]), status.to_string(), hex(reason)];
    if status != -1 {
        parts.push(hex(&raw_fields(h)));
        let mut stream = ptr::null_mut();
        // SAFETY: a live handle and a valid place.
        assert_eq!(unsafe { hc15_getfile(h, &raw mut stream) }, Code::HC_OK);
        let file = File(stream);
        parts.extend(case.ops.iter().map(|op| file.step(op)));
    }
    parts.join(" ")
}

fn raw_fields(h: *mut hc15_http) -> Vec<u8> {
    let mut r = ptr::null_mut();
    // SAFETY: a live handle and a valid place.
    let code = unsafe { hc15_getresponse_handle(h, &raw mut r) };
    assert_eq!(code, Code::HC_OK);
    let mut all = Vec::new();
    // SAFETY: a live response.
    for index in 0..unsafe { hr_header_count(r) } {
        let (mut line, mut len) = ([0_u8; 256], 0);
        // SAFETY: a live response and valid places.
        let code =
            unsafe { hr_header_raw(r, index, line.as_mut_ptr().cast(), line.len(), &raw mut len) };
        assert_eq!(code, Code::HC_OK);
        all.extend_from_slice(&line[..len]);
    }
    all
}

/// First lines that are no status lines, each with more behind it.
const FIRST_LINES: &[&[u8]] = &[
    b"first line\r\n",
    b"x\n",
    b"\r\n",
    b"\n",
    b"HTTPS/1.0 200 OK\r\n",
    b"http/1.0 200 OK\r\n",
    b"HTTX 200 OK\n",
    b"<html>\xff\x00 and so on\n",
    b"no line end at all",
];

/// Reads in a mixed order: a fixed sequence of numbers that looks like none.
fn mixed_ops(seed: u32, most: usize) -> String {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = |n: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % n
    };
    let mut ops: Vec<String> = (0..most)
        .map(|_| match next(5) {
            0 | 1 => format!("r{}", next(16)),
            2 => format!("r{}", next(40)),
            _ => "l".to_owned(),
        })
        .collect();
    ops.push(if next(2) == 0 { "a" } else { "L" }.to_owned());
    ops.join(",")
}

fn same_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, first) in FIRST_LINES.iter().enumerate() {
        let answer = [*first, b"second\n\nfourth line\r\nlast"].concat();
        for ops in ["a,a", "l,l,l,l,l,l", "L,L", "l,a", "l,L", "r1,l,L", "r0,a"] {
            cases.push(case(&answer, ops));
        }
        // Around the end of the first line, where one reader hands over to the other.
        for n in first.len().saturating_sub(2)..first.len() + 3 {
            for then in ["a", "l,a", "L", "r3,a"] {
                cases.push(case(&answer, &format!("r{n},{then}")));
            }
        }
        for seed in 0..30 {
            cases.push(case(&answer, &mixed_ops(seed * 100 + number as u32, 6)));
        }
        cases.push(case(first, "a,a"));
        cases.push(case(first, "l,l"));
    }
    let answers: &[&[u8]] = &[
        b"",
        b"HTTP/1.0 200 OK\r\nA: b\r\nC:  d \r\n\r\none\ntwo\r\nthree",
        b"HTTP/1.0 200 OK\r\nA: b\r\n c\r\nD: e\r\n\r\n",
        b"HTTP/1.0 200 OK\nA: b\n\nbody",
        b"HTTP/1.0 404 Not  Found \r\n\r\nno",
        b"HTTP/1.0 404\r\n\r\nno",
        b"HTTP/1.0 404 \r\n\r\nno",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.9 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
        b"HTTP/1.0 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\nx",
        b"HTTP/1.0 abc\r\n\r\n",
        b"HTTP/1.0 abc what\r\nA: b\r\n\r\n",
        b"HTTP/1.0 099 low\r\n\r\n",
        b"HTTP/1.0 1000 high\n\n",
        b"HTTP/1.0 -1 below\r\n\r\n",
        b"HTTP/1.0 2x0\r\n\r\n",
    ];
    for answer in answers {
        for ops in ["a,a", "l,l,l", "L", "r3,l,a"] {
            cases.push(case(answer, ops));
        }
    }
    cases
}

#[test]
fn python_2_gives_the_same() {
    let cases = same_cases();
    assert!(cases.len() > 500);
    for python in Python::all((2, 7, 9), (2, 8, 0)) {
        for (case, theirs) in cases.iter().zip(theirs(&python, &cases)) {
            let shown = String::from_utf8_lossy(&case.answer);
            assert_eq!(ours(case), theirs, "{shown:?} {:?}", case.ops);
        }
        println!(
            "{:?}: {} answers read in the same way",
            python.version,
            cases.len()
        );
    }
}

/// Where we are stricter, or do what Python left to its callers: answer, what Python's reply
/// ends in, what ours ends in.
const DIFFERENT: &[(&[u8], &str, &str)] = &[
    // A head that is cut off is no answer.
    (
        b"HTTP/1.0 200 OK\r\nA: b\r\n",
        " 200 4f4b 413a20620d0a ",
        "raised HC_ERR_INCOMPLETE",
    ),
    (b"HTT", " 200   485454", "raised HC_ERR_INCOMPLETE"),
    // What begins like a status line is none, and is no HTTP/0.9 either.
    (
        b"HTTP/1.0\r\nx",
        " 200   485454502f312e300d0a78",
        " -1 485454502f312e300d0a",
    ),
    // Python takes any number of blanks, and what int() takes.
    (
        b"HTTP/1.0  200 OK\r\n\r\n",
        " 200 4f4b  ",
        " -1 485454502f312e302020323030204f4b0d0a",
    ),
    (
        b"HTTP/1.0 +200 OK\r\n\r\n",
        " 200 4f4b  ",
        " -1 485454502f312e30202b323030204f4b0d0a",
    ),
    // HTTP/0.9 has no status line to say so.
    (
        b"HTTP/0.9 200 OK\r\nx",
        " 200 4f4b  78",
        "raised HC_ERR_UNKNOWN_PROTOCOL",
    ),
    (
        b"HTTP/2.0 200 OK\r\n\r\n",
        "raised UnknownProtocol",
        "raised HC_ERR_UNKNOWN_PROTOCOL",
    ),
    // Python's file is the socket, ours the body: without framing, and ending where it ends.
    (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        " 310d0a780d0a300d0a0d0a",
        " 78",
    ),
    (
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nxy",
        " 7879",
        " 78",
    ),
    // All 1xx but 101 are interim, not only 100.
    (
        b"HTTP/1.1 102 P\r\n\r\nHTTP/1.0 200 OK\r\n\r\nx",
        " 102 50  485454502f312e3020323030204f4b0d0a0d0a78",
        " 200 4f4b  78",
    ),
];

#[test]
fn where_python_2_gives_something_else() {
    let cases: Vec<Case> = DIFFERENT
        .iter()
        .map(|(answer, ..)| case(answer, "a"))
        .collect();
    for (case, (_, _, end)) in cases.iter().zip(DIFFERENT) {
        let ours = ours(case);
        assert!(
            ours.ends_with(end),
            "{:?}: {ours}",
            String::from_utf8_lossy(&case.answer)
        );
    }
    for python in Python::all((2, 7, 9), (2, 8, 0)) {
        let all = theirs(&python, &cases);
        for ((case, (_, end, _)), theirs) in cases.iter().zip(DIFFERENT).zip(all) {
            let shown = String::from_utf8_lossy(&case.answer);
            assert!(theirs.ends_with(end), "{shown:?}: {theirs}");
        }
    }
}
