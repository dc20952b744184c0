//! SOCKS, the client's side: version 5 (RFC 1928) with user and password (RFC 1929), and 4A.
//! Bytes in, bytes out: what is to be sent stands in [`Socks::output`], what has arrived goes
//! to [`Socks::advance`], which takes not one byte more than the proxy's own.

use core::net::IpAddr;

use super::basic::Credentials;
use super::hostport::HostPort;
use crate::error::{Code, Error, Result};

/// A conversation with a proxy.
#[derive(Debug)]
pub struct Socks {
    expected: Reply,
    /// The reply that is arriving.
    arrived: Vec<u8>,
    output: Vec<u8>,
    sent: usize,
    /// What follows the replies before the last one.
    authentication: Vec<u8>,
    request: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reply {
    /// Which method of authentication the proxy takes.
    V5Method,
    /// Is it satisfied?
    V5Authentication,
    /// Is there a connection?
    V5Request,
    V4,
}

const LONGEST: usize = 255;

/// Can these be told to a SOCKS 5 proxy? The password may be empty, though RFC 1929 asks for a
/// byte: there are accounts without.
pub fn check_v5(c: &Credentials) -> Result<()> {
    match (c.user.len(), c.password.len()) {
        (1..=LONGEST, ..=LONGEST) => Ok(()),
        _ => Err(Error::new(
            Code::HC_ERR_INVALID_ARG,
            "SOCKS 5 takes a user of 1 to 255 bytes and a password of at most 255",
        )),
    }
}

/// The same for SOCKS 4A, which knows no passwords.
pub fn check_v4(c: &Credentials) -> Result<()> {
    if c.password.is_empty() && c.user.len() <= LONGEST && !c.user.contains(&0) {
        return Ok(());
    }
    Err(Error::new(
        Code::HC_ERR_INVALID_ARG,
        "SOCKS 4A takes a user of at most 255 bytes, without NUL, and no password",
    ))
}

impl Socks {
    /// Asks a SOCKS 5 proxy for a connection.
    pub fn v5(target: &HostPort, credentials: Option<&Credentials>) -> Result<Self> {
        let (mut authentication, mut request) = (Vec::new(), Vec::new());
        authentication.try_reserve(3 + 2 * LONGEST)?;
        request.try_reserve(7 + LONGEST)?;
        if let Some(c) = credentials {
            check_v5(c)?;
            authentication.push(1);
            push_counted(&mut authentication, &c.user);
            push_counted(&mut authentication, &c.password);
        }
        const CONNECT: u8 = 1;
        request.extend_from_slice(&[5, CONNECT, 0]);
        match address(target) {
            Some(IpAddr::V4(v4)) => {
                request.push(IPV4);
                request.extend_from_slice(&v4.octets());
            }
            Some(IpAddr::V6(v6)) => {
                request.push(IPV6);
                request.extend_from_slice(&v6.octets());
            }
            None => {
                check_name(target)?;
                request.push(NAME);
                push_counted(&mut request, target.host.as_bytes());
            }
        }
        request.extend_from_slice(&target.port.to_be_bytes());
        // The proxy picks: with credentials it may, and need not, ask for them.
        let output = match credentials {
            Some(_) => vec![5, 2, NO_AUTHENTICATION, PASSWORD],
            None => vec![5, 1, NO_AUTHENTICATION],
        };
        Ok(Self {
            expected: Reply::V5Method,
            arrived: Vec::new(),
            output,
            sent: 0,
            authentication,
            request,
        })
    }

    /// Asks a SOCKS 4A proxy. It knows IPv4 addresses and names.
    pub fn v4a(target: &HostPort, credentials: Option<&Credentials>) -> Result<Self> {
        let mut output = Vec::new();
        output.try_reserve(10 + 2 * LONGEST)?;
        output.extend_from_slice(&[4, 1]);
        output.extend_from_slice(&target.port.to_be_bytes());
        let name = match address(target) {
            Some(IpAddr::V4(v4)) => {
                output.extend_from_slice(&v4.octets());
                None
            }
            Some(IpAddr::V6(_)) => {
                return Err(Error::new(
                    Code::HC_ERR_UNSUPPORTED,
                    "SOCKS 4A knows no IPv6 addresses",
                ));
            }
            None => {
                check_name(target)?;
                // An address that cannot be says that a name follows.
                output.extend_from_slice(&[0, 0, 0, 1]);
                Some(target.host.as_bytes())
            }
        };
        if let Some(c) = credentials {
            check_v4(c)?;
            output.extend_from_slice(&c.user);
        }
        output.push(0);
        if let Some(name) = name {
            output.extend_from_slice(name);
            output.push(0);
        }
        Ok(Self {
            expected: Reply::V4,
            arrived: Vec::new(),
            output,
            sent: 0,
            authentication: Vec::new(),
            request: Vec::new(),
        })
    }

    /// What is to be sent now; empty when an answer is waited for.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        self.output.get(self.sent..).unwrap_or_default()
    }

    /// So many bytes of it were sent.
    pub fn sent(&mut self, n: usize) {
        self.sent = self.sent.saturating_add(n).min(self.output.len());
    }

    /// Looks at what has arrived: how many bytes of it were taken, and whether the connection
    /// is there. What the proxy says before it has been asked is no answer.
    pub fn advance(&mut self, bytes: &[u8], eof: bool) -> Result<(usize, bool)> {
        let mut used = 0;
        loop {
            if let Some(b) = bytes.get(used)
                && !self.output().is_empty()
            {
                return Err(bad(format!(
                    "the proxy sent byte {b:#04x} before it was asked"
                )));
            }
            let missing = self.missing()?;
            if missing == 0 {
                if self.judge()? {
                    return Ok((used, true));
                }
                continue;
            }
            let rest = bytes.get(used..).unwrap_or_default();
            if rest.is_empty() {
                return if eof {
                    let n = self.arrived.len();
                    Err(bad(format!(
                        "the proxy closed the connection in {} ({n} bytes of its answer had come)",
                        self.doing()
                    )))
                } else {
                    Ok((used, false))
                };
            }
            // At most a name and a port: this cannot grow beyond 262 bytes.
            let taken = rest.get(..missing.min(rest.len())).unwrap_or_default();
            self.arrived.try_reserve(taken.len())?;
            self.arrived.extend_from_slice(taken);
            used += taken.len();
        }
    }

    /// How many bytes the reply lacks, as far as can be known; what stands in it is checked as
    /// soon as it is there.
    fn missing(&self) -> Result<usize> {
        let arrived = &*self.arrived;
        let whole = match self.expected {
            Reply::V5Method | Reply::V5Authentication => 2,
            Reply::V4 => 8,
            Reply::V5Request => match arrived {
                // A refusal may end behind its code, or hold no address worth the name.
                [5, code, ..] if *code != 0 => 2,
                [_, _, _, IPV4, ..] => 4 + 4 + 2,
                [_, _, _, IPV6, ..] => 4 + 16 + 2,
                [_, _, _, NAME, length, ..] => 5 + usize::from(*length) + 2,
                [_, _, _, NAME] => 5,
                [_, _, _, kind, ..] => {
                    return Err(bad(format!(
                        "the proxy answered with an address of the unknown kind {kind}"
                    )));
                }
                _ => 4,
            },
        };
        if let Some(version) = arrived.first() {
            let known = match self.expected {
                Reply::V5Method | Reply::V5Request => 5,
                Reply::V5Authentication => 1,
                Reply::V4 => 0,
            };
            // Some answer RFC 1929 with the version of RFC 1928.
            let lax = self.expected == Reply::V5Authentication && *version == 5;
            if *version != known && !lax {
                return Err(bad(format!(
                    "what the proxy answered is not SOCKS: it begins with {version:#04x} where \
                     {known:#04x} belongs"
                )));
            }
        }
        Ok(whole.saturating_sub(arrived.len()))
    }

    /// The reply is there. True: and with it the connection.
    fn judge(&mut self) -> Result<bool> {
        let code = self.arrived.get(1).copied().unwrap_or_default();
        self.arrived.clear();
        self.sent = 0;
        match (self.expected, code) {
            (Reply::V5Method, NO_AUTHENTICATION) => {
                self.output = core::mem::take(&mut self.request);
                self.expected = Reply::V5Request;
                Ok(false)
            }
            (Reply::V5Method, PASSWORD) if !self.authentication.is_empty() => {
                self.output = core::mem::take(&mut self.authentication);
                self.expected = Reply::V5Authentication;
                Ok(false)
            }
            (Reply::V5Method, NO_METHOD) => Err(bad(if self.authentication.is_empty() {
                "the proxy wants authentication, and there is no user to tell it".to_owned()
            } else {
                "the proxy takes neither user and password nor nobody".to_owned()
            })),
            (Reply::V5Method, method) => Err(bad(format!(
                "the proxy picked the authentication method {method:#04x}, which it was not offered"
            ))),
            (Reply::V5Authentication, 0) => {
                self.output = core::mem::take(&mut self.request);
                self.expected = Reply::V5Request;
                Ok(false)
            }
            (Reply::V5Authentication, status) => Err(bad(format!(
                "the proxy refused user and password (status {status})"
            ))),
            (Reply::V5Request, 0) | (Reply::V4, V4_GRANTED) => Ok(true),
            (Reply::V5Request, code) => {
                let why = match code {
                    1 => "general failure",
                    2 => "not allowed by its rules",
                    3 => "network unreachable",
                    4 => "host unreachable",
                    5 => "connection refused",
                    6 => "time to live expired",
                    7 => "command not supported",
                    8 => "kind of address not supported",
                    _ => "unknown reason",
                };
                Err(bad(format!(
                    "the proxy made no connection: {why} (reply {code})"
                )))
            }
            (Reply::V4, code) => {
                let why = match code {
                    91 => "rejected or failed",
                    92 => "it cannot reach the identd of this host",
                    93 => "the identd of this host reports another user",
                    _ => "unknown reason",
                };
                Err(bad(format!(
                    "the proxy made no connection: {why} (reply {code})"
                )))
            }
        }
    }

    fn doing(&self) -> &'static str {
        match self.expected {
            Reply::V5Method => "the choice of authentication",
            Reply::V5Authentication => "authentication",
            Reply::V5Request | Reply::V4 => "the request for a connection",
        }
    }
}

const NO_AUTHENTICATION: u8 = 0;
const PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xff;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;
const V4_GRANTED: u8 = 90;

/// The target as an address, if it is one. A zone is the business of this machine.
fn address(target: &HostPort) -> Option<IpAddr> {
    let host = target.host.as_str();
    let host = host.split_once('%').map_or(host, |(address, _)| address);
    host.parse().ok()
}

/// One that was taken unchecked may be too long, or end early for who reads up to a NUL.
fn check_name(target: &HostPort) -> Result<()> {
    let host = target.host.as_bytes();
    if (1..=LONGEST).contains(&host.len()) && !host.contains(&0) {
        return Ok(());
    }
    Err(Error::new(
        Code::HC_ERR_INVALID_URL,
        "a SOCKS proxy takes a host of 1 to 255 bytes, without NUL",
    ))
}

/// `bytes` has been checked not to be longer than the count can say.
fn push_counted(out: &mut Vec<u8>, bytes: &[u8]) {
    let count = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    out.push(count);
    out.extend(bytes.iter().take(usize::from(count)));
}

#[cold]
fn bad(text: String) -> Error {
    Error::new(Code::HC_ERR_PROXY, text)
}

#[cfg(test)]
#[path = "socks_tests.rs"]
mod tests;
