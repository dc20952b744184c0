//! The C interface of TLS, written down a second time, and a configuration as an owner.

use crate::common::api::*;
use crate::common::handle::{Conn, name, text, zstring};
use std::ffi::{c_char, c_void};
use std::ptr;

pub const HC_ERR_UNSUPPORTED: i32 = -5;
pub const HC_ERR_TLS: i32 = -80;
pub const HC_ERR_TLS_CERTIFICATE: i32 = -81;
pub const HC_ERR_TLS_EOF: i32 = -82;
pub const HC_ERR_TLS_CONFIG: i32 = -83;
pub const HC_ERR_TLS_TRUST_STORE: i32 = -84;

pub const UNKNOWN_ISSUER: i32 = 1;
pub const EXPIRED: i32 = 2;
pub const NOT_YET_VALID: i32 = 3;
pub const WRONG_NAME: i32 = 4;
pub const NO_NAME: i32 = 5;
pub const REVOKED: i32 = 6;
pub const BAD_SIGNATURE: i32 = 7;
pub const WRONG_PURPOSE: i32 = 8;
pub const WEAK_KEY: i32 = 9;
pub const WEAK_SIGNATURE: i32 = 10;
pub const NAME_CONSTRAINT: i32 = 11;
pub const CHAIN_TOO_LONG: i32 = 12;
pub const SELF_SIGNED: i32 = 13;
pub const AUTHORITY_AS_SERVER: i32 = 14;
pub const UNKNOWN_REVOCATION: i32 = 16;
pub const CRL_EXPIRED: i32 = 17;
pub const PIN: i32 = 19;
pub const CALLBACK: i32 = 20;
pub const SERVER_AS_AUTHORITY: i32 = 23;
pub const UNSUPPORTED_VERSION: i32 = 40;
pub const NOTHING_IN_COMMON: i32 = 41;
pub const ALPN: i32 = 42;
pub const TRUNCATED: i32 = 44;
pub const PLAIN_HTTP: i32 = 45;
pub const NOT_TLS: i32 = 46;
pub const PROTOCOL: i32 = 47;
pub const DECRYPT: i32 = 48;
pub const TOO_MUCH: i32 = 49;
pub const CLIENT_CERTIFICATE: i32 = 50;
pub const FILE: i32 = 60;
pub const BAD_PEM: i32 = 61;
pub const KEY_MISMATCH: i32 = 62;
pub const ENCRYPTED_KEY: i32 = 63;
pub const EMPTY_STORE: i32 = 64;
pub const BAD_SETTING: i32 = 65;
pub const FROZEN: i32 = 66;
pub const SIGNER: i32 = 67;

pub const TLS_1_2: i32 = 0x0303;
pub const TLS_1_3: i32 = 0x0304;
pub const ROOTS_NONE: i32 = 1;
pub const LENIENT_TLS_TRUNCATION: u32 = 131_072;

pub type Destroy = Option<unsafe extern "C" fn(*mut c_void)>;
pub type Verify = unsafe extern "C" fn(*mut c_void, *const c_char, *const Cert, usize, i32) -> i32;
pub type Sign =
    unsafe extern "C" fn(*mut c_void, i32, *const c_void, usize, *mut c_void, usize) -> i64;
pub type KeyLog = unsafe extern "C" fn(*mut c_void, *const c_char);

#[repr(C)]
pub struct Cert {
    pub data: *const c_void,
    pub len: usize,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hc_tls_info {
    pub struct_size: usize,
    pub version: i32,
    pub cipher_suite: i32,
    pub group: i32,
    pub resumed: i32,
    pub chain_verified: i32,
    pub name_verified: i32,
    pub cipher_suite_name: *const c_char,
    pub group_name: *const c_char,
    pub alpn: *const c_char,
    pub handshake_us: u64,
    pub certificate_count: usize,
}

#[rustfmt::skip]
unsafe extern "C" {
    pub fn hc_tls_new(out: *mut *mut c_void) -> i32;
    pub fn hc_tls_free(tls: *mut c_void);
    pub fn hc_tls_freeze(tls: *mut c_void) -> i32;
    pub fn hc_tls_is_frozen(tls: *const c_void) -> i32;
    pub fn hc_tls_set_roots(tls: *mut c_void, roots: i32) -> i32;
    pub fn hc_tls_get_roots(tls: *const c_void) -> i32;
    pub fn hc_tls_add_ca_file(tls: *mut c_void, file: *const c_char) -> i32;
    pub fn hc_tls_add_ca_dir(tls: *mut c_void, dir: *const c_char) -> i32;
    pub fn hc_tls_add_ca(tls: *mut c_void, data: *const c_void, len: usize) -> i32;
    pub fn hc_tls_ca_count(tls: *const c_void) -> usize;
    pub fn hc_tls_set_client_cert_file(tls: *mut c_void, chain: *const c_char, key: *const c_char) -> i32;
    pub fn hc_tls_set_client_cert(tls: *mut c_void, chain: *const c_void, chain_len: usize, key: *const c_void, key_len: usize) -> i32;
    pub fn hc_tls_has_client_cert(tls: *const c_void) -> i32;
    pub fn hc_tls_set_client_signer(tls: *mut c_void, chain: *const c_void, chain_len: usize, schemes: *const i32, count: usize, sign: Option<Sign>, user: *mut c_void, destroy: Destroy) -> i32;
    pub fn hc_tls_set_verify_callback(tls: *mut c_void, verify: Option<Verify>, user: *mut c_void, destroy: Destroy) -> i32;
    pub fn hc_tls_has_verify_callback(tls: *const c_void) -> i32;
    pub fn hc_tls_set_versions(tls: *mut c_void, least: i32, most: i32) -> i32;
    pub fn hc_tls_get_versions(tls: *const c_void, least: *mut i32, most: *mut i32) -> i32;
    pub fn hc_tls_set_cipher_suites(tls: *mut c_void, names: *const c_char) -> i32;
    pub fn hc_tls_get_cipher_suites(tls: *const c_void) -> *const c_char;
    pub fn hc_tls_set_alpn(tls: *mut c_void, names: *const *const c_char, count: usize) -> i32;
    pub fn hc_tls_get_alpn(tls: *const c_void, index: usize) -> *const c_char;
    pub fn hc_tls_set_sni(tls: *mut c_void, on: i32, name: *const c_char) -> i32;
    pub fn hc_tls_get_sni(tls: *const c_void) -> i32;
    pub fn hc_tls_get_sni_name(tls: *const c_void) -> *const c_char;
    pub fn hc_tls_set_verify_name(tls: *mut c_void, name: *const c_char) -> i32;
    pub fn hc_tls_get_verify_name(tls: *const c_void) -> *const c_char;
    pub fn hc_tls_add_pin(tls: *mut c_void, pin: *const c_char) -> i32;
    pub fn hc_tls_get_pin(tls: *const c_void, index: usize) -> *const c_char;
    pub fn hc_tls_add_crl_file(tls: *mut c_void, file: *const c_char) -> i32;
    pub fn hc_tls_add_crl(tls: *mut c_void, data: *const c_void, len: usize) -> i32;
    pub fn hc_tls_crl_count(tls: *const c_void) -> usize;
    pub fn hc_tls_set_crl_check(tls: *mut c_void, bits: u32) -> i32;
    pub fn hc_tls_get_crl_check(tls: *const c_void) -> u32;
    pub fn hc_tls_set_session_cache(tls: *mut c_void, count: usize) -> i32;
    pub fn hc_tls_get_session_cache(tls: *const c_void) -> usize;
    pub fn hc_tls_set_time(tls: *mut c_void, seconds: i64) -> i32;
    pub fn hc_tls_get_time(tls: *const c_void) -> i64;
    pub fn hc_tls_dangerous_set_no_verify(tls: *mut c_void, on: i32) -> i32;
    pub fn hc_tls_dangerous_get_no_verify(tls: *const c_void) -> i32;
    pub fn hc_tls_dangerous_set_no_hostname(tls: *mut c_void, on: i32) -> i32;
    pub fn hc_tls_dangerous_get_no_hostname(tls: *const c_void) -> i32;
    pub fn hc_tls_set_keylog_file(tls: *mut c_void, file: *const c_char) -> i32;
    pub fn hc_tls_get_keylog_file(tls: *const c_void) -> *const c_char;
    pub fn hc_tls_set_keylog_callback(tls: *mut c_void, log: Option<KeyLog>, user: *mut c_void, destroy: Destroy) -> i32;
    pub fn hc_tls_last_error(tls: *mut c_void, info: *mut hc_error_info) -> i32;
    pub fn hc_new_tls(host: *const c_char, port: i32, tls: *mut c_void, out: *mut *mut hc_conn) -> i32;
    pub fn hc_set_tls(c: *mut hc_conn, tls: *mut c_void) -> i32;
    pub fn hc_get_tls(c: *const hc_conn, out: *mut *mut c_void) -> i32;
    pub fn hc_get_tls_info(c: *const hc_conn, info: *mut hc_tls_info) -> i32;
    pub fn hc_get_peer_certificate(c: *const hc_conn, index: usize, data: *mut *const c_void, len: *mut usize) -> i32;
}

/// A configuration, freed on drop.
pub struct Tls(*mut c_void);

// SAFETY: a configuration may be used by several threads; that is what some tests are about.
unsafe impl Send for Tls {}
// SAFETY: as above.
unsafe impl Sync for Tls {}

impl Tls {
    pub fn new() -> Self {
        let mut out = ptr::null_mut();
        // SAFETY: a place for the result.
        assert_eq!(unsafe { hc_tls_new(&raw mut out) }, HC_OK);
        Self(out)
    }

    /// Trusts nobody but these.
    pub fn trusting(pem: &str) -> Self {
        let tls = Self::new();
        tls.add_ca(pem.as_bytes());
        tls
    }

    pub fn raw(&self) -> *mut c_void {
        self.0
    }

    pub fn ok(&self, call: impl FnOnce(*mut c_void) -> i32) {
        let status = call(self.0);
        assert_eq!(status, HC_OK, "{} {:?}", name(status), self.last_error());
    }

    /// A call that is refused: its reason and its sentence.
    pub fn refused(&self, status: i32, call: impl FnOnce(*mut c_void) -> i32) -> (i32, String) {
        let got = call(self.0);
        assert_eq!(got, status, "{} {:?}", name(got), self.last_error());
        self.last_error()
    }

    pub fn add_ca(&self, bytes: &[u8]) {
        // SAFETY: `ok` passes the live handle, and the slice outlives the call.
        self.ok(|p| unsafe { hc_tls_add_ca(p, bytes.as_ptr().cast(), bytes.len()) });
    }

    pub fn client_cert(&self, pem: &str) {
        let data = pem.as_ptr().cast();
        // SAFETY: as above.
        self.ok(|p| unsafe { hc_tls_set_client_cert(p, data, pem.len(), ptr::null(), 0) });
    }

    pub fn versions(&self, least: i32, most: i32) {
        // SAFETY: as above.
        self.ok(|p| unsafe { hc_tls_set_versions(p, least, most) });
    }

    pub fn time(&self, seconds: i64) {
        // SAFETY: as above.
        self.ok(|p| unsafe { hc_tls_set_time(p, seconds) });
    }

    pub fn last_error(&self) -> (i32, String) {
        let fault = crate::common::handle::Fault::read(|info| {
            // SAFETY: the handle lives, and the place is valid.
            unsafe { hc_tls_last_error(self.0, info) }
        });
        (fault.tls_reason, fault.text)
    }

    pub fn conn(&self, host: &str, port: i32) -> Conn {
        let host = zstring(host);
        let mut out = ptr::null_mut();
        // SAFETY: a string, a live handle, and a place for the result.
        let status = unsafe { hc_new_tls(host.as_ptr(), port, self.0, &raw mut out) };
        assert_eq!(status, HC_OK, "{}", name(status));
        let c = Conn::from_raw(out);
        c.timeout(HC_TIMEOUT_READ, 20_000);
        c.timeout(HC_TIMEOUT_WRITE, 20_000);
        c
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        // SAFETY: freed once.
        unsafe { hc_tls_free(self.0) };
    }
}

/// What was agreed on, as owned values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    pub version: i32,
    pub suite: String,
    pub group: String,
    pub resumed: bool,
    pub chain_verified: bool,
    pub name_verified: bool,
    pub alpn: String,
    pub handshake_us: u64,
    pub chain: Vec<Vec<u8>>,
}

pub fn info(c: &Conn) -> Option<Info> {
    let mut info = hc_tls_info {
        struct_size: size_of::<hc_tls_info>(),
        version: 0,
        cipher_suite: 0,
        group: 0,
        resumed: 0,
        chain_verified: 0,
        name_verified: 0,
        cipher_suite_name: ptr::null(),
        group_name: ptr::null(),
        alpn: ptr::null(),
        handshake_us: 0,
        certificate_count: 0,
    };
    // SAFETY: a live handle and a valid place.
    let status = unsafe { hc_get_tls_info(c.raw(), &raw mut info) };
    if status == HC_ERR_NOT_CONNECTED {
        return None;
    }
    assert_eq!(status, HC_OK);
    let chain = (0..info.certificate_count).map(|i| {
        let (mut data, mut len) = (ptr::null(), 0);
        // SAFETY: a live handle and valid places.
        let status = unsafe { hc_get_peer_certificate(c.raw(), i, &raw mut data, &raw mut len) };
        assert_eq!(status, HC_OK);
        // SAFETY: the library promises so many bytes.
        unsafe { std::slice::from_raw_parts(data.cast::<u8>(), len) }.to_vec()
    });
    Some(Info {
        version: info.version,
        suite: text(info.cipher_suite_name).unwrap_or_default(),
        group: text(info.group_name).unwrap_or_default(),
        resumed: info.resumed == 1,
        chain_verified: info.chain_verified == 1,
        name_verified: info.name_verified == 1,
        alpn: text(info.alpn).unwrap_or_default(),
        handshake_us: info.handshake_us,
        chain: chain.collect(),
    })
}
