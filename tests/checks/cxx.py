#!/usr/bin/env python3
"""Is httpclient.hpp whole, and good C++?

    cxx.py [COMPILER ...]

Each function and constant of httpclient.h has to be used in the C++ headers, or to stand in the
table of docs/cplusplus.md that says what is left out and why. Then they are compiled. Without arguments the compilers are g++, which has to be there, and clang++."""

import concurrent.futures
import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INCLUDE = os.path.join(ROOT, "include")
STANDARDS = ("c++17", "c++20")
failures = []


def read(*names):
    with open(os.path.join(ROOT, *names), encoding="utf-8") as f:
        return f.read()


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


def headers():
    parts = sorted(os.listdir(os.path.join(INCLUDE, "httpclient")))
    return ["httpclient.hpp"] + [f"httpclient/{name}" for name in parts if name.endswith(".hpp")]


def promised():
    """The functions, by the list of symbols, and the constants, by the header."""
    functions = [line.split()[0] for line in read("docs", "symbols.txt").splitlines()
                 if line and not line.startswith("#")]
    header = without_comments(read("include", "httpclient.h"))
    constants = []
    for block in re.findall(r"\benum \w+[^{;]*\{(.*?)\}", header, re.S):
        constants += re.findall(r"\b(H[CM]_\w+)\s*=", block)
    assert len(functions) > 300 and len(constants) > 250, (len(functions), len(constants))
    return functions, constants


def left_out():
    """Patterns in the first column of the table, each with a reason in the second."""
    table = read("docs", "cplusplus.md").split("## What it leaves out")[1]
    patterns = []
    for row in re.findall(r"^\| (`.*) \| (.*) \|$", table, re.M):
        assert row[1].strip(), row
        patterns += re.findall(r"`(\S+?)`", row[0])
    assert patterns
    return patterns


def compare():
    text = "\n".join(without_comments(read("include", name)) for name in headers())
    used = set(re.findall(r"\bh[crm](?:15)?_\w+|\bH[CM]_\w+", text))
    functions, constants = promised()
    patterns = left_out()
    for name in functions + constants:
        excused = [p for p in patterns if fnmatch.fnmatchcase(name, p)]
        if name in used and excused:
            failures.append(f"{name} is used, and docs/cplusplus.md says that it is left out")
        elif name not in used and not excused:
            failures.append(f"{name} is not in the C++ headers: wrap it, or add it with the reason to the"
                            " table of docs/cplusplus.md")
    for pattern in patterns:
        if not fnmatch.filter(functions + constants, pattern):
            failures.append(f"docs/cplusplus.md leaves out {pattern}, which is not there")
    known = set(functions) | set(constants)
    print(f"ok: {len(known & used)} functions and constants are used, {len(known - used)} left out")


def compile_all(compilers):
    """g++ has both dialects in c-tests; what nobody else compiles is compiled here."""
    jobs = [(c, s, []) for c in compilers for s in STANDARDS if c != "g++"]
    jobs += [(c, STANDARDS[0], ["-fno-exceptions", "-fno-rtti"]) for c in compilers]
    with tempfile.TemporaryDirectory() as tmp, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as several:
        alone, example = os.path.join(tmp, "alone.cpp"), os.path.join(tmp, "example.cpp")
        # Twice: the second time nothing may come.
        with open(alone, "w", encoding="utf-8") as f:
            f.writelines(f"#include <{name}>\n" * 2 for name in headers())
        # The program in the header's comment, as strict as what people copy has to be.
        text = read("include", "httpclient.hpp").split("@code{.cpp}\n")[1].split(" * @endcode")[0]
        with open(example, "w", encoding="utf-8") as f:
            f.write(re.sub(r"^ \* ?", "", text, flags=re.M))
        jobs = [(c, s, alone, more) for c, s, more in jobs] + [(compilers[0], STANDARDS[0], example, [])]
        failures.extend(filter(None, several.map(lambda job: compile_one(*job), jobs)))
    print(f"ok: compiled {len(jobs)} times by {' and '.join(compilers)}" if not failures else "not ok")


def compile_one(compiler, standard, source, more):
    words = [compiler, f"-std={standard}", "-Wall", "-Wextra", "-pedantic", "-Werror", "-Wshadow",
             "-Wnon-virtual-dtor", *more, f"-I{INCLUDE}", "-fsyntax-only", source]
    done = subprocess.run(words, capture_output=True, text=True)
    return None if done.returncode == 0 else " ".join(words) + "\n" + done.stderr


def main(compilers):
    if not compilers:
        assert shutil.which("g++"), "g++ is needed"
        compilers = [c for c in ("g++", "clang++") if shutil.which(c)]
        if "clang++" not in compilers:
            print("not run: clang++ is not installed")
    compare()
    compile_all(compilers)
    for failure in failures:
        print(f"FAILED: {failure}")
    return 1 if failures else 0


sys.exit(main(sys.argv[1:]))
