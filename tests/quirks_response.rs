//! What httplib and http.client make of answers, where they stand alone with it or differ from
//! each other: what comes of it here, in each profile. docs/python-quirks.md is the list.

mod common;
mod corpus;

use common::api::*;
use common::drivers::Wire;
use common::handle::{Conn, name};
use common::reader::Reader;
use common::talk::{self, SECOND};
use corpus::End;

const SAFE: i32 = HC_PROFILE_SAFE;
const PYTHON: i32 = HC_PROFILE_PYTHON;
const PROFILES: [i32; 2] = [SAFE, PYTHON];

/// A head that was read, and what reading all of the body gave.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: i32,
    version: i32,
    body: Result<Vec<u8>, i32>,
    closes: bool,
}

/// An answer, whose stream ends behind it, or the status of hc_getresponse.
fn ask(profile: i32, bytes: &[u8]) -> Result<Answer, i32> {
    ask_with(profile, "GET", bytes, &|_| ())
}

fn ask_with(profile: i32, method: &str, bytes: &[u8], set: &dyn Fn(&Conn)) -> Result<Answer, i32> {
    let (mut wire, c) = talk::sansio(profile);
    set(&c);
    let sent = talk::request(&c, &mut wire, method, &[], None);
    assert_eq!(sent, HC_OK, "{}", name(sent));
    wire.load(vec![bytes.to_vec()], End::Eof);
    let r = talk::answer(&c, &mut wire)?;
    let got = talk::body(&c, &mut wire, &r, Reader::All);
    Ok(Answer {
        status: r.status(),
        version: r.version(),
        body: match got.status {
            HC_OK => Ok(got.bytes),
            status => Err(status),
        },
        closes: r.will_close() != HC_KEEP_ALIVE,
    })
}

fn lines(lines: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{lines}\r\n{body}").into_bytes()
}

/// The body of an answer with these header lines, or what went wrong with head or body.
fn body(profile: i32, header: &str, rest: &str) -> Result<String, i32> {
    let answer = ask(profile, &lines(header, rest))?;
    answer
        .body
        .map(|b| String::from_utf8_lossy(&b).into_owned())
}

fn is(text: &str) -> Result<String, i32> {
    Ok(text.to_owned())
}

#[track_caller]
fn both(expected: [Result<String, i32>; 2], header: &str, rest: &str) {
    let got = PROFILES.map(|profile| body(profile, header, rest));
    assert_eq!(got, expected, "{header:?} {rest:?}");
}

/// A line of 65536 bytes with its end passes, one more does not.
#[test]
fn quirk_line_limit() {
    for profile in PROFILES {
        let with = |n: usize| {
            lines(
                &format!("A: {}\r\nContent-Length: 0\r\n", "v".repeat(n - 5)),
                "",
            )
        };
        assert!(ask(profile, &with(65_536)).is_ok());
        assert_eq!(
            ask(profile, &with(65_537)).err(),
            Some(HC_ERR_LINE_TOO_LONG)
        );
    }
}

/// 2.7 takes 100 fields, http.client counts the empty line and takes 99.
#[test]
fn quirk_header_limit() {
    for (profile, most) in [(SAFE, 100), (PYTHON, 99)] {
        let with = |n: usize| lines(&"A: b\r\n".repeat(n), "");
        assert!(ask(profile, &with(most)).is_ok());
        assert_eq!(
            ask(profile, &with(most + 1)).err(),
            Some(HC_ERR_TOO_MANY_HEADERS)
        );
    }
}

/// Python before 3.15 reads interim answers without end.
#[test]
fn quirk_interim_limit() {
    for profile in PROFILES {
        let with = |n: usize| {
            let all = "HTTP/1.1 100 Continue\r\n\r\n".repeat(n) + "HTTP/1.1 204 Done\r\n\r\n";
            ask(profile, all.as_bytes())
        };
        assert_eq!(with(99).map(|a| a.status), Ok(204));
        assert_eq!(with(100).err(), Some(HC_ERR_LIMIT));
    }
}

/// http.client takes a line without a colon for the end of the head, and loses the length behind
/// it; 2.7 skips it.
#[test]
fn quirk_line_without_colon() {
    let header = "no colon\r\nContent-Length: 2\r\n";
    both(
        [Err(HC_ERR_BAD_HEADER), is("hi, and more")],
        header,
        "hi, and more",
    );
}

/// To Python 3's email parser a lone CR ends a line: one more field. 2.7 keeps it.
#[test]
fn quirk_lone_cr_in_a_field() {
    for profile in PROFILES {
        let bytes = lines("A: x\rContent-Length: 3\r\n", "hello");
        let got = ask(profile, &bytes);
        assert_eq!(
            got.err(),
            Some(HC_ERR_BAD_HEADER),
            "no second field is made of it"
        );
    }
}

/// Both Pythons take a NUL in a value.
#[test]
fn quirk_nul_in_a_value() {
    both(
        [Err(HC_ERR_BAD_HEADER), Err(HC_ERR_BAD_HEADER)],
        "A: x\0y\r\nContent-Length: 0\r\n",
        "",
    );
}

/// 2.7 makes it the field 'content-length ', http.client ends the head there: both read on to
/// the end of the stream.
#[test]
fn quirk_blank_before_the_colon() {
    let header = "Content-Length : 3\r\n";
    both(
        [Err(HC_ERR_BAD_HEADER), Err(HC_ERR_BAD_HEADER)],
        header,
        "hello",
    );
}

/// Any blanks, '+200' and '2_00' make a status line for Python.
#[test]
fn quirk_status_line() {
    let status = |profile, line: &str| {
        let bytes = format!("{line}\r\nContent-Length: 0\r\n\r\n");
        ask(profile, bytes.as_bytes()).map(|a| a.status)
    };
    for line in ["HTTP/1.1\t200 OK", "HTTP/1.1  200  OK"] {
        assert_eq!(status(SAFE, line), Err(HC_ERR_BAD_STATUS_LINE), "{line}");
        assert_eq!(status(PYTHON, line), Ok(200), "{line}");
    }
    for line in [
        "HTTP/1.1 +200 OK",
        "HTTP/1.1 2_00 OK",
        "HTTP/1.1 99 OK",
        "HTTP/1.1 1000 OK",
    ] {
        for profile in PROFILES {
            assert_eq!(status(profile, line), Err(HC_ERR_BAD_STATUS_LINE), "{line}");
        }
    }
}

/// The end of the stream in place of an answer: 2.7 stays in Request-sent with a BadStatusLine,
/// http.client closes.
#[test]
fn quirk_end_before_the_status_line() {
    for profile in PROFILES {
        let (mut wire, c) = talk::sansio(profile);
        assert_eq!(talk::get(&c, &mut wire), HC_OK);
        wire.load(Vec::new(), End::Eof);
        assert_eq!(
            talk::answer(&c, &mut wire).err(),
            Some(HC_ERR_REMOTE_DISCONNECTED)
        );
        assert_eq!(c.state(), HC_STATE_IDLE);
        talk::refused_then_fresh(&c, &mut wire);
    }
}

/// Python gives 102 and 103 as the final answer, and the true one to the next request.
#[test]
fn quirk_interim_as_final() {
    for profile in PROFILES {
        for status in [100, 102, 103, 199] {
            let bytes = format!("HTTP/1.1 {status} Wait\r\nA: b\r\n\r\n");
            let (mut wire, c) = talk::sansio(profile);
            assert_eq!(talk::get(&c, &mut wire), HC_OK);
            wire.load(vec![bytes.into_bytes(), SECOND.to_vec()], End::Open);
            let r = talk::answer(&c, &mut wire).unwrap_or_else(|s| panic!("{}", name(s)));
            assert_eq!(r.status(), 200);
            assert_eq!(talk::body(&c, &mut wire, &r, Reader::All).bytes, b"second");
            assert_eq!(
                talk::exchange(&c, &mut wire, SECOND),
                (200, b"second".to_vec())
            );
        }
    }
}

/// HTTP/1.9 is 1.1, HTTP/2.0 and 'http/1.1' are nothing; Python leaves the connection in
/// Request-sent after that.
#[test]
fn quirk_versions() {
    for profile in PROFILES {
        let told = |version: &str| {
            let bytes = format!("{version} 204 No\r\n\r\n");
            ask(profile, bytes.as_bytes()).map(|a| a.version)
        };
        assert_eq!(told("HTTP/1.0"), Ok(10));
        assert_eq!(told("HTTP/1.1"), Ok(11));
        assert_eq!(told("HTTP/1.9"), Ok(11));
        assert_eq!(told("HTTP/2.0"), Err(HC_ERR_UNKNOWN_PROTOCOL));
        assert_eq!(told("http/1.1"), Err(HC_ERR_BAD_STATUS_LINE));
    }
}

/// Anything else is the body of an HTTP/0.9 answer in 2.7, whose first line comes back first.
#[test]
fn quirk_http_0_9() {
    for profile in PROFILES {
        assert_eq!(ask(profile, b"<p>\nhi").err(), Some(HC_ERR_BAD_STATUS_LINE));
    }
    // SAFETY: `ok` passes the live handle.
    let set = |c: &Conn| c.ok(|p| unsafe { hc_set_lenient(p, 32_768) });
    let got = ask_with(SAFE, "GET", b"<p>\nhi", &set).unwrap_or_else(|s| panic!("{}", name(s)));
    assert_eq!((got.status, got.version, got.closes), (200, 9, true));
    assert_eq!(got.body, Ok(b"<p>\nhi".to_vec()));
}

/// Only a value that is 'chunked' to the letter makes chunks for Python.
#[test]
fn quirk_transfer_encoding() {
    let chunks = "2\r\nhi\r\n0\r\n\r\n";
    both(
        [is("hi"), is("hi")],
        "Transfer-Encoding: chunked \r\n",
        chunks,
    );
    both(
        [is("hi"), is("hi")],
        "Transfer-Encoding: ChunkED\r\n",
        chunks,
    );
    both(
        [Err(HC_ERR_UNKNOWN_TRANSFER_CODING), is(chunks)],
        "Transfer-Encoding: gzip, chunked\r\n",
        chunks,
    );
    // Twice: 2.7 reads the chunks as they stand, http.client decodes them.
    let twice = "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n";
    both(
        [Err(HC_ERR_BAD_FRAMING), Err(HC_ERR_BAD_FRAMING)],
        twice,
        chunks,
    );
}

/// What int() takes for a number, and of two lengths the first or none.
#[test]
fn quirk_content_length() {
    let with = |value: &str| format!("Content-Length: {value}\r\n");
    for value in ["+5", "5_0"] {
        both(
            [Err(HC_ERR_BAD_FRAMING), Err(HC_ERR_BAD_FRAMING)],
            &with(value),
            "hello",
        );
    }
    // No length for Python: to the end.
    for value in ["-1", "abc", "0x5", "\u{b2}"] {
        both(
            [Err(HC_ERR_BAD_FRAMING), is("hello")],
            &with(value),
            "hello",
        );
    }
    both([is("hello"), is("hello")], &with("5, 5"), "hello");
    both(
        [Err(HC_ERR_BAD_FRAMING), Err(HC_ERR_BAD_FRAMING)],
        &with("3, 5"),
        "hello",
    );
    let differ = with("3") + &with("5");
    both(
        [Err(HC_ERR_BAD_FRAMING), Err(HC_ERR_BAD_FRAMING)],
        &differ,
        "hello",
    );
    let equal = with("5") + &with("5");
    both([is("hello"), is("hello")], &equal, "hello");
}

/// For Python a 204 or 304 in chunks has a body.
#[test]
fn quirk_chunks_without_a_body() {
    for profile in PROFILES {
        for status in [204, 304] {
            let bytes = format!(
                "HTTP/1.1 {status} No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
            );
            let got = ask(profile, bytes.as_bytes()).unwrap_or_else(|s| panic!("{}", name(s)));
            assert_eq!((got.status, got.body), (status, Ok(Vec::new())));
        }
        let head = ask_with(
            profile,
            "HEAD",
            &lines("Transfer-Encoding: chunked\r\n", ""),
            &|_| (),
        );
        assert_eq!(head.map(|a| a.body), Ok(Ok(Vec::new())));
    }
}

/// Python looks for 'close' anywhere in Connection, and keeps a 1.0 connection for a Keep-Alive
/// field whatever else is said.
#[test]
fn quirk_connection_words() {
    let closes = |version: &str, header: &str| {
        let bytes = format!("HTTP/{version} 200 OK\r\nContent-Length: 0\r\n{header}\r\n");
        PROFILES.map(|profile| ask(profile, bytes.as_bytes()).map(|a| a.closes))
    };
    assert_eq!(closes("1.1", "Connection: notclosed\r\n"), [Ok(false); 2]);
    assert_eq!(closes("1.1", "Connection: x, Close\r\n"), [Ok(true); 2]);
    let both = "Keep-Alive: timeout=9\r\nConnection: close\r\n";
    assert_eq!(closes("1.0", both), [Ok(true); 2]);
    assert_eq!(closes("1.0", "Connection: keep-alive\r\n"), [Ok(false); 2]);
    assert_eq!(
        closes("1.0", "Proxy-Connection: keep-alive\r\n"),
        [Ok(false); 2]
    );
    assert_eq!(closes("1.0", ""), [Ok(true); 2]);
}

/// An answer without a body stays unread in Python until somebody reads it.
#[test]
fn quirk_empty_answers_stay_unread() {
    for (profile, unread) in [(SAFE, false), (PYTHON, true)] {
        let (mut wire, c) = talk::sansio(profile);
        assert_eq!(talk::get(&c, &mut wire), HC_OK);
        wire.load(vec![b"HTTP/1.1 204 No\r\n\r\n".to_vec()], End::Open);
        let r = talk::answer(&c, &mut wire).unwrap_or_else(|s| panic!("{}", name(s)));
        assert_eq!(r.is_closed(), !unread);
        assert_eq!(r.read(0), (HC_OK, Vec::new()));
        assert!(r.is_closed());
    }
}

/// read(0) gives nothing, and closes only what has nothing left.
#[test]
fn quirk_read_nothing() {
    for profile in PROFILES {
        let (mut wire, c) = talk::sansio(profile);
        assert_eq!(talk::get(&c, &mut wire), HC_OK);
        wire.load(vec![SECOND.to_vec()], End::Open);
        let r = talk::answer(&c, &mut wire).unwrap_or_else(|s| panic!("{}", name(s)));
        assert_eq!(r.read(0), (HC_OK, Vec::new()));
        assert!(!r.is_closed());
        assert_eq!(r.read(9), (HC_OK, b"second".to_vec()));
        assert!(r.is_closed());
    }
}

/// A sized read of a body that was cut short ends like a whole one in Python; reading all of it
/// fails there too.
#[test]
fn quirk_short_body() {
    for (profile, end) in [(SAFE, HC_ERR_INCOMPLETE), (PYTHON, HC_OK)] {
        let bytes = lines("Content-Length: 9\r\n", "short");
        let (mut wire, c) = talk::sansio(profile);
        assert_eq!(talk::get(&c, &mut wire), HC_OK);
        wire.load(vec![bytes.clone()], End::Eof);
        let r = talk::answer(&c, &mut wire).unwrap_or_else(|s| panic!("{}", name(s)));
        let got = talk::body(&c, &mut wire, &r, Reader::Read(4));
        assert_eq!((got.status, got.bytes), (end, b"short".to_vec()));
        assert_eq!(
            ask(profile, &bytes).map(|a| a.body),
            Ok(Err(HC_ERR_INCOMPLETE))
        );
    }
}

/// int(x, 16) of a chunk's size, and what stands where the CRLF behind its data should be.
#[test]
fn quirk_chunk_sizes() {
    let te = "Transfer-Encoding: chunked\r\n";
    let bad = || Err(HC_ERR_BAD_CHUNK);
    for size in ["+2", "0x2", " 2", "-2", "0_2", "", "g"] {
        both([bad(), bad()], te, &format!("{size}\r\nhi\r\n0\r\n\r\n"));
    }
    both([is("hi"), is("hi")], te, "2 \r\nhi\r\n0\r\n\r\n");
    both([is("hi"), is("hi")], te, "2;ext=\"a;b\"\r\nhi\r\n0\r\n\r\n");
    both([bad(), bad()], te, "2\r\nhiXX0\r\n\r\n");
    both([bad(), bad()], te, "2\nhi\r\n0\r\n\r\n");
}

/// http.client drops the part of a chunk that did arrive.
#[test]
fn quirk_truncated_chunk() {
    for profile in PROFILES {
        let (mut wire, c) = talk::sansio(profile);
        assert_eq!(talk::get(&c, &mut wire), HC_OK);
        let bytes = lines("Transfer-Encoding: chunked\r\n", "2\r\nab\r\n9\r\nshort");
        wire.load(vec![bytes], End::Eof);
        let r = talk::answer(&c, &mut wire).unwrap_or_else(|s| panic!("{}", name(s)));
        let got = talk::body(&c, &mut wire, &r, Reader::Read(64));
        assert_eq!(
            (got.status, got.bytes),
            (HC_ERR_INCOMPLETE, b"abshort".to_vec())
        );
    }
}

/// For Python the end of the stream ends the trailers, and trailers are dropped.
#[test]
fn quirk_trailers() {
    let te = "Transfer-Encoding: chunked\r\n";
    for rest in ["2\r\nhi\r\n0\r\n", "2\r\nhi\r\n0\r\nX: y\r\n"] {
        both([Err(HC_ERR_INCOMPLETE), is("hi")], te, rest);
    }
    both(
        [Err(HC_ERR_BAD_HEADER), is("hi")],
        te,
        "2\r\nhi\r\n0\r\nno colon\r\n\r\n",
    );
    for (profile, kept) in [(SAFE, 1), (PYTHON, 0)] {
        let (mut wire, c) = talk::sansio(profile);
        assert_eq!(talk::get(&c, &mut wire), HC_OK);
        wire.load(vec![lines(te, "2\r\nhi\r\n0\r\nX: y\r\n\r\n")], End::Open);
        let r = talk::answer(&c, &mut wire).unwrap_or_else(|s| panic!("{}", name(s)));
        assert_eq!(talk::body(&c, &mut wire, &r, Reader::All).bytes, b"hi");
        assert_eq!(r.trailers().len(), kept);
    }
}

/// Up to 3.12 read1() of the last byte leaves the response open; peek() shows what stands behind
/// the body.
#[test]
fn quirk_read1_and_peek_at_the_end() {
    for profile in PROFILES {
        let (mut wire, c) = talk::sansio(profile);
        assert_eq!(talk::get(&c, &mut wire), HC_OK);
        let ahead = [SECOND, b"HTTP/1.1 200 ahead"].concat();
        wire.load(vec![ahead], End::Open);
        let r = talk::answer(&c, &mut wire).unwrap_or_else(|s| panic!("{}", name(s)));
        assert_eq!(r.peek(), (HC_OK, b"second".to_vec()));
        assert_eq!(r.read1(64), (HC_OK, b"second".to_vec()));
        assert!(r.is_closed());
        assert_eq!(r.peek(), (HC_OK, Vec::new()));
    }
}

/// A body to the end of the stream: the last byte does not close, the end does.
#[test]
fn quirk_body_to_the_end() {
    for profile in PROFILES {
        let (mut wire, c) = talk::sansio(profile);
        assert_eq!(talk::get(&c, &mut wire), HC_OK);
        wire.load(vec![lines("", "all")], End::Open);
        let r = talk::answer(&c, &mut wire).unwrap_or_else(|s| panic!("{}", name(s)));
        assert_eq!(r.will_close(), HC_CLOSE_NO_LENGTH);
        assert_eq!(r.remaining(), -1);
        assert_eq!(r.read(64), (HC_OK, b"all".to_vec()));
        assert!(!r.is_closed());
        wire.load(Vec::new(), End::Eof);
        let got = talk::body(&c, &mut wire, &r, Reader::Read(9));
        assert_eq!((got.status, got.bytes), (HC_OK, Vec::new()));
        assert!(r.is_closed());
    }
}

/// A response that is closed with its body unread makes Python take the rest for the next one.
#[test]
fn quirk_closed_unread() {
    for profile in PROFILES {
        let (mut wire, c) = talk::sansio(profile);
        assert_eq!(talk::get(&c, &mut wire), HC_OK);
        wire.load(vec![SECOND.to_vec()], End::Open);
        let r = talk::answer(&c, &mut wire).unwrap_or_else(|s| panic!("{}", name(s)));
        assert_eq!(r.close(), HC_OK);
        drop(r);
        // The rest was short enough to skip; nothing of it is in the next answer.
        assert_eq!(
            talk::exchange(&c, &mut wire, SECOND),
            (200, b"second".to_vec())
        );
    }
}

/// A second request behind an unread answer: http.client loses the second answer in a buffer.
#[test]
fn quirk_pipelined_answer() {
    for profile in PROFILES {
        let (mut wire, c) = talk::sansio(profile);
        assert_eq!(talk::get(&c, &mut wire), HC_OK);
        wire.load(vec![[SECOND, SECOND].concat()], End::Open);
        let r = talk::answer(&c, &mut wire).unwrap_or_else(|s| panic!("{}", name(s)));
        assert_eq!(talk::get(&c, &mut wire), HC_OK);
        assert_eq!(talk::body(&c, &mut wire, &r, Reader::All).bytes, b"second");
        drop(r);
        let r = talk::answer(&c, &mut wire).unwrap_or_else(|s| panic!("{}", name(s)));
        assert_eq!(talk::body(&c, &mut wire, &r, Reader::All).bytes, b"second");
    }
}

/// After an answer that cannot be read Python stays in Request-sent, with every further call
/// failing.
#[test]
fn quirk_stuck_after_a_bad_answer() {
    for profile in PROFILES {
        for bytes in ["hello\r\n\r\n", "HTTP/3.0 200 OK\r\n\r\n"] {
            let (mut wire, c) = talk::sansio(profile);
            assert_eq!(talk::get(&c, &mut wire), HC_OK);
            wire.load(vec![bytes.into()], End::Open);
            assert!(talk::answer(&c, &mut wire).is_err());
            assert_eq!(c.state(), HC_STATE_IDLE);
            talk::refused_then_fresh(&c, &mut wire);
        }
    }
}
