//! Certificates, keys and revocation lists, out of files or memory, in PEM or DER.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::reason::Reason;
use crate::error::{Error, Result};

/// The whole of a file that the program named.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| {
        Reason::File
            .refuse(format!("{} cannot be read: {e}", path.display()))
            .with_os_error(e.raw_os_error().unwrap_or(0))
    })
}

/// All certificates in it; at least one. `from` names where the bytes come from.
pub(super) fn certificates(bytes: &[u8], from: &str) -> Result<Vec<CertificateDer<'static>>> {
    let found = sections(bytes, from, "certificate", CertificateDer::from)?;
    for (i, der) in found.iter().enumerate() {
        if let Err(e) = webpki::EndEntityCert::try_from(der) {
            let text = format!("{from}: certificate {} cannot be used: {e}", i + 1);
            return Err(Reason::BadPem.refuse(text));
        }
    }
    Ok(found)
}

/// All revocation lists in it; at least one.
pub(super) fn revocation_lists(
    bytes: &[u8],
    from: &str,
) -> Result<Vec<CertificateRevocationListDer<'static>>> {
    let what = "revocation list";
    let found = sections(bytes, from, what, CertificateRevocationListDer::from)?;
    for der in &found {
        if let Err(e) = webpki::OwnedCertRevocationList::from_der(der) {
            let text = format!("{from}: a revocation list cannot be used: {e}");
            return Err(Reason::RevocationListBad.refuse(text));
        }
    }
    Ok(found)
}

/// A chain and the key of its first certificate.
pub(super) fn identity(
    (chain, chain_from): (&[u8], &str),
    (key, key_from): (&[u8], &str),
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>> {
    let chain = certificates(chain, chain_from)?;
    let key = private_key(key, key_from)?;
    match CertifiedKey::from_der(chain, key, provider) {
        Ok(identity) => Ok(Arc::new(identity)),
        Err(rustls::Error::InconsistentKeys(_)) => Err(Reason::KeyMismatch.refuse(format!(
            "the key in {key_from} does not belong to the certificate in {chain_from}"
        ))),
        Err(e) => Err(Reason::BadPem.refuse(format!("{key_from}: the key cannot be used: {e}"))),
    }
}

fn private_key(bytes: &[u8], from: &str) -> Result<PrivateKeyDer<'static>> {
    if !is_pem(bytes) {
        return PrivateKeyDer::try_from(bytes.to_vec()).map_err(|_| no_key(bytes, from));
    }
    if contains(bytes, b"BEGIN ENCRYPTED PRIVATE KEY") || contains(bytes, b"Proc-Type: 4,ENCRYPTED")
    {
        return Err(encrypted(from));
    }
    PrivateKeyDer::from_pem_slice(bytes).map_err(|_| no_key(bytes, from))
}

#[cold]
fn no_key(bytes: &[u8], from: &str) -> Error {
    // pkcs5PBES2 and the older ones begin with these arcs: an encrypted key in DER.
    let in_front = bytes.get(..bytes.len().min(40)).unwrap_or_default();
    if contains(in_front, b"\x2a\x86\x48\x86\xf7\x0d\x01\x05") {
        return encrypted(from);
    }
    Reason::BadPem.refuse(format!(
        "{from} holds no private key: PKCS#8, PKCS#1 and SEC1 are understood"
    ))
}

#[cold]
fn encrypted(from: &str) -> Error {
    Reason::EncryptedKey.refuse(format!(
        "{from}: the key is encrypted, which is not supported: decrypt it (openssl pkey -in \
         ENCRYPTED -out PLAIN), or sign with hc_tls_set_client_signer"
    ))
}

fn sections<T: PemObject>(
    bytes: &[u8],
    from: &str,
    what: &str,
    from_der: impl Fn(Vec<u8>) -> T,
) -> Result<Vec<T>> {
    // DER is one sequence, and nothing that is text begins like one.
    if bytes.first() == Some(&0x30) && !is_pem(bytes) {
        return Ok(vec![from_der(bytes.to_vec())]);
    }
    let mut found = Vec::new();
    for section in T::pem_slice_iter(bytes) {
        found.push(
            section
                .map_err(|e| Reason::BadPem.refuse(format!("{from}: a {what} is damaged: {e}")))?,
        );
    }
    if found.is_empty() {
        return Err(Reason::BadPem.refuse(format!("{from} holds no {what}")));
    }
    Ok(found)
}

fn is_pem(bytes: &[u8]) -> bool {
    contains(bytes, b"-----BEGIN ")
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(bytes, part).is_some()
}
