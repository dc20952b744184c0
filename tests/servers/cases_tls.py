"""What is asked of the servers with TLS, beyond everything that the other cases ask of them, too."""

import hashlib

from cases import SERVERS, STYLES, case
from cases_upload import check_stored, uploads
from relay import CutBytes, CutData, NoGoodbye, Relay, Torn, one_by_one

SINGLE = ("openssl", "gnutls")  # those that serve HTTP/1.0, and tell nothing
PAGE = {"openssl": "/small.txt", "gnutls": "/any"}


def tls_case(name, styles=STYLES, servers=SERVERS):
    return case(name, styles, servers, ("tls",))


def get(t, document=None):
    d = document or t.site.small
    return f"do GET /files/{d.name} -> 200 sha256={d.sha256} length={d.length}"


def page(t):
    """The one document of a server that has no rooms."""
    d = t.site.small if t.peer.name == "openssl" else t.site.medium
    return f"do GET {PAGE[t.peer.name]} -> 200 version=10 sha256={d.sha256} length={d.length} closes"


def saw(version, resumed, client=None):
    """The same in the server's words and in ours."""
    told = f"has:X-Tls-Version=TLSv{version} has:X-Tls-Resumed={resumed}"
    return f" {told}" + (f" has:X-Tls-Client={client}" if client else ""), f"tls version={version} resumed={resumed}"


# ---- versions ----

@tls_case("tls-versions")
def versions(t):
    for port, version in (("tls12", "1.2"), ("tls13", "1.3"), ("main", "1.3")):
        told, info = saw(version, "no")
        t.run(f"{get(t)}{told} kept", f"{info} alpn={t.peer.alpn} chain=2", f"{get(t, t.site.medium)} peer=same",
              port=port)


@tls_case("tls-our-versions")
def our_versions(t):
    for wanted, version in (("max=1.2", "1.2"), ("min=1.3", "1.3")):
        told, info = saw(version, "no")
        t.run(f"{get(t)}{told}", info, tls=t.trust(wanted))


@tls_case("tls-no-common-version")
def no_common_version(t):
    """The server's alert is named."""
    for port, wanted in (("tls12", "min=1.3"), ("tls13", "max=1.2")):
        t.run("refuses / HC_ERR_TLS UNSUPPORTED_VERSION", port=port, tls=t.trust(wanted))


@tls_case("tls-1.1-server", servers=("python",))
def tls11(t):
    t.run("refuses / HC_ERR_TLS UNSUPPORTED_VERSION", port="tls11")


# ---- certificates of the client ----

@tls_case("tls-client-certificate")
def client_certificate(t):
    for certificate, key in (("client.chain", "client.key"), ("client.chain", "client-sec1.key"),
                             ("client-rsa.chain", "client-rsa.key"), ("client-rsa.chain", "client-pkcs1.key")):
        told, info = saw("1.3", "no", certificate.removesuffix(".chain"))
        t.run(f"{get(t)}{told} kept", info, f"{get(t)} peer=same", port="client", tls=t.identified(certificate, key))
    told, info = saw("1.2", "no", "client")
    t.run(f"{get(t)}{told}", info, port="client", tls=(*t.identified("client.chain", "client.key"), "max=1.2"))


@tls_case("tls-client-certificate-missing")
def client_certificate_missing(t):
    """In TLS 1.3 the refusal comes after the handshake, in place of the answer; in 1.2 OpenSSL does not say why."""
    for more, reason in (((), "CLIENT_CERTIFICATE"), (("max=1.2",), "NOTHING_IN_COMMON")):
        t.run(t.peer.without_certificate or f"refuses /files/small.txt HC_ERR_TLS {reason}", port="client",
              tls=t.trust(*more))


@tls_case("tls-client-certificate-foreign")
def client_certificate_foreign(t):
    tls = t.identified("client-other.chain", "client-other.key")
    t.run(t.peer.foreign_certificate or "refuses /files/small.txt HC_ERR_TLS CLIENT_CERTIFICATE", port="client", tls=tls)


# ---- resumption ----

@tls_case("tls-resumption")
def resumption(t):
    """The second connection resumes, with the tickets of 1.3 and of 1.2 and with a 1.2 server's session id."""
    ids = (("ids", "1.2"),) if t.peer.keeps_sessions else ()
    for port, version in (("tls13", "1.3"), ("tls12", "1.2"), *ids):
        told, info = saw(version, "no")
        again, resumed = saw(version, "yes")
        t.run(f"{get(t)}{told} peer=any", info, "close", f"{get(t)}{again} peer=new", resumed, "close",
              f"{get(t)}{again} peer=new", resumed, port=port)


@tls_case("tls-resumption-with-certificate")
def resumption_with_certificate(t):
    told, info = saw("1.3", "no", "client")
    again, resumed = saw("1.3", "yes", "client")
    t.run(f"{get(t)}{told}", info, "close", f"{get(t)}{again} peer=new", resumed, port="client",
          tls=t.identified("client.chain", "client.key"))


@tls_case("tls-resumption-off")
def resumption_off(t):
    told, info = saw("1.3", "no")
    t.run(f"{get(t)}{told}", info, "close", f"{get(t)}{told} peer=new", info, tls=t.trust("sessions=0"))


# ---- bytes in other pieces ----

@tls_case("tls-torn")
def torn(t):
    m = t.site.medium
    for port in ("tls12", "tls13"):
        with Relay(t.peer.ports[port], Torn, Torn) as relay:
            upload, = uploads(t, m, ("memory",), "length")
            t.run(f"{get(t, m)} kept peer=any", upload.replace("peer=any", "peer=same"), f"{get(t)} peer=same",
                  port=relay.port)
            check_stored(t, m, ("memory",), "length")


@tls_case("tls-byte-by-byte")
def byte_by_byte(t):
    """One byte in each segment; where the bytes pass through the program, also one byte in each read and write."""
    for port in ("tls12", "tls13"):
        with Relay(t.peer.ports[port], lambda: one_by_one, lambda: one_by_one) as relay:
            t.run(f"{get(t)} kept", f"{get(t)} peer=same", port=relay.port)
        if t.style in ("sansio", "callbacks"):
            t.run(f"{get(t)} kept", f"{get(t)} peer=same", port=port, tls=t.trust("trickle=1"))


# ---- truncation ----

@tls_case("row-130-no-close-notify-after-a-complete-body")
def row_130(t):
    """A message with an end of its own is complete whatever follows."""
    for port in ("tls12", "tls13"):
        with Relay(t.peer.ports[port], NoGoodbye) as relay:
            for room in ("files", "chunked"):
                t.run(f"do GET /{room}/{t.site.medium.name} h:Connection=close -> 200 sha256={t.site.medium.sha256} closes",
                      f"{get(t)} peer=new", port=relay.port)


@tls_case("row-131-cut-in-the-body")
def row_131(t):
    """Inside a record and between two: what arrived is delivered, and it is no success."""
    for port in ("tls12", "tls13"):
        for inside in (True, False):
            with Relay(t.peer.ports[port], lambda inside=inside: CutData(t.site.medium.length // 2, inside)) as relay:
                for room in ("files", "chunked"):
                    t.run(f"send GET /{room}/{t.site.medium.name}", "head 200",
                          f"breaks HC_ERR_INCOMPLETE tls-truncated atleast={t.site.medium.length // 4}", port=relay.port)


@tls_case("row-132-close-delimited-body", servers=("python",))
def row_132(t):
    """Without a close_notify the end of such a body is nobody's word. Python's server sends none by itself."""
    d = t.site.medium
    for port in ("rude", "rude12"):
        t.run(f"send GET /unsized/{d.name}", "head 200 lacks:Content-Length closes",
              f"breaks HC_ERR_INCOMPLETE tls-truncated atleast={d.length}", port=port)
    t.run(f"do GET /unsized/{d.name} -> 200 sha256={d.sha256} closes", port="old")
    with Relay(t.peer.ports["old"], NoGoodbye) as relay:
        t.run(f"send GET /unsized/{d.name}", "head 200",
              f"breaks HC_ERR_INCOMPLETE tls-truncated atleast={d.length}", port=relay.port)


LENIENT_TLS_TRUNCATION = 131072  # HC_LENIENT_TLS_TRUNCATION


@tls_case("row-132-truncation-allowed", servers=("python",))
def row_132_allowed(t):
    """A program that forgives a missing close_notify is forgiven nothing else: what has a length is counted."""
    d = t.site.medium
    for port in ("rude", "rude12"):
        t.run(f"set lenient {LENIENT_TLS_TRUNCATION}", f"do GET /unsized/{d.name} -> 200 sha256={d.sha256} closes",
              "set lenient 0", f"send GET /unsized/{d.name}", "head 200 closes",
              f"breaks HC_ERR_INCOMPLETE tls-truncated atleast={d.length}", port=port)
    with Relay(t.peer.ports["tls13"], lambda: CutData(d.length // 2, False)) as relay:
        for room in ("files", "chunked"):
            t.run(f"set lenient {LENIENT_TLS_TRUNCATION}", f"send GET /{room}/{d.name}", "head 200",
                  f"breaks HC_ERR_INCOMPLETE tls-truncated atleast={d.length // 4}", port=relay.port)


@tls_case("row-133-cut-in-the-head", servers=("node", "python"))
def row_133(t):
    """A head of 60,000 bytes spans records; the end after the first of them."""
    for port in ("tls12", "tls13"):
        with Relay(t.peer.ports[port], lambda: CutData(16000, False)) as relay:
            t.run("send GET /big/60000", "fails HC_ERR_INCOMPLETE", port=relay.port)


@tls_case("row-141-close-in-the-handshake")
def row_141(t):
    """The end of the stream at any point of the server's first flight."""
    for after in (0, 3, 5, 60, 200, 900):
        with Relay(t.peer.ports["tls13"], lambda after=after: CutBytes(after)) as relay:
            t.run("refuses / HC_ERR_TLS_EOF TRUNCATED", port=relay.port)


# ---- what is no TLS ----

# The others wait for the end of a line, and there need be none in what TLS says first.
@tls_case("row-138-plain-http-on-the-tls-port", servers=("nginx", "haproxy", "node"))
def row_138(t):
    t.run("refuses / HC_ERR_TLS PLAIN_HTTP", port="plain", tls=t.trust())


# ---- the failures that have a name ----

FAILURES = (
    ("expired", "EXPIRED"), ("not-yet-valid", "NOT_YET_VALID"), ("wrong-name", "WRONG_NAME"), ("dns-only", "WRONG_NAME"),
    ("cn-only", "NO_NAME"), ("wildcard", "WRONG_NAME"), ("unknown-ca", "UNKNOWN_ISSUER"),
    ("self-signed-ca", "SELF_SIGNED"), ("self-signed-leaf", "SELF_SIGNED"), ("client-only", "WRONG_PURPOSE"),
    ("rsa1024", "WEAK_KEY"), ("sha1", "WEAK_SIGNATURE"), ("constrained-leaf", "NAME_CONSTRAINT"),
    ("deep-leaf", "CHAIN_TOO_LONG"), ("narrow-leaf", "CHAIN_TOO_LONG"),
)


@tls_case("row-134-certificates", servers=("python",))
def row_134(t):
    for leaf, reason in FAILURES:
        t.run(f"refuses / HC_ERR_TLS_CERTIFICATE {reason}", port=f"cert-{leaf}")
    t.run("refuses / HC_ERR_TLS_CERTIFICATE REVOKED", port="cert-revoked", tls=(*t.trust(), f"crl={t.certificate('ca.crl')}"))
    t.run(f"{get(t)} kept", port="cert-revoked")  # nobody has said so
    t.run(f"{get(t)} kept", port="cert-rsa")


@tls_case("row-134-wildcard", servers=("python",))
def row_134_wildcard(t):
    """A star stands for one whole label, and not for a part of one."""
    for name in ("a.wild.test", "A.Wild.Test", "a.wild.test."):
        t.run(f"{get(t)} kept", port="cert-wildcard", tls=t.trust(f"name={name}"))
    for name in ("wild.test", "a.b.wild.test", "awild.test"):
        t.run("refuses / HC_ERR_TLS_CERTIFICATE WRONG_NAME", port="cert-wildcard", tls=t.trust(f"name={name}"))


# ---- openssl s_server, gnutls-serv ----

@tls_case("tls-page", servers=SINGLE)
def one_page(t):
    for port, version in (("main", "1.3"), ("tls12", "1.2"), ("tls13", "1.3")):
        t.run(page(t), f"tls version={version} resumed=no", page(t), f"tls version={version} resumed=yes", port=port)


@tls_case("tls-page-session-id", servers=("openssl",))
def page_session_id(t):
    t.run(page(t), "tls version=1.2 resumed=no", page(t), "tls version=1.2 resumed=yes", port="ids")


@tls_case("tls-page-client-certificate", servers=SINGLE)
def page_client_certificate(t):
    for more in ((), ("max=1.2",)):
        t.run(page(t), page(t), port="client", tls=t.identified("client.chain", "client.key", *more))
    t.run("refuses / HC_ERR_TLS CLIENT_CERTIFICATE", port="client")


@tls_case("tls-page-chacha", servers=SINGLE)
def page_chacha(t):
    t.run(page(t), "tls cipher=CHACHA20", port="chacha")


@tls_case("tls-nothing-in-common", servers=("openssl",))
def nothing_in_common(t):
    t.run("refuses / HC_ERR_TLS NOTHING_IN_COMMON", port="x448")


@tls_case("tls-key-update", servers=("openssl",))
def key_update(t):
    """The server changes its keys before each head, and asks for ours to change, and again before each piece."""
    def body(n):
        return f"do GET /{n} -> 200 length={n} sha256={hashlib.sha256(b'x' * n).hexdigest()} kept"
    t.run(body(100), body(0), body(100), body(500_000), body(100), port="rekey")
