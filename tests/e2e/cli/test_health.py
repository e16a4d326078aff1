"""`shunt health`: the exit code is what a probe says, and its one line is what somebody reads who asks why."""

import http.server
import socket
import threading
import time

import pytest

from canned_service import CannedService
from ports import free_port
from waiting import eventually


MODEL = '[models.words]\ndriver = "simulator"\n'


def health(shunt, *arguments, environment=None):
    answer = shunt.run("health", *arguments, environment=environment)
    return answer.returncode, answer.stdout.decode(), answer.stderr.decode()


@pytest.fixture
def canned():
    service = CannedService()
    yield service
    service.stop()


@pytest.fixture
def silent():
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_a_process_that_serves_is_healthy_where_the_configuration_says(shunt):
    service = shunt.serve()
    for setting in (f"127.0.0.1:{service.port}", f"0.0.0.0:{service.port}"):
        code, told, complaint = health(shunt, "--set", f"server.listen={setting}")
        assert (code, complaint) == (0, "")
        assert told == f"http://127.0.0.1:{service.port}/healthz answers 200\n"
    shunt.write("shunt.toml", f'[server]\nlisten = "127.0.0.1:{service.port}"\n{MODEL}')
    assert health(shunt)[0] == 0


def test_a_key_is_not_needed(shunt):
    key = shunt.run("config", "hash-key", stdin=b"secret").stdout.decode().strip()
    shunt.write("shunt.toml", f'[[server.keys]]\nname = "one"\nsha256 = "{key}"\n{MODEL}')
    service = shunt.serve()
    assert service.request("GET", "/v1/models")[0] == 401
    assert health(shunt, "--url", f"127.0.0.1:{service.port}/")[0] == 0


def test_where_nobody_listens_nobody_is_healthy(shunt):
    port = free_port()
    code, told, complaint = health(shunt, "--set", f"server.listen=127.0.0.1:{port}")
    assert (code, told) == (1, "")
    assert complaint.startswith(f"shunt: no answer from http://127.0.0.1:{port}/healthz: ") and complaint.count("\n") == 1


def test_one_that_does_not_answer_in_time_is_not_healthy(shunt, silent):
    began = time.monotonic()
    code, _, complaint = health(shunt, "--url", silent, "--timeout", "200ms")
    assert code == 1 and "no answer from" in complaint
    assert time.monotonic() - began < 10


def test_an_api_without_redis_is_healthy_and_not_ready_and_says_why(shunt):
    settings = {"QUEUE_ENABLED": "true", "REDIS_URL": f"redis://127.0.0.1:{free_port()}"}
    service = shunt.serve(environment=settings)
    here = ["--url", f"http://127.0.0.1:{service.port}"]
    assert health(shunt, *here)[0] == 0
    eventually(lambda: health(shunt, *here, "--ready")[2].endswith("Connection refused\n"), "it has noticed")
    code, _, complaint = health(shunt, *here, "--ready")
    assert code == 1 and "/readyz answers 503: cannot connect to 127.0.0.1:" in complaint


def test_an_api_that_takes_generations_is_ready(shunt):
    service = shunt.serve()
    assert health(shunt, "--ready", "--url", f"http://127.0.0.1:{service.port}")[0] == 0


def test_a_worker_is_asked_where_its_probes_are(shunt, redis):
    variables = {"REDIS_URL": redis.url, "SHUNT_WORKER_LISTEN": f"127.0.0.1:{free_port()}"}
    assert health(shunt, "--worker", environment=variables)[0] == 1
    worker = shunt.worker(environment=variables)
    assert worker.probes == f"http://{variables['SHUNT_WORKER_LISTEN']}"
    assert health(shunt, "--worker", environment=variables)[0] == 0
    only_worker = {**variables, "QUEUE_ENABLED": "true", "SHUNT_ROLES": "worker"}
    assert worker.probes in health(shunt, environment=only_worker)[1], "as its configuration says what it is"
    worker.stop()
    assert health(shunt, "--worker", environment=variables)[0] == 1


@pytest.mark.parametrize("arguments, words", [
    (["--worker"], "worker.listen"),
    (["--worker", "--set", "worker.listen=127.0.0.1:0"], "worker.listen"),
    (["--set", "server.listen=127.0.0.1:0"], "server.listen"),
    (["--set", "server.listen=nonsense"], "server.listen"),
    (["--config", "absent.toml"], "absent.toml")])
def test_a_configuration_that_says_nowhere_is_told_apart_from_a_process_that_does_not_serve(shunt, arguments, words):
    began = time.monotonic()
    code, told, complaint = health(shunt, *arguments, "--wait", "1m")
    assert (code, told) == (78, "") and words in complaint
    assert time.monotonic() - began < 30, "waiting would not make it better"


@pytest.mark.parametrize("arguments", [["--timeout", "0s"], ["--timeout", "soon"], ["--wait", "-1s"], ["--nonsense"]])
def test_a_command_line_that_makes_no_sense_is_refused(shunt, arguments):
    code, told, complaint = health(shunt, *arguments)
    assert (code, told) == (2, "") and arguments[0] in complaint


def test_waiting_ends_as_soon_as_the_process_serves(shunt):
    port = free_port()
    waiting = shunt.popen("health", "--wait", "60s", "--url", f"http://127.0.0.1:{port}")
    time.sleep(0.2)
    assert waiting.poll() is None
    shunt.serve(listen=f"127.0.0.1:{port}")
    assert waiting.wait(timeout=60) == 0


def test_waiting_has_an_end(shunt):
    began = time.monotonic()
    code, _, complaint = health(shunt, "--wait", "300ms", "--url", f"http://127.0.0.1:{free_port()}")
    assert code == 1 and complaint.count("\n") == 1, "the last look's words alone"
    assert 0.3 <= time.monotonic() - began < 30


@pytest.mark.parametrize("status", [204, 301, 404, 500, 503])
def test_only_200_is_healthy(shunt, canned, status):
    canned.answers["GET", "/healthz"] = (status, {"reason": "words"})
    code, told, complaint = health(shunt, "--url", canned.url)
    assert (code, told) == (1, "")
    assert str(status) in complaint or "no answer" in complaint


@pytest.mark.parametrize("document", [
    {"reason": "\x1b[2J\u202e" + "x" * 5000}, {"reason": 7}, ["reason"], "text", None, {"reason": "a\nb\rc"}])
def test_what_a_stranger_answers_makes_one_short_line_without_control_characters(shunt, canned, document):
    canned.answers["GET", "/healthz"] = (503, [document] if isinstance(document, list) else document)
    code, _, complaint = health(shunt, "--url", canned.url)
    assert code == 1 and complaint.count("\n") == 1 and len(complaint) < 600
    assert "\x1b" not in complaint and "\u202e" not in complaint and "\r" not in complaint


def test_an_answer_that_does_not_end_is_not_read_for_ever(shunt):
    class Endless(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"x" * 65536)
            except OSError:
                pass

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        code, _, complaint = health(shunt, "--url", f"http://127.0.0.1:{server.server_port}")
        assert code == 1 and "no answer from" in complaint
    finally:
        server.shutdown()
        server.server_close()
