#!/usr/bin/env bash
# release_tarball.sh FOLDER [COMMIT]: makes shunt-VERSION.tar.gz of COMMIT (otherwise HEAD) in FOLDER, and prints its path.
# BullMQ's Lua scripts, which this repository does not hold, go with it beside their licence, in bullmq/upstream/carried: to
# configure such a tree needs no npm. npm checks them against the hash in bullmq/upstream/package-lock.json.
# BULLMQ_PACKAGE=FOLDER names a copy of the npm package that was checked before. The same commit makes the same bytes.
set -euo pipefail
folder=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/.."
commit=$(git rev-parse --verify "${2:-HEAD}^{commit}")
version=$(git show "$commit:CMakeLists.txt" | sed -n 's/^project(shunt VERSION \([0-9.]*\).*/\1/p')
name=shunt-$version
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

git archive --prefix="$name/" "$commit" | tar -x -C "$work"
tree=$work/$name
package=${BULLMQ_PACKAGE:-}
if [[ -z "$package" ]]; then
  mkdir "$work/npm"
  cp "$tree"/bullmq/upstream/{package.json,package-lock.json,.npmrc} "$work/npm"
  (cd "$work/npm" && npm ci --ignore-scripts --omit=dev --omit=optional --omit=peer --no-audit --no-fund) >&2
  package=$work/npm/node_modules/bullmq
fi
carried=$tree/bullmq/upstream/carried
mkdir -p "$carried"
cp "$package"/{package.json,LICENSE} "$carried"
(cd "$package" && find dist/cjs/commands -name '*.lua' -print0 | tar -c --null -T -) | tar -x -C "$carried"

tar -c -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
  --mtime="@$(git log -1 --format=%ct "$commit")" "$name" | gzip -n -9 >"$folder/$name.tar.gz"
echo "$folder/$name.tar.gz"
