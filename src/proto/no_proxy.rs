//! What the environment says of proxies. There is no standard for it; this is how curl, Go and
//! Python agree to read it, and where they differ, the reading that gives fewer surprises.

use core::net::{IpAddr, Ipv6Addr};

/// Looks a variable up.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<Vec<u8>>;

/// The proxy that the environment names for this origin, as it is written there; `None` for a
/// direct connection. An empty variable is as good as none.
///
/// HTTP_PROXY in capitals is never read: a CGI program gets it from the field "Proxy" of
/// whatever request it serves (CVE-2016-5385).
pub fn from_environment(get: Lookup<'_>, tls: bool, host: &str, port: u16) -> Option<Vec<u8>> {
    let first = |names: &[&str]| names.iter().find_map(|n| get(n).filter(|v| !v.is_empty()));
    if first(&["no_proxy", "NO_PROXY"]).is_some_and(|list| names(&list, host, port)) {
        return None;
    }
    first(if tls {
        &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    } else {
        &["http_proxy", "all_proxy", "ALL_PROXY"]
    })
}

/// Does this list of exceptions name this origin? Its entries stand between commas or blanks:
///
/// - `*` names everything;
/// - `example.org`, `.example.org` and `*.example.org` name that host and all below it;
/// - `192.0.2.1` and `2001:db8::1`, in brackets if it likes, name an address; it is compared as
///   an address, not as text, and names nothing "below" it;
/// - `192.0.2.0/24` and `2001:db8::/32` name the addresses in it;
/// - `:80` behind any of them restricts it to that port (an IPv6 address needs its brackets
///   then).
///
/// An entry that is none of these names nothing.
#[must_use]
pub fn names(list: &[u8], host: &str, port: u16) -> bool {
    let host = Host::of(host);
    list.split(|b| *b == b',' || b.is_ascii_whitespace())
        .filter_map(|entry| core::str::from_utf8(entry).ok())
        .filter(|entry| !entry.is_empty())
        .any(|entry| host.is_named_by(entry, port))
}

enum Host<'a> {
    Name(&'a str),
    Address(IpAddr),
}

impl<'a> Host<'a> {
    fn of(host: &'a str) -> Self {
        match address(host) {
            Some(address) => Self::Address(address),
            None => Self::Name(host.strip_suffix('.').unwrap_or(host)),
        }
    }

    fn is_named_by(&self, entry: &str, port: u16) -> bool {
        let Some((pattern, only)) = without_port(entry) else {
            return false;
        };
        if only.is_some_and(|only| only != port) {
            return false;
        }
        match self {
            _ if pattern == "*" => true,
            Self::Address(host) => match pattern.split_once('/') {
                Some((network, bits)) => is_inside(*host, network, bits),
                None => address(pattern) == Some(*host),
            },
            Self::Name(host) => {
                let pattern = pattern.strip_prefix('*').unwrap_or(pattern);
                let pattern = pattern.strip_prefix('.').unwrap_or(pattern);
                let pattern = pattern.strip_suffix('.').unwrap_or(pattern);
                is_at_or_below(host.as_bytes(), pattern.as_bytes())
            }
        }
    }
}

/// An address, without brackets and zone; IPv4 in IPv6 is IPv4.
fn address(text: &str) -> Option<IpAddr> {
    let inside = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let text = inside.unwrap_or(text);
    let text = text.split_once('%').map_or(text, |(address, _)| address);
    text.parse::<IpAddr>().ok().map(|a| a.to_canonical())
}

/// Pattern and port. `None`: the port is none.
fn without_port(entry: &str) -> Option<(&str, Option<u16>)> {
    let (pattern, port) = match entry.rsplit_once(':') {
        // A bare IPv6 address, or a network of them.
        Some((before, _)) if before.contains(':') && !before.ends_with(']') => {
            return Some((entry, None));
        }
        // "[2001:db8::1]": that colon stands inside.
        Some((_, after)) if after.ends_with(']') => return Some((entry, None)),
        Some((pattern, port)) => (pattern, port),
        None => return Some((entry, None)),
    };
    let is_number = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    match port.parse() {
        Ok(port) if is_number && !pattern.is_empty() => Some((pattern, Some(port))),
        _ => None,
    }
}

fn is_at_or_below(host: &[u8], pattern: &[u8]) -> bool {
    let Some(above) = host.len().checked_sub(pattern.len()) else {
        return false;
    };
    let (below, end) = host.split_at(above);
    !pattern.is_empty() && end.eq_ignore_ascii_case(pattern) && matches!(below, [] | [.., b'.'])
}

fn is_inside(host: IpAddr, network: &str, bits: &str) -> bool {
    let inside = network.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let Ok(network) = inside.unwrap_or(network).parse::<IpAddr>() else {
        return false;
    };
    if bits.is_empty() || !bits.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let Ok(bits) = bits.parse::<u32>() else {
        return false;
    };
    // Both as IPv6, so that ::ffff:0:0/96 and its IPv4 twin are one thing.
    let longest = if network.is_ipv4() { 32 } else { 128 };
    if bits > longest {
        return false;
    }
    let free = longest - bits;
    let mask = u128::MAX.checked_shl(free).unwrap_or(0);
    (wide(host) ^ wide(network)) & mask == 0
}

fn wide(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => Ipv6Addr::to_bits(v6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        type Row = (&'static str, &'static str, u16, bool);
        let rows: &[Row] = &[
            ("", "a", 80, false),
            ("*", "a", 80, true),
            ("b, *", "a", 80, true),
            ("b *", "10.0.0.1", 80, true),
            ("*:81", "a", 80, false),
            ("*:80", "a", 80, true),
            ("example.org", "example.org", 80, true),
            ("example.org", "EXAMPLE.org.", 80, true),
            ("example.org.", "example.org", 80, true),
            ("example.org", "www.example.org", 80, true),
            ("example.org", "a.b.example.org", 80, true),
            ("example.org", "notexample.org", 80, false),
            ("example.org", "example.org.evil", 80, false),
            ("www.example.org", "example.org", 80, false),
            (".example.org", "www.example.org", 80, true),
            (".example.org", "example.org", 80, true),
            (".example.org", "notexample.org", 80, false),
            ("*.example.org", "www.example.org", 80, true),
            ("*.example.org", "notexample.org", 80, false),
            ("*example.org", "notexample.org", 80, false),
            ("e*mple.org", "example.org", 80, false),
            (".", "a", 80, false),
            ("*.", "a", 80, false),
            ("a,,b ,\tc", "c", 80, true),
            ("a,,b ,\tc", "d", 80, false),
            ("a:8080", "a", 8080, true),
            ("a:8080", "a", 80, false),
            ("a:8080", "x.a", 8080, true),
            ("a:", "a", 80, false),
            ("a:x", "a", 80, false),
            ("a:+80", "a", 80, false),
            ("a:65616", "a", 80, false),
            (":80", "a", 80, false),
            ("10.0.0.1", "10.0.0.1", 80, true),
            ("10.0.0.1:80", "10.0.0.1", 80, true),
            ("10.0.0.1:81", "10.0.0.1", 80, false),
            ("0.0.1", "10.0.0.1", 80, false),
            (".0.0.1", "10.0.0.1", 80, false),
            ("10.0.0.1", "x.10.0.0.1", 80, true),
            ("10.0.0.0/8", "10.200.0.1", 80, true),
            ("10.0.0.0/8", "11.0.0.1", 80, false),
            ("10.0.0.0/8:81", "10.0.0.1", 80, false),
            ("10.0.0.0/8:81", "10.0.0.1", 81, true),
            ("10.1.2.3/8", "10.200.0.1", 80, true),
            ("10.0.0.1/32", "10.0.0.1", 80, true),
            ("10.0.0.1/32", "10.0.0.2", 80, false),
            ("0.0.0.0/0", "10.0.0.2", 80, true),
            ("0.0.0.0/0", "::1", 80, false),
            ("0.0.0.0/0", "a", 80, false),
            ("10.0.0.0/33", "10.0.0.0", 80, false),
            ("10.0.0.0/", "10.0.0.0", 80, false),
            ("10.0.0.0/x", "10.0.0.0", 80, false),
            ("10.0.0.0/+8", "10.0.0.0", 80, false),
            ("::1", "::1", 80, true),
            ("::1", "0:0:0:0:0:0:0:1", 80, true),
            ("[::1]", "::1", 80, true),
            ("[::1]:80", "::1", 80, true),
            ("[::1]:81", "::1", 80, false),
            ("::1:80", "::1", 80, false),
            ("2001:db8::/32", "2001:db8:1::1", 80, true),
            ("[2001:db8::]/32", "2001:db8:1::1", 80, true),
            ("2001:db8::/32", "2001:db9::1", 80, false),
            ("::/0", "2001:db9::1", 80, true),
            ("::/129", "::", 80, false),
            ("fe80::1", "fe80::1%eth0", 80, true),
            ("fe80::/10", "fe80::1%2", 80, true),
            ("10.0.0.1", "::ffff:10.0.0.1", 80, true),
            ("10.0.0.0/8", "::ffff:10.0.0.1", 80, true),
            ("::ffff:10.0.0.1", "10.0.0.1", 80, true),
            ("localhost", "127.0.0.1", 80, false),
            ("127.0.0.1", "localhost", 80, false),
            ("\u{e9}", "a", 80, false),
        ];
        for (list, host, port, named) in rows {
            assert_eq!(
                names(list.as_bytes(), host, *port),
                *named,
                "{list:?} {host:?} {port}"
            );
        }
        assert!(names(b"\xff,a", "a", 80));
    }

    #[test]
    fn variables() {
        type Row = (
            &'static [(&'static str, &'static str)],
            bool,
            Option<&'static str>,
        );
        let rows: &[Row] = &[
            (&[], false, None),
            (&[("http_proxy", "p")], false, Some("p")),
            (&[("http_proxy", "p")], true, None),
            (&[("HTTP_PROXY", "p")], false, None),
            (
                &[("https_proxy", "p"), ("HTTPS_PROXY", "q")],
                true,
                Some("p"),
            ),
            (&[("HTTPS_PROXY", "q")], true, Some("q")),
            (
                &[("https_proxy", ""), ("HTTPS_PROXY", "q")],
                true,
                Some("q"),
            ),
            (&[("all_proxy", "a"), ("http_proxy", "p")], false, Some("p")),
            (&[("all_proxy", "a"), ("http_proxy", "")], false, Some("a")),
            (&[("ALL_PROXY", "A")], true, Some("A")),
            (&[("http_proxy", "p"), ("no_proxy", "h")], false, None),
            (&[("http_proxy", "p"), ("NO_PROXY", "h")], false, None),
            (
                &[("http_proxy", "p"), ("no_proxy", "x"), ("NO_PROXY", "h")],
                false,
                Some("p"),
            ),
            (
                &[("http_proxy", "p"), ("no_proxy", "h:81")],
                false,
                Some("p"),
            ),
        ];
        for (set, tls, want) in rows {
            let get = |name: &str| {
                let found = set.iter().find(|(n, _)| *n == name);
                found.map(|(_, v)| v.as_bytes().to_vec())
            };
            let got = from_environment(&get, *tls, "h", 80);
            assert_eq!(got.as_deref(), want.map(str::as_bytes), "{set:?} {tls}");
        }
    }
}
