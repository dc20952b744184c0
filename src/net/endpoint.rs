//! What a socket can be connected to, and the texts that name one without a name server.

use std::ffi::CString;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::Arc;

use crate::error::{Code, Error, Result};
use crate::sys::error_number::{EINVAL, ENODEV};
use crate::sys::{options, unix};

/// One place to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// An address and a port.
    Ip(SocketAddr),
    /// A socket of this machine.
    Unix(UnixName),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Unix(name) => name.fmt(f),
        }
    }
}

/// The name of a Unix socket: a path, or an abstract name, which begins with a NUL. A NUL is kept
/// behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixName(Arc<[u8]>);

impl UnixName {
    /// Takes a path, or an abstract name that begins with a NUL.
    pub fn new(name: &[u8]) -> Result<Self> {
        let (is_abstract, rest) = match name {
            [0, rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        if rest.is_empty() {
            return Err(bad("the name of the Unix socket is empty"));
        }
        if name.len() > unix::LONGEST_NAME {
            let most = unix::LONGEST_NAME;
            return Err(bad(format!(
                "the name of the Unix socket has {} bytes, and {most} are the most",
                name.len()
            )));
        }
        if !is_abstract && rest.contains(&0) {
            return Err(bad("the path of the Unix socket holds a NUL"));
        }
        Ok(Self([name, b"\0"].concat().into()))
    }

    /// As the kernel takes it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.split_last().map_or(&[], |(_, name)| name)
    }

    /// The same for C: a NUL follows.
    #[must_use]
    pub fn bytes_with_nul(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for UnixName {
    /// `@` stands for a NUL, as in ss(8).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(self.bytes())
            .replace('\0', "@")
            .fmt(f)
    }
}

/// An address that needs no name server, and its port if the text has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Literal {
    address: SocketAddr,
    has_port: bool,
}

impl Literal {
    /// `1.2.3.4`, `1.2.3.4:80`, `::1`, `fe80::1%eth0`, `[::1]`, `[fe80::1%2]:80`.
    pub fn parse(text: &str) -> Result<Self> {
        let none = || bad("the address is not an IP address");
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (inside, after) = rest.split_once(']').ok_or_else(none)?;
                if !inside.contains(':') {
                    return Err(none());
                }
                match after.strip_prefix(':') {
                    None if after.is_empty() => (inside, None),
                    None => return Err(none()),
                    Some(port) => (inside, Some(port)),
                }
            }
            None => match text.split_once(':') {
                Some((host, port)) if !port.contains(':') => (host, Some(port)),
                _ => (text, None),
            },
        };
        let number = match port {
            None => 0,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits
                .parse::<u16>()
                .ok()
                .filter(|port| *port > 0)
                .ok_or_else(|| bad("the port of the address is not between 1 and 65535"))?,
            Some(_) => return Err(none()),
        };
        match literal(host, number) {
            Some(Ok(address)) => Ok(Self {
                address,
                has_port: port.is_some(),
            }),
            Some(Err(errno)) => Err(Error::os(
                Code::HC_ERR_INVALID_ARG,
                errno,
                "the zone of the address",
            )),
            None => Err(none()),
        }
    }

    /// With this port, unless it has one.
    #[must_use]
    pub fn with_default_port(self, port: u16) -> SocketAddr {
        let mut address = self.address;
        if !self.has_port {
            address.set_port(port);
        }
        address
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            address if self.has_port => address.fmt(f),
            SocketAddr::V6(a) if a.scope_id() != 0 => write!(f, "{}%{}", a.ip(), a.scope_id()),
            address => address.ip().fmt(f),
        }
    }
}

/// An address that the program gave, and its text for C.
#[derive(Clone, Debug)]
pub struct GivenAddress {
    /// The address.
    pub literal: Literal,
    /// As it is shown.
    pub text: CString,
}

impl GivenAddress {
    /// What this text says.
    pub fn parse(text: &str) -> Result<Self> {
        let literal = Literal::parse(text)?;
        // A number, dots and colons: there is no NUL in it.
        let text = CString::new(literal.to_string()).unwrap_or_default();
        Ok(Self { literal, text })
    }
}

/// The address that `host` is, if it is one. With a zone that is none: errno.
#[must_use]
pub fn literal(host: &str, port: u16) -> Option<core::result::Result<SocketAddr, i32>> {
    let Some((address, zone)) = host.split_once('%') else {
        let ip = host.parse::<IpAddr>().ok()?;
        return Some(Ok(SocketAddr::new(ip, port)));
    };
    let address = address.parse::<Ipv6Addr>().ok()?;
    let scope = zone_index(zone);
    Some(scope.map(|scope| SocketAddr::V6(SocketAddrV6::new(address, port, 0, scope))))
}

/// A zone is the number of an interface, or its name.
fn zone_index(zone: &str) -> core::result::Result<u32, i32> {
    if !zone.is_empty() && zone.bytes().all(|b| b.is_ascii_digit()) {
        return zone.parse().map_err(|_| EINVAL);
    }
    let name = CString::new(zone).map_err(|_| ENODEV)?;
    options::interface_index(&name)
}

#[cold]
fn bad(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Code::HC_ERR_INVALID_ARG, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        Literal::parse(text).ok().map(|l| l.to_string())
    }

    #[test]
    fn literals_with_and_without_ports() {
        let same = [
            "1.2.3.4",
            "1.2.3.4:80",
            "::1",
            "[::1]:65535",
            "fe80::1%7",
            "[fe80::1%7]:80",
        ];
        for text in same {
            assert_eq!(shown(text).as_deref(), Some(text));
        }
        assert_eq!(shown("[::1]").as_deref(), Some("::1"));
        let addresses = ["1.2.3.4", "1.2.3.4:8080"].map(Literal::parse);
        let ports = addresses.map(|l| l.ok().map(|l| l.with_default_port(443).port()));
        assert_eq!(ports, [Some(443), Some(8080)]);
    }

    #[test]
    fn what_is_no_literal() {
        let none = [
            "",
            "localhost",
            "1.2.3",
            "1.2.3.4:",
            "1.2.3.4:0",
            "1.2.3.4:65536",
            "1.2.3.4:+1",
            "[1.2.3.4]:80",
            "[::1",
            "[::1]80",
            "[::1]:",
            "::1%",
            "::1%nosuch0",
            "1.2.3.4%1",
            "[]:1",
            "fe80::1%99999999999",
            "1.2.3.4 ",
            "[::1]:x",
        ];
        for text in none {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn row_119_zones() {
        let scope = |host| match literal(host, 80) {
            Some(Ok(SocketAddr::V6(a))) => Ok(a.scope_id()),
            Some(Err(errno)) => Err(errno),
            _ => Err(0),
        };
        assert_eq!(scope("fe80::1%3"), Ok(3));
        assert_eq!(scope("fe80::1%lo"), options::interface_index(c"lo"));
        assert_eq!(scope("fe80::1%nosuch0"), Err(ENODEV));
        assert_eq!(scope("nohost%lo"), Err(0));
        assert_eq!(scope("::1"), Ok(0));
    }

    #[test]
    fn names_of_unix_sockets() {
        let shown = |name: &[u8]| UnixName::new(name).ok().map(|n| n.to_string());
        assert_eq!(shown(b"/run/x").as_deref(), Some("/run/x"));
        assert_eq!(shown(b"\0a\0b").as_deref(), Some("@a@b"));
        assert_eq!(shown(b""), None);
        assert_eq!(shown(b"\0"), None);
        assert_eq!(shown(b"/a\0b"), None);
        assert!(shown(&[b'x'; unix::LONGEST_NAME]).is_some());
        assert_eq!(shown(&[b'x'; unix::LONGEST_NAME + 1]), None);
    }
}
