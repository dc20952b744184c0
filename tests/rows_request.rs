//! Faults on the side of the request, rows 110 to 119: what a caller may not put on
//! the wire. What its body may not do is in `rows_request_body.rs`.

mod common;
mod corpus;

use common::api::*;
use common::drivers::{Wire, sansio::SansIo};
use common::handle::{Conn, Header, memory_body, name, text};
use common::talk::{self, GET, SECOND};
use corpus::End;

const PROFILES: [i32; 2] = [HC_PROFILE_SAFE, HC_PROFILE_PYTHON];
const SAFE: i32 = HC_PROFILE_SAFE;
const PYTHON: i32 = HC_PROFILE_PYTHON;

/// A refused call has changed nothing: the state is as it was, nothing is on the wire,
/// and an ordinary request goes out whole.
#[track_caller]
fn untouched(c: &Conn, wire: &mut SansIo) {
    assert_eq!(c.state(), HC_STATE_IDLE);
    assert_eq!(c.take_output(), b"", "bytes of a refused request");
    wire.sent.clear();
    assert_eq!(talk::exchange(c, wire, SECOND), (200, b"second".to_vec()));
    assert_eq!(wire.sent, GET);
}

#[track_caller]
fn refused_start(profile: i32, method: &[u8], target: &[u8], code: i32) {
    let (mut wire, c) = talk::sansio(profile);
    let status = c.putrequest(method, target, 0);
    let what = (
        method.escape_ascii().to_string(),
        target.escape_ascii().to_string(),
    );
    assert_eq!(status, code, "{} for {what:?}", name(status));
    assert_eq!(c.last_error().code, code);
    untouched(&c, &mut wire);
}

/// The bytes of a whole request without body.
#[track_caller]
fn sent(profile: i32, method: &[u8], target: &[u8], headers: &[Header<'_>]) -> Vec<u8> {
    let (mut wire, c) = talk::sansio(profile);
    let flags = HC_SKIP_HOST | HC_SKIP_ACCEPT_ENCODING;
    let status = c.putrequest(method, target, flags);
    assert_eq!(status, HC_OK, "{} {:?}", name(status), c.last_error());
    for (n, v) in headers {
        let status = c.putheader(n, v);
        assert_eq!(status, HC_OK, "{} {:?}", name(status), c.last_error());
    }
    assert_eq!(wire.settle(&c, None, &mut || c.endheaders(None, 0)), HC_OK);
    wire.sent.extend(c.take_output());
    wire.sent
}

#[rustfmt::skip]
#[test]
fn row_110_method() {
    for profile in PROFILES {
        for bad in ["GET\r", "GET\n", "GE\0T", "GET / HTTP/1.1\r\nX: y\r\n\r\nGET", "\tGET", "G\u{e9}T"] {
            refused_start(profile, bad.as_bytes(), b"/", HC_ERR_INVALID_ARG);
        }
    }
    // The rest Python accepts.
    let long = [b'M'; 65];
    for bad in [&b""[..], b"GET /x", b"GE\x7fT", b"G(T", b"GET:", &long] {
        refused_start(SAFE, bad, b"/", HC_ERR_INVALID_ARG);
        let expected = [bad, b" / HTTP/1.1\r\n\r\n"].concat();
        assert_eq!(sent(PYTHON, bad, b"/", &[]), expected);
    }
    for profile in PROFILES {
        assert_eq!(sent(profile, &long[..64], b"/", &[])[..67], [&long[..64], b" / "].concat());
        let odd = b"!#$%&'*+-.^_`|~09azAZ";
        assert!(sent(profile, odd, b"/", &[]).starts_with(odd));
    }
}

#[rustfmt::skip]
#[test]
fn row_111_target() {
    for profile in PROFILES {
        for bad in [
            &b"/a b"[..], b"/a\r\nX: y", b"/a\n", b"/a\r", b"/\0", b"/\t", b"/\x1f", b"/\x7f", b"/\xc3\xa9", b"/\xff", b" /", b"/ ",
        ] {
            refused_start(profile, b"GET", bad, HC_ERR_INVALID_URL);
        }
        let printable: Vec<u8> = (0x21..=0x7e).collect();
        let expected = [b"GET ", &printable[..], b" HTTP/1.1\r\n\r\n"].concat();
        assert_eq!(sent(profile, b"GET", &printable, &[]), expected);
        assert_eq!(sent(profile, b"GET", b"", &[]), b"GET / HTTP/1.1\r\n\r\n");
    }
}

#[rustfmt::skip]
#[test]
fn row_112_host() {
    for bad in [
        &b"a\r\nX: y"[..], b"a\n", b"a\r", b"a b", b" a", b"a\0b", b"a/b", b"a?b", b"a#b", b"a@b", b"a\\b", b"a\tb", b"a\x7f",
    ] {
        let status = Conn::to(bad, 80).err();
        assert_eq!(status, Some(HC_ERR_INVALID_URL), "{:?}", bad.escape_ascii().to_string());
    }
}

/// Tries one header in an open head: refused, the head stays open and clean.
#[track_caller]
fn refused_header(profile: i32, header: Header<'_>, code: i32) {
    let (mut wire, c) = talk::sansio(profile);
    assert_eq!(c.putrequest(b"GET", b"/", 0), HC_OK);
    let status = c.putheader(header.0, header.1);
    let what = (
        header.0.escape_ascii().to_string(),
        header.1.escape_ascii().to_string(),
    );
    assert_eq!(status, code, "{} for {what:?}", name(status));
    assert_eq!(c.state(), HC_STATE_REQUEST_STARTED);
    assert_eq!(wire.settle(&c, None, &mut || c.endheaders(None, 0)), HC_OK);
    wire.sent.extend(c.take_output());
    assert_eq!(wire.sent, GET, "for {what:?}");

    // The same through hc_request: nothing of the request exists afterwards.
    let (mut wire, c) = talk::sansio(profile);
    let status = talk::request(&c, &mut wire, "GET", &[(b"Good", b"x"), header], None);
    assert_eq!(status, code, "{} for {what:?}", name(status));
    untouched(&c, &mut wire);
}

#[track_caller]
fn sent_header(profile: i32, header: Header<'_>) {
    let line = [header.0, b": ", header.1].concat();
    let expected = [b"GET / HTTP/1.1\r\n", &line[..], b"\r\n\r\n"].concat();
    let got = sent(profile, b"GET", b"/", &[header]);
    assert_eq!(
        got.escape_ascii().to_string(),
        expected.escape_ascii().to_string()
    );
}

#[rustfmt::skip]
#[test]
fn row_113_line_ends_in_a_value() {
    for profile in PROFILES {
        for bad in [
            &b"a\r\nX: y"[..], b"a\r\n", b"a\n", b"a\r", b"a\nX: y", b"a\rb", b"\r\n", b"a\r b", b"a\r\tb", b"a\r\n b\r\nX: y", b"a\r\r\n b",
        ] {
            refused_header(profile, (b"A", bad), HC_ERR_INVALID_ARG);
        }
    }
    for fold in [&b"is\r\n allowed"[..], b"is\r\n\tallowed"] {
        refused_header(SAFE, (b"A", fold), HC_ERR_INVALID_ARG);
        sent_header(PYTHON, (b"A", fold));
    }
}

#[test]
fn row_114_control_bytes_in_a_value() {
    for profile in PROFILES {
        for bad in [0u8, 1, 7, 8, 0x0b, 0x0c, 0x1b, 0x1c, 0x1f, 0x7f] {
            refused_header(profile, (b"A", &[b'x', bad, b'y']), HC_ERR_INVALID_ARG);
        }
        for good in [
            &b"x\ty"[..],
            b"\xff",
            b"\xc3\x80",
            b"next\x85line",
            b"",
            b"x y",
        ] {
            sent_header(profile, (b"A", good));
        }
    }
}

#[rustfmt::skip]
#[test]
fn row_115_names() {
    for profile in PROFILES {
        for bad in [
            &b""[..], b"A\0B", b"A\x01B", b"A\x7fB", b"A\r\nB", b"A\nB", b"A\rB", b"\r\nA", b" A", b"\tA", b"A:B", b":A",
        ] {
            refused_header(profile, (bad, b"x"), HC_ERR_INVALID_ARG);
        }
        sent_header(profile, (b"!#$%&'*+-.^_`|~09azAZ", b"x"));
    }
    // What Python's tests put in a name.
    for odd in [&b"Key Space"[..], b"KeySpace ", b"Nonbreak\xa0Space", b"\xa0NonbreakSpace"] {
        refused_header(SAFE, (odd, b"value"), HC_ERR_INVALID_ARG);
        sent_header(PYTHON, (odd, b"value"));
    }
    for separator in [b"A(B", b"A@B", b"A;B", b"A\"B"] {
        refused_header(SAFE, (separator, b"x"), HC_ERR_INVALID_ARG);
    }
}

/// The refusal may come with the second header or with the end of the head; what counts
/// is that none of it reaches the wire.
#[track_caller]
fn contradicts(headers: &[Header<'_>], flags: u32) {
    let (mut wire, c) = talk::sansio(SAFE);
    assert_eq!(c.putrequest(b"POST", b"/", flags), HC_OK);
    let mut status = HC_OK;
    for (n, v) in headers {
        status = c.putheader(n, v);
        if status != HC_OK {
            break;
        }
    }
    if status == HC_OK {
        status = c.endheaders(None, 0);
    }
    assert_eq!(
        status,
        HC_ERR_INVALID_ARG,
        "{} for {headers:?}",
        name(status)
    );
    assert_eq!(c.take_output(), b"");
    assert_eq!(c.close(), HC_OK);
    wire.open(&c);
    untouched(&c, &mut wire);
}

#[test]
fn row_116_contradicting_headers() {
    let length = |v: &'static [u8]| -> Header<'static> { (b"Content-Length", v) };
    let chunked: Header<'_> = (b"Transfer-Encoding", b"chunked");
    let host: Header<'_> = (b"Host", b"a.test");
    let pairs: [&[Header<'_>]; 4] = [
        &[length(b"5"), length(b"6")],
        &[length(b"5"), chunked],
        &[chunked, length(b"5")],
        &[host, (b"host", b"b.test")],
    ];
    for pair in pairs {
        contradicts(pair, HC_SKIP_HOST);
        // Python sends what it is given.
        let bytes = sent(PYTHON, b"POST", b"/", pair);
        for (n, v) in pair {
            let line = [n, &b": "[..], v, b"\r\n"].concat();
            assert!(bytes.windows(line.len()).any(|w| w == line));
        }
    }
    // A Host of the caller's beside the automatic one.
    contradicts(&[host], 0);
    // Through hc_request the caller's Host takes the place of the automatic one.
    let (mut wire, c) = talk::sansio(SAFE);
    assert_eq!(talk::request(&c, &mut wire, "GET", &[host], None), HC_OK);
    wire.sent.extend(c.take_output());
    assert_eq!(
        wire.sent
            .windows(5)
            .filter(|w| w.eq_ignore_ascii_case(b"host:"))
            .count(),
        1
    );
    assert!(wire.sent.windows(6).any(|w| w == b"a.test"));
}

const THREE: [Header<'_>; 1] = [(b"Content-Length", b"3")];
const NINE: [Header<'_>; 1] = [(b"Content-Length", b"9")];

#[test]
fn row_117_length_smaller_than_the_body() {
    let (mut wire, c) = talk::sansio(SAFE);
    let body = memory_body(b"hello");
    let status = talk::request(&c, &mut wire, "POST", &THREE, Some(&body));
    assert_eq!(status, HC_ERR_BODY_OVERRUN, "{}", name(status));
    untouched(&c, &mut wire);

    let (mut wire, c) = talk::sansio(PYTHON);
    assert_eq!(
        talk::request(&c, &mut wire, "POST", &THREE, Some(&body)),
        HC_OK
    );
    wire.sent.extend(c.take_output());
    assert!(wire.sent.ends_with(b"Content-Length: 3\r\n\r\nhello"));
}

#[test]
fn row_117_length_larger_than_the_body() {
    let body = memory_body(b"hello");
    let (mut wire, c) = talk::sansio(SAFE);
    let mut status = talk::request(&c, &mut wire, "POST", &NINE, Some(&body));
    if status == HC_OK {
        wire.load(vec![SECOND.to_vec()], End::Open);
        status = talk::answer(&c, &mut wire).err().unwrap_or(HC_OK);
    }
    assert_eq!(status, HC_ERR_BODY_OWED, "{}", name(status));

    let (mut wire, c) = talk::sansio(PYTHON);
    assert_eq!(
        talk::request(&c, &mut wire, "POST", &NINE, Some(&body)),
        HC_OK
    );
    wire.load(vec![SECOND.to_vec()], End::Open);
    assert!(talk::answer(&c, &mut wire).is_ok());
    assert!(wire.sent.ends_with(b"Content-Length: 9\r\n\r\nhello"));
}

/// The call that sets up a tunnel through a proxy does not exist yet; a CONNECT made by
/// hand goes through the same checks as every request.
#[test]
fn row_118_connect_with_line_ends() {
    for profile in PROFILES {
        for bad in [
            &b"a.test:443\r\nX: y"[..],
            b"a.test\r\n:443",
            b"a.test:443 HTTP/1.1\r\n",
            b"a b:443",
        ] {
            refused_start(profile, b"CONNECT", bad, HC_ERR_INVALID_URL);
        }
        let (_wire, c) = talk::sansio(profile);
        assert_eq!(c.putrequest(b"CONNECT", b"a.test:443", 0), HC_OK);
        let status = c.putheader(b"Proxy-Authorization", b"Basic eA==\r\nX: y");
        assert_eq!(status, HC_ERR_INVALID_ARG);
    }
}

#[rustfmt::skip]
#[test]
fn row_119_parts_of_the_address() {
    for bad in [
        &b"user@a.test"[..], b"user:pw@a.test", b"b\xc3\xbccher.test", b"b\xfccher.test", b"a.test:abc", b"a.test:65536", b"a.test:99999999999999999999",
        b"a.test:0", b"a.test:-1", b"a.test:+80", b"a.test: 80", b"a.test:8 0", b"[::1", b"::1]", b"[a.test]", b"[::1]x", b"[::1]:", b"http://a.test",
    ] {
        // "[::1]:" has an empty port, which Python reads as the default one.
        let may_pass = bad == b"[::1]:";
        let got = Conn::to(bad, 0);
        match got {
            Err(status) => assert_eq!(status, HC_ERR_INVALID_URL, "{:?}", bad.escape_ascii().to_string()),
            Ok(_) => assert!(may_pass, "accepted {:?}", bad.escape_ascii().to_string()),
        }
    }
    for port in [-1, 65_536, i32::MAX, i32::MIN] {
        let status = Conn::to(b"a.test", port).err();
        let refused = [Some(HC_ERR_INVALID_ARG), Some(HC_ERR_INVALID_URL)];
        assert!(refused.contains(&status), "port {port}: {status:?}");
    }
    for (host, port, name_part, number, on_the_wire) in [
        (&b"a.test"[..], 0, "a.test", 80, "a.test"),
        (b"a.test:", 0, "a.test", 80, "a.test"),
        (b"a.test:8080", 0, "a.test", 8080, "a.test:8080"),
        (b"a.test", 65_535, "a.test", 65_535, "a.test:65535"),
        (b"[2001::]:81", 0, "2001::", 81, "[2001::]:81"),
        (b"[2001:102A::]", 0, "2001:102A::", 80, "[2001:102A::]"),
        // The zone is for connecting; the server has no use for it.
        (b"[fe80::%2]", 0, "fe80::%2", 80, "[fe80::]"),
        (b"[fe80::1%eth0]:81", 0, "fe80::1%eth0", 81, "[fe80::1]:81"),
    ] {
        let c = Conn::to(host, port).unwrap_or_else(|s| panic!("{} for {name_part}", name(s)));
        // SAFETY: a live handle.
        assert_eq!(text(unsafe { hc_host(c.raw()) }).as_deref(), Some(name_part));
        // SAFETY: a live handle.
        assert_eq!(unsafe { hc_port(c.raw()) }, number);
        let mut wire = SansIo::default();
        wire.open(&c);
        assert_eq!(talk::get(&c, &mut wire), HC_OK);
        wire.sent.extend(c.take_output());
        let head = String::from_utf8(wire.sent).unwrap();
        assert!(head.contains(&format!("\r\nHost: {on_the_wire}\r\n")), "{head}");
    }
}
