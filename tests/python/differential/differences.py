"""Where the binding does not do what http.client does, and why. Each rule must apply somewhere."""

import dataclasses
import itertools
import typing


@dataclasses.dataclass
class Parting:
    """The first step of a script at which the two modules differ."""

    name: str
    answer: bytes
    steps: tuple
    number: int
    step: tuple
    theirs: tuple
    ours: tuple
    # An earlier step has raised IncompleteRead.
    cut: bool = False

    def __str__(self):
        answer = self.answer if len(self.answer) < 300 else self.answer[:300] + b"..."
        before = "\n".join(f"    {s}" for s in self.steps[: self.number][-6:])
        pairs = [
            (x, y) for x, y in itertools.zip_longest(self.theirs, self.ours) if x != y
        ]
        return (
            f"{self.name}\n  answer {answer!r}\n{before}\n  at {self.step}\n"
            f"  theirs {shorten([x for x, _ in pairs])}\n  ours   {shorten([y for _, y in pairs])}"
        )

    def raised(self, who):
        return who[1] if who and who[0] == "raised" else None


def shorten(event):
    text = repr(event)
    return text if len(text) < 900 else text[:900] + "..."


class Rule(typing.NamedTuple):
    name: str
    reason: str
    applies: typing.Callable
    # The two are in the same place afterwards: the rest of the script is compared.
    soft: bool = False


def part(event, name):
    """A part of the state after a step."""
    pairs = (e for e in event if isinstance(e, tuple) and len(e) == 2)
    return next((value for n, value in pairs if n == name), None)


def only(p, *names):
    """Do the two differ in these parts of the state alone?"""
    def rest(event):
        return tuple(
            e for e in event if not (isinstance(e, tuple) and e and e[0] in names)
        )

    return rest(p.theirs) == rest(p.ours)


def ended_at_once(p):
    return (
        only(p, "response") and part(p.theirs, "response") == (False, False)
        and part(p.ours, "response") == (True, False)
    )


HEAD = ("status", "reason", "version", "headers", "chunked", "length", "will_close", "x", "none")


def head_differs(p, *names):
    """Do the two heads differ in these alone (and in what follows from will_close)?"""
    if p.step != ("getresponse",) or p.theirs[0] != "ok" or p.ours[0] != "ok":
        return False
    theirs, ours = dict(zip(HEAD, p.theirs[1])), dict(zip(HEAD, p.ours[1]))
    different = {n for n in HEAD if theirs[n] != ours[n]}
    return bool(different) and different <= set(names)


def asked_to_close(p):
    fields = (
        f for s in p.steps[: p.number] for f in (s[5] if s[0] == "request" else [s[1:3]])
        if s[0] in ("request", "putheader")
    )
    return any(tuple(f) == ("Connection", "close") for f in fields)


def before(p, *names):
    return any(s[0] in names for s in p.steps[: p.number])


def row(numbers, reason, raised=None):
    """Wrong input of these rows, for which ours raises one of these."""
    def applies(p):
        if not p.name.startswith(tuple(f"row {n}" for n in numbers)):
            return False
        return raised is None or p.raised(p.ours) in raised

    return Rule("row " + ", ".join(numbers), reason, applies)


RULES = [
    Rule(
        "ends at once",
        "a response that has been read to its last byte is closed by every reading call; in"
        " http.client readline() and read1() leave that to the next call (read1 until 3.13)",
        ended_at_once,
        soft=True,
    ),
    Rule(
        "reading nothing reads nothing",
        "reading no bytes leaves a chunked body as it is; http.client reads the next size, and so may"
        " end it",
        lambda p: only(p, "response") and part(p.theirs, "response") == (True, False)
        and part(p.ours, "response") == (False, False) and b"hunked" in p.answer
        and any(s in (("readinto", 0), ("read1", 0), ("read", 0)) for s in p.steps[: p.number + 1]),
        soft=True,
    ),
    Rule(
        "readline keeps to its limit",
        "readline(n) gives at most n bytes; http.client's falls back on IOBase.readline for chunks,"
        " which can give more",
        lambda p: p.step[0] == "readline" and p.ours[0] == "ok"
        and len(p.theirs[1]) > p.step[1] == len(p.ours[1]),
    ),
    Rule(
        "length after the end",
        "the length of a response that has ended is 0; in http.client it stays what it was when the"
        " server sent less, and None when it sent chunks",
        lambda p: p.step == ("length",) and p.ours[1] == 0,
        soft=True,
    ),
    Rule(
        "no body, no chunks",
        "answers to HEAD, 204 and 304 have no body, so it does not come in chunks (RFC 9112 6.3);"
        " http.client reads one after 204 and 304",
        lambda p: head_differs(p, "chunked"),
        soft=True,
    ),
    Rule(
        "request asked to close",
        "after 'Connection: close' in the request the connection is not used again (RFC 9112 9.6)",
        lambda p: head_differs(p, "will_close", "chunked") and asked_to_close(p),
    ),
    Rule(
        "Connection on several lines",
        "'close' counts on every line and as a word of the list; http.client looks at the first"
        " line, for the letters",
        lambda p: head_differs(p, "will_close") and b"lose" in p.answer,
    ),
    Rule(
        "given up unread",
        "a connection whose response was closed or has failed before its end is closed; http.client"
        " takes what is left of it for the next response",
        lambda p: p.step[0] in ("request", "putrequest", "getresponse", "endheaders")
        and part(p.theirs, "closed") != part(p.ours, "closed")
        and (before(p, "close_response") or p.cut),
    ),
    Rule(
        "ended, so ready",
        "what follows from 'ends at once': the next response can be asked for",
        lambda p: p.raised(p.theirs) == "ResponseNotReady" != p.raised(p.ours),
    ),
    Rule(
        "failed once",
        "a response whose reading has failed is closed, and reads as ended from then on; http.client"
        " does so where a length was declared, and fails again where the body came in chunks",
        lambda p: p.step[0].startswith("read") and p.raised(p.theirs) == "IncompleteRead"
        and p.ours[:2] == ("ok", b"") and p.steps[p.number - 1][0].startswith("read"),
    ),
    Rule(
        "close drops the head",
        "close() drops a request that was begun; http.client sends its lines before the next",
        lambda p: before(p, "close") and p.step[0] in ("endheaders", "request")
        and only(p, "sent", "printed"),
    ),
    Rule(
        "no status line, not shown",
        "a line that does not begin as a status line does is not read on, so set_debuglevel has none to"
        " show",
        lambda p: only(p, "printed") and p.raised(p.ours) is not None
        and part(p.theirs, "printed").startswith(part(p.ours, "printed") + "reply: "),
        soft=True,
    ),
    row(("1 ",), "a length beside chunks: read, but the connection is not used again"),
    row(
        ("2 ", "4 ", "5-8 length b'+5'", "5-8 length b'0_5'", "10 ", "11-16 coding b'chunked, chunked'"),
        "lengths that contradict each other, that only int() takes for numbers, or too large for any"
        " file; chunks in chunks: two readings of the same bytes are refused", {"HTTPException"},
    ),
    row(("3 a list",), "a list of the same length is that length (RFC 9112 6.3)"),
    row(
        ("11-16 coding b'chunked, gzip'", "11-16 coding b'xchunked'", "11-16 coding b'gzip'"),
        "a coding that is not known is not delivered as if it were the body",
        {"UnknownTransferEncoding"},
    ),
    row(("11-16 coding b'ChunKed",), "blanks around a value are no part of it (RFC 9110 5.5)"),
    row(
        ("11-16 coding b'\\x0b", "51 ", "53 ", "54 controls", "61-67 b'HTTP/1.1 200 O"),
        "control bytes, a bare CR among them, in a field or reason: an email parser makes a second"
        " field of what follows a bare CR", {"HTTPException"},
    ),
    row(("19 204",), "204 has no body, ever (RFC 9112 6.3)"),
    row(
        ("30-36 ", "37 ", "38 ", "39 "),
        "a chunk size is hexadecimal digits and fits in 63 bits, and CRLF follows size and data: int()"
        " takes more, and http.client does not look behind the data", {"IncompleteRead"},
    ),
    row(("55 a folded",), "a field that decides about framing is not folded", {"HTTPException"}),
    row(
        ("57 ", "59 a name"),
        "a name that another reader may read otherwise; http.client loses it and all that follow",
        {"HTTPException"},
    ),
    row(
        ("61-67 b'HTTP/1.1 0200", "61-67 b'HTTP/1.1 +200", "61-67 b'HTTP/ 200"),
        "a status is three digits, a version digit '.' digit", {"BadStatusLine"},
    ),
    row(
        ("61-67 b'HTTP/1.10", "61-67 b'HTTP/0.9"), "HTTP/1 with one digit behind the point is known",
        {"UnknownProtocol"},
    ),
    row(("70 ", "80 one"), "a head has 256 KiB, an answer 99 interim ones at most", {"HTTPException"}),
    row(
        ("81 ",), "every interim answer is skipped; http.client gives 103 for the answer, and the answer"
        " for the next one's",
    ),
    row(("85 ",), "101 that nobody has asked for", {"HTTPException"}),
    row(
        ("93 cut in a chunk",), "IncompleteRead.partial has all that arrived, of the last chunk too",
        {"IncompleteRead"},
    ),
    row(
        ("113 ", "115 ", "118 tunnel (('A', 'b\\r", "118 tunnel host"),
        "control bytes do not get into a request: a bare CR, a NUL, and whatever a tunnel is given",
        {"ValueError", "InvalidURL"},
    ),
    row(
        ("118 tunnel (('A', 'b'),)",),
        "CONNECT is HTTP/1.1 with a Host field, as of Python 3.12",
    ),
    Rule(
        "hosts",
        "a host has no userinfo, path or bracket out of place, a port is 1 to 65535, and a bare IPv6"
        " address is one",
        lambda p: p.name.startswith("host "),
    ),
]


def is_soft(parting):
    rule = explain(parting)
    return rule is not None and rule.soft


def explain(parting):
    for rule in RULES:
        if rule.applies(parting):
            return rule
    return None
