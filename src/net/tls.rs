//! TLS, over any transport. rustls does it; this is the only place that knows of rustls.
//!
//! A receive takes as much as has arrived into one buffer; rustls is given whole records of it
//! and decrypts them, and their contents go from there to whoever reads. What is written is
//! gathered into records that leave in one send.

pub mod agreed;
mod calendar;
mod config;
mod explain;
mod identity;
mod keylog;
mod material;
mod names;
pub mod reason;
mod roots;
mod sessions;
pub mod settings;
mod verify;

use std::io::{self, IoSlice, Read as _, Write};
use std::os::fd::RawFd;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::{ClientConnection, HandshakeKind};

use self::agreed::Agreed;
use self::reason::Reason;
use super::deadline::Stopwatch;
use super::{Interest, Patience, Step, Transport, Waited};
use crate::error::{Code, Error, Result};
use crate::sys::fork::{self, Stamp};

pub use self::config::TlsConfig;
pub use self::identity::SignWith;
pub use self::keylog::LogLine;
pub use self::roots::Roots;
pub use self::verify::{Ask, Presented};

/// The type, length and version in front of a record.
const RECORD_HEADER: usize = 5;
/// Enough for a handshake's messages and for small answers.
const FIRST_SIZE: usize = 4 * 1024;
/// Four records at once, for a body that streams through.
const STREAM_SIZE: usize = 68 * 1024;
/// Small records are given to rustls together, so many bytes at a time.
const BATCH: usize = 4 * 1024;
/// What a peer may send between two bytes of data: more than its tickets, key updates and
/// certificates come to.
const MOST_WITHOUT_DATA: usize = 256 * 1024;

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
compile_error!("TLS needs a crypto provider: the feature ring (the default) or aws-lc-rs");

/// The crypto behind it. Who asks for aws-lc-rs gets it, whatever else is there.
#[cfg(feature = "aws-lc-rs")]
fn provider() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

/// The crypto behind it.
#[cfg(not(feature = "aws-lc-rs"))]
fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

/// How the stream from the peer has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Not,
    /// The peer has said so.
    Cleanly,
    /// Only what carries it has ended, as anybody on the way can make it.
    Cut,
}

/// See the module.
pub struct Tls {
    /// `None` once it was given up.
    inner: Option<Box<dyn Transport>>,
    session: ClientConnection,
    host: String,
    /// Made by this process: another one must not send a byte with its keys.
    stamp: Stamp,
    input: Vec<u8>,
    start: usize,
    end: usize,
    /// The last receive filled the buffer.
    overflowing: bool,
    /// Bytes of the record at the beginning of `input` that are still to be given to rustls.
    record_left: usize,
    /// Decrypted bytes that wait in rustls.
    plain: usize,
    without_data: usize,
    /// Bytes of the last write, while some of it has not left.
    held: u64,
    /// Bytes that have left.
    departed: u64,
    ended: Ended,
    failed: Option<Error>,
    /// Nothing more can be sent. What the peer has said before can still be read.
    unsent: Option<Error>,
    watch: Option<Stopwatch>,
    verified: (bool, bool),
    agreed: Option<Arc<Agreed>>,
}

impl Tls {
    fn new(
        inner: Box<dyn Transport>,
        session: ClientConnection,
        host: &str,
        verified: (bool, bool),
    ) -> Self {
        Self {
            inner: Some(inner),
            session,
            host: host.to_owned(),
            stamp: fork::stamp(),
            input: Vec::new(),
            start: 0,
            end: 0,
            overflowing: false,
            record_left: 0,
            plain: 0,
            without_data: 0,
            held: 0,
            departed: 0,
            ended: Ended::Not,
            failed: None,
            unsent: None,
            watch: None,
            verified,
            agreed: None,
        }
    }

    /// Sends what rustls has ready. `Want` when the peer does not take all of it.
    fn send_ready(&mut self, more: bool) -> Result<Step<()>> {
        while self.session.wants_write() {
            let Some(inner) = self.inner.as_deref_mut() else {
                return Err(gone());
            };
            let mut way = Way {
                inner,
                more,
                failed: None,
            };
            match self.session.write_tls(&mut way) {
                Ok(n) => self.departed += n as u64,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Step::Want(Interest::Write));
                }
                Err(e) => return Err(way.failed.take().unwrap_or_else(|| odd(&e))),
            }
        }
        self.held = 0;
        Ok(Step::Done(()))
    }

    /// Receives what has arrived, into the free part of the buffer.
    fn receive(&mut self, patience: Patience) -> Result<Step<usize>> {
        self.make_room()?;
        let Some(inner) = self.inner.as_deref_mut() else {
            return Err(gone());
        };
        let mut most = self.input.len() - self.end;
        if inner.is_frugal() {
            let have = self.end - self.start;
            most = most.min(match self.record_left {
                0 => RECORD_HEADER.saturating_sub(have).max(1),
                n => n,
            });
        }
        let room = self.input.get_mut(self.end..).unwrap_or_default();
        let room = room.get_mut(..most).unwrap_or_default();
        match inner.read(room, patience)? {
            Step::Done(0) => {
                self.ended = Ended::Cut;
                Ok(Step::Done(0))
            }
            Step::Done(n) if n > most => Err(Error::new(
                Code::HC_ERR_INTERNAL,
                "the transport reported a count that cannot be",
            )),
            Step::Done(n) => {
                self.end += n;
                self.overflowing = self.end == self.input.len();
                self.without_data += n;
                if self.without_data > MOST_WITHOUT_DATA {
                    return Err(explain::too_much(&self.host));
                }
                Ok(Step::Done(n))
            }
            Step::Want(i) => Ok(Step::Want(i)),
        }
    }

    fn make_room(&mut self) -> Result<()> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        } else if self.start > 0 {
            // A few bytes at the most: all that is more was given to rustls.
            self.input.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let size = match self.input.len() {
            0 => FIRST_SIZE,
            n if self.overflowing && n < STREAM_SIZE => STREAM_SIZE,
            _ => return Ok(()),
        };
        self.input
            .try_reserve_exact(size.saturating_sub(self.input.len()))?;
        self.input.resize(size, 0);
        Ok(())
    }

    /// Decrypts what has been received, up to some data. False: there is nothing more to
    /// decrypt.
    fn digest(&mut self) -> Result<bool> {
        let mut given = 0;
        // rustls has the beginning of this one already, and room for little more than one.
        let is_begun = self.record_left > 0;
        loop {
            let waiting = self.end - self.start;
            if self.record_left == 0 {
                if waiting < RECORD_HEADER {
                    break;
                }
                let next = self.next_record()?;
                // A whole number of records at a time: what is left in rustls is moved about.
                if given > 0 && (given + next > BATCH || next > waiting) {
                    break;
                }
                self.record_left = next;
            }
            let n = self.record_left.min(waiting);
            if n == 0 {
                break;
            }
            self.give(n)?;
            self.record_left -= n;
            given += n;
            if self.record_left > 0 || is_begun {
                break;
            }
        }
        if given == 0 {
            return Ok(false);
        }
        match self.session.process_new_packets() {
            Ok(state) => {
                self.plain = state.plaintext_bytes_to_read();
                if self.plain > 0 {
                    self.without_data = 0;
                }
                if state.peer_has_closed() {
                    self.ended = Ended::Cleanly;
                }
                Ok(true)
            }
            Err(e) => {
                // The alert that says so to the peer, if it can still be told.
                let _ = self.send_ready(false);
                Err(explain::explain(&e, &self.host))
            }
        }
    }

    /// The length of the record at the beginning of the buffer, of which the header is there.
    fn next_record(&self) -> Result<usize> {
        let head = self.input.get(self.start..).unwrap_or_default();
        match head {
            [20..=24, 3, _, high, low, ..] => {
                Ok(RECORD_HEADER + usize::from(u16::from_be_bytes([*high, *low])))
            }
            [b'H', b'T', b'T', b'P', b'/', ..] => Err(explain::plain_http(&self.host)),
            _ if self.agreed.is_none() => Err(explain::not_tls(&self.host)),
            _ => Err(explain::explain(
                &rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType),
                &self.host,
            )),
        }
    }

    /// Gives so many of the received bytes to rustls.
    fn give(&mut self, n: usize) -> Result<()> {
        let mut bytes = self
            .input
            .get(self.start..self.start + n)
            .unwrap_or_default();
        while !bytes.is_empty() {
            match self.session.read_tls(&mut bytes) {
                Ok(1..) => {}
                // After the peer's end nothing counts.
                Ok(0) => break,
                // A message of the handshake's kind that is larger than any should be.
                Err(e) if e.kind() == io::ErrorKind::InvalidData => {
                    return Err(explain::too_much(&self.host));
                }
                Err(e) => return Err(odd(&e)),
            }
        }
        self.start += n;
        Ok(())
    }

    /// Decrypted bytes, as many as there are without a receive.
    fn take_plain(&mut self, out: &mut [u8]) -> Result<usize> {
        let mut taken = 0;
        while let Some(rest @ [_, ..]) = out.get_mut(taken..) {
            if self.plain == 0 {
                if self.ended != Ended::Not || !self.digest()? {
                    break;
                }
                continue;
            }
            match self.session.reader().read(rest) {
                Ok(n @ 1..) => {
                    taken += n;
                    self.plain -= n.min(self.plain);
                }
                Ok(0) | Err(_) => self.plain = 0,
            }
        }
        Ok(taken)
    }

    fn step_read(&mut self, out: &mut [u8], mut patience: Patience) -> Result<Step<usize>> {
        loop {
            let n = match self.take_plain(out) {
                Ok(n) => n,
                Err(e) => return Err(self.fail(e)),
            };
            if n > 0 || out.is_empty() {
                return Ok(Step::Done(n));
            }
            if self.ended != Ended::Not {
                return Ok(Step::Done(0));
            }
            if self.session.wants_write() && self.unsent.is_none() {
                // An answer to a key update. It may wait if the peer is not reading.
                if let Err(e) = self.send_ready(false) {
                    self.cannot_send(e)?;
                }
            }
            match self.receive(patience) {
                Ok(Step::Done(_)) => {}
                Ok(Step::Want(i)) => return Ok(Step::Want(i)),
                Err(e) => return Err(self.fail(e)),
            }
            // What is left of the time is the caller's to know.
            if let Patience::Ms(0..) = patience {
                patience = Patience::None;
            }
        }
    }

    fn step_establish(&mut self) -> Result<Step<()>> {
        loop {
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
            if !self.session.is_handshaking() {
                return self.established();
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
            if let Step::Want(i) = self.receive(Patience::None)? {
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

    /// Not being able to send is the end of sending alone. An error: of everything.
    #[cold]
    fn cannot_send(&mut self, e: Error) -> Result<()> {
        if e.code != Code::HC_ERR_SEND {
            return Err(self.fail(e));
        }
        self.unsent = Some(e);
        Ok(())
    }

    /// It stays failed: what comes after a broken record means nothing.
    #[cold]
    fn fail(&mut self, e: Error) -> Error {
        self.failed = Some(e.clone());
        e
    }
}

impl Transport for Tls {
    fn establish(&mut self) -> Result<Step<()>> {
        if let Some(e) = &self.failed {
            return Err(e.clone());
        }
        if self.agreed.is_some() {
            return Ok(Step::Done(()));
        }
        self.watch.get_or_insert_with(Stopwatch::start);
        match self.step_establish() {
            Ok(step) => Ok(step),
            Err(e) => Err(self.fail(e)),
        }
    }

    fn read(&mut self, buf: &mut [u8], patience: Patience) -> Result<Step<usize>> {
        if let Some(e) = &self.failed {
            return Err(e.clone());
        }
        self.step_read(buf, patience)
    }

    fn write(&mut self, parts: &[IoSlice<'_>], more: bool) -> Result<Step<usize>> {
        if let Some(e) = self.failed.as_ref().or(self.unsent.as_ref()) {
            return Err(e.clone());
        }
        // What was taken before goes first; until it has gone, nothing more is taken.
        match self.send_ready(more) {
            Ok(Step::Done(())) => {}
            Ok(Step::Want(i)) => return Ok(Step::Want(i)),
            Err(e) => {
                self.cannot_send(e.clone())?;
                return Err(e);
            }
        }
        let n = match self.session.writer().write_vectored(parts) {
            Ok(n) => n,
            Err(e) => return Err(self.fail(odd(&e))),
        };
        self.held = n as u64;
        match self.send_ready(more) {
            Ok(_) => Ok(Step::Done(n)),
            Err(e) => {
                self.cannot_send(e.clone())?;
                Err(e)
            }
        }
    }

    fn flush(&mut self) -> Result<Step<()>> {
        if !self.session.wants_write() {
            return Ok(Step::Done(()));
        }
        self.send_ready(false)
    }

    fn unsent(&self) -> u64 {
        let below = self.inner.as_ref().map_or(0, |inner| inner.unsent());
        below + self.held
    }

    fn departed(&self) -> u64 {
        self.departed
    }

    fn wait(&mut self, interest: Interest, ms: i64) -> Result<Waited> {
        match self.inner.as_deref_mut() {
            Some(inner) => inner.wait(interest, ms),
            None => Err(gone()),
        }
    }

    fn fd(&self) -> Option<RawFd> {
        self.inner.as_ref().and_then(|inner| inner.fd())
    }

    fn is_silent(&mut self) -> bool {
        loop {
            if self.plain > 0 || self.ended != Ended::Not || self.failed.is_some() {
                return false;
            }
            match self.digest() {
                Ok(true) => continue,
                Ok(false) => {}
                Err(e) => {
                    self.fail(e);
                    return false;
                }
            }
            // Tickets and key updates are no data; what they are is known when they are here.
            if self.inner.as_deref_mut().is_none_or(Transport::is_quiet) {
                return self.inner.is_some();
            }
            match self.receive(Patience::None) {
                Ok(Step::Done(_)) => {}
                Ok(Step::Want(_)) => return true,
                Err(e) => {
                    self.fail(e);
                    return false;
                }
            }
        }
    }

    fn ended_cleanly(&self) -> bool {
        self.ended != Ended::Cut
    }

    fn agreed(&self) -> Option<&Arc<Agreed>> {
        self.agreed.as_ref()
    }

    fn take_unread(&mut self) -> Vec<u8> {
        let mut unread = vec![0; self.plain];
        let n = self.take_plain(&mut unread).unwrap_or(0);
        unread.truncate(n);
        unread
    }

    fn abandon(mut self: Box<Self>) {
        if let Some(inner) = self.inner.take() {
            inner.abandon();
        }
    }
}

impl Drop for Tls {
    /// Tells the peer that the stream ends here, if that can be done without waiting.
    fn drop(&mut self) {
        let is_open = self.inner.is_some() && self.agreed.is_some() && self.failed.is_none();
        if is_open && self.ended != Ended::Cut && fork::is_same_process(self.stamp) {
            self.session.send_close_notify();
            let _ = self.send_ready(false);
        }
    }
}

/// How rustls writes to a transport.
struct Way<'a> {
    inner: &'a mut dyn Transport,
    more: bool,
    failed: Option<Error>,
}

impl Write for Way<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match self.inner.write(parts, self.more) {
            Ok(Step::Done(n @ 1..)) => Ok(n),
            Ok(Step::Done(0) | Step::Want(_)) => Err(io::ErrorKind::WouldBlock.into()),
            Err(e) => {
                self.failed = Some(e);
                Err(io::ErrorKind::Other.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cold]
fn gone() -> Error {
    Error::new(Code::HC_ERR_NOT_CONNECTED, "the connection is gone")
}

/// What rustls says about the use that is made of it, which is ours to get right.
#[cold]
fn odd(e: &io::Error) -> Error {
    Reason::Protocol.error(Code::HC_ERR_TLS, format!("TLS cannot go on: {e}"))
}
