"""What is tried. Each case says what the C program is told, and what it has to say."""

import concurrent.futures
import contextlib
import errno
import os
import socket
import subprocess
import unittest

import world as w

PROBE, UNLOAD, WORLD = None, None, None
FIGURES = []
STYLES = ("blocking", "poll", "edge")
EAI_NONAME, EAI_AGAIN, EAI_NODATA = -2, -3, -5
PHASE_RESOLVE, PHASE_CONNECT = 1, 2
HC_TIMEOUT_CONNECT = 0
LATE_MS = 50  # what the end of a deadline may be late
CANCEL_MS = 10


class Report(dict):
    """What the C program said: words and numbers, and the addresses that were tried."""

    def __init__(self, text):
        super().__init__()
        self.attempts = []
        for line in text.splitlines():
            word, value = line.split(" ", 1)
            if word == "attempt":
                address, number, ms = value.rsplit(" ", 2)
                self.attempts.append((address, int(number), int(ms)))
            else:
                try:
                    self[word] = float(value)
                except ValueError:
                    self[word] = value


def probe(host, *options, port=w.PORT, env=None):
    command = [PROBE, *map(str, options), host, str(port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, env={**os.environ, **(env or {})})
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return Report(done.stdout)


class Case(unittest.TestCase):
    def timed(self, what, least, most, host, *options, word="elapsed", **more):
        """The best of three has to be within the bounds; none may be early."""
        runs = []
        for _ in range(3):
            report = probe(host, *options, **more)
            self.assertIn(word, report, report)
            runs.append(report[word])
            self.assertGreaterEqual(report[word], least - 1, f"{what}: {report} {report.attempts}")
            if report[word] <= most:
                break
        FIGURES.append(f"{what}: {min(runs):.1f} ms, at most {most} ms" + (f" (worst {max(runs):.1f})" if len(runs) > 1 else ""))
        self.assertLessEqual(min(runs), most, f"{what}: {runs} {report} {report.attempts}")
        return report

    def in_every_style(self, run):
        """At the same time: nearly all of it is waiting."""
        with concurrent.futures.ThreadPoolExecutor(len(STYLES)) as pool:
            return list(pool.map(run, STYLES))

    def assertStatus(self, report, status):
        self.assertEqual(report["status"], status, f"{report} {report.attempts}")

    def assertErrors(self, report, *errors):
        self.assertEqual([n for _, n, _ in report.attempts], list(errors), report.attempts)


class Networked(Case):
    def setUp(self):
        if WORLD is None:
            self.skipTest("there is no network namespace (the reason stands at the top)")


class Row180Names(Networked):
    def deadline(self, host, timeout=300):
        def run(style):
            report = self.timed(f"deadline of {timeout} ms, {host}, {style}", timeout, timeout + LATE_MS, host,
                                "style", style, "timeout", timeout)
            self.assertStatus(report, "HC_ERR_TIMEOUT")
            self.assertEqual((report["phase"], report["timeout"]), (PHASE_RESOLVE, HC_TIMEOUT_CONNECT))
            self.assertEqual(report.attempts, [])
            self.assertLess(report["free"], 20, "the thread was waited for")
        self.in_every_style(run)

    def test_silent(self):
        self.deadline("silent.test")

    def test_garbage(self):
        self.deadline("garbage.test")

    def test_an_answer_to_another_question(self):
        self.deadline("stranger.test")

    def test_slower_than_the_deadline(self):
        self.deadline("slow.test", 100)

    def test_slow(self):
        for style in STYLES:
            report = self.timed(f"a name server that takes 300 ms, {style}", 290, 450, "slow.test", "style", style,
                                "timeout", 5000)
            self.assertStatus(report, "HC_OK")

    def test_cancel(self):
        for style in STYLES:
            report = self.timed(f"hc_cancel while a name is resolved, {style}", 0, CANCEL_MS, "silent.test",
                                "style", style, "cancel", 100, word="after_cancel")
            self.assertStatus(report, "HC_ERR_CANCELLED")
            self.assertEqual(report["phase"], PHASE_RESOLVE)
            self.assertLess(report["free"], 20, "the thread was waited for")

    def test_refusals(self):
        for host, codes in (("nx.test", [EAI_NONAME]), ("servfail.test", [EAI_AGAIN]),
                            ("empty.test", [EAI_NODATA, EAI_NONAME])):
            for style in STYLES:
                report = self.timed(f"{host}, {style}", 0, 500, host, "style", style, "timeout", 5000)
                self.assertStatus(report, "HC_ERR_RESOLVE")
                self.assertIn(report["os_error"], codes)
                self.assertEqual(report["phase"], PHASE_RESOLVE)

    def test_long_names(self):
        label = "a" * 63
        report = probe(".".join([label] * 3 + ["a" * 62]), "timeout", 5000)  # 254 bytes
        self.assertStatus(report, "HC_ERR_RESOLVE")
        report = probe(label + "a.test", "timeout", 5000)  # a label of 64
        self.assertStatus(report, "HC_ERR_RESOLVE")
        report = probe("a" * 256)
        self.assertStatus(report, "HC_ERR_INVALID_URL")

    def test_lookups_that_were_given_up(self):
        """Each holds a thread until the resolver loses patience; 64 of them are the most."""
        quick = {"RES_OPTIONS": "timeout:1 attempts:1"}
        report = probe("silent.test", "style", "poll", "abandon", 70, "timeout", 100, env=quick)
        self.assertEqual((report["refused"], report["first_refused"], report["fds_lost"]), (6, 64, 0), report)
        self.assertEqual(report["threads"], 65)
        self.assertEqual(report["threads_later"], 1)
        self.assertEqual(report["again"], "HC_WANT_READ")
        FIGURES.append(f"70 lookups begun and given up: {report['elapsed_all']:.1f} ms in all")

    def test_unloading_the_library_meanwhile(self):
        env = {**os.environ, "RES_OPTIONS": "timeout:1 attempts:1"}
        done = subprocess.run([*UNLOAD, "silent.test"], capture_output=True, text=True, timeout=60, env=env)
        self.assertEqual((done.returncode, done.stdout), (0, "threads 2\nthreads_later 1\nresident 1\n"), done.stderr)


class Row181Addresses(Networked):
    def race(self, what, least, most, *addresses, errors=None, status="HC_OK", options=()):
        given = [word for address in addresses for word in ("address", address)]

        def run(style):
            report = self.timed(f"{what}, {style}", least, most, "name.test", "style", style, *options, *given)
            self.assertStatus(report, status)
            if style != "blocking" and len(addresses) > 1 and report["waits"] > 0:
                self.assertEqual(report["changes"], 1, "the descriptor has changed")
            if errors is not None:
                self.assertErrors(report, *errors)
            return report
        return self.in_every_style(run)[-1]

    def test_one(self):
        self.race("one address", 0, 50, w.GOOD)

    def test_refused(self):
        self.race("refused, then good", 0, 50, w.REFUSING, w.GOOD)

    def test_black_hole(self):
        self.race("a black hole, then good", 250, 250 + LATE_MS, w.HOLE, w.GOOD)

    def test_two_black_holes_and_a_refusal(self):
        self.race("two black holes, a refusal, good", 500, 500 + LATE_MS, w.HOLE, w.HOLES[0], w.REFUSING, w.GOOD)

    def test_a_refusal_starts_the_next_at_once(self):
        self.race("a black hole, two refusals, good", 250, 250 + LATE_MS, w.HOLE, w.REFUSING, w.REFUSING, w.GOOD)

    def test_stagger(self):
        self.race("the same with 40 ms", 40, 40 + LATE_MS, w.HOLE, w.GOOD, options=("stagger", 40))

    def test_families(self):
        if not WORLD.has_ipv6:
            self.skipTest("this kernel has no IPv6")
        # The second IPv6 address would be a black hole too: it is not the second to be tried.
        self.race("IPv6 leads nowhere", 250, 250 + LATE_MS, w.HOLE6, w.HOLE6, w.GOOD)
        self.race("IPv4 leads nowhere", 250, 250 + LATE_MS, w.HOLE, w.HOLE, w.GOOD6)

    def test_slow_wins_when_the_other_never_answers(self):
        # 200 ms there and back: it is connected before the next one has its turn.
        self.race("slow, then a black hole", 200, 250, w.SLOW, w.HOLE)
        # And it may win afterwards.
        self.race("slow, then a black hole after 50 ms", 200, 250, w.SLOW, w.HOLE, options=("stagger", 50))

    def test_lost_packets(self):
        self.race("the first SYN is lost", 1000, 1200, w.LOSSY)
        self.race("the first SYN is lost, another address answers", 250, 250 + LATE_MS, w.LOSSY, w.GOOD)

    def test_deadline(self):
        for n in (1, 3):
            self.race(f"deadline of 400 ms, {n} black holes", 400, 400 + LATE_MS, *w.HOLES[:n], status="HC_ERR_TIMEOUT",
                      options=("timeout", 400, "stagger", 100), errors=[errno.ETIMEDOUT] * n)

    def test_deadline_one_after_the_other(self):
        self.race("deadline of 300 ms, one after the other", 300, 300 + LATE_MS, w.HOLE, w.GOOD, status="HC_ERR_TIMEOUT",
                  options=("timeout", 300, "stagger", 0), errors=[errno.ETIMEDOUT])

    def test_what_was_tried(self):
        report = self.race("all fail", 300, 300 + LATE_MS, w.REFUSING, w.HOLE, w.UNREACHABLE, w.PROHIBITED, w.NOWHERE,
                           status="HC_ERR_TIMEOUT", options=("timeout", 300, "stagger", 50))
        self.assertEqual([(a, n) for a, n, _ in report.attempts],
                         [(f"{w.REFUSING}:80", errno.ECONNREFUSED), (f"{w.HOLE}:80", errno.ETIMEDOUT),
                          (f"{w.UNREACHABLE}:80", errno.EHOSTUNREACH), (f"{w.PROHIBITED}:80", errno.EACCES),
                          (f"{w.NOWHERE}:80", errno.ENETUNREACH)])

    def test_cancel(self):
        for n in (1, 3):
            given = [word for address in w.HOLES[:n] for word in ("address", address)]
            for what, timeout in (("no deadline", ()), ("a deadline", ("timeout", 60000))):
                def run(style, n=n, given=given, what=what, timeout=timeout):
                    report = self.timed(f"hc_cancel while {n} connect, {what}, {style}", 0, CANCEL_MS, "name.test", "style",
                                        style, "cancel", 100, "stagger", 30, *timeout, *given, word="after_cancel")
                    self.assertStatus(report, "HC_ERR_CANCELLED")
                    self.assertErrors(report, *[errno.ECANCELED] * n)
                self.in_every_style(run)

    def test_names_with_several_addresses(self):
        # Which comes first is the system's to decide: one black hole of each family at most stands before a good one.
        for style in STYLES:
            report = self.timed(f"two good, two black holes, {style}", 0, 500 + LATE_MS, "mixed.test", "style", style,
                                "get", 1)
            self.assertStatus(report, "HC_OK")
            self.assertEqual(report["answer"], "HC_OK mixed.test")
            report = self.timed(f"a name with a refusal, {style}", 0, 100, "refused.test", "style", style)
            self.assertStatus(report, "HC_OK")

    def test_a_crowd_of_black_holes(self):
        for style in STYLES:
            report = self.timed(f"40 black holes, {style}", 600, 600 + LATE_MS, "holes.test", "style", style, "timeout", 600,
                                "stagger", 10)
            self.assertStatus(report, "HC_ERR_TIMEOUT")
            self.assertErrors(report, *[errno.ETIMEDOUT] * 16)

    def test_row_119_zones(self):
        if not WORLD.has_ipv6:
            self.skipTest("this kernel has no IPv6")
        report = probe(f"[{w.LINK6}%hc0]", "get", 1)
        self.assertStatus(report, "HC_OK")
        self.assertEqual(report["answer"], f"HC_OK [{w.LINK6}]")
        report = probe("name.test", "address", f"[{w.LINK6}%hc0]:80")
        self.assertStatus(report, "HC_OK")
        report = probe(f"[{w.LINK6}%nosuch0]")
        self.assertStatus(report, "HC_ERR_RESOLVE")
        self.assertEqual(report["os_error"], errno.ENODEV)


class Row182Errors(Networked):
    def test_what_the_kernel_says(self):
        for address, number in ((w.REFUSING, errno.ECONNREFUSED), (w.UNREACHABLE, errno.EHOSTUNREACH),
                                (w.PROHIBITED, errno.EACCES), (w.NOWHERE, errno.ENETUNREACH)):
            for style in STYLES:
                for more in ((), ("timeout", 5000)):
                    report = probe(address, "style", style, *more)
                    self.assertStatus(report, "HC_ERR_CONNECT")
                    self.assertEqual(report["os_error"], number)
                    self.assertErrors(report, number)

    def test_the_kernel_gives_up(self):
        with sysctl("ipv4/tcp_syn_retries", "1"), sysctl("ipv4/tcp_syn_linear_timeouts", "0"):
            for style in STYLES:
                report = probe(w.HOLE, "style", style)
                self.assertStatus(report, "HC_ERR_CONNECT")
                self.assertEqual(report["os_error"], errno.ETIMEDOUT)

    def test_the_near_end_is_taken(self):
        with socket.socket() as taken:
            taken.bind((w.NEAR, 0))
            taken.listen()
            port = taken.getsockname()[1]
            report = probe(w.GOOD, "source", w.NEAR, "source-port", port)
        self.assertStatus(report, "HC_ERR_CONNECT")
        self.assertEqual(report["os_error"], errno.EADDRINUSE)

    def test_interfaces(self):
        self.assertStatus(probe(w.GOOD, "interface", "hc0"), "HC_OK")
        report = probe(w.GOOD, "interface", "lo", "timeout", 300)  # the route says hc0
        self.assertNotEqual(report["status"], "HC_OK")


class Row185Ports(Networked):
    def test_no_port_is_left(self):
        with sysctl("ipv4/ip_local_port_range", "40000 40001"), contextlib.ExitStack() as stack:
            for _ in range(2):
                taken = stack.enter_context(socket.create_connection((w.GOOD, w.PORT), 5))
                # Without a TIME_WAIT behind it.
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            for style in STYLES:
                report = probe(w.GOOD, "style", style)
                self.assertStatus(report, "HC_ERR_CONNECT")
                self.assertEqual(report["os_error"], errno.EADDRNOTAVAIL)
        self.assertStatus(probe(w.GOOD), "HC_OK")


class Loopback(Case):
    """What needs no network of its own: enough to see that the rest would work."""

    @contextlib.contextmanager
    def places(self):
        with socket.create_server(("127.0.0.1", 0)) as good, socket.socket() as full, socket.socket() as refusing:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            refusing.bind(("127.0.0.1", 0))  # and does not listen
            with socket.create_connection(full.getsockname()):  # the one that there is room for
                yield ["127.0.0.1:%d" % s.getsockname()[1] for s in (good, full, refusing)]

    def test_row_181(self):
        with self.places() as (good, hole, refusing):
            for style in STYLES:
                report = self.timed(f"loopback: refused, black hole, good, {style}", 250, 250 + LATE_MS, "name.test", "style",
                                    style, "address", refusing, "address", hole, "address", good)
                self.assertStatus(report, "HC_OK")
                report = self.timed(f"loopback: deadline of 200 ms, {style}", 200, 200 + LATE_MS, "name.test", "style", style,
                                    "timeout", 200, "address", refusing, "address", hole)
                self.assertStatus(report, "HC_ERR_TIMEOUT")
                self.assertErrors(report, errno.ECONNREFUSED, errno.ETIMEDOUT)


@contextlib.contextmanager
def sysctl(name, value):
    """Holds for the namespace alone. A kernel that does not have it has nothing to set."""
    path = f"/proc/sys/net/{name}"
    if not os.path.exists(path):
        yield
        return
    with open(path) as f:
        before = f.read()
    write(path, value)
    try:
        yield
    finally:
        write(path, before)


def write(path, value):
    with open(path, "w") as f:
        f.write(value)
