"""Starting and stopping a server: own directory, free ports, foreground, ended by its process id."""

import hashlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import time

START_SECONDS = 15
START_ATTEMPTS = 5
STOP_SECONDS = 10
TLS_PORTS = ("plain", "tls12", "tls13", "ids", "client")


class Missing(Exception):
    """The server's program is not on this machine."""


class StartFailed(Exception):
    pass


def find_program(*names):
    for name in names:
        path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin")
        if path:
            return path
    raise Missing(f"no {' or '.join(names)} on this machine")


def free_port(host="127.0.0.1"):
    """A port that was free a moment ago. A server that finds it taken ends, and start() tries others."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.bind((host, 0))
        return s.getsockname()[1]


def has_ipv6():
    try:
        return bool(free_port("::1"))
    except OSError:
        return False


def accepts(host, port):
    try:
        socket.create_connection((host, port), timeout=1).close()
        return True
    except OSError:
        return False


def holds_listener(pid, port):
    """Has this process a socket that listens on the port?"""
    held = set()
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            held.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
    except FileNotFoundError:  # a descriptor was closed, or the process ended, meanwhile: ask again
        return False
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if os.path.exists(table):
            with open(table, encoding="ascii") as lines:
                for fields in map(str.split, lines):
                    listens = fields[3] == "0A" and int(fields[1].rsplit(":")[-1], 16) == port
                    if listens and f"socket:[{fields[9]}]" in held:
                        return True
    return False


class Peer:
    """One server under test.

    name        for reports and --server
    lacks       {case: why the server has nothing to test there}
    ports       "main", and where the server has them "six" (::1), "idle" (closes an idle connection after some
                50 ms), "counted" (closes after counted_requests), "old" (HTTP/1.0)
                with TLS also "tls12" and "tls13" (one version only), "ids" (1.2 without tickets), "client" (asks for a
                certificate), "plain" (no TLS)
    tells_trailers   whether the answer to an upload repeats the trailer X-Check of the request
    upload      "POST" when the server answers with the hash of the body, "PUT" when it stores the file
    """

    name = ""
    lacks = {}
    upload = "POST"
    counted_requests = 3
    tells_trailers = False
    alpn = "http/1.1"  # "none" where the server does not choose
    without_certificate = None  # the script where a missing certificate of the client gets an answer
    keeps_sessions = True  # without tickets, by their ids, and surely
    foreign_certificate = None  # the script where one by somebody else is not refused by an alert

    def __init__(self, root, site, certificates=None):
        self.root = root  # this server's own directory
        self.certificates = certificates  # with them all ports speak TLS
        self.tls_ports = TLS_PORTS if certificates else ()
        self.site = site  # the documents
        self.ports = {}
        self.process = None
        os.makedirs(root, exist_ok=True)

    # -- for the subclasses --

    def command(self):
        """Picks the ports, writes the configuration, returns the argument list. Called once for each attempt."""
        raise NotImplementedError

    def environment(self):
        return None

    def read_ports(self):
        """For servers that print the ports that they got."""

    # -- life --

    def start(self):
        for attempt in range(START_ATTEMPTS):
            command = self.command()
            with open(self.path("output.txt"), "ab") as output:
                self.process = subprocess.Popen(command, cwd=self.root, env=self.environment(), stdin=subprocess.DEVNULL,
                                                stdout=self.stdout(output), stderr=output)
            try:
                self.read_ports()
                self.await_ports()
                return
            except StartFailed as failure:
                self.stop()
                last = failure
        raise StartFailed(f"{self.name} did not start in {START_ATTEMPTS} attempts: {last}\n{self.output()}")

    def stdout(self, output):
        return output

    def await_ports(self):
        deadline = time.monotonic() + START_SECONDS
        for key, port in self.ports.items():
            host = "::1" if key == "six" else "127.0.0.1"
            # Somebody else may have taken the port meanwhile, and would accept, too.
            while not (holds_listener(self.process.pid, port) and accepts(host, port)):
                if self.process.poll() is not None:
                    raise StartFailed(f"{self.name} ended with status {self.process.returncode}")
                if time.monotonic() > deadline:
                    raise StartFailed(f"{self.name} does not accept on {host} port {port}")
                try:  # between two attempts, wait for the process to end: the other thing that can happen
                    self.process.wait(0.02)
                except subprocess.TimeoutExpired:
                    pass

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        self.process = None

    # -- helpers --

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)
        return self.path(name)

    def tls_files(self):
        """What a configuration names, by the names that it has there."""
        files = {"good_chain": "good.chain", "good_key": "good.key", "good_all": "good-all.pem", "ca": "ca.crt"}
        return {key: self.certificates.path(name) for key, name in files.items()}

    def output(self):
        with open(self.path("output.txt"), encoding="utf-8", errors="replace") as file:
            return file.read()[-4000:]

    def uploaded(self, name):
        """SHA-256 of a file that was PUT, which is removed."""
        path = self.path("uploads", name)
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.unlink(path)
        return digest


class Group(Peer):
    """A server whose ports are a process each."""

    upload = None  # takes no bodies

    def __init__(self, root, site, certificates=None):
        super().__init__(root, site, certificates)
        self.parts = {}

    def make_parts(self):
        """(port's name, its Peer, whose only port is "main"), one after the other."""
        raise NotImplementedError

    def start(self):
        for key, part in self.make_parts():
            self.parts[key] = part
            part.start()
        self.ports = {key: part.ports["main"] for key, part in self.parts.items()}

    def stop(self):
        for part in self.parts.values():
            part.stop()
        self.parts = {}


class PrintsPorts(Peer):
    """A server that binds port 0 itself and prints what it got as a line of JSON."""

    def stdout(self, output):
        return subprocess.PIPE

    def read_ports(self):
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            raise StartFailed(f"{self.name} printed no ports")
        self.ports = {key: port for key, port in json.loads(line).items() if port}
