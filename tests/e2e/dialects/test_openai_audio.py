"""Sounds and images that OpenAI's clients send as forms, in both modes."""

import base64
import hashlib
import json
import socket
import subprocess
import urllib.parse
import urllib.request

import pytest
from batch_fleet import upload
from conftest import CLIENTS, MODES, node, python, service_in, upstream_model
from waiting import eventually

SOUND = """
[models.{name}.input]
file = {{ type = "file", required = true, types = ["audio/*"] }}
language = {{ type = "string" }}
temperature = {{ type = "number" }}
response_format = {{ type = "string" }}
timestamp_granularities = {{ type = "array", items = {{ type = "string" }} }}
"""
PROGRAM = """
[models.program]
driver = "command"
argv = ["/bin/sh", "-c", "sha256sum < \\"$1\\" | cut -c -64 | tr -d '\\\\n'", "sh", "{input.sound}"]
input_mode = "none"
calls.transcription = { file = "sound" }
[models.program.input]
sound = { type = "file", required = true }
"""
SLOW = """
[models.slow]
driver = "command"
argv = ["/bin/sh", "-c", "sleep 2; cat \\"$1\\"", "sh", "{input.file}"]
input_mode = "none"
calls.transcription = { file = "file" }
[models.slow.input]
file = { type = "file", required = true }
"""
IMAGES = """
[models.edits.input]
image = { type = "file", required = true, types = ["image/*"] }
mask = { type = "file", types = ["image/*"] }
prompt = { type = "string" }
n = { type = "integer" }
"""
COLLAGE = IMAGES.replace("edits", "collage") + """
image_2 = { type = "file", types = ["image/*"], urls = ["data"] }
image_3 = { type = "file", types = ["image/*"] }
"""
PIECES = "transcript#pieces?gap_ms=150"
TEXT = "Hello \u2013 there"


def configuration(upstream, folder):
    sounds = [("whisper", "transcript#audio", "transcription"), ("english", "transcript", "translation"),
              ("broken", "status?code=500", "transcription")]
    pieces = (upstream_model("pieces", upstream, PIECES, "transcription") + "stream_transcripts = true\n" + SOUND.format(name="pieces")
              + 'include = { type = "array" }\n')
    return (f'[files]\ndirectory = "{folder}"\nmin_free = 0\n' + PROGRAM + SLOW + pieces
            + "".join(upstream_model(name, upstream, mode, operation) + SOUND.format(name=name)
                      for name, mode, operation in sounds)
            + upstream_model("edits", upstream, "images#edits", "image_edits") + IMAGES
            + upstream_model("collage", upstream, "images#collage", "image_edits") + COLLAGE)


@pytest.fixture(scope="module", params=MODES)
def service(request, upstream, tmp_path_factory):
    config = configuration(upstream, tmp_path_factory.mktemp("files") / "files")
    with service_in(request.param, config) as shunt:
        yield shunt


def requests_of(upstream, mode):
    url = f"http://127.0.0.1:{upstream}/control?model={urllib.parse.quote(mode, safe='')}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)["requests"]


@pytest.mark.parametrize("command", [lambda *a: node("audio.mjs", *a, "openai"), lambda *a: node("audio.mjs", *a, "openai-6"),
                                     lambda *a: python("audio.py", *a)], ids=["npm", "npm-6", "pypi"])
def test_a_client_sends_files_and_gets_what_it_asked_for(service, upstream, command):
    done = subprocess.run(command(service.url + "/v1", "none"), cwd=CLIENTS, timeout=120, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + service.log()[-3000:]
    seen = json.loads(done.stdout)
    assert seen["plain"] == seen["translated"] == TEXT
    assert seen["verbose"] == [TEXT, "english", 1.0]
    times = ["1\n00:00:00,000 --> 00:00:01,000\n", "WEBVTT\n\n00:00.000 --> 00:01.000\n"]
    assert seen["texts"] == [TEXT + "\n", times[0] + TEXT + "\n", times[1] + TEXT + "\n"]
    assert seen["streamed"] == [["transcript.text.delta", TEXT], ["transcript.text.done", TEXT]]
    assert seen["pieces"] == [*[["transcript.text.delta", piece, True] for piece in ("Hello", " \u2013", " there")],
                              ["transcript.text.done", TEXT, 17]]
    assert seen["whole"] == TEXT
    assert seen["program"] == seen["program_text"] == seen["sha256"]
    assert (seen["edited"], seen["listed"], seen["several"]) == (["PNG", "PNG"], 1, 1)
    collage = requests_of(upstream, "images#collage")[-1]["body"]
    assert len(collage["image[]"]) == 3 and collage["mask"]["type"] == "image/png" and "image" not in collage
    bad = ["BadRequestError", 400, "invalid_request"]
    assert seen["errors"] == {"many": [*bad, "image"], "unlisted": [*bad, "image"], "format": [*bad, "response_format"], "unruled": [*bad, "language"],
                              "kind": [*bad, "model"], "url": [*bad, "response_format"],
                              "upstream": ["InternalServerError", 502, "upstream_failed", None]}
    body = requests_of(upstream, "transcript#audio")[-5]["body"]
    assert body["file"]["sha256"] == seen["sha256"] and body["file"]["filename"] == "hello.wav"
    assert body["file"]["type"].startswith("audio/")


def test_an_edit_names_its_images_in_json(service, upstream):
    kept = upload(service, "one", media_type="image/png", purpose="user_data")
    body = {"model": "collage", "prompt": "a hat", "n": 2,
            "images": [{"file_id": kept}, {"image_url": "data:image/png;base64," + base64.b64encode(b"two").decode()}]}

    def post(body):
        return service.request("POST", "/v1/images/edits", json.dumps(body), {"Content-Type": "application/json"})

    answer = post(body)
    assert answer.status == 200 and len(answer.json()["data"]) == 2, answer.text()
    sent = requests_of(upstream, "images#collage")[-1]["body"]["image[]"]
    assert [each["sha256"] for each in sent] == [hashlib.sha256(data).hexdigest() for data in (b"one", b"two")]
    for images in ([{"file_id": "file-" + 32 * "0"}], [{"image_url": "https://example.com/cat.png"}], [{"file_id": kept}] * 17):
        refused = post({**body, "images": images})
        assert refused.status == 400, refused.text()


def send_form(service, sound, boundary, retry):
    """A connection with the form sent, which nobody has read from."""
    host, port = service.url.removeprefix("http://").split(":")
    line = f"--{boundary}\r\nContent-Disposition: form-data; name="
    form = (f'{line}"model"\r\n\r\nslow\r\n{line}"file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n{sound}\r\n'
            f"--{boundary}--\r\n").encode()
    head = (f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: {host}:{port}\r\nX-Stainless-Retry-Count: {retry}\r\n"
            f"Content-Type: multipart/form-data; boundary={boundary}\r\nContent-Length: {len(form)}\r\nConnection: close\r\n\r\n")
    connection = socket.create_connection((host, int(port)), timeout=20)
    connection.sendall(head.encode() + form)
    return connection


def told(connection):
    with connection, connection.makefile("rb") as answer:
        return json.loads(answer.read().partition(b"\r\n\r\n")[2])["text"]


def slow_ones(service):
    listed = service.request("GET", "/v1/generations?model=slow&limit=100").json()["generations"]
    return len(listed)


def test_a_form_that_is_sent_again_joins_the_one_with_the_same_file(service):
    before = slow_ones(service)
    first = send_form(service, "one", "AAAA", 0)
    eventually(lambda: slow_ones(service) == before + 1, "the first has begun")
    again, other = send_form(service, "one", "BBBB", 1), send_form(service, "two", "AAAA", 1)
    first.close()
    assert [told(again), told(other)] == ["one", "two"]
    assert slow_ones(service) == before + 2
