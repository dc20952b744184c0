#!/bin/sh
# A generated file that is committed is what its source makes: after a build, git sees no change.
#   drift.sh FILE...
set -eu
cd "$(dirname "$0")/../.."
# CI may run as another user than the one who owns the checkout.
here() { git -c safe.directory="$PWD" "$@"; }
if ! here rev-parse --git-dir > /dev/null 2>&1; then
  echo "skipped: not a git checkout, so there is no commit to compare $* with"
  exit 0
fi
for file in "$@"; do
  if ! here ls-files --error-unmatch "$file" > /dev/null 2>&1; then
    echo "FAILED: $file is not committed" >&2
    exit 1
  fi
  if ! here diff --exit-code -- "$file"; then
    echo "FAILED: commit $file as the build has made it" >&2
    exit 1
  fi
  echo "ok: $file is what its source makes"
done
