//! The response handle as an owner, and its reading calls with slices.

use super::api::*;
use super::handle::{Fault, bytes, name, text, zstring};
use std::ffi::c_void;
use std::ptr;

pub struct Resp(*mut hr_response);

/// Status of a call and the bytes it delivered.
pub type Got = (i32, Vec<u8>);

impl Resp {
    pub fn new(raw: *mut hr_response) -> Self {
        Self(raw)
    }

    pub fn raw(&self) -> *mut hr_response {
        self.0
    }

    pub fn status(&self) -> i32 {
        // SAFETY: the handle lives until drop; so in every call below.
        unsafe { hr_status(self.0) }
    }

    pub fn version(&self) -> i32 {
        // SAFETY: see `status`.
        unsafe { hr_version(self.0) }
    }

    pub fn reason(&self) -> Vec<u8> {
        // SAFETY: see `status`.
        bytes(unsafe { hr_reason(self.0) }).unwrap_or_default()
    }

    pub fn will_close(&self) -> i32 {
        // SAFETY: see `status`.
        unsafe { hr_will_close(self.0) }
    }

    pub fn is_closed(&self) -> bool {
        // SAFETY: see `status`.
        unsafe { hr_is_closed(self.0) == 1 }
    }

    pub fn remaining(&self) -> i64 {
        // SAFETY: see `status`.
        unsafe { hr_remaining(self.0) }
    }

    pub fn close(&self) -> i32 {
        // SAFETY: see `status`.
        unsafe { hr_close(self.0) }
    }

    pub fn header(&self, wanted: &str) -> Option<String> {
        let wanted = zstring(wanted);
        // SAFETY: see `status`; the name outlives the call.
        text(unsafe { hr_header(self.0, wanted.as_ptr()) })
    }

    pub fn header_nth(&self, wanted: &str, n: usize) -> Option<String> {
        let wanted = zstring(wanted);
        // SAFETY: see `status`; the name outlives the call.
        text(unsafe { hr_header_nth(self.0, wanted.as_ptr(), n) })
    }

    pub fn headers(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        // SAFETY: see `status`.
        let count = unsafe { hr_header_count(self.0) };
        // SAFETY: see `status`; `out` is a place for one header.
        self.fields(count, |i, out| unsafe { hr_header_at(self.0, i, out) })
    }

    pub fn trailers(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        // SAFETY: see `status`.
        let count = unsafe { hr_trailer_count(self.0) };
        // SAFETY: see `status`; `out` is a place for one header.
        self.fields(count, |i, out| unsafe { hr_trailer_at(self.0, i, out) })
    }

    fn fields(
        &self,
        count: usize,
        at: impl Fn(usize, *mut hc_header) -> i32,
    ) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut h = hc_header {
            name: ptr::null(),
            name_len: 0,
            value: ptr::null(),
            value_len: 0,
        };
        assert_eq!(
            at(count, &raw mut h),
            HC_ERR_INVALID_ARG,
            "one past the last field"
        );
        (0..count)
            .map(|i| {
                let status = at(i, &raw mut h);
                assert_eq!(status, HC_OK, "field {i} of {count}: {}", name(status));
                let (n, v) = (
                    copy(h.name.cast(), h.name_len),
                    copy(h.value.cast(), h.value_len),
                );
                if !v.contains(&0) {
                    assert_eq!(bytes(h.value), Some(v.clone()), "NUL after the value");
                }
                (n, v)
            })
            .collect()
    }

    /// The header line as it came, with its end.
    pub fn raw_line(&self, index: usize) -> Vec<u8> {
        let mut n = 0;
        // SAFETY: no room at all asks for the length only.
        let status = unsafe { hr_header_raw(self.0, index, ptr::null_mut(), 0, &raw mut n) };
        assert_eq!(status, HC_ERR_TOO_LARGE, "{}", name(status));
        let mut line = vec![0u8; n + 1];
        let (p, cap) = (line.as_mut_ptr().cast(), line.len());
        // SAFETY: pointer and length of one buffer.
        let status = unsafe { hr_header_raw(self.0, index, p, cap, &raw mut n) };
        assert_eq!(status, HC_OK, "{}", name(status));
        line.truncate(n);
        line
    }

    fn into_buffer(cap: usize, call: impl FnOnce(*mut c_void, usize, *mut usize) -> i32) -> Got {
        let mut buf = vec![0u8; cap];
        let mut n = 0;
        let status = call(buf.as_mut_ptr().cast(), cap, &raw mut n);
        // A wait hands over nothing: the same call, made again, goes on.
        let n = if status > HC_OK { 0 } else { n };
        assert!(n <= cap, "{n} bytes in a buffer of {cap}");
        buf.truncate(n);
        (status, buf)
    }

    pub fn read(&self, cap: usize) -> Got {
        // SAFETY: pointer and length of one buffer; so in the calls below.
        Self::into_buffer(cap, |p, cap, n| unsafe { hr_read(self.0, p, cap, n) })
    }

    pub fn read1(&self, cap: usize) -> Got {
        // SAFETY: see `read`.
        Self::into_buffer(cap, |p, cap, n| unsafe { hr_read1(self.0, p, cap, n) })
    }

    /// Into a buffer of the caller's: a read that waits must go on with the same one.
    pub fn read_full(&self, buf: &mut [u8]) -> (i32, usize) {
        let mut n = 0;
        let (p, len) = (buf.as_mut_ptr().cast(), buf.len());
        // SAFETY: see `read`.
        let status = unsafe { hr_read_full(self.0, p, len, &raw mut n) };
        (status, n)
    }

    pub fn readline(&self, buf: &mut [u8]) -> (i32, usize) {
        let mut n = 0;
        let (p, len) = (buf.as_mut_ptr().cast(), buf.len());
        // SAFETY: see `read`.
        let status = unsafe { hr_readline(self.0, p, len, &raw mut n) };
        (status, n)
    }

    pub fn peek(&self) -> Got {
        let (mut data, mut n) = (ptr::null(), 0);
        // SAFETY: places for pointer and length.
        let status = unsafe { hr_peek(self.0, &raw mut data, &raw mut n) };
        if status == HC_OK {
            (status, copy(data, n))
        } else {
            (status, Vec::new())
        }
    }

    /// Scatters into three places of 2, 0 and 5 bytes and joins what came.
    pub fn readv(&self) -> Got {
        let (mut a, mut b, mut n) = ([0u8; 2], [0u8; 5], 0);
        let iov = [
            hc_iovec {
                base: a.as_mut_ptr().cast(),
                len: 2,
            },
            hc_iovec {
                base: ptr::null_mut(),
                len: 0,
            },
            hc_iovec {
                base: b.as_mut_ptr().cast(),
                len: 5,
            },
        ];
        // SAFETY: each entry is a buffer with its length.
        let status = unsafe { hr_readv(self.0, iov.as_ptr(), 3, &raw mut n) };
        let n = if status > HC_OK { 0 } else { n };
        assert!(n <= 7, "{n} bytes in 7 places");
        (status, [&a[..], &b[..]].concat()[..n].to_vec())
    }

    /// On a failure, what had been read before it.
    pub fn read_all(&self, max: u64) -> Got {
        let (mut data, mut n) = (ptr::null(), 0);
        // SAFETY: places for pointer and length.
        let status = unsafe { hr_read_all(self.0, max, &raw mut data, &raw mut n) };
        if status > HC_OK {
            return (status, Vec::new());
        }
        let got = copy(data, n);
        if status == HC_OK {
            // SAFETY: the contract puts a NUL after the bytes.
            assert_eq!(copy(data, n + 1).last(), Some(&0), "NUL after the body");
        }
        (status, got)
    }

    pub fn to_fd(&self, fd: i32, max: u64) -> (i32, u64) {
        let mut n = 0;
        // SAFETY: an open descriptor and a place for the count.
        let status = unsafe { hr_to_fd(self.0, fd, max, &raw mut n) };
        (status, n)
    }

    pub fn drain(&self, max: u64) -> (i32, u64) {
        let mut n = 0;
        // SAFETY: a place for the count.
        let status = unsafe { hr_drain(self.0, max, &raw mut n) };
        (status, n)
    }

    /// (status, descriptor, bytes already read)
    pub fn detach(&self) -> (i32, i32, Vec<u8>) {
        let (mut fd, mut data, mut n) = (-1, ptr::null(), 0);
        // SAFETY: places for the three results.
        let status = unsafe { hr_detach(self.0, &raw mut fd, &raw mut data, &raw mut n) };
        let left = if status == HC_OK {
            copy(data, n)
        } else {
            Vec::new()
        };
        (status, fd, left)
    }

    /// (status, descriptor, events, milliseconds)
    pub fn want(&self) -> (i32, i32, i32, i64) {
        let (mut fd, mut events, mut ms) = (-2, 0, -2);
        // SAFETY: places for the three results.
        let status = unsafe { hr_want(self.0, &raw mut fd, &raw mut events, &raw mut ms) };
        (status, fd, events, ms)
    }

    pub fn last_error(&self) -> Fault {
        // SAFETY: `Fault` passes a record of the right size.
        Fault::read(|info| unsafe { hr_last_error(self.0, info) })
    }
}

impl Drop for Resp {
    fn drop(&mut self) {
        // SAFETY: made by hc_getresponse, freed once.
        unsafe { hr_free(self.0) }
    }
}

fn copy(data: *const c_void, n: usize) -> Vec<u8> {
    if n == 0 {
        return Vec::new();
    }
    assert!(!data.is_null(), "{n} bytes at NULL");
    // SAFETY: the library says n bytes at data; copied before any other call.
    unsafe { std::slice::from_raw_parts(data.cast(), n) }.to_vec()
}
