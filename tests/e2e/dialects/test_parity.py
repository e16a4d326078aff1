"""Each dialect's answers are the same bytes with and without the queue. The same calls go to a service in sync mode and
to one in queue mode, and what comes back is compared after this has been made equal, and nothing else:

- ids of generations, and what is made of them (resp_, msg_, evt_ ...), tokens in URLs, the service's own address;
- times (dates, seconds since 1970, durations, and what Replicate measures);
- where texts were cut into deltas, since what comes out of a queue, or from an upstream, may be cut elsewhere: deltas that
  differ in their text alone are joined. Numbers of events (`id:`, `sequence_number`) count deltas, so they go as well. An
  answer whose text, reasoning and log probabilities may share a delta or not is compared whole only.

Statuses and names of headers are compared, too, and the values of those that have nothing of these."""

import base64
import contextlib
import json
import re

import pytest
from conftest import upstream_model
from redis_server import RedisServer
from shunt_process import QueueProcesses, ShuntProcess

MODELS = """
[server]
url_secret = "a secret that processes share"

[models.simulated]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "2ms"
spread = 0.0
tokens = 12

[models.failing]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "0ms"
spread = 0.0
tokens = 12
failure_rate = 1.0

[models.sound]
driver = "command"
argv = ["/bin/sh", "-c", "cat > $0; printf RIFFdata >> $0", "{output_file}"]
input_mode = "stdin_text"
input_text_field = "text"
output = "artifact"
artifact_name = "audio.wav"
artifact_media_type = "audio/wav"
text_field = "text"
produces = ["audio/wav"]
confine = "off"

[models.picture]
driver = "command"
argv = ["/bin/sh", "-c", "printf PNG > $0", "{output_file}"]
input_mode = "stdin_text"
input_text_field = "prompt"
output = "artifact"
artifact_name = "image.png"
artifact_media_type = "image/png"
text_field = "prompt"
produces = ["image/png"]
confine = "off"

[models.numbers]
driver = "command"
argv = ["/bin/sh", "-c", "echo '[0.5,1.25]'"]
input_mode = "none"
output = "json"
calls = { embeddings = {} }
confine = "off"
"""
ASK = [{"role": "user", "content": "Hello"}]
MADE_EQUAL = [
    (rb"http://127\.0\.0\.1:\d+", b"<BASE>"),
    (rb"[0-9a-f]{32,64}", b"<ID>"),
    (rb"token=[A-Za-z0-9_.=-]+", b"token=<TOKEN>"),
    (rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", b"<TIME>"),
    (rb'"(created|created_at|completed_at|total_duration|load_duration|eval_duration|predict_time|total_time|elapsed_ms)":[\d.]+',
     rb'"\1":0'),
    (rb'"sequence_number":\d+', b'"sequence_number":0'),
    (rb"\nid: \d+", b"\nid: <NUMBER>"),
]
# Their values say when or which, not what.
OF_THIS_ANSWER = {"date", "content-length", "x-request-id", "shunt-generation-id", "location", "etag", "x-generation-id"}

def equal(raw):
    for pattern, stands in MADE_EQUAL:
        raw = re.sub(pattern, stands, raw)
    return raw


def pieces_of(told):
    """What an event says in pieces, taken out of it: pairs of what it is and its text. None: it is no delta."""
    if str(told.get("type", "")).endswith(".delta"):
        return [("delta", told.pop("delta"))]
    if isinstance(told.get("message"), dict) and not told.get("done"):
        return [(name, told["message"].pop(name)) for name in ("thinking", "content") if name in told["message"]]
    if "response" in told and told.get("done") is False:
        return [("response", told.pop("response"))]
    choice = (told.get("choices") or [{}])[0]
    if "text" in choice and choice.get("finish_reason") is None:
        return [("text", choice.pop("text"))]
    delta = choice.get("delta") or {}
    if not delta or "role" in delta:
        return None
    choice["delta"] = {}
    pieces = []
    for name, value in delta.items():
        for call in value if name == "tool_calls" else []:
            function = call.pop("function", {})
            pieces += [(f"{name}[{call['index']}].{part}", str(text)) for part, text in [*call.items(), *function.items()] if part != "index"]
        if name != "tool_calls":
            pieces.append((name, value))
    return pieces


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def joined(raw, between):
    """The events of a stream, and the texts of its deltas, each whole. What a delta has beside its text counts."""
    events, texts = [], {}

    def say(shape, pieces):
        for name, text in pieces:
            texts[shape, name] = texts.get((shape, name), "") + text

    for each in raw.split(between):
        if each.startswith(b"event: output\n"):  # Replicate's: all of the data is text
            say("output", [("", b"\n".join(re.findall(rb"^data: (.*)$", each, re.M)).decode())])
            continue
        head, data = each.split(b"data: ", 1) if b"data: " in each else (b"", each)
        told = json.loads(data) if data.startswith(b"{") else {}
        assert not told or compact(told) == data, data  # so nothing is lost by taking it apart
        pieces = pieces_of(told)
        if pieces is None:
            events.append(each)
        else:
            say(head + compact(told), pieces)
    return events, texts


def normal(answer):
    headers = {name.lower(): value for name, value in answer.headers.items()}
    kept = {name: "" if name in OF_THIS_ANSWER else equal(value.encode()) for name, value in headers.items()}
    kept.pop("content-length", None)  # the length of what is compared
    kept.pop("transfer-encoding", None)
    body = equal(answer.body)
    kind = headers.get("content-type", "")
    if kind.startswith("text/event-stream"):
        return answer.status, kept, joined(body, b"\n\n")
    if kind.startswith("application/x-ndjson"):
        return answer.status, kept, joined(body, b"\n")
    return answer.status, kept, body


class Caller:
    def __init__(self, service):
        self.service = service

    def __call__(self, path, body=None, method=None, **headers):
        content = None if body is None else json.dumps(body)
        sent = {**({} if body is None else {"Content-Type": "application/json"}),
                **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.service.request(method or ("GET" if body is None else "POST"), path, content, sent)


def chat(call, **body):
    return [call("/v1/chat/completions", {"messages": ASK, **body})]


def response_read_again(call, **body):
    made = call("/v1/responses", {"input": "Hello", **body})
    path = "/v1/responses/" + made.json()["id"]
    return [made, call(path), call(path + "?stream=true"), call(path + "/input_items"), call(path, method="DELETE"), call(path)]


def prediction(call, model, given, **headers):
    made = call("/replicate/v1/predictions", {"version": model, "input": given}, Prefer="wait", **headers)
    told = made.json()
    path = re.sub(r"^http://[^/]+", "", told["urls"]["stream"])
    answers = [made, call("/replicate/v1/predictions/" + told["id"]), call(path, Accept="text/event-stream")]
    output = told["output"]
    if isinstance(output, str) and output.startswith("http"):
        answers.append(call(re.sub(r"^http://[^/]+", "", output)))
    return answers


def form(call, path, model):
    text = b"--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n" + model.encode() + b"\r\n--b--\r\n"
    return [call.service.request("POST", path, text, {"Content-Type": "multipart/form-data; boundary=b"})]


STREAMED = {"stream": True}
CALLS = {
    "openai.chat": lambda call: chat(call, model="words"),
    "openai.chat.stream": lambda call: chat(call, model="words", **STREAMED, stream_options={"include_usage": True}),
    "openai.chat.simulated": lambda call: chat(call, model="simulated", seed=7),
    "openai.chat.simulated.stream": lambda call: chat(call, model="simulated", seed=7, **STREAMED),
    "openai.chat.tools": lambda call: chat(call, model="tools"),
    "openai.chat.tools.stream": lambda call: chat(call, model="tools", **STREAMED),
    "openai.chat.reasoning": lambda call: chat(call, model="talk"),
    "openai.chat.broken": lambda call: chat(call, model="broken") + chat(call, model="failing"),
    "openai.chat.broken.stream": lambda call: chat(call, model="broken", **STREAMED) + chat(call, model="failing", **STREAMED),
    "openai.chat.refused": lambda call: chat(call, model="nobody") + chat(call) + chat(call, model="words", n=2),
    "openai.completions": lambda call: [call("/v1/completions", {"model": "once", "prompt": "Once"}),
                                        call("/v1/completions", {"model": "simulated", "prompt": "Once", "seed": 3})],
    "openai.completions.stream": lambda call: [call("/v1/completions", {"model": "simulated", "prompt": "Once", "seed": 3, **STREAMED})],
    "openai.embeddings": lambda call: [call("/v1/embeddings", {"model": model, "input": ["a", "b"], "encoding_format": form})
                                       for model in ("vectors", "numbers") for form in ("float", "base64")],
    "openai.speech": lambda call: [call("/v1/audio/speech", {"model": "sound", "input": "hello", "voice": "x"})],
    "openai.images": lambda call: [call("/v1/images/generations", {"model": "picture", "prompt": "a cat"})],
    "openai.form.refused": lambda call: form(call, "/v1/audio/transcriptions", "words"),
    "openai.responses": lambda call: response_read_again(call, model="words"),
    "openai.responses.tools": lambda call: response_read_again(call, model="tools"),
    "openai.responses.stream": lambda call: [call("/v1/responses", {"model": model, "input": "Hello", **STREAMED})
                                             for model in ("words", "tools", "failing")],
    "openai.models": lambda call: [call("/v1/models"), call("/v1/models/words"), call("/v1/models/nobody")],
    "replicate.prediction": lambda call: prediction(call, "simulated", {"prompt": "x", "seed": 5}),
    "replicate.artifact": lambda call: prediction(call, "sound", {"text": "hello"}),
    "replicate.failed": lambda call: prediction(call, "failing", {"prompt": "x", "seed": 5}),
    "replicate.models": lambda call: [call("/replicate/v1/models"), call("/replicate/v1/models/shunt/words"),
                                      call("/replicate/v1/models/shunt/nobody"), call("/replicate/v1/account")],
    "ollama.chat": lambda call: [call("/api/chat", {"model": model, "messages": ASK, "stream": False}) for model in ("words", "tools", "talk")],
    "ollama.chat.stream": lambda call: [call("/api/chat", {"model": model, "messages": ASK}) for model in ("words", "tools", "broken")],
    "ollama.generate": lambda call: [call("/api/generate", {"model": "simulated", "prompt": "Once", "options": {"seed": 3}, "stream": stream})
                                     for stream in (False, True)],
    "ollama.embed": lambda call: [call("/api/embed", {"model": "vectors", "input": ["a"]}), call("/api/embeddings", {"model": "numbers", "prompt": "a"})],
    "ollama.models": lambda call: [call("/api/show", {"model": "words"}), call("/api/version")],
}


@pytest.fixture(scope="module")
def both(upstream):
    modes = [("words", "ok"), ("tools", "tool_calls"), ("talk", "talk"), ("broken", "status?code=500")]
    config = MODELS + "".join(upstream_model(name, upstream, mode) for name, mode in modes)
    config += upstream_model("once", upstream, "completions", "completions") + upstream_model("vectors", upstream, "embeddings", "embeddings")
    with contextlib.ExitStack() as stack:
        redis = RedisServer()
        stack.callback(redis.close)
        services = [ShuntProcess(config), QueueProcesses(redis.url, config)]
        for service in services:
            stack.callback(service.stop)
        yield [Caller(service) for service in services]


@pytest.mark.parametrize("name", CALLS)
def test_both_modes_answer_with_the_same_bytes(both, name):
    sync, queue = ([normal(answer) for answer in CALLS[name](call)] for call in both)
    assert len(sync) == len(queue)
    for of_sync, of_queue in zip(sync, queue, strict=True):
        assert of_sync == of_queue
    worked = "broken" in name or "refused" in name or any(status == 200 or status == 201 for status, _, _ in sync)
    assert worked, sync


def test_what_is_made_equal_is_little():
    """Else the comparison above would prove nothing."""
    chunk = b'data: {"id":"chatcmpl-gen_%s","created":1,"choices":[{"delta":{"content":"%s"}}]}'
    ids = [base64.b16encode(bytes([each] * 16)).lower() for each in (1, 2)]
    one = joined(equal(b"\n\n".join(chunk % (ids[0], text) for text in (b"ab", b"c"))), b"\n\n")
    other = joined(equal(b"\n\n".join(chunk % (ids[1], text) for text in (b"a", b"bc"))), b"\n\n")
    assert one == other and list(one[1].values()) == ["abc"]
    assert joined(equal(chunk % (ids[0], b"abd")), b"\n\n") != one
    assert joined(equal((chunk % (ids[0], b"abc")).replace(b"created", b"made")), b"\n\n") != one
    assert equal(b'{"prompt_tokens":3}') == b'{"prompt_tokens":3}'
