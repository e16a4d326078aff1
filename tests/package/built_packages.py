"""Debian packages of the build under test (SHUNT_BUILD_DIR), and looks into them."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["SHUNT_BUILD_DIR"])
LIBRARIES = os.environ["SHUNT_LIBDIR"]  # lib/x86_64-linux-gnu, below /usr
NAMES = ("shunt", "libbullmq1", "libbullmq-dev")


def output_of(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


def make(folder, version=None):
    """The .deb files by package, made in FOLDER; with VERSION instead of the tree's own."""
    # gzip takes a tenth of xz's time.
    arguments = ["-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip"]
    if version:
        arguments += ["-D", f"CPACK_DEBIAN_PACKAGE_VERSION={version}"]
    output_of(ROOT / "packaging/debian/make_packages.sh", BUILD, folder, *arguments)
    return {name: next(Path(folder).glob(f"{name}_*.deb")) for name in NAMES}


def files_of(deb):
    """Mode and owner by path, of all that is no folder."""
    found = {}
    for line in output_of("dpkg-deb", "--contents", deb).splitlines():
        mode, owner, _, _, _, path = line.split(None, 5)
        if not mode.startswith("d"):
            found[path.removeprefix(".").split(" -> ")[0]] = (mode, owner)
    return found


def field_of(deb, name):
    return output_of("dpkg-deb", "--field", deb, name).strip()
