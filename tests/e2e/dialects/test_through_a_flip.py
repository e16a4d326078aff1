"""OpenAI's client while the fleet goes from sync to the queue and back: it sees no change."""

import json
import subprocess

import pytest
from conftest import CLIENTS, node
from redis_server import RedisServer
from shunt_process import QueueProcesses
from waiting import eventually

MODELS = """
[models.words]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "40ms"
spread = 0.0
tokens = 100
concurrency = 100
"""


@pytest.fixture
def fleet():
    redis = RedisServer()
    shunt = QueueProcesses(redis.url, MODELS, {"SHUNT_STRATEGY": "sync"})
    yield shunt
    shunt.stop()
    redis.close()


def executors(fleet):
    return [each["admission"]["executor"] for each in fleet.request("GET", "/v1/generations").json()["generations"]]


def force(fleet, executor):
    moved = fleet.request("POST", "/admin/flip/force", json.dumps({"executor": executor}).encode(),
                          {"Content-Type": "application/json"})
    assert moved.status == 200, moved.body


def test_streams_go_on_while_the_fleet_is_forced_to_the_queue_and_back(fleet):
    client = subprocess.Popen(node("through_a_flip.mjs", f"{fleet.url}/v1"), cwd=CLIENTS, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    assert client.stdout.readline() == "streaming\n"
    force(fleet, "queue")
    eventually(lambda: "queue" in ask(fleet), "new ones go to the queue")
    client.stdin.write("on\n")
    client.stdin.flush()
    assert client.stdout.readline() == "streaming\n"
    force(fleet, "sync")
    client.stdin.write("on\n")
    client.stdin.flush()
    texts = json.loads(client.communicate(timeout=60)[0])
    assert client.returncode == 0
    assert [len(text.split()) for text in texts] == [100] * 20
    assert {"sync", "queue"} <= set(executors(fleet))


def ask(fleet):
    fleet.request("POST", "/v1/chat/completions", json.dumps(
        {"model": "words", "messages": [{"role": "user", "content": "Hi"}], "tokens": 1}).encode(),
        {"Content-Type": "application/json"})
    return executors(fleet)[:1]
