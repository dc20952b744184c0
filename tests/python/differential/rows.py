"""Answers and requests that are wrong, each with the number that it has among the bad inputs that
the library's own tests go through."""

READ = (("request", "GET", "/", "none", "", (), False), ("getresponse",), ("read", None))
SIZED = READ[:2] + (("read", 3), ("read", 100), ("read", 100))
AGAIN = READ + READ
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GOOD = OK + b"Content-Length: 5\r\n\r\nabcde"


def answers():
    yield "1 length and chunks", OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    yield "2 two lengths", OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"
    yield "3 the same length twice", OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde"
    yield "3 a list of one length", OK + b"Content-Length: 5, 5\r\n\r\nabcde"
    yield "4 a list of two lengths", OK + b"Content-Length: 5, 6\r\n\r\nabcdef"
    for value in (b"+5", b"0_5", b"-5", b"0x5", b"5 x", b"", b"\xb2", b"05", b"abc"):
        yield f"5-8 length {value!r}", OK + b"Content-Length: " + value + b"\r\n\r\nabcde"
    yield "9 a huge length", OK + b"Content-Length: 9223372036854775807\r\n\r\nabc"
    yield "10 a length that is too large", OK + b"Content-Length: 18446744073709551616\r\n\r\nabc"
    for value in (b"chunked, chunked", b"gzip, chunked", b"chunked, gzip", b"identity", b"ChunKed \t",
                  b"xchunked", b"\x0bchunked", b"gzip"):
        yield f"11-16 coding {value!r}", OK + b"Transfer-Encoding: " + value + b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    yield "17 chunks in 1.0", CHUNKED.replace(b"1.1", b"1.0") + b"3\r\nabc\r\n0\r\n\r\n"
    yield "18 until the end", OK + b"\r\nabc"
    yield "19 204 with a body", b"HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\nabc"
    yield "19 204 in chunks", b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    yield "20 205 with a body", b"HTTP/1.1 205 Reset\r\nContent-Length: 3\r\n\r\nabc"
    for value in (b"close, keep-alive", b"xclosex", b"Keep-Alive\r\nConnection: close"):
        yield f"23 connection {value!r}", OK + b"Connection: " + value + b"\r\nContent-Length: 3\r\n\r\nabc"
    yield "24 1.0 kept without length", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nabc"
    for size in (b"10000000000000003", b"8000000000000000", b"-3", b"+3", b"0x3", b"0_3", b" 3", b"3 ",
                 b"", b"3g", b"003", b"3;", b"3;a=\"", b"3;a=b", b"3\t"):
        yield f"30-36 chunk size {size!r}", CHUNKED + size + b"\r\nabc\r\n0\r\n\r\n"
    yield "37 data without its end", CHUNKED + b"3\r\nabcXX0\r\n\r\n"
    yield "37 more data than the size", CHUNKED + b"3\r\nabcdef\r\n0\r\n\r\n"
    yield "38 bare LF in chunks", CHUNKED + b"3\nabc\n0\n\n"
    yield "39 CR and something", CHUNKED + b"3\rx\nabc\r\n0\r\n\r\n"
    yield "40 framing in trailers", CHUNKED + b"3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n"
    yield "42 trailer without a colon", CHUNKED + b"3\r\nabc\r\n0\r\nno colon\r\n\r\n"
    yield "50 bare LF in the head", b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc"
    yield "51 bare CR in a value", OK + b"A: x\rContent-Length: 3\r\n\r\nabcdef"
    yield "53 NUL in a value", OK + b"A: x\0y\r\nContent-Length: 3\r\n\r\nabc"
    yield "54 controls in a value", OK + b"A: x\x0by\x1cz\r\nContent-Length: 3\r\n\r\nabc"
    yield "54 bytes from 0x80", OK + b"A: \x85\xff\r\nContent-Length: 3\r\n\r\nabc"
    yield "55 folds", OK + b"A: x\r\n y\r\nContent-Length: 3\r\n\r\nabc"
    yield "55 a folded length", OK + b"Content-Length:\r\n 3\r\n\r\nabc"
    yield "56 a fold of nothing", OK + b" fold\r\nContent-Length: 3\r\n\r\nabc"
    yield "57 space before the colon", OK + b"A: b\r\nContent-Length : 3\r\n\r\nabcdef"
    yield "58 no colon", OK + b"A: b\r\nno colon\r\nContent-Length: 3\r\n\r\nabcdef"
    yield "59 empty name", OK + b": v\r\nContent-Length: 3\r\n\r\nabc"
    yield "59 a name with a space", OK + b"A B: v\r\nContent-Length: 3\r\n\r\nabcdef"
    yield "60 an empty line first", b"\r\n" + GOOD
    for line in (b" HTTP/1.1 200 OK", b"HTTP/1.1\t200\tOK", b"HTTP/1.1  200  OK", b"HTTP/1.1 20 OK",
                 b"HTTP/1.1 2_0 OK", b"HTTP/1.1 099 OK", b"HTTP/1.1 1000 OK", b"HTTP/1.1 0200 OK",
                 b"HTTP/1.1 +200 OK", b"HTTP/1.1 600 Hm", b"HTTP/1.1 999 Hm", b"HTTP/1.1 200",
                 b"HTTP/1.2 200 OK", b"HTTP/1.10 200 OK", b"HTTP/2.0 200 OK", b"HTTP/2 200 OK",
                 b"HTTP/0.9 200 OK", b"http/1.1 200 OK", b"ICY 200 OK", b"SSH-2.0-x", b"<html>", b"HTTP/1.1",
                 b"HTTP/ 200 OK", b"HTTP/1.1 200 O\0K"):
        yield f"61-67 {line!r}", line + b"\r\nContent-Length: 3\r\n\r\nabc"
    yield "68 98 fields", OK + b"A: b\r\n" * 98 + b"Content-Length: 3\r\n\r\nabc"
    yield "68 99 fields", OK + b"A: b\r\n" * 99 + b"Content-Length: 3\r\n\r\nabc"
    yield "69 a long line", OK + b"A: " + b"x" * 65_600 + b"\r\n\r\n"
    yield "69 the longest line", OK + b"A: " + b"x" * (65_536 - 5) + b"\r\nContent-Length: 0\r\n\r\n"
    yield "69 a long reason", b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n\r\n"
    yield "70 a large head", OK + (b"A: " + b"x" * 60_000 + b"\r\n") * 5 + b"Content-Length: 0\r\n\r\n"
    yield "80 one hundred interim answers", b"HTTP/1.1 100 C\r\n\r\n" * 100 + GOOD
    yield "80 99 interim answers", b"HTTP/1.1 100 C\r\n\r\n" * 99 + GOOD
    yield "81 103 first", b"HTTP/1.1 103 Early\r\nA: b\r\n\r\n" + GOOD
    yield "83 100 with a body", b"HTTP/1.1 100 C\r\nContent-Length: 2\r\n\r\nxx" + GOOD
    yield "84 100 and the end", b"HTTP/1.1 100 C\r\n\r\n"
    yield "85 101 unasked", b"HTTP/1.1 101 Switching\r\n\r\n" + GOOD
    yield "93 nothing", b""
    yield "93 cut in the status line", b"HTTP/1.1 2"
    yield "93 cut in the fields", OK + b"A: b\r\nContent-Le"
    yield "93 cut in the body", OK + b"Content-Length: 5\r\n\r\nab"
    yield "93 cut in a chunk", CHUNKED + b"3\r\nabc\r\n5\r\nab"
    yield "93 cut in a size", CHUNKED + b"3\r\nabc\r\n5"
    yield "93 cut before the last line end", CHUNKED + b"3\r\nabc\r\n0\r\n"


def requests():
    """Steps of requests that are wrong."""
    def whole(method="GET", url="/", headers=(), kind="none", text=""):
        return ("request", method, url, kind, text, headers, False), ("getresponse",)

    for method in ("GE\r\nT", "GET\0", "GET /x HTTP/1.1", "", "G\xe9T", "G T", "G\x7fT"):
        yield f"110 method {method!r}", whole(method)
    for url in ("/a b", "/\r\nX: y", "/\0", "/\xe9", "/\x7f", "/\t", "/~"):
        yield f"111 target {url!r}", whole(url=url)
    for value in ("a\r\nX: y", "a\r\n b", "a\r b", "a\rb", "a\nb", "a\n b", "a\0b", "a\x01b", "\u20ac", "a\r\n"):
        yield f"113 value {value!r}", whole(headers=(("A", value),))
    for name in ("A B", "A\0", "A ", "", "A:", "A\r\nB", " A", "\xc4", "A\tB"):
        yield f"115 name {name!r}", whole(headers=((name, "v"),))
    yield "116 length and coding", whole("POST", headers=(("Content-Length", "3"), ("Transfer-Encoding", "chunked")), kind="bytes", text="abc")
    yield "117 a length too large", whole("POST", headers=(("Content-Length", "9"),), kind="bytes", text="abc")
    yield "117 a length too small", whole("POST", headers=(("Content-Length", "1"),), kind="bytes", text="abc")
    yield "117 a length that is none", whole("POST", headers=(("Content-Length", "x"),), kind="bytes", text="abc")
    for headers in ((("A", "b\r\nC: d"),), (("A", "b"),)):
        yield f"118 tunnel {headers!r}", (("set_tunnel", "far.test", 8443, headers),) + whole()
    yield "118 tunnel host", (("set_tunnel", "far\r\nX: y", None, ()),) + whole()


def lines():
    """Lines that do not come in one piece."""
    chunks = CHUNKED + b"1\r\nl\r\n7\r\nine on\xe9\r\n0\r\n\r\n"
    yield "lines, over chunks", chunks, READ[:2] + (("readline", 5), ("readline", 5), ("readline", 5))
    cut = OK + b"Content-Length: 20\r\n\r\none\ntwo"
    for rest in (("read", None), ("read", 5), ("readline", -1)):
        yield f"lines, cut, then {rest}", cut, READ[:2] + (("readline", -1), ("readline", -1), rest)


HOSTS = ("a b", "a\r\n", "a\0", "a/b", "user@host", "a:x", "a:", "a:80", "a:65536", "a:-1", "[::1]", "[::1]:81",
         "[fe80::1%2]:81", "::1", "[::1", "a]", "", "\xfc.test", "example.com:0")


def scripts():
    for name, answer in answers():
        yield f"row {name}, all", answer, READ
        yield f"row {name}, sized", answer, SIZED
        yield f"row {name}, twice", answer + GOOD, AGAIN
    yield from lines()
    for name, steps in requests():
        yield f"row {name}", GOOD, steps
