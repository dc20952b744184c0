#!/usr/bin/env python3
"""Python's http.client, or this library's binding of it, at small GETs over one warm connection. Takes the C drivers'
options (driver.h); the style says which of the two: "" is http.client."""

import argparse
import re
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent


def http_client(style):
    if not style:
        import http.client
        return http.client
    import os
    os.environ["HTTPCLIENT_LIBRARY"] = str(Path(sys.argv[0]).parent / "libhttpclient.so")
    sys.path.insert(0, str(HOME / "bindings" / "python"))
    if style == "native":
        os.environ["HC_NATIVE"] = "1"  # the library makes the connection, not Python's socket
    import httpclient.client
    return httpclient.client


def main():
    parser = argparse.ArgumentParser()
    for letter, kind, otherwise in (("r", str, "W1"), ("p", int, 0), ("n", int, 1), ("y", str, "")):
        parser.add_argument("-" + letter, type=kind, default=otherwise)
    o = parser.parse_args()
    if o.r != "W1":
        print("driver: no such row", file=sys.stderr)
        return 2
    connection = http_client(o.y).HTTPConnection("127.0.0.1", o.p)
    for _ in range(o.n):
        connection.putrequest("GET", "/small")
        connection.putheader("Accept", "text/plain")
        connection.putheader("X-Request-Id", "0123456789abcdef")
        connection.endheaders()
        response = connection.getresponse()
        assert response.status == 200
        assert response.getheader("Content-Type") == "text/plain; charset=utf-8"
        assert len(response.read()) == 100
    connection.close()
    peak = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]
    print(f"peak_rss_kib={peak} idle_bytes=0")
    return 0


sys.exit(main())
