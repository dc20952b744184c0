#!/bin/sh
# The manual pages are good mdoc(7), and the examples in them compile.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/../.."
prelude=$PWD/tests/checks/man_prelude.h
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

command -v mandoc > /dev/null || { echo "FAILED: mandoc is needed" >&2; exit 1; }
mandoc -T lint -W warning docs/man/*.[37] tools/hget/hget.1 > "$tmp/lint" || {
  echo "FAILED: mandoc says" >&2
  cat "$tmp/lint" >&2
  exit 1
}
if command -v groff > /dev/null; then
  for page in docs/man/*.[37]; do
    groff -mandoc -ww -z -Tutf8 "$page" 2>> "$tmp/groff"
  done
  [ ! -s "$tmp/groff" ] || { echo "FAILED: groff says" >&2; cat "$tmp/groff" >&2; exit 1; }
fi

for page in docs/man/*.[37]; do
  name=$(basename "$page")
  awk -v out="$tmp/$name" '
    /^\.Bd -literal/ { inside = 1; n++; next }
    /^\.Ed/ { inside = 0 }
    inside { sub(/^\\&/, ""); gsub(/\\e/, "\\"); print > (out "." n) }' "$page"
done
count=0
for part in "$tmp"/*.[0-9]; do
  case $(head -n 1 "$part") in
  '#include'*) cp "$part" "$part.c" ;;
  'static '*) { echo "#include \"$prelude\""; cat "$part"; } > "$part.c" ;;
  *) { echo "#include \"$prelude\""; echo 'void example(void);'; echo 'void example(void) {'; cat "$part"; echo '}'; } > "$part.c" ;;
  esac
  # A fragment may leave a result unused, and a function of its own uncalled.
  "${CC:-cc}" -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -Wno-unused -Iinclude -fsyntax-only "$part.c" ||
    { echo "FAILED: an example of $(basename "$part")" >&2; exit 1; }
  count=$((count + 1))
done
[ "$count" -gt 20 ] || { echo "FAILED: only $count examples found" >&2; exit 1; }
echo "the manual pages are clean, $count examples in them compile"
