"""The switch between executors, as the environment sets it. With the queue disabled nothing of Redis happens."""

import collections
import os
import pathlib
import socket

import pytest

from conftest import eventually

SENTENCE = "QUEUE_ENABLED is true, but this build has no queue executor yet"


class HangingRedis:
    """A port that takes connections into its backlog and never answers."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        return self

    def __exit__(self, *_):
        self.listener.close()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.listener.getsockname()[1]}"

    def was_called(self):
        try:
            self.listener.accept()[0].close()
            return True
        except BlockingIOError:
            return False


def dead_port():
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        return closed_soon.getsockname()[1]


@pytest.fixture(params=["unset", "dead", "hanging", "unresolvable"])
def redis_url(request):
    """REDIS_URL's value, or None; fails the test afterwards if anybody connected."""
    if request.param == "hanging":
        with HangingRedis() as redis:
            yield redis.url
            assert not redis.was_called()
    else:
        yield {"unset": None, "dead": f"redis://127.0.0.1:{dead_port()}",
               "unresolvable": "redis://no-such-host.invalid:6379"}[request.param]


def environment_of(queue_enabled, url):
    environment = {}
    if queue_enabled is not None:
        environment["QUEUE_ENABLED"] = queue_enabled
    if url is not None:
        environment["REDIS_URL"] = url
    return environment


def sockets_of(pid):
    """Counts the process's sockets by kind and remote address."""
    inodes = set()
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(descriptor)
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[len("socket:["):-1])
    found = collections.Counter()
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        for line in pathlib.Path(f"/proc/{pid}/net/{kind}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes:
                inodes.discard(fields[9])
                found[kind, fields[2]] += 1
    found["other", ""] = len(inodes)
    return +found


def figures(service):
    """Once it has served and its connections have gone."""
    return sockets_of(service.process.pid), len(os.listdir(f"/proc/{service.process.pid}/task"))


@pytest.mark.parametrize("queue_enabled", [None, "", "false"])
def test_a_disabled_queue_serves_whatever_redis_does(shunt, queue_enabled, redis_url):
    def serve_once(environment):
        service = shunt.serve(environment=environment)
        status, _, body = service.generate("simulator", {"prompt": "hi", "tokens": 1, "first_token_ms": 0})
        assert status == 200, body
        assert service.get_json("/readyz")
        return service

    plain = serve_once({})
    eventually(lambda: sum(sockets_of(plain.process.pid).values()) == 1, "only the listening socket is left")
    service = serve_once(environment_of(queue_enabled, redis_url))
    eventually(lambda: figures(service) == figures(plain), "the same sockets and threads as without REDIS_URL")
    assert list(sockets_of(service.process.pid)) == [("tcp", "00000000:0000")]


@pytest.mark.parametrize("command", [["serve", "--listen", "127.0.0.1:0"], ["generate", "hi", "--model", "simulator"],
                                     ["config", "check"]])
def test_an_enabled_queue_refuses_to_start(shunt, command, redis_url):
    answer = shunt.run(*command, environment=environment_of("true", redis_url))
    assert answer.returncode == 78
    assert SENTENCE in answer.stderr.decode()
    assert answer.stdout == b""


def test_a_switch_that_is_neither_true_nor_false_refuses_to_start(shunt, redis_url):
    answer = shunt.run("serve", "--listen", "127.0.0.1:0", environment=environment_of("banana", redis_url))
    assert answer.returncode == 78
    assert "QUEUE_ENABLED" in answer.stderr.decode() and "banana" in answer.stderr.decode()
    assert answer.stdout == b""


@pytest.mark.parametrize("queue_enabled", [None, "false"])
def test_a_disabled_queue_chooses_the_sync_executor_for_the_endpoint(shunt, queue_enabled):
    service = shunt.serve(environment=environment_of(queue_enabled, None))
    service.generate("simulator", {"prompt": "hi", "tokens": 1, "first_token_ms": 0})
    value = service.metrics()
    assert value("shunt_executor_info", executor="sync", reason="queue_disabled") == 1
    assert value("shunt_generations_ended_total", model="simulator", path="sync", state="succeeded") == 1
