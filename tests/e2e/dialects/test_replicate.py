"""Replicate's clients, of npm and PyPI, in both modes."""

import json
import subprocess

import pytest
from conftest import CLIENTS, MODES, node, python, service_in
from test_openai_text import MODELS
from waiting import eventually
from webhook_receiver import SECRET, Receiver

WORDS = f"""
[webhooks]
secrets = ["{SECRET}"]
allow_http = true
allowed_addresses = ["127.0.0.1"]
""" + """
[models.words]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "0ms"
spread = 0.0
concurrency = 100
[models.words.input]
prompt = { type = "string", required = true }
tokens = { type = "integer", minimum = 0 }
first_token_ms = { type = "integer", minimum = 0 }
token_gap_ms = { type = "integer", minimum = 0 }
failure_rate = { type = "number" }
"""


@pytest.fixture(params=MODES)
def service(request, tmp_path):
    config = MODELS + WORDS + f'[files]\nmin_free = 0\ndirectory = "{tmp_path}/files"\n'
    with service_in(request.param, config) as shunt:
        yield shunt


@pytest.fixture
def hook():
    receiver = Receiver()
    yield receiver
    receiver.close()


def run(service, command, told=""):
    done = subprocess.run(command, cwd=CLIENTS, timeout=120, check=False, input=told, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + service.log()[-3000:]
    return json.loads(done.stdout)


def words(output):
    return len("".join(output).split())


def test_npms_client_gets_what_it_asked_for(service, hook):
    seen = run(service, node("replicate.mjs", service.url, "none", hook.url()))
    assert [words(seen[name]) for name in ("short", "long", "polled", "streamed", "versioned")] == [4, 3, 3, 4, 2]
    assert seen["events"] == ["output"] * 4 + ["done"]
    assert seen["sound"] == "RIFF"
    assert seen["model"] == ["shunt", "words", 64, ["failure_rate", "first_token_ms", "prompt", "token_gap_ms", "tokens"]]
    assert (seen["begun"], seen["cancelled"]) == ("starting", "canceled")
    assert seen["listed"] == seen["all"] == 7
    assert seen["file"] == [3, 1] and seen["account"] == "organization"
    assert seen["errors"][:3] == [404, 404, 422] and "on purpose" in str(seen["errors"][3])
    assert set(seen["open"]) == {"streams"}, "what is opened by a token"
    eventually(lambda: hook.received, "the webhook has come")
    message = hook.received[0]
    prediction = json.loads(message["body"])
    assert (prediction["id"], prediction["status"], prediction["input"]["prompt"]) == (seen["id"], "canceled", "x")
    headers = {name.lower(): value for name, value in message["headers"].items()}
    told = json.dumps({"headers": headers, "body": message["body"].decode()})
    assert run(service, node("replicate_webhook.mjs", service.url, "none"), told) is True


def test_pypis_client_gets_what_it_asked_for(service):
    seen = run(service, python("replicate_run.py", service.url, "none"))
    assert (words(seen["short"]), words(seen["streamed"]), seen["sound"]) == (4, 4, "RIFF")
    assert (seen["cancelled"], seen["failed"]) == ("canceled", "failed")
    assert seen["listed"] == 4 and {"words", "speech"} < set(seen["models"])
