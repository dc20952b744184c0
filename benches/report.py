"""The table, the goals, and docs/benchmarks.md."""

import datetime
import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rows import GOALS, ROWS, W7, W7_TITLE, W8, W8_TITLE, W9, W9_TITLE

TITLES = {row.key: row.title for row in ROWS} | {W7: W7_TITLE, W8: W8_TITLE, W9: W9_TITLE}
# A count that was rounded for the table is not judged more finely than it is shown.
ROUNDING = 0.005


@dataclass
class Line:
    """A client's results in a row. `figure` is CPU per unit in the timed rows, else what `figure_unit` says."""

    row: str
    label: str
    figure: float
    figure_unit: str
    times_floor: float | None = None
    times_curl: float | None = None
    wall_times_floor: float | None = None
    instructions: float | None = None
    syscalls: float | None = None
    allocations: float | None = None
    instructions_times_floor: float | None = None
    allocations_over_floor: float | None = None
    peak_rss_mib: float | None = None
    times_one: float | None = None
    instructions_times_one: float | None = None
    unit: str = ""


def _number(value, digits):
    return "-" if value is None else f"{value:,.{digits}f}"


HEADERS = ("row", "client", "CPU, or the figure", "x floor", "x curl", "wall x floor", "instructions", "syscalls",
           "allocations", "peak MiB", "counted per")


def _cells(line):
    return (line.row, line.label, f"{line.figure:.3g} {line.figure_unit}", _number(line.times_floor, 2),
            _number(line.times_curl, 2), _number(line.wall_times_floor, 2), _number(line.instructions, 0),
            _number(line.syscalls, 2), _number(line.allocations, 2), _number(line.peak_rss_mib, 1), line.unit)


def text_table(lines):
    rows = [HEADERS, *(_cells(line) for line in lines)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADERS))]
    out, last = [], None
    for row in rows:
        if last not in (None, row[0]):
            out.append("")
        last = row[0]
        cells = [cell.ljust(width) if i < 2 else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(row, widths))]
        out.append("  ".join(cells).rstrip())
    return "\n".join(out)


def judged_goals(lines):
    """(goal, measured, met) for every goal whose line and figure exist."""
    by_name = {(line.row, line.label): line for line in lines}
    for goal in GOALS:
        line = by_name.get((goal.row, goal.label))
        measured = getattr(line, goal.value) if line else None
        if measured is not None:
            yield goal, measured, measured <= goal.limit + ROUNDING


def text_goals(lines):
    out = []
    for goal, measured, met in judged_goals(lines):
        kind = "aim " if goal.stretch else "goal"
        verdict = "met   " if met else "MISSED"
        out.append(f"{verdict} {kind} {goal.row:<4} {goal.label}: {goal.text} {measured:,.2f}, at most {goal.limit:g}")
    return "\n".join(out)


def _first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return None
    return (done.stdout or done.stderr).strip().splitlines()[0] if done.returncode == 0 else None


def environment(isolated, syscall_tool):
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    curl = _first_line("curl-config", "--version") or "libcurl: not installed"
    neon = _first_line("neon-config", "--version") or "neon: not installed"
    version = re.search(r'^version = "(.+)"', (Path(__file__).parent.parent / "Cargo.toml").read_text(), re.MULTILINE)
    return [
        ("Date", datetime.date.today().isoformat()),
        ("Processor", f"{cpu[1] if cpu else platform.machine()}, all programs on one core"),
        ("Kernel", f"{platform.system()} {platform.release().split('-')[0]}"),
        ("Network", "loopback in a network namespace, receive buffer at most 512 KiB" if isolated
         else "the machine's loopback, receive buffer as the system has it: bulk rows can vary by 3x"),
        ("libhttpclient", version[1]),
        ("libcurl", curl.removeprefix("libcurl ")),
        ("neon", neon.removeprefix("neon ")),
        ("C compiler", _first_line("gcc", "--version")),
        ("Rust compiler", _first_line("rustc", "--version")),
        ("System calls counted by", syscall_tool or "nothing: neither perf nor strace is there"),
    ]


INTRODUCTION = """# Benchmarks

This page is written by `make bench` (`benches/run.py`). Do not edit it.

The server answers canned bytes, so that the client is what is measured. `floor` is no library but a hand-written socket
loop that knows the shape of every answer: it is what the kernel alone costs. CPU is user and system time of the whole
client process, starting and ending included; times are medians of {rounds} runs with the clients taking turns.
Instructions (in user space, by callgrind), system calls and heap allocations are differences between a short and a
long run: they do not depend on how busy the machine is, but for a non-blocking client's system calls, which tell how
often it had to wait.
Trust the counts first, the ratios next, and absolute times last.

- Client and server share one core. On two, a small exchange measures how fast a sleeping core wakes up.
- A bulk copy inside the kernel can take up to five times as long on Zen processors when its target lies 1 to 31 bytes
  behind its source within a page. That is where malloc puts buffers of 128 KiB and more. The drivers therefore hand out
  buffers at a page's start; a library's own buffers are where the library puts them (curl's 512 KiB, 16 bytes behind).
- Callgrind counts a `rep movsb` once per byte. Where a client copies bodies, its instructions say how much it copies
  and not how long that takes.

![CPU as a multiple of the socket loop's](benchmarks.svg)
"""


def _markdown_table(headers, rows):
    yield "| " + " | ".join(headers) + " |"
    yield "|" + "---|" * len(headers)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def write_markdown(path, lines, facts, rounds):
    out = [INTRODUCTION.format(rounds=rounds), "## Where", ""]
    out += _markdown_table(("what", "which"), facts)
    out += ["", "## Results", ""]
    out += [f"- **{key}** {title}" for key, title in TITLES.items() if any(line.row == key for line in lines)]
    out.append("")
    out += _markdown_table(HEADERS, (_cells(line) for line in lines))
    out += ["", "## Goals", "",
            "A goal is what the library promises; an aim is what its design is after. Each is an upper limit.", ""]
    out += _markdown_table(
        ("", "row", "client", "what", "limit", "measured", ""),
        (("aim" if goal.stretch else "goal", goal.row, goal.label, goal.text, f"{goal.limit:g}", f"{measured:,.2f}",
          "met" if met else "**missed**") for goal, measured, met in judged_goals(lines)))
    path.write_text("\n".join(out) + "\n")
