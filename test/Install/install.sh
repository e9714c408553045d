#!/usr/bin/env bash
# The installed tree, as its users see it: it is installed under one prefix and moved to
# another, a project outside of ours finds it by find_package(TrainMLIR), builds a program on its
# libraries, and the installed tools compile, train and save.
#
# usage: install.sh BUILD-DIRECTORY
set -euo pipefail
build=$(realpath "${1:?usage: $0 BUILD-DIRECTORY}")
project=$(cd "$(dirname "$0")/project" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
  echo "FAILED: $*"
  exit 1
}

cmake --install "$build" --prefix "$work/staged" >"$work/install.log" ||
  fail "cmake --install: $(tail -n 5 "$work/install.log")"
mv "$work/staged" "$work/prefix"
prefix=$work/prefix

# Nothing in the package may know where it was built.
if grep -rlF -e "$build" -e "$work/staged" "$prefix/lib/cmake" "$prefix/lib/trainrt.link"; then
  fail "these files name the build directory or the first prefix"
fi
for page in language.md reference/ops.md reference/passes.md reference/interfaces.md; do
  [ -s "$(find "$prefix/share/doc" -path "*/$page")" ] || fail "$page is not installed"
done
# The pages are those of our dialect and passes, not empty frames.
grep -qF '`train.matmul`' "$prefix"/share/doc/*/reference/ops.md || fail "ops.md lacks train.matmul"
grep -qF -- '-train-plan-memory' "$prefix"/share/doc/*/reference/passes.md ||
  fail "passes.md lacks train-plan-memory"

# A project of somebody else's, with its own idea of the build.
cmake -S "$project" -B "$work/outside" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22 -DCMAKE_PREFIX_PATH="$prefix" >"$work/configure.log" 2>&1 ||
  fail "the project was not configured: $(cat "$work/configure.log")"
cmake --build "$work/outside" -j 2 >"$work/build.log" 2>&1 ||
  fail "the project was not built: $(tail -n 40 "$work/build.log")"

cd "$work"
"$prefix/bin/train-models" mlp --widths=3,5,2 --batch=4 -o mlp.mlir
planned=$("$work/outside/plan" mlp.mlir)
dry=$("$prefix/bin/train-compile" mlp.mlir --threads=1 --dry-run --memory-report=memory.json 2>&1) ||
  fail "train-compile --dry-run: $dry"
reported=$(sed -n 's/^  "peak_bytes": \([0-9]*\).*/\1/p' memory.json)
[ "$planned" = "parameters 32, arena $reported bytes" ] ||
  fail "the project says '$planned', train-compile reports a peak of '$reported' bytes"

# The executable is linked with the runtime of the moved prefix.
"$prefix/bin/train-models" gpt2 --layers=1 --width=16 --heads=2 --seq=8 --positions=8 --batch=2 \
  --vocab=256 -o gpt.mlir
"$prefix/bin/train-compile" gpt.mlir -o gpt --threads=1
./gpt --data=gpt.mlir --steps=3 --checkpoint=saved >train.log 2>&1 || fail "$(cat train.log)"
grep -q '^final step 3 loss' train.log || fail "no final loss: $(cat train.log)"
[ -s saved/step-00000003/model.safetensors ] || fail "no checkpoint"
echo "installed, moved, found, built on, trained with"
