"""POSTs that clients send again when their connection breaks: one generation, one bill."""

import json
import socket
import subprocess
import time

import pytest
from conftest import CLIENTS, MODES, node, service_in
from redis_server import RedisServer
from shunt_process import QueueProcesses
from waiting import eventually

# A generation of the model runs for longer than its client may stay away: that it goes on is because somebody has joined it.
MODELS = """
[server]
retry_grace = "2s"
half_close_grace = "100ms"

[models.words]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "50ms"
spread = 0.0
tokens = 60
concurrency = 100
"""
BRIEF = {"tokens": 20}
ENDLESS = {"tokens": 1000}
CHAT = {"model": "words", "messages": [{"role": "user", "content": "Hi"}]}
PREDICTION = {"input": {"prompt": "Hi"}}


@pytest.fixture(params=MODES)
def service(request):
    with service_in(request.param, MODELS) as shunt:
        yield shunt


def post(service, path, body, **headers):
    """A connection with the request sent, which nobody has read from."""
    host, port = service.url.removeprefix("http://").split(":")
    text = json.dumps(body).encode()
    lines = {"Host": f"{host}:{port}", "Content-Type": "application/json", "Content-Length": len(text), **headers}
    head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
    connection = socket.create_connection((host, int(port)), timeout=20)
    connection.sendall(head.encode() + text)
    return connection


def chat(service, retry, **members):
    return post(service, "/v1/chat/completions", {**CHAT, **members}, **{"X-Stainless-Retry-Count": retry})


def answer(connection):
    text = b""
    while b"\r\n\r\n" not in text or len(text.partition(b"\r\n\r\n")[2]) < length(text):
        piece = connection.recv(65536)
        assert piece, text
        text += piece
    connection.close()
    return json.loads(text.partition(b"\r\n\r\n")[2])


def length(text):
    return int(text.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])


def generations(service):
    return service.request("GET", "/v1/generations").json()["generations"]


def begun(service, count):
    eventually(lambda: len(generations(service)) == count, f"{count} have begun")


def test_one_whose_connection_broke_is_joined(service):
    chat(service, 0).close()
    begun(service, 1)
    joined = answer(chat(service, 1))
    assert [joined["id"]] == ["chatcmpl-" + each["id"] for each in generations(service)]
    assert generations(service)[0]["state"] == "succeeded", "and goes on for who has joined it"


def test_a_stream_is_joined_from_its_beginning(service):
    first = chat(service, 0, stream=True)
    first.recv(4096)
    first.close()
    second = chat(service, 1, stream=True)
    text = b""
    while b"[DONE]" not in text:
        text += second.recv(65536)
    second.close()
    pieces = [json.loads(line[6:]) for line in text.decode().splitlines() if line.startswith("data: {")]
    said = "".join(piece["choices"][0]["delta"].get("content", "") for piece in pieces)
    assert len(said.split()) == 60 and len(generations(service)) == 1


def test_two_that_are_not_sent_again_are_two(service):
    first, second = chat(service, 0, **BRIEF), chat(service, 0, **BRIEF)
    begun(service, 2)
    assert answer(first)["id"] != answer(second)["id"]
    third = chat(service, 0, **BRIEF)
    begun(service, 3)
    answer(third)


def test_another_body_is_another_request(service):
    chat(service, 0, **BRIEF).close()
    begun(service, 1)
    answer(chat(service, 1, seed=5, **BRIEF))
    assert len(generations(service)) == 2


def test_one_that_nobody_comes_for_again_is_cancelled_after_the_grace(service):
    connection = chat(service, 0, **ENDLESS)
    gone = time.monotonic()
    connection.close()
    begun(service, 1)
    eventually(lambda: generations(service)[0]["state"] == "cancelled", "it is cancelled")
    assert time.monotonic() - gone > 1.9


def test_who_has_joined_and_goes_too_takes_it_along(service):
    chat(service, 0, **ENDLESS).close()
    begun(service, 1)
    chat(service, 1, **ENDLESS).close()
    eventually(lambda: generations(service)[0]["state"] == "cancelled", "it is cancelled")
    assert len(generations(service)) == 1


def test_replicates_repeats_join_the_one_that_broke(service):
    path = "/replicate/v1/models/shunt/words/predictions"
    for _ in range(5):
        post(service, path, PREDICTION, Prefer="wait").close()
    prediction = answer(post(service, path, PREDICTION, Prefer="wait"))
    assert [prediction["id"]] == [each["id"] for each in generations(service)]


def test_npms_openai_pays_once_behind_a_proxy_that_breaks(service):
    done = subprocess.run(node("broken_twice.mjs", service.url), cwd=CLIENTS, timeout=60, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["connections"] == 3, "two broke"
    assert ["chatcmpl-" + each["id"] for each in generations(service)] == [seen["id"]]


# ---- Over processes: what one has left another one may join.

@pytest.fixture
def pair():
    """Two API processes of one queue, and what Redis has of requests whose clients have gone."""
    redis = RedisServer()
    shunt = QueueProcesses(redis.url, MODELS)

    def left():
        return subprocess.check_output(["redis-cli", "-p", str(redis.port), "--scan", "--pattern", "*:left-posts:*"]).split()

    try:
        with shunt.another_api() as other:
            yield shunt, other, left
    finally:
        shunt.stop()
        redis.close()


def test_another_process_joins_the_one_whose_connection_broke(pair):
    first, other, left = pair
    chat(first, 0).close()
    begun(first, 1)
    eventually(left, "it can be taken")
    joined = answer(chat(other, 1))
    assert ["chatcmpl-" + each["id"] for each in generations(first)] == [joined["id"]]
    assert generations(first)[0]["state"] == "succeeded", "the one that was left did not cancel it"
    assert not left()


def test_another_process_begins_anew_what_was_given_up_or_is_another_request(pair):
    first, other, left = pair
    chat(first, 0, **ENDLESS).close()
    begun(first, 1)
    eventually(left)
    another = chat(other, 1, seed=5, **ENDLESS)
    begun(first, 2)
    eventually(lambda: generations(first)[-1]["state"] == "cancelled", "nobody has taken the first one")
    assert not left()
    anew = chat(other, 1, **ENDLESS)
    begun(first, 3)
    for connection in (another, anew):
        connection.close()


def predict(service, **members):
    body = {"input": {**PREDICTION["input"], **members}}
    return post(service, "/replicate/v1/models/shunt/words/predictions", body, Prefer="wait")


def test_another_process_joins_replicates_prediction_whose_connection_broke(pair):
    first, other, left = pair
    predict(first).close()
    begun(first, 1)
    eventually(left, "it can be taken")
    prediction = answer(predict(other))
    assert [prediction["id"]] == [each["id"] for each in generations(first)]
    eventually(lambda: generations(first)[0]["state"] == "succeeded", "the one that was left did not cancel it")
    assert not left()


def test_equal_predictions_of_two_processes_are_two_where_none_broke(pair):
    first, other, left = pair
    open_ones = [predict(first, **BRIEF), predict(other, **BRIEF)]
    begun(first, 2)
    assert len({answer(each)["id"] for each in open_ones}) == 2
    assert answer(predict(other, **BRIEF))["id"] not in {each["id"] for each in generations(first)[1:]}
    predict(first).close()
    begun(first, 4)
    eventually(left, "it can be taken")
    answer(predict(other, tokens=3))
    assert len(generations(first)) == 5, "another body is another prediction"


def test_who_joins_in_another_process_and_goes_too_takes_it_along(pair):
    first, other, left = pair
    chat(first, 0, **ENDLESS).close()
    begun(first, 1)
    eventually(left)
    chat(other, 1, **ENDLESS).close()
    eventually(lambda: generations(first)[0]["state"] == "cancelled", "it is cancelled")
    assert len(generations(first)) == 1 and not left()
