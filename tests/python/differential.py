#!/usr/bin/env python3
"""Puts Python's http.client and httpclient.client through the same scripts: several hundred made by
chance from a fixed seed, and wrong answers and requests. What they return, raise and send must be
the same, and where it is not, a rule of differential/differences.py must name the reason; the rest
of that script is not compared then, because the two are in different places.

    differential.py [--count N] [--seed N] [-v] [NAME ...]
"""

import argparse
import collections
import http.client as theirs
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "bindings" / "python"))
# The folder of this file's name is a package beside it.
sys.path.insert(0, str(HERE))
sys.modules.pop("differential", None)

from httpclient import client as ours  # noqa: E402


def load():
    import importlib.util

    folder = HERE / "differential"
    spec = importlib.util.spec_from_file_location(
        "differential", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    package = importlib.util.module_from_spec(spec)
    sys.modules["differential"] = package
    spec.loader.exec_module(package)
    from differential import differences, generate, rows, script

    return differences, generate, rows, script


differences, generate, rows, script = load()


def compare(name, answer, steps, host, note):
    """None if the two did the same, else where they parted. Differences after which the two are
    in the same place all the same are noted."""
    a = script.Run(theirs, answer, steps, host)
    b = script.Run(ours, answer, steps, host)
    cut = False
    for number, ((step, x), (_, y)) in enumerate(zip(a.events, b.events)):
        if x != y:
            parting = differences.Parting(name, answer, steps, number, step, x, y, cut)
            if not differences.is_soft(parting):
                return parting
            note(parting)
        cut |= y[:2] == ("raised", "IncompleteRead")
    assert len(a.events) == len(b.events) or a.conn is None or b.conn is None
    if (a.conn is None) != (b.conn is None):
        return differences.Parting(name, answer, steps, 0, ("new", host), a.events[0][1:], b.events[0][1:])
    return None


def scripts(options):
    for name, answer, steps in generate.scripts(options.count, options.seed):
        yield name, answer, steps, "example.com"
    for name, answer, steps in rows.scripts():
        yield name, answer, steps, "example.com"
    for host in rows.HOSTS:
        yield f"host {host!r}", rows.GOOD, rows.READ, host


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("names", nargs="*", help="only scripts whose name holds one of these")
    options = parser.parse_args()

    if sys.version_info[:2] != (3, 11):
        print("skipped: what http.client does is that of Python 3.11")
        return 0
    total, same = 0, 0
    used = collections.Counter()
    unexplained = []
    for name, answer, steps, host in scripts(options):
        if options.names and not any(n in name for n in options.names):
            continue
        total += 1
        soft = []
        parting = compare(name, answer, steps, host, soft.append)
        for rule in {differences.explain(p).name for p in soft}:
            used[rule] += 1
        if parting is None:
            same += 1
            continue
        rule = differences.explain(parting)
        if rule is None:
            unexplained.append(parting)
        else:
            used[rule.name] += 1
            if options.verbose:
                print(f"{parting.name}: {rule.name}")
    for parting in unexplained[:400]:
        print(parting)
    for rule in differences.RULES:
        print(f"{used[rule.name]:4} {rule.name}: {rule.reason}")
    whole = not options.names and options.count >= 600
    unused = [rule.name for rule in differences.RULES if not used[rule.name]] if whole else []
    for name in unused:
        print(f"UNUSED: {name}")
    explained = total - same - len(unexplained)
    print(f"{total} scripts: {same} the same, {explained} differ for a reason, {len(unexplained)} differ")
    return 1 if unexplained or unused else 0


if __name__ == "__main__":
    sys.exit(main())
