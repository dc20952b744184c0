//! Where the addresses of a connection come from: from the program, from the text of the host, or
//! from a name server; and in which order they are tried.

use std::net::SocketAddr;

use super::dialing::{Answered, Dialing};
use super::endpoint::{self, Endpoint};
use super::resolve::Lookup;
use crate::error::{Code, Error, Result};

/// See the module.
#[derive(Debug)]
pub(super) enum Names {
    /// Nobody was asked yet.
    Unasked,
    /// The system was.
    Asked(Lookup),
    /// These are left, and the next one comes first.
    Known(Option<Endpoint>, std::vec::IntoIter<Endpoint>),
}

impl Names {
    /// Looks at what is known without a name server, and asks one otherwise.
    pub(super) fn ask(host: &str, port: u16, dialing: &Dialing) -> Result<Self> {
        if let Some(name) = &dialing.unix {
            return Ok(Self::one(Endpoint::Unix(name.clone())));
        }
        if !dialing.addresses.is_empty() {
            let given = dialing.addresses.iter();
            let given = given.map(|a| a.literal.with_default_port(port));
            return Ok(Self::known(given.collect()));
        }
        if let Some(address) = endpoint::literal(host, port) {
            let address = address.map_err(|errno| {
                Error::os(Code::HC_ERR_RESOLVE, errno, &format!("{host}: the zone"))
            })?;
            return Ok(Self::one(Endpoint::Ip(address)));
        }
        if let Some(resolver) = &dialing.resolver {
            let mut found = Vec::new();
            if resolver.resolve(host, port, &mut found)? == Answered::Yes {
                return Ok(Self::known(found));
            }
        }
        Ok(Self::Asked(Lookup::begin(host, port)?))
    }

    /// The answer to a question.
    pub(super) fn known(addresses: Vec<SocketAddr>) -> Self {
        let mut rest = interleaved(addresses).into_iter();
        Self::Known(rest.next(), rest)
    }

    fn one(endpoint: Endpoint) -> Self {
        Self::Known(Some(endpoint), Vec::new().into_iter())
    }

    /// Is there one that was not tried yet?
    pub(super) fn has_next(&self) -> bool {
        matches!(self, Self::Known(Some(_), _))
    }

    /// Takes it.
    pub(super) fn next(&mut self) -> Option<Endpoint> {
        let Self::Known(next, rest) = self else {
            return None;
        };
        core::mem::replace(next, rest.next())
    }
}

/// RFC 8305 section 4: in the order given, but families take turns, so that one that leads
/// nowhere costs no more than one address's time. The family of the first address begins.
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<Endpoint> {
    let Some(begins) = addresses.first().map(SocketAddr::is_ipv6) else {
        return Vec::new();
    };
    let mut first = addresses.iter().filter(|a| a.is_ipv6() == begins);
    let mut second = addresses.iter().filter(|a| a.is_ipv6() != begins);
    let mut mixed = Vec::with_capacity(addresses.len());
    loop {
        let (a, b) = (first.next(), second.next());
        if a.is_none() && b.is_none() {
            return mixed;
        }
        mixed.extend(a.into_iter().chain(b).map(|a| Endpoint::Ip(*a)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let parse = |text: &str| SocketAddr::new(text.parse().unwrap_or([0; 4].into()), 1);
        let mixed = |list: &[&str]| -> Vec<String> {
            let list = list.iter().map(|a| parse(a)).collect();
            let mixed = interleaved(list);
            mixed.iter().map(ToString::to_string).collect()
        };
        assert!(mixed(&[]).is_empty());
        assert_eq!(
            mixed(&["::1", "::2", "::3", "1.1.1.1", "2.2.2.2"]),
            ["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"]
        );
        assert_eq!(mixed(&["1.1.1.1", "::1"]), ["1.1.1.1:1", "[::1]:1"]);
    }
}
