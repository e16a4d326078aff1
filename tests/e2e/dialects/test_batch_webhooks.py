"""What OpenAI's webhooks tell of batches: each end once, over processes and restarts, as its own clients verify it."""

import hashlib
import json
import signal
import subprocess
import time

import pytest
from batch_fleet import batch_of, create, ended, folder_of, lines_of, upload
from conftest import CLIENTS, node, python
from waiting import eventually
from webhook_receiver import OLD_SECRET, SECRET, Receiver, signed_with

ENDS = ["batch.completed", "batch.failed", "batch.expired", "batch.cancelled"]


def configuration(hook, events=ENDS):
    return f"""
[webhooks]
secrets = ["{SECRET}"]
allow_http = true
allowed_addresses = ["127.0.0.1"]
url = "{hook.url('/batches')}"
events = {json.dumps(events)}

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
tokens = 1
concurrency = 100
max_waiting = 1000
"""


@pytest.fixture
def hook():
    receiver = Receiver()
    yield receiver
    receiver.close()


def told(hook, count):
    def ends():
        return {body["data"]["id"]: body["type"] for body in hook.bodies()}

    eventually(lambda: len(ends()) >= count, f"{count} messages", patience=60)
    return ends()


def unwrapped(command, requests):
    given = [{"headers": {name.lower(): value for name, value in each["headers"].items()}, "body": each["body"].decode()}
             for each in requests]
    done = subprocess.run(command, cwd=CLIENTS, timeout=120, check=False, input=json.dumps(given), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def kill(fleet):
    fleet.api.terminate(signal.SIGKILL)
    fleet.api.wait()


def open_mark(fleet, batch_id):
    """What says that a batch has not ended."""
    folder = folder_of(fleet, batch_id)
    return folder.parent.parent / "open" / f"{folder.parent.name}.{batch_id}"


def test_openais_clients_take_what_is_told_of_every_end(start, hook):
    fleet = start(configuration(hook))
    wanted = {create(fleet.api, lines_of("quick", 3)): "batch.completed", create(fleet.api, "no JSON"): "batch.failed"}
    late, given_up = create(fleet.api, lines_of("endless", 2)), create(fleet.api, lines_of("endless", 2))
    fleet.api.request("POST", f"/v1/batches/{given_up}/cancel")
    wanted[given_up] = "batch.cancelled"
    assert told(hook, 3) == wanted
    kill(fleet)
    record = folder_of(fleet, late) / "batch.json"
    stored = json.loads(record.read_text())
    record.write_text(json.dumps({**stored, "expires_at": stored["created_at"] + 1}))
    api = fleet.start_api()
    wanted[late] = "batch.expired"
    assert told(hook, 4) == wanted
    for command in (node("openai_webhook.mjs", "openai", SECRET), node("openai_webhook.mjs", "openai-6", SECRET),
                    python("openai_webhook.py", SECRET)):
        received = list(hook.received)
        assert unwrapped(command, received) == [json.loads(each["body"]) for each in received]
    for body in hook.bodies():
        assert set(body) == {"id", "object", "created_at", "type", "data"} and body["data"].keys() == {"id"}
        batch = batch_of(api, body["data"]["id"])
        assert body["created_at"] == batch[body["type"].removeprefix("batch.") + "_at"]
    eventually(lambda: not any(open_mark(fleet, each).exists() for each in wanted))
    # A process that is killed between an answer and its note of it leaves the message to be sent again, as the same one.
    assert len({each["headers"]["webhook-id"] for each in hook.received}) == 4


def test_only_the_ends_that_are_listed_are_told_and_by_the_keys_own_place(start, hook):
    keys = "".join(f"""
[[server.keys]]
name = "{name}"
sha256 = "{hashlib.sha256(name.encode()).hexdigest()}"
{more}""" for name, more in (("ann", f'webhook_url = "{hook.url("/ann")}"\nwebhook_events = ["batch.failed"]\n'
                                     f'webhook_secrets = ["{OLD_SECRET}"]'), ("bob", "")))
    fleet = start(configuration(hook, ["generation.failed", "batch.completed"]) + keys)
    batches = {}
    for name in ("ann", "bob"):
        for text in (lines_of("quick", 1), "no JSON"):
            batch_id = create(fleet.api, text, name)
            batches[name, ended_as(fleet, batch_id, name)] = batch_id
    wanted = {batches["ann", "failed"]: "batch.failed", batches["bob", "completed"]: "batch.completed"}
    assert told(hook, 2) == wanted
    time.sleep(0.5)
    assert len(hook.received) == 2
    paths = {each["path"]: each for each in hook.received}
    assert signed_with(paths["/ann"], OLD_SECRET) and signed_with(paths["/batches"], SECRET)


def ended_as(fleet, batch_id, key):
    return eventually(lambda: (batch := batch_of(fleet.api, batch_id, key))["status"] in ("completed", "failed") and
                      batch["status"])


def test_an_end_is_told_by_whoever_comes_when_its_process_died_before(start, mode, hook):
    fleet = start(configuration(hook))
    batch_id = create(fleet.api, lines_of("quick", 2))
    assert told(hook, 1) == {batch_id: "batch.completed"}
    mark = open_mark(fleet, batch_id)
    eventually(lambda: not mark.exists())
    kill(fleet)
    mark.touch()  # as it is where the process died between the end and its news
    fleet.start_api()
    eventually(lambda: not mark.exists(), patience=60)
    # With Redis the delivery is known to be there; without it, it went with the process.
    if mode == "queue":
        time.sleep(0.5)
        assert len(hook.received) == 1
    else:
        eventually(lambda: len(hook.received) == 2, "it is told again")
    ids = {each["headers"]["webhook-id"] for each in hook.received}
    assert ids == {f"msg_{batch_id}"}


@pytest.mark.parametrize("mode", ["queue"])
def test_an_end_waits_until_redis_takes_what_tells_it(start, mode, hook):
    fleet = start(configuration(hook))
    upload(fleet.api, "warm")
    fleet.redis.suspend()
    try:
        batch_id = create(fleet.api, "no JSON")
        assert ended(fleet.api, batch_id)["status"] == "failed"
        eventually(lambda: fleet.api.gauge("shunt_batch_faults_total") > 0, patience=60)
        assert open_mark(fleet, batch_id).exists() and not hook.received
    finally:
        fleet.redis.wake()
    assert told(hook, 1) == {batch_id: "batch.failed"}
    eventually(lambda: not open_mark(fleet, batch_id).exists(), patience=60)
    assert len(hook.received) == 1
