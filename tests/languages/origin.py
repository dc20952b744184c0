"""The server that the examples talk to, in a thread of the test. It notes what each has asked."""

import http.server
import socket
import threading

PIECE, PIECES = b"x" * 1000, 100


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def setup(self):
        super().setup()
        self.example = None
        self.served = 0

    def note(self, body=b""):
        # The language says who it is with its first request; the others come on the same connection.
        self.served += 1
        self.example = self.headers.get("X-Example", self.example)
        with self.server.lock:
            self.server.asked.setdefault(self.example, []).append((self.command, self.path, body, self.served))

    def do_GET(self):
        self.note()
        self.send_response(200)
        self.send_header("X-Answer", "42")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(PIECES):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(PIECE), PIECE))
        self.wfile.write(b"0\r\n\r\n")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.note(body)
        answer = b"received " + body
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format, *args):
        pass


class Origin(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.asked = {}
        # Bound and not listening: every connection is refused.
        self.unused = socket.socket()
        self.unused.bind(("127.0.0.1", 0))

    def handle_error(self, request, client_address):
        pass  # whoever hangs up too early is told apart by what he says

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exception):
        self.shutdown()
        self.server_close()
        self.unused.close()

    @property
    def host(self):
        return f"127.0.0.1:{self.server_port}"

    @property
    def refusing(self):
        return "127.0.0.1:%d" % self.unused.getsockname()[1]


def what_is_wrong(language, error, output, asked):
    """None when an example has done what it should: by its own words and by the server's."""
    wanted = (f"GET /stream: 200 OK\nX-Answer: 42\nbody: {len(PIECE) * PIECES} bytes\n"
              f"POST /in: 200 received hello\nerror: {error}\n")
    if output != wanted:
        return f"it said\n{output}instead of\n{wanted}"
    served = [("GET", "/stream", b"", 1), ("POST", "/in", b"hello", 2)]
    if asked.get(language) != served:
        return f"the server was asked {asked.get(language)} instead of {served}"
    return None
