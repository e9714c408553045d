#!/usr/bin/env bash
# The demo keeps its promise and can tell when it does not: a quarter of its steps is enough for
# a held-out loss below the order-1 entropy of the text; five steps are not, and end in
# an error; a command line that means nothing is refused before anything is done.
#
# usage: demo.sh BUILD-DIRECTORY
# Exit code: 0 as promised, 1 not (the output is shown), 77 the text is not installed.
set -uo pipefail
build=$(realpath "${1:?usage: $0 BUILD-DIRECTORY}")
demo=$(cd "$(dirname "$0")/../../tools" && pwd)/demo.sh
[ -r /usr/share/dictd/gcide.dict.dz ] || { echo "skipped: dict-gcide is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TRAIN_PRESET
TRAIN_PRESET=$(basename "$build")

fail() {
  echo "FAILED: $*"
  tail -n 60 "$work"/*.log
  exit 1
}
refused() { # OPTION MESSAGE
  "$demo" "$1" >"$work/refused.log" 2>&1 && fail "$1 is accepted"
  grep -qF -e "$2" "$work/refused.log" || fail "$1 is refused without '$2'"
}
refused --step=3 "unknown option '--step=3'"
refused --steps=0 "--steps needs a positive number, not '0'"

"$demo" --no-build --steps=5 --dir="$work/short" >"$work/short.log" 2>&1 &&
  fail "five steps are claimed to beat the entropy"
grep -q 'error: the held-out loss is not below the order-1 entropy' "$work/short.log" ||
  fail "five steps end in another error"

"$demo" --no-build --steps=320 --dir="$work/demo" >"$work/demo.log" 2>&1 || fail "the demo fails"
for line in '^gpt.mlir: 3[0-9]* parameters$' '  ETA ' '^eval 320 ' \
  '^memory .*planned arena [0-9.]* MiB; largest resident memory measured [0-9.]* MiB$' \
  '^held out .*order-1 entropy' '^checkpoint .*/step-00000320$'; do
  grep -q "$line" "$work/demo.log" || fail "no line with '$line'"
done
[ "$(wc -c <"$work/demo/sample.txt")" -gt 400 ] || fail "the sample is short"
# Held out means held out: none of its lines may be in the training text.
if grep -qxFf <(awk 'length > 100' "$work/demo/held-out.txt" | head -n 200) "$work/demo/train.txt"; then
  fail "held-out text is in the training text"
fi
echo "320 steps: $(grep '^held out' "$work/demo.log")"
