"""The names of http.client."""

import http as _http
from urllib.parse import urlsplit  # noqa: F401  http.client has it, and programs use it there

from . import _constants as _k
from . import _sending
from ._connection import HTTP_PORT, HTTPS_PORT, HTTPConnection  # noqa: F401
from ._errors import (  # noqa: F401
    BadStatusLine, CannotSendHeader, CannotSendRequest, HTTPException, ImproperConnectionState,
    IncompleteRead, InvalidURL, LineTooLong, NotConnected, RemoteDisconnected, ResponseNotReady,
    UnimplementedFileMode, UnknownProtocol, UnknownTransferEncoding,
)
from ._library import C as _C
from ._message import HTTPMessage, parse_headers  # noqa: F401
from ._response import _UNKNOWN, HTTPResponse  # noqa: F401

__all__ = ["HTTPResponse", "HTTPConnection",
           "HTTPException", "NotConnected", "UnknownProtocol",
           "UnknownTransferEncoding", "UnimplementedFileMode",
           "IncompleteRead", "InvalidURL", "ImproperConnectionState",
           "CannotSendRequest", "CannotSendHeader", "ResponseNotReady",
           "BadStatusLine", "LineTooLong", "RemoteDisconnected", "error",
           "responses"]

# connection states
_CS_IDLE = "Idle"
_CS_REQ_STARTED = "Request-started"
_CS_REQ_SENT = "Request-sent"

# What the library's limits are unless they are set.
_MAXLINE = 65536
_MAXHEADERS = 100

_METHODS_EXPECTING_BODY = {"PATCH", "POST", "PUT"}

# hack to maintain backwards compatibility
globals().update(_http.HTTPStatus.__members__)

error = HTTPException


def _phrases():
    """The phrases of the library, by the status codes that this Python knows."""
    known = {int(status): status for status in _http.HTTPStatus}
    for index in range(_C.hc_status_code_count()):
        code = _C.hc_status_code_at(index)
        phrase = _C.hc_status_phrase(code, _k.HC_GENERATION_PYTHON3)
        if phrase is not None:
            yield known.get(code, code), phrase.decode("ascii")


# Mapping status codes to official W3C names
responses = dict(_phrases())

_encode = _sending.encode

try:
    import ssl as _ssl
except ImportError:
    pass
else:
    from ._https import HTTPSConnection

    ssl = _ssl
    __all__.append("HTTPSConnection")
