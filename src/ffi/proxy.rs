//! Proxies: which one connections go through, and what it is told.

use core::ffi::{CStr, c_char};
use core::ptr;
use std::ffi::CString;

use super::args::{self, Out, done, unknown};
use super::barrier::{self, enter, hc_conn};
use super::body::with_fields;
use super::types::hc_header;
use crate::client::connection::Connection;
use crate::error::{Code, Result, hc_status};
use crate::proto::basic::{self, Credentials};
use crate::proto::proxy::Proxy;

/// What the getters show of a proxy.
#[derive(Default)]
pub(super) struct Shown {
    place: Option<CString>,
    user: Option<CString>,
}

impl Shown {
    pub(super) fn of(core: &Connection) -> Result<Self> {
        let proxy = core.config().and_then(|c| c.proxy.as_deref());
        let terminated = |text: Vec<u8>| {
            CString::new(text).map_err(|_| unknown("a NUL stands where none can be"))
        };
        let user = proxy.and_then(Proxy::credentials).map(|c| c.user.clone());
        Ok(Self {
            place: proxy.map(|p| terminated(p.place().into())).transpose()?,
            user: user.map(terminated).transpose()?,
        })
    }
}

/// Changes the proxy, and what is shown of it.
///
/// # Safety
/// As for [`enter`].
pub(super) unsafe fn change(
    c: *mut hc_conn,
    set: impl FnOnce(&mut Connection) -> Result<()>,
) -> hc_status {
    let set = |core: &mut Connection| {
        set(core)?;
        Shown::of(core)
    };
    // SAFETY: forwarded to the caller.
    match unsafe { enter(c, set) } {
        Ok(shown) => {
            // SAFETY: the barrier has just taken the pointer for a live handle.
            if let Some(conn) = unsafe { c.as_mut() } {
                conn.rare_mut().proxy = shown;
            }
            Code::HC_OK
        }
        Err(code) => code,
    }
}

/// Leads the connections to come through a proxy. The host of the handle stays the origin: the
/// Host field names it, and a certificate has to. Which way it goes:
///
/// - http:// and an origin without TLS: the proxy is sent the requests themselves and forwards
///   them. The library turns their targets into the absolute form ("GET http://host/path") and
///   adds what the proxy alone is told; the proxy takes that out. What the proxy itself has to
///   say (407, 502) comes as the response. See hc_set_proxy_tunnel for another way.
/// - http:// and an origin with TLS: through a tunnel, made with CONNECT when the connection is
///   opened. A proxy that makes none gives HC_ERR_PROXY: see hc_get_proxy_response.
/// - https://: the same two over a connection to the proxy that is TLS itself: see
///   hc_set_proxy_tls.
/// - socks5h:// and socks5://: SOCKS 5. The proxy resolves the name in both cases.
/// - socks4a://: SOCKS 4A; the same, without IPv6 addresses and without passwords.
///
/// User and password may stand in the URL, percent-encoded: "http://user:p%40ss@proxy:3128". A
/// new proxy has none of the credentials and headers of the old one. A program that owns the
/// wire (hc_set_sansio) opens the way itself: hc_tunnel_head has the CONNECT request.
///
/// @param c a connection that is not open, in HC_STATE_IDLE
/// @param url the proxy: only the host is needed, "http" and the port of the scheme (80, 443,
/// 1080) are the defaults; NUL-terminated. NULL for no proxy.
/// @return HC_OK; HC_ERR_INVALID_URL; HC_ERR_INVALID_ARG for credentials that this kind of
/// proxy cannot be told; HC_ERR_UNSUPPORTED beside hc_set_tunnel; HC_ERR_ALREADY_CONNECTED;
/// HC_ERR_CANNOT_SEND_REQUEST while a request is under way; HC_ERR_PENDING; HC_ERR_NOMEM. A
/// refused call changes nothing.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `url` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_proxy(c: *mut hc_conn, url: *const c_char) -> hc_status {
    let url = (!url.is_null()).then(|| {
        // SAFETY: the caller's promise.
        unsafe { args::text(url) }
    });
    let set = |core: &mut Connection| {
        let proxy = url.transpose()?.map(Proxy::parse).transpose()?;
        core.set_proxy(proxy)
    };
    // SAFETY: the caller's promise.
    unsafe { change(c, set) }
}

/// The proxy, without credentials: it can be shown.
///
/// @param c a connection
/// @return "scheme://host:port", NUL-terminated; NULL when there is none, and for a bad handle.
/// Lifetime: handle, or until hc_set_proxy, hc_set_proxy_auth or hc_proxy_from_env.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_proxy(c: *const hc_conn) -> *const c_char {
    // SAFETY: the caller's promise.
    let conn = unsafe { barrier::handle(c) };
    let shown = conn.ok().and_then(|c| c.rare()?.proxy.place.as_deref());
    shown.map_or(ptr::null(), CStr::as_ptr)
}

/// Tells the proxy who asks. An HTTP proxy gets Basic credentials (RFC 7617), from the first
/// request on; SOCKS 5 gets user and password if it asks for them (RFC 1929); SOCKS 4A gets the
/// user. The origin never sees them, and the proxy never sees an Authorization field that goes
/// through a tunnel.
///
/// @param c a connection with a proxy, as for hc_set_proxy
/// @param user who; NUL-terminated; NULL for nobody
/// @param password NUL-terminated; NULL for an empty one
/// @return HC_OK; HC_ERR_INVALID_ARG without a proxy, and for what this kind of proxy cannot be
/// told: ':' in the user or control characters for Basic, more than 255 bytes of either for
/// SOCKS 5, a password for SOCKS 4A; otherwise as hc_set_proxy. A refused call changes nothing.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; the others are NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_proxy_auth(
    c: *mut hc_conn,
    user: *const c_char,
    password: *const c_char,
) -> hc_status {
    // SAFETY: the caller's promise.
    let set = |core: &mut Connection| core.set_proxy_credentials(unsafe { who(user, password) }?);
    // SAFETY: the caller's promise.
    unsafe { change(c, set) }
}

/// # Safety
/// Both are NULL or NUL-terminated.
unsafe fn who(user: *const c_char, password: *const c_char) -> Result<Option<Credentials>> {
    if user.is_null() {
        return Ok(None);
    }
    // SAFETY: forwarded to the caller.
    let user = unsafe { args::text(user) }?;
    let password = if password.is_null() {
        &[][..]
    } else {
        // SAFETY: forwarded to the caller.
        unsafe { args::text(password) }?
    };
    Credentials::new(user, password).map(Some)
}

/// Who the proxy is told is asking. The password is not shown.
///
/// @param c a connection
/// @return a NUL-terminated user; NULL for nobody, and for a bad handle. Lifetime: handle, or
/// until hc_set_proxy, hc_set_proxy_auth or hc_proxy_from_env.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_proxy_user(c: *const hc_conn) -> *const c_char {
    // SAFETY: the caller's promise.
    let conn = unsafe { barrier::handle(c) };
    let shown = conn.ok().and_then(|c| c.rare()?.proxy.user.as_deref());
    shown.map_or(ptr::null(), CStr::as_ptr)
}

/// Sends an HTTP proxy further fields: in the CONNECT request, or with every request that it
/// forwards. In every profile they are checked as HC_PROFILE_SAFE does. A Proxy-Authorization
/// among them takes the place of the one made from user and password. Mind that a proxy which
/// forwards requests passes on every field that it does not know.
///
/// @param c a connection with a proxy, as for hc_set_proxy
/// @param headers the fields, in place of those set before; NULL for none
/// @param count how many
/// @return HC_OK; HC_ERR_INVALID_ARG without a proxy, for a field that cannot be sent, and for
/// Host, Content-Length, Transfer-Encoding, Trailer, Expect, Upgrade, Authorization and Cookie,
/// which belong to the request; HC_ERR_UNSUPPORTED for a SOCKS proxy; otherwise as
/// hc_set_proxy. A refused call changes nothing.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `headers` is valid for `count` fields.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_proxy_headers(
    c: *mut hc_conn,
    headers: *const hc_header,
    count: usize,
) -> hc_status {
    let set = |core: &mut Connection| {
        // SAFETY: the caller's promise.
        unsafe {
            with_fields(headers, count, |fields| {
                let field = |i| (fields.get)(i).map(|f| (f.name, f.value));
                core.set_proxy_fields(fields.count, &field)
            })
        }
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, set) })
}

/// A field that the proxy is sent beside those that the library makes.
///
/// @param c a connection
/// @param index from 0 on
/// @param out receives the field; all NULL and 0 on failure. Lifetime: handle, or until
/// hc_set_proxy, hc_set_proxy_headers or hc_proxy_from_env.
/// @return HC_OK; HC_ERR_INVALID_ARG for an index too large, or NULL; HC_ERR_BUSY;
/// HC_ERR_FORKED
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_proxy_header_at(
    c: *const hc_conn,
    index: usize,
    out: *mut hc_header,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(hc_header {
        name: ptr::null(),
        name_len: 0,
        value: ptr::null(),
        value_len: 0,
    });
    let show = |core: &mut Connection| {
        let proxy = core.config().and_then(|c| c.proxy.as_deref());
        let field = proxy.and_then(|p| p.fields().get(index));
        let (name, value) = field.ok_or_else(|| unknown("there is no field at this index"))?;
        out.set(hc_header {
            name: name.as_ptr(),
            name_len: name.count_bytes(),
            value: value.as_ptr(),
            value_len: value.count_bytes(),
        });
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, show) })
}

/// Leads even requests to an origin without TLS through a tunnel, so that the proxy sees host
/// and port but no request. Not every proxy allows it to port 80.
///
/// @param c a connection with a proxy, as for hc_set_proxy
/// @param on 1 for always, 0 for where TLS needs it, which is the default
/// @return HC_OK; HC_ERR_INVALID_ARG without a proxy, or for another number;
/// HC_ERR_UNSUPPORTED for a SOCKS proxy; otherwise as hc_set_proxy. A refused call changes
/// nothing.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_proxy_tunnel(c: *mut hc_conn, on: i32) -> hc_status {
    let set = |core: &mut Connection| match on {
        0 | 1 => core.set_proxy_tunnel(on == 1),
        _ => Err(unknown("neither 0 nor 1")),
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, set) })
}

/// Does every request go through a tunnel?
///
/// @param c a connection
/// @return 1 or 0; HC_ERR_INVALID_ARG, HC_ERR_BUSY, HC_ERR_FORKED or HC_ERR_INTERNAL, all below
/// 0, when the handle cannot be asked
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_proxy_tunnel(c: *const hc_conn) -> i32 {
    let show = |core: &Connection| {
        let proxy = core.config().and_then(|c| c.proxy.as_deref());
        i32::from(proxy.is_some_and(|p| p.always_tunnel))
    };
    // SAFETY: the caller's promise.
    unsafe { barrier::peek(c, |code| code as i32, show) }
}

/// Makes the value of an Authorization field for Basic authentication (RFC 7617), written to
/// the caller's buffer with a NUL behind it. For the proxy of a handle, hc_set_proxy_auth does
/// all of it.
///
/// @param user NUL-terminated, without ':'
/// @param password NUL-terminated; NULL for an empty one
/// @param buf receives "Basic ..."; may be NULL if `cap` is 0
/// @param cap bytes that `buf` has room for, the NUL included
/// @param len receives the length without the NUL, also when it does not fit
/// @return HC_OK; HC_ERR_TOO_LARGE when it does not fit: then nothing is written to `buf`;
/// HC_ERR_INVALID_ARG for NULL, ':' in the user and control characters in either; HC_ERR_NOMEM
///
/// # Safety
/// `user` and `password` are NUL-terminated or NULL; `buf` is valid for `cap` bytes; `len` is
/// valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_basic_auth(
    user: *const c_char,
    password: *const c_char,
    buf: *mut c_char,
    cap: usize,
    len: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let len = match unsafe { Out::new(len) } {
        Ok(len) => len,
        Err(code) => return code,
    };
    len.set(0);
    // SAFETY: the caller's promise.
    let buf = unsafe { args::bytes_mut(buf.cast(), cap) };
    // SAFETY: the caller's promise.
    let who = unsafe { who(user, password) };
    let (buf, who) = match (buf, who) {
        (Ok(buf), Ok(Some(who))) => (buf, who),
        (Err(e), _) | (_, Err(e)) => return e.code,
        (Ok(_), Ok(None)) => return Code::HC_ERR_INVALID_ARG,
    };
    let value = match basic::basic(&who) {
        Ok(value) => value,
        Err(e) => return e.code,
    };
    len.set(value.len());
    let Some((room, [end, ..])) = buf.split_at_mut_checked(value.len()) else {
        return Code::HC_ERR_TOO_LARGE;
    };
    room.copy_from_slice(&value);
    *end = 0;
    Code::HC_OK
}
