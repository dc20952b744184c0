//! TLS configurations: made, set, frozen, shared.

use core::ffi::{CStr, c_char, c_void};
use core::panic::AssertUnwindSafe;
use core::ptr;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt as _;
use std::panic::catch_unwind;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::args::{self, Out, done};
use crate::error::{Code, Fault, Result, hc_status};
use crate::net::tls::TlsConfig;
use crate::net::tls::settings::Settings;

const TLS_MAGIC: u32 = 0x6863_7431;
const DEAD_MAGIC: u32 = 0xdead_0001;

/// A TLS configuration. Opaque to C; made by hc_tls_new, freed by hc_tls_free. It is set by one
/// thread, and from its first use or hc_tls_freeze on it cannot be changed any more and can be
/// used by any number of connections on any threads at once.
pub struct hc_tls {
    magic: u32,
    config: Arc<TlsConfig>,
    /// The text that hc_tls_last_error has given out.
    said: Mutex<Option<CString>>,
}

impl hc_tls {
    pub(super) fn into_raw(config: Arc<TlsConfig>) -> *mut Self {
        Box::into_raw(Box::new(Self {
            magic: TLS_MAGIC,
            config,
            said: Mutex::default(),
        }))
    }
}

/// The configuration behind a pointer from C.
///
/// # Safety
/// `tls` is NULL or a handle from hc_tls_new that has not been freed.
pub(super) unsafe fn config<'a>(
    tls: *const hc_tls,
) -> core::result::Result<&'a Arc<TlsConfig>, Code> {
    // SAFETY: forwarded to the caller.
    let tls = unsafe { tls.as_ref() }.ok_or(Code::HC_ERR_INVALID_ARG)?;
    if tls.magic == TLS_MAGIC {
        Ok(&tls.config)
    } else {
        Err(Code::HC_ERR_INVALID_ARG)
    }
}

/// Runs one operation; a panic becomes a status.
pub(super) fn guard<T>(
    op: impl FnOnce() -> core::result::Result<T, Code>,
) -> core::result::Result<T, Code> {
    match catch_unwind(AssertUnwindSafe(op)) {
        Ok(outcome) => outcome,
        Err(payload) => {
            let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
            Err(Code::HC_ERR_INTERNAL)
        }
    }
}

/// Sets something.
///
/// # Safety
/// As for [`config`].
pub(super) unsafe fn change<T>(
    tls: *const hc_tls,
    set: impl FnOnce(&mut Settings) -> Result<T>,
) -> core::result::Result<T, Code> {
    // SAFETY: forwarded to the caller.
    let config = unsafe { config(tls) }?;
    guard(|| config.change(set).map_err(|e| e.code))
}

/// Reads something that was set, or gives `otherwise` for a bad handle.
///
/// # Safety
/// As for [`config`].
pub(super) unsafe fn look<T>(
    tls: *const hc_tls,
    otherwise: T,
    get: impl FnOnce(&Settings) -> T,
) -> T {
    // SAFETY: forwarded to the caller.
    match unsafe { config(tls) } {
        Ok(config) => guard(|| config.look(get).map_err(|e| e.code)).unwrap_or(otherwise),
        Err(_) => otherwise,
    }
}

/// A file's name.
///
/// # Safety
/// `s` is NULL or a NUL-terminated string.
pub(super) unsafe fn path<'a>(s: *const c_char) -> Result<&'a Path> {
    // SAFETY: forwarded to the caller.
    let bytes = unsafe { args::text(s) }?;
    Ok(Path::new(std::ffi::OsStr::from_bytes(bytes)))
}

/// A string that may be missing.
///
/// # Safety
/// `s` is NULL or a NUL-terminated string.
pub(super) unsafe fn optional<'a>(s: *const c_char) -> Option<&'a CStr> {
    // SAFETY: forwarded to the caller.
    (!s.is_null()).then(|| unsafe { CStr::from_ptr(s) })
}

/// What a getter of strings gives.
pub(super) fn shown(text: Option<&CStr>) -> *const c_char {
    text.map_or(ptr::null(), CStr::as_ptr)
}

/// Keeps the text of a failure with the handle, and shows it.
///
/// # Safety
/// `tls` is a handle from hc_tls_new that has not been freed.
pub(super) unsafe fn keep_text(tls: *const hc_tls, fault: Option<&Fault>) -> *const c_char {
    // SAFETY: forwarded to the caller.
    let (Some(tls), Some(fault)) = (unsafe { tls.as_ref() }, fault) else {
        return Code::HC_OK.sentence().as_ptr();
    };
    let text = CString::new(fault.text.replace('\0', "")).unwrap_or_default();
    let mut said = tls.said.lock().unwrap_or_else(PoisonError::into_inner);
    said.insert(text).as_ptr()
}

/// Makes a TLS configuration: the machine's trusted certificates, TLS 1.2 and 1.3, "http/1.1"
/// offered by ALPN, the host's name sent and checked. The setters are legal until the first
/// connection uses it (hc_new_tls, hc_set_tls) or hc_tls_freeze is called; then they say
/// HC_ERR_TLS_CONFIG.
///
/// @param out receives the handle; NULL on failure
/// @return HC_OK; HC_ERR_INVALID_ARG for NULL. Ownership: free it with hc_tls_free; connections
/// that use it keep what they need. Python: ssl.create_default_context.
///
/// # Safety
/// `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_new(out: *mut *mut hc_tls) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(hc_tls::into_raw(Arc::default()));
    Code::HC_OK
}

/// Frees a handle of a TLS configuration. Connections that use the configuration go on using it.
///
/// @param tls a configuration, or NULL
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed, and no other thread is using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_free(tls: *mut hc_tls) {
    // SAFETY: the caller's promise.
    if unsafe { config(tls) }.is_err() {
        return;
    }
    // SAFETY: hc_tls_new made it with Box::into_raw.
    let mut boxed = unsafe { Box::from_raw(tls) };
    boxed.magic = DEAD_MAGIC;
    let _ = catch_unwind(AssertUnwindSafe(|| drop(boxed)));
}

/// Ends the setting, and finds out now what would otherwise be found out when connecting: reads
/// the machine's trusted certificates. Calling it is not necessary. It may be called again, and by
/// several threads.
///
/// @param tls a configuration
/// @return HC_OK; HC_ERR_TLS_TRUST_STORE when there is nothing to trust; HC_ERR_TLS_CONFIG for
/// settings that do not fit together; HC_ERR_INVALID_ARG. hc_tls_last_error has the file and the
/// reason.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_freeze(tls: *mut hc_tls) -> hc_status {
    // SAFETY: the caller's promise.
    let config = match unsafe { config(tls) } {
        Ok(config) => config,
        Err(code) => return code,
    };
    done(guard(|| config.freeze().map_err(|e| e.code)))
}

/// Can the configuration no longer be changed?
///
/// @param tls a configuration
/// @return 1 or 0; 0 for a bad handle
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_is_frozen(tls: *const hc_tls) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { config(tls) }.map_or(0, |c| i32::from(c.is_closed()))
}

/// Whose certificates are trusted: hc_tls_set_roots.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_tls_roots {
    /// The machine's, unless others are added. The default. Python: create_default_context.
    HC_TLS_ROOTS_AUTO = 0,
    /// Only those that are added.
    HC_TLS_ROOTS_NONE = 1,
    /// The machine's, and those that are added.
    HC_TLS_ROOTS_SYSTEM = 2,
    /// Mozilla's, as they came with the library (HC_ERR_UNSUPPORTED if they did not), and those
    /// that are added.
    HC_TLS_ROOTS_BUNDLED = 3,
}

const _: () = {
    use crate::net::tls::Roots;
    use hc_tls_roots as R;
    assert!(R::HC_TLS_ROOTS_AUTO as i32 == Roots::Auto as i32);
    assert!(R::HC_TLS_ROOTS_NONE as i32 == Roots::None as i32);
    assert!(R::HC_TLS_ROOTS_SYSTEM as i32 == Roots::System as i32);
    assert!(R::HC_TLS_ROOTS_BUNDLED as i32 == Roots::Bundled as i32);
};

/// Whose certificates are trusted besides those that are added. The machine's are those that the
/// environment names in SSL_CERT_FILE and SSL_CERT_DIR, or else the distribution's; a set-uid
/// program does not look at the environment.
///
/// @param tls a configuration
/// @param roots an HC_TLS_ROOTS_* number
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_UNSUPPORTED; HC_ERR_TLS_CONFIG when it is in use.
/// Python: SSLContext.load_default_certs.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_set_roots(tls: *mut hc_tls, roots: i32) -> hc_status {
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, |s| s.set_roots(roots)) })
}

/// What hc_tls_set_roots has set.
///
/// @param tls a configuration
/// @return an HC_TLS_ROOTS_* number; -1 for a bad handle
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_get_roots(tls: *const hc_tls) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { look(tls, -1, Settings::roots) }
}

/// Trusts the certificates in a file, in PEM or one in DER. A server's own certificate that has
/// signed itself is trusted too when it is in here, as long as name and dates fit.
///
/// @param tls a configuration
/// @param file its name, NUL-terminated. It is read now.
/// @return HC_OK; HC_ERR_TLS_CONFIG for a file that cannot be read or holds no certificate, or a
/// configuration in use; HC_ERR_INVALID_ARG. Python: load_verify_locations(cafile).
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed; `file` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_add_ca_file(tls: *mut hc_tls, file: *const c_char) -> hc_status {
    // SAFETY: the caller's promise.
    let file = unsafe { path(file) };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, |s| s.add_ca_file(file?)) })
}

/// Trusts the certificates in all files of a folder, in PEM.
///
/// @param tls a configuration
/// @param folder its name, NUL-terminated. It is read now.
/// @return as hc_tls_add_ca_file. Python: load_verify_locations(capath).
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed; `folder` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_add_ca_dir(tls: *mut hc_tls, folder: *const c_char) -> hc_status {
    // SAFETY: the caller's promise.
    let folder = unsafe { path(folder) };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, |s| s.add_ca_folder(folder?)) })
}

/// Trusts certificates in memory: any number in PEM, or one in DER.
///
/// @param tls a configuration
/// @param data the bytes
/// @param len how many
/// @return as hc_tls_add_ca_file. Python: load_verify_locations(cadata).
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed; `data` is valid for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_add_ca(
    tls: *mut hc_tls,
    data: *const c_void,
    len: usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let data = unsafe { args::bytes(data, len) };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, |s| s.add_ca(data?, "the data")) })
}

/// How many certificates the three calls above have added.
///
/// @param tls a configuration
/// @return how many; 0 for a bad handle
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_ca_count(tls: *const hc_tls) -> usize {
    // SAFETY: the caller's promise.
    unsafe { look(tls, 0, Settings::ca_count) }
}

/// Shows this certificate to servers that ask for one.
///
/// @param tls a configuration
/// @param chain_file PEM: the certificate and those between it and its root. NULL: none is shown.
/// @param key_file PEM or DER, PKCS#8, PKCS#1 or SEC1, not encrypted; NULL: it stands in
/// `chain_file`
/// @return HC_OK; HC_ERR_TLS_CONFIG for files that cannot be read, a key that is encrypted or does
/// not belong to the certificate, or a configuration in use; HC_ERR_INVALID_ARG. Python:
/// load_cert_chain.
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed; the names are NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_set_client_cert_file(
    tls: *mut hc_tls,
    chain_file: *const c_char,
    key_file: *const c_char,
) -> hc_status {
    let set = |s: &mut Settings| {
        if chain_file.is_null() {
            s.clear_identity();
            return Ok(());
        }
        // SAFETY: the caller's promise.
        let chain = unsafe { path(chain_file) }?;
        if key_file.is_null() {
            return s.set_identity_file(chain, chain);
        }
        // SAFETY: the caller's promise.
        s.set_identity_file(chain, unsafe { path(key_file) }?)
    };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, set) })
}

/// The same from memory.
///
/// @param tls a configuration
/// @param chain PEM, or one certificate in DER; NULL: none is shown
/// @param chain_len its length in bytes
/// @param key PEM or DER; NULL: it stands in `chain`
/// @param key_len its length in bytes
/// @return as hc_tls_set_client_cert_file
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed; the others are valid for their lengths.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_set_client_cert(
    tls: *mut hc_tls,
    chain: *const c_void,
    chain_len: usize,
    key: *const c_void,
    key_len: usize,
) -> hc_status {
    let set = |s: &mut Settings| {
        if chain.is_null() {
            s.clear_identity();
            return Ok(());
        }
        // SAFETY: the caller's promise.
        let chain = unsafe { args::bytes(chain, chain_len) }?;
        let key = if key.is_null() {
            chain
        } else {
            // SAFETY: the caller's promise.
            unsafe { args::bytes(key, key_len) }?
        };
        s.set_identity((chain, "the certificate data"), (key, "the key data"))
    };
    // SAFETY: the caller's promise.
    done(unsafe { change(tls, set) })
}

/// Is there a client certificate?
///
/// @param tls a configuration
/// @return 1 or 0; 0 for a bad handle
///
/// # Safety
/// `tls` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tls_has_client_cert(tls: *const hc_tls) -> i32 {
    // SAFETY: the caller's promise.
    i32::from(unsafe { look(tls, false, Settings::has_identity) })
}
