"""What a flip costs, for docs/flip/costs.md: the time that the queue adds to a generation, the processor time of Redis, API and
worker for each one, and its bytes in Redis. Sync and queue take turns; each figure is the median of the rounds. One client
for the times, sixteen for the processor times, which share the machine."""
import argparse
import contextlib
import http.client
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from report import Report  # noqa: E402
from servers import cpu_seconds, free_port, stop, wait_for  # noqa: E402

# A generator that takes no time, and one that takes a tenth of a second.
CONFIG = """
[server]
threads = 1
[log]
level = "warn"
[models.instant]
driver = "simulator"
first_token = "0ms"
token_gap = "0ms"
concurrency = 200
max_waiting = 20000
text_field = "prompt"
[models.tenth]
driver = "simulator"
first_token = "100ms"
token_gap = "0ms"
spread = 0.0
concurrency = 200
max_waiting = 20000
text_field = "prompt"
"""
CLIENTS = 16


class Deployment(contextlib.ExitStack):
    """An API, and with the queue Redis and a worker, from their first answer to the end of the block."""

    def __init__(self, shunt, queue):
        super().__init__()
        folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory()))
        config = folder / "shunt.toml"
        config.write_text(CONFIG, encoding="ascii")
        self.port, self.redis_port = free_port(), free_port()
        self.environment = os.environ | {"XDG_STATE_HOME": str(folder), "SHUNT_ARTIFACTS_DIRECTORY": str(folder / "kept")}
        self.processes = {}
        if queue:
            self.environment |= {"QUEUE_ENABLED": "true", "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}"}
            self.start("Redis", ["redis-server", "--port", str(self.redis_port), "--save", "", "--appendonly", "yes",
                                 "--dir", str(folder)])
            wait_for(self.redis_port)
            self.start("worker", [shunt, "worker", "--config", str(config)])
        self.start("API", [shunt, "serve", "--config", str(config), "--listen", f"127.0.0.1:{self.port}"])
        wait_for(self.port)
        self.wait_until_it_answers()

    def start(self, name, command):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment)
        self.processes[name] = process
        self.callback(stop, process)

    def wait_until_it_answers(self):
        deadline = time.monotonic() + 30
        with Client(self.port) as client:
            while client.generate("instant") != 200:
                if time.monotonic() > deadline:
                    raise RuntimeError("no generation came back within 30 s")
                time.sleep(0.05)

    def used_memory(self):
        with socket.create_connection(("127.0.0.1", self.redis_port)) as redis:
            redis.sendall(b"INFO memory\r\n")
            text = redis.recv(65536).decode()
        return int(next(line for line in text.splitlines() if line.startswith("used_memory:")).split(":")[1])


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def generate(self, model):
        body = json.dumps({"model": model, "input": {"prompt": "Why do trains stop at night?", "tokens": 8}})
        self.connection.request("POST", "/v1/generations", body, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        answer.read()
        return answer.status


def times_of(deployment, model, count):
    """Milliseconds of one request after the other: the median and the 95th percentile."""
    taken = []
    with Client(deployment.port) as client:
        for _ in range(count):
            begun = time.monotonic()
            if client.generate(model) != 200:
                raise RuntimeError("a generation failed")
            taken.append(1000 * (time.monotonic() - begun))
    return statistics.median(taken), statistics.quantiles(taken, n=20)[18]


def rate_of(deployment, seconds):
    """Generations a second of so many clients, and microseconds of each process for one."""
    done = [0] * CLIENTS
    over = time.monotonic() + seconds

    def ask(number):
        with Client(deployment.port) as client:
            while time.monotonic() < over:
                if client.generate("instant") == 200:
                    done[number] += 1

    before = {name: cpu_seconds(process) for name, process in deployment.processes.items()}
    begun = time.monotonic()
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - begun
    used = {name: 1e6 * (cpu_seconds(process) - before[name]) / sum(done) for name, process in deployment.processes.items()}
    return sum(done) / took, used, sum(done)


def measure(shunt, options):
    figures = {}

    def note(name, value):
        figures.setdefault(name, []).append(value)

    for _ in range(options.rounds):
        for mode in ("sync", "queue"):
            with Deployment(shunt, mode == "queue") as deployment:
                for model, count in (("instant", options.requests), ("tenth", options.requests // 5)):
                    median, tail = times_of(deployment, model, count)
                    note(f"{mode} {model} median", median)
                    note(f"{mode} {model} p95", tail)
                memory = deployment.used_memory() if mode == "queue" else 0
                rate, used, count = rate_of(deployment, options.seconds)
                note(f"{mode} rate", rate)
                for name, microseconds in used.items():
                    note(f"{mode} {name} CPU", microseconds)
                if mode == "queue":
                    note("queue bytes", (deployment.used_memory() - memory) / count)
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=500, help="one after the other, for the times")
    parser.add_argument("--seconds", type=float, default=5, help="of sixteen clients, for the rates")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = measure(str(pathlib.Path(options.bin) / "shunt"), options)
    report = Report(options.json)
    report.about({"rounds": options.rounds, "cores": os.cpu_count(), "load": os.getloadavg()})
    for model in ("instant", "tenth"):
        for part in ("median", "p95"):
            sync, queue = figures[f"sync {model} {part}"], figures[f"queue {model} {part}"]
            report.add(f"{model}: {part} through the queue", queue, "ms", sync, "sync")
            report.add(f"{model}: {part} added", [b - a for a, b in zip(sync, queue)], "ms")
    report.add(f"generations a second with {CLIENTS} clients beside them, queue", figures["queue rate"], "/s",
               figures["sync rate"], "sync")
    carried = [1e6 / used for used in figures["sync API CPU"]]
    report.add("generations a second that one core of the API carries, sync", carried, "/s")
    for name in ("sync API CPU", "queue API CPU", "queue worker CPU", "queue Redis CPU"):
        report.add(f"{name} a generation", figures[name], "us")
    report.add("bytes in Redis for a generation that has ended", figures["queue bytes"], "B")
    report.close()


if __name__ == "__main__":
    main()
