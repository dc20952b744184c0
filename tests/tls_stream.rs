//! Rows 130 to 133, 137, 138, 140 and 141: how TLS begins and ends, and what comes in between.

mod common;
mod corpus;
mod tls;

use common::api::*;
use common::handle::name;
use common::socket::{Peer, pair};
use std::io::Write as _;
use tls::config::*;
use tls::pki::{Authority, Identity};
use tls::served::{Served, Then, config, config_with, ok, suites};
use tls::talk::{Outcome, Style, talk, talk_on};

fn pki() -> (Authority, Identity) {
    let root = Authority::root();
    let server = root.server(&["example.test"]);
    (root, server)
}

/// One GET that is answered so, in every style.
fn each(answer: &[u8], then: Then, lenient: Option<u32>, check: impl Fn(Style, &Outcome)) {
    let (root, server) = pki();
    for style in Style::EVERY {
        for piece in [1, usize::MAX] {
            let tls = Tls::trusting(&root.pem);
            let c = tls.conn("example.test", 0);
            if let Some(bits) = lenient {
                // SAFETY: `ok` passes the live handle.
                c.ok(|p| unsafe { hc_set_lenient(p, bits) });
            }
            let served = Served::new(config(&server), vec![(answer.to_vec(), then)]);
            check(style, &talk_on(&c, style, piece, served, 1));
        }
    }
}

const UNTIL_CLOSE: &[u8] = b"HTTP/1.1 200 OK\r\n\r\nall of it";
const CHUNKED: &[u8] =
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";

#[test]
fn row_130_a_whole_body_needs_no_close_notify() {
    each(&ok(b"whole"), Then::Cut, None, |_, out| {
        out.assert_ok(b"whole")
    });
    each(CHUNKED, Then::Cut, None, |_, out| out.assert_ok(b"abc"));
}

#[test]
fn row_131_a_short_body_is_incomplete() {
    let short: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc";
    for then in [Then::Cut, Then::CloseNotify] {
        each(short, then, None, |style, out| {
            assert_eq!(out.status, HC_ERR_INCOMPLETE, "{style:?} {:?}", out.fault);
            assert_eq!(out.body(), b"abc", "all that came is delivered");
            let expected = if then == Then::Cut { TRUNCATED } else { 0 };
            assert_eq!(out.fault.tls_reason, expected, "{style:?} {then:?}");
        });
    }
    let chunked = &CHUNKED[..CHUNKED.len() - 5];
    each(chunked, Then::Cut, None, |style, out| {
        assert_eq!(out.status, HC_ERR_INCOMPLETE, "{style:?} {:?}", out.fault);
        assert_eq!(out.body(), b"abc");
        assert_eq!(out.fault.tls_reason, TRUNCATED);
    });
}

#[test]
fn row_132_a_body_until_the_end_needs_tls_to_end() {
    each(UNTIL_CLOSE, Then::CloseNotify, None, |_, out| {
        out.assert_ok(b"all of it")
    });
    each(UNTIL_CLOSE, Then::Cut, None, |style, out| {
        assert_eq!(out.status, HC_ERR_INCOMPLETE, "{style:?} {:?}", out.fault);
        assert_eq!(out.body(), b"all of it", "all that came is delivered");
        assert_eq!(out.fault.tls_reason, TRUNCATED);
    });
    each(
        UNTIL_CLOSE,
        Then::Cut,
        Some(LENIENT_TLS_TRUNCATION),
        |_, out| {
            out.assert_ok(b"all of it");
        },
    );
}

#[test]
fn row_132_python_takes_it_for_the_end() {
    let (root, server) = pki();
    let tls = Tls::trusting(&root.pem);
    let c = tls.conn("example.test", 0);
    // SAFETY: `ok` passes the live handle.
    c.ok(|p| unsafe { hc_set_profile(p, HC_PROFILE_PYTHON) });
    let served = Served::new(config(&server), vec![(UNTIL_CLOSE.to_vec(), Then::Cut)]);
    talk_on(&c, Style::SansIo, usize::MAX, served, 1).assert_ok(b"all of it");
}

#[test]
fn row_133_a_head_that_is_cut_is_incomplete_whatever_is_lenient() {
    const EOF_IN_HEAD: u32 = 2;
    for lenient in [None, Some(EOF_IN_HEAD | LENIENT_TLS_TRUNCATION)] {
        each(
            b"HTTP/1.1 200 OK\r\nA: b\r\n",
            Then::Cut,
            lenient,
            |style, out| {
                assert_eq!(out.status, HC_ERR_INCOMPLETE, "{style:?} {:?}", out.fault);
                assert_eq!(out.fault.tls_reason, TRUNCATED);
            },
        );
    }
    // Ended by the server itself, the leniency counts.
    each(
        b"HTTP/1.1 200 OK\r\nA: b\r\n",
        Then::CloseNotify,
        Some(EOF_IN_HEAD),
        |_, out| {
            out.assert_ok(b"");
        },
    );
}

#[test]
fn an_end_without_an_answer() {
    for then in [Then::Cut, Then::CloseNotify] {
        each(b"", then, None, |style, out| {
            let what = format!("{style:?} {} {:?}", name(out.status), out.fault);
            assert_eq!(out.status, HC_ERR_REMOTE_DISCONNECTED, "{what}");
            let expected = if then == Then::Cut { TRUNCATED } else { 0 };
            assert_eq!(out.fault.tls_reason, expected, "{what}");
        });
    }
}

#[test]
fn row_137_alpn() {
    let (root, server) = pki();
    let with = |protocols: &[&str]| {
        let mut config = config(&server);
        config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
        Served::new(config, vec![(ok(b"x"), Then::Stay)])
    };
    let go = |served| {
        talk(
            Style::SansIo,
            usize::MAX,
            &Tls::trusting(&root.pem),
            served,
            1,
        )
    };
    go(with(&["h2", "http/1.1"])).assert_ok(b"x");
    // A server that knows nothing of it.
    let out = go(with(&[]));
    out.assert_ok(b"x");
    assert_eq!(out.info.map(|i| i.alpn), Some(String::new()));
    // One that wants something else.
    let out = go(with(&["h2"]));
    out.assert_failed(HC_ERR_TLS, ALPN, "none of the protocols");
    assert_eq!(out.fault.tls_alert, 120);
    // Offered by the program all the same, HTTP/2 cannot be spoken.
    let tls = Tls::trusting(&root.pem);
    let names = [c"h2".as_ptr(), c"http/1.1".as_ptr()];
    // SAFETY: `ok` passes the live handle; the names are static.
    tls.ok(|p| unsafe { hc_tls_set_alpn(p, names.as_ptr(), 2) });
    let out = talk(Style::SansIo, usize::MAX, &tls, with(&["h2"]), 1);
    out.assert_failed(HC_ERR_TLS, ALPN, "HTTP/2");
    // Nothing offered, nothing agreed on.
    let tls = Tls::trusting(&root.pem);
    // SAFETY: as above.
    tls.ok(|p| unsafe { hc_tls_set_alpn(p, std::ptr::null(), 0) });
    let out = talk(Style::SansIo, usize::MAX, &tls, with(&["http/1.1"]), 1);
    assert_eq!(out.info.map(|i| i.alpn), Some(String::new()));
}

/// A ServerHello of TLS 1.2 that has chosen h2, though it was not offered.
#[test]
fn row_137_an_alpn_answer_that_was_not_offered() {
    let mut hello = vec![3, 3];
    hello.extend_from_slice(&[7; 32]); // random
    hello.push(0); // no session
    hello.extend_from_slice(&[0xc0, 0x2b, 0]); // ECDHE-ECDSA-AES128-GCM, no compression
    let extensions: &[u8] = &[
        0x00, 0x10, 0, 5, 0, 3, 2, b'h', b'2', // ALPN
        0xff, 0x01, 0, 1, 0, // renegotiation info
        0x00, 0x17, 0, 0, // extended master secret
        0x00, 0x0b, 0, 2, 1, 0, // points
    ];
    hello.extend_from_slice(&(extensions.len() as u16).to_be_bytes());
    hello.extend_from_slice(extensions);
    let mut record = vec![22, 3, 3];
    record.extend_from_slice(&(hello.len() as u16 + 4).to_be_bytes());
    record.extend_from_slice(&[2, 0]);
    record.extend_from_slice(&(hello.len() as u16).to_be_bytes());
    record.extend_from_slice(&hello);
    let (code, reason, text) = answered_with(&record, false);
    assert_eq!((code, reason), (HC_ERR_TLS, ALPN), "{text}");
}

/// The server's first bytes are these: code, reason and text of what comes of it.
fn answered_with(bytes: &[u8], eof: bool) -> (i32, i32, String) {
    let tls = Tls::new();
    // SAFETY: `ok` passes the live handle.
    tls.ok(|p| unsafe { hc_tls_set_roots(p, ROOTS_NONE) });
    // SAFETY: as above.
    tls.ok(|p| unsafe { hc_tls_dangerous_set_no_verify(p, 1) });
    let c = tls.conn("example.test", 0);
    // SAFETY: as above.
    c.ok(|p| unsafe { hc_set_sansio(p) });
    // SAFETY: a live handle.
    let status = unsafe { hc_connect(c.raw()) };
    assert_eq!(status, HC_WANT_READ);
    assert!(
        !c.take_output().is_empty(),
        "the first message of a handshake"
    );
    for byte in bytes {
        assert_eq!(c.feed(&[*byte]), HC_OK);
        // SAFETY: as above.
        let status = unsafe { hc_connect(c.raw()) };
        if status != HC_WANT_READ {
            let fault = c.last_error();
            assert_eq!(fault.code, status);
            return (status, fault.tls_reason, fault.text);
        }
    }
    assert!(eof, "it waits for ever");
    assert_eq!(c.feed_eof(), HC_OK);
    // SAFETY: as above.
    let status = unsafe { hc_connect(c.raw()) };
    let fault = c.last_error();
    assert_eq!(fault.code, status);
    (status, fault.tls_reason, fault.text)
}

#[test]
fn row_138_plain_http_on_the_tls_port() {
    let (code, reason, text) = answered_with(b"HTTP/1.1 400 Bad Request\r\n\r\n", false);
    assert_eq!((code, reason), (HC_ERR_TLS, PLAIN_HTTP), "{text}");
    assert!(
        text.contains("example.test answers in plain HTTP"),
        "{text}"
    );
    for other in [&b"SSH-2.0-x\r\n"[..], b"220 mail\r\n", b"\0\0\0\0\0\0"] {
        let (code, reason, text) = answered_with(other, false);
        assert_eq!((code, reason), (HC_ERR_TLS, NOT_TLS), "{text}");
    }
}

#[test]
fn row_138_tls_on_the_plain_port() {
    let c = common::handle::Conn::new(HC_PROFILE_SAFE);
    let (client, server) = pair();
    c.adopt(client);
    assert_eq!(c.request("GET", "/", &[], None, 0), HC_OK);
    // What a TLS server says to that.
    assert!(Peer::new(server).write(&[21, 3, 1, 0, 2, 2, 70]));
    assert_eq!(c.getresponse().err(), Some(HC_ERR_BAD_STATUS_LINE));
    let text = c.last_error().text;
    assert!(text.contains("TLS"), "{text}");
}

#[test]
fn row_141_an_end_inside_the_handshake() {
    for bytes in [&b""[..], &[22], &[22, 3, 3, 0, 10, 1, 2]] {
        let (code, reason, text) = answered_with(bytes, true);
        assert_eq!((code, reason), (HC_ERR_TLS_EOF, TRUNCATED), "{text}");
    }
}

#[test]
fn row_141_a_record_that_is_too_long() {
    let mut record = vec![22, 3, 3, 0xff, 0xff];
    record.extend_from_slice(&[0; 70_000]);
    let (code, reason, text) = answered_with(&record, false);
    assert_eq!((code, reason), (HC_ERR_TLS, PROTOCOL), "{text}");
}

#[test]
fn an_alert_has_a_name_and_a_number() {
    let (code, reason, text) = answered_with(&[21, 3, 3, 0, 2, 2, 40], false);
    assert_eq!((code, reason), (HC_ERR_TLS, NOTHING_IN_COMMON), "{text}");
    assert!(text.contains("HandshakeFailure"), "{text}");
    let (code, reason, text) = answered_with(&[21, 3, 3, 0, 2, 2, 112], false);
    assert_eq!(code, HC_ERR_TLS);
    assert_eq!(reason, 43, "HC_TLS_REASON_ALERT");
    assert!(text.contains("no certificate for this name"), "{text}");
}

#[test]
fn no_version_in_common() {
    let (root, server) = pki();
    let only = |v| {
        Served::new(
            config_with(&server, &[v], None),
            vec![(ok(b"x"), Then::Stay)],
        )
    };
    for (least, most, server) in [
        (TLS_1_3, TLS_1_3, &rustls::version::TLS12),
        (TLS_1_2, TLS_1_2, &rustls::version::TLS13),
    ] {
        let tls = Tls::trusting(&root.pem);
        tls.versions(least, most);
        let out = talk(Style::SansIo, usize::MAX, &tls, only(server), 1);
        out.assert_failed(HC_ERR_TLS, UNSUPPORTED_VERSION, "none of the TLS versions");
        assert_eq!(out.fault.tls_alert, 70);
    }
    for (least, most, version) in [
        (TLS_1_2, TLS_1_2, TLS_1_2),
        (TLS_1_3, TLS_1_3, TLS_1_3),
        (TLS_1_2, TLS_1_3, TLS_1_3),
    ] {
        let tls = Tls::trusting(&root.pem);
        tls.versions(least, most);
        let served = Served::new(config(&server), vec![(ok(b"x"), Then::Stay)]);
        let out = talk(Style::SansIo, usize::MAX, &tls, served, 1);
        assert_eq!(out.info.map(|i| i.version), Some(version));
    }
}

#[test]
fn no_cipher_suite_in_common() {
    let (root, server) = pki();
    let tls = Tls::trusting(&root.pem);
    let names = c"TLS_AES_256_GCM_SHA384";
    // SAFETY: `ok` passes the live handle.
    tls.ok(|p| unsafe { hc_tls_set_cipher_suites(p, names.as_ptr()) });
    let only = suites(&server, &[rustls::CipherSuite::TLS13_AES_128_GCM_SHA256]);
    let served = Served::new(only, vec![(ok(b"x"), Then::Stay)]);
    let out = talk(Style::SansIo, usize::MAX, &tls, served, 1);
    out.assert_failed(HC_ERR_TLS, NOTHING_IN_COMMON, "both sides support");
}

#[test]
fn row_140_key_updates_and_tickets_without_end() {
    let (root, server) = pki();
    let out = flood(&root, config(&server), |served| {
        served.conn().refresh_traffic_keys().is_ok()
    });
    assert_eq!((out.0, out.1), (HC_ERR_TLS, TOO_MUCH), "{}", out.2);
    let mut tickets = config(&server);
    tickets.send_tls13_tickets = 3000;
    let out = flood(&root, tickets, |_| true);
    assert_eq!((out.0, out.1), (HC_ERR_TLS, TOO_MUCH), "{}", out.2);
}

/// The server goes on with something that is no data, until the client has enough.
fn flood(
    root: &Authority,
    config: rustls::ServerConfig,
    mut more: impl FnMut(&mut Served) -> bool,
) -> (i32, i32, String) {
    let tls = Tls::trusting(&root.pem);
    let c = tls.conn("example.test", 0);
    // SAFETY: `ok` passes the live handle.
    c.ok(|p| unsafe { hc_set_sansio(p) });
    let mut served = Served::new(config, vec![]);
    let mut asked = false;
    for _ in 0..100_000 {
        let status = if asked {
            c.getresponse().map_or_else(|s| s, |_| HC_OK)
        } else {
            let status = c.request("GET", "/", &[], None, 0);
            asked = status == HC_OK;
            status
        };
        served.feed(&c.take_output());
        if asked {
            assert!(more(&mut served));
        }
        let out = served.drain();
        if !out.is_empty() {
            assert_eq!(c.feed(&out), HC_OK);
        }
        if status < 0 {
            let fault = c.last_error();
            return (status, fault.tls_reason, fault.text);
        }
    }
    panic!("it goes on for ever");
}

#[test]
fn row_140_a_record_that_was_changed_on_its_way() {
    let (root, server) = pki();
    let tls = Tls::trusting(&root.pem);
    let c = tls.conn("example.test", 0);
    // SAFETY: `ok` passes the live handle.
    c.ok(|p| unsafe { hc_set_sansio(p) });
    let mut served = Served::new(config(&server), vec![(ok(b"x"), Then::Stay)]);
    while c.request("GET", "/", &[], None, 0) == HC_WANT_READ {
        served.feed(&c.take_output());
        assert_eq!(c.feed(&served.drain()), HC_OK);
    }
    served.feed(&c.take_output());
    let mut out = served.drain();
    if let Some(last) = out.last_mut() {
        *last ^= 1;
    }
    assert_eq!(c.feed(&out), HC_OK);
    assert_eq!(c.getresponse().err(), Some(HC_ERR_TLS));
    let fault = c.last_error();
    assert_eq!(fault.tls_reason, DECRYPT, "{}", fault.text);
    // The server is told why.
    served.feed(&c.take_output());
    let told = matches!(
        served.trouble,
        Some(rustls::Error::AlertReceived(
            rustls::AlertDescription::BadRecordMac
        ))
    );
    assert!(told, "{:?}", served.trouble);
}

/// A child of the process must not speak with the keys of its parent: only one of the two can be
/// right about how many records were sent.
#[test]
fn a_forked_child_says_nothing() {
    let (root, server) = pki();
    let tls = Tls::trusting(&root.pem);
    let c = tls.conn("example.test", 0);
    let (client, fd) = pair();
    c.adopt(client);
    let peer = Peer::new(fd);
    let mut served = Served::new(config(&server), vec![(ok(b"x"), Then::Stay)]);
    c.nonblocking(true);
    // SAFETY: a live handle.
    while unsafe { hc_connect(c.raw()) } == HC_WANT_READ {
        served.feed(&peer.read_now());
        peer.write(&served.drain());
    }
    served.feed(&peer.read_now());
    assert!(!served.conn().is_handshaking());
    // SAFETY: the child frees the handle and ends.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: the child's copy of the handle, freed once there.
        unsafe { hc_free(c.raw()) };
        // SAFETY: ends the child, and nothing of the test's is run in it.
        unsafe { libc::_exit(0) };
    }
    let mut status = 0;
    // SAFETY: a child of ours and a valid place.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0);
    assert!(peer.read_now().is_empty(), "the child has sent something");
    // The parent's connection is as good as before.
    assert_eq!(c.request("GET", "/", &[], None, 0), HC_OK);
    served.feed(&peer.read_now());
    assert_eq!((served.requests, &served.trouble), (1, &None));
    c.close();
    served.feed(&peer.read_now());
    assert!(served.saw_close_notify);
}

#[test]
fn data_that_nobody_asked_for_is_no_answer() {
    let (root, server) = pki();
    let tls = Tls::trusting(&root.pem);
    let c = tls.conn("example.test", 0);
    c.timeout(HC_TIMEOUT_REUSE_CHECK, 0);
    c.auto_open(false);
    let (client, fd) = pair();
    c.adopt(client);
    c.nonblocking(true);
    let peer = Peer::new(fd);
    let mut served = Served::new(config(&server), vec![(ok(b"first"), Then::Stay)]);
    let settle = |call: &mut dyn FnMut() -> i32, served: &mut Served| loop {
        let status = call();
        if status != HC_WANT_READ && status != HC_WANT_WRITE {
            return status;
        }
        served.feed(&peer.read_now());
        peer.write(&served.drain());
    };
    assert_eq!(
        settle(&mut || c.request("GET", "/", &[], None, 0), &mut served),
        HC_OK
    );
    let mut got = None;
    settle(
        &mut || match c.getresponse() {
            Ok(r) => {
                got = Some(r);
                HC_OK
            }
            Err(s) => s,
        },
        &mut served,
    );
    let Some(r) = got else { panic!("no response") };
    let read = r.read(100);
    assert_eq!(read.1, b"first");
    assert_eq!(r.read(100).0, HC_OK);
    // Keys that change are nothing to worry about; the connection is good.
    assert!(served.conn().refresh_traffic_keys().is_ok());
    peer.write(&served.drain());
    assert_eq!(c.request("GET", "/2", &[], None, 0), HC_OK);
    assert_eq!(c.close(), HC_OK);
}

#[test]
fn unasked_data_ends_a_kept_connection() {
    let (root, server) = pki();
    for what in ["data", "end"] {
        let tls = Tls::trusting(&root.pem);
        let c = tls.conn("example.test", 0);
        c.timeout(HC_TIMEOUT_REUSE_CHECK, 0);
        c.auto_open(false);
        // SAFETY: `ok` passes the live handle.
        c.ok(|p| unsafe { hc_set_sansio(p) });
        let mut served = Served::new(config(&server), vec![(ok(b"first"), Then::Stay)]);
        // SAFETY: as above.
        while unsafe { hc_connect(c.raw()) } == HC_WANT_READ {
            served.feed(&c.take_output());
            assert_eq!(c.feed(&served.drain()), HC_OK);
        }
        assert_eq!(c.request("GET", "/", &[], None, 0), HC_OK);
        served.feed(&c.take_output());
        assert_eq!(c.feed(&served.drain()), HC_OK);
        let r = c.getresponse().unwrap_or_else(|s| panic!("{}", name(s)));
        assert_eq!(r.read(100).1, b"first");
        assert_eq!(r.read(100).0, HC_OK);
        if what == "data" {
            assert!(served.conn().writer().write_all(&ok(b"evil")).is_ok());
        } else {
            served.conn().send_close_notify();
        }
        assert_eq!(c.feed(&served.drain()), HC_OK);
        let status = c.request("GET", "/", &[], None, 0);
        assert_eq!(status, HC_ERR_NOT_CONNECTED, "{what} {}", name(status));
    }
}
