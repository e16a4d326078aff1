"""Whatever lies in Redis under our names: lies, other people's records, and what is to be gone."""

import base64
import hashlib
import json
import time
import uuid
from pathlib import Path

import pytest

from conftest import QueueMode
from shunt_process import CONFIG, ShuntProcess
from waiting import eventually

KEYS = "".join(f'\n[[server.keys]]\nname = "{name}"\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\n'
               for name in ("ann", "bob"))
AT = "2025-11-23T15:43:08.000Z"


@pytest.fixture(scope="module")
def mode():
    made = QueueMode()
    yield made
    made.close()


@pytest.fixture(scope="module")
def shunt(mode):
    process = mode.start(CONFIG)
    yield process
    process.stop()


def bearer(name):
    return {"Authorization": f"Bearer {name}"}


def new_id(ms=None):
    ms = int(time.time() * 1000) if ms is None else ms
    tail = uuid.uuid4().hex
    return f"gen_{ms:012x}7{tail[:3]}8{tail[3:18]}"


class Records:
    """Writes into Redis beside the processes, as somebody does who should not."""

    def __init__(self, mode, shunt):
        self.redis = mode.redis
        self.prefix = shunt.environment["SHUNT_QUEUE_PREFIX"]
        self.base = self.prefix + "::gen:"

    def head(self, id, **members):
        return json.dumps({"v": 1, "id": id, "model": "quick", "input": {}, "caller": "",
                           "admission": {"executor": "queue", "reason": "producer"}, "created_at": 1763912587042,
                           "options": {}, **members})

    def plant(self, events=None, index=True, **fields):
        id = new_id()
        record = {"state": "succeeded" if events else "queued", "queue": f"{self.prefix}:quick", "head": self.head(id),
                  "seq": str(1 + len(events or [])), "attempt": "1", "watch": "", **fields}
        if events:
            record["e2"] = json.dumps([{"seq": 2 + i, "at": AT, **event} for i, event in enumerate(events)])
        record = {name: value for name, value in record.items() if value is not None}
        self.redis("HSET", f"{self.base}r:{id}", *[part for pair in record.items() for part in pair])
        if index:
            self.redis("ZADD", f"{self.base}index", "0", id)
        return id


@pytest.fixture
def records(mode, shunt):
    return Records(mode, shunt)


STARTED = {"type": "started"}
DONE = {"type": "succeeded"}


def artifact(**members):
    return {"type": "artifact", "name": "a.bin", "media_type": "text/plain", "size": 5, "sha256": "0" * 64, **members}


HOSTILE = {
    "no head": {"head": None},
    "a head that is no JSON": {"head": "{"},
    "a head of another version": {"head": '{"v":99}'},
    "a head nested deeply": {"head": "[" * 5000},
    "another generation's head": {"head": Records.head(None, new_id(1763912587042))},
    "no state": {"state": None},
    "a state that is none": {"state": "bananas"},
    "no seq": {"seq": None},
    "a seq that is no number": {"seq": "abc"},
    "a seq out of range": {"seq": "99999999999999999999"},
    "a negative seq": {"seq": "-1"},
    "an attempt that is no number": {"attempt": "1e400"},
    "another queue": {"queue": "{elsewhere}:quick"},
    "no queue": {"queue": None},
    "bytes that are no UTF-8": {"state": "\udcff\udcfe"},
    "an end without its state": {"events": [STARTED, DONE], "state": "running"},
    "a state without its end": {"state": "succeeded"},
    "a log with a hole": {"events": [STARTED], "state": "running", "seq": "7", "e7": json.dumps(
        [{"seq": 7, "at": AT, "type": "delta", "text": "x"}])},
    "a log that is no JSON": {"e2": "nonsense", "seq": "2", "state": "running"},
    "an event of no known type": {"events": [{"type": "explode"}], "state": "running"},
    "an event at no time": {"events": [{"type": "started", "at": "soon"}], "state": "running"},
    "a path as an artifact's name": {"events": [STARTED, artifact(name="../../etc/passwd"), DONE]},
    "a header in a media type": {"events": [STARTED, artifact(media_type="text/html\r\nX-Evil: 1"), DONE]},
    "a media type that is none": {"events": [STARTED, artifact(media_type="wav"), DONE]},
    "a path as a digest": {"events": [STARTED, artifact(sha256="../" * 21 + "x"), DONE]},
    "a negative size": {"events": [STARTED, artifact(size=-1), DONE]},
    "a stored result of no digest": {"events": [STARTED, {"type": "succeeded",
                                                          "stored": {"sha256": "x", "size": 1}}]},
    "something behind the end": {"events": [STARTED, DONE, STARTED]},
    "a time beyond all times": {"head": json.dumps({"v": 1, "id": "x", "created_at": 9007199254740991})},
}


@pytest.fixture
def good(shunt):
    """A generation that must go on as if nothing were there."""
    return shunt.generate("quick").json()["id"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_broken_record_harms_itself_alone(shunt, records, good, name):
    bad = records.plant(**HOSTILE[name])
    path = f"/v1/generations/{bad}"
    answer = shunt.request("GET", path)
    assert (answer.status, answer.code) == (500, "broken_record")
    for method, rest in (("GET", "/events"), ("GET", "/artifacts/a.bin"), ("POST", "/cancel"), ("POST", "/retry")):
        assert shunt.request(method, path + rest, headers={"Content-Length": "0"}).status >= 500, (method, rest)
    listed = shunt.request("GET", "/v1/generations")
    assert listed.status == 200
    ids = [record["id"] for record in listed.json()["generations"]]
    assert good in ids and bad not in ids
    assert shunt.generate("quick").status == 200
    assert shunt.gauge("shunt_queue_broken_records") > 0
    assert "queue.broken_record" in shunt.log()
    # Whoever finds it may remove it.
    assert shunt.request("DELETE", path).status == 204
    assert records.redis("EXISTS", f"{records.base}r:{bad}") in (0, "0")
    assert [shunt.request(method, path).status for method in ("GET", "DELETE")] == [410, 410]
    assert shunt.request("GET", f"/v1/generations/{good}").status == 200


@pytest.mark.parametrize("kind", ["string", "list", "set", "zset", "stream"])
def test_a_record_of_another_type_harms_itself_alone(shunt, records, good, kind):
    write = {"string": ("SET", "x"), "list": ("RPUSH", "x"), "set": ("SADD", "x"), "zset": ("ZADD", "1", "x"),
             "stream": ("XADD", "*", "a", "b")}[kind]
    bad = new_id()
    records.redis(write[0], f"{records.base}r:{bad}", *write[1:])
    records.redis("ZADD", f"{records.base}index", "0", bad)
    for method, rest in (("GET", ""), ("GET", "/events"), ("POST", "/cancel")):
        answer = shunt.request(method, f"/v1/generations/{bad}{rest}", headers={"Content-Length": "0"})
        assert (answer.status, answer.code) == (500, "broken_record"), (method, rest)
    assert shunt.request("DELETE", f"/v1/generations/{bad}").status == 204
    assert shunt.request("GET", f"/v1/generations/{bad}").status == 410
    assert good in [r["id"] for r in shunt.request("GET", "/v1/generations").json()["generations"]]
    assert shunt.generate("quick").status == 200


def test_a_record_that_is_far_too_large_is_not_carried(shunt, records):
    bad = records.plant(events=[STARTED, DONE])
    try:
        for part in range(7):
            records.redis("HSET", f"{records.base}r:{bad}", f"x{part}", "y" * (16 << 20))
        answer = shunt.request("GET", f"/v1/generations/{bad}")
        assert (answer.status, answer.code) == (500, "broken_record")
        assert shunt.request("GET", "/v1/generations").status == 200
        assert shunt.request("DELETE", f"/v1/generations/{bad}").status == 204
        assert shunt.request("GET", f"/v1/generations/{bad}").status == 410
    finally:
        records.redis("DEL", f"{records.base}r:{bad}")


def test_a_broken_record_is_removed_by_its_caller_or_by_an_administrator(mode):
    root = f'\n[[server.keys]]\nname = "root"\nsha256 = "{hashlib.sha256(b"root").hexdigest()}"\n' \
           'scopes = ["generate", "admin"]\n'
    shunt = mode.start(CONFIG + KEYS + root)
    try:
        records = Records(mode, shunt)

        def statuses(id, *callers):
            return [shunt.request("DELETE", f"/v1/generations/{id}", headers=bearer(who)).status for who in callers]

        anns = records.plant(seq="abc", caller="key:ann")
        assert statuses(anns, "bob", "ann", "ann", "bob") == [404, 204, 410, 404]
        # One that does not say whose it is: by its caller's index.
        listed = records.plant(head="{")
        records.redis("ZADD", f"{records.base}of:key:ann", "0", listed)
        assert statuses(listed, "bob", "ann", "ann") == [404, 204, 410]
        nobodys = records.plant(head="{")
        assert statuses(nobodys, "bob", "ann", "root") == [404, 404, 204]
        assert statuses(records.plant(seq="abc", caller="key:ann"), "root") == [204]
        # Nobody takes a job away from a worker that is at it; without one it goes with its record.
        busy = records.plant(seq="abc", caller="key:ann", state="running")
        job = f"{records.prefix}:quick:{busy}"
        records.redis("HSET", job, "name", "quick", "data", "{}", "opts", "{}", "timestamp", "1")
        records.redis("SET", f"{job}:lock", "a token")
        assert statuses(busy, "ann") == [409]
        records.redis("DEL", f"{job}:lock")
        assert statuses(busy, "ann") == [204]
        assert int(records.redis("EXISTS", job)) == 0
        assert shunt.generate("quick", headers=bearer("ann")).status == 200
    finally:
        shunt.stop()


def test_an_expired_generation_is_gone_to_its_caller_and_unknown_to_others(mode):
    shunt = mode.start(CONFIG + KEYS)
    try:
        records = Records(mode, shunt)
        # As Redis leaves it when its record has expired.
        id = new_id()
        for key in ("index", "all", "of:key:ann"):
            records.redis("ZADD", records.base + key, "0", id)

        def statuses():
            return [shunt.request("GET", f"/v1/generations/{id}", headers=bearer(who)).status for who in ("ann", "bob")]

        assert statuses() == [410, 404]
        # A list takes what is gone out of its caller's index.
        assert id not in shunt.request("GET", "/v1/generations", headers=bearer("ann")).text()
        assert records.redis("ZSCORE", f"{records.base}of:key:ann", id) is None
        assert statuses() == [410, 404]
    finally:
        shunt.stop()


@pytest.mark.parametrize("claimed", [3_000_000, 0, 2 ** 52])
def test_the_size_that_an_event_claims_is_not_believed(shunt, records, claimed):
    content = b"12345"
    digest = hashlib.sha256(content).hexdigest()
    folder = f"{shunt.artifacts.name}/{digest[:2]}"
    Path(folder).mkdir(exist_ok=True)
    with open(f"{folder}/{digest}", "wb") as file:
        file.write(content)
    id = records.plant(events=[STARTED, artifact(size=claimed, sha256=digest), DONE])
    path = f"/v1/generations/{id}/artifacts/a.bin"
    for headers in ({}, {"Range": "bytes=0-0"}, {"Range": "bytes=1-2999999"}):
        answer = shunt.request("GET", path, headers=headers)
        if claimed == 0 and headers:
            assert answer.status == 416
        else:
            assert (answer.status, answer.code) == (502, "artifact_store_failed")
    assert shunt.request("HEAD", path).status == 502
    assert shunt.gauge('shunt_faults_total{reason="fault",where="artifact_store"}') > 0


def test_unknown_codes_of_errors_are_one_label(shunt, records):
    shunt.generate("quick")
    watched = shunt.generate("stubborn", headers={"Prefer": "respond-async"}).json()["id"]
    for number in range(30):
        id = shunt.generate("busy", headers={"Prefer": "respond-async"}).json().get("id")
        if id is None:
            break
        shunt.request("POST", f"/v1/generations/{id}/cancel", headers={"Content-Length": "0"})
    # Ends that another program writes, heard by the API that waits.
    run = [records.base, "-"]
    for number in range(20):
        id = shunt.generate("slow", headers={"Prefer": "respond-async"}).json()["id"]
        record = f"{records.base}r:{id}"
        seq = int(eventually(lambda: (s := records.redis("HGET", record, "seq")) and s))
        event = json.dumps([{"seq": seq + 1, "at": AT, "type": "failed",
                             "error": {"code": f"made_up_{number}", "message": "x"}}])
        process = records.redis("HGET", record, "watch").split()
        for one in process:
            records.redis("XADD", f"{records.base}in:{one}", "*", id, event)
    eventually(lambda: 'code="other"' in shunt.request("GET", "/metrics").text())
    assert "made_up" not in shunt.request("GET", "/metrics").text()
    assert watched and run


def test_nonsense_in_an_inbox_ends_nothing(shunt, records):
    generation = shunt.generate("slow", {"prompt": "x", "tokens": 20}, headers={"Prefer": "respond-async"}).json()["id"]
    process = eventually(lambda: (records.redis("HGET", f"{records.base}r:{generation}", "watch") or "").split())[0]
    inbox = f"{records.base}in:{process}"
    for message in ("nonsense", "[]", '[{"seq":0,"type":"restarted","attempt":9,"at":"%s"}]' % AT, "[" * 3000,
                    '[{"seq":1,"type":"restarted","attempt":9,"at":"%s"}]' % AT, "\udcff", "cancel:x"):
        records.redis("XADD", inbox, "*", generation, message)
    records.redis("XADD", inbox, "*", "not an id", "x", "odd", "\udcff")
    assert shunt.eventually_state(generation, "succeeded", "failed")["state"] == "succeeded"
    # Another type in its place: this process is the only one that reads it.
    records.redis("DEL", inbox)
    records.redis("SET", inbox, "x")
    assert shunt.generate("slow").status == 200
    eventually(lambda: records.redis("TYPE", inbox) != "string")


def test_leases_that_lie_are_shown_within_bounds(shunt, records):
    now = int(time.time() * 1000)
    for name, lease in {"w1": "no JSON", "w2": "[" * 3000, "w3": json.dumps({
            "process": "w3", "name": "n" * 100_000, "running": -5, "started_at": 9007199254740991,
            "models": [{"name": "m", "slots": -1}] * 5000})}.items():
        records.redis("ZADD", f"{records.base}workers", now + 60_000, name)
        records.redis("SET", f"{records.base}worker:{name}", lease, "PX", "60000")
    records.redis("ZADD", f"{records.base}workers", now + 60_000, "\udcff")
    records.redis("ZADD", f"{records.base}l:quick", now + 60_000, "99999999999999999999:evil")

    def liars():
        answer = shunt.request("GET", "/admin/status")
        assert answer.status == 200 and len(answer.body) < 100_000
        return [worker for worker in answer.json()["workers"] if worker["process"] == "w3"]

    # One look at the workers is the answer to all who ask within a tenth of a second.
    liar, = eventually(liars)
    assert liar["running"] == 0 and len(liar["name"]) <= 256
    assert shunt.generate("quick").status == 200
    for key in ("workers", "l:quick"):
        records.redis("DEL", records.base + key)
        records.redis("SET", records.base + key, "x", "PX", "200")
        assert shunt.generate("quick").status == 200
        eventually(lambda: not records.redis("EXISTS", records.base + key) or
                   records.redis("TYPE", records.base + key) != "string")
    assert shunt.request("GET", "/admin/status").status == 200


def test_a_claim_of_another_type_is_one_keys_trouble(shunt, records):
    digest = hashlib.sha256(b"0:broken").hexdigest()
    records.redis("RPUSH", f"{records.base}k:{digest}", "x")
    answer = shunt.generate("quick", headers={"Idempotency-Key": "broken"})
    assert (answer.status, answer.code) == (500, "broken_record")
    digest = hashlib.sha256(b"0:odd").hexdigest()
    records.redis("HSET", f"{records.base}k:{digest}", "id", "../../x", "fingerprint", "y")
    assert shunt.generate("quick", headers={"Idempotency-Key": "odd"}).status == 500
    assert shunt.generate("quick", headers={"Idempotency-Key": "fine"}).status == 200


def test_jobs_that_lie_fail_and_workers_go_on(shunt, records):
    queue = f"{records.prefix}:quick"
    for number, job in enumerate(({"data": "no JSON"}, {"data": "[" * 3000}, {"data": '{"v":1}'}, {"name": "x"},
                                  {"data": "{}", "opts": "nonsense", "atm": "x", "timestamp": "y"})):
        id = f"hostile-{number}"
        records.redis("HSET", f"{queue}:{id}", *[part for pair in {"name": "quick", "opts": "{}", "timestamp": "1",
                                                                   **job}.items() for part in pair])
        records.redis("LPUSH", f"{queue}:wait", id)
    # A record that is broken when its job comes: the job fails, and is not taken again for ever.
    for number in range(3):
        bad = records.plant(seq="abc", state="running")
        records.redis("HSET", f"{queue}:{bad}", "name", "quick", "data", records.head(bad), "opts", "{}",
                      "timestamp", "1")
        records.redis("LPUSH", f"{queue}:wait", bad)
    records.redis("ZADD", f"{queue}:marker", "0", "0")
    for _ in range(3):
        assert shunt.generate("quick").status == 200
    eventually(lambda: records.redis("LLEN", f"{queue}:wait") == 0)
    assert shunt.worker.poll() is None


# ---- Lists.

def test_a_callers_list_is_found_behind_ten_thousand_of_others(mode):
    shunt = mode.start(CONFIG + KEYS)
    try:
        records = Records(mode, shunt)
        mine = [shunt.generate("quick", headers=bearer("ann")).json()["id"] for _ in range(3)]
        # As the version before writes them: without a caller's index, and with large heads.
        later = int(time.time() * 1000) + 1000
        commands = []
        for number in range(10_000):
            id = new_id(later + number)
            metadata = {"metadata": {"x": "y" * (100_000 if number % 500 == 0 else 10)}}
            commands.append(("HSET", f"{records.base}r:{id}", "state", "succeeded", "queue", f"{records.prefix}:quick",
                             "head", records.head(id, caller="key:bob", options=metadata), "seq", "2", "attempt", "1",
                             "e2", json.dumps([{"seq": 2, "at": AT, **DONE}])))
            commands.append(("ZADD", f"{records.base}index", "0", id))
        for at in range(0, len(commands), 2000):
            mode.redis.client.pipeline(commands[at:at + 2000])
        page = shunt.request("GET", "/v1/generations", headers=bearer("ann")).json()
        assert [record["id"] for record in page["generations"]] == mine[::-1]
        seen, cursor = [], ""
        for _ in range(200):
            page = shunt.request("GET", f"/v1/generations?limit=200{cursor}", headers=bearer("bob")).json()
            seen += [record["id"] for record in page["generations"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert len(seen) == len(set(seen)) == 10_000
        assert shunt.request("GET", "/v1/generations?state=failed", headers=bearer("bob")).json()["generations"] == []
    finally:
        shunt.stop()


def test_large_metadata_of_one_caller_does_not_hold_up_submits(mode):
    shunt = mode.start(CONFIG + KEYS, {"SHUNT_QUEUE_ENQUEUE_DEADLINE": "5s"})
    try:
        records = Records(mode, shunt)
        for number in range(200):
            id = records.plant(events=[STARTED, DONE], index=True)
            records.redis("HSET", f"{records.base}r:{id}", "head",
                          records.head(id, caller="key:bob", options={"metadata": {"x": "y" * 1_000_000}}))
        page = shunt.request("GET", "/v1/generations?limit=200", headers=bearer("bob"))
        assert page.status == 200 and len(page.body) < 20_000_000
        assert page.json()["generations"] and page.json()["next_cursor"]
        assert shunt.generate("quick", headers=bearer("ann")).status == 200
    finally:
        shunt.stop()


def test_a_list_has_what_a_process_of_the_version_before_has_just_made(shunt, records):
    shunt.generate("quick")
    for _ in range(3):
        old = records.plant(events=[STARTED, DONE])
        assert shunt.request("GET", "/v1/generations").json()["generations"][0]["id"] == old
        assert shunt.request("GET", "/v1/generations?model=quick").json()["generations"][0]["id"] == old


# ---- Cancel and delete.

NO_OTHERS = CONFIG.split("[models.quick]")[0] + '[models.other]\ndriver = "simulator"\n'


def test_a_cancelled_and_deleted_generation_does_not_come_back(mode):
    shunt = mode.start(CONFIG, with_worker=False)
    other = ShuntProcess(NO_OTHERS, shunt.environment)
    try:
        records = Records(mode, shunt)
        eventually(lambda: other.request("GET", "/readyz").json()["status"] == "ready")
        id = shunt.generate("quick", headers={"Prefer": "respond-async"}).json()["id"]
        assert other.request("POST", f"/v1/generations/{id}/cancel", headers={"Content-Length": "0"}).status == 200
        assert other.request("DELETE", f"/v1/generations/{id}").status == 204
        assert records.redis("EXISTS", f"{records.prefix}:quick:{id}") == 0
        # Nor if its job were put back by whatever means.
        records.redis("HSET", f"{records.prefix}:quick:{id}", "name", "quick", "data", records.head(id), "opts", "{}",
                      "timestamp", "1")
        records.redis("LPUSH", f"{records.prefix}:quick:wait", id)
        shunt.start_worker()
        assert shunt.generate("quick").status == 200
        eventually(lambda: records.redis("LLEN", f"{records.prefix}:quick:wait") == 0)
        for api in (shunt, other):
            assert api.request("GET", f"/v1/generations/{id}").status == 410
    finally:
        other.stop()
        shunt.stop()


def test_a_failed_removal_of_the_job_stops_the_delete(shunt, records):
    id = shunt.generate("quick").json()["id"]
    queue = f"{records.prefix}:quick"
    # The sets that the removal looks at cannot be: it fails.
    records.redis("RENAME", f"{queue}:completed", f"{queue}:completed-away")
    records.redis("SET", f"{queue}:completed", "x")
    try:
        answer = shunt.request("DELETE", f"/v1/generations/{id}")
        assert answer.status == 503 and "removed" in answer.text() or answer.status == 503
        assert shunt.request("GET", f"/v1/generations/{id}").status == 200
    finally:
        records.redis("DEL", f"{queue}:completed")
        records.redis("RENAME", f"{queue}:completed-away", f"{queue}:completed")
    assert shunt.request("DELETE", f"/v1/generations/{id}").status == 204
    assert shunt.request("GET", f"/v1/generations/{id}").status == 410


def test_a_delete_is_seen_at_another_api_at_once(shunt):
    with shunt.another_api() as other:
        id = shunt.generate("slow", {"prompt": "x", "tokens": 3}, headers={"Prefer": "respond-async"}).json()["id"]
        waited = other.request("GET", f"/v1/generations/{id}", headers={"Prefer": "wait=20"})
        assert waited.json()["state"] == "succeeded"
        assert shunt.request("DELETE", f"/v1/generations/{id}").status == 204
        eventually(lambda: other.request("GET", f"/v1/generations/{id}").status == 410, patience=5)


# ---- Retention.

def values_of(redis, key):
    kind = redis("TYPE", key)
    return {"string": lambda: redis("GET", key), "hash": lambda: redis("HGETALL", key),
            "list": lambda: redis("LRANGE", key, 0, -1), "set": lambda: redis("SMEMBERS", key),
            "zset": lambda: redis("ZRANGE", key, 0, -1), "stream": lambda: redis("XRANGE", key, "-", "+"),
            "none": lambda: None}[kind]()


def holds(redis, prefix, mark):
    """The keys under the prefix that have the mark in them, in whatever form."""
    forms = (mark, base64.b64encode(mark.encode()).decode())
    found = []
    for key in redis("KEYS", "*"):
        if prefix in key:
            text = key + json.dumps(values_of(redis, key))
            found += [key] if any(form in text for form in forms) else []
    return found


def test_after_its_retention_nothing_of_a_generation_is_left(mode):
    models = CONFIG + """
[models.echoing]
driver = "command"
argv = ["/bin/sh", "-c", "printf %s PLANTED-text; printf %s PLANTED-error >&2; exit 3"]

[models.dropped]
driver = "simulator"
text_field = "prompt"
"""
    shunt = mode.start(models, {"SHUNT_QUEUE_RETENTION": "2s"})
    try:
        records = Records(mode, shunt)
        mark = {"prompt": "PLANTED-prompt"}
        for model in ("quick", "echoing", "picture"):
            shunt.generate(model, mark, options={"metadata": {"note": "PLANTED-metadata"}})
        waiting = shunt.generate("dropped", mark, headers={"Prefer": "respond-async"}).json()["id"]
        shunt.eventually_state(waiting, "succeeded")
        # A queue of a model that no process has any more, with an ended job in it; and a job of an ended generation
        # that nobody could remove.
        gone = f"{records.prefix}:former"
        records.redis("HSET", f"{gone}:meta", "version", "bullmq:6.7.0")
        records.redis("HSET", f"{gone}:job-1", "name", "former", "data", "PLANTED-prompt", "returnvalue", "PLANTED",
                      "finishedOn", "1763912587042", "timestamp", "1763912587042")
        records.redis("ZADD", f"{gone}:completed", "1763912587042", "job-1")
        records.redis("XADD", f"{gone}:events", "1763912587042-1", "event", "completed", "returnvalue", "PLANTED")
        id = new_id()
        records.redis("ZADD", f"{records.base}index", "0", id)
        records.redis("HSET", f"{gone}:{id}", "name", "former", "data", "PLANTED-prompt", "timestamp", "1")
        records.redis("LPUSH", f"{gone}:wait", id)
        assert holds(records.redis, records.prefix, "PLANTED")
        assert any(path.is_file() for path in Path(shunt.artifacts.name).rglob("*"))
        eventually(lambda: not holds(records.redis, records.prefix, "PLANTED"), patience=75)
        eventually(lambda: not any(path.is_file() for path in Path(shunt.artifacts.name).rglob("*")), patience=75)
    finally:
        shunt.stop()


def test_a_job_that_waits_and_has_no_record_yet_is_not_taken_for_a_stray(mode):
    shunt = mode.start(CONFIG, {"SHUNT_QUEUE_RETENTION": "1s"}, with_worker=False)
    try:
        records = Records(mode, shunt)
        queue, id = f"{records.prefix}:quick", new_id()
        records.redis("HSET", f"{queue}:{id}", "name", "quick", "data", records.head(id), "opts", "{}",
                      "timestamp", "1")
        records.redis("LPUSH", f"{queue}:wait", id)
        rounds = shunt.generate("quick", headers={"Prefer": "respond-async"}).json()["id"]
        shunt.request("POST", f"/v1/generations/{rounds}/cancel", headers={"Content-Length": "0"})
        eventually(lambda: not records.redis("EXISTS", f"{records.base}r:{rounds}"))
        time.sleep(1.5)  # one more round
        assert records.redis("EXISTS", f"{queue}:{id}") == 1
    finally:
        shunt.stop()
