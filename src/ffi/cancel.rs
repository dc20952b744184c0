//! Ending a call from elsewhere.

use super::args::done;
use super::barrier::{self, hc_conn};
use super::response::hr_response;
use crate::error::hc_status;

/// Ends whatever is under way on a connection, and on the responses that took a connection of
/// it along: resolving, connecting, TLS, sending, reading. The call that waits returns
/// HC_ERR_CANCELLED within 10 ms, at once as a rule; its connection is closed. When nothing is
/// under way, the next call that needs the network returns it. Either way every such call does
/// until hc_close, after which the handle works again. May be called from any thread, while
/// another is inside a call with the handle, and from a signal handler: it takes no lock, never
/// waits, and leaves errno alone. It cannot interrupt a callback of the program.
///
/// The one thing to see to: the handle must not be freed meanwhile.
///
/// @param c a connection
/// @return HC_OK; HC_ERR_INVALID_ARG for NULL; HC_ERR_FORKED
///
/// # Safety
/// `c` is NULL or a handle that is not freed during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_cancel(c: *mut hc_conn) -> hc_status {
    // SAFETY: the caller's promise.
    done(unsafe { barrier::request_cancel(c) })
}

/// The same as hc_cancel for a response, which may have outlived its connection's handle, or
/// never had one (hr_new). A response shares this with its connection: whatever is under way on
/// either is ended, and hc_close lets the connection work again. A response that was ended
/// stays closed.
///
/// @param r a response
/// @return as hc_cancel
///
/// # Safety
/// `r` is NULL or a handle that is not freed during the call, and not being begun (hr_begin).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_cancel(r: *mut hr_response) -> hc_status {
    // SAFETY: the caller's promise.
    done(unsafe { barrier::request_response_cancel(r) })
}
