"""A whole flip in three minutes: a fleet goes from sync to the queue by shadow and canary, meets a broken build of its
workers at 25 %, and is taken back by its own controller, under load all the time.

    demo.py PATH_OF_SHUNT [--healthy] [--picture FILE]

Starts a Redis, two workers and an API on free ports and ends them again; needs redis-server. With --healthy nothing
breaks, and the fleet arrives in full. --picture draws the run as an SVG (docs/flip-under-load.svg is one).
"""

import argparse
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import picture

HERE = Path(__file__).resolve().parent
TENANTS = 400
CLIENTS = 12
BROKEN = "models.words.failure_rate=0.35"
BREAK_AT = "25%"  # of callers
PATIENCE = 300  # seconds, for the whole demonstration
AFTERWARDS = 10  # seconds of a picture behind the end


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Load:
    """Clients that ask one request after the other, each for a tenant of its own choice."""

    def __init__(self, port):
        self.port = port
        self.counts = {"asked": 0, "sync": 0, "queue": 0, "failed": 0, "refused": 0}
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.ask_on_and_on, args=(number,), daemon=True) for number in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def count(self, *names):
        with self.lock:
            for name in names:
                self.counts[name] += 1

    def ask_on_and_on(self, number):
        draw = random.Random(number)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self.stopping.is_set():
            body = {"model": "words", "input": {"prompt": f"hello {draw.random()}", "tokens": 10},
                    "context": {"tenant": f"tenant-{draw.randrange(TENANTS)}"}}
            try:
                connection.request("POST", "/v1/generations", json.dumps(body), {"Content-Type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException):
                self.count("asked", "refused")
                connection.close()
                continue
            record = json.loads(text)
            record = record.get("generation", record)  # a failed one comes within its problem
            self.count("asked")
            if "admission" in record:
                self.count(record["admission"]["executor"])
            if answer.status >= 500:
                self.count("failed" if "admission" in record else "refused")

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(10)


class Fleet:
    """A Redis, an API and two workers."""

    def __init__(self, shunt):
        self.shunt = shunt
        self.folder = Path(tempfile.mkdtemp(prefix="shunt-flip-demo-"))
        self.processes = []
        redis = shutil.which("redis-server")
        if redis is None:
            sys.exit("demo: needs redis-server (Debian: apt-get install redis-server)")
        port = free_port()
        self.environment = {**os.environ, "QUEUE_ENABLED": "true", "REDIS_URL": f"redis://127.0.0.1:{port}",
                            "SHUNT_CONFIG": str(HERE / "shunt.toml"), "XDG_STATE_HOME": str(self.folder)}
        self.start([redis, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder),
                    "--maxmemory", "256mb", "--maxmemory-policy", "noeviction"], "redis")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.workers = []
        self.start_workers()
        self.start([shunt, "serve", "--listen", f"127.0.0.1:{self.port}"], "api")
        self.wait_until(self.is_ready, "the API to be ready")

    def start(self, command, name):
        log = (self.folder / f"{name}.log").open("ab")
        process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment)
        self.processes.append(process)
        return process

    def start_workers(self, *settings):
        arguments = [word for setting in ("worker.shadow=true", *settings) for word in ("--set", setting)]
        self.workers = [self.start([self.shunt, "worker", *arguments], "workers") for _ in range(2)]

    def replace_workers(self, *settings):
        """A deploy: the old ones finish what they have."""
        old = self.workers
        self.start_workers(*settings)
        for process in old:
            process.send_signal(signal.SIGTERM)

    def wait_until(self, condition, what, patience=60):
        deadline = time.monotonic() + patience
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"waited {patience} s for {what}; logs are in {self.folder}")
            time.sleep(0.1)

    def is_ready(self):
        try:
            status = self.flip("status")
        except (OSError, RuntimeError):
            return False
        return status["store"]["readable"]

    def flip(self, *words):
        answer = subprocess.run([self.shunt, "flip", *words, "--url", self.url, "--json"], capture_output=True, text=True,
                                env=self.environment, check=False)
        if answer.returncode != 0:
            raise RuntimeError(f"shunt flip {' '.join(words)}: {answer.stderr.strip() or answer.stdout.strip()}")
        return json.loads(answer.stdout)

    def close(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Screen:
    """A line for each change, and on a terminal one below them that is drawn again and again."""

    def __init__(self):
        self.live = sys.stdout.isatty()
        self.begun = time.monotonic()
        self.drawn = False

    def clear(self):
        if self.drawn:
            sys.stdout.write("\r\x1b[K")
        self.drawn = False

    def tell(self, text, colour="0"):
        self.clear()
        seconds = int(time.monotonic() - self.begun)
        time_text = f"{seconds // 60}:{seconds % 60:02}"
        print(f"\x1b[{colour}m{time_text}  {text}\x1b[0m" if self.live else f"{time_text}  {text}", flush=True)

    def show(self, text):
        if not self.live:
            return
        self.clear()
        sys.stdout.write("      " + text[: shutil.get_terminal_size().columns - 8])
        sys.stdout.flush()
        self.drawn = True


def side_text(side):
    if not side or not side.get("jobs"):
        return "-"
    return f"{side['jobs']} jobs, {100 * side['errors'] / side['jobs']:.1f} % errors, p95 {side['p95_ms']:.0f} ms"


def live_text(status, counts):
    share = float(status["weight"]["wanted"].rstrip("%")) / 100
    bar = "#" * round(20 * share)
    verdict = status.get("last_tick", {}).get("verdict", {})
    return (f"[{bar:.<20}] {status['weight']['wanted']:>4}  queue: {side_text(verdict.get('canary'))}  |  "
            f"sync: {side_text(verdict.get('control'))}  |  {counts['asked']} requests")


class Recorder:
    """What a picture is drawn from."""

    def __init__(self, counts):
        self.counts = counts
        self.begun = time.monotonic()
        self.samples = []
        self.marks = []

    def seconds(self):
        return time.monotonic() - self.begun

    def sample(self):
        self.samples.append((self.seconds(), dict(self.counts)))

    def sample_for(self, seconds):
        for _ in range(seconds):
            time.sleep(1)
            self.sample()

    def mark(self, text):
        self.marks.append((self.seconds(), text))


def follow(fleet, load, screen, recorder, healthy):
    """Watches the rollout to its end, and breaks the workers on the way."""
    place = None
    broken_at = None
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        status = fleet.flip("status")
        recorder.sample()
        if status["place"] != place:
            place = status["place"]
            recorder.mark("taken back" if place == "off" else place.split(",")[0])
            screen.tell(f"{place}: {status['why']}" if status["why"] else place,
                        "31" if status["state"] in ("aborting", "draining") else "32")
        if not healthy and broken_at is None and status["weight"]["wanted"] == BREAK_AT:
            recorder.sample_for(8)  # enough for a look at a step that is well
            fleet.replace_workers(BROKEN)
            broken_at = time.monotonic()
            recorder.mark("broken build")
            screen.tell("a broken build of the workers is deployed: 35 % of what they run fails", "33")
        if status["state"] == "full":
            return "full", None
        if status["state"] == "off" and broken_at is not None:
            return "off", time.monotonic() - broken_at
        screen.show(live_text(status, load.counts))
        time.sleep(1)
    raise RuntimeError(f"the rollout did not end within {PATIENCE} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("shunt")
    parser.add_argument("--healthy", action="store_true", help="nothing breaks")
    parser.add_argument("--picture", metavar="FILE", type=Path, help="draw the run as an SVG")
    options = parser.parse_args()
    screen = Screen()
    fleet = Fleet(options.shunt)
    load = None
    try:
        screen.tell(f"Redis, two workers and an API at {fleet.url}; {CLIENTS} clients of {TENANTS} tenants ask for words")
        load = Load(fleet.port)
        fleet.flip("start", "--plan", str(HERE / "plan.toml"), "--override", "preflight", "--why", "the demonstration")
        recorder = Recorder(load.counts)
        end, took = follow(fleet, load, screen, recorder, options.healthy)
        if options.picture:
            recorder.sample_for(AFTERWARDS)
            options.picture.write_text(picture.draw(recorder.samples, recorder.marks), encoding="utf-8")
        load.stop()
        counts = load.counts
        if end == "full":
            screen.tell("everybody uses the queue", "32")
        else:
            screen.tell(f"taken back by the controller {took:.0f} s after the broken build came; nobody touched anything", "32")
        screen.tell(f"{counts['asked']} requests: {counts['sync']} ran in sync, {counts['queue']} through the queue; "
                    f"{counts['failed']} failed in the broken workers, {counts['refused']} were refused or lost")
        print()
        subprocess.run([options.shunt, "flip", "log", "--url", fleet.url], env=fleet.environment, check=False)
        return 0 if counts["refused"] == 0 else 1
    finally:
        if load is not None:
            load.stop()
        screen.clear()
        fleet.close()


if __name__ == "__main__":
    sys.exit(main())
