#!/usr/bin/env python3
"""Follows a guide as a reader would, and fails when something else happens than the guide says.
    run.py PREFIX GUIDE.md     PREFIX: where the library is installed
    run.py --names TEXT.md...  looks only whether the header has every name in them
    run.py --links TEXT.md...  looks only whether the files that they link to are there
    run.py --format GUIDE.md...    lays out the programs in them with clang-format
    run.py --format-check GUIDE.md...    names those that it would change

What the fenced blocks of a guide are:
- One whose first line is a comment that begins with the name of a file is that file.
- Any other `c` block is an extract: its lines stand together in one of the guide's programs.
- A `console` block is carried out. A line that begins with "$ " is a command; the lines up to the
  next one are what it says, output and errors together. "..." is anything, alone in its line any
  number of lines. A command that ends in "&" goes on in the background; the ports that it says it
  listens on are chosen by the system, and stand for those of the guide from there on.
- Other blocks are for reading.
A comment "<!-- needs: MODULE -->" names a module of pkg-config without which the guide cannot be
followed: ends with 77 then, which is CTest's word for a test that was not run."""

import errno
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import tty

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FENCE = re.compile(r"^```([a-z]*)\n(.*?)^```$", re.M | re.S)
FILE = re.compile(r"^(?:/\*|//|#) ([\w-]+\.(?:c|h|py|txt|cnf))\b")
STRICT = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror"]
NOT_RUN = 77
# Names in texts that look like the library's: what stands for any call, and variables of the tests.
NOT_IN_THE_HEADER = {"hc_other", "HC_LANGUAGES"}


class Wrong(Exception):
    pass


class Guide:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.text = f.read()
        self.needs = re.findall(r"<!-- needs: (\S+) -->", self.text)
        self.files, self.commands, extracts = {}, [], []
        for language, block in FENCE.findall(self.text):
            named = FILE.match(block)
            if named:
                self.files[named[1]] = block
            elif language == "c":
                extracts.append(block)
            elif language == "console":
                self.commands += commands(block)
        for extract in extracts:
            self.find(extract)

    def find(self, extract):
        wanted = textwrap.dedent(extract).splitlines()
        for content in self.files.values():
            lines = content.splitlines()
            for at in range(len(lines) - len(wanted) + 1):
                if textwrap.dedent("\n".join(lines[at:at + len(wanted)])).splitlines() == wanted:
                    return
        raise Wrong(f"no program of this guide has these lines:\n{extract}")


def commands(block):
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.startswith("> ") and found and not found[-1][1]:
            found[-1] = (found[-1][0] + "\n" + line[2:], [])
        elif found:
            found[-1][1].append(line)
        else:
            raise Wrong(f"a console block begins with a command, not with {line!r}")
    return found


class World:
    """A folder with the guide's files, the installed library, and what runs in the background."""

    def __init__(self, folder, prefix, guide):
        self.folder, self.ports, self.servers = folder, {}, []
        write(folder, guide)
        shutil.copy(os.path.join(ROOT, "docs", "guides", "server.py"), folder)
        self.environment = self.surroundings(prefix)

    def surroundings(self, prefix):
        own = os.path.join(self.folder, ".bin")
        os.mkdir(own)
        compiler = shutil.which(os.environ.get("CC") or "cc")
        with open(os.path.join(own, "cc"), "w", encoding="utf-8") as f:
            f.write(f'#!/bin/sh\nexec {compiler} {" ".join(STRICT)} "$@"\n')
        os.chmod(f.name, 0o755)
        lib = os.path.dirname(find(prefix, "libhttpclient.so"))
        kept = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
        return {**kept, "PATH": own + ":" + os.environ["PATH"], "LD_LIBRARY_PATH": lib, "LC_ALL": "C",
                "PKG_CONFIG_PATH": os.path.join(lib, "pkgconfig"), "CMAKE_PREFIX_PATH": prefix,
                "MAKEFLAGS": "", "TERM": "dumb"}

    def real(self, text):
        return re.sub(r"\b\d{4,5}\b", lambda m: str(self.ports.get(m[0], m[0])), text)

    def written(self, text):
        back = {str(there): here for here, there in self.ports.items()}
        return re.sub(r"\b\d{4,5}\b", lambda m: back.get(m[0], m[0]), text)

    def background(self, command, said):
        listed = [re.search(r":(\d+)$", line)[1] for line in said]
        for port in listed:
            self.ports[port] = 0
        words = self.real(command.rstrip("& "))
        server = subprocess.Popen(["/bin/sh", "-c", "exec " + words], cwd=self.folder, env=self.environment,
                                  stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.servers.append(server)
        for port, line in zip(listed, said):
            got = server.stdout.readline().decode().strip()
            if re.sub(r"\d+$", port, got) != line:
                raise Wrong(f"$ {command}\nsaid {got!r}, not {line!r}")
            self.ports[port] = int(got.rpartition(":")[2])

    def run(self, command, said):
        if command.endswith("&"):
            self.background(command, said)
            return
        got, status = on_terminal(self.real(command), self.folder, self.environment)
        got = self.written(got)
        if not re.fullmatch(pattern(said), got):
            raise Wrong(f"$ {command}\nsaid\n{got}\nand not\n" + "\n".join(said))
        if status != 0:
            raise Wrong(f"$ {command}\nended with {status}, and said\n{got}")

    def end(self):
        for server in self.servers:
            server.kill()
            server.wait()
            server.stdout.close()


def on_terminal(command, folder, environment):
    """Runs a command on a terminal, where output and errors come in their order."""
    here, there = pty.openpty()
    tty.setraw(there)  # a line feed stays one
    child = subprocess.Popen(["/bin/sh", "-c", command], cwd=folder, env=environment, start_new_session=True,
                             stdin=subprocess.DEVNULL, stdout=there, stderr=there)
    os.close(there)
    late = threading.Timer(60, os.killpg, (child.pid, signal.SIGKILL))
    late.start()
    got = b""
    try:
        while piece := os.read(here, 65536):
            got += piece
    except OSError as e:  # how a terminal says that nobody has it open any more
        if e.errno != errno.EIO:
            raise
    status = child.wait()
    late.cancel()
    os.close(here)
    return got.decode(errors="replace"), status


def pattern(lines):
    def one(line):
        return "(?:.*\n)*" if line == "..." else re.escape(line).replace(re.escape("..."), ".*") + "\n"
    return "".join(map(one, lines))


def find(folder, name):
    for where, _, files in os.walk(folder):
        if name in files:
            return os.path.join(where, name)
    raise Wrong(f"there is no {name} below {folder}")


def check_names(path, text):
    """Every name that looks like the library's is in the header."""
    with open(os.path.join(ROOT, "include", "httpclient.h"), encoding="utf-8") as f:
        known = set(re.findall(r"\w+", f.read()))
    # The scripted peer for tests has a header of its own.
    beside = os.path.join(ROOT, "include", "httpclient_test.h")
    if os.path.exists(beside):
        with open(beside, encoding="utf-8") as f:
            known |= set(re.findall(r"\w+", f.read()))
    used = set(re.findall(r"\b(?:h[cmr]|hct|hc15)_[a-z0-9_]*[a-z0-9]\b|\b(?:H[CM]|HCT)_[A-Z0-9_]*[A-Z0-9]\b", text))
    # "HC_TIMEOUT_*" in a text names a family.
    families = set(re.findall(r"\b((?:h[cmr]|H[CM]|hct|HCT)_\w*_)(?=\*|…)", text))
    for family in families:
        if not any(name.startswith(family) for name in known):
            raise Wrong(f"{path}: nothing in the header begins with {family}")
    unknown = sorted(name for name in used - known - NOT_IN_THE_HEADER if not any(f.startswith(name) for f in families))
    if unknown:
        raise Wrong(f"{path}: the header has no {', '.join(unknown)}")


def check_links(path, text):
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if ":" not in target and not os.path.exists(os.path.join(os.path.dirname(path), target)):
            raise Wrong(f"{path}: there is no {target}")


def each(paths, check):
    for path in paths:
        with open(path, encoding="utf-8") as f:
            check(path, f.read())


def formatted(block):
    named = FILE.match(block[2])
    if not named or not named[1].endswith((".c", ".h")):
        return block[0]
    style = "--style=file:" + os.path.join(ROOT, ".clang-format")
    done = subprocess.run(["clang-format", style, "--assume-filename", named[1]], input=block[2].encode(),
                          stdout=subprocess.PIPE, check=True)
    return f"```{block[1]}\n{done.stdout.decode()}```"


def lay_out(paths, writing):
    changed = 0
    for path in paths:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        laid_out = FENCE.sub(formatted, text)
        if laid_out == text:
            continue
        changed += 1
        if writing:
            with open(path, "w", encoding="utf-8") as f:
                f.write(laid_out)
        else:
            print(path)
    return 1 if changed and not writing else 0


def write(folder, guide):
    for name, content in guide.files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(content)


def follow(prefix, path):
    guide = Guide(path)
    check_names(path, guide.text)
    for module in guide.needs:
        if subprocess.run(["pkg-config", "--exists", module], check=False).returncode != 0:
            print(f"not run: pkg-config knows no {module}")
            return NOT_RUN
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder, prefix, guide)
        try:
            for command, said in guide.commands:
                world.run(command, said)
        finally:
            world.end()
    print(f"{len(guide.files)} files, {len(guide.commands)} commands: all as the guide says")
    return 0


def main():
    try:
        if sys.argv[1] == "--names":
            each(sys.argv[2:], check_names)
            return 0
        if sys.argv[1] == "--links":
            each(sys.argv[2:], check_links)
            return 0
        if sys.argv[1] in ("--format", "--format-check"):
            return lay_out(sys.argv[2:], writing=sys.argv[1] == "--format")
        return follow(os.path.abspath(sys.argv[1]), sys.argv[2])
    except Wrong as why:
        print(why, file=sys.stderr)
        return 1


sys.exit(main())
