"""The figures that do not depend on how busy the machine is: instructions, system calls, heap allocations.

Each is the difference between a short and a long run of the same program, so that starting and ending cost nothing."""

import functools
import platform
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness import OUT, Run


def have_instructions():
    return shutil.which("valgrind") is not None


def has_avx2():
    """Can valgrind show the processor that it shows wherever it can?"""
    return platform.machine() != "x86_64" or " avx2" in Path("/proc/cpuinfo").read_text()


def _instructions(command):
    """In user space, by callgrind."""
    # Without a dump: only the total is wanted.
    run = Run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command])
    return int(re.search(r"Collected : (\d+)", run.err)[1])


@functools.cache
def syscall_tool():
    """perf counts in the kernel and leaves the timing as it is, so that a call which would block does. strace, which
    stops the client at every call, is the second choice: under it the answer is there before it is asked for."""
    if shutil.which("perf"):
        probe = subprocess.run(["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "true"], capture_output=True,
                               text=True)
        if probe.returncode == 0 and re.match(r"\d", probe.stderr):
            return "perf"
    return "strace" if shutil.which("strace") else None


def _syscalls(command):
    with tempfile.NamedTemporaryFile("r", dir=OUT) as out:
        if syscall_tool() == "perf":
            Run(["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-o", out.name, "--", *command])
            return int(re.search(r"^(\d+),", out.read(), re.MULTILINE)[1])
        Run(["strace", "-f", "-c", "-U", "calls,name", "-o", out.name, *command])
        return int(re.search(r"^\s*(\d+)\s+total$", out.read(), re.MULTILINE)[1])


def _allocations(command):
    with tempfile.NamedTemporaryFile("r", dir=OUT) as out:
        Run(list(command), {"LD_PRELOAD": str(OUT / "alloc_count.so"), "BENCH_ALLOC_FILE": out.name})
        return int(Path(out.name).read_text())


def per_run(measure, difference):
    """`difference(measure)`, or None where that cannot be measured."""
    can = have_instructions() if measure is _instructions else syscall_tool()
    return difference(measure) if can else None


instructions_of, syscalls_of = _instructions, _syscalls


def _per_unit(measure, command_for, points):
    """`command_for(n)` runs n units; `points` are a small and a large n."""
    short, long = points
    return (measure(command_for(long)) - measure(command_for(short))) / (long - short)


def instructions(command_for, points):
    return _per_unit(_instructions, command_for, points) if have_instructions() else None


def syscalls(command_for, points):
    return _per_unit(_syscalls, command_for, points) if syscall_tool() else None


def allocations(command_for, points):
    return _per_unit(_allocations, command_for, points)
