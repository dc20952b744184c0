//! Connections for programs that talk to many origins: a pool hands out handles and takes them
//! back, with a limit on how many there are, and with no thread of its own.

use core::ffi::c_char;
use core::ptr;
use std::sync::Arc;

use super::args::{self, Out, Versioned, VersionedOut, done, unknown};
use super::barrier::{self, hc_conn};
use super::pool_options::{LentPlace, enter_pool, free_pool, hc_origin, hc_pool};
use super::proxy;
use super::tls_conn::given_or_default;
use crate::client::connection::Connection;
use crate::client::kept::{Kept, Key};
use crate::client::pool::Returned;
use crate::error::{Code, Error, Result, hc_status};
use crate::proto::proxy::Proxy;

/// Makes an empty pool.
///
/// A pool keeps open connections between requests, by origin, and sees to it that there are never
/// more than its limits allow. hc_pool_get hands out an ordinary handle, hc_pool_put takes it
/// back. A pool may be used by any number of threads at once; it has none of its own, so what has
/// been kept too long is closed when somebody calls.
///
/// @param out receives the pool; NULL on failure
/// @return HC_OK; HC_ERR_INVALID_ARG for NULL. Ownership: free it with hc_pool_free.
///
/// # Safety
/// `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_pool_new(out: *mut *mut hc_pool) -> hc_status {
    // SAFETY: the caller's promise.
    match unsafe { Out::new(out) } {
        Ok(out) => {
            out.set(hc_pool::into_raw());
            Code::HC_OK
        }
        Err(code) => code,
    }
}

/// Frees a pool and closes the connections that it keeps. Threads that wait in hc_pool_get are sent
/// home with HC_ERR_CANCELLED; no call may begin any more. Handles that are out are not touched:
/// they work on, and hc_pool_put or hc_free frees them as ever. In a forked child the kept
/// descriptors are closed without a byte on the wire.
///
/// @param pool a pool, or NULL
///
/// # Safety
/// `pool` is NULL or has not been freed, and no call with it begins any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_pool_free(pool: *mut hc_pool) {
    if !pool.is_null() {
        // SAFETY: the caller's promise.
        unsafe { free_pool(pool) };
    }
}

/// Takes a handle for a host out of a pool. It is a new handle each time, as from hc_new and then
/// hc_configure_fn, so nothing that was set on another is left on it; but its connection may be an
/// open one that was given back before: of those to the same host and port the one that was used
/// last. Whether it is still good is found out when it is used (HC_TIMEOUT_REUSE_CHECK): if not,
/// the handle opens another, as it does anyway.
///
/// When as many connections as the limits allow are out, this waits its turn: whoever has waited
/// longest for something that comes free gets it, and nobody who comes later is faster. A kept
/// connection to somewhere else does not count against that, it is closed to make room.
///
/// @param pool a pool
/// @param host as for hc_new
/// @param port as for hc_new
/// @param wait_ms milliseconds to wait for at most; 0 not to wait; -1 for ever
/// @param out receives the handle; NULL on failure
/// @return HC_OK; HC_ERR_POOL_EXHAUSTED when none came free in time; HC_ERR_CANCELLED after
/// hc_pool_shutdown; HC_ERR_INVALID_URL for a host, port or proxy that cannot be used; HC_ERR_CALLBACK when
/// hc_configure_fn failed; HC_ERR_INVALID_ARG; HC_ERR_FORKED; HC_ERR_NOMEM. Ownership: give it back
/// with hc_pool_put, or free it with hc_free.
///
/// # Safety
/// `pool` is NULL or has not been freed; `host` is NUL-terminated or NULL; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_pool_get(
    pool: *mut hc_pool,
    host: *const c_char,
    port: i32,
    wait_ms: i64,
    out: *mut *mut hc_conn,
) -> hc_status {
    let origin = hc_origin {
        struct_size: size_of::<hc_origin>(),
        host,
        host_len: args::HC_ZSTR,
        port,
        use_tls: 0,
        tls: ptr::null_mut(),
        proxy: ptr::null(),
        partition: ptr::null(),
        partition_len: 0,
    };
    // SAFETY: the caller's promise, and an origin of our own.
    unsafe { hc_pool_get_from(pool, &raw const origin, wait_ms, out) }
}

/// The same as hc_pool_get, for an origin with everything that tells connections apart.
///
/// @param pool a pool
/// @param origin where the connection is to lead
/// @param wait_ms as for hc_pool_get
/// @param out receives the handle; NULL on failure
/// @return as hc_pool_get. Ownership: as there.
///
/// # Safety
/// `pool` is NULL or has not been freed; `origin` is NULL or valid, with its strings; `out` is valid
/// or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_pool_get_from(
    pool: *mut hc_pool,
    origin: *const hc_origin,
    wait_ms: i64,
    out: *mut *mut hc_conn,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(ptr::null_mut());
    // SAFETY: the caller's promise.
    let asked = match unsafe { Asked::read(origin) } {
        Ok(asked) => asked,
        Err(e) => return e.code,
    };
    if wait_ms < -1 {
        return Code::HC_ERR_INVALID_ARG;
    }
    // SAFETY: the caller's promise.
    let given = unsafe {
        enter_pool(pool, |shared| {
            let Asked { origin, core, key } = asked;
            let kept = shared.get(&key, wait_ms)?;
            // From here on dropping the place gives it back.
            let place = LentPlace::new(&shared, key);
            let configure = shared.with_extra(|configure| configure.clone())?;
            let c = Unfinished::new(core)?;
            if let Some(configure) = configure
                && let Err(e) = configure.call(c.0, &origin)
            {
                drop(c);
                place.give_back(kept.map(Returned::from));
                return Err(e);
            }
            c.lend(place, kept)
        })
    };
    match given {
        Ok(c) => {
            out.set(c);
            Code::HC_OK
        }
        Err(code) => code,
    }
}

struct Asked {
    origin: hc_origin,
    core: Connection,
    key: Arc<Key>,
}

impl Asked {
    /// # Safety
    /// `origin` is NULL or valid, with its strings.
    unsafe fn read(origin: *const hc_origin) -> Result<Self> {
        // SAFETY: forwarded to the caller.
        let origin = unsafe { args::versioned(origin) }?;
        // SAFETY: forwarded to the caller.
        let host = unsafe { args::counted(origin.host, origin.host_len) }?;
        let partition = if origin.partition.is_null() {
            &[]
        } else {
            // SAFETY: forwarded to the caller.
            unsafe { args::counted(origin.partition, origin.partition_len) }?
        };
        let mut core = if origin.use_tls != 0 {
            // SAFETY: forwarded to the caller.
            let tls = unsafe { given_or_default(origin.tls) };
            let tls = tls.map_err(|code| Error::new(code, "this is no TLS configuration"))?;
            Connection::new_tls(host, origin.port, tls)?
        } else if origin.tls.is_null() {
            Connection::new(host, origin.port)?
        } else {
            return Err(unknown("a TLS configuration for an origin without TLS"));
        };
        if !origin.proxy.is_null() {
            // SAFETY: forwarded to the caller.
            let proxy = unsafe { args::text(origin.proxy) }?;
            core.set_proxy(Some(Proxy::parse(proxy)?))?;
        }
        let key = Key::of(&core, partition).ok_or_else(args::null)?;
        Ok(Self {
            origin,
            core,
            key: Arc::new(key),
        })
    }
}

/// A handle that nobody has yet.
struct Unfinished(*mut hc_conn);

impl Unfinished {
    fn new(core: Connection) -> Result<Self> {
        let new = Self(hc_conn::into_raw(core));
        // For the getters.
        // SAFETY: a live handle of our own.
        match unsafe { proxy::change(new.0, |_| Ok(())) } {
            Code::HC_OK => Ok(new),
            code => Err(Error::new(code, "the new handle cannot be used")),
        }
    }

    fn lend(self, place: LentPlace, kept: Option<Kept>) -> Result<*mut hc_conn> {
        // SAFETY: a live handle of our own.
        match unsafe { barrier::lend(self.0, place, kept) } {
            Ok(()) => {
                let c = self.0;
                core::mem::forget(self);
                Ok(c)
            }
            Err(code) => Err(Error::new(code, "the new handle cannot be used")),
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // SAFETY: a live handle of our own.
        unsafe { barrier::free_conn(self.0) };
    }
}

/// Gives a handle back to the pool that it is out of, and frees it. Its connection is kept there
/// for the next one when it is open and good for another request: nothing was asked that has not
/// been answered, and it leads to where hc_pool_get was asked for (hc_set_target, hc_set_tunnel,
/// hc_adopt_fd and their like end that, and so does hc_send_raw). A response that was not read to its end is skipped, as far as that can be done without waiting and HC_LIMIT_DRAIN
/// allows. Otherwise the connection is closed. Either way its place is free, and who waits longest
/// for it gets it.
///
/// A response of the handle stays valid until it is freed itself, as after hc_free; one that was
/// not read to its end says HC_ERR_CLOSED, except one that took its connection along
/// (hr_will_close), which no pool counts any more. hc_free on such a handle frees its place too, and
/// keeps nothing. When the pool has been freed, this is hc_free.
///
/// @param c a connection from hc_pool_get
/// @return HC_OK; HC_ERR_INVALID_ARG for NULL and for a handle that is out of no pool; HC_ERR_BUSY
/// inside a callback of the handle; HC_ERR_FORKED. Ownership: `c` is taken on HC_OK only.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed, and no other thread is using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_pool_put(c: *mut hc_conn) -> hc_status {
    // SAFETY: the caller's promise.
    done(unsafe { barrier::give_back(c) })
}

/// Closes what has been kept for longer than the limits allow. hc_pool_get and hc_pool_put do that
/// for what is in their way; this is for programs that are idle for long.
///
/// @param pool a pool
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_FORKED
///
/// # Safety
/// `pool` is NULL or has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_pool_trim(pool: *mut hc_pool) -> hc_status {
    // SAFETY: the caller's promise.
    done(unsafe { enter_pool(pool, |shared| shared.trim()) })
}

/// Closes every connection that is kept. Those that are out are not touched.
///
/// @param pool a pool
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_FORKED
///
/// # Safety
/// `pool` is NULL or has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_pool_close_idle(pool: *mut hc_pool) -> hc_status {
    // SAFETY: the caller's promise.
    done(unsafe { enter_pool(pool, |shared| shared.close_idle()) })
}

/// Ends the giving out, for good: every hc_pool_get that waits, and every later one, returns
/// HC_ERR_CANCELLED; what is kept is closed, and what is given back too. Handles that are out work
/// on: hc_cancel ends what is under way on them. Not for signal handlers: it takes a lock.
///
/// @param pool a pool
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_FORKED
///
/// # Safety
/// `pool` is NULL or has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_pool_shutdown(pool: *mut hc_pool) -> hc_status {
    // SAFETY: the caller's promise.
    done(unsafe { enter_pool(pool, |shared| shared.shut()) })
}

/// A descriptor for programs with an event loop, which do not wait in hc_pool_get: readable when
/// something may have come free since hc_pool_get was refused last. Ask again then; being refused
/// makes it unreadable. Who waits in hc_pool_get comes first.
///
/// @param pool a pool
/// @param fd receives an eventfd that remains the pool's, to wait on and never to read; -1 on
/// failure
/// @return HC_OK; HC_ERR_NOMEM when there is none to be had; HC_ERR_INVALID_ARG; HC_ERR_FORKED
///
/// # Safety
/// `pool` is NULL or has not been freed; `fd` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_pool_fd(pool: *mut hc_pool, fd: *mut i32) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { Out::new(fd) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(-1);
    // SAFETY: the caller's promise.
    done(unsafe { enter_pool(pool, |shared| shared.event()) }.map(|fd| out.set(fd)))
}

/// How a pool stands, and what has happened in it since it was made. Set struct_size before the
/// call.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub struct hc_pool_stats {
    /// sizeof(hc_pool_stats)
    pub struct_size: usize,
    /// Connections kept now.
    pub idle: u64,
    /// Handles out now.
    pub out: u64,
    /// Threads waiting in hc_pool_get now.
    pub waiting: u64,
    /// Handles given out without a connection, which opened one then, if they were used.
    pub opened: u64,
    /// Handles given out with a kept connection.
    pub reused: u64,
    /// Kept connections closed to make room for another origin.
    pub evicted: u64,
    /// Kept connections closed because their time was over.
    pub expired: u64,
    /// HC_ERR_POOL_EXHAUSTED returned.
    pub refused: u64,
}

// SAFETY: all zeros is a value, and the size comes first.
unsafe impl Versioned for hc_pool_stats {
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// How a pool stands.
///
/// @param pool a pool
/// @param out receives the figures; its struct_size is set
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_FORKED
///
/// # Safety
/// `pool` is NULL or has not been freed; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_pool_get_stats(
    pool: *const hc_pool,
    out: *mut hc_pool_stats,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { VersionedOut::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    // SAFETY: the caller's promise.
    let stats = unsafe { enter_pool(pool, |shared| shared.stats()) };
    done(stats.map(|s| {
        out.set(&hc_pool_stats {
            struct_size: 0,
            idle: s.idle,
            out: s.out,
            waiting: s.waiting,
            opened: s.opened,
            reused: s.reused,
            evicted: s.evicted,
            expired: s.expired,
            refused: s.refused,
        });
    }))
}
