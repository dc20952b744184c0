//! A client's key that is somewhere else: on a card, in another process.

use std::sync::Arc;

use rustls::sign::{Signer, SigningKey};
use rustls::{Error as TlsError, OtherError, SignatureAlgorithm, SignatureScheme};

use super::reason::Reason;
use crate::error::Result;

/// Signs these bytes by this scheme (RFC 8446, 4.2.3), into the room there is: how many bytes, or
/// below 0.
pub type SignWith = Arc<dyn Fn(u16, &[u8], &mut [u8]) -> i64 + Send + Sync>;

/// Enough for RSA keys of 16384 bits.
const MOST_SIGNATURE: usize = 2048;

/// See the module.
pub(super) struct Signing {
    schemes: Vec<SignatureScheme>,
    algorithm: SignatureAlgorithm,
    sign: SignWith,
}

impl Signing {
    /// `schemes` in the order of preference.
    pub(super) fn new(schemes: &[i32], sign: SignWith) -> Result<Self> {
        let mut known = Vec::new();
        for number in schemes {
            let scheme = u16::try_from(*number).map(SignatureScheme::from);
            match scheme {
                Ok(scheme) if algorithm(scheme).is_some() => known.push(scheme),
                _ => {
                    let text = format!("{number:#06x} is no signature scheme that TLS 1.3 knows");
                    return Err(Reason::BadSetting.refuse(text));
                }
            }
        }
        let Some(algorithm) = known.first().and_then(|s| algorithm(*s)) else {
            return Err(Reason::BadSetting.refuse("a key without a signature scheme"));
        };
        Ok(Self {
            schemes: known,
            algorithm,
            sign,
        })
    }
}

fn algorithm(scheme: SignatureScheme) -> Option<SignatureAlgorithm> {
    use SignatureScheme as S;
    Some(match scheme {
        S::RSA_PKCS1_SHA256
        | S::RSA_PKCS1_SHA384
        | S::RSA_PKCS1_SHA512
        | S::RSA_PSS_SHA256
        | S::RSA_PSS_SHA384
        | S::RSA_PSS_SHA512 => SignatureAlgorithm::RSA,
        S::ECDSA_NISTP256_SHA256 | S::ECDSA_NISTP384_SHA384 | S::ECDSA_NISTP521_SHA512 => {
            SignatureAlgorithm::ECDSA
        }
        S::ED25519 => SignatureAlgorithm::ED25519,
        _ => return None,
    })
}

impl SigningKey for Signing {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = self.schemes.iter().find(|s| offered.contains(s))?;
        Some(Box::new(Once {
            scheme: *scheme,
            sign: self.sign.clone(),
        }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
}

impl std::fmt::Debug for Signing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signing").finish_non_exhaustive()
    }
}

struct Once {
    scheme: SignatureScheme,
    sign: SignWith,
}

impl std::fmt::Debug for Once {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

/// The program's callback gave up.
#[derive(Debug)]
pub(super) struct SigningFailed(pub(super) i64);

impl std::fmt::Display for SigningFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the signing callback returned {}", self.0)
    }
}

impl std::error::Error for SigningFailed {}

impl Signer for Once {
    fn sign(&self, message: &[u8]) -> core::result::Result<Vec<u8>, TlsError> {
        let mut signature = vec![0; MOST_SIGNATURE];
        let n = (self.sign)(u16::from(self.scheme), message, &mut signature);
        match usize::try_from(n) {
            Ok(len @ 1..=MOST_SIGNATURE) => {
                signature.truncate(len);
                Ok(signature)
            }
            _ => Err(TlsError::Other(OtherError(Arc::new(SigningFailed(n))))),
        }
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}
