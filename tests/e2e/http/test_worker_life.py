"""Workers come, go and are killed while clients wait: what the clients see of it. Two API processes, Redis, workers."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

import wire
from conftest import QueueMode
from waiting import eventually

# Losses are noticed soon: the default takes up to 20 s. A worker that gets no processor for a while is not lost.
QUICK_TO_NOTICE = """
[queue]
lock_duration = "3s"
stalled_interval = "500ms"
"""
# Losses are not noticed within a test: what works at once does not work by that.
SLOW_TO_NOTICE = """
[queue]
lock_duration = "10m"
stalled_interval = "10m"
"""
A_SECOND = """driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "40ms"
spread = 0.0
tokens = 25
on_disconnect = "continue"
"""
MODELS = f"""
[server]
sse_heartbeat = "200ms"
threads = 1

[models.words]
{A_SECOND}concurrency = 10

[models.once]
{A_SECOND}on_lost = "fail"

[models.picture]
driver = "simulator"
first_token = "0ms"
token_gap = "40ms"
spread = 0.0
tokens = 25
result_bytes = 1000
"""
INPUT = {"prompt": "hello", "seed": 3}
# Three seconds, in which a worker is seen to run it and is killed.
LONG = {"tokens": 75}


@pytest.fixture(scope="module")
def mode():
    made = QueueMode()
    yield made
    made.close()


def post_stream(connection, **input):
    return wire.post_stream(connection, "words", {**INPUT, **input})


def kinds_of(events):
    return [kind for _, kind, _ in events]


def assert_complete(events, deltas=25):
    """One stream without a gap, whose last attempt is whole."""
    assert [number for number, _, _ in events] == list(range(1, len(events) + 1))
    kinds = kinds_of(events)
    assert kinds[-1] == "succeeded"
    begun = max(i for i, kind in enumerate(kinds) if kind in ("started", "restarted"))
    text = "".join(data["text"] for _, kind, data in events[begun:] if kind == "delta")
    assert len(text.split()) == deltas
    return text


# ---- kill -9

@pytest.mark.parametrize("second_worker", ["there already", "started afterwards"])
def test_a_stream_sees_a_killed_workers_generation_start_again_and_end(start, second_worker):
    shunt = start(MODELS + QUICK_TO_NOTICE)
    with shunt.connect() as connection:
        post_stream(connection, **LONG)
        seen = wire.read_until(connection, "delta")
        if second_worker == "there already":
            # It must not have done its work by the time the other one is there.
            shunt.worker.send_signal(signal.SIGSTOP)
            shunt.start_worker()
        shunt.worker.kill()
        if second_worker == "started afterwards":
            shunt.worker.wait()
            shunt.start_worker()
        events = wire.events((seen + wire.read_rest(connection)).decode())
    assert kinds_of(events).count("restarted") == 1
    assert_complete(events, deltas=75)


def test_a_waiting_client_gets_one_result_of_a_killed_workers_generation(start):
    shunt = start(MODELS + QUICK_TO_NOTICE)
    with shunt.connect() as connection:
        body = json.dumps({"model": "picture", "input": {**INPUT, **LONG}})
        connection.send(wire.request_bytes("POST", "/v1/generations", body))
        record = eventually(lambda: shunt.request("GET", "/v1/generations?state=running").json()["generations"])[0]
        eventually(lambda: shunt.record(record["id"]).get("output", {}).get("text"))
        shunt.worker.kill()
        shunt.start_worker()
        answer = connection.read_response()
    assert answer.status == 200
    assert answer.json()["id"] == record["id"] and answer.json()["state"] == "succeeded"
    undisturbed = shunt.generate("picture", {**INPUT, **LONG, "token_gap_ms": 1}).json()
    assert answer.json()["output"]["text"] == undisturbed["output"]["text"]
    assert len(answer.json()["output"]["artifacts"]) == 1
    assert len(shunt.request("GET", answer.json()["output"]["artifacts"][0]["url"]).body) == 1000


def test_a_generation_that_kills_its_workers_fails_in_the_end(start):
    shunt = start(MODELS + QUICK_TO_NOTICE + "max_stalled_count = 0\n")
    with shunt.connect() as connection:
        generation_id = post_stream(connection, **LONG)
        wire.read_until(connection, "delta")
        shunt.worker.kill()
        shunt.start_worker()
        assert wire.events(wire.read_rest(connection).decode())[-1][1] == "failed"
    assert shunt.record(generation_id)["error"]["code"] == "worker_lost"


@pytest.mark.parametrize("how", ["killed", "told to end"])
def test_what_runs_once_ends_visibly_with_its_worker_and_does_not_start_again(start, how):
    shunt = start(MODELS + QUICK_TO_NOTICE)
    with shunt.connect() as connection:
        generation_id = wire.post_stream(connection, "once", {**INPUT, "tokens": 250})  # far beyond the worker's grace
        seen = wire.read_until(connection, "delta")
        if how == "killed":
            shunt.worker.kill()
            shunt.start_worker()
        else:  # nobody else is there to end it
            shunt.worker.terminate()
        events = wire.events((seen + wire.read_rest(connection)).decode())
    assert kinds_of(events)[-1] == "failed" and "restarted" not in kinds_of(events)
    error = events[-1][2]["error"]
    assert (error["code"], error["retryable"], error["details"]["on_lost"]) == ("worker_lost", False, "fail")
    record = shunt.record(generation_id)
    assert record["state"] == "failed" and record["output"]["text"]  # what had come stays


# ---- SIGTERM

def test_a_worker_that_is_told_to_end_finishes_what_it_can_and_takes_nothing_new(start):
    shunt = start(MODELS + SLOW_TO_NOTICE, with_worker=False)
    # With one slot: what comes later could be taken only after the first has ended, long after the signal.
    worker = shunt.start_worker("--concurrency", "1", SHUNT_SHUTDOWN_GRACE="20s")
    with shunt.connect() as first, shunt.connect() as second:
        post_stream(first, tokens=60)
        seen = wire.read_until(first, "delta")
        worker.terminate()
        eventually(lambda: "service.stopping" in shunt.worker_log())
        later = post_stream(second)
        events = wire.events((seen + wire.read_rest(first)).decode())
        assert_complete(events, deltas=60)
        assert "restarted" not in kinds_of(events)
        assert worker.wait(20) == 0
        assert "worker.stopped finished=1 given_back=0" in shunt.worker_log()
        assert shunt.record(later)["state"] == "queued"
        shunt.start_worker()
        assert "restarted" not in kinds_of(wire.events(wire.read_rest(second).decode()))


def test_what_a_worker_cannot_finish_another_one_starts_at_once(start):
    shunt = start(MODELS + SLOW_TO_NOTICE, with_worker=False)
    worker = shunt.start_worker(SHUNT_SHUTDOWN_GRACE="100ms")
    with shunt.connect() as connection:
        post_stream(connection, **LONG)
        seen = wire.read_until(connection, "delta")
        # As above.
        worker.send_signal(signal.SIGSTOP)
        shunt.start_worker()
        worker.terminate()
        worker.send_signal(signal.SIGCONT)
        assert worker.wait(20) == 0
        assert "given_back=1" in shunt.worker_log()
        events = wire.events((seen + wire.read_rest(connection)).decode())
    assert kinds_of(events).count("restarted") == 1
    assert_complete(events, deltas=75)


# ---- Cancelling, from either API process.

def cancel(api, generation_id):
    return api.request("POST", f"/v1/generations/{generation_id}/cancel", '{"reason": "enough"}',
                       {"Content-Type": "application/json"})


def assert_cancelled(shunt, other, connection, generation_id):
    assert wire.events(wire.read_rest(connection).decode())[-1][1] == "cancelled"
    for api in (shunt, other):
        record = api.eventually_state(generation_id, "cancelled")
        assert record["cancel_reason"] == "enough"


@pytest.mark.parametrize("where", ["here", "at the other API"])
def test_a_waiting_generation_is_cancelled_at_once(start, where):
    shunt = start(MODELS, with_worker=False)
    with shunt.another_api() as other, shunt.connect() as connection:
        generation_id = post_stream(connection)
        answer = cancel(shunt if where == "here" else other, generation_id)
        assert (answer.status, answer.json()["state"]) == (200, "cancelled")
        assert_cancelled(shunt, other, connection, generation_id)
        # A worker finds nothing to do.
        shunt.start_worker()
        assert shunt.generate("words", {"prompt": "x", "tokens": 1}).json()["state"] == "succeeded"
        assert shunt.record(generation_id)["state"] == "cancelled"


@pytest.mark.parametrize("where", ["here", "at the other API"])
def test_a_running_generation_is_cancelled_wherever_it_runs(start, where):
    shunt = start(MODELS)
    with shunt.another_api() as other, shunt.connect() as connection:
        generation_id = post_stream(connection, tokens=100000)
        wire.read_until(connection, "delta")
        assert cancel(shunt if where == "here" else other, generation_id).status in (200, 202)
        assert_cancelled(shunt, other, connection, generation_id)


@pytest.mark.parametrize("where", ["here", "at the other API"])
def test_a_generation_in_an_api_that_works_too_is_cancelled(start, where):
    """Roles api,worker in one process."""
    shunt = start(MODELS, with_worker=False, arguments=("--roles", "api,worker"))
    with shunt.another_api() as other, shunt.connect() as connection:
        generation_id = post_stream(connection, tokens=100000)
        wire.read_until(connection, "delta")
        assert cancel(shunt if where == "here" else other, generation_id).status in (200, 202)
        assert_cancelled(shunt, other, connection, generation_id)


# ---- An envelope of a later version.

def change_version(shunt, mode, generation_id, old, new):
    key = f"{shunt.environment['SHUNT_QUEUE_PREFIX']}:words:{generation_id}"
    data = mode.redis("HGET", key, "data")
    assert f'"v":{old},' in data
    mode.redis("HSET", key, "data", data.replace(f'"v":{old},', f'"v":{new},', 1))


def put_back(shunt, mode, generation_id):
    """Starts a worker that does not know the envelope; returns once the job is delayed."""
    change_version(shunt, mode, generation_id, 1, 99)
    shunt.start_worker()
    delayed = f"{shunt.environment['SHUNT_QUEUE_PREFIX']}:words:delayed"
    eventually(lambda: mode.redis("ZSCORE", delayed, generation_id))
    assert "worker.envelope_put_back" in shunt.worker_log()


def test_an_envelope_of_an_unknown_version_is_put_back_and_runs_when_it_is_known(start, mode):
    shunt = start(MODELS, with_worker=False)
    with shunt.connect() as connection:
        generation_id = post_stream(connection)
        put_back(shunt, mode, generation_id)
        assert shunt.record(generation_id)["state"] == "queued"
        change_version(shunt, mode, generation_id, 99, 1)
        events = wire.events(wire.read_rest(connection).decode())
    assert_complete(events)
    assert "restarted" not in kinds_of(events)


def test_a_delayed_generation_is_cancelled_at_once(start, mode):
    shunt = start(MODELS, with_worker=False)
    with shunt.another_api() as other, shunt.connect() as connection:
        generation_id = post_stream(connection)
        put_back(shunt, mode, generation_id)
        answer = cancel(other, generation_id)
        assert (answer.status, answer.json()["state"]) == (200, "cancelled")
        assert_cancelled(shunt, other, connection, generation_id)
        key = f"{shunt.environment['SHUNT_QUEUE_PREFIX']}:words:{generation_id}"
        eventually(lambda: not mode.redis("EXISTS", key))


# ---- Two API processes.

def events_request(generation_id, after):
    return wire.request_bytes("GET", f"/v1/generations/{generation_id}/events", headers={"Last-Event-ID": str(after)})


def test_a_client_that_goes_on_at_another_api_misses_nothing(start):
    shunt = start(MODELS)
    with shunt.another_api() as other:
        apis = [shunt, other]
        with shunt.connect() as connection:
            generation_id = post_stream(connection, **LONG)
            events = wire.events(wire.read_until(connection, "delta").decode())
        # From one to the other and back, with some events at each.
        for turn in range(1, 5):
            with apis[turn % 2].connect() as connection:
                connection.send(events_request(generation_id, events[-1][0]))
                connection.read_head()
                events += wire.events(wire.read_until(connection, "delta").decode())
        with other.connect() as connection:
            connection.send(events_request(generation_id, events[-1][0]))
            connection.read_head()
            events += wire.events(wire.read_rest(connection).decode())
        for api in apis:
            assert wire.events(api.request("GET", f"/v1/generations/{generation_id}/events").text()) == events
    text = assert_complete(events, deltas=75)
    assert text == shunt.record(generation_id)["output"]["text"]


def test_a_client_whose_api_was_killed_goes_on_at_another(start):
    shunt = start(MODELS)
    with shunt.another_api() as other:
        with shunt.connect() as connection:
            generation_id = post_stream(connection)
            events = wire.events(wire.read_until(connection, "delta").decode())
            shunt.terminate(signal.SIGKILL)
            shunt.wait()
        with other.connect() as connection:
            connection.send(events_request(generation_id, events[-1][0]))
            connection.read_head()
            events += wire.events(wire.read_rest(connection).decode())
    assert_complete(events)


def test_an_idempotency_key_leads_to_the_same_generation_at_another_api(start):
    shunt = start(MODELS)
    with shunt.another_api() as other:
        key = {"Idempotency-Key": "one"}
        first = shunt.generate("words", INPUT, key)
        second = other.generate("words", INPUT, key)
        assert first.json() == second.json()
        assert second.headers["idempotency-replayed"] == "true"
        conflict = other.generate("words", {"prompt": "another"}, key)
        assert (conflict.status, conflict.code) == (409, "idempotency_conflict")


def test_a_record_does_not_read_its_artifacts(start):
    shunt = start(MODELS)
    record = shunt.generate("picture", {**INPUT, "tokens": 1}).json()
    artifact = record["output"]["artifacts"][0]
    files = [path for path in Path(shunt.artifacts.name).rglob("*") if path.is_file()]
    assert len(files) == 1
    content = files[0].read_bytes()
    files[0].unlink()
    os.mkfifo(files[0])  # whoever reads it waits for somebody who writes
    with shunt.another_api() as other:
        for api in (shunt, other):
            assert api.request("GET", f"/v1/generations/{record['id']}").json() == record
    files[0].unlink()
    files[0].write_bytes(content)
    assert shunt.request("GET", artifact["url"]).body == content


def test_an_artifact_whose_bytes_are_gone_is_410(start):
    shunt = start(MODELS)
    url = shunt.generate("picture", {**INPUT, "tokens": 1}).json()["output"]["artifacts"][0]["url"]
    assert shunt.request("GET", url).status == 200
    shunt.lose_artifacts()
    answer = shunt.request("GET", url)
    assert (answer.status, answer.code) == (410, "artifact_gone")


def test_a_worker_says_once_that_redis_is_away_and_once_that_it_is_back():
    mode = QueueMode()
    service = mode.start(MODELS)
    try:
        mode.redis.kill()
        eventually(lambda: "worker.redis_away" in service.worker_log())
        time.sleep(2)  # some attempts to connect, by a connection for each model and more
        mode.redis.start()
        eventually(lambda: "worker.redis_back" in service.worker_log())
        said = [line for line in service.worker_log().splitlines() if " warn " in line or " error " in line]
        assert len(said) == 1 and "worker.redis_away" in said[0], said
        # The API has connections of its own, which may come back later.
        eventually(lambda: service.generate("words", INPUT, {"Prefer": "wait=20"}).status == 200)
        assert service.worker_log().count("worker.redis_back") == 1
    finally:
        service.stop()
        mode.close()
