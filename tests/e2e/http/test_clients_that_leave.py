"""A client that goes takes its generation with it, unless the model says otherwise."""

import json
from shunt_process import CONFIG
from waiting import eventually

# Long enough to be seen while it runs.
LONG = {"prompt": "x", "first_token_ms": 2500}


def waiting_request(model, input=None, **members):
    body = json.dumps({"model": model, "input": input or {"prompt": "x", "tokens": 1000}, **members})
    return f"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"


def started(shunt, connection, model, input=None, **members):
    """Sends a request, and gives the id of the generation that it started."""
    before = {r["id"] for r in shunt.request("GET", f"/v1/generations?model={model}").json()["generations"]}
    connection.send(waiting_request(model, input, **members))

    def new():
        records = shunt.request("GET", f"/v1/generations?model={model}").json()["generations"]
        return [r["id"] for r in records if r["id"] not in before and r["state"] == "running"]

    return eventually(new)[0]


def test_a_reset_cancels(shunt):
    connection = shunt.connect()
    generation_id = started(shunt, connection, "slow")
    connection.reset()
    record = shunt.eventually_state(generation_id, "cancelled")
    assert record["cancel_reason"] == "client disconnected"


def test_a_close_cancels_after_the_grace(shunt):
    connection = shunt.connect()
    generation_id = started(shunt, connection, "slow")
    connection.socket.close()
    shunt.eventually_state(generation_id, "cancelled")


def test_a_closed_stream_cancels(shunt):
    connection = shunt.connect()
    generation_id = started(shunt, connection, "slow", stream=True)
    connection.socket.close()
    shunt.eventually_state(generation_id, "cancelled")


def test_a_half_closed_client_gets_an_answer_that_is_quick_enough(start):
    shunt = start(CONFIG.replace('half_close_grace = "300ms"', 'half_close_grace = "20s"'))
    with shunt.connect() as connection:
        body = json.dumps({"model": "slow", "input": {"prompt": "x", "tokens": 1}})
        connection.send(f"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        connection.finish_sending()
        assert connection.read_response().status == 200
        assert connection.closed()


def test_a_half_closed_client_that_waits_too_long_counts_as_gone(shunt):
    with shunt.connect() as connection:
        generation_id = started(shunt, connection, "slow")
        connection.finish_sending()
        shunt.eventually_state(generation_id, "cancelled")
        assert connection.closed()


def test_a_half_closed_reader_of_a_stream_reads_on(shunt):
    with shunt.connect() as connection:
        body = json.dumps({"model": "stubborn", "input": {"prompt": "x"}, "stream": True})
        connection.send(f"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        connection.finish_sending()
        assert b"event: succeeded" in connection.read_response().body


def test_a_model_may_go_on_without_its_client(shunt):
    connection = shunt.connect()
    generation_id = started(shunt, connection, "stubborn", LONG)
    connection.reset()
    assert shunt.eventually_state(generation_id, "succeeded", "cancelled")["state"] == "succeeded"


def test_leaving_an_events_stream_stops_nothing(shunt):
    with shunt.connect() as owner:
        generation_id = started(shunt, owner, "stubborn", LONG)
        reader = shunt.connect()
        reader.send(f"GET /v1/generations/{generation_id}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        reader.read_head()
        reader.reset()
        assert owner.read_response().json()["state"] == "succeeded"


def test_a_replay_that_leaves_stops_nothing(shunt):
    with shunt.connect() as owner:
        body = json.dumps({"model": "stubborn", "input": {"prompt": "replay"}})
        request = (f"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nIdempotency-Key: leave\r\n"
                   f"Content-Length: {len(body)}\r\n\r\n{body}")
        owner.send(request)
        other = shunt.connect()
        other.send(request)
        other.reset()
        assert owner.read_response().json()["state"] == "succeeded"


def test_nothing_is_left_of_clients_that_have_gone(start):
    shunt = start()
    for _ in range(20):
        shunt.connect().socket.close()
        connection = shunt.connect()
        connection.send("GET /healthz HTT")
        connection.reset()
        connection = shunt.connect()
        connection.send(waiting_request("slow", stream=True))
        connection.reset()
    # The one that asks is the only one left.
    eventually(lambda: shunt.gauge("shunt_http_connections") == 1)
    assert shunt.gauge("shunt_http_event_streams") == 0
