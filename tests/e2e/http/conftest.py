"""The whole suite runs once for each execution mode, so that a flip changes nothing that a client can see."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from shunt_process import ShuntProcess  # noqa: E402

# What a mode adds to the server's environment. A further mode is one more line here and in SHUNT_E2E_MODES.
MODES = {"sync": {}}


@pytest.fixture(scope="session", params=os.environ.get("SHUNT_E2E_MODES", "sync").split(","))
def mode(request):
    return MODES[request.param]


@pytest.fixture(scope="session")
def shunt(mode):
    """A server with the models of shunt_process.CONFIG, shared by the tests of a file."""
    process = ShuntProcess(environment=mode)
    yield process
    process.stop()


@pytest.fixture
def start(mode):
    """Starts servers of the test's own."""
    started = []

    def start_one(*args, **kwargs):
        kwargs.setdefault("environment", mode)
        started.append(ShuntProcess(*args, **kwargs))
        return started[-1]

    yield start_one
    for process in started:
        process.stop()
