#!/usr/bin/env python3
"""Runs the interpreter's own test.test_httplib, unchanged, with httpclient.client in place of
http.client. A test is passed only if it entered the library; one that passes without is listed as
skipped, with the reason, and so is one that would say something of another library.

    run_cpython_suite.py [-v] [TEST ...]

-v prints a line for each test; with HC_TRACE_CALLS=1 it names the functions that the test
entered. HC_NATIVE=1 lets the library make the connections. The last line is
"N passed, N failed, N skipped".
"""

import argparse
import contextlib
import io
import os
import sys
import unittest

# The functions that a test entered are counted, printed or not.
SHOW_CALLS = os.environ.get("HC_TRACE_CALLS", "") not in ("", "0")
os.environ["HC_TRACE_CALLS"] = "1"

try:
    import httpclient
except ImportError:
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import httpclient

# Tests that the binding could pass but that would not be the library's merit.
NOT_COUNTED = {
    "HTTPSTest.test_attributes": "only stores an attribute",
    "HTTPSTest.test_tls13_pha": "only looks at an attribute of ssl.SSLContext",
    "SourceAddressTest.testHTTPSConnectionSourceAddress": "only makes the object",
    "BasicTest.test_dir_with_added_behavior_on_status": "is about http.HTTPStatus",
    "BasicTest.test_simple_httpstatus": "is about http.HTTPStatus",
    "BasicTest.test_bad_status_repr": "only makes an exception",
    "OfflineTest.test_all": "only looks at the names of the module",
    "OfflineTest.test_client_constants": "only looks at the names of the module",
    "OfflineTest.test_responses": "reads a table that the module fills when it is loaded:"
    " tests/python/test_surface.py looks at all of it",
}
# Tests that say something of the library only if TLS was its own.
OWN_TLS = {
    "HTTPSTest.test_local_good_hostname", "HTTPSTest.test_local_bad_hostname",
    "HTTPSTest.test_local_unknown_cert",
}
# Making a handle says nothing of the library.
TO_MAKE_A_HANDLE = {
    "hc_new", "hc_free", "hc_set_profile", "hc_set_timeout", "hc_get_lenient", "hc_last_error",
    "hc_strerror", "hr_new", "hr_set_lenient", "hr_free", "hc_set_blocksize",
}


class Outcome(unittest.TestResult):
    def __init__(self, functions, verbose):
        super().__init__()
        self.functions = functions
        self.verbose = verbose
        self.lines = []
        self.passed = 0
        self.failed = 0
        self.skips = []
        self.broken = False

    @staticmethod
    def name(test):
        # A subtest has the name of its test inside.
        test = getattr(test, "test_case", test)
        return f"{type(test).__name__}.{test._testMethodName}"

    def startTest(self, test):
        super().startTest(test)
        self.functions.entered.clear()
        self.broken = False
        self.why_skipped = None

    def addError(self, test, err):
        self.fail(test, err)

    def addFailure(self, test, err):
        self.fail(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.fail(subtest, err)

    def addUnexpectedSuccess(self, test):
        self.broken = True
        self.lines.append(f"{self.name(test)}: unexpected success")

    def fail(self, test, err):
        self.broken = True
        self.lines.append(f"FAILED: {test}\n{self._exc_info_to_string(err, test)}")

    def addSkip(self, test, reason):
        self.why_skipped = reason

    def stopTest(self, test):
        super().stopTest(test)
        name = self.name(test)
        entered = set(self.functions.entered) - TO_MAKE_A_HANDLE
        if self.broken:
            self.failed += 1
            verdict = "FAILED"
        elif self.why_skipped is not None:
            verdict = self.skip(name, self.why_skipped)
        elif name in NOT_COUNTED:
            verdict = self.skip(name, NOT_COUNTED[name])
        elif name in OWN_TLS and "hc_tls_set_roots" not in entered:
            verdict = self.skip(name, "TLS was that of Python's ssl module")
        elif not entered:
            verdict = self.skip(name, "passes without entering the library")
        else:
            self.passed += 1
            verdict = "ok"
            if SHOW_CALLS:
                verdict += ": " + " ".join(sorted(entered))
        if self.verbose:
            print(f"{name} ... {verdict}", flush=True)

    def skip(self, name, reason):
        self.skips.append((name, reason))
        return f"skipped: {reason}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("tests", nargs="*", help="as unittest names them: BasicTest.test_send")
    options = parser.parse_args()

    httpclient.load()
    client = httpclient.install()
    import http.client
    import test.test_httplib as suite

    assert http.client is client and suite.client is client
    from httpclient._library import C

    loader = unittest.defaultTestLoader
    if options.tests:
        tests = loader.loadTestsFromNames(options.tests, suite)
    else:
        tests = loader.loadTestsFromModule(suite)
    outcome = Outcome(C, options.verbose)
    # The suite's HTTPS server talks of every request.
    with contextlib.redirect_stderr(io.StringIO()):
        tests.run(outcome)
    for line in outcome.lines:
        print(line)
    for name, reason in outcome.skips:
        print(f"skipped: {name}: {reason}")
    print(f"library: {C.path}, version {C.hc_version().decode()}")
    print(f"{outcome.passed} passed, {outcome.failed} failed, {len(outcome.skips)} skipped")
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
