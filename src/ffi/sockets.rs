//! What sockets are told before they connect, and how long one address waits for another.

use core::ffi::{c_char, c_void};
use core::ptr;
use std::ffi::CString;

use super::args::{self, Out, done, unknown};
use super::barrier::{enter, hc_conn, peek};
use super::network::hc_destroy_fn;
use super::network_callbacks::{Given, SocketCallback};
use crate::client::connection::Connection;
use crate::error::{Code, hc_status};
use crate::net::dialing::LEAST_STAGGER_MS;
use crate::sys::options::{KeepAlive, LONGEST_INTERFACE};

/// Chooses how long an address waits for the one before it (RFC 8305, "happy eyeballs"). The
/// addresses of a name are tried in the order of the resolver, IPv4 and IPv6 taking turns; the
/// next one begins when one has failed or so much time has passed, the first that is connected
/// wins, and the others are closed. At most 16 are under way at once.
///
/// @param c a connection
/// @param ms 10 or more; the default is 250. 0 or -1: one after the other, each with all the time
/// that is left.
/// @return HC_OK; HC_ERR_INVALID_ARG for 1 to 9 and below -1; HC_ERR_PENDING
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_connect_stagger(c: *mut hc_conn, ms: i64) -> hc_status {
    let set = |core: &mut Connection| {
        if ms < -1 || (1..LEAST_STAGGER_MS).contains(&ms) {
            return Err(unknown("the stagger is less than 10 ms, and not 0 or -1"));
        }
        core.change_dialing(|d| d.stagger_ms = ms.max(0))
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, set) })
}

/// How long an address waits for the one before it.
///
/// @param c a connection
/// @return milliseconds; 0 for one after the other; an hc_status below 0 for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_connect_stagger(c: *const hc_conn) -> i64 {
    let show = |core: &Connection| core.dialing().map_or(0, |d| d.stagger_ms);
    // SAFETY: the caller's promise.
    unsafe { peek(c, |code| i64::from(code as i32), show) }
}

/// Chooses whether small segments leave at once (TCP_NODELAY), from the next connection on. What
/// belongs together is sent together anyhow; without it a small body that follows its head may
/// wait for the server's acknowledgement.
///
/// @param c a connection
/// @param on anything but 0: they do (the default); 0: the kernel may collect them
/// @return HC_OK; HC_ERR_PENDING
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_nodelay(c: *mut hc_conn, on: i32) -> hc_status {
    let set = |core: &mut Connection| core.change_dialing(|d| d.nodelay = on != 0);
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, set) })
}

/// Whether small segments leave at once.
///
/// @param c a connection
/// @return 1 or 0; an hc_status below 0 for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_nodelay(c: *const hc_conn) -> i32 {
    let show = |core: &Connection| i32::from(core.dialing().is_some_and(|d| d.nodelay));
    // SAFETY: the caller's promise.
    unsafe { peek(c, |code| code as i32, show) }
}

/// Has the kernel ask a silent server whether it still lives (SO_KEEPALIVE, TCP_KEEPIDLE,
/// TCP_KEEPINTVL, TCP_KEEPCNT), from the next connection on. A server that is gone without a
/// word is then noticed, also while a response is waited for without a timeout: HC_ERR_RECV with
/// ETIMEDOUT.
///
/// @param c a connection
/// @param idle_s seconds of silence before the first question, 1 to 32767; 0: the kernel never
/// asks (the default), and the others do not matter
/// @param interval_s seconds between questions, 1 to 32767; 0: as the kernel is set up
/// @param count questions without an answer that end the connection, 1 to 127; 0: as the kernel
/// is set up
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_PENDING
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_keepalive(
    c: *mut hc_conn,
    idle_s: i32,
    interval_s: i32,
    count: i32,
) -> hc_status {
    // The kernel's own limits.
    const MOST_S: i32 = 32767;
    const MOST_QUESTIONS: i32 = 127;
    let set = |core: &mut Connection| {
        let seconds = 0..=MOST_S;
        if !seconds.contains(&idle_s) || !seconds.contains(&interval_s) {
            return Err(unknown("the seconds are not between 0 and 32767"));
        }
        if !(0..=MOST_QUESTIONS).contains(&count) {
            return Err(unknown("the count is not between 0 and 127"));
        }
        let how = KeepAlive {
            idle_s,
            interval_s,
            count,
        };
        core.change_dialing(|d| d.keepalive = (idle_s > 0).then_some(how))
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, set) })
}

/// When the kernel asks a silent server whether it still lives.
///
/// @param c a connection
/// @param idle_s receives seconds of silence before the first question; 0 for never
/// @param interval_s receives seconds between questions; 0 for the kernel's figure
/// @param count receives how many questions; 0 for the kernel's figure
/// @return HC_OK; HC_ERR_INVALID_ARG
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_keepalive(
    c: *const hc_conn,
    idle_s: *mut i32,
    interval_s: *mut i32,
    count: *mut i32,
) -> hc_status {
    // SAFETY: the caller's promise.
    let idle = unsafe { Out::new(idle_s) };
    // SAFETY: the caller's promise.
    let interval = unsafe { Out::new(interval_s) };
    // SAFETY: the caller's promise.
    let questions = unsafe { Out::new(count) };
    let (Ok(idle), Ok(interval), Ok(questions)) = (idle, interval, questions) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    let show = |core: &mut Connection| {
        let how = core.dialing().and_then(|d| d.keepalive);
        idle.set(how.map_or(0, |k| k.idle_s));
        interval.set(how.map_or(0, |k| k.interval_s));
        questions.set(how.map_or(0, |k| k.count));
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, show) })
}

/// Binds the connections to come to a network interface (SO_BINDTODEVICE): nothing goes through
/// another, whatever the routes say. Names are still resolved as the system does it. Before
/// Linux 5.7 it takes CAP_NET_RAW.
///
/// @param c a connection
/// @param name "eth0", at most 15 bytes; NULL or "" for any
/// @return HC_OK; HC_ERR_INVALID_ARG for a name that is too long; HC_ERR_PENDING. Whether there
/// is such an interface is found out when connecting: HC_ERR_CONNECT with ENODEV.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `name` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_interface(c: *mut hc_conn, name: *const c_char) -> hc_status {
    let given = if name.is_null() {
        Ok(&b""[..])
    } else {
        // SAFETY: the caller's promise.
        unsafe { args::text(name) }
    };
    let set = |core: &mut Connection| {
        let given = given?;
        if given.len() > LONGEST_INTERFACE {
            return Err(unknown("the name of an interface has at most 15 bytes"));
        }
        let name = CString::new(given).ok().filter(|name| !name.is_empty());
        core.change_dialing(|d| d.interface = name)
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, set) })
}

/// The interface that connections are bound to.
///
/// @param c a connection
/// @return its name; "" for any; NULL for a bad handle. Lifetime: next-call.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_interface(c: *const hc_conn) -> *const c_char {
    let show = |core: &Connection| {
        let name = core.dialing().and_then(|d| d.interface.as_ref());
        name.map_or(c"".as_ptr(), |name| name.as_ptr())
    };
    // SAFETY: the caller's promise.
    unsafe { peek(c, |_| ptr::null(), show) }
}

/// Shown each new socket, after the library has set its options and before it binds and
/// connects: for what setsockopt(2) can and the library does not. Returns 0, or any other number
/// to refuse: then this address counts as failed, and if no other is connected the call fails
/// with HC_ERR_CALLBACK and the number stands in the error record. The descriptor stays the
/// library's; its O_NONBLOCK must not be changed. `address` is the text of the error record
/// ("192.0.2.1:80"), valid during the callback, which must not call back into the connection
/// (HC_ERR_BUSY), nor leave by longjmp or an exception.
pub type hc_socket_fn =
    Option<unsafe extern "C" fn(fd: i32, address: *const c_char, user: *mut c_void) -> i32>;

/// Sets who is shown each new socket before it connects. Sockets that the program hands over
/// are not shown.
///
/// @param c a connection
/// @param fn the callback; NULL for none
/// @param user given to it
/// @param destroy called once with `user` when the callback is not called any more; may be NULL
/// @return HC_OK; HC_ERR_PENDING; HC_ERR_INVALID_ARG. Ownership: `user` is the library's on HC_OK
/// only, until `destroy` is called.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `fn` and `destroy` can be called with `user`
/// until the callback is replaced or the handle is freed, from the thread that uses the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_socket_callback(
    c: *mut hc_conn,
    r#fn: hc_socket_fn,
    user: *mut c_void,
    destroy: hc_destroy_fn,
) -> hc_status {
    let set = |core: &mut Connection| {
        // What is refused is not taken.
        core.check_not_pending()?;
        let hook = r#fn.map(|prepare| SocketCallback::shared(prepare, Given { user, destroy }));
        core.change_dialing(|d| d.hook = hook)
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, set) })
}

/// Who is shown each new socket.
///
/// @param c a connection
/// @param fn receives the callback; NULL for none
/// @param user receives what it is given
/// @return HC_OK; HC_ERR_INVALID_ARG
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_socket_callback(
    c: *const hc_conn,
    r#fn: *mut hc_socket_fn,
    user: *mut *mut c_void,
) -> hc_status {
    // SAFETY: the caller's promise.
    let callback = unsafe { Out::new(r#fn) };
    // SAFETY: the caller's promise.
    let given = unsafe { Out::new(user) };
    let (Ok(callback), Ok(given)) = (callback, given) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    let show = |core: &mut Connection| {
        let hook = core.dialing().and_then(|d| d.hook.as_ref());
        let hook = hook.and_then(SocketCallback::behind);
        callback.set(hook.map(|h| h.prepare));
        given.set(hook.map_or(ptr::null_mut(), |h| h.given.user));
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, show) })
}
