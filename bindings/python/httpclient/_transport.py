"""Callbacks with which the library reads from a Python file. It asks for a line, or for at most
the bytes that the message still has, so whoever uses the file after it finds it where the message
ends. The file is looked up at each call: it may have been exchanged."""

import ctypes
import errno
import weakref

from ._library import END_FN, READ_FN, WRITE_FN, Transport
from ._prototypes import HC_LOWEST_ERRNO

# Below every errno: "the callback has failed, ask it why".
RAISED = HC_LOWEST_ERRNO - 1

_readers = weakref.WeakValueDictionary()
_last_number = 0


class Reader:
    """What a response that stands alone reads from. `owner` has an attribute `fp`, the file, and
    a method `_end_of_message`, called when the library wants no more of it."""

    def __init__(self, owner):
        global _last_number
        _last_number += 1
        self.number = _last_number
        self.owner = weakref.ref(owner)
        # What a callback has raised, until the call that it happened in is over.
        self.raised = None
        _readers[self.number] = self

    def transport(self, closes):
        return Transport(
            struct_size=ctypes.sizeof(Transport),
            user=self.number,
            read=_read,
            write=_write,
            close=_close if closes else END_FN(),
            no_read_ahead=1,
            read_line=_read_line,
        )

    def take_raised(self):
        raised, self.raised = self.raised, None
        return raised

    def file(self):
        owner = self.owner()
        return None if owner is None else owner.fp


def _give(number, buffer, room, get):
    reader = _readers.get(number)
    file = reader.file() if reader is not None else None
    if file is None:
        return 0
    try:
        data = get(file, room)
        if data is None:
            return -errno.EAGAIN
        if len(data) > room:
            raise ValueError(f"asked for {room} bytes, the file gave {len(data)}")
        ctypes.memmove(buffer, bytes(data), len(data))
        return len(data)
    except BaseException as e:
        reader.raised = e
        return RAISED


def _some(file, room):
    # A buffered file's read() would wait until there is as much as asked for.
    get = getattr(file, "read1", None) or file.read
    return get(room)


@READ_FN
def _read(number, buffer, room):
    return _give(number, buffer, room, _some)


@READ_FN
def _read_line(number, buffer, room):
    return _give(number, buffer, room, lambda file, room: file.readline(room))


@WRITE_FN
def _write(number, buffer, length):
    return -errno.EBADF


@END_FN
def _close(number):
    reader = _readers.get(number)
    owner = reader.owner() if reader is not None else None
    if owner is None:
        return
    try:
        owner._end_of_message()
    except BaseException as e:
        reader.raised = e
