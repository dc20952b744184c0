"""Peers that fall silent, drip, or whose packets get lost, in the middle of everything: each time ends by the total
deadline and by the timer that is for it, and by hc_cancel, in each style. What needs no lost packets is tried on loopback,
too, where there is no namespace."""

import socket

import cases
import servers
import world as w
from cases import CANCEL_MS, FIGURES, HC_TIMEOUT_CONNECT, LATE_MS, Case, probe

HC_TIMEOUT_READ, HC_TIMEOUT_TOTAL, HC_TIMEOUT_FIRST_BYTE, HC_TIMEOUT_TLS, HC_TIMEOUT_SPEED = 1, 5, 6, 7, 10
PHASE_RESPONSE_HEAD, PHASE_RESPONSE_BODY, PHASE_TRAILERS, PHASE_TLS, PHASE_PROXY = 6, 7, 8, 9, 10
RESEND_NO, RESEND_NOTHING_SENT, RESEND_UNKNOWN = 0, 1, 3
LIMIT_MS = 200
OVER_MS = 200  # as the probe has it

TOTAL = ("total", LIMIT_MS), HC_TIMEOUT_TOTAL
CONNECT = ("timeout", LIMIT_MS), HC_TIMEOUT_CONNECT
READ = ("read", LIMIT_MS), HC_TIMEOUT_READ
FIRST_BYTE = ("first-byte", LIMIT_MS), HC_TIMEOUT_FIRST_BYTE
TLS = ("tls-timeout", LIMIT_MS), HC_TIMEOUT_TLS
SPEED = ("speed", 10_000_000), HC_TIMEOUT_SPEED


class Timed(Case):
    def ends(self, what, phase, resend, target, *options, host=None, port=None, timers=(TOTAL,)):
        host, port = host or self.host, port or self.port
        for timer, kind in timers:
            def run(style, timer=timer, kind=kind):
                report = self.timed(f"{what}: {' '.join(map(str, timer))}, {style}", LIMIT_MS, LIMIT_MS + LATE_MS, host,
                                    "style", style, "fetch", target, *timer, *options, port=port)
                self.assertStatus(report, "HC_ERR_TIMEOUT")
                self.assertEqual((report["timeout"], report["phase"], report["resend"]), (kind, phase, resend), report)
                self.assertLess(report["free"], 20)
                return report
            self.in_every_style(run)

        def cancel(style):
            report = self.timed(f"{what}: hc_cancel, {style}", 0, CANCEL_MS, host, "style", style, "fetch", target,
                                "cancel", 100, *options, port=port, word="after_cancel")
            self.assertStatus(report, "HC_ERR_CANCELLED")
            self.assertEqual((report["phase"], report["resend"]), (phase, resend), report)
            return report
        return self.in_every_style(cancel)

    @classmethod
    def setUpClass(cls):
        if cases.WORLD is not None:
            cls.host, cls.port, cls.silent_port = w.GOOD, w.PORT, w.SILENT_PORT
        else:
            cls.host = "127.0.0.1"
            cls.port = servers.serve(socket.AF_INET, cls.host, 0)
            cls.silent_port = servers.serve(socket.AF_INET, cls.host, 0, servers.say_nothing)


class SilentPeers(Timed):
    def proxied(self, what, url, phase, *options, timers):
        self.ends(what, phase, RESEND_NOTHING_SENT, "/", "proxy", url, *options, host="origin.test", timers=timers)

    def test_proxy_for_a_tunnel(self):
        self.proxied("a silent proxy, CONNECT", f"http://{self.host}:{self.silent_port}", PHASE_PROXY, "tunnel", 1,
                     timers=(TOTAL, CONNECT, READ))

    def test_socks_proxy(self):
        for scheme in ("socks5h", "socks4a"):
            self.proxied(f"a silent proxy, {scheme}", f"{scheme}://{self.host}:{self.silent_port}", PHASE_PROXY,
                         timers=(TOTAL, CONNECT, READ))

    def test_proxy_over_tls(self):
        self.proxied("a silent proxy, TLS", f"https://{self.host}:{self.silent_port}", PHASE_TLS,
                     timers=(TOTAL, CONNECT, TLS))

    def test_proxy_that_forwards(self):
        self.ends("a silent proxy that forwards", PHASE_RESPONSE_HEAD, RESEND_UNKNOWN, "/", "proxy",
                  f"http://{self.host}:{self.silent_port}", host="origin.test", timers=(TOTAL, FIRST_BYTE, READ))

    def test_tls(self):
        self.ends("a silent TLS peer", PHASE_TLS, RESEND_NOTHING_SENT, "/", "tls", 1, port=self.silent_port,
                  timers=(TOTAL, CONNECT, TLS))

    def test_server(self):
        self.ends("a silent server", PHASE_RESPONSE_HEAD, RESEND_UNKNOWN, "/", port=self.silent_port,
                  timers=(TOTAL, FIRST_BYTE, READ))


class Row095Drips(Timed):
    """A byte every 20 ms. No wait for one of them is long enough for HC_TIMEOUT_READ."""

    def drips(self, what, phase, resend=RESEND_NO, timers=(TOTAL,)):
        self.ends(f"a drip, {what}", phase, resend, f"/drip/{what}", "read", 150, timers=timers)

    def test_head(self):
        self.drips("head", PHASE_RESPONSE_HEAD)

    def test_interim_answers(self):
        self.drips("interim", PHASE_RESPONSE_HEAD)

    def test_body(self):
        self.drips("body", PHASE_RESPONSE_BODY, timers=(TOTAL, SPEED))

    def test_chunk(self):
        self.drips("chunk", PHASE_RESPONSE_BODY, timers=(TOTAL, SPEED))

    def test_line_of_a_chunk(self):
        self.drips("chunk-line", PHASE_RESPONSE_BODY)

    def test_trailer(self):
        self.drips("trailer", PHASE_TRAILERS, timers=(TOTAL, SPEED))


class LostPackets(Timed):
    def setUp(self):
        if cases.WORLD is None:
            self.skipTest("there is no network namespace (the reason stands at the top)")

    def test_in_the_middle_of_the_body(self):
        """The connection is there, and half a body: nobody says that the rest will not come."""
        reports = self.ends("a body cut off", PHASE_RESPONSE_BODY, RESEND_NO, "/bytes/100000", host=w.CUT,
                            timers=(TOTAL, READ, SPEED))
        for report in reports:
            self.assertGreater(report["body"], 10_000, report)
            self.assertLess(report["body"], 100_000, report)
            self.assertEqual((report["wrong"], report["http_status"]), (0, 200), report)

    def test_loss_and_delay(self):
        """Every seventh packet is lost once, and each takes 20 ms: late, and whole."""
        def run(style):
            report = probe(w.ROUGH, "style", style, "fetch", "/bytes/100000", "total", 30000, "read", 10000)
            self.assertStatus(report, "HC_OK")
            self.assertEqual((report["body"], report["wrong"]), (100_000, 0), report)
            FIGURES.append(f"100,000 bytes with loss and delay, {style}: {report['elapsed']:.0f} ms")
        self.in_every_style(run)
        self.assertGreater(len(cases.WORLD.lost), 10)
