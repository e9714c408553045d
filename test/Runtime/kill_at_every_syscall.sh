#!/bin/bash
# Checkpoints against sudden death and a full disk.
#
# A toy training resumes from a checkpoint and saves more of them, while strace kills it at
# the first, second, third, ... call of each system call that touches files; then the
# same with ENOSPC in place of the kill. After each of these accidents a plain --resume must
# find a whole checkpoint and end in exactly the parameters of an undisturbed training.
# --keep=1 is the hardest case: there is never a second checkpoint to fall back on.
#
# usage: kill_at_every_syscall.sh TOY   (TOY: build/<preset>/test/Unit/trainRuntimeToy)
# Exit code: 0 all survived, 1 a failure (it is described), 77 strace is not usable here.
set -u
toy=$(realpath "${1:?usage: $0 TOY}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

if ! strace -qq -o /dev/null -e inject=fsync:signal=KILL true 2>/dev/null; then
  echo "skipped: strace cannot trace here"
  exit 77
fi

# 16 samples of three numbers and a label, as .npy files.
npy() { # FILE SHAPE FORMAT-OF-DATA
  local header="{'descr': '<f4', 'fortran_order': False, 'shape': $2, }"
  printf '\x93NUMPY\x01\x00'"\\x$(printf %02x ${#header})"'\x00%s' "$header" >"$1"
  printf "$3" >>"$1"
}
row='\x00\x00\x80\x3f\x00\x00\x00\xbf\x00\x00\x80\x3e'
other='\x00\x00\x00\x40\x00\x00\x80\x3f\x00\x00\x80\xbf'
x= y=
for i in 1 2 3 4 5 6 7 8; do
  x+=$row$other
  y+="\\x00\\x00\\x80\\x3f\\x00\\x00\\x0${i}\\x40"
done
npy x.npy '(16, 3)' "$x"
npy y.npy '(16,)' "$y"

run() { # DIRECTORY OPTION...: a training to step 4 that saves after every step
  "${trace[@]}" "$toy" regression --data=x:x.npy --data=labels:y.npy --steps=4 --lr=0.01 \
    --checkpoint="$1" --save-every=1 --keep=1 "${@:2}" >out.txt 2>err.txt
}
fail() {
  echo "FAIL: $*"
  cat err.txt
  exit 1
}

trace=()
run whole --export=whole.safetensors || fail "undisturbed training"
run start --steps=1
[ $? = 0 ] && [ -d start/step-00000001 ] || fail "first step"

total=0
for accident in signal=KILL error=ENOSPC; do
  for call in openat write fsync close rename renameat2 mkdir unlink unlinkat rmdir flock; do
    for ((n = 1; ; ++n)); do
      rm -rf ck
      cp -r start ck
      trace=(strace -qq -o /dev/null -e "trace=$call" -e "inject=$call:$accident:when=$n")
      # In a shell of its own, which is the one to report the death.
      (run ck --resume) 2>/dev/null
      code=$?
      trace=()
      if [ $code = 0 ]; then
        # Either the training has fewer than n such calls, and all of them were tried,
        # or this error was one that it may ignore, such as that of a missing lock.
        [ $accident = signal=KILL ] && break
        ((n > 60)) && break
        continue
      fi
      # 127 is the dynamic loader's, for which the disk is full as well.
      if [ $accident = error=ENOSPC ] && ((code >= 124 && code != 127)); then
        fail "$accident at $call $n: exit code $code"
      fi
      ((++total))
      ls -d ck/step-* >/dev/null 2>&1 || fail "$accident at $call $n: no checkpoint left"
      run ck --resume --export=ck.safetensors || fail "$accident at $call $n: resume"
      cmp -s ck.safetensors whole.safetensors ||
        fail "$accident at $call $n: other parameters than undisturbed"
      [ -d ck/step-00000004 ] || fail "$accident at $call $n: left $(ls -A ck)"
    done
  done
done
echo "survived $total accidents"
((total > 50)) || fail "only $total accidents happened"
