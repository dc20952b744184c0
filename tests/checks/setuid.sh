#!/bin/sh
# Row 202: in a program that runs with rights of its own, hc_proxy_from_env reads nothing.
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
# Linked statically: the loader would not look for the library where a set-uid program's user says.
"${CC:-cc}" -std=c11 -Iinclude "$tmp/ask.c" "$lib/libhttpclient.a" -lpthread -ldl -lm -o "$tmp/plain"
cp "$tmp/plain" "$tmp/setuid"
chmod 4755 "$tmp/setuid"

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
