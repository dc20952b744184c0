"""Scripts: what a program does with a connection, as data, so that two modules can be put through
the same. A step is a tuple: the name of the operation and its arguments. Bodies are made anew for
each module: iterators can be used once."""

import contextlib
import io
import re

from .wire import Socket


def body_of(kind, text):
    if kind == "none":
        return None
    if kind == "str":
        return text
    data = text.encode("latin-1")
    return {
        "bytes": lambda: data,
        "bytearray": lambda: bytearray(data),
        "list": lambda: [data[:2], b"", data[2:]],
        "generator": lambda: (data[i : i + 3] for i in range(0, len(data), 3)),
        "file": lambda: io.BytesIO(data),
        "text file": lambda: io.StringIO(text),
    }[kind]()


class Run:
    """One module's way through a script. `events` is what it showed."""

    def __init__(self, module, answer, steps, host="example.com"):
        self.module = module
        self.answer = answer
        self.sockets = []
        self.response = None
        self.events = []
        try:
            self.conn = module.HTTPConnection(host)
        except Exception as e:
            self.conn = None
            self.events.append((("new", host), self.failure(e)))
            return
        self.conn._create_connection = self.create
        self.conn.set_debuglevel(1)
        for step in steps:
            self.events.append((step, self.step(step)))

    def create(self, *args, **kwargs):
        self.sockets.append(Socket(self.answer))
        return self.sockets[-1]

    def failure(self, e):
        shown = [c.__name__ for c in type(e).__mro__ if c.__name__ not in ("object", "BaseException")]
        if isinstance(e, self.module.IncompleteRead):
            return ("raised", shown[0], e.partial, e.expected)
        return ("raised", shown[0])

    def step(self, step):
        name, *args = step
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            try:
                result = ("ok", getattr(self, "do_" + name)(*args))
            except Exception as e:
                result = self.failure(e)
        # Objects that are made for each module are at an address of their own.
        shown = re.sub(r" at 0x[0-9a-f]+>", ">", printed.getvalue())
        return result + (("printed", shown),) + self.state()

    def state(self):
        r = self.response
        sent = tuple(tuple(s.sent) for s in self.sockets)
        return (
            ("sent", sent),
            ("connected", self.conn.sock is not None),
            ("closed", tuple(s.closed for s in self.sockets)),
            ("response", r and (r.isclosed(), r.closed)),
        )

    def do_request(self, method, url, kind, text, headers, chunked):
        self.conn.request(
            method, url, body_of(kind, text), dict(headers), encode_chunked=chunked
        )

    def do_putrequest(self, method, url, skip_host, skip_encoding):
        self.conn.putrequest(method, url, skip_host, skip_encoding)

    def do_putheader(self, name, *values):
        self.conn.putheader(name, *values)

    def do_endheaders(self, kind, text):
        self.conn.endheaders(body_of(kind, text))

    def do_send(self, kind, text):
        self.conn.send(body_of(kind, text))

    def do_getresponse(self):
        self.response = None
        r = self.response = self.conn.getresponse()
        return (
            r.status, r.reason, r.version, tuple(r.getheaders()), r.chunked, r.length,
            bool(r.will_close), r.getheader("X-Twice"), r.getheader("None", "no"),
        )

    def do_read(self, n):
        return self.response.read(n)

    def do_read1(self, n):
        return self.response.read1(n)

    def do_readinto(self, n):
        room = bytearray(n)
        got = self.response.readinto(room)
        return bytes(room[:got])

    def do_readline(self, n):
        return self.response.readline(n)

    def do_readlines(self):
        return tuple(self.response.readlines())

    def do_length(self):
        return self.response.length

    def do_close_response(self):
        self.response.close()

    def do_close(self):
        self.conn.close()

    def do_set_tunnel(self, host, port, headers):
        self.conn.set_tunnel(host, port, dict(headers))
