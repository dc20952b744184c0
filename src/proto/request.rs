//! Request heads: what may be sent, and the bytes of it (RFC 9112 section 3, RFC 9110
//! section 5). Every check stands before the first byte is written, so that a refused call
//! leaves the head as it was; nothing a caller passes can make a second line of one.

use super::Profile;
use super::grammar::{
    Decimal, bad_value_byte, decimal, eq_ignore_case, is_field_value, is_tchar, is_token,
    is_visible_ascii, list_has,
};
use super::hostport::authority_of_target;
use crate::error::{Code, Error, Result};

/// What the head being written has said so far, as far as it matters for what may follow,
/// for the body, and for reading the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestFacts {
    /// 10 or 11.
    pub version: u8,
    /// The answer has no body whatever its head says.
    pub is_head: bool,
    /// A 2xx answer makes a tunnel of the connection.
    pub is_connect: bool,
    /// PATCH, POST or PUT: no body is worth saying with `Content-Length: 0`.
    pub expects_body: bool,
    /// Sending it twice is as good as once (RFC 9110 section 9.2.2).
    pub is_idempotent: bool,
    /// A Host field is there.
    pub has_host: bool,
    /// An Accept-Encoding field is there.
    pub has_accept_encoding: bool,
    /// What Content-Length declares, with whether there is one.
    pub content_length: Option<u64>,
    /// A Content-Length field is there, sound or not.
    pub has_content_length: bool,
    /// A Transfer-Encoding field is there.
    pub has_transfer_encoding: bool,
    /// Its last coding is chunked.
    pub is_chunked: bool,
    /// `Connection: close`.
    pub wants_close: bool,
    /// `Connection: keep-alive`.
    pub wants_keep_alive: bool,
    /// `Expect: 100-continue`.
    pub expects_continue: bool,
    /// An Upgrade field is there: 101 is a legal answer.
    pub has_upgrade: bool,
    /// A Proxy-Authorization field is there.
    pub has_proxy_authorization: bool,
}

impl RequestFacts {
    /// What is known of a request by its method alone.
    #[must_use]
    pub fn of_method(method: &[u8], version: u8) -> Self {
        Self {
            version,
            is_head: method == b"HEAD",
            is_connect: method == b"CONNECT",
            expects_body: [&b"PATCH"[..], b"POST", b"PUT"]
                .iter()
                .any(|m| method.eq_ignore_ascii_case(m)),
            is_idempotent: [
                &b"GET"[..],
                b"HEAD",
                b"OPTIONS",
                b"TRACE",
                b"PUT",
                b"DELETE",
            ]
            .contains(&method),
            ..Self::default()
        }
    }
}

const LONGEST_METHOD: usize = 64;

/// Starts a head: the request line and, from HTTP/1.1 on, Host and Accept-Encoding unless
/// they are to be skipped, in Python's order. `host` is the value for the Host field.
pub fn start(
    out: &mut Vec<u8>,
    method: &[u8],
    target: &[u8],
    version: u8,
    host: Option<&[u8]>,
    accept_encoding: bool,
    profile: Profile,
) -> Result<RequestFacts> {
    check_method(method, profile)?;
    let target = if target.is_empty() { b"/" } else { target };
    let passes = profile.has(Profile::UNCHECKED_TARGET) && !has_line_end(target);
    if !passes && !is_visible_ascii(target) {
        return Err(bad_target(target));
    }
    let mut facts = RequestFacts::of_method(method, version);
    let (proto, auto): (&[u8], bool) = if version == 10 {
        (b" HTTP/1.0\r\n", false)
    } else {
        (b" HTTP/1.1\r\n", true)
    };
    let host = if auto { host } else { None };
    let host = host.map(|own| match target {
        [b'/', ..] => own,
        _ => authority_of_target(target).unwrap_or(own),
    });
    let accept = auto && accept_encoding;
    out.try_reserve(method.len() + target.len() + host.map_or(0, <[u8]>::len) + 64)?;
    out.extend_from_slice(method);
    out.push(b' ');
    out.extend_from_slice(target);
    out.extend_from_slice(proto);
    if let Some(host) = host {
        out.extend_from_slice(b"Host: ");
        out.extend_from_slice(host);
        out.extend_from_slice(b"\r\n");
        facts.has_host = true;
    }
    if accept {
        // Nothing here decodes a content coding, so none is asked for.
        out.extend_from_slice(b"Accept-Encoding: identity\r\n");
        facts.has_accept_encoding = true;
    }
    Ok(facts)
}

/// Adds one field. `value_parts` are joined by `", "`, or in the Python profile by a fold.
pub fn add_field(
    out: &mut Vec<u8>,
    facts: &mut RequestFacts,
    name: &[u8],
    value_parts: &[&[u8]],
    profile: Profile,
) -> Result<()> {
    check_name(name, profile)?;
    for part in value_parts {
        check_value(part, profile)?;
    }
    let glue: &[u8] = if profile.has(Profile::LOOSE_FIELDS) {
        b"\r\n\t"
    } else {
        b", "
    };
    let len: usize = value_parts.iter().map(|p| p.len() + glue.len()).sum();
    out.try_reserve(name.len() + len + 4)?;
    note(facts, name, value_parts, profile)?;
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    for (i, part) in value_parts.iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(glue);
        }
        out.extend_from_slice(part);
    }
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// Adds `Content-Length`, or `Transfer-Encoding: chunked` for `None`.
pub fn add_framing(out: &mut Vec<u8>, facts: &mut RequestFacts, length: Option<u64>) -> Result<()> {
    out.try_reserve(48)?;
    match length {
        Some(n) => {
            out.extend_from_slice(b"Content-Length: ");
            out.extend_from_slice(Decimal::of(n).as_bytes());
            out.extend_from_slice(b"\r\n");
            facts.has_content_length = true;
            facts.content_length = Some(n);
        }
        None => {
            out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
            facts.has_transfer_encoding = true;
            facts.is_chunked = true;
        }
    }
    Ok(())
}

/// Ends the head.
pub fn finish(out: &mut Vec<u8>) -> Result<()> {
    out.try_reserve(2)?;
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// Checks a trailer field and writes its line (RFC 9112 section 7.1.2). Fields that frame,
/// route or authenticate a message cannot be trailers (RFC 9110 section 6.5.1).
pub fn add_trailer(out: &mut Vec<u8>, name: &[u8], value: &[u8]) -> Result<()> {
    check_name(name, Profile::SAFE)?;
    check_value(value, Profile::SAFE)?;
    if is_forbidden_trailer(name) {
        return Err(bad("this field cannot be a trailer"));
    }
    out.try_reserve(name.len() + value.len() + 4)?;
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// Fields that must not be taken from a trailer section (RFC 9110 section 6.5.1).
#[must_use]
pub fn is_forbidden_trailer(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 13] = [
        b"Transfer-Encoding",
        b"Content-Length",
        b"Content-Encoding",
        b"Content-Type",
        b"Content-Range",
        b"Connection",
        b"Trailer",
        b"Host",
        b"Keep-Alive",
        b"Upgrade",
        b"Authorization",
        b"Proxy-Authorization",
        b"Set-Cookie",
    ];
    NAMES.iter().any(|n| n.eq_ignore_ascii_case(name))
}

/// What no caller gets through: it would make a second line of one.
fn has_line_end(bytes: &[u8]) -> bool {
    memchr::memchr2(b'\r', b'\n', bytes).is_some()
}

/// Checks the value that a Host field made by itself would have, for a host that was taken
/// unchecked.
pub fn check_unchecked_host(value: &[u8]) -> Result<()> {
    if is_field_value(value) {
        return Ok(());
    }
    Err(Error::new(
        Code::HC_ERR_INVALID_URL,
        "the host cannot stand in a Host field (HC_SKIP_HOST leaves that to you)",
    ))
}

fn check_method(method: &[u8], profile: Profile) -> Result<()> {
    if profile.has(Profile::UNCHECKED_METHOD) && !has_line_end(method) {
        return Ok(());
    }
    if !profile.has(Profile::ANY_METHOD) {
        return if method.len() <= LONGEST_METHOD && is_token(method) {
            Ok(())
        } else {
            Err(bad("the method is not a token of 1 to 64 bytes"))
        };
    }
    // Python refuses control characters and cannot encode the rest; a space or an empty method
    // passes there, and its callers rely on seeing their bytes.
    match method.iter().position(|b| *b < 0x20 || *b >= 0x80) {
        None => Ok(()),
        Some(at) => Err(bad("method can't contain control characters").at(at as u64)),
    }
}

#[cold]
fn bad_target(target: &[u8]) -> Error {
    let at = target
        .iter()
        .position(|b| !(0x21..=0x7e).contains(b))
        .unwrap_or(0);
    Error::new(
        Code::HC_ERR_INVALID_URL,
        "the request target can hold only visible ASCII; percent-encode the rest",
    )
    .at(at as u64)
}

fn check_name(name: &[u8], profile: Profile) -> Result<()> {
    // Inner and trailing blanks and bytes from 0x80 pass in Python; what would make a second
    // line, an empty name or a field of another name does not.
    let passes_in_python = || match name {
        [first, rest @ ..] => {
            *first > 0x20
                && !matches!(first, b':' | 0x7f)
                && rest
                    .iter()
                    .all(|&b| !matches!(b, b':' | 0x7f) && (b >= 0x20 || b == b'\t'))
        }
        [] => false,
    };
    if is_token(name) || (profile.has(Profile::LOOSE_FIELDS) && passes_in_python()) {
        return Ok(());
    }
    let at = name.iter().position(|&b| !is_tchar(b)).unwrap_or(0);
    Err(bad("Invalid header name").at(at as u64))
}

fn check_value(value: &[u8], profile: Profile) -> Result<()> {
    if is_field_value(value) {
        return Ok(());
    }
    let bad_at = if profile.has(Profile::LOOSE_FIELDS) {
        bad_byte_outside_folds(value)
    } else {
        bad_value_byte(value)
    };
    match bad_at {
        None => Ok(()),
        Some(at) => Err(bad("Invalid header value").at(at as u64)),
    }
}

/// Python lets a caller fold a value: a line end passes when a blank follows it.
fn bad_byte_outside_folds(value: &[u8]) -> Option<usize> {
    let mut i = 0;
    while let Some(&b) = value.get(i) {
        let after_line_end = match (b, value.get(i + 1)) {
            (b'\r', Some(b'\n')) => i + 2,
            (b'\n', _) => i + 1,
            _ if (b < 0x20 && b != b'\t') || b == 0x7f => return Some(i),
            _ => {
                i += 1;
                continue;
            }
        };
        if !matches!(value.get(after_line_end), Some(b' ' | b'\t')) {
            return Some(i);
        }
        i = after_line_end;
    }
    None
}

/// Notes what the field says, unless it may not stand beside what was said before. RFC 9112
/// sections 6.1 and 6.2: a sender must not send two lengths, nor a length and a coding.
#[inline]
fn note(facts: &mut RequestFacts, name: &[u8], parts: &[&[u8]], profile: Profile) -> Result<()> {
    let value = parts.first().copied().unwrap_or_default();
    let is = |known: &[u8]| eq_ignore_case(name, known);
    let safe = !profile.has(Profile::LOOSE_FRAMING);
    match name.len() {
        4 if is(b"Host") => {
            if safe && facts.has_host {
                return Err(bad(
                    "there is a Host field already (HC_SKIP_HOST leaves it to you)",
                ));
            }
            facts.has_host = true;
        }
        6 if is(b"Expect") => facts.expects_continue |= list_has(value, b"100-continue"),
        7 if is(b"Upgrade") => facts.has_upgrade = true,
        10 if is(b"Connection") => {
            facts.wants_close |= parts.iter().any(|p| list_has(p, b"close"));
            facts.wants_keep_alive |= parts.iter().any(|p| list_has(p, b"keep-alive"));
        }
        14 if is(b"Content-Length") => {
            let length = decimal(value);
            if safe {
                if facts.has_content_length || facts.has_transfer_encoding || parts.len() != 1 {
                    return Err(bad(
                        "the request has a Content-Length or Transfer-Encoding already",
                    ));
                }
                if length.is_none() {
                    return Err(bad("Content-Length is not a decimal number"));
                }
            }
            facts.has_content_length = true;
            facts.content_length = length;
        }
        15 if is(b"Accept-Encoding") => facts.has_accept_encoding = true,
        17 if is(b"Transfer-Encoding") => {
            let chunked = parts.len() == 1 && value.eq_ignore_ascii_case(b"chunked");
            if safe {
                if facts.has_content_length || facts.has_transfer_encoding {
                    return Err(bad(
                        "the request has a Content-Length or Transfer-Encoding already",
                    ));
                }
                if !chunked || facts.version == 10 {
                    return Err(bad(
                        "the only transfer coding that can be sent is chunked, in HTTP/1.1",
                    ));
                }
            }
            facts.has_transfer_encoding = true;
            facts.is_chunked = chunked;
        }
        19 if is(b"Proxy-Authorization") => facts.has_proxy_authorization = true,
        _ => {}
    }
    Ok(())
}

#[cold]
fn bad(text: &'static str) -> Error {
    Error::new(Code::HC_ERR_INVALID_ARG, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads() {
        let mut out = Vec::new();
        let facts = start(
            &mut out,
            b"GET",
            b"",
            11,
            Some(b"h:81"),
            true,
            Profile::SAFE,
        );
        assert!(facts.is_ok_and(|f| f.has_host && f.has_accept_encoding && f.is_idempotent));
        assert_eq!(
            out,
            b"GET / HTTP/1.1\r\nHost: h:81\r\nAccept-Encoding: identity\r\n"
        );
        out.clear();
        let facts = start(
            &mut out,
            b"POST",
            b"http://u@x:9/y",
            11,
            Some(b"h"),
            false,
            Profile::SAFE,
        );
        assert!(facts.is_ok_and(|f| f.expects_body));
        assert_eq!(out, b"POST http://u@x:9/y HTTP/1.1\r\nHost: x:9\r\n");
        out.clear();
        assert!(start(&mut out, b"GET", b"/", 10, Some(b"h"), true, Profile::SAFE).is_ok());
        assert_eq!(out, b"GET / HTTP/1.0\r\n");
    }

    #[test]
    fn folds_pass_in_python_alone() {
        for (value, python) in [
            (&b"a\r\n b"[..], true),
            (b"a\n\tb", true),
            (b"a\r\nb", false),
            (b"a\rb", false),
            (b"a\r b", false),
            (b"a\nb", false),
            (b"a\r\n", false),
            (b"a\0", false),
        ] {
            assert!(check_value(value, Profile::SAFE).is_err(), "{value:?}");
            assert_eq!(
                check_value(value, Profile::PYTHON).is_ok(),
                python,
                "{value:?}"
            );
        }
    }
}
