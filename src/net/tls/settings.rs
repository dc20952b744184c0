//! What a program sets before a configuration is used.

use std::ffi::{CStr, CString};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use rustls::sign::CertifiedKey;

use super::identity::{SignWith, Signing};
use super::keylog::{LogLine, Secrets};
use super::reason::Reason;
use super::roots::{self, Roots};
use super::verify::Ask;
use super::{material, names, provider};
use crate::error::{Code, Error, Result};

/// TLS 1.2 on the wire.
pub const TLS_1_2: i32 = 0x0303;
/// TLS 1.3 on the wire.
pub const TLS_1_3: i32 = 0x0304;
/// Sessions that are kept.
const SESSIONS: usize = 256;
/// More than any program means.
const MOST_SESSIONS: usize = 1 << 20;

/// What revocation lists are asked, as a set of bits.
pub mod revocation {
    /// Every certificate of the chain, not only that of the server.
    pub const CHAIN: u32 = 1;
    /// A certificate that no list speaks of is accepted.
    pub const ALLOW_UNKNOWN: u32 = 2;
    /// A list that should have been renewed still counts.
    pub const ALLOW_EXPIRED: u32 = 4;
    /// All of them.
    pub(super) const ALL: u32 = 7;
}

/// See the module. The getters read the fields; what has to be looked at before it is set has
/// a method.
pub struct Settings {
    pub(super) roots: Roots,
    pub(super) cas: Vec<CertificateDer<'static>>,
    pub(super) identity: Option<Arc<CertifiedKey>>,
    pub(super) versions: (i32, i32),
    pub(super) suites: Option<CString>,
    pub(super) alpn: Vec<CString>,
    /// The name is sent.
    pub sni: bool,
    pub(super) sni_name: Option<CString>,
    pub(super) verify_name: Option<CString>,
    pub(super) pins: Vec<[u8; 32]>,
    pub(super) pin_texts: Vec<CString>,
    pub(super) crls: Vec<CertificateRevocationListDer<'static>>,
    pub(super) crl_check: u32,
    /// Asked when a chain has been found good.
    pub ask: Option<Ask>,
    /// The chain is not checked.
    pub no_verify: bool,
    /// The name is not checked.
    pub no_name: bool,
    pub(super) secrets: Option<Arc<Secrets>>,
    pub(super) key_log_path: Option<CString>,
    pub(super) sessions: usize,
    /// Seconds since 1970, in place of the clock.
    pub time: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            roots: Roots::Auto,
            cas: Vec::new(),
            identity: None,
            versions: (TLS_1_2, TLS_1_3),
            suites: None,
            alpn: vec![c"http/1.1".to_owned()],
            sni: true,
            sni_name: None,
            verify_name: None,
            pins: Vec::new(),
            pin_texts: Vec::new(),
            crls: Vec::new(),
            crl_check: 0,
            ask: None,
            no_verify: false,
            no_name: false,
            secrets: None,
            key_log_path: None,
            sessions: SESSIONS,
            time: None,
        }
    }
}

impl Settings {
    /// Whose certificates are trusted besides those that are added.
    pub fn set_roots(&mut self, number: i32) -> Result<()> {
        let known = [Roots::Auto, Roots::None, Roots::System, Roots::Bundled];
        let roots = known.into_iter().find(|r| *r as i32 == number);
        let roots = roots.ok_or_else(|| invalid("an unknown set of roots"))?;
        if roots == Roots::Bundled && cfg!(not(feature = "bundled-roots")) {
            return Err(Error::new(
                Code::HC_ERR_UNSUPPORTED,
                "this library was built without roots of its own (feature bundled-roots)",
            ));
        }
        self.roots = roots;
        Ok(())
    }

    /// The same, as a number.
    #[must_use]
    pub fn roots(&self) -> i32 {
        self.roots as i32
    }

    /// Trusts the certificates in a file.
    pub fn add_ca_file(&mut self, path: &Path) -> Result<()> {
        self.add_ca(&material::read(path)?, &path.display().to_string())
    }

    /// Trusts the certificates in the files of a folder.
    pub fn add_ca_folder(&mut self, path: &Path) -> Result<()> {
        self.cas.append(&mut roots::folder(path)?);
        Ok(())
    }

    /// Trusts these certificates.
    pub fn add_ca(&mut self, bytes: &[u8], from: &str) -> Result<()> {
        self.cas.append(&mut material::certificates(bytes, from)?);
        Ok(())
    }

    /// Certificates that were added.
    #[must_use]
    pub fn ca_count(&self) -> usize {
        self.cas.len()
    }

    /// Shows this certificate to servers that ask for one; the key may stand in the same file.
    pub fn set_identity_file(&mut self, chain: &Path, key: &Path) -> Result<()> {
        let (chain_bytes, key_bytes) = (material::read(chain)?, material::read(key)?);
        self.set_identity(
            (&chain_bytes, &chain.display().to_string()),
            (&key_bytes, &key.display().to_string()),
        )
    }

    /// The same, from memory; each with a name for error messages.
    pub fn set_identity(&mut self, chain: (&[u8], &str), key: (&[u8], &str)) -> Result<()> {
        self.identity = Some(material::identity(chain, key, &provider())?);
        Ok(())
    }

    /// Could [`Self::set_signer`] use these?
    pub fn check_signer(&self, chain: &[u8], schemes: &[i32]) -> Result<()> {
        material::certificates(chain, "the client certificate")?;
        Signing::new(schemes, Arc::new(|_, _, _| -1)).map(drop)
    }

    /// Shows a certificate whose key is somewhere else.
    pub fn set_signer(&mut self, chain: &[u8], schemes: &[i32], sign: SignWith) -> Result<()> {
        let chain = material::certificates(chain, "the client certificate")?;
        let key = Signing::new(schemes, sign)?;
        self.identity = Some(Arc::new(CertifiedKey::new(chain, Arc::new(key))));
        Ok(())
    }

    /// Shows none.
    pub fn clear_identity(&mut self) {
        self.identity = None;
    }

    /// Is there one?
    #[must_use]
    pub fn has_identity(&self) -> bool {
        self.identity.is_some()
    }

    /// The oldest and the newest version that is spoken.
    pub fn set_versions(&mut self, least: i32, most: i32) -> Result<()> {
        let known = |v| v == TLS_1_2 || v == TLS_1_3;
        if !known(least) || !known(most) || least > most {
            return Err(invalid("TLS versions are 1.2 and 1.3, the older one first"));
        }
        self.versions = (least, most);
        Ok(())
    }

    /// The same.
    #[must_use]
    pub fn versions(&self) -> (i32, i32) {
        self.versions
    }

    /// Only these cipher suites, in the order of preference; `None` for all.
    pub fn set_suites(&mut self, list: Option<&CStr>) -> Result<()> {
        if let Some(list) = list {
            let names = split(list)?;
            if names.is_empty() {
                return Err(invalid("the list of cipher suites is empty"));
            }
            names::suites(&names, &provider())?;
        }
        self.suites = list.map(CStr::to_owned);
        Ok(())
    }

    /// The same.
    #[must_use]
    pub fn suites(&self) -> Option<&CStr> {
        self.suites.as_deref()
    }

    /// What is offered to be spoken inside of TLS; none for no such offer.
    pub fn set_alpn(&mut self, protocols: &[&CStr]) -> Result<()> {
        if protocols
            .iter()
            .any(|p| !(1..=255).contains(&p.count_bytes()))
        {
            return Err(invalid("the name of a protocol has 1 to 255 bytes"));
        }
        self.alpn = protocols.iter().map(|p| (*p).to_owned()).collect();
        Ok(())
    }

    /// The one at this place.
    #[must_use]
    pub fn alpn(&self, index: usize) -> Option<&CStr> {
        self.alpn.get(index).map(|p| &**p)
    }

    /// Sends this name in place of the host's.
    pub fn set_sni_name(&mut self, name: Option<&CStr>) -> Result<()> {
        self.sni_name = checked_name(name)?;
        Ok(())
    }

    /// The same.
    #[must_use]
    pub fn sni_name(&self) -> Option<&CStr> {
        self.sni_name.as_deref()
    }

    /// Wants the certificate to be for this name in place of the host's.
    pub fn set_verify_name(&mut self, name: Option<&CStr>) -> Result<()> {
        self.verify_name = checked_name(name)?;
        Ok(())
    }

    /// The same.
    #[must_use]
    pub fn verify_name(&self) -> Option<&CStr> {
        self.verify_name.as_deref()
    }

    /// Accepts a certificate only with a pinned key: "sha256//" and the digest in base64.
    pub fn add_pin(&mut self, pin: &CStr) -> Result<()> {
        let digest = pin.to_bytes().strip_prefix(b"sha256//").and_then(base64_32);
        let digest = digest.ok_or_else(|| {
            invalid("a pin is \"sha256//\" and the 44 base64 digits of a SHA-256")
        })?;
        self.pins.push(digest);
        self.pin_texts.push(pin.to_owned());
        Ok(())
    }

    /// The one at this place.
    #[must_use]
    pub fn pin(&self, index: usize) -> Option<&CStr> {
        self.pin_texts.get(index).map(|p| &**p)
    }

    /// Revocation lists in a file.
    pub fn add_crl_file(&mut self, path: &Path) -> Result<()> {
        self.add_crl(&material::read(path)?, &path.display().to_string())
    }

    /// Revocation lists.
    pub fn add_crl(&mut self, bytes: &[u8], from: &str) -> Result<()> {
        self.crls
            .append(&mut material::revocation_lists(bytes, from)?);
        Ok(())
    }

    /// How many there are.
    #[must_use]
    pub fn crl_count(&self) -> usize {
        self.crls.len()
    }

    /// What they are asked: see [`revocation`].
    pub fn set_crl_check(&mut self, bits: u32) -> Result<()> {
        if bits & !revocation::ALL != 0 {
            return Err(invalid("an unknown bit for revocation lists"));
        }
        self.crl_check = bits;
        Ok(())
    }

    /// The same.
    #[must_use]
    pub fn crl_check(&self) -> u32 {
        self.crl_check
    }

    /// Writes what decrypts the connections to a file; `None` for no longer.
    pub fn set_key_log_file(&mut self, path: Option<&CStr>) -> Result<()> {
        self.secrets = match path {
            Some(path) => Some(Arc::new(Secrets::to_file(path)?)),
            None => None,
        };
        self.key_log_path = path.map(CStr::to_owned);
        Ok(())
    }

    /// Its name.
    #[must_use]
    pub fn key_log_path(&self) -> Option<&CStr> {
        self.key_log_path.as_deref()
    }

    /// Tells it to the program; `None` for no longer.
    pub fn set_key_log(&mut self, tell: Option<LogLine>) {
        self.secrets = tell.map(|tell| Arc::new(Secrets::To(tell)));
        self.key_log_path = None;
    }

    /// How many servers' sessions are kept; 0 for none.
    pub fn set_sessions(&mut self, count: usize) -> Result<()> {
        if count > MOST_SESSIONS {
            return Err(invalid("more sessions than can be kept"));
        }
        self.sessions = count;
        Ok(())
    }

    /// The same.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.sessions
    }
}

/// The items of a list with colons, commas or blanks between them.
pub(super) fn split(list: &CStr) -> Result<Vec<&str>> {
    let text = list.to_str().map_err(|_| invalid("a list is not ASCII"))?;
    let items = text.split([':', ',', ' ']);
    Ok(items.filter(|item| !item.is_empty()).collect())
}

fn checked_name(name: Option<&CStr>) -> Result<Option<CString>> {
    if let Some(name) = name {
        let text = name.to_str().map_err(|_| invalid("a name is not ASCII"))?;
        names::server_name(text)?;
    }
    Ok(name.map(CStr::to_owned))
}

/// 32 bytes in base64.
fn base64_32(text: &[u8]) -> Option<[u8; 32]> {
    let digits = text.strip_suffix(b"=")?;
    if digits.len() != 43 {
        return None;
    }
    let mut out = [0; 32];
    let (mut bits, mut held, mut at) = (0_u32, 0_u32, 0);
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            *out.get_mut(at)? = (bits >> held) as u8;
            bits &= (1 << held) - 1;
            at += 1;
        }
    }
    // What is left over of the last digit is zero in the one right way of writing it.
    (at == 32 && bits == 0).then_some(out)
}

#[cold]
fn invalid(text: &'static str) -> Error {
    Reason::BadSetting.error(Code::HC_ERR_INVALID_ARG, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_written_in_one_way() {
        let zeros = format!("{}=", "A".repeat(43));
        assert_eq!(base64_32(zeros.as_bytes()), Some([0; 32]));
        let ones = format!("{}8=", "/".repeat(42));
        assert_eq!(base64_32(ones.as_bytes()), Some([0xff; 32]));
        for wrong in [
            "",
            "=",
            &zeros[1..],
            &format!("{}B=", "A".repeat(42)),
            &format!("{}-=", "A".repeat(42)),
            &format!("{zeros}="),
        ] {
            assert_eq!(base64_32(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
