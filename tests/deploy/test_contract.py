"""docs/contract.md and docs/contract/ beside a live Redis: its keys, its job, its commands."""

import hashlib
import json
import re
import subprocess
import threading

import jsonschema
import pytest

import compose
from processes import clean_environment
from waiting import eventually

PAGES = [compose.ROOT / "docs/contract.md", *sorted((compose.ROOT / "docs/contract").glob("*.md"))]
TEXT = "\n".join(page.read_text() for page in PAGES)
SCHEMA = json.loads((compose.ROOT / "docs" / "envelope.schema.json").read_text())


@pytest.fixture
def api(programs, redis):
    api = programs.api(environment={"QUEUE_ENABLED": "true", "REDIS_URL": redis.url})
    eventually(lambda: api.status("/readyz") == 200, "it has found Redis")
    return api


def console_blocks():
    """[(command, expected output)] of each block."""
    blocks = []
    for block in re.findall(r"```console\n(.*?)```", TEXT, re.S):
        steps = []
        for line in block.splitlines(keepends=True):
            if line.startswith("$ "):
                steps.append([line[2:-1], ""])
            else:
                steps[-1][1] += line
        blocks.append(steps)
    return blocks


def test_the_worked_example_prints_what_the_document_shows(api, redis):
    assert len(console_blocks()) == 2
    shell = ["set -u"]
    expected = []
    for at, (command, output) in enumerate(step for block in console_blocks() for step in block):
        shell += [command, f"echo '#{at}'"]
        expected.append(f"{output}#{at}\n")
    done = subprocess.run(["bash", "-c", "\n".join(shell)], cwd=compose.ROOT, capture_output=True, text=True, timeout=60,
                          env=clean_environment({"REDIS_URL": redis.url, "API": f"http://127.0.0.1:{api.port}"}))
    assert done.stderr == ""
    assert done.stdout == "".join(expected)


def documented_keys():
    text = (compose.ROOT / "docs/contract/keys.md").read_text()
    table = re.search(r"\| key \| type \| what \|\n.*?\n\n", text, re.S).group()
    return dict(re.findall(r"^\| `([^`]+)` \| (\S+(?: \S+)?) \|", table, re.M))


def pattern_of(key):
    def of(part):
        if part == "<caller>":  # all without keys are one, whose name is empty
            return ".*"
        return ".+" if part.startswith("<") else re.escape(part)

    return "".join(map(of, re.split(r"(<[^>]+>)", key)))


WITH_A_KEY = """
[[server.keys]]
name = "ann"
sha256 = "{digest}"
[models.simulator]
driver = "simulator"
text_field = "prompt"
"""


def generate_and_delete_with_a_key(programs, redis):
    """Only callers with keys have lists of their own."""
    config = programs.folder / "keys.toml"
    config.write_text(WITH_A_KEY.format(digest=hashlib.sha256(b"secret-ann").hexdigest()))
    api = programs.api("--config", str(config), environment={"QUEUE_ENABLED": "true", "REDIS_URL": redis.url})
    eventually(lambda: api.status("/readyz") == 200, "it has found Redis")
    key = {"Authorization": "Bearer secret-ann"}
    for _ in range(2):
        status, _, body = api.generate("simulator", {"prompt": "a", "tokens": 2}, key)
        assert status == 200, body
    assert api.request("DELETE", f"/v1/generations/{json.loads(body)['id']}", None, key)[0] == 204
    return api


def test_the_keys_are_those_of_a_live_system(api, programs, redis):
    # One that waits, one that runs and is cancelled, one with an idempotency key, one of a caller with a key.
    worker = programs.worker(environment={"QUEUE_ENABLED": "true", "REDIS_URL": redis.url})
    assert api.generate("simulator", {"prompt": "a", "tokens": 2}, {"Idempotency-Key": "k"})[0] == 200
    generate_and_delete_with_a_key(programs, redis).stop()
    seen = {}

    def look():
        # What is there for a moment only counts too.
        for key in redis("KEYS", "{shunt}::gen:*"):
            kind = redis("TYPE", key)
            if kind != "none":
                seen[key.removeprefix("{shunt}::gen:")] = kind
        return {pattern for pattern in documented_keys() if any(re.fullmatch(pattern_of(pattern), key) for key in seen)}

    slow = {"prompt": "b", "first_token_ms": 3000, "tokens": 1}
    # One waits in the queue, and one runs in the API process itself.
    open_ones = [threading.Thread(target=api.generate, args=("simulator", slow, headers))
                 for headers in ({}, {"Shunt-Executor": "sync"})]
    for generation in open_ones:
        generation.start()
    # Nobody waits for the end of this one, which comes when the API process has let go of it.
    asked = api.generate("simulator", {**slow, "first_token_ms": 8000}, {"Prefer": "respond-async"})
    assert asked[0] == 202, asked
    missing = set(documented_keys())

    def all_were_there():
        missing.difference_update(look())
        return not missing

    try:
        eventually(all_were_there, "every documented key")
    except AssertionError as late:
        raise AssertionError(f"never seen: {missing}; seen: {sorted(seen)}") from late
    for generation in open_ones:
        generation.join()
    worker.stop()
    types = {"sorted set": "zset"}
    for key, kind in seen.items():
        known = [type for pattern, type in documented_keys().items() if re.fullmatch(pattern_of(pattern), key)]
        assert known, f"{key} is not in the document"
        assert kind == types.get(known[0], known[0]), key


def test_the_fields_of_a_record_are_in_the_document(api, programs, redis):
    programs.worker(environment={"QUEUE_ENABLED": "true", "REDIS_URL": redis.url})
    status, headers, _ = api.generate("simulator", {"prompt": "a", "tokens": 2, "first_token_ms": 0})
    row = next(line for line in TEXT.splitlines() if line.startswith("| `r:<id>` |"))
    fields = redis("HGETALL", "{shunt}::gen:r:" + headers["shunt-generation-id"])[::2]
    for field in fields:
        assert f"`{'e<N>' if re.fullmatch('e[0-9]+', field) else field}`" in row, field


def test_the_job_has_the_documented_options_and_an_envelope_by_the_schema(api, programs, redis):
    programs.worker("--model", "simulator", environment={"QUEUE_ENABLED": "true", "REDIS_URL": redis.url})
    headers = api.generate("simulator", {"prompt": "a", "tokens": 2, "first_token_ms": 0})[1]
    # The client has its answer before the worker has settled the job.
    eventually(lambda: redis("ZCARD", "{shunt}:simulator:completed") == 1, "the job has ended, too")
    job = redis("HGETALL", "{shunt}:simulator:" + headers["shunt-generation-id"])
    job = dict(zip(job[::2], job[1::2]))
    options = json.loads(re.search(r"```json\n(.*?)```", TEXT, re.S).group(1))
    assert {**json.loads(job["opts"]), "jobId": options["jobId"]} == options
    assert job["name"] == "simulator"
    jsonschema.validate(json.loads(job["data"]), SCHEMA)
    assert set(json.loads(job["returnvalue"])) == {"text", "result"}


@pytest.mark.parametrize("document", ["contract/example.md", "envelope.md"])
def test_an_envelope_of_the_documents_is_one_by_the_schema(document):
    text = (compose.ROOT / "docs" / document).read_text()
    found = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.S)]
    heads = [json.loads(head.replace("'$ID'", "gen_019abc3f5c2a7d1e8f00a1b2c3d4e5f6"))
             for head in re.findall(r"HEAD='(.*)'$", text, re.M)]
    envelopes = [block for block in found + heads if "v" in block]
    assert envelopes
    for envelope in envelopes:
        jsonschema.validate(envelope, SCHEMA)


def test_every_script_is_explained_at_its_top():
    for name in re.findall(r"\*\*\[(\w+)\]", TEXT):
        text = (compose.ROOT / "executor" / "lua" / f"{name}.lua").read_text()
        header = text.split("\nlocal", 1)[0]
        assert all(word in header for word in ("KEYS[1]", "ARGV", "Returns")), name
    assert re.findall(r"\*\*\[(\w+)\]", TEXT) == ["begin", "append"]


def test_artifacts_lie_where_the_document_says(programs, redis, tmp_path):
    environment = {"QUEUE_ENABLED": "true", "REDIS_URL": redis.url, "SHUNT_ARTIFACTS_DIRECTORY": str(tmp_path / "store")}
    programs.worker(environment=environment)
    api = programs.api(environment=environment)
    eventually(lambda: api.status("/readyz") == 200, "it has found Redis")
    headers = api.generate("simulator", {"prompt": "a", "tokens": 1, "first_token_ms": 0, "result_bytes": 5000})[1]
    record = redis("HGETALL", "{shunt}::gen:r:" + headers["shunt-generation-id"])
    events = [event for batch in record[1::2] if batch.startswith("[{") for event in json.loads(batch)]
    artifact = next(event for event in events if event["type"] == "artifact")
    digest = artifact["sha256"]
    assert (tmp_path / "store" / digest[:2] / digest).stat().st_size == artifact["size"] == 5000
    assert "sha256" not in api.request("GET", f"/v1/generations/{headers['shunt-generation-id']}/events")[2]
