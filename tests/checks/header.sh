#!/bin/sh
# The header is good C and good C++ in every dialect it claims, with nothing included before
# it, and the program in its first comment builds and runs as it stands.
#   header.sh LIBRARY_DIR
set -eu
lib=${1:?usage: header.sh LIBRARY_DIR}
lib=$(cd "$lib" && pwd)
cd "$(dirname "$0")/../.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

cat > "$tmp/alone.c" <<EOF
#include "httpclient.h"
#include "httpclient.h"
#if !HC_AT_LEAST_VERSION(HC_VERSION_MAJOR, HC_VERSION_MINOR, HC_VERSION_PATCH)
#error "older than itself"
#endif
#if HC_AT_LEAST_VERSION(HC_VERSION_MAJOR, HC_VERSION_MINOR, HC_VERSION_PATCH + 1)
#error "newer than itself"
#endif
/* An array of another size, if the header's version is not Cargo.toml's. */
extern char version_is[sizeof "$version"];
extern char version_is[sizeof HC_VERSION];
const char *version_in_header(void);
const char *version_in_header(void) { return HC_VERSION; }
EOF
cp "$tmp/alone.c" "$tmp/alone.cpp"

compile() {
  if ! command -v "$1" > /dev/null; then
    echo "skipped: $1 is not installed"
    return 0
  fi
  compiler=$1
  file=$2
  shift 2
  for std in "$@"; do
    "$compiler" "-std=$std" -Wall -Wextra -pedantic -Werror -Iinclude -fsyntax-only "$tmp/$file"
    echo "ok: $compiler -std=$std"
  done
}
command -v gcc > /dev/null || { echo "FAILED: gcc is needed" >&2; exit 1; }
command -v g++ > /dev/null || { echo "FAILED: g++ is needed" >&2; exit 1; }
compile gcc alone.c c99 c11 c17 c2x
compile clang alone.c c99 c11 c17 c2x
compile g++ alone.cpp c++11 c++17 c++20
compile clang++ alone.cpp c++11 c++17 c++20
grep -qF "#define HC_VERSION \"$version\"" include/httpclient.h ||
  { echo "FAILED: HC_VERSION is not Cargo.toml's $version" >&2; exit 1; }

# Strict: an example is what people copy.
sed -n '/@code{\.c}/,/@endcode/p' include/httpclient.h | sed -e '1d;$d' -e 's/^ \*\( \|$\)//' \
  > "$tmp/example.c"
grep -q 'int main' "$tmp/example.c" || { echo "FAILED: no example in the header" >&2; exit 1; }
gcc -std=c99 -Wall -Wextra -pedantic -Werror -Iinclude "$tmp/example.c" -o "$tmp/example" \
  -L"$lib" -lhttpclient
LD_LIBRARY_PATH=$lib packaging/demo-server "$tmp/example" > "$tmp/page"
grep -q '^200 OK' "$tmp/page" || { echo "FAILED: the example said" >&2; cat "$tmp/page" >&2; exit 1; }
echo "ok: the example in the header builds and runs"
