//! Options: one typed call each, and a getter for every setter.

use super::args::{done, unknown};
use super::barrier::{enter, hc_conn, peek};
use crate::client::connection::Connection;
use crate::error::{Result, hc_status};
use crate::proto::Profile;

/// What is accepted from a server and from the caller: hc_set_profile.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_profile {
    /// What RFC 9110 and 9112 let a client accept without two readings of the same bytes.
    HC_PROFILE_SAFE = 0,
    /// Also what Python's http.client accepts, as far as its own tests need it.
    HC_PROFILE_PYTHON = 1,
    /// A set of leniencies made by hc_set_lenient. hc_get_profile returns it, hc_set_profile does
    /// not take it.
    HC_PROFILE_CUSTOM = 2,
}

/// Single leniencies: hc_set_lenient. HC_PROFILE_SAFE has none of them, HC_PROFILE_PYTHON all
/// but those that say "In no profile".
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum hc_lenient {
    /// A header line with an empty name is skipped.
    HC_LENIENT_EMPTY_NAME = 1,
    /// The end of the stream inside a head ends the head.
    HC_LENIENT_EOF_IN_HEAD = 2,
    /// The end of the stream after the last chunk ends the body.
    HC_LENIENT_EOF_IN_TRAILERS = 4,
    /// A Content-Length that is no number counts as none, and the end of the connection ends
    /// the body.
    HC_LENIENT_BAD_LENGTH = 8,
    /// A sized read of a body cut short ends cleanly; hr_read_all and hr_read_full still fail.
    HC_LENIENT_SHORT_READ = 16,
    /// A folded header value keeps its line end; a fold of nothing is dropped.
    HC_LENIENT_RAW_FOLD = 32,
    /// HC_LIMIT_HEADERS counts lines, folds and the empty line included.
    HC_LENIENT_COUNT_LINES = 64,
    /// Any blanks separate the parts of a status line.
    HC_LENIENT_STATUS_BLANKS = 128,
    /// A header line without a colon hides those after it; the connection is not used again.
    HC_LENIENT_LOST_FIELDS = 256,
    /// A coding before chunked makes Transfer-Encoding invisible: the body is delivered coded.
    HC_LENIENT_HIDDEN_CODING = 512,
    /// Trailers are read and dropped, whatever they are.
    HC_LENIENT_DROP_TRAILERS = 1024,
    /// A response without a body stays unread until a reading call was made.
    HC_LENIENT_LAZY_EMPTY = 2048,
    /// A request method may be anything but control bytes and bytes from 0x80 on.
    HC_LENIENT_ANY_METHOD = 4096,
    /// Request fields may have blanks in names and folds in values; several values are joined
    /// by a fold.
    HC_LENIENT_LOOSE_FIELDS = 8192,
    /// Content-Length and Transfer-Encoding of the request are sent as the caller gives them,
    /// and are not held against the body.
    HC_LENIENT_LOOSE_FRAMING = 16384,
    /// What does not begin like a status line is the body of an HTTP/0.9 answer: version 9,
    /// status 200, no fields. In no profile.
    HC_LENIENT_HTTP09 = 32768,
    /// Lines of chunked framing may end in a bare LF. In no profile.
    HC_LENIENT_BARE_LF_CHUNKS = 65536,
    /// Over TLS, the end of the connection ends a body that has no other end, even if the server
    /// has not said in TLS that it ends there: somebody on the way may have cut it.
    HC_LENIENT_TLS_TRUNCATION = 131072,
}

const _: () = {
    use hc_lenient as L;
    assert!(L::HC_LENIENT_EMPTY_NAME as u32 == Profile::EMPTY_NAME.bits());
    assert!(L::HC_LENIENT_EOF_IN_HEAD as u32 == Profile::EOF_IN_HEAD.bits());
    assert!(L::HC_LENIENT_EOF_IN_TRAILERS as u32 == Profile::EOF_IN_TRAILERS.bits());
    assert!(L::HC_LENIENT_BAD_LENGTH as u32 == Profile::BAD_LENGTH.bits());
    assert!(L::HC_LENIENT_SHORT_READ as u32 == Profile::SHORT_READ.bits());
    assert!(L::HC_LENIENT_RAW_FOLD as u32 == Profile::RAW_FOLD.bits());
    assert!(L::HC_LENIENT_COUNT_LINES as u32 == Profile::COUNT_LINES.bits());
    assert!(L::HC_LENIENT_STATUS_BLANKS as u32 == Profile::STATUS_BLANKS.bits());
    assert!(L::HC_LENIENT_LOST_FIELDS as u32 == Profile::LOST_FIELDS.bits());
    assert!(L::HC_LENIENT_HIDDEN_CODING as u32 == Profile::HIDDEN_CODING.bits());
    assert!(L::HC_LENIENT_DROP_TRAILERS as u32 == Profile::DROP_TRAILERS.bits());
    assert!(L::HC_LENIENT_LAZY_EMPTY as u32 == Profile::LAZY_EMPTY.bits());
    assert!(L::HC_LENIENT_ANY_METHOD as u32 == Profile::ANY_METHOD.bits());
    assert!(L::HC_LENIENT_LOOSE_FIELDS as u32 == Profile::LOOSE_FIELDS.bits());
    assert!(L::HC_LENIENT_LOOSE_FRAMING as u32 == Profile::LOOSE_FRAMING.bits());
    assert!(L::HC_LENIENT_HTTP09 as u32 == Profile::HTTP09.bits());
    assert!(L::HC_LENIENT_BARE_LF_CHUNKS as u32 == Profile::BARE_LF_CHUNKS.bits());
    assert!(L::HC_LENIENT_TLS_TRUNCATION as u32 == Profile::TLS_TRUNCATION.bits());
};

/// Chooses whether calls wait. In non-blocking mode a call that would have to wait returns
/// HC_WANT_READ or HC_WANT_WRITE and remembers how far it got; see hc_want. Can be changed at
/// any time. A response that took its connection along keeps the mode of its birth.
///
/// @param c a connection
/// @param on 0: calls wait (the default); anything else: they do not
/// @return HC_OK
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_nonblocking(c: *mut hc_conn, on: i32) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe {
        set(c, |core| {
            core.tuning_mut().nonblocking = on != 0;
            Ok(())
        })
    }
}

/// Whether calls return instead of waiting.
///
/// @param c a connection
/// @return 1 or 0; an hc_status below 0 for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_nonblocking(c: *const hc_conn) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { get(c, |core| i32::from(core.tuning().nonblocking)) }
}

/// Chooses whether a request may open the connection by itself. Python:
/// HTTPConnection.auto_open.
///
/// @param c a connection
/// @param on anything but 0: it may (the default); 0: a request without an open connection
/// fails with HC_ERR_NOT_CONNECTED
/// @return HC_OK
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_auto_open(c: *mut hc_conn, on: i32) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe {
        set(c, |core| {
            if let Some(config) = core.config_mut() {
                config.auto_open = on != 0;
            }
            Ok(())
        })
    }
}

/// Whether a request may open the connection by itself.
///
/// @param c a connection
/// @return 1 or 0; an hc_status below 0 for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_auto_open(c: *const hc_conn) -> i32 {
    // SAFETY: the caller's promise.
    unsafe {
        get(c, |core| {
            i32::from(core.config().is_some_and(|config| config.auto_open))
        })
    }
}

/// Chooses the version in the request line, from the next hc_putrequest on. With 10 no Host
/// and no Accept-Encoding field is added by itself, and no body goes in chunks.
///
/// @param c a connection
/// @param version 11 (the default) or 10
/// @return HC_OK; HC_ERR_INVALID_ARG for another version. Python: _http_vsn.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_http_version(c: *mut hc_conn, version: i32) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe {
        set(c, |core| {
            let version = match version {
                10 => 10,
                11 => 11,
                _ => return Err(unknown("the HTTP version is neither 10 nor 11")),
            };
            if let Some(config) = core.config_mut() {
                config.http_version = version;
            }
            Ok(())
        })
    }
}

/// The version in the request line.
///
/// @param c a connection
/// @return 10 or 11; an hc_status below 0 for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_http_version(c: *const hc_conn) -> i32 {
    // SAFETY: the caller's promise.
    unsafe {
        get(c, |core| {
            core.config()
                .map_or(11, |config| i32::from(config.http_version))
        })
    }
}

/// Chooses what is accepted from servers and from the caller.
///
/// @param c a connection
/// @param profile HC_PROFILE_SAFE or HC_PROFILE_PYTHON
/// @return HC_OK; HC_ERR_INVALID_ARG for an unknown profile
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_profile(c: *mut hc_conn, profile: i32) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe {
        set(c, |core| {
            core.tuning_mut().profile = match profile {
                p if p == hc_profile::HC_PROFILE_SAFE as i32 => Profile::SAFE,
                p if p == hc_profile::HC_PROFILE_PYTHON as i32 => Profile::PYTHON,
                _ => return Err(unknown("the profile is not an HC_PROFILE_* number")),
            };
            Ok(())
        })
    }
}

/// What is accepted from servers and from the caller.
///
/// @param c a connection
/// @return an HC_PROFILE_* number; an hc_status below 0 for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_profile(c: *const hc_conn) -> i32 {
    let number = |core: &Connection| match core.tuning().profile {
        Profile::SAFE => hc_profile::HC_PROFILE_SAFE as i32,
        Profile::PYTHON => hc_profile::HC_PROFILE_PYTHON as i32,
        _ => hc_profile::HC_PROFILE_CUSTOM as i32,
    };
    // SAFETY: the caller's promise.
    unsafe { get(c, number) }
}

/// Chooses single leniencies, in place of a profile: none of them is HC_PROFILE_SAFE.
///
/// @param c a connection
/// @param bits HC_LENIENT_* numbers, or-ed together
/// @return HC_OK; HC_ERR_INVALID_ARG for an unknown bit
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_lenient(c: *mut hc_conn, bits: u32) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe {
        set(c, |core| {
            let profile = Profile::from_bits(bits);
            core.tuning_mut().profile = profile.ok_or_else(|| unknown("an unknown leniency"))?;
            Ok(())
        })
    }
}

/// The leniencies that are chosen, one by one or by a profile.
///
/// @param c a connection
/// @return HC_LENIENT_* numbers, or-ed together; 0 for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_lenient(c: *const hc_conn) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { peek(c, |_| 0, |core| core.tuning().profile.bits()) }
}

/// Chooses whether a request may be sent a second time, on a new connection, when a kept
/// connection ends before a byte of the answer: which is what happens when the server gave it
/// up while the request was on its way. Done at most once per request, only for methods that
/// are idempotent (GET, HEAD, OPTIONS, TRACE, PUT, DELETE), and only if the body can be sent
/// again: none, memory, a regular file, or a callback with a rewind. When the system has not
/// taken a byte of the request (HC_RESEND_NOTHING_SENT), the method does not matter: nothing can
/// have been processed.
///
/// @param c a connection
/// @param on 0: never (the default); anything else: it may
/// @return HC_OK
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_retry(c: *mut hc_conn, on: i32) -> hc_status {
    // SAFETY: the caller's promise.
    unsafe {
        set(c, |core| {
            if let Some(config) = core.config_mut() {
                config.retry = on != 0;
            }
            Ok(())
        })
    }
}

/// Whether a request may be sent a second time.
///
/// @param c a connection
/// @return 1 or 0; an hc_status below 0 for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_get_retry(c: *const hc_conn) -> i32 {
    // SAFETY: the caller's promise.
    unsafe {
        get(c, |core| {
            i32::from(core.config().is_some_and(|config| config.retry))
        })
    }
}

/// # Safety
/// As for [`enter`].
pub(super) unsafe fn set(
    c: *mut hc_conn,
    op: impl FnOnce(&mut Connection) -> Result<()>,
) -> hc_status {
    // SAFETY: forwarded to the caller.
    done(unsafe { enter(c, op) })
}

/// # Safety
/// As for [`peek`].
unsafe fn get(c: *const hc_conn, op: impl FnOnce(&Connection) -> i32) -> i32 {
    // SAFETY: forwarded to the caller.
    unsafe { peek(c, |code| code as i32, op) }
}
