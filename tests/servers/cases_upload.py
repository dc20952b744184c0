"""What is asked of every server: the cases that send a body."""

from cases import BODY_KINDS, case


def uploads(t, document, kinds, framing):
    """One connection, one upload for each kind of body; the server says, or keeps, what arrived."""
    chunked = " chunked" if framing == "chunked" else ""
    for number, kind in enumerate(kinds):
        name = f"{t.style}-{kind}-{framing}"
        request = f"do {t.peer.upload} /upload/{name} body={kind}:{document.path}{chunked}"
        if t.peer.upload == "POST":
            expect = f"200 has:X-Body-Sha256={document.sha256} has:X-Body-Length={document.length} " \
                     f"has:X-Body-Framing={framing}"
        else:
            expect = "201"
        yield f"{request} -> {expect} kept peer={'same' if number else 'any'}"


def check_stored(t, document, kinds, framing):
    if t.peer.upload == "PUT":
        for kind in kinds:
            stored = t.peer.uploaded(f"{t.style}-{kind}-{framing}")
            t.check(stored == document.sha256, f"another file was stored ({kind} body)")


def upload(t, document, kinds, framing):
    t.run(*uploads(t, document, kinds, framing))
    check_stored(t, document, kinds, framing)


@case("upload-length")
def upload_length(t):
    upload(t, t.site.medium, BODY_KINDS, "length")


@case("upload-chunked")
def upload_chunked(t):
    upload(t, t.site.medium, BODY_KINDS, "chunked")


@case("upload-empty")
def upload_empty(t):
    upload(t, t.site.empty, BODY_KINDS, "length")
    upload(t, t.site.empty, BODY_KINDS, "chunked")


@case("idle-close-upload")
def idle_close_upload(t):
    """A body is not lost on a connection that the server has closed meanwhile."""
    m, d = t.site.medium, t.site.small
    get = f"do GET /files/{d.name} -> 200 sha256={d.sha256}"
    for kind, framing in (("callback", "length"), ("push", "chunked")):
        upload, = uploads(t, m, (kind,), framing)
        t.run(get, "await-close", upload.replace("peer=any", "peer=new"), port="idle")
        check_stored(t, m, (kind,), framing)


@case("large-up")
def large_up(t):
    upload(t, t.site.large, ("fd", "push"), "length")
    upload(t, t.site.large, ("fd", "callback"), "chunked")


@case("huge-up", styles=("blocking",), transports=("plain",))
def huge_up(t):
    upload(t, t.site.huge, ("push",), "length")


@case("request-trailers")
def request_trailers(t):
    """Every server takes them; some tell what they got."""
    upload, = uploads(t, t.site.medium, ("push",), "chunked")
    upload = upload.replace(" ->", " trailer:X-Check=complete trailer:X-Other=more ->")
    if t.peer.tells_trailers:
        upload += " has:X-Body-Trailer=complete"
    t.run(upload, f"do GET /files/{t.site.small.name} -> 200 sha256={t.site.small.sha256} peer=same")
    check_stored(t, t.site.medium, ("push",), "chunked")


# ---- Expect ----

@case("expect-continue")
def expect_continue(t):
    m = t.site.medium
    chunked = {"length": "", "chunked": " chunked"}
    for framing, word in chunked.items():
        for kind in BODY_KINDS:
            name = f"{t.style}-{kind}-{framing}"
            expect = f"200 has:X-Body-Sha256={m.sha256}" if t.peer.upload == "POST" else "201"
            # Long enough that only a 100 from the server can have started the body.
            t.run("set timeout-expect 15000",
                  f"do {t.peer.upload} /upload/{name} expect body={kind}:{m.path}{word} -> {expect} interim=1 "
                  "interim-status=100 kept")
        check_stored(t, m, BODY_KINDS, framing)


@case("expect-refused")
def expect_refused(t):
    large, d = t.site.large, t.site.small
    for kind in ("callback", "push"):
        t.run("set timeout-expect 15000",
              f"do {t.peer.upload} /limited/x expect unsent body={kind}:{large.path} -> 413 interim=0 closes peer=any",
              f"do GET /files/{d.name} -> 200 sha256={d.sha256} peer=new")


# ---- an answer while the body is being sent ----

def early(t, kind):
    """The answer is received though the body is not sent to its end, and the connection is not used again."""
    d, large = t.site.small, t.site.large
    for framing in ("", " chunked"):
        t.run(f"do {t.peer.upload} /limited/x body={kind}:{large.path}{framing} early -> 413 closes peer=any",
              f"do GET /files/{d.name} -> 200 sha256={d.sha256} peer=new")


@case("early-413-push")
def early_push(t):
    early(t, "push")


@case("early-413-fd")
def early_fd(t):
    early(t, "fd")


@case("early-413-callback")
def early_callback(t):
    early(t, "callback")


@case("early-413-memory")
def early_memory(t):
    early(t, "memory")


@case("early-413-arrived")
def early_arrived(t):
    """The answer is there when the next piece of the body is pushed, and the socket would take that piece."""
    large, d = t.site.large, t.site.small
    t.run(f"do {t.peer.upload} /limited/x body=push:{large.path} await-answer early -> 413 closes peer=any",
          f"do GET /files/{d.name} -> 200 sha256={d.sha256} peer=new", port=t.silent_port)


@case("held")
def held(t):
    """The server answers, neither reads on nor closes: who only writes is stuck for ever."""
    d, large = t.site.small, t.site.large
    for kind in ("push", "fd", "callback"):
        for framing in ("", " chunked"):
            t.run(f"do POST /held/x body={kind}:{large.path}{framing} early -> 413 length=10 closes peer=any",
                  f"do GET /files/{d.name} -> 200 sha256={d.sha256} peer=new")
