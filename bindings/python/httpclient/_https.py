"""HTTPSConnection: the same over a socket that Python's ssl module has wrapped, so that a
caller's SSLContext means what it always does."""

import socket
import ssl

from ._connection import HTTPS_PORT, HTTPConnection


class HTTPSConnection(HTTPConnection):
    "This class allows communication via SSL."

    default_port = HTTPS_PORT
    _may_be_native = False

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
            context = ssl._create_default_https_context()
            # send ALPN extension to indicate HTTP/1.1 protocol
            if self._http_vsn == 11:
                context.set_alpn_protocols(["http/1.1"])
            # enable PHA for TLS 1.3 connections if available
            if context.post_handshake_auth is not None:
                context.post_handshake_auth = True
        will_verify = context.verify_mode != ssl.CERT_NONE
        if check_hostname is None:
            check_hostname = context.check_hostname
        if check_hostname and not will_verify:
            raise ValueError("check_hostname needs a SSL context with "
                             "either CERT_OPTIONAL or CERT_REQUIRED")
        if key_file or cert_file:
            context.load_cert_chain(cert_file, key_file)
            # cert and key file means the user wants to authenticate.
            # enable TLS 1.3 PHA implicitly even for custom contexts.
            if context.post_handshake_auth is not None:
                context.post_handshake_auth = True
        self._context = context
        if check_hostname is not None:
            self._context.check_hostname = check_hostname

    def connect(self):
        "Connect to a host on a given (SSL) port."
        super().connect()
        server_hostname = self._tunnel_host if self._tunnel_host else self.host
        self.sock = self._context.wrap_socket(self.sock, server_hostname=server_hostname)
