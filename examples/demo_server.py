#!/usr/bin/env python3
"""A small HTTP/1.1 server for the examples: keeps connections open, answers any GET with a line of
text and any POST or PUT with what it received. Listens on a port that the system picks, prints the
number, and ends when its standard input is closed."""

import http.server
import sys
import threading
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # what keeps a connection open
    server_version = "demo"
    wbufsize = -1  # head and body leave together, not as two small packets
    timeout = 60  # a client that says nothing does not hold its thread for ever

    def do_GET(self):
        if self.path.startswith("/bytes/"):
            size = int(self.path.removeprefix("/bytes/"))
            self.answer((bytes(range(256)) * (size // 256 + 1))[:size])
        elif self.path.startswith("/drip/"):  # one byte every 20 ms
            self.drip(int(self.path.removeprefix("/drip/")))
        elif self.path.startswith("/think/"):  # milliseconds
            time.sleep(int(self.path.removeprefix("/think/")) / 1000)
            self.answer(b"done thinking")
        elif self.path == "/missing":
            self.send_error(404)
        else:
            self.answer(b"hello from " + self.path.encode())

    do_HEAD = do_GET

    def do_POST(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self.read_chunks()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(b"received " + (body if len(body) <= 100 else b"%d bytes" % len(body)))

    do_PUT = do_POST

    def read_chunks(self):
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline() not in (b"\r\n", b""):
            pass
        return body

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def drip(self, size):
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        for _ in range(size):
            self.wfile.write(b".")
            self.wfile.flush()
            time.sleep(0.02)

    def log_message(self, format, *args):
        pass  # the examples' own output is what is to be seen


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024  # the event loop example opens all its connections at once

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client that has had enough
            super().handle_error(request, client_address)


def main():
    with Server(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()
        server.shutdown()


main()
