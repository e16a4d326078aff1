"""OpenAI's responses: the clients of npm and PyPI in both modes, and streams that outlive processes."""

import json
import signal
import subprocess

import pytest
from conftest import CLIENTS, MODES, node, python, service_in, upstream_model
from redis_server import RedisServer
from shunt_process import QueueProcesses
from waiting import eventually

MODELS = """
[server]
max_body_bytes = "256KiB"

[models.slow]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "20ms"
spread = 0.0
tokens = 20

[models.endless]
driver = "simulator"
text_field = "prompt"
first_token = "30s"
"""
# A lost worker is found in some seconds.
FAST = {"SHUNT_QUEUE_LOCK_DURATION": "2s", "SHUNT_QUEUE_STALLED_INTERVAL": "500ms"}
WORDS = "Trains roll down the hump"
ORDER = ["response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
         "response.output_text.delta", "response.output_text.done", "response.content_part.done",
         "response.output_item.done", "response.completed"]


def configuration(upstream):
    return MODELS + "".join(upstream_model(name, upstream, mode)
                            for name, mode in (("words", "ok"), ("tools", "tool_calls"), ("talk", "talk")))


@pytest.fixture(scope="module", params=MODES)
def service(request, upstream):
    config = configuration(upstream)
    with service_in(request.param, config) as shunt:
        yield shunt


@pytest.mark.parametrize("command", [lambda *a: node("responses.mjs", *a, "openai"),
                                     lambda *a: node("responses.mjs", *a, "openai-6"),
                                     lambda *a: python("responses.py", *a)], ids=["npm", "npm-6", "pypi"])
def test_a_client_gets_what_it_asked_for(service, command):
    done = subprocess.run(command(service.url + "/v1", "none"), cwd=CLIENTS, timeout=120, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + service.log()[-3000:]
    seen = json.loads(done.stdout)
    assert seen["plain"] == ["response", "completed", WORDS, 5, "Be kind", {"a": "b"}] and seen["same"]
    assert seen["streamed"] == [ORDER, 0, True, WORDS]
    assert seen["called"] == ["completed", [["function_call", "call_a", "weather", '{"city":"Utrecht"}'],
                                            ["function_call", "call_b", "time", "{}"]]]
    assert seen["answered"] == ["completed", True]
    assert seen["items"] == ["message", *["function_call"] * 2, *["function_call_output"] * 2]
    assert seen["talk"][:2] == ["reasoning", "message"]
    assert seen["begun"] and seen["polled"] == ["completed", 20]
    assert seen["resumed"] == [True, True, True]
    assert seen["helped"] == [11, "response.completed"]
    assert seen["cancelled"] == ["cancelled", "cancelled"]
    gone, bad = ["NotFoundError", 404], ["BadRequestError", 400, "invalid_request"]
    assert seen["errors"] == {
        "deleted": [*gone, "generation_gone", None], "unstored": [*gone, "generation_unknown", None],
        "unknown": [*gone, "generation_unknown", None], "foreground": [*bad, None],
        "hosted": [*bad, "tools[0].type"], "item": [*bad, "input[0].type"], "previous": [*bad, "previous_response_id"],
        "conversation": [*bad, "conversation"]}


HOSTILE = [b"[]", b"{", b'{"model":"words"}', b'{"model":"words","input":7}', b'{"model":"words","input":[]}',
           b'{"model":"words","input":[7]}', b'{"model":"words","input":[{"role":"boss","content":"x"}]}',
           b'{"model":"words","input":[{"role":"user"}]}', b'{"model":"words","input":[{"role":"user","content":[{}]}]}',
           b'{"model":"words","input":[{"type":"function_call"}]}',
           b'{"model":"words","input":"x","metadata":{"a":1}}', b'{"model":"words","input":"x","tools":{}}',
           b'{"model":"words","input":"x","tools":[7]}', b'{"model":"words","input":"x","text":{"format":7}}',
           b'{"model":"words","input":"x","background":"yes"}', b'{"model":"words","input":"x","include":["y"]}',
           b'{"model":"words","input":"x","previous_response_id":7}', b'{"model":"words","input":"x","reasoning":7}']


def test_a_hostile_body_is_refused_in_their_form(service):
    for body in HOSTILE:
        answer = service.request("POST", "/v1/responses", body, {"Content-Type": "application/json"})
        assert answer.status == 400, body
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}, body
    for query in ("stream=perhaps", "starting_after=1", "stream=true&starting_after=-1", "nothing=1", "stream=true&starting_after=99999999999999999999"):
        answer = service.request("GET", f"/v1/responses/resp_none?{query}")
        assert answer.status == 400, query


def create(api, **body):
    answer = api.request("POST", "/v1/responses", json.dumps({"input": "Hello", **body}),
                         {"Content-Type": "application/json"})
    assert answer.status == 200, answer.text()
    return answer.json()


def events_of(api, response_id, after=None):
    query = "stream=true" + ("" if after is None else f"&starting_after={after}")
    text = api.request("GET", f"/v1/responses/{response_id}?{query}", timeout=60).text()
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]


def status(api, response_id):
    return api.request("GET", f"/v1/responses/{response_id}").json()["status"]


def test_a_background_response_outlives_api_worker_and_redis(upstream):
    redis = RedisServer(aof=True)
    shunt = QueueProcesses(redis.url, configuration(upstream), FAST)
    try:
        made = create(shunt, model="slow", background=True)["id"]
        shunt.process.send_signal(signal.SIGKILL)  # who has created it is gone at once
        shunt.process.wait()
        with shunt.another_api() as other:
            eventually(lambda: status(other, made) == "completed", "the response")
            whole = events_of(other, made)
            assert [event["sequence_number"] for event in whole] == list(range(len(whole)))
            assert events_of(other, made, 7) == whole[8:]
            redis.restart()
            eventually(lambda: other.request("GET", "/readyz").json()["status"] == "ready")
            assert events_of(other, made) == whole
        with shunt.another_api() as third:
            assert events_of(third, made, 7) == whole[8:]
            answer = create(third, model="slow", previous_response_id=made)
            items = third.request("GET", f"/v1/responses/{answer['id']}/input_items?order=asc").json()["data"]
            assert [item["role"] for item in items] == ["user", "assistant", "user"]
            assert items[1] == whole[-1]["response"]["output"][0]
    finally:
        shunt.stop()
        redis.close()


def test_a_stream_begins_its_items_anew_where_a_worker_was_lost(upstream):
    redis = RedisServer()
    shunt = QueueProcesses(redis.url, configuration(upstream).replace("tokens = 20", "tokens = 150"), FAST)
    try:
        made = create(shunt, model="slow", background=True)["id"]
        eventually(lambda: status(shunt, made) == "in_progress")
        eventually(lambda: shunt.record(made.removeprefix("resp_")).get("last_sequence", 9) > 4)
        shunt.worker.send_signal(signal.SIGKILL)
        shunt.start_worker()
        eventually(lambda: status(shunt, made) == "completed", "the response", 90)
        whole = events_of(shunt, made)
        kinds = [event["type"] for event in whole]
        assert kinds.count("response.output_item.added") == kinds.count("response.output_item.done")
        again = len(kinds) - 1 - kinds[::-1].index("response.in_progress")
        assert whole[again]["response"]["output"] == []
        text = "".join(event["delta"] for event in whole[again:] if event["type"] == "response.output_text.delta")
        stored = shunt.request("GET", f"/v1/responses/{made}").json()
        assert stored["output"] == whole[-1]["response"]["output"]
        assert stored["output"][0]["content"][0]["text"] == text
        assert events_of(shunt, made, again) == whole[again + 1:]
    finally:
        shunt.stop()
        redis.close()
