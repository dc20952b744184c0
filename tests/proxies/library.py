"""The C library through ctypes, as far as the proxy tests need it. Each call is made until it does not want to wait, in
the blocking and in the non-blocking style."""

import ctypes as ct
import os
import select
import time

OK, WANT_READ, WANT_WRITE, PROXY = 0, 1, 2, -100
PATIENCE = 20


class Failed(Exception):
    def __init__(self, call, status, text, http_status):
        super().__init__(f"{call}: {status} {text}")
        self.status, self.text, self.http_status = status, text, http_status


class ErrorInfo(ct.Structure):
    _fields_ = [("struct_size", ct.c_size_t), *((n, ct.c_int32) for n in (
        "code", "phase", "os_error", "resend", "timeout_kind", "state", "reused", "http_status")),
        ("callback_value", ct.c_int64), *((n, ct.c_uint64) for n in (
            "offset", "bytes_sent", "bytes_received", "body_received", "body_expected")),
        ("idle_ms", ct.c_int64), ("text", ct.c_char_p), ("attempts", ct.c_void_p),
        ("attempt_count", ct.c_size_t), ("tls_alert", ct.c_int32), ("tls_reason", ct.c_int32)]


class Header(ct.Structure):
    _fields_ = [("name", ct.c_char_p), ("name_len", ct.c_size_t), ("value", ct.c_char_p), ("value_len", ct.c_size_t)]


ZSTR = ct.c_size_t(-1).value


def headers(fields):
    return (Header * max(len(fields), 1))(*(Header(n.encode(), ZSTR, v.encode(), ZSTR) for n, v in fields))


class Library:
    def __init__(self, path):
        self.lib = ct.CDLL(path)
        for name in ("hr_header", "hc_proxy", "hc_proxy_user", "hr_reason"):
            getattr(self.lib, name).restype = ct.c_char_p

    def connection(self, host, port, nonblocking):
        return Connection(self.lib, host, port, nonblocking)


class Connection:
    def __init__(self, lib, host, port, nonblocking):
        self.lib, self.c = lib, ct.c_void_p()
        self.nonblocking = nonblocking
        self.must("hc_new", host.encode(), port, ct.byref(self.c))
        self.must("hc_set_nonblocking", self.c, int(nonblocking))
        for kind in (0, 1, 2):
            self.must("hc_set_timeout", self.c, kind, ct.c_int64(PATIENCE * 1000))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lib.hc_free(self.c)

    def call(self, name, *arguments, of=None):
        """The status of a call that may wait."""
        deadline = time.monotonic() + PATIENCE
        while (status := getattr(self.lib, name)(*arguments)) in (WANT_READ, WANT_WRITE):
            assert self.nonblocking and time.monotonic() < deadline, f"{name} waits"
            fd, events, ms = ct.c_int32(), ct.c_int32(), ct.c_int64()
            assert self.lib.hc_want(self.c, ct.byref(fd), ct.byref(events), ct.byref(ms)) == OK
            poll = select.poll()
            poll.register(fd.value, select.POLLIN if status == WANT_READ else select.POLLOUT)
            poll.poll(PATIENCE * 1000)
        return status

    def must(self, name, *arguments):
        status = self.call(name, *arguments)
        if status != OK:
            info = ErrorInfo(struct_size=ct.sizeof(ErrorInfo))
            text = ""
            if self.c and self.lib.hc_last_error(self.c, ct.byref(info)) == OK:
                text = (info.text or b"").decode()
            raise Failed(name, status, text, info.http_status)

    def tls(self, setter, *steps):
        """A configuration by these calls, each a name and its arguments, for the origin or the proxy."""
        tls = ct.c_void_p()
        self.must("hc_tls_new", ct.byref(tls))
        try:
            for name, *arguments in steps:
                self.must(name, tls, *arguments)
            self.must(setter, self.c, tls)
        finally:
            self.lib.hc_tls_free(tls)

    def set_proxy(self, url, tunnel=False, fields=()):
        self.must("hc_set_proxy", self.c, url.encode())
        if fields:
            self.must("hc_set_proxy_headers", self.c, headers(fields), ct.c_size_t(len(fields)))
        if tunnel:
            self.must("hc_set_proxy_tunnel", self.c, 1)

    def set_proxy_auth(self, user, password):
        self.must("hc_set_proxy_auth", self.c, user.encode(), password.encode())

    def descriptor(self):
        return self.lib.hc_fileno(self.c)

    def get(self, target, fields=()):
        """Status, body and a function that looks up header fields, of one exchange."""
        self.must("hc_request", self.c, b"GET", target.encode(), headers(fields), ct.c_size_t(len(fields)), None, 0)
        r = ct.c_void_p()
        self.must("hc_getresponse", self.c, ct.byref(r))
        return self.take(r)

    def proxy_response(self):
        r = ct.c_void_p()
        self.must("hc_get_proxy_response", self.c, ct.byref(r))
        return self.take(r)

    def take(self, r):
        """The same of a response, which is freed."""
        data, length = ct.c_void_p(), ct.c_size_t()
        try:
            self.must_read("hr_read_all", r, ct.c_uint64(1 << 20), ct.byref(data), ct.byref(length))
            body = ct.string_at(data, length.value) if length.value else b""
            count = self.lib.hr_header_count
            count.restype = ct.c_size_t
            fields, field = [], Header()
            for i in range(count(r)):
                assert self.lib.hr_header_at(r, ct.c_size_t(i), ct.byref(field)) == OK
                fields.append((field.name.decode("latin-1"), field.value.decode("latin-1")))
            return self.lib.hr_status(r), body, fields
        finally:
            self.lib.hr_free(r)

    def must_read(self, name, r, *arguments):
        deadline = time.monotonic() + PATIENCE
        while (status := getattr(self.lib, name)(r, *arguments)) in (WANT_READ, WANT_WRITE):
            assert self.nonblocking and time.monotonic() < deadline, f"{name} waits"
            fd, events, ms = ct.c_int32(), ct.c_int32(), ct.c_int64()
            assert self.lib.hr_want(r, ct.byref(fd), ct.byref(events), ct.byref(ms)) == OK
            poll = select.poll()
            poll.register(fd.value, select.POLLIN if status == WANT_READ else select.POLLOUT)
            poll.poll(PATIENCE * 1000)
        if status != OK:
            raise Failed(name, status, "", 0)


def open_library(directory):
    return Library(os.path.join(os.path.abspath(directory), "libhttpclient.so"))
