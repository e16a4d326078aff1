"""`shunt status`, GET /admin/status, and the figures of both roles."""

import json
import pathlib
import re
import urllib.error
import urllib.request

import pytest

from conftest import PATIENCE
from modes import Asked, Mode
from ports import free_port
from waiting import eventually

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"

CONFIG = """
[models.words]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "0ms"
concurrency = 1
on_disconnect = "continue"
"""
QUICK = {"prompt": "quick", "tokens": 3}
SLOW = {"prompt": "slow", "tokens": 10000, "token_gap_ms": 20}


@pytest.fixture
def queue(shunt, redis):
    shunt.write("shunt.toml", CONFIG)
    return Mode("queue", shunt, redis)


@pytest.fixture
def sync(shunt):
    shunt.write("shunt.toml", CONFIG)
    return Mode("sync", shunt, None)


def ready(service):
    eventually(lambda: service.request("GET", "/readyz")[0] == 200, "ready")
    return service


def get(url):
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return answer.status, answer.read().decode()


def test_sync_mode_says_what_runs_and_why(shunt, sync):
    service = sync.serve()
    asked = Asked(shunt, service)
    text = asked.ok("status")
    assert re.match(r"shunt \d+\.\d+\.\d+ at http://127\.0\.0\.1:\d+ is ready\n", text)
    assert re.search(r"^  strategy +sync \(queue_disabled\)$", text, re.MULTILINE)
    assert re.search(r"^  roles +api$", text, re.MULTILINE)
    assert "redis" not in text and "WORKER " not in text
    told = json.loads(asked.ok("status", "--json"))
    # Between two looks time goes on, and what answers hold of memory comes and goes.
    moving = {key: told[key] for key in ("uptime_seconds", "memory")}
    assert told == {**service.get_json("/admin/status"), **moving}
    assert told["models"][0]["name"] == "words"


def test_queue_mode_shows_redis_workers_and_backlog(shunt, queue):
    service = ready(queue.serve())
    queue.worker("--name", "left-hand")
    background = [service.generate_in_background("words", SLOW) for _ in range(2)]
    asked = Asked(shunt, service)

    def told():
        status = json.loads(asked.ok("status", "--json"))
        model, workers = status["models"][0], status["workers"]
        # A claim is told a moment after it was made.
        claimed = workers and workers[0]["running"] and "last_claim_at" in workers[0]
        return model["open"] == 2 and model["waiting"] == 1 and claimed and status

    status = eventually(told, "a worker, one running and one waiting")
    assert status["strategy"] == {"mode": "queue", "executor": "queue", "reason": "queue_enabled"}
    assert status["models"][0]["workers"] == 1 and status["models"][0]["slots"] == 1
    assert status["redis"]["connected"] and re.match(r"(valkey )?\d+\.", status["redis"]["version"])
    worker = status["workers"][0]
    assert worker["name"] == "left-hand" and worker["models"] == [{"name": "words", "slots": 1}]
    assert worker["last_claim_at"] >= worker["started_at"]
    text = asked.ok("status")
    assert re.search(r"^  redis +redis://127\.0\.0\.1:\d+ +connected for \S+, version (valkey )?\d", text, re.MULTILINE)
    assert re.search(r"^words +2 +1 +\S+ +1 +1$", text, re.MULTILINE)
    assert re.search(r"^left-hand +\d+\.\d+\.\d+ +1 ", text, re.MULTILINE)
    for record in service.get_json("/v1/generations")["generations"]:
        service.request("POST", f"/v1/generations/{record['id']}/cancel", {})
    for thread in background:
        thread.join(PATIENCE)


def test_no_worker_and_no_redis_are_told_apart(shunt, queue, redis):
    service = ready(queue.serve())
    text = Asked(shunt, service).ok("status")
    assert "No worker has a lease. Start one with: shunt worker" in text
    redis.stop()
    eventually(lambda: service.request("GET", "/readyz")[0] == 503, "degraded")

    def unknown():
        answer = Asked(shunt, service).run("status")
        assert answer.returncode == 1
        text = answer.stdout.decode()
        assert " is degraded\n" in text and "not connected" in text and "last error" in text
        # One look at the workers is the answer to all who ask within a tenth of a second.
        return "Workers are not known now" in text

    eventually(unknown, "that nobody knows the workers")


def test_a_secret_of_the_redis_url_is_not_shown(shunt, sync, redis):
    environment = {"QUEUE_ENABLED": "true", "REDIS_URL": redis.url.replace("://", "://user:hush@")}
    service = shunt.serve(environment=environment)
    answer = Asked(shunt, service).run("status", "--json")
    assert b"hush" not in answer.stdout and b"redis://" in answer.stdout


def test_without_url_it_asks_where_the_configuration_listens(shunt, sync):
    port = free_port()
    sync.serve(listen=f"127.0.0.1:{port}")
    answer = shunt.run("status", "--set", f"server.listen=0.0.0.0:{port}")
    assert answer.returncode == 0, answer.stderr
    assert f"http://127.0.0.1:{port} is".encode() in answer.stdout


def test_a_service_that_is_not_there_or_another_program_is_a_clear_failure(shunt):
    answer = shunt.run("status", "--url", "127.0.0.1:1")
    assert (answer.returncode, answer.stdout) == (1, b"")
    assert b"cannot reach the service at http://127.0.0.1:1" in answer.stderr


def test_a_key_is_needed_where_keys_are_configured(shunt, sync):
    key = "k" * 40
    hashed = shunt.run("config", "hash-key", stdin=key.encode()).stdout.decode()
    digest = re.search(r"[0-9a-f]{64}", hashed).group()
    shunt.write("shunt.toml", CONFIG + f'\n[[server.keys]]\nname = "ops"\nsha256 = "{digest}"\n')
    service = sync.serve()
    asked = Asked(shunt, service)
    answer = asked.run("status")
    assert answer.returncode == 1 and b"unauthorized" in answer.stderr
    assert "is ready" in asked.ok("status", environment={"SHUNT_API_KEY": key})
    assert "is ready" in asked.ok("status", "--api-key", key)


def await_counts(service, path, names):
    """An answer may be on its way before all of its times are counted."""
    for name in names:
        metric = f"shunt_generation_{name}_seconds_count"
        eventually(lambda metric=metric: service.metrics()(metric, model="words", path=path) == 1, metric)


def test_both_modes_measure_the_same_times(shunt, queue, redis):
    names = ["admission", "wait", "run", "handback", "total"]
    service = ready(queue.serve())
    queue.worker()
    assert service.generate("words", QUICK)[0] == 200
    # An answer may be on its way before all of its times are counted.
    for name in [*names, "enqueue"]:
        metric = f"shunt_generation_{name}_seconds_count"
        eventually(lambda metric=metric: service.metrics()(metric, model="words", path="queue") == 1, metric)
    eventually(lambda: service.metrics()("shunt_queue_workers", model="words") == 1, "its lease")
    eventually(lambda: service.metrics()("shunt_queue_open", model="words") == 0, "nothing is open")
    value = service.metrics()
    assert value("shunt_queue_up") == 1
    assert value("shunt_queue_slots", model="words") == 1
    assert value("shunt_queue_oldest_seconds", model="words") == 0

    other = shunt.serve()
    assert other.generate("words", QUICK)[0] == 200
    await_counts(other, "sync", names)
    value = other.metrics()
    assert value("shunt_queue_up") is None and value("shunt_queue_open") is None
    assert value("shunt_generation_enqueue_seconds_count") is None

    def buckets(of):
        text = of.request("GET", "/metrics")[2].decode()
        found = re.findall(r'shunt_generation_run_seconds_bucket\{.*?path="(.*?)",le="([^"]+)"', text)
        return {path: {le for at, le in found if at == path} for path, _ in found}

    # A process with the queue has both executors.
    in_queue, in_sync = buckets(service), buckets(other)
    assert set(in_queue) == {"sync", "queue"} and set(in_sync) == {"sync"}
    assert in_queue["queue"] == in_queue["sync"] == in_sync["sync"]


def test_without_redis_the_backlog_is_not_told_and_the_queue_is_down(queue, redis):
    service = ready(queue.serve())
    redis.stop()
    eventually(lambda: service.metrics()("shunt_queue_up") == 0, "down")
    assert service.metrics()("shunt_queue_open") is None
    assert service.generate("words", QUICK)[0] == 503
    assert service.metrics()("shunt_generations_refused_total", model="words", code="queue_unavailable") == 1


def test_a_worker_has_probes_and_figures_of_its_own(queue, redis):
    service = ready(queue.serve())
    worker = queue.worker("--listen", "127.0.0.1:0")
    url = worker.probes
    assert get(url + "/healthz") == (200, '{"status":"ok"}')
    eventually(lambda: ready_now(url), "ready")
    assert json.loads(get(url + "/readyz")[1])["executor"] == "worker"
    assert service.generate("words", QUICK)[0] == 200
    # Counted when its end has been written, which is when the client has its answer.
    text = eventually(lambda: 'shunt_worker_run_seconds_count{model="words"} 1' in get(url + "/metrics")[1]
                      and get(url + "/metrics")[1], "a run")
    assert 'shunt_worker_claims_total{model="words"} 1' in text
    assert re.search(r'shunt_worker_log_appends_total\{result="taken"\} [1-9]', text)
    assert 'shunt_worker_let_go_total{how="lost",model="words"} 0' in text
    assert "shunt_worker_connected 1" in text and "process_resident_memory_bytes" in text
    assert "shunt_generations_admitted_total" not in text and "shunt_queue_up" not in text
    for path in ("/v1/generations", "/v1/models", "/admin/status", "/openapi.json"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(url + path)
        assert refused.value.code == 404, path
    redis.stop()
    eventually(lambda: not ready_now(url), "not ready without Redis")
    assert get(url + "/healthz")[0] == 200


def ready_now(url):
    try:
        return get(url + "/readyz")[0] == 200
    except urllib.error.URLError:
        return False


def test_what_a_killed_worker_had_is_counted_by_the_one_that_runs_it_again(shunt, queue):
    # A worker that gets no processor for a while must not count as lost.
    queue.environment |= {"SHUNT_QUEUE_LOCK_DURATION": "3s", "SHUNT_QUEUE_STALLED_INTERVAL": "500ms"}
    service = ready(queue.serve())
    first = queue.worker()
    thread = service.generate_in_background("words", {"prompt": "x", "tokens": 200, "token_gap_ms": 20})
    service.wait_until_running()
    first.stop()
    second = queue.worker("--listen", "127.0.0.1:0")
    thread.join(PATIENCE)
    assert thread.answer[0] == 200
    assert 'shunt_worker_restarts_total{model="words"} 1' in get(second.probes + "/metrics")[1]


def test_what_a_stopping_worker_gives_back_is_counted_and_its_readiness_says_so(queue):
    queue.environment["SHUNT_SHUTDOWN_GRACE"] = "6s"  # in which its probes are asked
    service = ready(queue.serve())
    worker = queue.worker("--listen", "127.0.0.1:0")
    thread = service.generate_in_background("words", SLOW)
    service.wait_until_running()
    worker.signal(15)
    eventually(lambda: not ready_now(worker.probes), "draining")
    assert get(worker.probes + "/healthz")[0] == 200
    assert worker.wait() == 0
    assert "given_back=1" in worker.log()
    queue.worker()  # takes it, and hears that nobody wants it
    for record in service.get_json("/v1/generations")["generations"]:
        service.request("POST", f"/v1/generations/{record['id']}/cancel", {})
    thread.join(PATIENCE)


def test_the_documentation_lists_every_metric(queue):
    service = ready(queue.serve())
    worker = queue.worker("--listen", "127.0.0.1:0")
    service.generate("words", QUICK)
    text = service.request("GET", "/metrics")[2].decode() + get(worker.probes + "/metrics")[1]
    names = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    documented = (DOCS / "metrics.md").read_text() + (DOCS / "metrics/flip.md").read_text()
    times = {f"shunt_generation_{row}_seconds" for row in re.findall(r"^\| `(\w+)` \|", documented, re.MULTILINE)}
    assert {name for name in names if name not in documented and name not in times} == set()
