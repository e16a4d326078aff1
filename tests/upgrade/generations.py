"""What the tests of an upgrade leave in one version and look for in the other."""

import json
from waiting import eventually


CONFIG = """
[shutdown]
grace = "2s"

[queue]
lock_duration = "3s"
stalled_interval = "500ms"
retention = "1h"

[models.quick]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "0ms"
concurrency = 8

[models.failing]
driver = "simulator"
first_token = "0ms"
token_gap = "0ms"
failure_rate = 1.0

[models.slow]
driver = "simulator"
first_token = "0ms"
token_gap = "50ms"
concurrency = 4
max_waiting = 100
on_disconnect = "continue"

[models.later]
driver = "simulator"
first_token = "0ms"
token_gap = "0ms"
concurrency = 8
max_waiting = 100
on_disconnect = "continue"
"""

ASYNC = {"Prefer": "respond-async"}


def keyed(key, **headers):
    return {"Idempotency-Key": f'"{key}"', **headers}


def submit(api, model, input, headers=None):
    """Answered at once with the generation's id."""
    status, _, body = api.generate(model, input, {**ASYNC, **(headers or {})})
    assert status == 202, (status, body)
    return json.loads(body)["id"]


def ended(api, id, patience=30):
    """The record, once it has ended."""
    def look():
        record = api.get(f"/v1/generations/{id}")
        return record if record["state"] in ("succeeded", "failed", "cancelled") else None

    return eventually(look, f"{id} has ended", patience)


def events_of(api, id):
    body = api.request("GET", f"/v1/generations/{id}/events")[2]
    return [json.loads(line[len("data: "):]) for line in body.splitlines() if line.startswith("data: ")]


class Left:
    """Generations in every state, made with an API; a worker of its own runs those that shall have ended."""

    def __init__(self, api, start_worker):
        self.later = {f"k-later-{at}": submit(api, "later", {"prompt": f"later {at}", "tokens": 3, "seed": at},
                                              keyed(f"k-later-{at}")) for at in range(3)}
        self.dropped = submit(api, "later", {"prompt": "dropped", "tokens": 1})
        api.request("POST", f"/v1/generations/{self.dropped}/cancel", {"reason": "not wanted"})
        worker = start_worker("--model", "quick", "--model", "failing", "--model", "slow")
        self.succeeded = submit(api, "quick", {"prompt": "one", "tokens": 5, "seed": 7}, keyed("k-succeeded"))
        self.failed = submit(api, "failing", {"prompt": "two", "tokens": 5, "seed": 7}, keyed("k-failed"))
        self.large = submit(api, "quick", {"prompt": "three", "tokens": 5, "seed": 1, "result_bytes": 5})
        for id in (self.succeeded, self.failed, self.large, self.dropped):
            ended(api, id)
        self.running = submit(api, "slow", {"prompt": "four", "tokens": 100, "seed": 3}, keyed("k-running"))
        eventually(lambda: api.get(f"/v1/generations/{self.running}")["state"] == "running", "it runs")
        worker.stop()  # SIGKILL: its job is active, with a lock that nobody renews
        self.records = {id: api.get(f"/v1/generations/{id}") for id in self.ended()}
        self.events = {id: events_of(api, id) for id in self.ended()}

    def ended(self):
        return [self.succeeded, self.failed, self.large, self.dropped]

    def open(self):
        return [*self.later.values(), self.running]

    def to_json(self):
        return dict(vars(self))

    @classmethod
    def from_json(cls, members):
        made = cls.__new__(cls)
        vars(made).update(members)
        return made


def check_what_was_left(left, api, start_worker):
    """Everything that another version left is there, once, and can be worked with."""
    listed = {item["id"] for item in api.get("/v1/generations?limit=100")["generations"]}
    assert {*left.ended(), *left.open()} <= listed
    for id in left.ended():
        assert api.get(f"/v1/generations/{id}") == left.records[id]
        assert events_of(api, id) == left.events[id]
    check_the_claims(left, api)
    for id in left.later.values():
        assert api.get(f"/v1/generations/{id}")["state"] == "queued"
    start_worker()
    for at, id in enumerate(left.later.values()):
        record = ended(api, id)
        assert record["state"] == "succeeded", record
        fresh = json.loads(api.generate("later", {"prompt": f"later {at}", "tokens": 3, "seed": at})[2])
        assert record["output"]["text"] == fresh["output"]["text"]
        assert [event["type"] for event in events_of(api, id)].count("started") == 1
    assert ended(api, left.running, 60)["state"] == "succeeded"
    check_the_claims(left, api)
    again = submit_retry(api, left.failed)
    assert ended(api, again)["state"] == "failed"
    for id in (left.succeeded, left.dropped):
        assert api.request("DELETE", f"/v1/generations/{id}")[0] == 204
        assert api.status(f"/v1/generations/{id}") in (404, 410)


def submit_retry(api, id):
    status, _, body = api.request("POST", f"/v1/generations/{id}/retry", headers=ASYNC)
    assert status in (200, 201, 202), (status, body)
    return json.loads(body)["id"]


def check_the_claims(left, api):
    """The same key and payload is the same generation, and another payload is refused."""
    asked = {"k-succeeded": ("quick", {"prompt": "one", "tokens": 5, "seed": 7}, left.succeeded),
             "k-failed": ("failing", {"prompt": "two", "tokens": 5, "seed": 7}, left.failed)}
    for at, (key, id) in enumerate(left.later.items()):
        asked[key] = ("later", {"prompt": f"later {at}", "tokens": 3, "seed": at}, id)
    for key, (model, input, id) in asked.items():
        status, _, body = api.generate(model, input, keyed(key, **ASYNC))
        found = json.loads(body)
        assert found.get("id", found.get("generation", {}).get("id")) == id, (key, status, body)
        status, _, body = api.generate(model, {**input, "prompt": "another"}, keyed(key, **ASYNC))
        assert (status, json.loads(body)["code"]) == (409, "idempotency_conflict"), (key, status, body)
