"""Health, readiness, metrics, models, the API's description."""

import re

from forms import FORM, file_form
from shunt_process import end
from waiting import eventually


def test_healthz(shunt):
    answer = shunt.request("GET", "/healthz")
    assert answer.status == 200 and answer.json() == {"status": "ok"}


def test_readyz_tells_mode_and_load(shunt):
    answer = shunt.request("GET", "/readyz")
    assert answer.status == 200
    assert answer.json()["status"] == "ready"
    assert {"executor", "mode", "running", "waiting"} <= answer.json().keys()


def test_a_model_without_a_worker_is_told_and_where_one_is_required_refused(mode, start):
    shunt = start(environment={"SHUNT_QUEUE_REQUIRE_WORKER": "true"})

    def unserved():
        answer = shunt.request("GET", "/readyz")
        assert answer.status == 200, "workers may come later"
        return answer.json().get("models_without_worker", [])

    eventually(lambda: unserved() == [])
    assert shunt.generate("quick").status == 200
    if mode.name == "sync":
        return
    assert shunt.request("GET", "/readyz").json()["redis"] == "ready"
    end(shunt.worker)
    eventually(lambda: {"quick", "slow"} <= set(unserved()))
    refused = shunt.generate("quick")
    assert refused.status == 503 and refused.code == "no_worker"
    assert refused.json()["retryable"] is True and int(refused.headers["retry-after"]) >= 1
    shunt.start_worker()
    eventually(lambda: shunt.generate("quick").status == 200)
    eventually(lambda: unserved() == [])


def test_models(shunt):
    models = {m["name"]: m for m in shunt.request("GET", "/v1/models").json()["models"]}
    assert models["picture"]["produces"] == ["application/octet-stream"]
    assert models["quick"]["driver"] == "simulator"
    assert models["quick"]["text_field"] == "prompt"
    assert models["broken"]["text_field"] is None
    assert models["stubborn"]["on_disconnect"] == "continue"


def test_metrics_are_prometheus_text_and_count_requests(shunt):
    def count():
        text = shunt.request("GET", "/metrics").text()
        found = re.search(r'^shunt_http_requests_total\{method="GET",route="listModels",status="2xx"\} (\S+)$',
                          text, re.M)
        return float(found.group(1)) if found else 0

    before = count()
    shunt.request("GET", "/v1/models")
    assert count() == before + 1
    answer = shunt.request("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    sample = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-zA-Z_]+="[^"]*"(,[a-zA-Z_]+="[^"]*")*\})? '
                        r'([-+0-9.eE]+|\+Inf|NaN)$')
    names = set()
    for line in answer.text().splitlines():
        if line and not line.startswith("#"):
            assert sample.match(line), line
            names.add(re.match(r"\w+", line).group())
    assert {"shunt_http_connections", "shunt_http_received_bytes_total", "shunt_http_sent_bytes_total",
            "shunt_http_request_duration_seconds_count"} <= names


def test_unknown_paths_do_not_grow_the_metrics(shunt):
    for i in range(20):
        shunt.request("GET", f"/nowhere/{i}")
    assert "nowhere" not in shunt.request("GET", "/metrics").text()


def test_openapi_describes_every_route_that_answers(shunt):
    document = shunt.request("GET", "/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] and document["info"]["version"]
    record = shunt.generate("picture").json()
    for path, methods in document["paths"].items():
        of_files = path.startswith("/v1/files")
        known = shunt.request("POST", "/v1/files", file_form(), FORM).json()["id"] if of_files else record["id"]
        real = path.replace("{id}", known).replace("{model}", "picture")
        real = real.replace("{name}", record["output"]["artifacts"][0]["name"])
        for method in methods:
            if path.startswith("/admin/flip") and method == "post":
                # A body that each of them refuses: the fleet stays where it is. Without the queue there is none.
                answer = shunt.request("POST", real, '{"nonsense": 1}', {"Content-Type": "application/json"})
                assert answer.status == 422 or answer.json()["code"] == "flip_disabled", (path, answer.status)
                continue
            answer = shunt.request(method.upper(), real)
            # What is not switched on here says so by a code of its own.
            off = path.startswith("/admin/") and answer.json().get("code") in ("flip_disabled", "webhooks_disabled")
            assert answer.status in (200, 204, 410, 411) or off, (method, path, answer.status)
        assert set(methods) <= set(shunt.request("OPTIONS", real).headers["allow"].lower().split(", "))


def test_openapi_schema_matches_a_real_record(shunt):
    schema = shunt.request("GET", "/openapi.json").json()["components"]["schemas"]["Generation"]
    for answer in (shunt.generate("picture"), shunt.generate("slow", {"prompt": "x", "tokens": 2})):
        record = answer.json()
        assert set(schema["required"]) <= record.keys() <= schema["properties"].keys()
        assert record["output"].keys() <= schema["properties"]["output"]["properties"].keys()
