#!/bin/sh
# Where each field of each public structure stands, against what was promised.
#   layout.sh            checks that c-tests/layout_list.h is what the header makes
#   layout.sh --update   writes it again, for a structure or a field that is new
# A program that was compiled with an older header looks for the fields where they stood then, so
# that nothing in the list may change but by lines that are added at the end of a structure.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/../.."
list=c-tests/layout_list.h
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# "type field" for each field, "type" alone before its first.
awk '
  /^typedef struct \{$/ { inside = 1; n = 0; next }
  inside && /^\} [a-z0-9_]+;$/ {
    name = $2; sub(/;/, "", name)
    print name
    for (i = 0; i < n; i++) print name, fields[i]
    inside = 0
    next
  }
  inside && /^  [a-z]/ {
    text = $0
    while (text !~ /;$/ && (getline more) > 0) text = text " " more
    if (match(text, /\(\*[a-z0-9_]+\)/)) field = substr(text, RSTART + 2, RLENGTH - 3)
    else { sub(/(\[[0-9]+\])?;$/, "", text); match(text, /[a-z0-9_]+$/); field = substr(text, RSTART) }
    fields[n++] = field
  }' include/httpclient.h > "$tmp/fields"
[ "$(wc -l < "$tmp/fields")" -gt 100 ] || { echo "FAILED: the header's structures were not found" >&2; exit 1; }

awk '
  BEGIN { print "#include <httpclient.h>\n#include <stdio.h>\nint main(void) {" }
  NF == 1 { printf "printf(\"STRUCT(%s, %%zu)\\n\", sizeof(%s));\n", $1, $1 }
  NF == 2 {
    printf "printf(\"FIELD(%s, %s, %%zu, %%zu)\\n\", offsetof(%s, %s), sizeof(((%s *)0)->%s));\n",
           $1, $2, $1, $2, $1, $2
  }
  END { print "return 0; }" }' "$tmp/fields" > "$tmp/print.c"
"${CC:-cc}" -std=c11 -Iinclude "$tmp/print.c" -o "$tmp/print"
"$tmp/print" > "$tmp/rows"
case $("${CC:-cc}" -dumpmachine) in
*64*) ;;
*) echo "skipped: the list is that of 64-bit systems" && exit 77 ;;
esac

{
  sed '/^ \*\/$/q' "$list"
  cat "$tmp/rows"
} > "$tmp/new"
if [ "${1:-}" = --update ]; then
  grep -E '^(STRUCT|FIELD)' "$list" | grep -vxFf "$tmp/rows" |
    sed 's/^/changed or gone, which breaks programs unless the structure has grown: /' >&2 || :
  cp "$tmp/new" "$list"
  exit
fi
if ! diff -u "$list" "$tmp/new"; then
  echo "FAILED: $list (-) is not the layout that include/httpclient.h (+) has; tests/checks/layout.sh --update" >&2
  exit 1
fi
echo "$(grep -c '^FIELD' "$list") fields of $(grep -c '^STRUCT' "$list") structures stand where they should"
