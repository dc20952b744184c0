//! Driving a connection: by the program's event loop, without any socket, or over a transport
//! of the program's own.

use core::ffi::c_void;
use core::ptr;

use super::args::{self, Out, Versioned, done};
use super::barrier::{enter, enter_response, hc_conn, peek};
use super::response::hr_response;
use super::transport;
use crate::client::connection::{Connection, Origin};
use crate::client::response::Response;
use crate::error::{Code, hc_status};
use crate::net::memory::Pipe;

/// What to wait for, or-ed together: hc_want.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_event {
    /// Until the descriptor is readable.
    HC_EVENT_READ = 1,
    /// Until the descriptor is writable.
    HC_EVENT_WRITE = 2,
}

/// What the call that returned HC_WANT_READ or HC_WANT_WRITE waits for. While a body is being
/// sent both events can be wanted: the server may answer early. Works with level- and with
/// edge-triggered loops, because a call goes on until the operating system says "not yet". Ask
/// after every such return: while a name is resolved and several addresses are tried, the
/// descriptor is an epoll set of the library's, to be read from; once the connection is made it
/// is the socket.
///
/// @param c a connection
/// @param fd receives the descriptor; -1 when there is none (sans-IO)
/// @param events receives HC_EVENT_* numbers; 0 when nothing is waited for
/// @param timeout_ms receives milliseconds after which to call again in any case, because a
/// timeout will have passed or another address will have its turn; -1 for never
/// @return HC_OK; HC_ERR_INVALID_ARG
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_want(
    c: *const hc_conn,
    fd: *mut i32,
    events: *mut i32,
    timeout_ms: *mut i64,
) -> hc_status {
    // SAFETY: the caller's promise.
    let Ok(out) = (unsafe { Want::new(fd, events, timeout_ms) }) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    let ask = |core: &mut Connection| {
        out.set(core);
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, ask) })
}

/// The same as hc_want for a reading call on a response: a response that took its connection
/// along has a descriptor of its own.
///
/// @param r a response
/// @param fd as for hc_want
/// @param events as for hc_want
/// @param timeout_ms as for hc_want
/// @return as hc_want
///
/// # Safety
/// `r` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_want(
    r: *const hr_response,
    fd: *mut i32,
    events: *mut i32,
    timeout_ms: *mut i64,
) -> hc_status {
    // SAFETY: the caller's promise.
    let Ok(out) = (unsafe { Want::new(fd, events, timeout_ms) }) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    let ask = |core: &mut Connection, _: &mut Response| {
        out.set(core);
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter_response(r, ask) })
}

struct Want {
    fd: Out<i32>,
    events: Out<i32>,
    timeout_ms: Out<i64>,
}

impl Want {
    /// # Safety
    /// Each is NULL or valid for a write during the call.
    unsafe fn new(fd: *mut i32, events: *mut i32, timeout_ms: *mut i64) -> Result<Self, Code> {
        // SAFETY: forwarded to the caller.
        let fd = unsafe { Out::new(fd) }?;
        // SAFETY: forwarded to the caller.
        let events = unsafe { Out::new(events) }?;
        // SAFETY: forwarded to the caller.
        let timeout_ms = unsafe { Out::new(timeout_ms) }?;
        Ok(Self {
            fd,
            events,
            timeout_ms,
        })
    }

    fn set(&self, core: &Connection) {
        let (fd, interest, ms) = core.wants();
        let mut events = 0;
        if let Some(interest) = interest {
            if interest.reads() {
                events |= hc_event::HC_EVENT_READ as i32;
            }
            if interest.writes() {
                events |= hc_event::HC_EVENT_WRITE as i32;
            }
        }
        self.fd.set(fd.unwrap_or(-1));
        self.events.set(events);
        self.timeout_ms.set(ms);
    }
}

/// Makes a connection without a socket: the program owns the wire. What arrived it gives to
/// hc_feed, what has to be sent it takes from hc_output. Every call that needs the wire
/// returns HC_WANT_READ or HC_WANT_WRITE, in either mode; a call that returned HC_WANT_WRITE
/// goes on when some output has been consumed.
///
/// @param c a connection that is not open
/// @return HC_OK; HC_ERR_ALREADY_CONNECTED; HC_ERR_PENDING
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_sansio(c: *mut hc_conn) -> hc_status {
    let set = |core: &mut Connection| {
        core.set_origin(Origin::SansIo {
            pipe: Pipe::default(),
            used: false,
        })
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, set) })
}

/// Gives a sans-IO connection bytes that arrived. They go to the connection that is open, or
/// to the response that took it along; with neither, to the next one. A wire that has been
/// replaced is over: once hc_connection_count has grown, what still comes out of the old one
/// must not be fed, because it would be taken for the new one's.
///
/// @param c a connection on which hc_set_sansio was called
/// @param data the bytes, which are copied
/// @param len how many
/// @return HC_OK; HC_ERR_CLOSED after hc_feed_eof; HC_ERR_UNSUPPORTED on any other connection;
/// HC_ERR_NOMEM
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `data` is valid for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_feed(c: *mut hc_conn, data: *const c_void, len: usize) -> hc_status {
    // SAFETY: the caller's promise.
    let data = unsafe { args::bytes(data, len) };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, |core| core.feed(data?)) })
}

/// Tells a sans-IO connection that the peer has ended the stream.
///
/// @param c a connection on which hc_set_sansio was called
/// @return HC_OK; HC_ERR_UNSUPPORTED on any other connection
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_feed_eof(c: *mut hc_conn) -> hc_status {
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, Connection::feed_eof) })
}

/// What a sans-IO connection has to send.
///
/// @param c a connection on which hc_set_sansio was called
/// @param data receives a pointer to the bytes; NULL for none. Lifetime: next-call.
/// @param len receives how many there are
/// @return HC_OK; HC_ERR_UNSUPPORTED on any other connection; HC_ERR_NOMEM
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; the others are valid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_output(
    c: *mut hc_conn,
    data: *mut *const c_void,
    len: *mut usize,
) -> hc_status {
    // SAFETY: the caller's promise.
    let data = unsafe { Out::new(data) };
    // SAFETY: the caller's promise.
    let len = unsafe { Out::new(len) };
    let (Ok(data), Ok(len)) = (data, len) else {
        return Code::HC_ERR_INVALID_ARG;
    };
    data.set(ptr::null());
    len.set(0);
    let show = |core: &mut Connection| {
        let bytes = core.output()?;
        if !bytes.is_empty() {
            data.set(bytes.as_ptr().cast());
            len.set(bytes.len());
        }
        Ok(())
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, show) })
}

/// Tells a sans-IO connection that bytes from the front of hc_output have been sent.
///
/// @param c a connection on which hc_set_sansio was called
/// @param len how many
/// @return HC_OK; HC_ERR_INVALID_ARG for more than hc_output gave
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_output_consumed(c: *mut hc_conn, len: usize) -> hc_status {
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, |core| core.output_consumed(len)) })
}

/// How many connections the handle has opened so far. A sans-IO program looks at it before it
/// sends what hc_output gives: when it has grown, that belongs on a new wire, because the old
/// one ended, was closed, or had bytes on it that nobody asked for.
///
/// @param c a connection
/// @return how many; 0 for a bad handle
///
/// # Safety
/// `c` is NULL or a handle that has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_connection_count(c: *const hc_conn) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { peek(c, |_| 0, Connection::opened_count) }
}

/// A transport of the program's own. All callbacks get `user` first, must not call back into
/// the connection they serve (HC_ERR_BUSY), and must not leave by longjmp or an exception.
/// Errors are negative errno values: -EAGAIN is "not yet", -EINTR "try again"; anything below
/// -4095 is a failure of the program's own: HC_ERR_CALLBACK, with the value in the error
/// record.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hc_transport {
    /// sizeof(hc_transport): tells the library which fields there are.
    pub struct_size: usize,
    /// Given to the callbacks.
    pub user: *mut c_void,
    /// Receives up to `len` bytes: how many, 0 at the end of the stream, or -errno.
    pub read: Option<unsafe extern "C" fn(user: *mut c_void, buf: *mut c_void, len: usize) -> i64>,
    /// Sends up to `len` bytes: how many, at least 1, or -errno.
    pub write:
        Option<unsafe extern "C" fn(user: *mut c_void, buf: *const c_void, len: usize) -> i64>,
    /// Waits until a read (HC_EVENT_READ) or write (HC_EVENT_WRITE) may succeed: above 0 when
    /// it may, 0 when `timeout_ms` passed (-1: for ever), or -errno. May be NULL: then `fd` is
    /// waited for, and without that a call that cannot go on returns HC_WANT_READ or
    /// HC_WANT_WRITE even in blocking mode.
    pub wait: Option<unsafe extern "C" fn(user: *mut c_void, events: i32, timeout_ms: i64) -> i32>,
    /// A descriptor that hc_want can give; -1 for none. May be NULL.
    pub fd: Option<unsafe extern "C" fn(user: *mut c_void) -> i32>,
    /// The connection ends. Called once at most, before `destroy`. May be NULL.
    pub close: Option<unsafe extern "C" fn(user: *mut c_void)>,
    /// The last call with `user`. Called once, even if the transport was never used. May be
    /// NULL.
    pub destroy: Option<unsafe extern "C" fn(user: *mut c_void)>,
    /// Not 0: never ask for a byte beyond the message that is being read, because somebody else
    /// reads on from there. Costs a call for each line and each piece of a body.
    pub no_read_ahead: i32,
    /// With no_read_ahead: receives up to and including the next line feed, at most `len`
    /// bytes. May be NULL: then lines are read byte by byte.
    pub read_line:
        Option<unsafe extern "C" fn(user: *mut c_void, buf: *mut c_void, len: usize) -> i64>,
}

/// Makes the next connection one over this transport. It serves one connection: when that has
/// ended, a request says HC_ERR_NOT_CONNECTED until another transport is set. Setting another
/// before this one was used destroys it.
///
/// @param c a connection that is not open
/// @param transport the callbacks, which are copied; read and write must be there
/// @return HC_OK; HC_ERR_INVALID_ARG; HC_ERR_ALREADY_CONNECTED; HC_ERR_PENDING. Ownership:
/// `user` is the library's on HC_OK only, until `destroy` is called.
///
/// # Safety
/// `c` is NULL or a handle that has not been freed; `transport` is valid or NULL, and its
/// callbacks can be called with `user` until `destroy` is, from the thread that uses the
/// handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hc_set_transport(
    c: *mut hc_conn,
    transport: *const hc_transport,
) -> hc_status {
    // SAFETY: the caller's promise.
    let given = unsafe { args::versioned(transport) };
    let set = |core: &mut Connection| {
        let given = checked(given)?;
        core.check_unconnected()?;
        core.set_origin(Origin::Given(Some(Box::new(given.into_carrier()))))
    };
    // SAFETY: the caller's promise.
    done(unsafe { enter(c, set) })
}

/// Callbacks that can be used as they are.
pub(super) struct Checked {
    given: hc_transport,
    read: transport::Read,
    write: transport::Write,
}

impl Checked {
    /// From here on `user` is the library's.
    pub(super) fn into_carrier(self) -> transport::Callbacks {
        transport::Callbacks::new(self.given, self.read, self.write)
    }
}

/// Looks callbacks over before anything is taken.
pub(super) fn checked(given: crate::error::Result<hc_transport>) -> crate::error::Result<Checked> {
    let given = given?;
    match (given.read, given.write) {
        (Some(read), Some(write)) => Ok(Checked { given, read, write }),
        _ => Err(args::null()),
    }
}

// SAFETY: numbers, pointers and optional functions, with the size in front.
unsafe impl Versioned for hc_transport {
    const FIRST_SIZE: usize = size_of::<Self>();
}
