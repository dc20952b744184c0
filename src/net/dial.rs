//! From a name to a connected socket, step by step: resolve, then one address after the
//! other. What each address said stays on record.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use super::deadline::{Deadline, Stopwatch};
use super::tcp::{Tcp, wait_fd};
use super::{Interest, Step, Waited};
use crate::error::{Code, Error, Result};
use crate::sys::{resolve, socket};

/// One address that was tried, laid out as C sees it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Attempt {
    /// The address and port in text, ending in a NUL.
    pub address: [u8; 64],
    /// errno; 0 for the one that worked.
    pub os_error: i32,
    /// How long it took.
    pub elapsed_ms: i32,
}

impl Attempt {
    fn new(tried: &Tried) -> Self {
        let mut text = [0; 64];
        // The longest address with zone and port has 58 bytes.
        for (to, from) in text
            .iter_mut()
            .take(63)
            .zip(tried.address.to_string().bytes())
        {
            *to = from;
        }
        let elapsed_ms = i32::try_from(tried.elapsed_ms).unwrap_or(i32::MAX);
        Self {
            address: text,
            os_error: tried.os_error,
            elapsed_ms,
        }
    }
}

/// The same, not put into words yet: most connections are made at the first try.
#[derive(Clone, Copy, Debug)]
struct Tried {
    address: SocketAddr,
    os_error: i32,
    elapsed_ms: i64,
}

/// Where connections come from: hc_set_source_address.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// An address of this machine; `None` for whichever fits.
    pub address: Option<IpAddr>,
    /// A port; 0 for any.
    pub port: u16,
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

/// A connection being made.
#[derive(Debug)]
pub struct Dial {
    host: String,
    port: u16,
    addresses: Option<std::vec::IntoIter<SocketAddr>>,
    trying: Option<(SocketAddr, OwnedFd, Stopwatch)>,
    deadline: Deadline,
    timeout_kind: i32,
    waits_in_connect: bool,
    source: Option<Source>,
    tried: Vec<Tried>,
}

impl Dial {
    /// Begins; it fails with a timeout of this kind when the deadline passes.
    #[must_use]
    pub fn new(
        host: &str,
        port: u16,
        deadline: Deadline,
        timeout_kind: i32,
        source: Option<Source>,
    ) -> Self {
        Self {
            host: host.to_owned(),
            port,
            addresses: None,
            trying: None,
            deadline,
            timeout_kind,
            waits_in_connect: false,
            source,
            tried: Vec::new(),
        }
    }

    /// What was tried so far.
    #[must_use]
    pub fn attempts(&self) -> Vec<Attempt> {
        self.tried.iter().map(Attempt::new).collect()
    }

    /// Has the name been resolved?
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        self.addresses.is_some()
    }

    /// When it has to be done.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// The descriptor to wait for.
    #[must_use]
    pub fn fd(&self) -> Option<RawFd> {
        self.trying.as_ref().map(|(_, fd, _)| fd.as_raw_fd())
    }

    /// Goes on. `patient`: connect(2) may wait by itself, as long as nothing limits its time;
    /// that saves asking how it ended, and turning the socket into one that waits.
    pub fn step(&mut self, patient: bool) -> Result<Step<Tcp>> {
        if self.trying.is_none() {
            self.waits_in_connect = patient && !self.deadline.is_set();
        }
        loop {
            if self.trying.is_some() {
                if let Some(step) = self.finish_attempt()? {
                    return Ok(step);
                }
                continue;
            }
            if self.addresses.is_none() {
                self.addresses = Some(self.resolve()?.into_iter());
            }
            let Some(address) = self.addresses.as_mut().and_then(Iterator::next) else {
                return Err(self.no_address_left());
            };
            if let Some(tcp) = self.begin_attempt(address) {
                return Ok(Step::Done(tcp));
            }
        }
    }

    /// Waits for the attempt that is under way.
    pub fn wait(&self, ms: i64) -> Result<Waited> {
        match self.fd() {
            Some(fd) => wait_fd(fd, Interest::Write, ms),
            None => Ok(Waited::Ready),
        }
    }

    fn resolve(&self) -> Result<Vec<SocketAddr>> {
        // A literal needs no resolver; one with a zone does, which knows interface names.
        if let Ok(ip) = self.host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, self.port)]);
        }
        resolve::resolve(&self.host, self.port).map_err(|e| {
            let text = format!("{}: {}", self.host, e.text);
            Error::new(Code::HC_ERR_RESOLVE, text).with_os_error(e.code)
        })
    }

    fn begin_attempt(&mut self, address: SocketAddr) -> Option<Tcp> {
        let watch = Stopwatch::start();
        let begun = socket::tcp_for(&address, !self.waits_in_connect).and_then(|fd| {
            socket::set_nodelay(fd.as_fd());
            if let Some(source) = &self.source {
                socket::bind(fd.as_fd(), &source.towards(&address))?;
            }
            socket::connect(fd.as_fd(), &address).map(|done| (fd, done))
        });
        match begun {
            Ok((fd, true)) => {
                self.record(address, 0, watch);
                Some(Tcp::dialled(fd, !self.waits_in_connect))
            }
            Ok((fd, false)) => {
                self.trying = Some((address, fd, watch));
                None
            }
            Err(e) => {
                self.record(address, e, watch);
                None
            }
        }
    }

    /// `None`: this address failed, the next one may do.
    fn finish_attempt(&mut self) -> Result<Option<Step<Tcp>>> {
        let Some((address, fd, watch)) = self.trying.take() else {
            return Ok(None);
        };
        // A connect that is still under way has no error yet, so writability is what counts.
        let outcome = match crate::sys::poll::wait(fd.as_raw_fd(), false, true, 0) {
            Ok(false) | Err(crate::sys::error_number::EINTR) => {
                if self.deadline.has_passed() {
                    self.record(address, crate::sys::error_number::ETIMEDOUT, watch);
                    return Err(self.timed_out());
                }
                self.trying = Some((address, fd, watch));
                return Ok(Some(Step::Want(Interest::Write)));
            }
            Ok(true) => socket::connect_result(fd.as_fd()).unwrap_or_else(|e| e),
            Err(e) => e,
        };
        self.record(address, outcome, watch);
        Ok((outcome == 0).then(|| Step::Done(Tcp::dialled(fd, !self.waits_in_connect))))
    }

    fn record(&mut self, address: SocketAddr, os_error: i32, watch: Stopwatch) {
        self.tried.push(Tried {
            address,
            os_error,
            elapsed_ms: watch.ms(),
        });
    }

    #[cold]
    fn timed_out(&self) -> Error {
        Error::new(
            Code::HC_ERR_TIMEOUT,
            format!("connecting to {} took too long", self.host),
        )
        .with_timeout(self.timeout_kind)
    }

    #[cold]
    fn no_address_left(&self) -> Error {
        match self.tried.last() {
            Some(last) => Error::os(
                Code::HC_ERR_CONNECT,
                last.os_error,
                &format!("connect to {}", last.address),
            ),
            None => Error::new(Code::HC_ERR_CONNECT, "the name has no address"),
        }
    }
}
