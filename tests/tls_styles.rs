//! HTTPS through every way to drive a connection, with the records cut anywhere.

mod common;
mod corpus;
mod tls;

use common::api::*;
use common::response::Resp;
use tls::config::*;
use tls::pki::{Authority, Identity};
use tls::served::{Served, Then, config, config_with, ok};
use tls::talk::{Style, talk};

fn pki() -> (Authority, Identity) {
    let root = Authority::root();
    let server = root.server(&["example.test"]);
    (root, server)
}

fn long_body() -> Vec<u8> {
    (0..300_000_u32).map(|i| (i * 7 % 251) as u8).collect()
}

#[test]
fn row_141_two_exchanges_in_every_style_cut_anywhere() {
    let (root, server) = pki();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for style in Style::EVERY {
            for piece in [1, 3, 5, 6, 17, 1000, usize::MAX] {
                let tls = Tls::trusting(&root.pem);
                let answers = vec![(ok(b"first"), Then::Stay), (ok(b"second"), Then::Stay)];
                let served = Served::new(config_with(&server, &[version], None), answers);
                let out = talk(style, piece, &tls, served, 2);
                let what = format!("{style:?} {piece} {version:?}");
                assert_eq!(out.status, HC_OK, "{what} {:?}", out.fault);
                assert_eq!(out.bodies, [&b"first"[..], b"second"], "{what}");
                assert_eq!(out.served.requests, 2, "{what}");
                assert!(out.served.saw_close_notify, "{what}");
                assert_eq!(out.served.trouble, None, "{what}");
            }
        }
    }
}

#[test]
fn a_long_body_in_every_style() {
    let (root, server) = pki();
    let body = long_body();
    for style in Style::EVERY {
        for piece in [1000, 40_000, usize::MAX] {
            let tls = Tls::trusting(&root.pem);
            let served = Served::new(config(&server), vec![(ok(&body), Then::KeyUpdate)]);
            let out = talk(style, piece, &tls, served, 1);
            assert_eq!(out.status, HC_OK, "{style:?} {piece} {:?}", out.fault);
            assert!(out.body() == body, "{style:?} {piece}");
        }
    }
}

#[test]
fn what_was_agreed_on_can_be_asked() {
    let (root, server) = pki();
    let tls = Tls::trusting(&root.pem);
    let served = Served::new(config(&server), vec![(ok(b"x"), Then::Stay)]);
    let out = talk(Style::SansIo, usize::MAX, &tls, served, 1);
    let Some(info) = out.info else {
        panic!("nothing was agreed on")
    };
    assert_eq!(info.version, TLS_1_3);
    assert!(info.suite.starts_with("TLS_"), "{}", info.suite);
    assert!(!info.suite.contains("TLS13"), "{}", info.suite);
    assert!(!info.group.is_empty());
    assert_eq!(info.alpn, "http/1.1");
    assert!(info.chain_verified && info.name_verified && !info.resumed);
    assert!(info.handshake_us > 0);
    assert_eq!(info.chain, [server.chain[0].to_vec()]);
    assert_eq!(out.served.sni(), Some("example.test"));
}

/// rustls has room for little more than one record, and a byte of the next one is given to it
/// early: what arrives in two pieces, cut anywhere around a record's bounds, is whole.
#[test]
fn records_cut_around_their_bounds() {
    let (root, server) = pki();
    let body = long_body();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut cuts = vec![
            1, 4, 5, 6, 4095, 4096, 4097, 12_000, 18_000, 18_437, 18_438, 22_000,
        ];
        // A full record has 16,384 bytes, its head and what the cipher adds.
        for after in 0..=6 {
            cuts.extend([
                16_401 + 4 * after,
                16_402 + 4 * after,
                2 * (16_401 + 4 * after),
            ]);
        }
        for cut in cuts {
            let tls = Tls::trusting(&root.pem);
            let c = tls.conn("example.test", 0);
            // SAFETY: `ok` passes the live handle.
            c.ok(|p| unsafe { hc_set_sansio(p) });
            let answers = vec![(ok(&body), Then::Stay)];
            let mut served = Served::new(config_with(&server, &[version], None), answers);
            while c.request("GET", "/", &[], None, 0) == HC_WANT_READ {
                served.feed(&c.take_output());
                assert_eq!(c.feed(&served.drain()), HC_OK);
            }
            served.feed(&c.take_output());
            let all = served.drain();
            let what = format!("{version:?} {cut}");
            let (first, second) = all.split_at(cut);
            assert_eq!(c.feed(first), HC_OK, "{what}");
            let mut early = c.getresponse();
            let mut got = Vec::new();
            if let Ok(r) = &early {
                got = read_all(r);
            }
            assert_eq!(c.feed(second), HC_OK, "{what}");
            if early.is_err() {
                early = c.getresponse();
            }
            let Ok(r) = early else {
                panic!("{what} {:?}", c.last_error())
            };
            got.extend(read_all(&r));
            assert!(got == body, "{what}: {} bytes", got.len());
        }
    }
}

/// What there is without more input.
fn read_all(r: &Resp) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let (status, piece) = r.read(7_000);
        if status != HC_OK || piece.is_empty() {
            assert!(
                status == HC_OK || status == HC_WANT_READ,
                "{:?}",
                r.last_error()
            );
            return all;
        }
        all.extend(piece);
    }
}

/// A record that makes no sense is the end, behind everything that came before it.
#[test]
fn what_is_in_front_of_nonsense_is_delivered() {
    let (root, server) = pki();
    let body = long_body();
    let tls = Tls::trusting(&root.pem);
    let c = tls.conn("example.test", 0);
    // SAFETY: `ok` passes the live handle.
    c.ok(|p| unsafe { hc_set_sansio(p) });
    let mut served = Served::new(config(&server), vec![(ok(&body), Then::Stay)]);
    while c.request("GET", "/", &[], None, 0) == HC_WANT_READ {
        served.feed(&c.take_output());
        assert_eq!(c.feed(&served.drain()), HC_OK);
    }
    served.feed(&c.take_output());
    let mut bytes = served.drain();
    // The third record of its size is no record.
    let at = 2 * (16_384 + 22);
    let starts: Vec<usize> = (0..bytes.len() - 5)
        .filter(|i| bytes[*i..].starts_with(&[23, 3, 3, 0x40, 0x11]))
        .collect();
    let third = starts.get(2).copied().unwrap_or(at);
    bytes[third] = 99;
    assert_eq!(c.feed(&bytes), HC_OK);
    let Ok(r) = c.getresponse() else {
        panic!("{:?}", c.last_error())
    };
    let mut got = Vec::new();
    let status = loop {
        let (status, piece) = r.read(50_000);
        got.extend(&piece);
        if status != HC_OK {
            break status;
        }
        assert!(!piece.is_empty(), "it ends well");
    };
    assert_eq!(status, HC_ERR_TLS);
    assert!(
        got.len() > 32_000 && body.starts_with(&got),
        "{}",
        got.len()
    );
}
