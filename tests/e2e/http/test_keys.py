"""API keys and their limits."""

import hashlib
import json

import pytest

from shunt_process import CONFIG


def key(name, **limits):
    digest = hashlib.sha256(f"secret-{name}".encode()).hexdigest()
    lines = "".join(f"{k} = {json.dumps(v)}\n" for k, v in limits.items())
    return f'\n[[server.keys]]\nname = "{name}"\nsha256 = "{digest}"\n{lines}'


@pytest.fixture(scope="module")
def shunt(mode):
    process = mode.start(CONFIG + key("ann") + key("bob") + key("one", max_concurrent=1)
                         + key("few", requests_per_second=0.01, burst=3) + key("small", max_body_bytes=100))
    yield process
    process.stop()


def bearer(name):
    return {"Authorization": f"Bearer secret-{name}"}


def test_without_a_key_only_the_probes_answer(shunt):
    for path in ("/healthz", "/readyz"):
        assert shunt.request("GET", path).status == 200
    for path in ("/v1/models", "/v1/generations", "/metrics", "/openapi.json"):
        answer = shunt.request("GET", path)
        assert (answer.status, answer.code) == (401, "unauthorized")
        assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert shunt.generate("quick").status == 401


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "Basic c2VjcmV0LWFubg==", "secret-ann",
                                    "Bearer secret-ann secret-ann"])
def test_a_wrong_key_is_401(shunt, header):
    assert shunt.request("GET", "/v1/models", headers={"Authorization": header}).status == 401


def test_a_key_opens_everything(shunt):
    for path in ("/v1/models", "/v1/generations", "/metrics", "/openapi.json"):
        assert shunt.request("GET", path, headers=bearer("ann")).status == 200
    assert shunt.generate("quick", headers=bearer("ann")).status == 200


def test_anothers_removed_generation_is_as_if_it_had_never_been(shunt):
    id = shunt.generate("quick", headers=bearer("ann")).json()["id"]
    assert shunt.request("DELETE", f"/v1/generations/{id}", headers=bearer("ann")).status == 204
    never = "gen_019abc3f5c2a7d1e8f00a1b2c3d4e5f6"
    for method, below in (("GET", ""), ("GET", "/events"), ("GET", "/artifacts/a"), ("POST", "/cancel"), ("POST", "/retry"),
                          ("DELETE", "")):
        gone = shunt.request(method, f"/v1/generations/{id}{below}", headers=bearer("bob"))
        unknown = shunt.request(method, f"/v1/generations/{never}{below}", headers=bearer("bob"))
        assert gone.status == unknown.status == 404, (method, below)
        assert gone.text().replace(id, never) == unknown.text(), (method, below)
        own = shunt.request(method, f"/v1/generations/{id}{below}", headers=bearer("ann"))
        assert (own.status, own.code) == (410, "generation_gone"), (method, below)
    # Whose it was is remembered when its caller has looked at a list without it, too.
    assert id not in shunt.request("GET", "/v1/generations", headers=bearer("ann")).text()
    assert [shunt.request("GET", f"/v1/generations/{id}", headers=bearer(who)).status for who in ("ann", "bob")] == [410, 404]


def test_readiness_tells_more_to_those_with_a_key(shunt):
    assert shunt.request("GET", "/readyz").json() == {"status": "ready"}
    assert {"executor", "mode", "running"} <= shunt.request("GET", "/readyz", headers=bearer("ann")).json().keys()


def test_others_generations_are_not_there(shunt):
    record = shunt.generate("picture", headers=bearer("ann")).json()
    path = f"/v1/generations/{record['id']}"
    artifact = record["output"]["artifacts"][0]["url"]
    for method, url in (("GET", path), ("GET", path + "/events"), ("GET", artifact), ("POST", path + "/cancel")):
        answer = shunt.request(method, url, headers=bearer("bob"))
        assert (answer.status, answer.code) == (404, "generation_unknown")
    listed = shunt.request("GET", "/v1/generations", headers=bearer("bob")).json()["generations"]
    assert record["id"] not in [r["id"] for r in listed]
    assert shunt.request("GET", path, headers=bearer("ann")).status == 200


def test_the_callers_idempotency_keys_do_not_meet(shunt):
    same = {"Idempotency-Key": "same"}
    ann = shunt.generate("quick", headers={**bearer("ann"), **same})
    bob = shunt.generate("quick", {"prompt": "another"}, headers={**bearer("bob"), **same})
    assert ann.status == bob.status == 200
    assert ann.json()["id"] != bob.json()["id"]


def test_too_many_at_once_is_429(shunt):
    with shunt.connect() as connection:
        body = json.dumps({"model": "slow", "input": {"prompt": "x", "tokens": 1000}, "stream": True})
        connection.send(f"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAuthorization: Bearer secret-one\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n{body}")
        assert connection.read_head().status == 200
        answer = shunt.request("GET", "/v1/models", headers=bearer("one"))
        assert (answer.status, answer.code) == (429, "too_many_concurrent")
        assert "retry-after" in answer.headers


def test_too_many_a_second_is_429(shunt):
    statuses = [shunt.request("GET", "/v1/models", headers=bearer("few")).status for _ in range(3)]
    assert statuses == [200, 200, 200]
    answer = shunt.request("GET", "/v1/models", headers=bearer("few"))
    assert (answer.status, answer.code) == (429, "rate_limited")
    assert int(answer.headers["retry-after"]) > 10


def test_a_key_may_have_a_smaller_body_limit(shunt):
    body = json.dumps({"model": "quick", "input": {"prompt": "x" * 200}})
    answer = shunt.request("POST", "/v1/generations", body, bearer("small"))
    assert (answer.status, answer.code) == (413, "body_too_large")
    assert answer.json()["limit"] == 100


def test_keys_do_not_appear_in_the_log(shunt):
    shunt.request("GET", "/v1/models", headers={"Authorization": "Bearer leaked-secret"})
    assert "secret-ann" not in shunt.log() and "leaked-secret" not in shunt.log()
