"""What the other tests make of docker-compose.yml's words."""

import pytest

import compose
import runtime_spec
import seccomp

IMAGE = {"User": "shunt", "Entrypoint": ["shunt"], "Cmd": ["serve"], "Env": ["PATH=/usr/bin"]}
BARE = {"cap_drop": ["ALL"]}


@pytest.fixture(autouse=True)
def no_profile(monkeypatch):
    monkeypatch.setattr(runtime_spec, "default_seccomp", lambda: {})


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/:/x\nshunt:x:10001:10002::/:/x\nredis:x:101:102::/:/x\n")
    return tmp_path


def made(tree, service, image=None, volumes=None):
    return runtime_spec.spec("api", service, image or IMAGE, tree, volumes or {}, "/hosts", "/net")


@pytest.mark.parametrize("service, image", [("api", IMAGE), ("worker", IMAGE), ("redis", {})])
def test_every_word_of_the_file_is_understood(tree, service, image):
    model = compose.config("--profile", "queue", environment={"REDIS_PASSWORD": "secret"})
    spec = made(tree, model["services"][service], image, {"artifacts": "/a", "redis": "/r"})
    assert spec["root"]["readonly"] is True and spec["process"]["noNewPrivileges"] is True
    assert spec["process"]["user"]["uid"] != 0
    assert not any(spec["process"]["capabilities"].values())
    assert spec["linux"]["resources"]["memory"]["limit"] > 0 and spec["linux"]["resources"]["pids"]["limit"] > 0
    assert {"/tmp"} <= {mount["destination"] for mount in spec["mounts"]}


@pytest.mark.parametrize("service, words", [
    ({**BARE, "privileged": True}, "privileged"), ({**BARE, "devices": ["/dev/kvm"]}, "devices"),
    ({}, "capabilities"), ({"cap_drop": ["NET_RAW"]}, "capabilities")])
def test_a_word_that_is_not_understood_is_not_passed_over(tree, service, words):
    with pytest.raises(ValueError, match=words):
        made(tree, service)


@pytest.mark.parametrize("service, argv", [
    (BARE, ["shunt", "serve"]), ({**BARE, "command": ["worker"]}, ["shunt", "worker"]),
    ({**BARE, "command": "worker --name 'a b'"}, ["shunt", "worker", "--name", "a b"]),
    ({**BARE, "init": True}, ["/sbin/docker-init", "--", "shunt", "serve"]),
    ({**BARE, "command": ["echo", "$$HOME"]}, ["shunt", "echo", "$HOME"])])
def test_a_command_is_the_images_unless_the_service_has_one(tree, service, argv):
    assert made(tree, service)["process"]["args"] == argv


@pytest.mark.parametrize("user, numbers", [("shunt", (10001, 10002)), ("101", (101, 102)), ("root", (0, 0))])
def test_a_user_is_looked_up_in_the_images_own_table(tree, user, numbers):
    told = made(tree, {**BARE, "user": user})["process"]["user"]
    assert (told["uid"], told["gid"]) == numbers


def test_a_user_that_the_image_does_not_have_is_refused(tree):
    with pytest.raises(KeyError, match="somebody"):
        made(tree, {**BARE, "user": "somebody"})


@pytest.mark.parametrize("text, number", [("1g", 2**30), ("512m", 2**29), ("64k", 65536), ("100", 100), (7, 7), ("1GB", 2**30)])
def test_sizes_are_in_powers_of_two(text, number):
    assert runtime_spec.size(text) == number


@pytest.mark.parametrize("rule, expected", [
    ({}, True), ({"includes": {}, "excludes": {}}, True), ({"includes": {"caps": ["CAP_SYS_ADMIN"]}}, False),
    ({"excludes": {"caps": ["CAP_SYS_ADMIN"]}}, True), ({"includes": {"arches": ["amd64"]}}, True),
    ({"includes": {"arches": ["s390x"]}}, False), ({"excludes": {"arches": ["amd64"]}}, False)])
def test_a_rule_of_the_profile_is_for_a_container_without_capabilities(rule, expected):
    assert seccomp.applies(rule, "amd64") is expected
