//! The connection handle as an owner: freed on drop, every call one line. The response
//! handle is in `response.rs`.

use super::api::*;
use super::response::Resp;
use std::ffi::{CStr, CString, c_char, c_void};
use std::os::fd::{IntoRawFd, OwnedFd};
use std::ptr;

/// What `hc_last_error` and `hr_last_error` say, as owned values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub code: i32,
    pub phase: i32,
    pub os_error: i32,
    pub resend: i32,
    pub timeout_kind: i32,
    pub reused: i32,
    pub state: i32,
    pub callback_value: i64,
    pub offset: u64,
    pub body_received: u64,
    pub body_expected: u64,
    pub text: String,
    pub tls_alert: i32,
    pub tls_reason: i32,
}

impl Fault {
    /// Reads a record through `fill`, which is one of the two C calls.
    pub fn read(fill: impl FnOnce(*mut hc_error_info) -> i32) -> Self {
        let mut info = hc_error_info {
            struct_size: size_of::<hc_error_info>(),
            code: 0,
            phase: 0,
            os_error: 0,
            resend: 0,
            timeout_kind: 0,
            state: 0,
            reused: 0,
            http_status: 0,
            callback_value: 0,
            offset: 0,
            bytes_sent: 0,
            bytes_received: 0,
            body_received: 0,
            body_expected: 0,
            idle_ms: 0,
            text: ptr::null(),
            attempts: ptr::null(),
            attempt_count: 0,
            tls_alert: 0,
            tls_reason: 0,
        };
        assert_eq!(
            fill(&raw mut info),
            HC_OK,
            "the error record could not be read"
        );
        Self {
            code: info.code,
            phase: info.phase,
            os_error: info.os_error,
            resend: info.resend,
            timeout_kind: info.timeout_kind,
            reused: info.reused,
            state: info.state,
            callback_value: info.callback_value,
            offset: info.offset,
            body_received: info.body_received,
            body_expected: info.body_expected,
            text: text(info.text).unwrap_or_default(),
            tls_alert: info.tls_alert,
            tls_reason: info.tls_reason,
        }
    }
}

/// A copy of a C string of the library; `None` for NULL.
pub fn text(p: *const c_char) -> Option<String> {
    bytes(p).map(|b| String::from_utf8_lossy(&b).into_owned())
}

/// The same without a view on the encoding.
pub fn bytes(p: *const c_char) -> Option<Vec<u8>> {
    if p.is_null() {
        return None;
    }
    // SAFETY: the library promises NUL-terminated strings; the copy is made before any
    // other call on the handle.
    Some(unsafe { CStr::from_ptr(p) }.to_bytes().to_vec())
}

/// "HC_ERR_TIMEOUT" for messages of failed tests.
pub fn name(status: i32) -> String {
    // SAFETY: takes any number, returns a static string.
    let name = text(unsafe { hc_status_name(status) }).unwrap_or_default();
    format!("{name}({status})")
}

pub type Header<'a> = (&'a [u8], &'a [u8]);

/// The headers in the form of the C interface; borrows from `headers`.
pub fn c_headers(headers: &[Header<'_>]) -> Vec<hc_header> {
    headers
        .iter()
        .map(|(n, v)| hc_header {
            name: n.as_ptr().cast(),
            name_len: n.len(),
            value: v.as_ptr().cast(),
            value_len: v.len(),
        })
        .collect()
}

/// A body that says nothing yet; the tests fill in what their kind needs.
pub fn blank_body(kind: i32, length: u64) -> hc_body {
    hc_body {
        struct_size: size_of::<hc_body>(),
        kind,
        fd: -1,
        length,
        offset: 0,
        data: ptr::null(),
        iov: ptr::null(),
        iov_count: 0,
        read: None,
        rewind: None,
        user: ptr::null_mut(),
    }
}

/// A body in memory; valid while `data` is.
pub fn memory_body(data: &[u8]) -> hc_body {
    let mut body = blank_body(HC_BODY_MEMORY, data.len() as u64);
    body.data = data.as_ptr().cast();
    body
}

pub struct Conn(*mut hc_conn);

impl Conn {
    /// A connection that never opens a socket by itself: what a test does not attach is
    /// not there, and a refused reuse shows as HC_ERR_NOT_CONNECTED.
    pub fn new(profile: i32) -> Self {
        let c = Self::to(b"example.test", 0).unwrap_or_else(|s| panic!("hc_new: {}", name(s)));
        // SAFETY: `ok` passes the live handle; the other arguments outlive the call.
        c.ok(|p| unsafe { hc_set_auto_open(p, 0) });
        // SAFETY: `ok` passes the live handle; the other arguments outlive the call.
        c.ok(|p| unsafe { hc_set_profile(p, profile) });
        // Whatever goes wrong, a test ends.
        c.timeout(HC_TIMEOUT_READ, 3_000);
        c.timeout(HC_TIMEOUT_WRITE, 3_000);
        c
    }

    pub fn to(host: &[u8], port: i32) -> Result<Self, i32> {
        let mut out = ptr::null_mut();
        // SAFETY: pointer and length of one slice, and a place for the result.
        let status = unsafe { hc_new_n(host.as_ptr().cast(), host.len(), port, &raw mut out) };
        assert_eq!(
            status == HC_OK,
            !out.is_null(),
            "*out is set on success only"
        );
        if status == HC_OK {
            Ok(Self(out))
        } else {
            Err(status)
        }
    }

    /// Owns a handle that some other call has made.
    pub fn from_raw(raw: *mut hc_conn) -> Self {
        Self(raw)
    }

    pub fn raw(&self) -> *mut hc_conn {
        self.0
    }

    /// A call that must succeed.
    pub fn ok(&self, call: impl FnOnce(*mut hc_conn) -> i32) {
        let status = call(self.0);
        assert_eq!(status, HC_OK, "{} {:?}", name(status), self.last_error());
    }

    pub fn timeout(&self, kind: i32, ms: i64) {
        // SAFETY: `ok` passes the live handle; the other arguments outlive the call.
        self.ok(|p| unsafe { hc_set_timeout(p, kind, ms) });
    }

    pub fn limit(&self, kind: i32, n: u64) {
        // SAFETY: `ok` passes the live handle; the other arguments outlive the call.
        self.ok(|p| unsafe { hc_set_limit(p, kind, n) });
    }

    pub fn nonblocking(&self, on: bool) {
        // SAFETY: `ok` passes the live handle; the other arguments outlive the call.
        self.ok(|p| unsafe { hc_set_nonblocking(p, on.into()) });
    }

    pub fn auto_open(&self, on: bool) {
        // SAFETY: `ok` passes the live handle; the other arguments outlive the call.
        self.ok(|p| unsafe { hc_set_auto_open(p, on.into()) });
    }

    /// The socket belongs to the connection afterwards.
    pub fn adopt(&self, socket: OwnedFd) {
        let fd = socket.into_raw_fd();
        // SAFETY: `ok` passes the live handle; the other arguments outlive the call.
        self.ok(|p| unsafe { hc_adopt_fd(p, fd) });
    }

    pub fn state(&self) -> i32 {
        // SAFETY: the handle lives until drop.
        unsafe { hc_state(self.0) }
    }

    pub fn fileno(&self) -> i32 {
        // SAFETY: the handle lives until drop.
        unsafe { hc_fileno(self.0) }
    }

    /// Opens what hc_set_sansio or hc_set_transport has prepared; auto-open is off, so that
    /// a second connection is never made unnoticed.
    pub fn connect(&self) {
        // SAFETY: `ok` passes the live handle.
        self.ok(|p| unsafe { hc_connect(p) });
    }

    pub fn close(&self) -> i32 {
        // SAFETY: the handle lives until drop.
        unsafe { hc_close(self.0) }
    }

    /// (descriptor, events, milliseconds) that the connection waits for.
    pub fn want(&self) -> (i32, i32, i64) {
        let (mut fd, mut events, mut ms) = (-2, 0, -2);
        // SAFETY: `ok` passes the live handle; the other arguments outlive the call.
        self.ok(|p| unsafe { hc_want(p, &raw mut fd, &raw mut events, &raw mut ms) });
        (fd, events, ms)
    }

    pub fn putrequest(&self, method: &[u8], target: &[u8], flags: u32) -> i32 {
        let (m, t) = (method.as_ptr().cast(), target.as_ptr().cast());
        // SAFETY: pointers and lengths of two slices.
        unsafe { hc_putrequest_n(self.0, m, method.len(), t, target.len(), flags) }
    }

    pub fn putheader(&self, name: &[u8], value: &[u8]) -> i32 {
        let (n, v) = (name.as_ptr().cast(), value.as_ptr().cast());
        // SAFETY: pointers and lengths of two slices.
        unsafe { hc_putheader_n(self.0, n, name.len(), v, value.len()) }
    }

    pub fn endheaders(&self, body: Option<&hc_body>, flags: u32) -> i32 {
        let body = body.map_or(ptr::null(), ptr::from_ref);
        // SAFETY: NULL or a body that outlives the call.
        unsafe { hc_endheaders(self.0, body, flags) }
    }

    pub fn request(
        &self,
        method: &str,
        target: &str,
        headers: &[Header<'_>],
        body: Option<&hc_body>,
        flags: u32,
    ) -> i32 {
        let (m, t) = (zstring(method), zstring(target));
        let list = c_headers(headers);
        let body = body.map_or(ptr::null(), ptr::from_ref);
        let (lp, ln) = (list.as_ptr(), list.len());
        // SAFETY: strings, list and body outlive the call.
        unsafe { hc_request(self.0, m.as_ptr(), t.as_ptr(), lp, ln, body, flags) }
    }

    pub fn send(&self, data: &[u8]) -> (i32, usize) {
        let mut sent = 0;
        // SAFETY: pointer and length of one slice, and a place for the count.
        let status = unsafe { hc_send(self.0, data.as_ptr().cast(), data.len(), &raw mut sent) };
        (status, sent)
    }

    pub fn finish_body(&self) -> i32 {
        // SAFETY: no trailers.
        unsafe { hc_finish_body(self.0, ptr::null(), 0) }
    }

    pub fn getresponse(&self) -> Result<Resp, i32> {
        let mut out = ptr::null_mut();
        // SAFETY: a live handle and a place for the result.
        let status = unsafe { hc_getresponse(self.0, &raw mut out) };
        assert_eq!(
            status == HC_OK,
            !out.is_null(),
            "*out is set on success only"
        );
        if status == HC_OK {
            Ok(Resp::new(out))
        } else {
            Err(status)
        }
    }

    pub fn feed(&self, data: &[u8]) -> i32 {
        // SAFETY: pointer and length of one slice.
        unsafe { hc_feed(self.0, data.as_ptr().cast(), data.len()) }
    }

    pub fn feed_eof(&self) -> i32 {
        // SAFETY: a live handle.
        unsafe { hc_feed_eof(self.0) }
    }

    /// Takes everything that must be sent.
    pub fn take_output(&self) -> Vec<u8> {
        let mut all = Vec::new();
        // A queue hands out one piece at a time; 10,000 pieces are more than any test sends.
        for _ in 0..10_000 {
            let (mut data, mut n) = (ptr::null::<c_void>(), 0);
            // SAFETY: `ok` passes the live handle; the other arguments outlive the call.
            self.ok(|p| unsafe { hc_output(p, &raw mut data, &raw mut n) });
            if n == 0 {
                return all;
            }
            // SAFETY: the library says n bytes at data, valid until the next call.
            all.extend_from_slice(unsafe { std::slice::from_raw_parts(data.cast(), n) });
            // SAFETY: `ok` passes the live handle; the other arguments outlive the call.
            self.ok(|p| unsafe { hc_output_consumed(p, n) });
        }
        panic!("the output never ends");
    }

    pub fn last_error(&self) -> Fault {
        // SAFETY: a live handle; `Fault` passes a record of the right size.
        Fault::read(|info| unsafe { hc_last_error(self.0, info) })
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        // SAFETY: created by hc_new, freed once.
        unsafe { hc_free(self.0) }
    }
}

/// Tests that need a NUL inside use the calls with explicit lengths.
pub fn zstring(s: &str) -> CString {
    CString::new(s).unwrap_or_else(|_| panic!("NUL inside {s:?}"))
}
