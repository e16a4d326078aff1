"""A service and a worker whose Redis is away, silent, full, a replica, or does not let them in: they start, say so, and
are well again when Redis is, without a restart. What counts is whether Redis takes writes, never whether it answers
PING."""

import json
import time

import pytest

from redis_server import RedisError, RedisServer, Resp
from waiting import eventually

WORDS = {"prompt": "hi", "tokens": 1, "first_token_ms": 0}
# Long enough that a machine that does other things too does not turn a submit to a Redis that is well into 503.
DEADLINE = "2s"
# A bound that a stuck submit would break.
SOON = 10


def environment_of(redis, login=""):
    return {"QUEUE_ENABLED": "true", "REDIS_URL": f"redis://{login}127.0.0.1:{redis.port}",
            "SHUNT_QUEUE_ENQUEUE_DEADLINE": DEADLINE}


def readiness(service):
    return json.loads(service.request("GET", "/readyz")[2])


def assert_degraded(service, reason=""):
    """Alive, degraded with a reason, and whoever asks is told within the deadline to come back."""
    report = eventually(lambda: (r := readiness(service))["status"] == "degraded" and reason in r["reason"] and r,
                        f"degraded because of {reason or 'something'}")
    assert report["reason"]
    assert service.request("GET", "/healthz")[0] == 200
    began = time.monotonic()
    status, headers, body = service.generate("simulator", WORDS)
    assert time.monotonic() - began < SOON
    problem = json.loads(body)
    assert (status, problem["code"], problem["retryable"]) == (503, "queue_unavailable", True)
    assert int(headers["Retry-After"]) >= 1


def assert_works(service):
    eventually(lambda: readiness(service)["status"] == "ready", "ready")
    status, _, body = service.generate("simulator", WORDS)
    assert (status, json.loads(body)["state"]) == (200, "succeeded"), body


@pytest.fixture
def pair(shunt, redis):
    """A service and a worker that work."""
    service = shunt.serve(environment=environment_of(redis))
    shunt.worker(environment=environment_of(redis))
    assert_works(service)
    return service


def test_both_start_without_redis_and_heal_when_it_appears(shunt, redis):
    redis.stop()
    service = shunt.serve(environment=environment_of(redis))
    worker = shunt.worker(environment=environment_of(redis))
    assert_degraded(service)
    redis.start()
    assert_works(service)
    assert worker.process.poll() is None


def test_a_restart_of_redis_is_healed(pair, redis):
    redis.kill()
    assert_degraded(pair)
    redis.start()
    assert_works(pair)


def test_a_redis_that_does_not_answer_is_not_waited_for(pair, redis):
    redis.suspend()
    try:
        assert_degraded(pair)
    finally:
        redis.wake()
    assert_works(pair)


def test_paused_clients_are_not_waited_for(pair, redis):
    """CLIENT PAUSE WRITE: PING is answered all the while."""
    with Resp(redis.port) as other:
        other("CLIENT", "PAUSE", "3600000", "WRITE")
        assert other("PING") == "PONG"
        assert_degraded(pair)
        other("CLIENT", "UNPAUSE")
    assert_works(pair)


def test_a_full_redis_is_not_ready(pair, redis):
    redis("CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1mb")
    assert redis("PING") == "PONG"
    assert_degraded(pair, "OOM")
    redis("CONFIG", "SET", "maxmemory", "0")
    assert_works(pair)


def test_a_replica_is_not_ready_until_it_is_the_master(pair, redis):
    master = RedisServer()
    try:
        redis("REPLICAOF", "127.0.0.1", master.port)
        assert redis("PING") == "PONG"
        assert_degraded(pair, "replica")
        redis("REPLICAOF", "NO", "ONE")
        assert_works(pair)
    finally:
        master.close()


@pytest.mark.parametrize("login, word", [("", "NOAUTH"), (":wrong-s3cr3t@", "WRONGPASS")])
def test_a_redis_that_does_not_let_us_in_is_not_ready(shunt, redis, login, word):
    redis("CONFIG", "SET", "requirepass", "right")
    service = shunt.serve(environment=environment_of(redis, login))
    worker = shunt.worker(environment=environment_of(redis, login))
    assert_degraded(service, word)
    with Resp(redis.port) as other:
        other("AUTH", "right")
        other("CONFIG", "SET", "requirepass", "wrong-s3cr3t" if login else "")
    assert_works(service)
    assert "s3cr3t" not in service.log() + worker.log()
