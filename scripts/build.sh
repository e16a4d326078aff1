#!/usr/bin/env bash
# build.sh PRESET [--target NAME] [-DNAME=VALUE...]: builds build/PRESET, configured with those values (configured
# again only when they differ). Shows progress and an estimate on a terminal, and the compiler's words only when something
# fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=$1
shift
target=all
values=()
while [[ $# -gt 0 ]]; do
  case "$1" in
    --target) target=$2; shift ;;
    *) values+=("$1") ;;
  esac
  shift
done
folder="build/$preset"
log="$folder/build.log"
mkdir -p "$folder"

# ./run and ./run worker in two terminals build in the same folder: one after the other.
exec 9>"$folder/.lock"
flock 9

failed() {
  cat "$log" >&2
  is_clash_in_batch && echo "Two files that are compiled as one give a name two meanings: rename one of the two, or compile each
file alone: cmake --preset $preset -DSHUNT_BATCHES=OFF (docs/decisions/0022-batches.md)." >&2
  echo "The build failed (preset $preset)." >&2
  exit 1
}

is_configured() {
  [[ -f "$folder/build.ninja" ]] || return 1
  local value
  for value in "${values[@]}"; do
    value=${value#-D}
    grep -q "^${value%%=*}:[A-Z]*=${value#*=}$" "$folder/CMakeCache.txt" || return 1
  done
}

configure() {
  cmake --preset "$preset" "${values[@]}" >"$log" 2>&1
}

build() {
  if [[ -t 1 ]]; then
    NINJA_STATUS='[%f/%t] ' cmake --build "$folder" --target "$target" 2>&1 |
      /usr/bin/python3 -B scripts/build_progress.py "$log"
  else
    cmake --build "$folder" --target "$target" >"$log" 2>&1
  fi
}

# A change may have given a name two meanings in a batch of files; configuring makes batches without such a pair
# (docs/decisions/0022-batches.md).
is_clash_in_batch() {
  grep -q 'FAILED: .*/Unity/unity_' "$log" && grep -qE 'error: .*(redefinition|redeclar|ambiguous|shadows|conflicting)' "$log"
}

is_configured || configure || failed
build || { is_clash_in_batch && configure && build; } || failed
