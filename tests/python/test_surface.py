"""The public surface of http.client, name by name, against httpclient.client."""

import http.client as theirs
import inspect
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bindings" / "python"))

from httpclient import client as ours  # noqa: E402

# Names of http.client that are its own business.
PRIVATE = {"collections", "email", "errno", "http", "io", "re", "socket", "sys"}
# Private names that programs and CPython's own tests use.
USED = {"_MAXLINE", "_MAXHEADERS", "_UNKNOWN", "_CS_IDLE", "_CS_REQ_STARTED", "_CS_REQ_SENT",
        "_METHODS_EXPECTING_BODY", "_encode"}
USED_OF_CLASSES = {
    "HTTPConnection": {"_validate_host", "_validate_path", "_validate_method", "_encode_request",
                       "_get_hostport", "_tunnel", "_send_output", "_output", "_send_request",
                       "_get_content_length", "_is_textIO", "_http_vsn", "_http_vsn_str"},
    "HTTPResponse": {"_close_conn"},
}


@unittest.skipUnless(sys.version_info[:2] == (3, 11), "the package has the surface of Python 3.11's")
class Surface(unittest.TestCase):
    def test_all(self):
        self.assertEqual(sorted(ours.__all__), sorted(theirs.__all__))

    def test_names_and_constants(self):
        for name, thing in vars(theirs).items():
            if name in PRIVATE or (name.startswith("_") and name not in USED):
                continue
            self.assertTrue(hasattr(ours, name), name)
            if isinstance(thing, (int, str, frozenset, set)):
                self.assertEqual(getattr(ours, name), thing, name)

    def test_responses(self):
        self.assertEqual(ours.responses, theirs.responses)
        for code in ours.responses:
            self.assertIsInstance(code, theirs.http.HTTPStatus)

    def test_exceptions(self):
        for name in theirs.__all__:
            thing = getattr(theirs, name)
            if isinstance(thing, type) and issubclass(thing, Exception):
                mine = [c.__name__ for c in getattr(ours, name).__mro__]
                self.assertEqual(mine, [c.__name__ for c in thing.__mro__], name)
        for make in (lambda m: m.BadStatusLine(""), lambda m: m.IncompleteRead(b"abc", 7),
                     lambda m: m.IncompleteRead(b"abc"), lambda m: m.LineTooLong("status line"),
                     lambda m: m.UnknownProtocol("HTTP/2"), lambda m: m.RemoteDisconnected("x")):
            self.assertEqual(repr(make(ours)), repr(make(theirs)))
            self.assertEqual(str(make(ours)), str(make(theirs)))
            self.assertEqual(make(ours).args, make(theirs).args)

    def test_methods(self):
        for name in ("HTTPConnection", "HTTPSConnection", "HTTPResponse", "HTTPMessage"):
            mine, other = getattr(ours, name), getattr(theirs, name)
            for attribute in dir(other):
                used = USED_OF_CLASSES.get(name, ())
                if attribute.startswith("_") and attribute not in used:
                    continue
                self.assertTrue(hasattr(mine, attribute), f"{name}.{attribute}")
                thing = getattr(other, attribute)
                if inspect.isfunction(thing) and not attribute.startswith("_"):
                    self.assertEqual(
                        str(inspect.signature(getattr(mine, attribute))),
                        str(inspect.signature(thing)),
                        f"{name}.{attribute}",
                    )
            self.assertEqual(
                str(inspect.signature(mine.__init__)), str(inspect.signature(other.__init__)), name
            )

    def test_attributes_of_instances(self):
        mine, other = ours.HTTPConnection("h"), theirs.HTTPConnection("h")
        for attribute in vars(other):
            if not attribute.startswith("_HTTPConnection__"):
                self.assertTrue(hasattr(mine, attribute), attribute)
                if not attribute.startswith("_create"):
                    self.assertEqual(getattr(mine, attribute), getattr(other, attribute), attribute)

    def test_handles_are_freed(self):
        import gc
        import weakref

        conn = ours.HTTPConnection("h")
        gone = weakref.ref(conn._handle)
        del conn
        gc.collect()
        self.assertIsNone(gone())


if __name__ == "__main__":
    unittest.main()
