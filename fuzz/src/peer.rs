//! The other side of a connection: a transport of callbacks over a script.

use httpclient::ffi::conn::{hc_close, hc_free};
use httpclient::ffi::driving::hc_transport;
use httpclient::ffi::machine::hc_state;
use httpclient::ffi::{hc_conn, hr_response, response::hr_free};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::c_void;
use std::ptr;

/// What happens at a call of the library.
#[derive(Clone, Debug)]
pub enum Step {
    /// These bytes can be read.
    Data(Vec<u8>),
    /// The stream ends, for good.
    Eof,
    /// Less than nothing: -errno, or a failure of the program's own.
    Fail(i64),
    /// A count that is not true.
    Lie,
    /// A call back into the connection.
    Reenter,
    /// The connection, or the response, is freed from inside.
    FreeInside,
}

#[derive(Default)]
pub struct Script {
    pub reads: VecDeque<Step>,
    /// For each write: how many bytes it takes at most, or what else it does.
    pub writes: VecDeque<Write>,
    pub sent: Vec<u8>,
    /// How often `wait` says that it is time.
    pub ready: u32,
    /// The handle that re-enters or is freed.
    pub conn: Option<*mut hc_conn>,
    pub response: Option<*mut hr_response>,
    pub freed_conn: bool,
    pub freed_response: bool,
    /// The response that was freed inside.
    pub dead_response: Option<*mut hr_response>,
    pub lied: bool,
    pub calls: u64,
    pub closed: u32,
    pub destroyed: u32,
    /// What must not happen did.
    pub complaint: Option<String>,
}

#[derive(Clone, Copy, Debug)]
pub enum Write {
    Most(usize),
    Fail(i64),
    Lie,
}

/// A script that the library holds a pointer to: it stays alive until the peer is dropped, so
/// that a call after `destroy` shows.
pub struct Peer(Box<RefCell<Script>>);

impl Peer {
    pub fn new(script: Script) -> Self {
        Self(Box::new(RefCell::new(script)))
    }

    pub fn with<T>(&self, f: impl FnOnce(&mut Script) -> T) -> T {
        f(&mut self.0.borrow_mut())
    }

    /// Callbacks for the library. `lines`: there is a callback for lines, and no reading ahead
    /// with or without it if `frugal`.
    pub fn transport(&self, waits: bool, frugal: bool, lines: bool) -> hc_transport {
        hc_transport {
            struct_size: size_of::<hc_transport>(),
            user: ptr::from_ref(&*self.0).cast_mut().cast(),
            read: Some(read),
            write: Some(write),
            wait: waits.then_some(wait as _),
            fd: None,
            close: Some(close),
            destroy: Some(destroy),
            no_read_ahead: frugal.into(),
            read_line: lines.then_some(read_line as _),
        }
    }
}

/// The script behind `user`. No borrow is held while the library is called.
fn script<'a>(user: *mut c_void) -> &'a RefCell<Script> {
    // SAFETY: `transport` made the pointer from a box that outlives the handles.
    unsafe { &*user.cast() }
}

fn enter(user: *mut c_void, what: &str) {
    let mut s = script(user).borrow_mut();
    s.calls += 1;
    if s.destroyed > 0 {
        s.complaint = Some(format!("{what} after destroy"));
    } else if s.closed > 0 && what != "destroy" {
        s.complaint = Some(format!("{what} after close"));
    }
}

unsafe extern "C" fn read(user: *mut c_void, buf: *mut c_void, len: usize) -> i64 {
    enter(user, "read");
    receive(user, buf, len, len)
}

unsafe extern "C" fn read_line(user: *mut c_void, buf: *mut c_void, len: usize) -> i64 {
    enter(user, "read_line");
    let most = match script(user).borrow().reads.front() {
        Some(Step::Data(d)) => d.iter().position(|b| *b == b'\n').map_or(len, |i| i + 1),
        _ => len,
    };
    receive(user, buf, len, most)
}

fn receive(user: *mut c_void, buf: *mut c_void, len: usize, most: usize) -> i64 {
    loop {
        let step = script(user).borrow_mut().reads.pop_front();
        match step {
            None => return -i64::from(libc::EAGAIN),
            Some(Step::Data(mut data)) => {
                let n = data.len().min(len).min(most);
                // SAFETY: the library gives a buffer of len bytes, and n is no more.
                unsafe { data.as_ptr().copy_to(buf.cast(), n) };
                let rest = data.split_off(n);
                if !rest.is_empty() {
                    script(user).borrow_mut().reads.push_front(Step::Data(rest));
                }
                if n > 0 || len == 0 {
                    return n as i64;
                }
            }
            Some(Step::Eof) => {
                script(user).borrow_mut().reads.push_front(Step::Eof);
                return 0;
            }
            Some(Step::Fail(n)) => return n,
            Some(Step::Lie) => {
                script(user).borrow_mut().lied = true;
                return len as i64 + 1;
            }
            Some(Step::Reenter) => reenter(user),
            Some(Step::FreeInside) => free_inside(user),
        }
    }
}

fn reenter(user: *mut c_void) {
    let Some(c) = script(user).borrow().conn else {
        return;
    };
    // SAFETY: the handle is alive: the call that led here is inside of it.
    let (state, close) = unsafe { (hc_state(c), hc_close(c) as i32) };
    if (state, close) != (-3, -3) {
        script(user).borrow_mut().complaint = Some(format!("re-entry gave {state}, {close}"));
    }
}

fn free_inside(user: *mut c_void) {
    let (conn, response) = {
        let mut s = script(user).borrow_mut();
        (s.conn.take(), s.response.take())
    };
    if let Some(r) = response {
        script(user).borrow_mut().freed_response = true;
        script(user).borrow_mut().dead_response = Some(r);
        // SAFETY: alive, and marked as freed now.
        unsafe { hr_free(r) };
    }
    if let Some(c) = conn {
        script(user).borrow_mut().freed_conn = true;
        // SAFETY: alive, and marked as freed now.
        unsafe { hc_free(c) };
    }
}

unsafe extern "C" fn write(user: *mut c_void, buf: *const c_void, len: usize) -> i64 {
    enter(user, "write");
    let mut s = script(user).borrow_mut();
    let n = match s.writes.pop_front() {
        None => len,
        Some(Write::Most(n)) => n.min(len),
        Some(Write::Fail(n)) => return n,
        Some(Write::Lie) => {
            s.lied = true;
            return len as i64 + 1;
        }
    };
    // SAFETY: the library gives len bytes, and n is no more.
    s.sent
        .extend_from_slice(unsafe { std::slice::from_raw_parts(buf.cast(), n) });
    n as i64
}

unsafe extern "C" fn wait(user: *mut c_void, events: i32, ms: i64) -> i32 {
    enter(user, "wait");
    let mut s = script(user).borrow_mut();
    if events & !3 != 0 || events == 0 {
        s.complaint = Some(format!("waits for {events}"));
    }
    // A wait that promises what never comes, or says before its time that the time is up, is
    // one that the library makes again and again: this one fails in the end.
    let ready = s.ready > 0;
    s.ready = s.ready.saturating_sub(1);
    match (ready, ms) {
        (true, _) => 1,
        (false, 0) => 0,
        _ => -libc::ETIMEDOUT,
    }
}

unsafe extern "C" fn close(user: *mut c_void) {
    enter(user, "close");
    script(user).borrow_mut().closed += 1;
}

unsafe extern "C" fn destroy(user: *mut c_void) {
    enter(user, "destroy");
    script(user).borrow_mut().destroyed += 1;
}
