"""What a model says beside text: the stream and the record, in both modes, resumed and asked for again."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest

import wire
from conftest import QueueMode, SyncMode
from shunt_process import CONFIG
from test_parity import append_piece

WHOLE = {
    "text": "I look it up.", "reasoning": "Let me see \u65e5\u672c.", "refusal": "Not that.",
    "tool_calls": [{"index": 0, "id": "call_a", "name": "look", "arguments": '{"at":1}',
                    "extra": {"extra_content": {"google": {"thought_signature": "abc"}}}}],
    "logprobs": {"content": [{"token": "I look", "logprob": -0.5}, {"token": " it up.", "logprob": -0.5}]},
    "audio": {"id": "audio_1", "data": "AAECAw==", "transcript": "hm", "expires_at": 1763912587},
    "images": [{"index": 0, "url": "data:image/png;base64,iVBORw=="}],
}
# In which order each of them is said for the first time.
ORDER = ["reasoning", "text", "refusal", "audio", "images", "tool_calls"]


@pytest.fixture(scope="module")
def upstream():
    program = Path(__file__).parents[2] / "support" / "openai_server.py"
    server = subprocess.Popen([sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    yield int(server.stdout.readline())
    server.communicate()


@pytest.fixture(params=[SyncMode, QueueMode], ids=["sync", "queue"])
def service(request, upstream):
    mode = request.param()
    model = f'[models.talk]\ndriver = "openai"\nbase_url = "http://127.0.0.1:{upstream}/v1"\nmodel = "talk"\n'
    shunt = mode.start(CONFIG + model + model.replace("talk]", "terse]") + "limits.max_message_bytes = 20\n")
    yield shunt
    shunt.stop()
    mode.close()


def deltas(body):
    return [data for _, kind, data in wire.events(body.decode() if isinstance(body, bytes) else body) if kind == "delta"]


def joined(pieces):
    whole = {}
    for piece in pieces:
        piece = {name: value for name, value in piece.items() if name not in ("seq", "type", "at")}
        audio = piece.get("audio", {}).pop("data", None)
        append_piece(whole, piece)
        if audio is not None:  # each piece is base64 by itself
            whole.setdefault("bytes", b"")
            whole["bytes"] += base64.b64decode(audio)
    return whole


def test_the_record_has_the_whole(service):
    record = service.generate("talk", {"prompt": "x"}).json()
    output = dict(record["output"])
    assert output.pop("result")["finish_reason"] == "tool_calls"
    assert output == WHOLE


def test_the_stream_has_the_pieces_in_order(service):
    response = service.generate("talk", {"prompt": "x"}, {"Accept": "text/event-stream"})
    said = deltas(response.body)
    assert all("text" in delta for delta in said)
    first = []
    for delta in said:
        first += [name for name in ORDER if delta.get(name) and name not in first]
    assert first == ORDER
    whole = joined(said)
    assert whole.pop("bytes") == bytes(range(4))
    expected = {name: dict(value) if isinstance(value, dict) else value for name, value in WHOLE.items()}
    del expected["audio"]["data"]
    assert whole == expected


def test_a_client_that_comes_back_sees_the_rest(service):
    made = service.generate("talk", {"prompt": "x"})
    link = made.headers["location"] + "/events"
    everything = wire.events(service.request("GET", link).body.decode())
    for seen in (1, 3, 5, len(everything) - 1):
        rest = wire.events(service.request("GET", link, headers={"Last-Event-ID": str(seen)}).body.decode())
        assert rest == everything[seen:]


def test_what_is_said_beside_text_has_a_limit(service):
    response = service.generate("terse", {"prompt": "x"})
    problem = response.json()
    assert (problem["code"], problem["what"], problem["limit"]) == ("output_too_large", "message bytes", 20)
