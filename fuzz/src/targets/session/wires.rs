//! The calls that make a connection, choose how it behaves, and give it its wire.

use super::scripts::{self, answer};
use super::world::{Conn, World};
use crate::engine::Violation;
use crate::seen::{blank_info, note_interim};
use crate::take::Take;
use httpclient::ffi::conn::{hc_adopt_fd, hc_new, hc_set_interim_callback};
use httpclient::ffi::driving::{hc_feed, hc_output, hc_output_consumed, hc_set_transport, hc_want};
use httpclient::ffi::errors::hc_last_error;
use httpclient::ffi::options::{
    hc_set_auto_open, hc_set_http_version, hc_set_lenient, hc_set_nonblocking, hc_set_profile,
    hc_set_retry,
};
use httpclient::ffi::options_limits::hc_set_limit;
use httpclient::ffi::timeouts::hc_set_timeout;
use std::ffi::c_void;
use std::io::Write as _;
use std::net::Shutdown;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::ptr;
use std::sync::OnceLock;

/// A port of this machine that refuses connections: bound, and nobody listens.
pub fn refusing_port() -> i32 {
    static PORT: OnceLock<(Option<OwnedFd>, i32)> = OnceLock::new();
    PORT.get_or_init(|| {
        // A listener that is gone leaves its port free; it stays ours by a bound socket.
        let Ok(listener) = TcpListener::bind("127.0.0.1:0") else {
            return (None, 1);
        };
        let port = listener.local_addr().map_or(1, |a| i32::from(a.port()));
        // SAFETY: a call with numbers; shutting a listener down ends its listening.
        unsafe { libc::shutdown(listener.as_raw_fd(), libc::SHUT_RDWR) };
        // SAFETY: the descriptor was just given up by its owner.
        (
            Some(unsafe { OwnedFd::from_raw_fd(listener.into_raw_fd()) }),
            port,
        )
    })
    .1
}

impl World {
    pub fn new_conn(&mut self, t: &mut Take<'_>) -> Result<(), Violation> {
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
            self.conns.push(Some(Conn {
                raw,
                peers: Vec::new(),
                lied: false,
            }));
        }
        Ok(())
    }

    pub fn set_transport(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let kind = t.byte();
        let n = self.add_peer(t);
        let mut given = self.peers[n]
            .0
            .transport(kind & 1 == 0, kind & 2 != 0, kind & 4 != 0);
        match kind {
            240..=245 => given.read = None,
            246..=250 => given.struct_size = usize::from(kind % 8),
            _ => {}
        }
        let st = self.call(
            i,
            "hc_set_transport",
            None,
            format!(", {kind}"),
            |c| unsafe { hc_set_transport(c, &raw const given) as i32 },
        )?;
        if let Some(Some(conn)) = self.conns.get_mut(i)
            && st == 0
        {
            conn.peers.push(n);
            self.peers[n].1 = true;
        }
        Ok(())
    }

    pub fn adopt(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let data = answer(t);
        let Ok((ours, mut theirs)) = UnixStream::pair() else {
            return Ok(());
        };
        // A peer that has said all it will say, so that nothing waits for it.
        let spoken = theirs
            .write_all(data)
            .and_then(|()| theirs.shutdown(Shutdown::Write));
        let fd = if spoken.is_ok() && data.len() % 7 != 6 {
            ours.as_raw_fd()
        } else {
            -1
        };
        let st = self.call(
            i,
            "hc_adopt_fd",
            None,
            format!(", {}", data.len()),
            |c| unsafe { hc_adopt_fd(c, fd) as i32 },
        )?;
        if st == 0 && self.conns.get(i).is_some_and(Option::is_some) {
            let _ = ours.into_raw_fd();
        }
        self.sockets.push(theirs.into());
        Ok(())
    }

    pub fn feed(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let mut data = answer(t);
        let kind = t.byte();
        if kind % 4 == 3 {
            data = &data[..data.len().min(usize::from(kind))];
        }
        self.call(
            i,
            "hc_feed",
            None,
            format!(", {} bytes", data.len()),
            |c| unsafe { hc_feed(c, data.as_ptr().cast(), data.len()) as i32 },
        )
        .map(drop)
    }

    pub fn output(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
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
        self.call(
            i,
            "hc_output_consumed",
            None,
            format!(", {take} of {n}"),
            |c| unsafe { hc_output_consumed(c, take) as i32 },
        )
        .map(drop)
    }

    pub fn option(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let (kind, k, n) = (t.byte() % 8, i32::from(t.byte() % 8) - 1, t.word());
        let number = i32::from(n as u8 as i8);
        self.call(
            i,
            "hc_set_...",
            None,
            format!(" {kind}, {k}, {n}"),
            |c| unsafe {
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
            },
        )
        .map(drop)
    }

    pub fn more(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let last = self
            .conns
            .get(i)
            .and_then(Option::as_ref)
            .and_then(|c| c.peers.last().copied());
        if let Some(n) = last {
            self.peers[n].0.with(|s| scripts::more(t, s));
        }
        Ok(())
    }

    pub fn interim(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let on = t.flag();
        let list = (&raw mut *self.interim).cast::<c_void>();
        self.call(
            i,
            "hc_set_interim_callback",
            None,
            String::new(),
            |c| unsafe {
                (if on {
                    hc_set_interim_callback(c, Some(note_interim), list)
                } else {
                    hc_set_interim_callback(c, None, ptr::null_mut())
                }) as i32
            },
        )
        .map(drop)
    }

    pub fn want(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let null = t.byte() == 255;
        let (mut fd, mut events, mut ms) = (-2, -2, -2);
        let st = self.call(i, "hc_want", None, String::new(), |c| unsafe {
            let fd = if null { ptr::null_mut() } else { &raw mut fd };
            hc_want(c, fd, &raw mut events, &raw mut ms) as i32
        })?;
        if st == 0
            && self.conns.get(i).is_some_and(Option::is_some)
            && (!(0..=3).contains(&events) || fd < -1 || ms < -1)
        {
            return crate::engine::violation("hc_want", format!("{fd}, {events}, {ms}"));
        }
        Ok(())
    }

    /// The transport may re-enter the connection, or free it or a response from inside.
    pub fn arm(&mut self, i: usize, t: &mut Take<'_>) -> Result<(), Violation> {
        let what = t.byte();
        let Some(Some(conn)) = self.conns.get(i) else {
            return Ok(());
        };
        let (raw, Some(n)) = (conn.raw, conn.peers.last().copied()) else {
            return Ok(());
        };
        let mine = self
            .responses
            .iter()
            .flatten()
            .find(|r| r.conn == Some(i))
            .map(|r| r.raw);
        self.peers[n].0.with(|s| {
            s.conn = (what & 1 == 0).then_some(raw);
            s.response = mine.filter(|_| what & 2 != 0);
        });
        self.note("arm", -1, i32::from(what & 3), format!("arm(c{i})"));
        Ok(())
    }

    pub fn getters(&mut self, i: usize) -> Result<(), Violation> {
        self.call(i, "hc_last_error", None, String::new(), |c| {
            let mut info = blank_info();
            unsafe { hc_last_error(c, &raw mut info) as i32 }
        })
        .map(drop)
    }
}
