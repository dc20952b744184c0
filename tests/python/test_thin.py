"""The binding holds Python types, text encoding and files. HTTP is the library's: nothing here may
take wire data apart. Every call that could is looked for, and allowed only by name and reason."""

import ast
import pathlib
import unittest

PACKAGE = pathlib.Path(__file__).resolve().parents[2] / "bindings" / "python" / "httpclient"

# Calls that take text or bytes apart, or make numbers of them.
PARSING = {
    "split", "rsplit", "splitlines", "partition", "rpartition", "find", "rfind", "index", "rindex",
    "strip", "lstrip", "rstrip", "startswith", "endswith", "replace", "translate", "int", "float",
    "fromhex", "isdigit", "match", "search", "fullmatch", "sub", "finditer", "findall", "removeprefix",
    "removesuffix", "unpack", "unpack_from", "getaddresses", "parsestr", "urlsplit",
}
MODULES = {"re", "struct", "string", "email.parser", "urllib.parse"}

# file, call or module: why it is no parsing of wire data
ALLOWED = {
    ("_message.py", "startswith"): "getallmatchingheaders compares names of fields, as http.client's",
    ("_response.py", "endswith"): "whether readline() has got its line feed: body data, not HTTP",
    ("_connection.py", "index"): "operator.index of a port that the caller gave as a number",
    ("_library.py", "startswith"): "names of attributes",
    ("client.py", "int"): "numbers of http.HTTPStatus members",
    ("client.py", "urllib.parse"): "http.client has the name urlsplit, and programs use it there",
}


class Thin(unittest.TestCase):
    def test_nothing_is_parsed(self):
        found = set()
        for path in sorted(PACKAGE.glob("*.py")):
            tree = ast.parse(path.read_text())
            for node in ast.walk(tree):
                for name in self.names(node):
                    key = (path.name, name)
                    found.add(key)
                    self.assertIn(key, ALLOWED, f"{path.name}:{node.lineno}: {name}")
        self.assertEqual(set(ALLOWED) - found, set(), "allowed, and not there any more")

    def names(self, node):
        if isinstance(node, ast.Call):
            function = node.func
            name = getattr(function, "attr", None) or getattr(function, "id", None)
            if name in PARSING:
                yield name
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            if node.module in MODULES:
                yield node.module

    def test_wire_data_is_not_sliced_by_delimiter(self):
        # Line ends, colons and the like have no business in the binding's own literals.
        for path in sorted(PACKAGE.glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
                    self.assertIn(
                        node.value, (b"", b"\n", b"localhost", b"GET"), f"{path.name}:{node.lineno}"
                    )

    def test_files_are_small(self):
        for path in sorted(PACKAGE.glob("*.py")):
            lines = len(path.read_text().splitlines())
            self.assertLessEqual(lines, 350, path.name)


if __name__ == "__main__":
    unittest.main()
