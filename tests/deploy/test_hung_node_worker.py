"""A worker in Node that hangs while it holds a generation: another worker runs it again soon, and what the hung one
writes when it comes to itself changes nothing."""

import json
import signal
import threading
import time

import pytest
from waiting import eventually


WITHIN = 20  # seconds, with the default settings of both
SHOUT = """
[models.shout]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "100ms"
spread = 0.0
concurrency = 4
timeout = "2m"
"""


class Reader(threading.Thread):
    """Follows the events of one request, each with the time at which it came."""

    def __init__(self, api, input):
        super().__init__(daemon=True)
        self.api = api
        self.input = input
        self.events = []

    def run(self):
        answer = self.api.stream("shout", self.input)
        for line in answer:
            if line.startswith(b"data: "):
                self.events.append((time.monotonic(), json.loads(line[len("data: "):])))

    def first(self, kind):
        return next(((at, event) for at, event in list(self.events) if event["type"] == kind), None)

    def kinds(self):
        return [event["type"] for _, event in list(self.events)]


def evicted(log):
    """Whether the worker has noticed that the job is not its own any more."""
    return "lock" in log.lower() or "not this worker's any more" in log or "another worker has it" in log


@pytest.mark.parametrize("file, count", [("worker.mjs", 120), ("worker_with_events.mjs", 60)])
def test_a_hung_workers_generation_runs_elsewhere_and_its_late_writes_change_nothing(redis, programs, examples, file,
                                                                                     count):
    (programs.folder / "shunt.toml").write_text(SHOUT)
    environment = {"QUEUE_ENABLED": "true", "REDIS_URL": redis.url, "MODEL": "shout"}
    api = programs.api(environment=environment)
    eventually(lambda: "degraded" not in api.request("GET", "/readyz")[2], "the API has found Redis")
    node = programs.start(["node", examples / "node-worker" / file], file, environment).until_it_says("serving")
    # It needs two seconds after it has been woken; the other worker needs a tenth of one for each of its words.
    words = " ".join(f"w{number}" for number in range(10))
    reader = Reader(api, {"prompt": words, "word_ms": 300, "tokens": count, "seed": 1})
    reader.start()
    eventually(lambda: reader.first("progress"), "the Node worker works")
    node.signal(signal.SIGSTOP)
    hung_at = time.monotonic()
    ours = programs.worker(environment=environment)

    eventually(lambda: "restarted" in reader.kinds(), "it runs again")
    assert reader.first("restarted")[0] - hung_at < WITHIN
    before = len(reader.events)
    node.signal(signal.SIGCONT)
    eventually(lambda: evicted(node.log()), f"the hung one has noticed: {node.log()}")
    if file == "worker.mjs":  # nothing keeps it from telling BullMQ of its progress
        generation = api.get("/v1/generations")["generations"][0]["id"]
        eventually(lambda: "W9" in redis("HGET", f"{{shunt}}:shout:{generation}", "progress"), "the hung one writes on")
        assert reader.is_alive()
    reader.join(30)

    kinds = reader.kinds()
    again = kinds.index("restarted")
    assert kinds.count("restarted") == 1 and kinds[-1] == "succeeded"
    assert set(kinds[again + 1:-1]) == {"delta"}, kinds[again:]
    assert [event["seq"] for _, event in reader.events] == list(range(1, len(kinds) + 1))
    assert len(kinds) > before
    generation = api.get("/v1/generations")["generations"][0]["id"]
    record = api.get(f"/v1/generations/{generation}")
    assert "W" not in json.dumps(record)
    text = "".join(event["text"] for _, event in reader.events[again:] if event["type"] == "delta")
    assert record["output"]["text"] == text and len(text.split()) == count
    stored = eventually(lambda: redis("HGET", f"{{shunt}}:shout:{generation}", "returnvalue"), "BullMQ has it too")
    assert json.loads(stored)["text"] == text

    # Also not after its end, and the worker is as good as new.
    node.signal(signal.SIGTERM)
    assert node.wait() == 0, node.log()
    assert api.get(f"/v1/generations/{generation}") == record
    assert redis("HGET", f"{{shunt}}:shout:{generation}", "returnvalue") == stored
    assert [redis("LLEN", f"{{shunt}}:shout:{state}") for state in ("active", "wait")] == [0, 0]
    assert redis("ZCARD", "{shunt}:shout:completed") == 1 and redis("ZCARD", "{shunt}:shout:failed") == 0
    assert ours.process.poll() is None
