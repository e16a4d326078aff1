"""Starts `shunt serve` on a free port and stops it."""

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path

import wire
from fast_path import with_fast_path
from time_for_redis import TIME_FOR_REDIS
from waiting import eventually

QUICK_MODEL = """
[models.quick]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "0ms"
spread = 0.0
concurrency = 1000
"""

# Models whose behaviour a test decides by its input. A client may be slow on a machine that does other things too: tests of
# clients that are meant to be too slow shorten the timeouts.
CONFIG = """
[server]
header_timeout = "10s"
body_timeout = "10s"
half_close_grace = "300ms"
sse_heartbeat = "200ms"
max_body_bytes = "64KiB"
max_header_bytes = "16KiB"
threads = 2

""" + QUICK_MODEL + """
[models.slow]
driver = "simulator"
text_field = "prompt"
first_token = "100ms"
token_gap = "50ms"
spread = 0.0
concurrency = 1000

[models.busy]
driver = "simulator"
first_token = "30s"
concurrency = 1
max_waiting = 0

[models.stubborn]
driver = "simulator"
first_token = "600ms"
token_gap = "0ms"
on_disconnect = "continue"
concurrency = 100

[models.picture]
driver = "simulator"
first_token = "0ms"
token_gap = "0ms"
result_bytes = 1000
produces = ["application/octet-stream"]
concurrency = 1000

[models.broken]
driver = "command"
argv = ["/bin/sh", "-c", "exit 3"]
"""


class ShuntProcess:
    """A running server. `url` is where it listens; request() and connect() talk to it."""

    def __init__(self, config=CONFIG, environment=None, arguments=()):
        self.directory = tempfile.TemporaryDirectory(prefix="shunt-e2e-")
        self.config = Path(self.directory.name) / "shunt.toml"
        self.config.write_text(config)
        self.log_path = Path(self.directory.name) / "log"
        self.environment = environment or {}
        self.process = start_shunt(["serve", "--listen", "127.0.0.1:0", "--config", str(self.config), *arguments],
                                   self.environment, self.log_path)
        try:
            self.url = first_line(self.process, r"listening on (http://\S+)")
        except RuntimeError as error:
            log = self.log()
            self.stop()
            raise RuntimeError(f"{error}\n{log}") from error
        self.port = int(self.url.rsplit(":", 1)[1])

    def log(self):
        return self.log_path.read_text(errors="replace")

    def request(self, method, path, body=None, headers=None, timeout=20):
        return wire.request(self.port, method, path, body, headers, timeout)

    def generate(self, model, input=None, headers=None, **members):
        body = {"model": model, "input": {"prompt": "hello"} if input is None else input, **members}
        return self.request("POST", "/v1/generations", json.dumps(body),
                            {"Content-Type": "application/json", **(headers or {})})

    def connect(self, timeout=20):
        return wire.Connection(self.port, timeout)

    def record(self, generation_id):
        return self.request("GET", f"/v1/generations/{generation_id}").json()

    def eventually_state(self, generation_id, *states):
        return eventually(lambda: (r := self.record(generation_id))["state"] in states and r)

    def gauge(self, name):
        text = self.request("GET", "/metrics").text()
        return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.M).group(1))

    def terminate(self, signal_number=signal.SIGTERM):
        self.process.send_signal(signal_number)

    def wait(self, timeout=30):
        return self.process.wait(timeout)

    def stop(self):
        end(self.process)
        self.directory.cleanup()


class QueueProcesses(ShuntProcess):
    """An API and a worker with one configuration, a prefix of their own in Redis and a folder for artifacts. Talks to
    the API; `worker` is the other process."""

    def __init__(self, redis_url, config=CONFIG, environment=None, arguments=(), with_worker=True):
        folder = tempfile.TemporaryDirectory(prefix="shunt-e2e-artifacts-")
        self.artifacts = folder
        queue = {"QUEUE_ENABLED": "true", "REDIS_URL": redis_url, "SHUNT_QUEUE_PREFIX": "{e2e-%s}" % uuid.uuid4().hex,
                 "SHUNT_ARTIFACTS_DIRECTORY": folder.name, **TIME_FOR_REDIS}
        self.workers = []
        super().__init__(config, {**queue, **(environment or {})}, arguments)
        self.worker = self.start_worker() if with_worker else None
        eventually(lambda: self.request("GET", "/readyz").json()["status"] == "ready")

    def start_worker(self, *arguments, **environment):
        # What a test leaves running must not hold it up.
        process = start_shunt(["worker", "--config", str(self.config), *arguments],
                              {"SHUNT_SHUTDOWN_GRACE": "1s", **self.environment, **environment},
                              self.log_path.with_name("worker-log"))
        self.workers.append(process)
        first_line(process, "(working)")
        return process

    def worker_log(self):
        return self.log_path.with_name("worker-log").read_text(errors="replace")

    def lose_artifacts(self):
        for path in Path(self.artifacts.name).rglob("*"):
            if path.is_file():
                path.unlink()

    @contextlib.contextmanager
    def another_api(self):
        """A second API of the same queue, for as long as the context."""
        other = ShuntProcess(self.config.read_text(), self.environment)
        try:
            eventually(lambda: other.request("GET", "/readyz").json()["status"] == "ready")
            yield other
        finally:
            other.stop()

    def stop(self):
        end(self.process)
        for worker in self.workers:
            end(worker)
        self.artifacts.cleanup()
        self.directory.cleanup()


def start_shunt(arguments, environment, log_path):
    inherited = {k: v for k, v in os.environ.items()
                 if not k.startswith(("SHUNT_", "OTEL_")) and k not in ("QUEUE_ENABLED", "REDIS_URL")}
    with open(log_path, "ab") as log:
        return subprocess.Popen([os.environ["SHUNT_BIN"], *arguments], stdout=subprocess.PIPE, stderr=log,
                                env={**inherited, **with_fast_path(environment)})


def first_line(process, pattern):
    ready, _, _ = select.select([process.stdout], [], [], 30)
    line = process.stdout.readline().decode() if ready else ""
    found = re.search(pattern, line)
    if not found:
        raise RuntimeError(f"shunt did not start: {line!r}")
    return found.group(1)


def end(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    process.stdout.close()
