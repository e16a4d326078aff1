"""Programs that stay: the examples, and what becomes of programs when Shunt begins and ends."""

import re
import signal
import time
from pathlib import Path

import pytest

from process_state import has_ended
from program_models import PROGRAMS
from waiting import eventually

EXAMPLES = Path(__file__).parents[3] / "examples/kept_programs"
SHIPPED = (EXAMPLES / "shunt.toml").read_text(encoding="utf-8").replace(
    'working_directory = "examples/kept_programs"', f'working_directory = "{EXAMPLES}"')

SCRIPT = r"""START
echo '{"type":"ready","protocol":1}'
while read -r line; do
  id=${line#*\"id\":\"}; id=${id%%\"*}
  printf '{"type":"delta","id":"%s","text":"%s"}\n{"type":"result","id":"%s"}\n' "$id" $$ "$id"
done"""


def says_its_pid(name, at_start=""):
    """A model with two programs that tell which process they are."""
    script = SCRIPT.replace("START", at_start).replace("{", "{{").replace("}", "}}")
    return f"""
[models.{name}]
driver = "command"
argv = ["/bin/sh", "-c", '''{script}''']
keep = 2
"""


LIVES = says_its_pid("pid")


@pytest.fixture(scope="module")
def examples(mode):
    process = mode.start(SHIPPED)
    yield process
    process.stop()


def metric(text, name):
    return sum(float(value) for value in re.findall(rf"^{re.escape(name)}(?:{{.*}})? (\S+)$", text, re.M))


@pytest.mark.parametrize("model", ["words", "node-words"])
def test_the_words_come_one_by_one(examples, model):
    for _ in range(3):
        answer = examples.generate(model, {"text": "one two three"})
        assert answer.status == 200, answer.body
        assert answer.json()["output"] == {"text": "one two three ", "result": {"words": 3}}
    stream = examples.generate(model, {"text": "one two"}, {"Accept": "text/event-stream"}).text()
    assert re.findall(r'"text":"(\w+) "', stream) == ["one", "two"]


@pytest.mark.parametrize("model", ["words", "node-words"])
def test_a_cancelled_generation_leaves_its_program_well(examples, model):
    answer = examples.generate(model, {"text": "word " * 1000, "pause": 0.05}, {"Prefer": "respond-async"})
    link = answer.json()["id"]
    eventually(lambda: "word" in examples.record(link).get("output", {}).get("text", ""))
    examples.request("POST", f"/v1/generations/{link}/cancel")
    examples.eventually_state(link, "cancelled")
    assert examples.generate(model, {"text": "well"}).json()["output"]["text"] == "well "


def test_speech_by_a_library_that_stays(examples):
    sizes = []
    for text in ("hello", "hello", "hello world, how are you today?"):
        answer = examples.generate("speech", {"text": text}, {"Accept": "audio/wav"})
        assert answer.status == 200, answer.body
        assert answer.body[:4] == b"RIFF" and len(answer.body) > 10_000
        sizes.append(len(answer.body))
    assert sizes[2] > 2 * max(sizes[:2]), "a longer text is longer speech"
    refused = examples.generate("speech", {"text": "hello", "voice": "xx"})
    assert refused.status == 502 and refused.code == "generator_failed"
    assert "there is no voice xx" in refused.text()


def test_the_rules_for_inputs_hold(examples):
    for input in ({}, {"text": ""}, {"text": "x", "voice": "../x"}):
        assert examples.generate("speech", input).status == 422


def test_a_broken_run_hurts_nobody_else(start):
    service = start(PROGRAMS)
    for prompt, code in [("crash", "program_exited"), ("garbage", "invalid_output"), ("elsewhere", "invalid_output")] * 3:
        assert service.generate("kept", {"prompt": prompt}).code == code
        answer = service.generate("kept", {"prompt": "fine"})
        assert answer.status == 200 and answer.json()["output"]["text"] == "one two", answer.body


def program_of(service):
    pid = service.generate("pid", {}).json()["output"]["text"]
    assert not has_ended(pid)
    return pid


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGKILL])
def test_programs_end_with_shunt(mode, signal_number):
    service = mode.start(LIVES)
    pid = program_of(service)
    runs_it = service.worker if mode.name == "queue" else service.process
    began = time.monotonic()
    runs_it.send_signal(signal_number)
    runs_it.wait(30)
    eventually(lambda: has_ended(pid))
    assert time.monotonic() - began < 15
    service.stop()


def test_a_process_is_ready_when_its_programs_are(mode, tmp_path):
    go = tmp_path / "go"
    slow = says_its_pid("pid", f"while [ ! -e {go} ]; do sleep 0.05; done")
    service = mode.start(slow)
    if mode.name == "sync":
        answer = service.request("GET", "/readyz")
        assert answer.status == 503 and "are starting" in answer.json()["reason"]
        assert service.request("GET", "/healthz").status == 200
    go.touch()
    assert service.generate("pid", {}).status == 200
    if mode.name == "sync":
        assert service.request("GET", "/readyz").status == 200
        eventually(lambda: 'shunt_programs{model="pid",state="idle"} 2' in service.request("GET", "/metrics").text())
        assert metric(service.request("GET", "/metrics").text(), "shunt_program_starts_total") == 2
    service.stop()


def test_programs_that_do_not_start_are_told(mode):
    service = mode.start(LIVES + says_its_pid("broken", "exit 7"))
    answer = eventually(lambda: (a := service.generate("broken", {})).code == "program_not_started" and a)
    assert "code 7" in answer.text() and answer.json()["retryable"] is True
    assert service.generate("pid", {}).status == 200
    if mode.name == "sync":
        ready = service.request("GET", "/readyz")
        assert ready.status == 200, "the other model is served"
        warning = ready.json()["warnings"][0]
        assert warning["code"] == "programs_not_ready" and '"broken"' in warning["message"]
        assert metric(service.request("GET", "/metrics").text(), "shunt_program_ends_total") >= 1
        assert "program.ended" in service.log()
    service.stop()


def test_an_api_before_a_queue_starts_no_programs(mode):
    if mode.name == "sync":
        pytest.skip("it runs them itself")
    service = mode.start(LIVES)
    assert service.generate("pid", {}).status == 200
    text = service.request("GET", "/metrics").text()
    assert 'shunt_program_starts_total{model="pid"} 0' in text
    service.stop()
