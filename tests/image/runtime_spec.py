"""A service of docker-compose.yml as the configuration of an OCI runtime: what a container engine makes of the file's words
and of the image's. A word of a service that is not understood here is an error, so that none is passed over in silence."""

import re
import shlex
from pathlib import Path

from seccomp import default_seccomp

# What says when a service starts, not as what.
ELSEWHERE = {"build", "image", "profiles", "restart", "stop_grace_period", "healthcheck", "depends_on", "ports"}
UNDERSTOOD = ELSEWHERE | {"init", "security_opt", "cap_drop", "read_only", "tmpfs", "pids_limit", "cpus", "volumes",
                          "mem_limit", "environment", "command", "user"}
NAMESPACES = ("pid", "ipc", "uts", "mount")
MASKED = ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/sched_debug",
          "/proc/scsi", "/sys/firmware"]
READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
TINI = "/usr/bin/tini-static"  # as Docker mounts one of its own for `init: true`


def size(text):
    number, unit = re.fullmatch(r"(\d+) ?([kmg]?)b?", str(text).lower()).groups()
    return int(number) * 1024 ** " kmg".index(unit or " ")


def identity(root, name):
    """Numbers of a user, as the image's own table has them."""
    for line in (Path(root) / "etc/passwd").read_text().splitlines():
        user, _, number, group, *_ = line.split(":")
        if name in (user, number):
            return int(number), int(group)
    raise KeyError(f"the image has no user {name!r}")


def words(command):
    return shlex.split(command) if isinstance(command, str) else list(command)


def arguments(service, image):
    command = words(service.get("command") or image.get("Cmd") or [])
    # Compose writes a dollar twice where it means one.
    return [part.replace("$$", "$") for part in (image.get("Entrypoint") or []) + command]


def environment(service, image):
    return [*image.get("Env", []), *[f"{name}={value}" for name, value in service.get("environment", {}).items()]]


def standard_mounts():
    def mount(destination, kind, *options):
        return {"destination": destination, "type": kind, "source": kind, "options": ["nosuid", *options]}

    return [mount("/proc", "proc", "noexec", "nodev"), mount("/dev", "tmpfs", "strictatime", "mode=755", "size=65536k"),
            mount("/dev/pts", "devpts", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"),
            mount("/dev/shm", "tmpfs", "noexec", "nodev", "mode=1777", "size=65536k"),
            mount("/dev/mqueue", "mqueue", "noexec", "nodev"), mount("/sys", "sysfs", "noexec", "nodev", "ro")]


def bound(source, destination, *options):
    return {"destination": destination, "type": "bind", "source": str(source), "options": ["rbind", *options]}


def mounts(service, volumes, hosts):
    found = standard_mounts()
    for entry in service.get("tmpfs", []):
        destination, _, options = entry.partition(":")
        found.append({"destination": destination, "type": "tmpfs", "source": "tmpfs",
                      "options": ["nosuid", "nodev", *filter(None, options.split(","))]})
    for entry in service.get("volumes", []):
        volume, destination, mode = entry.split(":")
        found.append(bound(volumes[volume], destination, mode))
    found.append(bound(hosts, "/etc/hosts", "ro"))
    if service.get("init"):
        found.append(bound(TINI, "/sbin/docker-init", "ro"))
    return found


def resources(service):
    made = {"devices": [{"allow": False, "access": "rwm"}]}
    if "mem_limit" in service:
        made["memory"] = {"limit": size(service["mem_limit"])}
    if "pids_limit" in service:
        made["pids"] = {"limit": int(service["pids_limit"])}
    if "cpus" in service:
        made["cpu"] = {"period": 100000, "quota": int(float(service["cpus"]) * 100000)}
    return made


def spec(name, service, image, root, volumes, hosts, network):
    """`image`: the config of an OCI image; `network`: the path of a network namespace."""
    if strange := set(service) - UNDERSTOOD:
        raise ValueError(f"the service {name} has {sorted(strange)}, which tests/image does not understand")
    if service.get("cap_drop") != ["ALL"]:
        raise ValueError(f"the service {name} keeps capabilities, and here a container has none")
    user, group = identity(root, service.get("user") or image.get("User") or "root")
    argv = arguments(service, image)
    if service.get("init"):
        argv = ["/sbin/docker-init", "--", *argv]
    return {
        "ociVersion": "1.0.2",
        "hostname": name,
        "process": {
            "terminal": False, "user": {"uid": user, "gid": group}, "args": argv, "env": environment(service, image),
            "cwd": image.get("WorkingDir") or "/",
            "noNewPrivileges": "no-new-privileges:true" in service.get("security_opt", []),
            "capabilities": {kind: [] for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")},
        },
        "root": {"path": str(root), "readonly": bool(service.get("read_only"))},
        "mounts": mounts(service, volumes, hosts),
        "linux": {
            "namespaces": [*({"type": kind} for kind in NAMESPACES), {"type": "network", "path": str(network)}],
            "resources": resources(service), "seccomp": default_seccomp(), "maskedPaths": MASKED,
            "readonlyPaths": READ_ONLY,
        },
    }
