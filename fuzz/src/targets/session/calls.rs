//! The calls on connections, and which of them is next.

use super::bodies::{Body, DATA};
use super::world::{Resp, World};
use crate::engine::Violation;
use crate::take::Take;
use httpclient::ffi::conn::{hc_abandon, hc_close, hc_connect};
use httpclient::ffi::driving::{hc_feed_eof, hc_set_sansio};
use httpclient::ffi::machine::{hc_state, hc_transition};
use httpclient::ffi::pipeline::{
    hc_flush, hc_set_pipeline_dangerous_methods, hc_set_pipeline_depth, hc_transition_in_pipeline,
    hc_unanswered_count,
};
use httpclient::ffi::request::{
    hc_endheaders, hc_finish_body, hc_putheader, hc_putheader_int, hc_putheader_n,
    hc_putheader_values, hc_putrequest, hc_putrequest_n, hc_request, hc_send,
};
use httpclient::ffi::response::{hc_getresponse, hr_will_close};
use httpclient::ffi::types::hc_header;
use std::ffi::CStr;
use std::ptr;

const METHODS: [&CStr; 10] = [
    c"GET", c"POST", c"HEAD", c"CONNECT", c"PUT", c"OPTIONS", c"", c"G T", c"GET\r\n", c"x",
];
const TARGETS: [&CStr; 7] = [
    c"/",
    c"",
    c"*",
    c"http://h:9/",
    c"/a b",
    c"/\r\nX: y",
    c"h:443",
];
const FIELDS: [(&CStr, &CStr); 14] = [
    (c"X", c"y"),
    (c"Content-Length", c"5"),
    (c"Content-Length", c"0"),
    (c"Content-Length", c"x"),
    (c"Transfer-Encoding", c"chunked"),
    (c"Transfer-Encoding", c"gzip"),
    (c"Expect", c"100-continue"),
    (c"Connection", c"close"),
    (c"Upgrade", c"x"),
    (c"Host", c"h"),
    (c"a b", c"c"),
    (c"X", c"a\r\n b"),
    (c"X", c"a\r\nb"),
    (c"", c""),
];

fn field(t: &mut Take<'_>) -> hc_header {
    let (name, value) = FIELDS[t.below(FIELDS.len())];
    let mut h = hc_header {
        name: name.as_ptr(),
        name_len: name.count_bytes(),
        value: value.as_ptr(),
        value_len: usize::MAX,
    };
    match t.byte() {
        250 => h.name = ptr::null(),
        251 => h.value = ptr::null(),
        252 => h.name_len = usize::MAX - 1,
        253 => h.value_len = 0,
        _ => {}
    }
    h
}

impl World {
    /// One call, by the next number of the input.
    pub fn step(&mut self, t: &mut Take<'_>) -> Result<(), Violation> {
        let op = t.byte() % 38;
        let i = if self.conns.is_empty() {
            0
        } else {
            t.below(self.conns.len())
        };
        match op {
            0 => self.new_conn(t),
            1 => self.free_conn(i).map(drop),
            2 => self.set_transport(i, t),
            3 => self
                .call(i, "hc_set_sansio", None, String::new(), |c| {
                    // SAFETY: a live handle: here, and in all calls below.
                    unsafe { hc_set_sansio(c) as i32 }
                })
                .map(drop),
            4 => self.adopt(i, t),
            5 => self
                .call(i, "hc_connect", Some(0), String::new(), |c| unsafe {
                    hc_connect(c) as i32
                })
                .map(drop),
            6 => self
                .call(i, "hc_close", Some(1), String::new(), |c| unsafe {
                    hc_close(c) as i32
                })
                .map(drop),
            7 => self
                .call(i, "hc_abandon", None, String::new(), |c| unsafe {
                    hc_abandon(c) as i32
                })
                .map(drop),
            8 => self.putrequest(i, t),
            9 => self.putheader(i, t),
            10 => self.endheaders(i, t),
            11 | 33 => self.request(i, t),
            12 | 34 => self.getresponse(i, t),
            13..=16 | 35 => self.reading(i, op, t),
            17 => self.free_response(i).map(drop),
            18 => self.standing_alone(t),
            19 => self.feed(i, t),
            20 => self
                .call(i, "hc_feed_eof", None, String::new(), |c| unsafe {
                    hc_feed_eof(c) as i32
                })
                .map(drop),
            21 => self.output(i, t),
            22 => self.option(i, t),
            23 | 24 => self.send(i, t),
            25 => self.finish_body(i, t),
            26 => self.more(i, t),
            27 => self.interim(i, t),
            28 => self.want(i, t),
            29 => self.arm(i, t),
            30 => self.nothing(t),
            31 => self.reading(i, 15, t),
            36 => self.pipeline(i, t),
            37 => self.flush(i),
            _ => self.getters(i),
        }
    }

    fn pipeline(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let depth = u32::from(t.byte() % 6);
        let any_method = i32::from(t.byte().is_multiple_of(4));
        let words = format!(", {depth}");
        self.call(i, "hc_set_pipeline_depth", None, words, |c| unsafe {
            hc_set_pipeline_depth(c, depth) as i32
        })?;
        let words = format!(", {any_method}");
        self.call(
            i,
            "hc_set_pipeline_dangerous_methods",
            None,
            words,
            |c| unsafe { hc_set_pipeline_dangerous_methods(c, any_method) as i32 },
        )
        .map(drop)
    }

    fn flush(&mut self, i: usize) -> Result<(), Violation> {
        self.call(i, "hc_flush", None, String::new(), |c| unsafe {
            hc_flush(c) as i32
        })
        .map(drop)
    }

    fn putrequest(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let (m, u) = (
            METHODS[t.below(METHODS.len())],
            TARGETS[t.below(TARGETS.len())],
        );
        let flags = u32::from(t.byte() & 15);
        let counted = t.flag();
        self.call(
            i,
            "hc_putrequest",
            Some(2),
            format!(", {m:?}, {u:?}, {flags}"),
            |c| unsafe {
                (if counted {
                    hc_putrequest_n(
                        c,
                        m.as_ptr(),
                        m.count_bytes(),
                        u.as_ptr(),
                        usize::MAX,
                        flags,
                    )
                } else {
                    hc_putrequest(c, m.as_ptr(), u.as_ptr(), flags)
                }) as i32
            },
        )
        .map(drop)
    }

    fn putheader(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let kind = t.byte();
        let (name, value) = FIELDS[t.below(FIELDS.len())];
        let h = field(t);
        let number = i64::from(t.word() as i32);
        self.call(
            i,
            "hc_putheader",
            Some(3),
            format!(", {kind}, {name:?}, {value:?}"),
            |c| unsafe {
                let values = [
                    value.as_ptr(),
                    if kind & 64 != 0 {
                        ptr::null()
                    } else {
                        value.as_ptr()
                    },
                ];
                (match kind % 5 {
                    0 => hc_putheader(c, name.as_ptr(), value.as_ptr()),
                    1 => hc_putheader_n(c, h.name, h.name_len, h.value, h.value_len),
                    2 => hc_putheader_values(
                        c,
                        name.as_ptr(),
                        values.as_ptr(),
                        usize::from(kind >> 3) % 3,
                    ),
                    3 => hc_putheader_int(c, name.as_ptr(), number),
                    _ => hc_putheader(c, name.as_ptr(), ptr::null()),
                }) as i32
            },
        )
        .map(drop)
    }

    fn endheaders(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let body = Body::read(t);
        let flags = u32::from(t.byte() & 7);
        self.call_with_body(
            i,
            "hc_endheaders",
            4,
            format!(", flags {flags}"),
            body,
            |c, b| unsafe { hc_endheaders(c, b, flags) as i32 },
        )
    }

    fn call_with_body(
        &mut self,
        i: usize,
        what: &'static str,
        event: i32,
        words: String,
        body: Body,
        f: impl FnOnce(*mut httpclient::ffi::hc_conn, *const httpclient::ffi::types::hc_body) -> i32,
    ) -> Result<(), Violation> {
        let given = body.as_ptr();
        let was = self
            .conns
            .get(i)
            .and_then(Option::as_ref)
            .is_some_and(|c| c.lied);
        // Whether the body's callback lies shows only afterwards: what its call says is not
        // held against it then.
        if let Some(Some(conn)) = self.conns.get_mut(i) {
            conn.lied |= body.may_lie();
        }
        self.call(i, what, Some(event), words, |c| f(c, given))?;
        if let Some(Some(conn)) = self.conns.get_mut(i) {
            conn.lied = was
                || body.source.lied
                || conn.peers.iter().any(|n| self.peers[*n].0.with(|s| s.lied));
        }
        Ok(())
    }

    fn request(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let (m, u) = (
            METHODS[t.below(METHODS.len())],
            TARGETS[t.below(TARGETS.len())],
        );
        let body = Body::read(t);
        let fields: Vec<hc_header> = (0..t.below(4)).map(|_| field(t)).collect();
        let flags = u32::from(t.byte() & 15);
        let words = format!(", {m:?}, {u:?}, {} fields, flags {flags}", fields.len());
        self.call_with_body(i, "hc_request", 7, words, body, |c, b| unsafe {
            hc_request(
                c,
                m.as_ptr(),
                u.as_ptr(),
                fields.as_ptr(),
                fields.len(),
                b,
                flags,
            ) as i32
        })
    }

    fn getresponse(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let _ = t;
        let mut raw = ptr::null_mut();
        let before = self.conns.get(i).and_then(Option::as_ref).map(|conn| {
            // SAFETY: a live handle.
            unsafe { (hc_state(conn.raw), hc_unanswered_count(conn.raw) as u32) }
        });
        let st = self.call(i, "hc_getresponse", Some(8), String::new(), |c| unsafe {
            hc_getresponse(c, &raw mut raw) as i32
        })?;
        if (st == 0) == raw.is_null() && self.conns.get(i).is_some_and(Option::is_some) {
            return crate::engine::violation("hc_getresponse: handle and status", st.to_string());
        }
        if raw.is_null() {
            return Ok(());
        }
        // SAFETY: a response that was just made.
        let took = unsafe { hr_will_close(raw) } != 0;
        let conn = self.conns.get(i).and_then(Option::as_ref);
        let (peers, lied) = conn.map_or((Vec::new(), true), |c| (c.peers.clone(), c.lied));
        let alive = conn.is_some();
        let resp = Resp {
            raw,
            conn: (alive && !took).then_some(i),
            peers,
            lied,
            failed: None,
        };
        self.responses.push(Some(resp));
        if let Some(conn) = self.conns.get(i).and_then(Option::as_ref)
            && !conn.lied
        {
            // SAFETY: live handles.
            let (state, closed) = unsafe {
                (
                    hc_state(conn.raw),
                    httpclient::ffi::response::hr_is_closed(raw),
                )
            };
            // 8 is hc_getresponse, 9 the end of reading.
            let right = match before {
                // A head that is being built goes out on the next connection.
                Some((1, _)) if took => 1,
                Some((from, waiting)) if !took => {
                    let next = hc_transition_in_pipeline(from, 8, waiting, waiting);
                    if closed == 1 {
                        hc_transition(next, 9)
                    } else {
                        next
                    }
                }
                _ => 0,
            };
            if state != right {
                let text = format!("state {state}, will close: {took}, is closed: {closed}");
                return crate::engine::violation("hc_getresponse led to another state", text);
            }
        }
        Ok(())
    }

    fn send(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let (data, len) = match t.byte() {
            255 => (ptr::null(), 1),
            254 => (DATA.as_ptr(), usize::MAX),
            253 => (DATA.as_ptr(), DATA.len()),
            n => (DATA.as_ptr(), usize::from(n % 16)),
        };
        let mut sent = usize::MAX - 1;
        let st = self.call(i, "hc_send", Some(5), format!(", {len}"), |c| unsafe {
            hc_send(c, data.cast(), len, &raw mut sent) as i32
        })?;
        if st == 0 && sent > len && self.conns.get(i).is_some_and(Option::is_some) {
            return crate::engine::violation("hc_send took more than there was", sent.to_string());
        }
        Ok(())
    }

    fn finish_body(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let fields: Vec<hc_header> = (0..t.below(3)).map(|_| field(t)).collect();
        self.call(
            i,
            "hc_finish_body",
            Some(6),
            format!(", {}", fields.len()),
            |c| unsafe { hc_finish_body(c, fields.as_ptr(), fields.len()) as i32 },
        )
        .map(drop)
    }
}
