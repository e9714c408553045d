# What demo.sh and test.sh have in common: the packages of a Debian 12 machine, and the build.
# Sourced, never run. Promises: no network and no privilege is used where all packages are
# there; nothing outside the build directory is written except by apt-get; every failure
# ends the script with the reason.

train_source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
train_preset=${TRAIN_PRESET:-dev}
train_build=$train_source/build/$train_preset

# What the compiler, its runtime and the executables that it links are built with.
train_build_packages=(cmake ninja-build ccache clang-22 lld-22 libmlir-22-dev mlir-22-tools
  llvm-22-dev llvm-22-tools nlohmann-json3-dev libcli11-dev zlib1g-dev)
# lit is a part of llvm-22-tools and needs psutil for its time limits; strace injects the kills of the checkpoint test;
# chromium looks at the page of a memory report (122 MB to fetch).
train_test_packages=(libgtest-dev libgmock-dev libclang-rt-22-dev python3-psutil strace chromium)
train_demo_packages=(dict-gcide)

train_say() { printf '\n== %s\n' "$*"; }

train_fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# train_quiet LOG WHAT COMMAND...: the command's output goes to a log, and is shown if it fails.
train_quiet() {
  local log=$1 what=$2
  shift 2
  mkdir -p "$(dirname "$log")"
  if ! "$@" >"$log" 2>&1 </dev/null; then
    tail -n 40 "$log" >&2
    train_fail "$what failed; all of its output is in $log"
  fi
}

# train_require PACKAGE...: installs those that are missing.
train_require() {
  if ! command -v dpkg-query >/dev/null; then
    echo "This is not Debian; going on with the tools that are here. Needed: $*"
    return
  fi
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  train_say "Installing ${missing[*]}"
  local root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null ||
      train_fail "as root or with sudo, first run: apt-get install ${missing[*]}"
    root=(sudo)
  fi
  train_quiet "$train_source/build/apt-update.log" "apt-get update" "${root[@]}" apt-get update
  train_quiet "$train_source/build/apt-install.log" "apt-get install" \
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}"
}

# A job per processor, and not more than one for each 2 GiB: that is what a file with MLIR's
# headers may take.
train_jobs() {
  local processors gib jobs
  processors=$(nproc)
  gib=$(awk '/^MemTotal/ { print int($2 / 1048576) }' /proc/meminfo)
  jobs=$((gib / 2 < processors ? gib / 2 : processors))
  echo $((jobs > 0 ? jobs : 1))
}

# train_make TARGET...: configures if need be, and builds; ninja's own output is the progress.
train_make() {
  local jobs
  jobs=$(train_jobs)
  train_say "Building $* (preset $train_preset, $jobs jobs)"
  cd "$train_source" || exit 1
  train_quiet "$train_source/build/configure-$train_preset.log" "cmake" \
    cmake --preset "$train_preset"
  cmake --build "$train_build" -j "$jobs" --target "$@" || train_fail "the build failed"
}
