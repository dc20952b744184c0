//! User and password for the scheme "Basic" (RFC 7617), and the base64 of it (RFC 4648
//! section 4).

use crate::error::{Code, Error, Result};

/// A user and a password, as bytes: RFC 7617 leaves their encoding to both ends, and UTF-8 is
/// what most of them take.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user: Vec<u8>,
    /// The password; may be empty.
    pub password: Vec<u8>,
}

/// No password in any log.
impl core::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user.escape_ascii().to_string())
            .finish_non_exhaustive()
    }
}

impl Credentials {
    /// Copies both.
    pub fn new(user: &[u8], password: &[u8]) -> Result<Self> {
        Ok(Self {
            user: copied(user)?,
            password: copied(password)?,
        })
    }
}

/// The value of an Authorization or Proxy-Authorization field. The first colon ends the user
/// for whoever reads it, and control characters are refused as RFC 7617 section 2 has it.
pub fn basic(credentials: &Credentials) -> Result<Vec<u8>> {
    let Credentials { user, password } = credentials;
    if user.contains(&b':') {
        return Err(bad("a user cannot hold ':' in Basic authentication"));
    }
    if user.iter().chain(password).any(u8::is_ascii_control) {
        return Err(bad(
            "a user or password cannot hold control characters in Basic authentication",
        ));
    }
    const SCHEME: &[u8] = b"Basic ";
    let plain = user.len() + 1 + password.len();
    let mut out = Vec::new();
    out.try_reserve_exact(SCHEME.len() + plain.div_ceil(3).saturating_mul(4))?;
    out.extend_from_slice(SCHEME);
    let bytes = user.iter().chain(b":").chain(password).copied();
    encode(bytes, &mut out);
    Ok(out)
}

/// Adds the base64 of these bytes, padding included.
fn encode(mut bytes: impl Iterator<Item = u8>, out: &mut Vec<u8>) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    while let Some(first) = bytes.next() {
        let (second, third) = (bytes.next(), bytes.next());
        let group = u32::from(first) << 16
            | u32::from(second.unwrap_or(0)) << 8
            | u32::from(third.unwrap_or(0));
        let digit = |shift: u32| ALPHABET[(group >> shift & 63) as usize];
        out.push(digit(18));
        out.push(digit(12));
        out.push(second.map_or(b'=', |_| digit(6)));
        out.push(third.map_or(b'=', |_| digit(0)));
    }
}

fn copied(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    out.try_reserve_exact(bytes.len())?;
    out.extend_from_slice(bytes);
    Ok(out)
}

#[cold]
fn bad(text: &'static str) -> Error {
    Error::new(Code::HC_ERR_INVALID_ARG, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64() {
        // RFC 4648 section 10.
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let mut out = Vec::new();
            encode(plain.bytes(), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), coded);
        }
        let mut out = Vec::new();
        encode([0xfb, 0xff, 0xbf].into_iter(), &mut out);
        assert_eq!(out, b"+/+/");
    }

    #[test]
    fn values() {
        let value = |user: &[u8], password: &[u8]| {
            Credentials::new(user, password)
                .and_then(|c| basic(&c))
                .ok()
        };
        // RFC 7617 sections 2 and 2.1.
        let open = value(b"Aladdin", b"open sesame");
        assert_eq!(
            open.as_deref(),
            Some(&b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="[..])
        );
        let pound = value(b"test", "123\u{a3}".as_bytes());
        assert_eq!(pound.as_deref(), Some(&b"Basic dGVzdDoxMjPCow=="[..]));
        assert_eq!(value(b"", b":").as_deref(), Some(&b"Basic Ojo="[..]));
        assert_eq!(value(b"a:b", b"c"), None);
        assert_eq!(value(b"a\n", b"c"), None);
        assert_eq!(value(b"a", b"c\0"), None);
    }

    #[test]
    fn passwords_are_not_shown() {
        let shown = format!("{:?}", Credentials::new(b"u", b"secret"));
        assert!(shown.contains('u') && !shown.contains("secret"), "{shown}");
    }
}
