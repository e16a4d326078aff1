"""One program with OpenAI's own client prints the same when it asks a real model directly, through Shunt, and through
Shunt with a queue and a worker over a real Redis."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DIALECTS = ROOT / "tests/e2e/dialects"
sys.path[:0] = [str(ROOT / folder) for folder in ("tests/e2e/dialects", "tests/e2e/http", "tests/support")]

import pypi_packages  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from shunt_process import QueueProcesses, ShuntProcess  # noqa: E402

KEY = "sk-a-key-for-the-test"
TIMEOUT = 600


class LlamaServer:
    def __init__(self, *arguments):
        self.process = subprocess.Popen([os.environ["SHUNT_LLM_PYTHON"], HERE / "llama_server.py", *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "LLAMA_SERVER_KEY": KEY})
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"llama.cpp's server ended with {self.process.wait(60)}")
        self.url = f"http://127.0.0.1:{int(line)}/v1"

    def stop(self):
        self.process.communicate(timeout=60)


@pytest.fixture(scope="module")
def upstreams():
    servers = [LlamaServer(), LlamaServer("embeddings")]
    yield [server.url for server in servers]
    for server in servers:
        server.stop()


def output(chat_url, embeddings_url, *arguments):
    """What the program prints, line by line."""
    python = pypi_packages.python_with(DIALECTS / "clients/requirements.txt")
    done = subprocess.run([python, HERE / "client_program.py", chat_url, embeddings_url, KEY, *arguments], check=False,
                          timeout=TIMEOUT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def direct(upstreams):
    lines = output(*upstreams)
    assert len(lines) == 17 and sum('"tool_calls"' in line for line in lines) == 2, lines
    return lines


def model(name, operation, url):
    return (f'[models.{name}]\ndriver = "openai"\noperation = "{operation}"\nbase_url = "{url}"\nmodel = "smollm2"\n'
            'api_key_env = "UPSTREAM_KEY"\nmax_retries = 0\n')


def configuration(chat_url, embeddings_url):
    return (model("smollm2", "chat", chat_url) + model("smollm2-text", "completions", chat_url)
            + model("smollm2-embeddings", "embeddings", embeddings_url)
            + f'[[server.keys]]\nname = "program"\nsha256 = "{hashlib.sha256(KEY.encode()).hexdigest()}"\n')


@pytest.fixture(params=["sync", "queue"])
def through(request, upstreams):
    environment = {"UPSTREAM_KEY": KEY}
    redis = RedisServer() if request.param == "queue" else None
    config = configuration(*upstreams)
    shunt = QueueProcesses(redis.url, config, environment) if redis else ShuntProcess(config, environment)
    yield shunt
    shunt.stop()
    if redis:
        redis.close()


def test_a_program_prints_the_same_as_when_it_asks_directly(through, direct):
    assert output(through.url + "/v1", through.url + "/v1") == direct


def test_and_something_else_at_another_temperature(through, direct):
    """So the comparison above would tell."""
    assert output(through.url + "/v1", through.url + "/v1", "1.5") != direct
