#!/usr/bin/env python3
"""The server that the guides talk to. It listens on 127.0.0.1 only.
    server.py [--http PORT] [--https PORT --cert PEM [--client-ca PEM]] [--proxy PORT [--user NAME:PASSWORD]]
Port 0 lets the system choose. A line for each port says where it is."""

import argparse
import base64
import hashlib
import http.client
import http.server
import itertools
import json
import select
import socket
import socketserver
import ssl
import threading
import time

FILE = hashlib.shake_256(b"guides").digest(1_000_000)
numbers = itertools.count(1)
times_asked = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "guides"
    wbufsize = -1  # head and body leave together
    timeout = 30

    # ---- what there is

    def do_GET(self):
        path = self.path.partition("?")[0]
        what = path.split("/")
        if path == "/file":
            self.send_file('"v1"', len(FILE))
        elif path == "/flaky":
            self.send_file('"v1"', 400_000)
        elif path == "/changing":
            self.send_file(f'"{next(numbers)}"', 400_000)
        elif path == "/events":
            self.send_events()
        elif what[1] == "slow":  # /slow/MS: the answer comes late
            time.sleep(int(what[2]) / 1000)
            self.answer(200, "at last\n")
        elif path == "/drip":  # a byte now and then, for ever
            self.drip()
        elif path == "/busy":  # 503 once, then 200
            self.answer_when(self.is_again(path), "not busy any more\n")
        elif path == "/drop":
            self.answer_or_drop()
        elif path == "/whoami":
            self.answer(200, f"you are {self.client_name()}\n")
        elif path == "/secret":
            self.with_password()
        elif path == "/moved":
            self.answer(302, "", {"Location": "/hello"})
        elif what[1] == "bytes":  # /bytes/N
            self.answer(200, FILE[:int(what[2])])
        elif path == "/" or what[1] == "hello":
            self.answer(200, f"hello from {self.path}\n")
        else:
            self.answer(404, "there is no such page\n")

    do_HEAD = do_GET

    def do_POST(self):
        if self.path == "/drop":
            self.body()
            self.answer_or_drop()
        elif self.path == "/notes":
            self.take_note(self.body())
        elif self.path == "/form":
            self.answer(200, self.body() + b"\n")
        elif self.path.startswith("/upload"):
            body = self.body()
            how = "in chunks" if self.headers.get("Transfer-Encoding") else "with a length"
            self.answer(200, f"{len(body)} bytes {how}, sha256 {hashlib.sha256(body).hexdigest()[:16]}\n")
        else:
            self.answer(404, "there is no such page\n")

    def do_PUT(self):
        body = self.body()
        self.answer(200, f"stored {len(body)} bytes\n")

    # ---- the kinds of answers

    def answer(self, status, body, headers=None):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in {"Content-Type": "text/plain", "Content-Length": len(body), **(headers or {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer_when(self, ready, text):
        if ready:
            self.answer(200, text)
        else:
            self.answer(503, "busy\n", {"Retry-After": 1})

    def answer_or_drop(self):
        """Answers every other request; the connection of the others ends without a word."""
        if next(numbers) % 2:
            self.answer(200, "answered\n")
        else:
            self.close_connection = True

    def is_again(self, path):
        times_asked[path] = times_asked.get(path, 0) + 1
        return times_asked[path] > 1

    def take_note(self, body):
        try:
            text = json.loads(body)["text"]
        except (ValueError, KeyError, TypeError):
            self.answer(400, '{"error": "not a note"}', {"Content-Type": "application/problem+json"})
            return
        self.answer(201, json.dumps({"id": next(numbers), "text": text}), {"Content-Type": "application/json"})

    def send_file(self, tag, most):
        """The file, or the rest of it if that is asked for, but never more than `most` bytes of it."""
        first, status = 0, 200
        wanted = self.headers.get("Range", "")
        if wanted.startswith("bytes=") and self.headers.get("If-Range", tag) == tag:
            first, status = int(wanted[6:].split("-")[0]), 206
        if first >= len(FILE):
            self.answer(416, "", {"Content-Range": f"bytes */{len(FILE)}"})
            return
        self.send_response(status)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(FILE) - first))
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{len(FILE) - 1}/{len(FILE)}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(FILE[first:first + most])
            self.close_connection = first + most < len(FILE)  # cut short

    def send_events(self):
        last = int(self.headers.get("Last-Event-ID", 0))
        if last >= 5:
            self.send_response(204)  # there will be no more, do not come back
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.chunk("retry: 100\n\n")
        for number in range(last + 1, min(last + 3, 5) + 1):
            self.chunk(f"id: {number}\ndata: event number {number}\n")
            self.chunk("data: has two lines\n\n" if number == 2 else "\n")
            time.sleep(0.05)
        self.close_connection = True  # in the middle of a body: the network is like that

    def chunk(self, text):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text.encode()))
        self.wfile.flush()

    def drip(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b".")
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            self.close_connection = True

    def client_name(self):
        shown = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        names = [value for part in (shown or {}).get("subject", ()) for key, value in part if key == "commonName"]
        return names[0] if names else "nobody that I know"

    def with_password(self):
        wanted = "Basic " + base64.b64encode(b"ann:secret").decode()
        if self.headers.get("Authorization") == wanted:
            self.answer(200, "hello, ann\n")
        else:
            self.answer(401, "who are you?\n", {"WWW-Authenticate": 'Basic realm="guides"'})

    # ---- what is sent to us

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline() not in (b"\r\n", b""):
            pass
        return body

    def handle_expect_100(self):
        if self.path == "/upload/small" and int(self.headers.get("Content-Length", 1 << 40)) > 10_000:
            self.answer(413, "at most 10000 bytes\n", {"Connection": "close"})
            self.close_connection = True
            return False
        return super().handle_expect_100()

    def log_message(self, format, *args):
        pass


class Proxy(http.server.BaseHTTPRequestHandler):
    """Tunnels, and GET requests that it forwards."""
    protocol_version = "HTTP/1.1"
    timeout = 30
    user = None

    def is_known(self):
        wanted = "Basic " + base64.b64encode(self.user.encode()).decode() if self.user else None
        if wanted in (None, self.headers.get("Proxy-Authorization")):
            return True
        self.send_response(407)
        self.send_header("Proxy-Authenticate", 'Basic realm="proxy"')
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def do_CONNECT(self):
        if not self.is_known():
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as far:
            self.send_response(200)
            self.send_header("Via", "1.1 guides")
            self.end_headers()
            near, self.close_connection = self.connection, True
            while True:
                for end in select.select([near, far], [], [], 30)[0] or [None]:
                    data = end.recv(65536) if end else b""
                    if not data:
                        return
                    (far if end is near else near).sendall(data)

    def do_GET(self):
        if not self.is_known():
            return
        authority, _, target = self.path.removeprefix("http://").partition("/")
        origin = http.client.HTTPConnection(authority, timeout=10)
        origin.request("GET", "/" + target, headers={"Connection": "close"})
        answer = origin.getresponse()
        body = answer.read()
        self.send_response(answer.status, answer.reason)
        self.send_header("Via", "1.1 guides")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        origin.close()

    def log_message(self, format, *args):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 1024
    tls = None

    def finish_request(self, request, client_address):  # in the thread of this connection
        if self.tls:
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        pass  # a client that goes away is nothing to report


def main():
    options = argparse.ArgumentParser()
    for name, kind in (("http", int), ("https", int), ("proxy", int), ("cert", str), ("client-ca", str), ("user", str)):
        options.add_argument("--" + name, type=kind)
    chosen = options.parse_args()
    servers = []

    def listen(port, handler):
        servers.append(Server(("127.0.0.1", port), handler))
        return servers[-1]

    if chosen.http is not None:
        print(f"http://127.0.0.1:{listen(chosen.http, Handler).server_port}", flush=True)
    if chosen.https is not None:
        server = listen(chosen.https, Handler)
        server.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        server.tls.load_cert_chain(chosen.cert)
        if chosen.client_ca:
            server.tls.load_verify_locations(chosen.client_ca)
            server.tls.verify_mode = ssl.CERT_REQUIRED
        print(f"https://127.0.0.1:{server.server_port}", flush=True)
    if chosen.proxy is not None:
        Proxy.user = chosen.user
        print(f"proxy 127.0.0.1:{listen(chosen.proxy, Proxy).server_port}", flush=True)
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


main()
