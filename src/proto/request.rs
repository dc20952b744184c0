//! Request heads: what may be sent, and the bytes of it (RFC 9112 section 3, RFC 9110
//! section 5). Every check stands before the first byte is written, so that a refused call
//! leaves the head as it was; nothing a caller passes can make a second line of one.

use super::Profile;
use super::grammar::{
    Decimal, bad_value_byte, decimal, is_field_value, is_tchar, is_token, is_visible_ascii,
    list_has,
};
use super::hostport::authority_of_target;
use super::known_name::KnownName;
use super::short_line::ShortLine;
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
    #[inline]
    pub fn of_method(method: &[u8], version: u8) -> Self {
        if method == b"GET" {
            return Self {
                version,
                is_idempotent: true,
                ..Self::default()
            };
        }
        Self::of_any_method(method, version)
    }

    fn of_any_method(method: &[u8], version: u8) -> Self {
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
    // Filled where it stands: given back by value, it would be copied once more.
    let mut line = ShortLine::new();
    if version == 11 && short_start(&mut line, method, target, host, accept_encoding).is_some() {
        out.try_reserve(line.as_bytes().len())?;
        out.extend_from_slice(line.as_bytes());
        return Ok(RequestFacts {
            has_host: host.is_some(),
            has_accept_encoding: accept_encoding,
            ..RequestFacts::of_method(method, version)
        });
    }
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
        out.extend_from_slice(ACCEPT_IDENTITY);
        facts.has_accept_encoding = true;
    }
    Ok(facts)
}

/// The same for what is short and beyond doubt, for an origin.
#[inline]
fn short_start(
    line: &mut ShortLine,
    method: &[u8],
    target: &[u8],
    host: Option<&[u8]>,
    accept_encoding: bool,
) -> Option<()> {
    if target.first() != Some(&b'/') {
        return None;
    }
    line.put(method)?;
    line.put(b" ")?;
    line.put(target)?;
    line.put(b" HTTP/1.1\r\n")?;
    let target_at = method.len() + 1;
    if !line.is_name_up_to(method.len())
        || !line.is_visible_up_to(target_at, target_at + target.len())
    {
        return None;
    }
    if let Some(host) = host {
        line.put(b"Host: ")?;
        line.put(host)?;
        line.put(b"\r\n")?;
    }
    if accept_encoding {
        line.put(ACCEPT_IDENTITY)?;
    }
    Some(())
}

/// Nothing here decodes a content coding, so none is asked for.
const ACCEPT_IDENTITY: &[u8] = b"Accept-Encoding: identity\r\n";

/// Adds one field. `value_parts` are joined by `", "`, or in the Python profile by a fold.
pub fn add_field(
    out: &mut Vec<u8>,
    facts: &mut RequestFacts,
    name: &[u8],
    value_parts: &[&[u8]],
    profile: Profile,
) -> Result<()> {
    let mut line = ShortLine::new();
    if let [value] = value_parts
        && short_field(&mut line, name, value).is_some()
    {
        out.try_reserve(line.as_bytes().len())?;
        note(facts, name, value_parts, profile)?;
        out.extend_from_slice(line.as_bytes());
        return Ok(());
    }
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

/// The line of a field that is short and beyond doubt.
#[inline]
fn short_field(line: &mut ShortLine, name: &[u8], value: &[u8]) -> Option<()> {
    line.put(name)?;
    line.put(b": ")?;
    line.put(value)?;
    line.put(b"\r\n")?;
    let value_at = name.len() + 2;
    (line.is_name_up_to(name.len()) && line.is_value_up_to(value_at, value_at + value.len()))
        .then_some(())
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

static HOST: KnownName<4> = KnownName::new(b"Host");
static EXPECT: KnownName<6> = KnownName::new(b"Expect");
static UPGRADE: KnownName<7> = KnownName::new(b"Upgrade");
static CONNECTION: KnownName<10> = KnownName::new(b"Connection");
static CONTENT_LENGTH: KnownName<14> = KnownName::new(b"Content-Length");
static ACCEPT_ENCODING: KnownName<15> = KnownName::new(b"Accept-Encoding");
static TRANSFER_ENCODING: KnownName<17> = KnownName::new(b"Transfer-Encoding");
static PROXY_AUTHORIZATION: KnownName<19> = KnownName::new(b"Proxy-Authorization");

/// Notes what the field says, unless it may not stand beside what was said before. RFC 9112
/// sections 6.1 and 6.2: a sender must not send two lengths, nor a length and a coding.
#[inline]
fn note(facts: &mut RequestFacts, name: &[u8], parts: &[&[u8]], profile: Profile) -> Result<()> {
    let value = parts.first().copied().unwrap_or_default();
    let safe = !profile.has(Profile::LOOSE_FRAMING);
    match name.len() {
        4 if HOST.is(name) => {
            if safe && facts.has_host {
                return Err(bad(
                    "there is a Host field already (HC_SKIP_HOST leaves it to you)",
                ));
            }
            facts.has_host = true;
        }
        6 if EXPECT.is(name) => facts.expects_continue |= list_has(value, b"100-continue"),
        7 if UPGRADE.is(name) => facts.has_upgrade = true,
        10 if CONNECTION.is(name) => {
            facts.wants_close |= parts.iter().any(|p| list_has(p, b"close"));
            facts.wants_keep_alive |= parts.iter().any(|p| list_has(p, b"keep-alive"));
        }
        14 if CONTENT_LENGTH.is(name) => {
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
        15 if ACCEPT_ENCODING.is(name) => facts.has_accept_encoding = true,
        17 if TRANSFER_ENCODING.is(name) => {
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
        19 if PROXY_AUTHORIZATION.is(name) => facts.has_proxy_authorization = true,
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
    fn short_lines_are_judged_like_all_others() {
        for b in 0..=255_u8 {
            for at in 0..40 {
                let with = |len: usize| {
                    let mut s = vec![b'x'; len];
                    s.iter_mut().skip(at).take(1).for_each(|x| *x = b);
                    s
                };
                for len in [1, 7, 15, 16, 17, 32, 40] {
                    let (name, value) = (with(len), with(len));
                    for (name, value) in [(&*name, &b"v"[..]), (b"name", &*value), (b"n", b"")] {
                        let mut out = b"before".to_vec();
                        let mut facts = RequestFacts::default();
                        let added = add_field(&mut out, &mut facts, name, &[value], Profile::SAFE);
                        let sound = check_name(name, Profile::SAFE)
                            .and_then(|()| check_value(value, Profile::SAFE))
                            .is_ok();
                        assert_eq!(added.is_ok(), sound, "{name:?} {value:?}");
                        let line = [b"before", name, b": ", value, b"\r\n"].concat();
                        assert_eq!(out, if sound { &*line } else { b"before" });
                    }
                    let (method, target) = (with(len), [b"/", &*with(len)].concat());
                    for (method, target) in [(&*method, &b"/"[..]), (b"GET", &*target)] {
                        let mut out = Vec::new();
                        let host = Some(&b"h"[..]);
                        let started =
                            start(&mut out, method, target, 11, host, true, Profile::SAFE);
                        let sound = is_token(method) && is_visible_ascii(target);
                        assert_eq!(started.is_ok(), sound, "{method:?} {target:?}");
                        let head = [
                            method,
                            b" ",
                            target,
                            b" HTTP/1.1\r\nHost: h\r\nAccept-Encoding: identity\r\n",
                        ];
                        assert_eq!(out, if sound { head.concat() } else { Vec::new() });
                    }
                }
            }
        }
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
