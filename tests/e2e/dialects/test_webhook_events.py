"""What the webhooks of other APIs tell: OpenAI's of responses in the background, Replicate's of predictions on their
way. Their own clients verify what has come, in both modes."""

import json
import signal
import subprocess
import time

import pytest
from conftest import CLIENTS, MODES, node, python, service_in, upstream_model
from redis_server import RedisServer
from shunt_process import QueueProcesses
from waiting import eventually
from webhook_receiver import SECRET, Receiver

MODELS = """
[models.words]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "0ms"
spread = 0.0
tokens = 5
max_tokens = 20000
concurrency = 100
[models.words.input]
prompt = { type = "string", required = true }
tokens = { type = "integer", minimum = 0 }
first_token_ms = { type = "integer", minimum = 0 }
token_gap_ms = { type = "integer", minimum = 0 }
failure_rate = { type = "number" }

[models.noisy]
driver = "command"
argv = ["sh", "-c", "for i in 1 2 3 4 5 6 7 8; do echo line $i >&2; sleep 0.3; done; echo done"]
confine = "off"
output = "text"
stderr_to_caller = true
text_field = "prompt"
input_mode = "stdin_text"
input_text_field = "prompt"
"""
ENDS = ["response.completed", "response.incomplete", "response.failed", "response.cancelled"]
ALL = ["start", "output", "logs", "completed"]


@pytest.fixture
def hook():
    receiver = Receiver()
    yield receiver
    receiver.close()


def configuration(hook, upstream, events):
    return f"""
[webhooks]
secrets = ["{SECRET}"]
allow_http = true
allowed_addresses = ["127.0.0.1"]
url = "{hook.url('/openai')}"
events = {json.dumps(events)}
""" + MODELS + upstream_model("cut", upstream, "json")


@pytest.fixture(params=MODES)
def service(request, hook, upstream):
    config = configuration(hook, upstream, ENDS)
    with service_in(request.param, config) as shunt:
        yield shunt


def post(service, path, body):
    answer = service.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    assert answer.status in (200, 201), answer.text()
    return answer.json()


def respond(service, model="words", **body):
    return post(service, "/v1/responses", {"model": model, "input": "Hello", "background": True, **body})["id"]


def predict(service, hook, model="words", events=None, **more):
    body = {"version": model, "input": {"prompt": "x", **more}, "webhook": hook.url("/replicate")}
    return post(service, "/replicate/v1/predictions", {**body, **({"webhook_events_filter": events} if events else {})})["id"]


def as_told(requests):
    return [{"headers": {name.lower(): value for name, value in each["headers"].items()}, "body": each["body"].decode()}
            for each in requests]


def run(command, told):
    done = subprocess.run(command, cwd=CLIENTS, timeout=120, check=False, input=json.dumps(told), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def told_of(hook, count):
    eventually(lambda: len(hook.received) >= count, f"{count} messages", patience=60)
    return hook.bodies()


def ended(hook):
    return next((body for body in hook.bodies() if body.get("completed_at")), None)


def test_openais_clients_take_what_is_told_of_background_responses(service, hook):
    wanted = {respond(service): "response.completed", respond(service, "cut"): "response.incomplete",
              respond(service, failure_rate=1): "response.failed"}
    slow = respond(service, first_token_ms=60000)
    service.request("POST", f"/v1/responses/{slow}/cancel")
    wanted[slow] = "response.cancelled"
    bodies = told_of(hook, 4)
    assert {body["data"]["id"]: body["type"] for body in bodies} == wanted
    told = as_told(hook.received)
    bent = {**told[0], "body": told[0]["body"].replace("response.", "response,")}
    old = {**told[0], "headers": {**told[0]["headers"], "webhook-timestamp": "1"}}
    clients = [node("openai_webhook.mjs", "openai", SECRET), node("openai_webhook.mjs", "openai-6", SECRET),
               python("openai_webhook.py", SECRET)]
    for command in clients:
        assert run(command, [*told, bent, old]) == [*bodies, *["InvalidWebhookSignatureError"] * 2]
    assert all(set(body) == {"id", "object", "created_at", "type", "data"} for body in bodies)
    assert all(body["id"].startswith("evt_") and body["object"] == "event" for body in bodies)
    assert all(abs(body["created_at"] - time.time()) < 300 for body in bodies)


def test_only_responses_in_the_background_are_told(service, hook):
    post(service, "/v1/responses", {"model": "words", "input": "x"})
    post(service, "/v1/chat/completions", {"model": "words", "messages": [{"role": "user", "content": "x"}]})
    service.request("POST", "/v1/generations", json.dumps({"model": "words", "input": {"prompt": "x"}}))
    last = respond(service)
    assert [body["data"]["id"] for body in told_of(hook, 1)] == [last]


def test_a_prediction_is_told_from_its_start_to_its_end_in_order(service, hook):
    began = time.monotonic()
    made = predict(service, hook, events=ALL, tokens=80, token_gap_ms=50)
    eventually(lambda: ended(hook), "the end", patience=60)
    took = time.monotonic() - began
    bodies = hook.bodies()
    assert [body["status"] for body in bodies] == ["processing"] * (len(bodies) - 1) + ["succeeded"]
    assert len(bodies) >= 4 and all(body["id"] == made for body in bodies)
    said = ["".join(body["output"] or []) for body in bodies]
    assert all(later.startswith(earlier) for earlier, later in zip(said, said[1:], strict=False)), said
    assert len(said[0]) < len(said[2]), "the start is told before there is more"
    assert len(said[-1].split()) == 80
    # What precedes the end comes no more often than every 500 ms, but for the start.
    assert len(bodies) - 2 <= took / 0.5 + 1, (len(bodies), took)
    told = as_told(hook.received)
    assert len({each["headers"]["webhook-id"] for each in told}) == len(told)
    for each in (told[0], told[1], told[-1]):
        assert run(node("replicate_webhook.mjs", service.url, "none"), each) is True
    time.sleep(1)
    assert len(hook.received) == len(told), "nothing follows the end"


def test_a_filter_says_what_is_told(service, hook):
    predict(service, hook, events=["start"], tokens=3, token_gap_ms=50)
    predict(service, hook, events=["completed"], tokens=3, token_gap_ms=50)
    assert sorted(body["status"] for body in told_of(hook, 2)) == ["processing", "succeeded"]
    predict(service, hook, tokens=30, token_gap_ms=50)
    eventually(lambda: sum(bool(body["completed_at"]) for body in hook.bodies()) == 2, "the end", patience=60)
    unfiltered = hook.bodies()[2:]
    assert len(unfiltered) >= 2 and unfiltered[-1]["status"] == "succeeded", "output and the end, as Replicate does"
    assert all(body["output"] for body in unfiltered)


def test_logs_are_told_as_they_come(service, hook):
    predict(service, hook, "noisy", events=["logs", "completed"])
    eventually(lambda: ended(hook), "the end", patience=60)
    logs = [body["logs"] for body in hook.bodies()]
    assert logs[-1] == "".join(f"line {i}\n" for i in range(1, 9)) and logs[0].startswith("line 1\n")
    assert len(logs) >= 3


def test_an_endpoint_that_refuses_or_hangs_gets_the_end_all_the_same(service):
    def hang(handler):
        time.sleep(20)

    for answer in (500, (429, {"Retry-After": "1"}), hang):
        hook = Receiver(answer, answer, 204)
        try:
            predict(service, hook, events=["start", "completed"], tokens=20, token_gap_ms=50)
            eventually(lambda hook=hook: ended(hook), "the end", patience=60)
            assert [body["status"] for body in hook.bodies()][0] == "processing"
            at = [each["at"] for each in hook.received]
            assert at[1] - at[0] < 12, "what precedes the end holds it up for a bounded time"
            assert sum(body["status"] == "processing" for body in hook.bodies()) == 1, "it is sent once"
        finally:
            hook.close()


def test_a_response_is_told_by_another_process_when_its_own_is_killed(hook, upstream):
    redis = RedisServer()
    shunt = QueueProcesses(redis.url, configuration(hook, upstream, ["response.incomplete", "response.failed"]))
    try:
        wanted = respond(shunt, first_token_ms=1500, failure_rate=1)
        respond(shunt, first_token_ms=1500)  # ends as completed, which is not asked for
        hooks = ["redis-cli", "-p", str(redis.port), "hlen", shunt.environment["SHUNT_QUEUE_PREFIX"] + ":webhooks::hooks"]
        with shunt.another_api():
            shunt.process.send_signal(signal.SIGKILL)
            shunt.process.wait()
            eventually(lambda: hook.received, "the end, told by the other one", patience=90)
            eventually(lambda: subprocess.check_output(hooks).strip() == b"0", "both ends have been looked at", patience=60)
            assert [(body["type"], body["data"]["id"]) for body in hook.bodies()] == [("response.failed", wanted)]
    finally:
        shunt.stop()
        redis.close()


def test_the_end_is_told_once_when_the_process_that_told_the_rest_is_killed(hook, upstream):
    redis = RedisServer()
    config = f'[webhooks]\nsecrets = ["{SECRET}"]\nallow_http = true\nallowed_addresses = ["127.0.0.1"]\n' + MODELS
    shunt = QueueProcesses(redis.url, config)
    try:
        made = predict(shunt, hook, events=ALL, tokens=60, token_gap_ms=100)
        told_of(hook, 2)
        with shunt.another_api():
            shunt.process.send_signal(signal.SIGKILL)
            shunt.process.wait()
            eventually(lambda: ended(hook), "the end, told by the other one", patience=90)
            time.sleep(1)
            assert hook.bodies()[-1]["status"] == "succeeded" and hook.bodies()[-1]["id"] == made
            assert sum(body["status"] == "succeeded" for body in hook.bodies()) == 1
    finally:
        shunt.stop()
        redis.close()
