"""A socket that is not one: it answers with given bytes, and keeps what is sent."""

import io


class File(io.BufferedIOBase):
    """What makefile() gives: all of them read on from one place, as files of one socket would if
    they did not read ahead."""

    def __init__(self, source):
        self.source = source

    def readable(self):
        return True

    def read(self, n=-1):
        return self.source.read(n)

    def read1(self, n=-1):
        return self.source.read1(n)

    def readinto(self, room):
        return self.source.readinto(room)

    def readline(self, n=-1):
        return self.source.readline(n)

    def peek(self, n=0):
        at = self.source.tell()
        data = self.source.read(n if n > 0 else 100)
        self.source.seek(at)
        return data


class Socket:
    def __init__(self, answer):
        self.source = io.BytesIO(answer)
        self.sent = []
        self.closed = False

    def sendall(self, data):
        self.sent.append(bytes(data))

    def makefile(self, mode, *args):
        assert mode == "rb", mode
        return File(self.source)

    def setsockopt(self, *args):
        pass

    def close(self):
        self.closed = True
