#!/usr/bin/env python3
"""Everything goes wrong while clients submit: does any generation get lost, or end twice?

Two API processes, two workers and a Redis with AOF. Four clients submit without a pause, each generation under an
idempotency key, and send it again with the same key until it is answered with its result; two wait for the record, two
read the event stream and go on with Last-Event-ID when it breaks off. Meanwhile workers are killed and told to end,
Redis is killed, stopped and started, connections are cut. Afterwards:

- every key has led to one generation, there is no generation without a key, and nothing waits or runs any more (one
  whose submit was answered `submit_unknown`, and that was given up because it never got into its queue, has not run);
- every generation has succeeded, has one end in its log, and a stream without a gap;
- every run of its program is an attempt in its log: at-least-once means a run more for each worker that was lost;
- the API processes are as small as before, and have no more descriptors.

    SHUNT_CHAOS_SECONDS   how long things go wrong (20); 180 for a proper run, 3600 for a night
    SHUNT_CHAOS_SEED      which things (random; printed)
    SHUNT_BIN             the binary

Prints a table; exits 1 with what is wrong. Standard library only.
"""

import collections
import http.client
import json
import os
import random
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
from troubles import Troubles, all_listed  # noqa: E402
import wire  # noqa: E402
from waiting import eventually  # noqa: E402

SECONDS = float(os.environ.get("SHUNT_CHAOS_SECONDS", "20"))
SEED = os.environ.get("SHUNT_CHAOS_SEED", str(random.randrange(10**6)))
PATIENCE = 60  # for whatever must come to an end once nothing goes wrong any more

# Losses are noticed within about a second, and however many there are, a generation gets its result.
CONFIG = """
[server]
threads = 1
sse_heartbeat = "500ms"
[log]
level = "warn"
[queue]
lock_duration = "1s"
stalled_interval = "300ms"
max_stalled_count = 1000
[shutdown]
grace = "200ms"
[models.append]
driver = "command"
argv = ["/bin/sh", "-c", 'echo "$0" >> "$1"; sleep 0.1; printf "%s" "$0"', "{{id}}", "{runs}"]
input_mode = "none"
concurrency = 4
max_waiting = 1000
on_disconnect = "continue"
"""


class Generation:
    """One key and what its client has seen."""

    def __init__(self):
        self.key = str(uuid.uuid4())
        self.ids = set()  # that answers named
        self.tries = 0
        self.events = []  # of a client that streams
        self.state = None


class Client(threading.Thread):
    """Submits one generation after another, each until it has its result."""

    def __init__(self, apis, streams, counts):
        super().__init__(daemon=True)
        self.apis = apis
        self.streams = streams
        self.counts = counts
        self.done = []
        self.asked_to_end = False
        self.failure = None

    def run(self):
        try:
            while not self.asked_to_end:
                generation = Generation()
                while generation.state is None:
                    generation.tries += 1
                    self.try_once(generation)
                self.done.append(generation)
        except Exception as error:  # shown by whoever waits for us
            self.failure = error

    def try_once(self, generation):
        connection = http.client.HTTPConnection("127.0.0.1", random.choice(self.apis).port, timeout=PATIENCE)
        try:
            if self.streams:
                self.stream(connection, generation)
            else:
                self.wait(connection, generation)
        except (OSError, http.client.HTTPException) as error:
            self.counts[f"client saw {type(error).__name__}"] += 1
        finally:
            connection.close()

    def submit(self, connection, generation, accept):
        headers = {"Content-Type": "application/json", "Accept": accept, "Idempotency-Key": generation.key}
        connection.request("POST", "/v1/generations", '{"model": "append"}', headers)
        answer = connection.getresponse()
        if answer.status == 200:
            generation.ids.add(answer.headers["Shunt-Generation-Id"])
            return answer
        problem = json.loads(answer.read())
        self.counts[f"client got {answer.status} {problem['code']}"] += 1
        if "generation_id" in problem:
            generation.ids.add(problem["generation_id"])
        if "generation" in problem:  # it has ended, and not well
            generation.ids.add(problem["generation"]["id"])
            generation.state = problem["generation"]["state"]
        elif answer.status not in (429, 503, 504):
            raise AssertionError(f"not an answer for a retry: {answer.status} {problem}")
        else:
            time.sleep(0.05)  # Retry-After would have us idle; this is the harder load
        return None

    def wait(self, connection, generation):
        answer = self.submit(connection, generation, "application/json")
        if answer is not None:
            generation.state = json.loads(answer.read())["state"]

    def stream(self, connection, generation):
        if generation.events:
            last = generation.events[-1][0]
            connection.request("GET", f"/v1/generations/{min(generation.ids)}/events", headers={"Last-Event-ID": str(last)})
            answer = connection.getresponse()
            if answer.status != 200:
                self.counts[f"reader got {answer.status} {json.loads(answer.read()).get('code')}"] += 1
                time.sleep(0.05)
                return
            self.counts["streams that went on elsewhere"] += 1
        else:
            answer = self.submit(connection, generation, "text/event-stream")
        if answer is None:
            return
        block = b""
        for line in answer:
            block += line
            if line != b"\n":
                continue
            generation.events += wire.events(block.decode())
            block = b""
        if generation.events and generation.events[-1][1] in ("succeeded", "failed", "cancelled"):
            generation.state = generation.events[-1][1]


# ---- What must hold afterwards.

def take_given_up(redis, shunt, generations, listed):
    """What never got into its queue, whether its client was told its id or not: its key was free for another one."""
    prefix = shunt.environment["SHUNT_QUEUE_PREFIX"]
    given_up = {found for found in listed if redis("HGET", f"{prefix}::gen:r:{found}", "void") == "1"}
    for generation in generations:
        if len(generation.ids) > 1:
            generation.ids -= given_up
    return given_up


def logs_of(api, generations):
    """Each generation's events, by its id."""
    return {generation_id: wire.events(api.request("GET", f"/v1/generations/{generation_id}/events").text())
            for generation in generations for generation_id in generation.ids}


def attempts_of(redis, shunt, generation_id):
    """As its record counts them: the log of a worker that was lost before it could write has nothing of its attempt."""
    prefix = shunt.environment["SHUNT_QUEUE_PREFIX"]
    return int(redis("HGET", f"{prefix}::gen:r:{generation_id}", "attempt"))


def problems_of_logs(api, logs, others, generations):
    """One end, no gap, and the same everywhere."""
    for generation in generations:
        generation_id = min(generation.ids)
        seen = [logs[generation_id], others[generation_id]]
        if seen[0] != seen[1]:
            yield f"{generation_id}: the APIs tell different stories: {seen}"
        kinds = [kind for _, kind, _ in seen[0]]
        if [number for number, _, _ in seen[0]] != list(range(1, len(seen[0]) + 1)):
            yield f"{generation_id}: a gap in {seen[0]}"
        if sum(kind in ("succeeded", "failed", "cancelled") for kind in kinds) != 1 or kinds[-1] != "succeeded":
            yield f"{generation_id}: {kinds}"
        if generation.events and generation.events != seen[0]:
            yield f"{generation_id}: its client saw {generation.events}, the log has {seen[0]}"
        record = api.record(generation_id)
        if record.get("output", {}).get("text") != generation_id:
            yield f"{generation_id}: {record}"


def problems_of_keys(generations, listed):
    known = set()
    for generation in generations:
        if len(generation.ids) != 1:
            yield f"key {generation.key} led to {sorted(generation.ids)}"
        if generation.state != "succeeded":
            yield f"key {generation.key} ended {generation.state}"
        known |= generation.ids
    for generation_id in set(listed) - known:
        yield f"{generation_id} exists, and nobody was told"
    for generation_id in known - set(listed):
        yield f"{generation_id} is lost"
    if len(listed) != len(set(listed)):
        yield "the list names a generation twice"


def problems_of_runs(runs, attempts):
    for generation_id, count in runs.items():
        if count > attempts.get(generation_id, 0):
            yield f"{generation_id} ran {count} times in {attempts.get(generation_id, 0)} attempts"
    for generation_id in attempts.keys() - runs.keys():
        yield f"{generation_id} succeeded without having run"


def left_in_queue(redis, prefix):
    queue = f"{prefix}:append"
    sizes = {"wait": redis("LLEN", f"{queue}:wait"), "active": redis("LLEN", f"{queue}:active"),
             "delayed": redis("ZCARD", f"{queue}:delayed"), "open": redis("ZCARD", f"{prefix}::gen:o:{queue}")}
    return {name: size for name, size in sizes.items() if size}


class Size:
    """A process's memory and descriptors."""

    def __init__(self, process):
        status = Path(f"/proc/{process.pid}/status").read_text()
        self.rss = int(status.split("VmRSS:")[1].split()[0]) / 1024
        self.descriptors = len(os.listdir(f"/proc/{process.pid}/fd"))

    def __str__(self):
        return f"{self.rss:.1f} MiB, {self.descriptors} fds"


def problems_of_sizes(before, apis, generations):
    """Records stay in Redis: what an API keeps of one is for a moment."""
    for size, api in zip(before, apis):
        now = eventually(lambda: (s := Size(api.process)).descriptors <= size.descriptors + 2 and s, patience=PATIENCE)
        allowed = size.rss * 1.5 + 16 + generations * 0.002
        if now.rss > allowed:
            yield f"an API grew from {size} to {now}"


def main():
    counts = collections.Counter()
    folder = tempfile.TemporaryDirectory(prefix="shunt-chaos-")
    runs_path = Path(folder.name) / "runs"
    runs_path.touch()
    redis = RedisServer(aof=True)
    shunt = QueueProcesses(redis.url, CONFIG.format(runs=runs_path), {"SHUNT_QUEUE_ENQUEUE_DEADLINE": "250ms"})
    other = ShuntProcess(shunt.config.read_text(), shunt.environment)
    apis = [shunt, other]
    problems = []
    try:
        trouble = Troubles(redis, shunt, counts, SEED)
        clients = [Client(apis, streams=number % 2 == 1, counts=counts) for number in range(4)]
        for client in clients:
            client.start()
        eventually(lambda: all(len(client.done) >= 5 or client.failure for client in clients), patience=PATIENCE)
        before = [Size(api.process) for api in apis]
        began = time.monotonic()
        while time.monotonic() - began < SECONDS and not any(client.failure for client in clients):
            trouble.make()
        for client in clients:
            client.asked_to_end = True
        for client in clients:
            client.join(PATIENCE)
            if client.is_alive():
                problems.append("a client has not got its result")
            if client.failure:
                problems.append(f"a client gave up: {client.failure!r}")
        generations = [generation for client in clients for generation in client.done]
        if not problems:
            listed = [record["id"] for record in all_listed(shunt)]
            given_up = take_given_up(redis, shunt, generations, listed)
            counts["given up before the queue"] = len(given_up)
            problems += problems_of_keys(generations, [found for found in listed if found not in given_up])
            logs = logs_of(shunt, generations)
            problems += problems_of_logs(shunt, logs, logs_of(other, generations), generations)
            runs = collections.Counter(runs_path.read_text().split())
            attempts = {generation_id: attempts_of(redis, shunt, generation_id) for generation_id in logs}
            problems += problems_of_runs(runs, attempts)
            try:
                eventually(lambda: not left_in_queue(redis, shunt.environment["SHUNT_QUEUE_PREFIX"]))
            except AssertionError:
                problems.append(f"left in Redis: {left_in_queue(redis, shunt.environment['SHUNT_QUEUE_PREFIX'])}")
            problems += problems_of_sizes(before, apis, len(generations))
            counts["generations"] = len(generations)
            counts["runs of the program"] = sum(runs.values())
            counts["runs more than generations"] = sum(runs.values()) - len(runs)
            counts["attempts more than generations"] = sum(attempts.values()) - len(attempts)
            counts["submits more than generations"] = sum(g.tries for g in generations) - len(generations)
        for number, (size, api) in enumerate(zip(before, apis)):
            print(f"API {number}: {size} before, {Size(api.process)} after")
        for worker in trouble.workers:
            print(f"worker: {Size(worker)}")
    finally:
        for name, count in sorted(counts.items()):
            print(f"{name:40} {count:8}")
        print(f"seed {SEED}, {SECONDS:g} s")
        if problems:
            print("\nWRONG:", *problems[:20], sep="\n  ")
            print(shunt.log()[-4000:], shunt.worker_log()[-4000:], sep="\n----\n")
        other.stop()
        shunt.stop()
        redis.close()
        folder.cleanup()
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
