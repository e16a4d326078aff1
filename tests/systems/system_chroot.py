"""Another system in a folder: Debian 13 or Ubuntu 24.04, of a debootstrap. build/systems keeps each between runs, with its
packages and its compiler cache; remove the folder to begin anew. Debian comes from the mirror that this machine's own apt
uses, whichever that is, Ubuntu from its archive or SHUNT_UBUNTU_MIRROR."""

import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "package"))

from debian_chroot import BARE_ENVIRONMENT, ENTER  # noqa: E402

FOLDER = ROOT / "build" / "systems"
SUITES = {"debian13": "trixie", "ubuntu24.04": "noble"}
# A compiler is busy for an hour on a small machine.
LONGEST = 4 * 3600


def missing():
    """What this machine lacks for a chroot, or nothing."""
    if os.geteuid() != 0:
        return "needs root: a chroot is made"
    if not shutil.which("debootstrap"):
        return "debootstrap is not installed"
    return None if site_of("Debian") else "apt of this machine has no archive of Debian"


def site_of(label):
    """The mirror of one of Debian's archives that this machine uses, or nothing."""
    told = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", f"Label: {label}"],
                          capture_output=True, text=True, check=True).stdout.split()
    return told[0] if told else None


def ubuntu_mirror():
    return os.environ.get("SHUNT_UBUNTU_MIRROR", "http://archive.ubuntu.com/ubuntu")


def answers(mirror, suite):
    try:
        with urllib.request.urlopen(f"{mirror}/dists/{suite}/InRelease", timeout=20):
            return True
    except (urllib.error.URLError, OSError):
        return False


class System:
    def __init__(self, name):
        self.name, self.suite, self.root = name, SUITES[name], FOLDER / name
        self.log = FOLDER / f"{name}.log"
        FOLDER.mkdir(parents=True, exist_ok=True)

    def run(self, *argv, folder="/", **environment):
        """ARGV inside: what it printed. The mounts are its own, and nothing stays mounted when it has ended."""
        inside = ["env", f"--chdir={folder}", *map(str, argv)]
        return self._run(["unshare", "--mount", "sh", "-c", ENTER, "sh", str(self.root), *inside], environment)

    def start(self, *argv, folder, **environment):
        """A process of ARGV inside, whose output can be read."""
        inside = ["env", f"--chdir={folder}", *map(str, argv)]
        return subprocess.Popen(["unshare", "--mount", "sh", "-c", ENTER, "sh", str(self.root), *inside],
                                env={**BARE_ENVIRONMENT, **environment}, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def _run(self, command, environment=None):
        done = subprocess.run(command, env={**BARE_ENVIRONMENT, **(environment or {})}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LONGEST)
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(f"{command}\n{done.stdout}")
        assert done.returncode == 0, f"{command}\n{done.stdout[-8000:]}\nmore in {self.log}"
        return done.stdout

    def make(self):
        """The system without anything of ours, and its lists of packages."""
        if (self.root / "etc/apt/of-this-test").exists():
            return self
        shutil.rmtree(self.root, ignore_errors=True)
        lines = self._make_debian() if self.suite == "trixie" else self._make_ubuntu()
        (self.root / "etc/apt/sources.list").write_text("".join(f"deb {line}\n" for line in lines))
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        # Nobody misses it after a power cut, and dpkg waits for the disk no more than for the processor.
        (self.root / "etc/dpkg/dpkg.cfg.d/unsafe-io").write_text("force-unsafe-io\n")
        self.run("apt-get", "update")
        (self.root / "etc/apt/of-this-test").touch()
        return self

    def _make_debian(self):
        main, security = site_of("Debian"), site_of("Debian-Security")
        self._run(["debootstrap", "--variant=minbase", self.suite, self.root, main])
        return [f"{main} {self.suite} main", f"{main} {self.suite}-updates main",
                *([f"{security} {self.suite}-security main"] if security else [])]

    def _make_ubuntu(self):
        """By Debian 13, whose debootstrap knows this Ubuntu, and whose archive has the keys to check it with."""
        maker = System("debian13").make()
        maker.run("apt-get", "install", "-y", "--no-install-recommends", "debootstrap", "ubuntu-keyring")
        made = maker.root / "made"
        shutil.rmtree(made, ignore_errors=True)
        maker.run("debootstrap", "--variant=minbase", self.suite, "/made", ubuntu_mirror())
        made.rename(self.root)
        return [f"{ubuntu_mirror()} {self.suite}{pocket} main universe" for pocket in ("", "-updates", "-security")]

    def bring_tree(self, tarball):
        """Unpacks a release to /shunt; what was built there stays."""
        tree = self.root / "shunt"
        tree.mkdir(exist_ok=True)
        for entry in tree.iterdir():
            if entry.name != "build":
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        self._run(["tar", "-x", "-f", tarball, "-C", tree, "--strip-components=1", "--no-same-owner"])
