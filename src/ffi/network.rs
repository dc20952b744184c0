//! Where connections lead when the name of the host is not the last word: addresses and
//! resolvers of the program's own, and sockets of this machine.

use core::ffi::{c_char, c_void};
use core::ptr;

use super::args::{self, Out, array, done, unknown};
use super::barrier::{enter, hc_conn, peek};
use super::network_callbacks::{Given, ResolverCallback};
use crate::client::connection::Connection;
use crate::error::{Code, Result, hc_status};
use crate::net::endpoint::{GivenAddress, Literal, UnixName};

pub use super::network_callbacks::hc_resolve_sink;

/// Gives the addresses to connect to, from the next connection on: the host of the handle (the
/// proxy, if there is one) is not resolved any more, but is named in requests and to TLS as
/// before. They are tried as a resolver's would be: see hc_set_connect_stagger.
///
/// @param c a connection
/// @param addresses NUL-terminated: "192.0.2.1", "192.0.2.1:8080", "2001:db8::1",
/// "[2001:db8::1]:8080", "fe80::1%eth0". One without a port has the handle's. NULL with `count`
/// 0 to have the name resolved again.
/// @param count how many
/// @return HC_OK; HC_ERR_INVALID_ARG for one that is no such text or has a zone that is none
/// (errno in the error record); HC_ERR_PENDING; HC_ERR_NOMEM. A refused call changes nothing.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `addresses` is valid for `count` strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_addresses(
    c: *mut hc_conn,
    addresses: *const *const c_char,
    count: usize,
) -> hc_status {
    let set = |core: &mut Connection| {
        // SAFETY: the caller's promise.
        let texts = unsafe { array(addresses, count) }?;
        let mut given = Vec::new();
        given.try_reserve_exact(count)?;
        for text in texts {
            // SAFETY: the caller's promise.
            let text = unsafe { args::text(*text) }?;
            given.push(GivenAddress::parse(ascii(text)?)?);
        }
        core.change_dialing(|d| d.addresses = given)
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, set) })
}

/// One of the addresses that hc_set_addresses gave.
///
/// @param c a connection
/// @param index from 0 on
/// @return the address as text, which need not be the text that was given; NULL when there are
/// not so many, and for a bad handle. Lifetime: next-call.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_address(c: *const hc_conn, index: usize) -> *const c_char {
    let show = |core: &Connection| {
        let given = core.dialing().and_then(|d| d.addresses.get(index));
        given.map_or(ptr::null(), |a| a.text.as_ptr())
    };
    // SAFETY: the caller's promise.
    unsafe { peek(c, |_| ptr::null(), show) }
}

/// Connects to a Unix socket from the next connection on, whatever the host of the handle is:
/// that is named in requests and to TLS as before. Addresses, resolvers and what is set for TCP
/// do not matter then.
///
/// @param c a connection
/// @param path a path of at most 107 bytes; with '@' in front an abstract name (a path that
/// begins with '@' can be given as "./@..."); NULL or "" for TCP again
/// @return HC_OK; HC_ERR_INVALID_ARG for one that is too long; HC_ERR_PENDING. A refused call
/// changes nothing. Whether anybody listens there is found out when connecting:
/// HC_ERR_CONNECT.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `path` is NUL-terminated or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_unix_socket(c: *mut hc_conn, path: *const c_char) -> hc_status {
    let given = if path.is_null() {
        Ok(&b""[..])
    } else {
        // SAFETY: the caller's promise.
        unsafe { args::text(path) }
    };
    let set = |core: &mut Connection| match given? {
        [b'@', rest @ ..] => set_unix(core, &[b"\0", rest].concat()),
        path => set_unix(core, path),
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, set) })
}

/// The same as hc_set_unix_socket for a name with a length: '@' means nothing here, and an
/// abstract name begins with a NUL and may hold others.
///
/// @param c a connection
/// @param name a path, or a NUL and an abstract name: at most 107 bytes
/// @param len its length in bytes; 0 for TCP again
/// @return as hc_set_unix_socket; also HC_ERR_INVALID_ARG for a path that holds a NUL
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `name` is valid for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_unix_socket_n(
    c: *mut hc_conn,
    name: *const c_void,
    len: usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let name = unsafe { args::bytes(name, len) };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, |core| set_unix(core, name?)) })
}

/// The Unix socket that connections lead to.
///
/// @param c a connection
/// @param name receives a pointer to its name, as for hc_set_unix_socket_n, with a NUL behind
/// it; NULL when there is none. Lifetime: next-call.
/// @param len receives its length in bytes
/// @return HC_OK, also when there is none; HC_ERR_INVALID_ARG
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_unix_socket(
    c: *const hc_conn,
    name: *mut *const c_void,
    len: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let name = unsafe { Out::new(name) };
    // SAFETY: the caller's promise.
    let len = unsafe { Out::new(len) };
    let (Ok(name), Ok(len)) = (name, len) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    name.set(ptr::null());
    len.set(0);
    let show = |core: &mut Connection| {
        if let Some(unix) = core.dialing().and_then(|d| d.unix.as_ref()) {
            name.set(unix.bytes_with_nul().as_ptr().cast());
            len.set(unix.bytes().len());
        }
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, show) })
}

/// What an hc_resolver_fn returns; anything else is a failure of the program's own.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_resolved {
    /// The addresses that were added are all there are. If there are none, the call fails with
    /// HC_ERR_RESOLVE.
    HC_RESOLVED = 0,
    /// The system is to be asked after all. What was added does not count.
    HC_RESOLVE_SYSTEM = 1,
}

/// Asked for the addresses of a name, inside the call that needs a connection. It gives them to
/// hc_resolve_add, and returns HC_RESOLVED or HC_RESOLVE_SYSTEM; any other number makes the call
/// fail with HC_ERR_CALLBACK, and stands in the error record. `host` is valid during the
/// callback, which must not call back into the connection (HC_ERR_BUSY), nor leave by longjmp
/// or an exception. No timeout and no hc_cancel ends it.
pub type hc_resolver_fn = Option<
    unsafe extern "C" fn(
        sink: *mut hc_resolve_sink,
        host: *const c_char,
        port: i32,
        user: *mut c_void,
    ) -> i32,
>;

/// The last call with a callback's `user`: the callback was replaced or its handle freed.
pub type hc_destroy_fn = Option<unsafe extern "C" fn(user: *mut c_void)>;

/// Sets who is asked for the addresses of a name, in place of the system, from the next
/// connection on. Nobody is asked when the host is an address, nor when hc_set_addresses or
/// hc_set_unix_socket has the last word.
///
/// @param c a connection
/// @param fn the callback; NULL for the system's resolver
/// @param user given to it
/// @param destroy called once with `user` when the callback is not called any more; may be NULL
/// @return HC_OK; HC_ERR_PENDING; HC_ERR_INVALID_ARG. Ownership: `user` is the library's on HC_OK
/// only, until `destroy` is called. Python: patching socket.getaddrinfo.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `fn` and `destroy` can be called with `user`
/// until the callback is replaced or the handle is freed, from the thread that uses the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_resolver(
    c: *mut hc_conn,
    r#fn: hc_resolver_fn,
    user: *mut c_void,
    destroy: hc_destroy_fn,
) -> hc_status {
    let set = |core: &mut Connection| {
        // What is refused is not taken.
        core.check_not_pending()?;
        let resolver = r#fn.map(|ask| ResolverCallback::shared(ask, Given { user, destroy }));
        core.change_dialing(|d| d.resolver = resolver)
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, set) })
}

/// Who is asked for the addresses of a name.
///
/// @param c a connection
/// @param fn receives the callback; NULL for the system's resolver
/// @param user receives what it is given
/// @return HC_OK; HC_ERR_INVALID_ARG
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_resolver(
    c: *const hc_conn,
    r#fn: *mut hc_resolver_fn,
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
        let resolver = core.dialing().and_then(|d| d.resolver.as_ref());
        let set = resolver.and_then(ResolverCallback::behind);
        callback.set(set.map(|r| r.ask));
        given.set(set.map_or(ptr::null_mut(), |r| r.given.user));
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, show) })
}

/// Adds an address, inside an hc_resolver_fn.
///
/// @param sink what the callback was given
/// @param address as for hc_set_addresses, NUL-terminated
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_NOMEM. Nothing is added then, and it is the
/// callback's to decide whether that is a failure.
///
/// # Safety
/// `sink` is NULL or what the callback that is running was given; `address` is NUL-terminated
/// or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_resolve_add(
    sink: *mut hc_resolve_sink,
    address: *const c_char,
) -> hc_status {
    // SAFETY: the caller's promise.
    let Some(sink) = (unsafe { sink.as_mut() }) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    // SAFETY: the caller's promise.
    let added = unsafe { args::text(address) }
        .and_then(|text| Literal::parse(ascii(text)?))
        .and_then(|literal| sink.add(literal));
    added.map_or_else(|e| e.code, |()| Code::HC_OK)
}

fn ascii(text: &[u8]) -> Result<&str> {
    core::str::from_utf8(text).map_err(|_| unknown("the address is not ASCII"))
}

fn set_unix(core: &mut Connection, name: &[u8]) -> Result<()> {
    let target = match name {
        [] => None,
        name => Some(UnixName::new(name)?),
    };
    core.change_dialing(|d| d.unix = target)
}
