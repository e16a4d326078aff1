#!/usr/bin/env python3
"""Everything is killed while an upstream counts its bills: is anything paid twice, or lost?

Two API processes, two workers, a Redis with AOF and an upstream that bills each request that it has read to its last byte, and
cuts connections at every place (counting_upstream.py). Three models: `once` has on_lost = "fail"; `either` too, and falls back
to sync where the queue is down; `again` has on_lost = "rerun" and is tried until it succeeds. Clients submit without a pause,
each generation under an idempotency key, and send it again with the same key until they are told its end. Meanwhile API
processes, workers and Redis are killed, workers are stopped for longer than their locks last and go on, Redis is stopped,
connections to it are cut, and the upstream is closed for a while. Afterwards:

- no key of `once` and `either` has been billed twice, and each that succeeded has been billed;
- every key of `again` has succeeded;
- every generation that was accepted has ended, and nothing is left in the queue.

    SHUNT_BILL_SECONDS    how long things go wrong (20); 600 for a proper run
    SHUNT_BILL_SEED       which things (random; printed)
    SHUNT_BIN             the binary

Prints a table; exits 1 with what is wrong. Standard library only.
"""

import collections
import http.client
import json
import os
import random
import signal
import sys
import threading
import time
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "http"), str(HERE.parents[1] / "support")]

from counting_upstream import CountingUpstream  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from shunt_process import QueueProcesses, ShuntProcess  # noqa: E402
from troubles import Troubles, all_listed  # noqa: E402
from waiting import eventually  # noqa: E402

SECONDS = float(os.environ.get("SHUNT_BILL_SECONDS", "20"))
SEED = os.environ.get("SHUNT_BILL_SEED", str(random.randrange(10**6)))
PATIENCE = 90  # for whatever must come to an end once nothing goes wrong any more
ONCE = ("once", "either")
MODELS = ("once", "again", "either")
ENDED = ("succeeded", "failed", "cancelled")

CONFIG = """
[server]
threads = 1
[log]
level = "warn"
[queue]
lock_duration = "1s"
stalled_interval = "300ms"
max_stalled_count = 1000
attempts = 1000
backoff = "20ms"
[shutdown]
grace = "200ms"
"""
MODEL = """
[models.{name}]
driver = "openai"
base_url = "http://127.0.0.1:{port}/v1"
model = "counting"
on_lost = "{on_lost}"
max_retries = 3
retry_backoff = "20ms"
timeout = "1h"
concurrency = 8
max_waiting = 1000
on_disconnect = "continue"
"""


def configuration(port):
    text = CONFIG
    for name in MODELS:
        text += MODEL.format(name=name, port=port, on_lost="fail" if name in ONCE else "rerun")
        if name == "either":
            text += 'on_queue_down = "sync"\nqueue_down_when = ["no_worker"]\n'
    return text


class Generation:
    """One key, and what its client was told."""

    def __init__(self, model):
        self.model = model
        self.key = str(uuid.uuid4())
        self.ids = set()
        self.state = None
        self.code = None


class Client(threading.Thread):
    """Submits one generation after another, each until it is told its end."""

    def __init__(self, number, apis, counts):
        super().__init__(daemon=True)
        self.model = MODELS[number % len(MODELS)]
        self.random = random.Random(f"{SEED}-{number}")
        self.apis = apis
        self.counts = counts
        self.done = []
        self.asked_to_end = False
        self.failure = None

    def run(self):
        try:
            while not self.asked_to_end:
                generation = Generation(self.model)
                while generation.state is None:
                    self.try_once(generation)
                self.done.append(generation)
        except Exception as error:  # shown by whoever waits for us
            self.failure = error

    def try_once(self, generation):
        # Some leave while they wait, and come back with the same key.
        patience = 0.3 if self.random.random() < 0.1 else PATIENCE
        connection = http.client.HTTPConnection("127.0.0.1", self.random.choice(self.apis).port, timeout=patience)
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Idempotency-Key": generation.key}
        try:
            connection.request("POST", "/v1/generations", json.dumps({"model": generation.model, "input": {"prompt": generation.key}}),
                               headers)
            answer = connection.getresponse()
            self.take(generation, answer.status, json.loads(answer.read()))
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.counts[f"client saw {type(error).__name__}"] += 1
            time.sleep(0.02)
        finally:
            connection.close()

    def take(self, generation, status, body):
        record = body if status == 200 else body.get("generation")
        if "generation_id" in body:
            generation.ids.add(body["generation_id"])
        if record is None:
            self.counts[f"client got {status} {body['code']}"] += 1
            if status not in (429, 503, 504):
                raise AssertionError(f"not an answer for a retry: {status} {body}")
            return time.sleep(0.05)  # Retry-After would have us idle; this is the harder load
        generation.ids.add(record["id"])
        generation.state = record["state"]
        generation.code = record.get("error", {}).get("code")
        return None


class BillTroubles(Troubles):
    """Beside what goes wrong elsewhere: an API process is killed, a worker stops for a while, and so does the upstream."""

    def __init__(self, redis, shunt, apis, upstream, counts):
        super().__init__(redis, shunt, counts, SEED)
        self.apis = apis
        self.upstream = upstream
        self.kinds += [self.pause_worker, self.pause_worker, self.kill_api, self.close_upstream]

    def pause_worker(self):
        """For longer than its locks last, mostly: it wakes when others have its jobs."""
        worker = self.random.choice(self.workers)
        worker.send_signal(signal.SIGSTOP)
        time.sleep(self.random.uniform(0.5, 3))
        worker.send_signal(signal.SIGCONT)

    def kill_api(self):
        place = self.random.randrange(1, len(self.apis))
        api = self.apis[place]
        api.process.kill()
        api.process.wait(PATIENCE)
        api.stop()
        self.apis[place] = ShuntProcess(self.shunt.config.read_text(), self.shunt.environment)

    def close_upstream(self):
        self.upstream.close()
        time.sleep(self.random.uniform(0.1, 1))
        self.upstream.open()


# ---- What must hold afterwards.

def problems_of_bills(generations, bills, counts):
    for generation in generations:
        billed = bills[generation.key]
        name = f"{generation.model}: {sorted(generation.ids)}"
        if generation.model in ONCE:
            counts[f"{generation.model}: doubled"] += max(billed - 1, 0)
            if billed > 1:
                yield f"{name} was billed {billed} times, and ended {generation.state} {generation.code}"
        elif generation.state != "succeeded":
            counts[f"{generation.model}: lost"] += 1
            yield f"{name} ended {generation.state} {generation.code}"
        else:
            counts[f"{generation.model}: bills more than generations"] += billed - 1
        if generation.state == "succeeded" and billed == 0:
            yield f"{name} succeeded without a bill"
        if generation.state != "succeeded":
            counts[f"{generation.model}: failed with {generation.code}, billed {billed}"] += 1


def open_ones(api):
    return [record["id"] for record in all_listed(api) if record["state"] not in ENDED]


def left_in_queue(redis, prefix):
    left = {}
    for model in MODELS:
        queue = f"{prefix}:{model}"
        for name, size in {"wait": redis("LLEN", f"{queue}:wait"), "active": redis("LLEN", f"{queue}:active"),
                           "delayed": redis("ZCARD", f"{queue}:delayed"), "open": redis("ZCARD", f"{prefix}::gen:o:{queue}")}.items():
            if size:
                left[f"{model} {name}"] = size
    return left


def come_to_rest(redis, shunt):
    prefix = shunt.environment["SHUNT_QUEUE_PREFIX"]
    try:
        eventually(lambda: not left_in_queue(redis, prefix) and not open_ones(shunt), patience=PATIENCE)
    except AssertionError:
        yield f"left in Redis: {left_in_queue(redis, prefix)}, open: {open_ones(shunt)[:5]}"


def run_clients(shunt, apis, trouble, counts):
    clients = [Client(number, apis, counts) for number in range(2 * len(MODELS))]
    for client in clients:
        client.start()
    began = time.monotonic()
    while time.monotonic() - began < SECONDS and not any(client.failure for client in clients):
        trouble.make()
    trouble.upstream.calm = True
    for client in clients:
        client.asked_to_end = True
    for client in clients:
        client.join(PATIENCE)
        if client.is_alive():
            yield "a client was not told the end of its generation"
        if client.failure:
            yield f"a client gave up: {client.failure!r}"
    generations = [generation for client in clients for generation in client.done]
    for model in MODELS:
        counts[f"{model}: generations"] = sum(generation.model == model for generation in generations)
    yield from come_to_rest(trouble.redis, shunt)
    yield from problems_of_bills(generations, trouble.upstream.bills, counts)


def main():
    counts = collections.Counter()
    upstream = CountingUpstream(SEED)
    redis = RedisServer(aof=True)
    shunt = QueueProcesses(redis.url, configuration(upstream.port), {"SHUNT_QUEUE_ENQUEUE_DEADLINE": "250ms"})
    apis = [shunt, *(ShuntProcess(shunt.config.read_text(), shunt.environment) for _ in range(2))]
    problems = []
    try:
        trouble = BillTroubles(redis, shunt, apis, upstream, counts)
        problems += run_clients(shunt, apis, trouble, counts)
    finally:
        counts.update({f"upstream {name.replace('_', ' ')}": count for name, count in upstream.happened.items()})
        counts["bills"] = sum(upstream.bills.values())
        for name, count in sorted(counts.items()):
            print(f"{name:60} {count:8}")
        print(f"seed {SEED}, {SECONDS:g} s")
        if problems:
            print("\nWRONG:", *problems[:20], sep="\n  ")
            print(shunt.log()[-3000:], shunt.worker_log()[-3000:], sep="\n----\n")
        for api in apis[1:]:
            api.stop()
        shunt.stop()
        redis.close()
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
