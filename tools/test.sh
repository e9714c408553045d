#!/usr/bin/env bash
# All tests, from nothing: sets up a Debian 12 machine, builds everything, and runs the unit
# tests, the lit suites and the tests that are scripts. A case of a unit test, a lit test and
# a script count as one each. The last line is `N passed, N failed`, with `, N skipped` where
# there are some; the exit code is 0 if none failed.
#
# usage: tools/test.sh [--no-build] [FILTER]
#   --no-build  test what is built already
#   FILTER      only tests with this text in the name of their binary, file or script
set -uo pipefail
export LC_ALL=C.UTF-8
source "$(dirname "$0")/setup.sh"

build=1 filter=
for argument in "$@"; do
  case $argument in
  --no-build) build=0 ;;
  -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" && exit 0 ;;
  -*) train_fail "unknown option '$argument'; see $0 --help" ;;
  *) filter=$argument ;;
  esac
done

train_require "${train_build_packages[@]}" "${train_test_packages[@]}" "${train_demo_packages[@]}"
[ "$build" = 0 ] || train_make all
[ -f "$train_build/CTestTestfile.cmake" ] || train_fail "$train_build is not built"

passed=0 failed=0 skipped=0
logs=$train_build/test/logs
rm -rf "$logs"
mkdir -p "$logs"

# counted NAME PASSED FAILED SKIPPED SECONDS: one line per program that ran.
counted() {
  passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
  printf '%-34s %5d passed %4d failed %4d skipped %5d s\n' "$1" "$2" "$3" "$4" "$5"
}

# A binary that dies before its report is one failure more than it says.
unit_test() {
  local name=$1 started=$SECONDS code=0 report=$logs/$1.xml
  timeout 900 "$train_build/test/Unit/$name" --gtest_output="xml:$report" \
    >"$logs/$name.log" 2>&1 </dev/null || code=$?
  local total=0 bad=0 skip=0
  if [ -s "$report" ]; then
    total=$(grep -c '<testcase .*status="run"' "$report")
    skip=$(grep -c '<testcase .*result="skipped"' "$report")
    bad=$(sed -n 's/.*<testsuites [^>]*failures="\([0-9]*\)".*/\1/p' "$report")
  fi
  [ "$code" = 0 ] || [ "$bad" -gt 0 ] || bad=$((bad + 1)) total=$((total + 1))
  # Where it died is in the last test that it says to run.
  [ "$bad" = 0 ] || if [ -s "$report" ]; then
    grep -vE '^\[ (RUN     |      OK) \]' "$logs/$name.log" | tail -n 60
  else
    tail -n 20 "$logs/$name.log"
    echo "$name ended with code $code"
  fi
  counted "$name" $((total - bad - skip)) "$bad" "$skip" $((SECONDS - started))
}

lit_suites() {
  local started=$SECONDS report=$logs/lit.json lit
  lit=$(command -v lit-22 || command -v llvm-lit-22 || command -v lit) ||
    train_fail "lit is not here; it is part of llvm-22-tools"
  "$lit" -sv --no-progress-bar --timeout 600 -j "$(nproc)" ${filter:+--filter="$filter"} --allow-empty-runs \
    --output="$report" "$train_build/test/lit" </dev/null
  [ -s "$report" ] || { counted lit 0 1 0 $((SECONDS - started)); return; }
  count() { grep -cE "\"code\": \"($1)\"" "$report"; }
  counted lit "$(count 'PASS|XFAIL|FLAKYPASS')" "$(count 'FAIL|XPASS|TIMEOUT|UNRESOLVED')" \
    "$(count 'UNSUPPORTED|SKIPPED')" $((SECONDS - started))
}

# All else that CTest knows; it has their commands, time limits and what stands for skipped.
script() {
  local name=$1 started=$SECONDS log=$logs/$1.log
  ctest --test-dir "$train_build" -R "^$name\$" --output-on-failure >"$log" 2>&1 </dev/null
  if grep -q '^1/1 Test .*\*\*\*Skipped' "$log"; then
    counted "$name" 0 0 1 $((SECONDS - started))
  elif grep -q '^1/1 Test .* Passed ' "$log"; then
    counted "$name" 1 0 0 $((SECONDS - started))
  else
    tail -n 60 "$log"
    counted "$name" 0 1 0 $((SECONDS - started))
  fi
}

train_say "Tests"
names=$(ctest --test-dir "$train_build" -N | sed -n 's/^ *Test *#[0-9]*: //p')
for name in $names; do
  [[ $name != lit && $name == *$filter* ]] || continue
  if [ -x "$train_build/test/Unit/$name" ]; then unit_test "$name"; else script "$name"; fi
done
lit_suites

printf '\n'
if [ "$skipped" -gt 0 ]; then
  echo "$passed passed, $failed failed, $skipped skipped"
else
  echo "$passed passed, $failed failed"
fi
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
