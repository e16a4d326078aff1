"""OpenAI's clients, of npm and PyPI, in both modes: they all get the same."""

import json
import subprocess

import pytest
from conftest import CLIENTS, MODES, node, python, service_in, upstream_model

MODELS = """
[models.simulated]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "0ms"
tokens = 5

[models.ruled]
driver = "simulator"
text_field = "prompt"
[models.ruled.input]
prompt = { type = "string" }

[models.speech]
driver = "command"
argv = ["espeak-ng", "-w", "{output_file}", "-v", "{input.voice}", "--stdin"]
input_mode = "stdin_text"
input_text_field = "text"
output = "artifact"
artifact_name = "audio.wav"
artifact_media_type = "audio/wav"
produces = ["audio/wav"]
text_field = "text"
[models.speech.input]
text = { type = "string" }
voice = { type = "string", pattern = "[a-z]+" }
"""
CALLS = {"tool_calls": {"0": {"id": "call_a", "name": "weather", "arguments": '{"city":"Utrecht"}'},
                        "1": {"id": "call_b", "name": "time", "arguments": "{}"}}}["tool_calls"]


def configuration(upstream):
    modes = [("words", "ok"), ("tools", "tool_calls"), ("talk", "talk"), ("broken", "status?code=500")]
    return MODELS + "".join(upstream_model(name, upstream, mode) for name, mode in modes) + "".join(
        upstream_model(name, upstream, name if name != "once" else "completions", operation)
        for name, operation in (("once", "completions"), ("embeddings", "embeddings"), ("images", "images")))


@pytest.fixture(scope="module", params=MODES)
def service(request, upstream):
    config = configuration(upstream)
    with service_in(request.param, config) as shunt:
        yield shunt


@pytest.mark.parametrize("command", [lambda *a: node("text.mjs", *a, "openai"), lambda *a: node("text.mjs", *a, "openai-6"),
                                     lambda *a: python("text.py", *a)], ids=["npm", "npm-6", "pypi"])
@pytest.mark.parametrize("path", ["/v1", "/openai/v1"])
def test_a_client_gets_what_it_asked_for(service, command, path):
    done = subprocess.run(command(service.url + path, "none"), cwd=CLIENTS, timeout=120, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + service.log()[-3000:]
    seen = json.loads(done.stdout)
    words = "Trains roll down the hump"
    assert seen["plain"][:4] == ["chat.completion", "words", words, "stop"]
    assert seen["plain"][4]["completion_tokens"] == 5
    assert seen["streamed"] == {"text": words, "reasoning": "", "calls": {}, "reasons": ["stop"],
                                "usage": seen["plain"][4], "roles": ["assistant"]}
    calls = [[call["id"], "function", call["name"], call["arguments"]] for call in CALLS.values()]
    assert seen["called"] == ["tool_calls", None, calls]
    assert (seen["called_streamed"]["calls"], seen["called_streamed"]["reasons"]) == (CALLS, ["tool_calls"])
    assert (seen["talk"]["text"], seen["talk"]["reasoning"]) == ("I look it up.", "Let me see \u65e5\u672c.")
    assert len(seen["simulated"].split()) == 5
    assert seen["completed"][0] == "text_completion" and seen["completed"][2] == "stop"
    assert len(seen["completed"][1].split()) == 5 and seen["completed_streamed"] == "Once upon"
    assert seen["embedded"] == [[[0, [0.25] * 3], [1, [0.25] * 3]], {"prompt_tokens": 2, "total_tokens": 2}]
    assert seen["floats"] == [0.25] * 3
    assert seen["spoken"] == ["RIFF", "WAVE", True] and seen["drawn"] == "PNG"
    assert {"words", "speech", "simulated"} < set(seen["models"]) and seen["model"] == "words"
    # npm's client knows the stream's request there, PyPI's does not.
    assert seen["errors"].pop("streamed")[:4] == ["APIError", None, "upstream_failed", None]
    bad = ["BadRequestError", 400, "invalid_request"]
    assert seen["errors"] == {
        "model": ["NotFoundError", 404, "model_not_found", "model", True],
        "choices": [*bad, "n", True], "tools": [*bad, "tools", True], "unruled": [*bad, "top_p", True],
        "kind": [*bad, "model", True], "format": [*bad, "response_format", True],
        "upstream": ["InternalServerError", 502, "upstream_failed", None, True],
        "path": ["NotFoundError", 404, "route_unknown", None, True]}
