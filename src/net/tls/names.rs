//! Names: of servers, of cipher suites.

use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::{CipherSuite, SupportedCipherSuite};

use super::reason::Reason;
use crate::error::{Code, Error, Result};

/// The longest name in DNS, without the dot at its end.
const MOST_NAME: usize = 253;

/// The name that a certificate has to be for. One dot at the end is not part of it, and neither
/// is the zone of an address. Underscores are let through, as everywhere outside of DNS's own
/// registries.
pub(super) fn server_name(host: &str) -> Result<ServerName<'static>> {
    let name = host.strip_suffix('.').unwrap_or(host);
    let name = if name.contains(':') {
        name.split('%').next().unwrap_or_default()
    } else {
        name
    };
    if name.len() > MOST_NAME {
        return Err(unusable(format!(
            "the host has {} bytes; a name in a certificate has {MOST_NAME} at most",
            name.len()
        )));
    }
    let found = ServerName::try_from(name.to_owned()).ok();
    found
        .filter(|_| !name.ends_with('.'))
        .ok_or_else(|| unusable(format!("{host:?} cannot be the name of a TLS server")))
}

#[cold]
fn unusable(text: String) -> Error {
    Error::new(Code::HC_ERR_INVALID_URL, text)
}

/// IANA's name of a cipher suite: "TLS_AES_128_GCM_SHA256".
pub(super) fn of_suite(suite: CipherSuite) -> String {
    let name = suite.as_str().unwrap_or("unknown");
    // rustls marks those of TLS 1.3.
    name.replacen("TLS13_", "TLS_", 1)
}

/// Suites by IANA's names, in the order of preference.
pub(super) fn suites(
    names: &[&str],
    provider: &CryptoProvider,
) -> Result<Vec<SupportedCipherSuite>> {
    let find = |name: &&str| {
        let suite = provider
            .cipher_suites
            .iter()
            .find(|s| of_suite(s.suite()).eq_ignore_ascii_case(name));
        suite.copied().ok_or_else(|| {
            let all: Vec<String> = provider
                .cipher_suites
                .iter()
                .map(|s| of_suite(s.suite()))
                .collect();
            Reason::BadSetting.refuse(format!(
                "{name:?} is no cipher suite of this library, which has {}",
                all.join(", ")
            ))
        })
    };
    names.iter().map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_143_one_dot_at_the_end_goes_and_what_is_too_long_is_refused() {
        for (host, name) in [
            ("example.com", "example.com"),
            ("example.com.", "example.com"),
            ("a_b.example", "a_b.example"),
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
        ] {
            let Ok(found) = server_name(host) else {
                panic!("{host}")
            };
            assert_eq!(found.to_str(), name, "{host}");
        }
        let label = "a".repeat(63);
        let longest = [label.as_str(); 4].join(".");
        for host in [longest.as_str(), "example.com..", "", ".", "a b", "-"] {
            let refused = server_name(host).map_err(|e| e.code);
            assert_eq!(refused.err(), Some(Code::HC_ERR_INVALID_URL), "{host:?}");
        }
        assert!(server_name(&longest[2..]).is_ok());
        assert!(server_name(&format!("{}.", &longest[2..])).is_ok());
    }
}
