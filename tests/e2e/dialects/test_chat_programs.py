"""Open WebUI and LibreChat: what they send, recorded as their sources make it, is answered as they read it, in both modes."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
import wire
from conftest import MODES, service_in, upstream_model
from forms import END, FORM, part
from waiting import eventually

KEY = "sk-the-programs-own"
SESSIONS = {name: json.loads((Path(__file__).parent / "sessions" / f"{name}.json").read_text())["requests"]
            for name in ("open_webui", "librechat")}
SAID = "Trains roll down the hump"
MODELS = f"""
[[server.keys]]
name = "program"
sha256 = "{hashlib.sha256(KEY.encode()).hexdigest()}"

[models.slow]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "100ms"
tokens = 600
max_tokens = 600
concurrency = 10
"""
RULES = """
[models.whisper.input]
file = { type = "file", required = true, types = ["audio/*", "video/webm"] }
language = { type = "string" }
[models.edits.input]
prompt = { type = "string" }
size = { type = "string" }
n = { type = "integer" }
response_format = { type = "string" }
image = { type = "file", required = true }
image_2 = { type = "file" }
"""


@pytest.fixture(scope="module", params=MODES)
def service(request, upstream, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files") / "files"
    models = [upstream_model("words", upstream, "ok"), upstream_model("tools", upstream, "tool_calls"),
              upstream_model("vectors", upstream, "embeddings", "embeddings"), upstream_model("voice", upstream, "speech", "speech"),
              upstream_model("whisper", upstream, "transcript#programs", "transcription"),
              upstream_model("pictures", upstream, "images", "images"), upstream_model("edits", upstream, "images#programs", "image_edits")]
    config = f'[files]\ndirectory = "{folder}"\nmin_free = 0\n' + MODELS + "".join(models) + RULES
    with service_in(request.param, config) as shunt:
        yield shunt


def filled(value, model, key):
    return json.loads(json.dumps(value).replace("$MODEL", model).replace("$KEY", key))


def bytes_of(recorded, model="", key=KEY):
    """The request as its program writes it."""
    asked = filled(recorded, model, key)
    headers = asked["headers"]
    body = None
    if "body" in asked:
        body = json.dumps(asked["body"]).encode()
    if "form" in asked:
        headers.update(FORM)
        body = b""
        for name, value in asked["form"]:
            body += (part(name, value) if isinstance(value, str)
                     else part(name, value["bytes"], value["filename"], value.get("type")))
        body += END
    if not asked.get("chunked"):
        return wire.request_bytes(asked["method"], asked["path"], body, headers)
    head = wire.request_bytes(asked["method"], asked["path"], None, {**headers, "Transfer-Encoding": "chunked"})
    half = len(body) // 2
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (body[:half], body[half:])) + b"0\r\n\r\n"


def answer(service, program, name, model="", key=KEY):
    with wire.Connection(service.port) as connection:
        connection.send(bytes_of(SESSIONS[program][name], model, key))
        return connection.read_response()


def chunks(response):
    assert response.status == 200 and response.headers["content-type"].startswith("text/event-stream"), response.text()
    lines = [line[6:] for line in response.text().splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


@pytest.mark.parametrize("program", SESSIONS)
def test_the_list_of_models_is_one_that_it_reads(service, program):
    listed = answer(service, program, "list")
    assert listed.status == 200 and listed.headers["content-type"].startswith("application/json")
    assert {"words", "vectors", "whisper"} <= {each["id"] for each in listed.json()["data"]}
    assert all("error" not in each for each in listed.json()["data"])
    refused = answer(service, program, "list", key="sk-wrong")
    assert refused.status == 401 and refused.json()["error"]["message"], "Open WebUI shows what it finds in `error`"


@pytest.mark.parametrize("program", SESSIONS)
def test_a_chat_streams_with_its_usage_at_the_end(service, program):
    pieces = chunks(answer(service, program, "chat", "words"))
    assert "".join(piece["choices"][0]["delta"].get("content") or "" for piece in pieces if piece["choices"]) == SAID
    assert [piece["choices"][0]["finish_reason"] for piece in pieces if piece["choices"]][-1] == "stop"
    assert pieces[-1]["choices"] == [] and pieces[-1]["usage"]["completion_tokens"] > 0


@pytest.mark.parametrize(("program", "task"), [("open_webui", "title"), ("open_webui", "tags"), ("librechat", "title")])
def test_a_task_behind_a_chat_is_answered_whole(service, program, task):
    told = answer(service, program, task, "words")
    assert told.status == 200 and told.json()["choices"][0]["message"]["content"] == SAID
    assert told.json()["usage"]["total_tokens"] > 0


@pytest.mark.parametrize("program", SESSIONS)
def test_a_chat_that_is_stopped_is_cancelled(service, program):
    with wire.Connection(service.port) as connection:
        body = filled(SESSIONS[program]["chat"], "slow", KEY)
        body["body"] = {name: body["body"][name] for name in ("model", "stream", "stream_options")}
        body["body"]["messages"] = [{"role": "user", "content": "Go on and on"}]
        connection.send(bytes_of(body))
        head = connection.read_head()
        assert head.status == 200
        connection.read_chunk()
    generation = head.headers["shunt-generation-id"]
    path, headers = f"/v1/generations/{generation}", {"Authorization": f"Bearer {KEY}"}
    eventually(lambda: service.request("GET", path, headers=headers).json()["state"] == "cancelled", patience=30)


def test_open_webui_verifies_a_connection_with_a_content_type_and_no_body(service):
    assert answer(service, "open_webui", "verify").json()["data"]
    told = answer(service, "open_webui", "voices")
    assert told.status == 404 and told.json()["error"]["message"], "it falls back to OpenAI's own voices"


def test_open_webui_shows_the_error_of_a_chat(service):
    told = answer(service, "open_webui", "unknown", "nobody")
    assert told.status == 404 and told.headers["content-type"].startswith("application/json")
    assert "nobody" in told.json()["error"]["message"]


def test_open_webui_gets_vectors_as_numbers(service):
    data = answer(service, "open_webui", "embeddings", "vectors").json()["data"]
    assert all(isinstance(number, float) for each in data for number in each["embedding"])


def test_open_webui_gets_images_and_sends_several_to_be_edited(service, upstream):
    made = answer(service, "open_webui", "image", "pictures").json()["data"]
    assert base64.b64decode(made[0]["b64_json"]).startswith(b"\x89PNG")
    edited = answer(service, "open_webui", "edit", "edits")
    assert edited.status == 200 and edited.json()["data"][0]["b64_json"], edited.text()


@pytest.mark.parametrize("program", SESSIONS)
def test_sounds_go_both_ways(service, program):
    heard = answer(service, program, "transcription", "whisper")
    assert heard.status == 200 and heard.json()["text"] == "Hello \u2013 there", heard.text()
    spoken = answer(service, program, "speech", "voice")
    assert spoken.status == 200 and spoken.headers["content-type"].startswith("audio/") and spoken.body


def test_librechat_gets_calls_of_tools(service):
    pieces = chunks(answer(service, "librechat", "tools", "tools"))
    calls = [call for piece in pieces if piece["choices"] for call in piece["choices"][0]["delta"].get("tool_calls") or []]
    assert next(call["function"]["name"] for call in calls if call["function"].get("name")) == "weather"
    json.loads("".join(call["function"].get("arguments") or "" for call in calls if call["index"] == 0))
