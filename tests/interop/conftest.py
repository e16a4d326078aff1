"""Two servers and two clients for a whole file: Node's, and the one under test (SHUNT_BULLMQ_REMOTE)."""

import os
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "support")]

import not_offered  # noqa: E402
import npm_packages  # noqa: E402
from pair import Pair  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from remote import Remote, Remotes  # noqa: E402

UNDER_TEST = "cpp" if os.environ.get("SHUNT_BULLMQ_REMOTE") else "node"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    outcome = yield
    not_offered.judge(item.name, outcome.excinfo and outcome.excinfo[1])


@pytest.fixture(scope="session", autouse=True)
def packages():
    npm_packages.install()


@pytest.fixture(scope="session")
def servers(packages):
    """One for Node alone, one for the client under test alone."""
    made = [RedisServer(), RedisServer()]
    yield made
    for server in made:
        server.close()


@pytest.fixture(scope="session")
def alone(servers):
    made = Remotes(node=lambda: Remote.node(servers[0].url, "node"),
                   tested=lambda: Remote.under_test(servers[1].url, UNDER_TEST))
    yield made
    made.close()


@pytest.fixture
def clients(alone):
    return [alone["node"], alone["tested"]]


@pytest.fixture
def server():
    """An empty server of the test's own."""
    made = RedisServer()
    yield made
    made.close()


@pytest.fixture(scope="session")
def shared(packages):
    """Both clients on one server."""
    server = RedisServer()
    clients = Remotes(node=lambda: Remote.node(server.url, "node"), cpp=lambda: Remote.under_test(server.url, "cpp"))
    yield server, clients
    clients.close()
    server.close()


@pytest.fixture(params=[("node", "cpp"), ("cpp", "node")], ids="-".join)
def pair(request, shared):
    """The first asks, the second works; then the other way round."""
    server, clients = shared
    server("FLUSHALL")
    made = Pair(server, *[clients[name] for name in request.param])
    yield made
    made.close()
