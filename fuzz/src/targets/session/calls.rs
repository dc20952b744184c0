//! The calls on connections, and which of them is next.

use super::bodies::{Body, DATA};
use super::scripts::{self, answer};
use super::world::{Conn, Resp, World};
use crate::engine::Violation;
use crate::seen::{blank_info, note_interim};
use crate::take::Take;
use httpclient::ffi::conn::{
    hc_abandon, hc_adopt_fd, hc_close, hc_connect, hc_new, hc_set_interim_callback,
};
use httpclient::ffi::driving::{
    hc_feed, hc_feed_eof, hc_output, hc_output_consumed, hc_set_sansio, hc_set_transport, hc_want,
};
use httpclient::ffi::errors::hc_last_error;
use httpclient::ffi::options::{
    hc_set_auto_open, hc_set_http_version, hc_set_lenient, hc_set_limit, hc_set_nonblocking,
    hc_set_profile, hc_set_retry, hc_set_timeout,
};
use httpclient::ffi::request::{
    hc_endheaders, hc_finish_body, hc_putheader, hc_putheader_int, hc_putheader_n,
    hc_putheader_values, hc_putrequest, hc_putrequest_n, hc_request, hc_send,
};
use httpclient::ffi::response::{hc_getresponse, hr_will_close};
use httpclient::ffi::types::hc_header;
use std::ffi::{CStr, c_void};
use std::net::TcpListener;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::io::Write as _;
use std::net::Shutdown;
use std::ptr;
use std::sync::OnceLock;

const METHODS: [&CStr; 10] = [
    c"GET", c"POST", c"HEAD", c"CONNECT", c"PUT", c"OPTIONS", c"", c"G T", c"GET\r\n", c"x",
];
const TARGETS: [&CStr; 7] = [c"/", c"", c"*", c"http://h:9/", c"/a b", c"/\r\nX: y", c"h:443"];
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

/// A port of this machine that refuses connections: bound, and nobody listens.
pub fn refusing_port() -> i32 {
    static PORT: OnceLock<(Option<OwnedFd>, i32)> = OnceLock::new();
    PORT.get_or_init(|| {
        // A listener that is gone leaves its port free; it stays ours by a bound socket.
        let Ok(listener) = TcpListener::bind("127.0.0.1:0") else { return (None, 1) };
        let port = listener.local_addr().map_or(1, |a| i32::from(a.port()));
        // SAFETY: a call with numbers; shutting a listener down ends its listening.
        unsafe { libc::shutdown(listener.as_raw_fd(), libc::SHUT_RDWR) };
        // SAFETY: the descriptor was just given up by its owner.
        (Some(unsafe { OwnedFd::from_raw_fd(listener.into_raw_fd()) }), port)
    })
    .1
}

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
        let op = t.byte() % 36;
        let i = if self.conns.is_empty() { 0 } else { t.below(self.conns.len()) };
        match op {
            0 => self.new_conn(t),
            1 => self.free_conn(i).map(drop),
            2 => self.set_transport(i, t),
            3 => self.call(i, "hc_set_sansio", None, String::new(), |c| {
                // SAFETY: a live handle: here, and in all calls below.
                unsafe { hc_set_sansio(c) as i32 }
            }).map(drop),
            4 => self.adopt(i, t),
            5 => self.call(i, "hc_connect", Some(0), String::new(), |c| unsafe { hc_connect(c) as i32 }).map(drop),
            6 => self.call(i, "hc_close", Some(1), String::new(), |c| unsafe { hc_close(c) as i32 }).map(drop),
            7 => self.call(i, "hc_abandon", None, String::new(), |c| unsafe { hc_abandon(c) as i32 }).map(drop),
            8 => self.putrequest(i, t),
            9 => self.putheader(i, t),
            10 => self.endheaders(i, t),
            11 | 33 => self.request(i, t),
            12 | 34 => self.getresponse(i, t),
            13..=16 | 35 => self.reading(i, op, t),
            17 => self.free_response(i).map(drop),
            18 => self.standing_alone(t),
            19 => self.feed(i, t),
            20 => self.call(i, "hc_feed_eof", None, String::new(), |c| unsafe { hc_feed_eof(c) as i32 }).map(drop),
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
            _ => self.getters(i),
        }
    }

    fn new_conn(&mut self, t: &mut Take<'_>) -> Result<(), Violation> {
        if self.conns.iter().flatten().count() >= 3 {
            return Ok(());
        }
        let kind = t.byte();
        let (host, port) = match kind % 16 {
            0..=11 => (c"127.0.0.1".as_ptr(), refusing_port()),
            12 => (c"[::1".as_ptr(), 0),
            13 => (ptr::null(), 0),
            14 => (c"127.0.0.1:x".as_ptr(), 80),
            _ => (c"127.0.0.1".as_ptr(), 65_536),
        };
        let mut raw = ptr::null_mut();
        // SAFETY: a string with its NUL or NULL, and a place for the handle.
        let st = unsafe { hc_new(host, port, &raw mut raw) } as i32;
        self.note("hc_new", -1, st, "hc_new".to_owned());
        if (st == 0) == raw.is_null() {
            return crate::engine::violation("hc_new: handle and status", st.to_string());
        }
        if st == 0 {
            // HC_TIMEOUT_REUSE_CHECK: always, so that it does not depend on the clock.
            // SAFETY: a live handle.
            unsafe {
                hc_set_timeout(raw, 4, 0);
                hc_set_nonblocking(raw, i32::from(kind & 64 != 0));
                hc_set_auto_open(raw, i32::from(kind & 32 == 0));
                hc_set_profile(raw, i32::from(kind & 128 != 0));
                // For reading, writing and "100 Continue": a call that waits is over at once.
                for kind in 1..=3 {
                    hc_set_timeout(raw, kind, 0);
                }
            }
            self.conns.push(Some(Conn { raw, peers: Vec::new(), lied: false }));
        }
        Ok(())
    }

    fn set_transport(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let kind = t.byte();
        let n = self.add_peer(t);
        let mut given = self.peers[n].0.transport(kind & 1 == 0, kind & 2 != 0, kind & 4 != 0);
        match kind {
            240..=245 => given.read = None,
            246..=250 => given.struct_size = usize::from(kind % 8),
            _ => {}
        }
        let st = self.call(i, "hc_set_transport", None, format!(", {kind}"), |c| unsafe {
            hc_set_transport(c, &raw const given) as i32
        })?;
        if let Some(Some(conn)) = self.conns.get_mut(i)
            && st == 0
        {
            conn.peers.push(n);
            self.peers[n].1 = true;
        }
        Ok(())
    }

    fn adopt(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let data = answer(t);
        let Ok((ours, mut theirs)) = UnixStream::pair() else { return Ok(()) };
        // A peer that has said all it will say, so that nothing waits for it.
        let spoken = theirs.write_all(data).and_then(|()| theirs.shutdown(Shutdown::Write));
        let fd = if spoken.is_ok() && data.len() % 7 != 6 { ours.as_raw_fd() } else { -1 };
        let st = self.call(i, "hc_adopt_fd", None, format!(", {}", data.len()), |c| unsafe {
            hc_adopt_fd(c, fd) as i32
        })?;
        if st == 0 && self.conns.get(i).is_some_and(Option::is_some) {
            let _ = ours.into_raw_fd();
        }
        self.sockets.push(theirs.into());
        Ok(())
    }

    fn putrequest(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let (m, u) = (METHODS[t.below(METHODS.len())], TARGETS[t.below(TARGETS.len())]);
        let flags = u32::from(t.byte() & 15);
        let counted = t.flag();
        self.call(i, "hc_putrequest", Some(2), format!(", {m:?}, {u:?}, {flags}"), |c| unsafe {
            (if counted {
                hc_putrequest_n(c, m.as_ptr(), m.count_bytes(), u.as_ptr(), usize::MAX, flags)
            } else {
                hc_putrequest(c, m.as_ptr(), u.as_ptr(), flags)
            }) as i32
        })
        .map(drop)
    }

    fn putheader(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let kind = t.byte();
        let (name, value) = FIELDS[t.below(FIELDS.len())];
        let h = field(t);
        let number = i64::from(t.word() as i32);
        self.call(i, "hc_putheader", Some(3), format!(", {kind}, {name:?}, {value:?}"), |c| unsafe {
            let values = [value.as_ptr(), if kind & 64 != 0 { ptr::null() } else { value.as_ptr() }];
            (match kind % 5 {
                0 => hc_putheader(c, name.as_ptr(), value.as_ptr()),
                1 => hc_putheader_n(c, h.name, h.name_len, h.value, h.value_len),
                2 => hc_putheader_values(c, name.as_ptr(), values.as_ptr(), usize::from(kind >> 3) % 3),
                3 => hc_putheader_int(c, name.as_ptr(), number),
                _ => hc_putheader(c, name.as_ptr(), ptr::null()),
            }) as i32
        })
        .map(drop)
    }

    fn endheaders(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let body = Body::read(t);
        let flags = u32::from(t.byte() & 7);
        self.call_with_body(i, "hc_endheaders", 4, format!(", flags {flags}"), body, |c, b| unsafe {
            hc_endheaders(c, b, flags) as i32
        })
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
        let was = self.conns.get(i).and_then(Option::as_ref).is_some_and(|c| c.lied);
        // Whether the body's callback lies shows only afterwards: what its call says is not
        // held against it then.
        if let Some(Some(conn)) = self.conns.get_mut(i) {
            conn.lied |= body.may_lie();
        }
        self.call(i, what, Some(event), words, |c| f(c, given))?;
        if let Some(Some(conn)) = self.conns.get_mut(i) {
            conn.lied = was || body.source.lied || conn.peers.iter().any(|n| self.peers[*n].0.with(|s| s.lied));
        }
        Ok(())
    }

    fn request(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let (m, u) = (METHODS[t.below(METHODS.len())], TARGETS[t.below(TARGETS.len())]);
        let body = Body::read(t);
        let fields: Vec<hc_header> = (0..t.below(4)).map(|_| field(t)).collect();
        let flags = u32::from(t.byte() & 15);
        let words = format!(", {m:?}, {u:?}, {} fields, flags {flags}", fields.len());
        self.call_with_body(i, "hc_request", 7, words, body, |c, b| unsafe {
            hc_request(c, m.as_ptr(), u.as_ptr(), fields.as_ptr(), fields.len(), b, flags) as i32
        })
    }

    fn getresponse(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let _ = t;
        let mut raw = ptr::null_mut();
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
        let resp = Resp { raw, conn: (alive && !took).then_some(i), peers, lied, failed: None };
        self.responses.push(Some(resp));
        if let Some(conn) = self.conns.get(i).and_then(Option::as_ref)
            && !conn.lied
        {
            // SAFETY: live handles.
            let (state, closed) = unsafe {
                (httpclient::ffi::machine::hc_state(conn.raw), httpclient::ffi::response::hr_is_closed(raw))
            };
            let right = if took || closed == 1 { 0 } else { 3 };
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
        self.call(i, "hc_finish_body", Some(6), format!(", {}", fields.len()), |c| unsafe {
            hc_finish_body(c, fields.as_ptr(), fields.len()) as i32
        })
        .map(drop)
    }

    fn feed(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let mut data = answer(t);
        let kind = t.byte();
        if kind % 4 == 3 {
            data = &data[..data.len().min(usize::from(kind))];
        }
        self.call(i, "hc_feed", None, format!(", {} bytes", data.len()), |c| unsafe {
            hc_feed(c, data.as_ptr().cast(), data.len()) as i32
        })
        .map(drop)
    }

    fn output(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let take = t.byte();
        let (mut data, mut n) = (ptr::null(), 0);
        let st = self.call(i, "hc_output", None, String::new(), |c| unsafe {
            hc_output(c, &raw mut data, &raw mut n) as i32
        })?;
        if st == 0 && n > 0 {
            // SAFETY: the library shows n bytes.
            let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), n) };
            std::hint::black_box(bytes.iter().fold(0_u8, |a, b| a ^ b));
        }
        let take = match take {
            255 => n,
            254 => n + 1,
            k => n.min(usize::from(k)),
        };
        self.call(i, "hc_output_consumed", None, format!(", {take} of {n}"), |c| unsafe {
            hc_output_consumed(c, take) as i32
        })
        .map(drop)
    }

    fn option(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let (kind, k, n) = (t.byte() % 8, i32::from(t.byte() % 8) - 1, t.word());
        let number = i32::from(n as u8 as i8);
        self.call(i, "hc_set_...", None, format!(" {kind}, {k}, {n}"), |c| unsafe {
            (match kind {
                0 => hc_set_nonblocking(c, number & 1),
                1 => hc_set_auto_open(c, number & 1),
                2 => hc_set_http_version(c, if number & 1 == 0 { 11 } else { 9 + number % 3 }),
                3 => hc_set_profile(c, number % 4),
                4 => hc_set_lenient(c, n & 0x3_ffff),
                // Times that never pass, or have passed: nothing depends on the clock.
                5 => hc_set_timeout(c, k, [60_000, 0, -1, -2][n as usize % 4]),
                6 => hc_set_limit(c, k, u64::from(n) << (n % 40)),
                _ => hc_set_retry(c, number & 1),
            }) as i32
        })
        .map(drop)
    }

    fn more(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let last = self.conns.get(i).and_then(Option::as_ref).and_then(|c| c.peers.last().copied());
        if let Some(n) = last {
            self.peers[n].0.with(|s| scripts::more(t, s));
        }
        Ok(())
    }

    fn interim(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let on = t.flag();
        let list = (&raw mut *self.interim).cast::<c_void>();
        self.call(i, "hc_set_interim_callback", None, String::new(), |c| unsafe {
            (if on {
                hc_set_interim_callback(c, Some(note_interim), list)
            } else {
                hc_set_interim_callback(c, None, ptr::null_mut())
            }) as i32
        })
        .map(drop)
    }

    fn want(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let null = t.byte() == 255;
        let (mut fd, mut events, mut ms) = (-2, -2, -2);
        let st = self.call(i, "hc_want", None, String::new(), |c| unsafe {
            let fd = if null { ptr::null_mut() } else { &raw mut fd };
            hc_want(c, fd, &raw mut events, &raw mut ms) as i32
        })?;
        if st == 0 && self.conns.get(i).is_some_and(Option::is_some) && (!(0..=3).contains(&events) || fd < -1 || ms < -1) {
            return crate::engine::violation("hc_want", format!("{fd}, {events}, {ms}"));
        }
        Ok(())
    }

    /// The transport may re-enter the connection, or free it or a response from inside.
    fn arm(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let what = t.byte();
        let Some(Some(conn)) = self.conns.get(i) else { return Ok(()) };
        let (raw, Some(n)) = (conn.raw, conn.peers.last().copied()) else { return Ok(()) };
        let mine = self.responses.iter().flatten().find(|r| r.conn == Some(i)).map(|r| r.raw);
        self.peers[n].0.with(|s| {
            s.conn = (what & 1 == 0).then_some(raw);
            s.response = mine.filter(|_| what & 2 != 0);
        });
        self.note("arm", -1, i32::from(what & 3), format!("arm(c{i})"));
        Ok(())
    }

    fn getters(&mut self, i: usize) -> Result<(), Violation> {
        self.call(i, "hc_last_error", None, String::new(), |c| {
            let mut info = blank_info();
            unsafe { hc_last_error(c, &raw mut info) as i32 }
        })
        .map(drop)
    }
}
