//! A proxy: where it is, how it is spoken to, and what it alone is told.

use std::ffi::CString;

use super::Profile;
use super::basic::{Credentials, basic};
use super::grammar::is_visible_ascii;
use super::hostport::HostPort;
use super::request::{self, RequestFacts};
use super::socks::{self, Socks};
use super::tunnel::Tunnel;
use crate::error::{Code, Error, Result};

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// SOCKS 5 (RFC 1928). The proxy resolves names, whether the URL says `socks5h` or
    /// `socks5`: a name that is looked up here tells the local network where one goes, and
    /// leaves the proxy a single address to try.
    Socks5,
    /// SOCKS 4 with names (4A).
    Socks4a,
}

impl Scheme {
    fn of(name: &[u8]) -> Option<Self> {
        const NAMES: &[(&[u8], Scheme)] = &[
            (b"http", Scheme::Http),
            (b"https", Scheme::Https),
            (b"socks5", Scheme::Socks5),
            (b"socks5h", Scheme::Socks5),
            (b"socks4a", Scheme::Socks4a),
        ];
        let known = NAMES.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        Some(known.1)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks5 => "socks5h",
            Self::Socks4a => "socks4a",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Socks5 | Self::Socks4a => 1080,
        }
    }

    /// Does it speak HTTP?
    #[must_use]
    pub fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }
}

/// See the module.
#[derive(Clone)]
pub struct Proxy {
    /// How it is spoken to.
    pub scheme: Scheme,
    /// Where it is.
    pub at: HostPort,
    /// Even requests to a plain origin go through a tunnel.
    pub always_tunnel: bool,
    credentials: Option<Credentials>,
    /// What HTTP makes of the credentials.
    authorization: Vec<u8>,
    fields: Vec<(CString, CString)>,
}

/// No credentials in any log.
impl core::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Proxy").field(&self.place()).finish()
    }
}

impl Proxy {
    /// The proxy that a URL names: `scheme://user:password@host:port`, of which only the host
    /// is needed; without a scheme it is `http`. User and password are percent-decoded.
    pub fn parse(url: &[u8]) -> Result<Self> {
        if !is_visible_ascii(url) {
            return Err(bad(
                "the URL of the proxy can hold only visible ASCII; percent-encode the rest",
            ));
        }
        let (scheme, rest) = match memchr::memmem::find(url, b"://") {
            Some(at) => (&url[..at], &url[at + 3..]),
            None => (&b"http"[..], url),
        };
        let scheme = Scheme::of(scheme).ok_or_else(|| {
            bad("the scheme of a proxy is http, https, socks5, socks5h or socks4a")
        })?;
        let authority = rest.strip_suffix(b"/").unwrap_or(rest);
        if authority.iter().any(|b| matches!(b, b'/' | b'?' | b'#')) {
            return Err(bad("the URL of a proxy has no path, query or fragment"));
        }
        let (userinfo, host) = match memchr::memrchr(b'@', authority) {
            Some(at) => (Some(&authority[..at]), &authority[at + 1..]),
            None => (None, authority),
        };
        let mut proxy = Self {
            scheme,
            at: HostPort::parse(host, 0, scheme.default_port())?,
            always_tunnel: false,
            credentials: None,
            authorization: Vec::new(),
            fields: Vec::new(),
        };
        if let Some(userinfo) = userinfo.filter(|u| !u.is_empty()) {
            let (user, password) = match memchr::memchr(b':', userinfo) {
                Some(at) => (&userinfo[..at], &userinfo[at + 1..]),
                None => (userinfo, &[][..]),
            };
            let given = Credentials {
                user: percent_decoded(user)?,
                password: percent_decoded(password)?,
            };
            proxy.set_credentials(Some(given))?;
        }
        Ok(proxy)
    }

    /// What it is told of who asks. Refused if it is nothing that this kind of proxy can be
    /// told.
    pub fn set_credentials(&mut self, given: Option<Credentials>) -> Result<()> {
        let has_nul = |c: &Credentials| c.user.iter().chain(&c.password).any(|b| *b == 0);
        if given.as_ref().is_some_and(has_nul) {
            return Err(Error::new(
                Code::HC_ERR_INVALID_ARG,
                "a user or password for a proxy cannot hold a NUL",
            ));
        }
        let authorization = match (&given, self.scheme) {
            (None, _) => Vec::new(),
            (Some(c), Scheme::Http | Scheme::Https) => basic(c)?,
            (Some(c), Scheme::Socks5) => socks::check_v5(c).map(|()| Vec::new())?,
            (Some(c), Scheme::Socks4a) => socks::check_v4(c).map(|()| Vec::new())?,
        };
        self.authorization = authorization;
        self.credentials = given;
        Ok(())
    }

    /// Who asks, if it is told.
    #[must_use]
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Further fields that it is sent. They are checked as strictly as can be in every profile,
    /// and none may change what the request is.
    pub fn set_fields<'a>(
        &mut self,
        count: usize,
        field: &dyn Fn(usize) -> Result<(&'a [u8], &'a [u8])>,
    ) -> Result<()> {
        if count > 0 && !self.scheme.is_http() {
            return Err(Error::new(
                Code::HC_ERR_UNSUPPORTED,
                "a SOCKS proxy takes no header fields",
            ));
        }
        let mut fields = Vec::new();
        let mut scratch = Vec::new();
        for i in 0..count {
            let (name, value) = field(i)?;
            let mut facts = RequestFacts::of_method(b"CONNECT", 11);
            request::add_field(&mut scratch, &mut facts, name, &[value], Profile::SAFE)?;
            if NOT_FOR_PROXIES.iter().any(|n| n.eq_ignore_ascii_case(name)) {
                return Err(Error::new(
                    Code::HC_ERR_INVALID_ARG,
                    "this field belongs to the request, not to the proxy",
                ));
            }
            fields.try_reserve(1)?;
            fields.push((terminated(name)?, terminated(value)?));
        }
        self.fields = fields;
        Ok(())
    }

    /// Those fields.
    #[must_use]
    pub fn fields(&self) -> &[(CString, CString)] {
        &self.fields
    }

    /// Is this a proxy that is sent whole requests for an origin without TLS, and forwards
    /// them?
    #[must_use]
    pub fn forwards(&self) -> bool {
        self.scheme.is_http() && !self.always_tunnel
    }

    /// Is it the same one, whatever it is told?
    #[must_use]
    pub fn is_same_place(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.at == other.at
    }

    /// `scheme://host:port`, without credentials: to be shown.
    #[must_use]
    pub fn place(&self) -> String {
        let at = self.at.host_header(0);
        format!("{}://{}", self.scheme.name(), String::from_utf8_lossy(&at))
    }

    /// Everything that tells two uses of proxies apart. It holds the credentials: not to be
    /// shown.
    #[must_use]
    pub fn key(&self) -> String {
        let mut key = self.place();
        if self.always_tunnel {
            key.push_str(" tunnel");
        }
        let mut add = |mark: &str, bytes: &[u8]| {
            key.push_str(mark);
            key.extend(bytes.escape_ascii().map(char::from));
        };
        if let Some(c) = &self.credentials {
            add("\n", &c.user);
            add("\n", &c.password);
        }
        for (name, value) in &self.fields {
            add("\r", name.to_bytes());
            add("\n", value.to_bytes());
        }
        key
    }

    /// The tunnel through it to this origin.
    pub fn tunnel_to(&self, origin: &HostPort) -> Result<Tunnel> {
        let own = (b"Proxy-Authorization".as_slice(), &*self.authorization);
        let count = self.fields.len() + usize::from(self.sends_authorization());
        Tunnel::new(origin.clone(), count, &|i| {
            let given = self.fields.get(i);
            Ok(given.map_or(own, |(name, value)| (name.to_bytes(), value.to_bytes())))
        })
    }

    /// The conversation that asks it for a connection to this origin.
    pub fn socks_to(&self, origin: &HostPort) -> Result<Socks> {
        match self.scheme {
            Scheme::Socks4a => Socks::v4a(origin, self.credentials()),
            _ => Socks::v5(origin, self.credentials()),
        }
    }

    /// Adds what it is told to the head of a request that it forwards.
    pub fn add_fields(&self, head: &mut Vec<u8>, facts: &mut RequestFacts) -> Result<()> {
        let by_caller = facts.has_proxy_authorization;
        for (name, value) in &self.fields {
            let (name, value) = (name.to_bytes(), value.to_bytes());
            request::add_field(head, facts, name, &[value], Profile::SAFE)?;
        }
        if self.sends_authorization() && !by_caller {
            let name = b"Proxy-Authorization";
            request::add_field(head, facts, name, &[&self.authorization], Profile::SAFE)?;
        }
        Ok(())
    }

    /// A field that the program gives takes the place of the one made here.
    fn sends_authorization(&self) -> bool {
        let is_it = |name: &[u8]| name.eq_ignore_ascii_case(b"Proxy-Authorization");
        !self.authorization.is_empty()
            && !self.fields.iter().any(|(name, _)| is_it(name.to_bytes()))
    }
}

/// Fields that frame, route or change a request, or are meant for the origin.
const NOT_FOR_PROXIES: [&[u8]; 8] = [
    b"Host",
    b"Content-Length",
    b"Transfer-Encoding",
    b"Trailer",
    b"Expect",
    b"Upgrade",
    b"Authorization",
    b"Cookie",
];

/// For C. What has a NUL was refused before.
fn terminated(text: &[u8]) -> Result<CString> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(text.len() + 1)?;
    bytes.extend_from_slice(text);
    Ok(CString::new(bytes).unwrap_or_default())
}

/// The target of a request that a proxy forwards (RFC 9112 section 3.2.2), for one in origin
/// form or, of OPTIONS, in asterisk form (section 3.2.4). `None`: it stays as it is.
pub fn absolute_form(method: &[u8], target: &[u8], authority: &[u8]) -> Result<Option<Vec<u8>>> {
    let path = match target {
        [] => &b"/"[..],
        [b'/', ..] => target,
        b"*" if method == b"OPTIONS" => b"",
        _ => return Ok(None),
    };
    let mut out = Vec::new();
    out.try_reserve_exact(7 + authority.len() + path.len())?;
    for part in [b"http://", authority, path] {
        out.extend_from_slice(part);
    }
    Ok(Some(out))
}

fn percent_decoded(text: &[u8]) -> Result<Vec<u8>> {
    let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::new();
    out.try_reserve_exact(text.len())?;
    let mut rest = text.iter();
    while let Some(&b) = rest.next() {
        if b != b'%' {
            out.push(b);
            continue;
        }
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err(bad(
                "a '%' in user or password is not followed by two hex digits",
            ));
        };
        out.push((high << 4 | low) as u8);
    }
    Ok(out)
}

#[cold]
fn bad(text: &'static str) -> Error {
    Error::new(Code::HC_ERR_INVALID_URL, text)
}

#[cfg(test)]
#[path = "proxy_tests.rs"]
mod tests;
