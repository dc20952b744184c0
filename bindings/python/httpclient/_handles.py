"""Handles of the library that are freed with the object that holds them."""

import ctypes

from . import _constants as k
from ._library import C, Header


class ConnectionHandle:
    """An hc_conn. It is made for a host that does not matter: hc_set_target names the real one,
    and says what is the matter with one that is none."""

    def __init__(self):
        self.address = None
        place = ctypes.c_void_p()
        if C.hc_new(b"localhost", 0, ctypes.byref(place)) < 0:
            raise MemoryError
        self.address = place.value
        C.hc_set_profile(self.address, k.HC_PROFILE_PYTHON)
        # As in Python, nobody waits for an answer to "Expect: 100-continue".
        C.hc_set_timeout(self.address, k.HC_TIMEOUT_EXPECT_CONTINUE, 0)

    def __del__(self):
        if self.address is not None:
            C.hc_free(self.address)
            self.address = None


class ResponseHandle:
    """An hr_response."""

    def __init__(self, address):
        self.address = address

    def __del__(self):
        if self.address is not None:
            C.hr_free(self.address)
            self.address = None


_leniencies = None


def leniencies():
    """What the Python profile accepts, for responses that stand alone."""
    global _leniencies
    if _leniencies is None:
        handle = ConnectionHandle()
        _leniencies = C.hc_get_lenient(handle.address)
    return _leniencies


def taken(function, handle):
    """Bytes that a call gives by pointer and length."""
    data, length = ctypes.c_void_p(), ctypes.c_size_t()
    status = function(handle, ctypes.byref(data), ctypes.byref(length))
    return status, ctypes.string_at(data, length.value) if length.value else b""


def headers_array(pairs):
    """Pairs of bytes as an array of hc_header, and their number."""
    pairs = list(pairs)
    array = (Header * max(len(pairs), 1))()
    for place, (name, value) in zip(array, pairs):
        place.name, place.name_len = name, len(name)
        place.value, place.value_len = value, len(value)
    return array, len(pairs)
