"""Apache httpd: static files, DAV for uploads, its own deflate and include filters (the latter for chunked answers)."""

import os

from .base import Missing, Peer, find_program, free_port, has_ipv6

MODULE_DIRECTORIES = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules",
                      "/usr/libexec/apache2", "/usr/local/libexec/apache24")
MODULES = ("mpm_event", "unixd", "authz_core", "log_config", "mime", "alias", "headers", "dav", "dav_fs", "filter",
           "deflate", "include", "setenvif")
TLS_MODULES = ("socache_shmcb", "ssl")

CONFIG = """
ServerRoot {root}
ServerName localhost
PidFile {root}/pid
DefaultRuntimeDir {root}
ErrorLog {root}/error.log
{modules}
# Used only when the tests run as root; Apache refuses to serve as root.
User #65534
Group #65534
StartServers 1
ServerLimit 1
ThreadsPerChild 16
MaxRequestWorkers 16
Listen 127.0.0.1:{main}
Listen 127.0.0.1:{idle}
Listen 127.0.0.1:{counted}
{listen_six}
LogFormat "%{{remote}}p %k %>s \\"%r\\"" ports
CustomLog {root}/access.log ports
TypesConfig /dev/null
AddType text/plain .txt
KeepAlive On
KeepAliveTimeout 60
MaxKeepAliveRequests 10000
# RequestReadTimeout of mod_reqtimeout is not loaded: a slow machine must not make a test fail.
LimitRequestBody 0
DocumentRoot {site}
DavLockDB {root}/dav/lock
Header always set X-Peer-Port "expr=%{{REMOTE_PORT}}"
FileETag MTime Size

Alias /files/ {site}/
Alias /chunked/ {site}/
Alias /gzip/ {site}/
Alias /upload/ {root}/uploads/
Alias /limited/ {root}/uploads/
Redirect 204 /nothing
Alias /many/90 {site}/small.txt
Alias /many/150 {site}/small.txt
Alias /big/60000 {site}/small.txt
<Directory />
  Require all granted
</Directory>
<Location /chunked/>
  # A mapped file would pass the filter in one piece, and its length would be known again.
  EnableMMAP Off
  Options +Includes
  SetOutputFilter INCLUDES
</Location>
<Location /gzip/>
  SetOutputFilter DEFLATE
</Location>
<Location /upload/>
  Dav On
</Location>
<Location /limited/>
  Dav On
  LimitRequestBody 1048576
</Location>
<Location /many/90>
{many_90}
</Location>
<Location /many/150>
{many_150}
</Location>
<Location /big/60000>
  Header set X-Big "{big}"
</Location>

{tls}
<VirtualHost 127.0.0.1:{idle}>
  {ssl}
  KeepAliveTimeout 50ms
</VirtualHost>
<VirtualHost 127.0.0.1:{counted}>
  {ssl}
  MaxKeepAliveRequests 3
</VirtualHost>
"""

# What the server saw of TLS is told in headers.
TLS = """
Listen 127.0.0.1:{plain}
Listen 127.0.0.1:{tls12}
Listen 127.0.0.1:{tls13}
Listen 127.0.0.1:{ids}
Listen 127.0.0.1:{client}
SSLSessionCache shmcb:{root}/sessions(512000)
SSLCertificateFile {good_chain}
SSLCertificateKeyFile {good_key}
SSLProtocol -all +TLSv1.2 +TLSv1.3
<Location /files/>
  Header always set X-Tls-Version "%{{SSL_PROTOCOL}}s"
  Header always set X-Tls-Resumed no
  Header always set X-Tls-Resumed yes "expr=%{{SSL_SESSION_RESUMED}} == 'Resumed'"
  Header always set X-Tls-Client "%{{SSL_CLIENT_S_DN_CN}}s"
</Location>
<VirtualHost 127.0.0.1:{main}{host_six}>
  SSLEngine on
</VirtualHost>
<VirtualHost 127.0.0.1:{tls12}>
  SSLEngine on
  SSLProtocol -all +TLSv1.2
</VirtualHost>
<VirtualHost 127.0.0.1:{tls13}>
  SSLEngine on
  SSLProtocol -all +TLSv1.3
</VirtualHost>
<VirtualHost 127.0.0.1:{ids}>
  SSLEngine on
  SSLProtocol -all +TLSv1.2
  SSLSessionTickets off
</VirtualHost>
<VirtualHost 127.0.0.1:{client}>
  SSLEngine on
  SSLVerifyClient require
  SSLVerifyDepth 3
  SSLCACertificateFile {ca}
</VirtualHost>
"""


def many(count):
    return "\n".join(f"  Header set X-Many-{i} value-{i}" for i in range(count))


def load_modules(names):
    for directory in MODULE_DIRECTORIES:
        if os.path.isdir(directory):
            # Distributions differ in what is built in.
            return "\n".join(f"<IfModule !{name}_module>\n  LoadModule {name}_module {directory}/mod_{name}.so\n</IfModule>"
                             for name in names if os.path.exists(f"{directory}/mod_{name}.so"))
    raise Missing("no modules of Apache httpd on this machine")


class Apache(Peer):
    name = "apache"
    upload = "PUT"
    counted_requests = 4  # MaxKeepAliveRequests does not count the first
    lacks = {
        "trailers": "httpd sends no trailers of its own",
        "interim-103": "httpd sends 103 with HTTP/2 only",
        "held": "httpd always reads on or closes after an early answer",
    }

    def command(self):
        program = find_program("apache2", "httpd")
        self.ports = {key: free_port() for key in ("main", "idle", "counted", *self.tls_ports)}
        ports = dict(self.ports)
        listen_six, host_six, ssl, tls = "", "", "", ""
        if has_ipv6():
            self.ports["six"] = free_port("::1")
            listen_six = f"Listen [::1]:{self.ports['six']}"
            host_six = f" [::1]:{self.ports['six']}"
        if self.certificates:
            ssl = "SSLEngine on"
            tls = TLS.format(root=self.root, host_six=host_six, **self.tls_files(), **ports)
        for name in ("uploads", "dav"):
            os.makedirs(self.path(name), exist_ok=True)
            os.chmod(self.path(name), 0o777)  # the worker of a root-started httpd is another user
        config = self.write("httpd.conf", CONFIG.format(
            root=self.root, site=self.site, modules=load_modules(MODULES + TLS_MODULES * bool(self.certificates)),
            listen_six=listen_six, many_90=many(90), many_150=many(150), big="v" * 60000, ssl=ssl, tls=tls, **ports))
        return [program, "-DFOREGROUND", "-f", config]
