//! Host and port: how they are split, what they may hold, and how they stand in a Host
//! header (RFC 9110 section 7.2, RFC 3986 section 3.2.2).

use super::grammar::Decimal;
use crate::error::{Code, Error, Result};

/// Where a connection goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// Without brackets; an IPv6 address keeps its zone.
    pub host: String,
    /// 1 to 65535.
    pub port: u16,
}

const LONGEST_HOST: usize = 255;

impl HostPort {
    /// Splits `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address. An explicit
    /// `port` above 0 wins over one in the host; without either it is `default_port`.
    pub fn parse(host: &[u8], port: i32, default_port: u16) -> Result<Self> {
        let (name, written_port) = split(host)?;
        check_name(name)?;
        let port = port_of(port, written_port, default_port)?;
        let host = core::str::from_utf8(name).map_err(|_| bad("the host is not ASCII"))?;
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }

    /// The same without a look at what stands in the name, which has to be UTF-8 all the same:
    /// for whoever does the looking himself.
    pub fn parse_unchecked(host: &[u8], port: i32, default_port: u16) -> Result<Self> {
        let (name, port) = match split(host) {
            Ok((name, written)) => (name, port_of(port, written, default_port)?),
            Err(_) => (host, port_of(port, None, default_port)?),
        };
        let host = core::str::from_utf8(name).map_err(|_| bad("the host is not UTF-8"))?;
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }

    /// The value of a Host header: brackets around IPv6, no zone, no default port.
    #[must_use]
    pub fn host_header(&self, default_port: u16) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.host.len() + 8);
        if self.host.contains(':') {
            out.push(b'[');
            out.extend_from_slice(without_zone(&self.host).as_bytes());
            out.push(b']');
        } else {
            out.extend_from_slice(self.host.as_bytes());
        }
        if self.port != default_port {
            out.push(b':');
            out.extend_from_slice(Decimal::of(u64::from(self.port)).as_bytes());
        }
        out
    }
}

/// The authority of an absolute-form target (`http://host:port/path`), without userinfo,
/// which has no business in a Host header.
#[must_use]
pub fn authority_of_target(target: &[u8]) -> Option<&[u8]> {
    let at = memchr::memmem::find(target, b"://")?;
    let scheme = target.get(..at)?;
    if !scheme.eq_ignore_ascii_case(b"http") && !scheme.eq_ignore_ascii_case(b"https") {
        return None;
    }
    let rest = target.get(at + 3..)?;
    let end = rest
        .iter()
        .position(|b| matches!(b, b'/' | b'?' | b'#'))
        .unwrap_or(rest.len());
    let authority = rest.get(..end)?;
    let host = match memchr::memrchr(b'@', authority) {
        Some(at) => authority.get(at + 1..)?,
        None => authority,
    };
    (!host.is_empty()).then_some(host)
}

fn port_of(port: i32, written: Option<&[u8]>, default_port: u16) -> Result<u16> {
    match (port, written) {
        (1.., _) => u16::try_from(port).map_err(|_| bad("the port is not between 1 and 65535")),
        (0, None | Some(b"")) => Ok(default_port),
        (0, Some(digits)) => parse_port(digits),
        _ => Err(bad("the port is negative")),
    }
}

fn without_zone(host: &str) -> &str {
    host.split_once('%').map_or(host, |(address, _)| address)
}

fn split(host: &[u8]) -> Result<(&[u8], Option<&[u8]>)> {
    if let [b'[', rest @ ..] = host {
        let Some(end) = memchr::memchr(b']', rest) else {
            return Err(bad("the host has '[' without ']'"));
        };
        let (inside, after) = (&rest[..end], &rest[end + 1..]);
        if !inside.contains(&b':') {
            return Err(bad("only an IPv6 address stands in brackets"));
        }
        return match after {
            [] => Ok((inside, None)),
            [b':', port @ ..] => Ok((inside, Some(port))),
            _ => Err(bad("something stands between ']' and the port")),
        };
    }
    match memchr::memchr(b':', host) {
        None => Ok((host, None)),
        // A second colon: this can only be an IPv6 address, and all of it is address.
        Some(i) if memchr::memchr(b':', &host[i + 1..]).is_some() => Ok((host, None)),
        Some(i) => Ok((&host[..i], Some(&host[i + 1..]))),
    }
}

fn check_name(name: &[u8]) -> Result<()> {
    if name.is_empty() {
        return Err(bad("the host is empty"));
    }
    if name.len() > LONGEST_HOST {
        return Err(bad("the host is longer than 255 bytes"));
    }
    // Space, controls and non-ASCII would break the head or name another host; the rest
    // would end the authority for whoever reads the Host header as part of a URL.
    let forbidden = |b: u8| {
        !(0x21..=0x7e).contains(&b) || matches!(b, b'/' | b'?' | b'#' | b'@' | b'\\' | b'[' | b']')
    };
    if let Some(at) = name.iter().position(|&b| forbidden(b)) {
        return Err(bad("the host holds a byte that a host cannot hold").at(at as u64));
    }
    if name.contains(&b':') {
        let address = core::str::from_utf8(name).unwrap_or_default();
        if without_zone(address)
            .parse::<core::net::Ipv6Addr>()
            .is_err()
        {
            return Err(bad(
                "the host is not an IPv6 address, and only those hold colons",
            ));
        }
    } else if name.contains(&b'%') {
        return Err(bad("the host holds '%', which only IPv6 zones have"));
    }
    Ok(())
}

fn parse_port(digits: &[u8]) -> Result<u16> {
    if digits.len() > 5 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(bad("the port is not a number between 1 and 65535"));
    }
    let n = digits
        .iter()
        .fold(0_u32, |n, d| n * 10 + u32::from(d - b'0'));
    match u16::try_from(n) {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(bad("the port is not between 1 and 65535")),
    }
}

#[cold]
fn bad(text: &'static str) -> Error {
    Error::new(Code::HC_ERR_INVALID_URL, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(host: &str, port: i32) -> Option<(String, u16)> {
        HostPort::parse(host.as_bytes(), port, 80)
            .ok()
            .map(|h| (h.host, h.port))
    }

    #[test]
    fn hosts_and_ports() {
        let some = |h: &str, p| Some((h.to_owned(), p));
        assert_eq!(parse("example.org", 0), some("example.org", 80));
        assert_eq!(parse("example.org:8080", 0), some("example.org", 8080));
        assert_eq!(parse("example.org:", 0), some("example.org", 80));
        assert_eq!(parse("example.org:8080", 81), some("example.org", 81));
        assert_eq!(parse("[::1]:8080", 0), some("::1", 8080));
        assert_eq!(parse("[fe80::1%eth0]", 0), some("fe80::1%eth0", 80));
        assert_eq!(parse("::1", 0), some("::1", 80));
        for wrong in [
            "",
            "a b",
            "a\r\n",
            "a\0",
            "a/b",
            "a@b",
            "a?b",
            "a#b",
            "a\\b",
            "a:0",
            "a:65536",
            "a:x",
            "a:-1",
            "[::1",
            "[a]",
            "[::1]x",
            "1:2:3",
            "a%b",
            "h\u{f6}st",
        ] {
            assert_eq!(parse(wrong, 0), None, "{wrong:?}");
        }
        assert_eq!(parse(&"a".repeat(256), 0), None);
        assert_eq!(parse("a", -1), None);
        assert_eq!(parse("a", 65536), None);
    }

    #[test]
    fn host_headers() {
        let header = |h: &str, p| {
            HostPort::parse(h.as_bytes(), p, 80)
                .map(|x| String::from_utf8_lossy(&x.host_header(80)).into_owned())
        };
        assert_eq!(header("a", 0).ok().as_deref(), Some("a"));
        assert_eq!(header("a", 81).ok().as_deref(), Some("a:81"));
        assert_eq!(
            header("fe80::1%2", 81).ok().as_deref(),
            Some("[fe80::1]:81")
        );
    }

    #[test]
    fn authorities() {
        assert_eq!(authority_of_target(b"http://u:p@h:1/x"), Some(&b"h:1"[..]));
        assert_eq!(authority_of_target(b"HTTPS://h?x"), Some(&b"h"[..]));
        assert_eq!(authority_of_target(b"/x?u=http://h/"), None);
        assert_eq!(authority_of_target(b"http:///x"), None);
    }
}
