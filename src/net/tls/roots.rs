//! What is trusted: the machine's store, and what the program adds.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use super::reason::Reason;
use crate::error::{Code, Result};
use crate::sys::process;

/// Whose certificates are trusted besides those that the program adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i32)]
pub enum Roots {
    /// The machine's, unless the program adds some.
    #[default]
    Auto = 0,
    /// Nobody's.
    None = 1,
    /// The machine's.
    System = 2,
    /// Those that came with the library, if it was built with them.
    Bundled = 3,
}

/// Where distributions keep all of their store in one file. Reading one of these and not the
/// folder beside it, which has the same certificates, saves some hundred files.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
const FOLDERS: [&str; 2] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/// The store. An empty one is an error: nothing could ever be trusted.
pub(super) fn store(roots: Roots, added: &[CertificateDer<'static>]) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    for der in added {
        // They could be read when they were added.
        let _ = store.add(der.clone());
    }
    let mut complaints = Vec::new();
    match roots {
        Roots::None => {}
        Roots::Auto if !added.is_empty() => {}
        Roots::Auto | Roots::System => {
            let found = system();
            complaints = found.errors.iter().map(ToString::to_string).collect();
            store.add_parsable_certificates(found.certs);
        }
        Roots::Bundled => bundled(&mut store),
    }
    if store.is_empty() {
        let mut text = String::from("no trusted certificates were found");
        for complaint in complaints.iter().take(3) {
            text.push_str("; ");
            text.push_str(complaint);
        }
        text.push_str(
            ": install the package ca-certificates, set SSL_CERT_FILE, or call hc_tls_add_ca_file",
        );
        return Err(Reason::EmptyStore.error(Code::HC_ERR_TLS_TRUST_STORE, text));
    }
    Ok(store)
}

/// The machine's store: what SSL_CERT_FILE and SSL_CERT_DIR name, or what the distribution
/// brings. The environment of a program with more rights than whoever started it is not
/// asked.
fn system() -> rustls_native_certs::CertificateResult {
    let is_set = |name| std::env::var_os(name).is_some();
    let is_privileged = process::is_privileged();
    if !is_privileged && (is_set("SSL_CERT_FILE") || is_set("SSL_CERT_DIR")) {
        return rustls_native_certs::load_native_certs();
    }
    let bundle = BUNDLES.iter().map(Path::new).find(|p| p.exists());
    let folder = || FOLDERS.iter().map(Path::new).find(|p| p.exists());
    if bundle.is_some() || is_privileged {
        let folder = if bundle.is_none() { folder() } else { None };
        return rustls_native_certs::load_certs_from_paths(bundle, folder);
    }
    rustls_native_certs::load_native_certs()
}

#[cfg(feature = "bundled-roots")]
fn bundled(store: &mut RootCertStore) {
    store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
}

#[cfg(not(feature = "bundled-roots"))]
fn bundled(_: &mut RootCertStore) {}

/// All certificates in the files of a folder; at least one.
pub(super) fn folder(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let found = rustls_native_certs::load_certs_from_paths(None, Some(path));
    // What a folder of the machine's holds besides certificates is no fault of the program's.
    let usable: Vec<_> = found
        .certs
        .into_iter()
        .filter(|der| webpki::EndEntityCert::try_from(der).is_ok())
        .collect();
    if !usable.is_empty() {
        return Ok(usable);
    }
    Err(match found.errors.first() {
        Some(e) => Reason::File.refuse(format!("{}: {e}", path.display())),
        None => Reason::BadPem.refuse(format!("{} holds no certificate", path.display())),
    })
}
