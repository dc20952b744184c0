//! Figures: how much a handle has done, and where the time of an exchange went.

use super::args::{Versioned, VersionedOut, done};
use super::barrier::{enter, enter_response, hc_conn, peek};
use super::response::hr_response;
use crate::client::connection::Connection;
use crate::client::response::Response;
use crate::client::stats::Stats;
use crate::error::{Code, Error, hc_status};

/// Figures of a handle. Times are in nanoseconds; -1: that has not happened, or was not measured.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hc_stats {
    /// Going in: sizeof(hc_stats), which tells the library which fields there are.
    pub struct_size: usize,
    /// Of the handle: requests begun.
    pub requests: u64,
    /// Of the handle: connections opened, as hc_connection_count counts them.
    pub connections: u64,
    /// Of the handle: requests on a connection that had served an exchange before.
    pub reused: u64,
    /// Of the handle: requests sent a second time (hc_set_retry).
    pub retries: u64,
    /// Of the handle: addresses tried.
    pub addresses_tried: u64,
    /// Of the handle: TLS handshakes done.
    pub tls_handshakes: u64,
    /// Of the handle: those among them that resumed an earlier session.
    pub tls_resumed: u64,
    /// Of the handle: bytes sent on its connections, TLS and what proxies were asked included.
    pub bytes_sent: u64,
    /// Of the handle: bytes received on its connections.
    pub bytes_received: u64,
    /// Of the handle: bytes of request bodies, without their framing.
    pub body_sent: u64,
    /// Of the handle: bytes of response bodies given to the program.
    pub body_received: u64,
    /// How the last connection was opened: resolving the name.
    pub resolve_ns: i64,
    /// How the last connection was opened: connecting, all addresses together.
    pub connect_ns: i64,
    /// How the last connection was opened: TLS handshakes.
    pub tls_ns: i64,
    /// How the last connection was opened: asking proxies.
    pub proxy_ns: i64,
    /// Of the exchange: from the open connection to the request sent. Only with hc_set_measuring.
    pub send_ns: i64,
    /// Of the exchange: from there to the first byte of an answer. Only with hc_set_measuring.
    pub wait_ns: i64,
    /// Of the exchange: from there to the end of the final head. Only with hc_set_measuring.
    pub head_ns: i64,
    /// Of the exchange: from there to the end of reading. Only with hc_set_measuring.
    pub body_ns: i64,
    /// Of the exchange: bytes sent.
    pub exchange_sent: u64,
    /// Of the exchange: bytes received.
    pub exchange_received: u64,
    /// Of the exchange: bytes of the request's body, without its framing.
    pub exchange_body_sent: u64,
    /// Of the exchange: bytes of the response's body given to the program.
    pub exchange_body_received: u64,
    /// Of the exchange: how long the connection had been idle, in milliseconds; -1 for a new one.
    pub exchange_idle_ms: i64,
    /// Of the exchange: 1 when its connection had served another before.
    pub exchange_reused: i32,
    /// Of the exchange: 1 when the request was sent a second time.
    pub exchange_retried: i32,
    /// Of the exchange: the status code; 0 before the final head was read.
    pub exchange_status: i32,
    /// How the last connection was opened: addresses tried.
    pub opening_tried: i32,
}

/// Switches the measuring of an exchange's parts on or off. It costs five looks at the clock for
/// each exchange; bytes are counted, and the opening of connections is timed, in any case.
///
/// @param c a connection
/// @param on 1 or 0, which is the default
/// @return HC_OK; HC_ERR_INVALID_ARG for any other number
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_measuring(c: *mut hc_conn, on: i32) -> hc_status {
    let set = |core: &mut Connection| {
        if !matches!(on, 0 | 1) {
            return Err(super::args::unknown("neither 0 nor 1"));
        }
        core.tuning_mut().measures = on == 1;
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, set) })
}

/// What hc_set_measuring has set. The figures themselves are got by hc_get_stats.
///
/// @param c a connection
/// @return 1 or 0; an hc_status below 0 for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_measuring(c: *const hc_conn) -> i32 {
    let ask = |core: &Connection| i32::from(core.tuning().measures);
    // SAFETY: the caller's promise.
    unsafe { peek(c, |code| code as i32, ask) }
}

/// The figures of a connection: of all that the handle has done, and of the exchange that is
/// under way or, with none, of the last one. What a response has moved that took the connection
/// along is added to the handle's when that connection ends; of the exchange itself hr_get_stats
/// tells.
///
/// @param c a connection
/// @param stats its struct_size going in; receives the figures
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_BUSY; HC_ERR_FORKED
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `stats` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_stats(c: *const hc_conn, stats: *mut hc_stats) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { VersionedOut::new(stats) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    let ask = |core: &mut Connection| {
        out.set(&hc_stats::from(&core.stats()));
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, ask) })
}

/// The figures of a response's exchange. For one that has taken its connection along, those of
/// the handle are as they were then; for one that stands alone, they are its own.
///
/// @param r a response
/// @param stats as for hc_get_stats
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_RESPONSE_NOT_READY before the head was read;
/// HC_ERR_CLOSED when the next request has been begun on the connection: the figures are of that
/// one then
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; `stats` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_get_stats(r: *const hr_response, stats: *mut hc_stats) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { VersionedOut::new(stats) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    let ask = |core: &mut Connection, response: &mut Response| {
        let found = core.stats_of(response)?.ok_or_else(overtaken)?;
        out.set(&hc_stats::from(&found));
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter_response(r, ask) })
}

#[cold]
fn overtaken() -> Error {
    Error::new(
        Code::HC_ERR_CLOSED,
        "the next request has been begun, and the figures are its own",
    )
}

impl From<&Stats> for hc_stats {
    fn from(s: &Stats) -> Self {
        let ns = |t: Option<u64>| t.map_or(-1, |ns| i64::try_from(ns).unwrap_or(i64::MAX));
        Self {
            struct_size: size_of::<Self>(),
            requests: s.requests,
            connections: s.connections,
            reused: s.reused,
            retries: s.retries,
            addresses_tried: s.tried,
            tls_handshakes: s.tls,
            tls_resumed: s.tls_resumed,
            bytes_sent: s.sent,
            bytes_received: s.received,
            body_sent: s.body_sent,
            body_received: s.body_received,
            resolve_ns: ns(s.opening.resolve_ns),
            connect_ns: ns(s.opening.connect_ns),
            tls_ns: ns(s.opening.tls_ns),
            proxy_ns: ns(s.opening.proxy_ns),
            send_ns: ns(s.send_ns),
            wait_ns: ns(s.wait_ns),
            head_ns: ns(s.head_ns),
            body_ns: ns(s.body_ns),
            exchange_sent: s.exchange_sent,
            exchange_received: s.exchange_received,
            exchange_body_sent: s.exchange_body_sent,
            exchange_body_received: s.exchange_body_received,
            exchange_idle_ms: s.idle_ms,
            exchange_reused: i32::from(s.was_reused),
            exchange_retried: i32::from(s.was_retried),
            exchange_status: i32::from(s.http_status),
            opening_tried: i32::try_from(s.opening.tried).unwrap_or(i32::MAX),
        }
    }
}

// SAFETY: numbers, with the size in front.
unsafe impl Versioned for hc_stats {
    const FIRST_SIZE: usize = size_of::<Self>();
}
