//! The calls on responses, and those with no handle at all.

use super::bodies::DATA;
use super::scripts::answer;
use super::world::{Resp, World};
use crate::engine::{Violation, violation};
use crate::seen;
use crate::take::Take;
use httpclient::ffi::types::{hc_header, hc_iovec};
use httpclient::ffi::*;
use reading::{
    hr_chunk_left, hr_drain, hr_peek, hr_read, hr_read_all, hr_read_full, hr_read1, hr_readline,
    hr_readv, hr_remaining, hr_to_fd,
};
use response::{
    hr_close, hr_detach, hr_fileno, hr_is_chunked, hr_is_closed, hr_reason, hr_status, hr_version,
    hr_will_close,
};
use standalone::{hr_begin, hr_new, hr_new_bytes, hr_set_lenient, hr_set_limit};
use std::os::fd::AsRawFd;
use std::ptr;

/// Where the library may write: no more than `LEN` bytes.
const LEN: usize = 512;

/// May a response that stands alone be freed by its own transport? Not until hr_begin lets go
/// of a response that is gone when its call ends: it writes the head to freed memory.
const FREED_INSIDE_BEGIN: bool = true;

impl World {
    pub fn reading(&mut self, i: usize, op: u8, t: &mut Take<'_>) -> Result<(), Violation> {
        let i = if self.responses.is_empty() {
            0
        } else {
            (i + t.below(self.responses.len())) % self.responses.len()
        };
        if op == 16 {
            return match t.byte() % 4 {
                0 => self.read(i, "hr_close", "", |r| unsafe {
                    // SAFETY: a live handle: here, and in all calls below.
                    hr_close(r) as i32
                }),
                1 => self.read(i, "hr_begin", "", |r| unsafe { hr_begin(r) as i32 }),
                2 => return self.detach(i),
                _ => return self.free_response(i).map(drop),
            }
            .map(drop);
        }
        if op == 15 && t.byte() % 4 == 3 {
            return self.look(i);
        }
        self.one_read(i, t)
    }

    fn one_read(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let kind = t.byte();
        let cap = [0, 1, 3, 16, LEN, LEN, LEN, LEN][t.below(8)];
        let most = *t.pick(&[u64::MAX, u64::MAX, 0, 2, 1 << 40]);
        let mut buf = [0_u8; LEN + 1];
        let (mut n, mut long) = (0_usize, 0_u64);
        let mut data = ptr::null();
        let sink = self.sink.as_ref().map_or(-1, AsRawFd::as_raw_fd);
        let p = buf.as_mut_ptr().cast();
        const NAMES: [&str; 9] = [
            "hr_read",
            "hr_read1",
            "hr_read_full",
            "hr_readline",
            "hr_peek",
            "hr_read_all",
            "hr_readv",
            "hr_to_fd",
            "hr_drain",
        ];
        let which = usize::from(kind) % NAMES.len();
        let words = format!(", {cap}, {most}");
        let st = self.read(i, NAMES[which], &words, |r| unsafe {
            (match which {
                _ if kind > 250 => hr_read(r, ptr::null_mut(), 1, &raw mut n),
                0 if kind > 240 => hr_read(r, p, usize::MAX, &raw mut n),
                0 => hr_read(r, p, cap, &raw mut n),
                1 => hr_read1(r, p, cap, &raw mut n),
                2 => hr_read_full(r, p, cap, &raw mut n),
                3 => hr_readline(r, p, cap, &raw mut n),
                4 => hr_peek(r, &raw mut data, &raw mut n),
                5 => hr_read_all(r, most, &raw mut data, &raw mut n),
                6 => {
                    let iov = [
                        hc_iovec {
                            base: p,
                            len: cap / 2,
                        },
                        hc_iovec {
                            base: ptr::null_mut(),
                            len: usize::from(kind > 230),
                        },
                        hc_iovec {
                            base: p.byte_add(cap / 2),
                            len: cap - cap / 2,
                        },
                    ];
                    hr_readv(r, iov.as_ptr(), iov.len(), &raw mut n)
                }
                7 => hr_to_fd(r, if kind > 230 { -1 } else { sink }, most, &raw mut long),
                _ => hr_drain(r, most, &raw mut long),
            }) as i32
        })?;
        if matches!(which, 0..=3 | 6) && n > cap && kind <= 240 {
            return violation(
                format!("{} gave more than it had room for", NAMES[which]),
                format!("{n} > {cap}"),
            );
        }
        if matches!(which, 4 | 5)
            && n > 0
            && kind <= 250
            && self.responses.get(i).is_some_and(Option::is_some)
        {
            if n as u64 > most && which == 5 {
                return violation("hr_read_all gave more than it may", n.to_string());
            }
            // SAFETY: the library shows n bytes.
            let shown = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), n) };
            std::hint::black_box(shown.iter().fold(0_u8, |a, b| a ^ b));
        }
        if buf[LEN] != 0 {
            return violation("written behind the buffer", NAMES[which]);
        }
        std::hint::black_box(st);
        Ok(())
    }

    /// Everything that can be asked of a response.
    fn look(&mut self, i: usize) -> Result<(), Violation> {
        self.read(i, "getters", "", |r| {
            let head = seen::head(r);
            let trailers = seen::trailers(r);
            let (end, _) = seen::body_end(r, 0);
            std::hint::black_box((head, trailers, end));
            // SAFETY: a live handle.
            unsafe {
                std::hint::black_box((
                    hr_remaining(r),
                    hr_chunk_left(r),
                    hr_fileno(r),
                    hr_is_closed(r),
                    hr_is_chunked(r),
                ));
            }
            // The code that the response failed with, if it did: the rule of reading calls.
            -1
        })
        .map(drop)
    }

    fn detach(&mut self, i: usize) -> Result<(), Violation> {
        let (mut fd, mut data, mut n) = (-2, ptr::null(), 0);
        let st = self.read(i, "hr_detach", "", |r| unsafe {
            hr_detach(r, &raw mut fd, &raw mut data, &raw mut n) as i32
        })?;
        if st == 0 && fd >= 0 {
            // SAFETY: the descriptor is ours now.
            drop(unsafe { <std::os::fd::OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(fd) });
        }
        Ok(())
    }

    /// A response without a connection, or its settings.
    pub fn standing_alone(&mut self, t: &mut Take<'_>) -> Result<(), Violation> {
        let kind = t.byte();
        if kind % 4 == 3 && !self.responses.is_empty() {
            let (i, n) = (t.below(self.responses.len()), t.word());
            return self
                .read(i, "hr_set_...", &format!(" {n}"), |r| unsafe {
                    (if kind & 8 == 0 {
                        hr_set_lenient(r, n & 0x3_ffff)
                    } else {
                        hr_set_limit(r, (n & 7) as i32, u64::from(n >> 3))
                    }) as i32
                })
                .map(drop);
        }
        let method = [
            c"GET".as_ptr(),
            c"HEAD".as_ptr(),
            ptr::null(),
            c"\r\n".as_ptr(),
        ][t.below(4)];
        let mut raw = ptr::null_mut();
        let mut peers = Vec::new();
        let st = if kind.is_multiple_of(4) {
            let data = answer(t);
            // SAFETY: bytes of that length, a string with its NUL or NULL.
            unsafe { hr_new_bytes(data.as_ptr().cast(), data.len(), method, &raw mut raw) }
        } else {
            let n = self.add_peer(t);
            peers.push(n);
            let given = self.peers[n]
                .0
                .transport(kind & 4 == 0, kind & 8 != 0, kind & 16 != 0);
            // SAFETY: callbacks that outlive the response, a string with its NUL or NULL.
            let st = unsafe { hr_new(&raw const given, method, &raw mut raw) };
            self.peers[n].1 = st as i32 == 0;
            let armed = FREED_INSIDE_BEGIN && kind & 64 != 0 && !raw.is_null();
            self.peers[n].0.with(|s| s.response = armed.then_some(raw));
            st
        } as i32;
        self.note(
            "hr_new",
            -1,
            st,
            format!("r{} = hr_new({kind})", self.responses.len()),
        );
        if (st == 0) == raw.is_null() {
            return violation("hr_new: handle and status", st.to_string());
        }
        if st == 0 {
            self.responses.push(Some(Resp {
                raw,
                conn: None,
                peers,
                lied: false,
                failed: None,
            }));
        }
        Ok(())
    }

    /// NULL in place of each handle: refused, or nothing.
    pub fn nothing(&mut self, t: &mut Take<'_>) -> Result<(), Violation> {
        let (c, r) = (ptr::null_mut::<hc_conn>(), ptr::null_mut::<hr_response>());
        let p = DATA.as_ptr();
        let mut n = 0_usize;
        let none = ptr::null::<hc_header>();
        let k = t.byte() % 24;
        // SAFETY: NULL is refused by all of these, and the strings are strings.
        let st = unsafe {
            match k {
                0 => conn::hc_connect(c) as i32,
                1 => conn::hc_close(c) as i32,
                2 => conn::hc_abandon(c) as i32,
                3 => request::hc_putrequest(c, c"GET".as_ptr(), ptr::null(), 0) as i32,
                4 => request::hc_putheader(c, ptr::null(), ptr::null()) as i32,
                5 => request::hc_endheaders(c, ptr::null(), 0) as i32,
                6 => request::hc_send(c, p.cast(), 1, &raw mut n) as i32,
                7 => request::hc_finish_body(c, none, 1) as i32,
                8 => {
                    request::hc_request(c, ptr::null(), ptr::null(), none, 0, ptr::null(), 0) as i32
                }
                9 => response::hc_getresponse(c, ptr::null_mut()) as i32,
                10 => driving::hc_feed(c, p.cast(), 1) as i32,
                11 => driving::hc_set_transport(c, ptr::null()) as i32,
                12 => errors::hc_last_error(c, ptr::null_mut()) as i32,
                13 => machine::hc_state(c),
                14 => hr_read(r, ptr::null_mut(), 0, ptr::null_mut()) as i32,
                15 => hr_close(r) as i32,
                16 => hr_begin(r) as i32,
                17 => hr_detach(r, ptr::null_mut(), ptr::null_mut(), ptr::null_mut()) as i32,
                18 => fields::hr_header_at(r, 0, ptr::null_mut()) as i32,
                19 => hr_will_close(r),
                20 => conn::hc_new(ptr::null(), 0, ptr::null_mut()) as i32,
                21 => hr_new(ptr::null(), ptr::null(), ptr::null_mut()) as i32,
                22 => {
                    conn::hc_free(c);
                    response::hr_free(r);
                    -1
                }
                _ => {
                    let empty = hr_status(r) == 0 && hr_version(r) == 0 && hr_reason(r).is_null();
                    if empty { -1 } else { 0 }
                }
            }
        };
        self.note("NULL", i32::from(k), st, format!("NULL {k}"));
        if st == -1 {
            Ok(())
        } else {
            violation("NULL is not refused", format!("{k}: {st}"))
        }
    }
}
