"""The image is built once for all tests here. SHUNT_IMAGE_FOLDER names what packaging/image/make_image.sh has written before,
and SHUNT_DEBIAN_ROOT a bare Debian, to save the minutes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), *[str(ROOT / folder) for folder in (
    "tests/support", "tests/package", "tests/deploy", "tests/e2e/dialects", "packaging/image")]]

import debian_chroot  # noqa: E402
from builder import Builder, release_of_this_tree  # noqa: E402
from oci_archive import Image  # noqa: E402

PROGRAMS = ("buildah", "debootstrap", "ip", "runc", "tini-static")


def pytest_collection_modifyitems(items):
    """What needs a Debian is opt-in."""
    if os.environ.get("SHUNT_TEST_IMAGE") != "1":
        for item in [item for item in items if "debian" in item.fixturenames]:
            item.add_marker(pytest.mark.skip(reason="SHUNT_TEST_IMAGE=1 (./test --image) runs it"))


@pytest.fixture(scope="session")
def debian(tmp_path_factory):
    """A bare Debian 12 with apt and nothing else. Never changed: who installs something has a copy."""
    if reason := debian_chroot.missing():
        pytest.skip(reason)
    if not (ROOT / ".git").exists():
        pytest.skip("no clone: a release is made of a commit")
    if absent := [name for name in PROGRAMS if not shutil.which(name)]:
        pytest.skip(f"not installed: {', '.join(absent)} (packages.txt: [image], [image-test])")
    folder = tmp_path_factory.mktemp("debian")
    yield debian_chroot.Chroot(folder / "bare")
    remove(folder)


@pytest.fixture(scope="session")
def made(debian, tmp_path_factory):
    """The folder with the archive, its bills and their checksums."""
    if before := os.environ.get("SHUNT_IMAGE_FOLDER"):
        yield Path(before)
        return
    folder = tmp_path_factory.mktemp("builder")
    builder = Builder(folder)
    builder.take_base(debian.root)
    release = release_of_this_tree(tmp_path_factory.mktemp("release"))
    yield builder.make(release, tmp_path_factory.mktemp("made"))
    remove(folder)


@pytest.fixture(scope="session")
def archive(made):
    return next(made.glob("shunt-image-*.tar"))


@pytest.fixture(scope="session")
def image(archive):
    return Image(archive)


def unpacked(image, folder):
    root = folder / "root"
    root.mkdir()
    image.unpack(root)
    yield root
    remove(folder)


@pytest.fixture(scope="session")
def root(image, tmp_path_factory):
    """The image's file system, as it is in the archive."""
    yield from unpacked(image, tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="session")
def container_root(image, tmp_path_factory):
    """The same to make containers of: the runtime puts files there to mount upon."""
    yield from unpacked(image, tmp_path_factory.mktemp("containers"))


def remove(folder):
    subprocess.run(["rm", "-rf", "--one-file-system", folder], check=True)
