"""Replicate's API byte by byte: what its clients do not show, and what others send."""

import base64
import json
import re
from urllib.parse import urlsplit

import pytest
from conftest import MODES, service_in
from shunt_process import QueueProcesses
from waiting import eventually

CONFIG = """
[server]
threads = 2
half_close_grace = "300ms"
url_secret = "a secret that processes share"

[models.words]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "0ms"
spread = 0.0
concurrency = 1
max_waiting = 50
[models.words.input]
prompt = { type = "string", required = true }
tokens = { type = "integer", minimum = 0 }
token_gap_ms = { type = "integer", minimum = 0 }

[models.copy]
driver = "command"
argv = ["/bin/sh", "-c", 'echo copying >&2; cp "$0" "$1"', "{input.image}", "{output_file}"]
output = "artifact"
artifact_name = "copy.png"
artifact_media_type = "image/png"
[models.copy.input]
image = { type = "file", required = true, types = ["image/*"], urls = ["data"] }
"""
ROOT = "/replicate/v1"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module", params=MODES)
def service(request, tmp_path_factory):
    config = CONFIG + f'\n[files]\nmin_free = 0\ndirectory = "{tmp_path_factory.mktemp("files")}"\n'
    with service_in(request.param, config) as shunt:
        yield shunt


def post(service, path, body, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.request("POST", ROOT + path, json.dumps(body), {**JSON, **named})


def predict(service, version="words", path="/predictions", **input):
    answer = post(service, path, {"version": version, "input": input}, Prefer="wait")
    assert answer.status == 201, answer.body
    return answer.json()


def get(service, url, **headers):
    """What is at a URL, asked for without a key."""
    parts = urlsplit(url)
    return service.request("GET", parts.path + (f"?{parts.query}" if parts.query else ""), headers=headers)


def ended(service, prediction):
    def look():
        found = get(service, prediction["urls"]["get"]).json()
        return found["status"] not in ("starting", "processing") and found
    return eventually(look)


def test_a_wait_that_ends_first_is_answered_with_starting(service):
    answer = post(service, "/predictions",
                  {"version": "words", "input": {"prompt": "x", "tokens": 2000, "token_gap_ms": 60}}, Prefer="wait=1")
    assert answer.status == 202 and answer.json()["status"] == "starting" and answer.json()["output"] is None
    assert eventually(lambda: get(service, answer.json()["urls"]["get"]).json()["status"] == "processing")
    assert post(service, f"/predictions/{answer.json()['id']}/cancel", {}).status == 200
    assert ended(service, answer.json())["status"] == "canceled"


def test_how_long_a_prediction_took_is_told(service):
    found = predict(service, prompt="x", tokens=30, token_gap_ms=60)
    assert found["status"] == "succeeded" and len("".join(found["output"]).split()) == 30
    assert found["metrics"]["total_time"] >= found["metrics"]["predict_time"] > 1


def test_a_token_opens_its_own_stream_alone(service):
    one = predict(service, prompt="x", tokens=2)
    other = predict(service, prompt="y", tokens=2)
    stream, token = one["urls"]["stream"].split("?token=")
    foreign = other["urls"]["stream"].split("?token=")[1]
    assert get(service, one["urls"]["stream"]).status == 200
    changed = token[:-1] + ("0" if token[-1] != "0" else "1")
    expired = "1-" + token.split("-")[1]
    for wrong in ("", f"?token={foreign}", f"?token={changed}", f"?token={expired}", "?token=", "?token=%00",
                  f"?token={token}&token={token}", f"?token={token}%20", "?token=" + "a" * 4000):
        answer = get(service, stream + wrong)
        assert answer.status == 401 and answer.json()["status"] == 401, wrong
    # Whether there is such a prediction is told to nobody without one.
    nobody = stream[:-32] + "0" * 32
    assert get(service, f"{nobody}?token={token}").body == get(service, f"{stream}?token={changed}").body
    artifact = f"{ROOT}/artifacts/{one['id']}/x?token={token}"
    assert get(service, artifact).status == 401
    assert token not in service.log() and "Authorization" not in service.log()


def test_a_stream_goes_on_behind_the_last_event(service):
    made = predict(service, prompt="x", tokens=5)
    whole = get(service, made["urls"]["stream"]).text()
    ids = re.findall(r"^id: (\d+)$", whole, re.M)
    rest = get(service, made["urls"]["stream"], **{"Last-Event-ID": ids[2]}).text()
    assert whole.endswith(rest) and re.findall(r"^id: (\d+)$", rest, re.M) == ids[3:]
    assert whole.count("event: output") == 5 and whole.endswith("event: done\nid: %s\ndata: {}\n\n" % ids[-1])
    for wrong in ("x", "-1", "1.5", "99999999999999999999999"):
        assert get(service, made["urls"]["stream"], **{"Last-Event-ID": wrong}).status == 400


def test_cancel_after_aborts_what_has_not_begun_and_cancels_what_runs(service):
    busy = post(service, "/predictions",
                {"version": "words", "input": {"prompt": "x", "tokens": 400, "token_gap_ms": 50}}, Cancel_After="8s").json()
    eventually(lambda: get(service, busy["urls"]["get"]).json()["status"] == "processing")
    waits = post(service, "/predictions", {"version": "words", "input": {"prompt": "x"}}, Cancel_After="5s").json()
    assert busy["deadline"] and waits["status"] == "starting"
    assert ended(service, waits)["status"] == "aborted"
    found = ended(service, busy)
    assert found["status"] == "canceled" and found["error"] is None
    for wrong in ("1s", "soon", "", "-5m"):
        assert post(service, "/predictions", {"version": "words", "input": {"prompt": "x"}},
                    Cancel_After=wrong).status == 400, wrong


def test_a_file_goes_in_and_out_by_url(service):
    picture = b"\x89PNG\r\n" + bytes(range(256)) * 20
    form = (b'--b\r\nContent-Disposition: form-data; name="content"; filename="cat.png"\r\nContent-Type: image/png\r\n\r\n' +
            picture + b'\r\n--b\r\nContent-Disposition: form-data; name="metadata"; filename="blob"\r\n'
            b'Content-Type: application/json\r\n\r\n{"a":{"b":1}}\r\n--b--\r\n')
    made = service.request("POST", f"{ROOT}/files", form, {"Content-Type": "multipart/form-data; boundary=b"})
    assert made.status == 201, made.body
    file = made.json()
    assert (file["name"], file["size"], file["metadata"]) == ("cat.png", len(picture), {"a": {"b": 1}})
    assert service.request("GET", f"{ROOT}/files/{file['id']}").json() == file
    inline = "data:image/png;base64," + base64.b64encode(picture).decode()
    for image, shown in ((file["urls"]["get"], {"image": file["urls"]["get"]}), (inline, {})):
        done = predict(service, "copy", image=image)
        assert done["status"] == "succeeded" and done["input"] == shown, done
        bytes_of = get(service, done["output"])
        assert bytes_of.status == 200 and bytes_of.body == picture
        assert get(service, done["output"].replace("copy.png", "other.png")).status == 401
    assert service.request("DELETE", f"{ROOT}/files/{file['id']}").status == 204
    gone = post(service, "/predictions", {"version": "copy", "input": {"image": file["urls"]["get"]}})
    assert gone.status == 422 and gone.json()["invalid_fields"][0]["field"] == "input.image"
    # This model takes no https: URLs, and another server's files are none of ours.
    for url in ("https://example.com/cat.png", f"http://other{ROOT}/files/{file['id']}", "file:///etc/passwd"):
        assert post(service, "/predictions", {"version": "copy", "input": {"image": url}}).status == 422, url


def test_forms_that_are_none_are_refused(service):
    for form in (b"", b"--b--\r\n", b'--b\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{}\r\n--b--\r\n',
                 b'--b\r\nContent-Disposition: form-data; name="content"; filename="a"\r\n\r\nx\r\n'
                 b'--b\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n[1]\r\n--b--\r\n',
                 b'--b\r\nContent-Disposition: form-data; name="owner"\r\n\r\nme\r\n--b--\r\n'):
        answer = service.request("POST", f"{ROOT}/files", form, {"Content-Type": "multipart/form-data; boundary=b"})
        assert answer.status in (400, 422) and "detail" in answer.json(), form
    assert service.request("GET", f"{ROOT}/files").json()["results"] == []


def test_bodies_that_are_lies_are_refused_in_replicates_form(service):
    for body in ("", "[]", "null", "{", '{"input":{}}', '{"version":"words","input":[]}', '{"version":{},"input":{}}',
                 '{"version":"words","input":{"prompt":"x"},"version":"words"}',
                 '{"version":"words","input":{"prompt":"x"},"unknown":1}', "[" * 10_000, '{"version":"\\ud800","input":{}}',
                 '{"version":"words","input":{"prompt":"x"},"webhook_events_filter":["started"]}'):
        answer = service.request("POST", f"{ROOT}/predictions", body, JSON)
        assert 400 <= answer.status < 500, body[:60]
        told = answer.json()
        assert told["status"] == answer.status and told["detail"] and told["title"]
    assert post(service, "/predictions", {"version": "words", "input": {"prompt": "x"}, "webhook": "https://example.com"}
                ).status == 422  # nothing signs here
    for path in ("/predictions/x", "/predictions/gen_0", "/trainings", "/models/a/b", "/models/shunt/words/versions/x",
                 "/files/../../etc", "/webhooks/default/secret"):
        assert service.request("GET", ROOT + path).status in (404, 409), path
    assert service.request("GET", f"{ROOT}/predictions?cursor=x").status == 400
    assert service.request("GET", f"{ROOT}/predictions?limit=5").status == 400


def test_pages_lead_to_the_end(service):
    for i in range(3):
        predict(service, prompt=str(i), tokens=1)
    page = service.request("GET", f"{ROOT}/predictions").json()
    assert page["previous"] is None
    ids = [each["id"] for each in page["results"]]
    assert ids == sorted(ids, reverse=True)
    second = service.request("GET", f"{ROOT}/predictions?cursor={ids[0]}").json()
    assert [each["id"] for each in second["results"]] == ids[1:] and second["previous"].endswith("/predictions")
    third = service.request("GET", f"{ROOT}/predictions?cursor={ids[0]}.{ids[1]}").json()
    assert [each["id"] for each in third["results"]] == ids[2:]
    back = urlsplit(third["previous"])
    assert back.query == f"cursor={ids[0]}"
    assert [each["id"] for each in service.request("GET", f"{back.path}?{back.query}").json()["results"]] == ids[1:]
    for cursor in (f"{ids[0]}.", f"{ids[0]}.x", ".".join([ids[0]] * 17)):
        assert service.request("GET", f"{ROOT}/predictions?cursor={cursor}").status == 400


def test_a_search_is_a_request_of_its_own_method(service):
    found = service.request("QUERY", f"{ROOT}/models", "COP", {"Content-Type": "text/plain"}).json()["results"]
    assert [(each["owner"], each["name"]) for each in found] == [("shunt", "copy")]


def test_six_posts_of_which_five_sockets_were_killed_are_one_prediction(service):
    body = json.dumps({"version": "words", "input": {"prompt": "killed", "tokens": 20, "token_gap_ms": 20}})
    before = len(service.request("GET", f"{ROOT}/predictions").json()["results"])
    head = (f"POST {ROOT}/predictions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nPrefer: wait\r\n"
            f"Content-Length: {len(body)}\r\n\r\n")
    for _ in range(5):
        with service.connect() as connection:
            connection.send((head + body).encode())
    answer = service.request("POST", f"{ROOT}/predictions", body, {**JSON, "Prefer": "wait"})
    assert answer.json()["status"] == "succeeded"
    assert len(service.request("GET", f"{ROOT}/predictions").json()["results"]) == before + 1
    # Who is answered and asks again means it.
    again = service.request("POST", f"{ROOT}/predictions", body, {**JSON, "Prefer": "wait"})
    assert again.json()["id"] != answer.json()["id"]


def test_urls_of_one_process_are_opened_by_another(service):
    if not isinstance(service, QueueProcesses):
        pytest.skip("one process alone")
    made = predict(service, prompt="x", tokens=2)
    with service.another_api() as other:
        assert get(other, made["urls"]["stream"]).text().count("event: output") == 2
