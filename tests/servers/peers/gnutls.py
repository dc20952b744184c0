"""gnutls-serv: every request gets the same document with HTTP/1.0, in a process for each port. It listens on every
address of the machine: it has no option for one."""

import os

from .base import Group, Peer, find_program, free_port

PORTS = {
    "main": "NORMAL",
    "tls12": "NORMAL:-VERS-ALL:+VERS-TLS1.2",
    "tls13": "NORMAL:-VERS-ALL:+VERS-TLS1.3",
    "chacha": "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+CHACHA20-POLY1305",
    "client": "NORMAL",
    "client12": "NORMAL:-VERS-ALL:+VERS-TLS1.2",
}
DOCUMENT = "medium.txt"


class Serv(Peer):
    name = "gnutls"

    def __init__(self, root, site, certificates, priority, client):
        super().__init__(root, site, certificates)
        self.priority, self.client = priority, client

    def command(self):
        self.ports = {"main": free_port()}
        certificates = ["--require-client-cert", "--verify-client-cert"] if self.client else ["--disable-client-cert"]
        return [find_program("gnutls-serv"), "--quiet", "--http", "--httpdata", os.path.join(self.site, DOCUMENT),
                "--port", str(self.ports["main"]), "--priority", self.priority, "--alpn", "http/1.1",
                "--x509certfile", self.certificates.path("good.chain"), "--x509keyfile",
                self.certificates.path("good.key"), "--x509cafile", self.certificates.path("ca.crt"), *certificates]


class GnuTLS(Group):
    name = "gnutls"

    def make_parts(self):
        find_program("gnutls-serv")
        for key, priority in PORTS.items():
            yield key, Serv(self.path(key), self.site, self.certificates, priority, key.startswith("client"))
