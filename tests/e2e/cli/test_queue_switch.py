"""The switch between executors, as the environment sets it: QUEUE_ENABLED and REDIS_URL in every combination. With
the queue disabled nothing of Redis happens; with it enabled, the service starts whatever state Redis is in."""

import collections
import contextlib
import json
import os
import pathlib
import socket

import pytest
from waiting import eventually


SECRET = "s3cr3t"
WORDS = {"prompt": "hi", "tokens": 1, "first_token_ms": 0}

REFUSED_SWITCH = ("QUEUE_ENABLED", "true or false", "banana")
REFUSED_URL = ("REDIS_URL", "redis.url")

# What becomes of `shunt serve`: it serves in "sync" mode; its queue is "ready" or "degraded"; it is "either", since
# nobody knows whether a Redis is at the default address; or it exits with 78 and says these words.
URLS =                                   ("unset",  "empty",  "garbage",      "scheme",       "port",         "dead",       "hanging",    "unresolvable", "real")
TABLE = {
    None:     dict(zip(URLS,             ("sync",   "sync",   "sync",         "sync",         "sync",         "sync",       "sync",       "sync",         "sync"))),
    "":       dict(zip(URLS,             ("sync",   "sync",   "sync",         "sync",         "sync",         "sync",       "sync",       "sync",         "sync"))),
    "false":  dict(zip(URLS,             ("sync",   "sync",   "sync",         "sync",         "sync",         "sync",       "sync",       "sync",         "sync"))),
    "true":   dict(zip(URLS,             ("either", "either", REFUSED_URL,    REFUSED_URL,    REFUSED_URL,    "degraded",   "degraded",   "degraded",     "ready"))),
    "banana": dict(zip(URLS, [REFUSED_SWITCH] * len(URLS))),
}  # fmt: skip
ROWS = [(switch, url, outcome) for switch, outcomes in TABLE.items() for url, outcome in outcomes.items()]


class HangingRedis:
    """A port that takes connections into its backlog and never answers."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        return self

    def __exit__(self, *_):
        self.listener.close()

    @property
    def port(self):
        return self.listener.getsockname()[1]

    def was_called(self):
        try:
            self.listener.accept()[0].close()
            return True
        except BlockingIOError:
            return False


def dead_port():
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        return closed_soon.getsockname()[1]


@pytest.fixture
def url_of(redis):
    """A kind of REDIS_URL to its value, None for unset."""
    with contextlib.ExitStack() as open_ports:
        def value(kind):
            if kind == "hanging":
                return f"redis://me:{SECRET}@127.0.0.1:{open_ports.enter_context(HangingRedis()).port}"
            return {"unset": None, "empty": "", "garbage": f"garbage {SECRET}", "scheme": f"http://me:{SECRET}@localhost",
                    "port": f"redis://me:{SECRET}@localhost:99999",
                    "dead": f"redis://me:{SECRET}@127.0.0.1:{dead_port()}",
                    "unresolvable": f"redis://me:{SECRET}@no-such-host.invalid:6379", "real": redis.url}[kind]
        yield value


def environment_of(queue_enabled, url):
    pairs = {"QUEUE_ENABLED": queue_enabled, "REDIS_URL": url}
    return {name: value for name, value in pairs.items() if value is not None}


def started_line(service):
    return next(line for line in service.log().splitlines() if "service.started" in line)


@pytest.mark.parametrize("queue_enabled, url, outcome", ROWS)
def test_each_combination_starts_or_says_why_not(shunt, url_of, queue_enabled, url, outcome):
    environment = environment_of(queue_enabled, url_of(url))
    if isinstance(outcome, tuple):
        answer = shunt.run("serve", "--listen", "127.0.0.1:0", environment=environment)
        said = answer.stderr.decode()
        assert (answer.returncode, answer.stdout) == (78, b"")
        for words in outcome:
            assert words in said
        assert SECRET not in said
        return
    service = shunt.serve(environment=environment)
    assert json.loads(service.request("GET", "/healthz")[2]) == {"status": "ok"}
    if outcome == "sync":
        assert "executor=sync reason=queue_disabled" in started_line(service)
        status, ready = readiness(service)
        assert (status, ready["status"], ready["executor"]) == (200, "ready", "sync")
        assert service.generate("simulator", WORDS)[0] == 200
    else:
        assert "executor=queue reason=queue_enabled" in started_line(service)
        assert "redis=redis://" in started_line(service)
    if outcome == "degraded":
        eventually(lambda: readiness(service)[1]["status"] == "degraded", "degraded")
        assert readiness(service)[1]["reason"]
        status, headers, body = service.generate("simulator", WORDS)
        assert (status, json.loads(body)["code"]) == (503, "queue_unavailable")
        assert int(headers["Retry-After"]) >= 1
    if outcome == "ready":
        eventually(lambda: readiness(service)[1]["status"] == "ready", "ready")
    assert SECRET not in service.log() and SECRET not in json.dumps(readiness(service))


def readiness(service):
    status, _, body = service.request("GET", "/readyz")
    return status, json.loads(body)


GENERATE = ("generate", "hi", "--model", "simulator")


# A worker does not look at the switch: it has no other strategy.
@pytest.mark.parametrize("command, queue_enabled, url, words", [
    (GENERATE, "banana", "unset", REFUSED_SWITCH), (GENERATE, "true", "scheme", REFUSED_URL),
    (("config", "check"), "banana", "unset", REFUSED_SWITCH), (("config", "check"), "true", "scheme", REFUSED_URL),
    (("worker",), None, "scheme", REFUSED_URL)])
def test_every_command_refuses_the_same(shunt, url_of, command, queue_enabled, url, words):
    answer = shunt.run(*command, environment=environment_of(queue_enabled, url_of(url)))
    assert (answer.returncode, answer.stdout) == (78, b"")
    for part in words:
        assert part in answer.stderr.decode()
    assert SECRET not in answer.stderr.decode()


@pytest.mark.parametrize("queue_enabled", [None, "false"])
def test_a_worker_of_a_disabled_queue_refuses_to_start(shunt, queue_enabled):
    answer = shunt.run("serve", "--roles", "worker", environment=environment_of(queue_enabled, None))
    assert (answer.returncode, answer.stdout) == (78, b"")
    for words in ("queue is disabled", "QUEUE_ENABLED=true", "REDIS_URL"):
        assert words in answer.stderr.decode()


# ---- With the queue disabled nothing of Redis happens.

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


@pytest.fixture(params=["unset", "dead", "hanging", "unresolvable"])
def unused_url(request):
    """REDIS_URL's value, or None; fails the test afterwards if anybody connected."""
    if request.param == "hanging":
        with HangingRedis() as redis:
            yield f"redis://127.0.0.1:{redis.port}"
            assert not redis.was_called()
    else:
        yield {"unset": None, "dead": f"redis://127.0.0.1:{dead_port()}",
               "unresolvable": "redis://no-such-host.invalid:6379"}[request.param]


@pytest.mark.parametrize("queue_enabled", [None, "", "false"])
def test_a_disabled_queue_opens_no_socket_and_starts_no_thread(shunt, queue_enabled, unused_url):
    def serve_once(environment):
        service = shunt.serve(environment=environment)
        status, _, body = service.generate("simulator", WORDS)
        assert status == 200, body
        assert service.get_json("/readyz")
        return service

    plain = serve_once({})
    eventually(lambda: sum(sockets_of(plain.process.pid).values()) == 1, "only the listening socket is left")
    service = serve_once(environment_of(queue_enabled, unused_url))
    eventually(lambda: figures(service) == figures(plain), "the same sockets and threads as without REDIS_URL")
    assert list(sockets_of(service.process.pid)) == [("tcp", "00000000:0000")]


@pytest.mark.parametrize("queue_enabled", [None, "false"])
def test_a_disabled_queue_chooses_the_sync_executor_for_the_endpoint(shunt, queue_enabled):
    service = shunt.serve(environment=environment_of(queue_enabled, None))
    service.generate("simulator", WORDS)
    value = service.metrics()
    assert value("shunt_executor_info", executor="sync", reason="queue_disabled") == 1
    assert value("shunt_generations_ended_total", model="simulator", path="sync", state="succeeded") == 1
