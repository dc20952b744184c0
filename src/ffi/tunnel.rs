//! Tunnels through a proxy.

use core::ffi::{c_char, c_void};
use core::ptr;

use super::args::{self, Out, done};
use super::barrier::{self, enter, hc_conn};
use super::body::with_fields;
use super::response::{handle, hr_response};
use super::types::hc_header;
use crate::client::connection::Connection;
use crate::error::{Code, hc_status};
use crate::proto::hostport::HostPort;
use crate::proto::tunnel::Tunnel;

/// Makes the host of the handle a proxy, through which the connections to come lead to another
/// host: the Host field names that one. The tunnel is made by whatever opens the connection,
/// with a CONNECT request. A program without a socket (hc_set_sansio) makes it itself, with
/// hc_tunnel_head and hc_tunnel_answer.
///
/// @param c a connection that is not open
/// @param host the far end, as for hc_new; NULL for no tunnel
/// @param host_len its length in bytes, or HC_ZSTR
/// @param port 1 to 65535; 0 takes the one in `host`, or else the default port of the handle
/// @param headers fields for the proxy, and for nobody else; NULL for none. In every profile
/// they are checked as HC_PROFILE_SAFE does.
/// @param count how many
/// @return HC_OK; HC_ERR_ALREADY_CONNECTED; HC_ERR_INVALID_URL; HC_ERR_INVALID_ARG;
/// HC_ERR_PENDING; HC_ERR_NOMEM. A refused call changes nothing. Python:
/// HTTPConnection.set_tunnel.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `host` is valid for its length; `headers` is
/// valid for `count` fields.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_tunnel(
    c: *mut hc_conn,
    host: *const c_char,
    host_len: usize,
    port: i32,
    headers: *const hc_header,
    count: usize,
) -> hc_status {
    let far_end = (!host.is_null()).then(|| {
        // SAFETY: the caller's promise.
        unsafe { args::counted(host, host_len) }
    });
    let set = |core: &mut Connection| {
        let Some(host) = far_end else {
            core.set_tunnel(None)?;
            return Ok(None);
        };
        let default_port = core.config().map_or(80, |c| c.default_port);
        let target = HostPort::parse(host?, port, default_port)?;
        let shown = (target.host.clone(), target.port);
        // SAFETY: the caller's promise.
        let tunnel = unsafe {
            with_fields(headers, count, |fields| {
                let field = |i| (fields.get)(i).map(|f| (f.name, f.value));
                Tunnel::new(target, fields.count, &field)
            })
        }?;
        core.set_tunnel(Some(tunnel))?;
        Ok(Some(shown))
    };
    // SAFETY: the caller's promise.
    match unsafe { enter(c, set) } {
        Ok(shown) => {
            // SAFETY: the barrier has just taken the pointer for a live handle.
            if let Some(conn) = unsafe { c.as_mut() } {
                conn.rare_mut().tunnel = shown.map(|(host, port)| {
                    let host = std::ffi::CString::new(host).unwrap_or_default();
                    (host, i32::from(port))
                });
            }
            Code::HC_OK
        }
        Err(code) => code,
    }
}

/// The host at the far end of the tunnel, without port and brackets.
///
/// @param c a connection
/// @return a NUL-terminated name; NULL when there is no tunnel, and for a bad handle. Lifetime:
/// handle, or until hc_set_tunnel.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tunnel_host(c: *const hc_conn) -> *const c_char {
    // SAFETY: the caller's promise.
    let conn = unsafe { barrier::handle(c) };
    conn.ok()
        .and_then(|c| c.rare()?.tunnel.as_ref())
        .map_or(ptr::null(), |(host, _)| host.as_ptr())
}

/// The port at the far end of the tunnel.
///
/// @param c a connection
/// @return 1 to 65535; 0 when there is no tunnel; an hc_status below 0 for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tunnel_port(c: *const hc_conn) -> i32 {
    // SAFETY: the caller's promise.
    let conn = unsafe { barrier::handle(c) };
    conn.map_or_else(
        |code| code as i32,
        |c| {
            let tunnel = c.rare().and_then(|r| r.tunnel.as_ref());
            tunnel.map_or(0, |(_, port)| *port)
        },
    )
}

/// The head of the CONNECT request, for a program that owns the wire: to the tunnel of
/// hc_set_tunnel, or to the origin where hc_set_proxy needs one.
///
/// @param c a connection
/// @param data receives a pointer to the bytes; NULL when there is no tunnel. Lifetime: handle,
/// or until the next call of this function.
/// @param len receives how many there are
/// @return HC_OK, also when there is no tunnel; HC_ERR_INVALID_ARG; HC_ERR_INVALID_URL for an
/// unchecked host that cannot stand there; HC_ERR_NOMEM
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tunnel_head(
    c: *const hc_conn,
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
        let head = core.connect_head()?;
        if !head.is_empty() {
            data.set(head.as_ptr().cast());
            len.set(head.len());
        }
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, show) })
}

/// Judges the proxy's answer to CONNECT, which the program has read with a response that stands
/// alone (hr_new with the method "CONNECT", hr_begin).
///
/// @param c a connection with a tunnel
/// @param r the response
/// @return HC_OK: the tunnel is there; HC_ERR_PROXY: there is none, the program has to close its
/// wire, and the state is HC_STATE_IDLE; HC_ERR_RESPONSE_NOT_READY for a response that has not
/// begun; HC_ERR_INVALID_ARG. Python: OSError "Tunnel connection failed".
///
/// # Safety
/// Both are NULL or handles that have not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_tunnel_answer(c: *mut hc_conn, r: *const hr_response) -> hc_status {
    // SAFETY: the caller's promise.
    let Some(response) = (unsafe { handle(r) }) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    let head = response.head();
    if head.status == 0 {
        return Code::HC_ERR_RESPONSE_NOT_READY;
    }
    let judge = |core: &mut Connection| core.judge_tunnel(head.status, head.reason());
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, judge) })
}
