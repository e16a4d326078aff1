"""SIGTERM as HTTP clients see it."""

import json
import signal

import pytest

from shunt_process import CONFIG, eventually


def wait_for_generation(shunt, connection, tokens):
    body = json.dumps({"model": "slow", "input": {"prompt": "x", "tokens": tokens}, "stream": True})
    connection.send(f"POST /v1/generations HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}")
    assert connection.read_head().status == 200


def test_what_runs_may_finish(start):
    shunt = start()
    with shunt.connect() as connection, shunt.connect() as idle:
        idle.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
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


def test_what_does_not_finish_is_cancelled_after_the_grace(start):
    shunt = start(CONFIG + '\n[shutdown]\ngrace = "100ms"\n')
    with shunt.connect() as connection:
        wait_for_generation(shunt, connection, tokens=100000)
        shunt.terminate()
        seen = b""
        while chunk := connection.read_chunk():
            seen += chunk
        assert b"event: cancelled" in seen
    assert shunt.wait() == 0


def test_a_second_signal_ends_at_once(start):
    shunt = start(CONFIG + '\n[shutdown]\ngrace = "1h"\n')
    with shunt.connect() as connection:
        wait_for_generation(shunt, connection, tokens=100000)
        shunt.terminate()
        eventually(lambda: "service.stopping" in shunt.log())
        shunt.terminate(signal.SIGINT)
        shunt.wait(20)
