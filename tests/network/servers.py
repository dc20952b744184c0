"""Servers on the far side. What one says stands in what it is asked for; another says nothing at all."""

import itertools
import socket
import threading
import time

DRIP_S = 0.02
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
# What is sent at once, and what follows a byte at a time, for ever.
DRIPS = {
    b"/drip/head": (HEAD + b"X-Drip: ", b"x"),
    b"/drip/interim": (b"", b"HTTP/1.1 102 Wait\r\n\r\n"),
    b"/drip/body": (HEAD + b"Content-Length: 1000000\r\n\r\n", b"x"),
    b"/drip/chunk": (CHUNKED + b"fffff\r\n", b"x"),
    b"/drip/chunk-line": (CHUNKED + b"5;a=", b"b"),
    b"/drip/trailer": (CHUNKED + b"0\r\nX-Drip: ", b"x"),
}


def pattern(size):
    """Bytes of which none can be lost or doubled without being missed."""
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def answer(connection, head):
    """Answers with what is asked for, or else with the request's own Host field."""
    target = head.split(b" ", 2)[1]
    if target in DRIPS:
        begin, drops = DRIPS[target]
        connection.sendall(begin)
        for byte in itertools.cycle(drops):
            connection.sendall(bytes([byte]))
            time.sleep(DRIP_S)
    if target.startswith(b"/bytes/"):
        body = pattern(int(target[7:]))
    else:
        body = next((line[6:] for line in head.split(b"\r\n") if line.startswith(b"Host: ")), b"")
    connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def talk(connection):
    with connection:
        data = b""
        while chunk := connection.recv(65536):
            data += chunk
            while b"\r\n\r\n" in data:
                head, data = data.split(b"\r\n\r\n", 1)
                answer(connection, head)


def say_nothing(connection):
    with connection:
        while connection.recv(65536):
            pass


def serve(family, address, port, what=talk):
    """Serves for ever; the port, which the kernel picks for 0. Connections are kept."""
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind((address, port))
    listener.listen(512)

    def accept():
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=guarded, args=(what, connection), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def guarded(what, connection):
    try:
        what(connection)
    except OSError:
        pass  # the client has gone
