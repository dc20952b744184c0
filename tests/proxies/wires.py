"""An origin and a relay that keep every byte they receive, to show what was sent to whom."""

import socket
import threading


class Listener:
    """Serves each connection in a thread of its own; `stop` joins them all."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open, self.threads = set(), []
        self.lock = threading.Lock()
        self.stopping = False
        self.accepting = threading.Thread(target=self.accept)
        self.accepting.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                if self.stopping:
                    connection.close()
                    return
                self.open.add(connection)
            thread = threading.Thread(target=self.run, args=(connection,))
            self.threads.append(thread)
            thread.start()

    def run(self, connection):
        try:
            self.serve(connection)
        except OSError:
            pass  # the client, or stop(), ended it
        finally:
            with self.lock:
                self.open.discard(connection)
            connection.close()

    def serve(self, connection):
        raise NotImplementedError

    def stop(self):
        with self.lock:
            self.stopping = True
            waiting = list(self.open)
        self.listener.shutdown(socket.SHUT_RDWR)
        for connection in waiting:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.accepting.join()
        self.listener.close()
        for thread in self.threads:
            thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Origin(Listener):
    """Answers every GET with its own request head as the body. `heads` has all of them."""

    def __init__(self):
        self.heads = []
        super().__init__()

    def serve(self, connection):
        waiting = b""
        while True:
            while b"\r\n\r\n" not in waiting:
                piece = connection.recv(65536)
                if not piece:
                    return
                waiting += piece
            head, waiting = waiting.split(b"\r\n\r\n", 1)
            head += b"\r\n\r\n"
            self.heads.append(head)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Origin: yes\r\n\r\n%s" % (len(head), head))


class Relay(Listener):
    """Stands before a proxy, byte for byte. `sent` has what clients sent, a bytearray for each connection."""

    def __init__(self, port):
        self.behind = port
        self.sent = []
        super().__init__()

    def serve(self, connection):
        with socket.create_connection(("127.0.0.1", self.behind)) as proxy:
            sent = bytearray()
            self.sent.append(sent)
            back = threading.Thread(target=self.pump, args=(proxy, connection, None))
            back.start()
            self.pump(connection, proxy, sent)
            back.join()

    @staticmethod
    def pump(source, sink, record):
        try:
            while piece := source.recv(65536):
                if record is not None:
                    record += piece
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
