"""Files that the messages of OpenAI's clients name by their ids, in both modes: an upstream gets the bytes."""

import hashlib
import json
import subprocess
import urllib.parse
import urllib.request

import pytest
from batch_fleet import upload
from conftest import CLIENTS, MODES, node, python, service_in, upstream_model
from waiting import eventually

MODEL = "ok#named-files"
SLOW = "ok?tokens=3&gap_ms=701"
KEYS = {name: f"{name}-" + "k" * 40 for name in ("ann", "bob")}
PAPER = {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERg==", "filename": "paper.pdf"}}
CAT = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}}
PROGRAMS = """
[models.plain]
driver = "simulator"
text_field = "prompt"
[models.program]
driver = "command"
argv = ["/bin/sh", "-c", "cat \\"$1\\"", "sh", "{input.document}"]
input_mode = "none"
text_field = "text"
[models.program.input]
text = { type = "string" }
document = { type = "file", types = ["application/pdf"] }
"""


def configuration(upstream, folder):
    keys = "".join(f'[[server.keys]]\nname = "{name}"\nsha256 = "{hashlib.sha256(key.encode()).hexdigest()}"\n'
                   for name, key in KEYS.items())
    return (f'[server]\nmax_body_bytes = "4MiB"\n[files]\ndirectory = "{folder}"\nmin_free = 0\n' + PROGRAMS
            + upstream_model("chat", upstream, MODEL) + "max_message_file_bytes = 4096\n"
            + upstream_model("slow", upstream, SLOW) + "concurrency = 1\n" + keys)


@pytest.fixture(scope="module", params=MODES)
def service(request, upstream, tmp_path_factory):
    with service_in(request.param, configuration(upstream, tmp_path_factory.mktemp("files") / "files")) as shunt:
        yield shunt


def sent_to(upstream, model=MODEL):
    """The messages of the last requests that the upstream got."""
    url = f"http://127.0.0.1:{upstream}/control?model={urllib.parse.quote(model, safe='')}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return [each["body"]["messages"] for each in json.load(answer)["requests"]]


def run(service, command):
    done = subprocess.run(command, cwd=CLIENTS, timeout=120, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + service.log()[-3000:]
    return json.loads(done.stdout)


def refused(param, code="invalid_input"):
    return ["BadRequestError", 400, code, param]


def test_the_client_for_python(service, upstream):
    seen = run(service, python("named_files.py", service.url + "/v1", KEYS["ann"], KEYS["bob"]))
    contents = [messages[0]["content"][1:] for messages in sent_to(upstream)[-4:]]
    # The 10,000 are refused; so is all that is an error.
    assert contents == [[PAPER], [PAPER], [PAPER, CAT], [PAPER, CAT]]
    assert seen["chat"] == seen["streamed"] == seen["response"] == seen["gone_on"] != ""
    assert seen["items"] == [["input_text", "input_file", "input_image"]]
    assert seen["program"] == ["%PDF", "%PDF"]
    place = "messages[0].content[%d].file.file_id"
    assert seen["errors"] == {
        "unknown": refused(place % 1), "path": refused(place % 1), "others": refused(place % 1), "deleted": refused(place % 1),
        "others_response": refused("input[0].content[1].file_id"), "no_image": refused("input[0].content[2].file_id"),
        "no_files": refused(place % 1, "invalid_request"), "no_files_response": refused("input[0].content[1].file_id", "invalid_request"),
        "one_file": refused(place % 2, "invalid_request"), "large": refused(place % 2), "many": refused(place % 1025),
        "many_unknown": refused(place % 17, "invalid_request"), "both": refused(place % 1),
        "url": refused("input[0].content[1].file_url", "invalid_request"),
        "deleted_earlier": refused("previous_response_id")}


@pytest.mark.parametrize("package", ["openai", "openai-6"])
def test_the_client_for_node(service, upstream, package):
    seen = run(service, node("named_files.mjs", service.url + "/v1", KEYS["ann"], package))
    assert [messages[0]["content"][1:] for messages in sent_to(upstream)[-2:]] == [[PAPER], [PAPER, CAT]]
    assert seen["chat"] == seen["response"] != ""
    assert seen["errors"] == {"unknown": refused("messages[0].content[1].file.file_id"),
                              "no_image": refused("input[0].content[1].file_id")}


def headers(name="ann"):
    return {"Authorization": f"Bearer {KEYS[name]}", "Content-Type": "application/json"}


def test_our_own_api_names_the_part_as_well(service, upstream):
    kept = upload(service, "one", media_type="text/plain", purpose="user_data", key=KEYS["ann"])

    def post(name):
        message = {"role": "user", "content": [{"type": "file", "file": {"file_id": kept, "filename": "../a\u0000\"b.txt"}}]}
        return service.request("POST", "/v1/generations", json.dumps({"model": "chat", "input": {"messages": [message]}}), headers(name))

    assert post("ann").json()["state"] == "succeeded"
    # A name is text for the upstream, whatever is in it.
    assert sent_to(upstream)[-1][0]["content"] == [{"type": "file", "file": {
        "file_data": "data:text/plain;base64,b25l", "filename": "../a\u0000\"b.txt"}}]
    answer = post("bob")
    assert (answer.status, answer.json()["code"], answer.json()["field"]) == (
        422, "invalid_input", "/input/messages/0/content/0/file/file_id"), answer.text()


def test_a_file_that_is_removed_while_it_is_needed_stays_for_the_generation(service, upstream):
    key = {"Authorization": f"Bearer {KEYS['ann']}"}
    kept = upload(service, "needed", media_type="text/plain", purpose="user_data", key=KEYS["ann"])
    message = {"role": "user", "content": [{"type": "file", "file": {"file_id": kept}}]}

    def begin(input):
        return service.request("POST", "/v1/generations", json.dumps({"model": "slow", "input": input}),
                               {**headers(), "Prefer": "respond-async"}).json()

    begin({"prompt": "The next one waits for this"})
    begun = begin({"messages": [message]})
    assert service.request("DELETE", f"/v1/files/{kept}", headers=key).status == 200
    ended = eventually(lambda: (r := service.request("GET", f"/v1/generations/{begun['id']}", headers=key).json())["state"]
                       in ("succeeded", "failed") and r)
    assert ended["state"] == "succeeded", ended
    assert sent_to(upstream, SLOW)[-1][0]["content"][0]["file"]["file_data"] == "data:text/plain;base64,bmVlZGVk"
