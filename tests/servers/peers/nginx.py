"""nginx: static files, DAV for uploads, its own gzip and chunked filters."""

import os

from .base import Peer, find_program, free_port, has_ipv6

CONFIG = """
daemon off;
master_process off;
pid {root}/pid;
error_log {root}/error.log;
events {{ worker_connections 64; }}
http {{
  log_format ports '$remote_port $connection $connection_requests $status "$request"';
  access_log {root}/access.log ports;
  client_body_temp_path {root}/body;
  proxy_temp_path {root}/proxy;
  fastcgi_temp_path {root}/fastcgi;
  uwsgi_temp_path {root}/uwsgi;
  scgi_temp_path {root}/scgi;
  default_type text/plain;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 60s;
  keepalive_requests 10000;
  client_max_body_size 0;
  add_header X-Peer-Port $remote_port always;
{tls}
  server {{
    listen 127.0.0.1:{main}{ssl};
    {listen_six}
    include {root}/rooms.conf;
  }}
  server {{
    listen 127.0.0.1:{idle}{ssl};
    keepalive_timeout 50ms;
    location /files/ {{ alias {site}/; }}
    location /upload/ {{
      alias {root}/uploads/;
      dav_methods PUT;
    }}
  }}
  server {{
    listen 127.0.0.1:{counted}{ssl};
    keepalive_requests 3;
    location /files/ {{ alias {site}/; }}
  }}
}}
"""

ROOMS = """
    location /files/ {{ alias {site}/; }}
    location /nothing {{ return 204; }}
    # A body filter that never finds anything still makes the length unknown: a chunked answer.
    location /chunked/ {{
      alias {site}/;
      sub_filter 'this text is nowhere' 'x';
      sub_filter_types *;
    }}
    location /gzip/ {{
      alias {site}/;
      gzip on;
      gzip_types text/plain;
      gzip_http_version 1.1;
    }}
    location /upload/ {{
      alias {root}/uploads/;
      dav_methods PUT DELETE;
    }}
    location /limited/ {{
      alias {root}/uploads/;
      dav_methods PUT;
      client_max_body_size 1m;
    }}
    location /many/90 {{
{many_90}
      return 200 "many\\n";
    }}
    location /many/150 {{
{many_150}
      return 200 "many\\n";
    }}
    location /big/ {{
      set $k "{k}";
      set $k10 "$k$k$k$k$k$k$k$k$k$k";
      add_header X-Big "$k10$k10$k10$k10$k10$k10";
      return 200 "big\\n";
    }}
"""

# What the server saw of TLS is told in headers. "add_header" of a location hides these, as it hides X-Peer-Port.
TLS = """
  ssl_certificate {good_chain};
  ssl_certificate_key {good_key};
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:sessions:1m;
  map $ssl_session_reused $resumed {{ r yes; default no; }}
  map $ssl_client_s_dn $client {{ ~CN=(?<name>[^,]+) $name; default none; }}
  add_header X-Tls-Version $ssl_protocol always;
  add_header X-Tls-Resumed $resumed always;
  add_header X-Tls-Client $client always;

  server {{ listen 127.0.0.1:{plain}; include {root}/rooms.conf; }}
  server {{ listen 127.0.0.1:{tls12} ssl; ssl_protocols TLSv1.2; include {root}/rooms.conf; }}
  server {{ listen 127.0.0.1:{tls13} ssl; ssl_protocols TLSv1.3; include {root}/rooms.conf; }}
  server {{
    listen 127.0.0.1:{ids} ssl;
    ssl_protocols TLSv1.2;
    ssl_session_tickets off;
    include {root}/rooms.conf;
  }}
  server {{
    listen 127.0.0.1:{client} ssl;
    ssl_verify_client on;
    ssl_verify_depth 3;
    ssl_client_certificate {ca};
    include {root}/rooms.conf;
  }}
"""


def many(count):
    return "\n".join(f"      add_header X-Many-{i} value-{i};" for i in range(count))


class Nginx(Peer):
    name = "nginx"
    upload = "PUT"
    without_certificate = foreign_certificate = "do GET /files/small.txt -> 400 closes"
    lacks = {
        "trailers": "nginx sends no trailers of its own",
        "interim-103": "nginx of this age sends no 103",
        "held": "nginx always reads on or closes after an early answer",
    }

    def command(self):
        program = find_program("nginx")
        self.ports = {key: free_port() for key in ("main", "idle", "counted", *self.tls_ports)}
        listen_six, ssl, tls = "", "", ""
        if self.certificates:
            ssl = " ssl"
            tls = TLS.format(root=self.root, **self.tls_files(), **self.ports)
        if has_ipv6():
            self.ports["six"] = free_port("::1")
            listen_six = f"listen [::1]:{self.ports['six']}{ssl};"
        os.makedirs(self.path("uploads"), exist_ok=True)
        self.write("rooms.conf", ROOMS.format(root=self.root, site=self.site, many_90=many(90), many_150=many(150),
                                              k="v" * 1000))
        config = self.write("nginx.conf", CONFIG.format(
            root=self.root, site=self.site, listen_six=listen_six, ssl=ssl, tls=tls,
            **{k: v for k, v in self.ports.items() if k != "six"}))
        # -e: before the configuration is read, errors would go to a file of the system.
        return [program, "-p", self.root, "-e", self.path("error.log"), "-c", config]
