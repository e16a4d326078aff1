"""What one key does takes nothing from another: open generations, idempotency keys, kept results."""

import hashlib

import pytest
from shunt_process import QUICK_MODEL, ShuntProcess

CONFIG = """
[server]
threads = 2

[[server.keys]]
name = "a"
sha256 = "{a}"
max_concurrent = 3

[[server.keys]]
name = "b"
sha256 = "{b}"

[store]
max_generations = 60
max_claims = 100

""".format(a=hashlib.sha256(b"secret-a").hexdigest(), b=hashlib.sha256(b"secret-b").hexdigest()) + QUICK_MODEL + """
[models.busy]
driver = "simulator"
first_token = "60s"
concurrency = 1
max_waiting = 1000

[models.never]
driver = "simulator"
first_token = "60s"
concurrency = 1
max_waiting = 0
"""


@pytest.fixture
def shunt():
    process = ShuntProcess(CONFIG)
    yield process
    process.stop()


def ask(shunt, who, model="quick", **headers):
    return shunt.generate(model, headers={"Authorization": f"Bearer secret-{who}",
                                          **{name.replace("_", "-"): value for name, value in headers.items()}})


def test_open_generations_count_however_they_were_asked_for(shunt):
    open_ids = []
    for _ in range(3):
        answer = ask(shunt, "a", "busy", Prefer="respond-async")
        assert answer.status == 202
        open_ids.append(answer.headers["shunt-generation-id"])
    refused = ask(shunt, "a", "busy", Prefer="respond-async")
    assert (refused.status, refused.code) == (429, "too_many_concurrent")
    assert refused.json()["limit"] == 3
    assert int(refused.headers["retry-after"]) >= 1
    assert ask(shunt, "a").status == 429  # one that waits counts among them
    assert ask(shunt, "b", "busy", Prefer="respond-async").status == 202
    # One that has ended makes room.
    cancelled = shunt.request("POST", f"/v1/generations/{open_ids[-1]}/cancel",
                              headers={"Authorization": "Bearer secret-a"})
    assert cancelled.json()["state"] == "cancelled"
    assert ask(shunt, "a", "busy", Prefer="respond-async").status == 202


def test_a_flood_of_keys_does_not_push_out_another_callers(shunt):
    first = ask(shunt, "b", Idempotency_Key="precious")
    assert first.status == 200
    statuses = [ask(shunt, "a", Idempotency_Key=f"flood-{i}").status for i in range(150)]
    assert set(statuses) == {200, 503}
    again = ask(shunt, "b", Idempotency_Key="precious")
    assert again.headers.get("idempotency-replayed") == "true"
    assert again.headers["shunt-generation-id"] == first.headers["shunt-generation-id"]
    # There is room for those who have few.
    assert ask(shunt, "b", Idempotency_Key="another").status == 200


def test_a_full_table_refuses_new_keys_and_nothing_else(shunt):
    while (refused := ask(shunt, "a", Idempotency_Key=f"k{refused_number(shunt)}")).status == 200:
        pass
    assert refused.code == "claims_full"
    assert int(refused.headers["retry-after"]) >= 1
    assert ask(shunt, "a").status == 200
    replay = ask(shunt, "a", Idempotency_Key="k1")
    assert replay.headers.get("idempotency-replayed") == "true"


def refused_number(shunt):
    """Counts up, for the life of a server."""
    shunt.number = getattr(shunt, "number", 0) + 1
    return shunt.number


def test_refused_requests_leave_nothing(shunt):
    assert ask(shunt, "b", "never", Prefer="respond-async").status == 202
    for i in range(300):
        assert ask(shunt, "b", "never", Idempotency_Key=f"refused-{i}").status == 429
    # All the room is still there: for the caller's new keys, and its old ones are free.
    assert ask(shunt, "b", Idempotency_Key="refused-7").status == 200
    for i in range(50):
        assert ask(shunt, "b", Idempotency_Key=f"new-{i}").status == 200


def test_results_of_one_caller_do_not_evict_anothers(shunt):
    kept = [ask(shunt, "b").headers["shunt-generation-id"] for _ in range(20)]
    for _ in range(200):
        assert ask(shunt, "a").status == 200
    for id in kept:
        answer = shunt.request("GET", f"/v1/generations/{id}", headers={"Authorization": "Bearer secret-b"})
        assert answer.status == 200
