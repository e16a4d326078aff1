"""Accept decides what a waiting client gets."""

import pytest


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/*", "text/html, */*;q=0.1"])
def test_the_record_is_the_default(shunt, accept):
    answer = shunt.generate("quick", headers={"Accept": accept} if accept else {})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"


def test_text_plain_is_the_text(shunt):
    answer = shunt.generate("quick", headers={"Accept": "text/plain"})
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    record = shunt.record(answer.headers["shunt-generation-id"])
    assert answer.text() == record["output"]["text"]


@pytest.mark.parametrize("accept", ["application/octet-stream", "application/octet-stream, */*;q=0.5"])
def test_an_artifacts_media_type_is_its_bytes(shunt, accept):
    answer = shunt.generate("picture", headers={"Accept": accept})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    assert len(answer.body) == 1000
    assert answer.headers["etag"].startswith('"gen_')
    artifact = shunt.record(answer.headers["shunt-generation-id"])["output"]["artifacts"][0]
    assert shunt.request("GET", artifact["url"]).body == answer.body


def test_quality_decides(shunt):
    answer = shunt.generate("picture", headers={"Accept": "application/octet-stream;q=0.1, application/json;q=0.2"})
    assert answer.headers["content-type"] == "application/json"


def test_what_a_model_cannot_produce_is_406_and_nothing_runs(shunt):
    before = shunt.request("GET", "/v1/generations?model=picture").json()["generations"]
    answer = shunt.generate("picture", headers={"Accept": "audio/wav"})
    assert (answer.status, answer.code) == (406, "not_acceptable")
    assert "application/octet-stream" in answer.json()["available"]
    assert shunt.request("GET", "/v1/generations?model=picture").json()["generations"] == before


def test_a_model_that_does_not_say_is_tried_and_may_disappoint(shunt):
    answer = shunt.generate("quick", headers={"Accept": "audio/wav"})
    assert (answer.status, answer.code) == (406, "not_acceptable")
    assert answer.json()["generation"]["state"] == "succeeded"


def test_failures_are_problems_whatever_was_accepted(shunt):
    for accept in ("audio/wav", "text/plain"):
        assert shunt.generate("broken", {}, headers={"Accept": accept}).code == "program_exited"


def test_records_are_json_only(shunt):
    generation_id = shunt.generate("quick").json()["id"]
    answer = shunt.request("GET", f"/v1/generations/{generation_id}", headers={"Accept": "text/html"})
    assert (answer.status, answer.code) == (406, "not_acceptable")
