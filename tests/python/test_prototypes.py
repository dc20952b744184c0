"""What the binding believes of httpclient.h, against httpclient.h."""

import ctypes
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bindings" / "python"))

from httpclient import _library, _prototypes  # noqa: E402

HEADER = (ROOT / "include" / "httpclient.h").read_text()
PLAIN = re.sub(r"/\*.*?\*/", " ", HEADER, flags=re.S)


def squeeze(text):
    return " ".join(text.replace("*", " * ").split()).replace("* *", "**")


def kind_and_name(declaration):
    """`const char *name` as ("const char *", "name")."""
    words = squeeze(declaration)
    kind, name = re.fullmatch(r"(.*?) ?(\w+)", words).groups()
    return kind, name


def functions():
    found = {}
    for result, name, parameters in re.findall(
        r"HC_EXTERN\s+([\w\s*]+?)\b(\w+)\(([^;]*?)\);", PLAIN, flags=re.S
    ):
        kinds = []
        for parameter in parameters.split(","):
            if squeeze(parameter) != "void":
                kinds.append(kind_and_name(parameter)[0])
        found[name] = (squeeze(result), tuple(kinds))
    return found


def structure(name):
    body = re.search(r"typedef struct \{((?:(?!typedef).)*?)\} " + name + ";", PLAIN, flags=re.S)
    fields = []
    for declaration in body.group(1).split(";"):
        pointer = re.search(r"\(\*(\w+)\)", declaration)
        if pointer:
            fields.append(("function", pointer.group(1)))
        elif declaration.strip():
            fields.append(kind_and_name(declaration))
    return fields


class Prototypes(unittest.TestCase):
    def test_functions(self):
        declared = functions()
        self.assertGreater(len(declared), 100)
        for result, name, parameters in _prototypes.FUNCTIONS:
            with self.subTest(name):
                self.assertIn(name, declared)
                self.assertEqual((squeeze(result), parameters), declared[name])

    def test_every_function_is_used(self):
        package = ROOT / "bindings" / "python" / "httpclient"
        code = "".join(
            path.read_text() for path in package.glob("*.py") if path.name != "_prototypes.py"
        ) + (ROOT / "bindings" / "python" / "run_cpython_suite.py").read_text()
        for _, name, _ in _prototypes.FUNCTIONS:
            self.assertTrue(re.search(rf"C\.{name}\b", code), name)

    def test_constants(self):
        for name, value in _prototypes.CONSTANTS.items():
            match = re.search(rf"\b{name}(?: =)? (-?\d+)[,\n]", PLAIN)
            self.assertIsNotNone(match, name)
            self.assertEqual(int(match.group(1)), value, name)
        self.assertRegex(PLAIN, r"#define HC_LENGTH_UNKNOWN UINT64_MAX")

    def test_structures(self):
        for name, fields in _prototypes.STRUCTURES.items():
            declared = structure(name)
            ours = [
                ("function" if kind.endswith("_fn") else squeeze(kind), field)
                for kind, field in fields
            ]
            self.assertEqual(ours, declared, name)

    def test_the_library_agrees_about_sizes(self):
        # It refuses a record whose size is not its own.
        handle = ctypes.c_void_p()
        C = _library.C
        self.assertEqual(C.hc_new(b"h", 0, ctypes.byref(handle)), 0)
        info = _library.ErrorInfo(struct_size=ctypes.sizeof(_library.ErrorInfo))
        self.assertEqual(C.hc_last_error(handle, ctypes.byref(info)), 0)
        plan = _library.RequestPlan(struct_size=ctypes.sizeof(_library.RequestPlan))
        status = C.hc_plan_request(
            handle, b"GET", 3, None, 0, 0, 0, 0, ctypes.byref(plan)
        )
        self.assertEqual(status, 0)
        C.hc_free(handle)


if __name__ == "__main__":
    unittest.main()
