//! Pipelining: the calls, and conversations of several requests and their answers.

use super::api::*;
use super::drivers::Wire;
use super::handle::{Conn, Fault, name};
use super::reader::Reader;
use super::response::Resp;
use super::talk;

pub const HC_ERR_CLOSED: i32 = -25;
pub const HC_ERR_PENDING: i32 = -26;
pub const HC_ERR_CANNOT_SEND_REQUEST: i32 = -20;
pub const HC_ERR_CANNOT_SEND_BODY: i32 = -29;
pub const HC_ERR_CANCELLED: i32 = -65;
pub const HC_RESEND_NO: i32 = 0;
pub const HC_RESEND_UNKNOWN: i32 = 3;
pub const HC_STATE_UNREAD_RESPONSE: i32 = 3;
pub const HC_STATE_REQ_STARTED_UNREAD_RESPONSE: i32 = 4;
pub const HC_STATE_REQ_SENT_UNREAD_RESPONSE: i32 = 5;

unsafe extern "C" {
    fn hc_set_pipeline_depth(c: *mut hc_conn, depth: u32) -> i32;
    fn hc_get_pipeline_depth(c: *const hc_conn) -> u32;
    fn hc_set_pipeline_dangerous_methods(c: *mut hc_conn, on: i32) -> i32;
    fn hc_flush(c: *mut hc_conn) -> i32;
    fn hc_last_request_id(c: *const hc_conn) -> u64;
    fn hr_request_id(r: *const hr_response) -> u64;
    fn hc_unanswered_count(c: *const hc_conn) -> usize;
    fn hc_unanswered_id(c: *const hc_conn, index: usize) -> u64;
    fn hc_lost_count(c: *const hc_conn) -> usize;
    fn hc_lost_id(c: *const hc_conn, index: usize) -> u64;
    fn hc_lost_error(c: *const hc_conn, index: usize, info: *mut hc_error_info) -> i32;
    fn hc_cancel(c: *mut hc_conn) -> i32;
}

impl Conn {
    pub fn set_depth(&self, depth: u32) -> i32 {
        // SAFETY: the handle lives until drop; so in the calls below.
        unsafe { hc_set_pipeline_depth(self.raw(), depth) }
    }

    pub fn depth(&self) -> u32 {
        // SAFETY: as above.
        unsafe { hc_get_pipeline_depth(self.raw()) }
    }

    pub fn dangerous(&self, on: bool) {
        // SAFETY: as above.
        self.ok(|p| unsafe { hc_set_pipeline_dangerous_methods(p, on.into()) });
    }

    pub fn flush(&self) -> i32 {
        // SAFETY: as above.
        unsafe { hc_flush(self.raw()) }
    }

    pub fn last_id(&self) -> u64 {
        // SAFETY: as above.
        unsafe { hc_last_request_id(self.raw()) }
    }

    pub fn cancel(&self) {
        // SAFETY: as above.
        self.ok(|p| unsafe { hc_cancel(p) });
    }

    /// The numbers of the requests that are unanswered.
    pub fn unanswered(&self) -> Vec<u64> {
        // SAFETY: as above.
        let count = unsafe { hc_unanswered_count(self.raw()) };
        // SAFETY: as above.
        let id = |i| unsafe { hc_unanswered_id(self.raw(), i) };
        assert_eq!(id(count), 0, "one past the last");
        (0..count).map(id).collect()
    }

    /// What the last connection has left unanswered: number, code, and whether to send it again.
    pub fn lost(&self) -> Vec<(u64, i32, i32)> {
        self.lost_records()
            .into_iter()
            .map(|(id, fault)| (id, fault.code, fault.resend))
            .collect()
    }

    pub fn lost_records(&self) -> Vec<(u64, Fault)> {
        // SAFETY: as above.
        let count = unsafe { hc_lost_count(self.raw()) };
        (0..count)
            .map(|i| {
                // SAFETY: as above.
                let id = unsafe { hc_lost_id(self.raw(), i) };
                // SAFETY: as above; the record has its right size.
                let fault = Fault::read(|info| unsafe { hc_lost_error(self.raw(), i, info) });
                (id, fault)
            })
            .collect()
    }
}

impl Resp {
    pub fn request_id(&self) -> u64 {
        // SAFETY: the handle lives until drop.
        unsafe { hr_request_id(self.raw()) }
    }
}

/// A request by this method, which has to be accepted.
pub fn send(c: &Conn, wire: &mut dyn Wire, method: &str, body: Option<&hc_body>) {
    let status = talk::request(c, wire, method, &[], body);
    assert_eq!(
        status,
        HC_OK,
        "{method}: {} {:?}",
        name(status),
        c.last_error()
    );
}

pub fn send_gets(c: &Conn, wire: &mut dyn Wire, count: usize) {
    for _ in 0..count {
        send(c, wire, "GET", None);
    }
}

/// The next answer: the number of its request, its status and its body.
pub fn take(c: &Conn, wire: &mut dyn Wire, reader: Reader) -> Result<(u64, i32, Vec<u8>), i32> {
    let r = talk::answer(c, wire)?;
    let got = talk::body(c, wire, &r, reader);
    if got.status == HC_OK {
        Ok((r.request_id(), r.status(), got.bytes))
    } else {
        Err(got.status)
    }
}

/// An answer with this body.
pub fn answer(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A connection that pipelines.
pub fn deep(profile: i32, wire: &mut dyn Wire, depth: u32) -> Conn {
    let c = Conn::new(profile);
    wire.open(&c);
    assert_eq!(c.set_depth(depth), HC_OK);
    c
}
