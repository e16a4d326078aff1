#!/usr/bin/env bash
# install_packages.sh SECTION...: installs the packages of packages.txt's sections that are missing, under the names that
# this system has for them. Says nothing, and asks apt for nothing, when all are there.
# install_packages.sh --list SECTION...: prints those names and installs nothing.
# SHUNT_SYSTEM=debian13 stands for what /etc/os-release tells, to list another system's names.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

system=${SHUNT_SYSTEM:-$(. /etc/os-release && echo "${ID:-linux}${VERSION_ID:-}")}

# Each with the program that it may be satisfied by.
wanted() {
  awk -v sections=" $* " -v prefix="$system:" '
    /^\[/ { section = substr($1, 2, length($1) - 2); next }
    NF && $1 !~ /^#/ && index(sections, " " section " ") {
      name = $1
      program = ""
      for (i = 2; i <= NF; ++i) {
        if (index($i, prefix) == 1) name = substr($i, length(prefix) + 1)
        if ($i ~ /^cmd:/) program = $i
      }
      print name, program
    }' packages.txt
}

if [[ "${1:-}" == --list ]]; then
  wanted "${@:2}" | cut -d ' ' -f 1 | sort -u
  exit 0
fi

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
echo "Installing ${#missing[@]} packages: ${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  cat "$log" >&2
  grep -qF "$system" packages.txt ||
    echo "packages.txt knows no names of $system and was read as for Debian 12: docs/systems.md" >&2
  exit 1
fi
