#!/usr/bin/env bash
# Formats all C++ of the tree by .clang-format, or, with --check, names the files that are not
# formatted and fails. One version, 22, decides: others differ in details.
#
# usage: tools/format.sh [--check]
set -euo pipefail
cd "$(dirname "$0")/.."
command -v clang-format-22 >/dev/null || { echo "error: clang-format-22 is not installed" >&2; exit 1; }
mapfile -t files < <(git ls-files '*.cpp' '*.h')
case ${1:-} in
'') clang-format-22 -i "${files[@]}" ;;
--check)
  unformatted=$(clang-format-22 -n "${files[@]}" 2>&1 | sed -n 's/^\([^:]*\):.*-Wclang-format-violations.*/\1/p' | sort -u)
  [ -z "$unformatted" ] || { printf '%s\n' "$unformatted"; exit 1; }
  ;;
*) echo "error: unknown option '$1'" >&2; exit 1 ;;
esac
