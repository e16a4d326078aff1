#!/usr/bin/env python3
"""oci_archive.py ARCHIVE PATH: prints a file of an image that lies in an OCI archive (`buildah push oci-archive:`, `podman
save --format oci-archive`, `docker save` since Docker 25)."""

import io
import json
import sys
import tarfile

WHITEOUT = ".wh."


class Image:
    """The one image of an archive."""

    def __init__(self, path):
        self.archive = tarfile.open(path)
        manifests = self._json("index.json")["manifests"]
        if len(manifests) != 1:
            raise ValueError(f"{path} has {len(manifests)} images, and is to have one")
        manifest = self._blob_json(manifests[0])
        # Docker puts a list of images in between.
        while "manifests" in manifest:
            manifest = self._blob_json(manifest["manifests"][0])
        self.config = self._blob_json(manifest["config"])["config"]
        self.layers = manifest["layers"]

    def _json(self, name):
        return json.load(self.archive.extractfile(name))

    def _blob(self, descriptor):
        return self.archive.extractfile("blobs/" + descriptor["digest"].replace(":", "/"))

    def _blob_json(self, descriptor):
        return json.load(self._blob(descriptor))

    def layer_files(self):
        """An open tar file for each layer, the lowest first."""
        for layer in self.layers:
            with tarfile.open(fileobj=io.BytesIO(self._blob(layer).read())) as files:
                if any(name.rpartition("/")[2].startswith(WHITEOUT) for name in files.getnames()):
                    raise ValueError("a layer takes something away, which an image from scratch has no need to")
                yield files

    def read(self, path):
        found = None
        for files in self.layer_files():
            names = {name.removeprefix("./"): name for name in files.getnames()}
            if path in names:
                found = files.extractfile(names[path]).read()
        if found is None:
            raise KeyError(f"the image has no {path}")
        return found

    def unpack(self, folder):
        """With owners and modes, so as root."""
        for files in self.layer_files():
            files.extractall(folder, numeric_owner=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.stdout.buffer.write(Image(sys.argv[1]).read(sys.argv[2]))
