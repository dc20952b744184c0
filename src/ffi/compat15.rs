//! The interface of Python 1.5's httplib, over a connection and its last response: the handle.

use core::ffi::c_char;
use core::ptr;
use std::ffi::CString;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::args::{Out, done, text};
use super::barrier::{enter, hc_conn};
use super::conn::{hc_close, hc_connect, hc_free};
use super::debug15::Debug;
use super::message::{hm_free, hm_message};
use super::stdio::Kept;
use super::target::hc_set_target;
use super::types::HC_ZSTR;
use crate::client::config::HTTP_PORT;
use crate::client::connection::Connection;
use crate::error::{Code, Error, Result, hc_status};
use crate::net::tls::TlsConfig;
use crate::proto::Profile;
use crate::proto::hostport::HostPort;
use crate::sys::stdio::FILE;

const MAGIC: u32 = 0x6863_3135;

/// Python 1.5's way to make a request: connect, putrequest, putheader, endheaders, send,
/// getreply, getfile. Opaque to C; made by hc15_new, freed by hc15_free. It speaks HTTP/1.0,
/// adds no fields by itself, and takes an HTTP/0.9 answer. The connection inside (hc15_conn)
/// has all the options and the error record. It belongs to one thread at a time and may move.
pub struct hc15_http {
    magic: u32,
    pub(super) conn: *mut hc_conn,
    kept: Mutex<Keep>,
}

/// What the pointers that were given out point to.
#[derive(Default)]
pub(super) struct Keep {
    pub(super) response: Option<Arc<Kept>>,
    pub(super) headers: Headers,
    /// In place of a reason, when the answer had none.
    pub(super) bad_line: CString,
    debug: Debug,
}

pub(super) struct Headers(pub(super) *mut hm_message);

impl Default for Headers {
    fn default() -> Self {
        Self(ptr::null_mut())
    }
}

impl Drop for Headers {
    fn drop(&mut self) {
        // SAFETY: hm_from_response made it, or it is NULL.
        unsafe { hm_free(self.0) };
    }
}

// SAFETY: the connection has a gate, and the rest stands behind a lock.
unsafe impl Send for hc15_http {}
// SAFETY: as above.
unsafe impl Sync for hc15_http {}

impl Drop for hc15_http {
    fn drop(&mut self) {
        self.magic = 0;
        // SAFETY: hc15_new made it, and nobody else frees it.
        unsafe { hc_free(self.conn) };
    }
}

impl hc15_http {
    /// Never held while something waits.
    pub(super) fn kept(&self) -> MutexGuard<'_, Keep> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn debug(&self) -> Debug {
        self.kept().debug
    }

    /// Forgets the last answer; the lock is open again when it is freed.
    pub(super) fn forget(&self) {
        let mut kept = self.kept();
        let gone = (kept.response.take(), core::mem::take(&mut kept.headers));
        kept.bad_line = CString::default();
        drop(kept);
        drop(gone);
    }
}

/// The handle behind a pointer from C, held on to: a callback may free it inside a call.
///
/// # Safety
/// `h` is NULL or a handle from hc15_new that has not been freed.
pub(super) unsafe fn hold(h: *const hc15_http) -> core::result::Result<Arc<hc15_http>, Code> {
    // SAFETY: forwarded to the caller.
    let known = unsafe { h.as_ref() }.is_some_and(|http| http.magic == MAGIC);
    if !known {
        return Err(Code::HC_ERR_INVALID_ARG);
    }
    // SAFETY: hc15_new made it with Arc::into_raw, and the program's share is still there.
    unsafe { Arc::increment_strong_count(h) };
    // SAFETY: the share that was just made.
    Ok(unsafe { Arc::from_raw(h) })
}

/// Makes a handle. Nothing happens on the network yet. The connection opens by itself with
/// hc15_endheaders once there is a host. The same over TLS is hc15_new_tls.
///
/// @param host as for hc_new; NULL or "" when hc15_connect will say it
/// @param port 1 to 65535; 0 takes the one in `host`, or else 80
/// @param out receives the handle; NULL on failure
/// @return HC_OK; HC_ERR_INVALID_URL; HC_ERR_INVALID_ARG. Ownership: free it with hc15_free.
/// Python: httplib.HTTP(host, port); strict=1 is hc_set_lenient(hc15_conn(h), 0).
///
/// # Safety
/// `host` is NUL-terminated or NULL; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc15_new(
    host: *const c_char,
    port: i32,
    out: *mut *mut hc15_http,
) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { make(host, port, None, out) }
}

/// Makes a handle for a host that is reached by `tls`, if that is given.
///
/// # Safety
/// As for [`hc15_new`].
pub(super) unsafe fn make(
    host: *const c_char,
    port: i32,
    tls: Option<Arc<TlsConfig>>,
    out: *mut *mut hc15_http,
) -> hc_status {
    // SAFETY: forwarded to the caller.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(ptr::null_mut());
    // SAFETY: forwarded to the caller.
    match unsafe { given(host) }.and_then(|host| new_core(host, port, tls)) {
        Ok(core) => {
            let http = Arc::new(hc15_http {
                magic: MAGIC,
                conn: hc_conn::into_raw(core),
                kept: Mutex::default(),
            });
            out.set(Arc::into_raw(http).cast_mut());
            Code::HC_OK
        }
        Err(e) => e.code,
    }
}

/// A host, if one is given.
///
/// # Safety
/// `host` is NUL-terminated or NULL.
unsafe fn given<'a>(host: *const c_char) -> Result<Option<&'a [u8]>> {
    if host.is_null() {
        return Ok(None);
    }
    // SAFETY: forwarded to the caller.
    let host = unsafe { text(host) }?;
    Ok((!host.is_empty()).then_some(host))
}

fn new_core(host: Option<&[u8]>, port: i32, tls: Option<Arc<TlsConfig>>) -> Result<Connection> {
    let name = host.unwrap_or(b"unknown");
    let mut core = match tls {
        Some(tls) => Connection::new_tls(name, port, tls)?,
        None => Connection::new(name, port)?,
    };
    core.tuning_mut().profile = Profile::HTTP09;
    if let Some(config) = core.config_mut() {
        config.http_version = 10;
        if host.is_none() {
            config.target.host.clear();
            config.name_host();
            // There is nowhere to connect to.
            config.auto_open = false;
        }
    }
    Ok(core)
}

/// Frees a handle. Streams of hc15_getfile are not touched: they read on.
///
/// @param h a handle, or NULL
///
/// # Safety
/// `h` is NULL or a handle that has not been freed, and no other thread is using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc15_free(h: *mut hc15_http) {
    // SAFETY: the caller's promise.
    if let Ok(http) = unsafe { hold(h) } {
        // SAFETY: the program gives up its share; `http` is another one.
        unsafe { Arc::decrement_strong_count(h) };
        drop(http);
    }
}

/// The connection inside, for its options (timeouts, limits, leniencies, hc_set_auto_open),
/// for hc_adopt_fd, hc_last_error and hc_state. Requests and responses are better left to the
/// hc15_ calls.
///
/// @param h a handle
/// @return the connection, which remains the handle's and lives as long: hc_free is not for
/// it; NULL for a bad handle. Python: HTTP._conn.
///
/// # Safety
/// `h` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc15_conn(h: *const hc15_http) -> *mut hc_conn {
    // SAFETY: the caller's promise.
    unsafe { hold(h) }.map_or(ptr::null_mut(), |http| http.conn)
}

/// Opens the connection, to another host if one is given. Unlike Python, which drops a
/// connection that is open without closing it, this refuses when there is one. Another host is
/// hc_set_target's: what hc_host gave out before is gone then. Blocking: as hc_connect.
///
/// @param h a handle
/// @param host as for hc_new; NULL or "" for the host and port that the handle has
/// @param port with a host: as for hc_new; otherwise not looked at
/// @return HC_OK; HC_ERR_NOT_CONNECTED when there is no host; HC_ERR_INVALID_URL; the errors
/// of hc_connect. A refused call changes nothing. Python: HTTP.connect.
///
/// # Safety
/// `h` is NULL or a handle that has not been freed; `host` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc15_connect(
    h: *mut hc15_http,
    host: *const c_char,
    port: i32,
) -> hc_status {
    // SAFETY: the caller's promise.
    let http = match unsafe { hold(h) } {
        Ok(http) => http,
        Err(code) => return code,
    };
    // SAFETY: the caller's promise.
    let name = unsafe { given(host) };
    // SAFETY: the handle lives as long as `http`.
    let set = match unsafe { enter(http.conn, |core| is_another(core, name?, port)) } {
        // SAFETY: as above, and the caller's promise.
        Ok(Some(default)) => unsafe {
            hc_set_target(http.conn, host, HC_ZSTR, port, default.into(), 0)
        },
        Ok(None) => Code::HC_OK,
        Err(code) => code,
    };
    if set != Code::HC_OK {
        return set;
    }
    // SAFETY: as above.
    unsafe { hc_connect(http.conn) }
}

/// Does the connection go to another host from now on? It may, if there is none yet. Gives the
/// port that it has by default.
fn is_another(core: &mut Connection, host: Option<&[u8]>, port: i32) -> Result<Option<u16>> {
    let default = core
        .config()
        .map_or(HTTP_PORT, |config| config.default_port);
    let known = core.config().map(|config| config.target.clone());
    let is_known = known.as_ref().is_some_and(|known| !known.host.is_empty());
    let Some(host) = host else {
        if !is_known {
            core.check_unconnected()?;
            return Err(Error::new(
                Code::HC_ERR_NOT_CONNECTED,
                "no host was given to connect to",
            ));
        }
        return Ok(None);
    };
    if known == Some(HostPort::parse(host, port, default)?) {
        // This may be a call that is made again because it could not wait.
        return Ok(None);
    }
    core.check_unconnected()?;
    if let Some(config) = core.config_mut() {
        config.auto_open |= !is_known;
    }
    Ok(Some(default))
}

/// Shows what is sent and what the answers' heads say, in Python's words: lines "send:",
/// "reply:" and "header:". Python prints them; this library prints nothing, so the program says
/// where to.
///
/// @param h a handle
/// @param level 0 or less: nothing (the default); above: all of it
/// @param stream a stream to write to, which remains the program's and must stay open as long
/// as it is set; NULL for nothing
/// @return HC_OK; HC_ERR_INVALID_ARG. Python: HTTP.set_debuglevel.
///
/// # Safety
/// `h` is NULL or a handle that has not been freed; `stream` is open or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc15_set_debuglevel(
    h: *mut hc15_http,
    level: i32,
    stream: *mut FILE,
) -> hc_status {
    // SAFETY: the caller's promise.
    let set = unsafe { hold(h) }.map(|http| {
        // SAFETY: the caller's promise.
        http.kept().debug = unsafe { Debug::to(level, stream) };
    });
    done(set)
}

/// Closes the connection and forgets the last answer. A request that was being built is
/// dropped.
///
/// @param h a handle
/// @return HC_OK. Python: HTTP.close.
///
/// # Safety
/// `h` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc15_close(h: *mut hc15_http) -> hc_status {
    // SAFETY: the caller's promise.
    let http = match unsafe { hold(h) } {
        Ok(http) => http,
        Err(code) => return code,
    };
    // SAFETY: the connection lives as long as `http`.
    let status = unsafe { hc_close(http.conn) };
    if status == Code::HC_OK {
        http.forget();
    }
    status
}
