"""The proxies, each with its configuration and started as the servers of tests/servers are."""

import os
import pwd

from peers.base import Peer, find_program, free_port

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


KINDS = {kind.name: kind for kind in (Tinyproxy, Squid, Microsocks)}
