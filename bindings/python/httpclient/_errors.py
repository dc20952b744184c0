"""The exceptions of http.client, and how a status of the library becomes one of them."""

import ctypes
import errno
import io
import socket

from . import _constants as k
from ._library import C, ErrorInfo


class HTTPException(Exception):
    pass


class NotConnected(HTTPException):
    pass


class InvalidURL(HTTPException):
    pass


class UnknownProtocol(HTTPException):
    def __init__(self, version):
        self.args = (version,)
        self.version = version


class UnknownTransferEncoding(HTTPException):
    pass


class UnimplementedFileMode(HTTPException):
    pass


class IncompleteRead(HTTPException):
    def __init__(self, partial, expected=None):
        self.args = (partial,)
        self.partial = partial
        self.expected = expected

    def __repr__(self):
        expected = "" if self.expected is None else f", {self.expected} more expected"
        return f"{type(self).__name__}({len(self.partial)} bytes read{expected})"

    __str__ = object.__str__


class ImproperConnectionState(HTTPException):
    pass


class CannotSendRequest(ImproperConnectionState):
    pass


class CannotSendHeader(ImproperConnectionState):
    pass


class ResponseNotReady(ImproperConnectionState):
    pass


class BadStatusLine(HTTPException):
    def __init__(self, line):
        if not line:
            line = repr(line)
        self.args = (line,)
        self.line = line


class LineTooLong(HTTPException):
    def __init__(self, line_type):
        HTTPException.__init__(self, f"got more than 65536 bytes when reading {line_type}")


class RemoteDisconnected(ConnectionResetError, BadStatusLine):
    def __init__(self, *pos, **kw):
        BadStatusLine.__init__(self, "")
        ConnectionResetError.__init__(self, *pos, **kw)


# The library names the class of each status; these are the classes by those names.
CLASSES = {
    made.__name__: made
    for made in (
        HTTPException, NotConnected, InvalidURL, UnknownProtocol, UnknownTransferEncoding,
        UnimplementedFileMode, IncompleteRead, ImproperConnectionState, CannotSendRequest,
        CannotSendHeader, ResponseNotReady, BadStatusLine, LineTooLong, RemoteDisconnected,
        Exception, ValueError, TypeError, RuntimeError, MemoryError, SystemError, OSError,
        BlockingIOError, ConnectionError, TimeoutError, socket.gaierror, io.UnsupportedOperation,
    )
}


try:
    import ssl
except ImportError:
    # A Python without it has no HTTPSConnection either.
    pass
else:
    for made in (ssl.SSLError, ssl.SSLZeroReturnError, ssl.SSLEOFError,
                 ssl.SSLCertVerificationError):
        CLASSES[made.__name__] = made


def _tls_error(made, text):
    error = made(1, text)
    error.library = "SSL"
    is_about_certificate = made is ssl.SSLCertVerificationError
    error.reason = "CERTIFICATE_VERIFY_FAILED" if is_about_certificate else None
    if is_about_certificate:
        # OpenSSL's numbers are of OpenSSL's making.
        error.verify_code, error.verify_message = 1, text
    return error


class Failure:
    """What the library says of the last failure of a handle."""

    def __init__(self, status, ask, handle):
        info = ErrorInfo(struct_size=ctypes.sizeof(ErrorInfo))
        known = ask is not None and ask(handle, ctypes.byref(info)) == 0 and info.code == status
        self.status = status
        self.text = (info.text if known else C.hc_strerror(status)).decode("latin-1")
        self.os_error = info.os_error if known else 0
        expected = info.body_expected if known else k.HC_LENGTH_UNKNOWN
        self.expected = None if expected == k.HC_LENGTH_UNKNOWN else expected

    def exception(self, partial=b"", line="", state=None):
        """The exception for it. `partial`: what a reading call has got; `line`: the line that was
        refused; `state`: where the connection stands, for calls out of order."""
        made = CLASSES[C.hc_class_name(C.hc_status_python_class(self.status)).decode("ascii")]
        if made is IncompleteRead:
            return IncompleteRead(partial, self.expected)
        if made.__module__ == "ssl":
            return _tls_error(made, self.text)
        if made is BadStatusLine:
            return BadStatusLine(line or self.text)
        if made is LineTooLong:
            # Its constructor would say which line; the library has said that already.
            error = LineTooLong.__new__(LineTooLong)
            error.args = (self.text,)
            return error
        if state is not None and issubclass(made, ImproperConnectionState):
            return made(state)
        if made is socket.gaierror:
            return made(self.os_error, self.text)
        if made is OSError and self.os_error:
            # OSError picks its own subclass by errno.
            return OSError(self.os_error, self.text)
        if made is TimeoutError:
            return TimeoutError(errno.ETIMEDOUT, self.text) if self.os_error else made("timed out")
        return made(self.text)


def check_connection(status, connection):
    """Raises what a call on a connection handle has failed with."""
    if status < 0:
        failure = Failure(status, C.hc_last_error, connection)
        name = C.hc_state_name(C.hc_state(connection)).decode("ascii")
        raise failure.exception(state=name)
    return status


def raise_tls(status, tls):
    """Raises what a call on a TLS configuration has failed with."""
    if status < 0:
        raise Failure(status, C.hc_tls_last_error, tls).exception()
    return status
