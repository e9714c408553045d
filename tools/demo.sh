#!/usr/bin/env bash
# The main job, from nothing: sets up a Debian 12 machine, builds the compiler, compiles a
# byte-level GPT of 3.2 million parameters for this CPU and trains it on the text of a
# dictionary of English. Ends with code 0 only if the loss on held-out text is below that
# text's own order-1 entropy: what the best table of byte pairs could reach on it.
#
# usage: tools/demo.sh [--no-build] [--steps=N] [--dir=DIR]
#   --no-build  use the tools that are built already
#   --steps=N   optimizer steps (1250 steps take about two minutes on two cores)
#   --dir=DIR   where the demo works (build/demo)
set -euo pipefail
export LC_ALL=C
source "$(dirname "$0")/setup.sh"

steps=1250 build=1 dir=$train_source/build/demo
for argument in "$@"; do
  case $argument in
  --no-build) build=0 ;;
  --steps=*) steps=${argument#*=} ;;
  --dir=*) dir=${argument#*=} ;;
  -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" && exit 0 ;;
  *) train_fail "unknown option '$argument'; see $0 --help" ;;
  esac
done
[[ $steps =~ ^[1-9][0-9]*$ ]] || train_fail "--steps needs a positive number, not '$steps'"

# Entropy of a byte given the one before it, in nats, by the counts of the text itself.
order1_entropy() {
  od -An -v -tu1 -w1 "$1" | awk '
    NR > 1 { pair[before * 256 + $1]++; one[before]++; n++ }
    { before = $1 + 0 }
    END {
      for (k in pair) h -= pair[k] * log(pair[k] / one[int(k / 256)])
      printf "%.4f\n", h / n
    }'
}

train_require "${train_build_packages[@]}" "${train_demo_packages[@]}"
[ "$build" = 0 ] || train_make train-compile train-models
for tool in train-compile train-models; do
  [ -x "$train_build/bin/$tool" ] || train_fail "$train_build/bin/$tool is not built"
done
rm -rf "$dir"
mkdir -p "$dir"
cd "$dir"

train_say "Text: the dictionary of the package dict-gcide"
"$train_source/tools/demo_text.sh" .
entropy=$(order1_entropy held-out.txt)
printf 'training text  %9d bytes\nheld-out text  %9d bytes, order-1 entropy %s nats per byte\n' \
  "$(stat -c %s train.txt)" "$(stat -c %s held-out.txt)" "$entropy"
tail -n 1 held-out.txt | cut -c 1-100

train_say "Compiling"
model=(gpt2 --vocab=256 --layers=4 --width=256 --heads=4 --seq=64 --positions=64 --batch=8)
"$train_build/bin/train-models" "${model[@]}" -o gpt.mlir
printf 'gpt.mlir: %s parameters\n' "$("$train_build/bin/train-models" "${model[@]}" --count)"
started=$(date +%s%N)
"$train_build/bin/train-compile" gpt.mlir -o gpt --optimizer=adamw --beta2=0.99 \
  --weight-decay=0.1 --clip-norm=1 --memory-report=memory.json
printf 'gpt: compiled and linked in %d ms\n' $((($(date +%s%N) - started) / 1000000))

train_say "Training: $steps steps of 512 bytes"
warmup=$((steps > 100 ? 50 : steps / 2))
every=$(((steps + 5) / 6))
started=$(date +%s)
./gpt --data=train.txt --eval-data=held-out.txt --eval-every=$every --eval-batches=32 \
  --steps="$steps" --lr=1.5e-3 --lr-schedule=cosine --warmup-steps=$warmup --min-lr=1e-4 \
  --checkpoint=checkpoints --log=log.jsonl --seed=1
seconds=$(($(date +%s) - started))

train_say "A sample, generated from the checkpoint"
./gpt --resume --checkpoint=checkpoints --steps="$steps" --generate=500 \
  --prompt="The " --temperature=0.7 --top-k=40 --seed=1 2>/dev/null | tee sample.txt

train_say "Result"
held=$(./gpt --resume --checkpoint=checkpoints --eval-only --eval-data=held-out.txt \
  2>eval.log | awk '/^eval / { print $3 }')
[ -n "$held" ] || train_fail "the evaluation printed no loss: $(tail -n 1 eval.log)"
tenth=$((steps > 10 ? steps / 10 : 1))
awk -v steps="$steps" -v tenth=$tenth -v seconds=$seconds -v held="$held" -v entropy="$entropy" '
  function field(name) {
    return match($0, "\"" name "\": *[^,}]*") ? \
      substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3) + 0 : 0
  }
  {
    if (NR <= tenth) first += field("loss") / tenth
    if (NR > steps - tenth) last += field("loss") / tenth
    arena = field("arena_bytes")
    if (field("rss_bytes") > peak) peak = field("rss_bytes")
  }
  END {
    mib = 1048576
    printf "memory     planned arena %.1f MiB; largest resident memory measured %.1f MiB\n", \
      arena / mib, peak / mib
    printf "training   %d bytes of text in %d s, evaluations included\n", steps * 512, seconds
    printf "loss       first tenth of the steps %.4f, last tenth %.4f\n", first, last
    printf "held out   loss %.4f, order-1 entropy %.4f (nats per byte)\n", held, entropy
    if (NR != steps) { print "error: the log has " NR " steps, not " steps; exit 1 }
    if (!(last < first)) { print "error: the training loss did not fall"; exit 1 }
    if (!(held < entropy)) {
      print "error: the held-out loss is not below the order-1 entropy"
      exit 1
    }
  }' log.jsonl
printf 'checkpoint %s\n' "$(ls -d "$dir"/checkpoints/*)"
