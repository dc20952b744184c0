//! The handshake, and what comes of it.

use std::sync::Arc;

use rustls::HandshakeKind;

use super::agreed::Agreed;
use super::reason::Reason;
use super::{Ended, Tls, names};
use crate::error::{Code, Result};
use crate::net::deadline::Stopwatch;
use crate::net::{Patience, Step};

impl Tls {
    /// `patience`: how long a receive may wait inside the transport.
    pub(super) fn step_establish(&mut self, patience: Patience) -> Result<Step<()>> {
        loop {
            // The last message leaves with the first data, or when it is flushed.
            if !self.session.is_handshaking() {
                return self.established();
            }
            if self.unsent.is_none() {
                match self.send_ready(false) {
                    Ok(Step::Done(())) => {}
                    Ok(Step::Want(i)) => return Ok(Step::Want(i)),
                    Err(e) => self.cannot_send(e)?,
                }
            }
            if let Some(e) = &self.unsent {
                // An alert that lies there says why; anything else is no more than the failure.
                let e = e.clone();
                while self.session.is_handshaking() && self.ended == Ended::Not {
                    if !self.digest()? && !matches!(self.receive(Patience::None), Ok(Step::Done(_)))
                    {
                        break;
                    }
                }
                return Err(e);
            }
            if self.ended == Ended::Not && self.digest()? {
                continue;
            }
            if self.ended != Ended::Not {
                let text = format!(
                    "{} has ended the connection inside the TLS handshake",
                    self.host
                );
                return Err(Reason::Truncated.error(Code::HC_ERR_TLS_EOF, text));
            }
            if let Step::Want(i) = self.receive(patience)? {
                return Ok(Step::Want(i));
            }
        }
    }

    fn established(&mut self) -> Result<Step<()>> {
        let s = &self.session;
        let name = |text: String| {
            let mut bytes = text.into_bytes();
            bytes.push(0);
            bytes
        };
        let alpn = s.alpn_protocol().unwrap_or_default();
        if alpn == b"h2" {
            let text = format!("{} has chosen HTTP/2, which is not spoken here", self.host);
            return Err(Reason::Alpn.error(Code::HC_ERR_TLS, text));
        }
        let suite = s.negotiated_cipher_suite().map(|s| s.suite());
        let group = s.negotiated_key_exchange_group().map(|g| g.name());
        let chain = s.peer_certificates().unwrap_or_default();
        self.agreed = Some(Arc::new(Agreed {
            version: s.protocol_version().map_or(0, u16::from),
            suite: suite.map_or(0, u16::from),
            suite_name: name(suite.map_or_else(String::new, names::of_suite)),
            group: group.map_or(0, u16::from),
            group_name: name(
                group
                    .and_then(|g| g.as_str())
                    .unwrap_or_default()
                    .to_owned(),
            ),
            alpn: if alpn.is_empty() {
                vec![0]
            } else {
                [alpn, &[0]].concat()
            },
            resumed: s.handshake_kind() == Some(HandshakeKind::Resumed),
            chain_verified: self.verified.0,
            name_verified: self.verified.1,
            microseconds: self.watch.map_or(0, Stopwatch::us),
            chain: chain.iter().map(|der| der.to_vec()).collect(),
        }));
        Ok(Step::Done(()))
    }
}
