//! Faults inside a chunked body.

use super::*;

/// Chunk-size lines and data of the case, after a whole chunk "ab": what was decoded
/// before the fault must come out.
fn after_ab(rest: &[u8]) -> Vec<u8> {
    chunked_ok([b"2\r\nab\r\n", rest].concat())
}

/// The body ends here with HC_ERR_BAD_CHUNK.
fn bad(body: &[u8]) -> Expect {
    cut(200, body, HC_ERR_BAD_CHUNK)
}

pub fn table() -> Vec<Case> {
    [sizes(), extensions(), ends(), trailers()].concat()
}

#[rustfmt::skip]
fn sizes() -> Vec<Case> {
    let zeros = |n: usize| [vec![b'0'; n], b"3\r\nabc\r\n0\r\n\r\n".to_vec()].concat();
    let huge = "7fffffffffffffff\r\nabc";
    let mut rows = vec![
        case(30, "17 digits", after_ab(b"10000000000000003\r\nabc\r\n")).both(bad(b"ab")),
        case(30, "over i64", after_ab(b"8000000000000000\r\nabc\r\n")).both(bad(b"ab")),
        case(30, "all ones", after_ab(b"ffffffffffffffff\r\nabc\r\n")).both(bad(b"ab")),
        case(30, "a thousand digits", after_ab(&[b'1'; 1000])).both(bad(b"ab")),
        case(30, "largest size, three bytes, end", after_ab(huge.as_bytes())).eof()
            .both(cut(200, b"ababc", HC_ERR_INCOMPLETE)),
        case(30, "64 zeros", chunked_ok(zeros(64))).both(full(200, b"abc")),
        case(30, "65 zeros", chunked_ok(zeros(65))).both(cut(200, b"", HC_ERR_LINE_TOO_LONG)),
        case(30, "upper and lower case", chunked_ok(b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"))
            .both(full(200, b"01234567890123456789")),
        case(30, "many zeros at the end", chunked_ok(b"3\r\nabc\r\n0000\r\n\r\n")).both(full(200, b"abc")),
        case(32, "blanks after the size", chunked_ok(b"3 \r\nabc\r\n0 \t \r\n\r\n")).both(full(200, b"abc")),
        case(32, "blanks before an extension", chunked_ok(b"3 \t;a=b\r\nabc\r\n0\r\n\r\n")).both(full(200, b"abc")),
        case(32, "64 blanks", chunked_ok([b"3", &[b' '; 64][..], b"\r\nabc\r\n0\r\n\r\n"].concat())).both(full(200, b"abc")),
        case(32, "65 blanks", after_ab(&[b"3", &[b' '; 65][..], b"\r\nabc\r\n0\r\n\r\n"].concat())).both(bad(b"ab")),
        // A digit after the blanks would be another number to another reader.
        case(32, "blank inside the size", after_ab(b"3 0\r\nabc\r\n")).both(bad(b"ab")),
    ];
    for (row, name, size) in [
        (31, "minus", &b"-3"[..]),
        (31, "plus", b"+3"),
        (31, "0x", b"0x3"),
        (31, "underscore", b"0_3"),
        (31, "leading blank", b" 3"),
        (31, "leading tab", b"\t3"),
        (33, "empty size", b""),
        (33, "letter after the digit", b"3g"),
        (33, "no hexadecimal at all", b"foo"),
        (33, "extension without a size", b";a=b"),
        (33, "NUL", b"3\0"),
        (33, "high byte", b"\xb3"),
    ] {
        rows.push(case(row, name, after_ab(&[size, b"\r\nabc\r\n0\r\n\r\n"].concat())).both(bad(b"ab")));
    }
    rows
}

#[rustfmt::skip]
fn extensions() -> Vec<Case> {
    let with = |ext: &[u8]| after_ab(&[b"3", ext, b"\r\nabc\r\n0\r\n\r\n"].concat());
    let long = |n: usize| with(&[b";", &vec![b'x'; n][..]].concat());
    let limit = || cut(200, b"ab", HC_ERR_LIMIT);
    let fine = || full(200, b"ababc");
    // None of them is long; what counts is their sum over the body.
    let spread: Vec<u8> = (0..20_000).flat_map(|_| [b"1;", &[b'e'; 63][..], b"\r\nx\r\n"].concat()).collect();
    vec![
        case(34, "10 KB", long(10 * 1024)).both(fine()),
        case(34, "17 KB", long(17 * 1024)).both(limit()),
        case(34, "70 KB on one line", long(70 * 1024)).both(limit()),
        case(34, "70 KB without a line end", after_ab(&[b"3;", &vec![b'x'; 70 * 1024][..]].concat())).both(limit()),
        // 16,384 bytes are 256 extensions when the semicolon counts, 260 when it does not.
        case(35, "20,000 chunks with 64 bytes each", chunked_ok(&spread))
            .both(cut(200, b"", HC_ERR_LIMIT).body_len(256..=260)),
        case(36, "semicolon with nothing", with(b";")).both(fine()),
        case(36, "two semicolons", with(b";;")).both(fine()),
        case(36, "unbalanced quote", with(b";a=\"b")).both(fine()),
        case(36, "quoted semicolon", with(b";a=\";\"")).both(fine()),
        case(36, "tab", with(b";a=\tb")).both(fine()),
        case(36, "high bytes", with(b";a=\xff\x80")).both(fine()),
        case(36, "extension of the last chunk", chunked_ok(b"3\r\nabc\r\n0;last\r\n\r\n")).both(full(200, b"abc")),
        case(36, "bare LF", with(b";a\nb")).both(bad(b"ab")),
        case(36, "bare CR", with(b";a\rb")).both(bad(b"ab")),
        case(36, "NUL", with(b";a\0b")).both(bad(b"ab")),
        case(36, "escape", with(b";a\x1bb")).both(bad(b"ab")),
        case(36, "DEL", with(b";a\x7fb")).both(bad(b"ab")),
        case(36, "vertical tab", with(b";a\x0bb")).both(bad(b"ab")),
    ]
}

#[rustfmt::skip]
fn ends() -> Vec<Case> {
    let last = b"0\r\n\r\n";
    vec![
        case(37, "XX after the data", after_ab(b"3\r\nabcXX0\r\n\r\n")).both(bad(b"ababc")),
        case(37, "data longer than its size", after_ab(b"3\r\nabcdef\r\n0\r\n\r\n")).both(bad(b"ababc")),
        case(37, "CR X after the data", after_ab(b"3\r\nabc\rX0\r\n\r\n")).both(bad(b"ababc")),
        case(37, "nothing after the data", after_ab(b"3\r\nabc0\r\n\r\n")).both(bad(b"ababc")),
        case(37, "LF after the data", after_ab(b"3\r\nabc\n0\r\n\r\n")).both(bad(b"ababc")),
        // No test of Python's needs a line end of LF only here, so no profile takes it.
        case(38, "LF only", chunked_ok(b"3\nabc\n0\n\n")).both(bad(b"")),
        case(38, "LF after the size", after_ab(b"3\nabc\r\n0\r\n\r\n")).both(bad(b"ab")),
        case(38, "LF after the last size", after_ab(b"0\n\r\n")).both(bad(b"ab")),
        case(39, "CR x after the size", after_ab(b"3\rxabc\r\n0\r\n\r\n")).both(bad(b"ab")),
        case(39, "CR CR LF after the size", after_ab(b"3\r\r\nabc\r\n0\r\n\r\n")).both(bad(b"ab")),
        case(39, "CR x after the last size", after_ab(b"0\rx")).both(bad(b"ab")),
        case(37, "several chunks", chunked_ok([b"1\r\na\r\n2\r\nb\n\r\n10\r\n0123456789abcdef\r\n", &last[..]].concat()))
            .both(full(200, b"ab\n0123456789abcdef")),
    ]
}

#[rustfmt::skip]
fn trailers() -> Vec<Case> {
    let with = |lines: &[u8]| chunked_ok([b"3\r\nabc\r\n0\r\n", lines, b"\r\n"].concat());
    let many = |n: usize| with(&b"X-T: 1\r\n".repeat(n));
    let wide = with(&[b"X-T: ".to_vec(), vec![b'v'; 1017], b"\r\n".to_vec()].concat().repeat(300));
    let dropped = || full(200, b"abc").trailers(&[]);
    vec![
        case(40, "a trailer", with(b"X-Sum: 1\r\nx-more:  two \r\n"))
            .safe(full(200, b"abc").trailers(&[("X-Sum", "1"), ("x-more", "two")]).lacks("X-Sum"))
            .python(dropped().lacks("X-Sum")),
        case(40, "framing names", with(b"Content-Length: 5\r\nX-Sum: 1\r\nTransfer-Encoding: gzip\r\n"))
            .safe(full(200, b"abc").trailers(&[("X-Sum", "1")]).lacks("Content-Length"))
            .python(dropped().lacks("Content-Length")),
        case(40, "differing framing names are dropped too",
            with(b"Content-Length: 5\r\nContent-Length: 6\r\ncontent-length: x\r\n"))
            .both(dropped()),
        case(40, "no trailer", with(b"")).both(dropped()),
        case(41, "99 trailers", many(99)).both(full(200, b"abc")),
        case(41, "101 trailers", many(101)).both(cut(200, b"abc", HC_ERR_LIMIT)),
        case(41, "1,000 trailers", many(1000)).both(cut(200, b"abc", HC_ERR_LIMIT)),
        // 300 lines of 1 KiB: over the bytes of a head with the count switched off.
        case(41, "300 KB of trailers", wide).limit(HC_LIMIT_HEADERS, 0).both(cut(200, b"abc", HC_ERR_LIMIT)),
        case(42, "no colon", with(b"X-Sum 1\r\n"))
            .safe(cut(200, b"abc", HC_ERR_BAD_HEADER)).python(dropped()),
        case(42, "NUL in the value", with(b"X-Sum: \0\r\n"))
            .safe(cut(200, b"abc", HC_ERR_BAD_HEADER)).python(dropped()),
        case(42, "NUL in the name", with(b"X\0Sum: 1\r\n"))
            .safe(cut(200, b"abc", HC_ERR_BAD_HEADER)).python(dropped()),
        case(42, "a good one after a bad one", with(b"X-Sum 1\r\nX-T: 1\r\n"))
            .safe(cut(200, b"abc", HC_ERR_BAD_HEADER)).python(dropped()),
    ]
}
