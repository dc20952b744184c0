//! The C interface as a C program sees it: names, numbers and layouts written down a
//! second time on purpose, so that these tests exercise the exported symbols and fail when
//! one of them changes its number or its shape.
#![allow(non_camel_case_types)]

use std::ffi::{c_char, c_void};

use httpclient as _;

pub const HC_OK: i32 = 0;
pub const HC_WANT_READ: i32 = 1;
pub const HC_WANT_WRITE: i32 = 2;
pub const HC_ERR_INVALID_ARG: i32 = -1;
pub const HC_ERR_INVALID_URL: i32 = -2;
pub const HC_ERR_BUSY: i32 = -3;
pub const HC_ERR_CALLBACK: i32 = -6;
pub const HC_ERR_TOO_LARGE: i32 = -7;
pub const HC_ERR_RESPONSE_NOT_READY: i32 = -22;
pub const HC_ERR_NOT_CONNECTED: i32 = -23;
pub const HC_ERR_BODY_OWED: i32 = -27;
pub const HC_ERR_BODY_OVERRUN: i32 = -28;
pub const HC_ERR_EARLY_RESPONSE: i32 = -30;
pub const HC_ERR_BAD_STATUS_LINE: i32 = -40;
pub const HC_ERR_UNKNOWN_PROTOCOL: i32 = -41;
pub const HC_ERR_BAD_HEADER: i32 = -42;
pub const HC_ERR_LINE_TOO_LONG: i32 = -43;
pub const HC_ERR_TOO_MANY_HEADERS: i32 = -44;
pub const HC_ERR_BAD_FRAMING: i32 = -45;
pub const HC_ERR_BAD_CHUNK: i32 = -46;
pub const HC_ERR_INCOMPLETE: i32 = -47;
pub const HC_ERR_REMOTE_DISCONNECTED: i32 = -48;
pub const HC_ERR_UNKNOWN_TRANSFER_CODING: i32 = -49;
pub const HC_ERR_LIMIT: i32 = -50;
pub const HC_ERR_SEND: i32 = -62;
pub const HC_ERR_RECV: i32 = -63;
pub const HC_ERR_TIMEOUT: i32 = -64;
pub const HC_ERR_PROXY: i32 = -100;
pub const HC_ERR_NOMEM: i32 = -66;
pub const HC_ERR_INTERNAL: i32 = -120;

pub const HC_STATE_IDLE: i32 = 0;
pub const HC_STATE_REQUEST_STARTED: i32 = 1;
pub const HC_STATE_REQUEST_SENT: i32 = 2;

pub const HC_PROFILE_SAFE: i32 = 0;
pub const HC_PROFILE_PYTHON: i32 = 1;

pub const HC_LENIENT_SHORT_READ: u32 = 16;
pub const HC_LENIENT_BARE_LF_CHUNKS: u32 = 65_536;

pub const HC_TIMEOUT_READ: i32 = 1;
pub const HC_TIMEOUT_WRITE: i32 = 2;
pub const HC_TIMEOUT_EXPECT_CONTINUE: i32 = 3;
pub const HC_TIMEOUT_REUSE_CHECK: i32 = 4;

pub const HC_LIMIT_HEADERS: i32 = 1;
pub const HC_LIMIT_HEAD: i32 = 2;

pub const HC_SKIP_HOST: u32 = 1;
pub const HC_SKIP_ACCEPT_ENCODING: u32 = 2;
pub const HC_ENCODE_CHUNKED: u32 = 4;

pub const HC_LENGTH_UNKNOWN: u64 = u64::MAX;

pub const HC_BODY_MEMORY: i32 = 1;
pub const HC_BODY_IOVEC: i32 = 2;
pub const HC_BODY_FD: i32 = 3;
pub const HC_BODY_CALLBACK: i32 = 4;

pub const HC_KEEP_ALIVE: i32 = 0;
pub const HC_CLOSE_PEER_ASKED: i32 = 1;
pub const HC_CLOSE_HTTP10: i32 = 3;
pub const HC_CLOSE_NO_LENGTH: i32 = 4;
pub const HC_CLOSE_AMBIGUOUS_FRAMING: i32 = 5;
pub const HC_CLOSE_EARLY_RESPONSE: i32 = 6;
pub const HC_CLOSE_UPGRADE: i32 = 7;

pub const HC_EVENT_READ: i32 = 1;
pub const HC_EVENT_WRITE: i32 = 2;

pub const HC_PHASE_RESPONSE_HEAD: i32 = 6;
pub const HC_PHASE_PROXY: i32 = 10;

pub const HC_RESEND_NOTHING_SENT: i32 = 1;
pub const HC_RESEND_CLOSED_UNREAD: i32 = 2;

#[repr(C)]
pub struct hc_conn {
    _private: [u8; 0],
}

#[repr(C)]
pub struct hr_response {
    _private: [u8; 0],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct hc_header {
    pub name: *const c_char,
    pub name_len: usize,
    pub value: *const c_char,
    pub value_len: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct hc_iovec {
    pub base: *mut c_void,
    pub len: usize,
}

pub type hc_body_read = unsafe extern "C" fn(*mut c_void, usize, *mut c_void) -> i64;
pub type hc_body_rewind = unsafe extern "C" fn(*mut c_void) -> i32;

#[repr(C)]
pub struct hc_body {
    pub struct_size: usize,
    pub kind: i32,
    pub fd: i32,
    pub length: u64,
    pub offset: u64,
    pub data: *const c_void,
    pub iov: *const hc_iovec,
    pub iov_count: usize,
    pub read: Option<hc_body_read>,
    pub rewind: Option<hc_body_rewind>,
    pub user: *mut c_void,
}

#[repr(C)]
pub struct hc_transport {
    pub struct_size: usize,
    pub user: *mut c_void,
    pub read: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> i64>,
    pub write: Option<unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> i64>,
    pub wait: Option<unsafe extern "C" fn(*mut c_void, i32, i64) -> i32>,
    pub fd: Option<unsafe extern "C" fn(*mut c_void) -> i32>,
    pub close: Option<unsafe extern "C" fn(*mut c_void)>,
    pub destroy: Option<unsafe extern "C" fn(*mut c_void)>,
    pub no_read_ahead: i32,
    pub read_line: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> i64>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct hc_error_info {
    pub struct_size: usize,
    pub code: i32,
    pub phase: i32,
    pub os_error: i32,
    pub resend: i32,
    pub timeout_kind: i32,
    pub state: i32,
    pub reused: i32,
    pub http_status: i32,
    pub callback_value: i64,
    pub offset: u64,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    pub body_received: u64,
    pub body_expected: u64,
    pub idle_ms: i64,
    pub text: *const c_char,
    pub attempts: *const c_void,
    pub attempt_count: usize,
    pub tls_alert: i32,
    pub tls_reason: i32,
}

pub type hc_interim_fn = unsafe extern "C" fn(i32, *const hc_header, usize, *mut c_void);

unsafe extern "C" {
    pub fn hc_status_name(status: i32) -> *const c_char;
    pub fn hc_state(c: *const hc_conn) -> i32;
    pub fn hc_new_n(host: *const c_char, len: usize, port: i32, out: *mut *mut hc_conn) -> i32;
    pub fn hc_free(c: *mut hc_conn);
    pub fn hc_connect(c: *mut hc_conn) -> i32;
    pub fn hc_close(c: *mut hc_conn) -> i32;
    pub fn hc_adopt_fd(c: *mut hc_conn, fd: i32) -> i32;
    pub fn hc_host(c: *const hc_conn) -> *const c_char;
    pub fn hc_port(c: *const hc_conn) -> i32;
    pub fn hc_fileno(c: *const hc_conn) -> i32;
    pub fn hc_set_nonblocking(c: *mut hc_conn, on: i32) -> i32;
    pub fn hc_set_auto_open(c: *mut hc_conn, on: i32) -> i32;
    pub fn hc_set_profile(c: *mut hc_conn, profile: i32) -> i32;
    pub fn hc_get_profile(c: *const hc_conn) -> i32;
    pub fn hc_set_lenient(c: *mut hc_conn, bits: u32) -> i32;
    pub fn hc_set_timeout(c: *mut hc_conn, kind: i32, ms: i64) -> i32;
    pub fn hc_get_timeout(c: *const hc_conn, kind: i32) -> i64;
    pub fn hc_set_limit(c: *mut hc_conn, kind: i32, n: u64) -> i32;
    pub fn hc_set_retry(c: *mut hc_conn, on: i32) -> i32;
    pub fn hc_putrequest_n(
        c: *mut hc_conn,
        method: *const c_char,
        method_len: usize,
        target: *const c_char,
        target_len: usize,
        flags: u32,
    ) -> i32;
    pub fn hc_putheader_n(
        c: *mut hc_conn,
        name: *const c_char,
        name_len: usize,
        value: *const c_char,
        value_len: usize,
    ) -> i32;
    pub fn hc_endheaders(c: *mut hc_conn, body: *const hc_body, flags: u32) -> i32;
    pub fn hc_send(c: *mut hc_conn, data: *const c_void, len: usize, sent: *mut usize) -> i32;
    pub fn hc_finish_body(c: *mut hc_conn, trailers: *const hc_header, count: usize) -> i32;
    pub fn hc_request(
        c: *mut hc_conn,
        method: *const c_char,
        target: *const c_char,
        headers: *const hc_header,
        count: usize,
        body: *const hc_body,
        flags: u32,
    ) -> i32;
    pub fn hc_getresponse(c: *mut hc_conn, out: *mut *mut hr_response) -> i32;
    pub fn hc_set_interim_callback(
        c: *mut hc_conn,
        callback: Option<hc_interim_fn>,
        user: *mut c_void,
    ) -> i32;
    pub fn hc_want(c: *const hc_conn, fd: *mut i32, events: *mut i32, timeout: *mut i64) -> i32;
    pub fn hc_set_sansio(c: *mut hc_conn) -> i32;
    pub fn hc_feed(c: *mut hc_conn, data: *const c_void, len: usize) -> i32;
    pub fn hc_feed_eof(c: *mut hc_conn) -> i32;
    pub fn hc_output(c: *mut hc_conn, data: *mut *const c_void, len: *mut usize) -> i32;
    pub fn hc_output_consumed(c: *mut hc_conn, len: usize) -> i32;
    pub fn hc_set_transport(c: *mut hc_conn, t: *const hc_transport) -> i32;
    pub fn hc_set_proxy(c: *mut hc_conn, url: *const c_char) -> i32;
    pub fn hc_set_proxy_tunnel(c: *mut hc_conn, on: i32) -> i32;
    pub fn hc_get_proxy_response(c: *mut hc_conn, out: *mut *mut hr_response) -> i32;
    pub fn hc_last_error(c: *const hc_conn, info: *mut hc_error_info) -> i32;

    pub fn hr_status(r: *const hr_response) -> i32;
    pub fn hr_version(r: *const hr_response) -> i32;
    pub fn hr_reason(r: *const hr_response) -> *const c_char;
    pub fn hr_header_count(r: *const hr_response) -> usize;
    pub fn hr_header_at(r: *const hr_response, index: usize, out: *mut hc_header) -> i32;
    pub fn hr_header(r: *const hr_response, name: *const c_char) -> *const c_char;
    pub fn hr_header_nth(r: *const hr_response, name: *const c_char, n: usize) -> *const c_char;
    pub fn hr_header_raw(
        r: *const hr_response,
        index: usize,
        buf: *mut c_char,
        cap: usize,
        len: *mut usize,
    ) -> i32;
    pub fn hr_trailer_count(r: *const hr_response) -> usize;
    pub fn hr_trailer_at(r: *const hr_response, index: usize, out: *mut hc_header) -> i32;
    pub fn hr_read(r: *mut hr_response, buf: *mut c_void, cap: usize, n: *mut usize) -> i32;
    pub fn hr_read_full(r: *mut hr_response, buf: *mut c_void, len: usize, n: *mut usize) -> i32;
    pub fn hr_read1(r: *mut hr_response, buf: *mut c_void, cap: usize, n: *mut usize) -> i32;
    pub fn hr_peek(r: *mut hr_response, data: *mut *const c_void, n: *mut usize) -> i32;
    pub fn hr_readline(r: *mut hr_response, buf: *mut c_void, cap: usize, n: *mut usize) -> i32;
    pub fn hr_read_all(
        r: *mut hr_response,
        max: u64,
        data: *mut *const c_void,
        n: *mut usize,
    ) -> i32;
    pub fn hr_readv(r: *mut hr_response, iov: *const hc_iovec, count: usize, n: *mut usize) -> i32;
    pub fn hr_to_fd(r: *mut hr_response, fd: i32, max: u64, n: *mut u64) -> i32;
    pub fn hr_drain(r: *mut hr_response, max: u64, n: *mut u64) -> i32;
    pub fn hr_remaining(r: *const hr_response) -> i64;
    pub fn hr_will_close(r: *const hr_response) -> i32;
    pub fn hr_is_closed(r: *const hr_response) -> i32;
    pub fn hr_close(r: *mut hr_response) -> i32;
    pub fn hr_free(r: *mut hr_response);
    pub fn hr_detach(
        r: *mut hr_response,
        fd: *mut i32,
        leftover: *mut *const c_void,
        n: *mut usize,
    ) -> i32;
    pub fn hr_want(r: *const hr_response, fd: *mut i32, events: *mut i32, ms: *mut i64) -> i32;
    pub fn hr_last_error(r: *const hr_response, info: *mut hc_error_info) -> i32;
}
