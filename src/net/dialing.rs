//! What a program can set about how connections are made.

use std::any::Any;
use std::ffi::CString;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use super::endpoint::{Endpoint, GivenAddress, Literal, UnixName};
use crate::error::Result;
use crate::sys::error_number::EPERM;
use crate::sys::options::{self, KeepAlive};
use crate::sys::shared::Shared;
use crate::sys::{socket, unix};

/// How long the next address waits for the one before it: RFC 8305 section 8.
pub const STAGGER_MS: i64 = 250;
/// The least that the same section allows.
pub const LEAST_STAGGER_MS: i64 = 10;

/// Where connections come from: hc_set_source_address.
#[derive(Clone, Debug)]
pub struct Source {
    /// An address of this machine; `None` for whichever fits.
    pub address: Option<IpAddr>,
    /// A port; 0 for any.
    pub port: u16,
    /// The address for C.
    pub text: CString,
}

impl Source {
    /// To reach `peer` from.
    fn towards(&self, peer: &SocketAddr) -> SocketAddr {
        let any = match peer {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        SocketAddr::new(self.address.unwrap_or(any), self.port)
    }
}

/// What the program's own resolver has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// Its addresses are all there are.
    Yes,
    /// The system is to be asked after all.
    AskSystem,
}

/// The program's own way from names to addresses.
pub trait Resolver: Send + Sync + Any {
    /// Asked on the thread that needs the connection; addresses go to `found`.
    fn resolve(&self, host: &str, port: u16, found: &mut Vec<SocketAddr>) -> Result<Answered>;

    /// Two with the same answer here find the same.
    fn identity(&self) -> [usize; 2];
}

/// Shown every socket before it connects.
pub trait SocketHook: Send + Sync + Any {
    /// Anything but 0 is a refusal.
    fn prepare(&self, fd: RawFd, endpoint: &Endpoint) -> i64;

    /// Two with the same answer here do the same.
    fn identity(&self) -> [usize; 2];
}

/// See the module.
#[derive(Clone)]
pub struct Dialing {
    /// See [`STAGGER_MS`]; 0 and less is one address after the other.
    pub stagger_ms: i64,
    /// Small segments leave at once.
    pub nodelay: bool,
    /// Whether silent peers are asked for a sign of life.
    pub keepalive: Option<KeepAlive>,
    /// The interface that everything goes through.
    pub interface: Option<CString>,
    /// Where connections come from.
    pub source: Option<Source>,
    /// Connect here, whatever the host is called.
    pub unix: Option<UnixName>,
    /// Connect to one of these, whatever the host is called.
    pub addresses: Vec<GivenAddress>,
    /// Asked for names instead of the system.
    pub resolver: Option<Arc<dyn Resolver>>,
    /// Shown each socket.
    pub hook: Option<Arc<dyn SocketHook>>,
}

impl Default for Dialing {
    fn default() -> Self {
        Self {
            stagger_ms: STAGGER_MS,
            nodelay: true,
            keepalive: None,
            interface: None,
            source: None,
            unix: None,
            addresses: Vec::new(),
            resolver: None,
            hook: None,
        }
    }
}

impl Dialing {
    /// One for all connections that change nothing of it.
    #[must_use]
    pub fn shared_default() -> Arc<Self> {
        static DEFAULT: Shared<Dialing> = Shared::new();
        DEFAULT.get()
    }
}

impl fmt::Debug for Dialing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialing").finish_non_exhaustive()
    }
}

/// Why there is no socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// errno.
    Os(i32),
    /// What the program's hook said.
    Hook(i64),
}

impl Refusal {
    /// As an errno.
    #[must_use]
    pub fn errno(self) -> i32 {
        match self {
            Self::Os(errno) => errno,
            Self::Hook(_) => EPERM,
        }
    }
}

impl From<i32> for Refusal {
    fn from(errno: i32) -> Self {
        Self::Os(errno)
    }
}

/// Where connections lead and what they are like, as far as that comes from here: of two with
/// the same mark one may stand in for the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    nodelay: bool,
    keepalive: Option<KeepAlive>,
    interface: Option<CString>,
    source: Option<(Option<IpAddr>, u16)>,
    unix: Option<UnixName>,
    addresses: Vec<Literal>,
    resolver: Option<[usize; 2]>,
    hook: Option<[usize; 2]>,
}

impl Dialing {
    /// See [`Mark`].
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark {
            nodelay: self.nodelay,
            keepalive: self.keepalive,
            interface: self.interface.clone(),
            source: self.source.as_ref().map(|s| (s.address, s.port)),
            unix: self.unix.clone(),
            addresses: self.addresses.iter().map(|a| a.literal).collect(),
            resolver: self.resolver.as_ref().map(|r| r.identity()),
            hook: self.hook.as_ref().map(|h| h.identity()),
        }
    }

    /// May several addresses be tried at the same time? One port at this end cannot serve two.
    #[must_use]
    pub fn is_racing(&self) -> bool {
        self.stagger_ms > 0 && self.source.as_ref().is_none_or(|s| s.port == 0)
    }

    /// A socket that is ready to connect to this endpoint.
    pub(super) fn socket_for(
        &self,
        endpoint: &Endpoint,
        nonblocking: bool,
    ) -> core::result::Result<OwnedFd, Refusal> {
        let fd = match endpoint {
            Endpoint::Ip(address) => self.tcp_for(address, nonblocking)?,
            Endpoint::Unix(_) => unix::socket(nonblocking)?,
        };
        if let Some(hook) = &self.hook {
            match hook.prepare(fd.as_raw_fd(), endpoint) {
                0 => {}
                value => return Err(Refusal::Hook(value)),
            }
        }
        // After the hook, which may have a say in what can be bound to.
        if let (Some(source), Endpoint::Ip(address)) = (&self.source, endpoint) {
            socket::bind(fd.as_fd(), &source.towards(address))?;
        }
        Ok(fd)
    }

    fn tcp_for(
        &self,
        address: &SocketAddr,
        nonblocking: bool,
    ) -> core::result::Result<OwnedFd, i32> {
        let fd = socket::tcp_for(address, nonblocking)?;
        if self.nodelay {
            socket::set_nodelay(fd.as_fd());
        }
        if let Some(how) = self.keepalive {
            options::set_keepalive(fd.as_fd(), how)?;
        }
        if let Some(name) = &self.interface {
            options::bind_to_device(fd.as_fd(), name)?;
        }
        Ok(fd)
    }
}
