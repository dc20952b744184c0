#!/usr/bin/env python3
"""Runs the built examples against the demo server and checks what they print.
    run_examples.py FOLDER_OF_THE_PROGRAMS"""

import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
failures = []
checks = 0


def run(folder, *words, stdin=b"", want=0):
    done = subprocess.run([os.path.join(folder, words[0]), *words[1:]], input=stdin,
                          capture_output=True, timeout=60)
    check(f"{' '.join(words)}: ends with {want}", done.returncode == want,
          f"ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return done.stdout, done.stderr


def check(what, holds, detail=""):
    global checks
    checks += 1
    if not holds:
        failures.append(what)
        print(f"FAILED {what}\n  {detail}")


def demo(folder, host):
    out = run(folder, "demo", host)[0].decode()
    check("demo: reads the page", "200 OK: hello from /index.html" in out, out)
    check("demo: posts on", "200 OK: received one=1&two=2" in out, out)
    check("demo: one call is refused", out.count("No request head is open") == 1, out)
    check("demo: shows the states", "Request-started -> Request-sent" in out, out)


def get(folder, host, tmp):
    big = 3_000_001
    want = (bytes(range(256)) * (big // 256 + 1))[:big]
    out = run(folder, "get", f"http://{host}/bytes/{big}")[0]
    check("get: the body on standard output", out == want, f"{len(out)} bytes")
    path = os.path.join(tmp, "page")
    run(folder, "get", f"http://{host}/bytes/{big}#part", path)
    with open(path, "rb") as f:
        check("get: the body in a file", hashlib.sha256(f.read()).digest() == hashlib.sha256(want).digest())
    out = run(folder, "get", f"HTTP://{host}?a=b")[0]
    check("get: a query without a path", out == b"hello from /?a=b", out)
    err = run(folder, "get", f"http://{host}/missing", want=1)[1].decode()
    check("get: says what the server said", "404 Not Found" in err, err)
    err = run(folder, "get", "ftp://example.test/", want=2)[1].decode()
    check("get: only http", "only http://" in err, err)
    err = run(folder, "get", "http://exa mple/", want=2)[1].decode()
    check("get: a host that cannot be", "exa mple" in err, err)
    with socket.socket() as unused:  # bound and not listening: every connection is refused
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        err = run(folder, "get", f"http://127.0.0.1:{port}/", want=1)[1].decode()
        check("get: names the address", f"127.0.0.1:{port}: Connection refused" in err, err)


def upload(folder, host, tmp):
    path = os.path.join(tmp, "file")
    with open(path, "wb") as f:
        f.write(b"x" * 1_000_000)
    out, err = run(folder, "upload", host, "/in", path)
    check("upload: a file", out == b"received 1000000 bytes" and b"200 OK" in err, out)
    out = run(folder, "upload", host, "/in", stdin=b"from a pipe")[0]
    check("upload: a pipe", out == b"received from a pipe", out)
    err = run(folder, "upload", host, "/in", os.path.join(tmp, "absent"), want=1)[1].decode()
    check("upload: no such file", "No such file" in err, err)


def epoll(folder, host):
    out = run(folder, "epoll", host, "/bytes/1000", "500", "20")[0].decode()
    check("epoll: all of them", out.startswith("500 requests done, 0 failed, 500000 bytes"), out)


def trace(folder, host):
    out, err = run(folder, "trace", host, "/bytes/100")
    check("trace: the body alone on standard output", out == bytes(range(100)), out)
    check("trace: the request as it was sent", b"> GET /bytes/100 HTTP/1.1\n> Host: " in err, err)
    check("trace: no secrets", b"> Cookie: [redacted]\n" in err and b"0123456789" not in err, err)
    check("trace: the answer", b"< HTTP/1.1 200 OK\n" in err, err)
    check("trace: where it went", f"* Trying {host}\n".encode() in err, err)
    check("trace: where the time went", all(f"\n{word} ".encode() in err for word in
          ("resolve", "connect", "send", "wait", "head", "body")) and b"\nTLS " not in err, err)
    check("trace: nothing hot", b"bytes of body" not in err, err)
    err = run(folder, "trace", "-s", "-b", host, "/")[1]
    check("trace: secrets for those who want them", b"> Cookie: session=0123456789\n" in err, err)
    check("trace: the body's pieces", b"< (12 bytes of body of 12)\n" in err, err)
    run(folder, "trace", host, want=2)
    run(folder, "trace", "exa mple", "/", want=1)


def timeouts(folder, host):
    out = run(folder, "timeouts", "30000", host, "/bytes/1000")[0]
    check("timeouts: an answer in time", len(out) == 1000, out)
    out = run(folder, "timeouts", "30000", host, "/think/100")[0]
    check("timeouts: a server may think", out == b"done thinking", out)
    began = time.monotonic()
    out, err = run(folder, "timeouts", "300", host, "/drip/100000", want=1)
    took = time.monotonic() - began
    err = err.decode()
    check("timeouts: says which", "HC_ERR_TIMEOUT: " in err and "timer: HC_TIMEOUT_TOTAL\n" in err, err)
    check("timeouts: says when", "while: reading the body\n" in err, err)
    check("timeouts: says how far", f"body: {len(out)} bytes of an answer with status 200\n" in err and
          0 < len(out) < 50 and set(out) == {ord(".")}, err)
    check("timeouts: is in time", 0.3 <= took < 10, f"{took} s")
    err = run(folder, "timeouts", "200", host, "/think/1000", want=1)[1].decode()
    check("timeouts: a server that thinks for too long", "while: waiting for the head of the answer\n" in err, err)
    with socket.socket() as full:  # a queue that is full swallows whoever comes
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        there = "127.0.0.1:%d" % full.getsockname()[1]
        with socket.create_connection(full.getsockname()):
            err = run(folder, "timeouts", "200", there, "/", want=3)[1].decode()
            check("timeouts: a black hole", "while: connecting\n" in err and f"tried: {there} for 2" in err, err)
            check("timeouts: nothing was sent", "moved: 0 bytes sent, 0 received\n" in err, err)
    run(folder, "timeouts", "-2", host, "/", want=2)


def pool(folder, host):
    port = host.rpartition(":")[2]
    out = run(folder, "pool", "6", "2", "300", "/bytes/100", host, f"localhost:{port}")[0].decode()
    check("pool: all of them", out.startswith("300 requests, 0 failed, 30000 bytes;"), out)
    kept, reused = (int(w) for w in out.split() if w.isdigit() and out.index(w) > out.index(";"))
    check("pool: no more than two connections to each", 2 <= kept <= 4, out)
    check("pool: they are used again", reused >= 290, out)
    err = run(folder, "pool", "2", "0", "1", "/", host, want=2)[1].decode()
    check("pool: no connections at all", "cannot be" in err, err)


def https(folder, tmp):
    """Against the test suite's TLS server, whose certificates are made here."""
    tests = os.path.join(os.path.dirname(HERE), "tests")
    certificates = os.path.join(tmp, "certificates")
    subprocess.run([sys.executable, os.path.join(tests, "tls", "make_certs.py"), certificates], check=True)
    with open(os.path.join(certificates, "ca.crt"), "rb") as f:
        page = f.read()
    server = subprocess.Popen([sys.executable, os.path.join(tests, "servers", "peers", "origin.py"), certificates,
                               certificates], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        ports = json.loads(server.stdout.readline())
        authority = os.path.join(certificates, "ca.crt")
        def at(name):
            return f"127.0.0.1:{ports[name]}"
        out, err = run(folder, "https", "-c", authority, "-n", "2", at("main"), "/files/ca.crt")
        check("https: the page, twice", out == page * 2, out)
        check("https: says what protects it", b"TLS 1.3, TLS_" in err and b"whole handshake" in err, err)
        check("https: takes the session up again", b"session taken up again" in err, err)
        out, err = run(folder, "https", "-c", authority, "-i", os.path.join(certificates, "client-all.pem"),
                       at("client"), "/files/ca.crt")
        check("https: a certificate of its own", out == page, err)
        err = run(folder, "https", "-c", authority, at("client"), "/", want=1)[1]
        check("https: no certificate of its own", b"-i gives" in err, err)
        err = run(folder, "https", "-c", authority, at("cert-expired"), "/", want=1)[1]
        check("https: an expired certificate", b"expired on" in err, err)
        err = run(folder, "https", "-c", authority, at("cert-self-signed-ca"), "/", want=1)[1]
        check("https: a stranger", b"with -c" in err, err)
        own = os.path.join(certificates, "self-signed-ca.crt")
        check("https: known by its own certificate",
              run(folder, "https", "-c", own, at("cert-self-signed-ca"), "/files/ca.crt")[0] == page)
        err = run(folder, "https", "-c", os.path.join(certificates, "empty.pem"), at("main"), "/", want=1)[1]
        check("https: names the file that is no good", b"empty.pem" in err, err)
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def main(folder):
    server = subprocess.Popen([sys.executable, os.path.join(HERE, "demo_server.py")],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        host = f"127.0.0.1:{int(server.stdout.readline())}"
        with tempfile.TemporaryDirectory() as tmp:
            demo(folder, host)
            get(folder, host, tmp)
            upload(folder, host, tmp)
            trace(folder, host)
            epoll(folder, host)
            https(folder, tmp)
            pool(folder, host)
            timeouts(folder, host)
    finally:
        server.stdin.close()
        check("demo_server: ends with its input", server.wait(timeout=30) == 0)
    print(f"{checks - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


sys.exit(main(sys.argv[1]))
