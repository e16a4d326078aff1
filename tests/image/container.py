"""A container of runc, the runtime under Docker and Kubernetes."""

import json
import os
import subprocess
import time
from pathlib import Path


class Container:
    """Runs from the constructor on. What it says goes to a file."""

    def __init__(self, name, spec, folder):
        self.id = f"shunt-test-{os.getpid()}-{name}-{time.monotonic_ns()}"
        self.bundle = Path(folder) / self.id
        self.bundle.mkdir(parents=True)
        self.state = Path(folder) / "runc"
        (self.bundle / "config.json").write_text(json.dumps(spec, indent=1))
        self.log_path = self.bundle / "log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(self._runc("run", "--bundle", self.bundle, self.id), stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)

    def _runc(self, *arguments):
        return ["runc", "--root", str(self.state), *map(str, arguments)]

    def log(self):
        return self.log_path.read_text(errors="replace")

    def run(self, *command, timeout=60):
        """As `docker exec` and a health check do it."""
        return subprocess.run(self._runc("exec", self.id, *command), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=timeout)

    def pid(self):
        """Of its first process, as this machine counts."""
        told = subprocess.run(self._runc("state", self.id), check=True, capture_output=True, text=True, timeout=30)
        return json.loads(told.stdout)["pid"]

    def stop(self, grace=60):
        """As `docker stop` does it."""
        subprocess.run(self._runc("kill", self.id, "TERM"), check=True, capture_output=True, timeout=30)
        return self.process.wait(grace)

    def close(self):
        subprocess.run(self._runc("delete", "--force", self.id), capture_output=True, timeout=60)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
