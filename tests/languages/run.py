#!/usr/bin/env python3
"""Runs the examples in other languages against the installed library and one server, and has the
header read by the ffi of two of them.

    run.py --build BUILD_DIR [LANGUAGE ...]

The library is installed from BUILD_DIR into a folder of it. A language that the machine lacks is
NOT RUN, and the summary says so; HC_LANGUAGES=all makes that an error, and has
packaging/install-tools bring those that are large."""

import argparse
import concurrent.futures
import os
import shutil
import subprocess
import sys
import time
import traceback

from cdef import Cdef
from languages import LANGUAGES, NotRun, Place, command, venv_of
from origin import Origin, what_is_wrong

ALL = os.environ.get("HC_LANGUAGES", "") == "all"


def installed(build):
    folder = os.path.join(build, "languages")
    prefix = os.path.join(folder, "prefix")
    shutil.rmtree(prefix, ignore_errors=True)
    shutil.rmtree(os.path.join(folder, "venv"), ignore_errors=True)
    command(["cmake", "--install", build, "--prefix", prefix])
    for here, _, files in os.walk(prefix):
        if "libhttpclient.so.0" in files:
            return Place(prefix, here, folder)
    raise SystemExit(f"no library in {prefix}")


def talk(name, place, origin):
    """Makes an example ready and runs it."""
    start, error = LANGUAGES[name]
    words, env = start(place)
    done = subprocess.run([*words, origin.host, origin.refusing], env=env, capture_output=True, text=True,
                          timeout=120, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"ended with {done.returncode}\n{done.stdout}{done.stderr}"
    with origin.lock:
        wrong = what_is_wrong(name, error, done.stdout, origin.asked)
    assert wrong is None, wrong


def attempt(name, job):
    began = time.monotonic()
    try:
        job()
        return name, "ok", f"{time.monotonic() - began:.1f} s"
    except NotRun as e:
        return name, "FAILED" if ALL else "NOT RUN", str(e)
    except (AssertionError, RuntimeError, OSError, subprocess.SubprocessError) as e:
        return name, "FAILED", str(e) or traceback.format_exc()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, help="where CMake has built the library")
    parser.add_argument("languages", nargs="*", metavar="LANGUAGE", help=", ".join(LANGUAGES))
    options = parser.parse_args()
    unknown = set(options.languages) - set(LANGUAGES)
    if unknown:
        parser.error(f"no such language: {', '.join(sorted(unknown))}")

    place = installed(os.path.abspath(options.build))
    outcomes = []
    with Origin() as origin, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as several:
        # Two want the environment: it is made before they start.
        try:
            venv_of(place)
        except NotRun:
            pass  # each says so for itself
        jobs = [(name, lambda name=name: talk(name, place, origin)) for name in options.languages or LANGUAGES]
        if not options.languages:
            cdef = Cdef(place)
            jobs += [("the header in LuaJIT", cdef.luajit), ("the header in cffi", cdef.cffi)]
        for future in concurrent.futures.as_completed([several.submit(attempt, *job) for job in jobs]):
            outcomes.append(future.result())
            print("{}: {} ({})".format(*outcomes[-1]), flush=True)

    by = {verdict: [o for o in outcomes if o[1] == verdict] for verdict in ("ok", "FAILED", "NOT RUN")}
    for name, _, why in by["NOT RUN"]:
        print(f"NOT RUN: {name}: {why}")
    print(f"languages: {len(by['ok'])} passed, {len(by['FAILED'])} failed, {len(by['NOT RUN'])} NOT RUN")
    return 1 if by["FAILED"] or not by["ok"] else 0


sys.exit(main())
