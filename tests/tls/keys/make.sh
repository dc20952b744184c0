#!/bin/sh
# Makes the keys of this folder anew: every form that a private key comes in. They protect nothing.
set -eu
cd "$(dirname "$0")"
self_signed() { openssl req -x509 -new -key "$1" -subj "/CN=$2" -days 36500 -out "$2.pem"; }
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa-pkcs8.pem 2> /dev/null
openssl pkey -in rsa-pkcs8.pem -traditional -out rsa-pkcs1.pem
openssl pkey -in rsa-pkcs8.pem -traditional -outform DER -out rsa-pkcs1.der
self_signed rsa-pkcs8.pem rsa
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec-pkcs8.pem
openssl pkey -in ec-pkcs8.pem -traditional -out ec-sec1.pem
self_signed ec-pkcs8.pem ec
openssl genpkey -algorithm ED25519 -out ed25519-pkcs8.pem
self_signed ed25519-pkcs8.pem ed25519
openssl pkcs8 -topk8 -in ec-pkcs8.pem -passout pass:secret -out encrypted-pkcs8.pem
openssl pkcs8 -topk8 -in ec-pkcs8.pem -passout pass:secret -outform DER -out encrypted-pkcs8.der
openssl pkey -in rsa-pkcs8.pem -traditional -aes128 -passout pass:secret -out encrypted-pkcs1.pem
