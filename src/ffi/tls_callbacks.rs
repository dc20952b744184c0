//! TLS configurations: what the program does itself in a handshake.

use core::ffi::{CStr, c_char, c_void};
use std::sync::Arc;

use super::args::{self, done, unknown};
use super::pool_options::hc_destroy_fn;
use super::tls::{change, hc_tls, look, optional, shown};
use crate::error::hc_status;
use crate::net::tls::Presented;
use crate::net::tls::settings::Settings;
use crate::sys::process;

/// What the program's callbacks are called with. They may be called by every thread that connects.
struct User {
    user: *mut c_void,
    destroy: hc_destroy_fn,
}

// SAFETY: the program promises that `user` may be used from any thread.
unsafe impl Send for User {}
// SAFETY: as above, and from several at once.
unsafe impl Sync for User {}

impl Drop for User {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy {
            // SAFETY: the program's promise.
            unsafe { destroy(self.user) };
        }
    }
}

/// One certificate in DER.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hc_tls_cert {
    /// Its bytes.
    pub data: *const c_void,
    /// How many.
    pub len: usize,
}

/// Asked about the certificate of a server, in the handshake, after everything else has found it
/// good. It must not call back into the connection, nor leave by longjmp or an exception. It is
/// not called when an earlier session is taken up again.
///
/// `host` is the name that was checked, NUL-terminated. `chain` are `count` certificates, the
/// server's own first. `verified` is 0 if they were not checked
/// (hc_tls_dangerous_set_no_verify), else 1. All of it is valid during the call. Returns 0 to go
/// on; anything else refuses: HC_ERR_TLS_CERTIFICATE, HC_TLS_REASON_CALLBACK, and the value is in
/// the error record.
pub type hc_tls_verify_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        host: *const c_char,
        chain: *const hc_tls_cert,
        count: usize,
        verified: i32,
    ) -> i32,
>;

/// Sets a callback that can refuse certificates, and only that.
///
/// @param tls a configuration
/// @param fn the callback; NULL for none
/// @param user given to it; every thread that connects may do that
/// @param destroy called with `user` when it is no longer needed; may be NULL
/// @return HC_OK; HC_ERR_TLS_CONFIG when it is in use; HC_ERR_INVALID_ARG. On failure `destroy` is
/// not called.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed; `fn` can be called with `user` from any
/// thread until `destroy` is called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_set_verify_callback(
    tls: *mut hc_tls,
    r#fn: hc_tls_verify_fn,
    user: *mut c_void,
    destroy: hc_destroy_fn,
) -> hc_status {
    let set = |s: &mut Settings| {
        s.ask = None;
        let Some(callback) = r#fn else {
            return Ok(());
        };
        let user = User { user, destroy };
        s.ask = Some(Arc::new(move |presented: &Presented<'_>| {
            // All of it is captured, not the pointer alone.
            let user = &user;
            let mut host = presented.host.as_bytes().to_vec();
            host.push(0);
            let chain: Vec<hc_tls_cert> = presented
                .chain
                .iter()
                .map(|der| hc_tls_cert {
                    data: der.as_ptr().cast(),
                    len: der.len(),
                })
                .collect();
            let verified = i32::from(presented.is_verified);
            let host = host.as_ptr().cast();
            // SAFETY: the arrays are valid during the call; the rest is the program's promise.
            let refused =
                unsafe { callback(user.user, host, chain.as_ptr(), chain.len(), verified) };
            i64::from(refused)
        }));
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, set) })
}

/// Is there such a callback?
///
/// @param tls a configuration
/// @return 1 or 0; 0 for a bad handle
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_has_verify_callback(tls: *const hc_tls) -> i32 {
    // SAFETY: the caller's promise.
    i32::from(unsafe { look(tls, false, |s| s.ask.is_some()) })
}

/// Signs for a client key that is somewhere else: `message`, `len` bytes that are not hashed yet,
/// by the scheme with this number (RFC 8446, 4.2.3; 0x0403 is ECDSA with P-256 and SHA-256),
/// into `signature`, which has `room` bytes. Returns the length of the signature, or below 0 if
/// there is none, which ends the handshake: HC_ERR_CALLBACK.
pub type hc_tls_sign_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        scheme: i32,
        message: *const c_void,
        len: usize,
        signature: *mut c_void,
        room: usize,
    ) -> i64,
>;

/// Shows this certificate to servers that ask for one, and lets the program sign with its key.
///
/// @param tls a configuration
/// @param chain PEM, or one certificate in DER
/// @param chain_len its length in bytes
/// @param schemes numbers of the signature schemes that the key can do, the best first
/// @param count how many
/// @param fn signs; may be called by every thread that connects
/// @param user given to it
/// @param destroy called with `user` when it is no longer needed; may be NULL
/// @return HC_OK; HC_ERR_TLS_CONFIG for a chain or a scheme that cannot be used, or a
/// configuration in use; HC_ERR_INVALID_ARG. On failure `destroy` is not called.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed; `chain` and `schemes` are valid for their
/// lengths; `fn` can be called with `user` from any thread until `destroy` is called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_set_client_signer(
    tls: *mut hc_tls,
    chain: *const c_void,
    chain_len: usize,
    schemes: *const i32,
    count: usize,
    r#fn: hc_tls_sign_fn,
    user: *mut c_void,
    destroy: hc_destroy_fn,
) -> hc_status {
    let mut given = User {
        user,
        destroy: None,
    };
    let set = |s: &mut Settings| {
        let callback = r#fn.ok_or_else(args::null)?;
        // SAFETY: the caller's promise.
        let chain = unsafe { args::bytes(chain, chain_len) }?;
        // SAFETY: the caller's promise.
        let schemes = unsafe { args::array(schemes, count) }?;
        s.check_signer(chain, schemes)?;
        given.destroy = destroy;
        let sign = move |scheme: u16, message: &[u8], signature: &mut [u8]| {
            // All of it is captured, not the pointer alone.
            let user = &given;
            let (from, len) = (message.as_ptr().cast(), message.len());
            let (to, room) = (signature.as_mut_ptr().cast(), signature.len());
            // SAFETY: both are valid for their lengths; the rest is the program's promise.
            unsafe { callback(user.user, i32::from(scheme), from, len, to, room) }
        };
        s.set_signer(chain, schemes, Arc::new(sign))
    };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, set) })
}

/// Writes the secrets that decrypt the connections to the end of a file, in the format of
/// SSLKEYLOGFILE that Wireshark reads: whoever has the file can read what was sent. The file is
/// made for its owner alone.
///
/// @param tls a configuration
/// @param file its name, NUL-terminated; NULL for no longer
/// @return HC_OK; HC_ERR_TLS_CONFIG for a file that cannot be written, or a configuration in use;
/// HC_ERR_INVALID_ARG. Python: SSLContext.keylog_filename.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed; `file` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_set_keylog_file(
    tls: *mut hc_tls,
    file: *const c_char,
) -> hc_status {
    // SAFETY: the caller's promise.
    let file = unsafe { optional(file) };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, |s| s.set_key_log_file(file)) })
}

/// The same, to the file that the environment names in SSLKEYLOGFILE, if it does. Nothing else
/// looks at that variable. In a set-uid program this does nothing.
///
/// @param tls a configuration
/// @return as hc_tls_set_keylog_file; HC_OK when the variable is not set
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_set_keylog_env(tls: *mut hc_tls) -> hc_status {
    use std::os::unix::ffi::OsStringExt as _;
    let set = |s: &mut Settings| {
        let file = std::env::var_os("SSLKEYLOGFILE").filter(|f| !f.is_empty());
        match file {
            Some(file) if !process::is_privileged() => {
                let file = std::ffi::CString::new(file.into_vec())
                    .map_err(|_| unknown("SSLKEYLOGFILE is no file name"))?;
                s.set_key_log_file(Some(&file))
            }
            _ => Ok(()),
        }
    };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, set) })
}

/// The file that the secrets go to.
///
/// @param tls a configuration
/// @return a NUL-terminated name; NULL when there is none, and for a bad handle. Lifetime:
/// handle, or until it is set again.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_get_keylog_file(tls: *const hc_tls) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { look(tls, core::ptr::null(), |s| shown(s.key_log_path())) }
}

/// Told of the secrets, a line at a time, NUL-terminated and without a line feed. The line is
/// valid during the call.
pub type hc_tls_keylog_fn = Option<unsafe extern "C" fn(user: *mut c_void, line: *const c_char)>;

/// Tells the program the secrets that decrypt the connections, in place of a file.
///
/// @param tls a configuration
/// @param fn the callback, called by every thread that connects; NULL for none
/// @param user given to it
/// @param destroy called with `user` when it is no longer needed; may be NULL
/// @return HC_OK; HC_ERR_TLS_CONFIG when it is in use; HC_ERR_INVALID_ARG. On failure `destroy` is
/// not called.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed; `fn` can be called with `user` from any
/// thread until `destroy` is called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_set_keylog_callback(
    tls: *mut hc_tls,
    r#fn: hc_tls_keylog_fn,
    user: *mut c_void,
    destroy: hc_destroy_fn,
) -> hc_status {
    let set = |s: &mut Settings| {
        let Some(callback) = r#fn else {
            s.set_key_log(None);
            return Ok(());
        };
        let user = User { user, destroy };
        s.set_key_log(Some(Arc::new(move |line: &CStr| {
            // All of it is captured, not the pointer alone.
            let user = &user;
            // SAFETY: the line is NUL-terminated; the rest is the program's promise.
            unsafe { callback(user.user, line.as_ptr()) };
        })));
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, set) })
}
