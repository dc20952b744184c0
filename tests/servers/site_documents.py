"""The documents that every server serves, and their checksums."""

import dataclasses
import hashlib
import os
import random

MIB = 1024 * 1024


@dataclasses.dataclass
class Document:
    path: str
    length: int
    sha256: str

    @property
    def name(self):
        return os.path.basename(self.path)


def swallowed():
    """What the socket buffers of both sides hold at most: so much can be sent to a peer that does not care."""
    total = 0
    for name in ("tcp_rmem", "tcp_wmem"):
        with open(f"/proc/sys/net/ipv4/{name}", encoding="ascii") as file:
            total += int(file.read().split()[2])
    return total


class Site:
    """huge is for the blocking style only: 1 GiB, or 64 MiB when quick. large is for all styles: 64 MiB, and always
    more than is swallowed, so that who sends it notices an early answer before the end."""

    def __init__(self, root, quick):
        self.root = root
        os.makedirs(root, exist_ok=True)
        rng = random.Random(9112)
        lines = (f"{i} {rng.random()}\n" for i in range(20000))
        block = rng.randbytes(MIB)
        self.empty = self.store("empty.txt", [])
        self.small = self.store("small.txt", [b"hello, world\n" * 80])
        self.medium = self.store("medium.txt", [line.encode() for line in lines])
        self.large = self.store("large.bin", blocks(block, max(64, swallowed() // MIB + 16)))
        self.huge = self.store("huge.bin", blocks(block, 64 if quick else 1024))

    def store(self, name, pieces):
        path = os.path.join(self.root, name)
        digest, length = hashlib.sha256(), 0
        with open(path, "wb") as file:
            for piece in pieces:
                file.write(piece)
                digest.update(piece)
                length += len(piece)
        os.chmod(path, 0o644)
        return Document(path, length, digest.hexdigest())


def blocks(block, count):
    """Random bytes, each MiB with its own number in front: order and loss show in the checksum."""
    for i in range(count):
        yield i.to_bytes(8, "big") + block[8:]
