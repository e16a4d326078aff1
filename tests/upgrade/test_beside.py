"""Processes of the version before this one and of this one over one Redis, in both directions. SHUNT_PREVIOUS_BIN names
the earlier binary; ./test --upgrade builds it from the commit in previous_version."""

import json
import os
import threading

import pytest

from generations import Left, check_what_was_left, ended, events_of, keyed, submit
from waiting import eventually

pytestmark = pytest.mark.skipif("SHUNT_PREVIOUS_BIN" not in os.environ, reason="./test --upgrade builds the earlier version")

THIS, PREVIOUS = "SHUNT_BIN", "SHUNT_PREVIOUS_BIN"
BOTH_WAYS = pytest.mark.parametrize("first, then", [(PREVIOUS, THIS), (THIS, PREVIOUS)],
                                    ids=["previous-then-this", "this-then-previous"])


@BOTH_WAYS
def test_what_one_version_left_the_other_goes_on_with(first, then, version):
    before = version(first)
    api = before.api()
    left = Left(api, before.worker)
    api.stop()
    after = version(then)
    check_what_was_left(left, after.api(), after.worker)


@BOTH_WAYS
def test_a_worker_of_one_version_serves_the_api_of_the_other(first, then, version):
    api = version(first).api()
    version(then).worker()
    status, _, body = api.generate("quick", {"prompt": "x", "tokens": 5, "seed": 1})
    assert status == 200, body
    record = json.loads(body)
    types = [event["type"] for event in events_of(api, record["id"])]
    assert types[:2] == ["queued", "started"] and types[-1] == "succeeded" and "delta" in types
    assert api.generate("failing", {"prompt": "x", "tokens": 5, "seed": 1})[0] == 502
    stream = api.generate("quick", {"prompt": "x", "tokens": 5, "seed": 1}, {"Accept": "text/event-stream"})[2]
    assert stream.count("event: succeeded") == 1
    large = json.loads(api.generate("quick", {"prompt": "x", "tokens": 1, "result_bytes": 100_000})[2])
    path = f"/v1/generations/{large['id']}/artifacts/{large['output']['artifacts'][0]['name']}"
    status, headers, _ = api.request("HEAD", path)
    assert (status, headers["content-length"]) == (200, "100000")


@BOTH_WAYS
def test_an_api_of_one_version_cancels_and_deletes_what_the_other_runs(first, then, version):
    one, other = version(first).api(), version(then).api()
    version(first).worker()
    running = submit(one, "slow", {"prompt": "x", "tokens": 1000})
    eventually(lambda: other.get(f"/v1/generations/{running}")["state"] == "running", "the other sees it run")
    assert other.request("POST", f"/v1/generations/{running}/cancel", {"reason": "enough"})[0] in (200, 202)
    assert ended(one, running)["state"] == "cancelled"
    assert other.request("DELETE", f"/v1/generations/{running}")[0] == 204
    # What the version before knows of a deletion it may know some seconds later.
    eventually(lambda: one.status(f"/v1/generations/{running}") in (404, 410), "it is gone for the first, too")


@BOTH_WAYS
def test_a_key_is_one_generation_whichever_version_is_asked(first, then, version):
    one, other = version(first).api(), version(then).api()
    input = {"prompt": "x", "tokens": 2, "seed": 4}
    id = submit(one, "later", input, keyed("k-both"))
    assert submit(other, "later", input, keyed("k-both")) == id
    status, _, body = other.generate("later", {**input, "prompt": "y"}, keyed("k-both"))
    assert (status, json.loads(body)["code"]) == (409, "idempotency_conflict")
    version(then).worker()
    assert ended(one, id) == ended(other, id)
    assert submit(other, "later", input, keyed("k-both")) == id


def test_a_killed_workers_generation_goes_on_at_the_other_version(version):
    api = version(THIS).api()
    worker = version(PREVIOUS).worker()
    id = submit(api, "slow", {"prompt": "x", "tokens": 100, "seed": 2})
    eventually(lambda: api.get(f"/v1/generations/{id}")["state"] == "running", "it runs")
    worker.stop()
    version(THIS).worker()
    assert ended(api, id, 60)["state"] == "succeeded"


def test_a_fleet_of_both_versions_does_everything_once(version):
    apis = [version(which).api() for which in (THIS, PREVIOUS, THIS, PREVIOUS)]
    for which in (PREVIOUS, THIS):
        version(which).worker()
    found = {}

    def load(api, which):
        for at in range(50):
            status, _, body = api.generate("quick", {"prompt": f"{which} {at}", "tokens": 3, "seed": at},
                                           keyed(f"fleet-{which}-{at}"))
            found[which, at] = status, json.loads(body)

    threads = [threading.Thread(target=load, args=(api, which)) for which, api in enumerate(apis)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(found) == 200 and {status for status, _ in found.values()} == {200}
    assert len({record["id"] for _, record in found.values()}) == 200
    for (which, at), (_, record) in found.items():
        reader = apis[(which + 1) % len(apis)]
        assert reader.get(f"/v1/generations/{record['id']}") == record
        assert [event["type"] for event in events_of(reader, record["id"])].count("started") == 1
