#!/usr/bin/env python3
"""Measures this library against a hand-written socket loop, libcurl and neon, and writes docs/benchmarks.md.

    benches/run.py                 every row, about five minutes
    benches/run.py --row W1        one row (may be repeated); prints, writes nothing
    benches/run.py --quick         smaller sizes, three runs each; prints, writes nothing
"""

import argparse
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

import chart
import counters
import harness
from harness import OUT, ROOT, Run, Unsupported, note
from report import TITLES, Line, environment, text_goals, text_table, write_markdown
from rows import CURL, FLOOR, MIB, OURS, ROWS, W7, W7_ENTRIES, W8, W9, W9_CONNECTIONS, W9_ENTRIES

FULL_ROUNDS, QUICK_ROUNDS = 5, 3
IDLE_CONNECTIONS = 1000
LOADS = 15  # dlopen takes well under a millisecond or a few: cheap to repeat


def timed_runs(row, entries, port, units, file, rounds):
    """Each entry's runs. The clients take turns, and the turn's first rotates, so that a change of the machine's
    speed meets them all."""
    runs = {entry: [] for entry in entries}
    for turn in range(rounds):
        shift = turn % len(entries)
        for entry in entries[shift:] + entries[:shift]:
            runs[entry].append(Run(row.command(entry, OUT, port, units, file)))
    return runs


def cpu_figure(row, seconds, units):
    if row.unit == "request":
        return seconds / units * 1e6, "us/request"
    size = units * (MIB if row.unit == "MiB" else row.chunk)
    return seconds / size * 1024 * MIB, "s/GiB"


def measure(row, programs, quick, file):
    entries = tuple(entry for entry in row.entries if entry.program in programs)
    units = row.quick if quick else row.full
    with harness.server(row.tls) as port:
        note(f"{row.key}: {row.title}")
        runs = timed_runs(row, entries, port, units, file, QUICK_ROUNDS if quick else FULL_ROUNDS)
        cpu = {entry.label: statistics.median(run.cpu for run in runs[entry]) for entry in entries}
        wall = {entry.label: statistics.median(run.wall for run in runs[entry]) for entry in entries}
        floor = None
        for entry in entries:
            figure, figure_unit = cpu_figure(row, cpu[entry.label], units)
            line = Line(row.key, entry.label, figure, figure_unit, unit=row.unit)
            floor = floor or line  # the first entry of each row
            line.times_floor = cpu[entry.label] / cpu[entries[0].label]
            line.wall_times_floor = wall[entry.label] / wall[entries[0].label]
            if CURL.label in cpu:
                line.times_curl = cpu[entry.label] / cpu[CURL.label]
            line.peak_rss_mib = statistics.median(run.peak_rss_kib for run in runs[entry]) / 1024

            def command_for(amount, entry=entry):
                return row.command(entry, OUT, port, amount, file)

            line.syscalls = counters.syscalls(command_for, row.count_points)
            line.allocations = counters.allocations(command_for, row.count_points)
            if row.instruction_points:
                line.instructions = counters.instructions(command_for, row.instruction_points)
                if line.instructions is not None:
                    line.instructions_times_floor = line.instructions / floor.instructions
            line.allocations_over_floor = line.allocations - floor.allocations
            yield line


def measure_idle(programs):
    note("W7: " + TITLES[W7])
    with harness.server() as port:
        for entry in W7_ENTRIES:
            if entry.program not in programs:
                continue
            # The caller's buffer stays small: it is the program's, not the connection's.
            command = [str(OUT / entry.program), "-r", W7, "-p", str(port), "-n", str(IDLE_CONNECTIONS), *entry.args]
            kib = statistics.median(Run(command).idle_bytes for _ in range(3)) / 1024
            yield Line(W7, entry.label, kib, "KiB/connection")


def measure_crowd(rounds, units):
    """One exchange's cost, and the memory of a connection, by how many there are."""
    note("W9: " + TITLES[W9])

    def once(measure, entry, connections, amount):
        # A server of its own: its port is fresh, so that no connection has to wait for a TIME_WAIT to pass.
        with harness.server(crowd=True) as port:
            return measure([str(OUT / entry.program), "-r", W9, "-p", str(port), "-n", str(amount),
                            "-m", str(connections)])

    runs = {}
    for turn in range(rounds):
        for connections in W9_CONNECTIONS:
            for entry in W9_ENTRIES if turn % 2 == 0 else W9_ENTRIES[::-1]:
                runs.setdefault((entry, connections), []).append(once(Run, entry, connections, units))
    lines = {}
    for (entry, connections), done in runs.items():

        def per_exchange(measure, entry=entry, connections=connections):
            few, many = 2000, 6000
            more = once(measure, entry, connections, many) - once(measure, entry, connections, few)
            return more / (many - few)

        ns = statistics.median(run.exchange_ns for run in done)
        label = f"{entry.label}, {connections:,} connection{'s' if connections > 1 else ''}"
        line = Line(W9, label, ns / 1e3, "us/request", unit="request")
        line.syscalls = counters.per_run(counters.syscalls_of, per_exchange)
        line.instructions = counters.per_run(counters.instructions_of, per_exchange)
        lines[entry, connections] = line
        floor, one = lines[FLOOR, connections], lines[entry, W9_CONNECTIONS[0]]
        line.times_floor = line.figure / floor.figure
        line.times_one = line.figure / one.figure
        if line.instructions is not None:
            line.instructions_times_floor = line.instructions / floor.instructions
            line.instructions_times_one = line.instructions / one.instructions
        yield line
    most = runs[OURS, W9_CONNECTIONS[-1]]
    for what, key in (("an idle one", "idle_bytes"), ("one in an exchange, beyond that", "active_bytes")):
        kib = statistics.median(getattr(run, key) for run in most) / 1024
        yield Line(W9, f"{OURS.label}, memory of {what}", kib, "KiB/connection")


def shared_libraries():
    yield "libhttpclient", OUT / "libhttpclient.so", ""
    for label, name, init in (("curl", "libcurl.so.4", "curl_global_init"), ("neon", "libneon.so.27", "ne_sock_init")):
        for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"):
            path = Path(folder, name)
            if path.exists():
                yield label, path, init
                break


def measure_loading():
    note("W8: " + TITLES[W8])
    for label, path, init in shared_libraries():
        with tempfile.NamedTemporaryFile(dir=OUT) as stripped:
            subprocess.run(["strip", "-o", stripped.name, str(path)], check=True)
            yield Line(W8, label + ", size", os.stat(stripped.name).st_size / 1e6, "MB")
        command = [str(OUT / "load_time"), str(path), *([init] if init else [])]
        times = [float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                 for _ in range(LOADS)]
        yield Line(W8, label + ", load", statistics.median(times) / 1e3, "ms")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--row", action="append", choices=list(TITLES), help="only this row")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, fewer runs")
    return parser.parse_args()


def main():
    args = arguments()
    wanted = args.row or list(TITLES)
    harness.install_packages()
    programs = harness.build_all()
    facts_tool = counters.syscall_tool()
    isolated = harness.isolate()
    core = harness.pin()
    note(f"on core {core}" + ("" if isolated else "; not isolated: bulk rows can vary by 3x (root can isolate)"))
    rows = [row for row in ROWS if row.key in wanted]
    file = harness.make_upload_file(max(row.quick if args.quick else row.full for row in rows if row.file)) \
        if any(row.file for row in rows) else None
    lines = []
    try:
        for row in rows:
            try:
                lines.extend(measure(row, programs, args.quick, file))
            except Unsupported as reason:
                raise SystemExit(f"bench: {row.key}: a client was asked for what it cannot do: {reason}") from None
        if W7 in wanted:
            lines.extend(measure_idle(programs))
        if W9 in wanted:
            lines.extend(measure_crowd(*((QUICK_ROUNDS, 20000) if args.quick else (FULL_ROUNDS, 60000))))
        if W8 in wanted:
            lines.extend(measure_loading())
    finally:
        if file:
            file.unlink(missing_ok=True)
    print(text_table(lines))
    print()
    print(text_goals(lines))
    if args.row or args.quick:
        return
    docs = ROOT / "docs"
    docs.mkdir(exist_ok=True)
    write_markdown(docs / "benchmarks.md", lines, environment(isolated, facts_tool), FULL_ROUNDS)
    (docs / "benchmarks.svg").write_text(chart.svg(lines, TITLES))
    note(f"wrote {docs / 'benchmarks.md'} and benchmarks.svg")


if __name__ == "__main__":
    main()
