#!/bin/sh
# Prints the declarations of httpclient.h without anything of the preprocessor's, for the cdef of
# LuaJIT and cffi, and for whatever else reads C. The header is that of pkg-config, or the argument.
#   cdef.sh [httpclient.h]
set -eu
header=${1:-$(pkg-config --variable=includedir httpclient)/httpclient.h}
empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT
# The types of these are known to every reader, but for FILE, which is only pointed to.
for name in stdbool stddef stdint stdio; do : > "$empty/$name.h"; done
echo 'typedef struct FILE FILE;' > "$empty/stdio.h"
${CC:-cc} -std=c99 -E -P -nostdinc "-I$empty" -DHC_NO_WARNINGS -x c "$header"
