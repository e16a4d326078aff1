"""OpenAI's batches: the clients of npm and PyPI in both modes, and batches that outlive the process that runs them."""

import base64
import hashlib
import json
import os
import random
import re
import signal
import subprocess
import urllib.parse
import urllib.request
import uuid

import pytest
from batch_fleet import CHAT, authorization, batch_of, bodies_as_lines, create, done_lines, ended, folder_of, lines_of, results, upload
from conftest import CLIENTS, node, python, upstream_model
from waiting import eventually

MODELS = """
[batches]
max_lines = 20000

[models.endless]
driver = "simulator"
text_field = "prompt"
first_token = "60s"
concurrency = 100

[models.quick]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "0ms"
spread = 0.0
tokens = 1
concurrency = 100
max_waiting = 1000
"""
IMAGES = "/v1/images/generations"
EDITS = "/v1/images/edits"
KEYS = "".join(f'[[server.keys]]\nname = "{name}"\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\n'
               for name in ("ann", "bob"))
WORDS = "Trains roll down the hump"


@pytest.mark.parametrize("command", [lambda *a: node("batches.mjs", *a, "openai"),
                                     lambda *a: node("batches.mjs", *a, "openai-6"),
                                     lambda *a: python("batches.py", *a)], ids=["npm", "npm-6", "pypi"])
def test_a_client_gets_what_it_asked_for(start, upstream, command):
    models = [upstream_model("words", upstream, "ok"), upstream_model("broken", upstream, "status?code=500"),
              upstream_model("once", upstream, "completions", "completions"),
              upstream_model("vectors", upstream, "embeddings", "embeddings")]
    shunt = start(MODELS + "".join(models)).api
    done = subprocess.run(command(shunt.url + "/v1", "none"), cwd=CLIENTS, timeout=120, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + shunt.log()[-3000:]
    seen = json.loads(done.stdout)
    assert seen["made"] == ["batch", CHAT, "24h", {"a": "b"}, 86400]
    assert seen["ended"] == ["completed", 8, 5, 3, 25, None] and seen["times"]
    assert seen["said"] == [WORDS] and seen["answered"] == [[f"chat-{i}" for i in range(5)], [200]]
    assert seen["failed"] == {"nobody": [404, "model_not_found"], "streams": [400, "invalid_request"],
                              "broken": [502, "upstream_failed"]}
    assert seen["ids"] == 8
    assert seen["files"] == [["batch_output", True], ["batch_output", True]]
    assert seen["others"][0] == 2 and seen["others"][1] and seen["others"][2:] == ["completed", True]
    assert seen["listed"]
    assert seen["bad"] == ["failed", [["invalid_json_line", 2, None], ["duplicate_custom_id", 3, "custom_id"],
                                      ["invalid_url", 4, "url"]], None]
    assert seen["empty"] == ["empty_file"]
    assert seen["cancelling"] == "cancelling"
    assert seen["cancelled"] == ["cancelled", 1, 30, ["batch_cancelled"], ["quick"]]
    bad = ["BadRequestError", 400, "invalid_request"]
    assert seen["errors"] == {
        "cancelled": ["ConflictError", 409, "batch_ended", None], "unknown": ["NotFoundError", 404, "batch_unknown", None],
        "none": ["NotFoundError", 404, "batch_unknown", None], "file": [*bad, "input_file_id"],
        "purpose": [*bad, "input_file_id"], "endpoint": [*bad, "endpoint"], "window": [*bad, "completion_window"],
        "after": [*bad, "after"]}


def control(upstream, model):
    query = urllib.parse.urlencode({"model": model})
    with urllib.request.urlopen(f"http://127.0.0.1:{upstream}/control?{query}") as answer:
        return json.load(answer)


def calls(upstream, model):
    return control(upstream, model)["calls"]


def upstream_requests(upstream, model):
    return control(upstream, model)["requests"]


def assert_each_line_once(api, batch, count):
    assert batch["status"] == "completed" and batch["request_counts"] == {"total": count, "completed": count, "failed": 0}
    names = [each["custom_id"] for each in results(api, batch["output_file_id"])]
    assert sorted(names) == sorted(f"line-{i}" for i in range(count))


def test_lines_make_images(start, upstream):
    picture = r"""
[models.picture]
driver = "command"
argv = ["/bin/sh", "-c", "printf '\\211PNG'"]
text_field = "prompt"
input_mode = "stdin_text"
input_text_field = "prompt"
output = "artifact"
artifact_name = "picture.png"
artifact_media_type = "image/png"
produces = ["image/png"]
"""
    api = start(MODELS + picture + upstream_model("upstream", upstream, "images", "images")).api
    bodies = {"program": {"model": "picture", "prompt": "a cat"}, "two": {"model": "upstream", "prompt": "a cat", "n": 2},
              "url": {"model": "upstream", "prompt": "a cat", "response_format": "url"}, "chat": {"model": "quick", "prompt": "a cat"}}
    batch = ended(api, create(api, bodies_as_lines(bodies, IMAGES), endpoint=IMAGES))
    assert batch["status"] == "completed" and batch["request_counts"] == {"total": 4, "completed": 2, "failed": 2}
    made = {each["custom_id"]: each["response"]["body"]["data"] for each in results(api, batch["output_file_id"])}
    assert base64.b64decode(made["program"][0]["b64_json"]) == b"\x89PNG" and len(made["two"]) == 2
    failed = {each["custom_id"]: each["response"]["body"]["error"]["param"] for each in results(api, batch["error_file_id"])}
    assert failed == {"url": "response_format", "chat": "model"}


DIGEST = """
[models.digest]
driver = "command"
argv = ["/bin/sh", "-c", "sha256sum < \\"$1\\" | cut -c -64 | tr -d '\\\\n'", "sh", "{input.image}"]
input_mode = "none"
text_field = "prompt"
[models.digest.input]
prompt = { type = "string" }
image = { type = "file", required = true, types = ["image/*"], urls = ["data", "https"] }
[models.collage.input]
image = { type = "file", required = true }
image_2 = { type = "file" }
prompt = { type = "string" }
"""


def test_lines_name_files_that_their_owner_keeps(start, upstream):
    fleet = start(MODELS + upstream_model("collage", upstream, "images#batch", "image_edits") + DIGEST + KEYS)
    png = "\x89PNG and more"
    mine, theirs = (upload(fleet.api, png, key, "image/png", "user_data") for key in ("ann", "bob"))
    images = {"mine": {"file": mine}, "data": "data:image/png;base64," + base64.b64encode(png.encode()).decode(),
              "theirs": {"file": theirs}, "url": "https://example.com/cat.png"}
    chats = {name: {"model": "digest", "messages": [{"role": "user", "content": "x"}], "image": image}
             for name, image in images.items()}
    batch = ended(fleet.api, create(fleet.api, bodies_as_lines(chats, CHAT), "ann"), key="ann")
    said = {each["custom_id"]: each["response"]["body"]["choices"][0]["message"]["content"]
            for each in results(fleet.api, batch["output_file_id"], "ann")}
    assert said == dict.fromkeys(["mine", "data"], hashlib.sha256(png.encode()).hexdigest())
    failed = {each["custom_id"]: [each["response"]["status_code"], each["response"]["body"]["error"]["param"]]
              for each in results(fleet.api, batch["error_file_id"], "ann")}
    assert failed == {"theirs": [400, "image"], "url": [400, "image"]}
    edits = {"edit": {"model": "collage", "prompt": "x", "images": [{"file_id": mine}, {"file_id": mine}]},
             "more": {"model": "collage", "prompt": "x", "images": [{"file_id": mine}] * 3}}
    batch = ended(fleet.api, create(fleet.api, bodies_as_lines(edits, EDITS), "ann", EDITS), key="ann")
    assert batch["request_counts"] == {"total": 2, "completed": 1, "failed": 1}
    seen = upstream_requests(upstream, "images#batch")[-1]["body"]
    assert [each["sha256"] for each in seen["image[]"]] == [hashlib.sha256(png.encode()).hexdigest()] * 2


def begin(fleet, count, model="words"):
    """A batch of which some lines have ended and most have not."""
    batch_id = create(fleet.api, lines_of(model, count))
    # What is under way holds its input.
    input_file = batch_of(fleet.api, batch_id)["input_file_id"]
    assert fleet.api.request("DELETE", f"/v1/files/{input_file}").status == 200
    eventually(lambda: done_lines(fleet.api, batch_id) > 4)
    return batch_id


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_a_batch_goes_on_where_its_process_has_left_it(start, mode, upstream, how):
    upstream_name = f"ok?tokens=4&gap_ms=80&name={uuid.uuid4().hex}"
    fleet = start(MODELS + upstream_model("words", upstream, upstream_name))
    batch_id = begin(fleet, 80)
    fleet.api.terminate(how)
    fleet.api.wait()
    assert calls(upstream, upstream_name) < 80
    api = fleet.start_api()
    batch = ended(api, batch_id)
    assert_each_line_once(api, batch, 80)
    # What ran within a process that was killed cannot be had again, and is run once more.
    lost = 8 if (mode, how) == ("sync", signal.SIGKILL) else 0
    assert 80 <= calls(upstream, upstream_name) <= 80 + lost


def test_a_line_of_a_model_that_is_run_once_is_not_run_again(start, mode, upstream):
    upstream_name = f"ok?tokens=4&gap_ms=200&name={uuid.uuid4().hex}"
    once = upstream_model("words", upstream, upstream_name) + 'on_lost = "fail"\n'
    fleet = start(MODELS + once)
    batch_id = begin(fleet, 40)
    fleet.api.terminate(signal.SIGKILL)
    fleet.api.wait()
    api = fleet.start_api()
    batch = ended(api, batch_id)
    counts = batch["request_counts"]
    assert counts["total"] == counts["completed"] + counts["failed"] == 40
    assert calls(upstream, upstream_name) <= 40
    lost = [each["response"]["body"]["error"]["code"] for each in results(api, batch["error_file_id"])]
    assert lost == ["worker_lost"] * counts["failed"]
    assert (counts["failed"] > 0) == (mode == "sync")


def test_any_process_answers_for_a_batch_and_one_goes_on_when_its_own_has_died(start, mode, upstream):
    upstream_name = f"ok?tokens=4&gap_ms=80&name={uuid.uuid4().hex}"
    fleet = start(MODELS + upstream_model("words", upstream, upstream_name))
    other = fleet.start_api()
    batch_id = begin(fleet, 80)
    assert batch_of(other, batch_id)["status"] == "in_progress"
    assert [each["id"] for each in other.request("GET", "/v1/batches").json()["data"]] == [batch_id]
    fleet.api.terminate(signal.SIGKILL)
    fleet.api.wait()
    assert_each_line_once(other, ended(other, batch_id), 80)


def test_a_batch_is_cancelled_through_another_process_and_stays_so(start):
    fleet = start(MODELS)
    batch_id = create(fleet.api, lines_of("endless", 20))
    eventually(lambda: fleet.api.gauge("shunt_batch_lines_running") == 8)  # batches.concurrency
    other = fleet.start_api()
    assert other.request("POST", f"/v1/batches/{batch_id}/cancel").json()["status"] == "cancelling"
    batch = ended(other, batch_id)
    assert [batch["status"], batch["request_counts"]["failed"], batch["output_file_id"]] == ["cancelled", 20, None]
    assert {each["error"]["code"] for each in results(other, batch["error_file_id"])} == {"batch_cancelled"}
    eventually(lambda: fleet.api.gauge("shunt_batches_running") == 0)


def test_a_key_whose_batches_wait_for_a_slow_model_keeps_nobody_else_from_theirs(start):
    fleet = start(MODELS + KEYS)
    slow = [create(fleet.api, lines_of("endless", 1), "ann") for _ in range(16)]
    theirs = create(fleet.api, lines_of("quick", 3), "bob")
    eventually(lambda: batch_of(fleet.api, theirs, "bob")["status"] == "completed")
    for batch_id in slow:
        fleet.api.request("POST", f"/v1/batches/{batch_id}/cancel", headers=authorization("ann"))
    eventually(lambda: all(batch_of(fleet.api, each, "ann")["status"] == "cancelled" for each in slow), patience=60)


def test_a_batch_is_its_keys_alone(start):
    fleet = start(MODELS.replace("[batches]", "[batches]\nmax_open_per_key = 1") + KEYS)
    batch_id = create(fleet.api, lines_of("endless", 2), "ann")
    for request in (("GET", f"/v1/batches/{batch_id}"), ("POST", f"/v1/batches/{batch_id}/cancel")):
        assert fleet.api.request(*request, headers=authorization("bob")).status == 404
    assert fleet.api.request("GET", "/openai/v1/batches", headers=authorization("bob")).json()["data"] == []
    body = {"input_file_id": upload(fleet.api, lines_of("quick", 1), "ann"), "endpoint": CHAT, "completion_window": "24h"}
    headers = {"Content-Type": "application/json", **authorization("ann")}
    refused = fleet.api.request("POST", "/v1/batches", json.dumps(body), headers)
    assert [refused.status, refused.json()["error"]["code"]] == [429, "too_many_concurrent"]
    theirs = create(fleet.api, lines_of("quick", 3), "bob")
    eventually(lambda: batch_of(fleet.api, theirs, "bob")["status"] == "completed")


def test_a_batch_whose_day_is_over_expires(start):
    fleet = start(MODELS)
    batch_id = create(fleet.api, lines_of("quick", 3) + "\n" + lines_of("endless", 20).replace("line-", "slow-"))
    eventually(lambda: done_lines(fleet.api, batch_id) == 3)
    fleet.api.terminate(signal.SIGKILL)
    fleet.api.wait()
    record = folder_of(fleet, batch_id) / "batch.json"
    stored = json.loads(record.read_text())
    record.write_text(json.dumps({**stored, "expires_at": stored["created_at"] + 1}))
    api = fleet.start_api()
    batch = ended(api, batch_id)
    assert [batch["status"], batch["request_counts"]] == ["expired", {"total": 23, "completed": 3, "failed": 20}]
    assert batch["expired_at"] and not batch["completed_at"]
    assert {each["error"]["code"] for each in results(api, batch["error_file_id"])} == {"batch_expired"}
    assert len(results(api, batch["output_file_id"])) == 3


def test_a_batch_whose_folder_is_spoilt_waits_until_it_is_mended(start):
    fleet = start(MODELS)
    batch_id = create(fleet.api, lines_of("endless", 3))
    eventually(lambda: batch_of(fleet.api, batch_id)["status"] == "in_progress")
    fleet.api.terminate(signal.SIGKILL)
    fleet.api.wait()
    output = folder_of(fleet, batch_id) / "output.jsonl"
    output.unlink(missing_ok=True)
    output.symlink_to("/etc/passwd")
    api = fleet.start_api()
    eventually(lambda: api.gauge("shunt_batch_faults_total") > 0)
    assert batch_of(api, batch_id)["status"] == "in_progress" and "batch.let_go" in api.log()
    output.unlink()
    api.request("POST", f"/v1/batches/{batch_id}/cancel")
    assert ended(api, batch_id)["status"] == "cancelled"


def test_lines_wait_where_their_model_has_enough(start):
    fleet = start(MODELS + """
[models.narrow]
driver = "simulator"
text_field = "prompt"
first_token = "20ms"
token_gap = "0ms"
tokens = 1
concurrency = 1
max_waiting = 0
""")
    batch = ended(fleet.api, create(fleet.api, lines_of("narrow", 40)))
    assert_each_line_once(fleet.api, batch, 40)


def test_a_batch_that_is_made_again_by_its_client_is_made_once(start):
    api = start(MODELS).api
    body = json.dumps({"input_file_id": upload(api, lines_of("quick", 1)), "endpoint": CHAT, "completion_window": "24h"})

    def make(text, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return api.request("POST", "/v1/batches", text, {"Content-Type": "application/json", **names})

    first, again, other = (make(body, X_Stainless_Retry_Count=count).json()["id"] for count in ("0", "1", "0"))
    assert first == again != other
    keyed = make(body, Idempotency_Key="a").json()["id"]
    assert keyed not in (first, other) and ended(api, keyed)["status"] == "completed"
    assert make(body, Idempotency_Key="a").json()["id"] == keyed
    conflict = make(body.replace("chat/completions", "responses"), Idempotency_Key="a")
    assert [conflict.status, conflict.json()["error"]["code"]] == [409, "idempotency_conflict"]


@pytest.mark.parametrize("mode", ["queue"])
def test_a_batch_goes_through_a_flip(start, mode):
    fleet = start(MODELS + """
[models.words]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "50ms"
tokens = 5
concurrency = 100
""")
    batch_id = begin(fleet, 300)
    for executor in ("sync", "queue"):
        moved = fleet.api.request("POST", "/admin/flip/force", json.dumps({"executor": executor}),
                                  {"Content-Type": "application/json"})
        assert moved.status == 200, moved.text()
        before = done_lines(fleet.api, batch_id)
        eventually(lambda: done_lines(fleet.api, batch_id) > before + 10)
    batch = ended(fleet.api, batch_id)
    assert_each_line_once(fleet.api, batch, 300)
    generations = [each["response"]["request_id"] for each in results(fleet.api, batch["output_file_id"])[::5]]
    assert {fleet.api.record(each)["admission"]["executor"] for each in generations} == {"sync", "queue"}


@pytest.mark.parametrize("mode", ["queue"])
def test_a_batch_waits_while_redis_is_away(start, mode, upstream):
    upstream_name = f"ok?tokens=4&gap_ms=80&name={uuid.uuid4().hex}"
    fleet = start(MODELS + upstream_model("words", upstream, upstream_name))
    batch_id = begin(fleet, 60)
    fleet.redis.suspend()
    eventually(lambda: fleet.api.request("GET", "/readyz").json()["status"] != "ready")
    fleet.redis.wake()
    assert_each_line_once(fleet.api, ended(fleet.api, batch_id), 60)


def test_no_line_is_lost_while_processes_are_killed_again_and_again(start, mode, upstream):
    kills = int(os.environ.get("SHUNT_BATCH_KILLS", "0"))
    if kills == 0:
        pytest.skip("SHUNT_BATCH_KILLS=20 runs it")
    upstream_name = f"ok?tokens=4&gap_ms=30&name={uuid.uuid4().hex}"
    fleet = start(MODELS + upstream_model("words", upstream, upstream_name) + "concurrency = 100\n")
    processes = [fleet.api, fleet.start_api()]
    batches = [create(fleet.api, lines_of("words", 300)) for _ in range(4)]
    choice = random.Random(1)
    killed = 0
    for _ in range(kills):
        before = calls(upstream, upstream_name)
        if before == 1200:
            break
        eventually(lambda: calls(upstream, upstream_name) >= min(before + 30, 1200))
        how = choice.choice([signal.SIGTERM, signal.SIGKILL])
        victim = processes.pop(choice.randrange(len(processes)))
        victim.terminate(how)
        victim.wait()
        killed += how == signal.SIGKILL
        processes.append(fleet.start_api())
    for batch_id in batches:
        assert_each_line_once(processes[-1], ended(processes[-1], batch_id), 300)
    lost = 16 * killed if mode == "sync" else 0  # batches.concurrency_per_key
    assert 1200 <= calls(upstream, upstream_name) <= 1200 + lost


@pytest.mark.parametrize("mode", ["sync"])
def test_ten_thousand_lines_take_no_more_memory_than_a_few(start, mode):
    count = int(os.environ.get("SHUNT_BATCH_LINES", "0"))
    if count == 0:
        pytest.skip("SHUNT_BATCH_LINES=10000 runs it")
    api = start(MODELS + '[store]\nmax_generations = 100\n').api
    memory = []
    for lines in (200, count):
        batch = ended(api, create(api, lines_of("quick", lines)), patience=600)
        assert batch["request_counts"]["completed"] == lines
        memory.append(resident_bytes(api))
    assert memory[1] - memory[0] < 32 * 1024 * 1024, memory


def resident_bytes(api):
    with open(f"/proc/{api.process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) * 1024
