"""`openssl s_server`: a process for each port. -WWW serves files with HTTP/1.0, one connection at a time; "rekey" is its
console, where a letter on standard input changes the keys of the connection."""

import array
import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import threading
import time
import tty

from .base import Group, Peer, StartFailed, find_program, free_port

CONSOLE_SECONDS = 20
PIECE = 16 * 1024  # s_server reads its standard input in pieces of this size

PORTS = {
    "main": (),
    "tls12": ("-tls1_2",),
    "tls13": ("-tls1_3",),
    "ids": ("-tls1_2", "-no_ticket"),
    "client": ("-Verify", "3", "-verify_return_error"),
    "chacha": ("-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"),
    "x448": ("-tls1_3", "-groups", "X448"),  # nothing in common with most clients
}


class SServer(Peer):
    """One port, one process."""

    name = "openssl"

    def __init__(self, root, site, certificates, options):
        super().__init__(root, site, certificates)
        self.options = options

    def command(self):
        self.ports = {"main": free_port()}
        return [find_program("openssl"), "s_server", "-accept", f"127.0.0.1:{self.ports['main']}", "-cert",
                self.certificates.path("good.crt"), "-cert_chain", self.certificates.path("intermediate.crt"), "-key",
                self.certificates.path("good.key"), "-CAfile", self.certificates.path("ca.crt"), *self.options]


class Files(SServer):
    def command(self):
        # It serves the folder that it runs in.
        return ["env", "-C", self.site, *super().command(), "-WWW"]


class Console(SServer):
    """GET /N is answered with N bytes. The keys change before the head, with the client asked to change its own, and before
    every piece of the body without that."""

    thread = None

    def start(self):
        program = self.command()
        self.terminal, its_terminal = pty.openpty()  # on a terminal it says at once what it does
        tty.setraw(its_terminal)
        self.process = subprocess.Popen(program, cwd=self.root, stdin=subprocess.PIPE, stdout=its_terminal,
                                        stderr=its_terminal)
        os.close(its_terminal)
        self.seen = b""
        if self.await_text(rb"ACCEPT\r?\n") is None:
            raise StartFailed("openssl's console does not accept")
        self.thread = threading.Thread(target=self.answer_all, daemon=True)
        self.thread.start()

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        self.process.wait()
        self.process.stdin.close()
        self.process = None
        if self.thread:
            self.thread.join()
        os.close(self.terminal)

    def await_text(self, pattern, seconds=CONSOLE_SECONDS):
        """The match, with everything through it taken; None when the program has ended or says no such thing."""
        while not (match := re.search(pattern, self.seen)):
            ready, _, _ = select.select([self.terminal], [], [], seconds)
            try:
                more = os.read(self.terminal, 65536) if ready else b""
            except OSError:  # nobody has the other side any more
                more = b""
            if not more:
                return None
            self.seen += more
        self.seen = self.seen[match.end():]
        return match

    def answer_all(self):
        try:
            while request := self.await_text(rb"GET /(\d+) HTTP/1\.1\r*\n(?:[^\r\n]+\r*\n)*\r*\n", None):
                self.answer(int(request[1]))
        except OSError:
            pass  # stopped

    def answer(self, length):
        self.change_keys(b"K")
        self.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length)
        while length > 0:
            self.change_keys(b"k")
            self.say(b"x" * min(PIECE, length))
            length -= PIECE

    def change_keys(self, letter):
        self.say(letter + b"\n")
        if not self.await_text(rb"SSL_do_handshake -> 1\r?\n"):
            raise OSError("the keys were not changed")

    def say(self, data):
        """A command counts at the beginning of what s_server reads: what was said before has to be read by then."""
        pipe, deadline = self.process.stdin.fileno(), time.monotonic() + CONSOLE_SECONDS
        while pending(pipe):
            if time.monotonic() > deadline:
                raise OSError("it reads no more")
            time.sleep(0.0005)
        self.process.stdin.write(data)
        self.process.stdin.flush()


def pending(pipe):
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


class OpenSSL(Group):
    name = "openssl"

    def make_parts(self):
        for key, options in PORTS.items():
            yield key, Files(self.path(key), self.site, self.certificates, options)
        yield "rekey", Console(self.path("rekey"), self.site, self.certificates, ("-tls1_3",))
