//! What can go wrong, and whose fault it is. A leaf that every room may use.
//!
//! The status numbers are the ABI: they are fixed for ever and grouped by culprit. A code
//! that is retired keeps its number unused.

use std::borrow::Cow;

/// The result of every call that can fail: 0 is success, above 0 is "wait and call again",
/// below 0 is an error. Numbers never change; the tens say whose fault it is: -1 the
/// caller's arguments, -20 the caller's order of calls, -40 the peer's protocol, -60 the
/// operating system and the network, -80 TLS, -100 a proxy, -120 this library.
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum hc_status {
    /// Done.
    HC_OK = 0,
    /// The call would have to wait until the connection is readable: wait, then call again
    /// with the same arguments.
    HC_WANT_READ = 1,
    /// The call would have to wait until the connection is writable: wait, then call again
    /// with the same arguments.
    HC_WANT_WRITE = 2,

    /// An argument cannot be used: NULL, out of range, an unknown constant, a forbidden byte
    /// in a method or header. Python: ValueError, TypeError.
    HC_ERR_INVALID_ARG = -1,
    /// The host, port or request target cannot be used. Python: InvalidURL.
    HC_ERR_INVALID_URL = -2,
    /// Another thread, or an outer call on this thread, is inside this handle.
    HC_ERR_BUSY = -3,
    /// The handle was made before fork(2) and this is the child; only hc_abandon and the
    /// _free calls work.
    HC_ERR_FORKED = -4,
    /// This connection, or this build, cannot do that.
    HC_ERR_UNSUPPORTED = -5,
    /// A callback of the program reported failure; its value is in the error record.
    HC_ERR_CALLBACK = -6,
    /// More bytes than the caller allowed: the maximum of hr_read_all or hr_drain, or a
    /// result that does not fit the buffer.
    HC_ERR_TOO_LARGE = -7,

    /// A request cannot be started in this state. Python: CannotSendRequest.
    HC_ERR_CANNOT_SEND_REQUEST = -20,
    /// No request head is open. Python: CannotSendHeader.
    HC_ERR_CANNOT_SEND_HEADER = -21,
    /// No request was sent, or an earlier response is unread. Python: ResponseNotReady.
    HC_ERR_RESPONSE_NOT_READY = -22,
    /// There is no connection, and none may be opened by itself. Python: NotConnected.
    HC_ERR_NOT_CONNECTED = -23,
    /// There is an open connection already.
    HC_ERR_ALREADY_CONNECTED = -24,
    /// The response was closed before its end: by hr_close, or by hc_close on its
    /// connection.
    HC_ERR_CLOSED = -25,
    /// Another call returned HC_WANT_READ or HC_WANT_WRITE and has to be finished first.
    HC_ERR_PENDING = -26,
    /// The request still owes body bytes that it declared.
    HC_ERR_BODY_OWED = -27,
    /// More body bytes than the request declared; none of them was sent.
    HC_ERR_BODY_OVERRUN = -28,
    /// No request body is open.
    HC_ERR_CANNOT_SEND_BODY = -29,
    /// The server has answered before the whole body was sent: call hc_getresponse.
    HC_ERR_EARLY_RESPONSE = -30,
    /// As many connections of the pool are out as may be, and none was given back in time.
    HC_ERR_POOL_EXHAUSTED = -31,

    /// The first line is not an HTTP status line. Python: BadStatusLine.
    HC_ERR_BAD_STATUS_LINE = -40,
    /// HTTP, but not version 1. Python: UnknownProtocol.
    HC_ERR_UNKNOWN_PROTOCOL = -41,
    /// A header or trailer field is malformed.
    HC_ERR_BAD_HEADER = -42,
    /// A line is longer than the limit. Python: LineTooLong.
    HC_ERR_LINE_TOO_LONG = -43,
    /// More header fields than the limit. Python: HTTPException.
    HC_ERR_TOO_MANY_HEADERS = -44,
    /// The length of the body cannot be known: contradicting or malformed Content-Length or
    /// Transfer-Encoding, or a protocol switch nobody asked for.
    HC_ERR_BAD_FRAMING = -45,
    /// A chunk of the body is malformed. Python: IncompleteRead or ValueError.
    HC_ERR_BAD_CHUNK = -46,
    /// The connection ended inside the message. Every byte that arrived was delivered.
    /// Python: IncompleteRead.
    HC_ERR_INCOMPLETE = -47,
    /// The connection ended before the first byte of the response. Python:
    /// RemoteDisconnected.
    HC_ERR_REMOTE_DISCONNECTED = -48,
    /// The body has a transfer coding other than chunked. Python: UnknownTransferEncoding.
    HC_ERR_UNKNOWN_TRANSFER_CODING = -49,
    /// Some other limit was passed: size of the head, interim responses, chunk extensions,
    /// trailers.
    HC_ERR_LIMIT = -50,

    /// The host name could not be resolved. Python: socket.gaierror.
    HC_ERR_RESOLVE = -60,
    /// No address accepted the connection. Python: OSError.
    HC_ERR_CONNECT = -61,
    /// Sending failed. Python: OSError.
    HC_ERR_SEND = -62,
    /// Receiving failed. Python: OSError.
    HC_ERR_RECV = -63,
    /// A timeout passed; the error record says which. Python: TimeoutError.
    HC_ERR_TIMEOUT = -64,
    /// hc_cancel was called.
    HC_ERR_CANCELLED = -65,
    /// Memory for something whose size the peer or the caller chose could not be had.
    HC_ERR_NOMEM = -66,
    /// The program's own descriptor could not be read or written.
    HC_ERR_FILE = -67,

    /// TLS could not be agreed on, or was broken off: the error record has the reason
    /// (HC_TLS_REASON_*) and the alert, if the server sent one. Python: ssl.SSLError.
    HC_ERR_TLS = -80,
    /// The certificate of the server was refused: the error record says why (HC_TLS_REASON_*).
    /// Python: ssl.SSLCertVerificationError.
    HC_ERR_TLS_CERTIFICATE = -81,
    /// The connection ended inside the TLS handshake. Python: ssl.SSLEOFError.
    HC_ERR_TLS_EOF = -82,
    /// The TLS configuration cannot be used: a file that cannot be read, a key that does not
    /// belong to its certificate, a name that is unknown. Python: ssl.SSLError.
    HC_ERR_TLS_CONFIG = -83,
    /// There are no trusted certificates to check a server against. Python:
    /// ssl.SSLCertVerificationError.
    HC_ERR_TLS_TRUST_STORE = -84,

    /// A proxy made no tunnel: the error record has the status of its answer, if it gave one.
    /// Python: OSError.
    HC_ERR_PROXY = -100,

    /// A bug in this library, or a transport callback that returned an impossible count. The
    /// handle can only be freed.
    HC_ERR_INTERNAL = -120,
}

/// The status as the rest of the crate calls it.
pub use hc_status as Code;

impl Code {
    /// Every code, for tests and documentation that walk them.
    pub const ALL: &'static [Self] = &[
        Self::HC_OK,
        Self::HC_WANT_READ,
        Self::HC_WANT_WRITE,
        Self::HC_ERR_INVALID_ARG,
        Self::HC_ERR_INVALID_URL,
        Self::HC_ERR_BUSY,
        Self::HC_ERR_FORKED,
        Self::HC_ERR_UNSUPPORTED,
        Self::HC_ERR_CALLBACK,
        Self::HC_ERR_TOO_LARGE,
        Self::HC_ERR_CANNOT_SEND_REQUEST,
        Self::HC_ERR_CANNOT_SEND_HEADER,
        Self::HC_ERR_RESPONSE_NOT_READY,
        Self::HC_ERR_NOT_CONNECTED,
        Self::HC_ERR_ALREADY_CONNECTED,
        Self::HC_ERR_CLOSED,
        Self::HC_ERR_PENDING,
        Self::HC_ERR_BODY_OWED,
        Self::HC_ERR_BODY_OVERRUN,
        Self::HC_ERR_CANNOT_SEND_BODY,
        Self::HC_ERR_EARLY_RESPONSE,
        Self::HC_ERR_POOL_EXHAUSTED,
        Self::HC_ERR_BAD_STATUS_LINE,
        Self::HC_ERR_UNKNOWN_PROTOCOL,
        Self::HC_ERR_BAD_HEADER,
        Self::HC_ERR_LINE_TOO_LONG,
        Self::HC_ERR_TOO_MANY_HEADERS,
        Self::HC_ERR_BAD_FRAMING,
        Self::HC_ERR_BAD_CHUNK,
        Self::HC_ERR_INCOMPLETE,
        Self::HC_ERR_REMOTE_DISCONNECTED,
        Self::HC_ERR_UNKNOWN_TRANSFER_CODING,
        Self::HC_ERR_LIMIT,
        Self::HC_ERR_RESOLVE,
        Self::HC_ERR_CONNECT,
        Self::HC_ERR_SEND,
        Self::HC_ERR_RECV,
        Self::HC_ERR_TIMEOUT,
        Self::HC_ERR_CANCELLED,
        Self::HC_ERR_NOMEM,
        Self::HC_ERR_FILE,
        Self::HC_ERR_TLS,
        Self::HC_ERR_TLS_CERTIFICATE,
        Self::HC_ERR_TLS_EOF,
        Self::HC_ERR_TLS_CONFIG,
        Self::HC_ERR_TLS_TRUST_STORE,
        Self::HC_ERR_PROXY,
        Self::HC_ERR_INTERNAL,
    ];

    /// The code with this number.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| *c as i32 == number)
    }

    /// One sentence that a person can read, NUL-terminated for C.
    #[must_use]
    pub const fn sentence(self) -> &'static core::ffi::CStr {
        match self {
            Self::HC_OK => c"Success",
            Self::HC_WANT_READ => c"Wait until the connection is readable, then call again",
            Self::HC_WANT_WRITE => c"Wait until the connection is writable, then call again",
            Self::HC_ERR_INVALID_ARG => c"An argument cannot be used",
            Self::HC_ERR_INVALID_URL => c"The host or the request target cannot be used",
            Self::HC_ERR_BUSY => c"The handle is in use by another call",
            Self::HC_ERR_FORKED => c"The handle belongs to the parent process",
            Self::HC_ERR_UNSUPPORTED => c"Not supported on this connection or in this build",
            Self::HC_ERR_CALLBACK => c"A callback of the program failed",
            Self::HC_ERR_TOO_LARGE => c"More bytes than the caller allowed",
            Self::HC_ERR_CANNOT_SEND_REQUEST => c"A request cannot be started in this state",
            Self::HC_ERR_CANNOT_SEND_HEADER => c"No request head is open",
            Self::HC_ERR_RESPONSE_NOT_READY => c"No response can be retrieved in this state",
            Self::HC_ERR_NOT_CONNECTED => c"There is no connection and none may be opened",
            Self::HC_ERR_ALREADY_CONNECTED => c"There is an open connection already",
            Self::HC_ERR_CLOSED => c"The response was closed before its end",
            Self::HC_ERR_PENDING => c"An unfinished call has to be finished first",
            Self::HC_ERR_BODY_OWED => c"The request still owes bytes of its body",
            Self::HC_ERR_BODY_OVERRUN => c"More body bytes than the request declared",
            Self::HC_ERR_CANNOT_SEND_BODY => c"No request body is open",
            Self::HC_ERR_EARLY_RESPONSE => c"The server answered before the body was sent",
            Self::HC_ERR_POOL_EXHAUSTED => c"No connection of the pool became free",
            Self::HC_ERR_BAD_STATUS_LINE => c"The peer's first line is not an HTTP status line",
            Self::HC_ERR_UNKNOWN_PROTOCOL => c"The peer speaks another version of HTTP",
            Self::HC_ERR_BAD_HEADER => c"A header field of the response is malformed",
            Self::HC_ERR_LINE_TOO_LONG => c"A line of the response is too long",
            Self::HC_ERR_TOO_MANY_HEADERS => c"The response has too many header fields",
            Self::HC_ERR_BAD_FRAMING => c"The length of the response body cannot be known",
            Self::HC_ERR_BAD_CHUNK => c"A chunk of the response body is malformed",
            Self::HC_ERR_INCOMPLETE => c"The connection ended inside the response",
            Self::HC_ERR_REMOTE_DISCONNECTED => c"The peer closed the connection without an answer",
            Self::HC_ERR_UNKNOWN_TRANSFER_CODING => c"The response has an unknown transfer coding",
            Self::HC_ERR_LIMIT => c"The response exceeds a limit",
            Self::HC_ERR_RESOLVE => c"The host name could not be resolved",
            Self::HC_ERR_CONNECT => c"No connection could be made",
            Self::HC_ERR_SEND => c"Sending failed",
            Self::HC_ERR_RECV => c"Receiving failed",
            Self::HC_ERR_TIMEOUT => c"A timeout passed",
            Self::HC_ERR_CANCELLED => c"The call was cancelled",
            Self::HC_ERR_NOMEM => c"Out of memory",
            Self::HC_ERR_FILE => c"The program's file could not be read or written",
            Self::HC_ERR_TLS => c"TLS could not be agreed on, or was broken off",
            Self::HC_ERR_TLS_CERTIFICATE => c"The certificate of the server was refused",
            Self::HC_ERR_TLS_EOF => c"The connection ended inside the TLS handshake",
            Self::HC_ERR_TLS_CONFIG => c"The TLS configuration cannot be used",
            Self::HC_ERR_TLS_TRUST_STORE => c"No trusted certificates were found",
            Self::HC_ERR_PROXY => c"The proxy made no tunnel",
            Self::HC_ERR_INTERNAL => c"Internal error",
        }
    }

    /// The spelling of the constant, NUL-terminated for C.
    #[must_use]
    pub const fn name(self) -> &'static core::ffi::CStr {
        match self {
            Self::HC_OK => c"HC_OK",
            Self::HC_WANT_READ => c"HC_WANT_READ",
            Self::HC_WANT_WRITE => c"HC_WANT_WRITE",
            Self::HC_ERR_INVALID_ARG => c"HC_ERR_INVALID_ARG",
            Self::HC_ERR_INVALID_URL => c"HC_ERR_INVALID_URL",
            Self::HC_ERR_BUSY => c"HC_ERR_BUSY",
            Self::HC_ERR_FORKED => c"HC_ERR_FORKED",
            Self::HC_ERR_UNSUPPORTED => c"HC_ERR_UNSUPPORTED",
            Self::HC_ERR_CALLBACK => c"HC_ERR_CALLBACK",
            Self::HC_ERR_TOO_LARGE => c"HC_ERR_TOO_LARGE",
            Self::HC_ERR_CANNOT_SEND_REQUEST => c"HC_ERR_CANNOT_SEND_REQUEST",
            Self::HC_ERR_CANNOT_SEND_HEADER => c"HC_ERR_CANNOT_SEND_HEADER",
            Self::HC_ERR_RESPONSE_NOT_READY => c"HC_ERR_RESPONSE_NOT_READY",
            Self::HC_ERR_NOT_CONNECTED => c"HC_ERR_NOT_CONNECTED",
            Self::HC_ERR_ALREADY_CONNECTED => c"HC_ERR_ALREADY_CONNECTED",
            Self::HC_ERR_CLOSED => c"HC_ERR_CLOSED",
            Self::HC_ERR_PENDING => c"HC_ERR_PENDING",
            Self::HC_ERR_BODY_OWED => c"HC_ERR_BODY_OWED",
            Self::HC_ERR_BODY_OVERRUN => c"HC_ERR_BODY_OVERRUN",
            Self::HC_ERR_CANNOT_SEND_BODY => c"HC_ERR_CANNOT_SEND_BODY",
            Self::HC_ERR_EARLY_RESPONSE => c"HC_ERR_EARLY_RESPONSE",
            Self::HC_ERR_POOL_EXHAUSTED => c"HC_ERR_POOL_EXHAUSTED",
            Self::HC_ERR_BAD_STATUS_LINE => c"HC_ERR_BAD_STATUS_LINE",
            Self::HC_ERR_UNKNOWN_PROTOCOL => c"HC_ERR_UNKNOWN_PROTOCOL",
            Self::HC_ERR_BAD_HEADER => c"HC_ERR_BAD_HEADER",
            Self::HC_ERR_LINE_TOO_LONG => c"HC_ERR_LINE_TOO_LONG",
            Self::HC_ERR_TOO_MANY_HEADERS => c"HC_ERR_TOO_MANY_HEADERS",
            Self::HC_ERR_BAD_FRAMING => c"HC_ERR_BAD_FRAMING",
            Self::HC_ERR_BAD_CHUNK => c"HC_ERR_BAD_CHUNK",
            Self::HC_ERR_INCOMPLETE => c"HC_ERR_INCOMPLETE",
            Self::HC_ERR_REMOTE_DISCONNECTED => c"HC_ERR_REMOTE_DISCONNECTED",
            Self::HC_ERR_UNKNOWN_TRANSFER_CODING => c"HC_ERR_UNKNOWN_TRANSFER_CODING",
            Self::HC_ERR_LIMIT => c"HC_ERR_LIMIT",
            Self::HC_ERR_RESOLVE => c"HC_ERR_RESOLVE",
            Self::HC_ERR_CONNECT => c"HC_ERR_CONNECT",
            Self::HC_ERR_SEND => c"HC_ERR_SEND",
            Self::HC_ERR_RECV => c"HC_ERR_RECV",
            Self::HC_ERR_TIMEOUT => c"HC_ERR_TIMEOUT",
            Self::HC_ERR_CANCELLED => c"HC_ERR_CANCELLED",
            Self::HC_ERR_NOMEM => c"HC_ERR_NOMEM",
            Self::HC_ERR_FILE => c"HC_ERR_FILE",
            Self::HC_ERR_TLS => c"HC_ERR_TLS",
            Self::HC_ERR_TLS_CERTIFICATE => c"HC_ERR_TLS_CERTIFICATE",
            Self::HC_ERR_TLS_EOF => c"HC_ERR_TLS_EOF",
            Self::HC_ERR_TLS_CONFIG => c"HC_ERR_TLS_CONFIG",
            Self::HC_ERR_TLS_TRUST_STORE => c"HC_ERR_TLS_TRUST_STORE",
            Self::HC_ERR_PROXY => c"HC_ERR_PROXY",
            Self::HC_ERR_INTERNAL => c"HC_ERR_INTERNAL",
        }
    }
}

/// What one failure is made of. Boxed: the way of success carries one word for it.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The code that the caller gets.
    pub code: Code,
    /// errno, or the resolver's code for [`Code::HC_ERR_RESOLVE`]; 0 when there is none.
    pub os_error: i32,
    /// Which timeout passed: a `HC_TIMEOUT_*` number; -1 when none did.
    pub timeout: i32,
    /// What the program's callback returned; 0 when none failed.
    pub callback_value: i64,
    /// Byte of the head or body at which the trouble stands.
    pub offset: u64,
    /// Why TLS failed: an `HC_TLS_REASON_*` number; 0 when it did not.
    pub tls_reason: i32,
    /// The TLS alert that the peer sent; -1 when it sent none.
    pub tls_alert: i32,
    /// A sentence with the specifics.
    pub text: Cow<'static, str>,
    noted: bool,
}

/// A failure on its way to the caller.
#[derive(Clone, Debug)]
pub struct Error(Box<Fault>);

/// Success, or a failure.
pub type Result<T> = core::result::Result<T, Error>;

impl Error {
    /// A failure with a sentence of its own.
    #[cold]
    pub fn new(code: Code, text: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Fault {
            code,
            os_error: 0,
            timeout: -1,
            callback_value: 0,
            offset: 0,
            tls_reason: 0,
            tls_alert: -1,
            text: text.into(),
            noted: false,
        }))
    }

    /// A failure that the operating system explains.
    #[cold]
    pub fn os(code: Code, os_error: i32, doing: &str) -> Self {
        let why = std::io::Error::from_raw_os_error(os_error);
        let mut e = Self::new(code, format!("{doing}: {why}"));
        e.0.os_error = os_error;
        e
    }

    /// Memory could not be had.
    #[cold]
    pub fn no_memory() -> Self {
        Self::new(Code::HC_ERR_NOMEM, "memory could not be allocated")
    }

    /// Has the record of it been written, by someone who knew more than the failure itself?
    #[must_use]
    pub fn is_noted(&self) -> bool {
        self.0.noted
    }

    /// It has.
    pub fn set_noted(&mut self) {
        self.0.noted = true;
    }

    /// The same failure under another name, in other words.
    #[must_use]
    pub fn restated(mut self, code: Code, text: impl Into<Cow<'static, str>>) -> Self {
        self.0.code = code;
        self.0.text = text.into();
        self
    }

    /// The same failure, at this byte of the message.
    #[must_use]
    pub fn at(mut self, offset: u64) -> Self {
        self.0.offset = offset;
        self
    }

    /// The same failure, with a code of the operating system or resolver.
    #[must_use]
    pub fn with_os_error(mut self, os_error: i32) -> Self {
        self.0.os_error = os_error;
        self
    }

    /// The same failure, caused by this timeout.
    #[must_use]
    pub fn with_timeout(mut self, kind: i32) -> Self {
        self.0.timeout = kind;
        self
    }

    /// The same failure, for this reason of TLS's.
    #[must_use]
    pub fn with_tls_reason(mut self, reason: i32) -> Self {
        self.0.tls_reason = reason;
        self
    }

    /// The same failure, told by this alert.
    #[must_use]
    pub fn with_tls_alert(mut self, alert: i32) -> Self {
        self.0.tls_alert = alert;
        self
    }

    /// The same failure, with what the callback returned.
    #[must_use]
    pub fn with_callback_value(mut self, value: i64) -> Self {
        self.0.callback_value = value;
        self
    }
}

impl std::ops::Deref for Error {
    type Target = Fault;
    fn deref(&self) -> &Fault {
        &self.0
    }
}

impl From<std::collections::TryReserveError> for Error {
    fn from(_: std::collections::TryReserveError) -> Self {
        Self::no_memory()
    }
}
