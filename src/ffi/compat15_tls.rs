//! Python 1.5's HTTPS class: that of HTTP, over TLS.

use core::ffi::c_char;
use core::ptr;

use super::args::Out;
use super::compat15::{hc15_http, make};
use super::tls::hc_tls;
use super::tls_conn::given_or_default;
use crate::error::hc_status;

/// hc15_new for a host that is reached by TLS; all other hc15_ calls are the same.
///
/// @param host as for hc15_new
/// @param port 1 to 65535; 0 takes the one in `host`, or else 443, also in hc15_connect
/// @param tls a configuration, which cannot be changed any more; NULL for that of hc_new_tls. What
/// Python keeps as key_file and cert_file is set there, with hc_tls_set_client_cert_file.
/// @param out receives the handle; NULL on failure
/// @return as hc15_new; HC_ERR_INVALID_ARG also for a bad `tls`. Ownership: free it with hc15_free;
/// `tls` stays the caller's. Python: httplib.HTTPS(host, port, key_file, cert_file), which checks
/// no certificate: this does, unless hc_tls_dangerous_set_no_verify says otherwise.
///
/// # Safety
/// `host` is NUL-terminated or NULL; `tls` is NULL or a handle that has not been freed; `out` is
/// valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc15_new_tls(
    host: *const c_char,
    port: i32,
    tls: *mut hc_tls,
    out: *mut *mut hc15_http,
) -> hc_status {
    // SAFETY: the caller's promise.
    match unsafe { Out::new(out) } {
        Ok(out) => out.set(ptr::null_mut()),
        Err(code) => return code,
    }
    // SAFETY: the caller's promise.
    match unsafe { given_or_default(tls) } {
        // SAFETY: the caller's promise.
        Ok(tls) => unsafe { make(host, port, Some(tls), out) },
        Err(code) => code,
    }
}
