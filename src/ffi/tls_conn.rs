//! Connections over TLS, and what was agreed on.

use core::ffi::{c_char, c_void};
use core::ptr;
use std::sync::Arc;

use super::args::{self, Out, Versioned, VersionedOut, done};
use super::barrier::{enter, hc_conn};
use super::errors::{fill_fault, hc_error_info};
use super::tls::{config, hc_tls};
use crate::client::config::Config;
use crate::client::connection::Connection;
use crate::error::{Code, hc_status};
use crate::net::tls::TlsConfig;
use crate::net::tls::reason::Reason;

/// Why TLS failed: hc_error_info.tls_reason. Up to 39 it is the certificate of the server, from 40
/// on the handshake or the stream, from 60 on the configuration.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_tls_reason {
    /// It did not.
    HC_TLS_REASON_NONE = 0,
    /// The issuer is not trusted, or the server does not send the certificates in between.
    HC_TLS_REASON_UNKNOWN_ISSUER = 1,
    /// It was valid once.
    HC_TLS_REASON_EXPIRED = 2,
    /// It will be valid; or the clock here is wrong.
    HC_TLS_REASON_NOT_YET_VALID = 3,
    /// It is for other names, which are in the text.
    HC_TLS_REASON_WRONG_NAME = 4,
    /// It has no subject alternative name. A common name does not count.
    HC_TLS_REASON_NO_NAME = 5,
    /// A revocation list has it.
    HC_TLS_REASON_REVOKED = 6,
    /// A signature in the chain is wrong.
    HC_TLS_REASON_BAD_SIGNATURE = 7,
    /// It is not for servers (extended key usage).
    HC_TLS_REASON_WRONG_PURPOSE = 8,
    /// An RSA key of less than 2048 bits.
    HC_TLS_REASON_WEAK_KEY = 9,
    /// A signature in the chain that is no longer safe (SHA-1), or unknown.
    HC_TLS_REASON_WEAK_SIGNATURE = 10,
    /// An authority in the chain may not speak for this name.
    HC_TLS_REASON_NAME_CONSTRAINT = 11,
    /// More authorities in the chain than are allowed.
    HC_TLS_REASON_CHAIN_TOO_LONG = 12,
    /// It has signed itself and was not added (hc_tls_add_ca_file).
    HC_TLS_REASON_SELF_SIGNED = 13,
    /// It is the certificate of an authority.
    HC_TLS_REASON_AUTHORITY_AS_SERVER = 14,
    /// It cannot be read, or has something critical that is not understood.
    HC_TLS_REASON_BAD_ENCODING = 15,
    /// No revocation list is responsible for it.
    HC_TLS_REASON_UNKNOWN_REVOCATION = 16,
    /// The revocation list should have been renewed.
    HC_TLS_REASON_CRL_EXPIRED = 17,
    /// The revocation list cannot be used.
    HC_TLS_REASON_CRL_BAD = 18,
    /// Its key is none of those that were pinned.
    HC_TLS_REASON_PIN = 19,
    /// The program's callback has refused it.
    HC_TLS_REASON_CALLBACK = 20,
    /// Something else about it.
    HC_TLS_REASON_OTHER_CERTIFICATE = 21,
    /// The server has none.
    HC_TLS_REASON_NO_CERTIFICATE = 22,
    /// It was issued by somebody who is no authority.
    HC_TLS_REASON_SERVER_AS_AUTHORITY = 23,
    /// No version of TLS in common.
    HC_TLS_REASON_UNSUPPORTED_VERSION = 40,
    /// No cipher suite, key exchange or signature in common.
    HC_TLS_REASON_NOTHING_IN_COMMON = 41,
    /// No protocol in common (ALPN), or one that was not offered.
    HC_TLS_REASON_ALPN = 42,
    /// The server has broken it off: tls_alert says how.
    HC_TLS_REASON_ALERT = 43,
    /// The connection has ended without TLS's own end: what was received may not be all.
    HC_TLS_REASON_TRUNCATED = 44,
    /// The server speaks HTTP without TLS on this port.
    HC_TLS_REASON_PLAIN_HTTP = 45,
    /// The server speaks something else that is not TLS.
    HC_TLS_REASON_NOT_TLS = 46,
    /// The server does not keep to the rules of TLS.
    HC_TLS_REASON_PROTOCOL = 47,
    /// A record was damaged or forged.
    HC_TLS_REASON_DECRYPT = 48,
    /// The server keeps sending what is no data.
    HC_TLS_REASON_TOO_MUCH = 49,
    /// The server wants a client certificate, or another one.
    HC_TLS_REASON_CLIENT_CERTIFICATE = 50,
    /// Something else.
    HC_TLS_REASON_OTHER = 51,
    /// A file cannot be read or written.
    HC_TLS_REASON_FILE = 60,
    /// What was given is no certificate, key or list.
    HC_TLS_REASON_BAD_PEM = 61,
    /// The key does not belong to the certificate.
    HC_TLS_REASON_KEY_MISMATCH = 62,
    /// The key is encrypted.
    HC_TLS_REASON_ENCRYPTED_KEY = 63,
    /// There is nothing to trust.
    HC_TLS_REASON_EMPTY_STORE = 64,
    /// A name, version or number that cannot be used.
    HC_TLS_REASON_BAD_SETTING = 65,
    /// The configuration is in use and cannot be changed.
    HC_TLS_REASON_FROZEN = 66,
    /// The program's callback has not signed.
    HC_TLS_REASON_SIGNER = 67,
}

const _: () = {
    use hc_tls_reason as R;
    assert!(R::HC_TLS_REASON_NONE as i32 == Reason::None as i32);
    assert!(R::HC_TLS_REASON_UNKNOWN_ISSUER as i32 == Reason::UnknownIssuer as i32);
    assert!(R::HC_TLS_REASON_EXPIRED as i32 == Reason::Expired as i32);
    assert!(R::HC_TLS_REASON_NOT_YET_VALID as i32 == Reason::NotYetValid as i32);
    assert!(R::HC_TLS_REASON_WRONG_NAME as i32 == Reason::WrongName as i32);
    assert!(R::HC_TLS_REASON_NO_NAME as i32 == Reason::NoName as i32);
    assert!(R::HC_TLS_REASON_REVOKED as i32 == Reason::Revoked as i32);
    assert!(R::HC_TLS_REASON_BAD_SIGNATURE as i32 == Reason::BadSignature as i32);
    assert!(R::HC_TLS_REASON_WRONG_PURPOSE as i32 == Reason::WrongPurpose as i32);
    assert!(R::HC_TLS_REASON_WEAK_KEY as i32 == Reason::WeakKey as i32);
    assert!(R::HC_TLS_REASON_WEAK_SIGNATURE as i32 == Reason::WeakSignature as i32);
    assert!(R::HC_TLS_REASON_NAME_CONSTRAINT as i32 == Reason::NameConstraint as i32);
    assert!(R::HC_TLS_REASON_CHAIN_TOO_LONG as i32 == Reason::ChainTooLong as i32);
    assert!(R::HC_TLS_REASON_SELF_SIGNED as i32 == Reason::SelfSigned as i32);
    assert!(R::HC_TLS_REASON_AUTHORITY_AS_SERVER as i32 == Reason::AuthorityAsServer as i32);
    assert!(R::HC_TLS_REASON_BAD_ENCODING as i32 == Reason::BadEncoding as i32);
    assert!(R::HC_TLS_REASON_UNKNOWN_REVOCATION as i32 == Reason::UnknownRevocation as i32);
    assert!(R::HC_TLS_REASON_CRL_EXPIRED as i32 == Reason::RevocationListExpired as i32);
    assert!(R::HC_TLS_REASON_CRL_BAD as i32 == Reason::RevocationListBad as i32);
    assert!(R::HC_TLS_REASON_PIN as i32 == Reason::Pin as i32);
    assert!(R::HC_TLS_REASON_CALLBACK as i32 == Reason::Callback as i32);
    assert!(R::HC_TLS_REASON_OTHER_CERTIFICATE as i32 == Reason::OtherCertificate as i32);
    assert!(R::HC_TLS_REASON_NO_CERTIFICATE as i32 == Reason::NoCertificate as i32);
    assert!(R::HC_TLS_REASON_SERVER_AS_AUTHORITY as i32 == Reason::ServerAsAuthority as i32);
    assert!(R::HC_TLS_REASON_UNSUPPORTED_VERSION as i32 == Reason::UnsupportedVersion as i32);
    assert!(R::HC_TLS_REASON_NOTHING_IN_COMMON as i32 == Reason::NothingInCommon as i32);
    assert!(R::HC_TLS_REASON_ALPN as i32 == Reason::Alpn as i32);
    assert!(R::HC_TLS_REASON_ALERT as i32 == Reason::Alert as i32);
    assert!(R::HC_TLS_REASON_TRUNCATED as i32 == Reason::Truncated as i32);
    assert!(R::HC_TLS_REASON_PLAIN_HTTP as i32 == Reason::PlainHttp as i32);
    assert!(R::HC_TLS_REASON_NOT_TLS as i32 == Reason::NotTls as i32);
    assert!(R::HC_TLS_REASON_PROTOCOL as i32 == Reason::Protocol as i32);
    assert!(R::HC_TLS_REASON_DECRYPT as i32 == Reason::Decrypt as i32);
    assert!(R::HC_TLS_REASON_TOO_MUCH as i32 == Reason::TooMuch as i32);
    assert!(R::HC_TLS_REASON_CLIENT_CERTIFICATE as i32 == Reason::ClientCertificate as i32);
    assert!(R::HC_TLS_REASON_OTHER as i32 == Reason::Other as i32);
    assert!(R::HC_TLS_REASON_FILE as i32 == Reason::File as i32);
    assert!(R::HC_TLS_REASON_BAD_PEM as i32 == Reason::BadPem as i32);
    assert!(R::HC_TLS_REASON_KEY_MISMATCH as i32 == Reason::KeyMismatch as i32);
    assert!(R::HC_TLS_REASON_ENCRYPTED_KEY as i32 == Reason::EncryptedKey as i32);
    assert!(R::HC_TLS_REASON_EMPTY_STORE as i32 == Reason::EmptyStore as i32);
    assert!(R::HC_TLS_REASON_BAD_SETTING as i32 == Reason::BadSetting as i32);
    assert!(R::HC_TLS_REASON_FROZEN as i32 == Reason::Frozen as i32);
    assert!(R::HC_TLS_REASON_SIGNER as i32 == Reason::Signer as i32);
};

/// What is known of the last hc_tls_* call that failed on a configuration: the file and the reason
/// are in the text.
///
/// @param tls a configuration
/// @param info its struct_size going in; receives the record, of which code, tls_reason, os_error
/// and text are used. Lifetime: next-call, which is the next hc_tls_* call on this handle.
/// @return HC_OK, also when no call has failed: then `info->code` is 0; HC_ERR_INVALID_ARG
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed; `info` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_last_error(
    tls: *mut hc_tls,
    info: *mut hc_error_info,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { VersionedOut::new(info) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    // SAFETY: the caller's promise.
    match unsafe { config(tls) } {
        Ok(config) => {
            let fault = config.last_error();
            // SAFETY: the caller's promise; `config` has taken it for a live handle.
            let text = unsafe { super::tls::keep_text(tls, fault.as_ref()) };
            fill_fault(&out, fault.as_ref(), text);
            Code::HC_OK
        }
        Err(code) => code,
    }
}

/// Makes a connection handle for a host that is reached by TLS. Nothing happens on the network
/// yet.
///
/// @param host as for hc_new
/// @param port 1 to 65535; 0 takes the one in `host`, or else 443
/// @param tls a configuration, which cannot be changed any more; NULL for the machine's trusted
/// certificates and the defaults of hc_tls_new, with sessions that all such connections share
/// @param out receives the handle; NULL on failure
/// @return as hc_new. A trust store that cannot be found is an error when connecting:
/// HC_ERR_TLS_TRUST_STORE. Ownership: free it with hc_free; `tls` stays the caller's. Python:
/// HTTPSConnection(host, port, context=tls).
///
/// # Safety
/// `host` is a NUL-terminated string and `out` is valid; either may be NULL, which is refused;
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_new_tls(
    host: *const c_char,
    port: i32,
    tls: *mut hc_tls,
    out: *mut *mut hc_conn,
) -> hc_status {
    // SAFETY: the caller's promise; a NUL-terminated string is a counted one.
    unsafe { hc_new_tls_n(host, args::HC_ZSTR, port, tls, out) }
}

/// The same as hc_new_tls, for a host whose length is given.
///
/// @param host as for hc_new, without a NUL
/// @param host_len its length in bytes, or HC_ZSTR
/// @param port as for hc_new_tls
/// @param tls as for hc_new_tls
/// @param out receives the handle; NULL on failure
/// @return as hc_new_tls; Ownership: as hc_new
///
/// # Safety
/// `host` is valid for `host_len` bytes and `out` is valid; either may be NULL, which is
/// refused; `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_new_tls_n(
    host: *const c_char,
    host_len: usize,
    port: i32,
    tls: *mut hc_tls,
    out: *mut *mut hc_conn,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(ptr::null_mut());
    // SAFETY: the caller's promise.
    let tls = match unsafe { given_or_default(tls) } {
        Ok(tls) => tls,
        Err(code) => return code,
    };
    // SAFETY: the caller's promise.
    let made = unsafe { args::counted(host, host_len) }
        .and_then(|host| Connection::new_tls(host, port, tls));
    match made {
        Ok(core) => {
            out.set(hc_conn::into_raw(core));
            Code::HC_OK
        }
        Err(e) => e.code,
    }
}

/// # Safety
/// `tls` is NULL or a handle that has not been freed.
pub(super) unsafe fn given_or_default(tls: *const hc_tls) -> Result<Arc<TlsConfig>, Code> {
    // SAFETY: forwarded to the caller.
    Ok(unsafe { given(tls) }?.unwrap_or_else(TlsConfig::shared_default))
}

/// Makes the connections to come by TLS, or no longer. Where they go, and by which port, is not
/// changed. TLS begins by itself on whatever carries the connection: hc_adopt_fd (call this
/// first), hc_set_transport, hc_set_sansio, the far end of a tunnel.
///
/// @param c a connection that is not open
/// @param tls a configuration, which cannot be changed any more; NULL for no TLS
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_ALREADY_CONNECTED; HC_ERR_PENDING; with a proxy
/// HC_ERR_CANNOT_SEND_REQUEST while a request is under way
///
/// # Safety
/// `c` and `tls` are NULL or handles that have not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_tls(c: *mut hc_conn, tls: *mut hc_tls) -> hc_status {
    // SAFETY: the caller's promise.
    let tls = match unsafe { given(tls) } {
        Ok(tls) => tls,
        Err(code) => return code,
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, |core: &mut Connection| core.set_tls(tls)) })
}

/// What the way to a proxy is made of that is reached by TLS itself (hc_set_proxy with https://).
///
/// @param c a connection that is not open
/// @param tls a configuration, which cannot be changed any more; NULL (the default) for what
/// hc_new_tls takes by default. That of the origin is not used: a proxy need not know the
/// client's certificate.
/// @return as hc_set_tls
///
/// # Safety
/// `c` and `tls` are NULL or handles that have not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_proxy_tls(c: *mut hc_conn, tls: *mut hc_tls) -> hc_status {
    // SAFETY: the caller's promise.
    let tls = match unsafe { given(tls) } {
        Ok(tls) => tls,
        Err(code) => return code,
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, |core: &mut Connection| core.set_proxy_tls(tls)) })
}

/// What hc_set_proxy_tls has set, as another handle of it.
///
/// @param c a connection
/// @param out receives the handle; NULL when none was set, and on failure
/// @return HC_OK; HC_ERR_INVALID_ARG. Ownership: free it with hc_tls_free.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_proxy_tls(c: *const hc_conn, out: *mut *mut hc_tls) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { get(c, out, |config| config.proxy_tls.clone()) }
}

/// A configuration that may be missing.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
unsafe fn given(tls: *const hc_tls) -> Result<Option<Arc<TlsConfig>>, Code> {
    if tls.is_null() {
        return Ok(None);
    }
    // SAFETY: forwarded to the caller.
    unsafe { config(tls) }.cloned().map(Some)
}

/// Another handle of a configuration that a connection has.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `out` is valid or NULL.
unsafe fn get(
    c: *const hc_conn,
    out: *mut *mut hc_tls,
    which: impl FnOnce(&Config) -> Option<Arc<TlsConfig>>,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(ptr::null_mut());
    let show = |core: &mut Connection| {
        if let Some(tls) = core.config().and_then(which) {
            out.set(hc_tls::into_raw(tls));
        }
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, show) })
}

/// The TLS configuration of a connection, as another handle of it.
///
/// @param c a connection
/// @param out receives the handle; NULL when it is a connection without TLS, and on failure
/// @return HC_OK; HC_ERR_INVALID_ARG. Ownership: free it with hc_tls_free.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_tls(c: *const hc_conn, out: *mut *mut hc_tls) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { get(c, out, |config| config.tls.clone()) }
}

/// What was agreed on in a TLS handshake: hc_get_tls_info.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hc_tls_info {
    /// Going in: sizeof(hc_tls_info), which tells the library which fields there are.
    pub struct_size: usize,
    /// HC_TLS_1_2 or HC_TLS_1_3.
    pub version: i32,
    /// The number of the cipher suite: 0x1301 is TLS_AES_128_GCM_SHA256.
    pub cipher_suite: i32,
    /// The number of the key exchange group: 0x001d is X25519, 0x11ec X25519MLKEM768.
    pub group: i32,
    /// 1 when an earlier session was taken up again, else 0.
    pub resumed: i32,
    /// 1 when the chain of certificates was checked, 0 after hc_tls_dangerous_set_no_verify.
    pub chain_verified: i32,
    /// 1 when the name was checked, 0 after one of the hc_tls_dangerous_* calls.
    pub name_verified: i32,
    /// IANA's name of the cipher suite, NUL-terminated. Lifetime: as those below.
    pub cipher_suite_name: *const c_char,
    /// The name of the key exchange group, NUL-terminated.
    pub group_name: *const c_char,
    /// The protocol inside of TLS (ALPN), NUL-terminated; "" when none was agreed on. The three
    /// strings live until the next connection is opened, or the handle is freed.
    pub alpn: *const c_char,
    /// How long the handshake took, from its first message on, in microseconds.
    pub handshake_us: u64,
    /// How many certificates the server has shown: hc_get_peer_certificate.
    pub certificate_count: usize,
}

// SAFETY: numbers and pointers, with the size in front.
unsafe impl Versioned for hc_tls_info {
    const FIRST_SIZE: usize = size_of::<Self>();
}

const _: () = assert!(core::mem::offset_of!(hc_tls_info, struct_size) == 0);

/// What was agreed on in the TLS handshake of the connection that is open, or was open last.
///
/// @param c a connection
/// @param info its struct_size going in; receives what was agreed on. Pointers in it: Lifetime:
/// handle, or until the next connection is opened.
/// @return HC_OK; HC_ERR_NOT_CONNECTED when there was no TLS handshake; HC_ERR_INVALID_ARG.
/// Python: SSLSocket.version, cipher, selected_alpn_protocol, session_reused.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `info` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_tls_info(c: *const hc_conn, info: *mut hc_tls_info) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { VersionedOut::new(info) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    let show = |core: &mut Connection| {
        let agreed = core.tls_agreed()?;
        out.set(&hc_tls_info {
            struct_size: size_of::<hc_tls_info>(),
            version: i32::from(agreed.version),
            cipher_suite: i32::from(agreed.suite),
            group: i32::from(agreed.group),
            resumed: i32::from(agreed.resumed),
            chain_verified: i32::from(agreed.chain_verified),
            name_verified: i32::from(agreed.name_verified),
            cipher_suite_name: agreed.suite_name.as_ptr().cast(),
            group_name: agreed.group_name.as_ptr().cast(),
            alpn: agreed.alpn.as_ptr().cast(),
            handshake_us: agreed.microseconds,
            certificate_count: agreed.chain.len(),
        });
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, show) })
}

/// A certificate that the server has shown, in DER. With a session that was taken up again these
/// are the certificates of the handshake that has made it.
///
/// @param c a connection
/// @param index 0 for the server's own
/// @param data receives a pointer to the bytes, NULL on failure. Lifetime: handle, or until the
/// next connection is opened.
/// @param len receives how many there are
/// @return HC_OK; HC_ERR_INVALID_ARG, also behind the last one; HC_ERR_NOT_CONNECTED when there was
/// no TLS handshake. Python: SSLSocket.getpeercert(binary_form=True).
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_peer_certificate(
    c: *const hc_conn,
    index: usize,
    data: *mut *const c_void,
    len: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let data = unsafe { Out::new(data) };
    // SAFETY: the caller's promise.
    let len = unsafe { Out::new(len) };
    let (Ok(data), Ok(len)) = (data, len) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    data.set(ptr::null());
    len.set(0);
    let show = |core: &mut Connection| {
        let chain = &core.tls_agreed()?.chain;
        let der = chain.get(index);
        let der = der.ok_or_else(|| args::unknown("there is no such certificate"))?;
        data.set(der.as_ptr().cast());
        len.set(der.len());
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, show) })
}
