#!/usr/bin/env bash
# build_previous.sh: builds `shunt` of the version before this one (the commit in tests/upgrade/previous_version) in
# build/previous, and prints the binary's path. Nothing is done twice.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
commit=$(git rev-parse --verify --quiet "$(<tests/upgrade/previous_version)^{commit}") || {
  echo "The commit of tests/upgrade/previous_version is not in this clone: git fetch --unshallow" >&2
  exit 1
}
folder="build/previous/$commit"
binary="$folder/build/release/bin/shunt"
if [[ ! -x "$binary" ]]; then
  mkdir -p "$folder"
  git archive "$commit" | tar -x -C "$folder"
  "$folder/scripts/build.sh" release --target shunt -DSHUNT_BUILD_TESTS=OFF -DSHUNT_BUILD_BENCH=OFF >&2
fi
echo "$PWD/$binary"
