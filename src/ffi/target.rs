//! Where connections go, and where they come from.

use core::ffi::c_char;

use super::args::{self, done, unknown};
use super::barrier::{enter, hc_conn, peek};
use super::types::hc_request_flag;
use crate::client::connection::Connection;
use crate::error::{Code, hc_status};
use crate::net::dialing::Source;

/// Sends the requests and makes the connections of this handle to another host from now on. An
/// open connection stays what it is: hc_close ends it.
///
/// @param c a connection
/// @param host as for hc_new; HC_ZSTR in place of its length for one that ends in a NUL
/// @param host_len its length in bytes, or HC_ZSTR
/// @param port 1 to 65535; 0 takes the one in `host`, or else `default_port`
/// @param default_port 1 to 65535: the port that a Host field does not name
/// @param flags HC_UNCHECKED_HOST, or 0
/// @return HC_OK; HC_ERR_INVALID_URL for a host or port that cannot be used;
/// HC_ERR_INVALID_ARG; HC_ERR_PENDING. A refused call changes nothing. Python: assigning to
/// HTTPConnection.host and port; default_port.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `host` is valid for its length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_target(
    c: *mut hc_conn,
    host: *const c_char,
    host_len: usize,
    port: i32,
    default_port: i32,
    flags: u32,
) -> hc_status {
    const UNCHECKED: u32 = hc_request_flag::HC_UNCHECKED_HOST as u32;
    // SAFETY: the caller's promise.
    let host = unsafe { args::counted(host, host_len) };
    let set = |core: &mut Connection| {
        if flags & !UNCHECKED != 0 {
            return Err(unknown("an unknown flag is set"));
        }
        let default_port = u16::try_from(default_port).ok().filter(|p| *p > 0);
        let default_port = default_port.ok_or_else(|| unknown("the default port is no port"))?;
        core.set_target(host?, port, default_port, flags & UNCHECKED != 0)?;
        let target = core.config().map(|c| &c.target);
        Ok(target.map(|t| (t.host.clone(), t.port)))
    };
    // SAFETY: the caller's promise.
    match unsafe { enter(c, set) } {
        Ok(target) => {
            // SAFETY: the barrier has just taken the pointer for a live handle.
            if let (Some(target), Some(conn)) = (target, unsafe { c.as_mut() }) {
                conn.show(target);
            }
            Code::HC_OK
        }
        Err(code) => code,
    }
}

/// Chooses the near end of the connections to come. With a port, addresses are tried one after
/// the other: it cannot serve two at the same time.
///
/// @param c a connection
/// @param address an IPv4 or IPv6 address of this machine, NUL-terminated; NULL or "" for
/// whichever fits. Addresses of the other family are not tried then.
/// @param port 1 to 65535; 0 for any
/// @return HC_OK; HC_ERR_INVALID_ARG for an address or port that is none; HC_ERR_PENDING. One
/// that cannot be used is found out when connecting: HC_ERR_CONNECT. Python: source_address.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `address` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_source_address(
    c: *mut hc_conn,
    address: *const c_char,
    port: i32,
) -> hc_status {
    let text = if address.is_null() {
        Ok(&b""[..])
    } else {
        // SAFETY: the caller's promise.
        unsafe { args::text(address) }
    };
    let set = |core: &mut Connection| {
        let address = match text? {
            b"" => None,
            text => {
                let parsed = core::str::from_utf8(text).ok().and_then(|t| t.parse().ok());
                Some(parsed.ok_or_else(|| unknown("the source address is no IP address"))?)
            }
        };
        let port = u16::try_from(port).map_err(|_| unknown("the source port is no port"))?;
        let any = address.is_none() && port == 0;
        let text = address
            .map(|a: core::net::IpAddr| a.to_string())
            .unwrap_or_default();
        let source = Source {
            address,
            port,
            text: std::ffi::CString::new(text).unwrap_or_default(),
        };
        core.change_dialing(|d| d.source = (!any).then_some(source))
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, set) })
}

/// The near end of the connections to come: the address.
///
/// @param c a connection
/// @return it as text; "" when the system chooses; NULL for a bad handle. Lifetime: next-call.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_source_address(c: *const hc_conn) -> *const c_char {
    let show = |core: &Connection| {
        let source = core.dialing().and_then(|d| d.source.as_ref());
        source.map_or(c"".as_ptr(), |s| s.text.as_ptr())
    };
    // SAFETY: the caller's promise.
    unsafe { peek(c, |_| core::ptr::null(), show) }
}

/// The near end of the connections to come: the port.
///
/// @param c a connection
/// @return 1 to 65535; 0 when the system chooses; an hc_status below 0 for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_source_port(c: *const hc_conn) -> i32 {
    let show = |core: &Connection| {
        let source = core.dialing().and_then(|d| d.source.as_ref());
        source.map_or(0, |s| i32::from(s.port))
    };
    // SAFETY: the caller's promise.
    unsafe { peek(c, |code| code as i32, show) }
}
