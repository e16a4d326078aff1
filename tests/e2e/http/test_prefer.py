"""How long a request waits, as its Prefer header (RFC 7240) and server.wait_deadline say."""

import json
import time

import pytest

import wire
from shunt_process import CONFIG
from waiting import eventually

SLEEP = {"prompt": "x", "tokens": 3, "first_token_ms": 1500}
LONG = {"prompt": "x", "tokens": 100000}


def link_of(answer):
    link = answer.headers["location"]
    assert link == "/v1/generations/" + answer.headers["shunt-generation-id"]
    assert int(answer.headers["retry-after"]) >= 1
    return link


def cancel(shunt, link):
    shunt.request("POST", link + "/cancel")


def test_respond_async_is_answered_at_once_with_the_record_and_the_link(shunt):
    answer = shunt.generate("slow", SLEEP, {"Prefer": "respond-async"})
    assert answer.status == 202
    assert answer.headers["preference-applied"] == "respond-async"
    assert answer.json()["state"] in ("queued", "running")
    link = link_of(answer)
    done = shunt.request("GET", link, headers={"Prefer": "wait=20"})
    assert done.status == 200 and done.headers["preference-applied"] == "wait=20"
    assert done.json()["state"] == "succeeded"


def test_respond_async_is_202_however_quick_the_generation(shunt):
    assert shunt.generate("quick", headers={"Prefer": "respond-async"}).status == 202


@pytest.mark.parametrize("prefer,applied", [("wait=0", "wait=0"), ("wait=1", "wait=1"),
                                            ("respond-async, wait=0", "respond-async, wait=0"),
                                            ("handling=lenient, WAIT = 0 ; x=y", "wait=0")])
def test_wait_ends_in_202(shunt, prefer, applied):
    began = time.monotonic()
    answer = shunt.generate("slow", LONG, {"Prefer": prefer})
    assert answer.status == 202
    assert answer.headers["preference-applied"] == applied
    assert answer.headers["content-type"] == "application/json"
    assert time.monotonic() - began >= int(applied[-1])
    link = link_of(answer)
    assert shunt.request("GET", link).json()["state"] in ("queued", "running"), "it goes on"
    cancel(shunt, link)


def test_a_result_within_the_wait_is_the_answer(shunt):
    answer = shunt.generate("quick", headers={"Prefer": "wait=20, respond-async"})
    assert answer.status == 200 and answer.json()["state"] == "succeeded"
    assert answer.headers["preference-applied"] == "wait=20"
    assert "retry-after" not in answer.headers


def test_a_failure_within_the_wait_is_the_problem(shunt):
    answer = shunt.generate("broken", headers={"Prefer": "wait=20"})
    assert answer.status == 502 and answer.code == "program_exited"


@pytest.mark.parametrize("prefer", ["", "wait", "wait=soon", "wait=-1", "respond-async=no", "return=minimal", '"'])
def test_other_and_malformed_preferences_are_ignored(shunt, prefer):
    answer = shunt.generate("quick", headers={"Prefer": prefer})
    assert answer.status == 200
    assert "preference-applied" not in answer.headers


def test_an_event_stream_takes_no_preference(shunt):
    answer = shunt.generate("quick", headers={"Prefer": "respond-async, wait=0", "Accept": "text/event-stream"})
    assert answer.status == 200 and "preference-applied" not in answer.headers
    assert wire.events(answer.text())[-1][1] == "succeeded"


def test_an_artifact_is_fetched_after_the_202(shunt):
    answer = shunt.generate("picture", headers={"Prefer": "respond-async", "Accept": "application/octet-stream"})
    assert answer.status == 202 and answer.headers["content-type"] == "application/json"
    record = shunt.request("GET", link_of(answer), headers={"Prefer": "wait=20"}).json()
    assert shunt.request("GET", record["output"]["artifacts"][0]["url"]).status == 200


def test_a_refusal_is_not_deferred(shunt):
    assert shunt.generate("nothing", headers={"Prefer": "respond-async"}).code == "unknown_model"


def test_the_same_key_joins_whatever_the_preference(shunt):
    first = shunt.generate("slow", SLEEP, {"Prefer": "respond-async", "Idempotency-Key": "prefer-1"})
    second = shunt.generate("slow", SLEEP, {"Idempotency-Key": "prefer-1"})
    assert second.status == 200 and second.headers["idempotency-replayed"] == "true"
    assert second.json()["id"] == first.json()["id"]


def test_a_client_may_go_after_its_202(shunt):
    with shunt.connect() as connection:
        body = json.dumps({"model": "slow", "input": SLEEP})
        connection.send(wire.request_bytes("POST", "/v1/generations", body, {"Prefer": "wait=0"}))
        link = link_of(connection.read_response())
        connection.reset()
    assert shunt.eventually_state(link.rsplit("/", 1)[1], "succeeded", "cancelled")["state"] == "succeeded"


def test_a_reader_that_waits_and_leaves_cancels_nothing(shunt):
    link = link_of(shunt.generate("slow", SLEEP, {"Prefer": "respond-async"}))
    with shunt.connect() as connection:
        connection.send(wire.request_bytes("GET", link, headers={"Prefer": "wait=20"}))
        connection.reset()
    assert shunt.eventually_state(link.rsplit("/", 1)[1], "succeeded", "cancelled")["state"] == "succeeded"


def test_head_waits_as_get_does(shunt):
    link = link_of(shunt.generate("slow", LONG, {"Prefer": "respond-async"}))
    answer = shunt.request("HEAD", link, headers={"Prefer": "wait=0"})
    assert answer.status == 200 and answer.headers["preference-applied"] == "wait=0"
    cancel(shunt, link)


def test_beyond_the_deadline_a_request_gets_504_and_its_generation_goes_on(start):
    shunt = start(CONFIG.replace("[server]", '[server]\nwait_deadline = "300ms"'))
    with shunt.connect() as connection:
        body = json.dumps({"model": "slow", "input": SLEEP})
        connection.send(wire.request_bytes("POST", "/v1/generations", body, {"Idempotency-Key": "k"}))
        answer = connection.read_response()
        connection.reset()
    assert answer.status == 504 and answer.code == "wait_deadline_exceeded"
    problem = answer.json()
    link = link_of(answer)
    assert problem["instance"] == link and problem["retryable"] is False
    assert problem["generation"]["state"] in ("queued", "running")
    bounded = shunt.request("GET", link, headers={"Prefer": "wait=60"})
    assert bounded.headers["preference-applied"] == "wait=0"
    assert shunt.eventually_state(problem["generation_id"], "succeeded", "cancelled")["state"] == "succeeded"
    assert shunt.generate("slow", SLEEP, {"Idempotency-Key": "k"}).status == 200, "the result is there for a repeat"
    assert shunt.generate("slow", LONG, {"Prefer": "wait=60"}).headers["preference-applied"] == "wait=0"
    stream = shunt.generate("slow", {"prompt": "x", "tokens": 12}, stream=True)
    assert wire.events(stream.text())[-1][1] == "succeeded", "a stream has no deadline"


def test_waiters_at_the_end_of_the_grace_get_the_link(mode, start):
    shunt = start(CONFIG + '\n[shutdown]\ngrace = "100ms"\n')
    body = json.dumps({"model": "slow", "input": LONG})
    with shunt.connect() as plain, shunt.connect() as patient, shunt.connect() as reader:
        plain.send(wire.request_bytes("POST", "/v1/generations", body))
        patient.send(wire.request_bytes("POST", "/v1/generations", body, {"Prefer": "wait=60"}))
        link = link_of(shunt.generate("slow", LONG, {"Prefer": "respond-async"}))
        reader.send(wire.request_bytes("GET", link, headers={"Prefer": "wait=60"}))
        eventually(lambda: len(shunt.request("GET", "/v1/generations?state=running").json()["generations"]) == 3)
        shunt.terminate()
        answers = [connection.read_response() for connection in (plain, patient, reader)]
        assert all(connection.closed() for connection in (plain, patient, reader))
    assert shunt.wait() == 0
    if mode.name == "sync":
        assert [answer.status for answer in answers] == [409, 409, 200]
        return
    assert [answer.status for answer in answers] == [504, 202, 200]
    assert answers[0].code == "wait_deadline_exceeded"
    with shunt.another_api() as other:
        for answer in answers[:2]:
            assert other.request("GET", link_of(answer)).json()["state"] == "running"
            cancel(other, link_of(answer))
