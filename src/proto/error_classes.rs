//! Python's exceptions: which of them a status is, and which classes that one belongs to. For
//! bindings that raise exceptions, and for programs that sort failures as Python programs do.

use core::ffi::CStr;

use crate::error::Code;

/// A class of Python's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Class {
    /// Exception.
    Exception = 1,
    /// HTTPException.
    HttpException = 2,
    /// NotConnected.
    NotConnected = 3,
    /// InvalidURL.
    InvalidUrl = 4,
    /// UnknownProtocol.
    UnknownProtocol = 5,
    /// UnknownTransferEncoding.
    UnknownTransferEncoding = 6,
    /// UnimplementedFileMode.
    UnimplementedFileMode = 7,
    /// IncompleteRead.
    IncompleteRead = 8,
    /// ImproperConnectionState.
    ImproperConnectionState = 9,
    /// CannotSendRequest.
    CannotSendRequest = 10,
    /// CannotSendHeader.
    CannotSendHeader = 11,
    /// ResponseNotReady.
    ResponseNotReady = 12,
    /// BadStatusLine.
    BadStatusLine = 13,
    /// LineTooLong.
    LineTooLong = 14,
    /// RemoteDisconnected.
    RemoteDisconnected = 15,
    /// ValueError.
    ValueError = 16,
    /// TypeError.
    TypeError = 17,
    /// RuntimeError.
    RuntimeError = 18,
    /// MemoryError.
    MemoryError = 19,
    /// SystemError.
    SystemError = 20,
    /// OSError.
    OsError = 21,
    /// BlockingIOError.
    BlockingIoError = 22,
    /// ConnectionError.
    ConnectionError = 23,
    /// BrokenPipeError.
    BrokenPipeError = 24,
    /// ConnectionAbortedError.
    ConnectionAbortedError = 25,
    /// ConnectionRefusedError.
    ConnectionRefusedError = 26,
    /// ConnectionResetError.
    ConnectionResetError = 27,
    /// TimeoutError.
    TimeoutError = 28,
    /// gaierror.
    GaiError = 29,
    /// UnsupportedOperation.
    UnsupportedOperation = 30,
    /// SSLError.
    SslError = 31,
    /// SSLZeroReturnError.
    SslZeroReturnError = 32,
    /// SSLEOFError.
    SslEofError = 33,
    /// SSLCertVerificationError.
    SslCertVerificationError = 34,
}

struct Row {
    class: Class,
    name: &'static CStr,
    /// Most of them have one, and two of them meet again above.
    parents: &'static [Class],
}

const fn row(class: Class, name: &'static CStr, parents: &'static [Class]) -> Row {
    Row {
        class,
        name,
        parents,
    }
}

/// The tree, in the order of the numbers.
const CLASSES: &[Row] = &[
    row(Class::Exception, c"Exception", &[]),
    row(Class::HttpException, c"HTTPException", &[Class::Exception]),
    row(
        Class::NotConnected,
        c"NotConnected",
        &[Class::HttpException],
    ),
    row(Class::InvalidUrl, c"InvalidURL", &[Class::HttpException]),
    row(
        Class::UnknownProtocol,
        c"UnknownProtocol",
        &[Class::HttpException],
    ),
    row(
        Class::UnknownTransferEncoding,
        c"UnknownTransferEncoding",
        &[Class::HttpException],
    ),
    row(
        Class::UnimplementedFileMode,
        c"UnimplementedFileMode",
        &[Class::HttpException],
    ),
    row(
        Class::IncompleteRead,
        c"IncompleteRead",
        &[Class::HttpException],
    ),
    row(
        Class::ImproperConnectionState,
        c"ImproperConnectionState",
        &[Class::HttpException],
    ),
    row(
        Class::CannotSendRequest,
        c"CannotSendRequest",
        &[Class::ImproperConnectionState],
    ),
    row(
        Class::CannotSendHeader,
        c"CannotSendHeader",
        &[Class::ImproperConnectionState],
    ),
    row(
        Class::ResponseNotReady,
        c"ResponseNotReady",
        &[Class::ImproperConnectionState],
    ),
    row(
        Class::BadStatusLine,
        c"BadStatusLine",
        &[Class::HttpException],
    ),
    row(Class::LineTooLong, c"LineTooLong", &[Class::HttpException]),
    row(
        Class::RemoteDisconnected,
        c"RemoteDisconnected",
        &[Class::ConnectionResetError, Class::BadStatusLine],
    ),
    row(Class::ValueError, c"ValueError", &[Class::Exception]),
    row(Class::TypeError, c"TypeError", &[Class::Exception]),
    row(Class::RuntimeError, c"RuntimeError", &[Class::Exception]),
    row(Class::MemoryError, c"MemoryError", &[Class::Exception]),
    row(Class::SystemError, c"SystemError", &[Class::Exception]),
    row(Class::OsError, c"OSError", &[Class::Exception]),
    row(
        Class::BlockingIoError,
        c"BlockingIOError",
        &[Class::OsError],
    ),
    row(
        Class::ConnectionError,
        c"ConnectionError",
        &[Class::OsError],
    ),
    row(
        Class::BrokenPipeError,
        c"BrokenPipeError",
        &[Class::ConnectionError],
    ),
    row(
        Class::ConnectionAbortedError,
        c"ConnectionAbortedError",
        &[Class::ConnectionError],
    ),
    row(
        Class::ConnectionRefusedError,
        c"ConnectionRefusedError",
        &[Class::ConnectionError],
    ),
    row(
        Class::ConnectionResetError,
        c"ConnectionResetError",
        &[Class::ConnectionError],
    ),
    row(Class::TimeoutError, c"TimeoutError", &[Class::OsError]),
    row(Class::GaiError, c"gaierror", &[Class::OsError]),
    row(
        Class::UnsupportedOperation,
        c"UnsupportedOperation",
        &[Class::OsError, Class::ValueError],
    ),
    row(Class::SslError, c"SSLError", &[Class::OsError]),
    row(
        Class::SslZeroReturnError,
        c"SSLZeroReturnError",
        &[Class::SslError],
    ),
    row(Class::SslEofError, c"SSLEOFError", &[Class::SslError]),
    row(
        Class::SslCertVerificationError,
        c"SSLCertVerificationError",
        &[Class::SslError, Class::ValueError],
    ),
];

// A class finds its row by its number.
const _: () = {
    let mut i = 0;
    while i < CLASSES.len() {
        assert!(CLASSES[i].class as usize == i + 1);
        i += 1;
    }
};

impl Class {
    /// Every class.
    pub fn all() -> impl Iterator<Item = Self> {
        CLASSES.iter().map(|row| row.class)
    }

    /// The class with this number.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        CLASSES.get(at).map(|row| row.class)
    }

    /// Python's name, without its module, NUL-terminated for C.
    #[must_use]
    pub fn name(self) -> &'static CStr {
        self.row().name
    }

    /// Is this class `other`, or one below it? Python: `issubclass`.
    #[must_use]
    pub fn is_a(self, other: Self) -> bool {
        self == other || self.row().parents.iter().any(|p| p.is_a(other))
    }

    fn row(self) -> &'static Row {
        &CLASSES[self as usize - 1]
    }
}

/// The most specific class of a status: what Python raises in that case, or would. `None` for
/// success.
#[must_use]
pub const fn of(code: Code) -> Option<Class> {
    Some(match code {
        Code::HC_OK => return None,
        // What a non-blocking socket raises.
        Code::HC_WANT_READ | Code::HC_WANT_WRITE => Class::BlockingIoError,

        Code::HC_ERR_INVALID_ARG | Code::HC_ERR_TOO_LARGE => Class::ValueError,
        Code::HC_ERR_INVALID_URL => Class::InvalidUrl,
        Code::HC_ERR_BUSY | Code::HC_ERR_FORKED => Class::RuntimeError,
        Code::HC_ERR_UNSUPPORTED => Class::UnsupportedOperation,
        // In Python it would be whatever the callback has raised.
        Code::HC_ERR_CALLBACK => Class::Exception,

        Code::HC_ERR_CANNOT_SEND_REQUEST => Class::CannotSendRequest,
        Code::HC_ERR_CANNOT_SEND_HEADER => Class::CannotSendHeader,
        Code::HC_ERR_RESPONSE_NOT_READY => Class::ResponseNotReady,
        Code::HC_ERR_NOT_CONNECTED => Class::NotConnected,
        // Refusals of the state machine that http.client has no class of their own for.
        Code::HC_ERR_ALREADY_CONNECTED
        | Code::HC_ERR_PENDING
        | Code::HC_ERR_BODY_OWED
        | Code::HC_ERR_BODY_OVERRUN
        | Code::HC_ERR_CANNOT_SEND_BODY
        | Code::HC_ERR_EARLY_RESPONSE
        | Code::HC_ERR_POOL_EXHAUSTED => Class::ImproperConnectionState,
        // As for every closed file: "I/O operation on closed file".
        Code::HC_ERR_CLOSED => Class::ValueError,

        Code::HC_ERR_BAD_STATUS_LINE => Class::BadStatusLine,
        Code::HC_ERR_UNKNOWN_PROTOCOL => Class::UnknownProtocol,
        Code::HC_ERR_LINE_TOO_LONG => Class::LineTooLong,
        Code::HC_ERR_BAD_HEADER
        | Code::HC_ERR_TOO_MANY_HEADERS
        | Code::HC_ERR_BAD_FRAMING
        | Code::HC_ERR_LIMIT => Class::HttpException,
        Code::HC_ERR_BAD_CHUNK | Code::HC_ERR_INCOMPLETE => Class::IncompleteRead,
        Code::HC_ERR_REMOTE_DISCONNECTED => Class::RemoteDisconnected,
        Code::HC_ERR_UNKNOWN_TRANSFER_CODING => Class::UnknownTransferEncoding,

        Code::HC_ERR_RESOLVE => Class::GaiError,
        // Which of OSError's classes it is depends on the errno in the error record.
        Code::HC_ERR_CONNECT
        | Code::HC_ERR_SEND
        | Code::HC_ERR_RECV
        | Code::HC_ERR_CANCELLED
        | Code::HC_ERR_FILE
        | Code::HC_ERR_PROXY => Class::OsError,
        Code::HC_ERR_TLS | Code::HC_ERR_TLS_CONFIG => Class::SslError,
        Code::HC_ERR_TLS_EOF => Class::SslEofError,
        Code::HC_ERR_TLS_CERTIFICATE | Code::HC_ERR_TLS_TRUST_STORE => {
            Class::SslCertVerificationError
        }
        Code::HC_ERR_TIMEOUT => Class::TimeoutError,
        Code::HC_ERR_NOMEM => Class::MemoryError,

        Code::HC_ERR_INTERNAL => Class::SystemError,
    })
}
