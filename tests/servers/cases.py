"""What is asked of every server. A case is a function that runs scripts for the client (client.c explains them)."""

import collections.abc
import dataclasses
import gzip

STYLES = ("blocking", "nonblocking", "sansio", "callbacks")
BODY_KINDS = ("memory", "iovec", "fd", "callback", "push")
SERVERS = ("nginx", "apache", "haproxy", "node", "python")
READERS = ("read", "read1", "full", "readv", "peek", "line", "all", "to-fd")

CASES = {}


@dataclasses.dataclass
class Case:
    name: str
    function: collections.abc.Callable
    styles: tuple
    servers: tuple
    transports: tuple


def case(name, styles=STYLES, servers=SERVERS, transports=("plain", "tls")):
    def keep(function):
        assert name not in CASES
        CASES[name] = Case(name, function, styles, servers, transports)
        return function
    return keep


# ---- connections ----

@case("keep-alive-100")
def keep_alive(t):
    d = t.site.small
    get = f"do GET /files/{d.name} -> 200 sha256={d.sha256} length={d.length} version=11 kept"
    t.run(f"{get} peer=any", f"repeat 99 {get} peer=same")


@case("idle-close")
def idle_close(t):
    """The server closes the idle connection; that is seen before the next request is sent, which reconnects."""
    d = t.site.small
    get = f"do GET /files/{d.name} -> 200 sha256={d.sha256}"
    t.run(f"{get} peer=any kept", "await-close", f"{get} peer=new", port="idle")


@case("counted-close")
def counted_close(t):
    """The server announces the close with its last answer."""
    d = t.site.small
    get = f"do GET /files/{d.name} -> 200 sha256={d.sha256}"
    script = []
    for _ in range(3):
        script += [f"{get} peer={'any' if not script else 'new'} {'kept' if t.peer.counted_requests > 1 else 'closes'}"]
        script += [f"{get} peer=same kept"] * (t.peer.counted_requests - 2)
        script += [f"{get} peer=same closes"] * (t.peer.counted_requests > 1)
    t.run(*script, port="counted")


@case("close-unread")
def close_unread(t):
    d = t.site.large
    t.run(f"send GET /files/{d.name}", "head 200 peer=any", "state Unread-response", "close", "state Idle",
          f"do GET /files/{t.site.small.name} -> 200 peer=new")


@case("drop-unread")
def drop_unread(t):
    """A response freed unread: whether its connection is used again is the library's choice; that the next answer is
    right is not."""
    d, large = t.site.small, t.site.large
    for name in (d.name, large.name):
        t.run(f"send GET /files/{name}", "head 200", "drop", f"do GET /files/{d.name} -> 200 sha256={d.sha256} peer=any")


@case("ipv6")
def ipv6(t):
    d = t.site.small
    get = f"do GET /files/{d.name} -> 200 sha256={d.sha256}"
    t.run(f"{get} peer=any kept", f"{get} peer=same", port="six")


@case("request-http-1.0")
def request_http_10(t):
    d = t.site.small
    get = f"do GET /files/{d.name} -> 200 sha256={d.sha256} closes"
    t.run("set version 10", f"{get} peer=any", f"{get} peer=new")


# ---- the order of the state diagram ----

@case("second-request-while-unread")
def second_request(t):
    d, m = t.site.small, t.site.medium
    t.run(f"send GET /files/{m.name}", "state Request-sent", "refused putrequest HC_ERR_CANNOT_SEND_REQUEST",
          "head 200 peer=any kept", "state Unread-response", "refused getresponse HC_ERR_RESPONSE_NOT_READY",
          f"send GET /files/{d.name}", "state Req-sent-unread-response",
          "refused getresponse HC_ERR_RESPONSE_NOT_READY", "refused putrequest HC_ERR_CANNOT_SEND_REQUEST",
          f"read sha256={m.sha256}", "state Request-sent", "head 200 peer=same", "state Unread-response",
          f"read sha256={d.sha256}", "state Idle")


@case("second-request-behind-a-large-answer")
def second_request_large(t):
    """The server is still writing the first answer, and is blocked by it, when the second request arrives."""
    d, large = t.site.small, t.site.large
    t.run(f"send GET /files/{large.name}", "head 200 peer=any", f"send GET /files/{d.name}",
          f"read sha256={large.sha256}", "head 200 peer=same", f"read sha256={d.sha256}", "state Idle")


# ---- pipelining ----

@case("pipelined")
def pipelined(t):
    """Requests of each kind leave together. Sixteen answers of this size fill every buffer on the way."""
    d, m = t.site.small, t.site.medium
    t.run("set pipeline 32", f"repeat 6 send GET /files/{d.name}", f"send HEAD /files/{m.name}", "send GET /nothing",
          f"send GET /chunked/{m.name}", f"repeat 16 send GET /files/{m.name}", f"send GET /files/{d.name}",
          "state Request-sent",
          "head 200 peer=any kept", f"read sha256={d.sha256}",
          *["head 200 peer=same kept", f"read sha256={d.sha256}"] * 5,
          "head 200 peer=same kept", "read length=0", "head 204 peer=same kept", "read length=0",
          "head 200 peer=same kept has:Transfer-Encoding=chunked", f"read sha256={m.sha256}",
          *["head 200 peer=same kept", f"read sha256={m.sha256}"] * 16,
          "head 200 peer=same", f"read sha256={d.sha256}", "state Idle",
          f"do GET /files/{d.name} -> 200 sha256={d.sha256} peer=same")


@case("pipelined-counted-close")
def pipelined_counted_close(t):
    """The server announces the close with an answer; what was sent behind it is known to be lost."""
    d, most = t.site.small, t.peer.counted_requests
    get = [f"read sha256={d.sha256}"]
    t.run("set pipeline 16", f"repeat {most + 2} send GET /files/{d.name}",
          *["head 200 kept", *get] * (most - 1), "head 200 closes", "state Idle", *get, "lost 2",
          "refused getresponse HC_ERR_RESPONSE_NOT_READY", port="counted")


# ---- downloads ----

@case("head")
def head(t):
    m = t.site.medium
    t.run(f"do HEAD /files/{m.name} -> 200 length=0 has:Content-Length={m.length} kept peer=any",
          f"do GET /files/{m.name} -> 200 sha256={m.sha256} peer=same")


@case("head-chunked")
def head_chunked(t):
    """Whatever framing the head announces, there is no body."""
    m = t.site.medium
    t.run(f"do HEAD /chunked/{m.name} -> 200 length=0 kept peer=any",
          f"do GET /files/{m.name} -> 200 sha256={m.sha256} peer=same")


@case("readers-length")
def readers_length(t):
    m = t.site.medium
    t.run(*(f"do GET /files/{m.name} -> 200 how={how} sha256={m.sha256} length={m.length} has:Content-Length={m.length}"
            for how in READERS),
          f"do GET /files/{t.site.small.name} -> 200 how=one sha256={t.site.small.sha256}")


@case("readers-chunked")
def readers_chunked(t):
    m = t.site.medium
    t.run(*(f"do GET /chunked/{m.name} -> 200 how={how} sha256={m.sha256} length={m.length} "
            "has:Transfer-Encoding=chunked lacks:Content-Length kept" for how in READERS),
          f"do GET /files/{t.site.small.name} -> 200 how=one sha256={t.site.small.sha256} peer=any")


@case("empty-file")
def empty_file(t):
    e = t.site.empty
    t.run(*(f"do GET /files/{e.name} -> 200 how={how} length=0 kept" for how in READERS))


@case("large-down")
def large_down(t):
    d = t.site.large
    t.run(f"do GET /files/{d.name} -> 200 sha256={d.sha256} length={d.length} kept peer=any",
          f"do GET /chunked/{d.name} -> 200 sha256={d.sha256} length={d.length} peer=any")


# Once is enough for a body of this size: beyond the transport nothing knows of TLS, and there large-down runs.
@case("huge-down", styles=("blocking",), transports=("plain",))
def huge_down(t):
    d = t.site.huge
    t.run(f"do GET /files/{d.name} -> 200 sha256={d.sha256} length={d.length} kept peer=any",
          f"do GET /files/{t.site.small.name} -> 200 peer=same")


@case("not-modified-etag")
def not_modified_etag(t):
    d = t.site.small
    t.run(f"do GET /files/{d.name} -> 200 has:ETag peer=any",
          f"do GET /files/{d.name} if-none-match -> 304 length=0 kept peer=same",
          f"do GET /files/{d.name} -> 200 sha256={d.sha256} peer=same")


@case("not-modified-date")
def not_modified_date(t):
    d = t.site.small
    t.run(f"do GET /files/{d.name} -> 200 has:Last-Modified peer=any",
          f"do GET /files/{d.name} if-modified-since -> 304 length=0 kept peer=same",
          f"do GET /files/{d.name} -> 200 sha256={d.sha256} peer=same")


@case("no-content")
def no_content(t):
    t.run("do GET /nothing -> 204 length=0 lacks:Content-Length kept peer=any",
          f"do GET /files/{t.site.small.name} -> 200 sha256={t.site.small.sha256} peer=same")


@case("gzip-not-asked")
def gzip_not_asked(t):
    """The library asks for identity by itself, so a server that can compress does not."""
    m = t.site.medium
    t.run(f"do GET /gzip/{m.name} -> 200 lacks:Content-Encoding sha256={m.sha256}")


@case("gzip-asked")
def gzip_asked(t):
    """Asked for by the caller, the coded bytes are delivered as they are."""
    m = t.site.medium
    path = t.scratch("body.gz")
    t.run(f"do GET /gzip/{m.name} gzip -> 200 has:Content-Encoding=gzip save={path} peer=any",
          f"do GET /files/{t.site.small.name} -> 200 peer=same")
    with open(path, "rb") as got, open(m.path, "rb") as want:
        t.check(gzip.decompress(got.read()) == want.read(), "the coded body is not the file")


@case("trailers")
def trailers(t):
    t.run("do GET /trailers -> 200 has:Trailer length=8 trailer:X-Digest=abc trailer:X-Count=2 lacks:X-Digest peer=any",
          "do GET /trailers -> 200 how=all trailer:X-Count=2 peer=same")


@case("interim-103")
def interim_103(t):
    t.run("do GET /hints -> 200 interim=2 interim-status=103 length=12 lacks:Link peer=any",
          f"do GET /files/{t.site.small.name} -> 200 interim=0 peer=same")


# ---- heads ----

@case("many-headers")
def many_headers(t):
    t.run("do GET /many/90 -> 200 headers=90 has:X-Many-0=value-0 has:x-many-89=value-89 kept")


@case("too-many-headers")
def too_many_headers(t):
    t.run("send GET /many/150", "fails HC_ERR_TOO_MANY_HEADERS", "set limit-headers 200",
          "do GET /many/150 -> 200 headers=150 has:X-Many-149=value-149")


@case("big-header")
def big_header(t):
    t.run("do GET /big/60000 -> 200 size:X-Big=60000 kept", "set limit-line 60000",
          "send GET /big/60000", "fails HC_ERR_LINE_TOO_LONG",
          f"do GET /files/{t.site.small.name} -> 200")


# ---- an HTTP/1.0 server; the others answer with HTTP/1.1 whatever they are asked ----

HTTP_10_SERVERS = ("python",)

@case("http-1.0", servers=HTTP_10_SERVERS)
def http_10(t):
    d = t.site.small
    get = f"do GET /files/{d.name} -> 200 version=10 sha256={d.sha256} closes"
    t.run(f"{get} peer=any", f"{get} peer=new",
          *(f"do GET /unsized/{d.name} -> 200 version=10 how={how} lacks:Content-Length sha256={d.sha256} closes peer=new"
            for how in READERS), f"do HEAD /files/{d.name} -> 200 length=0 peer=new", port="old")


@case("http-1.0-large", servers=HTTP_10_SERVERS)
def http_10_large(t):
    d = t.site.large
    t.run(f"do GET /unsized/{d.name} -> 200 lacks:Content-Length sha256={d.sha256} closes", port="old")


@case("http-1.0-upload", servers=HTTP_10_SERVERS)
def http_10_upload(t):
    m = t.site.medium
    t.run(*(f"do POST /upload/x body={kind}:{m.path} -> 200 has:X-Body-Sha256={m.sha256} closes" for kind in BODY_KINDS),
          port="old")


# In the sans-IO style the program has one wire; here it would need two.
@case("http-1.0-overlap", styles=("blocking", "nonblocking", "callbacks"), servers=HTTP_10_SERVERS)
def http_10_overlap(t):
    """A response that took its connection along is read while the next exchange runs on a new one."""
    d, large = t.site.small, t.site.large
    t.run(f"send GET /files/{large.name}", "head 200 closes peer=any", "state Idle", f"send GET /files/{d.name}",
          "head 200 closes peer=new", f"read sha256={large.sha256}", f"read sha256={d.sha256}", port="old")
