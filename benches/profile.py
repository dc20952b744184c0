#!/usr/bin/env python3
"""Where this library's instructions go: per request or chunk, function by function, inlined callees included.

    benches/profile.py --row W1                  the blocking warm GET
    benches/profile.py --row W1 --style sansio   another style
    benches/profile.py --row W1 --by-file        splits each function by the source files inlined into it

Like every count here, a difference between a short and a long run, by callgrind.
"""

import argparse
import re
import tempfile
from collections import Counter
from pathlib import Path

import harness
from harness import OUT, Run
from rows import OURS, ROWS, styled

SHOWN = 60


def parse(text, by_file):
    """Each function's own cost, from a callgrind file. Names are written once, as "(12) name", then as "(12)"."""
    names = {"fn": {}, "file": {}}
    costs = Counter()
    function = file = ""
    after_calls = False

    def name_of(kind, reference):
        number, _, name = reference.partition(" ")
        if name:
            names[kind][number] = name
        return names[kind][number]

    for line in text.splitlines():
        key, equals, rest = line.partition("=")
        if equals and key == "fn":
            function = name_of("fn", rest)
        elif equals and key in ("fl", "fi", "fe"):
            file = name_of("file", rest)
        elif equals and key in ("cfi", "cfl"):
            name_of("file", rest)
        elif equals and key == "cfn":
            name_of("fn", rest)
        elif equals and key == "calls":
            after_calls = True  # the next line is the callee's cost, which is counted where it is spent
        elif re.match(r"[+\-*\d]", line):
            if not after_calls:
                where = f"{function}  [{Path(file).parent.name}/{Path(file).name}]" if by_file else function
                costs[where] += int(line.split()[1])
            after_calls = False
    return costs


def profile(command, by_file):
    with tempfile.NamedTemporaryFile("r", dir=OUT) as out:
        Run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", *command])
        return parse(Path(out.name).read_text(), by_file)


def main():
    rows = {row.key: row for row in ROWS if row.instruction_points and OURS in row.entries}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--row", choices=list(rows), default="W1")
    parser.add_argument("--style", choices=("", "nonblocking", "sansio", "transport"), default="")
    parser.add_argument("--by-file", action="store_true")
    args = parser.parse_args()
    row, entry = rows[args.row], styled(OURS, args.style)
    harness.install_packages(("valgrind", "libssl-dev"))
    harness.build_base()
    harness.build_libhttpclient_driver()
    harness.isolate()
    harness.pin()
    short, long = row.instruction_points
    with harness.server(row.tls) as port:
        before = profile(row.command(entry, OUT, port, short, None), args.by_file)
        after = profile(row.command(entry, OUT, port, long, None), args.by_file)
    per_unit = Counter({name: (cost - before[name]) / (long - short) for name, cost in after.items()})
    total = sum(per_unit.values())
    print(f"{total:10.1f}  in all, per {row.unit}")
    for name, cost in per_unit.most_common(SHOWN):
        print(f"{cost:10.1f}  {name}")


if __name__ == "__main__":
    main()
