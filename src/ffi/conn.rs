//! The life of a connection.

use core::ffi::{c_char, c_void};

use super::args::{self, Out, done, status};
use super::barrier::{self, enter, hc_conn};
use crate::client::connection::Connection;
use crate::error::{Code, Error, hc_status};
use crate::net::tcp::Tcp;
use crate::sys::socket;

/// Makes a connection handle for a host. Nothing happens on the network yet.
///
/// @param host a name, an IPv4 address or an IPv6 address, optionally with ":port" after it
/// (IPv6 in brackets then); ASCII only. An IPv6 zone ("fe80::1%eth0") is used to connect and
/// never sent.
/// @param port 1 to 65535; 0 takes the one in `host`, or else 80
/// @param out receives the handle; NULL on failure
/// @return HC_OK; HC_ERR_INVALID_URL for a host or port that cannot be used;
/// HC_ERR_INVALID_ARG for NULL. Ownership: free it with hc_free. Python: HTTPConnection(host,
/// port).
///
/// # Safety
/// `host` is a NUL-terminated string and `out` is valid; either may be NULL, which is refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_new(
    host: *const c_char,
    port: i32,
    out: *mut *mut hc_conn,
) -> hc_status {
    // SAFETY: the caller's promise; a NUL-terminated string is a counted one.
    unsafe { hc_new_n(host, args::HC_ZSTR, port, out) }
}

/// The same as hc_new, for a host whose length is given.
///
/// @param host as for hc_new, without a NUL
/// @param host_len its length in bytes, or HC_ZSTR
/// @param port as for hc_new
/// @param out receives the handle; NULL on failure
/// @return as hc_new
///
/// # Safety
/// `host` is valid for `host_len` bytes and `out` is valid; either may be NULL, which is
/// refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_new_n(
    host: *const c_char,
    host_len: usize,
    port: i32,
    out: *mut *mut hc_conn,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(core::ptr::null_mut());
    // SAFETY: the caller's promise.
    let made =
        unsafe { args::counted(host, host_len) }.and_then(|host| Connection::new(host, port));
    match made {
        Ok(core) => {
            out.set(hc_conn::into_raw(core));
            Code::HC_OK
        }
        Err(e) => e.code,
    }
}

/// Frees a connection handle. An open connection is closed, unless a response is still being
/// read on it: that reads on to its end, and closes the connection then. Inside a callback
/// from this very handle the freeing is put off until the outer call ends.
///
/// @param c a connection, or NULL
///
/// # Safety
/// `c` is NULL or a handle that has not been freed, and no other thread is using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_free(c: *mut hc_conn) {
    if !c.is_null() {
        // SAFETY: the caller's promise.
        unsafe { barrier::free_conn(c) };
    }
}

/// Opens the connection. hc_request and hc_endheaders do it by themselves (see
/// hc_set_auto_open); this is for programs that want to know earlier.
///
/// Every address of the name is tried in turn, until HC_TIMEOUT_CONNECT has passed; what each
/// of them said stands in the error record. Blocking: may wait, or return HC_WANT_READ or
/// HC_WANT_WRITE in non-blocking mode.
///
/// @param c a connection
/// @return HC_OK; HC_ERR_ALREADY_CONNECTED; HC_ERR_RESOLVE; HC_ERR_CONNECT; HC_ERR_TIMEOUT;
/// HC_ERR_NOT_CONNECTED when the transport that was set has been used up; HC_ERR_PENDING.
/// Python: HTTPConnection.connect.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_connect(c: *mut hc_conn) -> hc_status {
    // SAFETY: the caller's promise.
    status(unsafe { enter(c, Connection::connect) })
}

/// Closes the connection, and with it its unread response, whose reading says HC_ERR_CLOSED
/// from then on. A response that took its connection along (hr_will_close) is not touched. A
/// request that was being built is dropped. Legal in every state; the handle can be used
/// again at once. Python: HTTPConnection.close.
///
/// @param c a connection
/// @return HC_OK
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_close(c: *mut hc_conn) -> hc_status {
    let close = |core: &mut Connection| {
        core.close();
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, close) })
}

/// Closes this process's descriptor without a byte on the wire, for a connection that another
/// process goes on using: the one call besides hc_free that a forked child can make with a
/// handle of its parent.
///
/// @param c a connection
/// @return HC_OK; HC_ERR_BUSY when a thread of the parent was inside the handle at the fork
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_abandon(c: *mut hc_conn) -> hc_status {
    // SAFETY: the caller's promise.
    done(unsafe { barrier::abandon(c) })
}

/// Makes a connected stream socket the connection: one from socketpair(2), from accept(2), from
/// a proxy protocol of the program's own. Its O_NONBLOCK flag may be changed. When it has
/// ended, the next connection is made to the host and port of the handle, as usual (see
/// hc_set_auto_open).
///
/// @param c a connection that is not open
/// @param fd a connected stream socket
/// @return HC_OK, and the library will close it; HC_ERR_INVALID_ARG when it is no stream
/// socket; HC_ERR_ALREADY_CONNECTED; HC_ERR_PENDING. Ownership: taken on HC_OK only. Python:
/// assigning to HTTPConnection.sock; FakeSocket.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `fd` is the caller's to give away.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_adopt_fd(c: *mut hc_conn, fd: i32) -> hc_status {
    let adopt = |core: &mut Connection| {
        core.check_unconnected()?;
        socket::check_stream_socket(fd)
            .map_err(|e| Error::os(Code::HC_ERR_INVALID_ARG, e, "hc_adopt_fd"))?;
        // SAFETY: the caller gives it away, and the checks that could refuse are done.
        let fd = unsafe { socket::take_over(fd) };
        core.adopt(Box::new(Tcp::adopted(fd)))
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, adopt) })
}

/// The host that was given to hc_new, without port and brackets.
///
/// @param c a connection
/// @return a NUL-terminated name, NULL for a bad handle. Lifetime: handle. Python:
/// HTTPConnection.host.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_host(c: *const hc_conn) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { barrier::handle(c) }.map_or(core::ptr::null(), |c| c.host.as_ptr())
}

/// The port that connections go to.
///
/// @param c a connection
/// @return 1 to 65535; an hc_status below 0 for a bad handle. Python: HTTPConnection.port.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_port(c: *const hc_conn) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { barrier::handle(c) }.map_or_else(|code| code as i32, |c| c.port)
}

/// The descriptor of the open connection, or of the connection being made.
///
/// @param c a connection
/// @return a descriptor that remains the library's; -1 when there is none
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_fileno(c: *const hc_conn) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { barrier::peek(c, |_| -1, |core| core.fd().unwrap_or(-1)) }
}

/// Told of an interim (1xx) response, inside the call that reads it. 101 is no interim
/// response. The fields are valid during the callback, which must not call back into the
/// connection (HC_ERR_BUSY), nor leave by longjmp or an exception.
pub type hc_interim_fn = Option<
    unsafe extern "C" fn(
        status: i32,
        headers: *const super::types::hc_header,
        count: usize,
        user: *mut c_void,
    ),
>;

/// Sets who is told of interim responses. They are read, counted (HC_LIMIT_INTERIM) and
/// dropped with or without a callback.
///
/// @param c a connection
/// @param fn the callback; NULL for none
/// @param user given to it; must stay valid as long as it is set
/// @return HC_OK
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `fn` can be called with `user` until it is
/// replaced or the handle is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_interim_callback(
    c: *mut hc_conn,
    r#fn: hc_interim_fn,
    user: *mut c_void,
) -> hc_status {
    let hook = r#fn.map(|callback| super::transport::interim_hook(callback, user));
    let set = |core: &mut Connection| {
        core.set_interim_hook(hook);
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, set) })
}
