//! A server in the test itself: bytes in, bytes out, and a script of answers.
#![allow(clippy::unwrap_used)] // part of a test

use super::pki::{Authority, Identity};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::sync::Arc;

/// What follows an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    Stay,
    /// TLS is ended, and the connection.
    CloseNotify,
    /// The connection ends without a word.
    Cut,
    /// The keys are changed.
    KeyUpdate,
}

pub type Answer = (Vec<u8>, Then);

pub struct Served {
    conn: ServerConnection,
    answers: VecDeque<Answer>,
    got: Vec<u8>,
    pub requests: usize,
    /// The stream to the client has ended.
    pub ended: bool,
    pub saw_close_notify: bool,
    /// What rustls said about the client.
    pub trouble: Option<rustls::Error>,
    pub all: Vec<u8>,
}

pub fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    #[cfg(feature = "aws-lc-rs")]
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "aws-lc-rs"))]
    let provider = rustls::crypto::ring::default_provider();
    Arc::new(provider)
}

pub fn config(identity: &Identity) -> ServerConfig {
    config_with(identity, rustls::ALL_VERSIONS, None)
}

/// A server that has these cipher suites only.
pub fn suites(identity: &Identity, only: &[rustls::CipherSuite]) -> ServerConfig {
    let mut crypto = (*provider()).clone();
    crypto.cipher_suites.retain(|s| only.contains(&s.suite()));
    let key = crypto
        .key_provider
        .load_private_key(identity.key.clone_key());
    let certified = CertifiedKey::new(identity.chain.clone(), key.unwrap());
    ServerConfig::builder_with_provider(Arc::new(crypto))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
}

/// `clients`: who signs for them; one without a certificate is sent away then.
pub fn config_with(
    identity: &Identity,
    versions: &[&'static rustls::SupportedProtocolVersion],
    clients: Option<&Authority>,
) -> ServerConfig {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.der.clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = provider()
        .key_provider
        .load_private_key(identity.key.clone_key())
        .unwrap();
    // Not compared with the certificate: some tests have others.
    let certified = CertifiedKey::new(identity.chain.clone(), key);
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

pub fn ok(body: &[u8]) -> Vec<u8> {
    let mut answer =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    answer.extend_from_slice(body);
    answer
}

impl Served {
    pub fn new(config: ServerConfig, answers: Vec<Answer>) -> Self {
        Self::shared(&Arc::new(config), answers)
    }

    pub fn shared(config: &Arc<ServerConfig>, answers: Vec<Answer>) -> Self {
        Self {
            conn: ServerConnection::new(config.clone()).unwrap(),
            answers: answers.into(),
            got: Vec::new(),
            requests: 0,
            ended: false,
            saw_close_notify: false,
            trouble: None,
            all: Vec::new(),
        }
    }

    /// A request has begun and said what it is.
    pub fn has_head(&self) -> bool {
        self.requests > 0 || self.got.windows(4).any(|w| w == b"\r\n\r\n")
    }

    pub fn sni(&self) -> Option<&str> {
        self.conn.server_name()
    }

    pub fn client_chain(&self) -> Option<usize> {
        self.conn.peer_certificates().map(<[_]>::len)
    }

    pub fn conn(&mut self) -> &mut ServerConnection {
        &mut self.conn
    }

    /// What the client has sent.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        self.all.extend_from_slice(bytes);
        while !bytes.is_empty() && self.trouble.is_none() {
            if self.conn.read_tls(&mut bytes).unwrap_or(0) == 0 {
                break;
            }
            match self.conn.process_new_packets() {
                Ok(state) => {
                    self.saw_close_notify |= state.peer_has_closed();
                    let mut part = vec![0; state.plaintext_bytes_to_read()];
                    let n = self.conn.reader().read(&mut part).unwrap_or(0);
                    self.got.extend_from_slice(&part[..n]);
                }
                Err(e) => {
                    self.trouble = Some(e);
                    self.ended = true;
                }
            }
        }
        self.answer();
    }

    fn answer(&mut self) {
        // Uploads count by their length, which stands in front of them.
        while let Some(head) = self.got.windows(4).position(|w| w == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&self.got[..head]).to_ascii_lowercase();
            let length = text.split("content-length: ").nth(1).map_or(0, |rest| {
                rest.lines().next().unwrap_or("").trim().parse().unwrap()
            });
            if self.got.len() < head + 4 + length {
                return;
            }
            self.got.drain(..head + 4 + length);
            self.requests += 1;
            let Some((bytes, then)) = self.answers.pop_front() else {
                return;
            };
            self.conn.set_buffer_limit(None);
            self.conn.writer().write_all(&bytes).unwrap();
            match then {
                Then::Stay => {}
                Then::CloseNotify => {
                    self.conn.send_close_notify();
                    self.ended = true;
                }
                Then::Cut => self.ended = true,
                Then::KeyUpdate => self.conn.refresh_traffic_keys().unwrap(),
            }
        }
    }

    /// What is for the client.
    pub fn drain(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        while self.conn.wants_write() {
            self.conn.write_tls(&mut out).unwrap();
        }
        out
    }
}
