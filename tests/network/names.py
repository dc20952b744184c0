"""The name server of the tests. What it does with a question stands in the name that is asked for."""

import socket
import struct
import threading
import time

A, AAAA = 1, 28
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
SLOW_S = 0.3

# Name: addresses. Everything else under .test does not exist.
ADDRESSES = {
    "good.test": ["10.77.1.1"],
    "slow.test": ["10.77.1.1"],
    "late.test": ["10.77.1.4"],
    "mixed.test": ["10.77.1.3", "10.77.1.1", "fd77:1::3", "fd77:1::1"],
    "refused.test": ["10.77.1.2", "10.77.1.1"],
    "holes.test": ["10.77.1.%d" % i for i in range(100, 140)],
}


def question(packet):
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("ascii", "replace"))
        at += 1 + packet[at]
    return ".".join(labels).lower(), struct.unpack("!H", packet[at + 1:at + 3])[0], at + 5


def answer(packet, code, records, end):
    head = packet[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(records), 0, 0)
    body = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 1, len(data)) + data for kind, data in records)
    return head + packet[12:end] + body


def records(name, kind):
    found = []
    for text in ADDRESSES.get(name, ()):
        family, number = (socket.AF_INET6, AAAA) if ":" in text else (socket.AF_INET, A)
        if number == kind:
            found.append((kind, socket.inet_pton(family, text)))
    return found


def respond(packet):
    """What to send, and how many seconds later; None for nothing."""
    name, kind, end = question(packet)
    if name == "silent.test":
        return None
    if name == "garbage.test":
        return b"\x00" * 40, 0
    if name == "stranger.test":  # an answer to a question that nobody asked
        return bytes([packet[0] ^ 0xFF]) + answer(packet, NOERROR, [(A, b"\x7f\x00\x00\x01")], end)[1:], 0
    if name == "servfail.test":
        return answer(packet, SERVFAIL, [], end), 0
    if name == "empty.test":
        return answer(packet, NOERROR, [], end), 0
    if name not in ADDRESSES:
        return answer(packet, NXDOMAIN, [], end), 0
    return answer(packet, NOERROR, records(name, kind), end), SLOW_S if name == "slow.test" else 0


def serve(address, _client):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))

    def later(seconds, data, peer):
        time.sleep(seconds)
        server.sendto(data, peer)

    def listen():
        while True:
            packet, peer = server.recvfrom(4096)
            try:
                response = respond(packet)
            except (IndexError, struct.error):
                continue
            if response:
                threading.Thread(target=later, args=(response[1], response[0], peer), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
