"""What set_debuglevel prints, heard from the library's trace: each head that comes in, interim ones
included, and each that goes out of a connection of the library's own; secrets and all, as in Python.
"""

import ctypes
import io
import sys
import weakref

from . import _constants as k
from ._library import TRACE_FN

KINDS = (
    k.HC_TRACE_PROXY_BEGIN, k.HC_TRACE_PROXY_END, k.HC_TRACE_REQUEST_HEAD, k.HC_TRACE_RESPONSE_HEAD
)
MASK = sum(1 << kind for kind in KINDS)

_listeners = weakref.WeakValueDictionary()
_last_number = 0


@TRACE_FN
def _told(event, number):
    listener = _listeners.get(number)
    if listener is not None:
        event = event.contents
        head = ctypes.string_at(event.bytes, event.bytes_len) if event.bytes_len else b""
        listener.heads.append((event.kind, head))


class Listener:
    """With it, calls are heard; without a level, nothing is. What it has heard is printed after the
    calls, because a print may fail, and a callback may raise nothing."""

    def __init__(self, level, set_trace, handle):
        global _last_number
        self.set_trace, self.handle = set_trace, handle
        self.heads = []
        self.on = level > 0
        if self.on:
            _last_number += 1
            self.number = _last_number
            _listeners[self.number] = self

    def __enter__(self):
        if self.on:
            self.set_trace(self.handle, _told, self.number, MASK, k.HC_TRACE_SECRETS)
        return self

    def __exit__(self, *exception):
        if self.on:
            self.set_trace(self.handle, TRACE_FN(), None, 0, 0)

    def show_sending(self):
        """The request that was sent, and before it the one to a proxy, with its answer."""
        for kind, head in self.heads:
            if kind == k.HC_TRACE_PROXY_END:
                _show_fields(head)
            elif kind != k.HC_TRACE_RESPONSE_HEAD and head:
                print("send:", repr(head))

    def show_replies(self, refused=False, line=None):
        """The heads that came: the last one's fields are shown when they are parsed, unless another
        head was `refused` after these, whose first line is `line` if it could be read."""
        replies = [head for kind, head in self.heads if kind == k.HC_TRACE_RESPONSE_HEAD]
        for number, head in enumerate(replies):
            first, *fields = io.BytesIO(head).readlines()
            print("reply:", repr(first.decode("iso-8859-1")))
            if refused or number < len(replies) - 1:
                print("headers:", fields)
        if line is not None:
            print("reply:", repr(line))


    def show_tunnel(self):
        """The answer to CONNECT, which the program itself has read."""
        for _, head in self.heads[-1:]:
            _show_fields(head)


def _show_fields(head):
    """Those of a proxy's answer, as they came."""
    fields = io.BytesIO(head).readlines()[1:]
    # The empty line behind them is shown since there is get_proxy_response_headers.
    for line in fields if sys.version_info >= (3, 12) else fields[:-1]:
        print("header:", line.decode())
