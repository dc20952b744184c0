"""fetch.py HOST[:PORT] REFUSING_HOST: a GET whose body is streamed, a POST, an error by its name.

The package is used as http.client is. (pip install a wheel of bindings/python, which has the library
inside.)"""

import sys

from httpclient import client


def fetch(conn):
    conn.request("GET", "/stream", headers={"X-Example": "python", "Accept": "*/*"})
    with conn.getresponse() as resp:
        print(f"GET /stream: {resp.status} {resp.reason}")
        print(f"X-Answer: {resp.getheader('x-answer')}")
        total = 0
        while piece := resp.read1(16384):  # as it comes; nothing is gathered
            total += len(piece)
        print(f"body: {total} bytes")


def post(conn):
    conn.request("POST", "/in", b"hello", {"Content-Type": "text/plain"})
    with conn.getresponse() as resp:
        print(f"POST /in: {resp.status} {resp.read().decode()}")


def main(host, refusing):
    conn = client.HTTPConnection(host)
    try:
        fetch(conn)
        post(conn)
    finally:
        conn.close()
    try:
        client.HTTPConnection(refusing).request("GET", "/")
    except OSError as e:
        # Python's names: HC_ERR_CONNECT is a ConnectionRefusedError.
        print(f"error: {type(e).__name__}")


main(*sys.argv[1:])
