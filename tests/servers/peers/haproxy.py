"""HAProxy in front of Node: its own parser, its own chunk writer, its own compression and refusals."""

import os

from .base import Peer, find_program, free_port, has_ipv6
from .node import Node

CONFIG = """
global
  maxconn 64
  tune.bufsize 262144
  tune.http.maxhdr 512
  log stdout format raw local0 info

defaults
  mode http
  log global
  option httplog
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 60s
  option http-keep-alive
  default_backend node

frontend main
  bind 127.0.0.1:{main}{ssl}
  http-after-response set-header X-Peer-Port %[src_port]
  {more_binds}
  compression algo gzip
  compression type text/plain
  http-request return status 204 if {{ path /nothing }}
  # HAProxy's own refusal. Node's, which resets the connection behind it, does not always survive the way through.
  http-request deny deny_status 413 if {{ path_beg /limited/ }}
  http-request replace-path /gzip/(.*) /files/\\1

frontend idle
  bind 127.0.0.1:{idle}{ssl}
  http-after-response set-header X-Peer-Port %[src_port]
  timeout http-keep-alive 50ms

frontend counted
  bind 127.0.0.1:{counted}{ssl}
  http-after-response set-header X-Peer-Port %[src_port]
  option httpclose

backend node
  server node 127.0.0.1:{node}
"""


# What the server saw of TLS is told in headers. h2 is offered and never taken.
TLS = """
  bind 127.0.0.1:{plain}
  bind 127.0.0.1:{tls12}{ssl} ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.2
  bind 127.0.0.1:{tls13}{ssl} ssl-min-ver TLSv1.3
  bind 127.0.0.1:{ids}{ssl} ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.2 no-tls-tickets
  bind 127.0.0.1:{client}{ssl} verify required ca-file {ca}
  http-after-response set-header X-Tls-Version %[ssl_fc_protocol]
  http-after-response set-header X-Tls-Resumed %[ssl_fc_is_resumed,iif(yes,no)]
  http-after-response set-header X-Tls-Client %[ssl_c_s_dn(cn)]
"""


class HAProxy(Peer):
    name = "haproxy"
    tells_trailers = True
    counted_requests = 1  # "option httpclose"
    keeps_sessions = False  # it drops a session when its own goodbye meets a client that has gone: a race on a busy machine

    def __init__(self, root, site, certificates=None):
        super().__init__(root, site, certificates)
        self.node = Node(os.path.join(root, "node"), site)

    def start(self):
        find_program("haproxy")  # before the server behind it is started
        self.node.start()
        super().start()

    def stop(self):
        super().stop()
        self.node.stop()

    def command(self):
        program = find_program("haproxy")
        if self.node.process is None:  # an earlier attempt has stopped both
            self.node.start()
        self.ports = {key: free_port() for key in ("main", "idle", "counted", *self.tls_ports)}
        ports = dict(self.ports)
        more_binds, ssl = "", ""
        if self.certificates:
            files = self.tls_files()
            ssl = f" ssl crt {files['good_all']} alpn h2,http/1.1"
            more_binds = TLS.format(ssl=ssl, **files, **ports)
        if has_ipv6():
            self.ports["six"] = free_port("::1")
            more_binds += f"  bind [::1]:{self.ports['six']}{ssl}"
        config = self.write("haproxy.cfg", CONFIG.format(
            more_binds=more_binds, ssl=ssl, node=self.node.ports["main"], **ports))
        return [program, "-db", "-f", config]
