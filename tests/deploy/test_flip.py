"""docs/flip.md and docs/flip/: what they say of the switch, its caveats and the way back, done to real processes."""

import http.client
import json
import re
import signal
import threading
import time

import pytest

import compose
from waiting import eventually

CONFIG = """
[shutdown]
grace = "2s"

[queue]
lock_duration = "3s"
stalled_interval = "500ms"

[models.quick]
driver = "simulator"
first_token = "0ms"
token_gap = "0ms"
concurrency = 8

[models.one]
driver = "simulator"
first_token = "50ms"
token_gap = "0ms"
concurrency = 1

[models.slow]
driver = "simulator"
first_token = "30s"
concurrency = 2
max_waiting = 2
on_disconnect = "continue"
"""


@pytest.fixture
def flip(redis, programs):
    (programs.folder / "shunt.toml").write_text(CONFIG)

    class Flip:
        environment = {"QUEUE_ENABLED": "true", "REDIS_URL": redis.url}

        def api(self, **environment):
            api = programs.api(environment={**self.environment, **environment})
            eventually(lambda: api.status("/readyz") == 200, "it is ready")
            return api

        def worker(self, *arguments, **environment):
            return programs.worker(*arguments, environment={**self.environment, **environment})

    return Flip()


def in_background(api, *arguments):
    """A thread whose `answer` is there once it has ended."""
    def ask():
        try:
            thread.answer = api.generate(*arguments)
        except (ConnectionError, http.client.HTTPException):
            pass  # its API has gone

    thread = threading.Thread(target=ask)
    thread.answer = None
    thread.start()
    return thread


def wait_until_running(api, count=1):
    return eventually(lambda: len(found := api.get("/v1/generations?state=running")["generations"]) >= count and found,
                      f"{count} run")


def code(answer):
    return answer[0], json.loads(answer[2])["code"]


def test_workers_may_be_there_before_the_switch(flip, redis):
    flip.worker()
    api = flip.api(QUEUE_ENABLED="false")
    assert api.generate("quick", {"prompt": "x"})[0] == 200
    assert redis("EXISTS", "{shunt}::gen:index") == 0
    eventually(lambda: redis("ZCARD", "{shunt}::gen:workers") == 1, "its lease is there")


def test_the_switch_is_read_at_the_start_and_told(flip):
    api = flip.api()
    assert 'shunt_executor_info{executor="queue",reason="queue_enabled"} 1' in api.request("GET", "/metrics")[2]
    assert "executor=queue reason=queue_enabled" in api.log()


def test_a_request_without_a_worker_ends_by_its_timeout(flip):
    api = flip.api()
    status, _, body = api.request("POST", "/v1/generations",
                                  {"model": "quick", "input": {"prompt": "x"}, "options": {"timeout_ms": 300}})
    assert (status, json.loads(body)["code"]) == (504, "deadline_exceeded")


def test_a_missing_worker_may_be_refused_at_once(flip):
    api = flip.api(SHUNT_QUEUE_REQUIRE_WORKER="true")
    answer = api.generate("quick", {"prompt": "x"})
    assert code(answer) == (503, "no_worker") and "retry-after" in answer[1]
    flip.worker()
    eventually(lambda: api.generate("quick", {"prompt": "x"})[0] == 200, "a worker has told that it is there")


def test_a_killed_workers_generation_runs_again_on_another_one(flip):
    api = flip.api()
    first = flip.worker()
    waiting = in_background(api, "quick", {"prompt": "x", "first_token_ms": 4000})
    wait_until_running(api)
    first.signal(signal.SIGKILL)
    killed = time.monotonic()
    flip.worker()
    waiting.join(30)
    assert waiting.answer[0] == 200, waiting.answer
    # lock_duration + 2 x stalled_interval, what it takes to run, and patience for a slow machine: less than the 20 s and
    # the run of a service that has the defaults.
    assert time.monotonic() - killed < 4 + 4 + 14


def test_a_generation_that_kills_its_workers_fails(flip, redis):
    api = flip.api(SHUNT_QUEUE_MAX_STALLED_COUNT="1")
    waiting = in_background(api, "slow", {"prompt": "x"})
    id = eventually(lambda: api.get("/v1/generations")["generations"], "it is there")[0]["id"]
    for attempt in ("1", "2"):
        worker = flip.worker(SHUNT_QUEUE_MAX_STALLED_COUNT="1")
        eventually(lambda: redis("HGET", f"{{shunt}}::gen:r:{id}", "attempt") == attempt, f"attempt {attempt}")
        worker.signal(signal.SIGKILL)
        worker.wait()
    flip.worker(SHUNT_QUEUE_MAX_STALLED_COUNT="1")
    waiting.join(40)
    assert code(waiting.answer) == (502, "worker_lost")


def test_a_worker_that_is_stopped_gives_back_what_it_cannot_finish(flip):
    api = flip.api()
    first = flip.worker(SHUNT_SHUTDOWN_GRACE="100ms")
    waiting = in_background(api, "quick", {"prompt": "x", "first_token_ms": 5000})
    wait_until_running(api)
    flip.worker()
    first.signal(signal.SIGTERM)
    assert first.wait() == 0
    assert "given_back=1" in first.log()
    waiting.join(30)
    assert waiting.answer[0] == 200, waiting.answer


def test_a_generation_that_redis_has_lost_ends_with_an_error(flip, redis):
    # Only after four times as long nothing can be about to come to Redis any more.
    api = flip.api(SHUNT_QUEUE_ENQUEUE_DEADLINE="2s")
    flip.worker()
    waiting = in_background(api, "slow", {"prompt": "x"})
    wait_until_running(api)
    redis("FLUSHALL")
    waiting.join(40)
    assert code(waiting.answer) == (502, "worker_lost")


def test_one_queue_is_first_in_first_out_for_one_worker_of_one_slot(flip, redis):
    api = flip.api()
    waiting = []
    for at in range(5):
        waiting.append(in_background(api, "one", {"prompt": str(at)}))
        eventually(lambda: redis("LLEN", "{shunt}:one:wait") == at + 1, "it waits")
    flip.worker()
    for thread in waiting:
        thread.join(20)
    records = [json.loads(thread.answer[2]) for thread in waiting]
    assert [record["id"] for record in sorted(records, key=lambda r: r["started_at"])] == \
        [record["id"] for record in records]


def test_the_bound_of_admission_holds_over_all_processes(flip):
    apis = [flip.api(), flip.api()]
    for at in range(4):  # 2 slots and 2 places
        in_background(apis[at % 2], "slow", {"prompt": "x", "first_token_ms": 4000})
    eventually(lambda: len(apis[0].get("/v1/generations")["generations"]) == 4, "all are admitted")
    for api in apis:
        answer = api.generate("slow", {"prompt": "x"})
        assert code(answer) == (429, "model_busy") and "retry-after" in answer[1]


def test_connections_of_each_process(flip, redis):
    def names():
        return sorted(re.findall(r" name=(\S*) ", redis("CLIENT", "LIST").replace("name= ", "name=- ")))

    before = len(names())
    flip.api()
    eventually(lambda: len(names()) - before == 4 + 2, f"four for generations, and two for the flip: {names()}")
    between = len(names())
    flip.worker("--model", "quick", "--model", "one")
    eventually(lambda: len(names()) - between == 2 + 3 * 2, f"two, and three for each model: {names()}")


def test_a_worker_puts_a_version_that_it_does_not_know_back(flip, redis, programs, examples):
    worker = flip.worker()
    add = examples / "node-worker" / "add.mjs"
    add.write_text("""import { Queue } from 'bullmq';
const queue = new Queue('quick', { connection: { url: process.env.REDIS_URL }, prefix: '{shunt}' });
await queue.add('quick', { v: 99, of: 'the future' }, { jobId: 'gen_future' });
await queue.close();""")
    assert programs.run(["node", add], flip.environment).returncode == 0
    eventually(lambda: redis("ZCARD", "{shunt}:quick:delayed") == 1, "it waits for a worker that knows it")
    assert "worker.envelope_put_back" in worker.log()


# ---- Waiting.


def test_async_is_for_those_who_ask(flip):
    api = flip.api()
    status, headers, body = api.generate("quick", {"prompt": "x"}, {"Prefer": "respond-async"})
    assert (status, headers["preference-applied"]) == (202, "respond-async")
    assert headers["location"] == f"/v1/generations/{json.loads(body)['id']}" and "retry-after" in headers
    assert api.generate("quick", {"prompt": "x"}, {"Prefer": "wait=1"})[0] == 202, "nobody runs it yet"
    flip.worker()
    eventually(lambda: api.get(headers["location"])["state"] == "succeeded", "it went on")
    assert api.generate("quick", {"prompt": "x"}, {"Prefer": "wait=20"})[0] == 200


def test_a_wait_that_is_too_long_ends_with_a_link_and_the_generation_goes_on(flip):
    api = flip.api(SHUNT_SERVER_WAIT_DEADLINE="300ms")
    answer = api.generate("quick", {"prompt": "x"})
    assert code(answer) == (504, "wait_deadline_exceeded")
    flip.worker()
    eventually(lambda: api.get(answer[1]["location"])["state"] == "succeeded", "it went on")


# ---- The way back.

def test_a_flip_back_leaves_what_is_queued_to_the_workers(flip, redis):
    queued = flip.api()
    flip.worker()
    waiting = in_background(queued, "slow", {"prompt": "x", "first_token_ms": 12000}, {"Idempotency-Key": "paid"})
    running = wait_until_running(queued)[0]["id"]
    queued.signal(signal.SIGTERM)
    assert queued.wait() == 0
    waiting.join(20)
    assert code(waiting.answer) == (504, "wait_deadline_exceeded")
    assert waiting.answer[1]["location"] == f"/v1/generations/{running}"
    sync = flip.api(QUEUE_ENABLED="false")
    # It does not know them, nor their keys.
    assert sync.status(f"/v1/generations/{running}") == 404
    answer = sync.generate("slow", {"prompt": "x", "first_token_ms": 0}, {"Idempotency-Key": "paid"})
    assert answer[0] == 200 and json.loads(answer[2])["id"] != running
    # The workers go on, and a second API beside it still answers for them.
    beside = flip.api()
    record = eventually(lambda: (r := beside.get(f"/v1/generations/{running}"))["state"] == "succeeded" and r, "it ends")
    assert record["output"]["text"]
    eventually(lambda: redis("ZCARD", "{shunt}::gen:o:{shunt}:slow") == 0, "drained")


def test_what_waits_is_kept_when_the_workers_stop_and_runs_when_they_are_back(flip):
    api = flip.api()
    worker = flip.worker()
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0
    waiting = in_background(api, "quick", {"prompt": "x"})
    eventually(lambda: api.get("/v1/generations?state=queued")["generations"], "it waits")
    flip.worker()
    waiting.join(20)
    assert waiting.answer[0] == 200
