//! A pool: what it is, and what can be set on it.

use core::ffi::{c_char, c_void};
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;

use super::args::{Out, Versioned, done, null, unknown};
use super::barrier::hc_conn;
use super::tls::hc_tls;
use crate::client::kept::{Connections, Kept};
use crate::client::pool::Rules;
use crate::error::{Code, Error, Result, hc_status};

const POOL_MAGIC: u32 = 0x6863_7031;
const DEAD_MAGIC: u32 = 0xdead_0001;

/// A place in a pool.
pub(super) type LentPlace = crate::client::kept::Place<Option<Arc<Configure>>>;
type SharedConnections = Arc<Connections<Option<Arc<Configure>>>>;

/// A pool of connections. Opaque to C; made by hc_pool_new, freed by hc_pool_free. Unlike the
/// other handles it may be used by any number of threads at once.
pub struct hc_pool {
    magic: u32,
    shared: SharedConnections,
}

impl hc_pool {
    /// An empty one.
    pub(super) fn into_raw() -> *mut Self {
        Box::into_raw(Box::new(Self {
            magic: POOL_MAGIC,
            shared: Arc::new(Connections::new(None)),
        }))
    }
}

/// The way into a pool, with a panic turned into a status on the way out. What runs inside holds
/// on to the pool by itself: somebody who waits is not left in the open by hc_pool_free.
///
/// # Safety
/// `p` is NULL or a handle from hc_pool_new that is not freed before `op` has begun.
pub(super) unsafe fn enter_pool<T>(
    p: *const hc_pool,
    op: impl FnOnce(SharedConnections) -> Result<T>,
) -> core::result::Result<T, Code> {
    // SAFETY: forwarded to the caller.
    let pool = unsafe { p.as_ref() }.ok_or(Code::HC_ERR_INVALID_ARG)?;
    if pool.magic != POOL_MAGIC {
        return Err(Code::HC_ERR_INVALID_ARG);
    }
    let shared = pool.shared.clone();
    match catch_unwind(AssertUnwindSafe(|| op(shared))) {
        Ok(outcome) => outcome.map_err(|e| e.code),
        Err(payload) => {
            // Its own drop may panic too.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
            Err(Code::HC_ERR_INTERNAL)
        }
    }
}

/// Frees a pool.
///
/// # Safety
/// `p` is a handle from hc_pool_new that has not been freed, and no call with it begins any more.
pub(super) unsafe fn free_pool(p: *mut hc_pool) {
    // SAFETY: forwarded to the caller.
    if unsafe { p.as_ref() }.is_none_or(|pool| pool.magic != POOL_MAGIC) {
        return;
    }
    // SAFETY: hc_pool_new made it with Box::into_raw.
    let mut pool = unsafe { Box::from_raw(p) };
    pool.magic = DEAD_MAGIC;
    let shared = pool.shared;
    let _ = catch_unwind(AssertUnwindSafe(|| {
        if !shared.is_ours() {
            shared.end_in_child(Kept::abandon);
            return;
        }
        // One that is broken has nothing to be ended in order.
        let _ = shared.shut();
        let configure = shared.with_extra(Option::take);
        drop(configure);
    }));
}

/// What hc_pool_get_from is asked for. Set struct_size to sizeof(hc_origin) and the rest to 0
/// before filling in what is wanted.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct hc_origin {
    /// sizeof(hc_origin)
    pub struct_size: usize,
    /// As for hc_new.
    pub host: *const c_char,
    /// Its length in bytes, or HC_ZSTR.
    pub host_len: usize,
    /// 1 to 65535; 0 takes the one in `host`, or else 80, with TLS 443.
    pub port: i32,
    /// Not 0: by TLS.
    pub use_tls: i32,
    /// With use_tls, as for hc_new_tls; otherwise NULL. Connections of one configuration are not
    /// used for another, even if all in it is the same.
    pub tls: *mut hc_tls,
    /// As for hc_set_proxy. NULL for no proxy.
    pub proxy: *const c_char,
    /// Bytes of the program's own that keep connections apart which lead to the same place: a
    /// user, a source address, whatever hc_configure_fn makes of it. NULL for none.
    pub partition: *const c_char,
    /// Its length in bytes, or HC_ZSTR.
    pub partition_len: usize,
}

// SAFETY: all zeros is a value, and the size comes first.
unsafe impl Versioned for hc_origin {
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// Told of each handle before it is given out, to set its timeouts, its profile, its addresses and
/// so on. Called by hc_pool_get in its own thread, so maybe by several threads at once. It must
/// treat handles for the same origin alike: a connection that was opened for one
/// is used by the next, and closed if that is set to lead elsewhere. It may call anything but hc_free with the handle, and must not leave by
/// longjmp or an exception. Returns 0; anything else makes hc_pool_get fail with HC_ERR_CALLBACK.
pub type hc_configure_fn = Option<
    unsafe extern "C" fn(c: *mut hc_conn, origin: *const hc_origin, user: *mut c_void) -> i32,
>;

/// Called once when something is not needed any longer.
pub type hc_destroy_fn = Option<unsafe extern "C" fn(user: *mut c_void)>;

/// The callback, until nobody uses it any more.
pub(super) struct Configure {
    callback: unsafe extern "C" fn(*mut hc_conn, *const hc_origin, *mut c_void) -> i32,
    user: *mut c_void,
    destroy: hc_destroy_fn,
}

// SAFETY: the program promises that `user` may be used by any thread.
unsafe impl Send for Configure {}
// SAFETY: as above.
unsafe impl Sync for Configure {}

impl Configure {
    pub(super) fn call(&self, c: *mut hc_conn, origin: &hc_origin) -> Result<()> {
        // SAFETY: a live handle, and the program's promise.
        match unsafe { (self.callback)(c, core::ptr::from_ref(origin), self.user) } {
            0 => Ok(()),
            value => Err(
                Error::new(Code::HC_ERR_CALLBACK, "the pool's callback failed")
                    .with_callback_value(i64::from(value)),
            ),
        }
    }
}

impl Drop for Configure {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy {
            // SAFETY: the program's promise.
            unsafe { destroy(self.user) };
        }
    }
}

/// Sets who prepares the handles that a pool gives out. It replaces the one before, whose
/// `destroy` is called as soon as nobody is inside it any more.
///
/// @param pool a pool
/// @param fn the callback; NULL for none
/// @param user given to it
/// @param destroy called with `user` when the callback is replaced or the pool is freed; NULL for
/// nothing to do
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_FORKED. Ownership: `user` is taken on HC_OK only.
///
/// # Safety
/// `pool` is NULL or has not been freed; `fn` and `destroy` can be called with `user` from any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_pool_set_configure(
    pool: *mut hc_pool,
    r#fn: hc_configure_fn,
    user: *mut c_void,
    destroy: hc_destroy_fn,
) -> hc_status {
    let set = |shared: SharedConnections| {
        shared.with_extra(|configure| {
            let given = r#fn.map(|callback| {
                Arc::new(Configure {
                    callback,
                    user,
                    destroy,
                })
            });
            core::mem::replace(configure, given)
        })
    };
    // SAFETY: the caller's promise.
    let before = unsafe { enter_pool(pool, set) };
    // The old one may call the program: here nobody holds a lock.
    done(before.map(drop))
}

/// What can be limited in a pool: hc_pool_set_limit.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_pool_limit {
    /// Connections of one origin, those that are out and those that are kept. Default: 16.
    HC_POOL_PER_ORIGIN = 0,
    /// Connections in all. Default: 256.
    HC_POOL_TOTAL = 1,
    /// Milliseconds for which a connection is kept without being used. Shorter than the server's,
    /// or many will be found closed. Default: 30000. 0: nothing is kept.
    HC_POOL_IDLE_MS = 2,
    /// Milliseconds since a connection was opened after which it is used for no further request:
    /// it would never notice that a name leads to somewhere else by now. Default: without limit.
    HC_POOL_AGE_MS = 3,
    /// Requests after which a connection is not kept any longer. Default: without limit.
    HC_POOL_REQUESTS = 4,
}

fn limit(rules: &mut Rules, kind: i32) -> Option<&mut Option<u64>> {
    use hc_pool_limit as L;
    Some(match kind {
        k if k == L::HC_POOL_PER_ORIGIN as i32 => &mut rules.per_key,
        k if k == L::HC_POOL_TOTAL as i32 => &mut rules.total,
        k if k == L::HC_POOL_IDLE_MS as i32 => &mut rules.idle_ms,
        k if k == L::HC_POOL_AGE_MS as i32 => &mut rules.age_ms,
        k if k == L::HC_POOL_REQUESTS as i32 => &mut rules.requests,
        _ => return None,
    })
}

/// Sets one of the limits. Kept connections that are too many or too old now are closed at once;
/// those that are out, when they are given back.
///
/// @param pool a pool
/// @param kind an HC_POOL_* number
/// @param n the limit, at least 1 (HC_POOL_IDLE_MS: 0); -1 for none
/// @return HC_OK; HC_ERR_INVALID_ARG for an unknown kind or a limit that cannot be; HC_ERR_FORKED
///
/// # Safety
/// `pool` is NULL or has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_pool_set_limit(pool: *mut hc_pool, kind: i32, n: i64) -> hc_status {
    let least = i64::from(kind != hc_pool_limit::HC_POOL_IDLE_MS as i32);
    let set = |shared: SharedConnections| {
        if limit(&mut Rules::default(), kind).is_none() {
            return Err(unknown("the kind is not an HC_POOL_* number"));
        }
        if n != -1 && n < least {
            return Err(unknown("a limit that nothing keeps to"));
        }
        shared.set_rules(|rules| {
            if let Some(limit) = limit(rules, kind) {
                *limit = u64::try_from(n).ok();
            }
        })
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter_pool(pool, set) })
}

/// One of the limits.
///
/// @param pool a pool
/// @param kind an HC_POOL_* number
/// @param n receives the limit; -1 when there is none
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_FORKED
///
/// # Safety
/// `pool` is NULL or has not been freed; `n` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_pool_get_limit(
    pool: *const hc_pool,
    kind: i32,
    n: *mut i64,
) -> hc_status {
    let get = |shared: SharedConnections| {
        // SAFETY: the caller's promise.
        let out = unsafe { Out::new(n) }.map_err(|_| null())?;
        let mut rules = shared.rules()?;
        let limit = limit(&mut rules, kind)
            .ok_or_else(|| unknown("the kind is not an HC_POOL_* number"))?;
        out.set(limit.map_or(-1, |n| i64::try_from(n).unwrap_or(i64::MAX)));
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter_pool(pool, get) })
}
