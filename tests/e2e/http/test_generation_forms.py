"""Forms of generations that are wrong, and callers that want more than their share."""

import json
import time

import pytest
from forms import END, FORM, file_form, part
from shunt_process import CONFIG
from test_files import bearer, keys_config, left
from waiting import eventually

MIB = 1 << 20

MODELS = """
[models.read]
driver = "command"
argv = ["/bin/cat", "{input.document}"]
unlisted_input = "refuse"
input_mode = "none"

[models.read.input]
document = { type = "file", required = true, types = ["text/*"], max_bytes = "1MiB" }

[models.two]
driver = "command"
argv = ["/bin/cat", "{input.one}", "{input.two}"]
input_mode = "none"

[models.two.input]
one = { type = "file", required = true }
two = { type = "file", required = true }
"""


def config(folder, files="", keys=""):
    return CONFIG + MODELS + f'\n[files]\nmin_free = 0\ndirectory = "{folder}"\n{files}\n{keys}'


@pytest.fixture
def files_folder(tmp_path):
    return tmp_path / "files"


@pytest.fixture
def server(start, files_folder):
    return start(config(files_folder))


def request_part(model="read", **input):
    return part("request", json.dumps({"model": model, "input": input}), None, "application/json")


def generate(server, body, caller=None, headers=None):
    return server.request("POST", "/v1/generations", body, {**FORM, **bearer(caller), **(headers or {})}, timeout=60)


def generate_with(server, data=b"hello", caller=None, media_type="text/plain", headers=None, model="read"):
    return generate(server, request_part(model) + part("document", data, "a.txt", media_type) + END, caller, headers)


def upload(server, caller=None, data=b"hello"):
    return server.request("POST", "/v1/files", file_form(data), {**FORM, **bearer(caller)}).json()["id"]


def generate_named(server, document):
    body = json.dumps({"model": "read", "input": {"document": document}})
    return server.request("POST", "/v1/generations", body, {"Content-Type": "application/json"})


def data_of(folder):
    return [path for path in left(folder) if path.name == "data"]


@pytest.mark.parametrize("body, code", [
    (part("document", b"x", "x") + END, "invalid_request"),
    (request_part() + END, "invalid_input"),
    (request_part() + part("document", b"x", "x", "image/png") + END, "invalid_input"),
    (request_part() + part("document", b"x" * (MIB + 1), "x", "text/plain") + END, "invalid_input"),
    (request_part() + part("other", b"x", "x", "text/plain") + END, "invalid_input"),
    (request_part() + part("document", b"not a file") + END, "unknown_field"),
    (request_part(document={"file": "file-" + "0" * 32}) + part("document", b"x", "x") + END, "invalid_input"),
    (request_part("quick") + part("document", b"x", "x") + END, "invalid_input"),
    (request_part("no_such") + part("document", b"x", "x") + END, "unknown_model"),
    (part("request", "{") + part("document", b"x", "x") + END, "invalid_json"),
    (part("request", "[" * 70_000) + END, "body_too_large"),
    (request_part() + request_part() + END, "malformed_multipart"),
    (request_part() + part("document", b"x", "x"), "malformed_multipart"),
    (request_part() + b"".join(part(f"f{i}", b"x", "x") for i in range(17)) + END, "invalid_request"),
    (request_part() + b"".join(part(f"f{i}", b"x", "x") for i in range(80)) + END, "invalid_request"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_form_that_is_wrong_is_refused_and_leaves_nothing(server, files_folder, body, code):
    assert generate(server, body).code == code
    assert eventually(lambda: left(files_folder) == [])
    assert generate_with(server).status == 200


@pytest.mark.parametrize("value", [
    "file-" + "0" * 32, "/etc/passwd", {"file": "../../etc/passwd"}, {"file": 1}, {"file": None}, {},
    {"file": "file-" + "0" * 32, "more": 1}, [{"file": "file-" + "0" * 32}], 7, None,
], ids=str)
def test_what_names_no_file_is_refused(server, value):
    assert generate_named(server, value).code == "invalid_input"


def test_a_key_of_idempotency_covers_the_files(server):
    headers = {"Idempotency-Key": "once"}
    first = generate_with(server, b"one", headers=headers)
    again = generate_with(server, b"one", headers=headers)
    assert first.json()["id"] == again.json()["id"]
    assert generate_with(server, b"two", headers=headers).status == 409


def test_files_of_generations_count_for_the_quota(start, files_folder):
    server = start(config(files_folder, 'max_bytes_per_key = "1MiB"', keys_config()))
    assert generate_with(server, b"a" * (MIB // 2), "ann").status == 200
    assert generate_with(server, b"a" * (MIB // 2), "ann").status == 200  # the same bytes are there already
    assert generate_with(server, b"b" * (MIB * 3 // 4), "ann").code == "file_quota_exceeded"
    assert generate_with(server, b"b" * (MIB * 3 // 4), "bob").status == 200
    assert len(data_of(files_folder)) == 2


def test_a_client_that_leaves_leaves_nothing(server, files_folder):
    body = request_part() + part("document", b"x" * 100_000, "a.txt", "text/plain") + END
    head = (f"POST /v1/generations HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM['Content-Type']}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    with server.connect() as connection:
        connection.send(head + body[:50_000])
        assert eventually(lambda: len(left(files_folder)) == 1)
        connection.reset()
    assert eventually(lambda: left(files_folder) == [])


def test_files_may_come_in_any_order_and_be_as_many_as_a_form_may_have(start, files_folder):
    server = start(config(files_folder, 'max_bytes = "200KiB"'))
    one, two = b"1" * 190_000, b"2" * 190_000
    made = generate(server, part("two", two, "2") + request_part("two") + part("one", one, "1") + END)
    assert made.status == 200, made.body
    assert made.json()["output"]["text"].encode() == one + two


def test_a_timeout_that_is_refused_holds_nothing_for_longer(server, files_folder):
    ten_years = {"timeout_ms": 87_600 * 3_600_000}
    request = part("request", json.dumps({"model": "read", "input": {}, "options": ten_years}))
    before = time.time()
    answer = generate(server, request + part("document", b"hello", "a.txt", "text/plain") + END)
    assert answer.status in (400, 422), answer.body
    assert all(path.stat().st_mtime < before + 3 * 86_400 for path in left(files_folder))


def test_a_program_is_given_no_name_of_its_caller(server):
    body = request_part() + part("document", b"hello", "../../x; rm -rf $HOME.txt", "text/plain") + END
    assert generate(server, body).json()["output"]["text"] == "hello"


def test_bytes_that_were_changed_fail_the_generation(server, files_folder):
    id = upload(server)
    data_of(files_folder)[0].write_bytes(b"jello")
    failed = generate_named(server, {"file": id})
    assert failed.code == "file_store_failed"
    data_of(files_folder)[0].unlink()
    assert generate_named(server, {"file": id}).code == "file_gone"
