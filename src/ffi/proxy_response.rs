//! The proxy's answer to CONNECT, as a response.

use core::ptr;

use super::args::Out;
use super::barrier::{enter, hc_conn};
use super::response::{hr_free, hr_response};
use super::standalone::hr_begin;
use crate::client::connection::Connection;
use crate::error::{Code, Error, hc_status};

/// The proxy's answer to the last CONNECT that the library has sent, whether it made a tunnel or
/// not: status, header fields and, of a refusal, the body. It stands alone: both handles may be
/// freed in any order, and it cannot be taken for an answer of the origin's. It stays until the
/// next connection is opened through a tunnel. Never waits: what there is of the body was
/// received before HC_ERR_PROXY was returned. Of a body longer than HC_LIMIT_DRAIN so much is
/// there; reading beyond it gives HC_ERR_LIMIT, or the failure that cut it short.
///
/// When the whole answer came and its head allows it, the connection to the proxy is kept, and
/// the next attempt sends its CONNECT there: after a 407, set the credentials
/// (hc_set_proxy_auth) and connect again. hc_close gives that connection up.
///
/// @param c a connection
/// @param out receives the response; NULL on failure
/// @return HC_OK; HC_ERR_RESPONSE_NOT_READY when no proxy has answered CONNECT; what
/// hc_getresponse would say of an answer whose body has no clear length; HC_ERR_NOMEM;
/// HC_ERR_INVALID_ARG. Ownership: free it with hr_free. Python: get_proxy_response_headers.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_proxy_response(
    c: *mut hc_conn,
    out: *mut *mut hr_response,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(ptr::null_mut());
    let replay = |core: &mut Connection| {
        let answer = core.proxy_answer().ok_or_else(|| {
            Error::new(
                Code::HC_ERR_RESPONSE_NOT_READY,
                "no proxy has answered CONNECT",
            )
        })?;
        Ok(answer.replay())
    };
    // SAFETY: the caller's promise.
    let replay = match unsafe { enter(c, replay) } {
        Ok(replay) => replay,
        Err(code) => return code,
    };
    let r = Box::into_raw(hr_response::not_begun(replay));
    // SAFETY: the handle has just been made, and nobody else has it.
    let begun = unsafe { hr_begin(r) };
    if begun == Code::HC_OK {
        out.set(r);
    } else {
        // SAFETY: as above.
        unsafe { hr_free(r) };
    }
    begun
}
