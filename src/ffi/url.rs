//! URLs in parts.

use core::ffi::c_char;
use core::ptr;
use std::panic::catch_unwind;

use super::args::{self, Out, null, unknown};
use crate::error::{Code, Error, Result, hc_status};
use crate::proto::generation::Generation;
use crate::proto::url::{Part, Url};

const MAGIC: u32 = 0x7572_6c31;
const DEAD: u32 = 0xdead_0002;

/// A URL in parts. Opaque to C; made by hc_url_split, freed by hc_url_free. It is immutable, so
/// that threads may share it.
pub struct hc_url {
    magic: u32,
    url: Url,
}

/// The parts of a URL: what hc_url_get takes.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_url_part {
    /// "http", in lower case; the caller's spelling when it is the caller's.
    HC_URL_SCHEME = 0,
    /// "user:password@Host:80": what stands between "//" and the path, as it stands.
    HC_URL_NETLOC = 1,
    /// "/path": as it stands. What a request sends is HC_URL_TARGET.
    HC_URL_PATH = 2,
    /// Without the '?'.
    HC_URL_QUERY = 3,
    /// Without the '#'.
    HC_URL_FRAGMENT = 4,
    /// NULL without an '@'. The last '@' ends the userinfo, its first ':' the user's name.
    HC_URL_USERNAME = 5,
    /// NULL without an '@', and without a ':' before it.
    HC_URL_PASSWORD = 6,
    /// The host in lower case, without brackets; a zone ("%eth0") keeps its case. NULL when
    /// there is none.
    HC_URL_HOSTNAME = 7,
    /// "/path?query", for the request line: the path, "/" if it is empty, and behind it '?' and
    /// the query if there is one. Python has no name for it.
    HC_URL_TARGET = 8,
}

const _: () = {
    use hc_url_part as C;
    assert!(C::HC_URL_SCHEME as i32 == Part::Scheme as i32);
    assert!(C::HC_URL_NETLOC as i32 == Part::Netloc as i32);
    assert!(C::HC_URL_PATH as i32 == Part::Path as i32);
    assert!(C::HC_URL_QUERY as i32 == Part::Query as i32);
    assert!(C::HC_URL_FRAGMENT as i32 == Part::Fragment as i32);
    assert!(C::HC_URL_USERNAME as i32 == Part::Username as i32);
    assert!(C::HC_URL_PASSWORD as i32 == Part::Password as i32);
    assert!(C::HC_URL_HOSTNAME as i32 == Part::Hostname as i32);
    assert!(C::HC_URL_TARGET as i32 == Part::Target as i32);
};

/// Takes a URL apart, as Python's urlsplit does: no part is decoded, filled in or required, and
/// "host:80" has the scheme "host".
///
/// HC_GENERATION_CURRENT refuses, anywhere in the URL, control characters, spaces and DEL,
/// which Python 3 takes away (the blanks before the URL; TAB, CR and LF everywhere) or keeps,
/// and '\' in the netloc. HC_GENERATION_PYTHON3 does as Python does, and refuses NUL.
/// HC_GENERATION_PYTHON2 reads "host:80" as a path, does not look at what stands in brackets,
/// and has no port where it is above 65535; control characters, which Python 2.7 keeps, it
/// refuses.
///
/// Every generation refuses a netloc that is not ASCII: give such a host in its ASCII form
/// ("xn--"). (Python lets it through, unless Unicode's NFKC makes a delimiter of one of its
/// characters.) Every generation refuses brackets anywhere but around the host, as Python does
/// since 3.13.2 and 3.11.12.
///
/// @param url a URL, absolute or relative
/// @param scheme the scheme of a URL that has none; NULL for none
/// @param allow_fragments 0: a '#' is part of the path or query it stands in; anything else: it
/// begins the fragment
/// @param generation an HC_GENERATION_* number
/// @param out receives the parts; NULL on failure
/// @return HC_OK; HC_ERR_INVALID_URL (Python: ValueError); HC_ERR_INVALID_ARG for NULL, an
/// unknown generation, a scheme that cannot be one; HC_ERR_NOMEM. Ownership: free it with
/// hc_url_free. Python: urllib.parse.urlsplit, urlparse.urlsplit.
///
/// # Safety
/// `url` and `scheme` are NUL-terminated or NULL; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_url_split(
    url: *const c_char,
    scheme: *const c_char,
    allow_fragments: i32,
    generation: i32,
    out: *mut *mut hc_url,
) -> hc_status {
    // SAFETY: the caller's promise; a NUL-terminated string is a counted one.
    unsafe {
        hc_url_split_n(
            url,
            args::HC_ZSTR,
            scheme,
            args::HC_ZSTR,
            allow_fragments,
            generation,
            out,
        )
    }
}

/// The same as hc_url_split, for strings whose lengths are given.
///
/// @param url as for hc_url_split, without a NUL
/// @param url_len its length in bytes, or HC_ZSTR
/// @param scheme as for hc_url_split, without a NUL; may be NULL
/// @param scheme_len its length in bytes, or HC_ZSTR; of no account when `scheme` is NULL
/// @param allow_fragments as for hc_url_split
/// @param generation as for hc_url_split
/// @param out receives the parts; NULL on failure
/// @return as hc_url_split
///
/// # Safety
/// `url` and `scheme` are valid for their lengths or NULL; `out` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_url_split_n(
    url: *const c_char,
    url_len: usize,
    scheme: *const c_char,
    scheme_len: usize,
    allow_fragments: i32,
    generation: i32,
    out: *mut *mut hc_url,
) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { Out::new(out) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(ptr::null_mut());
    let scheme = if scheme.is_null() {
        Ok(&[][..])
    } else {
        // SAFETY: the caller's promise.
        unsafe { args::counted(scheme, scheme_len) }
    };
    let url = if url.is_null() {
        Err(null())
    } else {
        // SAFETY: the caller's promise.
        unsafe { args::counted(url, url_len) }
    };
    match split(url, scheme, allow_fragments != 0, generation) {
        Ok(url) => {
            out.set(Box::into_raw(Box::new(hc_url { magic: MAGIC, url })));
            Code::HC_OK
        }
        Err(e) => e.code,
    }
}

fn split(
    url: Result<&[u8]>,
    scheme: Result<&[u8]>,
    allow_fragments: bool,
    generation: i32,
) -> Result<Url> {
    let (url, scheme) = (url?, scheme?);
    let generation = Generation::from_number(generation)
        .ok_or_else(|| unknown("there is no such generation"))?;
    catch_unwind(|| Url::split(url, scheme, allow_fragments, generation)).unwrap_or_else(|_| {
        Err(Error::new(
            Code::HC_ERR_INTERNAL,
            "taking a URL apart failed",
        ))
    })
}

/// The handle behind a pointer from C.
///
/// # Safety
/// `u` is NULL or a handle from hc_url_split that has not been freed.
unsafe fn handle<'a>(u: *const hc_url) -> Option<&'a Url> {
    // SAFETY: forwarded to the caller.
    let u = unsafe { u.as_ref() }?;
    (u.magic == MAGIC).then_some(&u.url)
}

/// A text of a handle, and its length where that is wanted.
///
/// # Safety
/// `len` is valid or NULL.
unsafe fn give(text: Option<&[u8]>, len: *mut usize) -> *const c_char {
    // SAFETY: forwarded to the caller.
    if let Ok(len) = unsafe { Out::new(len) } {
        len.set(text.map_or(0, <[u8]>::len));
    }
    text.map_or(ptr::null(), |text| text.as_ptr().cast())
}

/// A part of a URL.
///
/// @param u a URL
/// @param part an HC_URL_* number
/// @param len receives the length without the NUL; may be NULL
/// @return a NUL-terminated text without another NUL in it; "" for a scheme, netloc, path, query
/// or fragment that is not there, "/" for such a target, NULL for a username, password or hostname that is not there,
/// and for a bad handle or part. Lifetime: handle. Python: SplitResult.scheme, netloc, path,
/// query, fragment, username, password, hostname.
///
/// # Safety
/// `u` is NULL or a handle that has not been freed; `len` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_url_get(u: *const hc_url, part: i32, len: *mut usize) -> *const c_char {
    // SAFETY: the caller's promise.
    let url = unsafe { handle(u) };
    let text = url
        .zip(Part::from_number(part))
        .and_then(|(url, part)| url.get(part));
    // SAFETY: the caller's promise.
    unsafe { give(text, len) }
}

/// The port of a URL. It is looked at only here: a URL whose port is no port has its other parts
/// all the same.
///
/// @param u a URL
/// @param port receives 0 to 65535, or -1 when the URL has no port (hc_new then takes 0); -1 on
/// failure. HC_GENERATION_CURRENT has no port 0.
/// @return HC_OK; HC_ERR_INVALID_URL for a port that is not a number or out of range (Python:
/// ValueError); HC_ERR_INVALID_ARG for NULL. Python: SplitResult.port.
///
/// # Safety
/// `u` is NULL or a handle that has not been freed; `port` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_url_port(u: *const hc_url, port: *mut i32) -> hc_status {
    // SAFETY: the caller's promise.
    let out = match unsafe { Out::new(port) } {
        Ok(out) => out,
        Err(code) => return code,
    };
    out.set(-1);
    // SAFETY: the caller's promise.
    let Some(url) = (unsafe { handle(u) }) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    match url.port() {
        Ok(Some(port)) => {
            out.set(i32::from(port));
            Code::HC_OK
        }
        Ok(None) => Code::HC_OK,
        Err(e) => e.code,
    }
}

/// The parts of a URL, put together again. What was there without saying anything is gone (a
/// '?' without a query), the scheme is in lower case. Splitting it again gives the same parts.
///
/// @param u a URL
/// @param len receives the length without the NUL; may be NULL
/// @return a NUL-terminated URL; NULL for a bad handle. Lifetime: handle. Python:
/// SplitResult.geturl, as of Python 3.13: before, "////host" came out as "//host", and
/// "file:path" as "file:///path".
///
/// # Safety
/// `u` is NULL or a handle that has not been freed; `len` is valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_url_geturl(u: *const hc_url, len: *mut usize) -> *const c_char {
    // SAFETY: the caller's promise.
    let url = unsafe { handle(u) };
    // SAFETY: the caller's promise.
    unsafe { give(url.map(Url::geturl), len) }
}

/// Frees a URL, and with it every text that was got from it.
///
/// @param u a URL, or NULL
///
/// # Safety
/// `u` is NULL or a handle that has not been freed, and no other thread is using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_url_free(u: *mut hc_url) {
    // SAFETY: the caller's promise.
    if unsafe { handle(u) }.is_none() {
        return;
    }
    // SAFETY: hc_url_split made it with Box::into_raw, and nobody else uses it.
    let mut owned = unsafe { Box::from_raw(u) };
    owned.magic = DEAD;
}
