#!/usr/bin/env bash
# Formatting (clang-format 19) of every C++ file and static analysis (clang-tidy 19; .clang-tidy explains the
# checks) of every .cpp of the parts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/install_packages.sh run test lint clang

mapfile -t files < <(git ls-files '*.cpp' '*.hpp')
clang-format-19 --dry-run -Werror "${files[@]}"
echo "formatting: ${#files[@]} files"

# All that is not a test, so that a new part is not forgotten. packaging/ is built against an installed library.
mapfile -t sources < <(git ls-files '*.cpp' ':!tests' ':!bench' ':!packaging')
# In batches, since most of an analysis is the headers, which the files of a batch share. Larger ones than a compiler gets,
# which has an optimiser to feed. Configuring is enough: it makes the one generated source, too.
build=build/lint
cmake --preset clang -B $build -DSHUNT_BATCHES=ON -DSHUNT_BATCH_COST=4000 >/dev/null
units=$(scripts/units_of.py $build "${sources[@]}")

# analyse UNIT: as an argument of bash -c, for xargs.
analyse() {
  local checks=()
  # A batch includes .cpp files, which is its purpose.
  [[ $1 == */Unity/* ]] && checks=(--checks=-bugprone-suspicious-include)
  clang-tidy-19 -p "$build" --quiet --warnings-as-errors='*' "${checks[@]}" "$1" 2>/dev/null
}
export -f analyse
export build
xargs -P "$(nproc)" -I {} bash -c 'analyse "$@"' analyse {} <<<"$units"
echo "static analysis: ${#sources[@]} files"
