"""Connections that the library makes: HC_NATIVE=1, against servers on the loopback."""

import contextlib
import http.client
import http.server
import io
import os
import pathlib
import re
import socket
import sys
import threading
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bindings" / "python"))

from httpclient import client  # noqa: E402
from httpclient._native import NativeSocket  # noqa: E402


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(b"port %d\n" % self.client_address[1])

    def do_POST(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(body)

    def do_CONNECT(self):
        # A proxy that leads nowhere but to itself.
        self.send_response_only(200 if self.path == "far.test:99" else 403, "So be it")
        self.send_header("Proxy-Says", "so")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@mock.patch.dict(os.environ, {"HC_NATIVE": "1"})
class Native(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        cls.server.daemon_threads = True
        cls.thread = threading.Thread(target=cls.server.serve_forever)
        cls.thread.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.thread.join()
        cls.server.server_close()

    def connection(self, **options):
        conn = client.HTTPConnection(*self.server.server_address, timeout=10, **options)
        self.addCleanup(conn.close)
        return conn

    def get(self, conn):
        conn.request("GET", "/")
        self.assertIsInstance(conn.sock, NativeSocket)
        with conn.getresponse() as response:
            return response.read()

    def test_a_kept_connection(self):
        conn = self.connection()
        first = self.get(conn)
        self.assertEqual(first, b"port %d\n" % conn.sock.getsockname()[1])
        self.assertEqual(self.get(conn), first)
        conn.close()
        self.assertIsNone(conn.sock)
        self.assertNotEqual(self.get(conn), first)

    def test_bodies(self):
        conn = self.connection()
        for body in (b"x" * 300_000, "abc", [b"a", b"", b"bc"], iter([b"d"] * 3), b""):
            whole = body
            if not isinstance(body, (bytes, str)):
                body = list(body)
                whole = b"".join(body)
            conn.request("POST", "/", body)
            got = conn.getresponse().read()
            self.assertEqual(got, whole.encode() if isinstance(whole, str) else whole)

    def test_tunnels(self):
        conn = self.connection()
        conn.set_tunnel("far.test", 99, {"X": "y"})
        self.assertIsNone(conn.get_proxy_response_headers())
        self.assertTrue(self.get(conn).startswith(b"port"))
        self.assertEqual(conn.get_proxy_response_headers()["Proxy-Says"], "so")
        with self.assertRaises(RuntimeError):
            conn.set_tunnel("other.test")
        conn = self.connection()
        conn.set_tunnel("near.test", 99)
        with self.assertRaisesRegex(OSError, "Tunnel connection failed: 403 So be it"):
            conn.request("GET", "/")
        self.assertEqual(conn.get_proxy_response_headers()["Proxy-Says"], "so")

    def test_refused(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with self.assertRaises(ConnectionRefusedError):
            client.HTTPConnection("127.0.0.1", port).request("GET", "/")

    def test_unresolved(self):
        with self.assertRaises(socket.gaierror):
            client.HTTPConnection("name.invalid").connect()

    def test_timeout(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            conn = client.HTTPConnection(*silent.getsockname(), timeout=0.05)
            self.addCleanup(conn.close)
            conn.request("GET", "/")
            with self.assertRaises(TimeoutError):
                conn.getresponse()

    def test_disconnected(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            conn = client.HTTPConnection(*server.getsockname(), timeout=10)
            self.addCleanup(conn.close)
            conn.request("GET", "/")
            peer, _ = server.accept()
            while not peer.recv(4096).endswith(b"\r\n\r\n"):
                pass
            peer.close()
            with self.assertRaises(client.RemoteDisconnected):
                conn.getresponse()

    def test_a_replaced_socket_is_used(self):
        conn = self.connection()
        conn._create_connection = mock.Mock(wraps=socket.create_connection)
        conn.request("GET", "/")
        conn._create_connection.assert_called_once()
        self.assertNotIsInstance(conn.sock, NativeSocket)
        self.assertTrue(conn.getresponse().read().startswith(b"port"))

    def printed(self, module, native):
        """What set_debuglevel shows of some exchanges."""
        out = io.StringIO()
        with mock.patch.dict(os.environ, {"HC_NATIVE": native}), contextlib.redirect_stdout(out):
            conn = module.HTTPConnection("127.0.0.1", self.server.server_port)
            conn.set_debuglevel(1)
            conn.request("POST", "/", bytearray(b"abc"), {"Authorization": "Basic c2VjcmV0"})
            conn.getresponse().read()
            conn.request("POST", "/", iter([b"de", b"", b"f"]), {"Expect": "100-continue"})
            conn.getresponse().read()
            conn.close()
        return re.sub(r"header: Date: .*|object at 0x\w+", "", out.getvalue())

    def test_debuglevel(self):
        """The library tells of its own heads, and shows what http.client shows."""
        wanted = self.printed(http.client, "0")
        self.assertIn("Basic c2VjcmV0", wanted)
        self.assertIn("reply: 'HTTP/1.1 100 Continue\\r\\n'\nheaders: [b'\\r\\n']\n", wanted)
        self.assertIn("send: b'2\\r\\nde\\r\\n'\nZero length chunk ignored\nsend: b'1\\r\\nf\\r\\n'\n", wanted)
        self.assertEqual(self.printed(client, "0"), wanted)
        self.assertEqual(self.printed(client, "1"), wanted)

    def test_debuglevel_of_a_tunnel(self):
        for native in ("0", "1"):
            out = io.StringIO()
            with mock.patch.dict(os.environ, {"HC_NATIVE": native}), contextlib.redirect_stdout(out):
                conn = client.HTTPConnection("127.0.0.1", self.server.server_port)
                conn.set_debuglevel(1)
                conn.set_tunnel("far.test", 99, {"X-A": "b"})
                conn.connect()
                conn.close()
            lines = out.getvalue()
            self.assertTrue(lines.startswith("send: b'CONNECT far.test:99 HTTP/1.1\\r\\n"), lines)
            self.assertIn("header: Proxy-Says: so\r\n\n", lines)
            self.assertNotIn("reply:", lines)


if __name__ == "__main__":
    unittest.main()
