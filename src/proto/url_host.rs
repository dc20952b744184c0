//! The netloc of a URL: userinfo, host and port, and which of them are refused because two
//! readers would find different hosts in them.

use memchr::{memchr, memrchr};

use super::generation::Generation;
use crate::error::{Code, Error, Result};

/// A netloc in its parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Host<'a> {
    /// Host and port, as they stand.
    whole: &'a [u8],
    pub(super) username: Option<&'a [u8]>,
    pub(super) password: Option<&'a [u8]>,
    /// Without brackets.
    name: &'a [u8],
    /// Behind the first ':' after the host, whatever it is.
    pub(super) port: Option<&'a [u8]>,
}

impl<'a> Host<'a> {
    /// Takes a netloc apart. The last '@' ends the userinfo.
    pub(super) fn of(netloc: &'a [u8], generation: Generation) -> Result<Self> {
        // Unicode has characters that become '/', '?' or '@' when a host is normalised, and
        // the tables that know them are larger than this library. Such a host has to come in
        // its ASCII form ("xn--").
        if !netloc.is_ascii() {
            return Err(bad("the host is not ASCII"));
        }
        // Some readers take '\' for '/'.
        if generation == Generation::Current && netloc.contains(&b'\\') {
            return Err(bad("the host holds '\\'"));
        }
        let (userinfo, host) = match memrchr(b'@', netloc) {
            Some(at) => (Some(&netloc[..at]), &netloc[at + 1..]),
            None => (None, netloc),
        };
        let (username, password) = match userinfo {
            Some(userinfo) => match memchr(b':', userinfo) {
                Some(at) => (Some(&userinfo[..at]), Some(&userinfo[at + 1..])),
                None => (Some(userinfo), None),
            },
            None => (None, None),
        };
        let bracketed = netloc.contains(&b'[') || netloc.contains(&b']');
        let (name, after) = if bracketed {
            let (inside, after) = in_brackets(netloc, host)?;
            if generation != Generation::Python2 {
                check_address(inside)?;
            }
            (inside, after)
        } else {
            host.split_at(memchr(b':', host).unwrap_or(host.len()))
        };
        Ok(Self {
            whole: host,
            username,
            password,
            name,
            port: after.split_first().map(|(_colon, port)| port),
        })
    }

    /// The host, if there is one. Python 2 finds an empty one before a port, or between
    /// brackets.
    pub(super) fn hostname(&self, generation: Generation) -> Option<&'a [u8]> {
        let none = match generation {
            Generation::Python2 => self.whole.is_empty(),
            _ => self.name.is_empty(),
        };
        (!none).then_some(self.name)
    }
}

/// What stands in the brackets, and behind them: nothing, or ':' and a port. Brackets anywhere
/// else make some reader find another host (CVE-2025-0938), so they are refused.
fn in_brackets<'a>(netloc: &[u8], host: &'a [u8]) -> Result<(&'a [u8], &'a [u8])> {
    let count = |bracket: u8| netloc.iter().filter(|b| **b == bracket).count();
    let only_one = count(b'[') == 1 && count(b']') == 1;
    let found = match host {
        [b'[', rest @ ..] if only_one => memchr(b']', rest).map(|end| rest.split_at(end)),
        _ => None,
    };
    match found {
        Some((inside, [_bracket, after @ ..])) if matches!(after, [] | [b':', ..]) => {
            Ok((inside, after))
        }
        _ => Err(bad("brackets stand where no IPv6 address is")),
    }
}

/// RFC 3986 section 3.2.2: an IPv6 address, with a zone if it likes, or one of the future.
fn check_address(address: &[u8]) -> Result<()> {
    let good = if let [b'v', rest @ ..] = address {
        match memchr(b'.', rest) {
            Some(dot) => {
                let (version, name) = rest.split_at(dot);
                !version.is_empty() && version.iter().all(u8::is_ascii_hexdigit) && name.len() > 1
            }
            None => false,
        }
    } else {
        let text = core::str::from_utf8(address).unwrap_or_default();
        let (address, zone) = match text.split_once('%') {
            Some((address, zone)) => (address, Some(zone)),
            None => (text, None),
        };
        let zone_is_good = zone.is_none_or(|z| !z.is_empty() && !z.contains('%'));
        zone_is_good && address.parse::<core::net::Ipv6Addr>().is_ok()
    };
    if good {
        Ok(())
    } else {
        Err(bad("what stands in brackets is not an IPv6 address"))
    }
}

#[cold]
pub(super) fn bad(text: &'static str) -> Error {
    Error::new(Code::HC_ERR_INVALID_URL, text)
}
