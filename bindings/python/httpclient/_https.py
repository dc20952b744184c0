"""HTTPSConnection: TLS of the library's own where the caller's SSLContext can be put in its
terms, Python's ssl module around the socket elsewhere, so that a context means what it always
does."""

import os
import socket
import ssl

from ._connection import HTTPS_PORT, HTTPConnection
from ._errors import check_connection
from ._library import C
from ._noting import fresh, notes
from ._tls import NativeTlsSocket, library_config, why_not


class HTTPSConnection(HTTPConnection):
    "This class allows communication via SSL."

    default_port = HTTPS_PORT
    _was_native = False

    def __init__(self, host, port=None, key_file=None, cert_file=None,
                 timeout=socket._GLOBAL_DEFAULT_TIMEOUT,
                 source_address=None, *, context=None,
                 check_hostname=None, blocksize=8192):
        super().__init__(host, port, timeout, source_address, blocksize=blocksize)
        if key_file is not None or cert_file is not None or check_hostname is not None:
            import warnings

            warnings.warn("key_file, cert_file and check_hostname are "
                          "deprecated, use a custom context instead.",
                          DeprecationWarning, 2)
        self.key_file = key_file
        self.cert_file = cert_file
        if context is None:
            context = self._default_context()
        will_verify = context.verify_mode != ssl.CERT_NONE
        if check_hostname is None:
            check_hostname = context.check_hostname
        if check_hostname and not will_verify:
            raise ValueError("check_hostname needs a SSL context with "
                             "either CERT_OPTIONAL or CERT_REQUIRED")
        if key_file or cert_file:
            context.load_cert_chain(cert_file, key_file)
            if notes(context) is not None:
                notes(context).add_client_certificate()
            # cert and key file means the user wants to authenticate.
            # enable TLS 1.3 PHA implicitly even for custom contexts.
            if context.post_handshake_auth is not None:
                context.post_handshake_auth = True
        self._context = context
        if check_hostname is not None:
            self._context.check_hostname = check_hostname

    def _default_context(self):
        make = ssl._create_default_https_context
        context = make()
        # send ALPN extension to indicate HTTP/1.1 protocol
        protocols = ["http/1.1"] if self._http_vsn == 11 else []
        if protocols:
            context.set_alpn_protocols(protocols)
        if make is ssl.create_default_context and notes(context) is None:
            # Contexts are not watched, but what was done to this one is known.
            fresh(context).remember(protocols)
        # enable PHA for TLS 1.3 connections if available
        if context.post_handshake_auth is not None:
            context.post_handshake_auth = True
        return context

    def _may_be_native(self):
        # Not a matter of HC_NATIVE=1: with TLS both ways look the same from outside.
        allowed = os.environ.get("HC_NATIVE", "") != "0"
        return allowed and why_not(self._context) is None

    def _native_socket(self):
        c = self._handle.address
        tls = library_config(self._context)
        check_connection(C.hc_set_tls(c, tls.address), c)
        self._was_native = True
        return NativeTlsSocket(self._handle, self.timeout, self._context, tls)

    def _leave_native(self):
        # TLS is around what the library sends then, not in it.
        if self._was_native:
            c = self._handle.address
            check_connection(C.hc_set_tls(c, None), c)
            self._was_native = False

    def connect(self):
        "Connect to a host on a given (SSL) port."
        super().connect()
        if isinstance(self.sock, NativeTlsSocket):
            return
        server_hostname = self._tunnel_host if self._tunnel_host else self.host
        self.sock = self._context.wrap_socket(self.sock, server_hostname=server_hostname)


HTTPSConnection._own_connects = (*HTTPConnection._own_connects, HTTPSConnection.connect)
