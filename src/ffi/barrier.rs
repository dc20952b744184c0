//! The barrier that every call passes: is the handle one, is it ours, is it free? And on the
//! way out: a panic becomes a status, and what was freed meanwhile is freed now.
//!
//! A handle and the responses that share its connection share one gate. Passing it costs one
//! atomic exchange; a second thread, or a callback that calls back in, finds it shut and gets
//! `HC_ERR_BUSY`. After a panic it stays shut, and only freeing works.

use core::cell::UnsafeCell;
use core::panic::AssertUnwindSafe;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::panic::catch_unwind;
use std::sync::Arc;

use super::pool_options::LentPlace;
use super::response::hr_response;
use crate::client::connection::Connection;
use crate::client::kept::Kept;
use crate::client::response::Response;
use crate::error::{Code, Error, Result};
use crate::net::cancel::Cancel;
use crate::sys::clock;
use crate::sys::fork::{self, Stamp};

const FREE: u32 = 0;
const BUSY: u32 = 1;
const POISONED: u32 = 2;
/// Busy, and a callback has freed something meanwhile.
const BUSY_DOOMED: u32 = 3;

const CONN_MAGIC: u32 = 0x6863_6331;
const DEAD_MAGIC: u32 = 0xdead_0000;

/// A connection. Opaque to C; made by hc_new, freed by hc_free. A handle, together with the
/// responses that share its connection, belongs to one thread at a time and may move.
#[allow(non_camel_case_types)]
pub struct hc_conn {
    magic: u32,
    shared: Arc<Shared>,
    /// What was given to hc_set_transport and friends is inside the core; this is what the
    /// getters show.
    pub(super) host: std::ffi::CString,
    pub(super) port: i32,
    rare: Option<Box<Rare>>,
    /// The place in the pool that it is out of. Last: what it holds is closed before its place is
    /// free.
    lent: Option<Lent>,
}

/// What getters show of settings that few handles have.
#[derive(Default)]
pub(super) struct Rare {
    earlier_hosts: Vec<std::ffi::CString>,
    /// Host and port.
    pub(super) tunnel: Option<(std::ffi::CString, i32)>,
    pub(super) proxy: super::proxy::Shown,
}

/// What a handle that is out of a pool knows of it.
struct Lent {
    place: LentPlace,
    /// Of the core, when it was given out.
    reroutings: u32,
}

/// The core of a connection, and the gate before it.
pub(super) struct Shared {
    gate: AtomicU32,
    /// Past the gate: hc_cancel.
    cancel: Arc<Cancel>,
    stamp: Stamp,
    core: UnsafeCell<Connection>,
    /// Freed by a callback while the gate was shut: to be freed when it opens.
    doomed_conn: AtomicPtr<hc_conn>,
    doomed_responses: AtomicPtr<hr_response>,
}

// SAFETY: the core is touched only by whoever has shut the gate, and it is Send.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// A gate before this core.
    pub(super) fn new(core: Connection) -> Arc<Self> {
        Arc::new(Self {
            cancel: core.cancel().unwrap_or_default(),
            gate: AtomicU32::new(FREE),
            stamp: fork::stamp(),
            core: UnsafeCell::new(core),
            doomed_conn: AtomicPtr::new(ptr::null_mut()),
            doomed_responses: AtomicPtr::new(ptr::null_mut()),
        })
    }

    fn request_cancel(&self) -> core::result::Result<(), Code> {
        if !fork::is_same_process(self.stamp) {
            return Err(Code::HC_ERR_FORKED);
        }
        self.cancel.request();
        Ok(())
    }

    #[inline]
    fn shut(&self) -> core::result::Result<(), Code> {
        if !fork::is_same_process(self.stamp) {
            return Err(Code::HC_ERR_FORKED);
        }
        match self
            .gate
            .compare_exchange(FREE, BUSY, Ordering::Acquire, Ordering::Relaxed)
        {
            Ok(_) => Ok(()),
            Err(POISONED) => Err(Code::HC_ERR_INTERNAL),
            Err(_) => Err(Code::HC_ERR_BUSY),
        }
    }

    /// Runs `op` with the gate shut.
    #[inline]
    fn pass<T>(&self, op: impl FnOnce(&mut Connection) -> T) -> core::result::Result<T, Code> {
        self.shut()?;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: the gate is shut, so nobody else has a reference to the core.
            let core = unsafe { &mut *self.core.get() };
            let _time = clock::follow(core.clock());
            op(core)
        }));
        self.open(outcome)
    }

    #[inline(always)]
    fn open<T>(&self, outcome: std::thread::Result<T>) -> core::result::Result<T, Code> {
        match outcome {
            Ok(value) => {
                if self.gate.load(Ordering::Relaxed) == BUSY {
                    self.gate.store(FREE, Ordering::Release);
                } else {
                    self.bury();
                }
                Ok(value)
            }
            Err(payload) => Err(self.poison(payload)),
        }
    }

    #[cold]
    fn poison(&self, payload: Box<dyn core::any::Any + Send>) -> Code {
        self.gate.store(POISONED, Ordering::Release);
        // The payload's own drop may panic too.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
        Code::HC_ERR_INTERNAL
    }

    /// Opens the gate and frees what callbacks asked to be freed meanwhile.
    #[cold]
    fn bury(&self) {
        let conn = self.doomed_conn.swap(ptr::null_mut(), Ordering::Relaxed);
        let mut response = self
            .doomed_responses
            .swap(ptr::null_mut(), Ordering::Relaxed);
        self.gate.store(FREE, Ordering::Release);
        // From here on `self` may go with the last of them, so it is not touched again.
        while !response.is_null() {
            // SAFETY: hr_free put it on the list, so it is alive and ours.
            let next = unsafe { (*response).next_doomed() };
            // SAFETY: as above; the gate is open now.
            unsafe { super::response::hr_free(response) };
            response = next;
        }
        if !conn.is_null() {
            // SAFETY: hc_free put it there, so it is alive and ours.
            unsafe { free_conn(conn) };
        }
    }

    /// Puts a response that is freed too early on the list. Only the thread that has shut the
    /// gate can be here, in a callback; another one is a misuse that may lose memory, no more.
    pub(super) fn doom_response(&self, r: *mut hr_response) {
        self.gate.store(BUSY_DOOMED, Ordering::Relaxed);
        let next = self.doomed_responses.swap(r, Ordering::Relaxed);
        // SAFETY: the caller of hr_free gave it up, so it is ours.
        unsafe { (*r).set_next_doomed(next) };
    }
}

impl hc_conn {
    /// A handle for this core.
    pub(super) fn into_raw(core: Connection) -> *mut Self {
        let target = core
            .config()
            .map(|c| (c.target.host.clone(), c.target.port));
        let (host, port) = target.unwrap_or_default();
        let host = std::ffi::CString::new(host).unwrap_or_default();
        Box::into_raw(Box::new(Self {
            magic: CONN_MAGIC,
            shared: Shared::new(core),
            host,
            port: i32::from(port),
            rare: None,
            lent: None,
        }))
    }

    /// What the getters show has changed.
    pub(super) fn show(&mut self, target: (String, u16)) {
        let host = std::ffi::CString::new(target.0).unwrap_or_default();
        // hc_host has given the old one out for as long as the handle lives.
        let earlier = core::mem::replace(&mut self.host, host);
        self.rare_mut().earlier_hosts.push(earlier);
        self.port = i32::from(target.1);
    }

    pub(super) fn rare(&self) -> Option<&Rare> {
        self.rare.as_deref()
    }

    pub(super) fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// What its responses hold on to.
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

/// The handle behind a pointer from C.
///
/// # Safety
/// `c` is NULL or a handle from hc_new that has not been freed.
#[inline]
pub(super) unsafe fn handle<'a>(c: *const hc_conn) -> core::result::Result<&'a hc_conn, Code> {
    // SAFETY: forwarded to the caller.
    let c = unsafe { c.as_ref() }.ok_or(Code::HC_ERR_INVALID_ARG)?;
    if c.magic == CONN_MAGIC {
        Ok(c)
    } else {
        Err(Code::HC_ERR_INVALID_ARG)
    }
}

/// Passes the barrier of a connection handle and runs one operation of the core. Why it
/// failed is kept for hc_last_error.
///
/// # Safety
/// As for [`handle`].
#[inline]
pub(super) unsafe fn enter<T>(
    c: *const hc_conn,
    op: impl FnOnce(&mut Connection) -> Result<T>,
) -> core::result::Result<T, Code> {
    // SAFETY: forwarded to the caller.
    let conn = unsafe { handle(c) }?;
    let outcome = conn.shared.pass(|core| match op(core) {
        Ok(value) => Ok(value),
        Err(e) => Err(note(core, e)),
    });
    flatten(outcome)
}

#[cold]
fn note(core: &mut Connection, mut e: Error) -> Code {
    core.note(&mut e);
    e.code
}

/// The same for a getter, which has a value to give when the barrier does not let it pass.
///
/// # Safety
/// As for [`handle`].
pub(super) unsafe fn peek<T>(
    c: *const hc_conn,
    fallback: impl FnOnce(Code) -> T,
    op: impl FnOnce(&Connection) -> T,
) -> T {
    // SAFETY: forwarded to the caller.
    let outcome = unsafe { handle(c) }.and_then(|conn| conn.shared.pass(|core| op(core)));
    outcome.unwrap_or_else(fallback)
}

/// Asks for the end of what is under way. The only thing that goes past the gate: nothing but
/// atomic operations and system calls, so that a signal handler can make it.
///
/// # Safety
/// As for [`handle`].
pub(super) unsafe fn request_cancel(c: *const hc_conn) -> core::result::Result<(), Code> {
    // SAFETY: forwarded to the caller.
    unsafe { handle(c) }?.shared.request_cancel()
}

/// The same for a response.
///
/// # Safety
/// As for [`enter_response`].
pub(super) unsafe fn request_response_cancel(
    r: *const hr_response,
) -> core::result::Result<(), Code> {
    // SAFETY: forwarded to the caller.
    let (shared, _) = unsafe { super::response::parts(r) }?;
    shared.request_cancel()
}

/// Passes the barrier of a response handle.
///
/// # Safety
/// `r` is NULL or a handle from hc_getresponse that has not been freed.
#[inline]
pub(super) unsafe fn enter_response<T>(
    r: *const hr_response,
    op: impl FnOnce(&mut Connection, &mut Response) -> Result<T>,
) -> core::result::Result<T, Code> {
    // SAFETY: forwarded to the caller.
    let (shared, live) = unsafe { super::response::parts(r) }?;
    let outcome = shared.pass(|core| {
        // SAFETY: the gate is shut, and it guards this part of the response too.
        let response = unsafe { &mut *live };
        match op(core, response) {
            Ok(value) => Ok(value),
            Err(e) => {
                core.note_body(response, &e);
                Err(e.code)
            }
        }
    });
    flatten(outcome)
}

/// Frees a connection handle.
///
/// # Safety
/// `c` is a handle from hc_new that has not been freed.
pub(super) unsafe fn free_conn(c: *mut hc_conn) {
    // SAFETY: forwarded to the caller.
    let Ok(conn) = (unsafe { handle(c) }) else {
        return;
    };
    if conn.shared.shut() == Err(Code::HC_ERR_BUSY) {
        conn.shared.gate.store(BUSY_DOOMED, Ordering::Relaxed);
        conn.shared.doomed_conn.store(c, Ordering::Relaxed);
        return;
    }
    if conn.shared.gate.load(Ordering::Relaxed) == BUSY {
        if !fork::is_same_process(conn.shared.stamp) {
            // A thread of the parent was inside: what it left is not fit to be dropped.
            return;
        }
        conn.shared.gate.store(FREE, Ordering::Release);
    }
    // SAFETY: hc_new made it with Box::into_raw, and nobody is inside.
    let mut conn = unsafe { Box::from_raw(c) };
    conn.magic = DEAD_MAGIC;
    // SAFETY: as above.
    let clock = unsafe { &*conn.shared.core.get() }.clock();
    let _time = clock::follow(clock);
    let _ = catch_unwind(AssertUnwindSafe(|| drop(conn)));
}

/// A handle is given out by a pool: it has a place there, and goes on with a kept connection if
/// one came with it.
///
/// # Safety
/// As for [`handle`], and nobody else has it yet.
pub(super) unsafe fn lend(
    c: *mut hc_conn,
    place: LentPlace,
    kept: Option<Kept>,
) -> core::result::Result<(), Code> {
    let take_over = |core: &mut Connection| {
        if let Some(kept) = kept {
            core.join(kept);
        }
        Ok(core.reroutings())
    };
    // SAFETY: forwarded to the caller.
    let reroutings = unsafe { enter(c, take_over) }?;
    // SAFETY: the barrier has just taken it for a live handle, and nobody else has it.
    if let Some(conn) = unsafe { c.as_mut() } {
        conn.lent = Some(Lent { place, reroutings });
    }
    Ok(())
}

/// A handle goes back to the pool that it is out of: it is freed, and its connection is kept
/// there or closed.
///
/// # Safety
/// As for [`handle`]; unless it is refused, nobody uses it any more.
pub(super) unsafe fn give_back(c: *mut hc_conn) -> core::result::Result<(), Code> {
    // SAFETY: forwarded to the caller.
    let conn = unsafe { handle(c) }?;
    let Some(reroutings) = conn.lent.as_ref().map(|lent| lent.reroutings) else {
        return Err(Code::HC_ERR_INVALID_ARG);
    };
    let returned = match conn.shared.pass(|core| core.part(reroutings)) {
        Ok(returned) => returned,
        // A poisoned one can only be freed, and is.
        Err(Code::HC_ERR_INTERNAL) => None,
        Err(code) => return Err(code),
    };
    // SAFETY: a live handle, which the caller has given up.
    let lent = unsafe { c.as_mut() }.and_then(|conn| conn.lent.take());
    // SAFETY: as above.
    unsafe { free_conn(c) };
    if let Some(lent) = lent {
        lent.place.give_back(returned);
    }
    Ok(())
}

/// Frees what is inside of a response with the gate shut, then the rest of it.
///
/// # Safety
/// `r` is a handle from hc_getresponse that has not been freed, with these parts.
pub(super) unsafe fn free_response(
    shared: Arc<Shared>,
    r: *mut hr_response,
    close: impl FnOnce(&mut Connection, Box<hr_response>),
) {
    if shared.shut() == Err(Code::HC_ERR_BUSY) {
        shared.doom_response(r);
        return;
    }
    if shared.gate.load(Ordering::Relaxed) == BUSY && !fork::is_same_process(shared.stamp) {
        // A thread of the parent was inside: what it left is not fit to be dropped.
        core::mem::forget(shared);
        return;
    }
    // SAFETY: the caller gave it up, and nobody is inside.
    let boxed = unsafe { Box::from_raw(r) };
    if shared.gate.load(Ordering::Relaxed) != BUSY || !fork::is_same_process(shared.stamp) {
        // Poisoned, or in a forked child: nothing of the core is touched.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(boxed)));
        return;
    }
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the gate is shut, so nobody else has a reference to the core.
        let core = unsafe { &mut *shared.core.get() };
        let _time = clock::follow(core.clock());
        close(core, boxed);
    }));
    let _ = shared.open(outcome);
}

/// The only thing that a forked child may do with a connection besides freeing it.
///
/// # Safety
/// As for [`handle`].
pub(super) unsafe fn abandon(c: *mut hc_conn) -> core::result::Result<(), Code> {
    // SAFETY: forwarded to the caller.
    let conn = unsafe { handle(c) }?;
    if fork::is_same_process(conn.shared.stamp) {
        return conn.shared.pass(Connection::abandon);
    }
    // Another thread of the parent may have been inside when the process was copied: then
    // the core is not in a state that can be touched, and its descriptor is lost.
    if conn.shared.gate.load(Ordering::Relaxed) != FREE {
        return Err(Code::HC_ERR_BUSY);
    }
    // SAFETY: this process has one thread that knows the handle, and nobody is inside.
    let core = unsafe { &mut *conn.shared.core.get() };
    core.abandon();
    Ok(())
}

#[inline]
fn flatten<T>(
    outcome: core::result::Result<core::result::Result<T, Code>, Code>,
) -> core::result::Result<T, Code> {
    match outcome {
        Ok(inner) => inner,
        Err(code) => Err(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_status_and_shuts_the_handle_for_good() {
        let Ok(core) = Connection::new(b"localhost", 0) else {
            panic!("new")
        };
        let c = hc_conn::into_raw(core);
        // SAFETY: a handle that was just made.
        let boom: core::result::Result<(), Code> =
            unsafe { enter(c, |_| panic!("on purpose, for the test")) };
        assert_eq!(boom, Err(Code::HC_ERR_INTERNAL));
        // SAFETY: as above.
        let again = unsafe { enter(c, |_| Ok(())) };
        assert_eq!(again, Err(Code::HC_ERR_INTERNAL));
        // SAFETY: freed once.
        unsafe { free_conn(c) };
    }

    #[test]
    fn re_entry_is_busy() {
        let Ok(core) = Connection::new(b"localhost", 0) else {
            panic!("new")
        };
        let c = hc_conn::into_raw(core);
        let op = |_: &mut Connection| {
            // SAFETY: the same handle.
            let inner = unsafe { enter(c, |_| Ok(())) };
            // SAFETY: freed once.
            unsafe { free_conn(c) };
            Ok(inner)
        };
        // SAFETY: a handle that was just made.
        let inner = unsafe { enter(c, op) };
        assert_eq!(inner, Ok(Err(Code::HC_ERR_BUSY)));
    }
}
