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
  bind 127.0.0.1:{main}
  http-after-response set-header X-Peer-Port %[src_port]
  {bind_six}
  compression algo gzip
  compression type text/plain
  http-request return status 204 if {{ path /nothing }}
  # HAProxy's own refusal. Node's, which resets the connection behind it, does not always survive the way through.
  http-request deny deny_status 413 if {{ path_beg /limited/ }}
  http-request replace-path /gzip/(.*) /files/\\1

frontend idle
  bind 127.0.0.1:{idle}
  http-after-response set-header X-Peer-Port %[src_port]
  timeout http-keep-alive 50ms

frontend counted
  bind 127.0.0.1:{counted}
  http-after-response set-header X-Peer-Port %[src_port]
  option httpclose

backend node
  server node 127.0.0.1:{node}
"""


class HAProxy(Peer):
    name = "haproxy"
    tells_trailers = True
    counted_requests = 1  # "option httpclose"

    def __init__(self, root, site):
        super().__init__(root, site)
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
        self.ports = {key: free_port() for key in ("main", "idle", "counted")}
        bind_six = ""
        if has_ipv6():
            self.ports["six"] = free_port("::1")
            bind_six = f"bind [::1]:{self.ports['six']}"
        config = self.write("haproxy.cfg", CONFIG.format(
            bind_six=bind_six, node=self.node.ports["main"], **{k: v for k, v in self.ports.items() if k != "six"}))
        return [program, "-db", "-f", config]
