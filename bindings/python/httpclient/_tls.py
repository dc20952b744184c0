"""An ssl.SSLContext in the library's terms, where they say the same."""

import ctypes
import ssl
import weakref

from . import _constants as k
from ._errors import raise_tls
from ._handles import taken
from ._library import C, TlsInfo
from ._native import NativeSocket
from ._noting import SYSTEM, notes

# What of verify_flags the library does anyway, or does not do less strictly.
FLAGS = ssl.VERIFY_X509_TRUSTED_FIRST
for _name in ("VERIFY_X509_PARTIAL_CHAIN", "VERIFY_X509_STRICT"):
    FLAGS |= getattr(ssl, _name, 0)

VERSIONS = {ssl.TLSVersion.TLSv1_2: k.HC_TLS_1_2, ssl.TLSVersion.TLSv1_3: k.HC_TLS_1_3}
# OP_NO_* is an older way to choose versions.
NO_VERSION = ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3


class TlsHandle:
    """An hc_tls."""

    def __init__(self):
        self.address = None
        place = ctypes.c_void_p()
        if C.hc_tls_new(ctypes.byref(place)) < 0:
            raise MemoryError
        self.address = place.value

    def set(self, function, *arguments):
        raise_tls(function(self.address, *arguments), self.address)

    def __del__(self):
        if self.address is not None:
            C.hc_tls_free(self.address)
            self.address = None


def why_not(context):
    """Why a context cannot be the library's; None if it can."""
    note = notes(context)
    if note is None:
        return "what was done to it is not known"
    if note.unlike is not None:
        return note.unlike
    if context.verify_flags & ~FLAGS:
        return "its verify_flags are OpenSSL's"
    if context.options & NO_VERSION:
        return "it excludes versions by its options"
    if context.maximum_version not in (*VERSIONS, ssl.TLSVersion.MAXIMUM_SUPPORTED):
        return "it wants versions that the library does not speak"
    if getattr(context, "_msg_callback", None) is not None:
        return "it shows OpenSSL's messages"
    return None


_made = weakref.WeakKeyDictionary()


def library_config(context):
    """The hc_tls that says what the context says. The same one while the context is the same, so
    that sessions are shared as far as contexts are."""
    note = notes(context)
    facts = (
        note.facts(), context.verify_mode, context.check_hostname, context.minimum_version,
        context.maximum_version, context.keylog_filename,
    )
    made = _made.get(context)
    if made is None or made[0] != facts:
        made = _made[context] = (facts, _config(context, note))
    return made[1]


def _config(context, note):
    tls = TlsHandle()
    roots = k.HC_TLS_ROOTS_SYSTEM if SYSTEM in note.roots else k.HC_TLS_ROOTS_NONE
    tls.set(C.hc_tls_set_roots, roots)
    for kind, what in note.roots:
        if kind == "data":
            tls.set(C.hc_tls_add_ca, what, len(what))
        elif kind == "folder":
            tls.set(C.hc_tls_add_ca_dir, what)
    names = (ctypes.c_char_p * len(note.alpn))(*note.alpn)
    tls.set(C.hc_tls_set_alpn, names, len(note.alpn))
    least = VERSIONS.get(context.minimum_version, k.HC_TLS_1_2)
    most = VERSIONS.get(context.maximum_version, k.HC_TLS_1_3)
    tls.set(C.hc_tls_set_versions, least, most)
    if context.verify_mode == ssl.CERT_NONE:
        tls.set(C.hc_tls_dangerous_set_no_verify, 1)
    elif not context.check_hostname:
        tls.set(C.hc_tls_dangerous_set_no_hostname, 1)
    if context.keylog_filename is not None:
        tls.set(C.hc_tls_set_keylog_file, context.keylog_filename.encode())
    return tls


class NativeTlsSocket(NativeSocket):
    """What conn.sock is then: of ssl.SSLSocket what programs ask about a connection."""

    def __init__(self, handle, timeout, context, tls):
        super().__init__(handle, timeout)
        self.context = context
        # Kept: the connection holds what it needs, but sessions live as long as their handle.
        self._tls = tls

    def _info(self):
        info = TlsInfo(struct_size=ctypes.sizeof(TlsInfo))
        known = C.hc_get_tls_info(self._handle.address, ctypes.byref(info)) >= 0
        return info if known else None

    def version(self):
        info = self._info()
        if info is None:
            return None
        return "TLSv1.3" if info.version == k.HC_TLS_1_3 else "TLSv1.2"

    def cipher(self):
        """Name, protocol; how many secret bits is not known."""
        info = self._info()
        return None if info is None else (info.cipher_suite_name.decode(), self.version(), None)

    def selected_alpn_protocol(self):
        info = self._info()
        return info.alpn.decode() or None if info is not None else None

    def getpeercert(self, binary_form=False):
        if not binary_form:
            raise NotImplementedError("the certificate is there in DER: getpeercert(True)")
        c = self._handle.address
        status, data = taken(lambda c, *out: C.hc_get_peer_certificate(c, 0, *out), c)
        return data if status >= 0 else None
