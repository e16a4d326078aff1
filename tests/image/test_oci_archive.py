"""packaging/image/oci_archive.py on archives that are not as they should be."""

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from oci_archive import Image

SCRIPT = Path(__file__).resolve().parents[2] / "packaging/image/oci_archive.py"


def tar_of(files):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return data.getvalue()


class Archive:
    def __init__(self):
        self.files = {}

    def blob(self, data):
        digest = hashlib.sha256(data).hexdigest()
        self.files[f"blobs/sha256/{digest}"] = data
        return {"digest": f"sha256:{digest}"}

    def json(self, document):
        return self.blob(json.dumps(document).encode())

    def image(self, *layers):
        config = self.json({"config": {"User": "shunt"}})
        return self.json({"config": config, "layers": [self.blob(tar_of(layer)) for layer in layers]})

    def write(self, path, *manifests):
        self.files["index.json"] = json.dumps({"manifests": manifests}).encode()
        path.write_bytes(tar_of(self.files))
        return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "image.tar"


def test_a_file_is_that_of_the_highest_layer(path):
    archive = Archive()
    Image(archive.write(path, archive.image({"a": b"low", "./b": b"dotted"}, {"a": b"high"})))
    assert Image(path).read("a") == b"high" and Image(path).read("b") == b"dotted"
    assert Image(path).config == {"User": "shunt"}


def test_a_list_of_images_in_between_is_followed(path):
    archive = Archive()
    image = archive.image({"a": b"text"})
    assert Image(archive.write(path, archive.json({"manifests": [image]}))).read("a") == b"text"


@pytest.mark.parametrize("count", [0, 2])
def test_an_archive_is_of_one_image(path, count):
    archive = Archive()
    manifests = [archive.image({"a": bytes([number])}) for number in range(count)]
    with pytest.raises(ValueError, match=f"{count} images"):
        Image(archive.write(path, *manifests))


def test_a_layer_that_takes_something_away_is_refused(path):
    archive = Archive()
    archive.write(path, archive.image({"etc/shadow": b"x"}, {"etc/.wh.shadow": b""}))
    with pytest.raises(ValueError, match="takes something away"):
        Image(path).read("etc/shadow")


def test_the_program_fails_for_a_path_that_is_not_there_and_for_what_is_no_archive(path):
    archive = Archive()
    archive.write(path, archive.image({"a": b"text"}))
    for argument, words in [("b", "the image has no b"), ("a", None)]:
        done = subprocess.run([sys.executable, SCRIPT, path, argument], capture_output=True, text=True, timeout=30)
        assert (done.returncode == 0 and done.stdout == "text") if words is None else words in done.stderr
    path.write_bytes(b"no archive")
    assert subprocess.run([sys.executable, SCRIPT, path, "a"], capture_output=True, timeout=30).returncode != 0


def test_a_tool_that_is_not_known_is_refused_before_anything_is_built(tmp_path):
    done = subprocess.run([SCRIPT.parent / "make_image.sh", tmp_path / "out"], capture_output=True, text=True, timeout=30,
                          env={"PATH": "/usr/bin:/bin", "CONTAINER_TOOL": "kaniko"})
    assert done.returncode == 2 and "kaniko" in done.stderr
    assert not list((tmp_path / "out").iterdir())
