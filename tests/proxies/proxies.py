"""The proxies, each with its configuration and started as the servers of tests/servers are."""

import base64
import os
import pwd
import shutil
import subprocess

from peers.base import Missing, Peer, find_program, free_port

USER, PASSWORD = "a user", "p@ss:w%rd"  # with what a URL has to escape

TINYPROXY = """
Port {main}
Listen 127.0.0.1
Timeout 60
MaxClients 20
LogLevel Notice
DisableViaHeader Yes
{more}
"""

SQUID = """
http_port 127.0.0.1:{main}
pid_filename {root}/squid.pid
coredump_dir {root}
cache deny all
cache_mem 8 MB
memory_pools off
access_log none
cache_log {root}/cache.log
cache_store_log none
pinger_enable off
via off
forwarded_for delete
shutdown_lifetime 0 seconds
max_filedescriptors 256
{more}
http_access deny all
"""


# What asks for a URL is sent to the port in it, on this machine: it looks up no names. CONNECT is for another proxy, behind it.
HAPROXY = """
global
  maxconn 100
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend proxy
  bind 127.0.0.1:{main}
  {more}
  http-request del-header Proxy-Authorization
  http-request set-dst ipv4(127.0.0.1) unless METH_CONNECT
  http-request set-dst-port req.hdr(host),field(2,:) unless METH_CONNECT
  http-request set-uri %[pathq] unless METH_CONNECT
  use_backend tunnels if METH_CONNECT
  default_backend origins
backend origins
  server any 0.0.0.0:0
backend tunnels
  server next 127.0.0.1:{behind}
"""
HAPROXY_AUTH = """http-request return status 407 content-type text/plain string "Who is asking?" hdr Proxy-Authenticate "Basic realm=test" unless {{ req.hdr(Proxy-Authorization) -m str "Basic {token}" }}"""

DANTE = """
logoutput: stderr
internal: 127.0.0.1 port = {main}
external: 127.0.0.1
clientmethod: none
socksmethod: {method}
user.privileged: {user}
user.notprivileged: {user}
client pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}
socks pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}
"""


class NotHere(Missing):
    """It is installed, and this machine does not let it do that."""


class Proxy(Peer):
    """`auth`: it wants a user and a password."""

    scheme = "http"

    def __init__(self, root, auth):
        super().__init__(root, None)
        self.auth = auth

    def port(self):
        return self.ports["main"]


class Tinyproxy(Proxy):
    name = "tinyproxy"
    # Its syntax for a user leaves out blanks and '@'.
    user, password = "user", "p-w.d"

    def command(self):
        self.ports = {"main": free_port()}
        more = f"BasicAuth {self.user} {self.password}" if self.auth else ""
        config = self.write("tinyproxy.conf", TINYPROXY.format(main=self.ports["main"], more=more))
        return [find_program("tinyproxy"), "-d", "-c", config]


class Squid(Proxy):
    name = "squid"
    user, password = USER, PASSWORD

    def command(self):
        self.ports = {"main": free_port()}
        more = "http_access allow all"
        if self.auth:
            helper = self.write("helper.py", HELPER)
            os.chmod(helper, 0o755)
            more = (f"auth_param basic program {helper}\nauth_param basic children 1 startup=1\n"
                    "auth_param basic realm test\nacl known proxy_auth REQUIRED\nhttp_access allow known")
        config = self.write("squid.conf", SQUID.format(main=self.ports["main"], root=self.root, more=more))
        if os.geteuid() == 0:
            # It gives up root for this user, which has to write here, and to come here.
            owner = pwd.getpwnam("proxy")
            for path in [self.root, *(self.path(name) for name in os.listdir(self.root))]:
                os.chown(path, owner.pw_uid, owner.pw_gid)
            os.chmod(os.path.dirname(self.root), 0o755)
        return [find_program("squid"), "-N", "-f", config]


# Squid hands on user and password, percent-encoded. The interpreter has to be one that the user "proxy" may run.
HELPER = f"""#!/usr/bin/python3
import sys, urllib.parse
for line in sys.stdin:
    user, password = (urllib.parse.unquote(word) for word in line.split()[:2])
    print("OK" if (user, password) == ({USER!r}, {PASSWORD!r}) else "ERR", flush=True)
"""


class Microsocks(Proxy):
    name = "microsocks"
    scheme = "socks5h"
    user, password = USER, PASSWORD

    def command(self):
        self.ports = {"main": free_port()}
        more = ["-u", self.user, "-P", self.password] if self.auth else []
        return [find_program("microsocks"), "-i", "127.0.0.1", "-p", str(self.ports["main"]), *more]


class HAProxy(Proxy):
    """As companies have it: it stands in front, asks who is there, and hands on."""

    name = "haproxy"
    user, password = USER, PASSWORD

    def __init__(self, root, auth):
        super().__init__(root, auth)
        self.behind = Tinyproxy(os.path.join(root, "behind"), False)

    def start(self):
        self.behind.start()
        super().start()

    def stop(self):
        super().stop()
        self.behind.stop()

    def command(self):
        if self.behind.process is None:  # an earlier attempt has stopped both
            self.behind.start()
        self.ports = {"main": free_port()}
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        more = HAPROXY_AUTH.format(token=token) if self.auth else ""
        config = self.write("haproxy.cfg", HAPROXY.format(main=self.ports["main"], behind=self.behind.port(), more=more))
        return [find_program("haproxy"), "-db", "-f", config]


class Dante(Proxy):
    """It knows its users from the system: with `auth` it sees files of ours in the place of the machine's."""

    name = "dante"
    scheme = "socks5h"
    user, password = "auser", PASSWORD

    def command(self):
        program = find_program("danted", "sockd")
        self.ports = {"main": free_port()}
        user = "root" if self.auth else pwd.getpwuid(os.geteuid()).pw_name
        config = self.write("danted.conf", DANTE.format(main=self.ports["main"], user=user,
                                                        method="username" if self.auth else "none"))
        if not self.auth:
            return [program, "-f", config]
        namespace = ["unshare", "--user", "--map-root-user", "--mount", "--"]
        if not shutil.which("unshare") or subprocess.run([*namespace, "true"], capture_output=True).returncode != 0:
            raise NotHere("knows its users from files of the system's, and no mount namespace can be made here")
        made = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=self.password, text=True, check=True,
                              capture_output=True).stdout.strip()
        with open("/etc/passwd", encoding="utf-8", errors="surrogateescape") as users:
            passwd = self.write("passwd", "".join(line for line in users if line.isascii())
                                + f"{self.user}:x:4242:4242::/:/usr/sbin/nologin\n")
        shadow = self.write("shadow", f"{self.user}:{made}:1:0:99999:7:::\n")
        cover = 'mount --bind "$1" /etc/passwd && mount --bind "$2" /etc/shadow && exec "$3" -f "$4"'
        return [*namespace, "sh", "-c", cover, "sh", passwd, shadow, program, config]


class PerlSocks(Proxy):
    """SOCKS 4A, which Dante does not know, by a library of Perl's. The user is all that the protocol has."""

    name = "perl-socks"
    scheme = "socks4a"
    user, password = "a user", "nobody has one"

    def command(self):
        perl = find_program("perl")
        if subprocess.run([perl, "-MIO::Socket::Socks", "-e", "1"], capture_output=True).returncode != 0:
            raise Missing("no IO::Socket::Socks on this machine")
        self.ports = {"main": free_port()}
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "socks4a.pl")
        return [perl, program, str(self.ports["main"]), *([self.user] if self.auth else [])]


KINDS = {kind.name: kind for kind in (Tinyproxy, Squid, HAProxy, Microsocks, Dante, PerlSocks)}
