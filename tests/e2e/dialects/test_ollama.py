"""Ollama's clients, of npm and PyPI, in both modes: they get the same."""

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
"""
CALLS = [["weather", {"city": "Utrecht"}], ["time", {}]]
WORDS = "Trains roll down the hump"


@pytest.fixture(scope="module", params=MODES)
def service(request, upstream):
    modes = [("words", "ok"), ("tools", "tool_calls"), ("talk", "talk"), ("broken", "status?code=500")]
    config = MODELS + "".join(upstream_model(name, upstream, mode) for name, mode in modes)
    config += upstream_model("once", upstream, "completions", "completions")
    config += upstream_model("vectors", upstream, "embeddings", "embeddings")
    config += '[models.tools.input]\ntools = { type = "array" }\n'
    with service_in(request.param, config) as shunt:
        yield shunt


@pytest.mark.parametrize("command", [lambda *a: node("ollama_text.mjs", *a), lambda *a: python("ollama_text.py", *a)],
                         ids=["npm", "pypi"])
def test_a_client_gets_what_it_asked_for(service, command):
    done = subprocess.run(command(service.url), cwd=CLIENTS, timeout=120, check=False, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + service.log()[-3000:]
    seen = json.loads(done.stdout)
    assert seen["plain"] == ["words", "assistant", WORDS, True, "stop", 9, 5]
    assert seen["streamed"] == {"text": WORDS, "thinking": "", "calls": [], "end": ["stop", 9, 5, True]}
    assert seen["called"] == [CALLS, "stop"]
    assert seen["called_streamed"] == {"text": "", "thinking": "", "calls": CALLS, "end": ["stop", None, None, True]}
    assert seen["talk"]["text"] == "I look it up.Not that." and seen["talk"]["thinking"] == "Let me see \u65e5\u672c."
    assert seen["talk"]["calls"] == [["look", {"at": 1}]]
    assert seen["simulated"] == 5 and len(seen["generated_streamed"].split()) == 5
    assert seen["formed"] == seen["generated"] == WORDS and seen["completed"] == "Once upon"
    assert set(seen["models"]) == {"simulated", "ruled", "words", "tools", "talk", "broken", "once", "vectors"}
    assert seen["shown"] == [["completion"], ["completion", "tools"], ["embedding"]]
    assert seen["embedded"] == ["vectors", [[0.25] * 3] * 2, 2, True]
    assert seen["embedded_one"][0][0][:2] == [0.25] * 2 and seen["embedded_one"][1] == [0.25] * 3
    errors = seen["errors"]
    assert [errors[name][0] for name in ("model", "template", "tools", "unruled", "upstream", "embedded")] == [404, 400, 400, 400, 502, 400]
    for name, member in (("model", "nobody"), ("template", "template"), ("tools", "tools"), ("unruled", "num_ctx")):
        assert member in errors[name][1], errors
    assert errors["streamed"][0] == -1 and errors["streamed"][1]
