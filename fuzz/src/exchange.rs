//! One request, and an answer that comes in pieces, over each kind of wire.

use crate::engine::rng::Rng;
use crate::peer::{Peer, Script, Step};
use crate::reading;
use crate::seen::{self, End, Seen, note_interim};
use httpclient::ffi::conn::{hc_connect, hc_free, hc_new, hc_set_interim_callback};
use httpclient::ffi::driving::{
    hc_feed, hc_feed_eof, hc_output, hc_output_consumed, hc_set_sansio, hc_set_transport,
};
use httpclient::ffi::machine::hc_state;
use httpclient::ffi::options::{hc_set_auto_open, hc_set_lenient, hc_set_nonblocking};
use httpclient::ffi::options_limits::hc_set_limit;
use httpclient::ffi::reading::hr_remaining;
use httpclient::ffi::request::{hc_endheaders, hc_putheader, hc_putrequest};
use httpclient::ffi::response::{hc_getresponse, hr_detach, hr_free, hr_is_closed};
use httpclient::ffi::standalone::{hr_begin, hr_new, hr_new_bytes, hr_set_lenient, hr_set_limit};
use httpclient::ffi::timeouts::hc_set_timeout;
use httpclient::ffi::{hc_conn, hr_response};
use std::collections::VecDeque;
use std::ffi::{CStr, c_void};
use std::ptr;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    SansIo,
    /// Callbacks; blocking, and `wait` says at once that the time is up.
    Blocking,
    /// Callbacks that say "not yet" before each piece.
    NonBlocking,
    /// No byte beyond the message; lines byte by byte or by a callback.
    Frugal {
        lines: bool,
    },
    /// A response without a connection, from memory or over callbacks.
    Bytes,
    Alone,
}

pub struct Setting {
    pub method: &'static CStr,
    pub upgrade: bool,
    pub lenient: u32,
    pub limits: Vec<(i32, u64)>,
    pub ends: bool,
}

/// What arrives: pieces and, behind them, maybe the end.
struct Queue {
    pieces: VecDeque<Vec<u8>>,
    ends: bool,
}

/// One exchange. `rng`: any mixture of reading calls; without it plain ones.
pub fn run(s: &Setting, pieces: Vec<Vec<u8>>, wire: Wire, rng: Option<&mut Rng>) -> Seen {
    let queue = Queue {
        pieces: pieces.into_iter().filter(|p| !p.is_empty()).collect(),
        ends: s.ends,
    };
    match wire {
        Wire::Bytes | Wire::Alone => alone(s, queue, wire, rng),
        _ => connected(s, queue, wire, rng),
    }
}

fn script(queue: &Queue, gaps: bool) -> Script {
    let mut reads = VecDeque::new();
    for piece in &queue.pieces {
        if gaps {
            reads.push_back(Step::Fail(-i64::from(libc::EAGAIN)));
        }
        reads.push_back(Step::Data(piece.clone()));
    }
    if queue.ends {
        reads.push_back(Step::Eof);
    }
    Script {
        reads,
        ..Script::default()
    }
}

fn connected(s: &Setting, mut queue: Queue, wire: Wire, rng: Option<&mut Rng>) -> Seen {
    let sansio = wire == Wire::SansIo;
    let peer = Peer::new(script(&queue, wire == Wire::NonBlocking));
    let mut seen = Seen::default();
    let mut interim: Vec<i32> = Vec::new();
    let mut c: *mut hc_conn = ptr::null_mut();
    // SAFETY: strings with their NUL, a live handle from hc_new on, and a peer that outlives it.
    unsafe {
        hc_new(c"example.test".as_ptr(), 0, &raw mut c);
        hc_set_auto_open(c, 0);
        hc_set_lenient(c, s.lenient);
        for (kind, n) in &s.limits {
            hc_set_limit(c, *kind, *n);
        }
        let list = (&raw mut interim).cast::<c_void>();
        hc_set_interim_callback(c, Some(note_interim), list);
        hc_set_nonblocking(c, i32::from(wire != Wire::Blocking));
        // HC_TIMEOUT_READ: a blocking call that gets nothing is over at once.
        if wire == Wire::Blocking {
            hc_set_timeout(c, 1, 0);
        }
        if sansio {
            hc_set_sansio(c);
        } else {
            let frugal = matches!(wire, Wire::Frugal { .. });
            let lines = wire == Wire::Frugal { lines: true };
            let t = peer.transport(wire == Wire::Blocking, frugal, lines);
            hc_set_transport(c, &raw const t);
        }
        hc_connect(c);
    }
    // SAFETY: as above.
    let sent = unsafe {
        let mut st = hc_putrequest(c, s.method.as_ptr(), c"/".as_ptr(), 0) as i32;
        if s.upgrade && st == 0 {
            st = hc_putheader(c, c"Upgrade".as_ptr(), c"x".as_ptr()) as i32;
        }
        if st == 0 {
            st = settled(c, sansio, None, &mut || {
                hc_endheaders(c, ptr::null(), 0) as i32
            });
        }
        st
    };
    if sent != 0 {
        seen.complaint = Some(format!("the request could not be sent: {sent}"));
    }
    let mut r: *mut hr_response = ptr::null_mut();
    // SAFETY: as above.
    let got = settled(
        c,
        sansio,
        queue_of(&mut queue, &peer, sansio),
        &mut || unsafe { hc_getresponse(c, &raw mut r) as i32 },
    );
    seen.interim.clone_from(&interim);
    if r.is_null() {
        seen.end = if waits(got) {
            waiting()
        } else {
            seen::head_end(c, got)
        };
        // SAFETY: as above.
        let state = unsafe { hc_state(c) };
        if seen.end.code < 0 && !matches!(state, 0) {
            seen.complaint = Some(format!("state {state} after a failed hc_getresponse"));
        }
    } else {
        let mut more = || feed_next(c, sansio, &mut queue, &peer);
        body(r, &mut seen, rng, &mut more);
        if let Some(left) = &mut seen.leftover {
            let rest: Vec<u8> = if sansio {
                queue.pieces.drain(..).flatten().collect()
            } else {
                unread(&peer)
            };
            left.extend_from_slice(&rest);
        }
    }
    // SAFETY: freed once.
    unsafe {
        hr_free(r);
        hc_free(c);
    }
    check_peer(&peer, !sansio, seen)
}

fn alone(s: &Setting, queue: Queue, wire: Wire, rng: Option<&mut Rng>) -> Seen {
    let peer = Peer::new(script(&queue, true));
    let bytes: Vec<u8> = queue.pieces.iter().flatten().copied().collect();
    let mut seen = Seen::default();
    let mut r: *mut hr_response = ptr::null_mut();
    // SAFETY: bytes of that length, a string with its NUL, callbacks that outlive the response.
    let got = unsafe {
        if wire == Wire::Bytes {
            hr_new_bytes(
                bytes.as_ptr().cast(),
                bytes.len(),
                s.method.as_ptr(),
                &raw mut r,
            );
        } else {
            let t = peer.transport(false, false, false);
            hr_new(&raw const t, s.method.as_ptr(), &raw mut r);
        }
        hr_set_lenient(r, s.lenient);
        for (kind, n) in &s.limits {
            hr_set_limit(r, *kind, *n);
        }
        let more = || peer.with(|s| !s.reads.is_empty());
        loop {
            let st = hr_begin(r) as i32;
            if st != 1 || !more() {
                break st;
            }
        }
    };
    if got == 0 {
        body(r, &mut seen, rng, &mut || {
            peer.with(|s| !s.reads.is_empty())
        });
        if let Some(left) = &mut seen.leftover
            && wire == Wire::Alone
        {
            left.extend_from_slice(&unread(&peer));
        }
    } else {
        seen.end = if waits(got) {
            waiting()
        } else {
            seen::body_end(r, got).0
        };
    }
    // SAFETY: freed once.
    unsafe { hr_free(r) };
    check_peer(&peer, wire == Wire::Alone, seen)
}

fn check_peer(peer: &Peer, used: bool, mut seen: Seen) -> Seen {
    peer.with(|s| {
        if let Some(text) = s.complaint.take() {
            seen.complaint = Some(text);
        }
        if s.destroyed != u32::from(used) {
            seen.complaint = Some(format!("destroyed {} times", s.destroyed));
        }
    });
    seen
}

/// Bytes that the library has not read from its transport.
fn unread(peer: &Peer) -> Vec<u8> {
    peer.with(|s| {
        let data = s.reads.drain(..).filter_map(|r| match r {
            Step::Data(d) => Some(d),
            _ => None,
        });
        data.flatten().collect()
    })
}

/// The head, then the body or what a tunnel left.
fn body(
    r: *mut hr_response,
    seen: &mut Seen,
    rng: Option<&mut Rng>,
    more: &mut dyn FnMut() -> bool,
) {
    let head = seen::head(r);
    // HC_CLOSE_UPGRADE
    let is_tunnel = head.will_close == 7;
    seen.head = Some(head);
    if is_tunnel {
        let (mut fd, mut data, mut n) = (-2, ptr::null(), 0);
        // SAFETY: a live handle, and places for the results.
        seen.end.code = unsafe { hr_detach(r, &raw mut fd, &raw mut data, &raw mut n) } as i32;
        let left = if n > 0 {
            // SAFETY: the library gives n bytes.
            unsafe { std::slice::from_raw_parts(data.cast::<u8>(), n) }.to_vec()
        } else {
            Vec::new()
        };
        seen.leftover = Some(left);
        return;
    }
    let read = reading::to_the_end(r, rng, more);
    seen.complaint = seen.complaint.take().or(read.complaint);
    // What was dropped cannot be compared, only counted.
    seen.body = read.bytes;
    seen.body
        .extend(std::iter::repeat_n(b'?', read.dropped as usize));
    seen.end.code = read.code;
    if waits(read.code) {
        seen.end = waiting();
    } else if read.code < 0 {
        let (end, delivered) = seen::body_end(r, read.code);
        seen.end = end;
        if delivered != seen.body.len() as u64 {
            seen.complaint = Some(format!(
                "the record says {delivered} bytes, but {} came out",
                seen.body.len()
            ));
        }
    } else {
        seen.trailers = seen::trailers(r);
    }
    // SAFETY: a live handle.
    let closed = unsafe { hr_is_closed(r) };
    // hr_readline on a body cut short leaves the verdict to the next call (short read).
    // SAFETY: a live handle.
    let undecided = read.code == 0 && unsafe { hr_remaining(r) } > 0;
    if !undecided && closed != i32::from(seen.end.code != End::WAITS || read.code < 0) {
        seen.complaint = Some(format!("hr_is_closed is {closed} after {}", read.code));
    }
}

/// A blocking call that waits in vain says HC_ERR_TIMEOUT.
fn waits(code: i32) -> bool {
    code == 1 || code == -64
}

fn waiting() -> End {
    End {
        code: End::WAITS,
        ..End::default()
    }
}

/// What `settled` takes pieces from.
type More<'a> = Box<dyn FnMut(*mut hc_conn) -> bool + 'a>;

fn queue_of<'a>(queue: &'a mut Queue, peer: &'a Peer, sansio: bool) -> Option<More<'a>> {
    Some(Box::new(move |c| feed_next(c, sansio, queue, peer)))
}

fn feed_next(c: *mut hc_conn, sansio: bool, queue: &mut Queue, peer: &Peer) -> bool {
    if !sansio {
        return peer.with(|s| !s.reads.is_empty());
    }
    // SAFETY: a live handle, bytes of that length.
    unsafe {
        if let Some(piece) = queue.pieces.pop_front() {
            hc_feed(c, piece.as_ptr().cast(), piece.len());
            return true;
        }
        if std::mem::take(&mut queue.ends) {
            hc_feed_eof(c);
            return true;
        }
    }
    false
}

/// Makes a call until it does not wait, or has nothing to wait for.
fn settled(
    c: *mut hc_conn,
    sansio: bool,
    mut more: Option<More<'_>>,
    call: &mut dyn FnMut() -> i32,
) -> i32 {
    loop {
        let status = call();
        if status != 1 && status != 2 {
            return status;
        }
        if sansio && sent_something(c) {
            continue;
        }
        if !more.as_mut().is_some_and(|m| m(c)) {
            return status;
        }
    }
}

/// Takes what has to be sent.
fn sent_something(c: *mut hc_conn) -> bool {
    let (mut data, mut n) = (ptr::null(), 0);
    // SAFETY: a live handle, and places for the results.
    unsafe {
        hc_output(c, &raw mut data, &raw mut n);
        hc_output_consumed(c, n);
    }
    n > 0
}
