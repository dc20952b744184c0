"""An origin and a relay that keep every byte they receive, to show what was sent to whom."""

import select
import socket
import ssl
import threading


def server_context(certificates):
    """TLS as localhost; asks for a client's certificate, and does without."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.path("good.chain"), certificates.path("good.key"))
    context.load_verify_locations(certificates.path("ca.crt"))
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


class Listener:
    """Serves each connection in a thread of its own; `stop` joins them all. With a context it speaks TLS; then
    `identified` has whether each client had a certificate."""

    def __init__(self, context=None):
        self.context, self.identified = context, []
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
            if self.context:
                with self.context.wrap_socket(connection, server_side=True) as secured:
                    self.identified.append(bool(secured.getpeercert()))
                    self.serve(secured)
            else:
                self.serve(connection)
        except OSError:
            pass  # the client, or stop(), ended it, or TLS did not come about
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

    def __init__(self, context=None):
        self.heads = []
        super().__init__(context)

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
    """Stands before a proxy, and hands everything on. `sent` has what clients sent, a bytearray for each connection;
    with TLS what came out of it."""

    def __init__(self, port, context=None):
        self.behind = port
        self.sent = []
        super().__init__(context)

    def serve(self, connection):
        with socket.create_connection(("127.0.0.1", self.behind)) as proxy:
            sent = bytearray()
            self.sent.append(sent)
            ends = {connection: proxy, proxy: connection}
            while connection in ends or proxy in ends:
                buffered = self.context and connection.pending()
                waiting = [connection] if buffered else select.select(list(ends), [], [])[0]
                for source in waiting:
                    piece = source.recv(65536)
                    if source is connection:
                        sent += piece
                    if piece:
                        ends[source].sendall(piece)
                    elif self.context:
                        return  # half a connection is nothing that TLS has
                    else:
                        ends[source].shutdown(socket.SHUT_WR)
                        del ends[source]
