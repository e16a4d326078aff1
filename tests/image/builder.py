"""Buildah without a daemon, without root in namespaces and without a registry: RUN lines run in a chroot, layers are folders.
The image's base is a Debian that debootstrap makes from the mirror of this machine's own apt, in place of debian:12."""

import os
import subprocess
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BASE = "localhost/shunt-test-base"
# As in Debian's own images: packages are unpacked without waiting for the disk, and leave most of their documents out.
DPKG_OPTIONS = """force-unsafe-io
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/locale/*
"""
BUILD_TIME = 3600  # all is compiled, on two cores that others may use, too


def storage_driver(folder):
    """overlay where this machine lets one be mounted; else vfs, which copies each layer whole."""
    for name in ("lower", "upper", "work", "merged"):
        (folder / name).mkdir()
    options = f"lowerdir={folder}/lower,upperdir={folder}/upper,workdir={folder}/work"
    mounted = subprocess.run(["unshare", "--mount", "mount", "-t", "overlay", "overlay", "-o", options, folder / "merged"],
                             capture_output=True, timeout=60)
    return "overlay" if mounted.returncode == 0 else "vfs"


class Builder:
    def __init__(self, folder):
        driver = os.environ.get("STORAGE_DRIVER") or storage_driver(folder)
        storage = folder / "storage.conf"
        storage.write_text(f'[storage]\ndriver = "{driver}"\ngraphroot = "{folder}/layers"\nrunroot = "{folder}/run"\n')
        self.options = folder / "of-an-image"
        self.options.write_text(DPKG_OPTIONS)
        self.environment = {**os.environ, "CONTAINER_TOOL": "buildah", "CONTAINERS_STORAGE_CONF": str(storage),
                            "STORAGE_DRIVER": driver, "BUILDAH_ISOLATION": "chroot",
                            "BUILD_IMAGE": BASE, "RUN_IMAGE": BASE}

    def run(self, *command, timeout=600):
        done = subprocess.run([str(part) for part in command], env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout)
        assert done.returncode == 0, f"{command}\n{done.stdout[-8000:]}"
        return done.stdout

    def take_base(self, debian):
        """Makes the base image of a folder."""
        container = self.run("buildah", "from", "scratch").strip()
        self.run("buildah", "add", "--quiet", container, debian, "/")
        self.run("buildah", "copy", "--quiet", container, self.options, "/etc/dpkg/dpkg.cfg.d/")
        self.run("buildah", "commit", "--quiet", container, BASE)
        self.run("buildah", "rm", container)

    def make(self, tree, folder):
        """The archive and what lies beside it, as a user makes them."""
        self.run(tree / "packaging/image/make_image.sh", folder, timeout=BUILD_TIME)
        return folder


def release_of_this_tree(folder):
    """A release as users unpack it. It carries BullMQ's scripts, so that its build asks no registry of npm's, whose
    certificate a bare Debian may not know where there is a mirror."""
    # npm has checked this copy when the build was configured.
    package = Path(os.environ["SHUNT_BUILD_DIR"]).resolve() / "bullmq/upstream/node_modules/bullmq"
    done = subprocess.run([ROOT / "packaging/release_tarball.sh", folder], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "BULLMQ_PACKAGE": str(package)})
    assert done.returncode == 0, done.stderr
    with tarfile.open(done.stdout.strip()) as archive:
        archive.extractall(folder)
    return next(path for path in folder.iterdir() if path.is_dir())
