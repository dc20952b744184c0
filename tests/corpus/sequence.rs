//! Faults in the sequence of messages on one connection, as far as one canned answer
//! shows them; the ones that need a conversation are in `rows_sequence.rs`.

use super::*;

const FINAL: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
const HINTS: &[u8] = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";

pub fn table() -> Vec<Case> {
    [interim(), switching(), leftovers(), ends(), unfollowed()].concat()
}

/// `n` copies of an interim response, then the final one.
fn after(interim: &[u8], n: usize) -> Vec<u8> {
    [&interim.repeat(n)[..], FINAL].concat()
}

#[rustfmt::skip]
fn interim() -> Vec<Case> {
    let limit = || refused(HC_ERR_LIMIT);
    let padded = [b"HTTP/1.1 102 Processing\r\nA: ", &[b'v'; 6000][..], b"\r\n\r\n"].concat();
    let several = [CONTINUE, HINTS, b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 199 Odd\r\n\r\n", FINAL].concat();
    vec![
        case(80, "100 then 200", after(CONTINUE, 1)).both(full(200, b"hello").interim(&[100])),
        case(80, "99 x 100", after(CONTINUE, 99)).uniform().both(full(200, b"hello").interim(&[100; 99])),
        case(80, "101 x 100", after(CONTINUE, 101)).uniform().both(limit()),
        case(80, "1,000 x 100", after(CONTINUE, 1000)).both(limit()),
        // 50 heads of 6 KB: under the count, over the bytes of all heads together.
        case(80, "300 KB of interim heads", after(&padded, 50)).both(limit()),
        case(81, "103 then 200", after(HINTS, 1)).both(full(200, b"hello").interim(&[103]).lacks("Link")),
        case(81, "100, 103, 102, 199, 200", several).both(full(200, b"hello").interim(&[100, 103, 102, 199]).fields(1)),
        case(82, "50,000 x 103", after(b"HTTP/1.1 103 Early Hints\r\n\r\n", 50_000)).both(limit()),
        // The body that a 100 cannot have is read as the next status line.
        case(83, "100 with a length and its body", [b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello", FINAL].concat())
            .both(refused(HC_ERR_BAD_STATUS_LINE)),
        case(83, "100 with a length and no body", [b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n", FINAL].concat())
            .both(full(200, b"hello").interim(&[100])),
        case(84, "100 then the end", CONTINUE).eof().both(refused(HC_ERR_REMOTE_DISCONNECTED)),
        case(84, "103 then the end", HINTS).eof().both(refused(HC_ERR_REMOTE_DISCONNECTED)),
    ]
}

#[rustfmt::skip]
fn switching() -> Vec<Case> {
    let switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat\r\nConnection: upgrade\r\n\r\n";
    vec![
        case(85, "101 not asked for", switch).both(refused(HC_ERR_BAD_FRAMING)),
        case(85, "101 not asked for, then a response", [switch, FINAL].concat()).both(refused(HC_ERR_BAD_FRAMING)),
        case(85, "101 asked for", [&switch[..], b"chat bytes"].concat())
            .header("Connection", "upgrade").header("Upgrade", "chat").both(tunnel(101, b"chat bytes").has("Upgrade", b"chat")),
        case(85, "upgrade asked for and declined", FINAL)
            .header("Connection", "upgrade").header("Upgrade", "chat").both(full(200, b"hello")),
    ]
}

#[rustfmt::skip]
fn leftovers() -> Vec<Case> {
    let evil = b"HTTP/1.1 200 EVIL\r\nContent-Length: 4\r\n\r\nevil";
    let left = |body: &[u8]| full(200, body).not_reused();
    vec![
        case(86, "bytes after a length", [FINAL, b"x"].concat()).both(left(b"hello")),
        case(86, "a response after a length", [FINAL, evil].concat()).both(left(b"hello")),
        case(86, "a line end after a length", [FINAL, b"\r\n"].concat()).both(left(b"hello")),
        case(86, "a response after the last chunk", chunked_ok([ABC, evil].concat())).both(left(b"abc")),
        case(86, "a response after a length of zero", ok(&[b"Content-Length: 0"], evil)).both(left(b"")),
        case(86, "a body after HEAD", ok(&[b"Content-Length: 5"], b"hello")).method("HEAD", "/").both(left(b"")),
    ]
}

#[rustfmt::skip]
fn ends() -> Vec<Case> {
    let incomplete = || refused(HC_ERR_INCOMPLETE);
    // Python takes a head that the end of the stream cuts as finished.
    let cut_head = || full(200, b"").closing(&[HC_CLOSE_NO_LENGTH, HC_CLOSE_AMBIGUOUS_FRAMING]);
    let chunks = |coded: &[u8]| chunked_ok([b"3\r\nabc\r\n", coded].concat());
    let lost = || cut(200, b"abc", HC_ERR_INCOMPLETE);
    vec![
        case(93, "nothing", b"").eof().both(refused(HC_ERR_REMOTE_DISCONNECTED)),
        case(93, "three bytes", b"HTT").eof().safe(incomplete()).python(bad_line()),
        case(93, "before the status", b"HTTP/1.1 ").eof().safe(incomplete()).python(bad_line()),
        case(93, "inside the status", b"HTTP/1.1 20").eof().safe(incomplete()).python(bad_line()),
        case(93, "after the status", b"HTTP/1.1 200").eof().safe(incomplete()).python(cut_head()),
        case(93, "after the reason", b"HTTP/1.1 200 OK").eof().safe(incomplete()).python(cut_head()),
        case(93, "after the status line", b"HTTP/1.1 200 OK\r\n").eof().safe(incomplete()).python(cut_head()),
        case(93, "inside a field", b"HTTP/1.1 200 OK\r\nA: x").eof().safe(incomplete()).python(cut_head().has("A", b"x")),
        case(93, "after a field", b"HTTP/1.1 200 OK\r\nA: x\r\n").eof().safe(incomplete()).python(cut_head().has("A", b"x")),
        case(93, "before the last LF", b"HTTP/1.1 200 OK\r\nA: x\r\n\r").eof().safe(incomplete()).python(cut_head()),
        case(93, "inside a length", ok(&[b"Content-Length: 5"], b"hel")).eof()
            .safe(cut(200, b"hel", HC_ERR_INCOMPLETE)).python(short(200, b"hel")),
        case(93, "before a length", ok(&[b"Content-Length: 5"], b"")).eof()
            .safe(cut(200, b"", HC_ERR_INCOMPLETE)).python(short(200, b"")),
        case(93, "before any chunk", chunked_ok(b"")).eof().both(cut(200, b"", HC_ERR_INCOMPLETE)),
        case(93, "inside a chunk", chunks(b"4\r\nde")).eof().both(cut(200, b"abcde", HC_ERR_INCOMPLETE)),
        case(93, "between chunks", chunks(b"")).eof().both(lost()),
        case(93, "inside a size", chunks(b"1")).eof().both(lost()),
        case(93, "inside the last size", chunks(b"0\r")).eof().both(lost()),
        case(93, "after the last size", chunks(b"0\r\n")).eof().safe(lost()).python(full(200, b"abc").not_reused()),
        case(93, "inside a trailer", chunks(b"0\r\nA: x")).eof().safe(lost()).python(full(200, b"abc").not_reused()),
        case(93, "after a trailer", chunks(b"0\r\nA: x\r\n")).eof().safe(lost()).python(full(200, b"abc").not_reused()),
        case(93, "before the last LF of a body", chunks(b"0\r\n\r")).eof().safe(lost()).python(full(200, b"abc").not_reused()),
        case(93, "after the end", chunks(b"0\r\n\r\n")).eof().both(full(200, b"abc").not_reused()),
    ]
}

/// Redirects, challenges and cookies are the program's business.
#[rustfmt::skip]
fn unfollowed() -> Vec<Case> {
    let empty = |line: &[u8], field: &[u8]| message(line, &[field, b"Content-Length: 0"], b"");
    vec![
        case(96, "redirect", empty(b"HTTP/1.1 302 Found", b"Location: http://elsewhere.test/"))
            .both(full(302, b"").has("Location", b"http://elsewhere.test/")),
        case(96, "permanent redirect", empty(b"HTTP/1.1 308 Permanent Redirect", b"Location: /a"))
            .both(full(308, b"").has("Location", b"/a")),
        case(96, "challenge", empty(b"HTTP/1.1 401 Unauthorized", b"WWW-Authenticate: Basic realm=\"x\""))
            .both(full(401, b"").has("WWW-Authenticate", b"Basic realm=\"x\"")),
        case(96, "cookie", empty(b"HTTP/1.1 200 OK", b"Set-Cookie: a=b")).both(full(200, b"").has("Set-Cookie", b"a=b")),
    ]
}

fn bad_line() -> Expect {
    refused(HC_ERR_BAD_STATUS_LINE)
}
