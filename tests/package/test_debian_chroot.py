"""The packages on a bare Debian 12 with only apt: installed, started without systemd, asked by curl and by OpenAI's client,
upgraded with jobs in flight, reloaded, removed, purged. Opt-in, as it fetches a Debian: SHUNT_TEST_PACKAGES=1, root and
debootstrap. The version before is the same tree under a lower number: it is the packages' handling that is tested here, and
tests/upgrade has a binary of the version before."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "e2e" / "dialects")]

import built_packages  # noqa: E402
import debian_chroot  # noqa: E402
import pypi_packages  # noqa: E402
from installed_service import Service  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from waiting import eventually  # noqa: E402

pytestmark = pytest.mark.skipif(os.environ.get("SHUNT_TEST_PACKAGES") != "1", reason="SHUNT_TEST_PACKAGES=1 runs it")

ANY_PORT = {"SHUNT_SERVER_LISTEN": "127.0.0.1:0"}
CHAT = """
import sys
from openai import OpenAI
client = OpenAI(base_url=sys.argv[1] + "/v1", api_key="none")
print(client.chat.completions.create(model="simulator", messages=[{"role": "user", "content": "Hello"}]).choices[0].message.content)
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    return built_packages.make(tmp_path_factory.mktemp("new"))


@pytest.fixture(scope="module")
def packages_before(tmp_path_factory):
    return built_packages.make(tmp_path_factory.mktemp("old"), version="0.0.9")


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """Never installed into: each test has a copy."""
    if reason := debian_chroot.missing():
        pytest.skip(reason)
    return debian_chroot.Chroot(tmp_path_factory.mktemp("debian") / "bare")


@pytest.fixture
def chroot(bare, tmp_path):
    copy = object.__new__(debian_chroot.Chroot)
    copy.root = tmp_path / "root"
    subprocess.run(["cp", "-a", bare.root, copy.root], check=True)
    yield copy
    subprocess.run(["rm", "-rf", "--one-file-system", copy.root], check=True)


@pytest.fixture
def start(chroot):
    started = []

    def run(unit, ready, **environment):
        started.append(Service(chroot, unit, ready, **environment))
        return started[-1]

    yield run
    for service in started:
        service.kill()


def start_api(start, **environment):
    return start("shunt.service", "listening on", **ANY_PORT, **environment)


def test_the_first_generation_is_there_within_a_minute_and_without_a_compiler(chroot, packages, start):
    python = pypi_packages.python_with(ROOT / "tests/e2e/dialects/clients/requirements.txt")
    began = time.monotonic()
    chroot.install(packages["shunt"])
    api = start_api(start)
    said = subprocess.run(["curl", "-sS", "--fail", "--json", '{"model": "simulator", "input": {"prompt": "Hello"}}',
                           f"{api.url}/v1/generations"], capture_output=True, text=True, timeout=60)
    assert said.returncode == 0 and '"succeeded"' in said.stdout, said
    chat = subprocess.run([python, "-c", CHAT, api.url], capture_output=True, text=True, timeout=60)
    assert chat.returncode == 0 and chat.stdout.strip(), chat.stderr
    assert time.monotonic() - began < 60
    for compiler in ("cc", "gcc", "g++", "c++", "clang", "make", "cmake"):
        assert not chroot.has(f"/usr/bin/{compiler}"), compiler
    assert not chroot.has("/usr/bin/systemctl")


def test_the_service_runs_as_a_user_of_its_own_that_owns_its_folder_alone(chroot, packages, start):
    chroot.install(packages["shunt"])
    name, _, number, group, _, home, shell = chroot.run("getent", "passwd", "shunt").strip().split(":")
    assert (name, home, shell) == ("shunt", "/var/lib/shunt", "/usr/sbin/nologin")
    assert start_api(start).user_id == int(number) != 0
    assert chroot.run("stat", "-c", "%U:%G %a", "/var/lib/shunt").strip() == "shunt:shunt 750"
    assert chroot.run("stat", "-c", "%U:%G %a", "/etc/shunt/shunt.toml").strip() == "root:root 644"
    assert "is valid" in chroot.run("shunt", "config", "check", SHUNT_CONFIG="/etc/shunt/shunt.toml")


def queue_mode(redis):
    return {"QUEUE_ENABLED": "true", "REDIS_URL": redis.url, "SHUNT_SHUTDOWN_GRACE": "3s"}


def slow(api, tokens):
    request = {"model": "simulator", "input": {"prompt": "hello", "tokens": tokens, "token_gap_ms": 100}}
    made = api.ask("/v1/generations", request, Prefer="respond-async")
    return made["id"]


def states(api, ids):
    return [api.ask(f"/v1/generations/{number}")["state"] for number in ids]


def test_an_upgrade_with_jobs_in_flight_loses_none(chroot, packages, packages_before, start):
    redis = RedisServer(aof=True)
    try:
        chroot.install(packages_before["shunt"])
        worker = start("shunt-worker@.service", "working", **queue_mode(redis))
        api = start_api(start, **queue_mode(redis))
        ids = [slow(api, tokens) for tokens in (60, 60, 60, 60, 60, 60)]
        eventually(lambda: "running" in states(api, ids))
        (chroot.root / "etc/shunt/shunt.toml").open("a").write("# The administrator was here.\n")
        chroot.install(packages["shunt"])
        # What runs is not disturbed: without systemd nobody restarts it.
        assert worker.process.poll() is None and api.process.poll() is None
        version = chroot.run("dpkg-query", "--show", "--showformat", "${Version}", "shunt")
        assert version == built_packages.field_of(packages["shunt"], "Version")
        assert (chroot.root / "etc/shunt/shunt.toml").read_text().endswith("# The administrator was here.\n")
        assert api.stop() == 0
        assert worker.stop() == 0
        worker = start("shunt-worker@.service", "working", **queue_mode(redis))
        api = start_api(start, **queue_mode(redis))
        eventually(lambda: set(states(api, ids)) == {"succeeded"}, patience=120)
    finally:
        redis.close()


def test_a_reload_takes_the_changed_configuration(chroot, packages, start):
    chroot.install(packages["shunt"])
    api = start_api(start)
    file = chroot.root / "etc/shunt/shunt.toml"
    file.write_text(file.read_text() + '\n[models.another]\ndriver = "simulator"\n')
    chroot.run("shunt", "reload", "--url", api.url)
    assert "another" in str(api.ask("/v1/models"))
    file.write_text(file.read_text() + '\n[models.third]\ndriver = "simulator"\n')
    api.signal(signal.SIGHUP)
    eventually(lambda: "third" in str(api.ask("/v1/models")))


def test_remove_keeps_what_the_administrator_has_and_purge_keeps_nothing(chroot, packages, start):
    chroot.install(packages["shunt"])
    start_api(start).stop()
    (chroot.root / "var/lib/shunt/artifacts").mkdir(exist_ok=True)
    (chroot.root / "etc/shunt/shunt.env").write_text("QUEUE_ENABLED=false\n")
    chroot.run("apt-get", "remove", "-y", "shunt")
    assert not chroot.has("/usr/bin/shunt") and not chroot.has("/usr/lib/systemd/system/shunt.service")
    assert chroot.has("/etc/shunt/shunt.toml") and chroot.has("/var/lib/shunt/artifacts")
    chroot.run("apt-get", "purge", "-y", "shunt")
    assert not chroot.has("/etc/shunt") and not chroot.has("/var/lib/shunt")
    assert chroot.run("getent", "passwd", "shunt").startswith("shunt:")  # postrm says why
    chroot.install(packages["shunt"])
    assert chroot.has("/var/lib/shunt") and chroot.has("/etc/shunt/shunt.toml")


def test_a_program_is_built_with_the_library_packages_and_runs_with_the_runtime_alone(chroot, packages):
    chroot.install(packages["libbullmq1"], packages["libbullmq-dev"])
    chroot.run("apt-get", "install", "-y", "--no-install-recommends", "g++", "pkg-config")
    source = ROOT / "tests/package/bullmq_consumer/main.cpp"
    (chroot.root / "main.cpp").write_bytes(source.read_bytes())
    chroot.run("sh", "-c", "g++ -std=c++20 main.cpp $(pkg-config --cflags --libs bullmq) -o /usr/local/bin/consumer")
    chroot.run("apt-get", "purge", "-y", "--auto-remove", "libbullmq-dev", "g++", "pkg-config")
    chroot.install(packages["libbullmq1"])
    assert chroot.run("consumer").startswith("compatible with BullMQ ")
