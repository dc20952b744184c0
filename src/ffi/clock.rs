//! The clock of a connection.

use core::ffi::c_void;
use core::ptr;

use super::args::{Out, done};
use super::barrier::{enter, hc_conn};
use super::options::set;
use crate::client::connection::Connection;
use crate::error::{Code, hc_status};
use crate::sys::clock::Source;

/// A clock: nanoseconds since some point in the past, never fewer than before. Called in the
/// middle of calls on the connection, so it must not call back into it, and must not leave by
/// longjmp or an exception.
///
/// `user`: given to hc_set_clock
pub type hc_clock_fn = Option<unsafe extern "C" fn(user: *mut c_void) -> u64>;

/// Has a connection measure time by a clock of the program's own: its timeouts, thresholds and
/// minimum speed, what the error record and hc_get_stats tell, and the times of a trace. A clock
/// that stands still until a test moves it makes every timeout happen when the test says so, and
/// without waiting for it.
///
/// What waits is not moved by it: a socket is waited for by the system's time, and when a wait
/// has lasted as long as the timeout had left to go, the timeout counts as passed. With
/// hc_set_transport it is the transport's `wait` that decides how long that was, and without a
/// descriptor (hc_set_sansio, hc_want) it is the program. That `wait` is given all the time that is
/// left, so hc_cancel ends it only where there is a descriptor. A pool's limits go by the system's
/// time, so a handle with a clock gets no kept connection and leaves none.
///
/// @param c a connection that is not open
/// @param clock the clock; NULL for the system's, CLOCK_MONOTONIC (the default)
/// @param user given to the clock
/// @return HC_OK; HC_ERR_ALREADY_CONNECTED; HC_ERR_PENDING
///
/// # Safety
/// `c` is NULL or a handle that has not been freed. `clock` can be called with `user` until the
/// connection has another clock or is freed, and until the responses that have taken their
/// connection along (hr_will_close) are freed, from the thread that uses them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_clock(
    c: *mut hc_conn,
    clock: hc_clock_fn,
    user: *mut c_void,
) -> hc_status {
    // SAFETY: the caller's promise.
    let source = clock.map(|read| unsafe { Source::new(read, user) });
    // SAFETY: the caller's promise.
    unsafe { set(c, |core| core.set_clock(source)) }
}

/// The clock that was set.
///
/// @param c a connection
/// @param clock receives the clock; NULL for the system's
/// @param user receives what was given along with it
/// @return HC_OK; HC_ERR_INVALID_ARG
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_clock(
    c: *const hc_conn,
    clock: *mut hc_clock_fn,
    user: *mut *mut c_void,
) -> hc_status {
    // SAFETY: the caller's promise.
    let clock = unsafe { Out::new(clock) };
    // SAFETY: the caller's promise.
    let user = unsafe { Out::new(user) };
    let (Ok(clock), Ok(user)) = (clock, user) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    let ask = |core: &mut Connection| {
        let parts = core.clock().map(Source::parts);
        clock.set(parts.map(|(read, _)| read as _));
        user.set(parts.map_or(ptr::null_mut(), |(_, user)| user));
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, ask) })
}
