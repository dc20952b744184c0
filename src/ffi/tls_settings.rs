//! TLS configurations: versions, suites, names, pins, revocation, sessions, time.

use core::ffi::{CStr, c_char, c_void};

use super::args::{self, Out, done};
use super::tls::{change, hc_tls, look, optional, path, shown};
use crate::error::{Code, hc_status};
use crate::net::tls::settings::{self, Settings};

/// A version of TLS, as on the wire: hc_tls_set_versions.
pub const HC_TLS_1_2: i32 = 0x0303;
/// A version of TLS, as on the wire.
pub const HC_TLS_1_3: i32 = 0x0304;

const _: () = {
    assert!(HC_TLS_1_2 == settings::TLS_1_2);
    assert!(HC_TLS_1_3 == settings::TLS_1_3);
};

/// The oldest and the newest version of TLS that is spoken. There is nothing older than 1.2.
///
/// @param tls a configuration
/// @param least HC_TLS_1_2 (the default) or HC_TLS_1_3
/// @param most HC_TLS_1_2 or HC_TLS_1_3 (the default)
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_TLS_CONFIG when it is in use. Python:
/// SSLContext.minimum_version and maximum_version.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_set_versions(tls: *mut hc_tls, least: i32, most: i32) -> hc_status {
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, |s| s.set_versions(least, most)) })
}

/// What hc_tls_set_versions has set.
///
/// @param tls a configuration
/// @param least receives the oldest version
/// @param most receives the newest
/// @return HC_OK; HC_ERR_INVALID_ARG
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_get_versions(
    tls: *const hc_tls,
    least: *mut i32,
    most: *mut i32,
) -> hc_status {
    // SAFETY: the caller's promise.
    let least = unsafe { Out::new(least) };
    // SAFETY: the caller's promise.
    let most = unsafe { Out::new(most) };
    let (Ok(least), Ok(most)) = (least, most) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    // SAFETY: the caller's promise.
    match unsafe { look(tls, None, |s| Some(s.versions())) } {
        Some((oldest, newest)) => {
            least.set(oldest);
            most.set(newest);
            Code::HC_OK
        }
        None => Code::HC_ERR_INVALID_ARG,
    }
}

/// Allows only these cipher suites, the best first.
///
/// @param tls a configuration
/// @param names IANA's names with colons, commas or blanks between them, for example
/// "TLS_AES_256_GCM_SHA384:TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"; NULL for all there are
/// @return HC_OK; HC_ERR_TLS_CONFIG for an unknown one (hc_tls_last_error lists those there are),
/// or a configuration in use; HC_ERR_INVALID_ARG. Python: SSLContext.set_ciphers.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed; `names` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_set_cipher_suites(
    tls: *mut hc_tls,
    names: *const c_char,
) -> hc_status {
    // SAFETY: the caller's promise.
    let names = unsafe { optional(names) };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, |s| s.set_suites(names)) })
}

/// What hc_tls_set_cipher_suites has set.
///
/// @param tls a configuration
/// @return the list as it was given; NULL for all there are, and for a bad handle. Lifetime:
/// handle, or until it is set again.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_get_cipher_suites(tls: *const hc_tls) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { look(tls, core::ptr::null(), |s| shown(s.suites())) }
}

/// The protocols that are offered to be spoken inside of TLS (RFC 7301), the best first. What the
/// server chooses has to be one of them, or nothing; HTTP/2 is not spoken here.
///
/// @param tls a configuration
/// @param names NUL-terminated names of 1 to 255 bytes; the default is "http/1.1" alone
/// @param count how many; 0 for no such offer
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_TLS_CONFIG when it is in use. Python:
/// SSLContext.set_alpn_protocols.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed; `names` is valid for `count` strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_set_alpn(
    tls: *mut hc_tls,
    names: *const *const c_char,
    count: usize,
) -> hc_status {
    let set = |s: &mut Settings| {
        // SAFETY: the caller's promise.
        let given = unsafe { args::array(names, count) }?;
        let mut protocols: Vec<&CStr> = Vec::new();
        protocols.try_reserve(given.len())?;
        for name in given {
            // SAFETY: the caller's promise.
            protocols.push(unsafe { optional(*name) }.ok_or_else(args::null)?);
        }
        s.set_alpn(&protocols)
    };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, set) })
}

/// What hc_tls_set_alpn has set.
///
/// @param tls a configuration
/// @param index 0 for the first
/// @return a NUL-terminated name; NULL behind the last one, and for a bad handle. Lifetime:
/// handle, or until it is set again.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_get_alpn(tls: *const hc_tls, index: usize) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { look(tls, core::ptr::null(), |s| shown(s.alpn(index))) }
}

/// Whether the server is told which name it is asked for (SNI), and which. What the certificate has
/// to be for is not changed by that: hc_tls_set_verify_name. An address is never sent.
///
/// @param tls a configuration
/// @param on 0 for no; anything else (the default) for yes
/// @param name sent in place of the connection's host, NUL-terminated; NULL for the host
/// @return HC_OK; HC_ERR_INVALID_URL for a name that cannot be one; HC_ERR_INVALID_ARG;
/// HC_ERR_TLS_CONFIG when it is in use. Python: the server_hostname of wrap_socket.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_set_sni(
    tls: *mut hc_tls,
    on: i32,
    name: *const c_char,
) -> hc_status {
    // SAFETY: the caller's promise.
    let name = unsafe { optional(name) };
    let set = |s: &mut Settings| {
        s.set_sni_name(name)?;
        s.sni = on != 0;
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, set) })
}

/// Is a name sent?
///
/// @param tls a configuration
/// @return 1 or 0; 0 for a bad handle
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_get_sni(tls: *const hc_tls) -> i32 {
    // SAFETY: the caller's promise.
    i32::from(unsafe { look(tls, false, |s| s.sni) })
}

/// The name that is sent in place of the host's.
///
/// @param tls a configuration
/// @return a NUL-terminated name; NULL when it is the host's, and for a bad handle. Lifetime:
/// handle, or until it is set again.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_get_sni_name(tls: *const hc_tls) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { look(tls, core::ptr::null(), |s| shown(s.sni_name())) }
}

/// The name, or address, that the certificate has to be for, in place of the connection's host.
///
/// @param tls a configuration
/// @param name NUL-terminated; NULL for the host
/// @return as hc_tls_set_sni. Python: the server_hostname of wrap_socket.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_set_verify_name(
    tls: *mut hc_tls,
    name: *const c_char,
) -> hc_status {
    // SAFETY: the caller's promise.
    let name = unsafe { optional(name) };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, |s| s.set_verify_name(name)) })
}

/// What hc_tls_set_verify_name has set.
///
/// @param tls a configuration
/// @return a NUL-terminated name; NULL for the host, and for a bad handle. Lifetime: handle, or
/// until it is set again.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_get_verify_name(tls: *const hc_tls) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { look(tls, core::ptr::null(), |s| shown(s.verify_name())) }
}

/// Accepts only servers whose certificate has one of the keys that were pinned, besides all that
/// is checked anyway. Looked at is the server's own certificate, not those above it.
///
/// @param tls a configuration
/// @param pin "sha256//" and the SHA-256 of the SubjectPublicKeyInfo in base64, NUL-terminated,
/// as curl takes it
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_TLS_CONFIG when it is in use
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed; `pin` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_add_pin(tls: *mut hc_tls, pin: *const c_char) -> hc_status {
    // SAFETY: the caller's promise.
    let pin = unsafe { optional(pin) };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, |s| s.add_pin(pin.ok_or_else(args::null)?)) })
}

/// What hc_tls_add_pin has added.
///
/// @param tls a configuration
/// @param index 0 for the first
/// @return a NUL-terminated pin; NULL behind the last one, and for a bad handle. Lifetime:
/// handle, or until another is added.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_get_pin(tls: *const hc_tls, index: usize) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { look(tls, core::ptr::null(), |s| shown(s.pin(index))) }
}

/// What revocation lists are asked: hc_tls_set_crl_check. Without any of these bits it is the
/// server's own certificate that has to be in the domain of a list, and the list has to be
/// current.
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum hc_tls_crl {
    /// All certificates of the chain. Python: VERIFY_CRL_CHECK_CHAIN.
    HC_TLS_CRL_CHAIN = 1,
    /// A certificate that no list is responsible for is accepted.
    HC_TLS_CRL_ALLOW_UNKNOWN = 2,
    /// A list that should have been renewed by now still counts.
    HC_TLS_CRL_ALLOW_EXPIRED = 4,
}

const _: () = {
    use settings::revocation as R;
    assert!(hc_tls_crl::HC_TLS_CRL_CHAIN as u32 == R::CHAIN);
    assert!(hc_tls_crl::HC_TLS_CRL_ALLOW_UNKNOWN as u32 == R::ALLOW_UNKNOWN);
    assert!(hc_tls_crl::HC_TLS_CRL_ALLOW_EXPIRED as u32 == R::ALLOW_EXPIRED);
};

/// Adds the certificate revocation lists in a file. Without any, revocation is not checked.
///
/// @param tls a configuration
/// @param file its name, NUL-terminated: PEM, or one list in DER. It is read now.
/// @return HC_OK; HC_ERR_TLS_CONFIG for a file that cannot be read or holds no list, or a
/// configuration in use; HC_ERR_INVALID_ARG. Python: load_verify_locations.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed; `file` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_add_crl_file(tls: *mut hc_tls, file: *const c_char) -> hc_status {
    // SAFETY: the caller's promise.
    let file = unsafe { path(file) };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, |s| s.add_crl_file(file?)) })
}

/// The same from memory.
///
/// @param tls a configuration
/// @param data the bytes
/// @param len how many
/// @return as hc_tls_add_crl_file
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed; `data` is valid for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_add_crl(
    tls: *mut hc_tls,
    data: *const c_void,
    len: usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let data = unsafe { args::bytes(data, len) };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, |s| s.add_crl(data?, "the data")) })
}

/// How many revocation lists there are.
///
/// @param tls a configuration
/// @return how many; 0 for a bad handle
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_crl_count(tls: *const hc_tls) -> usize {
    // SAFETY: the caller's promise.
    unsafe { look(tls, 0, Settings::crl_count) }
}

/// What the revocation lists are asked.
///
/// @param tls a configuration
/// @param bits HC_TLS_CRL_* bits; 0 is the default
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_TLS_CONFIG when it is in use. Python:
/// SSLContext.verify_flags.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_set_crl_check(tls: *mut hc_tls, bits: u32) -> hc_status {
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, |s| s.set_crl_check(bits)) })
}

/// What hc_tls_set_crl_check has set.
///
/// @param tls a configuration
/// @return HC_TLS_CRL_* bits; 0 for a bad handle
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_get_crl_check(tls: *const hc_tls) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { look(tls, 0, Settings::crl_check) }
}

/// For how many servers a session is kept, so that the next handshake with them is shorter. They
/// are kept in memory, for all connections of this configuration, apart for each host, port and
/// name. A session taken up again is not verified again: that was done when it was made.
///
/// @param tls a configuration
/// @param count how many servers, up to 1048576; 0 for none at all; the default is 256
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_TLS_CONFIG when it is in use. Python: SSLSession.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_set_session_cache(tls: *mut hc_tls, count: usize) -> hc_status {
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, |s| s.set_sessions(count)) })
}

/// What hc_tls_set_session_cache has set.
///
/// @param tls a configuration
/// @return how many servers; 0 for none, and for a bad handle
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_get_session_cache(tls: *const hc_tls) -> usize {
    // SAFETY: the caller's promise.
    unsafe { look(tls, 0, Settings::sessions) }
}

/// Judges certificates as if it were this time: for tests.
///
/// @param tls a configuration
/// @param seconds since 1970-01-01 00:00 UTC; -1 (the default) for the time that it is
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_TLS_CONFIG when it is in use
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_set_time(tls: *mut hc_tls, seconds: i64) -> hc_status {
    let set = |s: &mut Settings| {
        s.time = match seconds {
            -1 => None,
            n => Some(u64::try_from(n).map_err(|_| args::unknown("the time is negative"))?),
        };
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, set) })
}

/// What hc_tls_set_time has set.
///
/// @param tls a configuration
/// @return seconds since 1970; -1 for the time that it is, and for a bad handle
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_get_time(tls: *const hc_tls) -> i64 {
    let seconds = |s: &Settings| s.time.and_then(|t| i64::try_from(t).ok()).unwrap_or(-1);
    // SAFETY: the caller's promise.
    unsafe { look(tls, -1, seconds) }
}

/// Accepts every certificate, whoever has signed it and whatever it is for: anybody on the way can
/// read and change what is sent. A pin (hc_tls_add_pin) and the callback of
/// hc_tls_set_verify_callback still count. hc_tls_info says so of each connection.
///
/// @param tls a configuration
/// @param on 0 (the default) for no, anything else for yes
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_TLS_CONFIG when it is in use. Python:
/// SSLContext.verify_mode = CERT_NONE.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_dangerous_set_no_verify(tls: *mut hc_tls, on: i32) -> hc_status {
    let set = |s: &mut Settings| {
        s.no_verify = on != 0;
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, set) })
}

/// What hc_tls_dangerous_set_no_verify has set.
///
/// @param tls a configuration
/// @return 1 or 0; 0 for a bad handle
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_dangerous_get_no_verify(tls: *const hc_tls) -> i32 {
    // SAFETY: the caller's promise.
    i32::from(unsafe { look(tls, false, |s| s.no_verify) })
}

/// Accepts the certificate of any host that a trusted authority has signed one for: everybody who
/// has one can pretend to be the host that was meant.
///
/// @param tls a configuration
/// @param on 0 (the default) for no, anything else for yes
/// @return as hc_tls_dangerous_set_no_verify. Python: SSLContext.check_hostname = False.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_dangerous_set_no_hostname(tls: *mut hc_tls, on: i32) -> hc_status {
    let set = |s: &mut Settings| {
        s.no_name = on != 0;
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, set) })
}

/// What hc_tls_dangerous_set_no_hostname has set.
///
/// @param tls a configuration
/// @return 1 or 0; 0 for a bad handle
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_dangerous_get_no_hostname(tls: *const hc_tls) -> i32 {
    // SAFETY: the caller's promise.
    i32::from(unsafe { look(tls, false, |s| s.no_name) })
}
