"""What is measured: the rows of the table, who takes part in each, and what this library is meant to reach."""

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Entry:
    """A client in a row."""

    label: str
    program: str
    args: tuple = ()


FLOOR = Entry("floor", "floor")
CURL = Entry("curl", "curl_driver", ("-b", "0"))
CURL_512K = Entry("curl, 512 KiB buffer", "curl_driver", ("-b", str(512 * 1024)))
NEON = Entry("neon", "neon_driver")
TLS_FLOOR = Entry("floor", "tls_floor")  # a bare rustls loop: what TLS and the kernel cost
PYTHON = Entry("http.client", "py_driver")
OURS = Entry("libhttpclient", "hc_driver")


def styled(entry, style, label=None):
    return Entry(label or entry.label, entry.program, (*entry.args, "-y", style))


@dataclass(frozen=True)
class Row:
    """`unit` is what a count is per: requests vary -n, MiB and chunks vary -s."""

    key: str
    title: str
    entries: tuple
    driver_row: str
    unit: str
    full: int  # units in a timed run
    quick: int
    count_points: tuple  # units in a short and a long run, for the system calls and the allocations
    instruction_points: tuple = ()  # the same under callgrind; none where its view of bulk copies misleads
    chunk: int = 0
    file: bool = False
    tls: bool = False
    resume: bool = True

    def command(self, entry, out, port, units, file):
        if self.unit == "request":
            amount = ["-n", str(units)]
        else:
            amount = ["-s", str(units * (MIB if self.unit == "MiB" else self.chunk))]
        command = [str(out / entry.program), "-r", self.driver_row, "-p", str(port), *amount]
        if self.chunk:
            command += ["-c", str(self.chunk)]
        if self.file:
            command += ["-f", str(file)]
        if self.tls:
            command += ["-t", str(out / "certificates" / "ca.crt"), "-k", str(int(self.resume))]
        return command + list(entry.args)


WITH_TLS = (TLS_FLOOR, CURL, OURS)
BULK = (FLOOR, CURL, CURL_512K, NEON, OURS)

PY = Row("PY", "Small GET from Python, one warm connection",
         (PYTHON, styled(PYTHON, "binding", "libhttpclient's binding"),
          styled(PYTHON, "native", "libhttpclient's binding, its own connections")),
         "W1", "request", 6000, 1000, (200, 700))

ROWS = (
    Row("W0", "Small GET, a new connection each", (FLOOR, CURL, NEON, OURS), "W0", "request", 5000, 1000,
        (200, 1200), (50, 250)),
    Row("W1", "Small GET, one warm connection",
        (FLOOR, CURL, NEON, OURS, styled(OURS, "nonblocking", "libhttpclient, non-blocking"),
         styled(OURS, "sansio", "libhttpclient, sans-IO"),
         styled(OURS, "transport", "libhttpclient, callback transport")),
        "W1", "request", 60000, 10000, (1000, 6000), (200, 1200)),
    Row("W2", "Download of 1 GiB with Content-Length", BULK, "W2", "MiB", 1024, 256, (64, 256)),
    Row("W3a", "Download of 1 GiB in 16 KiB chunks", BULK, "W3", "chunk", 65536, 16384, (4096, 16384), (64, 320),
        chunk=16384),
    Row("W3b", "Download of 256 MiB in 100-byte chunks", BULK, "W3", "chunk", 2684354, 671088, (200000, 800000),
        (5000, 25000), chunk=100),
    Row("W4a", "Small GET over TLS 1.3, one warm connection (floor: a bare rustls loop)",
        (*WITH_TLS, styled(OURS, "nonblocking", "libhttpclient, non-blocking"),
         styled(OURS, "sansio", "libhttpclient, sans-IO")),
        "W1", "request", 60000, 10000, (1000, 6000), (200, 1200), tls=True),
    Row("W4b", "Small GET over TLS 1.3, a new connection and a full handshake each", WITH_TLS, "W0", "request", 2000,
        400, (50, 250), (20, 70), tls=True, resume=False),
    Row("W4c", "Small GET over TLS 1.3, a new connection and a resumed handshake each", WITH_TLS, "W0", "request", 2000,
        400, (50, 250), (20, 70), tls=True),
    Row("W4d", "Download of 512 MiB over TLS 1.3", WITH_TLS, "W2", "MiB", 512, 128, (64, 256), tls=True),
    Row("W5a", "Upload of a 1 GiB file, given its descriptor (floor: sendfile)",
        (styled(FLOOR, "fd"), CURL, CURL_512K, styled(NEON, "fd"), styled(OURS, "fd")), "W5", "MiB", 1024, 256,
        (64, 256), file=True),
    Row("W5b", "Upload of a 1 GiB file, read by the program (floor: read and send)",
        (styled(FLOOR, "read"), CURL, CURL_512K, styled(NEON, "callback"),
         styled(OURS, "callback", "libhttpclient, callback"), styled(OURS, "push", "libhttpclient, pushed")),
        "W5", "MiB", 1024, 256, (64, 256), file=True),
    Row("W6", "Small GETs, pipelined 16 deep", (FLOOR, OURS), "W6", "request", 160000, 32000, (1600, 9600),
        (320, 1920)),
    PY,
)

# Rows whose figure is not time: they have no interleaved runs.
W7 = "W7"
W7_TITLE = "Memory of an idle kept connection, 1,000 open"
W7_ENTRIES = (CURL, NEON, OURS)
W9 = "W9"
W9_TITLE = "Small GETs on many connections by one event loop, at most 1,000 of them at a time"
W9_ENTRIES = (FLOOR, OURS)
W9_CONNECTIONS = (1, 100, 1000, 10000)
W8 = "W8"
W8_TITLE = "The shared library: stripped size, loading and initialising"


@dataclass(frozen=True)
class Goal:
    """`value` of the line (`row`, `label`) must be at most `limit`."""

    row: str
    label: str
    value: str  # an attribute of a table line
    limit: float
    text: str
    stretch: bool = False  # what the design aims at, beyond what the product promises


def _goals():
    ours = OURS.label
    yield Goal("W1", ours, "syscalls", 2.0, "system calls per request")
    yield Goal("W1", ours, "allocations", 0.0, "heap allocations per request")
    yield Goal("W1", ours, "instructions", 4000, "instructions per request")
    yield Goal("W1", ours, "times_floor", 1.25, "CPU x floor")
    yield Goal("W2", ours, "times_floor", 1.05, "CPU x floor")
    yield Goal("W3b", ours, "times_curl", 0.5, "CPU x curl")
    yield Goal("W4a", ours, "syscalls", 2.0, "system calls per request")
    yield Goal("W4a", ours, "instructions_times_floor", 1.25, "instructions x floor")
    yield Goal("W4a", ours, "allocations_over_floor", 0.0, "heap allocations per request, beyond the floor's")
    yield Goal("W4b", ours, "times_floor", 1.1, "CPU x floor")
    yield Goal("W4c", ours, "times_floor", 1.1, "CPU x floor")
    yield Goal("W4d", ours, "times_floor", 1.05, "CPU x floor")
    yield Goal("W0", ours, "instructions", 4000, "instructions per connection", True)
    yield Goal("W0", ours, "syscalls", 7, "system calls per connection", True)
    yield Goal("W1", ours, "instructions", 2000, "instructions per request", True)
    yield Goal("W1", ours, "times_floor", 1.05, "CPU x floor", True)
    yield Goal("W1", ours, "peak_rss_mib", 3.0, "peak memory, MiB", True)
    yield Goal("W2", ours, "syscalls", 10, "system calls per MiB", True)
    yield Goal("W3a", ours, "times_floor", 1.05, "CPU x floor", True)
    yield Goal("W3b", ours, "instructions", 110, "instructions per chunk", True)
    yield Goal("W3b", ours, "times_floor", 1.3, "CPU x floor", True)
    yield Goal("W5a", ours, "times_floor", 1.05, "CPU x floor", True)
    yield Goal("W5b", ours + ", callback", "times_floor", 1.05, "CPU x floor", True)
    yield Goal("W5b", ours + ", pushed", "times_floor", 1.05, "CPU x floor", True)
    yield Goal("W6", ours, "instructions", 1500, "instructions per request", True)
    yield Goal("W6", ours, "syscalls", 0.13, "system calls per request", True)
    yield Goal("W6", ours, "times_floor", 2.0, "CPU x floor", True)
    yield Goal("W7", ours, "figure", 1.0, "KiB per connection", True)
    yield Goal("W9", f"{ours}, 10,000 connections", "instructions_times_one", 1.1, "instructions x those with one connection")
    yield Goal("W9", f"{ours}, 10,000 connections", "times_one", 1.1, "CPU x that with one connection", True)
    yield Goal("PY", "libhttpclient's binding", "times_floor", 1.0, "CPU x http.client", True)
    yield Goal("W8", ours + ", size", "figure", 2.5, "MB", True)
    yield Goal("W8", ours + ", load", "figure", 0.5, "ms", True)


GOALS = tuple(_goals())
