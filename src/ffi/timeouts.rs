//! How long things may take.

use super::args::{Out, done, unknown};
use super::barrier::{enter, enter_response, hc_conn, peek};
use super::options::set;
use super::response::hr_response;
use crate::client::config::{MinSpeed, TimeoutKind};
use crate::client::connection::Connection;
use crate::client::response::Response;
use crate::error::{Result, hc_status};

/// Waiting times: hc_set_timeout. The clock is the monotonic one, or the program's own
/// (hc_set_clock), and is read only for those that are set. When a call fails with
/// HC_ERR_TIMEOUT, the error record says which one passed (timeout_kind), and how far things had
/// got.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_timeout {
    /// From the first look at the name to the open connection, with all that a proxy and TLS
    /// need. Default: none.
    HC_TIMEOUT_CONNECT = 0,
    /// For the next bytes to arrive. Default: none.
    HC_TIMEOUT_READ = 1,
    /// For the peer to take more bytes. Default: none.
    HC_TIMEOUT_WRITE = 2,
    /// For an answer to "Expect: 100-continue" before the body is sent all the same. Default:
    /// 1000 ms.
    HC_TIMEOUT_EXPECT_CONTINUE = 3,
    /// Not a limit but a threshold: a kept connection that has been idle for at least so long
    /// is checked before it is used again, and replaced when the server has closed it or has
    /// sent something unasked. 0 checks always, -1 never. The check costs a system call.
    /// Default: 1 ms.
    HC_TIMEOUT_REUSE_CHECK = 4,
    /// For a request and its answer together: from hc_request or hc_endheaders, over resolving,
    /// connecting, the proxy, TLS, sending, waiting and interim responses, to the end of the
    /// body and its trailers, however slowly they drip, and whatever the program does in
    /// between. It goes along with a response that takes its connection along, and over to the
    /// second attempt of hc_set_retry. Past it, calls still give what has been received
    /// already, and fail when they need the network. hc_connect has the same time for itself,
    /// and so has hc_send_raw outside of a request. Default: none.
    HC_TIMEOUT_TOTAL = 5,
    /// From the first wait of hc_getresponse, with the request sent, to the first byte of an
    /// answer, be it of an interim response. Default: none.
    HC_TIMEOUT_FIRST_BYTE = 6,
    /// For each TLS handshake, within HC_TIMEOUT_CONNECT. Default: none.
    HC_TIMEOUT_TLS = 7,
    /// Not a limit but a threshold: a kept connection that has been idle for at least so long is
    /// not used again. Choose less than the server's own limit, and requests no longer meet a
    /// connection that is just being closed. Default: none.
    HC_TIMEOUT_IDLE = 8,
    /// Not a limit but a threshold: a connection that was opened at least so long ago is not
    /// used again, so that a long-lived program finds out when the address of a name has
    /// changed. Default: none.
    HC_TIMEOUT_AGE = 9,
    /// Only in the error record: the transfer was slower than hc_set_min_speed allows.
    HC_TIMEOUT_SPEED = 10,
}

const _: () = {
    assert!(hc_timeout::HC_TIMEOUT_CONNECT as i32 == TimeoutKind::Connect as i32);
    assert!(hc_timeout::HC_TIMEOUT_READ as i32 == TimeoutKind::Read as i32);
    assert!(hc_timeout::HC_TIMEOUT_WRITE as i32 == TimeoutKind::Write as i32);
    assert!(hc_timeout::HC_TIMEOUT_EXPECT_CONTINUE as i32 == TimeoutKind::ExpectContinue as i32);
    assert!(hc_timeout::HC_TIMEOUT_REUSE_CHECK as i32 == TimeoutKind::ReuseCheck as i32);
    assert!(hc_timeout::HC_TIMEOUT_TOTAL as i32 == TimeoutKind::Total as i32);
    assert!(hc_timeout::HC_TIMEOUT_FIRST_BYTE as i32 == TimeoutKind::FirstByte as i32);
    assert!(hc_timeout::HC_TIMEOUT_TLS as i32 == TimeoutKind::Tls as i32);
    assert!(hc_timeout::HC_TIMEOUT_IDLE as i32 == TimeoutKind::Idle as i32);
    assert!(hc_timeout::HC_TIMEOUT_AGE as i32 == TimeoutKind::Age as i32);
    assert!(hc_timeout::HC_TIMEOUT_SPEED as i32 == TimeoutKind::Speed as i32);
};

/// Sets one of the waiting times. It counts from the next wait on; HC_TIMEOUT_TOTAL from the
/// next request on.
///
/// @param c a connection
/// @param kind an HC_TIMEOUT_* number
/// @param ms milliseconds; -1 for ever
/// @return HC_OK; HC_ERR_INVALID_ARG for a kind that cannot be set or a number below -1.
/// Python: timeout.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_timeout(c: *mut hc_conn, kind: i32, ms: i64) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe { set(c, |core| set_timeout(core, kind, ms)) }
}

fn set_timeout(core: &mut Connection, kind: i32, ms: i64) -> Result<()> {
    if ms < -1 {
        return Err(unknown("a timeout below -1"));
    }
    match core.timeouts_mut().by_number(kind) {
        Some(timeout) => *timeout = ms,
        None => return Err(unknown("the kind is not a timeout that can be set")),
    }
    Ok(())
}

/// One of the waiting times.
///
/// @param c a connection
/// @param kind an HC_TIMEOUT_* number
/// @return milliseconds; -1 for none, also for a bad handle or an unknown kind
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_timeout(c: *const hc_conn, kind: i32) -> i64 {
    // SAFETY: the caller's promise.
    unsafe { peek(c, |_| -1, |core| timeout(core, kind)) }
}

fn timeout(core: &Connection, kind: i32) -> i64 {
    let mut timeouts = core.tuning().timeouts;
    timeouts.by_number(kind).map_or(-1, |ms| *ms)
}

/// Sets a waiting time for the reading of a response. HC_TIMEOUT_TOTAL counts from this call on,
/// in place of what is left of the request's: the rest of the response has to have been read
/// within that time. HC_TIMEOUT_READ is for the next bytes to arrive, and HC_TIMEOUT_FIRST_BYTE
/// for those of the head in hr_begin; both are also the connection's, as long as the response
/// has not taken it along.
///
/// @param r a response
/// @param kind one of the three
/// @param ms milliseconds; -1 for ever
/// @return HC_OK; HC_ERR_INVALID_ARG for another kind or a number below -1
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_set_timeout(r: *mut hr_response, kind: i32, ms: i64) -> hc_status {
    let set = |core: &mut Connection, response: &mut Response| match kind {
        k if k == hc_timeout::HC_TIMEOUT_TOTAL as i32 && ms >= -1 => {
            core.set_time_left(response, ms);
            Ok(())
        }
        k if k == hc_timeout::HC_TIMEOUT_READ as i32
            || k == hc_timeout::HC_TIMEOUT_FIRST_BYTE as i32 =>
        {
            set_timeout(core, kind, ms)
        }
        _ => Err(unknown("not a timeout of a response, or one below -1")),
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter_response(r, set) })
}

/// A waiting time of a response.
///
/// @param r a response
/// @param kind as for hr_set_timeout
/// @return milliseconds, for HC_TIMEOUT_TOTAL those that are left; -1 for none, also for a bad
/// handle or an unknown kind
///
/// # Safety
/// `r` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_get_timeout(r: *const hr_response, kind: i32) -> i64 {
    let get = |core: &mut Connection, response: &mut Response| {
        Ok(match kind {
            k if k == hc_timeout::HC_TIMEOUT_TOTAL as i32 => core.time_left(response),
            k if k == hc_timeout::HC_TIMEOUT_READ as i32
                || k == hc_timeout::HC_TIMEOUT_FIRST_BYTE as i32 =>
            {
                timeout(core, kind)
            }
            _ => -1,
        })
    };
    // SAFETY: the caller's promise.
    unsafe { enter_response(r, get) }.unwrap_or(-1)
}

/// Sets the speed below which a transfer is given up, in either direction: HC_ERR_TIMEOUT, with
/// HC_TIMEOUT_SPEED in the error record. A peer that moves no byte is given up after `over_ms`,
/// one that moves half of what it should after twice that time; what comes faster is never
/// credited for more than `over_ms`. Bytes that are sent count when the peer's system has
/// acknowledged them, where that can be known, and nobody tells when that was: a peer that takes
/// no more of a full buffer is given up after at most twice `over_ms`. Only the peer's time counts: not what the
/// program does between two calls, in non-blocking mode between two calls that are done, and
/// not the waiting for an answer to begin (see HC_TIMEOUT_FIRST_BYTE).
///
/// @param c a connection
/// @param bytes_per_second the speed; 0 for none (the default)
/// @param over_ms how long the transfer may stand still, in milliseconds: 1 to 2^31 - 1
/// @return HC_OK; HC_ERR_INVALID_ARG
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_min_speed(
    c: *mut hc_conn,
    bytes_per_second: u64,
    over_ms: i64,
) -> hc_status {
    let min = match i32::try_from(over_ms) {
        _ if bytes_per_second == 0 => Ok(MinSpeed::default()),
        Ok(over_ms @ 1..) => Ok(MinSpeed {
            bytes_per_second,
            over_ms: over_ms.unsigned_abs(),
        }),
        _ => Err(unknown("a time that is not between 1 and 2^31 - 1")),
    };
    // SAFETY: the caller's promise.
    unsafe {
        set(c, |core| {
            core.tuning_mut().min_speed = min?;
            Ok(())
        })
    }
}

/// The speed below which a transfer is given up.
///
/// @param c a connection
/// @param bytes_per_second receives the speed; 0 for none
/// @param over_ms receives how long the transfer may stand still, in milliseconds
/// @return HC_OK; HC_ERR_INVALID_ARG
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_min_speed(
    c: *const hc_conn,
    bytes_per_second: *mut u64,
    over_ms: *mut i64,
) -> hc_status {
    // SAFETY: the caller's promise.
    let speed = match unsafe { Out::new(bytes_per_second) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    // SAFETY: the caller's promise.
    let over = match unsafe { Out::new(over_ms) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    let get = |core: &mut Connection| {
        let min = core.tuning().min_speed;
        speed.set(min.bytes_per_second);
        over.set(min.over_ms.into());
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, get) })
}
