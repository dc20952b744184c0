//! What a proxy may answer to CONNECT, rows 160 to 165, through the C interface: whole, cut at
//! every byte, byte by byte, and by every way to drive a connection that has a wire. Without one
//! the program makes the tunnel (c-tests/t_tunnel.c).

mod common;
mod corpus;

use common::api::*;
use common::drivers::{Driver, Wire};
use common::handle::{Conn, name, zstring};
use common::response::Resp;
use common::server::{HEAD_END, Server};
use common::split::{Split, two_way};
use common::talk;
use corpus::End;
use std::ptr;

const DRIVERS: [Driver; 4] = [
    Driver::NonBlocking,
    Driver::Blocking,
    Driver::Callback,
    Driver::Dribble,
];
const PROFILES: [i32; 2] = [HC_PROFILE_SAFE, HC_PROFILE_PYTHON];
const FIRST: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst";

fn through_proxy(c: &Conn) {
    let url = zstring("http://proxy.test:3128");
    // SAFETY: `ok` passes the live handle; the URL outlives the call.
    c.ok(|p| unsafe { hc_set_proxy(p, url.as_ptr()) });
    // SAFETY: `ok` passes the live handle.
    c.ok(|p| unsafe { hc_set_proxy_tunnel(p, 1) });
}

fn proxy_response(c: &Conn) -> Result<Resp, i32> {
    let mut out = ptr::null_mut();
    // SAFETY: a live handle and a place for the result.
    let status = unsafe { hc_get_proxy_response(c.raw(), &raw mut out) };
    assert_eq!(status == HC_OK, !out.is_null());
    if status == HC_OK {
        Ok(Resp::new(out))
    } else {
        Err(status)
    }
}

/// Connects while the proxy answers this, in every way, and looks at what became of it.
fn every_way(answer: &[u8], end: End, profiles: &[i32], look: impl Fn(&Conn, &mut dyn Wire, i32)) {
    let mut splits = vec![Split::Whole, Split::Bytes];
    splits.extend(two_way(answer, answer.len() > 4096));
    for &profile in profiles {
        for driver in DRIVERS {
            for split in &splits {
                let mut wire = driver.wire();
                let c = Conn::new(profile);
                through_proxy(&c);
                wire.attach(&c);
                wire.load(split.pieces(answer), end);
                // SAFETY: a live handle.
                let status = wire.settle(&c, None, &mut || unsafe { hc_connect(c.raw()) });
                let at = format!("{driver:?} {split:?} profile {profile}: {}", name(status));
                let shown = std::panic::AssertUnwindSafe(|| look(&c, &mut *wire, status));
                if let Err(panic) = std::panic::catch_unwind(shown) {
                    eprintln!("{at} {:?}", c.last_error());
                    std::panic::resume_unwind(panic);
                }
            }
        }
    }
}

fn is_tunnel(c: &Conn, wire: &mut dyn Wire, status: i32) {
    assert_eq!(status, HC_OK);
    assert_eq!(talk::exchange(c, wire, FIRST), (200, b"first".to_vec()));
    // It is kept as any connection is.
    assert_eq!(talk::exchange(c, wire, FIRST), (200, b"first".to_vec()));
}

fn is_no_tunnel(c: &Conn, status: i32, text: &str) {
    assert_eq!(status, HC_ERR_PROXY);
    let fault = c.last_error();
    assert!(fault.text.contains(text), "{}", fault.text);
    assert!(
        fault.text.contains("http://proxy.test:3128"),
        "{}",
        fault.text
    );
    assert_eq!(fault.phase, HC_PHASE_PROXY);
    assert_eq!(fault.resend, HC_RESEND_NOTHING_SENT);
    assert_eq!((c.state(), c.fileno()), (HC_STATE_IDLE, -1));
    // What the proxy says is never the origin's answer.
    assert_eq!(c.getresponse().err(), Some(HC_ERR_RESPONSE_NOT_READY));
}

#[test]
fn row_160_a_tunnel_has_no_body_whatever_its_head_says() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n",
    ] {
        every_way(answer, End::Open, &PROFILES, |c, wire, status| {
            is_tunnel(c, wire, status);
            let r = proxy_response(c).unwrap_or_else(|s| panic!("{}", name(s)));
            assert_eq!(r.status(), 200);
            assert_eq!(whole(&r), (HC_OK, vec![]));
        });
    }
}

#[test]
fn row_161_any_2xx_is_a_tunnel() {
    for status in ["201", "204", "299"] {
        let answer = format!("HTTP/1.1 {status} Fine\r\n\r\n");
        every_way(answer.as_bytes(), End::Open, &[HC_PROFILE_SAFE], is_tunnel);
        every_way(
            answer.as_bytes(),
            End::Open,
            &[HC_PROFILE_PYTHON],
            |c, _, got| {
                is_no_tunnel(c, got, &format!("Tunnel connection failed: {status} Fine"));
            },
        );
    }
}

#[test]
fn row_162_a_refusal_is_a_response_that_can_be_read() {
    let refusals: [(&[u8], End, i32); 6] = [
        (b"HTTP/1.1 407 Who\r\nA: b\r\nContent-Length: 5\r\n\r\nplain", End::Open, 407),
        (b"HTTP/1.1 302 There\r\nLocation: x\r\n\r\nplain", End::Eof, 302),
        (
            b"HTTP/1.1 502 Bad\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\npl\r\n3\r\nain\r\n0\r\nT: u\r\n\r\n",
            End::Open,
            502,
        ),
        (b"HTTP/1.0 403 No\r\n\r\nplain", End::Eof, 403),
        (b"HTTP/1.1 100 Wait\r\n\r\nHTTP/1.1 503 No\r\nContent-Length: 5\r\n\r\nplain", End::Open, 503),
        // A final status that has no body elsewhere either.
        (b"HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n", End::Open, 304),
    ];
    for (answer, end, want) in refusals {
        every_way(answer, end, &PROFILES, |c, _, status| {
            is_no_tunnel(c, status, &format!("Tunnel connection failed: {want}"));
            let r = proxy_response(c).unwrap_or_else(|s| panic!("{}", name(s)));
            assert_eq!(r.status(), want);
            let body: &[u8] = if want == 304 { b"" } else { b"plain" };
            assert_eq!(whole(&r), (HC_OK, body.to_vec()));
            assert_eq!(r.trailers().len(), usize::from(want == 502 && is_safe(c)));
        });
    }
}

fn whole(r: &Resp) -> (i32, Vec<u8>) {
    let mut buf = [0; 64];
    let (status, n) = r.read_full(&mut buf);
    (status, buf[..n].to_vec())
}

fn is_safe(c: &Conn) -> bool {
    // SAFETY: a live handle.
    unsafe { hc_get_profile(c.raw()) == HC_PROFILE_SAFE }
}

/// What is not whole says so where it breaks off, and 101 is no answer to CONNECT.
#[test]
fn row_162_a_refusal_that_breaks_off() {
    let cut = b"HTTP/1.1 407 Who\r\nContent-Length: 9\r\n\r\nplain";
    every_way(cut, End::Eof, &[HC_PROFILE_SAFE], |c, _, status| {
        is_no_tunnel(c, status, "Tunnel connection failed: 407 Who");
        let r = proxy_response(c).unwrap_or_else(|s| panic!("{}", name(s)));
        assert_eq!(whole(&r), (HC_ERR_INCOMPLETE, b"plain".to_vec()));
    });
    let chunk = b"HTTP/1.1 407 Who\r\nTransfer-Encoding: chunked\r\n\r\n2\r\npl\r\nno\r\n";
    every_way(chunk, End::Open, &[HC_PROFILE_SAFE], |c, _, status| {
        is_no_tunnel(c, status, "Tunnel connection failed: 407 Who");
        let r = proxy_response(c).unwrap_or_else(|s| panic!("{}", name(s)));
        assert_eq!(whole(&r), (HC_ERR_BAD_CHUNK, b"pl".to_vec()));
    });
    let switch = b"HTTP/1.1 101 Switch\r\nUpgrade: x\r\n\r\n";
    every_way(switch, End::Open, &PROFILES, |c, _, status| {
        is_no_tunnel(c, status, "Tunnel connection failed: 101 Switch");
    });
}

#[test]
fn row_163_interim_answers_are_skipped() {
    for answer in [
        &b"HTTP/1.1 100 Wait\r\n\r\nHTTP/1.1 200 Go\r\n\r\n"[..],
        b"HTTP/1.1 102 A\r\nB: c\r\n\r\nHTTP/1.1 103 D\r\nE: f\r\n\r\nHTTP/1.1 200 Go\r\nG: h\r\n\r\n",
    ] {
        every_way(answer, End::Open, &PROFILES, |c, wire, status| {
            is_tunnel(c, wire, status);
            let r = proxy_response(c).unwrap_or_else(|s| panic!("{}", name(s)));
            assert_eq!((r.status(), r.header("E")), (200, None));
        });
    }
    let endless = b"HTTP/1.1 100 Wait\r\n\r\n".repeat(101);
    every_way(&endless, End::Open, &PROFILES, |c, _, status| {
        is_no_tunnel(c, status, "interim responses");
    });
}

/// Behind the head and before anything was asked: the same piece, or the same receive.
#[test]
fn row_164_early_bytes() {
    let answer = [b"HTTP/1.1 200 Go\r\n\r\n", FIRST].concat();
    for profile in PROFILES {
        for driver in DRIVERS {
            let mut wire = driver.wire();
            let c = Conn::new(profile);
            through_proxy(&c);
            wire.attach(&c);
            wire.load(vec![answer.clone()], End::Open);
            // SAFETY: a live handle.
            let status = wire.settle(&c, None, &mut || unsafe { hc_connect(c.raw()) });
            is_no_tunnel(&c, status, "before anything was asked");
        }
    }
}

/// In the socket, when the head has just filled the buffer.
#[test]
fn row_164_early_bytes_that_were_not_received_yet() {
    let mut head = b"HTTP/1.1 200 Go\r\nX: ".to_vec();
    head.resize(4096 - 4, b'x');
    head.extend_from_slice(b"\r\n\r\n");
    let server = Server::start(vec![Box::new(move |peer| {
        peer.read_until(HEAD_END);
        assert!(peer.write(&[&head, FIRST].concat()));
        peer.read();
    })]);
    let c = Conn::to(b"far.test", 81).unwrap();
    let url = zstring(&format!("127.0.0.1:{}", server.port));
    // SAFETY: `ok` passes the live handle; the URL outlives the call.
    c.ok(|p| unsafe { hc_set_proxy(p, url.as_ptr()) });
    // SAFETY: `ok` passes the live handle.
    c.ok(|p| unsafe { hc_set_proxy_tunnel(p, 1) });
    assert_eq!(c.request("GET", "/", &[], None, 0), HC_ERR_PROXY);
    let text = c.last_error().text;
    assert!(text.contains("before anything was asked"), "{text}");
    server.finish();
}

#[test]
fn row_165_no_answer() {
    let cases: [(Vec<u8>, End, &[i32], &str); 7] = [
        (b"".to_vec(), End::Eof, &PROFILES, "closed"),
        (
            b"HTTP/1.1 200 Go\r\nA: ".to_vec(),
            End::Eof,
            &[HC_PROFILE_SAFE],
            "head",
        ),
        (
            b"SSH-2.0-x\r\n".to_vec(),
            End::Open,
            &[HC_PROFILE_SAFE],
            // What is said of it depends on how much of it is seen at once.
            "",
        ),
        (
            b"HTTP/2.0 200 Go\r\n\r\n".to_vec(),
            End::Open,
            &PROFILES,
            "HTTP/2",
        ),
        (
            b"HTTP/1.1 200 Go\r\nA b\r\n\r\n".to_vec(),
            End::Open,
            &[HC_PROFILE_SAFE],
            "header name",
        ),
        (
            [&b"HTTP/1.1 200 Go\r\nA: "[..], &[b'x'; 70_000]].concat(),
            End::Open,
            &PROFILES,
            "65536",
        ),
        (
            [&b"HTTP/1.1 200 Go\r\n"[..], &b"A: b\r\n".repeat(101)].concat(),
            End::Open,
            &PROFILES,
            "100",
        ),
    ];
    for (answer, end, profiles, text) in cases {
        every_way(&answer, end, profiles, |c, _, status| {
            is_no_tunnel(c, status, text);
            assert_eq!(proxy_response(c).err(), Some(HC_ERR_RESPONSE_NOT_READY));
        });
    }
}
