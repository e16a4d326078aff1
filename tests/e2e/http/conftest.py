"""The whole suite runs once for each execution mode, so that a flip changes nothing that a client can see."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "interop"), str(HERE.parents[1] / "support")]

from redis_server import RedisServer  # noqa: E402
from sanitizer_reports import sanitizer_reports  # noqa: E402, F401
from shunt_process import QueueProcesses, ShuntProcess  # noqa: E402


class SyncMode:
    """The API runs generations itself."""

    name = "sync"
    start = staticmethod(ShuntProcess)

    def close(self):
        pass


class QueueMode:
    """API and worker are processes of their own, with one Redis for all; each pair has a prefix of its own."""

    name = "queue"

    def __init__(self):
        self.redis = RedisServer()

    def start(self, *args, **kwargs):
        return QueueProcesses(self.redis.url, *args, **kwargs)

    def close(self):
        self.redis.close()


MODES = {"sync": SyncMode, "queue": QueueMode}


@pytest.fixture(scope="session", params=os.environ.get("SHUNT_E2E_MODES", "sync,queue").split(","))
def mode(request):
    made = MODES[request.param]()
    yield made
    made.close()


@pytest.fixture(scope="session")
def shunt(mode):
    """A server with the models of shunt_process.CONFIG, shared by the tests of a file."""
    process = mode.start()
    yield process
    process.stop()


@pytest.fixture
def start(mode):
    """Starts servers of the test's own."""
    started = []

    def start_one(*args, **kwargs):
        started.append(mode.start(*args, **kwargs))
        return started[-1]

    yield start_one
    for process in started:
        process.stop()
