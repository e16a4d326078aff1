"""Where the servers, programs and stores of a service are is no caller's business: an error's answer, record and events
tell what happened, and the log tells where."""

import contextlib
import json
import shutil
import socket
import threading

import pytest

from forms import FORM, file_form
from waiting import eventually

NOWHERE = "no-such-host.invalid"


@pytest.fixture(scope="module")
def closed():
    """A port where nobody listens, and which nobody else is given."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture(scope="module")
def hanging_up():
    """A server that takes each connection and ends it without a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("a-place")


@pytest.fixture(scope="module")
def service(mode, closed, hanging_up, place):
    program = place / "a-program"
    program.write_text("#!/bin/sh\necho made\n")
    program.chmod(0o755)

    def server(name, address, driver="openai"):
        return (f'[models.{name}]\ndriver = "{driver}"\nbase_url = "http://{address}"\n'
                f'{"model = " + json.dumps("m") if driver == "openai" else ""}\nmax_retries = 0\n')

    config = "".join([
        server("refusing", closed), server("nameless", f"{NOWHERE}:1234"), server("hanging_up", hanging_up),
        server("container", closed, "cog"), server("unnamed_container", f"{NOWHERE}:1234", "cog"),
        server("silent_container", hanging_up, "cog"),
        f'[models.program]\ndriver = "command"\nargv = ["{program}"]\ninput_mode = "none"\nconfine = "off"\n',
        '[models.picture]\ndriver = "command"\nargv = ["/bin/sh", "-c", "echo made"]\ninput_mode = "none"\n'
        'output = "artifact"\nartifact_name = "a.png"\n',
        f'[files]\ndirectory = "{place}/files"\nmin_free = 0\n'])
    process = mode.start(config, {"SHUNT_ARTIFACTS_DIRECTORY": f"{place}/artifacts"})
    program.unlink()
    yield process
    process.stop()


def log_of(service):
    return service.log() + (service.worker_log() if hasattr(service, "worker") else "")


def failure_told(service, model):
    """All that a caller can read of a generation of the model that failed."""
    answer = service.generate(model, {"messages": [{"role": "user", "content": "x"}]}
                              if model in ("refusing", "nameless", "hanging_up") else {})
    assert answer.status >= 500, answer.text()
    made = answer.headers["shunt-generation-id"]
    events = service.request("GET", f"/v1/generations/{made}/events")
    return " ".join([answer.text(), json.dumps(service.record(made)), events.text(), str(dict(answer.headers))])


@pytest.mark.parametrize(("model", "code"), [
    ("refusing", "upstream_unreachable"), ("nameless", "upstream_unreachable"), ("hanging_up", "upstream_broken"),
    ("container", "upstream_unreachable"), ("unnamed_container", "upstream_unreachable"),
    ("silent_container", "upstream_broken"), ("program", "program_not_started")])
def test_a_failure_tells_where_only_in_the_log(service, closed, hanging_up, place, model, code):
    where = {"refusing": closed, "container": closed, "hanging_up": hanging_up, "silent_container": hanging_up,
             "program": f"{place}/a-program"}.get(model, NOWHERE)
    told = failure_told(service, model)
    assert code in told and where not in told and where.rsplit(":", 1)[-1] not in told, told
    lines = eventually(lambda: [line for line in log_of(service).splitlines() if where in line and model in line])
    assert any(code in line for line in lines), lines


@contextlib.contextmanager
def in_the_way(folder):
    """A file stands where the service's folder should be."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("in the way")
    yield
    folder.unlink()
    folder.mkdir()


def test_an_artifact_that_cannot_be_stored_names_no_folder(service, mode, place):
    if mode.name == "sync":
        pytest.skip("a generation that runs here keeps its artifacts in memory")
    folder = place / "artifacts"
    with in_the_way(folder):
        told = failure_told(service, "picture")
    assert "artifact_store_failed" in told and str(place) not in told, told
    assert eventually(lambda: str(folder) in log_of(service))


def test_a_file_that_cannot_be_stored_names_no_folder(service, place):
    folder = place / "files"
    with in_the_way(folder):
        answer = service.request("POST", "/v1/files", file_form(), FORM)
    assert answer.status == 502 and "file_store_failed" in answer.text(), answer.text()
    assert str(place) not in answer.text(), answer.text()
    assert eventually(lambda: str(folder) in service.log())
