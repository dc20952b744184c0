#!/bin/sh
# An installation, moved to another place, serves C and C++ programs by pkg-config and by
# find_package, from the shared object and from the archive.
#   install.sh BUILD_DIR
set -eu
build=${1:?usage: install.sh BUILD_DIR}
build=$(cd "$build" && pwd)
cd "$(dirname "$0")/../.."
source=$PWD
consumer=$source/tests/checks/consumer
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
log=$tmp/log
fail() {
  echo "FAILED: $1" >&2
  [ ! -s "$log" ] || cat "$log" >&2
  exit 1
}
quiet() { "$@" > "$log" 2>&1 || fail "$*"; }
version=$(sed -n 's/^version = "\([0-9.]*\).*/\1/p' Cargo.toml | head -n 1)
cached() { sed -n "s|^$1:[A-Z]*=||p" "$build/CMakeCache.txt"; }

quiet cmake --install "$build" --prefix "$tmp/made"
mv "$tmp/made" "$tmp/tree"
libdir=$(dirname "$(find "$tmp/tree" -name libhttpclient.a)")

# ---- what is in it
(cd "$tmp/tree" && find . ! -type d ! -path './share/man/man3/*' | sed "s|^\./||; s|^${libdir#"$tmp/tree/"}/|LIB/|" | LC_ALL=C sort) > "$tmp/files"
cat > "$tmp/expected" <<EOF
LIB/cmake/httpclient/httpclient-config-version.cmake
LIB/cmake/httpclient/httpclient-config.cmake
LIB/libhttpclient.a
LIB/libhttpclient.so
LIB/libhttpclient.so.${version%%.*}
LIB/libhttpclient.so.$version
LIB/libhttpclient_test.a
LIB/pkgconfig/httpclient-test.pc
LIB/pkgconfig/httpclient.pc
bin/hget
include/httpclient.h
include/httpclient.hpp
$(cd include && printf 'include/%s\n' httpclient/*.hpp)
include/httpclient_test.h
share/man/man1/hget.1
share/man/man7/httpclient.7
EOF
diff -u "$tmp/expected" "$tmp/files" > "$log" || fail "the installation holds other files"
# A manual page, or a way to one, for each function.
(cd "$tmp/tree/share/man/man3" && find . -type f | sed 's|^\./||; s|\.3$||' | LC_ALL=C sort) > "$tmp/pages"
grep -v '^#' docs/symbols.txt | cut -d ' ' -f 1 | LC_ALL=C sort | diff -u - "$tmp/pages" > "$log" ||
  fail "the manual pages (+) are not those of the functions (-)"
sed -n 's/^\.so //p' "$tmp"/tree/share/man/man3/* | sort -u | while read -r page; do
  [ -f "$tmp/tree/share/man/$page" ] || fail "$page is led to and missing"
done
readelf -SW "$libdir/libhttpclient.so" > "$tmp/sections"
! grep -q '\.debug_info' "$tmp/sections" || fail "libhttpclient.so was not stripped"
! grep -rlF "$tmp/made" "$libdir/pkgconfig" "$libdir/cmake" || fail "a file knows where it was installed"
echo "ok: the files of an installation, and nothing in them about where it is"

# ---- pkg-config
export PKG_CONFIG_PATH="$libdir/pkgconfig"
[ "$(pkg-config --modversion httpclient)" = "$version" ] || fail "pkg-config --modversion"
# shellcheck disable=SC2046 # flags are words
{
  quiet gcc -std=c99 -Wall -Wextra -pedantic -Werror "$consumer/exchange.c" -o "$tmp/c" \
    $(pkg-config --cflags --libs httpclient)
  quiet g++ -std=c++17 -Wall -Wextra -pedantic -Werror "$consumer/exchange.cpp" -o "$tmp/cpp" \
    $(pkg-config --cflags --libs httpclient)
  quiet gcc -std=c99 -static "$consumer/exchange.c" -o "$tmp/static" \
    $(pkg-config --static --cflags --libs httpclient)
}
for program in c cpp; do
  LD_LIBRARY_PATH=$libdir quiet "$tmp/$program"
  echo "ok: $program program by pkg-config"
done
quiet "$tmp/static"
echo "ok: program without any shared library, by pkg-config --static"

# ---- find_package
quiet cmake -S "$consumer" -B "$tmp/consumer" "-DCMAKE_PREFIX_PATH=$tmp/tree" "-DWANTED=$version"
quiet cmake --build "$tmp/consumer"
for program in shared static cxx scripted; do
  quiet "$tmp/consumer/$program"
  echo "ok: $program program by find_package"
done
if cmake -S "$consumer" -B "$tmp/refused" "-DCMAKE_PREFIX_PATH=$tmp/tree" \
  "-DWANTED=${version%%.*}.999" > "$log" 2>&1; then
  fail "find_package accepted version ${version%%.*}.999"
fi
grep -q 'requested version' "$log" || fail "find_package failed for another reason"
echo "ok: find_package refuses what this version is not"

# ---- a libdir given from the root, as some distributions do, and DESTDIR
# elsewhere NAME PREFIX LIBDIR: the same build, installed below $tmp/NAME-dest
elsewhere() {
  quiet cmake -S "$source" -B "$tmp/$1" "-DCMAKE_BUILD_TYPE=$(cached CMAKE_BUILD_TYPE)" \
    "-DHTTPCLIENT_TARGET_DIR=$(cached HTTPCLIENT_TARGET_DIR)" -DBUILD_TESTING=OFF \
    -DHTTPCLIENT_EXAMPLES=OFF -DHTTPCLIENT_TOOLS=OFF "-DCMAKE_INSTALL_PREFIX=$2" "-DCMAKE_INSTALL_LIBDIR=$3"
  quiet cmake --build "$tmp/$1"
  DESTDIR=$tmp/$1-dest quiet cmake --install "$tmp/$1"
}
elsewhere absolute /opt/hc /opt/hc-libs
mv "$tmp/absolute-dest" "$tmp/dest"
flags=$(PKG_CONFIG_PATH=$tmp/dest/opt/hc-libs/pkgconfig pkg-config --cflags --libs httpclient)
[ "${flags% }" = "-I/opt/hc/include -L/opt/hc-libs -lhttpclient" ] || fail "flags: $flags"
for file in opt/hc/include/httpclient.h "opt/hc-libs/libhttpclient.so.$version"; do
  [ -f "$tmp/dest/$file" ] || fail "$file is missing: DESTDIR or the absolute libdir was not followed"
done
readelf -SW "$tmp/dest/opt/hc-libs/libhttpclient.so" > "$tmp/sections"
! grep -q '\.debug_info' "$tmp/sections" || fail "an absolute libdir is not stripped"
echo "ok: absolute libdir, DESTDIR"

# ---- a libdir of two levels, as Debian has them, in a tree that stands somewhere else
arch=$(gcc -dumpmachine)
elsewhere multiarch /usr "lib/$arch"
tree=$tmp/multiarch-dest/usr
# shellcheck disable=SC2046 # flags are words
quiet gcc -std=c99 "$consumer/exchange.c" -o "$tmp/multi" \
  $(PKG_CONFIG_PATH=$tree/lib/$arch/pkgconfig pkg-config --cflags --libs httpclient)
LD_LIBRARY_PATH=$tree/lib/$arch quiet "$tmp/multi"
quiet cmake -S "$consumer" -B "$tmp/multi-consumer" "-DCMAKE_PREFIX_PATH=$tree" "-DWANTED=$version"
quiet cmake --build "$tmp/multi-consumer" --target shared static
quiet "$tmp/multi-consumer/shared"
quiet "$tmp/multi-consumer/static"
echo "ok: multiarch libdir, by pkg-config and find_package"
