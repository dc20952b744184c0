"""Python's own http.server, with the handler in origin.py."""

import os
import sys

from .base import PrintsPorts


class Python(PrintsPorts):
    name = "python"
    tells_trailers = True
    lacks = {
        "trailers": "http.server sends no trailers",
        "interim-103": "http.server sends no 103",
        "not-modified-etag": "http.server has no entity tags",
        "counted-close": "http.server does not count requests",
        "pipelined-counted-close": "http.server does not count requests",
        "held": "a thread of http.server that does not read ends in a close",
    }

    def command(self):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "origin.py")
        return [sys.executable, script, self.site,
                *([self.certificates.directory] if self.certificates else [])]
