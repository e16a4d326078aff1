"""What other APIs' calls make this process hold beside their bodies: lines of batches, and stored requests that are read
again. It stays within memory.limit."""

import contextlib
import hashlib
import json
import socket
import threading
import time

import pytest
from forms import END, FORM, part
from redis_server import RedisServer
from shunt_process import QueueProcesses, ShuntProcess
from test_memory import CONFIG, LIMIT, MIB, Watcher, attack, post, resident, settle
from waiting import eventually

def batch_of(server, lines):
    content = "".join(json.dumps({"custom_id": str(i), "method": "POST", "url": "/v1/chat/completions", "body": body}) + "\n"
                      for i, body in enumerate(lines)).encode()
    form = part("purpose", b"batch") + part("file", content, "lines.jsonl") + END
    file = server.request("POST", "/v1/files", form, FORM).json()["id"]
    answer = server.request("POST", "/v1/batches",
                            json.dumps({"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"}),
                            {"Content-Type": "application/json"})
    assert answer.status == 200, answer.text()
    return answer.json()["id"]


@pytest.fixture
def server(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as upstream:  # it answers nobody
        made = ShuntProcess(CONFIG + f"""
[models.one-at-a-time]
driver = "openai"
base_url = "http://127.0.0.1:{upstream.getsockname()[1]}/v1"
model = "m"
concurrency = 1
max_waiting = 0

[files]
min_free = 0
directory = "{tmp_path}/files"

[batches]
concurrency_per_key = 32
""")
        yield made
        made.stop()


def test_lines_that_wait_are_held_as_their_text(server):
    idle = resident(server)
    watcher = Watcher(server)
    body = {"model": "one-at-a-time", "messages": [{"role": "user", "content": "x"}], "stop": [[0]] * 20_000}
    for _ in range(4):
        batch_of(server, [body] * 20)
    eventually(lambda: server.gauge("shunt_batch_lines_running") == 32, "as many run as may")
    time.sleep(5)
    watcher.stop()
    assert watcher.most <= idle + LIMIT // 2, f"{(watcher.most - idle) / MIB:.0f} MiB beyond {idle / MIB:.0f} MiB"


def test_large_lines_run_when_others_have_let_go_of_memory(server):
    batch = batch_of(server, [{"model": "quick", "messages": [{"role": "user", "content": "x" * 200_000}]}] * 30)
    ended = eventually(lambda: (b := server.request("GET", f"/v1/batches/{batch}").json())["status"] == "completed" and b, "the batch has ended", 60)
    assert ended["request_counts"] == {"total": 30, "completed": 30, "failed": 0}


def test_a_line_that_is_too_large_to_be_decoded_is_refused(server):
    batch = batch_of(server, [{"model": "quick", "messages": [{}] * 100_000},
                              {"model": "quick", "messages": [{"role": "user", "content": "x"}]}])
    ended = eventually(lambda: (b := server.request("GET", f"/v1/batches/{batch}").json())["status"] == "completed" and b, "the batch has ended", 60)
    assert ended["request_counts"] == {"total": 2, "completed": 1, "failed": 1}
    errors = server.request("GET", f"/v1/files/{ended['error_file_id']}/content").text()
    assert json.loads(errors)["response"]["status_code"] == 413


@pytest.fixture
def queued():
    """An API that has its generations in Redis, from where each is read again as a whole."""
    redis = RedisServer()
    made = QueueProcesses(redis.url, CONFIG)
    yield made
    made.stop()
    redis.close()


def at_once(server, count, method, path, body=None):
    """Whether each of so many requests got an answer that is one, whatever it says."""
    statuses = []

    def ask():
        answer = server.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"}, timeout=60)
        statuses.append(answer.status)

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == count and set(statuses) <= {200, 503}, statuses
    return statuses


def within_limit(server, attack):
    idle = resident(server)
    watcher = Watcher(server)
    attack()
    watcher.stop()
    assert watcher.most <= idle + LIMIT, f"{(watcher.most - idle) / MIB:.0f} MiB beyond {idle / MIB:.0f} MiB"


def test_calls_that_go_on_from_a_large_response(queued):
    first = queued.request("POST", "/v1/responses",
                           json.dumps({"model": "quick", "input": [{"role": "user", "content": ""}] * 3_500}),
                           {"Content-Type": "application/json"})
    assert first.status == 200, first.text()
    call = {"model": "quick", "input": "x", "previous_response_id": first.json()["id"]}
    within_limit(queued, lambda: at_once(queued, 80, "POST", "/v1/responses", call))
    assert at_once(queued, 1, "POST", "/v1/responses", call) == [200]


def test_lists_of_predictions_with_large_inputs(queued):
    made = []
    for _ in range(12):
        answer = queued.request("POST", "/replicate/v1/predictions",
                                json.dumps({"version": "shunt/quick", "input": {"prompt": "x" * 400_000}}),
                                {"Content-Type": "application/json", "Prefer": "wait=20"})
        assert answer.status == 201, answer.text()
        made.append(answer.json()["id"])
    within_limit(queued, lambda: at_once(queued, 60, "GET", "/replicate/v1/predictions"))
    # A page has what fits, and says where the rest is.
    seen = []
    page = "/replicate/v1/predictions"
    while page:
        answer = queued.request("GET", page)
        assert len(answer.body) < 2 * MIB
        seen += [prediction["id"] for prediction in answer.json()["results"]]
        page = answer.json()["next"] and "/replicate/" + answer.json()["next"].split("/replicate/", 1)[1]
    assert seen == made[::-1]


@pytest.fixture
def server_with_keys():
    keys = "".join(f'[[server.keys]]\nname = "{name}"\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\n'
                   for name in ("ann", "bob"))
    made = ShuntProcess(CONFIG + keys)
    yield made
    made.stop()


def test_bodies_that_a_key_never_ends_leave_memory_to_others(server_with_keys):
    server = server_with_keys
    half = post({"model": "quick", "input": {"prompt": "x" * 400_000}}, "/v1/generations", "Authorization: Bearer ann")[:-1]
    call = {"model": "quick", "input": {"prompt": "x" * 50_000}}

    def status(name):
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {name}"}
        return server.request("POST", "/v1/generations", json.dumps(call), headers).status

    with contextlib.ExitStack() as stack:
        attack(server, half, 40, stack)
        settle(server)
        assert [status("bob") for _ in range(10)] == [200] * 10
    eventually(lambda: status("ann") == 200)
