"""What works and ought to be looked at: eviction, models without a worker, duties that fail; and why generations failed."""

import json
import re
import urllib.request

import pytest

from conftest import PATIENCE
from modes import Asked, Mode
from waiting import eventually

CONFIG = """
[models.words]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "0ms"
concurrency = 16
on_disconnect = "continue"

[models.broken]
driver = "command"
argv = ["sh", "-c", "echo a secret >&2; exit 3"]
"""
SLOW = {"prompt": "slow", "tokens": 10000, "token_gap_ms": 20}
LATER = {"Prefer": "respond-async"}


@pytest.fixture
def queue(shunt, redis):
    shunt.write("shunt.toml", CONFIG)
    return Mode("queue", shunt, redis)


def ready(service):
    eventually(lambda: service.request("GET", "/readyz")[0] == 200, "ready")
    return service


def readiness(service):
    status, _, body = service.request("GET", "/readyz")
    return status, json.loads(body)


def codes(report):
    return [warning["code"] for warning in report.get("warnings", [])]


def start(service, model, input):
    status, _, body = service.request("POST", "/v1/generations", {"model": model, "input": input}, LATER)
    assert status == 202, body
    return json.loads(body)


def get(url):
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return answer.read().decode()


def test_an_eviction_policy_is_told_everywhere_and_a_change_shows(shunt, queue, redis):
    redis("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    service = ready(queue.serve())
    worker = queue.worker("--listen", "127.0.0.1:0")
    status, report = eventually(lambda: (told := readiness(service)) and codes(told[1]) and told, "the warning")
    assert (status, codes(report)) == (200, ["redis_eviction_policy"]), "a warning makes nothing unready"
    assert "allkeys-lru" in report["warnings"][0]["message"]
    assert service.metrics()("shunt_redis_eviction_policy_safe") == 0
    text = Asked(shunt, service).ok("status")
    assert re.search(r"^  warning +Redis' maxmemory-policy is \"allkeys-lru\"", text, re.MULTILINE)
    assert service.get_json("/admin/status")["redis"]["eviction_policy"] == "allkeys-lru"
    eventually(lambda: "shunt_redis_eviction_policy_safe 0" in get(worker.probes + "/metrics"), "at the worker")
    assert codes(json.loads(get(worker.probes + "/readyz"))) == ["redis_eviction_policy"]
    for log in (service.log(), worker.log()):
        assert log.count("redis.eviction_policy") == 1 and "policy=allkeys-lru" in log
    redis("CONFIG", "SET", "maxmemory-policy", "noeviction")
    eventually(lambda: not codes(readiness(service)[1]), "the change")
    assert service.metrics()("shunt_redis_eviction_policy_safe") == 1


def test_a_safe_policy_is_no_warning(queue):
    service = ready(queue.serve())
    eventually(lambda: service.metrics()("shunt_redis_eviction_policy_safe") == 1, "known")
    assert not codes(readiness(service)[1])
    assert "eviction" not in service.log()


def test_a_generation_without_a_worker_is_told_of_and_a_worker_ends_it(shunt, queue):
    service = ready(queue.serve())
    told = start(service, "words", {"prompt": "x", "tokens": 2})
    assert told["hint"] == "no_worker_yet"
    assert "hint" not in service.get_json(f"/v1/generations/{told['id']}")
    eventually(lambda: "queue.no_worker_yet model=words open=1" in service.log(), "the line")
    text = Asked(shunt, service).ok("status")
    assert re.search(r"^  warning +no worker has told that it runs the model \"words\": 1 generations", text, re.MULTILINE)
    assert service.metrics()("shunt_queue_unserved", model="words") == 1
    assert codes(readiness(service)[1]) == ["no_worker_yet"]
    start(service, "words", {"prompt": "x", "tokens": 2})
    queue.worker()
    eventually(lambda: service.metrics()("shunt_queue_unserved", model="words") == 0, "served")
    assert "hint" not in start(service, "words", {"prompt": "x", "tokens": 2})
    assert not codes(readiness(service)[1])
    assert service.log().count("queue.no_worker_yet model=words") == 1, "once a minute"


def test_sync_mode_has_no_such_hint(shunt):
    shunt.write("shunt.toml", CONFIG)
    service = shunt.serve()
    assert "hint" not in start(service, "words", {"prompt": "x", "tokens": 2})
    assert "warnings" not in readiness(service)[1]


def test_the_figures_of_one_page_agree_and_say_how_old_they_are(shunt, queue):
    service = ready(queue.serve())
    queue.worker("--name", "left")
    asked = Asked(shunt, service)

    def look():
        status = json.loads(asked.ok("status", "--json"))
        model = next(model for model in status["models"] if model["name"] == "words")
        running = sum(worker["running"] for worker in status["workers"])
        assert model["open"] == model["running"] + model["waiting"], status
        assert running <= model["running"] <= model["open"], status
        assert 0 <= status["age_seconds"] < 5 and status["as_of"]
        return model, running

    eventually(lambda: json.loads(asked.ok("status", "--json"))["workers"], "a lease")
    ids = [start(service, "words", SLOW)["id"] for _ in range(20)]
    eventually(lambda: look() and look()[1] == 16, "all slots are taken")
    model, running = look()
    assert (model["open"], model["running"], model["waiting"], running) == (20, 16, 4, 16)
    text = asked.ok("status")
    assert re.search(r"^  figures +as of \d+\.\d s ago$", text, re.MULTILINE)
    assert re.search(r"^words +20 +4 ", text, re.MULTILINE) and re.search(r"^left +\S+ +16 ", text, re.MULTILINE)
    for id in ids:
        service.request("POST", f"/v1/generations/{id}/cancel", {})
    eventually(lambda: look()[0]["open"] == 0, "the end")
    assert look()[1] == 0, "a worker runs nothing that is not open"


def test_a_duty_that_fails_is_counted_and_stops_no_other(queue, redis):
    redis("SET", "{shunt}:words:meta", "of another type")
    service = ready(queue.serve())
    queue.worker()
    text = eventually(lambda: 'duty="queues"' in (told := service.request("GET", "/metrics")[2].decode()) and told,
                      "the failure")
    assert re.search(r'shunt_duty_failures_total\{duty="queues",reason="fault"\} [1-9]', text)
    assert re.search(r"warn +duty.failed duty=queues error=\"?.*WRONGTYPE", service.log())
    # The other queue is looked after, and the other duties are done.
    assert service.request("POST", "/v1/generations", {"model": "broken", "input": {}})[0] != 503
    assert redis("HGET", "{shunt}:broken:meta", "opts.maxLenEvents")


def test_a_redis_that_is_away_is_counted_apart_and_quiet(queue, redis):
    service = ready(queue.serve())
    redis.stop()
    eventually(lambda: re.search(r'duty="\w+",reason="unavailable"', service.request("GET", "/metrics")[2].decode()),
               "counted", patience=40)
    assert "duty.failed" not in service.log()


@pytest.mark.parametrize("mode", ["sync", "queue"])
def test_a_failures_line_says_why_and_nothing_that_was_written(shunt, queue, mode):
    service = ready(queue.serve()) if mode == "queue" else shunt.serve()
    workers = [queue.worker("--name", "left")] if mode == "queue" else []
    assert service.request("POST", "/v1/generations", {"model": "broken", "input": {}})[0] >= 400
    for process, event in [(service, "generation.failed"), *((worker, "worker.generation_failed") for worker in workers)]:
        line = eventually(lambda: next((line for line in process.log().splitlines() if event in line), None), event)
        assert "code=program_exited" in line and 'cause="exit_code 3"' in line and "attempt=1" in line, line
        assert "message=" in line and "secret" not in line
        assert mode == "sync" or re.search(r"worker=\S*worker\S*", line), line
