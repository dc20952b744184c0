//! What a request needs beside what its caller brings: which of the automatic fields, and
//! whether its body goes in chunks. A pure decision, for programs that build a request step by
//! step (`hc_putrequest`, `hc_putheader`, `hc_endheaders`) and want what `hc_request` does.

use super::Profile;
use super::request::RequestFacts;
use crate::error::{Code, Error, Result};

/// What is known of the request.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Its method.
    pub method: &'a [u8],
    /// 10 or 11.
    pub version: u8,
    /// There is a body, though it may be empty.
    pub has_body: bool,
    /// How long it is, when that is known.
    pub length: Option<u64>,
    /// The caller wants chunks.
    pub encode_chunked: bool,
}

/// The field that says how the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// None: there is no body, or the caller has said it.
    Nothing,
    /// `Content-Length`.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
}

/// The decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The caller brings a Host field.
    pub skip_host: bool,
    /// The caller brings an Accept-Encoding field.
    pub skip_accept_encoding: bool,
    /// What is to be added.
    pub added: Added,
    /// The body is to be encoded in chunks.
    pub encode_chunked: bool,
}

/// Decides, from the names of the caller's fields.
pub fn plan<'a>(
    asked: &Asked<'_>,
    names: impl Iterator<Item = Result<&'a [u8]>>,
    profile: Profile,
) -> Result<Plan> {
    let mut made = Plan {
        skip_host: false,
        skip_accept_encoding: false,
        added: Added::Nothing,
        encode_chunked: false,
    };
    let (mut has_length, mut has_coding) = (false, false);
    for name in names {
        let name = name?;
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        made.skip_host |= is(b"Host");
        made.skip_accept_encoding |= is(b"Accept-Encoding");
        has_length |= is(b"Content-Length");
        has_coding |= is(b"Transfer-Encoding");
    }
    if has_length {
        return Ok(made);
    }
    if has_coding {
        made.encode_chunked = asked.encode_chunked && asked.has_body;
        return Ok(made);
    }
    // Python asks for chunks beside a coding of the caller's own only.
    let wants_chunks = asked.encode_chunked && !profile.has(Profile::LOOSE_FRAMING);
    made.added = match (asked.has_body, asked.length) {
        (false, _) if RequestFacts::of_method(asked.method, asked.version).expects_body => {
            Added::Length(0)
        }
        (false, _) => Added::Nothing,
        (true, Some(n)) if !wants_chunks => Added::Length(n),
        (true, _) if asked.version == 10 => {
            return Err(Error::new(
                Code::HC_ERR_INVALID_ARG,
                "HTTP/1.0 has no chunks: the length of the body must be known",
            ));
        }
        (true, _) => Added::Chunked,
    };
    made.encode_chunked = made.added == Added::Chunked;
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(
        method: &[u8],
        names: &[&'static [u8]],
        body: Option<Option<u64>>,
        encode_chunked: bool,
        profile: Profile,
    ) -> Option<(Added, bool)> {
        let asked = Asked {
            method,
            version: 11,
            has_body: body.is_some(),
            length: body.flatten(),
            encode_chunked,
        };
        let made = plan(&asked, names.iter().map(|n| Ok(*n)), profile);
        made.ok().map(|p| (p.added, p.encode_chunked))
    }

    #[test]
    fn what_is_added() {
        let safe = |m: &[u8], names: &[&'static [u8]], body, chunks| {
            decide(m, names, body, chunks, Profile::SAFE)
        };
        let nothing = Some((Added::Nothing, false));
        assert_eq!(safe(b"GET", &[], None, false), nothing);
        assert_eq!(
            safe(b"post", &[], None, false),
            Some((Added::Length(0), false))
        );
        assert_eq!(
            safe(b"GET", &[], Some(Some(0)), false),
            Some((Added::Length(0), false))
        );
        assert_eq!(
            safe(b"GET", &[], Some(None), false),
            Some((Added::Chunked, true))
        );
        assert_eq!(
            safe(b"GET", &[], Some(Some(3)), true),
            Some((Added::Chunked, true))
        );
        assert_eq!(
            safe(b"PUT", &[b"content-length"], Some(None), true),
            nothing
        );
        assert_eq!(
            safe(b"PUT", &[b"Transfer-Encoding"], Some(None), false),
            nothing
        );
        let coded = Some((Added::Nothing, true));
        assert_eq!(
            safe(b"PUT", &[b"Transfer-Encoding"], Some(None), true),
            coded
        );
        assert_eq!(safe(b"PUT", &[b"Transfer-Encoding"], None, true), nothing);
        let python = decide(b"PUT", &[], Some(Some(3)), true, Profile::PYTHON);
        assert_eq!(python, Some((Added::Length(3), false)));
    }

    #[test]
    fn what_the_caller_brings_is_not_added() {
        let asked = Asked {
            method: b"GET",
            version: 11,
            has_body: false,
            length: None,
            encode_chunked: false,
        };
        let names = [&b"HOST"[..], b"accept-encoding", b"X"];
        let made = plan(&asked, names.into_iter().map(Ok), Profile::SAFE);
        assert!(made.is_ok_and(|p| p.skip_host && p.skip_accept_encoding));
        let old = Asked {
            version: 10,
            has_body: true,
            ..asked
        };
        assert!(plan(&old, core::iter::empty(), Profile::SAFE).is_err());
    }
}
