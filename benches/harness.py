"""Builds the benchmark's programs, isolates the machine's part they run on, and runs them."""

import contextlib
import ctypes
import fcntl
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

from rows import MIB

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
OUT = TARGET / "bench"
CFLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-D_GNU_SOURCE"]
TIMEOUT = 120.0  # seconds for one run of one client; none takes a tenth of it

# What the peers and the counters need, by Debian's names, and a file that shows each to be there.
PACKAGES = {
    "libcurl4-openssl-dev": "/usr/include/x86_64-linux-gnu/curl/curl.h",
    "libssl-dev": "/usr/include/openssl/ssl.h",
    "libneon27-dev": "/usr/include/neon/ne_session.h",
    "valgrind": "/usr/bin/valgrind",
    "strace": "/usr/bin/strace",
}


class Unsupported(Exception):
    """The client cannot do this row."""


def note(text):
    print(f"bench: {text}", flush=True)


def install_packages(names=tuple(PACKAGES)):
    """Installs what is missing where that is possible. Whatever stays missing is left out of the table."""
    missing = [name for name in names if not Path(PACKAGES[name]).exists()]
    if not missing or os.environ.get("HC_NO_INSTALL") or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    note("installing " + " ".join(missing))
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], env=environment, stdout=subprocess.DEVNULL)
    subprocess.run(["apt-get", "install", "-y", "-q", *missing], env=environment, stdout=subprocess.DEVNULL)


def make_certificates():
    """For the TLS rows, fresh each time: they are valid for a month."""
    subprocess.run([sys.executable, str(ROOT / "tests" / "tls" / "make_certs.py"), str(OUT / "certificates")], check=True)


def build_tls_floor():
    """The one program in Rust: linked with the very rustls that the library has, by the same profile."""
    cargo = ["cargo", "build", "--release", "--bench", "tls_floor", "--quiet", "--locked", "--message-format=json"]
    done = subprocess.run(cargo, cwd=ROOT, env={**os.environ, "CARGO_TARGET_DIR": str(TARGET)}, stdout=subprocess.PIPE,
                          text=True)
    if done.returncode != 0:
        raise SystemExit("bench: tls_floor does not build")
    artifacts = (json.loads(line) for line in done.stdout.splitlines())
    program, = (artifact["executable"] for artifact in artifacts
                if artifact.get("target", {}).get("name") == "tls_floor" and artifact.get("executable"))
    shutil.copy(program, OUT / "tls_floor")


def compile_c(name, sources, *flags, optional=False):
    command = ["gcc", *CFLAGS, *(str(HERE / source) for source in sources), "-o", str(OUT / name), *flags]
    done = subprocess.run(command, capture_output=optional, text=True)
    if done.returncode == 0:
        return True
    if not optional:
        raise SystemExit(f"bench: cannot build {name}")
    note(f"left out: {name} does not build here")
    return False


def build_library(folder=None):
    """The release build, or what is in this folder, copied beside the drivers under the name that the linker and the
    loader look for."""
    if folder is None:
        cargo = ["cargo", "build", "--release", "--lib", "--quiet", "--locked"]
        if subprocess.run(cargo, cwd=ROOT, env={**os.environ, "CARGO_TARGET_DIR": str(TARGET)}).returncode != 0:
            raise SystemExit("bench: the library does not build")
        folder = TARGET / "release"
    built = folder / "libhttpclient.so"
    library = OUT / "libhttpclient.so"
    shutil.copyfile(built, library)
    dynamic = subprocess.run(["readelf", "-d", str(built)], capture_output=True, text=True, check=True).stdout
    soname = re.search(r"SONAME.*\[(.+)\]", dynamic)
    if soname and soname[1] != library.name:
        link = OUT / soname[1]
        link.unlink(missing_ok=True)
        link.symlink_to(library.name)
    return library


def build_base():
    OUT.mkdir(parents=True, exist_ok=True)
    make_certificates()
    server = ["server.c", "answers.c", "upload_sink.c"]
    compile_c("server", server, "-pthread")
    compile_c("tls_server", server, "-DBENCH_TLS", "-pthread", "-lssl", "-lcrypto")
    compile_c("crowd_server", ["crowd_server.c", "answers.c"])
    compile_c("alloc_count.so", ["alloc_count.c"], "-fPIC", "-shared")


def build_libhttpclient_driver(folder=None):
    """`folder`: where the library is; it is built if that is not said."""
    build_library(folder)
    compile_c("hc_driver", ["hc_driver.c", "hc_wire.c", "hc_crowd.c", "crowd.c", "driver.c"], f"-I{ROOT / 'include'}", f"-L{OUT}",
              "-lhttpclient", f"-Wl,-rpath,{OUT}")


def build_all():
    """Returns the names of the programs that exist."""
    build_base()
    programs = {"floor", "tls_floor", "hc_driver", "py_driver"}
    script = OUT / "py_driver"
    script.unlink(missing_ok=True)
    script.symlink_to(HERE / "py_driver.py")
    build_tls_floor()
    compile_c("floor", ["floor.c", "crowd.c", "driver.c"])
    compile_c("load_time", ["load_time.c"], "-ldl")
    if compile_c("curl_driver", ["curl_driver.c", "driver.c"], "-lcurl", optional=True):
        programs.add("curl_driver")
    if compile_c("neon_driver", ["neon_driver.c", "driver.c"], "-I/usr/include/neon", "-lneon", optional=True):
        programs.add("neon_driver")
    build_libhttpclient_driver()
    return programs


def pin():
    """One core for the server, the clients and this process: on two, a small exchange measures how fast the
    hypervisor wakes the other core, and a download how deep the receive queue happens to get."""
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


RECEIVE_BUFFER = "4096 131072 524288"


def isolate():
    """A network of our own: no foreign traffic, no sockets in TIME_WAIT from elsewhere, and a receive buffer of at
    most 512 KiB. The kernel's default lets a queue grow to many megabytes, and then a download measures whether its
    data was still in the cache (0.12 or 0.40 s/GiB for the same program). Only root can; says whether it worked.
    Nothing that needs the real network may run afterwards."""
    clone_newnet = 0x40000000
    if os.geteuid() != 0 or ctypes.CDLL(None, use_errno=True).unshare(clone_newnet) != 0:
        return False
    siocgifflags, siocsifflags, iff_up = 0x8913, 0x8914, 1
    with socket.socket() as any_socket:
        request = struct.pack("16sH22x", b"lo", 0)
        flags = struct.unpack_from("16sH", fcntl.ioctl(any_socket, siocgifflags, request))[1]
        fcntl.ioctl(any_socket, siocsifflags, struct.pack("16sH22x", b"lo", flags | iff_up))
    try:
        Path("/proc/sys/net/ipv4/tcp_rmem").write_text(RECEIVE_BUFFER)
    except OSError:
        return False
    return True


def make_upload_file(mib):
    """Real bytes on the disk's file system, as a program would send them; written out before anything is timed."""
    path = OUT / "upload.bin"
    block = os.urandom(MIB)
    with open(path, "wb") as out:
        for _ in range(mib):
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    return path


@contextlib.contextmanager
def server(tls=False, crowd=False):
    """A server for the time of the block; yields its port."""
    certificates = OUT / "certificates"
    command = [str(OUT / "tls_server"), str(certificates / "good.chain"), str(certificates / "good.key")] if tls \
        else [str(OUT / ("crowd_server" if crowd else "server"))]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


class Run:
    """One finished run of a client: wall and CPU seconds of the whole process, and what it reported."""

    def __init__(self, command, environment=None):
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, **(environment or {})})
        killer = threading.Timer(TIMEOUT, process.kill)
        killer.start()
        # Both pipes hold far less than a pipe's capacity, so reading them after the end loses nothing.
        _, status, usage = os.wait4(process.pid, 0)
        self.wall = time.monotonic() - started
        killer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out, self.err = process.stdout.read(), process.stderr.read()
        process.stdout.close()
        process.stderr.close()
        if process.returncode == 2:
            raise Unsupported(self.err.strip())
        if process.returncode != 0:
            raise SystemExit(f"bench: {' '.join(command)}\nbench: exit {process.returncode}: {self.err.strip()}")
        self.cpu = usage.ru_utime + usage.ru_stime
        report = dict(re.findall(r"(\w+)=(\d+)", out))
        self.peak_rss_kib = int(report.get("peak_rss_kib", 0))
        self.idle_bytes = int(report.get("idle_bytes", 0))
        self.active_bytes = int(report.get("active_bytes", 0))
        self.exchange_ns = int(report.get("exchange_ns", 0))
