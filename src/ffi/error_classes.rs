//! Python's exception classes, and where each status belongs.

use core::ffi::c_char;

use crate::error::Code;
use crate::proto::error_classes::{self, Class};

/// The classes of Python's exceptions that a status can belong to: hc_status_isa. They are a
/// tree, save for those that have two parents. The numbers are consecutive.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum hc_class {
    /// No class: success, or a number that is no hc_status.
    HC_CLS_NONE = 0,
    /// The root: every other class is one of these.
    HC_CLS_EXCEPTION = 1,
    /// http.client.HTTPException: all that HTTP itself raises.
    HC_CLS_HTTP_EXCEPTION = 2,
    /// http.client.NotConnected.
    HC_CLS_NOT_CONNECTED = 3,
    /// http.client.InvalidURL.
    HC_CLS_INVALID_URL = 4,
    /// http.client.UnknownProtocol.
    HC_CLS_UNKNOWN_PROTOCOL = 5,
    /// http.client.UnknownTransferEncoding, which Python defines and never raises.
    HC_CLS_UNKNOWN_TRANSFER_ENCODING = 6,
    /// http.client.UnimplementedFileMode, which Python defines and never raises; no status is one.
    HC_CLS_UNIMPLEMENTED_FILE_MODE = 7,
    /// http.client.IncompleteRead.
    HC_CLS_INCOMPLETE_READ = 8,
    /// http.client.ImproperConnectionState: a call that the state machine refuses.
    HC_CLS_IMPROPER_CONNECTION_STATE = 9,
    /// http.client.CannotSendRequest.
    HC_CLS_CANNOT_SEND_REQUEST = 10,
    /// http.client.CannotSendHeader.
    HC_CLS_CANNOT_SEND_HEADER = 11,
    /// http.client.ResponseNotReady.
    HC_CLS_RESPONSE_NOT_READY = 12,
    /// http.client.BadStatusLine.
    HC_CLS_BAD_STATUS_LINE = 13,
    /// http.client.LineTooLong.
    HC_CLS_LINE_TOO_LONG = 14,
    /// http.client.RemoteDisconnected: both a ConnectionResetError and a BadStatusLine.
    HC_CLS_REMOTE_DISCONNECTED = 15,
    /// The built-in ValueError.
    HC_CLS_VALUE_ERROR = 16,
    /// The built-in TypeError.
    HC_CLS_TYPE_ERROR = 17,
    /// The built-in RuntimeError.
    HC_CLS_RUNTIME_ERROR = 18,
    /// The built-in MemoryError.
    HC_CLS_MEMORY_ERROR = 19,
    /// The built-in SystemError.
    HC_CLS_SYSTEM_ERROR = 20,
    /// All that the system reports. Also called socket.error, IOError.
    HC_CLS_OS_ERROR = 21,
    /// The built-in BlockingIOError.
    HC_CLS_BLOCKING_IO_ERROR = 22,
    /// The built-in ConnectionError.
    HC_CLS_CONNECTION_ERROR = 23,
    /// The built-in BrokenPipeError.
    HC_CLS_BROKEN_PIPE_ERROR = 24,
    /// The built-in ConnectionAbortedError.
    HC_CLS_CONNECTION_ABORTED_ERROR = 25,
    /// The built-in ConnectionRefusedError.
    HC_CLS_CONNECTION_REFUSED_ERROR = 26,
    /// The built-in ConnectionResetError.
    HC_CLS_CONNECTION_RESET_ERROR = 27,
    /// Also called socket.timeout.
    HC_CLS_TIMEOUT_ERROR = 28,
    /// socket.gaierror: the resolver's.
    HC_CLS_GAIERROR = 29,
    /// io.UnsupportedOperation: both an OSError and a ValueError.
    HC_CLS_UNSUPPORTED_OPERATION = 30,
    /// ssl.SSLError.
    HC_CLS_SSL_ERROR = 31,
    /// ssl.SSLZeroReturnError: the peer has ended TLS.
    HC_CLS_SSL_ZERO_RETURN_ERROR = 32,
    /// ssl.SSLEOFError: the connection has ended inside TLS.
    HC_CLS_SSL_EOF_ERROR = 33,
    /// ssl.SSLCertVerificationError: both an SSLError and a ValueError.
    HC_CLS_SSL_CERT_VERIFICATION_ERROR = 34,
}

const _: () = {
    use hc_class as C;
    assert!(C::HC_CLS_EXCEPTION as i32 == Class::Exception as i32);
    assert!(C::HC_CLS_HTTP_EXCEPTION as i32 == Class::HttpException as i32);
    assert!(C::HC_CLS_NOT_CONNECTED as i32 == Class::NotConnected as i32);
    assert!(C::HC_CLS_INVALID_URL as i32 == Class::InvalidUrl as i32);
    assert!(C::HC_CLS_UNKNOWN_PROTOCOL as i32 == Class::UnknownProtocol as i32);
    assert!(C::HC_CLS_UNKNOWN_TRANSFER_ENCODING as i32 == Class::UnknownTransferEncoding as i32);
    assert!(C::HC_CLS_UNIMPLEMENTED_FILE_MODE as i32 == Class::UnimplementedFileMode as i32);
    assert!(C::HC_CLS_INCOMPLETE_READ as i32 == Class::IncompleteRead as i32);
    assert!(C::HC_CLS_IMPROPER_CONNECTION_STATE as i32 == Class::ImproperConnectionState as i32);
    assert!(C::HC_CLS_CANNOT_SEND_REQUEST as i32 == Class::CannotSendRequest as i32);
    assert!(C::HC_CLS_CANNOT_SEND_HEADER as i32 == Class::CannotSendHeader as i32);
    assert!(C::HC_CLS_RESPONSE_NOT_READY as i32 == Class::ResponseNotReady as i32);
    assert!(C::HC_CLS_BAD_STATUS_LINE as i32 == Class::BadStatusLine as i32);
    assert!(C::HC_CLS_LINE_TOO_LONG as i32 == Class::LineTooLong as i32);
    assert!(C::HC_CLS_REMOTE_DISCONNECTED as i32 == Class::RemoteDisconnected as i32);
    assert!(C::HC_CLS_VALUE_ERROR as i32 == Class::ValueError as i32);
    assert!(C::HC_CLS_TYPE_ERROR as i32 == Class::TypeError as i32);
    assert!(C::HC_CLS_RUNTIME_ERROR as i32 == Class::RuntimeError as i32);
    assert!(C::HC_CLS_MEMORY_ERROR as i32 == Class::MemoryError as i32);
    assert!(C::HC_CLS_SYSTEM_ERROR as i32 == Class::SystemError as i32);
    assert!(C::HC_CLS_OS_ERROR as i32 == Class::OsError as i32);
    assert!(C::HC_CLS_BLOCKING_IO_ERROR as i32 == Class::BlockingIoError as i32);
    assert!(C::HC_CLS_CONNECTION_ERROR as i32 == Class::ConnectionError as i32);
    assert!(C::HC_CLS_BROKEN_PIPE_ERROR as i32 == Class::BrokenPipeError as i32);
    assert!(C::HC_CLS_CONNECTION_ABORTED_ERROR as i32 == Class::ConnectionAbortedError as i32);
    assert!(C::HC_CLS_CONNECTION_REFUSED_ERROR as i32 == Class::ConnectionRefusedError as i32);
    assert!(C::HC_CLS_CONNECTION_RESET_ERROR as i32 == Class::ConnectionResetError as i32);
    assert!(C::HC_CLS_TIMEOUT_ERROR as i32 == Class::TimeoutError as i32);
    assert!(C::HC_CLS_GAIERROR as i32 == Class::GaiError as i32);
    assert!(C::HC_CLS_UNSUPPORTED_OPERATION as i32 == Class::UnsupportedOperation as i32);
    assert!(C::HC_CLS_SSL_ERROR as i32 == Class::SslError as i32);
    assert!(C::HC_CLS_SSL_ZERO_RETURN_ERROR as i32 == Class::SslZeroReturnError as i32);
    assert!(C::HC_CLS_SSL_EOF_ERROR as i32 == Class::SslEofError as i32);
    assert!(C::HC_CLS_SSL_CERT_VERIFICATION_ERROR as i32 == Class::SslCertVerificationError as i32);
};

/// Whether a status belongs to a class of Python's exceptions: what "except" asks in Python.
/// HC_ERR_CANNOT_SEND_REQUEST is a CannotSendRequest, an ImproperConnectionState, an
/// HTTPException and an Exception; HC_ERR_REMOTE_DISCONNECTED is both a BadStatusLine and a
/// ConnectionResetError. HC_WANT_READ and HC_WANT_WRITE are BlockingIOError, as on a
/// non-blocking socket, and with it OSError: look for them first.
///
/// @param status any number
/// @param class_number an HC_CLS_* number
/// @return 1 if it does; 0 if not, and for a number that is no status or no class. Python:
/// isinstance(error, class).
#[unsafe(no_mangle)]
pub extern "C" fn hc_status_isa(status: i32, class_number: i32) -> i32 {
    let class = Code::from_number(status).and_then(error_classes::of);
    let asked = Class::from_number(class_number);
    i32::from(
        class
            .zip(asked)
            .is_some_and(|(class, asked)| class.is_a(asked)),
    )
}

/// The most specific class of Python's exceptions that a status belongs to: the one that
/// http.client raises in that case, or the one that comes nearest to it.
///
/// @param status any number
/// @return an HC_CLS_* number; HC_CLS_NONE, which is 0, for HC_OK and for a number that is no
/// hc_status. Python: type(error).
#[unsafe(no_mangle)]
pub extern "C" fn hc_status_python_class(status: i32) -> i32 {
    Code::from_number(status)
        .and_then(error_classes::of)
        .map_or(hc_class::HC_CLS_NONE as i32, |class| class as i32)
}

/// The name of a class of Python's exceptions: "RemoteDisconnected".
///
/// @param class_number any number
/// @return a NUL-terminated name, without its module; "Unknown" for HC_CLS_NONE and for a number
/// that is no HC_CLS_*; never NULL. Lifetime: static. Python: class.__name__.
#[unsafe(no_mangle)]
pub extern "C" fn hc_class_name(class_number: i32) -> *const c_char {
    Class::from_number(class_number)
        .map_or(c"Unknown", Class::name)
        .as_ptr()
}
