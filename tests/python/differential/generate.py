"""Scripts by chance, the same ones each time."""

import random

METHODS = ("GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "post")
TARGETS = ("/", "", "/a?b=c", "*", "http://other.test/x", "http://other.test:81", "/%20")
FIELDS = (
    ("X-A", "1"), ("X-Twice", "one"), ("Accept", "*/*"), ("Host", "my.host"), ("host", "mine"),
    ("Accept-Encoding", "gzip"), ("X-Int", 42), ("X-Bytes", b"\xff\x80"), ("X-Latin", "\xe9"),
    ("Content-Length", "3"), ("Transfer-Encoding", "chunked"), ("Connection", "close"),
    ("Expect", "100-continue"),
)
BODIES = ("none", "none", "str", "bytes", "bytearray", "list", "generator", "file", "text file")
TEXTS = ("", "x", "abc", "hello world", "\xe9t\xe9")
STATUSES = (
    "HTTP/1.1 200 OK", "HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found", "HTTP/1.1 200",
    "HTTP/1.1 201 ", "HTTP/1.0 200 OK", "HTTP/1.1 500 Oh no  ", "HTTP/1.1 204 None",
    "HTTP/1.1 304 Same", "HTTP/1.1 299 x y", "HTTP/1.9 200 OK",
)
EXTRA = (
    "X-Twice: a", "X-Twice: b", "Server: s", "x-lower: v", "X-Empty:", "X-Spaces:   v",
    "Keep-Alive: timeout=5", "Connection: keep-alive", "Connection: close", "Connection: Close",
    "X-Fold: a\r\n b\r\n\tc", "Content-Type: text/html; charset=x", "X-Latin: \xe9",
)
BODY = b"line one\nline two\r\n\nand the rest of it"


def chunked(random, body):
    out = b""
    at = 0
    while at < len(body):
        n = random.randint(1, 20)
        piece = body[at : at + n]
        extension = random.choice((b"", b"", b";a=b", b" ;x"))
        size = random.choice(("%x", "%X", "0%x")) % len(piece)
        out += size.encode() + extension + b"\r\n" + piece + b"\r\n"
        at += n
    trailer = random.choice((b"", b"", b"X-T: v\r\n"))
    return out + b"0\r\n" + trailer + b"\r\n"


def answer(random, head_only):
    status = random.choice(STATUSES)
    lines = [status] + random.sample(EXTRA, random.randint(0, 4))
    body = random.choice((b"", b"x", BODY, BODY * 3))
    how = random.choice(("length", "length", "chunked", "close", "short"))
    empty = head_only or status[9:12] in ("204", "304")
    if how == "length":
        lines.append(f"Content-Length: {len(body)}")
    elif how == "short":
        lines.append(f"content-length: {len(body) + 7}")
    elif how == "chunked" and not empty and not status.startswith("HTTP/1.0"):
        lines.append(random.choice(("Transfer-Encoding: chunked", "transfer-encoding: Chunked")))
        body = chunked(random, body)
    random.shuffle(lines[1:])
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    interim = random.choice((b"", b"", b"", b"HTTP/1.1 100 Continue\r\n\r\n"))
    return interim + head + (b"" if empty else body)


def reading(random):
    how = random.randint(0, 7)
    sizes = [random.choice((0, 1, 2, 5, 9, 10, 40, 1000)) for _ in range(4)]
    if how == 0:
        steps = [("read", None)]
    elif how == 1:
        steps = [("read", n) for n in sizes] + [("read", None)]
    elif how == 2:
        steps = [("readinto", n) for n in sizes]
    elif how == 3:
        steps = [("readline", n) for n in sizes] + [("readline", -1)]
    elif how == 4:
        steps = [("readlines",)]
    elif how == 5:
        steps = [("read1", n) for n in sizes] + [("read", None)]
    elif how == 6:
        steps = [("read", random.choice(sizes)), ("length",), ("readline", -1), ("read", None)]
    else:
        steps = [("read", 3), ("close_response",), ("read", None)]
    return steps + [("read", None)]


def request(random, method):
    fields = random.sample(FIELDS, random.randint(0, 3))
    kind, text = random.choice(BODIES), random.choice(TEXTS)
    if random.random() < 0.7:
        return [("request", method, random.choice(TARGETS), kind, text, tuple(fields),
                 random.random() < 0.2)]
    steps = [("putrequest", method, random.choice(TARGETS), random.random() < 0.3,
              random.random() < 0.3)]
    for name, value in fields:
        several = (value, "more") if random.random() < 0.3 else (value,)
        steps.append(("putheader", name) + several)
    steps.append(("endheaders", kind, text))
    return steps


def disorder(random, steps):
    """Sometimes something is called where it has no place."""
    if random.random() < 0.3:
        wrong = random.choice((
            ("getresponse",), ("close",), ("putheader", "X", "y"), ("endheaders", "none", ""),
            ("putrequest", "GET", "/", False, False), ("send", "bytes", "raw"),
            ("send", "list", "raw"), ("request", "GET", "/again", "none", "", (), False),
        ))
        steps.insert(random.randint(0, len(steps)), wrong)
    return steps


def scripts(count, seed):
    """Triples: a name, the answer, the steps."""
    for number in range(count):
        chance = random.Random(seed * 100_000 + number)
        steps, bytes_of_it = [], b""
        for _ in range(chance.randint(1, 3)):
            method = chance.choice(METHODS)
            exchange = request(chance, method)
            exchange += [("getresponse",)] + reading(chance)
            steps += disorder(chance, exchange)
            bytes_of_it += answer(chance, method == "HEAD")
        yield f"random {number}", bytes_of_it, tuple(steps)
