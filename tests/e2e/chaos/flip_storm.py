#!/usr/bin/env python3
"""A fleet goes up and down through all its states under load: does any request fail, is any lost, does any run twice?

Three API processes and two workers. Clients submit without a pause, each generation under an idempotency key and to an API
process of chance: two wait for the record, one reads the event stream, one repeats each request at another API under the
same key. Meanwhile the fleet is moved from state to state, through any of the API processes. With troubles, workers are
killed and Redis is killed, stopped and started, and clients send again under the same key until they have their result.

Without troubles not one request may fail. In both: every generation has succeeded, its program has run once for it, or once
more for each worker that was lost, and every key has led to one generation, but for those that two processes took while Redis
was away: these are as many as the processes have counted.

    SHUNT_STORM_SECONDS   how long (20); 300 for a proper run, 1800 for the long form
    SHUNT_STORM_TROUBLE   1: with troubles
    SHUNT_STORM_SEED      which moves (random; printed)
    SHUNT_BIN             the binary

Prints a table; exits 1 with what is wrong. Standard library only.
"""

import collections
import http.client
import json
import os
import random
import re
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "http"), str(HERE.parents[1] / "support")]

from redis_server import RedisServer  # noqa: E402
from shunt_process import QueueProcesses, ShuntProcess  # noqa: E402
from troubles import Troubles  # noqa: E402
import wire  # noqa: E402
from waiting import eventually  # noqa: E402

SECONDS = float(os.environ.get("SHUNT_STORM_SECONDS", "20"))
TROUBLE = os.environ.get("SHUNT_STORM_TROUBLE") == "1"
SEED = os.environ.get("SHUNT_STORM_SEED", str(random.randrange(10**6)))
PATIENCE = 60
# Without troubles no worker is lost, and one that gets no processor for a while must not count as one.
LOCK = "2s" if TROUBLE else "1m"

CONFIG = """
strategy = "sync"
[server]
threads = 1
[log]
level = "warn"
[queue]
lock_duration = "{lock}"
stalled_interval = "500ms"
max_stalled_count = 1000
[shutdown]
grace = "200ms"
[models.append]
driver = "command"
argv = ["/bin/sh", "-c", 'echo "$0" >> "$1"; sleep 0.05; printf "%s" "$0"', "{{id}}", "{runs}"]
input_mode = "none"
concurrency = 16
max_waiting = 1000
on_disconnect = "continue"
"""
PLAN = {"name": "storm", "tick": "1s", "cool_down": "1s", "max_cool_down": "1s",
        "dark": {"least_time": "0s", "least_probes": 0}, "shadow": {"enabled": True, "least_time": "0s", "least_comparisons": 0},
        "steps": [{"weight": weight, "least_time": "0s", "least_jobs": 0, "judge": []} for weight in ("10%", "50%", "90%")]}
OVERRIDES = ["preflight", "cool_down"]
# Each round leads through every state that a person can lead to; what a move is refused for is no fault of the fleet's.
MOVES = (["start"] + ["promote"] * 5 + ["back", "hold", "resume", "force sync", "release", "resume", "promote", "promote",
                                        "force queue", "release", "abort"])


class Generation:
    def __init__(self):
        self.key = str(uuid.uuid4())
        self.ids = set()
        self.state = None
        self.executor = None


class Client(threading.Thread):
    """Submits one generation after another, each until it has its result."""

    def __init__(self, number, apis, counts):
        super().__init__(daemon=True)
        self.kind = ("waits", "waits", "streams", "asks twice")[number % 4]
        self.random = random.Random(f"{SEED}-{number}")
        self.apis = apis
        self.counts = counts
        self.done = []
        self.failed = []  # answers that were none
        self.asked_to_end = False
        self.failure = None

    def run(self):
        try:
            while not self.asked_to_end:
                generation = Generation()
                deadline = time.monotonic() + PATIENCE
                while generation.state is None and time.monotonic() < deadline:
                    self.try_once(generation, "text/event-stream" if self.kind == "streams" else "application/json")
                if generation.state is not None and self.kind == "asks twice":
                    generation.state = None
                    while generation.state is None and time.monotonic() < deadline:
                        self.try_once(generation, "application/json")
                self.done.append(generation)
        except Exception as error:  # shown by whoever waits for us
            self.failure = error

    def try_once(self, generation, accept):
        connection = http.client.HTTPConnection("127.0.0.1", self.random.choice(self.apis).port, timeout=PATIENCE)
        headers = {"Content-Type": "application/json", "Accept": accept, "Idempotency-Key": generation.key}
        tenant = f"tenant-{self.random.randrange(100)}"
        try:
            connection.request("POST", "/v1/generations", json.dumps({"model": "append", "context": {"tenant": tenant}}), headers)
            answer = connection.getresponse()
            body = answer.read().decode()
            if answer.status == 200:
                self.take(generation, answer.headers.get("Shunt-Generation-Id"), body, accept)
            else:
                problem = json.loads(body)
                self.note(f"{answer.status} {problem['code']}")
                time.sleep(0.05)
        except (OSError, http.client.HTTPException) as error:
            self.note(type(error).__name__)
        finally:
            connection.close()

    def take(self, generation, generation_id, body, accept):
        generation.ids.add(generation_id)
        if accept == "application/json":
            record = json.loads(body)
            generation.state = record["state"]
            generation.executor = record["admission"]["executor"]
            self.counts[f"ran on {generation.executor}"] += 1
            return
        last = wire.events(body)[-1]
        if last[1] in ("succeeded", "failed", "cancelled"):
            generation.state = last[1]
        else:
            self.note("a stream that broke off")

    def note(self, what):
        self.counts[f"client got {what}"] += 1
        self.failed.append(what)


class Fleet:
    """What moves it from state to state, through any of its processes."""

    def __init__(self, apis, counts):
        self.apis = apis
        self.counts = counts
        self.random = random.Random(SEED)

    def post(self, api, move):
        name, _, executor = move.partition(" ")
        body = {"why": "the storm", "overrides": OVERRIDES}
        if name == "start":
            body["plan"] = PLAN
        if executor:
            body["executor"] = executor
        return api.request("POST", f"/admin/flip/{name}", json.dumps(body), {"Content-Type": "application/json"}, timeout=30)

    def move(self, move):
        answer = self.post(self.random.choice(self.apis), move)
        if answer.status == 200:
            self.counts[f"moved to {answer.json()['state']}"] += 1
        else:
            self.counts[f"{move} was refused: {answer.json()['code']}"] += 1

    def wait_until_it_may_start(self):
        """What was taken back comes to its end first; with troubles it may take too long for that."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.apis[0].request("GET", "/admin/flip").json().get("state") in ("off", "dark"):
                return
            time.sleep(0.1)


def doubles_of(apis):
    """As all API processes together have counted them (docs/flip/caveats.md, "Sync generations and Redis")."""
    pages = "\n".join(api.request("GET", "/metrics").text() for api in apis)
    return sum(int(float(count)) for count in re.findall(r'^shunt_sync_registry_total\{[^}]*"double"[^}]*\} (\S+)$', pages, re.M))


def problems_of_doubles(generations, given_up, apis, counts):
    doubles = sum(max(len(generation.ids - given_up) - 1, 0) for generation in generations)
    counts["keys that led to two"] = doubles
    try:
        eventually(lambda: doubles_of(apis) >= doubles, "the counters", PATIENCE)
    except AssertionError:
        yield f"{doubles} keys led to two generations, and {doubles_of(apis)} were counted"
    counts["doubles that were counted"] = doubles_of(apis)


def problems_of_keys(generations, given_up):
    for generation in generations:
        ids = generation.ids - given_up
        if not ids or len(ids) > 1 and not TROUBLE:
            yield f"key {generation.key} led to {sorted(ids)}"
        if generation.state != "succeeded":
            yield f"key {generation.key} ended {generation.state}"


def problems_of_runs(generations, runs, counts):
    known = {found for generation in generations for found in generation.ids}
    for generation_id in known - runs.keys():
        yield f"{generation_id} succeeded without having run"
    for generation_id in runs.keys() - known:
        yield f"{generation_id} ran, and nobody was told"
    for generation_id, count in runs.items():
        if count > 1:
            counts["runs more than generations"] += count - 1
            if not TROUBLE:
                yield f"{generation_id} ran {count} times"


def storm(redis, shunt, apis, counts):
    fleet = Fleet(apis, counts)
    trouble = Troubles(redis, shunt, counts, SEED)
    clients = [Client(number, apis, counts) for number in range(4)]
    for client in clients:
        client.start()
    began = time.monotonic()
    rounds = 0
    while time.monotonic() - began < SECONDS and not any(client.failure for client in clients):
        fleet.wait_until_it_may_start()
        for move in MOVES:
            fleet.move(move)
            time.sleep(fleet.random.uniform(0.1, 0.5))
            if TROUBLE and fleet.random.random() < 0.3:
                trouble.make()
            if time.monotonic() - began > SECONDS:
                break
        rounds += 1
    counts["rounds"] = rounds
    for client in clients:
        client.asked_to_end = True
    for client in clients:
        client.join(2 * PATIENCE)
    return clients


def problems_of(clients, runs_path, redis, prefix, apis, counts):
    for client in clients:
        if client.is_alive():
            yield "a client has not got its result"
        if client.failure:
            yield f"a client gave up: {client.failure!r}"
        if client.failed and not TROUBLE:
            yield f"requests failed although nothing went wrong: {collections.Counter(client.failed)}"
    generations = [generation for client in clients for generation in client.done]
    given_up = set()
    if TROUBLE:  # what never got into its queue, and its key was free again
        given_up = {found for generation in generations for found in generation.ids if len(generation.ids) > 1
                    and redis("HGET", f"{prefix}::gen:r:{found}", "void") == "1"}
    counts["generations"] = len(generations)
    yield from problems_of_keys(generations, given_up)
    yield from problems_of_doubles(generations, given_up, apis, counts)
    runs = collections.Counter(runs_path.read_text().split())
    yield from problems_of_runs(generations, runs, counts)


def main():
    counts = collections.Counter()
    folder = tempfile.TemporaryDirectory(prefix="shunt-storm-")
    runs_path = Path(folder.name) / "runs"
    runs_path.touch()
    redis = RedisServer(aof=True)
    shunt = QueueProcesses(redis.url, CONFIG.format(runs=runs_path, lock=LOCK))
    others = [ShuntProcess(shunt.config.read_text(), shunt.environment) for _ in range(2)]
    apis = [shunt, *others]
    problems = []
    try:
        eventually(lambda: len(apis[0].request("GET", "/admin/flip").json()["processes"]) == 3, "the fleet to be known")
        clients = storm(redis, shunt, apis, counts)
        problems += problems_of(clients, runs_path, redis, shunt.environment["SHUNT_QUEUE_PREFIX"], apis, counts)
    finally:
        for name, count in sorted(counts.items()):
            print(f"{name:60} {count:8}")
        print(f"seed {SEED}, {SECONDS:g} s{', with troubles' if TROUBLE else ''}")
        if problems:
            print("\nWRONG:", *problems[:20], sep="\n  ")
            print(*(api.log()[-3000:] for api in apis), shunt.worker_log()[-3000:], sep="\n----\n")
        for other in others:
            other.stop()
        shunt.stop()
        redis.close()
        folder.cleanup()
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
