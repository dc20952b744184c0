"""A small internet in a network namespace: addresses that answer, refuse, are slow, lose packets or swallow them, and a
name server with a will of its own.

Two TUN devices, one on each side, and a thread between them that moves the packets, late or not at all, as the far
address has it. That needs no kernel module that a machine might lack (netem, dummy), and it loses exactly the packets
that it is told to. Runs as root of a user namespace; nothing outside of it is touched.
"""

import ctypes
import errno
import fcntl
import heapq
import os
import select
import socket
import struct
import subprocess
import threading
import time

import names
import servers

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
PORT, SILENT_PORT = 80, 81

NEAR, NEAR6, NEAR_LINK = "10.77.0.1", "fd77::1", "fe80::77:1"
GOOD, REFUSING, HOLE, SLOW, LOSSY, CUT, ROUGH, DNS = ("10.77.1.%d" % i for i in (1, 2, 3, 4, 5, 6, 7, 53))
GOOD6, HOLE6, LINK6 = "fd77:1::1", "fd77:1::3", "fe80::77:2"
HOLES = ["10.77.1.%d" % i for i in range(100, 140)]
UNREACHABLE, PROHIBITED, NOWHERE = "10.77.9.1", "10.77.9.2", "10.99.0.1"
DELAY_S = 0.1  # each way, to and from SLOW
ROUGH_S = 0.02  # each way, to and from ROUGH, which also loses every seventh packet once
CUT_AFTER = 20000  # bytes from CUT that arrive, of each connection


def sh(line):
    subprocess.run(line.split(), check=True)


def unshare_network():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def quiet_ipv6(name):
    """No addresses but ours, and those at once."""
    for key, value in (("disable_ipv6", 0), ("addr_gen_mode", 1), ("accept_dad", 0), ("router_solicitations", 0)):
        try:
            with open(f"/proc/sys/net/ipv6/conf/{name}/{key}", "w") as f:
                f.write(str(value))
        except OSError:
            if key == "disable_ipv6":
                return False
    return True


class World:
    def __init__(self):
        sh("ip link set lo up")
        self.near = tun("hc0")
        self.has_ipv6 = quiet_ipv6("hc0")
        sh("ip link set hc0 up")
        sh(f"ip addr add {NEAR}/32 dev hc0")
        sh("ip route add 10.77.1.0/24 dev hc0")
        sh(f"ip route add unreachable {UNREACHABLE}")
        sh(f"ip route add prohibit {PROHIBITED}")
        if self.has_ipv6:
            sh(f"ip -6 addr add {NEAR6}/128 dev hc0 nodad")
            sh(f"ip -6 addr add {NEAR_LINK}/64 dev hc0 nodad")
            sh("ip -6 route add fd77:1::/64 dev hc0")
        self.syns, self.cut, self.through, self.lost = {}, {}, 0, set()
        self.failure = None
        ready = threading.Event()
        threading.Thread(target=self._far_side, args=(ready,), daemon=True).start()
        if not ready.wait(20) or self.failure:
            raise self.failure or OSError(errno.ETIMEDOUT, "the far side")

    def _far_side(self, ready):
        """A network namespace belongs to a thread; the threads that it starts share it."""
        try:
            unshare_network()
            sh("ip link set lo up")
            far = tun("hc1")
            sh("ip link set hc1 up")
            for address in (GOOD, REFUSING, HOLE, SLOW, LOSSY, CUT, ROUGH, DNS, *HOLES):
                sh(f"ip addr add {address}/32 dev hc1")
            sh(f"ip route add {NEAR} dev hc1")
            if quiet_ipv6("hc1") and self.has_ipv6:
                for address in (GOOD6, HOLE6):
                    sh(f"ip -6 addr add {address}/128 dev hc1 nodad")
                sh(f"ip -6 addr add {LINK6}/64 dev hc1 nodad")
                sh(f"ip -6 route add {NEAR6} dev hc1")
            for address in (GOOD, HOLE, SLOW, LOSSY, CUT, ROUGH):
                servers.serve(socket.AF_INET, address, PORT)
            servers.serve(socket.AF_INET, GOOD, SILENT_PORT, servers.say_nothing)
            if self.has_ipv6:
                servers.serve(socket.AF_INET6, "::", PORT)
            names.serve(DNS, NEAR)
            ready.set()
            self._carry(far)
        except OSError as e:
            self.failure = e
            ready.set()

    def _carry(self, far):
        """Moves packets for ever."""
        late = []
        other = {self.near: far, far: self.near}
        while True:
            left = max(0.0, late[0][0] - time.monotonic()) if late else None
            for fd in select.select([self.near, far], [], [], left)[0]:
                packet = os.read(fd, 65536)
                # The address on the far side decides.
                wait = self._fate(packet, to_far=fd == self.near)
                if wait == 0:
                    put(other[fd], packet)
                elif wait is not None:
                    heapq.heappush(late, (time.monotonic() + wait, id(packet), other[fd], packet))
            while late and late[0][0] <= time.monotonic():
                _, _, fd, packet = heapq.heappop(late)
                put(fd, packet)

    def _fate(self, packet, to_far):
        """Seconds by which it is late; None when it is lost."""
        if packet[0] >> 4 == 4:
            address = socket.inet_ntop(socket.AF_INET, packet[16:20] if to_far else packet[12:16])
            is_syn = packet[9] == 6 and packet[(packet[0] & 15) * 4 + 13] & 0x12 == 2
        else:
            address = socket.inet_ntop(socket.AF_INET6, packet[24:40] if to_far else packet[8:24])
            is_syn = packet[6] == 6 and packet[53] & 0x12 == 2
        if address in (HOLE, HOLE6) or address in HOLES:
            return None
        if address == LOSSY and is_syn:
            port = bytes(packet[20:22])
            self.syns[port] = self.syns.get(port, 0) + 1
            return None if self.syns[port] == 1 else 0
        if address == CUT and not to_far:
            return self._fate_of_cut(packet)
        if address == ROUGH:
            return self._fate_of_rough(packet)
        return DELAY_S if address == SLOW else 0

    def _fate_of_cut(self, packet):
        """So much gets through, in the order in which it is sent, and then nothing any more."""
        ports, _, size = tcp(packet)
        self.cut[ports] = self.cut.get(ports, 0) + size
        return 0 if self.cut[ports] <= CUT_AFTER else None

    def _fate_of_rough(self, packet):
        """A packet with data that is lost comes through when it is sent again."""
        mark = tcp(packet)
        if mark[2] > 0 and len(self.lost) * 7 < self.through and mark not in self.lost:
            self.lost.add(mark)
            return None
        self.through += 1
        return ROUGH_S


def tcp(packet):
    """The ports, the sequence number, and how many bytes of data there are; IPv4 only."""
    at = (packet[0] & 15) * 4
    size = struct.unpack("!H", packet[2:4])[0] - at - (packet[at + 12] >> 4) * 4
    return bytes(packet[at:at + 4]), bytes(packet[at + 4:at + 8]), size


def put(fd, packet):
    try:
        os.write(fd, packet)
    except OSError:
        pass  # the device has its own opinion of what is a packet
