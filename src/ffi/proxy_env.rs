//! What the environment says of proxies.

use core::ffi::c_char;

use super::args::{self, unknown};
use super::barrier::hc_conn;
use super::proxy::change;
use crate::client::connection::Connection;
use crate::error::{Code, Error, hc_status};
use crate::proto::no_proxy;
use crate::proto::proxy::Proxy;
use crate::sys::environment;

/// Sets the proxy that the environment names for the origin of the handle, or takes the one
/// that is set away if the environment names none. This is the only call of the library that
/// reads it. Which variable counts, the first of these that is not empty:
///
/// - for an origin without TLS: http_proxy, all_proxy, ALL_PROXY. HTTP_PROXY is not read: CGI
///   lets any client of the program's set it.
/// - for an origin with TLS: https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY.
///
/// no_proxy, or NO_PROXY, names the exceptions: see hc_no_proxy_matches. A variable holds a URL
/// as hc_set_proxy takes it. In a set-uid or set-gid program, and in one with file
/// capabilities, the environment is not read.
///
/// @param c a connection, as for hc_set_proxy, whose host is set
/// @return HC_OK, also when there is to be no proxy: hc_proxy tells; HC_ERR_UNSUPPORTED in a
/// program whose environment is not its own; HC_ERR_INVALID_URL and HC_ERR_INVALID_ARG for a
/// variable that hc_set_proxy would refuse; otherwise as hc_set_proxy. A refused call changes
/// nothing. No other thread may change the environment meanwhile, as with getenv(3).
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_proxy_from_env(c: *mut hc_conn) -> hc_status {
    let set = |core: &mut Connection| {
        if environment::is_foreign() {
            return Err(Error::new(
                Code::HC_ERR_UNSUPPORTED,
                "a program with rights of its own does not read the environment",
            ));
        }
        let config = core.config();
        let config = config.ok_or_else(|| unknown("a response has no proxy"))?;
        let (host, port) = (&config.target.host, config.target.port);
        let tls = config.is_tls();
        let url = no_proxy::from_environment(&environment::get, tls, host, port);
        let proxy = url.map(|url| Proxy::parse(&url)).transpose()?;
        core.set_proxy(proxy)
    };
    // SAFETY: the caller's promise.
    unsafe { change(c, set) }
}

/// Does a list of exceptions name this origin? Its entries stand between commas or blanks: "*"
/// for everything; "example.org", ".example.org" or "*.example.org" for that host and all below
/// it; "192.0.2.1", "2001:db8::1" for an address; "192.0.2.0/24", "2001:db8::/32" for a
/// network. ":port" behind an entry restricts it to that port; an IPv6 address needs brackets
/// then. Case does not matter. Names are not resolved: an address does not name the host that
/// has it. Nothing is read from the environment.
///
/// @param list as in no_proxy; NUL-terminated; NULL for an empty one
/// @param host a name or an address, with or without brackets; NUL-terminated
/// @param port 1 to 65535
/// @return 1 if it does, 0 if not; HC_ERR_INVALID_ARG, below 0
///
/// # Safety
/// `list` and `host` are NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_no_proxy_matches(
    list: *const c_char,
    host: *const c_char,
    port: i32,
) -> i32 {
    const WRONG: i32 = Code::HC_ERR_INVALID_ARG as i32;
    let list = if list.is_null() {
        &[][..]
    } else {
        // SAFETY: the caller's promise.
        match unsafe { args::text(list) } {
            Ok(list) => list,
            Err(_) => return WRONG,
        }
    };
    // SAFETY: the caller's promise.
    let host = match unsafe { args::text(host) }.map(core::str::from_utf8) {
        Ok(Ok(host)) if !host.is_empty() => host,
        _ => return WRONG,
    };
    match u16::try_from(port) {
        Ok(port) if port > 0 => i32::from(no_proxy::names(list, host, port)),
        _ => WRONG,
    }
}
