"""HTTP/1.x as bytes: what is malformed, slow, pipelined or rare."""

import socket

import pytest

import wire
from shunt_process import CONFIG

HEALTH = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
POST = "POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
BODY = '{"model": "quick", "input": {"prompt": "x"}}'


@pytest.fixture(scope="module")
def impatient(mode):
    """A server that waits for a slow client no longer than it takes to see that."""
    process = mode.start(CONFIG.replace('_timeout = "10s"', '_timeout = "400ms"'))
    yield process
    process.stop()


def answer_to(shunt, data):
    with shunt.connect() as connection:
        connection.send(data)
        answer = connection.read_response()
        answer.closes = answer.headers.get("connection") == "close"
        if answer.closes:
            assert connection.closed()
        return answer


@pytest.mark.parametrize("data, status, code", [
    (b"\x16\x03\x01\x02\x00\x01\x00", 400, "malformed_request"),
    (b"\x00\x00\x00\r\n\r\n", 400, "malformed_request"),
    (b"GET\r\n\r\n", 400, "malformed_request"),
    (b"GET /healthz\r\n\r\n", 400, "malformed_request"),
    (b"GET /healthz HTTP/1.1\nHost: x\n\n", 400, "malformed_request"),
    (b"GET /healthz HTTP/1.1\r\n\r\n", 400, "malformed_request"),
    (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "malformed_request"),
    (b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n", 400, "malformed_request"),
    (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nA: b\r\n folded\r\n\r\n", 400, "malformed_request"),
    (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nno colon\r\n\r\n", 400, "malformed_request"),
    (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nA: \x00\r\n\r\n", 400, "malformed_request"),
    (b"GET /healthz HTTP/2.0\r\nHost: 127.0.0.1\r\n\r\n", 505, "http_version_unsupported"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http_version_unsupported"),
    (b"GET /%zz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400, "invalid_target"),
    (b"GET /%00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400, "invalid_target"),
    (b"GET /%ff HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400, "invalid_target"),
    (b"GET nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400, "invalid_target"),
    (b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 404, "route_unknown"),
    (b"GET /v1/generations/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 404, "route_unknown"),
    (b"DELETE /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 405, "method_not_allowed"),
    (b"BREW /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 405, "method_not_allowed"),
    (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: tea\r\n\r\n", 417, "expectation_failed"),
    (b"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501,
     "transfer_encoding_unsupported"),
    (b"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501,
     "transfer_encoding_unsupported"),
    (b"POST /v1/generations HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "malformed_request"),
    (b"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400,
     "malformed_request"),
    (b"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400,
     "malformed_request"),
    (b"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -2\r\n\r\n{}", 400, "malformed_request"),
    (b"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: a/b\r\nContent-Type: a/c\r\nContent-Length: 0\r\n\r\n",
     400, "invalid_header"),
])
def test_a_wrong_request_has_its_status(shunt, data, status, code):
    answer = answer_to(shunt, data)
    assert (answer.status, answer.code) == (status, code)
    # After a request whose end is not certain nothing further may be read from the connection.
    assert answer.closes or code in ("invalid_target", "route_unknown", "method_not_allowed", "expectation_failed",
                                     "invalid_header") or status == 400


def test_malformed_requests_end_the_connection(shunt):
    assert answer_to(shunt, b"GET /healthz HTTP/1.1\nHost: x\n\n").closes
    assert answer_to(shunt, POST + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}").closes


def test_405_names_what_is_allowed(shunt):
    answer = shunt.request("DELETE", "/v1/generations")
    assert answer.headers["allow"] == "POST, GET, HEAD, OPTIONS"


def test_options_names_what_is_allowed(shunt):
    for path, allowed in (("/healthz", "GET, HEAD, OPTIONS"), ("/v1/generations/x/cancel", "POST, OPTIONS"),
                          ("*", "POST, GET, HEAD, DELETE, QUERY, OPTIONS")):
        answer = shunt.request("OPTIONS", path)
        assert answer.status == 204 and answer.headers["allow"] == allowed
    assert shunt.request("OPTIONS", "/nowhere").status == 404


def test_head_is_everywhere_where_get_is(shunt):
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/models", "/v1/generations"):
        answer = shunt.request("HEAD", path)
        assert answer.status == 200 and int(answer.headers["content-length"]) > 0
    assert shunt.request("HEAD", "/v1/generations/x/cancel").status == 405


def test_too_large_headers_are_431_and_a_too_long_target_is_414(shunt):
    many = "".join(f"X-{i}: {'y' * 100}\r\n" for i in range(200))
    assert answer_to(shunt, f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n{many}\r\n").code == "headers_too_large"
    assert answer_to(shunt, f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nA: {'y' * 20000}").code == "headers_too_large"
    assert answer_to(shunt, f"GET /{'y' * 20000}").code == "target_too_long"
    assert answer_to(shunt, f"GET /{'y' * 9000} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").code == "target_too_long"


def test_paths_are_percent_decoded_and_absolute_targets_are_taken(shunt):
    assert answer_to(shunt, "GET /health%7a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").status == 200
    assert answer_to(shunt, "GET /v1%2Fmodels HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").status == 404
    assert answer_to(shunt, "GET http://127.0.0.1/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").status == 200


def test_requests_may_come_byte_by_byte(shunt):
    with shunt.connect() as connection:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in (POST + f"Content-Length: {len(BODY)}\r\n\r\n{BODY}").encode():
            connection.send(bytes([byte]))
        assert connection.read_response().status == 200


def test_pipelined_requests_are_answered_in_order(shunt):
    with shunt.connect() as connection:
        slow = '{"model": "slow", "input": {"prompt": "x", "tokens": 2}}'
        connection.send((POST + f"Content-Length: {len(slow)}\r\n\r\n{slow}" + HEALTH) * 2
                        + "GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + HEALTH)
        statuses = []
        bodies = []
        for _ in range(6):
            answer = connection.read_response()
            statuses.append(answer.status)
            bodies.append(answer.json())
        assert statuses == [200, 200, 200, 200, 404, 200]
        assert bodies[0]["model"] == bodies[2]["model"] == "slow"
        assert bodies[1] == bodies[3] == bodies[5] == {"status": "ok"}


def test_hundreds_of_pipelined_requests(shunt):
    with shunt.connect() as connection:
        connection.send(HEALTH * 500)
        for _ in range(500):
            assert connection.read_response().status == 200


def test_empty_lines_between_requests_are_passed_over(shunt):
    with shunt.connect() as connection:
        connection.send("\r\n\r\n" + HEALTH + "\r\n" + HEALTH)
        assert connection.read_response().status == 200
        assert connection.read_response().status == 200


def test_connection_close_is_honoured(shunt):
    answer = answer_to(shunt, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert answer.status == 200 and answer.closes


def test_http_1_0_closes_unless_asked(shunt):
    assert answer_to(shunt, "GET /healthz HTTP/1.0\r\n\r\n").closes
    with shunt.connect() as connection:
        for _ in range(2):
            connection.send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert connection.read_response().headers["connection"] == "keep-alive"


def test_100_continue(shunt):
    with shunt.connect() as connection:
        connection.send(POST + f"Expect: 100-continue\r\nContent-Length: {len(BODY)}\r\n\r\n")
        assert connection.read_response().status == 100
        connection.send(BODY)
        assert connection.read_response().status == 200


def test_no_100_continue_for_a_request_that_is_refused(shunt):
    for extra, media_type, status in (("Content-Length: 999999999\r\n", "application/json", 413),
                                      ("Content-Length: 2\r\n", "text/plain", 415)):
        with shunt.connect() as connection:
            connection.send(POST.replace("application/json", media_type) + "Expect: 100-continue\r\n" + extra + "\r\n")
            assert connection.read_response().status == status


def test_a_slow_header_is_408(impatient):
    answer = answer_to(impatient, "GET /healthz HTTP/1.1\r\nHost:")
    assert (answer.status, answer.code) == (408, "request_timeout") and answer.closes


def test_a_dripping_header_does_not_buy_time(impatient):
    with impatient.connect() as connection:
        connection.send("GET /healthz HTTP/1.1\r\n")
        try:
            for i in range(100):
                connection.send(f"X-{i}: y\r\n")
                connection.socket.settimeout(0.05)
                try:
                    connection.receive()
                    break
                except TimeoutError:
                    pass
        except (BrokenPipeError, ConnectionResetError):
            pytest.fail("closed without an answer")
        connection.socket.settimeout(20)
        assert connection.read_response().status == 408


def test_a_slow_body_is_408(impatient):
    answer = answer_to(impatient, POST + "Content-Length: 100\r\n\r\n{")
    assert (answer.status, answer.code) == (408, "request_timeout") and answer.closes


def test_a_body_that_ends_early_is_400(shunt):
    with shunt.connect() as connection:
        connection.send(POST + "Content-Length: 100\r\n\r\n{")
        connection.finish_sending()
        assert connection.read_response().status == 400


def test_an_answer_is_not_lost_when_the_client_is_still_sending(shunt):
    with shunt.connect() as connection:
        connection.send(POST + "Content-Length: 500000\r\n\r\n" + "x" * 500000)
        assert connection.read_response().status == 413


def test_every_answer_has_a_date_and_errors_are_problems(shunt):
    with shunt.connect() as connection:
        connection.send("GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        answer = connection.read_response()
        assert answer.headers["date"].endswith(" GMT")
        assert answer.code == "route_unknown"
        connection.send(HEALTH)
        assert connection.read_response().status == 200


def test_a_get_with_a_body_is_answered_and_the_body_passed_over(shunt):
    with shunt.connect() as connection:
        connection.send(wire.request_bytes("GET", "/healthz", "ignored") + HEALTH.encode())
        assert connection.read_response().status == 200
        assert connection.read_response().status == 200
