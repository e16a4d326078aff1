#!/usr/bin/env bash
# make_image.sh FOLDER: builds the image and writes to FOLDER
#   shunt-image-VERSION-ARCHITECTURE.tar         the image, an OCI archive: docker load, podman load, skopeo copy oci-archive:
#   shunt-image-VERSION-ARCHITECTURE.cdx.json    what is in it, as CycloneDX; the same is in the image
#   shunt-image-VERSION-ARCHITECTURE.spdx.json   and as SPDX
#   shunt-image-VERSION-ARCHITECTURE.sha256      of these three, for sha256sum --check
# with docker (25 or newer), podman or buildah, whichever is found first or CONTAINER_TOOL names. BUILD_IMAGE and RUN_IMAGE
# are build arguments of the Dockerfile, for who has a Debian of their own.
set -euo pipefail
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tool=${CONTAINER_TOOL:-}
for candidate in docker podman buildah; do
  [[ -n "$tool" ]] || ! command -v "$candidate" >/dev/null || tool=$candidate
done
case "$tool" in
  docker | podman | buildah) ;;
  "") echo "make_image.sh: none of docker, podman and buildah is installed" >&2; exit 1 ;;
  *) echo "make_image.sh: CONTAINER_TOOL is docker, podman or buildah, got $tool" >&2; exit 2 ;;
esac

version=$(sed -n 's/^project(shunt VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
name=shunt-image-$version-$(dpkg --print-architecture)
archive=$folder/$name.tar
arguments=()
for argument in BUILD_IMAGE RUN_IMAGE; do
  [[ -z "${!argument:-}" ]] || arguments+=(--build-arg "$argument=${!argument}")
done

rm -f "$folder/$name".*
"$tool" build "${arguments[@]}" --tag "shunt:$version" .
case "$tool" in
  docker) docker save --output "$archive" "shunt:$version" ;;
  podman) podman save --format oci-archive --output "$archive" "shunt:$version" ;;
  buildah) buildah push "shunt:$version" "oci-archive:$archive:shunt:$version" ;;
esac
for kind in cdx spdx; do
  /usr/bin/python3 -B packaging/image/oci_archive.py "$archive" "usr/share/shunt/shunt.$kind.json" >"$folder/$name.$kind.json"
done
(cd "$folder" && sha256sum "$name.tar" "$name.cdx.json" "$name.spdx.json" >"$name.sha256")
ls "$folder/$name".*
