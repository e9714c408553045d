#!/usr/bin/env bash
# Every relative link on a page leads to a file, every page is in the index, and every path of
# our tree that a page names in code font is there.
set -euo pipefail
cd "$(dirname "$0")/../.."
bad=0
say() {
  echo "$*"
  bad=1
}
links=0
while IFS=: read -r page link; do
  link=${link#](}
  link=${link%)}
  case $link in http*:* | '#'*) continue ;; esac
  links=$((links + 1))
  [ -e "$(dirname "$page")/${link%%#*}" ] || say "$page links to $link, which is not there"
done < <(grep -oHE '\]\([^) ]+\)' README.md docs/*.md docs/*/*.md)
for page in docs/*.md; do
  name=$(basename "$page")
  [ "$name" = README.md ] || grep -qF "($name)" docs/README.md || say "$page is not in docs/README.md"
done
while IFS=: read -r page path; do
  path=${path//\`/}
  # A place for the reader's own name.
  [[ $path != *NAME* ]] || continue
  [ -e "$path" ] || say "$page names $path, which is not there"
done < <(grep -oHE '`(lib|include|test|tools|runtime|docs|examples|cmake)/[A-Za-z0-9_./-]*`' README.md docs/*.md docs/*/*.md)
[ "$links" -gt 10 ] || say "only $links links were found"
exit $bad
