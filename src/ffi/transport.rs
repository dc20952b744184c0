//! The program's callbacks, as the core wants them. What they return is never trusted.

use core::ffi::c_void;
use std::io::IoSlice;
use std::os::fd::RawFd;

use super::driving::{hc_event, hc_transport};
use super::types::hc_header;
use crate::client::connection::InterimHook;
use crate::error::{Code, Error, Result};
use crate::net::{Interest, Patience, Step, Transport, Waited};
use crate::proto::fields::Fields;
use crate::sys::error_number::{EAGAIN, EINTR};
use crate::sys::poll;

pub(super) type Read = unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> i64;
pub(super) type Write = unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> i64;

/// errno values are between 1 and this.
const MOST_ERRNO: i64 = 4095;
/// How often "try again" is taken at its word before it counts as "not yet".
const MOST_INTERRUPTIONS: u32 = 1000;

/// A transport of the program's own.
pub(super) struct Callbacks {
    given: hc_transport,
    read: Read,
    write: Write,
    eof: bool,
    keep_open: bool,
    failed: Option<Error>,
}

// SAFETY: a handle may move between threads, and the program promises that `user` may too.
unsafe impl Send for Callbacks {}

impl Callbacks {
    pub(super) fn new(given: hc_transport, read: Read, write: Write) -> Self {
        Self {
            given,
            read,
            write,
            eof: false,
            keep_open: false,
            failed: None,
        }
    }
}

/// What a callback's result says.
fn count(
    result: i64,
    most: usize,
    failed: Code,
    interest: Interest,
) -> Result<Option<Step<usize>>> {
    if let Ok(n) = usize::try_from(result) {
        if n > most {
            let text = "the transport reported more bytes than it was given room for";
            return Err(Error::new(Code::HC_ERR_INTERNAL, text));
        }
        return Ok(Some(Step::Done(n)));
    }
    match i32::try_from(-result.max(-MOST_ERRNO - 1)) {
        Ok(EAGAIN) => Ok(Some(Step::Want(interest))),
        Ok(EINTR) => Ok(None),
        Ok(errno) if i64::from(errno) <= MOST_ERRNO => Err(Error::os(failed, errno, "transport")),
        _ => Err(
            Error::new(Code::HC_ERR_CALLBACK, "a transport callback failed")
                .with_callback_value(result),
        ),
    }
}

impl Transport for Callbacks {
    fn read(&mut self, buf: &mut [u8], _: Patience) -> Result<Step<usize>> {
        if self.eof {
            return Ok(Step::Done(0));
        }
        self.read_by(self.read, buf)
    }

    fn is_frugal(&self) -> bool {
        self.given.no_read_ahead != 0
    }

    fn read_line(&mut self, buf: &mut [u8]) -> Result<Step<usize>> {
        if let (Some(read_line), false) = (self.given.read_line, self.eof) {
            return self.read_by(read_line, buf);
        }
        let one = buf.len().min(1);
        self.read(buf.get_mut(..one).unwrap_or_default(), Patience::None)
    }

    fn write(&mut self, parts: &[IoSlice<'_>], _: bool) -> Result<Step<usize>> {
        if let Some(e) = self.failed.take() {
            return Err(e);
        }
        let mut total = 0;
        for part in parts.iter().filter(|p| !p.is_empty()) {
            let step = self.write_one(part);
            match step {
                Ok(Step::Done(n)) => {
                    total += n;
                    if n < part.len() {
                        break;
                    }
                }
                Ok(Step::Want(_)) if total > 0 => break,
                // What was sent before stands; the trouble is reported next time.
                Err(e) if total > 0 => {
                    self.failed = Some(e);
                    break;
                }
                other => return other,
            }
        }
        Ok(Step::Done(total))
    }

    fn wait(&mut self, interest: Interest, ms: i64) -> Result<Waited> {
        let mut events = 0;
        if interest.reads() {
            events |= hc_event::HC_EVENT_READ as i32;
        }
        if interest.writes() {
            events |= hc_event::HC_EVENT_WRITE as i32;
        }
        let result = match (self.given.wait, self.fd()) {
            // SAFETY: the program's promise.
            (Some(wait), _) => i64::from(unsafe { wait(self.given.user, events, ms) }),
            (None, Some(fd)) => match poll::wait(fd, interest.reads(), interest.writes(), ms) {
                Ok(ready) => i64::from(ready),
                Err(errno) => -i64::from(errno),
            },
            (None, None) => return Ok(Waited::Cannot),
        };
        match count(result, usize::MAX, Code::HC_ERR_RECV, interest)? {
            Some(Step::Done(0)) => Ok(Waited::TimedOut),
            // An interrupted wait is worth another step, which finds out what time it is.
            _ => Ok(Waited::Ready),
        }
    }

    fn fd(&self) -> Option<RawFd> {
        // SAFETY: the program's promise.
        self.given
            .fd
            .map(|fd| unsafe { fd(self.given.user) })
            .filter(|fd| *fd >= 0)
    }

    fn is_silent(&mut self) -> bool {
        if self.eof {
            return false;
        }
        let readable = match (self.given.wait, self.fd()) {
            // SAFETY: the program's promise.
            (Some(wait), _) => unsafe {
                wait(self.given.user, hc_event::HC_EVENT_READ as i32, 0) > 0
            },
            (None, Some(fd)) => poll::wait(fd, true, false, 0) != Ok(false),
            // Asking would take the risk of waiting for ever.
            (None, None) => false,
        };
        // What can be read now was not asked for; but "ready" may turn out to be nothing.
        let mut byte = [0];
        !readable || matches!(self.read_by(self.read, &mut byte), Ok(Step::Want(_)))
    }

    fn into_fd(mut self: Box<Self>) -> Option<std::os::fd::OwnedFd> {
        self.keep_open = true;
        None
    }

    fn abandon(mut self: Box<Self>) {
        self.keep_open = true;
    }
}

impl Callbacks {
    fn read_by(&mut self, read: Read, buf: &mut [u8]) -> Result<Step<usize>> {
        for _ in 0..MOST_INTERRUPTIONS {
            // SAFETY: the buffer is valid for its length; the rest is the program's promise.
            let result = unsafe { read(self.given.user, buf.as_mut_ptr().cast(), buf.len()) };
            if let Some(step) = count(result, buf.len(), Code::HC_ERR_RECV, Interest::Read)? {
                self.eof = step == Step::Done(0) && !buf.is_empty();
                return Ok(step);
            }
        }
        Ok(Step::Want(Interest::Read))
    }

    fn write_one(&mut self, part: &[u8]) -> Result<Step<usize>> {
        for _ in 0..MOST_INTERRUPTIONS {
            // SAFETY: the bytes are valid for their length; the rest is the program's promise.
            let result = unsafe { (self.write)(self.given.user, part.as_ptr().cast(), part.len()) };
            match count(result, part.len(), Code::HC_ERR_SEND, Interest::Write)? {
                // Nothing taken and no reason given: as good as "not yet".
                Some(Step::Done(0)) => return Ok(Step::Want(Interest::Write)),
                Some(step) => return Ok(step),
                None => {}
            }
        }
        Ok(Step::Want(Interest::Write))
    }
}

impl Drop for Callbacks {
    fn drop(&mut self) {
        if let Some(close) = self.given.close.filter(|_| !self.keep_open) {
            // SAFETY: the program's promise.
            unsafe { close(self.given.user) };
        }
        if let Some(destroy) = self.given.destroy {
            // SAFETY: the program's promise.
            unsafe { destroy(self.given.user) };
        }
    }
}

type Interim = unsafe extern "C" fn(i32, *const hc_header, usize, *mut c_void);

struct InterimCallback(Interim, *mut c_void);

// SAFETY: a handle may move between threads, and the program promises that `user` may too.
unsafe impl Send for InterimCallback {}

impl InterimCallback {
    fn call(&self, status: u16, fields: &Fields) {
        let headers: Vec<hc_header> = fields.iter().map(hc_header::from).collect();
        // SAFETY: the array is valid for its length; the rest is the program's promise.
        unsafe { (self.0)(i32::from(status), headers.as_ptr(), headers.len(), self.1) };
    }
}

/// The hook that tells a C callback of interim responses.
pub(super) fn interim_hook(callback: Interim, user: *mut c_void) -> InterimHook {
    let callback = InterimCallback(callback, user);
    Box::new(move |status, fields| callback.call(status, fields))
}
