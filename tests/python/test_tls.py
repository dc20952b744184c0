"""TLS of the library's own in HTTPSConnection, and Python's where a context says more than the
library can: against a server of Python's ssl module on the loopback."""

import http.server
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
import warnings
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bindings" / "python"))

from httpclient import _noting, client  # noqa: E402
from httpclient._tls import NativeTlsSocket, library_config, why_not  # noqa: E402

# As httpclient.install() does.
_noting.watch()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        shown = self.connection.getpeercert(True) is not None
        body = ("%s %s" % (self.connection.selected_alpn_protocol(), shown)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        # A client that refuses the certificate is what some tests are about.
        pass


def openssl(*words):
    subprocess.run(("openssl", *words), check=True, capture_output=True)


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        name = lambda n: os.path.join(cls.folder.name, n)  # noqa: E731
        cls.ca, cls.cert, cls.key = name("ca.pem"), name("cert.pem"), name("key.pem")
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")
        openssl("req", "-x509", *curve, "-subj", "/CN=test CA", "-days", "2",
                "-keyout", name("ca.key"), "-out", cls.ca)
        openssl("req", "-x509", *curve, "-subj", "/CN=leaf", "-days", "2",
                "-CA", cls.ca, "-CAkey", name("ca.key"),
                "-addext", "basicConstraints=critical,CA:FALSE",
                "-addext", "subjectAltName=DNS:localhost,DNS:other.test",
                "-keyout", cls.key, "-out", cls.cert)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cls.cert, cls.key)
        context.load_verify_locations(cls.ca)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.set_alpn_protocols(["http/1.1"])
        cls.server = Server(("127.0.0.1", 0), Handler)
        cls.server.socket = context.wrap_socket(
            cls.server.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = threading.Thread(target=cls.server.serve_forever)
        thread.start()
        cls.addClassCleanup(thread.join)
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)

    def context(self, **named):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(**(named or {"cafile": self.ca}))
        return context

    def get(self, context, host="localhost", kind=client.HTTPSConnection):
        conn = kind(host, self.server.server_port, context=context, timeout=10)
        self.addCleanup(conn.close)
        conn.request("GET", "/")
        body = conn.getresponse().read().decode()
        return conn, body

    def test_native(self):
        context = self.context()
        context.set_alpn_protocols(["http/1.1"])
        conn, body = self.get(context)
        self.assertEqual(body, "http/1.1 False")
        self.assertIsInstance(conn.sock, NativeTlsSocket)
        self.assertIs(conn.sock.context, context)
        self.assertEqual(conn.sock.version(), "TLSv1.3")
        self.assertEqual(conn.sock.cipher()[1], "TLSv1.3")
        self.assertEqual(conn.sock.selected_alpn_protocol(), "http/1.1")
        with open(self.cert) as file:
            der = ssl.PEM_cert_to_DER_cert(file.read())
        self.assertEqual(conn.sock.getpeercert(True), der)
        self.assertEqual(conn.sock.getpeername()[1], self.server.server_port)
        # The connection is kept, and what it was made with.
        port = conn.sock.getsockname()[1]
        conn.request("GET", "/")
        self.assertEqual(conn.getresponse().read(), body.encode())
        self.assertEqual(conn.sock.getsockname()[1], port)

    def test_without_alpn(self):
        self.assertEqual(self.get(self.context())[1], "None False")

    def test_roots_of_every_kind(self):
        with open(self.ca) as file:
            pem = file.read()
        hashed = os.path.join(self.folder.name, "hashed")
        os.makedirs(hashed, exist_ok=True)
        with open(os.path.join(hashed, "ca.pem"), "w") as file:
            file.write(pem)
        openssl("rehash", hashed)
        for named in ({"cafile": self.ca}, {"cadata": pem}, {"capath": hashed},
                      {"cadata": ssl.PEM_cert_to_DER_cert(pem)}):
            with self.subTest(list(named)):
                conn, _ = self.get(self.context(**named))
                self.assertIsInstance(conn.sock, NativeTlsSocket)

    def test_versions(self):
        context = self.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        conn, _ = self.get(context)
        self.assertIsInstance(conn.sock, NativeTlsSocket)
        self.assertEqual(conn.sock.version(), "TLSv1.2")

    def refused(self, context, host="localhost"):
        with self.assertRaises(ssl.SSLCertVerificationError) as caught:
            self.get(context, host)
        self.assertEqual(caught.exception.reason, "CERTIFICATE_VERIFY_FAILED")
        self.assertEqual(caught.exception.library, "SSL")
        self.assertTrue(caught.exception.verify_message)
        # It is both, as in ssl.
        self.assertIsInstance(caught.exception, ValueError)
        self.assertIsInstance(caught.exception, OSError)

    def test_refusals(self):
        self.refused(ssl.create_default_context())
        self.refused(None)
        self.refused(self.context(), "127.0.0.1")

    def test_checks_that_were_switched_off(self):
        context = self.context()
        context.check_hostname = False
        self.assertIsInstance(self.get(context, "127.0.0.1")[0].sock, NativeTlsSocket)
        # The same context says something else now.
        context.check_hostname = True
        self.refused(context, "127.0.0.1")
        context = ssl.create_default_context()
        context.check_hostname = False
        self.refused(context)
        context.verify_mode = ssl.CERT_NONE
        self.assertIsInstance(self.get(context)[0].sock, NativeTlsSocket)

    def test_one_configuration_for_a_context(self):
        context = self.context()
        one = library_config(context)
        self.assertIs(library_config(context), one)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.assertIsNot(library_config(context), one)

    def test_what_only_openssl_can(self):
        def with_client_certificate():
            context = self.context()
            context.load_cert_chain(self.cert, self.key)
            return context

        def with_ciphers():
            context = self.context()
            context.set_ciphers("ECDHE+AESGCM")
            return context

        def with_crls():
            context = self.context()
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
            return context

        def without_a_version():
            context = self.context()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                context.options |= ssl.OP_NO_TLSv1_3
            return context

        class Other(ssl.SSLContext):
            pass

        def of_another_class():
            context = Other(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(self.ca)
            return context

        for make in (with_client_certificate, with_ciphers, with_crls, without_a_version,
                     of_another_class):
            with self.subTest(make.__name__):
                self.assertTrue(why_not(make()))
        for make, said in ((with_client_certificate, "None True"), (with_ciphers, "None False"),
                           (of_another_class, "None False")):
            with self.subTest(make.__name__):
                conn, body = self.get(make())
                self.assertIsInstance(conn.sock, ssl.SSLSocket)
                self.assertEqual(body, said)

    def test_python_tls_when_asked_for_or_replaced(self):
        with mock.patch.dict(os.environ, {"HC_NATIVE": "0"}):
            self.assertIsInstance(self.get(self.context())[0].sock, ssl.SSLSocket)

        class Own(client.HTTPSConnection):
            def connect(self):
                super().connect()

        self.assertIsInstance(self.get(self.context(), kind=Own)[0].sock, ssl.SSLSocket)

    def test_contexts_that_nobody_watched(self):
        script = (
            "import ssl, sys; sys.path.insert(0, sys.argv[1])\n"
            "from httpclient import client\n"
            "from httpclient._tls import why_not\n"
            "print(why_not(client.HTTPSConnection('h')._context))\n"
            "print(why_not(ssl.create_default_context()))\n"
            "conn = client.HTTPSConnection('h', cert_file=sys.argv[2], key_file=sys.argv[3])\n"
            "print(why_not(conn._context))\n"
        )
        said = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script, str(ROOT / "bindings" / "python"),
             self.cert, self.key], check=True, capture_output=True, text=True,
        ).stdout.splitlines()
        self.assertEqual(said[0], "None")
        self.assertIn("not known", said[1])
        self.assertIn("client certificate", said[2])

    def test_a_file_that_is_no_certificate(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with self.assertRaises(ssl.SSLError):
            context.load_verify_locations(cadata="nothing")
        # What ssl has refused is not noted.
        self.assertEqual(_noting.notes(context).roots, [])


if __name__ == "__main__":
    unittest.main()
