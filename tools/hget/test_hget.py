#!/usr/bin/env python3
"""hget against servers of this test's own, and beside curl on the same jobs where there is one.
    test_hget.py PROGRAM"""

import http.server
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HGET = sys.argv.pop(1) if len(sys.argv) > 1 else "hget"
CURL = shutil.which("curl")
BODY = bytes(range(256)) * 4096
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = []

    def log_message(self, *_):
        pass

    def answer(self, status, body, **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def read_body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def do_GET(self):
        Handler.seen.append((self.command, self.path, dict(self.headers), b""))
        if self.path.startswith("/to?"):
            status, _, where = self.path[4:].partition("&")
            self.answer(int(status), b"gone", Location=where)
        elif self.path == "/missing":
            self.answer(404, b"nothing here")
        elif self.path == "/cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
            self.close_connection = True
        elif self.path == "/garbage":
            self.wfile.write(b"SSH-2.0-server\r\n")
            self.close_connection = True
        elif self.path == "/slow":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
            self.rfile.read(1)  # until the client is gone
        elif self.path == "/moved-part":
            self.answer(206, BODY[5:], Content_Range=f"bytes 5-{len(BODY) - 1}/{len(BODY)}")
        elif self.path == "/ranges" and "Range" in self.headers:
            begin = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
            if begin >= len(BODY):
                self.answer(416, b"")
            else:
                self.answer(206, BODY[begin:], Content_Range=f"bytes {begin}-{len(BODY) - 1}/{len(BODY)}")
        else:
            self.answer(200, BODY, X_Name="value")

    do_HEAD = do_GET

    def do_POST(self):
        Handler.seen.append((self.command, self.path, dict(self.headers), self.read_body()))
        if self.path.startswith("/to?"):
            self.answer(int(self.path[4:7]), b"gone", Location=self.path[8:])
        else:
            self.answer(201, b"stored")

    do_PUT = do_DELETE = do_POST


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # clients that break off are part of the test


class Hget(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(("127.0.0.1", 0), Handler)
        cls.host = "127.0.0.1:%d" % cls.server.server_address[1]
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self):
        Handler.seen.clear()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = os.path.join(folder.name, "file")

    def run_hget(self, *words, status=0, stdin=b"", **more):
        done = subprocess.run([HGET, *words], input=stdin, capture_output=True, timeout=30,
                              env={**ENVIRONMENT, **more})
        self.assertEqual(done.returncode, status, done.stderr.decode())
        return done.stdout, done.stderr.decode()

    def url(self, path):
        return f"http://{self.host}{path}"

    def write(self, data):
        with open(self.file, "wb") as f:
            f.write(data)

    def read(self):
        with open(self.file, "rb") as f:
            return f.read()

    def test_body_to_standard_output_and_file(self):
        self.assertEqual(self.run_hget(self.url("/"))[0], BODY)
        self.run_hget("-o", self.file, self.url("/a?b=c#d"))
        self.assertEqual(self.read(), BODY)
        self.assertEqual(Handler.seen[-1][1], "/a?b=c")

    def test_remote_name(self):
        folder = os.path.dirname(self.file)
        subprocess.run([HGET, "-O", self.url("/a/file?q")], cwd=folder, check=True, timeout=30, env=ENVIRONMENT)
        self.assertEqual(self.read(), BODY)
        self.run_hget("-O", self.url("/"), status=2)

    def test_head_and_include(self):
        out = self.run_hget("-I", self.url("/"))[0].decode()
        self.assertTrue(out.startswith("HTTP/1.1 200 OK\nServer: "), out)
        self.assertIn("X-Name: value\n", out)
        self.assertTrue(self.run_hget("-i", self.url("/"))[0].endswith(b"\n\n" + BODY))

    def test_requests_of_every_kind(self):
        self.run_hget("-d", "a=b", "-H", "X-One: 1", self.url("/post"))
        self.write(BODY)
        self.run_hget("-d", "@" + self.file, "-H", "Content-Type: x/y", self.url("/file"))
        self.run_hget("-T", self.file, self.url("/put"))
        self.run_hget("-T", "-", self.url("/pipe"), stdin=BODY)
        self.run_hget("-X", "DELETE", self.url("/gone"))
        methods = [s[0] for s in Handler.seen]
        self.assertEqual(methods, ["POST", "POST", "PUT", "PUT", "DELETE"])
        self.assertEqual([s[3] for s in Handler.seen], [b"a=b", BODY, BODY, BODY, b""])
        post, file, put, pipe, _ = (s[2] for s in Handler.seen)
        self.assertEqual((post["X-One"], post["Content-Type"]), ("1", "application/x-www-form-urlencoded"))
        self.assertEqual(file["Content-Type"], "x/y")
        self.assertEqual(put["Content-Length"], str(len(BODY)))
        self.assertEqual(pipe["Transfer-Encoding"], "chunked")

    def test_continue(self):
        self.write(BODY[:1000])
        self.run_hget("-C", "-o", self.file, self.url("/ranges"))
        self.assertEqual(self.read(), BODY)
        self.assertEqual(Handler.seen[-1][2]["Range"], "bytes=1000-")
        self.run_hget("-C", "-o", self.file, self.url("/ranges"))  # 416: there is no more
        self.assertEqual(self.read(), BODY)
        self.write(b"something else")
        self.run_hget("-C", "-o", self.file, self.url("/whole"))  # 200: all of it
        self.assertEqual(self.read(), BODY)
        self.write(b"1234567")
        self.run_hget("-C", "-o", self.file, self.url("/moved-part"), status=8)
        self.assertEqual(self.read(), b"1234567")

    def test_redirects_are_followed_when_asked_for(self):
        self.assertEqual(self.run_hget(self.url("/to?302&/a"))[0], b"gone")
        for where, path in ((f"http://{self.host}/x?y#z", "/x?y"), (f"//{self.host}", "/"), ("/p/./q/../r", "/p/r"),
                            ("../../up", "/up"), ("file", "/file")):
            self.assertEqual(self.run_hget("-L", self.url("/to?301&" + where))[0], BODY, where)
            self.assertEqual(Handler.seen[-1][1], path)
        self.run_hget("-L", self.url("/to?302&/to?302&/to?302&/end"))
        self.assertEqual(Handler.seen[-1][1], "/end")
        out = self.run_hget("-L", "-I", self.url("/to?302&/a"))[0]
        self.assertEqual([s[0] for s in Handler.seen[-2:]], ["HEAD", "HEAD"])
        self.assertEqual(out.count(b"HTTP/1.1"), 2)

    def test_redirects_that_are_not_followed(self):
        loop = "/to?302&" + self.url("/to?302&/loop")
        for where in ("ftp://example.test/", "file:///etc/passwd", "http://", "http://x:99999/", "javascript:1"):
            _, err = self.run_hget("-L", self.url("/to?302&" + where), status=8)
            self.assertIn("redirected to", err)
        del Handler.seen[:]
        Handler.do_LOOP = lambda h: h.answer(302, b"", Location="?again")
        self.addCleanup(delattr, Handler, "do_LOOP")
        self.run_hget("-L", "-X", "LOOP", self.url(loop), status=8)

    def test_what_a_redirect_makes_of_a_request(self):
        for status, words, method, body in (
                (301, ("-d", "a"), "GET", None), (302, ("-d", "a"), "GET", None), (303, ("-T", self.file), "GET", None),
                (307, ("-d", "a"), "POST", b"a"), (308, ("-T", self.file), "PUT", BODY), (302, ("-T", self.file), "PUT", BODY)):
            self.write(BODY)
            self.run_hget("-L", *words, self.url(f"/to?{status}&/next"))
            seen = Handler.seen[-1]
            self.assertEqual((seen[0], seen[1]), (method, "/next"), status)
            if body is not None:
                self.assertEqual(seen[3], body)
            else:
                self.assertNotIn("Content-Type", seen[2])
        self.run_hget("-L", "-T", "-", self.url("/to?307&/next"), stdin=BODY, status=8)

    def test_no_secret_goes_to_another_server(self):
        words = ("-L", "-u", "me:secret", "-H", "Cookie: c", "-H", "X-Api-Key: k", "-H", "Accept-Language: la")
        self.run_hget(*words, self.url("/to?302&/same"))
        same = Handler.seen[-1][2]
        self.assertEqual((same["Authorization"], same["Cookie"], same["X-Api-Key"]), ("Basic bWU6c2VjcmV0", "c", "k"))
        other = Server(("127.0.0.2", 0), Handler)
        threading.Thread(target=other.serve_forever, daemon=True).start()
        self.addCleanup(other.server_close)
        self.addCleanup(other.shutdown)
        there = "127.0.0.2:%d" % other.server_address[1]
        for back in ("", f"/to?302&{self.url('/back')}"):
            self.run_hget(*words, self.url(f"/to?302&http://{there}{back}"))
            fields = Handler.seen[-1][2]
            self.assertEqual(fields["Host"], self.host if back else there)
            for name in ("Authorization", "Cookie", "X-Api-Key"):
                self.assertNotIn(name, fields)
            self.assertEqual(fields["Accept-Language"], "la")

    def test_failures_have_classes(self):
        self.assertEqual(self.run_hget("-f", self.url("/missing"), status=1)[0], b"")
        self.assertEqual(self.run_hget(self.url("/missing"))[0], b"nothing here")
        self.run_hget(status=2)
        self.run_hget("--nonsense", self.url("/"), status=2)
        self.run_hget("ftp://example.test/", status=2)
        self.run_hget("-H", "no colon", self.url("/"), status=2)
        self.run_hget("-H", "A: b\r\nC: d", self.url("/"), status=2)
        self.assertEqual(Handler.seen[1:], Handler.seen[1:2])
        self.run_hget("http://no-such-host.invalid/", status=3)
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))  # and not listening
            self.run_hget("http://127.0.0.1:%d/" % unused.getsockname()[1], status=4)
        self.run_hget(f"https://{self.host}/", status=5)
        self.run_hget("-x", f"http://{self.host}", "https://example.invalid/", status=6)
        self.run_hget("-m", "0.3", self.url("/slow"), status=7)
        self.run_hget(self.url("/garbage"), status=8)
        out, err = self.run_hget(self.url("/cut"), status=9)
        self.assertEqual(out, b"only this")
        self.assertIn("9 bytes of the body had arrived", err)
        self.run_hget("-T", self.file + ".missing", self.url("/"), status=10)
        self.run_hget("-o", "/proc/nowhere/file", self.url("/"), status=10)

    def test_a_signal_cancels(self):
        process = subprocess.Popen([HGET, "-v", self.url("/slow")], stderr=subprocess.PIPE, env=ENVIRONMENT)
        for line in process.stderr:  # the head is there: the body is being waited for
            if line.startswith(b"< Content-Length"):
                break
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=10), 11)
        self.assertLess(time.monotonic() - begun, 5)
        process.stderr.close()

    def test_verbose_hides_secrets(self):
        err = self.run_hget("-v", "-H", "Authorization: Basic c2VjcmV0", self.url("/"))[1]
        self.assertIn("> Authorization: [redacted]", err)
        self.assertNotIn("c2VjcmV0", err)
        self.assertIn("* State Idle -> Request-sent", err)
        self.assertIn("< X-Name: value", err)
        self.assertIn("* State Unread-response -> Idle", err)

    def test_bar(self):
        err = self.run_hget("--progress", "-o", self.file, self.url("/"))[1]
        self.assertIn("100%  1.0M", err)

    def test_proxy_from_the_environment(self):
        out = self.run_hget("http://origin.invalid/x", http_proxy=f"http://u:p@{self.host}")[0]
        self.assertEqual(out, BODY)
        self.assertEqual(Handler.seen[-1][1], "http://origin.invalid/x")
        self.assertIn("Proxy-Authorization", Handler.seen[-1][2])
        self.run_hget("-x", "", "http://origin.invalid/x", http_proxy=f"http://{self.host}", status=3)

    def test_elsewhere(self):
        port = self.host.rpartition(":")[2]
        self.assertEqual(self.run_hget("--address", self.host, f"http://origin.invalid:{port}/")[0], BODY)
        self.assertEqual(Handler.seen[-1][2]["Host"], f"origin.invalid:{port}")

    @unittest.skipUnless(CURL, "there is no curl to compare with")
    def test_beside_curl(self):
        self.write(BODY)
        for words in (["/"], ["-I", "/"], ["-i", "/x?y=z"], ["-d", "a=b", "/p"], ["-X", "DELETE", "/d"],
                      ["-T", self.file, "/t"], ["-H", "A: b", "/h"], ["-0", "/old"], ["-f", "/missing"],
                      ["-L", "/to?302&/a/../b"], ["-L", "-d", "a=b", "/to?303&/c"], ["-u", "me:secret", "/u"],
                      ["-L", "-d", "a=b", "/to?307&/c"]):
            *options, path = words
            runs = []
            for program in ([HGET], [CURL, "-sS"]):
                done = subprocess.run([*program, *options, self.url(path)], capture_output=True, timeout=30,
                                      env=ENVIRONMENT)
                method, target, fields, body = Handler.seen[-1]
                same = {n: fields.get(n) for n in ("Content-Length", "Content-Type", "A", "Host", "Accept", "Authorization")}
                # Heads differ in line ends and in when they were made; bodies in nothing.
                out = done.stdout.replace(b"\r\n", b"\n").split(b"\n\n", 1)[-1]
                runs.append((done.returncode != 0, out, method, target, same, body))
            self.assertEqual(runs[0], runs[1], words)


if __name__ == "__main__":
    unittest.main()
