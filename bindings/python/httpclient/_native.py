"""Connections that the library makes and owns: HC_NATIVE=1. What a program finds in `conn.sock`
then is a thin object over the descriptor."""

import ctypes
import io
import math
import os
import socket

from . import _constants as k
from ._debug import Listener
from ._errors import check_connection
from ._handles import ResponseHandle
from ._library import C

TIMEOUTS = (k.HC_TIMEOUT_CONNECT, k.HC_TIMEOUT_READ, k.HC_TIMEOUT_WRITE)


def wanted():
    return os.environ.get("HC_NATIVE", "") not in ("", "0")


class NativeSocket:
    """The connection of an hc_conn. It sends through the library; responses are read by the
    library from where it holds them."""

    def __init__(self, handle, timeout):
        self._handle = handle
        self._timeout = None
        self.settimeout(timeout)

    def connect(self, source_address, debuglevel=0):
        c = self._handle.address
        if source_address is not None:
            host, port = source_address
            check_connection(C.hc_set_source_address(c, host.encode("ascii"), port), c)
        with Listener(debuglevel, C.hc_set_trace, c) as heard:
            status = C.hc_connect(c)
        heard.show_sending()
        check_connection(status, c)

    def sendall(self, data):
        c = self._handle.address
        with memoryview(data) as view, view.cast("B") as octets:
            whole = bytes(octets)
        sent = ctypes.c_size_t()
        check_connection(C.hc_send_raw(c, whole, len(whole), ctypes.byref(sent)), c)

    def _next_response(self, debuglevel):
        c = self._handle.address
        place = ctypes.c_void_p()
        with Listener(debuglevel, C.hc_set_trace, c) as heard:
            status = C.hc_getresponse(c, ctypes.byref(place))
        heard.show_replies(status < 0)
        check_connection(status, c)
        return ResponseHandle(place.value)

    def makefile(self, mode="r", buffering=None):
        return _Descriptor(self)

    def close(self):
        C.hc_close(self._handle.address)

    def fileno(self):
        return C.hc_fileno(self._handle.address)

    def gettimeout(self):
        return self._timeout

    def settimeout(self, timeout):
        if timeout is socket._GLOBAL_DEFAULT_TIMEOUT:
            timeout = socket.getdefaulttimeout()
        self._timeout = timeout
        ms = -1 if timeout is None else math.ceil(timeout * 1000)
        for kind in TIMEOUTS:
            check_connection(
                C.hc_set_timeout(self._handle.address, kind, ms), self._handle.address
            )

    def _asked(self, ask):
        # A socket object of a descriptor of its own: closing it closes nothing else.
        with socket.socket(fileno=os.dup(self.fileno())) as copy:
            return ask(copy)

    def getsockname(self):
        return self._asked(socket.socket.getsockname)

    def getpeername(self):
        return self._asked(socket.socket.getpeername)

    def setsockopt(self, *arguments):
        return self._asked(lambda copy: copy.setsockopt(*arguments))

    def getsockopt(self, *arguments):
        return self._asked(lambda copy: copy.getsockopt(*arguments))


class _Descriptor(io.RawIOBase):
    """What stands in `response.fp`: nothing to read from, the library does that; but there is a
    descriptor, until the response has come to its end."""

    def __init__(self, sock):
        self._fd = sock.fileno()

    def readable(self):
        return True

    def fileno(self):
        if self.closed:
            raise ValueError("I/O operation on closed file")
        return self._fd
