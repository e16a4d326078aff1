#!/usr/bin/env bash
# install_packages.sh SECTION...: installs the Debian packages of packages.txt's sections that are missing. Says
# nothing, and asks apt for nothing, when all are there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

wanted() {
  awk -v sections=" $* " '
    /^\[/ { section = substr($1, 2, length($1) - 2); next }
    NF && $1 !~ /^#/ && index(sections, " " section " ")' packages.txt
}

missing=()
while read -r package alternative; do
  if [[ "$alternative" == cmd:* ]] && PATH="$PATH:/usr/sbin" command -v "${alternative#cmd:}" >/dev/null; then
    continue
  fi
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ "$status" == installed ]] || missing+=("$package")
done < <(wanted "$@")
[[ ${#missing[@]} -eq 0 ]] && exit 0

as_root=()
if [[ $EUID -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "These packages are missing, and installing them needs root or sudo: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "Installing ${#missing[@]} Debian packages: ${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
