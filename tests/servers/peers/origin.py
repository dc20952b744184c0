"""The handler that Python's own http.server runs in these tests.

It listens on ports that the kernel picks and prints them as one line of JSON. "main" and "six" speak HTTP/1.1, "old"
speaks HTTP/1.0, which is what http.server does unless told otherwise. With the directory of the test certificates all
of them speak TLS, and there are more (origin_tls.py).

    python3 origin.py DOCUMENT_ROOT [CERTIFICATES]
"""

import functools
import gzip
import hashlib
import http.server
import json
import os
import socket
import sys
import threading

import origin_tls

PIECE = 256 * 1024


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body leave in two sends; the second must not wait for an ACK

    def log_message(self, *args):
        pass

    def end_headers(self):
        self.send_header("X-Peer-Port", str(self.client_address[1]))
        for name, value in origin_tls.facts(self.connection):
            self.send_header(name, value)
        super().end_headers()

    def do_GET(self):
        _, room, *rest = self.path.split("/")
        if room == "files":
            self.path = "/" + "/".join(rest)
            super().do_GET()
        elif room == "chunked":
            self.chunked(rest[0])
        elif room == "unsized":
            self.unsized(rest[0])
        elif room == "gzip":
            self.gzip(rest[0])
        elif room == "nothing":
            self.send_response(204)
            self.end_headers()
        elif room == "many":
            self.plain(200, b"many\n", {f"X-Many-{i}": f"value-{i}" for i in range(int(rest[0]))})
        elif room == "big":
            self.plain(200, b"big\n", {"X-Big": "v" * int(rest[0])})
        else:
            self.plain(404, b"no such room\n")

    def do_HEAD(self):
        self.path = "/" + self.path.split("/", 2)[2]
        super().do_HEAD()

    def do_POST(self):
        if self.path.startswith("/limited"):
            self.close_connection = True
            self.plain(413, b"too large\n", {"Connection": "close"})
            return
        self.trailers = {}
        digest, length = hashlib.sha256(), 0
        for piece in self.body():
            digest.update(piece)
            length += len(piece)
        self.plain(200, b"hashed\n", {
            "X-Body-Sha256": digest.hexdigest(),
            "X-Body-Length": str(length),
            "X-Body-Framing": self.headers.get("Transfer-Encoding", "length"),
            "X-Body-Trailer": self.trailers.get("x-check", "none"),
        })

    def handle_expect_100(self):
        """A refused expectation gets its final answer without a 100."""
        return True if self.path.startswith("/limited") else super().handle_expect_100()

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                if self.rfile.readline() != b"\r\n":
                    raise ValueError("a chunk does not end where it should")
            while (line := self.rfile.readline().strip()):
                name, _, value = line.decode("latin-1").partition(":")
                self.trailers[name.lower()] = value.strip()
            return
        left = int(self.headers["Content-Length"])
        while left:
            piece = self.rfile.read(min(PIECE, left))
            if not piece:
                raise ValueError("the body ends early")
            left -= len(piece)
            yield piece

    def plain(self, status, body, headers=()):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def chunked(self, name):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with open(os.path.join(self.directory, name), "rb") as file:
            while piece := file.read(10007):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def unsized(self, name):
        """No length, no chunks: the close is the end."""
        self.close_connection = True
        self.send_response(200)
        self.end_headers()
        with open(os.path.join(self.directory, name), "rb") as file:
            self.copyfile(file, self.wfile)

    def gzip(self, name):
        with open(os.path.join(self.directory, name), "rb") as file:
            body = file.read()
        headers = {}
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            body, headers = gzip.compress(body), {"Content-Encoding": "gzip"}
        self.plain(200, body, headers)


class OldHandler(Handler):
    protocol_version = "HTTP/1.0"


class IdleHandler(Handler):
    timeout = 0.3  # also for the first request, which a busy machine may send late


class Server(http.server.ThreadingHTTPServer):
    def __init__(self, address, handler, wrap):
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.wrap = wrap or (lambda connection: connection)
        super().__init__(address, handler)

    def get_request(self):
        connection, address = super().get_request()
        return self.wrap(connection), address

    def shutdown_request(self, request):
        origin_tls.say_goodbye(request)
        super().shutdown_request(request)


def serve(root, handler, host="127.0.0.1", wrap=None):
    """`wrap` makes a TLS socket of an accepted one."""
    try:
        server = Server((host, 0), functools.partial(handler, directory=root), wrap)
    except OSError:
        return None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def main():
    root, certificates = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    wrap = origin_tls.wrapper(certificates, "good") if certificates else None
    ports = {
        "main": serve(root, Handler, wrap=wrap),
        "old": serve(root, OldHandler, wrap=wrap),
        "idle": serve(root, IdleHandler, wrap=wrap),
        "six": serve(root, Handler, "::1", wrap),
    }
    if certificates:
        ports["plain"] = serve(root, Handler)
        ports |= {key: serve(root, handler, wrap=wrap) for key, handler, wrap in
                  origin_tls.more_ports(certificates, Handler, OldHandler)}
    print(json.dumps(ports), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
