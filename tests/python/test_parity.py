"""docs/python.md names everything that http.client and 2.7's httplib have, and everything that it
and docs/python-quirks.md name is there: functions and constants of the header, tests."""

import fnmatch
import http.client
import io
import pathlib
import re
import types
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADER = (ROOT / "include" / "httpclient.h").read_text()
IN_HEADER = set(re.findall(r"\b(?:HC|HM|HR|hc|hm|hr|hc15)_\w+\b", re.sub(r"/\*.*?\*/", " ", HEADER, flags=re.S)))
# Python 2.7.18, by introspection: module, classes, instances.
NAMES_2_7 = (ROOT / "tests" / "python" / "httplib27.txt").read_text().split()

# What the module has for itself.
OWN = re.compile(r"_(?!CS_|MAX|METHODS|UNKNOWN)|__")


class Document:
    """The tables of a document: section, and cells of each row."""

    def __init__(self, name):
        self.text = (ROOT / "docs" / name).read_text()
        self.rows = []
        section = ""
        for line in self.text.splitlines():
            if line.startswith("## "):
                section = line[3:]
            elif line.startswith("| ") and not line.startswith(("| Python |", "| Call |")):
                cells = [cell.strip() for cell in line.strip("|").split("|")]
                self.rows.append((section, cells))

    def first_cells(self, section):
        return [cells[0] for s, cells in self.rows if s == section]


PARITY = Document("python.md")
QUIRKS = Document("python-quirks.md")


def words(cells):
    """The names in the code spans of some cells."""
    return {
        word for cell in cells for span in re.findall(r"`([^`]+)`", cell)
        for word in re.findall(r"\w+", span)
    }


KNOWN = {section: words(PARITY.first_cells(section)) for section in {s for s, _ in PARITY.rows}}


class FakeSocket:
    def makefile(self, *_):
        return io.BytesIO(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n")


def names_of_this_python():
    for name, value in vars(http.client).items():
        if not isinstance(value, types.ModuleType) and not OWN.match(name):
            yield name
    response = http.client.HTTPResponse(FakeSocket())
    response.begin()
    things = [http.client.HTTPConnection("h"), response, response.msg,
              http.client.IncompleteRead(b""), http.client.BadStatusLine("x"),
              http.client.UnknownProtocol("x")]
    if hasattr(http.client, "HTTPSConnection"):
        things.append(http.client.HTTPSConnection("h"))
    for thing in things:
        for name in set(dir(thing)) - set(dir(Exception())):
            if not name.startswith("_"):
                yield f"{type(thing).__name__}.{name}"


class Parity(unittest.TestCase):
    def sections(self, kind):
        """Where the members of a class may stand."""
        if kind in ("HTTP", "HTTPS"):
            return ["HTTP and HTTPS"]
        if kind == "LineAndFileWrapper":
            return ["LineAndFileWrapper and FakeSocket"]
        if kind == "HTTPSConnection":
            return ["HTTPSConnection", "HTTPConnection"]
        return [kind] if kind in KNOWN else ["Exceptions"]

    def missing(self, names):
        missing = []
        for name in names:
            kind, _, member = name.rpartition(".")
            if kind:
                found = any(member in KNOWN[section] for section in self.sections(kind))
            elif name.isupper() and f"HC_STATUS_{name}" in IN_HEADER:
                found = True
            else:
                found = any(name in known for known in KNOWN.values())
            if not found:
                missing.append(name)
        return missing

    def test_every_name_of_this_python(self):
        names = sorted(set(names_of_this_python()))
        self.assertGreater(len(names), 150)
        self.assertEqual(self.missing(names), [])

    def test_every_name_of_2_7(self):
        self.assertGreater(len(NAMES_2_7), 200)
        self.assertEqual(self.missing(NAMES_2_7), [])

    def test_every_exception_has_a_class_in_c(self):
        # The names of the C classes are Python's: tests/classes_python.rs compares the tree.
        def spelt(name):
            return "HC_CLS_" + re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=P)(?=E)", "_", name).upper()

        found = 0
        for name, value in vars(http.client).items():
            is_own = isinstance(value, type) and value.__module__ == "http.client"
            if is_own and issubclass(value, Exception):
                found += 1
                self.assertTrue(spelt(value.__name__) in IN_HEADER, name)
        self.assertGreater(found, 12)

    def test_rows_are_complete(self):
        for section, cells in PARITY.rows:
            with self.subTest(section + ": " + cells[0]):
                self.assertTrue(cells[0])
                if len(cells) < 2 or set(cells[0]) == {"-"}:
                    continue
                self.assertTrue(cells[1], "nothing for C")
                if cells[1].startswith("-"):
                    reason = cells[2] if len(cells) > 2 else cells[1].strip("- ")
                    self.assertTrue(reason, "nothing for C, and no reason")

    def test_names_of_c_are_in_the_header(self):
        seen = 0
        for document in (PARITY, QUIRKS):
            for span in re.findall(r"`([^`]+)`", document.text):
                for name in re.findall(r"\b(?:HC|HM|HR|hc|hm|hr|hc15)_\w*\*?(?:_\w+)?", span):
                    if name in ("HC_NATIVE", "HC_TRACE_CALLS"):
                        continue
                    seen += 1
                    pattern = fnmatch.translate(name)
                    there = any(re.match(pattern, known) for known in IN_HEADER)
                    self.assertTrue(there, f"{name} is not in the header")
        self.assertGreater(seen, 200)

    def test_tests_of_quirks_are_there(self):
        code = "".join(
            path.read_text() for folder, kind in (("tests", "*.rs"), ("c-tests", "*.c"))
            for path in (ROOT / folder).glob(kind)
        )
        named = set()
        for section, cells in QUIRKS.rows:
            for test in re.findall(r"`([^`]+)`", cells[-1]):
                named.add(test)
                if test.endswith(".rs"):
                    self.assertTrue((ROOT / "tests" / test).exists(), test)
                else:
                    self.assertRegex(code, rf"\b(fn|static void) {test}\(", test)
        self.assertEqual(set(re.findall(r"\bfn (quirk_\w+)", code)) - named, set(), "in no row")
        self.assertGreater(len(named), 40)


if __name__ == "__main__":
    unittest.main()
