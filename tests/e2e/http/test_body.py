"""What POST /v1/generations takes and refuses."""

import json

import pytest

JSON = {"Content-Type": "application/json"}


def post(shunt, body, headers=JSON):
    return shunt.request("POST", "/v1/generations", body, headers)


@pytest.mark.parametrize("body, status, code", [
    (b"", 400, "invalid_json"),
    (b"{", 400, "invalid_json"),
    (b"{'model': 1}", 400, "invalid_json"),
    (b'{"model": "quick"} trailing', 400, "invalid_json"),
    (b'{"model": "quick", "model": "slow"}', 400, "duplicate_key"),
    (b'{"model": "quick", "input": {"seed": 9007199254740992}}', 400, "number_out_of_range"),
    (b'{"model": "quick", "input": {"seed": NaN}}', 400, "invalid_json"),
    (b'{"model": "quick", "input": {"prompt": "\xff\xfe"}}', 400, "invalid_utf8"),
    (b'{"model": "quick", "input": {"prompt": "\\ud800"}}', 400, None),
    (b'{"model": "quick", "input": ' + b"[" * 100 + b"]" * 100 + b"}", 400, "json_too_deep"),
    (b"[" * 60000, 400, None),
    (b"[]", 422, "invalid_request"),
    (b"{}", 422, "invalid_request"),
    (b'{"model": 7}', 422, "invalid_request"),
    (b'{"model": "quick", "input": "text"}', 422, "invalid_request"),
    (b'{"model": "quick", "imput": {}}', 422, "unknown_field"),
    (b'{"model": "quick", "options": {"timeout_ms": -1}}', 422, "invalid_request"),
    (b'{"model": "quick", "options": {"timeout_ms": 999999999999}}', 422, "invalid_request"),
    (b'{"model": "nobody"}', 422, "unknown_model"),
    (b'{"model": "quick", "input": {"prompt": 7}}', 422, "invalid_input"),
], ids=lambda value: value[:40].decode("latin-1") if isinstance(value, bytes) else None)
def test_a_bad_body_is_refused_with_its_code(shunt, body, status, code):
    answer = post(shunt, body)
    assert answer.status == status, answer.body
    assert code in (None, answer.code)
    assert answer.json()["retryable"] is False


def test_refusals_name_the_field(shunt):
    for body, field in (({"model": 7}, "/model"), ({"model": "quick", "imput": {}}, "/imput"),
                        ({"model": "quick", "options": {"x": 1}}, "/options/x"),
                        ({"model": "quick", "input": {"prompt": 7}}, "/input/prompt")):
        assert post(shunt, json.dumps(body)).json()["field"] == field


def test_an_unknown_model_lists_the_known_ones(shunt):
    assert {"quick", "slow"} <= set(post(shunt, '{"model": "nobody"}').json()["known"])


def test_a_body_of_exactly_the_limit_passes_and_one_more_byte_does_not(shunt):
    body = '{"model": "quick", "input": {"prompt": "x"}}'
    assert post(shunt, body.ljust(64 * 1024)).status == 200
    answer = post(shunt, body.ljust(64 * 1024 + 1))
    assert (answer.status, answer.code) == (413, "body_too_large")
    assert answer.json()["limit"] == 64 * 1024
    assert answer.headers["connection"] == "close"


def test_a_chunked_body_is_stopped_at_the_limit_while_it_is_read(shunt):
    with shunt.connect() as connection:
        connection.send("POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
        for _ in range(5):
            connection.send(chunk)
        answer = connection.read_response()
        assert (answer.status, answer.code) == (413, "body_too_large")


def test_chunked_bodies_are_understood_in_any_pieces(shunt):
    body = b'{"model": "quick", "input": {"prompt": "x"}}'
    encoded = b"".join(b"%x;ext=\"1\"\r\n%c\r\n" % (1, byte) for byte in body) + b"0\r\nTrailer: x\r\n\r\n"
    with shunt.connect() as connection:
        connection.send("POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(encoded), 7):
            connection.send(encoded[at:at + 7])
        assert connection.read_response().status == 200
        connection.send("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert connection.read_response().status == 200


@pytest.mark.parametrize("encoded", [b"x\r\n", b"-1\r\n", b"1\r\nab\r\n0\r\n\r\n", b"ffffffffffffffffff\r\n"])
def test_a_broken_chunk_is_400(shunt, encoded):
    with shunt.connect() as connection:
        connection.send(b"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + encoded)
        answer = connection.read_response()
        assert (answer.status, answer.code) == (400, "malformed_request")
        assert connection.closed()


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/mixed"])
def test_another_media_type_is_415(shunt, media_type):
    answer = post(shunt, "{}", {"Content-Type": media_type})
    assert (answer.status, answer.code) == (415, "unsupported_media_type")
    assert answer.json()["received"] == media_type


def test_json_media_types_are_taken(shunt):
    for headers in ({"Content-Type": "application/json; charset=utf-8"}, {"Content-Type": "application/x+json"}):
        assert post(shunt, '{"model": "quick", "input": {"prompt": "x"}}', headers).status == 200


def test_a_compressed_body_is_415(shunt):
    assert post(shunt, "{}", {**JSON, "Content-Encoding": "gzip"}).status == 415


def test_a_missing_body_is_411(shunt):
    answer = shunt.request("POST", "/v1/generations")
    assert (answer.status, answer.code) == (411, "length_required")


def test_unicode_comes_back_as_it_went_in(shunt):
    metadata = {"text": "žluťoučký \U0001f40e \u0000 \u2028"}
    answer = shunt.generate("quick", options={"metadata": metadata})
    assert answer.json()["metadata"] == metadata
