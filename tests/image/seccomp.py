"""The system calls that a container engine allows by default, as an OCI runtime wants them: the profile of Debian's
golang-github-containers-common, which is Docker's in all that matters here."""

import json
import platform
from pathlib import Path

PROFILE = Path("/usr/share/containers/seccomp.json")
ARCHITECTURES = {"x86_64": ("amd64", "SCMP_ARCH_X86_64"), "aarch64": ("arm64", "SCMP_ARCH_AARCH64")}


def applies(rule, architecture):
    """For a container without a single capability."""
    wanted, unwanted = rule.get("includes") or {}, rule.get("excludes") or {}
    if wanted.get("caps") or architecture in unwanted.get("arches", []):
        return False
    return not wanted.get("arches") or architecture in wanted["arches"]


def default_seccomp():
    profile = json.loads(PROFILE.read_text())
    architecture, name = ARCHITECTURES[platform.machine()]
    rules = []
    for rule in profile["syscalls"]:
        if applies(rule, architecture):
            told = {key: rule[key] for key in ("names", "action", "errnoRet") if rule.get(key) is not None}
            if rule.get("args"):
                told["args"] = rule["args"]
            rules.append(told)
    return {"defaultAction": profile["defaultAction"], "defaultErrnoRet": profile["defaultErrnoRet"],
            "architectures": [name], "syscalls": rules}
