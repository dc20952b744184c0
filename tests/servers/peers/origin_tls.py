"""TLS for origin.py: Python's own ssl module, one port for each thing that a client has to meet."""

import os
import ssl

# Served by a port "cert-NAME" each; some of them only a server without standards can load.
LEAVES = ("rsa", "expired", "not-yet-valid", "wrong-name", "dns-only", "wildcard", "cn-only", "unknown-ca", "revoked",
          "client-only", "rsa1024", "sha1", "constrained-leaf", "deep-leaf", "narrow-leaf", "self-signed-ca",
          "self-signed-leaf")


def wrapper(directory, leaf, **settings):
    return wrapper_of(context(directory, leaf, **settings))


def wrapper_of(made):
    # The handshake is left to the first read, which happens in the connection's own thread.
    return lambda connection: made.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)


def context(directory, leaf, minimum=None, maximum=None, options=0, client=False, rude=False):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers("DEFAULT:@SECLEVEL=0")
    made.load_cert_chain(os.path.join(directory, f"{leaf}.chain"), os.path.join(directory, f"{leaf}.key"))
    made.set_alpn_protocols(["http/1.1"])
    made.options |= options
    if minimum:
        made.minimum_version = minimum
    if maximum:
        made.maximum_version = maximum
    if client:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(os.path.join(directory, "ca.crt"))
    if rude:
        made.sslsocket_class = RudeSocket
    return made


class RudeSocket(ssl.SSLSocket):
    """Closes as Python does by itself: without a close_notify."""


def more_ports(directory, handler, old_handler):
    """(key, handler, wrapper) of every port that only a server with TLS has."""
    v12, v13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    yield "tls12", handler, wrapper(directory, "good", minimum=v12, maximum=v12)
    yield "tls13", handler, wrapper(directory, "good", minimum=v13)
    yield "ids", handler, wrapper(directory, "good", minimum=v12, maximum=v12, options=ssl.OP_NO_TICKET)
    yield "client", handler, wrapper(directory, "good", client=True)
    yield "client12", handler, wrapper(directory, "good", client=True, minimum=v12, maximum=v12)
    yield "tls11", handler, wrapper(directory, "good", minimum=ssl.TLSVersion.TLSv1, maximum=ssl.TLSVersion.TLSv1_1)
    yield "rude", old_handler, wrapper(directory, "good", rude=True)
    yield "rude12", old_handler, wrapper(directory, "good", rude=True, minimum=v12, maximum=v12)
    for leaf in LEAVES:
        yield f"cert-{leaf}", handler, wrapper(directory, leaf)


def facts(connection):
    """What the server saw of TLS, as headers."""
    if not isinstance(connection, ssl.SSLSocket):
        return
    subject = dict(pair for part in (connection.getpeercert() or {}).get("subject", ()) for pair in part)
    yield "X-Tls-Version", connection.version()
    yield "X-Tls-Resumed", "yes" if connection.session_reused else "no"
    yield "X-Tls-Client", subject.get("commonName", "none")


def say_goodbye(connection):
    """Python closes without a close_notify unless it is told. The client's is not waited for."""
    if isinstance(connection, ssl.SSLSocket) and not isinstance(connection, RudeSocket):
        try:
            connection.settimeout(0)
            connection.unwrap()
        except (OSError, ValueError):
            pass
