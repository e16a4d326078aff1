"""docker-compose.yml: docker-compose accepts it, and its own commands go through the flip on this machine."""

import json
import re
import signal
from pathlib import Path

import pytest

import compose
from ports import free_port
from waiting import eventually

PASSWORD = "c0ffee5ecret"
SET = {"REDIS_PASSWORD": PASSWORD}


def services(model):
    return model["services"]


def active(model):
    return {name for name, service in services(model).items() if not service.get("profiles")}


def size(text):
    number, unit = re.fullmatch(r"(\d+) ?([kmg])b?", text.lower()).groups()
    return int(number) * 1024 ** " kmg".index(unit)


def test_compose_up_alone_starts_the_api_in_sync_mode_and_nothing_else():
    model = compose.config()
    assert active(model) == {"api"}
    assert services(model)["api"]["environment"]["QUEUE_ENABLED"] == "false"
    assert services(model)["api"]["ports"] == ["127.0.0.1:8080:8080/tcp"]


def test_the_queue_profile_adds_redis_and_workers_without_a_dependency_of_the_api():
    model = compose.config("--profile", "queue", environment={**SET, "QUEUE_ENABLED": "true"})
    assert {name for name, service in services(model).items() if service.get("profiles") == ["queue"]} == \
        {"redis", "worker"}
    api, worker = services(model)["api"], services(model)["worker"]
    assert "depends_on" not in api and not any("redis" in str(check) for check in api["healthcheck"]["test"])
    assert worker["depends_on"] == {"redis": {"condition": "service_healthy"}}
    assert api["environment"]["REDIS_URL"] == worker["environment"]["REDIS_URL"] == f"redis://:{PASSWORD}@redis:6379/0"
    assert (api["environment"]["QUEUE_ENABLED"], worker["environment"]["QUEUE_ENABLED"]) == ("true", "true")
    assert api["volumes"] == worker["volumes"] == ["artifacts:/var/lib/shunt/artifacts:rw"]
    assert api["image"] == worker["image"]


def test_redis_is_pinned_keeps_what_it_has_and_fits_its_container():
    redis = services(compose.config(environment=SET))["redis"]
    assert redis["image"].startswith("redis:7.2-bookworm@sha256:")
    command = redis["command"][-1]
    options = dict(re.findall(r"--([\w-]+) (\S+)", command))
    assert (options["appendonly"], options["appendfsync"], options["maxmemory-policy"]) == \
        ("yes", "everysec", "noeviction")
    assert size(options["maxmemory"]) <= 0.75 * size(redis["mem_limit"])
    assert redis["volumes"] == [f"redis:{options['dir']}:rw"]
    assert "ports" not in redis and PASSWORD not in command, "inside the network, and no secret in a command line"


def test_no_container_may_do_more_than_it_must():
    for name, service in services(compose.config("--profile", "queue", environment=SET)).items():
        assert service["cap_drop"] == ["ALL"] and service["read_only"] is True, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert int(service["mem_limit"]) > 0 if str(service["mem_limit"]).isdigit() else size(service["mem_limit"]), name
        assert service["pids_limit"] > 0, name
        assert any(mount.startswith("/tmp:") for mount in service["tmpfs"]), f"{name}: a program's folder is there"


def test_images_are_those_of_a_digest():
    images = re.findall(r"^ARG \w+_IMAGE=(\S+)$", (compose.ROOT / "Dockerfile").read_text(), re.M)
    images.append(services(compose.config(environment=SET))["redis"]["image"])
    assert len(images) == 3
    assert all(re.fullmatch(r"[\w.-]+:[\w.-]+@sha256:[0-9a-f]{64}", image) for image in images), images
    stages = compose.stages_of_the_dockerfile()
    bases = {text.split()[0] for text in stages.values()}
    assert bases - set(stages) == {"${BUILD_IMAGE}", "${RUN_IMAGE}", "scratch"}


def test_what_runs_and_what_others_build_on_differ_in_nothing_but_the_debian_around():
    assert compose.image_of_the_dockerfile() == compose.image_of_the_dockerfile("debian")
    stages = compose.stages_of_the_dockerfile()
    for line in ("USER shunt", "EXPOSE 8080"):
        assert f"\n{line}\n" in stages[None] and f"\n{line}\n" in stages["debian"]
    # A stage without a shell cannot run a line.
    assert stages[None].startswith("scratch\n") and "\nRUN " not in stages[None]


def test_the_image_itself_serves_nobody_without_a_key(programs):
    entrypoint, command, environment = compose.image_of_the_dockerfile()
    environment = {name: value.replace("/var/lib/shunt", str(programs.folder)) for name, value in environment.items()}
    done = programs.run([programs.shunt, *[part.replace(":8080", ":0") for part in command]], environment)
    assert done.returncode == 78 and "server.keys" in done.stderr, done.stderr


def test_other_containers_reach_the_api_by_its_name_and_strangers_names_do_not(programs):
    api = Deployment(programs, "false").start_api()
    for host, status in [("api:8080", 200), ("localhost:8080", 200), ("127.0.0.1", 200), ("evil.example", 421)]:
        assert api.request("GET", "/v1/models", headers={"Host": host})[0] == status, host


def test_every_service_has_time_to_drain():
    for name in ("api", "worker"):
        assert services(compose.config())[name]["stop_grace_period"] in ("60s", "1m0s")  # shutdown.grace is 30s, stop_grace 10s


def test_no_health_check_needs_a_shell_of_our_image():
    for name in ("api", "worker"):
        check = services(compose.config("--profile", "queue", environment=SET))[name]["healthcheck"]
        assert check["test"][:3] == ["CMD", "shunt", "health"]
        assert check["timeout"] == "5s"  # shunt health has 3s of its own, and tells what it waited for


def test_folders_of_the_image_are_there_for_the_volumes():
    folder = compose.image_of_the_dockerfile()[2]["SHUNT_ARTIFACTS_DIRECTORY"]
    assert f"-o shunt -g shunt -m 700 {folder}" in (compose.ROOT / "Dockerfile").read_text()
    assert services(compose.config())["api"]["volumes"] == [f"artifacts:{folder}:rw"]


class Deployment:
    """The file's services as processes of this machine."""

    def __init__(self, programs, queue_enabled):
        self.programs = programs
        self.redis_port = free_port()
        places = {
            "0.0.0.0:8080": "127.0.0.1:0",
            "127.0.0.1:9090": f"127.0.0.1:{free_port()}",
            "@redis:6379": f"@127.0.0.1:{self.redis_port}",
            "6379": str(self.redis_port),
            "/data": str(programs.folder / "data"),
            "/var/lib/shunt": str(programs.folder / "state"),
        }
        (programs.folder / "data").mkdir()
        model = compose.config("--profile", "queue", environment={**SET, "QUEUE_ENABLED": queue_enabled})
        self.containers = compose.Containers(model, programs.shunt, places)
        self.redis = None

    def start_api(self):
        command, environment = self.containers.of_shunt("api")
        # A request that comes before Redis waits for as long.
        environment = {"SHUNT_QUEUE_ENQUEUE_DEADLINE": "3s", **environment}
        api = self.programs.api(command=command, environment=environment)
        self.containers.places["8080"] = str(api.port)
        return api

    def start_worker(self):
        command, environment = self.containers.of_shunt("worker")
        return self.programs.start(command, "worker", environment).until_it_says("working")

    def start_redis(self):
        command, environment = self.containers.of("redis")
        self.redis = self.programs.start(command, "redis", environment)
        eventually(lambda: self.is_healthy("redis"), f"Redis is healthy:\n{self.redis.log()}")

    def stop_redis(self):
        self.redis.signal(signal.SIGTERM)
        assert self.redis.wait() == 0

    def is_healthy(self, service, environment=None):
        command, listed = self.containers.health_check(service)
        return self.programs.run(command, {**listed, **(environment or {})}).returncode == 0


def readiness(api):
    status, _, body = api.request("GET", "/readyz")
    return status, json.loads(body)["status"] if body.startswith("{") else body.strip()


def generate(api):
    return api.generate("simulator", {"prompt": "hello", "tokens": 3, "first_token_ms": 0, "seed": 1})


def test_the_api_alone_answers_in_sync_mode(programs):
    api = Deployment(programs, "false").start_api()
    assert generate(api)[0] == 200
    assert 'shunt_executor_info{executor="sync"' in api.request("GET", "/metrics")[2]


def test_the_api_outlives_redis_and_recovers_with_it(programs):
    deployment = Deployment(programs, "true")
    api = deployment.start_api()
    # No Redis yet.
    assert deployment.is_healthy("api")
    eventually(lambda: "degraded" in str(readiness(api)), "it says that it is degraded")
    status, headers, body = generate(api)
    assert (status, json.loads(body)["code"]) == (503, "queue_unavailable") and "retry-after" in headers
    # Redis and a worker come.
    deployment.start_redis()
    assert not deployment.is_healthy("worker")
    worker = deployment.start_worker()
    assert deployment.is_healthy("worker")
    eventually(lambda: "degraded" not in str(readiness(api)), "it has found Redis")
    status, _, body = generate(api)
    assert status == 200, body
    text = json.loads(body)["output"]["text"]
    # Redis stops, and comes back with what it had.
    deployment.stop_redis()
    eventually(lambda: "degraded" in str(readiness(api)), "it says that it is degraded")
    assert deployment.is_healthy("api") and generate(api)[0] == 503
    assert worker.process.poll() is None
    deployment.start_redis()
    eventually(lambda: generate(api)[0] == 200, "it has recovered")
    assert json.loads(generate(api)[2])["output"]["text"] == text
    first = json.loads(body)["id"]
    assert api.get(f"/v1/generations/{first}")["output"]["text"] == text, "the append-only file had it"


def test_a_redis_without_a_password_does_not_start(programs):
    deployment = Deployment(programs, "true")
    command, environment = deployment.containers.of("redis")
    done = programs.run(command, {**environment, "REDIS_PASSWORD": ""})
    assert done.returncode == 78 and "REDIS_PASSWORD is not set" in done.stderr


def test_the_health_check_of_redis_fails_without_the_password_and_when_redis_is_full(programs):
    deployment = Deployment(programs, "true")
    deployment.start_redis()
    assert not deployment.is_healthy("redis", {"REDIS_PASSWORD": ""})
    assert not deployment.is_healthy("redis", {"REDIS_PASSWORD": "wrong"})
    cli = ["redis-cli", "-e", "-p", str(deployment.redis_port)]
    assert programs.run([*cli, "PING"]).returncode == 1, "NOAUTH"
    full = programs.run([*cli, "CONFIG", "SET", "maxmemory", "1"], {"REDISCLI_AUTH": PASSWORD})
    assert full.returncode == 0
    assert programs.run([*cli, "PING"], {"REDISCLI_AUTH": PASSWORD}).returncode == 0
    assert not deployment.is_healthy("redis")


@pytest.mark.parametrize("path", ["docker-compose.yml", "Dockerfile"])
def test_the_password_is_written_down_nowhere(path):
    assert not re.search(r"(?i)(password|secret)[=:] *[\"']?\w{6,}", Path(compose.ROOT / path).read_text())
