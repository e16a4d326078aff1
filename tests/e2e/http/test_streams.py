"""Server-sent events."""

import json

import wire


def stream_request(method, path, body=None, headers=None):
    return wire.request_bytes(method, path, body, {"Accept": "text/event-stream", **(headers or {})})


def test_post_streams_every_event_in_order(shunt):
    answer = shunt.generate("slow", {"prompt": "x", "tokens": 4}, headers={"Accept": "text/event-stream"})
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["cache-control"] == "no-store"
    events = wire.events(answer.text())
    assert [e[0] for e in events] == list(range(1, len(events) + 1))
    kinds = [e[1] for e in events]
    assert kinds[:2] == ["queued", "started"] and kinds[-1] == "succeeded"
    assert kinds.count("delta") == 4
    for sequence, kind, data in events:
        assert data["seq"] == sequence and data["type"] == kind
    record = shunt.record(answer.headers["shunt-generation-id"])
    assert "".join(e[2]["text"] for e in events if e[1] == "delta") == record["output"]["text"]


def test_stream_true_is_the_same_as_accept(shunt):
    answer = shunt.generate("quick", stream=True)
    assert wire.events(answer.text())[-1][1] == "succeeded"


def test_events_come_while_the_generation_runs(shunt):
    with shunt.connect() as connection:
        body = json.dumps({"model": "slow", "input": {"prompt": "x", "tokens": 100}, "stream": True})
        connection.send(wire.request_bytes("POST", "/v1/generations", body))
        generation_id = connection.read_head().headers["shunt-generation-id"]
        seen = b""
        while b"event: delta" not in seen:
            seen += connection.read_chunk()
        assert shunt.record(generation_id)["state"] == "running"
        shunt.request("POST", f"/v1/generations/{generation_id}/cancel")
        while chunk := connection.read_chunk():
            seen += chunk
        assert wire.events(seen.decode())[-1][1] == "cancelled"


def test_a_failure_ends_the_stream_with_its_error(shunt):
    events = wire.events(shunt.generate("broken", {}, stream=True).text())
    assert events[-1][1] == "failed"
    assert events[-1][2]["error"]["code"] == "program_exited"


def test_the_connection_serves_on_after_a_stream(shunt):
    with shunt.connect() as connection:
        for _ in range(3):
            connection.send(stream_request("POST", "/v1/generations",
                                           '{"model": "quick", "input": {"prompt": "x"}}'))
            assert wire.events(connection.read_response().text())[-1][1] == "succeeded"


def test_events_of_an_ended_generation_are_replayed(shunt):
    record = shunt.generate("quick").json()
    path = f"/v1/generations/{record['id']}/events"
    everything = wire.events(shunt.request("GET", path).text())
    assert everything[0][1] == "queued" and everything[-1][1] == "succeeded"
    for last in (1, 2, len(everything) - 1):
        rest = wire.events(shunt.request("GET", path, headers={"Last-Event-ID": str(last)}).text())
        assert rest == everything[last:]
    seen_all = shunt.request("GET", path, headers={"Last-Event-ID": str(len(everything))})
    assert seen_all.status == 204


def test_last_event_id_must_be_one(shunt):
    record = shunt.generate("quick").json()
    path = f"/v1/generations/{record['id']}/events"
    for header in ("x", "-1", "1.5", "999999", "99999999999999999999999"):
        answer = shunt.request("GET", path, headers={"Last-Event-ID": header})
        assert (answer.status, answer.code) == (400, "invalid_header"), header


def test_two_readers_see_the_same(shunt):
    with shunt.connect() as first, shunt.connect() as second:
        first.send(stream_request("POST", "/v1/generations",
                                  '{"model": "slow", "input": {"prompt": "x", "tokens": 5}}'))
        head = first.read_head()
        second.send(stream_request("GET", head.headers["location"] + "/events"))
        text = b""
        while chunk := first.read_chunk():
            text += chunk
        assert wire.events(second.read_response().text()) == wire.events(text.decode())


def test_a_quiet_stream_gets_comments(shunt):
    with shunt.connect() as connection:
        connection.send(stream_request("POST", "/v1/generations",
                                       '{"model": "slow", "input": {"prompt": "x", "first_token_ms": 60000}}'))
        generation_id = connection.read_head().headers["shunt-generation-id"]
        seen = b""
        while seen.count(b":\n\n") < 2:
            seen += connection.read_chunk()
        shunt.request("POST", f"/v1/generations/{generation_id}/cancel")
        seen += wire.read_rest(connection)
        assert wire.events(seen.decode())[-1][1] == "cancelled"


def test_http_1_0_gets_a_stream_that_ends_with_the_connection(shunt):
    with shunt.connect() as connection:
        body = '{"model": "quick", "input": {"prompt": "x"}, "stream": true}'
        connection.send(f"POST /v1/generations HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        head = connection.read_head()
        assert "transfer-encoding" not in head.headers and head.headers["connection"] == "close"
        try:
            while True:
                connection.receive()
        except EOFError:
            pass
        assert wire.events(connection.buffer.decode())[-1][1] == "succeeded"


def test_head_of_events_has_no_body(shunt):
    record = shunt.generate("quick").json()
    answer = shunt.request("HEAD", f"/v1/generations/{record['id']}/events")
    assert answer.status == 200 and answer.headers["content-type"] == "text/event-stream"


def test_hundreds_of_streams_at_once(shunt):
    connections = [shunt.connect() for _ in range(300)]
    try:
        for connection in connections:
            connection.send(stream_request("POST", "/v1/generations",
                                           '{"model": "slow", "input": {"prompt": "x", "tokens": 3}}'))
        for connection in connections:
            events = wire.events(connection.read_response().text())
            assert [e[0] for e in events] == list(range(1, 7))
    finally:
        for connection in connections:
            connection.socket.close()
