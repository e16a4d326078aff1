"""Clients of other APIs, unmodified, once for each execution mode and client."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "http"), str(HERE.parents[1] / "interop"), str(HERE.parents[1] / "support")]

import npm_packages  # noqa: E402
import pypi_packages  # noqa: E402
from batch_fleet import Fleet  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from sanitizer_reports import sanitizer_reports  # noqa: E402, F401
from shunt_process import QueueProcesses, ShuntProcess  # noqa: E402

CLIENTS = HERE / "clients"
MODES = os.environ.get("SHUNT_E2E_MODES", "sync,queue").split(",")


@contextlib.contextmanager
def service_in(mode, config):
    """The service alone, or on a queue with a worker and a Redis of its own."""
    redis = RedisServer() if mode == "queue" else None
    shunt = QueueProcesses(redis.url, config) if redis else ShuntProcess(config)
    try:
        yield shunt
    finally:
        shunt.stop()
        if redis:
            redis.close()


def upstream_model(name, port, mode, operation="chat"):
    """A model behind tests/support/openai_server.py, which does what `mode` says."""
    return (f'[models.{name}]\ndriver = "openai"\noperation = "{operation}"\nbase_url = "http://127.0.0.1:{port}/v1"\n'
            f'model = "{mode}"\nmax_retries = 0\n')


@pytest.fixture(scope="session")
def upstream():
    program = HERE.parents[1] / "support" / "openai_server.py"
    server = subprocess.Popen([sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    yield int(server.stdout.readline())
    server.communicate()


def node(program, *arguments):
    """The command that runs a program of clients/ with the packages there."""
    npm_packages.install(CLIENTS)
    return ["node", str(CLIENTS / program), *arguments]


def python(program, *arguments):
    return [str(pypi_packages.python_with(CLIENTS / "requirements.txt")), str(CLIENTS / program), *arguments]


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


@pytest.fixture
def start(mode):
    """Starts API processes over a folder of batches."""
    fleets = []

    def start_fleet(config):
        fleets.append(Fleet(mode, config))
        return fleets[-1]

    yield start_fleet
    for fleet in fleets:
        fleet.stop()
