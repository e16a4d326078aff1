"""deploy/kubernetes: the schemas of Kubernetes and KEDA accept it, and its parts fit together."""

import copy
import hashlib
import ipaddress
import json
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest
import yaml

import compose
import npm_packages
from ports import free_port
from waiting import eventually

HERE = Path(__file__).parent
FOLDER = compose.ROOT / "deploy" / "kubernetes"


def objects():
    return [document for path in sorted(FOLDER.glob("*.yaml")) for document in yaml.safe_load_all(path.read_text())]


OBJECTS = {(found["kind"], found["metadata"]["name"]): found for found in objects()}
API, WORKER = OBJECTS["Deployment", "shunt-api"], OBJECTS["Deployment", "shunt-worker"]


KEY = "of the test"
AUTHORIZED = {"Authorization": f"Bearer {KEY}"}


def pod(deployment):
    return deployment["spec"]["template"]["spec"]


def container(deployment):
    return pod(deployment)["containers"][0]


def complaints(documents):
    npm_packages.install(HERE)
    done = subprocess.run(["node", HERE / "validate_manifests.mjs"], input=json.dumps(documents), text=True,
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_schemas_accept_every_manifest():
    assert complaints(objects()) == ""


@pytest.mark.parametrize("kind, path, value", [
    ("Deployment", ["spec", "replicas"], "two"),
    ("Deployment", ["spec", "template", "spec", "containers", 0, "ports", 0, "containerPort"], "http"),
    ("Deployment", ["spec", "selector"], None),
    ("ScaledObject", ["spec", "scaleTargetRef"], None),
    ("Service", ["spec", "ports", 0, "port"], "eighty")])
def test_the_schemas_refuse_what_is_wrong(kind, path, value):
    broken = copy.deepcopy(next(found for found in objects() if found["kind"] == kind))
    at = broken
    for step in path[:-1]:
        at = at[step]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    assert kind in complaints([broken])


def test_no_probe_depends_on_redis():
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container(API)[probe]["httpGet"]["path"] == "/healthz"  # test_compose: 200 without Redis
    assert container(WORKER)["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert [key for key in container(WORKER) if key.endswith("Probe")] == ["livenessProbe"]


def test_a_worker_without_redis_is_alive_for_its_probe(programs):
    environment = {**environment_of(programs), "REDIS_URL": f"redis://127.0.0.1:{free_port()}"}
    arguments = [argument.replace("0.0.0.0:9090", "127.0.0.1:0") for argument in arguments_of(WORKER)]
    worker = programs.start([programs.shunt, *arguments], "worker", environment).until_it_says("working")
    with urllib.request.urlopen(f"{worker.probes()}/healthz", timeout=20) as answer:
        assert answer.status == 200


def test_pods_have_time_to_drain():
    grace = 30  # shutdown.grace
    assert "SHUNT_SHUTDOWN_GRACE" not in OBJECTS["ConfigMap", "shunt"]["data"]
    pause = int(container(API)["lifecycle"]["preStop"]["sleep"]["seconds"])
    assert pod(API)["terminationGracePeriodSeconds"] >= grace + 10 + pause + 5
    assert pod(WORKER)["terminationGracePeriodSeconds"] >= grace + 2 * 10 + 5


def test_every_name_that_is_referred_to_is_there():
    for deployment in (API, WORKER):
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()
        for source in container(deployment)["envFrom"]:
            kind = "ConfigMap" if "configMapRef" in source else "Secret"
            assert (kind, next(iter(source.values()))["name"]) in OBJECTS
        volumes = {volume["name"]: volume for volume in pod(deployment)["volumes"]}
        assert {mount["name"] for mount in container(deployment)["volumeMounts"]} == set(volumes)
        assert ("ConfigMap", volumes["config"]["configMap"]["name"]) in OBJECTS
        assert ("Secret", volumes["keys"]["secret"]["secretName"]) in OBJECTS
        assert ("PersistentVolumeClaim", volumes["artifacts"]["persistentVolumeClaim"]["claimName"]) in OBJECTS
    service = OBJECTS["Service", "shunt-api"]
    assert service["spec"]["selector"].items() <= API["spec"]["template"]["metadata"]["labels"].items()
    assert service["spec"]["ports"][0]["targetPort"] == container(API)["ports"][0]["name"]
    assert OBJECTS["ScaledObject", "shunt-worker"]["spec"]["scaleTargetRef"]["name"] == WORKER["metadata"]["name"]


def test_the_image_has_the_user_that_the_pods_run_as():
    security = pod(API)["securityContext"]
    assert security == pod(WORKER)["securityContext"]
    dockerfile = (compose.ROOT / "Dockerfile").read_text()
    assert f"--uid {security['runAsUser']}" in dockerfile and f"--gid {security['runAsGroup']}" in dockerfile


def environment_of(programs):
    """What the ConfigMaps and the Secret of keys give a pod, with folders of this machine."""
    folder = programs.folder / "etc"
    folder.mkdir()
    text = OBJECTS["ConfigMap", "shunt-config"]["data"]["shunt.toml"]
    (folder / "shunt.toml").write_text(text.replace("/run/secrets/shunt", str(folder)))
    (folder / "default").write_text(hashlib.sha256(KEY.encode()).hexdigest())
    listed = OBJECTS["ConfigMap", "shunt"]["data"]
    return {name: value.replace("/etc/shunt", str(folder)).replace("/var/lib/shunt", str(programs.folder / "state"))
            for name, value in listed.items()}


def arguments_of(deployment):
    return [argument.replace("$(POD_NAME)", "shunt-worker-1") for argument in container(deployment)["args"]]


def test_the_pods_commands_run_a_generation_before_and_after_the_switch(programs, redis):
    environment = {**environment_of(programs), "REDIS_URL": redis.url, "SHUNT_SERVER_LISTEN": "127.0.0.1:0"}
    ask = ("simulator", {"prompt": "hello", "tokens": 2, "first_token_ms": 0})
    # Workers first, while the switch is off.
    worker = [argument.replace("0.0.0.0:9090", "127.0.0.1:0") for argument in arguments_of(WORKER)]
    programs.start([programs.shunt, *worker], "worker", environment).until_it_says("working")
    api = programs.api(command=[programs.shunt, *arguments_of(API)], environment=environment)
    assert api.generate(*ask)[0] == 401, "nobody without the key"
    assert api.generate(*ask, AUTHORIZED)[0] == 200 and redis("EXISTS", "{shunt}::gen:index") == 0
    api.stop()
    api = programs.api(command=[programs.shunt, *arguments_of(API)], environment={**environment, "QUEUE_ENABLED": "true"})
    eventually(lambda: api.status("/readyz") == 200, "it has found Redis")
    status, _, body = api.generate(*ask, AUTHORIZED)
    assert status == 200, body
    assert redis("ZCARD", "{shunt}::gen:index") == 1
    names = [json.loads(redis("GET", key))["name"] for key in redis("KEYS", "{shunt}::gen:worker:*")]
    assert names == ["shunt-worker-1"]
    # What KEDA scales by.
    query = OBJECTS["ScaledObject", "shunt-worker"]["spec"]["triggers"][0]["metadata"]["query"]
    metric = re.search(r"shunt_\w+", query).group()
    assert re.search(rf'^{metric}{{.*model="simulator".*}} \d', api.request("GET", "/metrics", headers=AUTHORIZED)[2], re.M)


def test_the_secret_is_an_example():
    assert OBJECTS["Secret", "shunt-redis"]["stringData"] == {"REDIS_URL": "redis://:PASSWORD@redis.example.svc:6379/0"}
    assert OBJECTS["Secret", "shunt-keys"]["stringData"] == {"default": "64 hex digits"}


def test_a_pod_without_its_key_does_not_start(programs):
    environment = environment_of(programs)
    (programs.folder / "etc" / "default").write_text(OBJECTS["Secret", "shunt-keys"]["stringData"]["default"])
    done = programs.run([programs.shunt, *arguments_of(API)], environment)
    assert done.returncode == 78 and "server.keys.default.sha256_file" in done.stderr


def test_no_configuration_lets_in_who_has_no_key():
    assert not [found for found in objects() if "allow_unauthenticated" in json.dumps(found)]


def selects(policy, deployment):
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    return policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize("name", ["shunt-api", "shunt-worker"])
def test_a_policy_names_who_may_talk_to_a_pod(name):
    policy = OBJECTS["NetworkPolicy", name]["spec"]
    assert [found for found in (API, WORKER) if selects(OBJECTS["NetworkPolicy", name], found)] == [
        OBJECTS["Deployment", name]]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert all(rule["from"] and rule["ports"] == [{"port": "http"}] for rule in policy["ingress"])
    for block in policy["egress"][0]["to"]:
        networks = [ipaddress.ip_network(text) for text in block["ipBlock"]["except"]]
        service = ipaddress.ip_address("169.254.169.254" if networks[0].version == 4 else "fd00:ec2::254")
        assert any(service in network for network in networks), "the metadata service has credentials of the node"
