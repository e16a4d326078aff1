"""Idempotency-Key: claimed before the generation exists."""

import threading
import uuid

import wire


def key():
    return {"Idempotency-Key": str(uuid.uuid4())}


def test_same_key_and_payload_is_the_same_generation(shunt):
    headers = key()
    first = shunt.generate("quick", headers=headers)
    second = shunt.generate("quick", headers=headers)
    assert first.status == second.status == 200
    assert first.json() == second.json()
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"


def test_same_key_and_another_payload_is_409(shunt):
    headers = key()
    first = shunt.generate("quick", headers=headers)
    for members in ({"model": "slow"}, {"model": "quick", "input": {"prompt": "other"}},
                    {"model": "quick", "options": {"timeout_ms": 5000}}):
        answer = shunt.generate(**members, headers=headers)
        assert (answer.status, answer.code) == (409, "idempotency_conflict")
        assert answer.json()["generation"] == first.json()["id"]


def test_members_in_another_order_are_the_same_payload(shunt):
    headers = {**key(), "Content-Type": "application/json"}
    first = shunt.request("POST", "/v1/generations", '{"model":"quick","input":{"prompt":"a","seed":1}}', headers)
    second = shunt.request("POST", "/v1/generations", '{"input":{"seed":1, "prompt":"a"},"model":"quick"}', headers)
    assert second.headers["idempotency-replayed"] == "true"
    assert first.json() == second.json()


def test_many_at_once_start_one_generation(shunt):
    headers = key()
    answers = []

    def ask():
        answers.append(shunt.generate("slow", {"prompt": "x", "tokens": 3}, headers=headers))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {a.status for a in answers} == {200}
    assert len({a.json()["id"] for a in answers}) == 1
    assert sum("idempotency-replayed" not in a.headers for a in answers) == 1


def test_a_failed_generation_is_replayed_as_it_is(shunt):
    headers = key()
    first = shunt.generate("broken", {}, headers=headers)
    second = shunt.generate("broken", {}, headers=headers)
    assert first.status == second.status == 502
    assert first.json()["generation"] == second.json()["generation"]


def test_a_refused_request_does_not_use_the_key_up(shunt):
    headers = key()
    assert shunt.generate("quick", {"prompt": 7}, headers=headers).status == 422
    assert shunt.generate("quick", headers=headers).status == 200


def test_a_replay_may_stream(shunt):
    headers = key()
    shunt.generate("quick", headers=headers)
    replay = shunt.generate("quick", headers={**headers, "Accept": "text/event-stream"})
    assert wire.events(replay.text())[-1][1] == "succeeded"


def test_a_bad_key_is_400(shunt):
    for bad in ("", "x" * 256, "caf\u00e9"):
        answer = shunt.generate("quick", headers={"Idempotency-Key": bad})
        assert (answer.status, answer.code) == (400, "invalid_header")
