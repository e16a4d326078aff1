"""The servers, clients and invariants of tests/interop; each test has a server of its own."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "interop"), str(HERE.parent / "support")]

import npm_packages  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from remote import Remote  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def packages():
    npm_packages.install()


@pytest.fixture
def server():
    made = RedisServer()
    yield made
    made.close()


@pytest.fixture
def aof_server():
    """Every write is on disk before its answer: what was acknowledged survives SIGKILL."""
    made = RedisServer(aof=True)
    yield made
    made.close()


@pytest.fixture
def remotes():
    """remotes(kind, url): clients that end with the test, whatever becomes of it."""
    made = []

    def start(kind, url, name=None):
        remote = Remote.node(url, name or "node") if kind == "node" else Remote.under_test(url, name or "cpp")
        made.append(remote)
        return remote

    yield start
    for remote in made:
        remote.kill()
