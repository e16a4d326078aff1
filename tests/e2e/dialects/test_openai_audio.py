"""Sounds and images that OpenAI's clients send as forms, in both modes."""

import json
import os
import subprocess
import urllib.parse
import urllib.request

import pytest
from conftest import CLIENTS, node, python, upstream_model
from redis_server import RedisServer
from shunt_process import QueueProcesses, ShuntProcess

SOUND = """
[models.{name}.input]
file = {{ type = "file", required = true, types = ["audio/*"] }}
language = {{ type = "string" }}
temperature = {{ type = "number" }}
response_format = {{ type = "string" }}
timestamp_granularities = {{ type = "array", items = {{ type = "string" }} }}
"""
PROGRAM = """
[models.program]
driver = "command"
argv = ["/bin/sh", "-c", "sha256sum < \\"$1\\" | cut -c -64 | tr -d '\\\\n'", "sh", "{input.sound}"]
input_mode = "none"
calls.transcription = { file = "sound" }
[models.program.input]
sound = { type = "file", required = true }
"""
IMAGES = """
[models.edits.input]
image = { type = "file", required = true, types = ["image/*"] }
mask = { type = "file", types = ["image/*"] }
prompt = { type = "string" }
n = { type = "integer" }
"""
TEXT = "Hello \u2013 there"


def configuration(upstream, folder):
    sounds = [("whisper", "transcript#audio", "transcription"), ("english", "transcript", "translation"),
              ("broken", "status?code=500", "transcription")]
    return (f'[files]\ndirectory = "{folder}"\nmin_free = 0\n' + PROGRAM
            + "".join(upstream_model(name, upstream, mode, operation) + SOUND.format(name=name)
                      for name, mode, operation in sounds)
            + upstream_model("edits", upstream, "images#edits", "image_edits") + IMAGES)


@pytest.fixture(scope="module", params=os.environ.get("SHUNT_E2E_MODES", "sync,queue").split(","))
def service(request, upstream, tmp_path_factory):
    redis = RedisServer() if request.param == "queue" else None
    config = configuration(upstream, tmp_path_factory.mktemp("files") / "files")
    shunt = QueueProcesses(redis.url, config) if redis else ShuntProcess(config)
    yield shunt
    shunt.stop()
    if redis:
        redis.close()


def requests_of(upstream, mode):
    url = f"http://127.0.0.1:{upstream}/control?model={urllib.parse.quote(mode, safe='')}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)["requests"]


@pytest.mark.parametrize("command", [lambda *a: node("audio.mjs", *a, "openai"), lambda *a: node("audio.mjs", *a, "openai-6"),
                                     lambda *a: python("audio.py", *a)], ids=["npm", "npm-6", "pypi"])
def test_a_client_sends_files_and_gets_what_it_asked_for(service, upstream, command):
    done = subprocess.run(command(service.url + "/v1", "none"), cwd=CLIENTS, timeout=120, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + service.log()[-3000:]
    seen = json.loads(done.stdout)
    assert seen["plain"] == seen["translated"] == TEXT
    assert seen["verbose"] == [TEXT, "english", 1.0]
    times = ["1\n00:00:00,000 --> 00:00:01,000\n", "WEBVTT\n\n00:00.000 --> 00:01.000\n"]
    assert seen["texts"] == [TEXT + "\n", times[0] + TEXT + "\n", times[1] + TEXT + "\n"]
    assert seen["streamed"] == [["transcript.text.delta", TEXT], ["transcript.text.done", TEXT]]
    assert seen["program"] == seen["program_text"] == seen["sha256"]
    assert (seen["edited"], seen["listed"]) == (["PNG", "PNG"], 1)
    bad = ["BadRequestError", 400, "invalid_request"]
    assert seen["errors"] == {"format": [*bad, "response_format"], "unruled": [*bad, "language"],
                              "kind": [*bad, "model"], "url": [*bad, "response_format"],
                              "upstream": ["InternalServerError", 502, "upstream_failed", None]}
    body = requests_of(upstream, "transcript#audio")[-5]["body"]
    assert body["file"]["sha256"] == seen["sha256"] and body["file"]["filename"] == "hello.wav"
    assert body["file"]["type"].startswith("audio/")
