//! Which body does this response have? RFC 9112 section 6.3, step by step, and RFC 9110
//! section 8.6 for lengths. Two readings of the same bytes are an error, not a choice.

use super::Profile;
use super::fields::Fields;
use super::grammar::{decimal, list_elements};
use super::head::Head;
use super::known_name::KnownName;
use super::request::RequestFacts;
use crate::error::{Code, Error, Result};

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body, whatever the head says.
    Empty,
    /// So many bytes.
    Length(u64),
    /// Chunks, the last of them empty.
    Chunked,
    /// Everything until the connection ends.
    UntilClose,
    /// The connection is no longer HTTP: after 101, or 2xx to CONNECT.
    Tunnel,
}

/// The framing, and whether the head was such that the connection must not be used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framed {
    /// How the end of the body is found.
    pub framing: Framing,
    /// Legal to read, but another reader may read it otherwise.
    pub ambiguous: bool,
}

/// The fields that decide about framing and reuse, found in one pass over the head.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deciding {
    /// Where the first Content-Length stands.
    pub content_length: Option<usize>,
    /// There is more than one.
    pub more_lengths: bool,
    /// There is a Transfer-Encoding.
    pub transfer_encoding: bool,
    /// There is a Connection field.
    pub connection: bool,
    /// There is a Keep-Alive field.
    pub keep_alive: bool,
    /// There is a Proxy-Connection field.
    pub proxy_connection: bool,
}

static CONNECTION: KnownName<10> = KnownName::new(b"Connection");
static KEEP_ALIVE: KnownName<10> = KnownName::new(b"Keep-Alive");
static CONTENT_LENGTH: KnownName<14> = KnownName::new(b"Content-Length");
static PROXY_CONNECTION: KnownName<16> = KnownName::new(b"Proxy-Connection");
static TRANSFER_ENCODING: KnownName<17> = KnownName::new(b"Transfer-Encoding");

impl Deciding {
    /// Looks the head through.
    #[inline]
    #[must_use]
    pub fn find(fields: &Fields) -> Self {
        let mut found = Self::default();
        // Most names have another length than all of these.
        const LENGTHS: u32 = 1 << 10 | 1 << 14 | 1 << 16 | 1 << 17;
        for (i, len) in fields.name_lengths().enumerate() {
            if LENGTHS & 1_u32.wrapping_shl(len as u32) == 0 || len > 31 {
                continue;
            }
            match len {
                10 if fields.is_known(i, &CONNECTION) => found.connection = true,
                10 if fields.is_known(i, &KEEP_ALIVE) => found.keep_alive = true,
                14 if fields.is_known(i, &CONTENT_LENGTH) => {
                    found.more_lengths = found.content_length.is_some();
                    found.content_length.get_or_insert(i);
                }
                16 if fields.is_known(i, &PROXY_CONNECTION) => found.proxy_connection = true,
                17 if fields.is_known(i, &TRANSFER_ENCODING) => found.transfer_encoding = true,
                _ => {}
            }
        }
        found
    }
}

/// The framing of a final response to this request.
#[inline]
pub fn of_response(
    head: &Head,
    found: &Deciding,
    request: &RequestFacts,
    profile: Profile,
) -> Result<Framed> {
    let sound = |framing| {
        Ok(Framed {
            framing,
            ambiguous: false,
        })
    };
    // 6.3 (1): HEAD, 1xx, 204 and 304 have no body, whatever the fields say.
    if head.status == 101 {
        if !request.has_upgrade {
            return Err(bad(
                "101 Switching Protocols, but the request had no Upgrade",
            ));
        }
        return sound(Framing::Tunnel);
    }
    // 6.3 (2): a 2xx to CONNECT is a tunnel, a 204 too; length and coding must be ignored.
    if request.is_connect && matches!(head.status, 200..=299) {
        return sound(Framing::Tunnel);
    }
    // What has no head has no length either.
    if head.version == 9 {
        return sound(Framing::UntilClose);
    }
    if request.is_head || matches!(head.status, 100..=199 | 204 | 304) {
        return sound(Framing::Empty);
    }
    if found.transfer_encoding
        && let Some(framed) = by_transfer_encoding(head, found, profile)?
    {
        return Ok(framed);
    }
    // 6.3 (5) and (6): a sound Content-Length.
    if let Some(at) = found.content_length {
        let only = head
            .fields
            .get(at)
            .filter(|_| !found.more_lengths)
            .and_then(|f| decimal(f.value));
        if let Some(n) =
            only.map_or_else(|| content_length(&head.fields, profile), |n| Ok(Some(n)))?
        {
            return sound(Framing::Length(n));
        }
    }
    // 6.3 (8): neither.
    sound(Framing::UntilClose)
}

/// 6.3 (3) and (4). `None`: in the Python profile, a coding that Python does not see.
fn by_transfer_encoding(head: &Head, found: &Deciding, profile: Profile) -> Result<Option<Framed>> {
    let (mut count, mut chunked, mut last_is_chunked, mut identity) = (0, 0, false, 0);
    for value in head.fields.values(b"Transfer-Encoding") {
        for coding in list_elements(value) {
            count += 1;
            last_is_chunked = coding.eq_ignore_ascii_case(b"chunked");
            chunked += usize::from(last_is_chunked);
            identity += usize::from(coding.eq_ignore_ascii_case(b"identity"));
        }
    }
    if count == 1 && chunked == 1 {
        // A length beside it loses, and HTTP/1.0 does not know chunks (RFC 9112 section
        // 6.1): readable, but whoever stands between may have read it otherwise.
        let ambiguous = found.content_length.is_some() || head.version == 10;
        return Ok(Some(Framed {
            framing: Framing::Chunked,
            ambiguous,
        }));
    }
    if chunked > 1 {
        return Err(bad("the chunked transfer coding is applied twice"));
    }
    if profile.has(Profile::HIDDEN_CODING) && last_is_chunked {
        return Ok(None);
    }
    if found.content_length.is_some() {
        return Err(bad(
            "Transfer-Encoding other than chunked stands beside Content-Length",
        ));
    }
    if count == identity {
        return Ok(Some(Framed {
            framing: Framing::UntilClose,
            ambiguous: count == 0,
        }));
    }
    Err(Error::new(
        Code::HC_ERR_UNKNOWN_TRANSFER_CODING,
        "the response has a transfer coding other than chunked",
    ))
}

/// The one length that all Content-Length values agree on. `None`: in the Python profile, a
/// value that Python takes for no length at all.
fn content_length(fields: &Fields, profile: Profile) -> Result<Option<u64>> {
    let mut agreed: Option<u64> = None;
    let mut unusable = false;
    for value in fields.values(b"Content-Length") {
        let mut elements = 0;
        for element in list_elements(value) {
            elements += 1;
            match decimal(element) {
                Some(n) if agreed.is_none_or(|a| a == n) => agreed = Some(n),
                Some(_) => return Err(bad("the Content-Length values differ")),
                None if is_overflow_or_sign_trick(element) => {
                    return Err(bad("Content-Length is not a decimal number below 2^63"));
                }
                None => unusable = true,
            }
        }
        unusable |= elements == 0;
    }
    match agreed {
        agreed if !unusable => Ok(agreed),
        None if profile.has(Profile::BAD_LENGTH) => Ok(None),
        _ => Err(bad("Content-Length is not a decimal number")),
    }
}

/// What no profile takes for "no length": digits beyond 63 bits, and the spellings that
/// Python's int() takes for a number and others do not.
fn is_overflow_or_sign_trick(s: &[u8]) -> bool {
    let digits = s.strip_prefix(b"+").unwrap_or(s);
    digits.first().is_some_and(u8::is_ascii_digit)
        && digits.iter().all(|b| b.is_ascii_digit() || *b == b'_')
}

#[cold]
fn bad(text: &'static str) -> Error {
    Error::new(Code::HC_ERR_BAD_FRAMING, text)
}
