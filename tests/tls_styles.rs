//! HTTPS through every way to drive a connection, with the records cut anywhere.

mod common;
mod corpus;
mod tls;

use common::api::*;
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
