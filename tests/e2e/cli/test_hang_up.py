"""SIGHUP: a terminal that goes ends the process as SIGTERM does; without one the configuration is read again."""

import contextlib
import hashlib
import os
import pty
import re
import signal
import subprocess

import pytest

from conftest import PATIENCE, clean_environment
from gate import Gate
from waiting import eventually

MODEL = '\n[models.simulator]\ndriver = "simulator"\n'


def key(name, more=""):
    digest = hashlib.sha256(f"secret-{name}".encode()).hexdigest()
    return f'\n[[server.keys]]\nname = "{name}"\nsha256 = "{digest}"\n{more}'


def bearer(name):
    return {"Authorization": f"Bearer secret-{name}"}


def status(service, name, path="/v1/models"):
    return service.request("GET", path, headers=bearer(name))[0]


def reload(service, times=1):
    """Asks for it and waits until the log tells what became of it."""
    service.signal(signal.SIGHUP)
    eventually(lambda: len(re.findall(r"service\.reload(ed|_rejected)", service.log())) >= times, "the reload")


@pytest.fixture
def service(shunt):
    """A service of a session without a terminal, as a service manager starts it."""
    shunt.write("shunt.toml", MODEL + key("ann"))
    service = shunt.serve(environment={"SHUNT_PROCESS": "1"})
    return service


@pytest.fixture(autouse=True)
def without_terminal(shunt, monkeypatch):
    popen = shunt.popen
    monkeypatch.setattr(shunt, "popen", lambda *a, **o: popen(*a, start_new_session=True, **o))


def test_a_reload_takes_keys_limits_and_the_log_level(shunt, service):
    assert (status(service, "ann"), status(service, "bob")) == (200, 401)
    shunt.write("shunt.toml", '[log]\nlevel = "debug"\n[server]\nmax_header_bytes = "1KiB"\n' + MODEL
                + key("ann", 'scopes = ["metrics"]\n') + key("bob"))
    reload(service)
    assert (status(service, "ann", "/v1/generations"), status(service, "bob")) == (403, 200)
    assert service.request("GET", "/healthz", headers={"X": "x" * 2000})[0] == 431
    eventually(lambda: "http.request" in service.log(), "the debug lines")
    line = next(line for line in service.log().splitlines() if "service.reloaded" in line)
    assert "server.keys.bob" in line and "server.max_header_bytes" in line and "log.level" in line
    assert "secret" not in service.log()


def test_a_removed_key_opens_nothing_any_more(shunt, service):
    shunt.write("shunt.toml", MODEL + key("bob"))
    reload(service)
    assert (status(service, "ann"), status(service, "bob")) == (401, 200)


@pytest.mark.parametrize("text", ["[server\n", MODEL + "[server]\nmax_connections = -1\n" + key("bob"),
                                  MODEL + key("bob") + key("bob"), ""])
def test_a_file_with_a_mistake_is_rejected_as_a_whole(shunt, service, text):
    shunt.write("shunt.toml", text)
    reload(service)
    assert (status(service, "ann"), status(service, "bob")) == (200, 401)
    line = next(line for line in service.log().splitlines() if "service.reload_rejected" in line)
    assert "reason=" in line and " error " in line
    shunt.write("shunt.toml", MODEL + key("ann") + key("bob"))
    reload(service, 2)
    assert status(service, "bob") == 200
    metrics = service.request("GET", "/metrics", headers=bearer("ann"))[2].decode()
    assert 'shunt_config_reloads_total{outcome="taken"} 1' in metrics
    assert 'shunt_config_reloads_total{outcome="rejected"} 1' in metrics


def test_what_needs_a_restart_is_named_and_left(shunt, service):
    shunt.write("shunt.toml", '[server]\nthreads = 7\n[store]\nmax_generations = 3\n' + MODEL + key("ann"))
    reload(service)
    # It is told behind the reload itself.
    eventually(lambda: "service.restart_needed" in service.log(), "what needs a restart")
    line = next(line for line in service.log().splitlines() if "service.restart_needed" in line)
    for name in ("server.threads", "store.max_generations"):
        assert name in line
    metrics = service.request("GET", "/metrics", headers=bearer("ann"))[2].decode()
    assert "shunt_config_restart_needed 2" in metrics


def test_the_last_key_of_a_public_address_stays(shunt):
    shunt.write("shunt.toml", MODEL + key("ann"))
    service = shunt.serve(listen="0.0.0.0:0")
    shunt.write("shunt.toml", MODEL)
    reload(service)
    assert "service.reload_rejected" in service.log()
    assert service.request("GET", "/v1/models")[0] == 401


def test_what_runs_goes_on_through_a_reload(shunt):
    gate = Gate(shunt.folder)
    shunt.write("shunt.toml", gate.model("gated"))
    service = shunt.serve()
    client = service.generate_in_background("gated", {})
    service.wait_until_running()
    reload(service)
    gate.open()
    client.join()
    assert client.answer[0] == 200


def test_a_worker_reloads_too(shunt, redis):
    shunt.write("shunt.toml", MODEL)
    worker = shunt.worker(environment={"REDIS_URL": redis.url})
    shunt.write("shunt.toml", '[log]\nlevel = "debug"\n' + MODEL)
    reload(worker)
    assert "service.reloaded" in worker.log() and "restart_needed" not in worker.log()
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0


class OnATerminal:
    """`shunt serve` as the leader of a session with a terminal of its own."""

    def __init__(self, shunt, *before):
        shunt.write("shunt.toml", MODEL + '[shutdown]\ngrace = "10s"\n')
        self.log_path = shunt.folder / "terminal.log"
        self.master, slave = pty.openpty()
        environment = clean_environment()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [*before, shunt.binary, "serve", "--listen", "127.0.0.1:0"], cwd=shunt.folder, env=environment,
                stdin=slave, stdout=subprocess.PIPE, stderr=log, start_new_session=True,
                preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0))
        os.close(slave)
        self.port = int(self.process.stdout.readline().decode().rsplit(":", 1)[1])

    def log(self):
        return self.log_path.read_text()

    def hang_up(self):
        os.close(self.master)
        self.master = None

    def close(self):
        if self.master is not None:
            self.hang_up()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def on_a_terminal(shunt):
    started = []

    def start(*before):
        started.append(OnATerminal(shunt, *before))
        return started[-1]

    yield start
    for each in started:
        each.close()


def test_a_terminal_that_goes_ends_the_service_in_order(on_a_terminal):
    service = on_a_terminal()
    service.hang_up()
    assert service.process.wait(PATIENCE) == 0
    assert "service.stopping signal=1" in service.log() and "service.stopped" in service.log()
    assert "service.reload" not in service.log()


def test_by_hand_from_a_terminal_it_reloads(on_a_terminal):
    service = on_a_terminal()
    service.process.send_signal(signal.SIGHUP)
    eventually(lambda: "service.reloaded" in service.log(), "the reload")
    assert service.process.poll() is None


def test_under_nohup_nothing_happens(on_a_terminal):
    service = on_a_terminal("/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh")
    service.hang_up()
    service.process.send_signal(signal.SIGHUP)
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(PATIENCE) == 0
    assert "signal=15" in service.log() and "service.reload" not in service.log()


def test_a_shell_that_ends_takes_the_service_with_it(on_a_terminal):
    """It hangs up first and lets go of the terminal afterwards, whose other side stays open."""
    # It counts in between: a program to sleep with takes a busy machine longer to start than the service waits.
    script = """trap 'kill -HUP $!; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done; exit 0' USR1; "$@" & wait"""
    shell = on_a_terminal("/bin/sh", "-c", script, "sh")
    try:
        shell.process.send_signal(signal.SIGUSR1)
        assert shell.process.wait(PATIENCE) == 0
        eventually(lambda: "service.stopped" in shell.log(), "the end of the service")
        assert "service.stopping signal=1" in shell.log() and "service.reload" not in shell.log()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.process.pid, signal.SIGKILL)
