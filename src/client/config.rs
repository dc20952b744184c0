//! What a program can set on a connection.

use crate::error::Result;
use crate::net::dial::Source;
use crate::proto::hostport::HostPort;
use crate::proto::tunnel::Tunnel;
use crate::proto::{Limits, Profile};

/// Waiting times in milliseconds; negative is for ever (for the reuse check: never made).
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// From the first look at the name to the open connection.
    pub connect: i64,
    /// For the next bytes to arrive.
    pub read: i64,
    /// For the peer to take more bytes.
    pub write: i64,
    /// For an answer to `Expect: 100-continue` before the body goes anyway.
    pub expect_continue: i64,
    /// Idle time from which on a kept connection is looked at before it is used again.
    pub reuse_check: i64,
}

/// The number by which the program knows a timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum TimeoutKind {
    /// [`Timeouts::connect`].
    Connect = 0,
    /// [`Timeouts::read`].
    Read = 1,
    /// [`Timeouts::write`].
    Write = 2,
    /// [`Timeouts::expect_continue`].
    ExpectContinue = 3,
    /// [`Timeouts::reuse_check`].
    ReuseCheck = 4,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: -1,
            read: -1,
            write: -1,
            expect_continue: 1000,
            reuse_check: 1,
        }
    }
}

impl Timeouts {
    /// The timeout with this number.
    pub fn by_number(&mut self, n: i32) -> Option<&mut i64> {
        const KINDS: [TimeoutKind; 5] = [
            TimeoutKind::Connect,
            TimeoutKind::Read,
            TimeoutKind::Write,
            TimeoutKind::ExpectContinue,
            TimeoutKind::ReuseCheck,
        ];
        Some(match KINDS.into_iter().find(|k| *k as i32 == n)? {
            TimeoutKind::Connect => &mut self.connect,
            TimeoutKind::Read => &mut self.read,
            TimeoutKind::Write => &mut self.write,
            TimeoutKind::ExpectContinue => &mut self.expect_continue,
            TimeoutKind::ReuseCheck => &mut self.reuse_check,
        })
    }
}

/// What also goes along with a response that takes the connection with it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tuning {
    /// Calls return instead of waiting.
    pub nonblocking: bool,
    /// What is accepted.
    pub profile: Profile,
    /// How much of it.
    pub limits: Limits,
    /// How long.
    pub timeouts: Timeouts,
}

/// Everything else.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where connections go.
    pub target: HostPort,
    /// The port that a Host field does not name.
    pub default_port: u16,
    /// The host was taken as it is: a Host field made of it has to be looked at.
    pub host_unchecked: bool,
    /// Where connections go through, when the target is a proxy.
    pub tunnel: Option<Tunnel>,
    /// Where connections come from, when that matters.
    pub source: Option<Source>,
    /// The value of the Host field.
    pub host_header: Vec<u8>,
    /// 10 or 11.
    pub http_version: u8,
    /// A call that needs a connection may open one.
    pub auto_open: bool,
    /// A request may be sent again when a kept connection turns out to be dead.
    pub retry: bool,
}

/// The port of plain HTTP.
pub const HTTP_PORT: u16 = 80;

impl Config {
    /// The defaults, for this host.
    pub fn new(host: &[u8], port: i32) -> Result<Self> {
        let target = HostPort::parse(host, port, HTTP_PORT)?;
        let host_header = target.host_header(HTTP_PORT);
        Ok(Self {
            target,
            default_port: HTTP_PORT,
            host_unchecked: false,
            tunnel: None,
            source: None,
            host_header,
            http_version: 11,
            auto_open: true,
            retry: false,
        })
    }

    /// The Host field says where requests go in the end: through the tunnel, if there is one.
    pub fn name_host(&mut self) {
        let target = self.tunnel.as_ref().map_or(&self.target, |t| &t.target);
        self.host_header = target.host_header(self.default_port);
    }
}
