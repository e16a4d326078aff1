"""The native client and one official client of another language (SHUNT_PEERS names their programs) on one server."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "interop"), str(HERE.parent / "support")]

from pair import Pair  # noqa: E402
from peers import peer_program, peers  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from remote import Remote, Remotes  # noqa: E402


@pytest.fixture(scope="session")
def server():
    made = RedisServer()
    yield made
    made.close()


@pytest.fixture(scope="session")
def clients(server):
    made = Remotes(cpp=lambda: Remote([os.environ["SHUNT_BULLMQ_REMOTE"]], server.url, "cpp"),
                   **{name: lambda name=name: Remote(peer_program(name), server.url, name) for name in peers()})
    yield made
    made.close()


@pytest.fixture(params=[order for name in peers() for order in (("cpp", name), (name, "cpp"))], ids="-".join)
def pair(request, server, clients):
    """The first asks, the second works; then the other way round."""
    server("FLUSHALL")
    made = Pair(server, *[clients[name] for name in request.param])
    yield made
    made.close()


@pytest.fixture(params=peers())
def peer(request):
    return request.param
