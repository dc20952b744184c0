#!/usr/bin/env python3
"""Runs the library against servers that were not written for it: nginx, Apache httpd, HAProxy, Node and Python, each
without and with TLS, openssl s_server and gnutls-serv.

    python3 tests/servers/run.py [--lib-dir target/release] [--include include] [--quick] [--server nginx-tls] [-k word]

Every server is started here, on loopback, with its own configuration in a temporary directory, and stopped by its
process id. The library is used by one C program (client.c) that each case gives a script to. A server that is not on
the machine is a failure unless --allow-missing is given.
"""

import argparse
import glob
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "tls")]

import cases  # noqa: E402
import cases_tls  # noqa: E402,F401  (its import adds its cases)
import cases_upload  # noqa: E402,F401  (likewise)
from make_certs import Certificates  # noqa: E402
from peers.apache import Apache  # noqa: E402
from peers.base import Missing, StartFailed  # noqa: E402
from peers.gnutls import GnuTLS  # noqa: E402
from peers.haproxy import HAProxy  # noqa: E402
from peers.nginx import Nginx  # noqa: E402
from peers.node import Node  # noqa: E402
from peers.openssl import OpenSSL  # noqa: E402
from peers.python import Python  # noqa: E402
from site_documents import Site  # noqa: E402

KINDS = (Nginx, Apache, HAProxy, Node, Python)
SERVERS = {kind.name: (kind, "plain") for kind in KINDS} | {f"{kind.name}-tls": (kind, "tls") for kind in KINDS} | \
    {kind.name: (kind, "tls") for kind in (OpenSSL, GnuTLS)}
CLIENT_SECONDS = 120


class CaseFailed(Exception):
    pass


class Trial:
    """What a case works with: one server, one style."""

    def __init__(self, peer, style, site, client, wrapper, directory):
        self.peer, self.style, self.site = peer, style, site
        self.client, self.wrapper, self.directory = client, wrapper, directory

        # Where an answer is the first thing that the server says after the request: a ticket of TLS 1.3 is not.
        self.silent_port = "tls12" if peer.certificates else "main"

    def run(self, *script, port="main", tls=None):
        """`port` is one of the server's, by name, or the number of a relay's; `tls` says how the client's TLS is set
        up, and is as the server's certificate needs it when nothing is said."""
        host = "::1" if port == "six" else "127.0.0.1"
        number = port if isinstance(port, int) else self.peer.ports[port]
        words = self.trust() if tls is None and self.peer.certificates and port != "plain" else tls or ()
        command = [*self.wrapper, self.client, self.style, host, str(number), *words]
        text = "\n".join(script) + "\n"
        try:
            done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=CLIENT_SECONDS)
        except subprocess.TimeoutExpired as stuck:
            raise CaseFailed(f"the client did not end within {CLIENT_SECONDS} s\n{tail(stuck.stdout)}\n{text}") from None
        if done.returncode != 0:
            raise CaseFailed(f"{shlex.join(command)} ended with {ending(done.returncode)}\n"
                             f"{tail(done.stdout)}{tail(done.stderr)}script:\n{text}")

    def certificate(self, name):
        return self.peer.certificates.path(name)

    def trust(self, *more):
        return (f"ca={self.certificate('ca.crt')}", *more)

    def identified(self, certificate, key, *more):
        """A client with a certificate of its own."""
        return self.trust(f"cert={self.certificate(certificate)}", f"key={self.certificate(key)}", *more)

    def check(self, truth, text):
        if not truth:
            raise CaseFailed(text)

    def scratch(self, name):
        return os.path.join(self.directory, name)


def ending(code):
    return f"status {code}" if code > 0 else signal.Signals(-code).name


def tail(output, lines=12):
    return "".join(line + "\n" for line in (output or b"").decode(errors="replace").splitlines()[-lines:])


class Results:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, 0, 0

    def show(self, verdict, server, style, name, text=""):
        print(f"{verdict:4} {server:11} {style:11} {name:36} {text}".rstrip(), flush=True)

    def passed_case(self, *where, seconds):
        self.passed += 1
        self.show("ok", *where, f"{seconds:6.2f} s")

    def failed_case(self, *where, reason):
        self.failed += 1
        self.show("FAIL", *where)
        print("".join(f"     | {line}\n" for line in reason.rstrip().splitlines()), flush=True)

    def skipped_case(self, *where, reason):
        self.skipped += 1
        self.show("skip", *where, reason)


def build_client(arguments, directory):
    library = os.path.join(os.path.abspath(arguments.lib_dir), "libhttpclient.so")
    if not os.path.exists(library):
        sys.exit(f"{library} is not there: build it, or say --lib-dir")
    # A target directory has the library under one name; the client looks for the one inside it.
    found = re.search(r"SONAME.*\[(.+)\]", subprocess.check_output(["readelf", "-d", library], text=True))
    libraries = os.path.join(directory, "lib")
    os.mkdir(libraries)
    os.symlink(library, os.path.join(libraries, found[1] if found else "libhttpclient.so"))
    client = os.path.join(directory, "client")
    subprocess.run(["gcc", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O2", "-g", "-Wall", "-Wextra", "-Wpedantic",
                    "-Werror", f"-I{arguments.include}", os.path.join(HERE, "client.c"),
                    *sorted(glob.glob(os.path.join(HERE, "client", "*.c"))), "-o", client, library,
                    f"-Wl,-rpath,{libraries}"], check=True)
    return client


def run_server(name, peer, arguments, results, setting):
    for case in cases.CASES.values():
        if arguments.k and arguments.k not in case.name or peer.name not in case.servers \
                or SERVERS[name][1] not in case.transports:
            continue
        if reason := peer.lacks.get(case.name):
            results.show("n/a", name, "-", case.name, reason)
        elif case.name == "ipv6" and "six" not in peer.ports:
            results.skipped_case(name, "-", case.name, reason="no IPv6 on this machine's loopback")
        else:
            for style in arguments.style or case.styles:
                if style in case.styles:
                    run_case(case, name, Trial(peer, style, **setting), results)


def run_case(case, name, trial, results):
    where = (name, trial.style, case.name)
    started = time.monotonic()
    try:
        case.function(trial)
    except CaseFailed as failure:
        results.failed_case(*where, reason=str(failure))
    else:
        results.passed_case(*where, seconds=time.monotonic() - started)


def run_all(arguments, directory, results):
    site = Site(os.path.join(directory, "site"), arguments.quick)
    setting = {"site": site, "client": build_client(arguments, directory), "wrapper": shlex.split(arguments.wrap),
               "directory": directory}
    certificates = Certificates(os.path.join(directory, "certificates"))
    for name in arguments.server or SERVERS:
        kind, transport = SERVERS[name]
        peer = kind(os.path.join(directory, name), site.root, certificates if transport == "tls" else None)
        try:
            peer.start()
            run_server(name, peer, arguments, results, setting)
        except Missing as missing:
            verdict = results.skipped_case if arguments.allow_missing else results.failed_case
            verdict(name, "-", "start", reason=str(missing))
        except StartFailed as failure:
            results.failed_case(name, "-", "start", reason=str(failure))
        finally:
            peer.stop()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lib-dir", default=os.path.join(PROJECT, "target", "release"), help="where libhttpclient.so is")
    parser.add_argument("--include", default=os.path.join(PROJECT, "include"), help="where httpclient.h is")
    parser.add_argument("--server", action="append", choices=SERVERS, help="only this server; may be repeated")
    parser.add_argument("--style", action="append", choices=cases.STYLES, help="only this style; may be repeated")
    parser.add_argument("-k", metavar="WORD", help="only cases whose name contains this")
    parser.add_argument("--quick", action="store_true", help="64 MiB where it is 1 GiB otherwise")
    parser.add_argument("--allow-missing", action="store_true", help="a server that is not installed is skipped")
    parser.add_argument("--wrap", default="", metavar="COMMAND", help="runs the client under it, valgrind for one")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    results = Results()
    directory = tempfile.mkdtemp(prefix="httpclient-servers-")
    os.chmod(directory, 0o755)  # the worker of a root-started httpd is another user
    try:
        run_all(arguments, directory, results)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{results.passed} passed, {results.failed} failed, {results.skipped} skipped")
    return 1 if results.failed or not results.passed else 0


if __name__ == "__main__":
    sys.exit(main())
