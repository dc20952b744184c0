"""Node's own HTTP server, with the handler in origin.js."""

import os

from .base import PrintsPorts, find_program


class Node(PrintsPorts):
    name = "node"
    tells_trailers = True
    foreign_certificate = "refuses /files/small.txt any any"  # Node drops the connection without a word

    def command(self):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "origin.js")
        return [find_program("node", "nodejs"), script, self.site,
                *([self.certificates.directory] if self.certificates else [])]
