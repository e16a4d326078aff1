"""Frameworks that call OpenAI's API: LangChain and the Vercel AI SDK, and with SHUNT_ALL_CLIENTS=1 LiteLLM and Instructor."""

import json
import os
import subprocess

import npm_packages
import pypi_packages
import pytest
from conftest import HERE
from shunt_process import ShuntProcess
from test_openai_text import configuration

FRAMEWORKS = HERE / "clients_of_clients"
WORDS = "Trains roll down the hump"


@pytest.fixture(scope="module")
def service(upstream):
    shunt = ShuntProcess(configuration(upstream))
    yield shunt
    shunt.stop()


def run(command, service):
    done = subprocess.run([*command, f"{service.url}/v1"], cwd=FRAMEWORKS, timeout=120, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:] + service.log()[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_langchain_and_the_vercel_ai_sdk(service):
    npm_packages.install(FRAMEWORKS)
    seen = run(["node", "frameworks.mjs"], service)
    calls = [["weather", {"city": "Utrecht"}], ["time", {}]]
    assert seen == {
        "langchain": [WORDS, 5], "langchain_streamed": WORDS, "langchain_tools": calls, "langchain_embedded": [0.25] * 3,
        "vercel": [WORDS, "stop", 5], "vercel_streamed": WORDS, "vercel_tools": calls, "vercel_embedded": [0.25] * 3}


@pytest.mark.skipif(not os.environ.get("SHUNT_ALL_CLIENTS"), reason="SHUNT_ALL_CLIENTS=1 installs 400 MB for it")
def test_litellm_and_instructor(service):
    python = pypi_packages.python_with(FRAMEWORKS / "requirements.txt", timeout=1200)
    seen = run([str(python), "frameworks.py"], service)
    assert seen == {"litellm": WORDS, "litellm_streamed": WORDS, "litellm_embedded": [0.25] * 3, "instructor": ["weather", "time"]}
