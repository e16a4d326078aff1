"""docker-compose.yml's services run from the image's file system, as its user, with the limits that the file sets."""

import json
import re
import time
from pathlib import Path

import pytest

import pypi_packages
from deployment import Deployment, copy_of, redis_image
from runtime_spec import size
from waiting import eventually

URL = "http://127.0.0.1:8080"
CHAT = """
import sys
from openai import OpenAI
client = OpenAI(base_url=sys.argv[1] + "/v1", api_key="none")
print(client.chat.completions.create(model="simulator", messages=[{"role": "user", "content": "Hello"}]).choices[0].message.content)
"""
SIMULATED = json.dumps({"model": "simulator", "input": {"prompt": "Hello", "tokens": 3}})
SPOKEN = json.dumps({"model": "speech", "input": {"text": "Hello from Shunt"}})


@pytest.fixture(scope="session")
def redis(debian, tmp_path_factory):
    return redis_image(copy_of(debian, tmp_path_factory.mktemp("redis") / "root"))


@pytest.fixture
def deploy(image, container_root, tmp_path):
    started = []

    def make(redis=None, **environment):
        images = {"shunt": (container_root, image.config), **({"redis": redis} if redis else {})}
        started.append(Deployment(tmp_path, images, **environment))
        return started[-1]

    yield make
    for deployment in started:
        deployment.close()


def post(deployment, body, *options):
    return deployment.ask("curl", "-sS", "--fail-with-body", *options, "--json", body, f"{URL}/v1/generations")


def status_of(pid):
    return dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


def shunt_in(container):
    """The process below the init, as this machine counts."""
    first = container.pid()
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    return int(children[0]) if children else first


def limit_of(pid, controller, *files):
    """What a control group says, of version 1 or 2."""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return Path(f"/sys/fs/cgroup/{controller}{path}/{files[0]}").read_text().strip()
    path = Path(f"/proc/{pid}/cgroup").read_text().split("0::", 1)[1].strip()
    return Path(f"/sys/fs/cgroup{path}/{files[1]}").read_text().strip()


def test_the_first_generation_is_there_within_a_minute_by_curl_and_by_openais_client(deploy):
    python = pypi_packages.python_with(Path(__file__).parents[1] / "e2e/dialects/clients/requirements.txt")
    deployment = deploy()
    began = time.monotonic()
    api = deployment.start("api")
    deployment.until_healthy("api")
    answer = post(deployment, SIMULATED)
    assert answer.returncode == 0 and '"succeeded"' in answer.stdout, answer
    chat = deployment.ask(python, "-c", CHAT, URL)
    assert chat.returncode == 0 and chat.stdout.strip(), chat.stderr
    assert time.monotonic() - began < 60
    assert api.stop() == 0, api.log()


def test_speech_is_made_by_a_program_of_the_image(deploy, tmp_path):
    deployment = deploy()
    deployment.start("api")
    deployment.until_healthy("api")
    wave = tmp_path / "hello.wav"
    answer = post(deployment, SPOKEN, "-H", "Accept: audio/wav", "--output", wave)
    assert answer.returncode == 0, answer
    assert wave.read_bytes()[:4] == b"RIFF" and wave.stat().st_size > 10_000


def test_a_container_may_do_no_more_than_the_file_says(deploy):
    deployment = deploy()
    api, service = deployment.start("api"), deployment.service("api")
    deployment.until_healthy("api")
    pid = shunt_in(api)
    told = status_of(pid)
    assert told["Uid"].split() == ["10001"] * 4 and told["Gid"].split() == ["10001"] * 4
    assert {told[f"Cap{kind}"].strip() for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert told["NoNewPrivs"].strip() == "1" and told["Seccomp"].strip() == "2"
    assert limit_of(pid, "memory", "memory.limit_in_bytes", "memory.max") == str(size(service["mem_limit"]))
    assert limit_of(pid, "pids", "pids.max", "pids.max") == str(service["pids_limit"])
    mounted = {line.split()[4]: line.split()[5].split(",")
               for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()}
    assert "ro" in mounted["/"]
    assert "rw" in mounted["/tmp"] and "rw" in mounted["/var/lib/shunt/artifacts"]


def test_there_is_nothing_in_a_container_to_run_beside_what_is_meant(deploy):
    deployment = deploy()
    api = deployment.start("api")
    deployment.until_healthy("api")
    for program in ("sh", "/bin/sh", "bash", "apt-get", "dpkg", "busybox"):
        done = api.run(program, "-c", "true")
        assert done.returncode != 0 and ("not found" in done.stderr or "no such file" in done.stderr), done
    assert re.fullmatch(r"shunt \d+\.\d+\.\d+\n", api.run("shunt", "version").stdout)


def test_the_health_check_fails_when_the_process_serves_no_more(deploy):
    deployment = deploy()
    api = deployment.start("api")
    deployment.until_healthy("api")
    assert "200" in deployment.health("api").stdout
    elsewhere = api.run("shunt", "health", "--url", "http://127.0.0.1:9", "--timeout", "1s")
    assert elsewhere.returncode == 1 and "127.0.0.1:9" in elsewhere.stderr
    not_ready = api.run("shunt", "health", "--worker")
    assert not_ready.returncode == 78 and "worker.listen" in not_ready.stderr


def test_the_image_alone_serves_nobody_without_a_key(deploy):
    api = deploy().start("api", environment={})
    assert api.process.wait(60) == 78
    assert "server.keys" in api.log()


def test_the_queue_runs_generations_in_the_workers_container(deploy, redis):
    deployment = deploy(redis, QUEUE_ENABLED="true")
    api = deployment.start("api")
    deployment.until_healthy("api")  # without Redis
    deployment.start("redis")
    deployment.until_healthy("redis")
    worker = deployment.start("worker")
    deployment.until_healthy("worker")
    eventually(lambda: api.run("shunt", "health", "--ready").returncode == 0, "the API has found Redis")
    answer = post(deployment, SIMULATED)
    assert answer.returncode == 0 and json.loads(answer.stdout)["state"] == "succeeded", answer
    spoken = post(deployment, SPOKEN)
    assert spoken.returncode == 0, spoken
    assert list(deployment.volumes["artifacts"].rglob("*")), "the worker wrote where the API reads"
    mode = deployment.ask("curl", "-sS", f"{URL}/readyz")
    assert json.loads(mode.stdout)["executor"] == "queue", mode
    assert status_of(shunt_in(worker))["Uid"].split() == ["10001"] * 4
    assert worker.stop() == 0 and api.stop() == 0, worker.log() + api.log()
