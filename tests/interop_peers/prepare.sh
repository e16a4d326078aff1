#!/bin/sh
# prepare.sh FOLDER: the official Python client in FOLDER/venv, and the official Rust client behind the line protocol
# as FOLDER/cargo/debug/rust-remote (some minutes the first time). Does only what is missing.
set -eu
folder=$1
here=$(cd "$(dirname "$0")" && pwd)
if ! cmp -s "$here/requirements.txt" "$folder/venv/.installed"; then
  rm -rf "$folder/venv"
  python3 -m venv "$folder/venv"
  "$folder/venv/bin/pip" install --no-input --disable-pip-version-check --quiet --requirement "$here/requirements.txt"
  cp "$here/requirements.txt" "$folder/venv/.installed"
fi
CARGO_TARGET_DIR="$folder/cargo" cargo build --locked --quiet --jobs "${CMAKE_BUILD_PARALLEL_LEVEL:-2}" \
  --manifest-path "$here/rust/Cargo.toml"
echo "python $("$folder/venv/bin/pip" --disable-pip-version-check show bullmq | sed -n 's/^Version: //p')," \
  "rust $(sed -n '/^name = "bullmq-official"/{n;s/version = //p}' "$here/rust/Cargo.lock")"
