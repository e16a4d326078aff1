#!/usr/bin/env bash
# arm64_sysroot.sh FOLDER: what is compiled and linked to for arm64, and what the programs then run with: Debian's arm64
# packages of all that packages.txt names "-dev", unpacked in FOLDER. This machine's own packages and its list of
# architectures stay as they are, and no root is needed: apt works with files of its own in FOLDER.apt, the mirrors of
# this machine and no installed package. Does nothing when FOLDER is of today's list.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
sysroot=$(realpath -m "$1")
apt=$sysroot.apt

mapfile -t packages < <(scripts/install_packages.sh --list run test | grep -e '-dev$')
packages+=(libc6-dev)
wanted="arm64 ${packages[*]}"
[[ "$(cat "$sysroot.holds" 2>/dev/null)" == "$wanted" ]] && exit 0

rm -rf "$sysroot" "$sysroot.holds"
mkdir -p "$sysroot"/usr/{bin,lib,sbin} "$apt"/{state/lists,cache/archives}/partial
: >"$apt/status"
# Only what this release of Debian is made of: others' archives need not have arm64.
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
apt-get indextargets --format 'deb $(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
  awk -v release="$release" 'index($3, release) == 1' | sort -u >"$apt/sources.list"
settings=(-o "Dir::State=$apt/state" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
  -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Debug::NoLocking=1
  -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o "APT::Sandbox::User=$(id -un)")
if ! { apt-get "${settings[@]}" update && apt-get "${settings[@]}" install -y --download-only --no-install-recommends \
  "${packages[@]}"; } >"$apt/log" 2>&1; then
  cat "$apt/log" >&2
  exit 1
fi

# Debian has these as links, and its packages are unpacked through them.
for name in bin lib sbin; do ln -s "usr/$name" "$sysroot/$name"; done
for package in "$apt"/cache/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -C "$sysroot" -x --keep-directory-symlink --no-same-owner
done
# A link to /lib/... means the sysroot's.
find "$sysroot" -type l -lname '/*' -printf '%p\t%l\n' | while IFS=$'\t' read -r link target; do
  ln -sfrT "$sysroot$target" "$link"
done
rm -rf "$apt"
echo "$wanted" >"$sysroot.holds"
