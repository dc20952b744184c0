#!/usr/bin/env python3
"""How connections are made, on a network that this makes for itself: a name server that is silent, slow or lies, and
addresses that refuse, answer late, lose packets or swallow them.

    python3 tests/network/run.py [--lib-dir build/release/lib] [--include include] [-k word]

It takes a user namespace with a network and a mount namespace of its own, and /dev/net/tun. Where those cannot be had,
it says why and tries what can be tried on loopback. The library is used by one C program (probe.c).

A time is held against its bound by the best of three runs: a busy machine makes a process late, never early. The figures
are printed, the worst run's too.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))
INSIDE = "HTTPCLIENT_TEST_NETWORK"
UNSHARE = ["unshare", "--user", "--map-root-user", "--net", "--mount", "--"]


def build(directory, lib_dir, include):
    compiler = os.environ.get("CC", "cc")
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1"]
    subprocess.run([compiler, *flags, f"-I{include}", os.path.join(HERE, "probe.c"), "-o", os.path.join(directory, "probe"),
                    f"-L{lib_dir}", "-lhttpclient", f"-Wl,-rpath,{lib_dir}", "-pthread"], check=True)
    subprocess.run([compiler, *flags, os.path.join(HERE, "unload.c"), "-o", os.path.join(directory, "unload"), "-ldl", "-pthread"],
                   check=True)


def why_no_namespace():
    """None when there can be one."""
    for tool in ("unshare", "ip"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "/dev/net/tun is not there, or not ours to use"
    tried = subprocess.run([*UNSHARE, "ip", "tuntap", "add", "dev", "hc0", "mode", "tun"], capture_output=True, text=True)
    return None if tried.returncode == 0 else (tried.stderr.strip() or f"unshare ended with {tried.returncode}")


def cover(path, text, directory):
    """Shows this process and its children another file."""
    made = os.path.join(directory, os.path.basename(path))
    with open(made, "w") as f:
        f.write(text)
    if os.path.exists(path):
        subprocess.run(["mount", "--bind", made, path], check=True)


def inside(directory):
    import world
    cover("/etc/resolv.conf", f"nameserver {world.DNS}\n", directory)
    cover("/etc/nsswitch.conf", "hosts: files dns\n", directory)
    cover("/etc/hosts", "127.0.0.1 localhost\n", directory)
    # A cache of the machine's would answer in the name server's place.
    for cache in ("/run/nscd", "/var/run/nscd"):
        if os.path.isdir(cache):
            subprocess.run(["mount", "-t", "tmpfs", "none", cache], check=True)
    return world.World()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--lib-dir", default=os.path.join(PROJECT, "build", "release", "lib"))
    parser.add_argument("--include", default=os.path.join(PROJECT, "include"))
    parser.add_argument("-k", default=None, help="only the tests whose name has this word")
    arguments = parser.parse_args()
    sys.path.insert(0, HERE)
    lib_dir = os.path.abspath(arguments.lib_dir)
    if INSIDE not in os.environ:
        reason = why_no_namespace()
        if reason is None:
            os.environ[INSIDE] = "made"
            os.execvp(UNSHARE[0], [*UNSHARE, sys.executable, os.path.abspath(__file__), *sys.argv[1:]])
        print(f"no network namespace can be made here: {reason}\nso only loopback is tried", flush=True)
    with tempfile.TemporaryDirectory(prefix="hc-network-") as directory:
        build(directory, lib_dir, arguments.include)
        import cases
        import cases_time
        cases.PROBE = os.path.join(directory, "probe")
        cases.UNLOAD = [os.path.join(directory, "unload"), os.path.join(lib_dir, "libhttpclient.so.0")]
        if INSIDE in os.environ:
            cases.WORLD = inside(directory)
        loader = unittest.TestLoader()
        if arguments.k:
            loader.testNamePatterns = [f"*{arguments.k}*"]
        suite = unittest.TestSuite(loader.loadTestsFromModule(m) for m in (cases, cases_time))
        result = unittest.TextTestRunner(verbosity=2).run(suite)
        for line in cases.FIGURES:
            print(line)
    sys.stdout.flush()
    # The threads of the far side never end.
    os._exit(0 if result.wasSuccessful() and result.testsRun else 1)


if __name__ == "__main__":
    main()
