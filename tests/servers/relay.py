"""Between the client and a real server: a relay that passes the bytes on in other pieces, or not to the end. What the
server says is looked at as TLS records, whose heads are never encrypted."""

import contextlib
import random
import socket
import threading

PIECE = 64 * 1024
SECONDS = 60
ALERT, HANDSHAKE, DATA = 21, 22, 23
# In TLS 1.3 an alert looks like data: two bytes, the true type and the tag.
ENCRYPTED_ALERT = 2 + 1 + 16


class End(Exception):
    """The client is to see the end of the stream now, behind the bytes that this carries."""

    def __init__(self, last=b""):
        super().__init__()
        self.last = last


def pass_on(data):
    yield data


def one_by_one(data):
    for i in range(len(data)):
        yield data[i:i + 1]


class Torn:
    """Pieces of any size, the same ones each time."""

    def __init__(self, most=3000):
        self.rng, self.most = random.Random(8446), most

    def __call__(self, data):
        while data:
            n = self.rng.randint(1, self.most)
            yield data[:n]
            data = data[n:]


class Records:
    """Passes whole records to `record(kind, bytes)`, which returns what to send or raises End."""

    def __init__(self):
        self.pending = b""

    def __call__(self, data):
        self.pending += data
        while len(self.pending) >= 5 and len(self.pending) >= (size := 5 + int.from_bytes(self.pending[3:5], "big")):
            record, self.pending = self.pending[:size], self.pending[size:]
            yield self.record(record[0], record)

    def record(self, kind, record):
        raise NotImplementedError


class NoGoodbye(Records):
    """Everything but the close_notify. What may be one is held back until something follows."""

    held = b""

    def record(self, kind, record):
        before, self.held = self.held, b""
        if kind == ALERT or kind == DATA and len(record) == 5 + ENCRYPTED_ALERT:
            self.held = record
            return before
        return before + record


class CutData(Records):
    """The stream ends with the first record of data that starts behind so many bytes: before it, or in its middle."""

    def __init__(self, after, inside):
        super().__init__()
        self.after, self.inside, self.passed = after, inside, 0

    def record(self, kind, record):
        if kind == DATA and self.passed >= self.after:
            raise End(record[:len(record) // 2] if self.inside else b"")
        self.passed += len(record)
        return record


class CutBytes:
    """The stream ends after so many bytes, wherever that is."""

    def __init__(self, after):
        self.left = after

    def __call__(self, data):
        if len(data) >= self.left:
            raise End(data[:self.left])
        self.left -= len(data)
        yield data


class Relay:
    """For the time of the block: a port whose connections reach `target` of 127.0.0.1. `down` makes, for each
    connection, what takes the server's bytes and gives the pieces to send; `up` the same for the client's."""

    def __init__(self, target, down=lambda: pass_on, up=lambda: pass_on):
        self.target, self.down, self.up = target, down, up
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open, self.threads, self.stopped = [], [], False

    def __enter__(self):
        self.start(self.accept_all)
        return self

    def __exit__(self, *_):
        self.stopped = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        for connection in self.open:
            end(connection)
        for thread in self.threads:
            thread.join(SECONDS)
        for connection in (self.listener, *self.open):
            connection.close()

    def start(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept_all(self):
        while not self.stopped:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target), SECONDS)
            except OSError:
                return
            for connection in (client, server):
                connection.settimeout(SECONDS)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.open += [client, server]
            self.start(pump, client, server, self.up())
            self.start(pump, server, client, self.down())


def pump(source, sink, transform):
    try:
        while data := source.recv(PIECE):
            for piece in transform(data):
                sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except End as cut:
        with contextlib.suppress(OSError):
            sink.sendall(cut.last)
            sink.shutdown(socket.SHUT_WR)
        end(source)  # the server may wait for its client to go
    except OSError:
        end(source)
        end(sink)


def end(connection):
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
