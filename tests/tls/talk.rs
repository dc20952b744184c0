//! The ways to reach a server in the test, its bytes cut into pieces of any size.

use super::config::{Info, Tls, info};
use super::served::Served;
use crate::common::api::*;
use crate::common::handle::{Conn, Fault, name};
use crate::common::response::Resp;
use crate::common::socket::{PATIENCE, Peer, pair, poll};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::c_void;
use std::rc::Rc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Blocking,
    NonBlocking,
    SansIo,
    Callback,
}

impl Style {
    pub const EVERY: [Self; 4] = [
        Self::Blocking,
        Self::NonBlocking,
        Self::SansIo,
        Self::Callback,
    ];
}

/// What came of it.
pub struct Outcome {
    /// Of the call that failed, or HC_OK.
    pub status: i32,
    pub fault: Fault,
    pub bodies: Vec<Vec<u8>>,
    pub info: Option<Info>,
    pub served: Served,
}

impl Outcome {
    pub fn body(&self) -> &[u8] {
        self.bodies.first().map_or(&[], |b| b)
    }

    /// It failed so, and says so.
    pub fn assert_failed(&self, status: i32, reason: i32, says: &str) {
        assert_eq!(
            self.status,
            status,
            "{} {:?}",
            name(self.status),
            self.fault
        );
        assert_eq!(self.fault.tls_reason, reason, "{:?}", self.fault);
        assert!(self.fault.text.contains(says), "{:?}", self.fault);
    }

    pub fn assert_ok(&self, body: &[u8]) {
        assert_eq!(self.status, HC_OK, "{} {:?}", name(self.status), self.fault);
        assert_eq!(self.body(), body);
    }
}

/// The ends that the server's bytes go through on their way to the client.
pub struct Line {
    served: Served,
    waiting: VecDeque<u8>,
    piece: usize,
    told_end: bool,
}

impl Line {
    fn new(served: Served, piece: usize) -> Self {
        Self {
            served,
            waiting: VecDeque::new(),
            piece,
            told_end: false,
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.served.feed(bytes);
        let out = self.served.drain();
        self.waiting.extend(out);
    }

    fn next(&mut self, most: usize) -> Vec<u8> {
        let n = self.piece.min(most).min(self.waiting.len());
        self.waiting.drain(..n).collect()
    }

    /// Nothing more will come.
    fn is_over(&self) -> bool {
        self.waiting.is_empty() && self.served.ended
    }
}

/// So many GETs over one connection to example.test, in this style.
pub fn talk(style: Style, piece: usize, tls: &Tls, served: Served, requests: usize) -> Outcome {
    let c = tls.conn("example.test", 0);
    talk_on(&c, style, piece, served, requests)
}

pub fn talk_on(c: &Conn, style: Style, piece: usize, served: Served, requests: usize) -> Outcome {
    let line = Line::new(served, piece);
    match style {
        Style::Blocking => blocking(c, line, requests),
        Style::NonBlocking => non_blocking(c, line, requests),
        Style::SansIo => sans_io(c, line, requests),
        Style::Callback => callback(c, line, requests),
    }
}

/// Exchanges; `settle` makes a call until it does not wait any more.
fn exchanges(
    c: &Conn,
    requests: usize,
    settle: &mut dyn FnMut(&mut dyn FnMut() -> i32) -> i32,
) -> (i32, Fault, Vec<Vec<u8>>) {
    let mut bodies = Vec::new();
    for _ in 0..requests {
        let status = settle(&mut || c.request("GET", "/", &[], None, 0));
        if status != HC_OK {
            return (status, c.last_error(), bodies);
        }
        let mut found: Option<Resp> = None;
        let status = settle(&mut || match c.getresponse() {
            Ok(r) => {
                found = Some(r);
                HC_OK
            }
            Err(status) => status,
        });
        let Some(r) = found else {
            return (status, c.last_error(), bodies);
        };
        let mut body = Vec::new();
        let status = loop {
            let mut got = (0, Vec::new());
            let status = settle(&mut || {
                let mut buf = vec![0; 100_000];
                let mut n = 0;
                // SAFETY: a live handle, and a buffer of so many bytes.
                let status =
                    unsafe { hr_read(r.raw(), buf.as_mut_ptr().cast(), buf.len(), &raw mut n) };
                buf.truncate(n);
                got = (n, buf);
                status
            });
            body.append(&mut got.1);
            if status != HC_OK || got.0 == 0 {
                break status;
            }
        };
        bodies.push(body);
        if status != HC_OK {
            return (status, r.last_error(), bodies);
        }
    }
    (HC_OK, c.last_error(), bodies)
}

fn outcome(
    c: &Conn,
    (status, fault, bodies): (i32, Fault, Vec<Vec<u8>>),
    served: Served,
) -> Outcome {
    Outcome {
        status,
        fault,
        bodies,
        info: info(c),
        served,
    }
}

/// A thread carries the bytes.
fn blocking(c: &Conn, mut line: Line, requests: usize) -> Outcome {
    let (client, server) = pair();
    c.adopt(client);
    let carrier = std::thread::spawn(move || {
        let peer = Peer::new(server);
        loop {
            while !line.waiting.is_empty() {
                let piece = line.next(usize::MAX);
                if !peer.write(&piece) {
                    line.waiting.clear();
                }
            }
            if line.is_over() {
                peer.end();
            }
            let bytes = peer.read();
            if bytes.is_empty() {
                return line.served;
            }
            line.take(&bytes);
        }
    });
    let done = exchanges(c, requests, &mut |call| call());
    let info = info(c);
    c.close();
    let Ok(served) = carrier.join() else {
        panic!("the carrier failed")
    };
    Outcome {
        info,
        ..outcome(c, done, served)
    }
}

fn non_blocking(c: &Conn, mut line: Line, requests: usize) -> Outcome {
    let (client, server) = pair();
    c.nonblocking(true);
    c.adopt(client);
    let peer = Peer::new(server);
    let done = exchanges(c, requests, &mut |call| {
        for _ in 0..2_000_000 {
            let status = call();
            if status != HC_WANT_READ && status != HC_WANT_WRITE {
                return status;
            }
            line.take(&peer.read_now());
            if !line.waiting.is_empty() {
                let piece = line.next(usize::MAX);
                let n = peer.write_some(&piece);
                for byte in piece[n..].iter().rev() {
                    line.waiting.push_front(*byte);
                }
            } else if line.is_over() && !std::mem::replace(&mut line.told_end, true) {
                peer.end();
            }
        }
        panic!("the call waits for ever");
    });
    let info = info(c);
    c.close();
    if poll(peer.fd(), libc::POLLIN, PATIENCE) {
        line.take(&peer.read_now());
    }
    Outcome {
        info,
        ..outcome(c, done, line.served)
    }
}

fn sans_io(c: &Conn, mut line: Line, requests: usize) -> Outcome {
    // SAFETY: `ok` passes the live handle.
    c.ok(|p| unsafe { hc_set_sansio(p) });
    let done = exchanges(c, requests, &mut |call| {
        for _ in 0..2_000_000 {
            let status = call();
            if status != HC_WANT_READ && status != HC_WANT_WRITE {
                return status;
            }
            line.take(&c.take_output());
            let piece = line.next(usize::MAX);
            if !piece.is_empty() {
                assert_eq!(c.feed(&piece), HC_OK);
            } else if line.is_over() && !std::mem::replace(&mut line.told_end, true) {
                assert_eq!(c.feed_eof(), HC_OK);
            }
        }
        panic!("the call waits for ever");
    });
    // An alert, or the last request of a script that asks for no answer.
    line.take(&c.take_output());
    let info = info(c);
    c.close();
    line.take(&c.take_output());
    Outcome {
        info,
        ..outcome(c, done, line.served)
    }
}

fn callback(c: &Conn, line: Line, requests: usize) -> Outcome {
    let shared = Rc::new(RefCell::new(line));
    let t = hc_transport {
        struct_size: size_of::<hc_transport>(),
        user: Rc::as_ptr(&shared).cast_mut().cast(),
        read: Some(read),
        write: Some(write),
        wait: Some(wait),
        fd: None,
        close: None,
        destroy: None,
        no_read_ahead: 0,
        read_line: None,
    };
    // SAFETY: `ok` passes the live handle; the line outlives the connection on it.
    c.ok(|p| unsafe { hc_set_transport(p, &raw const t) });
    let done = exchanges(c, requests, &mut |call| call());
    let info = info(c);
    c.close();
    let Some(line) = Rc::into_inner(shared) else {
        panic!("somebody holds the line")
    };
    Outcome {
        info,
        ..outcome(c, done, line.into_inner().served)
    }
}

fn with<T>(user: *mut c_void, f: impl FnOnce(&mut Line) -> T) -> T {
    // SAFETY: the line lives as long as the transport made of it.
    f(&mut unsafe { &*user.cast::<RefCell<Line>>() }.borrow_mut())
}

unsafe extern "C" fn read(user: *mut c_void, buf: *mut c_void, len: usize) -> i64 {
    with(user, |line| {
        let piece = line.next(len);
        if piece.is_empty() {
            return if line.is_over() {
                0
            } else {
                -i64::from(libc::EAGAIN)
            };
        }
        // SAFETY: the library gives a buffer of len bytes, and the piece is no longer.
        unsafe { piece.as_ptr().copy_to(buf.cast(), piece.len()) };
        piece.len() as i64
    })
}

unsafe extern "C" fn write(user: *mut c_void, buf: *const c_void, len: usize) -> i64 {
    with(user, |line| {
        let n = len.min(line.piece.max(7));
        // SAFETY: the library gives len bytes.
        line.take(unsafe { std::slice::from_raw_parts(buf.cast(), n) });
        n as i64
    })
}

unsafe extern "C" fn wait(user: *mut c_void, events: i32, _ms: i64) -> i32 {
    with(user, |line| {
        let can_read = !line.waiting.is_empty() || line.is_over();
        i32::from(events & HC_EVENT_WRITE != 0 || (events & HC_EVENT_READ != 0 && can_read))
    })
}
