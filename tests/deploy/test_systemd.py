"""deploy/systemd: systemd accepts the units, finds them hardened, and their commands run."""

import re
import signal
import subprocess

import pytest

import compose
from ports import free_port
from waiting import eventually

FOLDER = compose.ROOT / "deploy" / "systemd"
UNITS = {"shunt.service": "shunt.service", "shunt-worker@.service": "shunt-worker@1.service"}


def settings(unit):
    found = {}
    for line in (FOLDER / unit).read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            found.setdefault(name, []).append(value)
    return found


@pytest.fixture
def installed(programs):
    """The units, with this build's binary and documentation in the place of the installed ones."""
    for unit, instance in UNITS.items():
        text = (FOLDER / unit).read_text().replace("/usr/local/bin/shunt", programs.shunt)
        text = text.replace("/usr/local/share/doc/shunt", str(compose.ROOT))
        (programs.folder / unit).write_text(text)
        (programs.folder / instance).write_text(text)
    return programs.folder


def analyze(folder, *arguments):
    return subprocess.run(["systemd-analyze", *arguments], cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("unit", UNITS.values())
def test_systemd_has_no_complaint(installed, unit):
    done = analyze(installed, "verify", "--man=no", f"./{unit}")
    complaints = [line for line in done.stderr.splitlines() if "shunt" in line]
    assert (done.returncode, complaints) == (0, [])


def test_systemd_complains_about_a_mistake(installed):
    path = installed / "shunt.service"
    path.write_text(path.read_text().replace("Restart=always", "Restart=sometimes"))
    assert "sometimes" in analyze(installed, "verify", "--man=no", "./shunt.service").stderr


@pytest.mark.parametrize("unit", UNITS.values())
def test_a_service_is_hardened(installed, unit):
    done = analyze(installed, "security", "--offline=yes", "--no-pager", "--threshold=25", f"./{unit}")
    assert done.returncode == 0, done.stdout[-300:]  # 2.5 of 10 at most


@pytest.mark.parametrize("unit", UNITS)
def test_a_service_has_bounds_and_leaves_no_core_file(unit):
    found = settings(unit)
    assert found["LimitCORE"] == ["0"] and int(found["TasksMax"][0]) > 0
    assert re.fullmatch(r"\d+G", found["MemoryMax"][0])


def test_only_root_reads_the_file_with_the_password():
    installing = (compose.ROOT / "deploy" / "README.md").read_text()
    assert re.search(r"install -m 600 deploy/systemd/shunt\.env\.example", installing)


@pytest.mark.parametrize("unit", UNITS)
def test_a_service_has_time_to_drain_and_no_dependency_on_redis(unit):
    found = settings(unit)
    assert found["KillSignal"] == ["SIGTERM"] and found["KillMode"] == ["mixed"]
    assert int(re.fullmatch(r"(\d+)s", found["TimeoutStopSec"][0]).group(1)) >= 30 + 2 * 10 + 5  # shutdown.grace, stop_grace
    assert found["RestartPreventExitStatus"] == ["78"] and found["Restart"] == ["always"]
    assert not {"Requires", "BindsTo", "Requisite", "PartOf"} & set(found)
    assert not [value for values in found.values() for value in values if "redis" in value.lower()]


def environment(programs, redis, **more):
    """shunt.env.example with this test's Redis, and what systemd adds."""
    lines = (FOLDER / "shunt.env.example").read_text().splitlines()
    listed = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    listed["REDIS_URL"] = redis.url
    listed["SHUNT_CONFIG"] = str(compose.ROOT / "config" / "shunt.toml")
    return {**listed, "STATE_DIRECTORY": str(programs.folder / "state"), **more}


def command(unit, programs, setting="ExecStart"):
    text = settings(unit)[setting][0].removeprefix("-").replace("/usr/local/bin/shunt", programs.shunt)
    return text.replace("%H", "host").replace("%i", "1").split()


def test_starting_the_api_is_over_when_it_serves(programs, redis):
    listening = environment(programs, redis, SHUNT_SERVER_LISTEN=f"127.0.0.1:{free_port()}")
    waiting = programs.start(command("shunt.service", programs, "ExecStartPost"), "waiting", listening)
    programs.api(command=command("shunt.service", programs), environment=listening)
    assert waiting.wait() == 0, waiting.log()
    # Whatever it says, the service goes on.
    assert settings("shunt.service")["ExecStartPost"][0].startswith("-")


def test_the_units_commands_run_a_generation_whatever_the_shared_switch_says(programs, redis):
    worker = programs.start(command("shunt-worker@.service", programs), "worker", environment(programs, redis))
    worker.until_it_says("working")
    listen = {"SHUNT_SERVER_LISTEN": "127.0.0.1:0"}
    ask = ("simulator", {"prompt": "hello", "tokens": 2, "first_token_ms": 0})
    api = programs.api(command=command("shunt.service", programs), environment=environment(programs, redis, **listen))
    assert api.generate(*ask)[0] == 200 and redis("EXISTS", "{shunt}::gen:index") == 0
    api.signal(signal.SIGTERM)
    assert api.wait() == 0
    on = environment(programs, redis, **listen, QUEUE_ENABLED="true")
    api = programs.api(command=command("shunt.service", programs), environment=on)
    eventually(lambda: api.status("/readyz") == 200, "it has found Redis")
    assert api.generate(*ask)[0] == 200 and redis("ZCARD", "{shunt}::gen:index") == 1
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0


def test_a_configuration_that_cannot_be_used_is_not_tried_again(programs):
    done = programs.run(command("shunt.service", programs), {"QUEUE_ENABLED": "banana"})
    assert str(done.returncode) == settings("shunt.service")["RestartPreventExitStatus"][0]
