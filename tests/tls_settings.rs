//! TLS configurations: every setter and its getter, what cannot be used, and what a handshake
//! makes of it. Rows 136, 139, 142 and 143.

mod common;
mod corpus;
mod tls;

use common::api::*;
use common::handle::{Conn, name, text, zstring};
use rustls::pki_types::pem::PemObject;
use std::ffi::{CStr, c_char, c_void};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::Arc;
use tls::config::*;
use tls::pki::{Authority, Identity};
use tls::served::{Served, Then, config, config_with, ok};
use tls::talk::{Outcome, Style, talk, talk_on};

/// A folder of this test's own.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("tls-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        assert!(std::fs::create_dir_all(&path).is_ok());
        Self(path)
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.0.join(name);
        assert!(std::fs::write(&path, content).is_ok());
        path.display().to_string()
    }

    fn path(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn served(server: &Identity, answers: usize) -> Served {
    let answers = (0..answers).map(|_| (ok(b"fine"), Then::Stay)).collect();
    Served::new(config(server), answers)
}

fn go(tls: &Tls, served: Served) -> Outcome {
    talk(Style::SansIo, usize::MAX, tls, served, 1)
}

#[test]
#[allow(clippy::multiple_unsafe_ops_per_block)] // one promise holds for all of them
fn every_setter_has_a_getter() {
    let tls = Tls::new();
    let root = Authority::root();
    let p = tls.raw();
    // SAFETY: for all of this test: a live handle, and strings that outlive the calls.
    unsafe {
        assert_eq!(hc_tls_get_roots(p), 0);
        assert_eq!(hc_tls_set_roots(p, 2), HC_OK);
        assert_eq!(hc_tls_get_roots(p), 2);
        assert_eq!(hc_tls_ca_count(p), 0);
        tls.add_ca(root.pem.as_bytes());
        tls.add_ca(&root.der);
        assert_eq!(hc_tls_ca_count(p), 2);
        let (mut least, mut most) = (0, 0);
        assert_eq!(hc_tls_get_versions(p, &raw mut least, &raw mut most), HC_OK);
        assert_eq!((least, most), (TLS_1_2, TLS_1_3));
        tls.versions(TLS_1_3, TLS_1_3);
        assert_eq!(hc_tls_get_versions(p, &raw mut least, &raw mut most), HC_OK);
        assert_eq!((least, most), (TLS_1_3, TLS_1_3));
        assert!(hc_tls_get_cipher_suites(p).is_null());
        let list = c"TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384";
        assert_eq!(hc_tls_set_cipher_suites(p, list.as_ptr()), HC_OK);
        assert_eq!(CStr::from_ptr(hc_tls_get_cipher_suites(p)), list);
        assert_eq!(text(hc_tls_get_alpn(p, 0)), Some("http/1.1".into()));
        assert!(hc_tls_get_alpn(p, 1).is_null());
        let names = [c"a".as_ptr(), c"b".as_ptr()];
        assert_eq!(hc_tls_set_alpn(p, names.as_ptr(), 2), HC_OK);
        assert_eq!(text(hc_tls_get_alpn(p, 1)), Some("b".into()));
        assert_eq!(hc_tls_get_sni(p), 1);
        assert!(hc_tls_get_sni_name(p).is_null());
        assert_eq!(hc_tls_set_sni(p, 0, c"other.test".as_ptr()), HC_OK);
        assert_eq!(hc_tls_get_sni(p), 0);
        assert_eq!(text(hc_tls_get_sni_name(p)), Some("other.test".into()));
        assert!(hc_tls_get_verify_name(p).is_null());
        assert_eq!(hc_tls_set_verify_name(p, c"192.0.2.1".as_ptr()), HC_OK);
        assert_eq!(text(hc_tls_get_verify_name(p)), Some("192.0.2.1".into()));
        let pin = zstring(&format!("sha256//{}=", "A".repeat(43)));
        assert_eq!(hc_tls_add_pin(p, pin.as_ptr()), HC_OK);
        assert_eq!(CStr::from_ptr(hc_tls_get_pin(p, 0)), &*pin);
        assert!(hc_tls_get_pin(p, 1).is_null());
        let list = root.revocation_list(&[], 2090);
        assert_eq!(hc_tls_add_crl(p, list.as_ptr().cast(), list.len()), HC_OK);
        assert_eq!(hc_tls_crl_count(p), 1);
        assert_eq!(hc_tls_set_crl_check(p, 7), HC_OK);
        assert_eq!(hc_tls_get_crl_check(p), 7);
        assert_eq!(hc_tls_get_session_cache(p), 256);
        assert_eq!(hc_tls_set_session_cache(p, 0), HC_OK);
        assert_eq!(hc_tls_get_session_cache(p), 0);
        assert_eq!(hc_tls_get_time(p), -1);
        tls.time(12);
        assert_eq!(hc_tls_get_time(p), 12);
        tls.time(-1);
        assert_eq!(hc_tls_get_time(p), -1);
        assert_eq!(hc_tls_dangerous_get_no_verify(p), 0);
        assert_eq!(hc_tls_dangerous_get_no_hostname(p), 0);
        assert_eq!(hc_tls_dangerous_set_no_verify(p, 5), HC_OK);
        assert_eq!(hc_tls_dangerous_set_no_hostname(p, 5), HC_OK);
        assert_eq!(hc_tls_dangerous_get_no_verify(p), 1);
        assert_eq!(hc_tls_dangerous_get_no_hostname(p), 1);
        assert_eq!(hc_tls_has_client_cert(p), 0);
        tls.client_cert(&root.client().pem);
        assert_eq!(hc_tls_has_client_cert(p), 1);
        assert_eq!(
            hc_tls_set_client_cert(p, ptr::null(), 0, ptr::null(), 0),
            HC_OK
        );
        assert_eq!(hc_tls_has_client_cert(p), 0);
        assert_eq!(hc_tls_has_verify_callback(p), 0);
        assert!(hc_tls_get_keylog_file(p).is_null());
    }
}

#[test]
fn what_is_in_use_cannot_be_changed() {
    let root = Authority::root();
    let frozen = Tls::trusting(&root.pem);
    // SAFETY: `ok` passes the live handle.
    frozen.ok(|p| unsafe { hc_tls_freeze(p) });
    let used = Tls::trusting(&root.pem);
    let conn = used.conn("example.test", 0);
    for tls in [&frozen, &used] {
        // SAFETY: a live handle.
        assert_eq!(unsafe { hc_tls_is_frozen(tls.raw()) }, 1);
        let (reason, says) = tls.refused(HC_ERR_TLS_CONFIG, |p| {
            // SAFETY: a live handle.
            unsafe { hc_tls_dangerous_set_no_verify(p, 1) }
        });
        assert_eq!(reason, FROZEN, "{says}");
        // SAFETY: a live handle.
        assert_eq!(unsafe { hc_tls_dangerous_get_no_verify(tls.raw()) }, 0);
        // Freezing is no change.
        // SAFETY: `ok` passes the live handle.
        tls.ok(|p| unsafe { hc_tls_freeze(p) });
    }
    drop(conn);
}

#[test]
fn a_connection_keeps_what_it_needs_of_a_configuration() {
    let root = Authority::root();
    let server = root.server(&["example.test"]);
    let tls = Tls::trusting(&root.pem);
    let c = tls.conn("example.test", 0);
    drop(tls);
    talk_on(&c, Style::SansIo, usize::MAX, served(&server, 1), 1).assert_ok(b"fine");
    let mut again = ptr::null_mut();
    // SAFETY: a live handle and a place.
    assert_eq!(unsafe { hc_get_tls(c.raw(), &raw mut again) }, HC_OK);
    assert!(!again.is_null());
    // SAFETY: made by hc_get_tls, and freed once.
    unsafe { hc_tls_free(again) };
    // SAFETY: as above.
    c.ok(|p| unsafe { hc_set_tls(p, ptr::null_mut()) });
    // SAFETY: as above.
    assert_eq!(unsafe { hc_get_tls(c.raw(), &raw mut again) }, HC_OK);
    assert!(again.is_null());
    // A plain one becomes one by TLS, and its port stays.
    let plain = Conn::to(b"example.test", 0).unwrap_or_else(|s| panic!("{s}"));
    let tls = Tls::trusting(&root.pem);
    plain.ok(|p| {
        // SAFETY: both handles live.
        unsafe { hc_set_tls(p, tls.raw()) }
    });
    talk_on(&plain, Style::SansIo, usize::MAX, served(&server, 1), 1).assert_ok(b"fine");
}

#[test]
fn the_port_is_443_and_the_host_field_does_not_name_it() {
    let root = Authority::root();
    let server = root.server(&["example.test"]);
    let tls = Tls::trusting(&root.pem);
    for (host, port, field) in [
        ("example.test", 0, "example.test"),
        ("example.test", 443, "example.test"),
        ("example.test:443", 0, "example.test"),
        ("example.test:80", 0, "example.test:80"),
        ("example.test", 8443, "example.test:8443"),
    ] {
        let c = tls.conn(host, port);
        // SAFETY: `ok` passes the live handle.
        c.ok(|p| unsafe { hc_set_sansio(p) });
        let mut served = served(&server, 1);
        let mut seen = Vec::new();
        while c.request("GET", "/", &[], None, 0) == HC_WANT_READ {
            served.feed(&c.take_output());
            assert_eq!(c.feed(&served.drain()), HC_OK);
        }
        let _ = served.conn().process_new_packets();
        let mut bytes = &c.take_output()[..];
        while !bytes.is_empty() {
            assert!(served.conn().read_tls(&mut bytes).is_ok());
            assert!(served.conn().process_new_packets().is_ok());
        }
        let _ = std::io::Read::read_to_end(&mut served.conn().reader(), &mut seen);
        let seen = String::from_utf8_lossy(&seen).into_owned();
        assert!(seen.contains(&format!("\r\nHost: {field}\r\n")), "{seen}");
    }
}

#[test]
fn row_136_nothing_to_trust() {
    let empty = Tls::new();
    // SAFETY: `ok` passes the live handle.
    empty.ok(|p| unsafe { hc_tls_set_roots(p, ROOTS_NONE) });
    // SAFETY: a live handle.
    let (reason, says) = empty.refused(HC_ERR_TLS_TRUST_STORE, |p| unsafe { hc_tls_freeze(p) });
    assert_eq!(reason, EMPTY_STORE);
    assert!(says.contains("no trusted certificates"), "{says}");
    // Without having been asked for, it is found out when connecting.
    let c = empty.conn("example.test", 0);
    let root = Authority::root();
    let server = root.server(&["example.test"]);
    let out = talk_on(&c, Style::Callback, usize::MAX, served(&server, 1), 1);
    out.assert_failed(HC_ERR_TLS_TRUST_STORE, EMPTY_STORE, "SSL_CERT_FILE");
    assert!(out.served.all.is_empty(), "not a byte is sent");
}

/// The environment belongs to the whole process, so each case is a process of its own: this test,
/// started again.
#[test]
fn row_136_the_environment_names_the_store() {
    const CASE: &str = "HC_TEST_TRUST_STORE";
    if let Ok(expected) = std::env::var(CASE) {
        let tls = Tls::new();
        // SAFETY: a live handle.
        let status = unsafe { hc_tls_freeze(tls.raw()) };
        let said = format!("{} {}", name(status), tls.last_error().1);
        assert!(said.contains(&expected), "{said}");
        return;
    }
    let folder = Folder::new("store");
    let root = Authority::root();
    let good = folder.file("good.pem", root.pem.as_bytes());
    let empty = folder.file("empty.pem", b"nothing here\n");
    let nowhere = format!("{}/nowhere.pem", folder.path());
    let Ok(this) = std::env::current_exe() else {
        panic!("no program")
    };
    for (file, dir, expected) in [
        (Some(&good), None, "HC_OK"),
        (Some(&empty), None, "HC_ERR_TLS_TRUST_STORE"),
        (Some(&nowhere), None, "nowhere.pem"),
        (None, Some(folder.path()), "HC_OK"),
        (None, Some(nowhere.clone()), "nowhere.pem"),
    ] {
        let mut command = std::process::Command::new(&this);
        command
            .args(["--exact", "row_136_the_environment_names_the_store"])
            .env(CASE, expected)
            .env_remove("SSL_CERT_FILE")
            .env_remove("SSL_CERT_DIR");
        if let Some(file) = file {
            command.env("SSL_CERT_FILE", file);
        }
        if let Some(dir) = &dir {
            command.env("SSL_CERT_DIR", dir);
        }
        let done = command.output().unwrap_or_else(|e| panic!("{e}"));
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success(), "{file:?} {dir:?} {expected}: {said}");
    }
}

#[test]
fn roots_from_files_folders_and_memory() {
    let folder = Folder::new("roots");
    let root = Authority::root();
    let server = root.server(&["example.test"]);
    let pem = folder.file("root.pem", root.pem.as_bytes());
    let der = folder.file("root.der", &root.der);
    for file in [&pem, &der] {
        let tls = Tls::new();
        let file = zstring(file);
        // SAFETY: `ok` passes the live handle; the string outlives the call.
        tls.ok(|p| unsafe { hc_tls_add_ca_file(p, file.as_ptr()) });
        go(&tls, served(&server, 1)).assert_ok(b"fine");
    }
    let tls = Tls::new();
    let path = zstring(&folder.path());
    // SAFETY: as above.
    tls.ok(|p| unsafe { hc_tls_add_ca_dir(p, path.as_ptr()) });
    go(&tls, served(&server, 1)).assert_ok(b"fine");
    let tls = Tls::new();
    tls.add_ca(&root.der);
    go(&tls, served(&server, 1)).assert_ok(b"fine");
}

#[test]
#[allow(clippy::multiple_unsafe_ops_per_block)] // one promise holds for all of them
fn row_142_what_cannot_be_used_is_refused_with_the_file_and_the_reason() {
    let folder = Folder::new("refused");
    let root = Authority::root();
    let (client, other) = (root.client(), root.client());
    let nowhere = format!("{}/nowhere", folder.path());
    let nothing = folder.file("nothing", b"no PEM at all");
    let damaged = folder.file(
        "damaged",
        b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
    );
    let no_cert = folder.file(
        "no-cert",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    let chain = folder.file("client.pem", client.pem.as_bytes());
    let other_key = folder.file("other.key", other.key_pem.as_bytes());
    let encrypted = folder.file("encrypted", include_bytes!("tls/keys/encrypted-pkcs8.pem"));
    let encrypted_der = folder.file("der", include_bytes!("tls/keys/encrypted-pkcs8.der"));
    let old = folder.file("old", include_bytes!("tls/keys/encrypted-pkcs1.pem"));
    let tls = Tls::new();
    // SAFETY: for all of this test: a live handle, and strings that outlive the calls.
    let ca = |file: &str| {
        let file = zstring(file);
        // SAFETY: as above.
        tls.refused(HC_ERR_TLS_CONFIG, |p| unsafe {
            hc_tls_add_ca_file(p, file.as_ptr())
        })
    };
    for (file, reason) in [
        (&nowhere, FILE),
        (&folder.path(), FILE),
        (&nothing, BAD_PEM),
        (&damaged, BAD_PEM),
        (&no_cert, BAD_PEM),
    ] {
        let (got, says) = ca(file);
        assert_eq!(got, reason, "{says}");
        assert!(says.contains(file.as_str()), "{says}");
    }
    let identity = |chain: &str, key: &str| {
        let (chain, key) = (zstring(chain), zstring(key));
        // SAFETY: as above.
        tls.refused(HC_ERR_TLS_CONFIG, |p| unsafe {
            hc_tls_set_client_cert_file(p, chain.as_ptr(), key.as_ptr())
        })
    };
    for (chain, key, reason, names) in [
        (&nowhere, &chain, FILE, &nowhere),
        (&chain, &nowhere, FILE, &nowhere),
        (&nothing, &chain, BAD_PEM, &nothing),
        (&chain, &nothing, BAD_PEM, &nothing),
        (&chain, &other_key, KEY_MISMATCH, &other_key),
        (&chain, &encrypted, ENCRYPTED_KEY, &encrypted),
        (&chain, &encrypted_der, ENCRYPTED_KEY, &encrypted_der),
        (&chain, &old, ENCRYPTED_KEY, &old),
    ] {
        let (got, says) = identity(chain, key);
        assert_eq!(got, reason, "{says}");
        assert!(says.contains(names.as_str()), "{says}");
    }
    let path = zstring(&nowhere);
    // SAFETY: as above.
    let (reason, says) = tls.refused(HC_ERR_TLS_CONFIG, |p| unsafe {
        hc_tls_add_ca_dir(p, path.as_ptr())
    });
    assert!(reason == FILE && says.contains(&nowhere), "{says}");
    // SAFETY: as above.
    let (reason, says) = tls.refused(HC_ERR_TLS_CONFIG, |p| unsafe {
        hc_tls_add_crl_file(p, path.as_ptr())
    });
    assert!(reason == FILE && says.contains(&nowhere), "{says}");
    // SAFETY: as above.
    let (reason, says) = tls.refused(HC_ERR_TLS_CONFIG, |p| unsafe {
        hc_tls_set_cipher_suites(p, c"TLS_AES_128_GCM_SHA256:RC4".as_ptr())
    });
    assert!(reason == BAD_SETTING && says.contains("RC4"), "{says}");
    assert!(says.contains("TLS_AES_256_GCM_SHA384"), "{says}");
    // A refused call changes nothing.
    // SAFETY: as above.
    unsafe {
        assert_eq!(hc_tls_ca_count(tls.raw()), 0);
        assert_eq!(hc_tls_has_client_cert(tls.raw()), 0);
        assert!(hc_tls_get_cipher_suites(tls.raw()).is_null());
    }
    // Suites of a version that is not spoken: none is left.
    let tls = Tls::trusting(&root.pem);
    tls.versions(TLS_1_2, TLS_1_2);
    // SAFETY: as above.
    tls.ok(|p| unsafe { hc_tls_set_cipher_suites(p, c"TLS_AES_128_GCM_SHA256".as_ptr()) });
    // SAFETY: as above.
    let (reason, _) = tls.refused(HC_ERR_TLS_CONFIG, |p| unsafe { hc_tls_freeze(p) });
    assert_eq!(reason, BAD_SETTING);
}

#[test]
fn keys_in_every_form() {
    let root = Authority::root();
    for (chain, key) in [
        (
            "tls/keys/rsa.pem",
            &include_bytes!("tls/keys/rsa-pkcs8.pem")[..],
        ),
        ("tls/keys/rsa.pem", include_bytes!("tls/keys/rsa-pkcs1.pem")),
        ("tls/keys/rsa.pem", include_bytes!("tls/keys/rsa-pkcs1.der")),
        ("tls/keys/ec.pem", include_bytes!("tls/keys/ec-sec1.pem")),
        ("tls/keys/ec.pem", include_bytes!("tls/keys/ec-pkcs8.pem")),
        (
            "tls/keys/ed25519.pem",
            include_bytes!("tls/keys/ed25519-pkcs8.pem"),
        ),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests")
            .join(chain);
        let chain = std::fs::read(path).unwrap_or_else(|e| panic!("{chain}: {e}"));
        let tls = Tls::trusting(&root.pem);
        // SAFETY: `ok` passes the live handle; the slices outlive the call.
        tls.ok(|p| unsafe {
            let (c, k) = (chain.as_ptr().cast(), key.as_ptr().cast());
            hc_tls_set_client_cert(p, c, chain.len(), k, key.len())
        });
    }
}

#[test]
fn client_certificates() {
    let root = Authority::root();
    let clients = Authority::other();
    let server = root.server(&["example.test"]);
    let client = clients.client();
    let asking = |versions: &[&'static rustls::SupportedProtocolVersion]| {
        let config = config_with(&server, versions, Some(&clients));
        Served::new(config, vec![(ok(b"fine"), Then::Stay)])
    };
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for style in Style::EVERY {
            let tls = Tls::trusting(&root.pem);
            tls.client_cert(&client.pem);
            let out = talk(style, usize::MAX, &tls, asking(&[version]), 1);
            out.assert_ok(b"fine");
            assert_eq!(out.served.client_chain(), Some(1));
            // None: TLS 1.3 servers say so only after the handshake.
            let tls = Tls::trusting(&root.pem);
            let out = talk(style, usize::MAX, &tls, asking(&[version]), 1);
            assert_eq!(out.status, HC_ERR_TLS, "{style:?} {:?}", out.fault);
            assert_eq!(out.fault.tls_reason, CLIENT_CERTIFICATE, "{:?}", out.fault);
            // One of somebody else's.
            let tls = Tls::trusting(&root.pem);
            tls.client_cert(&root.client().pem);
            let out = talk(style, usize::MAX, &tls, asking(&[version]), 1);
            assert_eq!(out.status, HC_ERR_TLS, "{style:?} {:?}", out.fault);
            assert!(out.fault.tls_alert > 0, "{:?}", out.fault);
        }
    }
}

/// A key in the program, which signs with rustls here.
struct Signer {
    key: Arc<dyn rustls::sign::SigningKey>,
    result: Option<i64>,
    calls: u32,
}

unsafe extern "C" fn sign(
    user: *mut c_void,
    scheme: i32,
    message: *const c_void,
    len: usize,
    signature: *mut c_void,
    room: usize,
) -> i64 {
    // SAFETY: the test gives a Signer, which outlives the configuration.
    let signer = unsafe { &mut *user.cast::<Signer>() };
    signer.calls += 1;
    if let Some(result) = signer.result {
        return result;
    }
    let scheme = u16::try_from(scheme).unwrap_or(0).into();
    // SAFETY: the library gives so many bytes.
    let message = unsafe { std::slice::from_raw_parts(message.cast(), len) };
    let once = signer.key.choose_scheme(&[scheme]);
    let made = once.and_then(|s| s.sign(message).ok()).unwrap_or_default();
    assert!(!made.is_empty() && made.len() <= room);
    // SAFETY: the library gives so much room.
    unsafe { made.as_ptr().copy_to(signature.cast(), made.len()) };
    made.len() as i64
}

#[test]
fn a_key_that_is_somewhere_else() {
    const ECDSA_P256: i32 = 0x0403;
    let root = Authority::root();
    let clients = Authority::other();
    let server = root.server(&["example.test"]);
    let client = clients.client();
    let key = tls::served::provider()
        .key_provider
        .load_private_key(client.key.clone_key())
        .unwrap_or_else(|e| panic!("{e}"));
    for result in [None, Some(-7), Some(0), Some(1 << 20)] {
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let mut signer = Signer {
                key: key.clone(),
                result,
                calls: 0,
            };
            let user: *mut c_void = (&raw mut signer).cast();
            let tls = Tls::trusting(&root.pem);
            let schemes = [ECDSA_P256];
            tls.ok(|p| {
                let (chain, len) = (client.pem.as_ptr().cast(), client.pem.len());
                // SAFETY: a live handle; all of it outlives the configuration.
                unsafe {
                    hc_tls_set_client_signer(
                        p,
                        chain,
                        len,
                        schemes.as_ptr(),
                        1,
                        Some(sign),
                        user,
                        None,
                    )
                }
            });
            let config = config_with(&server, &[version], Some(&clients));
            let out = go(&tls, Served::new(config, vec![(ok(b"fine"), Then::Stay)]));
            drop(tls);
            assert_eq!(signer.calls, 1);
            match result {
                None => {
                    out.assert_ok(b"fine");
                    assert_eq!(out.served.client_chain(), Some(1));
                }
                Some(value) => {
                    out.assert_failed(HC_ERR_CALLBACK, SIGNER, "has not signed");
                    assert_eq!(out.fault.callback_value, value);
                }
            }
        }
    }
    let tls = Tls::trusting(&root.pem);
    let chain = client.pem.as_ptr().cast();
    for scheme in [0, -1, 0x0201, 0x1_0403] {
        // SAFETY: a live handle; all of it outlives the call.
        let (reason, says) = tls.refused(HC_ERR_TLS_CONFIG, |p| unsafe {
            let (user, none) = (ptr::null_mut(), None);
            hc_tls_set_client_signer(
                p,
                chain,
                client.pem.len(),
                &raw const scheme,
                1,
                Some(sign),
                user,
                none,
            )
        });
        assert_eq!(reason, BAD_SETTING, "{says}");
    }
}

#[test]
fn row_139_sessions_are_taken_up_again_with_the_same_server_only() {
    let root = Authority::root();
    let server = root.server(&["example.test", "other.test"]);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        // One server, known by two names and at two ports.
        let shared = Arc::new(config_with(&server, &[version], None));
        let one = |tls: &Tls, host: &str, port: i32| {
            let served = Served::shared(&shared, vec![(ok(b"fine"), Then::Stay)]);
            let c = tls.conn(host, port);
            let out = talk_on(&c, Style::SansIo, usize::MAX, served, 1);
            out.assert_ok(b"fine");
            let Some(info) = out.info else {
                panic!("no handshake")
            };
            assert_eq!(info.chain.len(), 1, "the chain is known either way");
            info.resumed
        };
        let tls = Tls::trusting(&root.pem);
        assert!(!one(&tls, "example.test", 0));
        assert!(one(&tls, "example.test", 0), "{version:?}");
        assert!(one(&tls, "example.test", 443));
        // Another name, another port: another server.
        assert!(!one(&tls, "other.test", 0));
        assert!(!one(&tls, "example.test", 444));
        // Another configuration.
        let verified = Tls::trusting(&root.pem);
        assert!(!one(&verified, "example.test", 0));
        // One that keeps none.
        let none = Tls::trusting(&root.pem);
        // SAFETY: `ok` passes the live handle.
        none.ok(|p| unsafe { hc_tls_set_session_cache(p, 0) });
        assert!(!one(&none, "example.test", 0));
        assert!(!one(&none, "example.test", 0));
        // With another name sent, who was meant still counts.
        let hidden = Tls::trusting(&root.pem);
        // SAFETY: as above; a static string.
        hidden.ok(|p| unsafe { hc_tls_set_sni(p, 1, c"front.test".as_ptr()) });
        assert!(!one(&hidden, "example.test", 0));
        assert!(one(&hidden, "example.test", 0), "{version:?}");
        assert!(!one(&hidden, "other.test", 0));
    }
}

#[test]
fn row_143_which_name_is_sent_and_which_is_checked() {
    let root = Authority::root();
    let server = root.server(&["example.test", "192.0.2.1", "a_b.test"]);
    let sent = |tls: &Tls, host: &str| {
        let c = tls.conn(host, 0);
        let out = talk_on(&c, Style::SansIo, usize::MAX, served(&server, 1), 1);
        assert_eq!(out.status, HC_OK, "{host} {:?}", out.fault);
        out.served.sni().map(str::to_owned)
    };
    let tls = Tls::trusting(&root.pem);
    assert_eq!(sent(&tls, "example.test").as_deref(), Some("example.test"));
    assert_eq!(sent(&tls, "example.test.").as_deref(), Some("example.test"));
    assert_eq!(sent(&tls, "192.0.2.1"), None);
    assert_eq!(sent(&tls, "a_b.test").as_deref(), Some("a_b.test"));
    let quiet = Tls::trusting(&root.pem);
    // SAFETY: `ok` passes the live handle.
    quiet.ok(|p| unsafe { hc_tls_set_sni(p, 0, ptr::null()) });
    assert_eq!(sent(&quiet, "example.test"), None);
    let other = Tls::trusting(&root.pem);
    // SAFETY: as above; a static string.
    other.ok(|p| unsafe { hc_tls_set_sni(p, 1, c"front.test".as_ptr()) });
    assert_eq!(sent(&other, "example.test").as_deref(), Some("front.test"));
    let out = talk_on(
        &other.conn("wrong.test", 0),
        Style::SansIo,
        usize::MAX,
        served(&server, 1),
        1,
    );
    out.assert_failed(HC_ERR_TLS_CERTIFICATE, WRONG_NAME, "is not for wrong.test");
    let checked = Tls::trusting(&root.pem);
    // SAFETY: as above.
    checked.ok(|p| unsafe { hc_tls_set_verify_name(p, c"example.test".as_ptr()) });
    assert_eq!(sent(&checked, "wrong.test").as_deref(), Some("wrong.test"));
    // Too long for a name.
    let long = format!("{}.test", ["a".repeat(60).as_str(); 5].join("."));
    let (host, mut out) = (zstring(&long), ptr::null_mut());
    // SAFETY: a string, a live handle and a place.
    let status = unsafe { hc_new_tls(host.as_ptr(), 0, tls.raw(), &raw mut out) };
    assert_eq!(status, HC_ERR_INVALID_URL);
    assert!(out.is_null());
    let open = Tls::new();
    for name in ["", "a b", &long] {
        let name = zstring(name);
        // SAFETY: a live handle and a string that outlives the call.
        let status = unsafe { hc_tls_set_verify_name(open.raw(), name.as_ptr()) };
        assert_eq!(status, HC_ERR_INVALID_URL, "{name:?}");
    }
}

unsafe extern "C" fn keep_line(user: *mut c_void, line: *const c_char) {
    // SAFETY: the test gives a list, which outlives the configuration.
    let lines = unsafe { &mut *user.cast::<Vec<String>>() };
    lines.push(text(line).unwrap_or_default());
}

#[test]
fn key_log_to_a_callback_and_to_a_file() {
    let root = Authority::root();
    let server = root.server(&["example.test"]);
    let mut lines: Vec<String> = Vec::new();
    let tls = Tls::trusting(&root.pem);
    let user = (&raw mut lines).cast();
    // SAFETY: `ok` passes the live handle; the list outlives the configuration.
    tls.ok(|p| unsafe { hc_tls_set_keylog_callback(p, Some(keep_line), user, None) });
    go(&tls, served(&server, 1)).assert_ok(b"fine");
    drop(tls);
    let is_line = |line: &str, label: &str| {
        let parts: Vec<&str> = line.split(' ').collect();
        parts.len() == 3 && parts[0] == label && parts[1].len() == 64 && parts[2].len() >= 64
    };
    for label in [
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_TRAFFIC_SECRET_0",
    ] {
        assert!(
            lines.iter().any(|l| is_line(l, label)),
            "{label}: {lines:?}"
        );
    }
    let folder = Folder::new("keylog");
    let path = format!("{}/keys", folder.path());
    let file = zstring(&path);
    for _ in 0..2 {
        let tls = Tls::trusting(&root.pem);
        // SAFETY: as above.
        tls.ok(|p| unsafe { hc_tls_set_keylog_file(p, file.as_ptr()) });
        // SAFETY: as above.
        assert_eq!(
            // SAFETY: as above.
            text(unsafe { hc_tls_get_keylog_file(tls.raw()) }),
            Some(path.clone())
        );
        go(&tls, served(&server, 1)).assert_ok(b"fine");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{e}"));
    assert!(
        written.lines().count() >= 8 && written.ends_with('\n'),
        "{written}"
    );
    let mode = std::fs::metadata(&path).map(|m| m.permissions().mode() & 0o777);
    assert_eq!(mode.ok(), Some(0o600));
    let nowhere = zstring(&format!("{}/no/where", folder.path()));
    let tls = Tls::new();
    // SAFETY: as above.
    let (reason, says) = tls.refused(HC_ERR_TLS_CONFIG, |p| unsafe {
        hc_tls_set_keylog_file(p, nowhere.as_ptr())
    });
    assert!(reason == FILE && says.contains("no/where"), "{says}");
}

#[test]
fn pem_files_may_hold_other_things_too() {
    let root = Authority::root();
    let text = format!("# a comment\n{}\n\n{}", root.client().key_pem, root.pem);
    let tls = Tls::new();
    tls.add_ca(text.as_bytes());
    // SAFETY: a live handle.
    assert_eq!(unsafe { hc_tls_ca_count(tls.raw()) }, 1);
    assert!(rustls::pki_types::CertificateDer::from_pem_slice(text.as_bytes()).is_ok());
}
