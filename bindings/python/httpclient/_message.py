"""Header sections as Python knows them: email messages, filled by the library."""

import ctypes
import email.message

from ._errors import Failure
from ._handles import ResponseHandle, leniencies
from ._library import C, Header
from ._transport import Reader


class HTTPMessage(email.message.Message):
    def getallmatchingheaders(self, name):
        """As in http.client, where nothing calls it and it has found nothing since Python 3.0:
        it looks for lines among the names."""
        name = name.lower() + ":"
        return [line for line in self.keys() if line.lower().startswith(name)]


def fill(message, handle):
    """The fields of a response, in the order and the spelling of the wire."""
    field = Header()
    for index in range(C.hr_header_count(handle)):
        C.hr_header_at(handle, index, ctypes.byref(field))
        message[_text(field, "name")] = _text(field, "value")
    message.set_payload("")
    return message


def _text(field, name):
    # By address and length: what ctypes makes of a char pointer ends at its first NUL.
    place = ctypes.addressof(field) + getattr(Header, name).offset
    address = ctypes.c_void_p.from_address(place)
    return ctypes.string_at(address, getattr(field, name + "_len")).decode("iso-8859-1")


class _Section:
    """A file that a header section is read from; it stays open."""

    def __init__(self, fp):
        self.fp = fp

    def _end_of_message(self):
        pass


def parse_headers(fp, _class=HTTPMessage):
    """Reads a header section from a binary file, up to and including its empty line."""
    section = _Section(fp)
    reader = Reader(section)
    place = ctypes.c_void_p()
    C.hr_new(ctypes.byref(reader.transport(closes=False)), b"GET", ctypes.byref(place))
    handle = ResponseHandle(place.value)
    C.hr_set_lenient(handle.address, leniencies())
    status = C.hr_begin_fields(handle.address)
    if status != 0:
        raise reader.take_raised() or Failure(
            status, C.hr_last_error, handle.address
        ).exception()
    return fill(_class(), handle.address)
