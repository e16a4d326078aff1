#!/usr/bin/env bash
# Formatting (clang-format 19) of every C++ file and static analysis (clang-tidy 19; .clang-tidy explains the
# checks) of every .cpp of the parts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/install_packages.sh run test lint clang

mapfile -t files < <(git ls-files '*.cpp' '*.hpp')
clang-format-19 --dry-run -Werror "${files[@]}"
echo "formatting: ${#files[@]} files"

# Configuring is enough: it makes the one generated source, too.
cmake --preset clang >/dev/null
# All that is not a test, so that a new part is not forgotten. packaging/ is built against an installed library.
mapfile -t sources < <(git ls-files '*.cpp' ':!tests' ':!bench' ':!packaging')
printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -n 1 clang-tidy-19 -p build/clang --quiet --warnings-as-errors='*' 2>/dev/null
echo "static analysis: ${#sources[@]} files"
