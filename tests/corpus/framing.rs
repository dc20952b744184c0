//! Faults of response framing: which body does this response have?

use super::*;

/// A 200 with this Content-Length value and five bytes of body.
fn length(value: &[u8]) -> Vec<u8> {
    ok(&[&[b"Content-Length: ", value].concat()], b"hello")
}

/// A 200 with this Transfer-Encoding value and the chunked form of "abc".
fn coding(value: &[u8]) -> Vec<u8> {
    ok(&[&[b"Transfer-Encoding: ", value].concat()], ABC)
}

pub fn table() -> Vec<Case> {
    [
        content_length(),
        transfer_encoding(),
        bodiless(),
        persistence(),
    ]
    .concat()
}

#[rustfmt::skip]
fn content_length() -> Vec<Case> {
    let bad = || refused(HC_ERR_BAD_FRAMING);
    // A value that Python cannot read counts as absent there, so the body is the rest.
    // The closed connection is ours: a length was meant, and nobody knows which.
    let absent = || {
        full(200, b"hello").closing(&[HC_CLOSE_NO_LENGTH, HC_CLOSE_AMBIGUOUS_FRAMING])
    };
    let zeros = |n: usize| length(&[vec![b'0'; n], b"5".to_vec()].concat());
    let two = |a: &[u8], b: &[u8]| {
        ok(&[&[b"Content-Length: ", a].concat(), &[b"content-length: ", b].concat()], b"hello")
    };
    let mut rows = vec![
        case(1, "length beside chunked", ok(&[b"Content-Length: 5", b"Transfer-Encoding: chunked"], ABC))
            .both(full(200, b"abc").closing(&[HC_CLOSE_AMBIGUOUS_FRAMING]).remaining(-1)),
        case(1, "chunked beside length", ok(&[b"Transfer-Encoding: chunked", b"Content-Length: 3"], ABC))
            .both(full(200, b"abc").closing(&[HC_CLOSE_AMBIGUOUS_FRAMING])),
        // The request smuggler's pair: by length the body would end inside the coding.
        case(1, "second message hidden", ok(&[b"Content-Length: 6", b"Transfer-Encoding: chunked"],
            b"0\r\n\r\nHTTP/1.1 200 EVIL\r\nContent-Length: 4\r\n\r\nevil"))
            .both(full(200, b"").closing(&[HC_CLOSE_AMBIGUOUS_FRAMING])),
        case(2, "5 then 6", two(b"5", b"6")).both(bad()),
        case(2, "6 then 5", two(b"6", b"5")).both(bad()),
        case(2, "5, 5, 6 on three lines",
            ok(&[b"Content-Length: 5", b"Content-Length: 5", b"Content-Length: 6"], b"hello!")).both(bad()),
        case(2, "5 then 0", two(b"5", b"0")).both(bad()),
        case(3, "two equal lines", two(b"5", b"5")).both(full(200, b"hello").remaining(5)),
        case(3, "equal list", length(b"5, 5")).both(full(200, b"hello").remaining(5)),
        case(3, "equal list without blank", length(b"5,5")).both(full(200, b"hello")),
        case(3, "list and line", two(b"5, 5", b"5")).both(full(200, b"hello")),
        case(4, "differing list", length(b"5, 6")).both(bad()),
        case(4, "differing at the end of a list", length(b"5, 5, 6")).both(bad()),
        case(4, "list and differing line", two(b"5, 5", b"6")).both(bad()),
        case(5, "plus", length(b"+5")).both(bad()),
        case(5, "underscore", length(b"0_5")).both(bad()),
        case(5, "underscore before zero", length(b"5_0")).both(bad()),
        case(6, "minus five", length(b"-5")).eof().safe(bad()).python(absent()),
        case(6, "minus one", length(b"-1")).eof().safe(bad()).python(absent()),
        case(6, "minus zero", length(b"-0")).eof().safe(bad()).python(absent()),
    ];
    for (name, value) in [
        ("hexadecimal", &b"0x5"[..]),
        ("digits and a letter", b"5 x"),
        ("two numbers", b"5 5"),
        ("empty", b""),
        ("arabic-indic digit", b"\xd9\xa5"),
        ("superscript two", b"\xb2"),
        ("decimal point", b"5.0"),
        ("quoted", b"\"5\""),
        ("semicolon", b"5;"),
    ] {
        rows.push(case(7, name, length(value)).eof().safe(bad()).python(absent()));
    }
    rows.extend([
        case(8, "leading zero", length(b"05")).both(full(200, b"hello").remaining(5)),
        case(8, "two hundred zeros", zeros(200)).both(full(200, b"hello").remaining(5)),
        case(8, "a thousand zeros", zeros(1000)).uniform().both(full(200, b"hello").remaining(5)),
        // The cap is 1 KiB of digits; what lies over it is no number for us.
        case(8, "two thousand zeros", zeros(2000)).uniform().both(bad()),
        case(9, "largest length, five bytes, end", length(b"9223372036854775807")).eof()
            .safe(cut(200, b"hello", HC_ERR_INCOMPLETE).remaining(i64::MAX))
            .python(short(200, b"hello").remaining(i64::MAX)),
        case(10, "2^63", length(b"9223372036854775808")).both(bad()),
        case(10, "2^64", length(b"18446744073709551616")).both(bad()),
        case(10, "2^64 + 5", length(b"18446744073709551621")).both(bad()),
        case(10, "fifty nines", length(&[b'9'; 50])).both(bad()),
    ]);
    rows
}

#[rustfmt::skip]
fn transfer_encoding() -> Vec<Case> {
    let bad = || refused(HC_ERR_BAD_FRAMING);
    let unknown = || refused(HC_ERR_UNKNOWN_TRANSFER_CODING);
    // Python does not know the coding and hands out its raw bytes up to the end.
    let raw = || {
        full(200, ABC).closing(&[HC_CLOSE_NO_LENGTH, HC_CLOSE_AMBIGUOUS_FRAMING])
    };
    let lines = |a: &[u8], b: &[u8]| {
        ok(&[&[b"Transfer-Encoding: ", a].concat(), &[b"Transfer-Encoding: ", b].concat()], ABC)
    };
    vec![
        case(11, "chunked twice in a list", coding(b"chunked, chunked")).both(bad()),
        case(11, "chunked on two lines", lines(b"chunked", b"chunked")).both(bad()),
        case(12, "gzip, chunked", coding(b"gzip, chunked")).eof().safe(unknown()).python(raw()),
        case(12, "gzip and chunked on two lines", lines(b"gzip", b"chunked")).eof()
            .safe(unknown()).python(raw()),
        case(13, "chunked, gzip", coding(b"chunked, gzip")).eof().both(unknown()),
        case(14, "identity beside a length",
            ok(&[b"Transfer-Encoding: identity", b"Content-Length: 5"], b"hello")).both(bad()),
        case(14, "gzip beside a length",
            ok(&[b"Transfer-Encoding: gzip", b"Content-Length: 5"], b"hello")).both(bad()),
        case(14, "identity alone", ok(&[b"Transfer-Encoding: identity"], b"hello")).eof()
            .both(to_eof(200, b"hello")),
        case(15, "case and blanks", coding(b"ChunKed \t")).both(full(200, b"abc")),
        case(15, "blanks before", coding(b" \t chunked")).both(full(200, b"abc")),
        case(16, "xchunked", coding(b"xchunked")).eof().both(unknown()),
        case(16, "chunkedx", coding(b"chunkedx")).eof().both(unknown()),
        case(16, "quoted", coding(b"\"chunked\"")).eof().both(unknown()),
        // A control byte in a value is refused before anyone asks what the value means
        // (RFC 9110 5.5, and the row on control bytes in values).
        case(16, "vertical tab before chunked", coding(b"\x0bchunked")).eof()
            .both(refused(HC_ERR_BAD_HEADER)),
        case(17, "chunked in HTTP/1.0",
            message(b"HTTP/1.0 200 OK", &[b"Transfer-Encoding: chunked"], ABC))
            .both(full(200, b"abc").closing(&[HC_CLOSE_AMBIGUOUS_FRAMING, HC_CLOSE_HTTP10])),
        case(17, "chunked in a kept HTTP/1.0",
            message(b"HTTP/1.0 200 OK", &[b"Connection: keep-alive", b"Transfer-Encoding: chunked"], ABC))
            .both(full(200, b"abc").closing(&[HC_CLOSE_AMBIGUOUS_FRAMING])),
    ]
}

#[rustfmt::skip]
fn bodiless() -> Vec<Case> {
    let none = |line: &[u8], lines: &[&[u8]], after: &[u8]| message(line, lines, after);
    const NC: &[u8] = b"HTTP/1.1 204 No Content";
    const NM: &[u8] = b"HTTP/1.1 304 Not Modified";
    vec![
        case(18, "neither length nor coding", ok(&[], b"hello")).eof()
            .both(to_eof(200, b"hello").remaining(-1)),
        case(18, "nothing at all before the end", ok(&[], b"")).eof().both(to_eof(200, b"")),
        case(18, "keep-alive does not make a length",
            ok(&[b"Connection: keep-alive"], b"hello")).eof().both(to_eof(200, b"hello")),
        case(19, "204", none(NC, &[], b"")).both(full(204, b"").remaining(0)),
        case(19, "204 with a length", none(NC, &[b"Content-Length: 5"], b"")).both(full(204, b"").remaining(0)),
        case(19, "204 with a length and its body", none(NC, &[b"Content-Length: 5"], b"hello"))
            .both(full(204, b"").not_reused()),
        // Whether a 204 that announces a coding may serve again is nowhere said.
        case(19, "204 chunked", none(NC, &[b"Transfer-Encoding: chunked"], b"")).both(full(204, b"").reuse_free()),
        case(19, "204 chunked with its body", none(NC, &[b"Transfer-Encoding: chunked"], ABC))
            .both(full(204, b"").reuse_free().not_reused()),
        case(19, "304 with a length", none(NM, &[b"Content-Length: 5"], b"")).both(full(304, b"").remaining(0)),
        case(19, "304 with a length and its body", none(NM, &[b"Content-Length: 5"], b"hello"))
            .both(full(304, b"").not_reused()),
        case(19, "304 chunked", none(NM, &[b"Transfer-Encoding: chunked"], b"")).both(full(304, b"").reuse_free()),
        case(19, "304 chunked with its body", none(NM, &[b"Transfer-Encoding: chunked"], ABC))
            .both(full(304, b"").reuse_free().not_reused()),
        case(20, "205 with a length", message(b"HTTP/1.1 205 Reset Content", &[b"Content-Length: 3"], b"abc"))
            .both(full(205, b"abc")),
        case(20, "205 chunked", message(b"HTTP/1.1 205 Reset Content", &[b"Transfer-Encoding: chunked"], ABC))
            .both(full(205, b"abc")),
        case(21, "HEAD with a length", ok(&[b"Content-Length: 5"], b"")).method("HEAD", "/")
            .both(full(200, b"").remaining(0).has("Content-Length", b"5")),
        case(21, "HEAD chunked", ok(&[b"Transfer-Encoding: chunked"], b"")).method("HEAD", "/")
            .both(full(200, b"").remaining(0)),
        case(21, "HEAD without a length", ok(&[], b"")).method("HEAD", "/").both(full(200, b"")),
        case(22, "CONNECT 200 with a length", ok(&[b"Content-Length: 5"], b"tunnel bytes"))
            .method("CONNECT", "origin.test:443").both(tunnel(200, b"tunnel bytes")),
        case(22, "CONNECT 200 chunked", ok(&[b"Transfer-Encoding: chunked"], b"tunnel bytes"))
            .method("CONNECT", "origin.test:443").both(tunnel(200, b"tunnel bytes")),
        case(22, "CONNECT 204 without more", message(b"HTTP/1.1 204 No Content", &[], b""))
            .method("CONNECT", "origin.test:443").both(tunnel(204, b"")),
        case(22, "CONNECT refused is an ordinary response",
            message(b"HTTP/1.1 407 Proxy Authentication Required", &[b"Content-Length: 5"], b"hello"))
            .method("CONNECT", "origin.test:443").both(full(407, b"hello")),
    ]
}

#[rustfmt::skip]
fn persistence() -> Vec<Case> {
    const ASKED: &[i32] = &[HC_CLOSE_PEER_ASKED];
    let with = |lines: &[&[u8]]| ok(&[lines, &[b"Content-Length: 5"]].concat(), b"hello");
    let old = |lines: &[&[u8]]| message(b"HTTP/1.0 200 OK", lines, b"hello");
    vec![
        case(23, "close, keep-alive", with(&[b"Connection: close, keep-alive"])).both(full(200, b"hello").closing(ASKED)),
        case(23, "keep-alive, Close", with(&[b"Connection: keep-alive, Close"])).both(full(200, b"hello").closing(ASKED)),
        case(23, "close on the second line", with(&[b"Connection: keep-alive", b"Connection: close"]))
            .both(full(200, b"hello").closing(ASKED)),
        case(23, "close between commas", with(&[b"Connection: ,, close ,"])).both(full(200, b"hello").closing(ASKED)),
        case(23, "xclosex is not close", with(&[b"Connection: xclosex"])).both(full(200, b"hello")),
        case(23, "not-close is not close", with(&[b"Connection: not-close"])).both(full(200, b"hello")),
        case(23, "no Connection at all", with(&[])).both(full(200, b"hello")),
        case(23, "keep-alive", with(&[b"Connection: Keep-Alive"])).both(full(200, b"hello")),
        case(24, "HTTP/1.0 keep-alive without a length", old(&[b"Connection: keep-alive"])).eof()
            .both(to_eof(200, b"hello").version(10)),
        case(24, "HTTP/1.0 keep-alive with a length", old(&[b"Connection: keep-alive", b"Content-Length: 5"]))
            .both(full(200, b"hello").version(10)),
        case(24, "HTTP/1.0 with a length", old(&[b"Content-Length: 5"]))
            .both(full(200, b"hello").closing(&[HC_CLOSE_HTTP10])),
        case(24, "HTTP/1.0 that says both", old(&[b"Connection: keep-alive, close", b"Content-Length: 5"]))
            .both(full(200, b"hello").closing(&[HC_CLOSE_PEER_ASKED, HC_CLOSE_HTTP10])),
        // The length of the plain text on a gzip body: the end comes early, and says so.
        case(25, "length of the decoded body",
            ok(&[b"Content-Encoding: gzip", b"Content-Length: 99"], b"\x1f\x8b\x08gz")).eof()
            .safe(cut(200, b"\x1f\x8b\x08gz", HC_ERR_INCOMPLETE).has("Content-Encoding", b"gzip"))
            .python(short(200, b"\x1f\x8b\x08gz")),
        case(25, "coded body with its right length",
            ok(&[b"Content-Encoding: gzip", b"Content-Length: 5"], b"\x1f\x8b\x08gz"))
            .both(full(200, b"\x1f\x8b\x08gz")),
    ]
}
