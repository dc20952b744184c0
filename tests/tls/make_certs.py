#!/usr/bin/env python3
"""Makes the certificates and keys of the TLS tests with the openssl command: always fresh, never committed.

    python3 tests/tls/make_certs.py DIRECTORY

Certificates(directory).path(name) gives a file's path; FILES below says what each is. A leaf is NAME.crt, its key (PKCS#8)
NAME.key; what a server sends is NAME.chain: the leaf and every certificate between it and the root.
"""

import base64
import datetime
import hashlib
import os
import subprocess
import sys

PASSWORD = "secret"  # of client-encrypted.key
DAY = datetime.timedelta(days=1)
HERE = "DNS:localhost,DNS:good.test,IP:127.0.0.1,IP:::1"

# What is not a leaf with its key and chain.
FILES = {
    "ca.crt": "the root that the tests trust", "ca.der": "the same in DER", "ca.key": "its key",
    "intermediate.crt": "between the root and most leaves", "other-ca.crt": "a root that nobody trusts",
    "ca.crl": "the root's list of revoked certificates: revoked.crt alone",
    "intermediate.crl": "the intermediate's list, empty",
    "client-sec1.key": "client.key as SEC1", "client-pkcs1.key": "client-rsa.key as PKCS#1",
    "client-encrypted.key": "client.key as PKCS#8 under PASSWORD", "client-cert.der": "client.crt in DER",
    "client-key.der": "client.key in DER", "client-all.pem": "client.chain and client.key in one file",
    "good-all.pem": "good.chain and good.key in one file", "good.der": "good.crt in DER",
    "good.pin": "the SHA-256 of its public key, as hc_tls_add_pin takes it",
    "empty.pem": "nothing", "garbage.pem": "a PEM block whose content is no certificate",
}

CONFIG = """
[ca]
default_ca = root
[root]
dir = .
new_certs_dir = .
database = {issuer}.index
certificate = {issuer}.crt
private_key = {issuer}.key
rand_serial = yes
unique_subject = no
email_in_dn = no
copy_extensions = none
default_md = sha256
policy = any
default_crl_days = 30
crl_extensions = crl_extensions
[crl_extensions]
authorityKeyIdentifier = keyid
[any]
commonName = supplied
[req]
distinguished_name = name
prompt = no
[name]
commonName = unused
"""

CA = "basicConstraints=critical,CA:TRUE{limit}\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
LEAF = ("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature{usage}\nextendedKeyUsage={purpose}\n"
        "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")


class Certificates:
    def __init__(self, directory):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        self.now = datetime.datetime.now(datetime.timezone.utc)
        self.chains = {}  # issuer: what lies between its leaves and the root
        self.make_authorities()
        self.make_servers()
        self.make_clients()
        self.make_files()

    def path(self, name):
        path = os.path.join(self.directory, name)
        if not os.path.exists(path):
            raise LookupError(f"no such file of the test certificates: {name}")
        return path

    # ---- what exists ----

    def make_authorities(self):
        self.root("ca")
        self.root("other-ca")
        self.authority("intermediate", "ca")
        self.authority("constrained", "ca", "nameConstraints=critical,permitted;DNS:allowed.test\n")
        issuer = "ca"
        for depth in range(1, 10):  # more than any verifier follows without being told to
            self.authority(f"deep-{depth}", issuer)
            issuer = f"deep-{depth}"
        self.authority("narrow", "ca", limit=",pathlen:0")
        self.authority("below-narrow", "narrow")

    def make_servers(self):
        self.leaf("good", "intermediate", HERE)
        self.leaf("rsa", "intermediate", HERE, key="rsa:2048")
        self.leaf("expired", "ca", HERE, start=-30, end=-1)
        self.leaf("not-yet-valid", "ca", HERE, start=2, end=30)
        self.leaf("wrong-name", "ca", "DNS:elsewhere.test,DNS:*.elsewhere.test,IP:192.0.2.7")
        self.leaf("dns-only", "ca", "DNS:localhost,DNS:127.0.0.1")  # an address as a DNS name does not count
        self.leaf("wildcard", "ca", "DNS:*.wild.test")
        self.leaf("cn-only", "ca", None, common_name="localhost")
        self.leaf("unknown-ca", "other-ca", HERE)
        self.leaf("revoked", "ca", HERE)
        self.leaf("client-only", "ca", HERE, purpose="clientAuth")
        self.leaf("rsa1024", "ca", HERE, key="rsa:1024")
        self.leaf("sha1", "ca", HERE, digest="sha1")
        self.leaf("constrained-leaf", "constrained", HERE)
        self.leaf("deep-leaf", "deep-9", HERE)
        self.leaf("narrow-leaf", "below-narrow", HERE)
        # As `openssl req -x509` makes one: CA:TRUE, no key usage. And one that says it is no CA.
        self.self_signed("self-signed-ca", f"subjectAltName={HERE}")
        self.self_signed("self-signed-leaf", f"subjectAltName={HERE}", "basicConstraints=critical,CA:FALSE",
                         "extendedKeyUsage=serverAuth")
        self.openssl("ca", "-config", "ca.cnf", "-revoke", "revoked.crt")
        for issuer in ("ca", "intermediate"):
            self.openssl("ca", "-config", f"{issuer}.cnf", "-gencrl", "-out", f"{issuer}.crl")

    def make_clients(self):
        self.leaf("client", "intermediate", "email:client@good.test", "client", "clientAuth")
        self.leaf("client-rsa", "intermediate", "email:client@good.test", "client-rsa", "clientAuth", key="rsa:2048")
        self.leaf("client-other", "other-ca", "email:client@other.test", "client-other", "clientAuth")

    def make_files(self):
        self.openssl("x509", "-in", "ca.crt", "-outform", "DER", "-out", "ca.der")
        self.openssl("x509", "-in", "client.crt", "-outform", "DER", "-out", "client-cert.der")
        self.openssl("pkcs8", "-topk8", "-nocrypt", "-in", "client.key", "-outform", "DER", "-out", "client-key.der")
        self.openssl("ec", "-in", "client.key", "-out", "client-sec1.key")
        self.openssl("rsa", "-in", "client-rsa.key", "-traditional", "-out", "client-pkcs1.key")
        self.openssl("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", "client.key", "-passout", f"pass:{PASSWORD}",
                     "-out", "client-encrypted.key")
        self.join("client-all.pem", "client.chain", "client.key")
        self.join("good-all.pem", "good.chain", "good.key")
        self.openssl("x509", "-in", "good.crt", "-outform", "DER", "-out", "good.der")
        spki = self.openssl("pkey", "-in", "good.key", "-pubout", "-outform", "DER")
        self.write("good.pin", "sha256//" + base64.b64encode(hashlib.sha256(spki).digest()).decode())
        self.write("empty.pem", "")
        self.write("garbage.pem", "-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n")

    # ---- how it is made ----

    def root(self, name):
        self.key(name, "ec")
        self.openssl("req", "-x509", "-new", "-key", f"{name}.key", "-subj", f"/CN=Test {name}", "-days", "30", "-config",
                     self.write(f"{name}.cnf", CONFIG.format(issuer=name)), "-out", f"{name}.crt",
                     *(word for line in CA.format(limit="").splitlines() for word in ("-addext", line)))
        self.write(f"{name}.index", "")
        self.chains[name] = ()

    def authority(self, name, issuer, more="", limit=""):
        self.sign(name, issuer, CA.format(limit=limit) + "authorityKeyIdentifier=keyid\n" + more, f"Test {name}")
        self.write(f"{name}.cnf", CONFIG.format(issuer=name))
        self.write(f"{name}.index", "")
        self.chains[name] = (f"{name}.crt", *self.chains[issuer])

    def leaf(self, name, issuer, names, common_name="a test", purpose="serverAuth", **how):
        usage = ",keyEncipherment" if how.get("key", "").startswith("rsa") else ""
        extensions = LEAF.format(purpose=purpose, usage=usage) + (f"subjectAltName={names}\n" if names else "")
        self.sign(name, issuer, extensions, common_name, **how)
        self.join(f"{name}.chain", f"{name}.crt", *self.chains[issuer])

    def sign(self, name, issuer, extensions, common_name, key="ec", start=-1, end=30, digest="sha256"):
        self.key(name, key)
        self.openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={common_name}", "-config", f"{issuer}.cnf",
                     "-out", f"{name}.csr")
        self.openssl("ca", "-batch", "-notext", "-config", f"{issuer}.cnf", "-in", f"{name}.csr", "-md", digest,
                     "-startdate", self.day(start), "-enddate", self.day(end), "-out", f"{name}.crt",
                     "-extfile", self.write(f"{name}.ext", extensions))

    def self_signed(self, name, *extensions):
        self.key(name, "ec")
        added = [word for extension in extensions for word in ("-addext", extension)]
        self.openssl("req", "-x509", "-new", "-key", f"{name}.key", "-subj", "/CN=localhost", "-days", "30", "-out",
                     f"{name}.crt", *added)
        self.join(f"{name}.chain", f"{name}.crt")

    def key(self, name, kind):
        options = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else \
            ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:" + kind.removeprefix("rsa:")]
        self.openssl("genpkey", *options, "-out", f"{name}.key")
        os.chmod(os.path.join(self.directory, f"{name}.key"), 0o644)  # a test's server may be another user

    def day(self, number):
        return (self.now + number * DAY).strftime("%Y%m%d%H%M%SZ")

    def write(self, name, text):
        with open(os.path.join(self.directory, name), "w", encoding="ascii") as file:
            file.write(text)
        return name

    def join(self, name, *parts):
        texts = []
        for part in parts:
            with open(os.path.join(self.directory, part), encoding="ascii") as file:
                texts.append(file.read())
        self.write(name, "".join(texts))

    def openssl(self, *words):
        done = subprocess.run(["openssl", *words], cwd=self.directory, stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {' '.join(words)} ended with {done.returncode}:\n{done.stderr.decode()}")
        return done.stdout


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    Certificates(sys.argv[1])
