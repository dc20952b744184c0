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

  server {{
    listen 127.0.0.1:{main};
    {listen_six}
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
  }}
  server {{
    listen 127.0.0.1:{idle};
    keepalive_timeout 50ms;
    location /files/ {{ alias {site}/; }}
    location /upload/ {{
      alias {root}/uploads/;
      dav_methods PUT;
    }}
  }}
  server {{
    listen 127.0.0.1:{counted};
    keepalive_requests 3;
    location /files/ {{ alias {site}/; }}
  }}
}}
"""


def many(count):
    return "\n".join(f"      add_header X-Many-{i} value-{i};" for i in range(count))


class Nginx(Peer):
    name = "nginx"
    upload = "PUT"
    lacks = {
        "trailers": "nginx sends no trailers of its own",
        "interim-103": "nginx of this age sends no 103",
        "held": "nginx always reads on or closes after an early answer",
    }

    def command(self):
        program = find_program("nginx")
        self.ports = {key: free_port() for key in ("main", "idle", "counted")}
        listen_six = ""
        if has_ipv6():
            self.ports["six"] = free_port("::1")
            listen_six = f"listen [::1]:{self.ports['six']};"
        os.makedirs(self.path("uploads"), exist_ok=True)
        config = self.write("nginx.conf", CONFIG.format(
            root=self.root, site=self.site, listen_six=listen_six, many_90=many(90), many_150=many(150), k="v" * 1000,
            **{k: v for k, v in self.ports.items() if k != "six"}))
        # -e: before the configuration is read, errors would go to a file of the system.
        return [program, "-p", self.root, "-e", self.path("error.log"), "-c", config]
