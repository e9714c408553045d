#!/usr/bin/env bash
# The tutorial works as it is printed: its model is saved, its shell blocks run in order, each
# command must succeed, and what the text says of the outcome must be so.
#
# usage: tutorial.sh BUILD-DIRECTORY
set -euo pipefail
build=$(realpath "${1:?usage: $0 BUILD-DIRECTORY}")
page=$(cd "$(dirname "$0")/../../docs" && pwd)/tutorial.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export PATH=$build/bin:$PATH

awk '/^```/ { inside = ($0 == "```mlir"); next } inside' "$page" >bytes.mlir
awk '/^```/ { inside = ($0 == "```sh"); next } inside' "$page" >commands.sh
if ! bash -euo pipefail -x commands.sh >log 2>&1; then
  tail -n 40 log
  echo "FAILED: a command of the tutorial"
  exit 1
fi

fail() {
  tail -n 60 log
  echo "FAILED: $*"
  exit 1
}
grep -q 'train.cross_entropy_backward' step.mlir || fail "step.mlir has no adjoint of the loss"
grep -q 'train.fusion' planned.mlir || fail "planned.mlir has no fusion"
# The page quotes the plan; the workspace of library calls makes it depend on the threads.
grep -q '^  parameters  *428032$' log || fail "the parameters are not those quoted"
awk '/^eval 600 / && $3 < 2.4 { found = 1 } END { exit !found }' log ||
  fail "the held-out loss is not near 2.2"
[ "$(sed -n 's/^eval 600 //p' log | sort -u | wc -l)" = 1 ] ||
  fail "the checkpoint evaluates to another loss than the training"
[ "$(stat -c %s bytes.safetensors)" -gt 428032 ] || fail "the export is short"
echo "held out: $(grep '^eval 600' log | head -n 1)"

# And what it says of a mistake.
sed 's/256x256xf32> init/257x256xf32> init/' bytes.mlir >wrong.mlir
train-opt wrong.mlir >wrong.log 2>&1 && fail "a wrong shape is accepted"
grep -q "wrong.mlir:[0-9]*:[0-9]*: note: @out.weight is declared here" wrong.log ||
  fail "$(cat wrong.log)"
