"""What each end of a generation looks like to BullMQ's own client (docs/contract/ends.md)."""

import json
import signal
import socket
import uuid
from pathlib import Path

import pytest
from waiting import eventually


CONFIG = """
[models.words]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "0ms"
concurrency = 2
on_disconnect = "continue"
"""
SLOW = {"prompt": "slow", "tokens": 10000, "token_gap_ms": 20}


@pytest.fixture
def queue(redis, programs, examples):
    class Queue:
        environment = {"QUEUE_ENABLED": "true", "REDIS_URL": redis.url, "SHUNT_QUEUE_ATTEMPTS": "3",
                       "SHUNT_QUEUE_BACKOFF": "50ms"}

        def __init__(self):
            (programs.folder / "shunt.toml").write_text(CONFIG)
            script = examples / "wait_for_job.mjs"
            script.write_text((Path(__file__).parent / "wait_for_job.mjs").read_text())

        def api(self):
            api = programs.api(environment=self.environment)
            eventually(lambda: api.status("/readyz") == 200, "the API has found Redis")
            return api

        def worker(self):
            return programs.start([programs.shunt, "worker"], "worker", self.environment).until_it_says("working")

        def start(self, api, input, **members):
            status, _, body = api.generate("words", input, {"Prefer": "respond-async"}, **members)
            assert status == 202, body
            return json.loads(body)["id"]

        def node(self, *arguments):
            return programs.start(["node", examples / "wait_for_job.mjs", *arguments], "node",
                                  self.environment).until_it_says("waiting")

        def seen(self, node):
            node.wait(40)
            line = next((line for line in node.log().splitlines() if line.startswith("seen ")), None)
            assert line, node.log()
            return json.loads(line.removeprefix("seen "))

    return Queue()


def running(api, id):
    eventually(lambda: api.get(f"/v1/generations/{id}")["state"] == "running", "it runs")
    eventually(lambda: api.get(f"/v1/generations/{id}").get("output", {}).get("text"), "partial text")


def test_a_success_resolves(queue):
    api = queue.api()
    id = queue.start(api, {"prompt": "x", "tokens": 3})
    node = queue.node("wait", "words", id)
    queue.worker()
    seen = queue.seen(node)
    assert seen["state"] == "completed" and seen["returned"]["text"]


def test_a_cancel_while_it_runs_fails_for_good_with_its_reason(queue):
    api = queue.api()
    queue.worker()
    id = queue.start(api, SLOW)
    running(api, id)
    node = queue.node("wait", "words", id)
    assert api.request("POST", f"/v1/generations/{id}/cancel", {"reason": "enough"})[0] in (200, 202)
    seen = queue.seen(node)
    assert seen["rejected"] == "cancelled: enough"
    assert (seen["state"], seen["attemptsMade"]) == ("failed", 1), "two attempts were left"
    record = api.get(f"/v1/generations/{id}")
    assert (record["state"], record["cancel_reason"]) == ("cancelled", "enough")
    assert record["output"]["text"]


def test_a_cancel_while_it_waits_removes_the_job(queue):
    api = queue.api()
    id = queue.start(api, SLOW)
    assert json.loads(api.request("POST", f"/v1/generations/{id}/cancel", {})[2])["state"] == "cancelled"
    eventually(lambda: not queue_has(queue, id), "the job is gone")


def queue_has(queue, id):
    host, _, port = queue.environment["REDIS_URL"].removeprefix("redis://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"EXISTS {shunt}:words:" + id.encode() + b"\r\n")
        return connection.recv(100) == b":1\r\n"


def test_a_failure_rejects_with_code_and_message(queue):
    api = queue.api()
    queue.worker()
    id = queue.start(api, {"prompt": "x", "tokens": 20, "token_gap_ms": 20, "failure_rate": 1})
    node = queue.node("wait", "words", id)
    seen = queue.seen(node)
    assert seen["rejected"].startswith("simulated_failure: ")
    assert seen["state"] == "failed"


def test_a_deadline_rejects_whatever_attempts_are_left(queue):
    api = queue.api()
    queue.worker()
    id = queue.start(api, SLOW, options={"timeout_ms": 2000})
    node = queue.node("wait", "words", id)
    seen = queue.seen(node)
    assert seen["rejected"].startswith("deadline_exceeded: ")
    assert (seen["state"], seen["attemptsMade"]) == ("failed", 1)


def test_a_worker_that_is_lost_too_often_rejects(queue):
    queue.environment = {**queue.environment, "SHUNT_QUEUE_LOCK_DURATION": "2s", "SHUNT_QUEUE_STALLED_INTERVAL": "500ms",
                         "SHUNT_QUEUE_MAX_STALLED_COUNT": "0"}
    api = queue.api()
    first = queue.worker()
    id = queue.start(api, SLOW)
    running(api, id)
    node = queue.node("wait", "words", id)
    first.signal(signal.SIGKILL)
    queue.worker()
    seen = queue.seen(node)
    assert "stalled more than" in seen["rejected"] and seen["state"] == "failed"
    record = eventually(lambda: api.get(f"/v1/generations/{id}")["state"] == "failed"
                        and api.get(f"/v1/generations/{id}"), "its end")
    assert record["error"]["code"] == "worker_lost"


@pytest.mark.parametrize("data", [{"hello": 1}, {"v": 1}, "text", {"v": 99, "deadline": 1}])
def test_a_job_that_is_no_envelope_ends_at_once_whatever_attempts_are_left(queue, data):
    queue.worker()
    node = queue.node("add", "words", f"foreign-{uuid.uuid4()}", json.dumps(data))
    seen = queue.seen(node)
    assert seen["state"] == "failed" and seen["attemptsMade"] == 1, seen
    assert seen["failedReason"]


def test_a_job_whose_id_is_not_its_envelopes_ends_at_once(queue):
    queue.worker()
    envelope = {"v": 1, "id": "gen_019abc3f5c2a7d1e8f00a1b2c3d4e5f6", "model": "words", "input": {},
                "admission": {"executor": "queue", "reason": "producer"}, "created_at": 1763912587042}
    seen = queue.seen(queue.node("add", "words", "another-id", json.dumps(envelope)))
    assert seen["state"] == "failed" and "must be its envelope's" in seen["rejected"]
