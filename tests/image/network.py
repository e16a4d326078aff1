"""A network namespace with nothing but its own loopback: the services' ports are free in it, whatever this machine runs."""

import itertools
import os
import subprocess

NUMBERS = itertools.count()


class Network:
    def __init__(self):
        self.name = f"shunt-test-{os.getpid()}-{next(NUMBERS)}"
        self._run("ip", "netns", "add", self.name)
        try:
            self._run("ip", "-n", self.name, "link", "set", "lo", "up")
        except Exception:
            self.close()
            raise

    @staticmethod
    def _run(*command):
        subprocess.run(command, check=True, capture_output=True, timeout=30)

    @property
    def path(self):
        return f"/run/netns/{self.name}"

    def inside(self, *command):
        return ["ip", "netns", "exec", self.name, *map(str, command)]

    def close(self):
        self._run("ip", "netns", "delete", self.name)
