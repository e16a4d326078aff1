"""What is in a binary, or in an image with it: components with their versions, whichever format tells of them."""

import dataclasses
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Of the packages whose headers become part of the binary; /usr/share/doc/PACKAGE/copyright has the whole texts.
LICENCES = {"libboost": "BSL-1.0", "libcli11": "BSD-3-Clause", "libtomlplusplus": "MIT",
            "libhiredis": "BSD-3-Clause", "libssl": "Apache-2.0", "libcurl": "curl",
            "libre2": "BSD-3-Clause", "prometheus-cpp": "MIT"}


@dataclasses.dataclass(frozen=True)
class Component:
    name: str
    version: str
    purl: str
    compiled_in: bool  # else it lies beside the binary
    licence: str = ""  # "": not told
    description: str = ""


@dataclasses.dataclass(frozen=True)
class Bill:
    version: str  # of shunt
    binary_sha256: str
    in_image: bool
    components: tuple

    @property
    def purl(self):
        return f"pkg:generic/shunt@{self.version}"


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def debian_component(name, version, architecture, release, compiled_in):
    told = version.replace("+", "%2B").replace(":", "%3A")
    purl = f"pkg:deb/debian/{name}@{told}?arch={architecture}&distro=debian-{release}"
    licence = next((licence for prefix, licence in LICENCES.items() if name.startswith(prefix)), "")
    return Component(name, version, purl, compiled_in, licence)


def release_of(root):
    """Debian's: "12"."""
    return re.search(r'^VERSION_ID="?([\w.]+)"?$', (Path(root) / "usr/lib/os-release").read_text(), re.M).group(1)


def installed(package, compiled_in):
    """A package of this machine, or nothing if it is not installed (an alternative of packages.txt)."""
    found = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version} ${Architecture}", package],
                           capture_output=True, text=True)
    return [debian_component(*found.stdout.split(), release_of("/"), compiled_in)] if found.returncode == 0 else []


def names_of(file):
    """/lib is a link to /usr/lib, and dpkg knows a file by the name under which it was packed."""
    real = str(Path(file).resolve())
    return {file, real, file.removeprefix("/usr"), real.removeprefix("/usr")}


def linked_packages(binary):
    """The packages of every library that the loader brings in."""
    files = re.findall(r"=> (/\S+)", output_of("ldd", binary))
    asked = sorted({name for file in files for name in names_of(file)})
    # It fails for the names that no package has, and tells of the others all the same.
    told = subprocess.run(["dpkg", "-S", *asked], capture_output=True, text=True).stdout
    owners = {path: owner.split(":")[0] for owner, path in re.findall(r"^(\S+): (/\S+)$", told, re.M)}
    if strangers := [file for file in files if not names_of(file) & owners.keys()]:
        sys.exit(f"sbom.py: no package has {', '.join(strangers)}")
    return sorted({owners[name] for file in files for name in names_of(file) if name in owners})


def compiled_in_packages():
    listed = output_of(ROOT / "scripts/install_packages.sh", "--list", "run").split()
    return sorted(name for name in listed if name.endswith("-dev"))


def scripts():
    lock = json.loads((ROOT / "bullmq" / "upstream" / "package-lock.json").read_text())
    version = lock["packages"]["node_modules/bullmq"]["version"]
    return Component("bullmq", version, f"pkg:npm/bullmq@{version}", True, "MIT",
                     "the Lua scripts of its package, embedded")


def packages_in(image):
    """Of the Debian packages whose files are in a file system that packaging/image/make_root.sh has made."""
    found = []
    for status in sorted((Path(image) / "var/lib/dpkg/status.d").iterdir()):
        if status.suffix == ".md5sums" or status.name == "shunt":
            continue
        fields = dict(re.findall(r"^(Package|Version|Architecture): (\S+)$", status.read_text(), re.M))
        found.append(debian_component(fields["Package"], fields["Version"], fields["Architecture"], release_of(image),
                                      compiled_in=False))
    return found


def bill_of(binary, image=None):
    version = re.search(r"VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
    beside = packages_in(image) if image else [
        component for name in linked_packages(binary) for component in installed(name, compiled_in=False)]
    inside = [component for name in compiled_in_packages() for component in installed(name, compiled_in=True)]
    run = Path(image) / "usr/bin/shunt" if image else Path(binary)
    return Bill(version, hashlib.sha256(run.read_bytes()).hexdigest(), image is not None,
                (*beside, *inside, scripts()))
