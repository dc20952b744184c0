//! Is this the server that was meant? Everything after the first answer of webpki can only turn
//! a yes into a no, except for the two calls that say so in their names.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::hash::Hash;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, SignatureScheme};

use super::reason::Reason;

/// What a program's callback is asked about.
#[derive(Debug)]
pub struct Presented<'a> {
    /// The name that was checked, or would have been.
    pub host: &'a str,
    /// The peer's certificates in DER, its own first.
    pub chain: &'a [&'a [u8]],
    /// They were found good.
    pub is_verified: bool,
}

/// Anything but 0 is a refusal.
pub type Ask = Arc<dyn Fn(&Presented<'_>) -> i64 + Send + Sync>;

/// Why a certificate was refused here, on its way through rustls.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    pub(super) callback_value: i64,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "refused: {:?}", self.reason)
    }
}

impl std::error::Error for Refusal {}

/// See the module.
pub(super) struct Verifier {
    /// `None`: the chain is not checked.
    pub(super) web: Option<Arc<WebPkiServerVerifier>>,
    pub(super) checks_name: bool,
    /// Instead of the name that the session has.
    pub(super) name: Option<ServerName<'static>>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
    /// Certificates that the program itself has named as trusted.
    pub(super) named: Arc<Vec<CertificateDer<'static>>>,
    /// SHA-256 of the public keys that are accepted; none for any.
    pub(super) pins: Arc<Vec<[u8; 32]>>,
    pub(super) ask: Option<Ask>,
    pub(super) sha256: &'static dyn Hash,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let name = self.name.as_ref().unwrap_or(server_name);
        if let Some(web) = &self.web {
            let judged = web.verify_server_cert(end_entity, intermediates, name, ocsp, now);
            if let Err(e) = judged {
                self.second_look(e, end_entity, intermediates, name)?;
            }
            if is_short_rsa(spki(end_entity)?.as_ref()) {
                return Err(refuse(Reason::WeakKey));
            }
        }
        if !self.pins.is_empty() {
            let digest = self.sha256.hash(spki(end_entity)?.as_ref());
            if !self.pins.iter().any(|pin| pin == digest.as_ref()) {
                return Err(refuse(Reason::Pin));
            }
        }
        if let Some(ask) = &self.ask {
            let mut chain: Vec<&[u8]> = vec![end_entity];
            chain.extend(intermediates.iter().map(|der| &**der));
            let presented = Presented {
                host: &name.to_str(),
                chain: &chain,
                is_verified: self.web.is_some(),
            };
            let callback_value = ask(&presented);
            if callback_value != 0 {
                return Err(refusal(Refusal {
                    reason: Reason::Callback,
                    callback_value,
                }));
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl Verifier {
    /// The same for a name that is not the one that the session has.
    pub(super) fn for_name(&self, name: ServerName<'static>) -> Self {
        Self {
            web: self.web.clone(),
            checks_name: self.checks_name,
            name: Some(name),
            algorithms: self.algorithms,
            named: self.named.clone(),
            pins: self.pins.clone(),
            ask: self.ask.clone(),
            sha256: self.sha256,
        }
    }

    /// webpki said no: does what the program has set make it a yes, or is there more to say?
    fn second_look(
        &self,
        e: rustls::Error,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
    ) -> Result<(), rustls::Error> {
        let rustls::Error::InvalidCertificate(why) = &e else {
            return Err(e);
        };
        match why {
            // The name is what webpki looks at last: all the rest is fine.
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
                if !self.checks_name =>
            {
                Ok(())
            }
            // A certificate that has signed itself, as `openssl req -x509` makes it: an authority's
            // by its own words, which webpki takes for nothing else. The program has named this
            // very certificate, and webpki has looked at its dates before it looked at that.
            CertificateError::Other(OtherError(inner))
                if is(inner, &webpki::Error::CaUsedAsEndEntity)
                    && self.named.iter().any(|der| der == end_entity) =>
            {
                if self.checks_name {
                    verify_server_name(&ParsedCertificate::try_from(end_entity)?, name)?;
                }
                Ok(())
            }
            CertificateError::UnknownIssuer if has_signed_itself(end_entity) => {
                Err(refuse(Reason::SelfSigned))
            }
            CertificateError::Other(OtherError(inner))
                if is(inner, &webpki::Error::CaUsedAsEndEntity)
                    && has_signed_itself(end_entity) =>
            {
                Err(refuse(Reason::SelfSigned))
            }
            CertificateError::BadSignature if self.has_short_issuer(intermediates) => {
                Err(refuse(Reason::WeakKey))
            }
            _ => Err(e),
        }
    }

    fn has_short_issuer(&self, intermediates: &[CertificateDer<'_>]) -> bool {
        let issuers = intermediates.iter().chain(self.named.iter());
        issuers
            .filter_map(|der| spki(der).ok())
            .any(|spki| is_short_rsa(spki.as_ref()))
    }
}

fn is(inner: &Arc<dyn std::error::Error + Send + Sync>, wanted: &webpki::Error) -> bool {
    inner.downcast_ref::<webpki::Error>() == Some(wanted)
}

fn refuse(reason: Reason) -> rustls::Error {
    refusal(Refusal {
        reason,
        callback_value: 0,
    })
}

fn refusal(refusal: Refusal) -> rustls::Error {
    CertificateError::Other(OtherError(Arc::new(refusal))).into()
}

fn has_signed_itself(der: &CertificateDer<'_>) -> bool {
    webpki::EndEntityCert::try_from(der).is_ok_and(|c| c.issuer() == c.subject())
}

fn spki(
    der: &CertificateDer<'_>,
) -> Result<rustls::pki_types::SubjectPublicKeyInfoDer<'static>, rustls::Error> {
    Ok(ParsedCertificate::try_from(der)?
        .subject_public_key_info()
        .into_owned())
}

/// An RSA key of less than 2048 bits: what holds one of 2048 has 294 bytes, with the usual
/// exponent, and at least 290 with any.
fn is_short_rsa(spki: &[u8]) -> bool {
    const RSA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
    spki.len() < 290 && memchr::memmem::find(spki, RSA).is_some_and(|at| at < 10)
}
