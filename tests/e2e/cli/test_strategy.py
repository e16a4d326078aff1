"""Where the setting `strategy` sends requests while the queue is on, what a model's rule changes about it, and what
happens to a request for the queue while that is down."""

import hashlib
import json

import pytest

from time_for_redis import TIME_FOR_REDIS
from waiting import eventually

WORDS = {"prompt": "hi", "tokens": 1, "first_token_ms": 0}
MODELS = """
[models.words]
driver = "simulator"
first_token = "0ms"
text_field = "prompt"
"""


def environment_of(redis, **more):
    return {"QUEUE_ENABLED": "true", "REDIS_URL": f"redis://127.0.0.1:{redis.port}", **TIME_FOR_REDIS, **more}


def serve(shunt, redis, settings=MODELS, **environment):
    shunt.write("shunt.toml", settings)
    return shunt.serve(environment=environment_of(redis, **environment))


def serve_with_worker(shunt, redis, settings=MODELS, **environment):
    service = serve(shunt, redis, settings, **environment)
    shunt.worker(environment=environment_of(redis))
    eventually(lambda: json.loads(service.request("GET", "/readyz")[2]).get("redis") == "ready", "the queue is there")
    return service


def generate(service, model="words", **headers):
    status, _, body = service.generate(model, WORDS, **headers)
    return status, json.loads(body)


def admission(service, model="words", **headers):
    status, record = generate(service, model, **headers)
    assert status == 200, record
    return record["admission"]


def ready(service):
    status, _, body = service.request("GET", "/readyz")
    return status, json.loads(body)


def test_by_default_everything_goes_through_the_queue(shunt, redis):
    service = serve_with_worker(shunt, redis)
    assert admission(service) == {"executor": "queue", "reason": "state", "epoch": 1}
    assert ready(service)[1]["executor"] == "queue"
    value = service.metrics()
    assert value("shunt_flip_decisions_total", executor="queue", reason="state") == 1
    assert value("shunt_executor_info", executor="queue", reason="queue_enabled") == 1


@pytest.mark.parametrize("strategy, mode", [("sync", "sync"), ("shadow", "shadow")])
def test_a_fleet_may_begin_with_a_queue_that_nobody_uses(shunt, redis, strategy, mode):
    service = serve(shunt, redis, SHUNT_STRATEGY=strategy)
    assert admission(service) == {"executor": "sync", "reason": "state", "epoch": 1}
    status, report = ready(service)
    assert (status, report["executor"], report["mode"]) == (200, "sync", mode)
    assert redis_jobs(redis) == 0


def redis_jobs(redis):
    return len(redis("KEYS", "*:words:id"))


def test_a_queue_that_nobody_uses_may_be_away(shunt, redis):
    redis.stop()
    service = serve(shunt, redis, SHUNT_STRATEGY="sync")
    assert admission(service)["executor"] == "sync"
    status, report = ready(service)
    assert (status, report["status"]) == (200, "ready")
    assert "queue_unavailable" in [warning["code"] for warning in report["warnings"]]
    answer = shunt.run("generate", "hi", "--model", "words", environment=environment_of(redis, SHUNT_STRATEGY="sync"))
    assert answer.returncode == 0, answer.stderr


def test_a_canary_begins_with_the_first_steps_share_and_stays_ready_without_redis(shunt, redis):
    service = serve_with_worker(shunt, redis, SHUNT_STRATEGY="canary")
    seen = admission(service)
    assert (seen["reason"], seen["epoch"]) == ("split_not_sticky", 1)
    assert seen["executor"] == ("queue" if seen["bucket"] < 100 else "sync")
    assert ready(service)[1]["executor"] == "split"
    redis.stop()
    eventually(lambda: "warnings" in ready(service)[1], "the queue is missed")
    assert ready(service)[0] == 200


def test_a_strategy_that_there_is_not_is_refused(shunt, redis):
    answer = shunt.run("config", "check", environment=environment_of(redis, SHUNT_STRATEGY="quueue"))
    assert answer.returncode == 78
    assert b"SHUNT_STRATEGY" in answer.stderr and b'"canary"' in answer.stderr


def test_a_model_may_stay_out_of_the_queue(shunt, redis):
    service = serve_with_worker(shunt, redis, MODELS + 'executor = "sync"\n')
    assert admission(service) == {"executor": "sync", "reason": "model_rule", "epoch": 1}


def test_generations_are_found_wherever_they_ran(shunt, redis):
    settings = MODELS + 'executor = "sync"\n' + MODELS.replace("words", "queued")
    service = serve_with_worker(shunt, redis, settings)
    ran = {generate(service, model)[1]["id"] for model in ("words", "queued", "words")}
    assert len(ran) == 3
    for generation in ran:
        assert service.get_json(f"/v1/generations/{generation}")["state"] == "succeeded"
    listed = [record["id"] for record in service.get_json("/v1/generations")["generations"]]
    assert set(listed) == ran and listed == sorted(listed, reverse=True)
    first = service.get_json("/v1/generations?limit=2")
    assert [record["id"] for record in first["generations"]] == listed[:2]
    rest = service.get_json(f"/v1/generations?limit=2&cursor={first['next_cursor']}")
    assert [record["id"] for record in rest["generations"]] == listed[2:]


# ---- The caller's choice.

def test_whoever_asks_from_the_machine_may_choose(shunt, redis):
    service = serve_with_worker(shunt, redis)
    chosen = {"Shunt-Executor": "sync"}
    assert admission(service, **chosen) == {"executor": "sync", "reason": "override", "epoch": 1}
    status, problem = generate(service, **chosen, **{"X-Forwarded-For": "203.0.113.7"})
    assert (status, problem["code"]) == (403, "loopback_only")
    status, problem = generate(service, **{"Shunt-Executor": "fast"})
    assert (status, problem["code"]) == (400, "invalid_header")


def test_a_key_needs_a_scope_to_choose(shunt, redis):
    keys = "".join(f'[[server.keys]]\nname = "{name}"\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\n{more}'
                   for name, more in (("all", ""), ("chooser", 'scopes = ["generate", "admin"]\n')))
    service = serve(shunt, redis, keys + MODELS)
    status, problem = generate(service, **{"Shunt-Executor": "sync", "Authorization": "Bearer all"})
    assert (status, problem["code"]) == (403, "scope_missing")
    assert problem["scope"] == "admin"
    seen = admission(service, **{"Shunt-Executor": "sync", "Authorization": "Bearer chooser"})
    assert seen["reason"] == "override"


# ---- A queue that is down.

def test_without_redis_a_request_for_the_queue_is_refused_unless_its_model_says_otherwise(shunt, redis):
    settings = MODELS + MODELS.replace("words", "falls_back") + 'on_queue_down = "sync"\n'
    service = serve_with_worker(shunt, redis, settings)
    redis.kill()
    eventually(lambda: generate(service)[0] == 503, "a refusal")
    seen = admission(service, "falls_back")
    assert (seen["executor"], seen["reason"]) == ("sync", "fallback_broker")
    assert service.metrics()("shunt_flip_decisions_total", executor="sync", reason="fallback_broker") == 1
    redis.start()
    eventually(lambda: admission(service, "falls_back")["executor"] == "queue", "the queue is used again")


def test_a_breaker_opens_and_closes_again(shunt, redis):
    settings = MODELS + "probe_input = '{\"prompt\": \"probe\", \"tokens\": 1}'\non_queue_down = \"sync\"\n"
    service = serve_with_worker(shunt, redis, '[flip]\nbreaker = "normal"\n' + settings)
    redis.kill()
    for _ in range(6):
        assert generate(service)[0] == 200
    value = service.metrics()
    assert value("shunt_flip_breaker_state", state="open") == 1
    assert value("shunt_flip_decisions_total", executor="sync", reason="fallback_breaker") >= 1
    assert "breaker.opened" in service.log()
    redis.start()
    eventually(lambda: service.metrics()("shunt_flip_breaker_state", state="closed") == 1, "closed", 60)
    assert service.metrics()("shunt_flip_breaker_probes_total", outcome="good") >= 4
    # Probes are nobody's, and gone when they have done their duty.
    eventually(lambda: not [record for record in service.get_json("/v1/generations")["generations"]
                            if record.get("metadata")], "no probe is left")


def test_the_operator_may_hold_the_breaker_open(shunt, redis):
    service = serve_with_worker(shunt, redis, MODELS + 'on_queue_down = "sync"\n', SHUNT_FLIP_BREAKER="forced_open")
    assert admission(service)["reason"] == "fallback_breaker"


def test_a_queue_without_a_worker_counts_as_down_for_models_that_say_so(shunt, redis):
    service = serve(shunt, redis, MODELS + 'queue_down_when = ["no_worker"]\non_queue_down = "sync"\n')
    eventually(lambda: ready(service)[1].get("redis") == "ready", "the queue is there")
    assert admission(service)["reason"] == "fallback_breaker"
    shunt.worker(environment=environment_of(redis))
    eventually(lambda: admission(service)["executor"] == "queue", "a worker is there")
