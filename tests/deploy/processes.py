"""Programs of a test, each with its log: `shunt serve`, `shunt worker`, and what else a deployment has."""

import http.client
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from fast_path import with_fast_path
from time_for_redis import TIME_FOR_REDIS
from waiting import PATIENCE, eventually



def clean_environment(extra=None):
    """Ours without anything that configures Shunt."""
    ours = {name: value for name, value in os.environ.items()
            if not name.startswith("SHUNT_") and name not in ("QUEUE_ENABLED", "REDIS_URL")}
    return {**ours, **with_time_for_redis(with_fast_path(extra or {}))}


def with_time_for_redis(environment):
    """The environment of a shunt process, with more time for each call of Redis if it uses the queue."""
    queue = environment.get("QUEUE_ENABLED") == "true"
    return {**(TIME_FOR_REDIS if queue else {}), **environment}


class Program:
    """A running program whose output goes to a file."""

    def __init__(self, command, folder, name, environment=None, stdin=subprocess.DEVNULL):
        self.log_path = Path(folder) / f"{name}-{time.monotonic_ns()}.log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([str(part) for part in command], cwd=folder, stdin=stdin, stdout=log,
                                            stderr=log, env=clean_environment(environment))

    def log(self):
        return self.log_path.read_text(errors="replace")

    def until_it_says(self, words):
        def said():
            ended = self.process.poll() is not None
            log = self.log()
            assert words in log or not ended, log
            return words in log

        eventually(said, f"{words!r} in\n{self.log()}")
        return self

    def probes(self):
        """Where a worker that says so answers probes."""
        return re.search(r"probes on (http://\S+)", self.log())[1]

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, patience=PATIENCE):
        return self.process.wait(patience)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Api(Program):
    """A program that says where it listens, and requests to it."""

    def __init__(self, command, folder, environment=None):
        super().__init__(command, folder, "api", environment)
        self.until_it_says("listening on http://")
        line = next(line for line in self.log().splitlines() if "listening on http://" in line)
        self.port = int(line.rsplit(":", 1)[1])

    def request(self, method, path, body=None, headers=None, patience=60):
        """Status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=patience)
        try:
            headers = {**({"Content-Type": "application/json"} if body is not None else {}), **(headers or {})}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()

    def get(self, path):
        status, _, body = self.request("GET", path)
        assert status == 200, (status, body)
        return json.loads(body)

    def generate(self, model, input, headers=None, **members):
        return self.request("POST", "/v1/generations", {"model": model, "input": input, **members}, headers)

    def stream(self, model, input, patience=60):
        """The open answer, line by line."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=patience)
        connection.request("POST", "/v1/generations", json.dumps({"model": model, "input": input, "stream": True}),
                           {"Content-Type": "application/json"})
        return connection.getresponse()

    def status(self, path):
        return self.request("GET", path)[0]


class Programs:
    """Starts programs in one folder and ends them all."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.shunt = os.environ["SHUNT_BIN"]
        self.started = []

    def _keep(self, program):
        self.started.append(program)
        return program

    def start(self, command, name, environment=None, **options):
        return self._keep(Program(command, self.folder, name, environment, **options))

    def api(self, *arguments, environment=None, command=None):
        return self._keep(Api(command or [self.shunt, "serve", "--listen", "127.0.0.1:0", *arguments], self.folder,
                              environment))

    def worker(self, *arguments, environment=None):
        return self.start([self.shunt, "worker", *arguments], "worker", environment).until_it_says("working")

    def run(self, command, environment=None, **options):
        return subprocess.run([str(part) for part in command], cwd=self.folder, env=clean_environment(environment),
                              capture_output=True, text=True, timeout=2 * PATIENCE, **options)

    def close(self):
        for program in reversed(self.started):
            if program.process.poll() is None:
                program.signal(signal.SIGTERM)
        for program in reversed(self.started):
            try:
                program.wait(10)
            except subprocess.TimeoutExpired:
                print(f"still there 10 s after SIGTERM: {program.process.args}\n{program.log()[-2000:]}")
            program.stop()
