#!/bin/sh
# What libhttpclient.so shows to the linker and the loader, against what was promised.
#   symbols.sh LIBRARY    checks it
#   symbols.sh --update   brings docs/symbols.txt up to the header
set -eu
export LC_ALL=C
cd "$(dirname "$0")/../.."
list=docs/symbols.txt
version=$(sed -n 's/^version = "\([0-9.]*\).*/\1/p' Cargo.toml | head -n 1)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Names before a bracket, outside comments and macros (build.rs looks at it the same way).
grep -vE '^ *[*/#]' include/httpclient.h | grep -oE '\b(hc|hr|hm)[a-z0-9_]*\(' | tr -d '(' |
  sort > "$tmp/header"
grep -v '^#' "$list" | sort > "$tmp/list" || :
cut -d ' ' -f 1 "$tmp/list" > "$tmp/names"

if [ "${1:-}" = --update ]; then
  comm -13 "$tmp/header" "$tmp/names" | sed 's/^/removed, which breaks programs: /' >&2
  {
    grep '^#' "$list"
    join -a 1 -e "$version" -o 0,2.2 "$tmp/header" "$tmp/list"
  } > "$tmp/new"
  cp "$tmp/new" "$list"
  exit
fi

lib=${1:?usage: symbols.sh LIBRARY}
failed=0
fail() {
  echo "FAILED: $1" >&2
  failed=1
}

diff -u "$tmp/names" "$tmp/header" > "$tmp/diff" ||
  fail "$list (-) and include/httpclient.h (+) name other functions; \`make symbols\`?
$(cat "$tmp/diff")"

# Each function in the version node of the release that brought it. GNU ld adds a symbol for
# each node (type A), lld does not.
awk '{ split($2, v, "."); print $1 "@@HTTPCLIENT_" v[1] "." v[2] }' "$tmp/list" | sort > "$tmp/want"
nm -D --defined-only --with-symbol-versions "$lib" | awk '$2 != "A" { print $3 }' | sort > "$tmp/got"
diff -u "$tmp/want" "$tmp/got" > "$tmp/diff" ||
  fail "$lib (+) does not export what $list (-) promises
$(cat "$tmp/diff")"

readelf -dW "$lib" > "$tmp/dynamic"
readelf -lW "$lib" > "$tmp/segments"
grep -q "SONAME.*\[libhttpclient\.so\.${version%%.*}\]" "$tmp/dynamic" || fail "SONAME"
grep -q 'BIND_NOW' "$tmp/dynamic" || fail "not bound at load (BIND_NOW)"
grep -q 'GNU_RELRO' "$tmp/segments" || fail "no RELRO"
! grep -q "GNU_STACK.*RWE" "$tmp/segments" || fail "the stack is executable"
! grep -E 'RPATH|RUNPATH' "$tmp/dynamic" || fail "looks for libraries in places of its own"
! grep 'TEXTREL' "$tmp/dynamic" || fail "code that the loader must write to"
# The C library with its parts, and what unwinding needs.
sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' "$tmp/dynamic" |
  grep -vxE 'libc\.so\.6|libm\.so\.6|libgcc_s\.so\.1|ld-linux[-a-z0-9_]*\.so\.[0-9]' > "$tmp/needed" || :
[ ! -s "$tmp/needed" ] || fail "needs $(tr '\n' ' ' < "$tmp/needed")"

[ "$failed" = 0 ] || exit 1
echo "$(wc -l < "$tmp/got") symbols as promised, hardened, needs only the C library: $lib"
