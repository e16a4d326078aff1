"""Webhooks in each state of the flip, on the way from one to another, and over a reload in the middle of a canary: every
end is told once."""

import collections
import json
import signal

import pytest

from redis_server import RedisServer
from shunt_process import QueueProcesses
from waiting import eventually
from webhook_receiver import SECRET, Receiver

CONFIG = f"""
[webhooks]
secrets = ["{SECRET}"]
allow_http = true
allowed_addresses = ["127.0.0.1"]

[shadow]
sample = 1.0
real_per_minute = 10000
""" + """
[models.words]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
spread = 0.0
concurrency = 100
max_tokens = 1000
shadow = "real"
"""
JSON = {"Content-Type": "application/json"}
# What each strategy begins with, and where its requests run that say nothing of it.
STATES = {"sync": ("dark", {"sync"}), "shadow": ("shadow", {"sync"}), "canary": ("canary", {"sync", "queue"}),
          "queue": ("full", {"queue"})}


@pytest.fixture
def hook():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def fleet():
    made = []

    def start(strategy):
        redis = RedisServer()
        shunt = QueueProcesses(redis.url, CONFIG, {"SHUNT_STRATEGY": strategy})
        made.extend([shunt.stop, redis.close])
        return shunt

    yield start
    for end in made:
        end()


def begin(fleet, hook, count, seconds=0.0, **headers):
    """The ids of so many generations with a webhook, which go on for about so long."""
    body = {"model": "words", "webhook": {"url": hook.url()}, "input": {"prompt": "x", "tokens": 10, "token_gap_ms": int(seconds * 100)}}
    ids = []
    for _ in range(count):
        answer = fleet.request("POST", "/v1/generations", json.dumps(body),
                               {**JSON, "Prefer": "respond-async", **{k.replace("_", "-"): v for k, v in headers.items()}})
        assert answer.status == 202, answer.text()
        ids.append(answer.json()["id"])
    return ids


def move(fleet, order, **body):
    moved = fleet.request("POST", f"/admin/flip/{order}", json.dumps(body), JSON)
    assert moved.status == 200, moved.text()


def status(fleet):
    return fleet.request("GET", "/admin/flip").json()


def executors(fleet, ids):
    return {fleet.record(each)["admission"]["executor"] for each in ids}


def all_told_once(fleet, hook, ids):
    eventually(lambda: len(hook.received) >= len(ids), f"{len(ids)} messages", patience=60)
    # A double would be one more delivery: they are all there once nothing waits.
    eventually(lambda: not fleet.request("GET", "/admin/webhooks?state=pending").json()["deliveries"])
    told = collections.Counter(body["data"]["id"] for body in hook.bodies())
    assert told == collections.Counter(ids)
    assert {body["type"] for body in hook.bodies()} == {"generation.succeeded"}, hook.bodies()


@pytest.mark.parametrize("strategy", STATES)
def test_every_end_is_told_once_in_each_state(fleet, hook, strategy):
    fleet = fleet(strategy)
    state, wanted = STATES[strategy]
    assert status(fleet)["state"] == state
    ids = begin(fleet, hook, 12) + begin(fleet, hook, 4, seconds=1)
    if strategy == "canary":  # few callers are in it: some are sent there
        ids += begin(fleet, hook, 6, seconds=1, Shunt_Executor="queue") + begin(fleet, hook, 2, Shunt_Executor="sync")
    all_told_once(fleet, hook, ids)
    assert executors(fleet, ids) == wanted


def test_ends_that_come_after_a_move_are_told_once(fleet, hook):
    fleet = fleet("sync")
    ids = begin(fleet, hook, 5, seconds=2)
    move(fleet, "force", executor="queue")
    eventually(lambda: status(fleet)["state"] == "forced_queue")
    forth = begin(fleet, hook, 5, seconds=2)
    move(fleet, "force", executor="sync")
    eventually(lambda: status(fleet)["state"] == "forced_sync")
    back = begin(fleet, hook, 5, seconds=0.5)
    assert (executors(fleet, ids), executors(fleet, forth), executors(fleet, back)) == ({"sync"}, {"queue"}, {"sync"})
    all_told_once(fleet, hook, ids + forth + back)


def test_a_queue_is_taken_back_with_ends_outstanding(fleet, hook):
    fleet = fleet("queue")
    ids = begin(fleet, hook, 6, seconds=2)
    move(fleet, "abort")
    eventually(lambda: status(fleet)["acting"] in ("aborting", "draining", "off"))
    ids += begin(fleet, hook, 3)
    all_told_once(fleet, hook, ids)


def test_a_reload_in_mid_canary_loses_and_doubles_nothing(fleet, hook):
    fleet = fleet("canary")
    before = status(fleet)
    ids = begin(fleet, hook, 5, seconds=3, Shunt_Executor="queue") + begin(fleet, hook, 5, seconds=3, Shunt_Executor="sync")
    running = [fleet.record(each)["created_at"] for each in ids]
    fleet.config.write_text(CONFIG + CONFIG[CONFIG.index("[models.words]"):].replace("words", "others"))
    for process, log in ((fleet.process, fleet.log), (fleet.worker, fleet.worker_log)):
        process.send_signal(signal.SIGHUP)
        eventually(lambda log=log: "service.reload" in log(), "the reload")
    models = [each["name"] for each in fleet.request("GET", "/v1/models").json()["models"]]
    assert "others" in models
    after = status(fleet)
    assert [after[name] for name in ("state", "epoch", "step")] == [before[name] for name in ("state", "epoch", "step")]
    assert after["weight"]["wanted"] == before["weight"]["wanted"] and after["state"] == "canary"
    ids += begin(fleet, hook, 4, Shunt_Executor="queue") + begin(fleet, hook, 4)
    all_told_once(fleet, hook, ids)
    ended = [fleet.record(each) for each in ids[:10]]
    assert [each["created_at"] for each in ended] == running
    assert all(each["state"] == "succeeded" and len(each["output"]["text"].split()) == 10 for each in ended)
    for each in ids[:10]:
        events = fleet.request("GET", f"/v1/generations/{each}/events", headers={"Accept": "text/event-stream"}).text()
        assert "event: succeeded" in events and "event: restarted" not in events, "none was begun anew"
