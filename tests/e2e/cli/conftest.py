"""The binary under test, as a command and as a service on a free port. Standard library only."""

import http.client
import json
import os
import pathlib
import queue
import signal
import subprocess
import sys
import threading

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "support"))

from fast_path import with_fast_path  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from sanitizer_reports import sanitizer_reports  # noqa: E402, F401
from waiting import PATIENCE, eventually  # noqa: E402


def clean_environment(extra=None):
    """Ours without anything that configures Shunt."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("SHUNT_") and name not in ("QUEUE_ENABLED", "REDIS_URL", "LISTEN", "NO_COLOR")}
    environment.update(with_fast_path(extra or {}))
    return environment


class Shunt:
    """Runs the binary in a folder of its own."""

    def __init__(self, binary, folder):
        self.binary = binary
        self.folder = folder
        self.services = []

    def run(self, *arguments, environment=None, stdin=b"", **options):
        return subprocess.run([self.binary, *arguments], cwd=self.folder, env=clean_environment(environment),
                              input=stdin, capture_output=True, timeout=PATIENCE, **options)

    def popen(self, *arguments, environment=None, **options):
        return subprocess.Popen([self.binary, *arguments], cwd=self.folder, env=clean_environment(environment),
                                **options)

    def serve(self, *arguments, environment=None, listen="127.0.0.1:0"):
        service = Service(self, arguments, environment, listen)
        self.services.append(service)
        return service

    def worker(self, *arguments, environment=None):
        worker = Worker(self, arguments, environment)
        self.services.append(worker)
        return worker

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return name


class Running:
    """A running command that prints one line when it is ready, and logs to a file."""

    def __init__(self, shunt, arguments, environment):
        self.log_path = shunt.folder / f"{arguments[0]}-{len(shunt.services)}.log"
        with open(self.log_path, "wb") as log:
            self.process = shunt.popen(*arguments, environment=environment, stdout=subprocess.PIPE, stderr=log)
        self.first_line = self._read_line()

    def _read_line(self):
        lines = queue.Queue()
        threading.Thread(target=lambda: lines.put(self.process.stdout.readline()), daemon=True).start()
        return lines.get(timeout=PATIENCE).decode()

    def log(self):
        return self.log_path.read_text()

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, patience=PATIENCE):
        return self.process.wait(timeout=patience)

    def stop(self):
        if self.process.poll() is None:
            self.signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


class Worker(Running):
    """A running `shunt worker`."""

    def __init__(self, shunt, arguments, environment):
        super().__init__(shunt, ["worker", *arguments], environment)
        assert self.first_line.startswith("working"), (self.first_line, self.log())
        # With worker.listen.
        self.probes = self.first_line.strip().partition(", probes on ")[2]


class Service(Running):
    """A running `shunt serve`."""

    def __init__(self, shunt, arguments, environment, listen):
        super().__init__(shunt, ["serve", "--listen", listen, *arguments], environment)
        if not self.first_line.startswith("listening on http://"):
            raise AssertionError(f"no service: {self.first_line!r}, {self.log()}")
        self.host, _, port = self.first_line.removeprefix("listening on http://").strip().rpartition(":")
        self.port = int(port)

    def request(self, method, path, body=None, headers=None):
        """The status, the headers and the body of one answer on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            headers = {"Content-Type": "application/json", **(headers or {})} if body is not None else headers or {}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def get_json(self, path):
        status, _, body = self.request("GET", path)
        assert status == 200, body
        return json.loads(body)

    def metrics(self):
        """A function from a metric's name and some of its labels to its value, or None."""
        lines = self.request("GET", "/metrics")[2].decode().splitlines()
        values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))

        def value(name, **labels):
            return next((float(number) for key, number in values.items() if key.split("{")[0] == name
                         and all(f'{label}="{text}"' in key for label, text in labels.items())), None)

        return value

    def generate(self, model, input, **headers):
        return self.request("POST", "/v1/generations", {"model": model, "input": input}, headers)

    def generate_in_background(self, model, input):
        """A thread whose `answer` is there once it has ended."""
        thread = threading.Thread(target=lambda: setattr(thread, "answer", self.generate(model, input)))
        thread.answer = None
        thread.start()
        return thread

    def wait_until_running(self, count=1):
        eventually(lambda: len(self.get_json("/v1/generations?state=running")["generations"]) >= count,
                   f"{count} running generations")


@pytest.fixture
def shunt(tmp_path):
    binary = os.environ.get("SHUNT_BIN")
    assert binary, "SHUNT_BIN must name the binary under test"
    tool = Shunt(str(pathlib.Path(binary).resolve()), tmp_path)
    yield tool
    for service in tool.services:
        service.stop()


@pytest.fixture
def redis():
    server = RedisServer()
    yield server
    server.close()
