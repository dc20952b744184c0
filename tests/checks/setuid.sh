#!/bin/sh
# Rows 136 and 202: in a program that runs with rights of its own, hc_proxy_from_env reads nothing, SSL_CERT_FILE and
# SSL_CERT_DIR name nobody who is trusted, and SSLKEYLOGFILE no file that keys are written to.
#   setuid.sh DIRECTORY   of libhttpclient.a
set -eu
export LC_ALL=C
cd "$(dirname "$0")/../.."
lib=${1:?usage: setuid.sh DIRECTORY}
nobody=65534
# Only root can give a program rights that its user does not have.
if [ "$(id -u)" != 0 ]; then
  echo "skipped: not root, so no program can be made set-uid for somebody else"
  exit 77
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
chmod 755 "$tmp"
cat > "$tmp/ask.c" <<'C'
#include <httpclient.h>
#include <stdio.h>
#include <sys/auxv.h>

int main(void) {
    hc_conn *c = NULL;
    if (hc_new("origin.test", 0, &c) != HC_OK) return 1;
    hc_status status = hc_proxy_from_env(c);
    const char *proxy = hc_proxy(c);
    printf("%s %s %lu\n", hc_status_name(status), proxy ? proxy : "none", getauxval(AT_SECURE));
    hc_free(c);
    return 0;
}
C
cat > "$tmp/trust.c" <<'C'
#include <httpclient.h>
#include <stdio.h>
#include <sys/auxv.h>

int main(void) {
    hc_tls *tls = NULL;
    hc_error_info info = {.struct_size = sizeof info};
    if (hc_tls_new(&tls) != HC_OK) return 1;
    hc_status keys = hc_tls_set_keylog_env(tls);
    hc_status roots = hc_tls_freeze(tls);
    if (roots != HC_OK && hc_tls_last_error(tls, &info) != HC_OK) return 1;
    printf("%s %s %s\n", hc_status_name(keys), hc_status_name(roots), roots == HC_OK ? "" : info.text);
    fprintf(stderr, "%lu\n", getauxval(AT_SECURE));
    hc_tls_free(tls);
    return 0;
}
C
# Linked statically: the loader would not look for the library where a set-uid program's user says.
build() {
  "${CC:-cc}" -std=c11 -Iinclude "$tmp/$1.c" "$lib/libhttpclient.a" -lpthread -ldl -lm -o "$tmp/$2plain"
  cp "$tmp/$2plain" "$tmp/$2setuid"
  chmod 4755 "$tmp/$2setuid"
}
build ask ""
build trust trust-

as_nobody() {
  env http_proxy=http://from.env:1 setpriv --reuid "$nobody" --regid "$nobody" --clear-groups "$1"
}
if [ "$(as_nobody "$tmp/plain")" != "HC_OK http://from.env:1 0" ]; then
  echo "an ordinary program says: $(as_nobody "$tmp/plain")" >&2
  exit 1
fi
said=$(as_nobody "$tmp/setuid")
# On a mount with nosuid, or where nobody may get new rights, it is a program like any other.
case $said in
  *" 0") echo "skipped: set-uid programs get no rights here"; exit 77 ;;
esac
if [ "$said" != "HC_ERR_UNSUPPORTED none 1" ]; then
  echo "a set-uid program says: $said" >&2
  exit 1
fi

# The machine's store may be there or not: what counts is that the environment makes no difference.
trust_as_nobody() {
  program=$1
  shift
  env -u SSL_CERT_FILE -u SSL_CERT_DIR "$@" setpriv --reuid "$nobody" --regid "$nobody" --clear-groups "$tmp/trust-$program" 2>"$tmp/secure"
}
mkdir "$tmp/open"
chmod 777 "$tmp/open"
without=$(trust_as_nobody plain LC_ALL=C)
for name in SSL_CERT_FILE SSL_CERT_DIR; do
  plain=$(trust_as_nobody plain "$name=$tmp/absent")
  case $plain in
    "HC_OK HC_ERR_TLS_TRUST_STORE "*"$tmp/absent"*) ;;
    *) echo "with $name an ordinary program says: $plain" >&2; exit 1 ;;
  esac
  said=$(trust_as_nobody setuid "$name=$tmp/absent")
  if [ "$said" != "$without" ] || [ "$(cat "$tmp/secure")" != 1 ]; then
    echo "with $name a set-uid program says: $said" >&2
    exit 1
  fi
done
for program in plain setuid; do
  trust_as_nobody "$program" "SSLKEYLOGFILE=$tmp/open/$program" >/dev/null
done
if [ ! -e "$tmp/open/plain" ] || [ -e "$tmp/open/setuid" ]; then
  echo "SSLKEYLOGFILE: $(ls "$tmp/open")" >&2
  exit 1
fi
