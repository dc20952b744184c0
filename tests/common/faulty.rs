//! A transport that answers like a server, and whose call number n goes wrong.

use super::api::*;
use super::handle::Conn;
use std::cell::RefCell;
use std::ffi::c_void;
use std::rc::Rc;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Errno(i32),
    /// One byte only.
    Short,
    Zero,
    /// More bytes than the buffer has.
    Lie,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub fault: Fault,
    /// The call that goes wrong, counted over reads and writes.
    pub call: usize,
    /// And every one after it.
    pub for_ever: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Read,
    Write,
}

/// One exchange: how its request ends on the wire, and the answer.
#[derive(Clone)]
pub struct Turn {
    pub request_end: &'static [u8],
    pub answer: Vec<u8>,
}

pub struct Faulty {
    plan: Option<Plan>,
    turns: Vec<Turn>,
    sent: Vec<u8>,
    /// Position in the answer of the current turn.
    at: usize,
    turn: usize,
    pub calls: usize,
    /// The kind of the call that went wrong first.
    pub fired: Option<Call>,
    /// Reads after a read has said that the stream is over.
    pub reads_after_end: usize,
    ended: bool,
    pub closed: usize,
    pub destroyed: usize,
    started: Instant,
    pub hangs: bool,
}

/// Small answers to reads, so that a scenario has many calls.
const PIECE: usize = 16;

impl Faulty {
    fn new(plan: Option<Plan>, turns: &[Turn]) -> Self {
        Self {
            plan,
            turns: turns.to_vec(),
            sent: Vec::new(),
            at: 0,
            turn: 0,
            calls: 0,
            fired: None,
            reads_after_end: 0,
            ended: false,
            closed: 0,
            destroyed: 0,
            started: Instant::now(),
            hangs: false,
        }
    }

    /// The fault of this call, if it is one that goes wrong.
    fn strikes(&mut self, call: Call) -> Option<Fault> {
        let n = self.calls;
        self.calls += 1;
        if self.started.elapsed() > Duration::from_secs(5) {
            // A hang must end for the test to be able to say so.
            self.hangs = true;
            return Some(Fault::Errno(libc::ECONNABORTED));
        }
        let plan = self.plan?;
        let now = n == plan.call || (plan.for_ever && n > plan.call);
        if !now {
            return None;
        }
        self.fired.get_or_insert(call);
        Some(plan.fault)
    }

    fn answer_left(&self) -> &[u8] {
        match self.turns.get(self.turn) {
            Some(turn) if self.sent.ends_with(turn.request_end) => &turn.answer[self.at..],
            _ => &[],
        }
    }

    fn read(&mut self, buf: &mut [u8]) -> i64 {
        if self.ended {
            self.reads_after_end += 1;
        }
        let most = match self.strikes(Call::Read) {
            Some(Fault::Errno(e)) => return -i64::from(e),
            Some(Fault::Zero) => {
                self.ended = true;
                return 0;
            }
            Some(Fault::Lie) => return buf.len() as i64 + 1,
            Some(Fault::Short) => 1,
            None => PIECE,
        };
        let left = self.answer_left();
        let n = left.len().min(most).min(buf.len());
        if n == 0 {
            return -i64::from(libc::EAGAIN);
        }
        buf[..n].copy_from_slice(&left[..n]);
        self.at += n;
        if self.at == self.turns[self.turn].answer.len() {
            self.turn += 1;
            self.at = 0;
            self.sent.clear();
        }
        n as i64
    }

    fn write(&mut self, data: &[u8]) -> i64 {
        let most = match self.strikes(Call::Write) {
            Some(Fault::Errno(e)) => return -i64::from(e),
            Some(Fault::Zero) => return 0,
            Some(Fault::Lie) => return data.len() as i64 + 1,
            Some(Fault::Short) => 1,
            None => data.len(),
        };
        let n = data.len().min(most);
        self.sent.extend_from_slice(&data[..n]);
        n as i64
    }

    /// Ready when a call would get somewhere. A transport whose calls will say EAGAIN for
    /// ever is never ready, so that the time is up at once.
    fn wait(&self, events: i32) -> i32 {
        let stuck = self.plan.is_some_and(|p| {
            p.for_ever && p.fault == Fault::Errno(libc::EAGAIN) && self.calls >= p.call
        });
        let can = (events & HC_EVENT_WRITE != 0)
            || (events & HC_EVENT_READ != 0 && !self.answer_left().is_empty());
        (can && !stuck).into()
    }
}

type Shared = Rc<RefCell<Faulty>>;

fn with<T>(user: *mut c_void, f: impl FnOnce(&mut Faulty) -> T) -> T {
    // SAFETY: `attach` made the pointer from an Rc that `destroy` takes back, and the
    // library calls nothing after destroy.
    let shared = unsafe { &*user.cast::<RefCell<Faulty>>() };
    f(&mut shared.borrow_mut())
}

unsafe extern "C" fn read(user: *mut c_void, buf: *mut c_void, len: usize) -> i64 {
    with(user, |t| {
        // SAFETY: the library gives a buffer of len bytes.
        t.read(unsafe { std::slice::from_raw_parts_mut(buf.cast(), len) })
    })
}

unsafe extern "C" fn write(user: *mut c_void, buf: *const c_void, len: usize) -> i64 {
    with(user, |t| {
        // SAFETY: the library gives len bytes.
        t.write(unsafe { std::slice::from_raw_parts(buf.cast(), len) })
    })
}

unsafe extern "C" fn wait(user: *mut c_void, events: i32, _ms: i64) -> i32 {
    with(user, |t| t.wait(events))
}

unsafe extern "C" fn close(user: *mut c_void) {
    with(user, |t| t.closed += 1);
}

unsafe extern "C" fn destroy(user: *mut c_void) {
    with(user, |t| t.destroyed += 1);
    // SAFETY: the count that `attach` gave away comes back, once.
    drop(unsafe { Rc::from_raw(user.cast::<RefCell<Faulty>>()) });
}

/// Gives the connection such a transport; the result is for looking at it.
pub fn attach(c: &Conn, plan: Option<Plan>, turns: &[Turn]) -> Shared {
    let shared = Rc::new(RefCell::new(Faulty::new(plan, turns)));
    let t = hc_transport {
        struct_size: size_of::<hc_transport>(),
        user: Rc::into_raw(Rc::clone(&shared)).cast_mut().cast(),
        read: Some(read),
        write: Some(write),
        wait: Some(wait),
        fd: None,
        close: Some(close),
        destroy: Some(destroy),
        no_read_ahead: 0,
        read_line: None,
    };
    // SAFETY: `ok` passes the live handle; the struct outlives the call.
    c.ok(|p| unsafe { hc_set_transport(p, &raw const t) });
    c.connect();
    shared
}
