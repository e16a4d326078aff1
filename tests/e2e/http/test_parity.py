"""The flip, seen by a client: the same requests to a service in sync mode and to one with the queue get the same bytes,
once ids and times have names."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import wire
from conftest import QueueMode, SyncMode
from program_models import PROGRAMS
from shunt_process import CONFIG
from waiting import eventually

MODELS = CONFIG + PROGRAMS + r"""
[models.line]
driver = "simulator"
first_token = "30s"
concurrency = 1
max_waiting = 1

[models.listed]
driver = "simulator"
first_token = "0ms"
token_gap = "0ms"
tokens = 2

[models.no_verdict]
driver = "command"
argv = ["/bin/sh", "-c", "printf '{{'"]
input_mode = "none"
output = "json"

[models.gabby]
driver = "command"
argv = ["/bin/sh", "-c", "printf %2000s x"]
input_mode = "none"
limits.max_text_bytes = 1024

[models.killed]
driver = "command"
argv = ["/bin/sh", "-c", "kill -9 $$"]
input_mode = "none"

[models.sleeper]
driver = "command"
argv = ["/bin/sleep", "30"]
input_mode = "none"
"""

# What the server of tests/support/openai_server.py is told to do, by the name of a model.
UPSTREAMS = {"up-ok": "ok", "up-json": "json", "up-tools": "tool_calls", "up-talk": "talk", "up-half": "half",
             "up-500": "status?status=500", "up-400": "status?status=400", "up-unauthorized": "unauthorized",
             "up-html": "html", "up-garbage": "garbage"}

# Beside chat: the operation, what the server is told to do, and the input.
OPERATIONS = {"op-completions": ("completions", "completions", {"prompt": "hello"}),
              "op-embeddings": ("embeddings", "embeddings", {"input": ["a", "b"]}),
              "op-speech": ("speech", "speech", {"input": "hello"}),
              "op-images": ("images", "images", {"prompt": "a cat"}),
              "op-address": ("images", "images?how=url", {"prompt": "a cat"})}

# What kind of container tests/support/cog_server.py plays, and the input.
CONTAINERS = {"cog-streaming": ("streaming/1", {"say": ["Hel", "lo"]}), "cog-plain": ("plain/1", {"say": ["Hel", "lo"]}),
              "cog-file": ("plain/2", {"file": "image/png"}), "cog-failing": ("plain/3", {"fail": "it broke"}),
              "cog-defunct": ("defunct/1", {})}

PROMPT = {"prompt": "hello"}


RUNS_ONCE = """
[models.once]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "0ms"
on_lost = "fail"
"""


def upstream_models(port):
    return "".join(f'[models.{name}]\ndriver = "openai"\nbase_url = "http://127.0.0.1:{port}/v1"\n'
                   f'model = "{mode}"\nmax_retries = 0\n' for name, mode in UPSTREAMS.items()) + "".join(
        f'[models.{name}]\ndriver = "openai"\noperation = "{operation}"\nbase_url = "http://127.0.0.1:{port}/v1"\n'
        f'model = "{mode}"\n' for name, (operation, mode, _) in OPERATIONS.items()) + f"""
[models.up-elsewhere]
driver = "openai"
breaker_failures = 1000
[[models.up-elsewhere.upstreams]]
base_url = "http://127.0.0.1:{port}/v1"
name = "first"
model = "status?code=500"
[[models.up-elsewhere.upstreams]]
base_url = "http://127.0.0.1:{port}/v1"
name = "second"
model = "ok"
weight = 0
"""


def container_models(port):
    return "".join(f'[models.{name}]\ndriver = "cog"\nbase_url = "http://127.0.0.1:{port}/{container}"\n'
                   for name, (container, _) in CONTAINERS.items())


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """The two services, started once: every case uses models or keys of its own."""
    support = Path(__file__).parents[2] / "support"
    upstream, container = (subprocess.Popen([sys.executable, support / program], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE)
                           for program in ("openai_server.py", "cog_server.py"))
    files = f'\n[files]\ndirectory = "{tmp_path_factory.mktemp("files")}"\nmin_free = 0\n'
    models = (MODELS + RUNS_ONCE + files + upstream_models(int(upstream.stdout.readline())) +
              container_models(int(container.stdout.readline())))
    modes = [SyncMode(), QueueMode()]
    services = [mode.start(models) for mode in modes]
    yield services
    for service, mode in zip(services, modes):
        service.stop()
        mode.close()
    upstream.communicate()
    container.communicate()


# ---- What is compared.

ID = re.compile(r"gen_[0-9a-f]{32}")
TIME = re.compile(r'"20\d\d-\d\d-\d\dT[0-9:.]+Z"')
SAME_EVERYWHERE = ("date",)
# What a record tells of the decision between the two: the one thing that is there with the queue only.
ADMISSION = re.compile(r',"admission":\{[^}]*\}')


def says(delta):
    return [name for name in delta if name not in ("seq", "type", "at") and delta[name]]


def append_piece(whole, piece):
    """Puts a delta's piece at the end of another one (docs/deltas.md)."""
    for name, value in piece.items():
        if name in ("text", "reasoning", "refusal", "arguments", "data", "transcript", "url"):
            whole[name] = whole.get(name, "") + value
        elif name in ("tool_calls", "images"):
            elements = whole.setdefault(name, [])
            for element in value:
                known = [each for each in elements if each["index"] == element["index"]]
                append_piece(known[0], element) if known else elements.append(element)
        elif isinstance(value, list):
            whole.setdefault(name, []).extend(value)
        elif isinstance(value, dict):
            append_piece(whole.setdefault(name, {}), value)
        else:
            whole[name] = value


def with_joined_text(body):
    """Events as (type, data), numbered anew: how much was said together is the network's affair. Where something else
    than before is said, another event begins."""
    joined = []
    for _, kind, data in wire.events(body):
        if kind == "delta" and joined and joined[-1]["type"] == "delta" and says(joined[-1]) == says(data):
            append_piece(joined[-1], {name: value for name, value in data.items() if name not in ("seq", "type", "at")})
        else:
            joined.append({**data, "seq": len(joined) + 1})
    return "\n".join(json.dumps(event, ensure_ascii=False) for event in joined)


def normalised(response, names, joins_text):
    """The response as text: its status, its headers, its body, with ids as gen_1, gen_2... in order of appearance."""
    headers = "\n".join(f"{k}: {v}" for k, v in sorted(response.headers.items()) if k not in SAME_EVERYWHERE)
    # Drawn for each request that no generation is known of.
    headers = re.sub(r"x-request-id: [0-9a-f]{32}", "x-request-id: N", headers)
    body = ADMISSION.sub("", response.body.decode("latin-1"))
    if not body:  # of HEAD, whose length is that of a record
        headers = re.sub(r"content-length: [1-9]\d*", "content-length: N", headers)
    if response.headers.get("content-type") == "text/event-stream":
        body = body.replace(":\n\n", "")  # comments of a quiet stream depend on time
        if joins_text:
            body = with_joined_text(body)
    elif ID.search(body) or TIME.search(body):
        headers = re.sub(r"content-length: \d+", "content-length: N", headers)
    text = ID.sub(lambda found: names.setdefault(found.group(), f"gen_{len(names) + 1}"), f"{headers}\n\n{body}")
    return f"{response.status}\n" + TIME.sub('"TIME"', text)


def generate(shunt, model, input=None, headers=None, **members):
    return shunt.generate(model, PROMPT if input is None else input, headers, **members)


def link_of(response):
    return response.headers["location"]


# ---- The cases: each a generator of responses.

def every_form(model, input=None, fixed_events=True):
    def case(shunt):
        first = generate(shunt, model, input)
        yield first
        yield generate(shunt, model, input, {"Accept": "text/event-stream"})
        yield generate(shunt, model, input, {"Accept": "text/plain"})
        yield generate(shunt, model, input, {"Accept": "image/png"})
        yield generate(shunt, model, input, {"Accept": "application/octet-stream, application/json;q=0.5"})
        yield generate(shunt, model, input, options={"metadata": {"order": 7}, "timeout_ms": 20000})
        link = link_of(first)
        for path in (link, link + "/events", link + "/artifacts/none"):
            yield shunt.request("GET", path)
            yield shunt.request("HEAD", path)
        if fixed_events:
            yield shunt.request("GET", link + "/events", headers={"Last-Event-ID": "2"})
            yield shunt.request("GET", link + "/events", headers={"Last-Event-ID": "7777"})
        yield shunt.request("POST", link + "/cancel")
    return case


def refused(shunt):
    for body in ("", "{", "[]", "{}", '{"model": 7}', '{"model": "nobody"}', '{"model": "quick", "imput": {}}',
                 '{"model": "quick", "input": {"prompt": 7}}', '{"model": "quick", "options": {"timeout_ms": -1}}',
                 '{"model": "quick", "input": {"tokens": 1e9}}'):
        yield shunt.request("POST", "/v1/generations", body, {"Content-Type": "application/json"})
    yield generate(shunt, "quick", headers={"Idempotency-Key": "x" * 256})
    yield generate(shunt, "drawing", headers={"Accept": "audio/wav"})
    for path in ("/nowhere", "/v1/generations/gen_" + "0" * 32, "/v1/generations/nonsense/events",
                 "/v1/generations?state=done", "/v1/generations?limit=0"):
        yield shunt.request("GET", path)
    yield shunt.request("DELETE", "/v1/generations")
    yield shunt.request("POST", "/v1/generations/gen_" + "0" * 32 + "/cancel")


def catalogue(shunt):
    yield shunt.request("GET", "/v1/models")
    yield shunt.request("GET", "/openapi.json")
    yield shunt.request("GET", "/healthz")
    yield shunt.request("OPTIONS", "/v1/generations")


def artifacts(shunt):
    made = generate(shunt, "picture", {"prompt": "x", "result_bytes": 5000, "seed": 4})
    yield made
    url = made.json()["output"]["artifacts"][0]["url"]
    whole = shunt.request("GET", url)
    yield whole
    yield shunt.request("HEAD", url)
    tag = whole.headers["etag"]
    for headers in ({"Range": "bytes=10-19"}, {"Range": "bytes=-7"}, {"Range": "bytes=9999-"}, {"Range": "bytes=0-1,5-6"},
                    {"If-None-Match": tag}, {"If-None-Match": '"other"'}, {"Range": "bytes=0-9", "If-Range": tag},
                    {"Range": "bytes=0-9", "If-Range": '"other"'}):
        yield shunt.request("GET", url, headers=headers)
    large = generate(shunt, "picture", {"prompt": "x", "result_bytes": 3_000_000, "seed": 4},
                     {"Accept": "application/octet-stream"})
    assert len(large.body) == 3_000_000
    yield large


def idempotency(shunt):
    key = {"Idempotency-Key": "the same"}
    yield generate(shunt, "quick", headers=key)
    yield generate(shunt, "quick", headers=key)
    yield generate(shunt, "quick", headers={**key, "Accept": "text/event-stream"})
    yield generate(shunt, "quick", {"prompt": "another"}, key)
    yield generate(shunt, "slow", headers=key)
    failing = {"Idempotency-Key": "failing"}
    yield generate(shunt, "broken", {}, failing)
    yield generate(shunt, "broken", {}, failing)
    unusable = {"Idempotency-Key": "unusable"}
    yield generate(shunt, "quick", {"prompt": 7}, unusable)
    yield generate(shunt, "quick", headers=unusable)


def begin(shunt, connection, model):
    body = json.dumps({"model": model, "input": PROMPT, "stream": True})
    connection.send(wire.request_bytes("POST", "/v1/generations", body))
    return link_of(connection.read_head())


def rest_of_stream(connection):
    seen = b""
    while chunk := connection.read_chunk():
        seen += chunk
    return wire.Response(200, {"content-type": "text/event-stream"}, seen)


def cancelled_while_it_runs(shunt):
    with shunt.connect() as stream:
        link = begin(shunt, stream, "line")
        eventually(lambda: shunt.request("GET", link).json()["state"] == "running")
        yield shunt.request("GET", link)
        shunt.request("POST", link + "/cancel", '{"reason": "enough"}', {"Content-Type": "application/json"})
        yield rest_of_stream(stream)
        yield shunt.request("GET", link)
        yield shunt.request("POST", link + "/cancel")


def cancelled_in_a_kept_program(shunt):
    body = json.dumps({"model": "kept", "input": {"prompt": "wait"}, "stream": True})
    with shunt.connect() as stream:
        stream.send(wire.request_bytes("POST", "/v1/generations", body))
        link = link_of(stream.read_head())
        eventually(lambda: shunt.request("GET", link).json()["state"] == "running")
        shunt.request("POST", link + "/cancel", '{"reason": "enough"}', {"Content-Type": "application/json"})
        yield rest_of_stream(stream)
        yield shunt.request("GET", link)
    yield generate(shunt, "kept", {"prompt": "wait"}, options={"timeout_ms": 2000})
    yield generate(shunt, "kept", {})


def cancelled_while_it_waits(shunt):
    with shunt.connect() as running, shunt.connect() as waiting:
        first = begin(shunt, running, "line")
        eventually(lambda: shunt.request("GET", first).json()["state"] == "running")
        second = begin(shunt, waiting, "line")
        yield shunt.request("GET", second)
        yield generate(shunt, "line")  # no room
        yield shunt.request("POST", second + "/cancel")
        yield rest_of_stream(waiting)
        shunt.request("POST", first + "/cancel")
        yield rest_of_stream(running)


def deadlines(shunt):
    # Its program has begun by then.
    yield generate(shunt, "sleeper", {}, options={"timeout_ms": 2000})
    yield generate(shunt, "sleeper", {}, {"Accept": "text/event-stream"}, options={"timeout_ms": 2000})
    with shunt.connect() as running:
        first = begin(shunt, running, "line")
        eventually(lambda: shunt.request("GET", first).json()["state"] == "running")
        yield generate(shunt, "line", options={"timeout_ms": 100})  # while it waits
        shunt.request("POST", first + "/cancel")
        yield rest_of_stream(running)


def listed(shunt):
    ids = [generate(shunt, "listed", {"prompt": "x", "seed": n}).json()["id"] for n in range(5)]
    assert ids
    yield shunt.request("GET", "/v1/generations?model=listed")
    first = shunt.request("GET", "/v1/generations?model=listed&limit=2")
    yield first
    yield shunt.request("GET", f"/v1/generations?model=listed&limit=2&cursor={first.json()['next_cursor']}")
    yield shunt.request("GET", "/v1/generations?model=listed&state=failed")


# Cases of which it is not fixed how much text comes together.
LOOSE = ("upstream", "operation", "container")

def wrong_files(shunt):
    for image in ({}, {"image": "data:text/plain,x"}, {"image": "data:image/png;base64,?"}, {"image": "/etc/passwd"},
                  {"image": {"file": "file-" + 32 * "0"}}, {"image": "https://127.0.0.1/"}):
        yield generate(shunt, "copy", image)


CASES = {
    "simulator": every_form("quick"),
    "simulator, slowly": every_form("slow", {"prompt": "x", "tokens": 3}),
    "simulator that fails": every_form("quick", {"prompt": "x", "failure_rate": 1}),
    "simulator with an artifact": every_form("picture"),
    "simulator that runs nothing twice": every_form("once", {"prompt": "x", "tokens": 3}),
    "program with text, progress and log": every_form("steps"),
    "program with a result": every_form("verdict", {}),
    "program with a broken result": every_form("no_verdict", {}),
    "program with an artifact": every_form("drawing", {}),
    "program that exits": every_form("broken", {}),
    "program that is killed": every_form("killed", {}),
    "program that says too much": every_form("gabby", {}),
    "program with a file": every_form("copy", {"image": "data:image/png;base64,AAEC"}),
    "program without its file": wrong_files,
    "program that stays": every_form("kept", {}),
    "program that stays and fails": every_form("kept", {"prompt": "fail"}),
    "program that stays and ends": every_form("kept", {"prompt": "crash"}),
    "program that stays and says garbage": every_form("kept", {"prompt": "garbage"}),
    "program that stays and tells of a file elsewhere": every_form("kept", {"prompt": "elsewhere"}),
    "cancelled in a program that stays": cancelled_in_a_kept_program,
    **{f"upstream {mode}": every_form(name, fixed_events=False) for name, mode in UPSTREAMS.items()},
    "upstream elsewhere": every_form("up-elsewhere", fixed_events=False),
    **{f"operation {name}": every_form(name, given, fixed_events=False) for name, (_, _, given) in OPERATIONS.items()},
    **{f"container {name}": every_form(name, given, fixed_events=False) for name, (_, given) in CONTAINERS.items()},
    "refused": refused,
    "catalogue": catalogue,
    "artifacts": artifacts,
    "idempotency": idempotency,
    "cancelled while it runs": cancelled_while_it_runs,
    "cancelled while it waits": cancelled_while_it_waits,
    "deadlines": deadlines,
    "listed": listed,
}


@pytest.mark.parametrize("case", CASES)
def test_the_answers_are_the_same_bytes(pair, case):
    transcripts = []
    for service in pair:
        names = {}
        transcripts.append([normalised(response, names, case.startswith(LOOSE)) for response in CASES[case](service)])
    for sync, queue in zip(*transcripts, strict=True):
        assert queue == sync
