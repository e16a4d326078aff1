"""Who reads standard output may have seen enough: that is an end, and no failure."""

import os
import signal
import subprocess

import pytest

from conftest import PATIENCE, clean_environment

MODELS = '[models.simulator]\ndriver = "simulator"\ntext_field = "prompt"\nfirst_token = "0ms"\ntoken_gap = "0ms"\n'
QUIET = 128 + signal.SIGPIPE


def run_into(shunt, target, *arguments):
    return subprocess.run([shunt.binary, *arguments], cwd=shunt.folder, env=clean_environment(), stdin=subprocess.DEVNULL,
                          stdout=target, stderr=subprocess.PIPE, timeout=PATIENCE)


@pytest.fixture
def commands(shunt):
    """Every command that prints, each with something to print."""
    shunt.write("shunt.toml", MODELS)
    service = shunt.serve()
    id = service.request("POST", "/v1/generations", {"model": "simulator", "input": {"prompt": "x"}})[1]["Location"]
    id = id.rsplit("/", 1)[1]
    url = ("--url", f"http://127.0.0.1:{service.port}")
    return [("version",), ("version", "--json"), ("--version",), ("--help",), ("config", "show"),
            ("config", "show", "--json"), ("config", "check"), ("config", "check", "--json"), ("config", "reference"),
            ("config", "hash-key", "--new"), ("status", *url), ("status", "--json", *url), ("jobs", "ls", *url),
            ("jobs", "ls", "--json", *url), ("jobs", "show", id, *url), ("jobs", "show", "--json", id, *url),
            ("jobs", "tail", id, *url), ("jobs", "tail", "--json", id, *url), ("jobs", "retry", id, *url),
            ("jobs", "cancel", id, *url), ("jobs", "rm", id, *url),
            ("generate", "hello"), ("generate", "hello", "--json"), ("generate", "hello", "-o", "-")]


def test_a_reader_that_has_gone_is_a_quiet_end(shunt, commands):
    for command in commands:
        read, write = os.pipe()
        os.close(read)
        try:
            done = run_into(shunt, write, *command)
        finally:
            os.close(write)
        assert (done.returncode, done.stderr) == (QUIET, b""), command


def test_a_full_disk_is_a_failure(shunt, commands):
    for command in commands:
        with open("/dev/full", "wb") as full:
            done = run_into(shunt, full, *command)
        assert done.returncode == 1, command
        assert b"cannot write to standard output: No space left on device" in done.stderr, command


def test_head_gets_its_lines(shunt):
    shunt.write("shunt.toml", MODELS)
    script = '"$0" generate --json --input \'{"prompt": "x", "tokens": 3000}\' | head -5; echo "${PIPESTATUS[0]}"'
    done = subprocess.run(["/bin/bash", "-c", script, shunt.binary], cwd=shunt.folder, env=clean_environment(),
                          capture_output=True, timeout=PATIENCE)
    lines = done.stdout.decode().splitlines()
    assert len(lines) == 6 and lines[-1] == str(QUIET)
    assert done.stderr == b""


def test_a_service_does_not_care_who_reads_its_line(shunt):
    shunt.write("shunt.toml", MODELS)
    process = shunt.popen("serve", "--listen", "127.0.0.1:0", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.stdout.readline()
    process.stdout.close()
    process.terminate()
    assert process.wait(PATIENCE) == 0
