#!/usr/bin/env python3
"""This library's figures that do not depend on how busy the machine is, one to a line, in less than a minute.

    benches/counts.py                  prints them
    benches/counts.py --check          also fails when one is more than 3 % above benches/counts.txt
    benches/counts.py --update         rewrites benches/counts.txt
    benches/counts.py --lib-dir DIR    of the library that was built there, instead of building one

Instructions are counted under valgrind, which shows the program the same processor on every machine that has AVX2: which
memcpy glibc chooses, and which code of ring's, does not depend on the model. What is left are the compilers' versions and
a percent or so of chance. An update on purpose is part of the commit that explains it.
"""

import argparse
import concurrent.futures
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import counters
import harness
from harness import HERE, OUT
from rows import OURS, ROWS, Entry, Row, styled

FILE = HERE / "counts.txt"
TOLERANCE = 1.03
# Counts of calls and allocations are whole per request; a stray one in a long run is not a regression. And a figure of
# few instructions is not held to a fraction of one.
ROUNDING = {"instructions": 2.0, "syscalls": 0.01, "allocations": 0.01}

ROW = {row.key: row for row in ROWS}
PIECE = 16 * 1024
POOL = Row("POOL", "", (), "POOL", "request", 0, 0, (200, 1200), (50, 250))
UPLOAD = Row("UPLOAD", "", (), "W5", "piece", 0, 0, (64, 1064), (64, 1064), chunk=PIECE, file=True)
IN_PIECES = Entry(OURS.label, OURS.program, ("-b", str(PIECE)))
INSTRUCTIONS, SYSCALLS, ALLOCATIONS = KINDS = ("instructions", "syscalls", "allocations")


@dataclass(frozen=True)
class Figure:
    """A row, driven in some way, and what of it is counted."""

    name: str
    row: Row
    style: str = ""
    kinds: tuple = KINDS
    entry: Entry = OURS

    def command(self, port, file, units):
        return self.row.command(styled(self.entry, self.style), OUT, port, units, file)


# Left out on purpose, because they depend on when the data arrives: the system calls of the non-blocking style and of the
# bulk rows, and of TLS handshakes; and the instructions of large chunks, whose copies callgrind counts by the byte or by the
# vector according to their size.
FIGURES = (
    Figure("warm-get", ROW["W1"]),
    Figure("warm-get-nonblocking", ROW["W1"], "nonblocking", (ALLOCATIONS,)),
    Figure("warm-get-sansio", ROW["W1"], "sansio"),
    Figure("warm-get-transport", ROW["W1"], "transport"),
    Figure("warm-get-traced", ROW["W1"], "traced"),
    Figure("warm-get-pooled", POOL),
    Figure("new-connection", ROW["W0"]),
    Figure("pipelined-get", ROW["W6"]),
    Figure("small-chunk", ROW["W3b"], kinds=(INSTRUCTIONS,)),
    Figure("upload-piece", UPLOAD, "push", (INSTRUCTIONS, ALLOCATIONS), IN_PIECES),
    Figure("upload-piece-callback", UPLOAD, "callback", (ALLOCATIONS,), IN_PIECES),
    Figure("warm-tls-get", ROW["W4a"]),
)


def measure():
    """{"warm-get instructions": 2412.0, ...}"""
    most = max(units for figure in FIGURES if figure.row.file for units in figure.row.count_points) * PIECE
    file = harness.make_upload_file(-(-most // harness.MIB))
    with harness.server() as plain, harness.server(tls=True) as tls:

        def count(job):
            figure, kind = job
            points = figure.row.instruction_points if kind == INSTRUCTIONS else figure.row.count_points
            port = tls if figure.row.tls else plain
            return getattr(counters, kind)(lambda units: figure.command(port, file, units), points)

        jobs = [(figure, kind) for figure in FIGURES for kind in figure.kinds]
        # A count is the same whatever runs beside it.
        with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            values = list(pool.map(count, jobs))
    file.unlink(missing_ok=True)
    for (figure, kind), value in zip(jobs, values):
        if value is None:
            raise SystemExit(f"counts: nothing here can count {kind}: install valgrind and strace")
    return {f"{figure.name} {kind}": value for (figure, kind), value in zip(jobs, values)}


def text(figures):
    return "".join(f"{name} {value:.0f}\n" if name.endswith(INSTRUCTIONS) else f"{name} {value:.2f}\n"
                   for name, value in figures.items())


def read(path):
    lines = (line.rsplit(" ", 1) for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def compare(figures, committed):
    """Prints what is worse than what was committed; returns whether nothing is."""
    good = True
    for name in committed.keys() - figures.keys():
        print(f"counts: {name} is in {FILE.name} and was not measured")
        good = False
    for name, value in figures.items():
        rounding = ROUNDING[name.rsplit(" ", 1)[1]]
        if name not in committed:
            print(f"counts: {name} is not in {FILE.name}: make counts UPDATE=1")
            good = False
        elif value > committed[name] * TOLERANCE + rounding:
            print(f"counts: {name} rose from {committed[name]:g} to {value:.2f}, which is more than 3 %; if that is meant, "
                  "make counts UPDATE=1 and say why in the commit")
            good = False
        elif value < committed[name] / TOLERANCE - rounding:
            print(f"counts: {name} fell from {committed[name]:g} to {value:.2f}: make counts UPDATE=1 keeps the gain")
    return good


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--lib-dir", type=Path, metavar="DIR")
    return parser.parse_args()


def main():
    args = arguments()
    harness.install_packages(("valgrind", "strace", "libssl-dev"))
    harness.build_base()
    harness.build_libhttpclient_driver(args.lib_dir)
    harness.isolate()
    if not counters.has_avx2():
        raise SystemExit("counts: without AVX2 valgrind shows another processor, for which no figures are committed")
    figures = measure()
    print(text(figures), end="", flush=True)
    if args.update:
        FILE.write_text("# Written by benches/counts.py --update\n" + text(figures))
    elif args.check and not compare(figures, read(FILE)):
        sys.exit(1)


if __name__ == "__main__":
    main()
