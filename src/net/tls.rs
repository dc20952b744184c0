//! TLS, over any transport. rustls does it; this is the only place that knows of rustls.
//!
//! A receive takes as much as has arrived into one buffer; rustls is given whole records of it
//! and decrypts them, and their contents go from there to whoever reads. What is written is
//! gathered into records that leave in one send.

pub mod agreed;
mod calendar;
mod config;
mod explain;
mod handshake;
mod identity;
mod incoming;
mod keylog;
mod leaving;
mod material;
mod names;
pub mod reason;
mod roots;
mod sessions;
pub mod settings;
mod verify;

use std::io::{self, IoSlice, Write as _};
use std::os::fd::RawFd;
use std::sync::Arc;

use rustls::ClientConnection;
use rustls::crypto::CryptoProvider;

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

/// What rustls takes before it has sent something: a chunk of a body with the framing around it.
const MOST_TAKEN: usize = 65 * 1024;

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
        mut session: ClientConnection,
        host: &str,
        verified: (bool, bool),
    ) -> Self {
        session.set_buffer_limit(Some(MOST_TAKEN));
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
    fn establish(&mut self, patience: Patience) -> Result<Step<()>> {
        if let Some(e) = &self.failed {
            return Err(e.clone());
        }
        if self.agreed.is_some() {
            return Ok(Step::Done(()));
        }
        self.watch.get_or_insert_with(Stopwatch::start);
        match self.step_establish(patience) {
            Ok(step) => Ok(step),
            Err(e) => Err(self.fail(e)),
        }
    }

    fn read(&mut self, buf: &mut [u8], patience: Patience) -> Result<Step<usize>> {
        if let Some(e) = &self.failed
            && self.plain == 0
        {
            return Err(e.clone());
        }
        self.step_read(buf, patience)
    }

    fn write(&mut self, parts: &[IoSlice<'_>], more: bool) -> Result<Step<usize>> {
        if let Some(e) = self.failed.as_ref().or(self.unsent.as_ref()) {
            return Err(e.clone());
        }
        // What was taken before goes first; until it has gone, nothing more is taken. The last
        // message of a handshake is not kept waiting, and leaves together with the first data.
        if self.held > 0
            && let Step::Want(i) = self.send_or_end(more)?
        {
            return Ok(Step::Want(i));
        }
        let n = match self.session.writer().write_vectored(parts) {
            Ok(n) => n,
            Err(e) => return Err(self.fail(odd(&e))),
        };
        self.held = n as u64;
        match self.send_or_end(more)? {
            // There was no room beside a handshake's messages.
            Step::Want(i) if n == 0 => Ok(Step::Want(i)),
            _ => Ok(Step::Done(n)),
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

#[cold]
fn gone() -> Error {
    Error::new(Code::HC_ERR_NOT_CONNECTED, "the connection is gone")
}

/// What rustls says about the use that is made of it, which is ours to get right.
#[cold]
fn odd(e: &io::Error) -> Error {
    Reason::Protocol.error(Code::HC_ERR_TLS, format!("TLS cannot go on: {e}"))
}
