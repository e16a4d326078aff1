#!/usr/bin/env bash
# make_packages.sh BUILD FOLDER [CPACK-ARGUMENTS...]: makes the Debian packages of what is built in BUILD, in FOLDER, which
# holds nothing else afterwards.
set -euo pipefail
build=$(cd "$1" && pwd)
mkdir -p "$2"
folder=$(cd "$2" && pwd)
shift 2
rm -rf "$folder"/*.deb "$folder/_CPack_Packages"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
umask 022
if ! (cd "$build" && cpack -G DEB -B "$folder" "$@") >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
rm -rf "$folder/_CPack_Packages"
