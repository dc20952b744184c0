"""The shared library: where it is found, and its functions as Python callables."""

import ctypes
import os

from ._prototypes import FUNCTIONS, STRUCTURES

SONAME = "libhttpclient.so.0"


class LibraryNotFound(ImportError):
    """libhttpclient is nowhere where this package looks for it."""


READ_FN = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
WRITE_FN = READ_FN
WAIT_FN = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_int32, ctypes.c_int64)
FD_FN = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)
END_FN = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

# What the header's types are here. Handles are plain addresses.
TYPES = {
    "void": None,
    "char *": ctypes.c_void_p,
    "const char *": ctypes.c_char_p,
    "void *": ctypes.c_void_p,
    "const void *": ctypes.c_void_p,
    "const void **": ctypes.POINTER(ctypes.c_void_p),
    "size_t": ctypes.c_size_t,
    "size_t *": ctypes.POINTER(ctypes.c_size_t),
    "int32_t": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "int64_t": ctypes.c_int64,
    "uint64_t": ctypes.c_uint64,
    "hc_status": ctypes.c_int32,
    "hc_conn *": ctypes.c_void_p,
    "const hc_conn *": ctypes.c_void_p,
    "hc_conn **": ctypes.POINTER(ctypes.c_void_p),
    "hr_response *": ctypes.c_void_p,
    "const hr_response *": ctypes.c_void_p,
    "hr_response **": ctypes.POINTER(ctypes.c_void_p),
    "hc_tls *": ctypes.c_void_p,
    "hc_tls **": ctypes.POINTER(ctypes.c_void_p),
    "const char * const *": ctypes.POINTER(ctypes.c_char_p),
    "const hc_body *": ctypes.c_void_p,
    "const hc_attempt *": ctypes.c_void_p,
    "read_fn": READ_FN,
    "write_fn": WRITE_FN,
    "wait_fn": WAIT_FN,
    "fd_fn": FD_FN,
    "end_fn": END_FN,
}


def _structure(name):
    fields = [(field, TYPES[kind]) for kind, field in STRUCTURES[name]]
    made = type(name, (ctypes.Structure,), {"_fields_": fields})
    for pointer in (f"{name} *", f"const {name} *"):
        TYPES[pointer] = ctypes.POINTER(made)
    return made


Header = _structure("hc_header")
Iovec = _structure("hc_iovec")
RequestPlan = _structure("hc_request_plan")
Transport = _structure("hc_transport")
ErrorInfo = _structure("hc_error_info")
TlsInfo = _structure("hc_tls_info")
TraceEvent = _structure("hc_trace_event")

TRACE_FN = ctypes.CFUNCTYPE(None, ctypes.POINTER(TraceEvent), ctypes.c_void_p)
TYPES["hc_trace_callback"] = TRACE_FN


class _Functions:
    """The library's functions as attributes, once it is loaded. With HC_TRACE_CALLS in the
    environment each call leaves its name in `entered`."""

    def __init__(self):
        self.path = None
        self.entered = set()

    def __getattr__(self, name):
        # Only before the functions are there.
        if self.path is None and not name.startswith("_"):
            load()
            return getattr(self, name)
        raise AttributeError(name)

    def _bind(self, path):
        dll = ctypes.CDLL(path)
        tracing = os.environ.get("HC_TRACE_CALLS", "") not in ("", "0")
        bound = {}
        for result, name, parameters in FUNCTIONS:
            try:
                function = getattr(dll, name)
            except AttributeError:
                raise LibraryNotFound(f"{path} has no {name}: it is another version") from None
            function.restype = TYPES[result]
            function.argtypes = [TYPES[kind] for kind in parameters]
            bound[name] = self._traced(name, function) if tracing else function
        self.__dict__.update(bound)
        self.path = path

    def _traced(self, name, function):
        entered = self.entered

        def call(*arguments):
            entered.add(name)
            return function(*arguments)

        return call


C = _Functions()


def _candidates():
    named = os.environ.get("HTTPCLIENT_LIBRARY")
    if named:
        # Whoever names one wants that one.
        return [named]
    return [os.path.join(os.path.dirname(os.path.abspath(__file__)), SONAME), SONAME]


def load(path=None):
    """Loads the library, from `path` if it is given; see the package's README for where else it
    is looked for. Loading it twice is an error if it is not the same one."""
    if C.path is not None:
        if path is not None and path != C.path:
            raise RuntimeError(f"{C.path} is loaded already")
        return C.path
    tried = []
    for candidate in [os.fspath(path)] if path is not None else _candidates():
        try:
            C._bind(candidate)
            return candidate
        except OSError as e:
            tried.append(str(e))
    raise LibraryNotFound(
        "libhttpclient was not found (" + "; ".join(tried) + "): name it in HTTPCLIENT_LIBRARY"
        " or give its path to httpclient.load()"
    )
