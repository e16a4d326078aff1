"""Three nodes of a Redis Cluster; API and worker in processes of their own. A prefix has all of its keys in one slot, so
whoever knows any node has to find the one that serves it, and to go with it when it moves."""

import json
import uuid

import pytest

import wire
from redis_cluster import RedisCluster
from shunt_process import QueueProcesses
from waiting import eventually

MODELS = """
[server]
sse_heartbeat = "200ms"
threads = 1

[queue]
command_timeout = "10s"

[models.words]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "20ms"
spread = 0.0
concurrency = 10

[models.picture]
driver = "simulator"
first_token = "0ms"
token_gap = "0ms"
result_bytes = 1000
produces = ["application/octet-stream"]
"""


@pytest.fixture(scope="module")
def cluster():
    made = RedisCluster()
    yield made
    made.close()


@pytest.fixture
def start(cluster):
    """Starts an API and a worker that are told one node, with a prefix that is served by another one."""
    started = []

    def start_one(told, serving):
        prefix = cluster.prefix_on(serving, uuid.uuid4().hex)
        started.append(QueueProcesses(cluster.url(told), MODELS, {"SHUNT_QUEUE_PREFIX": prefix}))
        return started[-1], prefix

    yield start_one
    for process in started:
        process.stop()


def keys_of(node, prefix):
    return node("KEYS", prefix.replace("{", "\\{") + "*")


@pytest.mark.parametrize("serving", [0, 1, 2])
def test_whichever_node_serves_the_prefix_everything_works(start, cluster, serving):
    shunt, prefix = start(told=cluster.nodes[(serving + 1) % 3], serving=cluster.nodes[serving])

    answer = shunt.generate("words", {"prompt": "x", "tokens": 3})
    assert answer.status == 200, answer.text()
    assert len(answer.json()["output"]["text"].split()) == 3

    events = wire.events(shunt.generate("words", {"prompt": "x", "tokens": 5}, stream=True).text())
    kinds = [kind for _, kind, _ in events]
    assert [number for number, _, _ in events] == list(range(1, len(events) + 1))
    assert kinds[:2] == ["queued", "started"] and kinds.count("delta") == 5 and kinds[-1] == "succeeded"

    with shunt.connect() as connection:
        running = wire.post_stream(connection, "words", {"prompt": "x", "seed": 1, "tokens": 100000})
        wire.read_until(connection, "delta")
        assert shunt.request("POST", f"/v1/generations/{running}/cancel").status in (200, 202)
        assert wire.events(wire.read_rest(connection).decode())[-1][1] == "cancelled"
    assert shunt.record(running)["state"] == "cancelled"

    picture = shunt.generate("picture").json()
    assert len(shunt.request("GET", picture["output"]["artifacts"][0]["url"]).body) == 1000

    listed = shunt.request("GET", "/v1/generations").json()["generations"]
    assert len(listed) == 4
    for number, node in enumerate(cluster.nodes):
        assert bool(keys_of(node, prefix)) == (number == serving)


def refused(nodes, error):
    """How many commands the nodes have answered with that error."""
    count = 0
    for node in nodes:
        for line in node("INFO", "errorstats").splitlines():
            if line.startswith(f"errorstat_{error}:"):
                count += int(line.split("count=")[1])
    return count


@pytest.mark.parametrize("first", ["its keys", "the others"])
def test_a_prefix_that_moves_to_another_node_takes_its_generations_along(start, cluster, first):
    """A stream runs, and a generation is submitted, when some of the keys are there and some are here."""
    source, target = cluster.nodes[0], cluster.nodes[1]
    shunt, prefix = start(told=cluster.nodes[2], serving=source)
    ended = shunt.generate("words", {"prompt": "x", "tokens": 3}).json()
    with shunt.connect() as stream, shunt.connect() as meanwhile:
        streamed = wire.post_stream(stream, "words", {"prompt": "x", "seed": 1, "tokens": 30})
        seen = wire.read_until(stream, "delta")
        cluster.begin_move(prefix, source, target)
        assert cluster.move_keys(prefix, source, target, lambda key: (streamed in key) == (first == "its keys"))
        meanwhile.send(wire.request_bytes("POST", "/v1/generations", json.dumps(
            {"model": "words", "input": {"prompt": "x", "tokens": 2}})))
        waited = refused([source, target], "TRYAGAIN")
        eventually(lambda: refused([source, target], "TRYAGAIN") > waited + 5)
        cluster.move_keys(prefix, source, target)
        cluster.end_move(prefix, source, target)
        events = wire.events((seen + wire.read_rest(stream)).decode())
        answer = meanwhile.read_response()
    assert [number for number, _, _ in events] == list(range(1, len(events) + 1))
    kinds = [kind for _, kind, _ in events]
    assert kinds.count("delta") == 30 and kinds[-1] == "succeeded" and "restarted" not in kinds
    assert answer.status == 200, answer.text()
    assert shunt.record(ended["id"]) == ended
    assert shunt.record(streamed)["state"] == "succeeded"
    assert refused([source], "MOVED") > 0
    eventually(lambda: shunt.request("GET", "/readyz").json()["status"] == "ready")
    assert shunt.generate("words", {"prompt": "x", "tokens": 1}).status == 200
    assert not keys_of(source, prefix) and keys_of(target, prefix)


def test_a_prefix_without_braces_is_refused_with_the_reason(cluster):
    with pytest.raises(RuntimeError, match="queue.prefix must have a hash tag"):
        QueueProcesses(cluster.url(), MODELS, {"SHUNT_QUEUE_PREFIX": "shunt"})
