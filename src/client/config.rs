//! What a program can set on a connection.

use std::ops::Deref;
use std::sync::Arc;

pub use super::timeouts::{MinSpeed, TimeoutKind, Timeouts};
use crate::error::Result;
use crate::net::dialing::Dialing;
use crate::net::tls::TlsConfig;
use crate::proto::hostport::HostPort;
use crate::proto::proxy::Proxy;
use crate::proto::tunnel::Tunnel;
use crate::proto::{Limits, Profile};
use crate::sys::shared::Shared;

/// What also goes along with a response that takes the connection with it.
#[derive(Clone, Copy, Debug)]
pub struct Tuning {
    /// Calls return instead of waiting.
    pub nonblocking: bool,
    /// What is accepted.
    pub profile: Profile,
    /// How much of it.
    pub limits: Limits,
    /// How long.
    pub timeouts: Timeouts,
    /// How slowly.
    pub min_speed: MinSpeed,
    /// The parts of an exchange are timed.
    pub measures: bool,
    /// Bytes of a request body that are read from a file or callback at a time.
    pub block: usize,
}

impl Tuning {
    /// What [`Tuning::block`] may be.
    pub const BLOCKS: core::ops::RangeInclusive<usize> = 1..=1 << 24;
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            nonblocking: false,
            profile: Profile::default(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            min_speed: MinSpeed::default(),
            measures: false,
            block: 64 * 1024,
        }
    }
}

/// The same, one for all connections until one of them changes it: most never do.
#[derive(Clone, Debug)]
pub struct SharedTuning(Arc<Tuning>);

impl Default for SharedTuning {
    fn default() -> Self {
        static DEFAULT: Shared<Tuning> = Shared::new();
        Self(DEFAULT.get())
    }
}

impl Deref for SharedTuning {
    type Target = Tuning;

    #[inline]
    fn deref(&self) -> &Tuning {
        &self.0
    }
}

impl SharedTuning {
    /// One of its own, to be changed.
    pub fn own(&mut self) -> &mut Tuning {
        Arc::make_mut(&mut self.0)
    }
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
    pub tunnel: Option<Box<Tunnel>>,
    /// They go by TLS.
    pub tls: Option<Arc<TlsConfig>>,
    /// What the way to a proxy by TLS is made of; `None` for the default.
    pub proxy_tls: Option<Arc<TlsConfig>>,
    /// How connections are made. Shared with one that is being made.
    pub dialing: Arc<Dialing>,
    /// What connections are opened to in place of the target.
    pub proxy: Option<Box<Proxy>>,
    /// The head of the CONNECT request, as it was shown last.
    pub shown_head: Vec<u8>,
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
/// The port of HTTP over TLS.
pub const HTTPS_PORT: u16 = 443;

impl Config {
    /// The defaults, for this host.
    pub fn new(host: &[u8], port: i32, tls: Option<Arc<TlsConfig>>) -> Result<Self> {
        let default_port = if tls.is_some() { HTTPS_PORT } else { HTTP_PORT };
        let target = HostPort::parse(host, port, default_port)?;
        let host_header = target.host_header(default_port);
        Ok(Self {
            target,
            default_port,
            host_unchecked: false,
            tunnel: None,
            tls,
            proxy_tls: None,
            dialing: Dialing::shared_default(),
            proxy: None,
            shown_head: Vec::new(),
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
