"""HTTPResponse: a response of the library with the face of a Python file."""

import ctypes
import io

from . import _constants as k
from ._debug import Listener
from ._errors import Failure, RemoteDisconnected, ResponseNotReady
from ._handles import ResponseHandle, leniencies, taken
from ._library import C
from ._message import HTTPMessage, fill
from ._native import NativeSocket
from ._transport import Reader

_UNKNOWN = "UNKNOWN"

# Bytes asked for at a time when the caller has not said how many: never as many as the server
# declares.
FIRST_PIECE = 64 * 1024
LARGEST_PIECE = 1024 * 1024


class HTTPResponse(io.BufferedIOBase):
    def __init__(self, sock, debuglevel=0, method=None, url=None):
        self.fp = sock.makefile("rb")
        self.debuglevel = debuglevel
        self._method = method
        if url is not None:
            self.url = url
        self.headers = self.msg = None
        self.version = _UNKNOWN
        self.status = _UNKNOWN
        self.reason = _UNKNOWN
        self._reader = Reader(self)
        if isinstance(sock, NativeSocket):
            # The library reads it from its own connection: begin() asks for it there.
            self._native = sock
            self._handle = ResponseHandle(None)
            return
        self._native = None
        place = ctypes.c_void_p()
        transport = self._reader.transport(closes=True)
        name = (method or "GET").encode("latin-1")
        C.hr_new(ctypes.byref(transport), name, ctypes.byref(place))
        self._handle = ResponseHandle(place.value)
        C.hr_set_lenient(place.value, leniencies())

    # The head

    def begin(self):
        if self.headers is not None:
            return
        if self._native is not None:
            self._handle = self._native._next_response(self.debuglevel)
        else:
            self._begin_alone()
        r = self._handle.address
        self.code = self.status = C.hr_status(r)
        self.reason = C.hr_reason(r).decode("iso-8859-1")
        self.version = C.hr_version(r)
        self.headers = self.msg = fill(HTTPMessage(), r)
        if self.debuglevel > 0:
            for name, value in self.headers.items():
                print("header:", name + ":", value)

    def _begin_alone(self):
        with Listener(self.debuglevel, C.hr_set_trace, self._handle.address) as heard:
            status = C.hr_begin(self._handle.address)
        failure = self._failure(status) if status != 0 else None
        if self.debuglevel > 0:
            line = self._status_line() if failure is not None else ""
            # Of a line that does not begin as a status line does, or is too long, there is none.
            shown = line if line or isinstance(failure, RemoteDisconnected) else None
            heard.show_replies(failure is not None, shown)
        if failure is not None:
            raise failure

    def _status_line(self):
        length = ctypes.c_size_t()
        C.hr_status_line(self._handle.address, None, 0, ctypes.byref(length))
        room = ctypes.create_string_buffer(max(length.value, 1))
        C.hr_status_line(self._handle.address, room, length.value, ctypes.byref(length))
        return room.raw[: length.value].decode("iso-8859-1")

    def _asked(self, ask):
        """An attribute that is the library's to know, once there is a head."""
        return _UNKNOWN if self.headers is None else ask(self._handle.address)

    @property
    def chunked(self):
        return self._asked(lambda r: C.hr_is_chunked(r) > 0)

    @property
    def will_close(self):
        return self._asked(lambda r: C.hr_will_close(r) > 0)

    @property
    def chunk_left(self):
        left = self._asked(C.hr_chunk_left)
        return None if left in (0, -1) else left

    @property
    def length(self):
        if self.chunked is True:
            return None
        left = self._asked(C.hr_remaining)
        return None if left == -1 else left

    def getheader(self, name, default=None):
        if self.headers is None:
            raise ResponseNotReady()
        headers = self.headers.get_all(name) or default
        if isinstance(headers, str) or not hasattr(headers, "__iter__"):
            return headers
        return ", ".join(headers)

    def getheaders(self):
        if self.headers is None:
            raise ResponseNotReady()
        return list(self.headers.items())

    def info(self):
        return self.headers

    def geturl(self):
        return self.url

    def getcode(self):
        return self.status

    # The end

    def _failure(self, status, partial=b""):
        raised = self._reader.take_raised()
        if raised is not None and status == k.HC_ERR_CALLBACK:
            return raised
        failure = Failure(status, C.hr_last_error, self._handle.address)
        line = self._status_line() if self.headers is None else ""
        return failure.exception(partial=partial, line=line)

    def _end_of_message(self):
        self._close_conn()

    def _close_conn(self):
        fp = self.fp
        self.fp = None
        if fp is not None:
            fp.close()

    def close(self):
        try:
            super().close()  # set "closed" flag
        finally:
            if self.fp:
                if self._handle.address is not None:
                    C.hr_close(self._handle.address)
                if self.fp:
                    self._close_conn()

    def flush(self):
        super().flush()
        if self.fp:
            self.fp.flush()

    def readable(self):
        """Always returns True"""
        return True

    def isclosed(self):
        """True if the connection is closed."""
        return self.fp is None

    def fileno(self):
        if self._native is not None and self.fp is not None:
            return C.hr_fileno(self._handle.address)
        return self.fp.fileno()

    # The body

    def _ended(self):
        """After a reading call: has the library come to the end of a message of its own
        connection? For the others it says so by a callback."""
        if self._native is not None and self.fp is not None:
            if C.hr_is_closed(self._handle.address):
                self._close_conn()
        raised = self._reader.take_raised()
        if raised is not None:
            raise raised

    def _call(self, function, room, size):
        """One reading call into `room`: how many bytes it gave."""
        n = ctypes.c_size_t()
        status = function(self._handle.address, room, size, ctypes.byref(n))
        if status == 0:
            self._ended()
        return status, n.value

    def _fill(self, view):
        """Fills a buffer unless the body or the connection ends before: how many bytes."""
        room = (ctypes.c_char * len(view)).from_buffer(view) if len(view) else None
        status, n = self._call(C.hr_fread, room, len(view))
        if status != 0:
            raise self._failure(status, partial=bytes(view[:n]))
        return n

    def read(self, amt=None):
        """Read and return the response body, or up to the next amt bytes."""
        if self.fp is None:
            return b""
        if amt is None or amt < 0:
            return self._read_all()
        pieces = []
        left = amt
        while True:
            piece = bytearray(min(left, LARGEST_PIECE))
            try:
                n = self._fill(memoryview(piece))
            except Exception as e:
                # Of this call, which may have had pieces before.
                if pieces and hasattr(e, "partial"):
                    e.partial = b"".join(pieces) + e.partial
                    e.args = (e.partial,)
                raise
            del piece[n:]
            pieces.append(bytes(piece))
            left -= n
            if left == 0 or n < LARGEST_PIECE or self.fp is None:
                return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _read_all(self):
        pieces = []
        size = FIRST_PIECE
        while True:
            room = ctypes.create_string_buffer(size)
            status, n = self._call(C.hr_read_full, room, size)
            pieces.append(ctypes.string_at(room, n))
            if status != 0:
                raise self._failure(status, partial=b"".join(pieces))
            if n < size or self.fp is None:
                return b"".join(pieces)
            size = min(2 * size, LARGEST_PIECE)

    def readinto(self, b):
        """Read up to len(b) bytes into bytearray b and return the number
        of bytes read.
        """
        if self.fp is None:
            return 0
        with memoryview(b) as view, view.cast("B") as bytes_of_it:
            return self._fill(bytes_of_it)

    def _once(self, function, size):
        room = ctypes.create_string_buffer(max(size, 1))
        status, n = self._call(function, room, size)
        if status != 0:
            raise self._failure(status, partial=ctypes.string_at(room, n))
        return ctypes.string_at(room, n)

    def read1(self, n=-1):
        """Read with at most one underlying system call.  If at least one
        byte is buffered, return that instead.
        """
        if self.fp is None or n == 0:
            return b""
        return self._once(C.hr_read1, FIRST_PIECE if n < 0 else min(n, LARGEST_PIECE))

    def peek(self, n=-1):
        if self.fp is None:
            return b""
        status, data = taken(C.hr_peek, self._handle.address)
        if status != 0:
            raise self._failure(status)
        self._ended()
        return data

    def readline(self, limit=-1):
        if self.fp is None or limit == 0:
            return b""
        if limit is not None and limit > 0:
            return self._once(C.hr_readline, min(limit, LARGEST_PIECE))
        pieces = []
        while True:
            piece = self._once(C.hr_readline, FIRST_PIECE)
            pieces.append(piece)
            if len(piece) < FIRST_PIECE or piece.endswith(b"\n") or self.fp is None:
                return b"".join(pieces)

    def __iter__(self):
        # IOBase would look whether it is closed.
        return self
