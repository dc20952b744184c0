//! URLs, taken apart as Python's `urllib.parse.urlsplit` does it: generic RFC 3986 syntax,
//! nothing decoded, nothing filled in. Where the generations of Python differ, or one of them
//! reads a URL otherwise than its neighbours on the wire would, the [`Generation`] decides.

use memchr::{memchr, memchr3};

use super::generation::Generation;
use super::url_bytes::{clean_scheme, clean_url, is_scheme_byte};
use super::url_host::{Host, bad};
use crate::error::Result;

/// A part of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Part {
    /// Lower-cased when it stood in the URL.
    Scheme = 0,
    /// Userinfo, host and port, as they stand.
    Netloc = 1,
    /// As it stands.
    Path = 2,
    /// Without the '?'.
    Query = 3,
    /// Without the '#'.
    Fragment = 4,
    /// None without userinfo.
    Username = 5,
    /// None without userinfo, or without ':' in it.
    Password = 6,
    /// Lower-cased, without brackets.
    Hostname = 7,
    /// What a request line has: path and query.
    Target = 8,
}

impl Part {
    /// Every part that Python knows: those of a `SplitResult`.
    pub const ALL: &'static [Self] = &[
        Self::Scheme,
        Self::Netloc,
        Self::Path,
        Self::Query,
        Self::Fragment,
        Self::Username,
        Self::Password,
        Self::Hostname,
    ];

    /// The part with this number.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        let parts = Self::ALL.iter().chain(&[Self::Target]);
        parts.copied().find(|p| *p as i32 == number)
    }
}

/// How many texts are kept: the parts, and the URL put together again.
const TEXTS: usize = WHOLE + 1;
const WHOLE: usize = Part::Target as usize + 1;

/// A URL in parts, all in one piece of memory, each with a NUL behind it. Immutable.
#[derive(Debug)]
pub struct Url {
    text: Vec<u8>,
    /// Begin and end of each text; the NUL stands at the end.
    places: [Option<(usize, usize)>; TEXTS],
    generation: Generation,
}

impl Url {
    /// Takes a URL apart. `scheme` is for a URL that has none. Without `allow_fragments`, a '#'
    /// is part of the path or query that it stands in.
    pub fn split(
        url: &[u8],
        scheme: &[u8],
        allow_fragments: bool,
        generation: Generation,
    ) -> Result<Self> {
        let url = clean_url(url, generation)?;
        let scheme = clean_scheme(scheme, generation)?;
        let split = Split::of(&url, &scheme, allow_fragments, generation);
        let host = Host::of(split.netloc, generation)?;
        Self::keep(&split, &host, generation)
    }

    /// A part; `None` is Python's `None`.
    #[must_use]
    pub fn get(&self, part: Part) -> Option<&[u8]> {
        self.at(part as usize)
    }

    /// The parts, put together again.
    #[must_use]
    pub fn geturl(&self) -> &[u8] {
        self.at(WHOLE).unwrap_or_default()
    }

    fn at(&self, index: usize) -> Option<&[u8]> {
        let (begin, end) = (*self.places.get(index)?)?;
        self.text.get(begin..end)
    }

    /// The port, if there is one. Only here is it looked at: a URL may be split and put
    /// together again with a port that is none.
    pub fn port(&self) -> Result<Option<u16>> {
        let netloc = self.get(Part::Netloc).unwrap_or_default();
        let host = Host::of(netloc, self.generation)?;
        let Some(digits) = host.port.filter(|p| !p.is_empty()) else {
            return Ok(None);
        };
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(bad("the port is not a number"));
        }
        let number = digits.iter().fold(0_u32, |n, d| {
            n.saturating_mul(10).saturating_add(u32::from(d - b'0'))
        });
        match (u16::try_from(number), self.generation) {
            // A port of 0 would be taken for none by whoever opens the connection.
            (Ok(0), Generation::Current) => Err(bad("the port is 0")),
            (Ok(port), _) => Ok(Some(port)),
            (Err(_), Generation::Python2) => Ok(None),
            (Err(_), _) => Err(bad("the port is larger than 65535")),
        }
    }

    fn keep(split: &Split<'_>, host: &Host<'_>, generation: Generation) -> Result<Self> {
        let mut kept = Self {
            text: Vec::new(),
            places: [None; TEXTS],
            generation,
        };
        // Username, password and hostname stand in the netloc, path and query also in the target,
        // and all parts once more in the whole, with up to 10 bytes between them. Each text has
        // its NUL.
        let parts = [split.scheme, split.path, split.query, split.fragment];
        let parts = parts
            .iter()
            .fold(0, |n: usize, t| n.saturating_add(t.len()));
        let room = parts.saturating_mul(3).saturating_add(10 + TEXTS);
        let room = room.saturating_add(split.netloc.len().saturating_mul(3));
        kept.text.try_reserve_exact(room)?;

        kept.put(Part::Scheme as usize, |text| split.put_scheme(text));
        let plain = [
            (Part::Netloc, Some(split.netloc)),
            (Part::Path, Some(split.path)),
            (Part::Query, Some(split.query)),
            (Part::Fragment, Some(split.fragment)),
            (Part::Username, host.username),
            (Part::Password, host.password),
        ];
        for (part, bytes) in plain {
            if let Some(bytes) = bytes {
                kept.put(part as usize, |text| text.extend_from_slice(bytes));
            }
        }
        if let Some(name) = host.hostname(generation) {
            // A zone ("%eth0") names an interface, and those are told apart by case.
            let zone = match generation {
                Generation::Python2 => name.len(),
                _ => memchr(b'%', name).unwrap_or(name.len()),
            };
            let (address, zone) = name.split_at(zone);
            kept.put(Part::Hostname as usize, |text| {
                text.extend(address.iter().map(u8::to_ascii_lowercase));
                text.extend_from_slice(zone);
            });
        }
        kept.put(Part::Target as usize, |text| split.put_target(text));
        kept.put(WHOLE, |text| split.put_together(text));
        debug_assert!(kept.text.len() <= room);
        Ok(kept)
    }

    fn put(&mut self, index: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let begin = self.text.len();
        write(&mut self.text);
        self.places[index] = Some((begin, self.text.len()));
        self.text.push(0);
    }
}

/// The five parts that follow each other.
struct Split<'a> {
    scheme: &'a [u8],
    /// Not the one that the caller has given.
    scheme_stood_in_url: bool,
    netloc: &'a [u8],
    path: &'a [u8],
    query: &'a [u8],
    fragment: &'a [u8],
}

impl<'a> Split<'a> {
    fn of(url: &'a [u8], scheme: &'a [u8], fragments: bool, generation: Generation) -> Self {
        let end = scheme_end(url, generation);
        let (scheme, rest) = match end {
            Some(end) => (&url[..end], &url[end + 1..]),
            None => (scheme, url),
        };
        let (netloc, rest) = match rest {
            [b'/', b'/', rest @ ..] => {
                rest.split_at(memchr3(b'/', b'?', b'#', rest).unwrap_or(rest.len()))
            }
            _ => (&[][..], rest),
        };
        let (rest, fragment) = if fragments {
            cut(rest, b'#')
        } else {
            (rest, &[][..])
        };
        let (path, query) = cut(rest, b'?');
        Self {
            scheme,
            scheme_stood_in_url: end.is_some(),
            netloc,
            path,
            query,
            fragment,
        }
    }

    fn put_scheme(&self, text: &mut Vec<u8>) {
        let begin = text.len();
        text.extend_from_slice(self.scheme);
        if self.scheme_stood_in_url {
            text[begin..].make_ascii_lowercase();
        }
    }

    fn put_target(&self, text: &mut Vec<u8>) {
        if self.path.is_empty() {
            text.push(b'/');
        }
        text.extend_from_slice(self.path);
        if !self.query.is_empty() {
            text.push(b'?');
            text.extend_from_slice(self.query);
        }
    }

    /// As Python 3.13 does it. Before, a path that begins with "//" came out as a host.
    fn put_together(&self, text: &mut Vec<u8>) {
        let begin = text.len();
        self.put_scheme(text);
        let slashes = if !self.netloc.is_empty() || self.path.starts_with(b"//") {
            true
        } else {
            uses_netloc(&text[begin..]) && matches!(self.path, [] | [b'/', ..])
        };
        if !self.scheme.is_empty() {
            text.push(b':');
        }
        if slashes {
            text.extend_from_slice(b"//");
            text.extend_from_slice(self.netloc);
            if !matches!(self.path, [] | [b'/', ..]) {
                text.push(b'/');
            }
        }
        text.extend_from_slice(self.path);
        for (mark, part) in [(b'?', self.query), (b'#', self.fragment)] {
            if !part.is_empty() {
                text.push(mark);
                text.extend_from_slice(part);
            }
        }
    }
}

fn cut(text: &[u8], mark: u8) -> (&[u8], &[u8]) {
    match memchr(mark, text) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[]),
    }
}

fn scheme_end(url: &[u8], generation: Generation) -> Option<usize> {
    let colon = memchr(b':', url)?;
    let (scheme, rest) = (&url[..colon], &url[colon + 1..]);
    if scheme.is_empty() || !scheme.iter().copied().all(is_scheme_byte) {
        return None;
    }
    let found = match generation {
        Generation::Current | Generation::Python3 => scheme[0].is_ascii_alphabetic(),
        // "host:80" is a path.
        Generation::Python2 => {
            scheme == b"http" || rest.is_empty() || !rest.iter().all(u8::is_ascii_digit)
        }
    };
    found.then_some(colon)
}

/// Does a URL of this scheme have "//" even without a host, as in "file:///path"?
fn uses_netloc(scheme: &[u8]) -> bool {
    const SCHEMES: &[&str] = &[
        "ftp",
        "http",
        "gopher",
        "nntp",
        "telnet",
        "imap",
        "wais",
        "file",
        "mms",
        "https",
        "shttp",
        "snews",
        "prospero",
        "rtsp",
        "rtsps",
        "rtspu",
        "rsync",
        "svn",
        "svn+ssh",
        "sftp",
        "nfs",
        "git",
        "git+ssh",
        "ws",
        "wss",
        "itms-services",
    ];
    SCHEMES.iter().any(|s| s.as_bytes() == scheme)
}
