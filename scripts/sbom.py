#!/usr/bin/env python3
"""sbom.py BINARY OUTPUT: what is in a binary and which packages it needs to run, as CycloneDX 1.5 JSON for scanners.

Linked libraries are what the dynamic loader finds, compiled-in ones the [run] section of packages.txt, the scripts those
of the npm lock file; versions are those of this machine's packages. The same input gives the same bytes.
"""

import json
import re
import subprocess
import sys
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Of the packages whose headers become part of the binary; /usr/share/doc/PACKAGE/copyright has the whole texts.
LICENCES = {"libboost": "BSL-1.0", "libcli11": "BSD-3-Clause", "libtomlplusplus": "MIT",
            "libhiredis": "BSD-3-Clause", "libssl": "Apache-2.0", "libcurl": "curl",
            "libre2": "BSD-3-Clause", "prometheus-cpp": "MIT"}


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def licence_of(package):
    return next((licence for prefix, licence in LICENCES.items() if package.startswith(prefix)), None)


def debian_component(package, scope):
    """A component, or nothing if the package is not installed (an alternative of packages.txt)."""
    found = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version} ${Architecture}", package],
                           capture_output=True, text=True)
    if found.returncode != 0:
        return None
    name, version, architecture = found.stdout.split()
    purl = f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace(':', '%3A')}?arch={architecture}&distro=debian-12"
    component = {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl, "scope": scope}
    if licence := licence_of(name):
        component["licenses"] = [{"license": {"id": licence}}]
    return component


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
    section = re.search(r"^\[run\]\n(.*?)(?=^\[)", (ROOT / "packages.txt").read_text(), re.M | re.S).group(1)
    return sorted(name for name in re.findall(r"^([a-z][\w.+-]*-dev)\b", section, re.M))


def script_component():
    lock = json.loads((ROOT / "bullmq" / "upstream" / "package-lock.json").read_text())
    version = lock["packages"]["node_modules/bullmq"]["version"]
    purl = f"pkg:npm/bullmq@{version}"
    return {"type": "library", "name": "bullmq", "version": version, "purl": purl, "bom-ref": purl, "scope": "required",
            "licenses": [{"license": {"id": "MIT"}}], "description": "the Lua scripts of its package, embedded"}


def bill_of(binary):
    version = re.search(r"VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
    components = [debian_component(name, "required") for name in linked_packages(binary)]
    components += [debian_component(name, "required") for name in compiled_in_packages()]
    components = [component for component in components if component] + [script_component()]
    purl = f"pkg:generic/shunt@{version}"
    bill = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "metadata": {"component": {"type": "application", "name": "shunt", "version": version, "purl": purl,
                                       "bom-ref": purl, "licenses": [{"license": {"id": "MIT"}}]}},
            "components": components,
            "dependencies": [{"ref": purl, "dependsOn": [component["bom-ref"] for component in components]}]}
    # Named after its content, so that two builds of the same are the same.
    content = json.dumps(bill, sort_keys=True)
    return {"serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}", **bill}


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    Path(sys.argv[2]).write_text(json.dumps(bill_of(sys.argv[1]), indent=1) + "\n")
