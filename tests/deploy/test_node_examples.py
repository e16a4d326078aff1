"""Workers and producers in another language: the Node examples beside the real binary."""

import json
import re
import signal
import threading
from pathlib import Path

import pytest
from waiting import eventually


ROOT = Path(__file__).resolve().parents[2]

# What runs it is elsewhere; the API needs to know its name and its limits.
SHOUT = """
[models."loud:shout"]
driver = "command"
argv = ["false"]
timeout = "60s"
concurrency = 4

[models.simulator]
driver = "simulator"
first_token = "0ms"
token_gap = "0ms"
"""
MODEL = "loud:shout"
WORKERS = ["worker.mjs", "worker_with_events.mjs"]
# Of a generation that a producer waits for: BullMQ's client reads events from now on, and "now" is when its first read
# reaches Redis, some milliseconds after it calls itself ready.
LATER = {"first_token_ms": 1000}


@pytest.fixture
def queue(redis, programs, examples):
    """Runs the parts of a deployment against one Redis."""

    class Queue:
        environment = {"QUEUE_ENABLED": "true", "REDIS_URL": redis.url, "MODEL": MODEL}

        def __init__(self):
            (programs.folder / "shunt.toml").write_text(SHOUT)

        def api(self):
            api = programs.api(environment=self.environment)
            eventually(lambda: api.status("/readyz") == 200 and "degraded" not in api.request("GET", "/readyz")[2],
                       "the API has found Redis")
            return api

        def node_worker(self, file):
            return programs.start(["node", examples / "node-worker" / file], file,
                                  self.environment).until_it_says("serving")

        def events(self, api, generation):
            body = api.request("GET", f"/v1/generations/{generation}/events")[2]
            return [json.loads(line[len("data: "):]) for line in body.splitlines() if line.startswith("data: ")]

        def generate_in_background(self, api, input, headers=None):
            """A thread whose `answer` is there once it has ended."""
            thread = threading.Thread(target=lambda: setattr(thread, "answer", api.generate(MODEL, input, headers)))
            thread.start()
            return thread

        def wait_until_running(self, api):
            return eventually(lambda: api.get("/v1/generations?state=running")["generations"], "it runs")[0]["id"]

    return Queue()


@pytest.mark.parametrize("file", WORKERS)
def test_a_node_worker_answers_requests_to_the_api(queue, file):
    api = queue.api()
    queue.node_worker(file)
    status, headers, body = api.generate(MODEL, {"prompt": "good morning"})
    assert status == 200, body
    record = json.loads(body)
    assert (record["state"], record["output"]["text"]) == ("succeeded", "GOOD MORNING")
    assert record["output"]["result"] == {"words": 2}
    assert "started_at" in record
    assert api.generate(MODEL, {"prompt": "x"}, {"Accept": "text/plain"})[2] == "X"


def test_the_progress_of_a_plain_worker_reaches_the_stream(queue):
    api = queue.api()
    queue.node_worker("worker.mjs")
    body = api.generate(MODEL, {"prompt": "one two three", "word_ms": 400}, {"Accept": "text/event-stream"})[2]
    events = [json.loads(line[len("data: "):]) for line in body.splitlines() if line.startswith("data: ")]
    types = [event["type"] for event in events]
    assert types[:2] == ["queued", "started"] and types[-2:] == ["delta", "succeeded"]
    progress = [event for event in events if event["type"] == "progress"]
    assert progress and progress[-1]["message"] in ("TWO", "THREE") and 0.3 < progress[-1]["fraction"] <= 1
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


@pytest.mark.parametrize("file", WORKERS)
def test_an_error_of_a_node_worker_is_the_answer(queue, file):
    api = queue.api()
    queue.node_worker(file)
    status, _, body = api.generate(MODEL, {"prompt": 7})
    problem = json.loads(body)
    assert (status, problem["code"]) == (502, "generator_failed"), body
    assert problem["detail"] == "input.prompt must be a string"


def test_the_event_log_streams_text_and_tells_the_worker_of_a_cancel(queue, redis):
    api = queue.api()
    worker = queue.node_worker("worker_with_events.mjs")
    words = " ".join(["word"] * 500)
    _, _, body = api.generate(MODEL, {"prompt": "a b c", "word_ms": 20}, {"Accept": "text/event-stream"})
    assert body.count("event: delta") == 3 and body.count("event: started") == 1

    waiting = queue.generate_in_background(api, {"prompt": words, "word_ms": 50})
    running = queue.wait_until_running(api)
    eventually(lambda: int(redis("HGET", f"{{shunt}}::gen:r:{running}", "seq")) > 5, "it has written words")
    api.request("POST", f"/v1/generations/{running}/cancel", {"reason": "enough"})
    waiting.join(20)
    status, _, body = waiting.answer
    assert (status, json.loads(body)["code"]) == (409, "cancelled")
    assert json.loads(body)["generation"]["output"]["text"].startswith("WORD")
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0, worker.log()


def test_a_generation_of_a_killed_worker_runs_again_and_says_so(queue, redis):
    api = queue.api()
    first = queue.node_worker("worker_with_events.mjs")
    input = {"prompt": "a b c d e f g h", "word_ms": 500}
    waiting = queue.generate_in_background(api, input, {"Accept": "text/event-stream"})
    running = queue.wait_until_running(api)
    eventually(lambda: int(redis("HGET", f"{{shunt}}::gen:r:{running}", "seq")) > 2, "it has written a word")
    first.signal(signal.SIGKILL)
    queue.node_worker("worker_with_events.mjs")
    waiting.join(40)
    body = waiting.answer[2]
    assert "event: restarted" in body and '"attempt":2' in body, body
    assert body.count("event: succeeded") == 1


@pytest.mark.parametrize("file", WORKERS)
def test_a_node_worker_puts_an_unknown_version_back(queue, redis, programs, examples, file):
    queue.node_worker(file)
    add = """import { Queue } from 'bullmq';
const queue = new Queue('loud%3Ashout', { connection: { url: process.env.REDIS_URL }, prefix: '{shunt}' });
await queue.add('m', { v: 99, of: 'the future' }, { jobId: 'gen_future' });
await queue.close();"""
    (examples / "node-worker" / "add.mjs").write_text(add)
    done = programs.run(["node", examples / "node-worker" / "add.mjs"], queue.environment)
    assert done.returncode == 0, done.stderr
    eventually(lambda: redis("ZCARD", "{shunt}:loud%3Ashout:delayed") == 1, "it waits for a worker that knows it")
    assert redis("HGET", "{shunt}:loud%3Ashout:gen_future", "failedReason") is None


def test_a_node_producer_gets_its_result_from_our_worker(queue, programs, examples):
    programs.worker(environment=queue.environment)
    input = json.dumps({"prompt": "hi", "tokens": 3, **LATER})
    done = programs.run(["node", examples / "node-producer" / "producer.mjs", input],
                        {**queue.environment, "MODEL": "simulator"})
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["id"].startswith("gen_") and len(answer["text"].split()) == 3
    # The same generation over the API, with its events.
    api = queue.api()
    record = api.get(f"/v1/generations/{answer['id']}")
    assert (record["state"], record["output"]["text"]) == ("succeeded", answer["text"])
    types = [event["type"] for event in queue.events(api, answer["id"])]
    assert (types[:2], types[-1]) == (["queued", "started"], "succeeded")


def test_a_node_producer_hears_of_a_failure(queue, programs, examples):
    programs.worker(environment=queue.environment)
    input = json.dumps({"prompt": "hi", "tokens": 3, "failure_rate": 1, **LATER})
    done = programs.run(["node", examples / "node-producer" / "producer.mjs", input],
                        {**queue.environment, "MODEL": "simulator"})
    assert done.returncode == 1
    assert re.search(r"gen_\w+: [a-z_]+: ", done.stderr), done.stderr


@pytest.mark.parametrize("name", ["node-worker", "node-producer"])
def test_an_example_locks_the_versions_that_the_tests_run(name):
    def locked(folder):
        text = (folder / "package-lock.json").read_text()
        assert "resolved" not in text
        return {path: entry["version"] for path, entry in json.loads(text)["packages"].items() if path}

    ours, tested = locked(ROOT / "examples" / name), locked(ROOT / "tests" / "interop")
    assert ours["node_modules/bullmq"] == "6.7.0"
    assert {path: version for path, version in ours.items() if path in tested} == \
        {path: tested[path] for path in ours if path in tested}


def test_the_plain_worker_stays_plain():
    text = (ROOT / "examples" / "node-worker" / "worker.mjs").read_text()
    assert re.findall(r"from '(.*)'", text) == ["bullmq"]
    assert len(text.splitlines()) <= 40
