#!/usr/bin/env python3
"""Runs the library through proxies that were not written for it, tinyproxy, squid, HAProxy, microsocks, Dante and
a server in Perl, with and without user and password, and looks at every byte that the proxy and the origin were sent.

    python3 tests/proxies/run.py [--lib-dir target/release] [--proxy squid] [-k word] [--allow-missing]

All of it happens on loopback; each proxy is started here with its own configuration and stopped by its process id.
"""

import argparse
import base64
import functools
import os
import shutil
import sys
import tempfile
import time
import traceback
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(PROJECT, "tests", "servers"), os.path.join(PROJECT, "tests", "tls")]

import proxies  # noqa: E402
from library import PROXY, Failed, open_library  # noqa: E402
from make_certs import Certificates  # noqa: E402
from peers.base import Missing, StartFailed  # noqa: E402
from wires import Origin, Relay, server_context  # noqa: E402

CASES = []
OWN = [("Authorization", "Bearer for-the-origin"), ("Cookie", "for=the-origin")]
KEY = [("Proxy-Key", "for-the-proxy")]


def case(*kinds, auth=None, tls=""):
    """For these proxies; `auth` for those that want a user, or do not, alone; `tls` with "origin", "proxy" or both."""
    def add(function):
        CASES.append((function.__name__.replace("_", "-"), kinds, auth, tls, function))
        return function
    return add


class Trial:
    """One proxy behind a relay, an origin, and the library in one style."""

    def __init__(self, library, proxy, origin, relay, nonblocking, certificates):
        self.library, self.proxy, self.origin, self.relay = library, proxy, origin, relay
        self.nonblocking, self.certificates = nonblocking, certificates
        self.scheme = "https" if relay.context else proxy.scheme

    def url(self, user=None, password=None):
        who = ""
        if user is not None:
            who = f"{urllib.parse.quote(user, safe='')}:{urllib.parse.quote(password, safe='')}@"
        return f"{self.scheme}://{who}127.0.0.1:{self.relay.port}"

    def good_url(self):
        return self.url(self.proxy.user, self.proxy.password) if self.proxy.auth else self.url()

    def connection(self, host="localhost"):
        c = self.library.connection(host, self.origin.port, self.nonblocking)
        if self.origin.context:
            c.tls("hc_set_tls", self.trust(), self.identity())
        if self.relay.context:
            c.tls("hc_set_proxy_tls", self.trust())
        return c

    def trust(self):
        return "hc_tls_add_ca_file", self.certificates.path("ca.crt").encode()

    def identity(self):
        chain, key = (self.certificates.path(name).encode() for name in ("client.chain", "client.key"))
        return "hc_tls_set_client_cert_file", chain, key, None

    def token(self):
        return base64.b64encode(f"{self.proxy.user}:{self.proxy.password}".encode())

    def exchange(self, c, target, fields=OWN):
        status, body, got = c.get(target, fields)
        assert status == 200, (status, body)
        assert ("x-origin", "yes") in [(name.lower(), value) for name, value in got], got
        return body

    def no_secret_reached_the_origin(self):
        seen = b"".join(self.origin.heads).lower()
        assert seen, "the origin was asked nothing"
        assert b"proxy-authorization" not in seen and b"connect " not in seen, seen
        assert self.token().lower() not in seen, seen


@case("tinyproxy", "squid", "haproxy")
def forwarded(t):
    """RFC 9112 section 3.2.2: whole requests. Tinyproxy hangs up behind an answer without a word of warning."""
    with t.connection() as c:
        c.set_proxy(t.good_url())
        c.must("hc_set_retry", c.c, 1)
        for target in ("/a?b", "/c"):
            assert t.exchange(c, target).startswith(f"GET {target} HTTP/1.".encode())
    assert len(t.origin.heads) == 2
    first = bytes(t.relay.sent[0])
    assert first.startswith(f"GET http://localhost:{t.origin.port}/a?b HTTP/1.1\r\n".encode()), first
    assert (b"Proxy-Authorization: Basic " + t.token() in first) == t.proxy.auth
    t.no_secret_reached_the_origin()


@case("squid", "haproxy")
def forwarding_keeps_the_connection(t):
    with t.connection() as c:
        c.set_proxy(t.good_url())
        for target in ("/a", "/b", "/c"):
            t.exchange(c, target)
    assert len(t.relay.sent) == 1, len(t.relay.sent)


@case("tinyproxy", "squid", "haproxy")
def tunnelled(t):
    """Row 166: nothing but CONNECT is told to the proxy, nothing of it to the origin."""
    with t.connection() as c:
        c.set_proxy(t.good_url(), tunnel=True, fields=KEY)
        for target in ("/a", "/b"):
            assert t.exchange(c, target).startswith(f"GET {target} HTTP/1.1\r\nHost: localhost:".encode())
        status, body, _ = c.proxy_response()
        assert (status, body) == (200, b""), (status, body)
    assert len(t.relay.sent) == 1
    head, rest = bytes(t.relay.sent[0]).split(b"\r\n\r\n", 1)
    authority = f"localhost:{t.origin.port}".encode()
    assert head.startswith(b"CONNECT " + authority + b" HTTP/1.1\r\nHost: " + authority + b"\r\n"), head
    assert b"for-the-origin" not in head and b"the-origin" not in head, head
    assert b"Proxy-Key: for-the-proxy" in head
    assert (t.token() in head) == t.proxy.auth
    assert b"for-the-proxy" not in rest and b"Proxy-" not in rest, rest
    assert rest == b"".join(t.origin.heads)
    t.no_secret_reached_the_origin()


@case("tinyproxy", "squid", "haproxy", auth=True)
def refused_then_told(t):
    """Row 162: 407 is readable; with user and password set, the same handle goes on."""
    with t.connection() as c:
        c.set_proxy(t.url(), tunnel=True)
        try:
            c.get("/a", OWN)
            raise AssertionError("the proxy lets everybody in")
        except Failed as failure:
            assert failure.status == PROXY and failure.http_status == 407, failure
            assert f"127.0.0.1:{t.relay.port}" in failure.text and "407" in failure.text, failure
        status, body, fields = c.proxy_response()
        assert status == 407 and body, (status, body)
        assert any(name.lower() == "proxy-authenticate" for name, _ in fields), fields
        assert t.origin.heads == []
        c.set_proxy_auth(t.proxy.user, t.proxy.password)
        t.exchange(c, "/a")
    assert b"for-the-origin" not in t.relay.sent[0].split(b"GET /a")[0]
    t.no_secret_reached_the_origin()


@case("squid", "haproxy", auth=True)
def told_on_the_same_connection(t):
    with t.connection() as c:
        c.set_proxy(t.url(), tunnel=True)
        try:
            c.get("/a")
            raise AssertionError("the proxy lets everybody in")
        except Failed as failure:
            assert failure.http_status == 407, failure
        c.set_proxy_auth(t.proxy.user, t.proxy.password)
        t.exchange(c, "/a")
    sent = [bytes(s) for s in t.relay.sent]
    assert len(sent) == 1 and sent[0].count(b"CONNECT ") == 2, sent


@case("tinyproxy", "squid", "haproxy", auth=True)
def forwarded_and_refused(t):
    """What a proxy that forwards has to say is the response."""
    with t.connection() as c:
        c.set_proxy(t.url())
        status, body, fields = c.get("/a")
        assert status == 407 and body, (status, body)
        assert any(name.lower() == "proxy-authenticate" for name, _ in fields), fields
    assert t.origin.heads == []


@case("tinyproxy", "squid", "haproxy")
def nobody_behind_it(t):
    with t.library.connection("127.0.0.1", closed_port(), t.nonblocking) as c:
        c.set_proxy(t.good_url(), tunnel=True)
        try:
            c.get("/a")
            raise AssertionError("somebody answered")
        except Failed as failure:
            assert failure.status == PROXY and failure.http_status in (500, 502, 503, 504), failure
            assert c.proxy_response()[0] == failure.http_status


@case("microsocks", "dante")
def socks(t):
    for host in ("localhost", "127.0.0.1"):
        with t.connection(host) as c:
            c.set_proxy(t.good_url())
            for target in ("/a", "/b"):
                assert t.exchange(c, target).startswith(f"GET {target} HTTP/1.1\r\nHost: {host}:".encode())
    named, numbered = (bytes(s) for s in t.relay.sent)
    assert b"\x05\x01\x00\x03\x09localhost" in named, named
    assert b"\x05\x01\x00\x01\x7f\x00\x00\x01" in numbered, numbered
    seen = b"".join(t.origin.heads)
    assert t.proxy.password.encode() not in seen and t.proxy.user.encode() not in seen
    for sent in (named, numbered):
        negotiation = sent.split(b"GET /a")[0]
        assert b"for-the-origin" not in negotiation
        assert (t.proxy.password.encode() in negotiation) == t.proxy.auth


@case("microsocks", "dante", auth=True)
def socks_refusals(t):
    for url, words in ((t.url(), "wants authentication"), (t.url("x", "y"), "refused user and password")):
        with t.connection() as c:
            c.set_proxy(url)
            try:
                c.get("/a", OWN)
                raise AssertionError("the proxy lets everybody in")
            except Failed as failure:
                assert failure.status == PROXY and words in failure.text, failure
                assert f"socks5h://127.0.0.1:{t.relay.port}" in failure.text, failure
    assert t.origin.heads == []


@case("perl-socks")
def socks4a(t):
    """The older protocol, with the name of the origin and with an address."""
    for host in ("localhost", "127.0.0.1"):
        with t.connection(host) as c:
            c.set_proxy(f"socks4a://{urllib.parse.quote(t.proxy.user)}@127.0.0.1:{t.relay.port}")
            for target in ("/a", "/b"):
                assert t.exchange(c, target).startswith(f"GET {target} HTTP/1.1\r\nHost: {host}:".encode())
    port, user = t.origin.port.to_bytes(2, "big"), t.proxy.user.encode()
    named, numbered = (bytes(s) for s in t.relay.sent)
    assert named.startswith(b"\x04\x01" + port + b"\x00\x00\x00\x01" + user + b"\x00localhost\x00GET "), named
    assert numbered.startswith(b"\x04\x01" + port + b"\x7f\x00\x00\x01" + user + b"\x00GET "), numbered
    assert user not in b"".join(t.origin.heads)


@case("dante")
def socks4_with_an_address(t):
    """Dante knows version 4 without names; with a user and password to be asked for it refuses that, too."""
    with t.connection("127.0.0.1") as c:
        c.set_proxy(f"socks4a://127.0.0.1:{t.relay.port}")
        try:
            t.exchange(c, "/a")
            assert not t.proxy.auth
        except Failed as failure:
            assert t.proxy.auth and failure.status == PROXY and "reply 91" in failure.text, failure


@case("perl-socks")
def socks4a_with_nobody_behind(t):
    who = f"{urllib.parse.quote(t.proxy.user)}@" if t.proxy.auth else ""
    with t.library.connection("127.0.0.1", closed_port(), t.nonblocking) as c:
        c.set_proxy(f"socks4a://{who}127.0.0.1:{t.relay.port}")
        try:
            c.get("/a")
            raise AssertionError("somebody answered")
        except Failed as failure:
            assert failure.status == PROXY and "reply 91" in failure.text, failure


@case("perl-socks", auth=True)
def socks4a_stranger(t):
    with t.connection() as c:
        c.set_proxy(f"socks4a://stranger@127.0.0.1:{t.relay.port}")
        try:
            c.get("/a", OWN)
            raise AssertionError("the proxy lets everybody in")
        except Failed as failure:
            assert failure.status == PROXY, failure
    assert t.origin.heads == []


@case("microsocks", "dante")
def socks_with_nobody_behind(t):
    with t.library.connection("127.0.0.1", closed_port(), t.nonblocking) as c:
        c.set_proxy(t.good_url())
        try:
            c.get("/a")
            raise AssertionError("somebody answered")
        except Failed as failure:
            assert failure.status == PROXY and "connection refused (reply 5)" in failure.text, failure


def is_tls(data):
    """Does it begin with a ClientHello, and is nothing of the request to be seen in it?"""
    return data.startswith(b"\x16\x03") and b"for-the-origin" not in data and b"GET /" not in data


@case("tinyproxy", "squid", "haproxy", tls="origin")
def tunnel_to_tls(t):
    """An origin with TLS needs a tunnel; the proxy sees host and port, and what TLS shows."""
    with t.connection() as c:
        c.set_proxy(t.good_url(), fields=KEY)
        for target in ("/a", "/b"):
            assert t.exchange(c, target).startswith(f"GET {target} HTTP/1.1\r\nHost: localhost:".encode())
    assert len(t.relay.sent) == 1 and t.origin.identified == [True], t.origin.identified
    head, rest = bytes(t.relay.sent[0]).split(b"\r\n\r\n", 1)
    assert head.startswith(f"CONNECT localhost:{t.origin.port} HTTP/1.1\r\n".encode()), head
    assert (t.token() in head) == t.proxy.auth and is_tls(rest), rest
    t.no_secret_reached_the_origin()


@case("microsocks", "dante", tls="origin")
def socks_to_tls(t):
    with t.connection() as c:
        c.set_proxy(t.good_url())
        for target in ("/a", "/b"):
            t.exchange(c, target)
    sent = bytes(t.relay.sent[0])
    assert is_tls(sent[sent.index(b"localhost") + len("localhost") + 2:]), sent


@case("tinyproxy", "squid", tls="proxy")
def forwarded_over_tls(t):
    """TLS to the proxy alone. It is shown no certificate of the client's that is for the origin."""
    with t.connection() as c:
        c.tls("hc_set_tls", t.trust(), t.identity())
        c.must("hc_set_tls", c.c, None)
        c.set_proxy(t.good_url())
        t.exchange(c, "/a")
    first = bytes(t.relay.sent[0])
    assert first.startswith(f"GET http://localhost:{t.origin.port}/a HTTP/1.1\r\n".encode()), first
    assert t.relay.identified == [False], t.relay.identified
    t.no_secret_reached_the_origin()


@case("tinyproxy", "squid", "haproxy", tls=("origin", "proxy"))
def tls_inside_tls(t):
    with t.connection() as c:
        c.set_proxy(t.good_url())
        for target in ("/a", "/b"):
            t.exchange(c, target)
    assert len(t.relay.sent) == 1
    assert (t.relay.identified, t.origin.identified) == ([False], [True]), (t.relay.identified, t.origin.identified)
    head, rest = bytes(t.relay.sent[0]).split(b"\r\n\r\n", 1)
    assert head.startswith(f"CONNECT localhost:{t.origin.port} HTTP/1.1\r\n".encode()), head
    assert (t.token() in head) == t.proxy.auth and is_tls(rest), rest
    t.no_secret_reached_the_origin()


@case("squid", auth=True, tls=("origin", "proxy"))
def told_on_the_same_tls_connection(t):
    with t.connection() as c:
        c.set_proxy(t.url())
        try:
            c.get("/a", OWN)
            raise AssertionError("the proxy lets everybody in")
        except Failed as failure:
            assert failure.http_status == 407, failure
        assert c.proxy_response()[0] == 407
        c.set_proxy_auth(t.proxy.user, t.proxy.password)
        t.exchange(c, "/a")
    sent = [bytes(s) for s in t.relay.sent]
    assert len(sent) == 1 and sent[0].count(b"CONNECT ") == 2, sent


@case("tinyproxy", tls=("origin", "proxy"))
def nobody_who_is_not_trusted(t):
    """The name of the proxy, or of the origin, stands in the failure; the other is not asked."""
    other = "hc_tls_add_ca_file", t.certificates.path("other-ca.crt").encode()
    for setter, asked in (("hc_set_proxy_tls", 0), ("hc_set_tls", 1)):
        with t.connection() as c:
            c.tls(setter, other)
            c.set_proxy(t.good_url())
            try:
                c.get("/a", OWN)
                raise AssertionError("a certificate of nobody's passes")
            except Failed as failure:
                is_proxy = f"https://localhost:{t.relay.port}" in failure.text or \
                    f"https://127.0.0.1:{t.relay.port}" in failure.text
                assert -99 <= failure.status <= -80 and is_proxy == (asked == 0), failure
        assert b"".join(t.relay.sent).count(b"CONNECT ") == asked, t.relay.sent
    assert t.origin.heads == []


def closed_port():
    """A port of this machine on which nobody listens, as of a moment ago."""
    with Origin() as origin:
        return origin.port


def run_proxy(kind, auth, arguments, library, directory, certificates, count):
    contexts = functools.partial(server_context, certificates)
    proxy = kind(os.path.join(directory, f"{kind.name}-{'auth' if auth else 'open'}"), auth)
    chosen = [(name, tls, function) for name, kinds, only, tls, function in CASES
              if kind.name in kinds and only in (None, auth) and (arguments.k or "") in name]
    where = f"{kind.name:11} {'user' if auth else 'open':5}"
    try:
        proxy.start()
        for name, tls, function in chosen:
            origin_tls, proxy_tls = (contexts() if end in tls else None for end in ("origin", "proxy"))
            for nonblocking in (False, True):
                style = "nonblocking" if nonblocking else "blocking"
                started = time.monotonic()
                try:
                    with Origin(origin_tls) as origin, Relay(proxy.port(), proxy_tls) as relay:
                        function(Trial(library, proxy, origin, relay, nonblocking, certificates))
                    print(f"ok   {where} {style:11} {name:34} {time.monotonic() - started:5.2f} s", flush=True)
                    count["ok"] += 1
                except Exception:  # whatever a case raises is its failure
                    print(f"FAIL {where} {style:11} {name}\n{traceback.format_exc()}{proxy.output()}", flush=True)
                    count["failed"] += 1
    except (Missing, StartFailed) as failure:
        skipped = isinstance(failure, proxies.NotHere) or (isinstance(failure, Missing) and arguments.allow_missing)
        print(f"{'skip' if skipped else 'FAIL'} {where} {failure}", flush=True)
        count["skipped" if skipped else "failed"] += 1
    finally:
        proxy.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lib-dir", default=os.path.join(PROJECT, "target", "release"), help="where libhttpclient.so is")
    parser.add_argument("--proxy", action="append", choices=proxies.KINDS, help="only this proxy; may be repeated")
    parser.add_argument("-k", metavar="WORD", help="only cases whose name contains this")
    parser.add_argument("--allow-missing", action="store_true", help="a proxy that is not installed is skipped")
    arguments = parser.parse_args()
    library = open_library(arguments.lib_dir)
    count = {"ok": 0, "failed": 0, "skipped": 0}
    directory = tempfile.mkdtemp(prefix="httpclient-proxies-")
    try:
        certificates = Certificates(os.path.join(directory, "certificates"))
        for name in arguments.proxy or proxies.KINDS:
            for auth in (False, True):
                run_proxy(proxies.KINDS[name], auth, arguments, library, directory, certificates, count)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(", ".join(f"{n} {what}" for what, n in count.items()))
    sys.exit(count["failed"] > 0 or count["ok"] == 0)


if __name__ == "__main__":
    main()
