#!/bin/bash
# make_root.sh ROOT PROGRAM...: puts into ROOT what the programs need of this Debian and nothing else: no shell, no package
# manager. Runs in a stage of the Dockerfile that has the packages installed.
#
# What is there: the programs with the libraries that the loader finds for them, the data of eSpeak NG, certificate
# authorities, the users root, nobody and shunt, and for each Debian package of which a file is there its
# copyright, its entry of dpkg's status and its checksums (var/lib/dpkg/status.d, where scanners of images look).
set -euo pipefail
root=$1
shift
work=$(mktemp -d)
umask 022
mkdir -p "$root"

# A file, and what it leads to if it is a link, by names without links of folders in them: /lib is a link to /usr/lib.
with_target() {
  local path
  path=$(readlink -f "$(dirname "$1")")/$(basename "$1")
  echo "$path"
  [[ ! -L "$path" ]] || readlink -f "$path"
}

libraries_of() {
  ldd "$1" | grep -o '/[^ ]*' || true
}

files() {
  local file
  for program in "$@"; do
    for file in "$program" $(libraries_of "$program"); do with_target "$file"; done
  done
  dpkg -L espeak-ng-data | while read -r file; do
    [[ -d "$file" || "$file" == /usr/share/doc/* ]] || with_target "$file"
  done
  for file in /etc/ssl/certs/ca-certificates.crt /etc/ssl/openssl.cnf /usr/lib/ssl/openssl.cnf /usr/lib/os-release \
    /etc/os-release; do with_target "$file"; done
}

# dpkg knows a file by the name under which it was packed: /lib/... or /usr/lib/...
packages_of() {
  local file
  while read -r file; do
    dpkg -S "$file" "${file#/usr}" 2>/dev/null || true
  done | sed 's/[:,].*//' | sort -u
}

# Where a package's documents are a link to those of another one of the same source, images leave the link out.
copyright_of() {
  local source other
  source=$(dpkg-query --show --showformat '${source:Package}' "$1")
  { echo "$source $1"; dpkg-query --show --showformat '${source:Package} ${Package}\n'; } |
    awk -v source="$source" '$1 == source { print $2 }' | while read -r other; do
      [[ ! -e "/usr/share/doc/$other/copyright" ]] || echo "/usr/share/doc/$other/copyright"
    done | sed -n 1p
}

# A package of which only a made file is there is named here: the bundle of authorities is no package's.
files "$@" | sort -u >"$work/files"
{ packages_of <"$work/files"; echo ca-certificates; } | sort -u >"$work/packages"

for link in bin lib lib64 sbin; do
  [[ ! -L "/$link" ]] || ln -s "$(readlink "/$link")" "$root/$link"
done
tar -C / -c --no-recursion --files-from <(sed 's#^/##' "$work/files") | tar -C "$root" -x

# OpenSSL looks for authorities here, libcurl for the bundle itself.
mkdir -p "$root/usr/lib/ssl"
ln -s /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"

for table in passwd group; do
  grep -E '^(root|nobody|nogroup|shunt):' "/etc/$table" | sed 's#:/bin/[a-z]*$#:/usr/sbin/nologin#' >"$root/etc/$table"
done
printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$root/etc/nsswitch.conf"
install -d -m 1777 "$root/tmp"
install -d "$root"/{proc,sys,dev,run,usr/sbin,var/lib}

status=$root/var/lib/dpkg/status.d
mkdir -p "$status"
while read -r package; do
  dpkg-query --status "$package" >"$status/$package"
  # A package that is there for several architectures at once has its architecture in the name.
  cat "/var/lib/dpkg/info/$package.md5sums" "/var/lib/dpkg/info/$package":*.md5sums >"$status/$package.md5sums" 2>/dev/null ||
    true
  mkdir -p "$root/usr/share/doc/$package"
  cp -L "$(copyright_of "$package")" "$root/usr/share/doc/$package/copyright"
done <"$work/packages"
rm -r "$work"
