"""The services of docker-compose.yml as containers on one network of their own, as `docker compose up` makes them."""

import os
import re
import subprocess

import compose
from container import Container
from network import Network
from runtime_spec import identity, spec
from waiting import eventually

PASSWORD = "c0ffee5ecret"
# Redis' image is Debian's redis-server in a Debian.
REDIS_IMAGE = {"Env": ["PATH=/usr/bin:/bin"], "WorkingDir": "/data"}


class Deployment:
    """`images`: root and config by what a service calls its image, up to its tag."""

    def __init__(self, folder, images, **environment):
        self.folder = folder
        self.images = images
        self.model = compose.config("--profile", "queue", environment={"REDIS_PASSWORD": PASSWORD, **environment})
        self.network = Network()
        self.hosts = folder / "hosts"
        self.hosts.write_text("127.0.0.1 localhost " + " ".join(self.model["services"]) + "\n")
        self.volumes = {}
        self.running = {}

    def service(self, name):
        return self.model["services"][name]

    def image_of(self, name):
        return self.images[re.split("[:@]", self.service(name)["image"])[0]]

    def _volumes_of(self, name, root):
        """A new volume has the owner and the mode of the folder in the image, as Docker does it."""
        for entry in self.service(name).get("volumes", []):
            volume, destination, _ = entry.split(":")
            if volume not in self.volumes:
                self.volumes[volume] = self.folder / volume
                told = (root / destination.lstrip("/")).stat()
                self.volumes[volume].mkdir(mode=told.st_mode & 0o7777)
                os.chown(self.volumes[volume], told.st_uid, told.st_gid)
        return self.volumes

    def start(self, name, **changes):
        """Starts a service. `changes` are of the service's words."""
        root, config = self.image_of(name)
        service = {**self.service(name), **changes}
        made = spec(name, service, config, root, self._volumes_of(name, root), self.hosts, self.network.path)
        self.running[name] = Container(name, made, self.folder)
        return self.running[name]

    def health(self, name):
        """What the service's own health check says."""
        kind, *words = self.service(name)["healthcheck"]["test"]
        command = ["sh", "-c", words[0].replace("$$", "$")] if kind == "CMD-SHELL" else words
        return self.running[name].run(*command)

    def until_healthy(self, name):
        eventually(lambda: self.health(name).returncode == 0, f"{name} is healthy:\n{self.running[name].log()}")

    def ask(self, *command, timeout=60):
        """Runs a program of this machine as a neighbour of the containers."""
        return subprocess.run(self.network.inside(*command), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=timeout)

    def close(self):
        for container in reversed(self.running.values()):
            container.close()
        self.network.close()


def redis_image(chroot):
    """Root and config of a Redis' image, made in a Debian's copy."""
    chroot.run("apt-get", "install", "-y", "--no-install-recommends", "redis-server")
    data = chroot.root / "data"
    data.mkdir()
    os.chown(data, *identity(chroot.root, "redis"))
    return chroot.root, REDIS_IMAGE


def copy_of(chroot, folder):
    """A Debian of one's own."""
    copy = object.__new__(type(chroot))
    copy.root = folder
    subprocess.run(["cp", "-a", chroot.root, folder], check=True)
    return copy
