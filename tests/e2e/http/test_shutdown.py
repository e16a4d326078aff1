"""SIGTERM as HTTP clients see it."""

import json
import signal

import pytest

import wire
from shunt_process import CONFIG
from waiting import eventually


def wait_for_generation(shunt, connection, tokens):
    body = json.dumps({"model": "slow", "input": {"prompt": "x", "tokens": tokens}, "stream": True})
    connection.send(f"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}")
    head = connection.read_head()
    assert head.status == 200
    return head.headers["shunt-generation-id"]


def test_what_runs_may_finish(start):
    shunt = start()
    with shunt.connect() as connection, shunt.connect() as idle:
        idle.send("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        idle.read_response()
        wait_for_generation(shunt, connection, tokens=10)
        shunt.terminate()
        assert idle.closed()
        seen = b""
        while chunk := connection.read_chunk():
            seen += chunk
        assert b"event: succeeded" in seen
        assert connection.closed()
    assert shunt.wait() == 0
    with pytest.raises(ConnectionRefusedError):
        shunt.connect()


def test_what_does_not_finish_within_the_grace_is_cancelled_or_goes_on_without_this_process(mode, start):
    shunt = start(CONFIG + '\n[shutdown]\ngrace = "100ms"\n')
    with shunt.connect() as connection:
        generation_id = wait_for_generation(shunt, connection, tokens=100000)
        shunt.terminate()
        seen = b""
        while chunk := connection.read_chunk():
            seen += chunk
    assert shunt.wait() == 0
    if mode.name == "sync":
        assert b"event: cancelled" in seen
        return
    # The stream ends without an end of the generation: the client goes on at another API process.
    last = wire.events(seen.decode())[-1]
    assert last[1] in ("queued", "started", "delta")
    with shunt.another_api() as other:
        with other.connect() as connection:
            connection.send(wire.request_bytes("GET", f"/v1/generations/{generation_id}/events",
                                               headers={"Last-Event-ID": str(last[0])}))
            connection.read_head()
            # Comments keep it open before there is an event.
            event = eventually(lambda: wire.events(connection.read_chunk().decode()))[0]
            assert (event[0], event[1]) == (last[0] + 1, "started" if last[1] == "queued" else "delta")
        assert other.record(generation_id)["state"] == "running"


def test_a_second_signal_ends_at_once(start):
    shunt = start(CONFIG + '\n[shutdown]\ngrace = "1h"\n')
    with shunt.connect() as connection:
        wait_for_generation(shunt, connection, tokens=100000)
        shunt.terminate()
        eventually(lambda: "service.stopping" in shunt.log())
        shunt.terminate(signal.SIGINT)
        shunt.wait(20)
