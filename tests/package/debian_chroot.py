"""A bare Debian 12 in a folder, with apt and nothing else: what a package meets on a machine that nobody has prepared. Made
by debootstrap from the mirror that this machine's own apt uses, whichever that is. SHUNT_DEBIAN_ROOT names one that was
made before, to save the minutes."""

import os
import shutil
import subprocess

SUITE = "bookworm"
BARE_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8",
                    "DEBIAN_FRONTEND": "noninteractive"}
# /proc is this process's own, so nothing stays mounted when it has ended.
ENTER = 'mount -t proc proc "$1/proc" && root=$1 && shift && exec chroot "$root" "$@"'


def archives():
    """(site, release, component) of this machine's package lists."""
    told = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)", "Created-By: Packages"],
                          capture_output=True, text=True, check=True).stdout
    return sorted({tuple(line.split()) for line in told.splitlines() if len(line.split()) == 3})


def missing():
    """What this machine lacks for one, or nothing."""
    if os.geteuid() != 0:
        return "needs root: a chroot is made"
    if not shutil.which("debootstrap"):
        return "debootstrap is not installed"
    if not [archive for archive in archives() if archive[1] == SUITE]:
        return f"apt of this machine has no {SUITE}"
    return None


class Chroot:
    def __init__(self, folder):
        self.root = folder
        main = next(archive for archive in archives() if archive[1] == SUITE)
        if made_before := os.environ.get("SHUNT_DEBIAN_ROOT"):
            self._run(["cp", "-a", made_before, folder], os.environ)
        else:
            self._run(["debootstrap", "--variant=minbase", SUITE, folder, main[0]], os.environ)
        lines = [f"deb {site} {release} {component}\n" for site, release, component in archives() if SUITE in release]
        (folder / "etc/apt/sources.list").write_text("".join(lines))
        shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
        self.run("apt-get", "update")

    @staticmethod
    def _run(command, environment, timeout=600):
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=timeout)
        assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}"
        return done.stdout

    def command(self, *argv):
        """ARGV inside; the mounts are its own."""
        return ["unshare", "--mount", "sh", "-c", ENTER, "sh", str(self.root), *map(str, argv)]

    def run(self, *argv, **environment):
        return self._run(self.command(*argv), {**BARE_ENVIRONMENT, **environment})

    def install(self, *files):
        """By apt, from local files, with what they depend on."""
        folder = self.root / "packages"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for file in files:
            shutil.copy(file, folder)
        inside = [f"/packages/{file.name}" for file in files]
        return self.run("apt-get", "install", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold", *inside)

    def has(self, path):
        # A link may lead to a path that is meant inside.
        return os.path.lexists(self.root / path.lstrip("/"))
