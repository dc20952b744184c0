//! Exchanges whose response is read elsewhere. A program that owns the wire (hc_set_sansio)
//! sends what hc_output gives, and reads the answer with a response of its own (hr_new): these
//! calls tell the connection what has become of it, so that the state machine decides here as
//! it does everywhere.

use super::args::done;
use super::barrier::{enter, enter_response, hc_conn};
use super::response::{handle, hr_response, is_of};
use crate::client::connection::Connection;
use crate::client::response::{End, Response};
use crate::error::{Code, Error, Result, hc_status};

/// Says that a response that stands alone will answer the request that was sent. The response
/// gets what it has to know of the request (its method, whether it asked for an upgrade or to
/// close), and the profile, limits and timeouts of the connection. If the request still owes
/// bytes of its body, the answer is an early one and ends the connection
/// (HC_CLOSE_EARLY_RESPONSE). Nothing else changes.
///
/// @param c a connection in HC_STATE_REQUEST_SENT
/// @param r a response from hr_new that has not begun
/// @return HC_OK; HC_ERR_RESPONSE_NOT_READY; HC_ERR_PENDING; HC_ERR_INVALID_ARG
///
/// # Safety
/// Both are NULL or handles that have not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_response_expected(c: *mut hc_conn, r: *mut hr_response) -> hc_status {
    // SAFETY: the caller's promise.
    if let Err(code) = unsafe { check_apart(c, r) } {
        return code;
    }
    // SAFETY: the caller's promise.
    let expected = match unsafe { enter(c, |core: &mut Connection| core.expectation()) } {
        Ok(expected) => expected,
        Err(code) => return code,
    };
    let tell = |core: &mut Connection, response: &mut Response| core.expect(response, expected);
    // SAFETY: the caller's promise.
    done(unsafe { enter_response(r, tell) })
}

/// Says that the head of the response has been read (hr_begin). The state changes as it does
/// for hc_getresponse: to HC_STATE_UNREAD_RESPONSE, or to HC_STATE_IDLE when the connection ends
/// with the response (hr_will_close).
///
/// @param c a connection in HC_STATE_REQUEST_SENT
/// @param r the response
/// @return HC_OK; HC_ERR_RESPONSE_NOT_READY, also for a response that has not begun;
/// HC_ERR_PENDING; HC_ERR_INVALID_ARG
///
/// # Safety
/// Both are NULL or handles that have not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_response_begun(c: *mut hc_conn, r: *const hr_response) -> hc_status {
    // SAFETY: the caller's promise.
    if let Err(code) = unsafe { check_apart(c, r) } {
        return code;
    }
    // SAFETY: the caller's promise.
    let reason = unsafe { handle(r) }.and_then(hr_response::close_reason);
    let begun = |core: &mut Connection| {
        core.response_begun(reason.ok_or_else(|| {
            Error::new(
                Code::HC_ERR_RESPONSE_NOT_READY,
                "the head of the response has not been read",
            )
        })?)
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, begun) })
}

/// Says that reading the response may have come to its end. If it has, the state changes as it
/// does for any response that was read to its end. A response that was closed or has failed
/// before its end leaves bytes on the wire: then the connection is given up, the state changes
/// to what it is after that, and the program has to close its wire.
///
/// @param c a connection with an unread response
/// @param r the response
/// @return HC_OK: the wire can be used again; HC_ERR_CLOSED: it has to be closed;
/// HC_ERR_RESPONSE_NOT_READY when there is more to read, or no unread response: nothing
/// changed; HC_ERR_PENDING; HC_ERR_INVALID_ARG
///
/// # Safety
/// Both are NULL or handles that have not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_response_done(c: *mut hc_conn, r: *const hr_response) -> hc_status {
    // SAFETY: the caller's promise.
    if let Err(code) = unsafe { check_apart(c, r) } {
        return code;
    }
    let ask = |_: &mut Connection, response: &mut Response| -> Result<Option<bool>> {
        Ok(match response.end {
            End::NotBegun | End::Open => None,
            End::Done => Some(true),
            End::Closed | End::Failed(_) => Some(false),
        })
    };
    // SAFETY: the caller's promise.
    let ended = match unsafe { enter_response(r, ask) } {
        Ok(ended) => ended,
        Err(code) => return code,
    };
    let finish = |core: &mut Connection| match ended {
        Some(is_whole) => core.response_done(is_whole),
        None => Err(Error::new(
            Code::HC_ERR_RESPONSE_NOT_READY,
            "the response has not been read to its end",
        )),
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, finish) })
}

/// The two have nothing in common: a response of this very connection has told it all itself.
///
/// # Safety
/// Both are NULL or handles that have not been freed.
unsafe fn check_apart(c: *const hc_conn, r: *const hr_response) -> core::result::Result<(), Code> {
    // SAFETY: forwarded to the caller.
    let conn = unsafe { super::barrier::handle(c) }?;
    // SAFETY: forwarded to the caller.
    let response = unsafe { handle(r) }.ok_or(Code::HC_ERR_INVALID_ARG)?;
    if is_of(response, conn) {
        Err(Code::HC_ERR_INVALID_ARG)
    } else {
        Ok(())
    }
}
