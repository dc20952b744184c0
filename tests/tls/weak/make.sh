#!/bin/sh
# Makes the certificates of this folder anew. They are kept because rcgen, for good reasons, makes
# no such ones.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
days=36500
printf 'basicConstraints=critical,CA:TRUE\n' > "$work/ca.cnf"
printf 'subjectAltName=DNS:example.test\nextendedKeyUsage=serverAuth\n' > "$work/server.cnf"
key() { openssl genrsa -out "$work/$1.key" "$2" 2> /dev/null; }
request() { openssl req -new -key "$work/$1.key" -subj "/CN=$1" -out "$work/$1.csr"; }
sign() { # NAME BY EXTENSIONS DIGEST
  request "$1"
  openssl x509 -req -in "$work/$1.csr" -CA "$2" -CAkey "$3" -set_serial "$6" -days "$days" \
    "-$5" -extfile "$work/$4.cnf" -out "$work/$1.pem" 2> /dev/null
}
key root 2048
openssl req -x509 -new -key "$work/root.key" -subj /CN=root -days "$days" -sha256 -out root.pem
key short-key 1024
sign short-key root.pem "$work/root.key" server sha256 2
key sha1 2048
sign sha1 root.pem "$work/root.key" server sha1 3
key short-ca 1024
sign short-ca root.pem "$work/root.key" ca sha256 4
key by-short-key 2048
sign by-short-key "$work/short-ca.pem" "$work/short-ca.key" server sha256 5
cp "$work/short-key.pem" "$work/sha1.pem" .
cat "$work/by-short-key.pem" "$work/short-ca.pem" > by-short-key.pem
