//! What httplib and http.client make of calls on a connection, where they stand alone with it or
//! differ from each other: what comes of it here, in each profile. docs/python-quirks.md is the
//! list.

mod common;
mod corpus;

use common::api::*;
use common::drivers::Wire;
use common::handle::{Conn, Header, memory_body, name, text};
use common::talk::{self, SECOND};
use std::ffi::{CString, c_char};

const SAFE: i32 = HC_PROFILE_SAFE;
const PYTHON: i32 = HC_PROFILE_PYTHON;
const PROFILES: [i32; 2] = [SAFE, PYTHON];
const HC_ERR_CANNOT_SEND_REQUEST: i32 = -20;
const HC_ERR_ALREADY_CONNECTED: i32 = -24;

unsafe extern "C" {
    fn hc_set_tunnel(
        c: *mut hc_conn,
        host: *const c_char,
        host_len: usize,
        port: i32,
        headers: *const hc_header,
        count: usize,
    ) -> i32;
    fn hc_tunnel_port(c: *const hc_conn) -> i32;
    fn hc_send_raw(
        c: *mut hc_conn,
        data: *const core::ffi::c_void,
        len: usize,
        n: *mut usize,
    ) -> i32;
}

const BARE: u32 = HC_SKIP_HOST | HC_SKIP_ACCEPT_ENCODING;

/// What goes out of hc_request, or why nothing does.
fn sent(
    profile: i32,
    method: &str,
    headers: &[Header<'_>],
    body: Option<&[u8]>,
    flags: u32,
) -> Result<String, i32> {
    let (mut wire, c) = talk::sansio(profile);
    let body = body.map(memory_body);
    let status = wire.settle(&c, None, &mut || {
        c.request(method, "/", headers, body.as_ref(), flags)
    });
    if status != HC_OK {
        return Err(status);
    }
    wire.sent.extend(c.take_output());
    Ok(String::from_utf8_lossy(&wire.sent).into_owned())
}

fn is(text: &str) -> Result<String, i32> {
    Ok(text.to_owned())
}

/// Only POST, PUT and PATCH, in any case, say that they have no body. The method is sent as it is.
#[test]
fn quirk_methods_that_expect_a_body() {
    for profile in PROFILES {
        for method in ["POST", "PUT", "PATCH", "patch", "Put"] {
            let expected = format!("{method} / HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
            assert_eq!(sent(profile, method, &[], None, BARE), Ok(expected));
        }
        for method in ["GET", "DELETE", "X-POST"] {
            let expected = format!("{method} / HTTP/1.1\r\n\r\n");
            assert_eq!(sent(profile, method, &[], None, BARE), Ok(expected));
        }
    }
}

/// Python takes a method with a blank, which is a request line of the caller's own, and an empty
/// one.
#[test]
fn quirk_method_with_a_blank() {
    for method in ["GET /x HTTP/1.1", ""] {
        let expected = format!("{method} / HTTP/1.1\r\n\r\n");
        let got = PROFILES.map(|p| sent(p, method, &[], None, BARE));
        assert_eq!(got, [Err(HC_ERR_INVALID_ARG), Ok(expected)]);
    }
    for method in ["A\r\nB", "A\0", "A\nB: c"] {
        for profile in PROFILES {
            let (_, c) = talk::sansio(profile);
            assert_eq!(c.putrequest(method.as_bytes(), b"/", 0), HC_ERR_INVALID_ARG);
        }
    }
}

/// A refused method or target leaves Python's connection in Request-started.
#[test]
fn quirk_stuck_after_a_bad_request() {
    for profile in PROFILES {
        let (mut wire, c) = talk::sansio(profile);
        assert_eq!(c.putrequest(b"G\nT", b"/", 0), HC_ERR_INVALID_ARG);
        assert_eq!(c.putrequest(b"GET", b"/ x", 0), HC_ERR_INVALID_URL);
        assert_eq!(c.state(), HC_STATE_IDLE);
        assert_eq!(
            talk::exchange(&c, &mut wire, SECOND),
            (200, b"second".to_vec())
        );
    }
}

/// A request that was begun stays in Python's buffer when the connection is closed, and goes out
/// in front of the next.
#[test]
fn quirk_close_with_a_request_begun() {
    for profile in PROFILES {
        let (mut wire, c) = talk::sansio(profile);
        assert_eq!(c.putrequest(b"GET", b"/stale", 0), HC_OK);
        assert_eq!(c.putheader(b"X-Stale", b"yes"), HC_OK);
        assert_eq!(c.close(), HC_OK);
        assert_eq!(c.state(), HC_STATE_IDLE);
        wire.open(&c);
        assert_eq!(
            talk::exchange(&c, &mut wire, SECOND),
            (200, b"second".to_vec())
        );
        assert_eq!(wire.sent, talk::GET);
    }
}

/// Python goes to Request-sent before it sends, and stays there when that fails.
#[test]
fn quirk_state_when_sending_fails() {
    for profile in PROFILES {
        let c = Conn::new(profile);
        // Nothing is connected, and nothing may be.
        assert_eq!(c.putrequest(b"GET", b"/", 0), HC_OK);
        assert_eq!(c.endheaders(None, 0), HC_ERR_NOT_CONNECTED);
        assert_ne!(c.state(), HC_STATE_REQUEST_SENT);
        assert_eq!(c.close(), HC_OK);
        assert_eq!(c.state(), HC_STATE_IDLE);
    }
}

/// connect() on a connection that is open replaces its socket in Python, without closing it.
#[test]
fn quirk_connect_twice() {
    for profile in PROFILES {
        let (mut wire, c) = talk::sansio(profile);
        // SAFETY: a live handle.
        assert_eq!(unsafe { hc_connect(c.raw()) }, HC_ERR_ALREADY_CONNECTED);
        assert_eq!(
            talk::exchange(&c, &mut wire, SECOND),
            (200, b"second".to_vec())
        );
    }
}

/// Python sends what it is given in every state, also in front of a head that is being built.
#[test]
fn quirk_send_anywhere() {
    for profile in PROFILES {
        let (mut wire, c) = talk::sansio(profile);
        assert_ne!(c.send(b"x").0, HC_OK, "no request declares a body");
        assert_eq!(c.putrequest(b"POST", b"/", BARE), HC_OK);
        assert_ne!(c.send(b"x").0, HC_OK, "the head is not sent yet");
        // By a name of its own it goes.
        let mut n = 0;
        // SAFETY: a live handle, a slice and a place.
        let raw = wire.settle(&c, None, &mut || unsafe {
            hc_send_raw(c.raw(), b"x".as_ptr().cast(), 1, &raw mut n)
        });
        assert_eq!((raw, n), (HC_OK, 1));
        assert_eq!(wire.settle(&c, None, &mut || c.endheaders(None, 0)), HC_OK);
        wire.sent.extend(c.take_output());
        assert_eq!(wire.sent, b"xPOST / HTTP/1.1\r\n\r\n");
    }
}

/// Host is the target's netloc in Python, userinfo included; the port is left out when it is the
/// default one, and an IPv6 address stands in brackets without its zone.
#[test]
fn quirk_host_field() {
    let host = |host: &str, port, target: &str| {
        let c = Conn::to(host.as_bytes(), port).unwrap_or_else(|s| panic!("{}", name(s)));
        // SAFETY: `ok` passes the live handle.
        c.ok(|p| unsafe { hc_set_sansio(p) });
        c.connect();
        c.nonblocking(true);
        assert_eq!(
            c.putrequest(b"GET", target.as_bytes(), HC_SKIP_ACCEPT_ENCODING),
            HC_OK
        );
        let _ = c.endheaders(None, 0);
        let head = String::from_utf8_lossy(&c.take_output()).into_owned();
        let line = head
            .lines()
            .find_map(|l| l.strip_prefix("Host: ").map(str::to_owned));
        line.unwrap_or_default()
    };
    assert_eq!(host("a.test", 80, "/"), "a.test");
    assert_eq!(host("a.test", 8080, "/"), "a.test:8080");
    assert_eq!(host("[::1]", 81, "/"), "[::1]:81");
    assert_eq!(host("fe80::1%lo", 0, "/"), "[fe80::1]");
    assert_eq!(host("::1", 0, "/"), "[::1]");
    assert_eq!(host("a.test", 0, "http://u:p@b.test:81/"), "b.test:81");
}

/// A port is any number for Python, and '::1' the host ':' with port 1.
#[test]
fn quirk_host_and_port() {
    let made = |host: &str| {
        let c = Conn::to(host.as_bytes(), 0)?;
        // SAFETY: a live handle; the copy is made before any other call.
        let name = text(unsafe { hc_host(c.raw()) }).unwrap_or_default();
        // SAFETY: a live handle.
        Ok::<_, i32>((name, unsafe { hc_port(c.raw()) }))
    };
    assert_eq!(made("::1"), Ok(("::1".to_owned(), 80)));
    assert_eq!(made("h:"), Ok(("h".into(), 80)));
    for host in ["a:99999999", "a:0", "a:b", "a:+1", "a b", "u@h"] {
        assert_eq!(made(host).err(), Some(HC_ERR_INVALID_URL), "{host}");
    }
}

/// 'Z z' is a name for Python, a fold a part of a value, and so is a NUL.
#[test]
fn quirk_fields() {
    let put = |profile, name: &[u8], value: &[u8]| {
        let (mut wire, c) = talk::sansio(profile);
        assert_eq!(c.putrequest(b"GET", b"/", BARE), HC_OK);
        let status = c.putheader(name, value);
        assert_eq!(wire.settle(&c, None, &mut || c.endheaders(None, 0)), HC_OK);
        wire.sent.extend(c.take_output());
        let head = String::from_utf8_lossy(&wire.sent).into_owned();
        let fields = head.split_once("\r\n").map_or("", |(_, f)| f).to_owned();
        (status, fields)
    };
    let both = |name: &[u8], value: &[u8]| PROFILES.map(|p| put(p, name, value));
    let refused = || (HC_ERR_INVALID_ARG, "\r\n".to_owned());
    let taken = |text: &str| (HC_OK, format!("{text}\r\n\r\n"));
    assert_eq!(both(b"Z z", b"v"), [refused(), taken("Z z: v")]);
    assert_eq!(both(b"A", b"v\r\n w"), [refused(), taken("A: v\r\n w")]);
    for (name, value) in [
        (&b"A"[..], &b"v\0w"[..]),
        (b"A", b"v\r\nB: w"),
        (b"A", b"v\nB: w"),
        (b"A", b"v\r w"),
        (b"A\0", b"v"),
        (b"A:", b"v"),
        (b"", b"v"),
    ] {
        assert_eq!(
            both(name, value),
            [refused(), refused()],
            "{name:?} {value:?}"
        );
    }
}

/// A length that does not fit the body goes out as it was given, in Python.
#[test]
fn quirk_length_of_the_callers() {
    let headers: [Header<'_>; 1] = [(b"Content-Length", b"9")];
    let got = PROFILES.map(|p| sent(p, "POST", &headers, Some(b"short"), BARE));
    let python = is("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort");
    assert_eq!(got[1], python);
    assert!(got[0].is_err(), "{:?}", got[0]);
    let two: [Header<'_>; 2] = [
        (b"Content-Length", b"5"),
        (b"Transfer-Encoding", b"chunked"),
    ];
    assert_eq!(
        sent(SAFE, "POST", &two, Some(b"short"), BARE),
        Err(HC_ERR_INVALID_ARG)
    );
    assert!(sent(PYTHON, "POST", &two, Some(b"short"), BARE).is_ok());
}

/// encode_chunked without a body sends nothing in Python, not even the end of the chunks.
#[test]
fn quirk_chunks_of_nothing() {
    for profile in PROFILES {
        let headers: [Header<'_>; 1] = [(b"Transfer-Encoding", b"chunked")];
        let (mut wire, c) = talk::sansio(profile);
        let body = memory_body(b"");
        let status = wire.settle(&c, None, &mut || {
            c.request("POST", "/", &headers, Some(&body), BARE | HC_ENCODE_CHUNKED)
        });
        assert_eq!(status, HC_OK, "{}", name(status));
        wire.sent.extend(c.take_output());
        assert_eq!(
            wire.sent,
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        );
    }
}

/// A second putrequest before the first was sent.
#[test]
fn quirk_putrequest_twice() {
    for profile in PROFILES {
        let (_, c) = talk::sansio(profile);
        assert_eq!(c.putrequest(b"GET", b"/", 0), HC_OK);
        assert_eq!(c.putrequest(b"GET", b"/", 0), HC_ERR_CANNOT_SEND_REQUEST);
        assert_eq!(c.state(), HC_STATE_REQUEST_STARTED);
    }
}

/// The port of a tunnel is 80 unless it is said, line ends never get into CONNECT, and there is
/// none through an open connection.
#[test]
fn quirk_tunnel() {
    for profile in PROFILES {
        let set = |c: &Conn, host: &str, name: &str, value: &str| {
            let [name, value, host] =
                [name, value, host].map(|s| CString::new(s).unwrap_or_default());
            let field = hc_header {
                name: name.as_ptr(),
                name_len: name.as_bytes().len(),
                value: value.as_ptr(),
                value_len: value.as_bytes().len(),
            };
            let len = host.as_bytes().len();
            // SAFETY: a live handle; the strings outlive the call.
            unsafe { hc_set_tunnel(c.raw(), host.as_ptr(), len, 0, &raw const field, 1) }
        };
        let c = Conn::new(profile);
        assert_eq!(set(&c, "dest.test", "A", "b"), HC_OK);
        // SAFETY: a live handle.
        assert_eq!(unsafe { hc_tunnel_port(c.raw()) }, 80);
        assert_eq!(set(&c, "dest.test\r\nX: y", "A", "b"), HC_ERR_INVALID_URL);
        assert_eq!(set(&c, "dest.test", "A", "b\r\nX: y"), HC_ERR_INVALID_ARG);
        assert_eq!(set(&c, "dest.test", "A\r\nX", "b"), HC_ERR_INVALID_ARG);
        let (_, c) = talk::sansio(profile);
        assert_eq!(set(&c, "dest.test", "A", "b"), HC_ERR_ALREADY_CONNECTED);
    }
}
