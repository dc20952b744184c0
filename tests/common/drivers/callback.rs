//! A transport of callbacks over a script.

use super::{Queue, Wire, settle_with};
use crate::common::api::*;
use crate::common::handle::Conn;
use crate::common::response::Resp;
use crate::corpus::End;
use std::cell::RefCell;
use std::ffi::c_void;
use std::rc::Rc;

/// The peer behind the callbacks.
#[derive(Default)]
pub struct Script {
    queue: Queue,
    /// "Not yet" before each piece and each byte written.
    dribble: bool,
    may_read: bool,
    may_write: bool,
    pub sent: Vec<u8>,
    pub closed: usize,
    pub destroyed: usize,
}

type Shared = Rc<RefCell<Script>>;

/// Borrows the script behind `user`.
fn script<T>(user: *mut c_void, f: impl FnOnce(&mut Script) -> T) -> T {
    // SAFETY: `Callback::open` made the pointer from an Rc that `destroy` takes back, and
    // the library calls nothing after destroy.
    let shared = unsafe { &*user.cast::<RefCell<Script>>() };
    f(&mut shared.borrow_mut())
}

unsafe extern "C" fn read(user: *mut c_void, buf: *mut c_void, len: usize) -> i64 {
    script(user, |s| {
        if s.dribble && !std::mem::take(&mut s.may_read) {
            return -i64::from(libc::EAGAIN);
        }
        if let Some(piece) = s.queue.next(len) {
            // SAFETY: the library gives a buffer of len bytes, and the piece is no longer.
            unsafe { piece.as_ptr().copy_to(buf.cast(), piece.len()) };
            return piece.len() as i64;
        }
        // 0 for ever once the stream has ended; the end is asked for again on purpose.
        if s.queue.end_is_due() {
            0
        } else {
            -i64::from(libc::EAGAIN)
        }
    })
}

unsafe extern "C" fn read_line(user: *mut c_void, buf: *mut c_void, len: usize) -> i64 {
    let most = script(user, |s| s.queue.line_len()).min(len);
    // SAFETY: the same promises, and no more than len.
    unsafe { read(user, buf, most) }
}

unsafe extern "C" fn write(user: *mut c_void, buf: *const c_void, len: usize) -> i64 {
    script(user, |s| {
        if s.dribble && !std::mem::take(&mut s.may_write) {
            return -i64::from(libc::EAGAIN);
        }
        let n = if s.dribble { len.min(1) } else { len };
        // SAFETY: the library gives len bytes.
        s.sent
            .extend_from_slice(unsafe { std::slice::from_raw_parts(buf.cast(), n) });
        n as i64
    })
}

unsafe extern "C" fn wait(user: *mut c_void, events: i32, _ms: i64) -> i32 {
    script(user, |s| {
        let can_read = !s.queue.is_empty() || s.queue.end_is_due();
        // Nothing will ever come when nothing is there: the time is up at once.
        let ready = events & HC_EVENT_WRITE != 0 || (events & HC_EVENT_READ != 0 && can_read);
        ready.into()
    })
}

unsafe extern "C" fn close(user: *mut c_void) {
    script(user, |s| s.closed += 1);
}

unsafe extern "C" fn destroy(user: *mut c_void) {
    script(user, |s| s.destroyed += 1);
    // SAFETY: the count that `open` gave away comes back, once.
    drop(unsafe { Rc::from_raw(user.cast::<RefCell<Script>>()) });
}

/// May the library take more than the message from the transport?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    Yes,
    /// No; lines come byte by byte.
    No,
    /// No; there is a callback for lines.
    Lines,
}

pub struct Callback {
    dribble: bool,
    ahead: Ahead,
    script: Shared,
    former: Vec<Shared>,
}

impl Callback {
    pub fn new(dribble: bool) -> Self {
        Self::with(dribble, Ahead::Yes)
    }

    pub fn reading_ahead(ahead: Ahead) -> Self {
        Self::with(false, ahead)
    }

    fn with(dribble: bool, ahead: Ahead) -> Self {
        Self {
            dribble,
            ahead,
            script: Shared::default(),
            former: Vec::new(),
        }
    }

    pub fn sent(&self) -> Vec<u8> {
        self.script.borrow().sent.clone()
    }
}

impl Wire for Callback {
    fn open(&mut self, c: &Conn) {
        self.attach(c);
        c.connect();
    }

    fn attach(&mut self, c: &Conn) {
        let script = Script {
            dribble: self.dribble,
            ..Script::default()
        };
        let old = std::mem::replace(&mut self.script, Rc::new(RefCell::new(script)));
        self.former.push(old);
        c.nonblocking(self.dribble);
        let t = hc_transport {
            struct_size: size_of::<hc_transport>(),
            user: Rc::into_raw(Rc::clone(&self.script)).cast_mut().cast(),
            read: Some(read),
            write: Some(write),
            wait: Some(wait),
            fd: None,
            close: Some(close),
            destroy: Some(destroy),
            no_read_ahead: i32::from(self.ahead != Ahead::Yes),
            read_line: (self.ahead == Ahead::Lines).then_some(read_line),
        };
        // SAFETY: `ok` passes the live handle; the other arguments outlive the call.
        c.ok(|p| unsafe { hc_set_transport(p, &raw const t) });
    }

    fn load(&mut self, pieces: Vec<Vec<u8>>, end: End) {
        self.script.borrow_mut().queue.load(pieces, end);
    }

    fn settle(&mut self, _: &Conn, _: Option<&Resp>, call: &mut dyn FnMut() -> i32) -> i32 {
        settle_with(call, |status| {
            let mut s = self.script.borrow_mut();
            if !s.dribble {
                return false; // a blocking call has no business to say "wait"
            }
            if status == HC_WANT_WRITE {
                s.may_write = true;
                return true;
            }
            s.may_read = true;
            !s.queue.is_empty() || s.queue.end_is_due()
        })
    }

    fn rush(&mut self, _: &Conn) {
        // The rest lies where a read would find it; `wait` says so.
        self.script.borrow_mut().may_read = true;
    }

    fn supplied(&self) -> Option<usize> {
        Some(self.script.borrow().queue.supplied)
    }

    fn rest(&mut self, fd: i32) -> Vec<u8> {
        assert_eq!(fd, -1, "there is no descriptor to take away");
        self.script.borrow_mut().queue.take_all()
    }
}

impl Drop for Callback {
    /// Every transport that was given away has been closed at most once and destroyed
    /// once. The connection is dropped before its wire, so all of it is over here.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.former.remove(0); // the placeholder of `new`
        self.former.push(Rc::clone(&self.script));
        for s in &self.former {
            let s = s.borrow();
            assert!(s.closed <= 1, "closed {} times", s.closed);
            assert_eq!(s.destroyed, 1, "destroyed");
        }
    }
}
