"""The half of HTTPConnection that sends: requests, and bytes that belong to none."""

import collections.abc
import ctypes
import io
import sys

from . import _constants as k
from ._debug import Listener
from ._errors import NotConnected, check_connection
from ._handles import ConnectionHandle, headers_array, taken
from ._library import C, Iovec, RequestPlan
from ._native import NativeSocket


def encode(data, name="data"):
    """Call data.encode("latin-1") but show a better error message."""
    try:
        return data.encode("latin-1")
    except UnicodeEncodeError as err:
        raise UnicodeEncodeError(
            err.encoding, err.object, err.start, err.end,
            f"{name.title()} ({data[err.start:err.end]!r:.20}) is not valid Latin-1. Use"
            f" {name}.encode('utf-8') if you want to send it encoded in UTF-8.",
        ) from None


class Sending:
    def send(self, data):
        """Send `data' to the server.
        ``data`` can be a string object, a bytes object, an array object, a
        file-like object that supports a .read() method, or an iterable object.
        """
        if self.sock is None:
            if self.auto_open:
                self.connect()
            else:
                raise NotConnected()

        if self.debuglevel > 0:
            print("send:", repr(data))
        if hasattr(data, "read"):
            for block in self._read_readable(data, "sending"):
                sys.audit("http.client.send", self, block)
                self._send_bytes(block)
            return
        sys.audit("http.client.send", self, data)
        try:
            self._send_bytes(data)
        except TypeError:
            if isinstance(data, collections.abc.Iterable):
                for d in data:
                    self._send_bytes(d)
            else:
                raise TypeError("data should be a bytes-like object "
                                "or an iterable, got %r" % type(data))

    def _send_made(self, data):
        """Sends what the library has made, by way of send(), which may have been replaced."""
        self._made = data
        try:
            self.send(data)
        finally:
            self._made = None

    def _send_bytes(self, data):
        """One write to the socket. What the library has not made belongs to no message that it
        knows of: it is told."""
        if data is not self._made and not self._native_now():
            data = self._passed(data, C.hc_send_raw)
        self.sock.sendall(data)

    @staticmethod
    def _is_textIO(stream):
        """Test whether a file-like object is a text or a binary stream."""
        return isinstance(stream, io.TextIOBase)

    def _read_readable(self, readable, doing="reading"):
        if self.debuglevel > 0:
            print(doing, "a readable")
        encoded = self._is_textIO(readable)
        if encoded and self.debuglevel > 0:
            print("encoding file using iso-8859-1")
        while True:
            block = readable.read(self.blocksize)
            if not block:
                return
            yield block.encode("iso-8859-1") if encoded else block

    def putrequest(self, method, url, skip_host=False, skip_accept_encoding=False):
        """Send a request to the server.

        `method' specifies an HTTP request method, e.g. 'GET'.
        `url' specifies the object being requested, e.g. '/index.html'.
        `skip_host' if True does not add automatically a 'Host:' header
        `skip_accept_encoding' if True does not add automatically an
           'Accept-Encoding:' header
        """
        self._settle()
        self._sync_target()
        c = self._handle.address
        check_connection(C.hc_set_http_version(c, self._http_vsn), c)
        flags = 0
        if skip_host:
            flags |= k.HC_SKIP_HOST
        if skip_accept_encoding:
            flags |= k.HC_SKIP_ACCEPT_ENCODING
        if self._overrides("_validate_method"):
            self._validate_method(method)
            flags |= k.HC_UNCHECKED_METHOD
        if self._overrides("_validate_path"):
            self._validate_path(url or "/")
            flags |= k.HC_UNCHECKED_TARGET
        if self._overrides("_encode_request"):
            flags |= k.HC_UNCHECKED_TARGET
        method_bytes = method.encode("ascii")
        target = self._encode_request(url or "/")
        status = C.hc_putrequest_n(
            c, method_bytes, len(method_bytes), target, len(target), flags
        )
        check_connection(status, c)
        self._method = method
        for index in range(C.hc_head_line_count(c)):
            self._output(self._head_line(index))

    def _head_line(self, index):
        return taken(lambda c, *out: C.hc_head_line_at(c, index, *out), self._handle.address)[1]

    def _output(self, s):
        """Keeps a line that the library has taken, for those who look at the buffer."""
        self._buffer.append(s)

    def putheader(self, header, *values):
        """Send a request header line to the server.

        For example: h.putheader('Accept', 'text/html')
        """
        if hasattr(header, "encode"):
            header = header.encode("ascii")
        parts = []
        for value in values or (b"",):
            if hasattr(value, "encode"):
                value = value.encode("latin-1")
            elif isinstance(value, int):
                value = str(value).encode("ascii")
            elif not isinstance(value, bytes):
                with memoryview(value) as view:
                    value = view.tobytes()
            parts.append(value)
        array = (Iovec * len(parts))()
        for place, part in zip(array, parts):
            place.base = ctypes.cast(ctypes.c_char_p(part), ctypes.c_void_p)
            place.len = len(part)
        c = self._handle.address
        name = bytes(header)
        check_connection(C.hc_putheader_values_n(c, name, len(name), array, len(parts)), c)
        self._output(self._head_line(C.hc_head_line_count(c) - 1))

    def endheaders(self, message_body=None, *, encode_chunked=False):
        """Indicate that the last header line has been sent to the server.

        This method sends the request to the server.  The optional message_body
        argument can be used to pass a message body associated with the
        request.
        """
        encode_chunked = bool(encode_chunked) and message_body is not None
        encode_chunked = encode_chunked and self._http_vsn == 11
        native = self._native_now()
        if native and self.sock is None:
            if not self.auto_open:
                raise NotConnected()
            self.connect()
        flags = k.HC_ENCODE_CHUNKED if encode_chunked else 0
        c = self._handle.address
        with Listener(self.debuglevel if native else 0, C.hc_set_trace, c) as heard:
            head = self._output_of(lambda: C.hc_endheaders(c, None, flags))
        heard.show_sending()
        del self._buffer[:]
        self._send_output(head, message_body, encode_chunked)

    def _output_of(self, call):
        """Makes a call and takes what it wants sent, all of it. Of a connection that is the
        library's own that is nothing: it is on its way."""
        pieces = []
        c = self._handle.address
        while True:
            status = call()
            check_connection(status, c)
            if self._without_socket:
                while True:
                    data = taken(C.hc_output, c)[1]
                    if not data:
                        break
                    C.hc_output_consumed(c, len(data))
                    pieces.append(data)
            if status != k.HC_WANT_WRITE:
                return b"".join(pieces)

    def _passed(self, data, call):
        """What becomes of bytes that are given to hc_send or hc_send_raw."""
        whole = _octets(data)
        c = self._handle.address
        start, sent = 0, ctypes.c_size_t()
        pieces = []
        while start < len(whole):
            rest = whole[start:] if start else whole
            pieces.append(
                self._output_of(lambda: call(c, rest, len(rest), ctypes.byref(sent)))
            )
            start += sent.value
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _send_output(self, head, message_body=None, encode_chunked=False):
        """Sends the head, and the body piece by piece."""
        if head:
            self._send_made(head)
        if message_body is None:
            return
        native = isinstance(self.sock, NativeSocket)
        framing = _Framing() if native and encode_chunked and self.debuglevel > 0 else None
        for chunk in self._chunks(message_body):
            if not chunk:
                if self.debuglevel > 0:
                    print("Zero length chunk ignored")
                continue
            if native and self.debuglevel > 0:
                # A trace tells no bodies: these bytes are the program's own.
                print("send:", repr(framing.chunk(chunk) if encode_chunked else chunk))
            try:
                framed = self._passed(chunk, C.hc_send)
            except TypeError:
                # As http.client: what cannot be sent is shown before that is found out.
                if self.debuglevel > 0 and not native and not encode_chunked:
                    print("send:", repr(chunk))
                raise
            if framed:
                self._send_made(chunk if framed == _octets(chunk) else framed)
        if encode_chunked:
            c = self._handle.address
            if native and self.debuglevel > 0:
                print("send:", repr(framing.end()))
            last = self._output_of(lambda: C.hc_finish_body(c, None, 0))
            if last:
                self._send_made(last)

    def _chunks(self, message_body):
        # Let file-like take precedence over byte-like.  This is needed to allow the current
        # position of mmap'ed files to be taken into account.
        if hasattr(message_body, "read"):
            return self._read_readable(message_body)
        try:
            memoryview(message_body)
        except TypeError:
            pass
        else:
            return (message_body,)
        try:
            return iter(message_body)
        except TypeError:
            raise TypeError("message_body should be a bytes-like object or an iterable, got %r"
                            % type(message_body)) from None

    @staticmethod
    def _body_length(body):
        """How long a body is, when its type says so."""
        if body is None or hasattr(body, "read"):
            return k.HC_LENGTH_UNKNOWN
        try:
            return memoryview(body).nbytes
        except TypeError:
            return len(body) if isinstance(body, str) else k.HC_LENGTH_UNKNOWN

    @staticmethod
    def _get_content_length(body, method):
        """The Content-Length that a request gets by itself, None for none."""
        scratch = ConnectionHandle()
        plan = _plan(scratch.address, method, (), body, False)
        added = plan.added == k.HC_ADD_CONTENT_LENGTH
        return plan.content_length if added else None

    def request(self, method, url, body=None, headers={}, *, encode_chunked=False):
        """Send a complete request to the server."""
        self._send_request(method, url, body, headers, encode_chunked)

    def _send_request(self, method, url, body, headers, encode_chunked):
        c = self._handle.address
        check_connection(C.hc_set_http_version(c, self._http_vsn), c)
        plan = _plan(c, method, headers, body, encode_chunked)
        skips = {}
        if plan.flags & k.HC_SKIP_HOST:
            skips["skip_host"] = 1
        if plan.flags & k.HC_SKIP_ACCEPT_ENCODING:
            skips["skip_accept_encoding"] = 1
        self.putrequest(method, url, **skips)
        if plan.added == k.HC_ADD_CONTENT_LENGTH:
            self.putheader("Content-Length", str(plan.content_length))
        elif plan.added == k.HC_ADD_CHUNKED:
            if self.debuglevel > 0:
                print("Unable to determine size of %r" % body)
            self.putheader("Transfer-Encoding", "chunked")
        for name, value in headers.items():
            self.putheader(name, value)
        if isinstance(body, str):
            # RFC 2616 Section 3.7.1 says that text default has a
            # default charset of iso-8859-1.
            body = encode(body, "body")
        self.endheaders(body, encode_chunked=bool(plan.flags & k.HC_ENCODE_CHUNKED))


class _Framing(Sending):
    """Chunks as the library frames them, to be shown where it sends them itself."""

    def __init__(self):
        self._handle, self._without_socket = ConnectionHandle(), True
        c, target = self._handle.address, "/".encode("ascii")
        C.hc_set_sansio(c)
        C.hc_putrequest_n(c, b"GET", 3, target, len(target), 0)
        self._output_of(lambda: C.hc_endheaders(c, None, k.HC_ENCODE_CHUNKED))

    def chunk(self, data):
        return self._passed(data, C.hc_send)

    def end(self):
        return self._output_of(lambda: C.hc_finish_body(self._handle.address, None, 0))


def _octets(data):
    with memoryview(data) as view, view.cast("B") as octets:
        return bytes(octets)


def _plan(c, method, headers, body, encode_chunked):
    """What a request needs beside what its caller brings."""
    plan = RequestPlan(struct_size=ctypes.sizeof(RequestPlan))
    names = (k.encode("latin-1") if isinstance(k, str) else bytes(k) for k in headers)
    array, count = headers_array((name, b"") for name in names)
    method = method.encode("ascii")
    status = C.hc_plan_request(
        c, method, len(method), array, count, body is not None,
        Sending._body_length(body), k.HC_ENCODE_CHUNKED if encode_chunked else 0,
        ctypes.byref(plan),
    )
    check_connection(status, c)
    return plan
