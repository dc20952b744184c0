"""HTTPConnection: an hc_conn with Python's types, files and iterables."""

import ctypes
import errno
import operator
import socket
import sys

from . import _constants as k
from ._debug import Listener
from ._errors import Failure, ResponseNotReady, check_connection
from ._handles import ConnectionHandle, ResponseHandle, headers_array, taken
from ._library import C
from ._message import HTTPMessage, fill
from ._native import NativeSocket, wanted
from ._response import HTTPResponse
from ._sending import Sending

HTTP_PORT = 80
HTTPS_PORT = 443


def _host_bytes(host, unchecked):
    if unchecked:
        return host.encode("utf-8")
    try:
        return host.encode("ascii")
    except UnicodeEncodeError:
        return host.encode("idna")


class HTTPConnection(Sending):
    _http_vsn = 11
    _http_vsn_str = "HTTP/1.1"

    response_class = HTTPResponse
    default_port = HTTP_PORT
    auto_open = 1
    debuglevel = 0

    def __init__(self, host, port=None, timeout=socket._GLOBAL_DEFAULT_TIMEOUT,
                 source_address=None, blocksize=8192):
        self.timeout = timeout
        self.source_address = source_address
        self.sock = None
        self._buffer = []
        self._response = None
        self._method = None
        self._tunnel_host = None
        self._tunnel_port = None
        self._tunnel_headers = {}
        self._proxy_headers = None
        self._handle = ConnectionHandle()
        self.blocksize = blocksize
        self._target = None
        self._without_socket = False
        # Bytes on their way to the socket that the library has made.
        self._made = None

        (self.host, self.port) = self._get_hostport(host, port)
        if self._overrides("_validate_host"):
            self._validate_host(self.host)

        # This is stored as an instance variable to allow unit
        # tests to replace it with a suitable mockup
        self._create_connection = socket.create_connection

    @property
    def blocksize(self):
        """How much of a file is read and sent at a time."""
        return C.hc_get_blocksize(self._handle.address)

    @blocksize.setter
    def blocksize(self, n):
        c = self._handle.address
        check_connection(C.hc_set_blocksize(c, max(operator.index(n), 0)), c)

    # What subclasses may replace, and what the library does unless they do

    def _overrides(self, name):
        return getattr(type(self), name) is not getattr(HTTPConnection, name)

    def _unchecked_host(self):
        return k.HC_UNCHECKED_HOST if self._overrides("_validate_host") else 0

    def _get_hostport(self, host, port):
        scratch = ConnectionHandle()
        self._aim(scratch, host, port)
        # As http.client: the name stays as it was given, unless it had to be encoded.
        return C.hc_host(scratch.address).decode("utf-8"), C.hc_port(scratch.address)

    def _aim(self, handle, host, port, checked=False):
        flags = 0 if checked else self._unchecked_host()
        name = _host_bytes(host, bool(flags))
        port = 0 if port is None else operator.index(port)
        status = C.hc_set_target(
            handle.address, name, len(name), port, self.default_port, flags
        )
        check_connection(status, handle.address)

    def _sync_target(self):
        """host and port are attributes that may be assigned to."""
        target = (self.host, self.port, self.default_port)
        if target != self._target:
            self._aim(self._handle, self.host, self.port)
            self._target = target

    def _validate_host(self, host):
        """Validate a host so it doesn't contain control characters."""
        self._aim(ConnectionHandle(), host, None, checked=True)

    def _validate_method(self, method):
        """Validate a method name for putrequest."""
        self._check_line(method, "/")

    def _validate_path(self, url):
        """Validate a url for putrequest."""
        self._check_line("GET", url)

    def _check_line(self, method, url):
        scratch = ConnectionHandle()
        method, url = method.encode("ascii"), url.encode("ascii")
        status = C.hc_putrequest_n(scratch.address, method, len(method), url, len(url), 0)
        check_connection(status, scratch.address)

    def _encode_request(self, request):
        # ASCII also helps prevent CVE-2019-9740.
        return request.encode("ascii")

    # Tunnel

    def set_tunnel(self, host, port=None, headers=None):
        """Set up host and port for HTTP CONNECT tunnelling: the host of this connection is a
        proxy, and `host` is what it leads to. `headers` go to the proxy.

        This method must be called before the connection has been established.
        """
        if self.sock:
            raise RuntimeError("Can't set up tunnel for established connection")
        self._native_now()
        self._sync_target()
        array, count = headers_array(
            (str(n).encode("latin-1"), str(v).encode("latin-1"))
            for n, v in (headers or {}).items()
        )
        c = self._handle.address
        name = _host_bytes(host, False)
        number = 0 if port is None else operator.index(port)
        status = C.hc_set_tunnel(c, name, len(name), number, array, count)
        if status == k.HC_ERR_ALREADY_CONNECTED:
            raise RuntimeError(Failure(status, C.hc_last_error, c).text)
        check_connection(status, c)
        self._tunnel_host = C.hc_tunnel_host(c).decode("ascii")
        self._tunnel_port = C.hc_tunnel_port(c)
        if headers:
            self._tunnel_headers = headers
        else:
            self._tunnel_headers.clear()

    def get_proxy_response_headers(self):
        """The headers of the proxy's answer to CONNECT, whether it made a tunnel or not; None if it
        was not asked for one."""
        if self._proxy_headers is not None:
            return self._proxy_headers
        c = self._handle.address
        place = ctypes.c_void_p()
        status = C.hc_get_proxy_response(c, ctypes.byref(place))
        if status == k.HC_ERR_RESPONSE_NOT_READY:
            return None
        check_connection(status, c)
        answer = ResponseHandle(place.value)
        return fill(HTTPMessage(), answer.address)

    def _tunnel(self):
        c = self._handle.address
        self._send_made(taken(C.hc_tunnel_head, c)[1])
        response = self.response_class(self.sock, method="CONNECT")
        try:
            with Listener(self.debuglevel, C.hr_set_trace, response._handle.address) as heard:
                response.begin()
            self._proxy_headers = response.headers
            status = C.hc_tunnel_answer(c, response._handle.address)
            if status == k.HC_ERR_PROXY:
                failure = Failure(status, C.hc_last_error, c)
                self.close()
                raise OSError(failure.text)
            check_connection(status, c)
            heard.show_tunnel()
        finally:
            response.close()

    # The connection

    def set_debuglevel(self, level):
        self.debuglevel = level

    def _native_now(self):
        """Is the connection the library's to make? Decided when it is needed first."""
        if isinstance(self.sock, NativeSocket):
            return True
        native = (
            self.sock is None and self._create_connection is socket.create_connection
            and type(self).connect in self._own_connects and self._may_be_native()
        )
        if not native and not self._without_socket:
            c = self._handle.address
            self._leave_native()
            check_connection(C.hc_set_sansio(c), c)
            self._without_socket = True
        return native and not self._without_socket

    def _may_be_native(self):
        return wanted()

    def _native_socket(self):
        return NativeSocket(self._handle, self.timeout)

    def _leave_native(self):
        pass

    def connect(self):
        """Connect to the host and port specified in __init__."""
        sys.audit("http.client.connect", self, self.host, self.port)
        if self._native_now():
            self._sync_target()
            sock = self._native_socket()
            sock.connect(self.source_address, self.debuglevel)
            self.sock = sock
            return
        self.sock = self._create_connection(
            (self.host, self.port), self.timeout, self.source_address
        )
        # Might fail in OSs that don't implement TCP_NODELAY
        try:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as e:
            if e.errno != errno.ENOPROTOOPT:
                raise
        # The library counts as connected what it sends through; a request that opens the
        # connection by itself has told it so already.
        c = self._handle.address
        if C.hc_transition(C.hc_state(c), k.HC_CALL_CONNECT) >= 0:
            status = C.hc_connect(c)
            if status != k.HC_ERR_ALREADY_CONNECTED:
                check_connection(status, c)
        if self._tunnel_host:
            self._tunnel()

    def close(self):
        """Close the connection to the HTTP server."""
        try:
            self._drop_sock()
        finally:
            C.hc_close(self._handle.address)
            # A request that was being built is dropped; http.client sends it before the next.
            del self._buffer[:]
            response = self._response
            if response:
                self._response = None
                response.close()

    def _drop_sock(self):
        sock = self.sock
        if sock:
            self.sock = None
            sock.close()  # close it manually... there may be other refs

    def _settle(self):
        """Tells the library that the last response has been read to its end, if it has."""
        response = self._response
        if response is None or not response.isclosed():
            return
        self._response = None
        if response._native is not None:
            if C.hc_fileno(self._handle.address) < 0:
                self.sock = None
            return
        c, r = self._handle.address, response._handle.address
        status = C.hc_response_done(c, r)
        if status == k.HC_ERR_RESPONSE_NOT_READY:
            # Its file was taken away; the library has not been told.
            C.hr_close(r)
            status = C.hc_response_done(c, r)
        if status == k.HC_ERR_CLOSED:
            # What nobody has read would be taken for the next response.
            self._drop_sock()

    # The response

    def getresponse(self):
        """Get the response from the server.

        If the HTTPConnection is in the correct state, returns an
        instance of HTTPResponse or of whatever object is returned by
        the response_class variable.

        If a request has not been sent or if a previous response has
        not be handled, ResponseNotReady is raised.  If the HTTP
        response indicates that the connection should be closed, then
        it will be closed before the response is returned.  When the
        connection is closed, the underlying socket is closed.
        """
        self._settle()
        c = self._handle.address
        state = C.hc_state(c)
        if C.hc_transition(state, k.HC_CALL_GETRESPONSE) < 0:
            raise ResponseNotReady(C.hc_state_name(state).decode("ascii"))
        if self.debuglevel > 0:
            response = self.response_class(self.sock, self.debuglevel, method=self._method)
        else:
            response = self.response_class(self.sock, method=self._method)
        native = response._native is not None
        try:
            try:
                if not native:
                    status = C.hc_response_expected(c, response._handle.address)
                    check_connection(status, c)
                response.begin()
            except ConnectionError:
                self.close()
                raise
            if not native:
                check_connection(C.hc_response_begun(c, response._handle.address), c)
            if response.will_close:
                # this effectively passes the connection to the response
                self._drop_sock()
            else:
                # remember this, so we can tell when it is complete
                self._response = response
            return response
        except:
            response.close()
            raise


# A class that connects in another way does not let the library do it.
HTTPConnection._own_connects = (HTTPConnection.connect,)
