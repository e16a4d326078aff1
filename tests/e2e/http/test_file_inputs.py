"""Files of a generation: as parts of a form, as uploaded ones, from URLs, in both modes, and what a hostile caller, or a
hostile server that is fetched from, may try."""

import base64
import contextlib
import hashlib
import json
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import ssl

import pytest
from forms import END, FORM, file_form, part
from shunt_process import CONFIG
from test_files import KEYS, bearer, keys_config, left
from waiting import eventually

PNG = b"\x89PNG" + bytes(range(256))

SHOW = r"""
[models.show]
driver = "command"
argv = ["/bin/sh", "-c", "printf '%s %s ' \"${{1##*/}}\" \"$2\"; md5sum < \"$1\"", "sh", "{input.image}", "{input.word}"]
input_mode = "none"
confine = "files"
defaults = { word = "none" }
[models.show.input]
image = { type = "file", required = true, types = ["image/*"], max_bytes = "1MiB", urls = ["https", "data"] }
word = { type = "string", pattern = "[a-z]*" }

[models.plain]
driver = "command"
argv = ["/bin/sh", "-c", "cat \"$1\"", "sh", "{input.text}"]
input_mode = "none"
input.text = { type = "file" }

[models.hosts]
driver = "command"
argv = ["/bin/cat", "{input.text}"]
input_mode = "none"
input.text = { type = "file", urls = ["https"], url_hosts = ["*.example.com"] }

[models.staying]
driver = "command"
argv = ["/usr/bin/python3", "-c", '''
import json, sys
print(json.dumps({{"type": "ready", "protocol": 1}}), flush=True)
for line in sys.stdin:
    run = json.loads(line)
    if run["type"] == "run":
        data = open(run["input"]["image"], "rb").read()
        inside = run["input"]["image"].startswith(run["folder"] + "/")
        print(json.dumps({{"type": "result", "id": run["id"], "result": [len(data), inside]}}), flush=True)
''']
keep = 1
input.image = { type = "file", required = true }
"""


def shown(name, data, word="none"):
    return f"{name} {word} {hashlib.md5(data).hexdigest()}  -\n"


class Hostile(BaseHTTPRequestHandler):
    """What is fetched from. Its path says what it does."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status=200, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def do_GET(self):
        server = self.server
        server.seen.append((self.path, dict(self.headers)))
        what, _, rest = self.path[1:].partition("/")
        self.close_connection = True
        if what == "cat.png":
            self.answer(body=PNG, Content_Type="image/png")
        elif what == "counting":
            self.answer(body=b"%d" % len(server.seen), Content_Type="image/png")
        elif what == "on":
            count = int(rest)
            self.answer(302, Location=f"/on/{count - 1}" if count > 1 else "../cat.png", Set_Cookie="a=b")
        elif what == "to":
            self.answer(307, Location=base64.b64decode(rest).decode())
        elif what == "nowhere":
            self.answer(302)
        elif what == "typed":
            self.answer(body=PNG, Content_Type=rest)
        elif what == "untyped":
            self.answer(body=PNG)
        elif what == "large":
            self.answer(body=b"x" * 100, Content_Type="image/png", Content_Length=str(1 << 40))
        elif what == "short":
            self.answer(body=b"x" * 100, Content_Type="image/png", Content_Length="1000")
        elif what == "endless":
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(b"x" * 65536)
        elif what == "slow":
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(b"x")
                    self.wfile.flush()
                    time.sleep(0.1)
        elif what == "silent":
            with contextlib.suppress(OSError):
                self.connection.recv(1)
        else:
            self.answer(int(what) if what.isdigit() else 404)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authority")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:127.0.0.2"],
                   check=True, capture_output=True)
    return certificate, key


@contextlib.contextmanager
def https_server(authority, address):
    server = ThreadingHTTPServer((address, 0), Hostile)
    server.daemon_threads = True
    server.seen = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.url = f"https://{address}:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def listed(authority):
    """A server at an address that is listed."""
    with https_server(authority, "127.0.0.1") as server:
        yield server


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "files"


@pytest.fixture
def server(start, folder, authority):
    return start(CONFIG + SHOW + f"""
[files]
directory = "{folder}"
min_free = 0
fetch_addresses = ["127.0.0.1"]
fetch_authorities_file = "{authority[0]}"
fetch_timeout = "3s"
""")


def request_form(request, *files):
    body = part("request", json.dumps(request)) if request is not None else b""
    for name, data, filename, media_type in files:
        body += part(name, data, filename, media_type)
    return body + END


def send(server, request, *files, headers=None):
    return server.request("POST", "/v1/generations", request_form(request, *files), {**FORM, **(headers or {})})


def show(server, image, **members):
    return server.generate("show", {"image": image, **members})


def upload(server, data=PNG, media_type="image/png", headers=None):
    made = server.request("POST", "/v1/files", file_form(data, "cat.png", media_type), {**FORM, **(headers or {})})
    assert made.status == 200, made.text()
    return made.json()["id"]


def test_a_file_comes_as_a_part_of_the_form(server):
    image = ("image", PNG, "../../etc/cat.jpeg", "image/png")
    request = part("request", json.dumps({"model": "show", "input": {"word": "hi"}}))
    for body in (request + part(*image) + END, part(*image) + request + END):
        answer = server.request("POST", "/v1/generations", body, FORM)
        assert answer.status == 200, answer.text()
        assert answer.json()["text"] == shown("image.png", PNG, "hi")


def test_a_form_may_have_no_file_and_its_request_may_ask_for_a_stream(server):
    assert send(server, {"model": "quick", "input": {"prompt": "hello"}}).status == 200
    answer = send(server, {"model": "show", "stream": True}, ("image", PNG, "cat.png", "image/png"))
    assert answer.headers["content-type"] == "text/event-stream" and b'"type":"succeeded"' in answer.body


def test_an_uploaded_file_is_named_by_its_id_and_may_go_meanwhile(server):
    identifier = upload(server)
    assert show(server, {"file": identifier}).json()["text"] == shown("image.png", PNG)
    accepted = server.generate("show", {"image": {"file": identifier}}, {"Prefer": "respond-async"})
    assert accepted.status == 202
    assert server.request("DELETE", f"/v1/files/{identifier}").status == 200
    ended = server.eventually_state(accepted.json()["id"], "succeeded", "failed")
    assert ended["text"] == shown("image.png", PNG), ended
    assert show(server, {"file": identifier}).code == "invalid_input"


def test_a_retry_has_the_same_files(server):
    answer = send(server, {"model": "show"}, ("image", PNG, "cat.png", "image/png"))
    again = server.request("POST", f"/v1/generations/{answer.json()['id']}/retry", "{}",
                           {"Content-Type": "application/json"})
    assert again.status == 202, again.text()
    assert server.eventually_state(again.json()["id"], "succeeded", "failed")["text"] == shown("image.png", PNG)


def test_the_same_key_and_file_is_the_same_generation(server):
    def with_key(data):
        return send(server, {"model": "show"}, ("image", data, "cat.png", "image/png"), headers={"Idempotency-Key": "k"})

    first = with_key(PNG)
    assert with_key(PNG).json()["id"] == first.json()["id"]
    assert with_key(PNG + b"!").code == "idempotency_conflict"


def test_a_program_that_stays_gets_a_path_in_the_folder_of_its_run(server):
    for data in (PNG, b"x", b""):
        answer = send(server, {"model": "staying"}, ("image", data, "x.bin", ""))
        assert answer.json()["result"] == [len(data), True], answer.text()


def test_what_breaks_the_rule_is_refused_by_its_member(server, folder):
    for request, files, field, code in [
            ({"model": "show"}, [], "/input/image", "invalid_input"),
            ({"model": "show"}, [("image", b"x", "x.txt", "text/plain")], "/input/image", "invalid_input"),
            ({"model": "show"}, [("image", b"x" * (1 << 20) + b"x", "x.png", "image/png")], "/input/image", "invalid_input"),
            ({"model": "show"}, [("image", PNG, "x.png", "image/png"), ("other", b"x", "x", "image/png")],
             "/input/other", "invalid_input"),
            ({"model": "show", "input": {"image": "/etc/passwd"}}, [], "/input/image", "invalid_input"),
            ({"model": "show", "input": {"image": "file:///etc/passwd"}}, [], "/input/image", "invalid_input"),
            ({"model": "show", "input": {"image": {"file": "../../x"}}}, [], "/input/image", "invalid_input"),
            ({"model": "show", "input": {"image": "data:image/png,x"}}, [("image", PNG, "x.png", "image/png")],
             "/input/image", "invalid_input"),
            ({"model": "plain", "input": {"text": "data:,x"}}, [], "/input/text", "invalid_input"),
            ({"model": "quick", "input": {"prompt": "x"}}, [("image", PNG, "x.png", "image/png")], "/input/image",
             "invalid_input"),
            (None, [("image", PNG, "x.png", "image/png")], "/request", "invalid_request")]:
        answer = send(server, request, *files)
        assert (answer.status, answer.code, answer.json()["field"]) == (422, code, field), answer.text()
    assert send(server, {"model": "show"}, ("word", "x", None, None)).code == "unknown_field"
    many = [(f"f{i}", b"x", "x", "image/png") for i in range(17)]
    assert send(server, {"model": "show"}, *many).status == 422
    assert left(folder) == []


def test_a_file_is_its_callers(start, folder):
    server = start(CONFIG + SHOW + f'\n[files]\ndirectory = "{folder}"\nmin_free = 0\n' + keys_config())
    identifier = upload(server, headers=bearer("ann"))

    def ask(caller):
        return server.generate("show", {"image": {"file": identifier}}, bearer(caller))

    assert ask("ann").status == 200
    refused = ask("bob")
    assert refused.status == 422 and refused.json()["detail"].startswith("input.image names no file of yours")
    # And counts for its caller.
    large = send(server, {"model": "plain"}, ("text", b"x" * 2000, "x.txt", "text/plain"), headers=bearer("small"))
    assert large.status == 413 and large.code == "file_quota_exceeded", large.text()


def test_the_model_says_what_it_takes(server):
    schema = server.request("GET", "/v1/models/show").json()["input_schema"]["properties"]["image"]
    assert schema == {"type": "string", "format": "binary", "x-shunt-types": ["image/*"], "x-shunt-max-bytes": 1 << 20,
                      "x-shunt-urls": ["https", "data"]}
    document = server.request("GET", "/openapi.json").json()
    assert set(document["paths"]["/v1/generations"]["post"]["requestBody"]["content"]) == {
        "application/json", "multipart/form-data"}


def test_a_data_url_is_a_file(server):
    url = "data:image/webp;base64," + base64.b64encode(PNG).decode()
    assert show(server, url).json()["text"] == shown("image.webp", PNG)
    assert show(server, "data:image/png,%41b").json()["text"] == shown("image.png", b"Ab")
    assert show(server, "data:text/plain,x").code == "invalid_input"
    for broken in ("data:image/png;base64,A", "data:image/png"):
        assert (show(server, broken).status, show(server, broken).code) == (422, "file_not_fetched")


def test_a_url_is_fetched_once_and_without_credentials(server, listed):
    accepted = server.generate("show", {"image": f"{listed.url}/counting"}, {"Authorization": "Bearer secret"})
    assert accepted.json()["text"] == shown("image.png", b"1"), accepted.text()
    again = server.request("POST", f"/v1/generations/{accepted.json()['id']}/retry", "{}",
                           {"Content-Type": "application/json"})
    assert server.eventually_state(again.json()["id"], "succeeded")["text"] == shown("image.png", b"1")
    (path, headers), = listed.seen
    assert path == "/counting" and {name.lower() for name in headers} == {"host", "accept", "user-agent"}
    assert headers["Accept"] == "image/*"


def test_three_redirects_are_followed_and_each_is_checked(server, listed, authority):
    assert show(server, f"{listed.url}/on/3").json()["text"] == shown("image.png", PNG)
    assert all("Cookie" not in headers for _, headers in listed.seen)
    assert "more than 3 times" in show(server, f"{listed.url}/on/4").json()["detail"]

    def to(target):
        return show(server, f"{listed.url}/to/{base64.b64encode(target.encode()).decode()}")

    with https_server(authority, "127.0.0.2") as other:
        for target in (f"{other.url}/cat.png", f"https://[::ffff:127.0.0.2]:{other.server_port}/cat.png",
                       f"https://2130706434:{other.server_port}/cat.png", f"http://127.0.0.1:{listed.server_port}/cat.png",
                       "file:///etc/passwd", f"https://me:x@127.0.0.1:{listed.server_port}/cat.png",
                       "https://169.254.169.254/latest/meta-data"):
            answer = to(target)
            assert (answer.status, answer.code) == (422, "file_not_fetched"), (target, answer.text())
            assert "127.0" not in answer.json()["detail"] and "169.254" not in answer.json()["detail"]
        assert other.seen == []
    assert show(server, f"{listed.url}/nowhere").code == "file_not_fetched"


def test_addresses_within_are_not_connected_to(server, authority):
    with https_server(authority, "127.0.0.2") as other, socket.create_server(("127.0.0.1", 0)) as plain:
        port = other.server_port
        for host in ("127.0.0.2", "2130706434", "0x7f000002", "0177.0.0.2", "127.2", "[::ffff:127.0.0.2]",
                     "[::ffff:7f00:2]", "[64:ff9b::7f00:2]", "0.0.0.0", "[::1]", "[::]", "10.0.0.1", "169.254.169.254",
                     "100.64.0.1", "192.168.0.1", "[fd00::1]", "[fe80::1]", "224.0.0.1"):
            answer = show(server, f"https://{host}:{port}/cat.png")
            assert (answer.status, answer.code) == (422, "file_not_fetched"), (host, answer.text())
        assert other.seen == []
        # A listed address does not make plain HTTP one.
        assert show(server, f"http://127.0.0.1:{plain.getsockname()[1]}/").code == "invalid_input"
    # One that does not have a certificate which we know.
    with socket.create_server(("127.0.0.1", 0)) as closed:
        assert show(server, f"https://127.0.0.1:{closed.getsockname()[1]}/").code == "file_not_fetched"


def test_a_host_that_is_not_listed_is_not_asked(server, listed):
    answer = server.generate("hosts", {"text": f"{listed.url}/cat.png"})
    assert answer.code == "file_not_fetched" and listed.seen == []
    assert server.generate("hosts", {"text": "https://example.com.evil.test/"}).code == "file_not_fetched"


@pytest.mark.parametrize("path, why", [
    ("typed/text/html", "a type which"), ("untyped", "a type which"), ("large", "more than 1048576 bytes"),
    ("endless", "more than 1048576 bytes"), ("short", "broke the transfer off"), ("slow", "in time"), ("silent", "in time"),
    ("404", "status 404"), ("500", "status 500"), ("206", "status 206")])
def test_what_a_server_lies_about_or_is_slow_with_is_refused(server, listed, folder, path, why):
    begun = time.monotonic()
    answer = show(server, f"{listed.url}/{path}")
    assert (answer.status, answer.code, answer.json()["field"]) == (422, "file_not_fetched", "/input/image"), answer.text()
    assert why in answer.json()["detail"]
    assert time.monotonic() - begun < 15
    eventually(lambda: left(folder) == [])
    assert show(server, f"{listed.url}/cat.png").status == 200
