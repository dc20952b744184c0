"""What an ssl.SSLContext does not tell: which files it has loaded, whether it holds a client
certificate, which protocols it offers. `watch()` has new contexts note that; only a context that
was watched from its beginning can be put in the library's terms."""

import functools
import os
import ssl
import weakref

SYSTEM = ("system", None)


class Notes:
    """What has been done to a context."""

    def __init__(self):
        # ("data", bytes), ("folder", name) or SYSTEM, in order.
        self.roots = []
        self.alpn = ()
        # Why the library's TLS would not be the same.
        self.unlike = None

    def remember(self, protocols):
        """A context that was made by ssl.create_default_context() and offers these."""
        self.roots.append(SYSTEM)
        self.alpn = tuple(p.encode("ascii") for p in protocols)

    def add_client_certificate(self):
        # OpenSSL can show it after the handshake too, and knows keys of more kinds.
        self.unlike = "it may hold a client certificate"

    def facts(self):
        return tuple(self.roots), self.alpn


_notes = weakref.WeakKeyDictionary()


def notes(context):
    """What is known of a context; None if that is not everything."""
    return _notes.get(context) if type(context) is ssl.SSLContext else None


def fresh(context):
    """The notes of a context that nothing has been done to yet."""
    return _notes.setdefault(context, Notes())


def _loaded(note, cafile=None, capath=None, cadata=None):
    if cafile is not None:
        with open(cafile, "rb") as file:
            note.roots.append(("data", file.read()))
    if capath is not None:
        note.roots.append(("folder", os.fsencode(capath)))
    if cadata is not None:
        data = cadata.encode("ascii") if isinstance(cadata, str) else bytes(cadata)
        note.roots.append(("data", data))


def _system(note, *_, **__):
    note.roots.append(SYSTEM)


def _alpn(note, protocols):
    note.alpn = tuple(p.encode("ascii") for p in protocols)


def _client_certificate(note, *_, **__):
    note.add_client_certificate()


def _unlike(what):
    def note_it(note, *_, **__):
        note.unlike = what + " is OpenSSL's"

    return note_it


WATCHED = {
    "load_verify_locations": _loaded,
    "load_default_certs": _system,
    "set_default_verify_paths": _system,
    "set_alpn_protocols": _alpn,
    "load_cert_chain": _client_certificate,
    "set_ciphers": _unlike("its choice of ciphers"),
    "set_ecdh_curve": _unlike("its choice of curves"),
    "set_npn_protocols": _unlike("NPN"),
    "set_psk_client_callback": _unlike("a shared key"),
}


def _noting(name, note_it):
    original = getattr(ssl.SSLContext, name)

    @functools.wraps(original)
    def method(self, *arguments, **named):
        result = original(self, *arguments, **named)
        note = notes(self)
        if note is not None:
            note_it(note, *arguments, **named)
        return result

    return method


@functools.cache
def watch():
    """Has every context that is made from now on note what is done to it."""
    make = ssl.SSLContext.__new__

    def new(cls, *arguments, **named):
        context = make(cls, *arguments, **named)
        if cls is ssl.SSLContext:
            fresh(context)
        return context

    for name, note_it in WATCHED.items():
        if hasattr(ssl.SSLContext, name):
            setattr(ssl.SSLContext, name, _noting(name, note_it))
    ssl.SSLContext.__new__ = staticmethod(new)
