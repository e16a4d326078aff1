"""Signals: an orderly end, a bounded one, and an immediate one."""

import json
import signal
import threading
import time

import pytest
from gate import Gate
from process_state import has_ended
from waiting import eventually


ENDLESS = {"prompt": "hi", "tokens": 100000, "first_token_ms": 1, "token_gap_ms": 100}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_service_ends_at_once_with_0(shunt, number):
    service = shunt.serve()
    service.signal(number)
    assert service.wait() == 0


def test_a_running_generation_finishes_within_the_grace(shunt):
    gate = Gate(shunt.folder)
    shunt.write("shunt.toml", gate.model("gated"))
    service = shunt.serve()
    client = service.generate_in_background("gated", {})
    service.wait_until_running()
    service.signal(signal.SIGTERM)
    eventually(lambda: "service.stopping" in service.log(), "the log of the stop")
    gate.open()
    client.join()
    status, _, body = client.answer
    assert (status, json.loads(body)["state"]) == (200, "succeeded")
    assert service.wait() == 0
    assert "finished=1 cancelled=0" in service.log()


def test_nobody_else_is_served_while_it_finishes(shunt):
    gate = Gate(shunt.folder)
    shunt.write("shunt.toml", gate.model("gated"))
    service = shunt.serve()
    client = service.generate_in_background("gated", {})
    service.wait_until_running()
    service.signal(signal.SIGTERM)
    eventually(lambda: "service.stopping" in service.log(), "the log of the stop")

    def refused():
        try:
            service.request("GET", "/healthz")
            return False
        except ConnectionError:
            return True

    eventually(refused, "new connections are refused")
    gate.open()
    client.join()
    assert client.answer[0] == 200
    assert service.wait() == 0


def test_beyond_the_grace_a_generation_is_cancelled(shunt):
    service = shunt.serve("--set", "shutdown.grace=200ms")
    client = service.generate_in_background("simulator", ENDLESS)
    service.wait_until_running()
    service.signal(signal.SIGTERM)
    client.join()
    assert json.loads(client.answer[2])["code"] in ("cancelled", "shutting_down")
    assert service.wait() == 0
    assert "finished=0 cancelled=1" in service.log()


def test_a_second_signal_ends_the_process_at_once(shunt):
    service = shunt.serve("--set", "shutdown.grace=1h")

    def ask():
        with pytest.raises(OSError):
            service.generate("simulator", ENDLESS)

    client = threading.Thread(target=ask)
    client.start()
    service.wait_until_running()
    service.signal(signal.SIGTERM)
    eventually(lambda: "service.stopping" in service.log(), "the log of the stop")
    began = time.monotonic()
    service.signal(signal.SIGINT)
    assert service.wait() == 128 + signal.SIGINT
    assert time.monotonic() - began < 25, "not the grace"
    client.join()


def test_programs_of_cancelled_generations_are_gone_with_the_service(shunt):
    config = shunt.write("sleep.toml", """
shutdown.grace = "100ms"
[models.sleeper]
driver = "command"
argv = ["sh", "-c", "echo $$; exec sleep 1000"]
input_mode = "none"
""")
    service = shunt.serve("--config", config)
    client = service.generate_in_background("sleeper", {})

    def program():
        listed = service.get_json("/v1/generations?state=running")["generations"]
        if not listed:
            return None
        text = service.get_json("/v1/generations/" + listed[0]["id"]).get("output", {}).get("text", "")
        return int(text) if text.endswith("\n") else None

    pid = eventually(program, "the program's process id")
    service.signal(signal.SIGTERM)
    client.join()
    assert service.wait() == 0
    eventually(lambda: has_ended(pid), "the end of the program")
