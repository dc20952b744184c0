#!/usr/bin/env python3
"""This library's figures that do not depend on how busy the machine is, one to a line, in less than a minute.

    benches/counts.py                               prints them
    benches/counts.py --check benches/counts.txt    fails when one is more than 3 % above the file's
    benches/counts.py --update                      rewrites benches/counts.txt

The file's figures hold for one compiler and one libc; an update on purpose is part of the commit that explains it.
"""

import argparse
import sys
from pathlib import Path

import counters
import harness
from harness import HERE, OUT
from rows import OURS, ROWS, styled

FILE = HERE / "counts.txt"
TOLERANCE = 1.03
# Counts of calls and allocations are whole per request; a stray one in a long run is not a regression.
ROUNDING = 0.01

ROW = {row.key: row for row in ROWS}
# (name, row, how it is driven, figures). Left out on purpose, because they depend on when the data arrives: the system
# calls of the non-blocking style and of the bulk rows, and the instructions of large chunks, whose copies callgrind
# counts by the byte or by the vector according to their size.
FIGURES = (
    ("warm-get", "W1", "", ("instructions", "syscalls", "allocations")),
    ("warm-get-nonblocking", "W1", "nonblocking", ("allocations",)),
    ("warm-get-sansio", "W1", "sansio", ("instructions", "syscalls", "allocations")),
    ("warm-get-transport", "W1", "transport", ("instructions", "syscalls", "allocations")),
    ("new-connection", "W0", "", ("instructions", "syscalls", "allocations")),
    ("pipelined-get", "W6", "", ("instructions", "syscalls", "allocations")),
    ("small-chunk", "W3b", "", ("instructions",)),
    ("warm-tls-get", "W4a", "", ("instructions", "syscalls", "allocations")),
)


def measure():
    """{"warm-get instructions": 2412.0, ...}"""
    figures = {}
    with harness.server() as plain, harness.server(tls=True) as tls:
        for name, key, style, kinds in FIGURES:
            row, entry = ROW[key], styled(OURS, style)
            port = tls if row.tls else plain
            for kind in kinds:
                points = row.instruction_points if kind == "instructions" else row.count_points
                value = getattr(counters, kind)(
                    lambda units, row=row, entry=entry, port=port: row.command(entry, OUT, port, units, None), points)
                if value is None:
                    raise SystemExit(f"counts: nothing here can count {kind}: install valgrind and strace")
                figures[f"{name} {kind}"] = value
    return figures


def text(figures):
    return "".join(f"{name} {value:.0f}\n" if name.endswith("instructions") else f"{name} {value:.2f}\n"
                   for name, value in figures.items())


def read(path):
    lines = (line.rsplit(" ", 1) for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def compare(figures, path):
    """Prints what is worse than the file says; returns whether nothing is."""
    committed = read(path)
    good = True
    for name in committed.keys() - figures.keys():
        print(f"counts: {name} is in {path} and was not measured")
        good = False
    for name, value in figures.items():
        if name not in committed:
            print(f"counts: {name} is not in {path}: run with --update")
            good = False
        elif value > committed[name] * TOLERANCE + ROUNDING:
            print(f"counts: {name} rose from {committed[name]:g} to {value:.2f}")
            good = False
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", type=Path, metavar="FILE")
    parser.add_argument("--update", action="store_true")
    args = parser.parse_args()
    harness.install_packages(("valgrind", "strace", "libssl-dev"))
    harness.build_base()
    harness.build_libhttpclient_driver()
    harness.isolate()
    harness.pin()
    figures = measure()
    print(text(figures), end="")
    if args.update:
        FILE.write_text("# Written by benches/counts.py --update\n" + text(figures))
    if args.check and not compare(figures, args.check):
        sys.exit(1)


if __name__ == "__main__":
    main()
