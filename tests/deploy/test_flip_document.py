"""docs/flip.md and the pages of docs/flip/ name the tests that do what they say; here they are looked up, and their numbers
and commands tried."""

import os
import re
import subprocess
import urllib.request

import pytest

import compose
import flip_transcript
from processes import clean_environment
from waiting import eventually

PAGES = [compose.ROOT / "docs/flip.md", *sorted((compose.ROOT / "docs/flip").glob("*.md"))]
TEXT = "\n".join(page.read_text() for page in PAGES)
MARKS = [name.strip() for mark in re.findall(r"<!-- checked by: (.*?) -->", TEXT, re.S) for name in mark.split(",")]


def every_test():
    """Of pytest by name, of GoogleTest as Suite.Name."""
    units = {f"{suite}.{name}" for folder in ("unit", "integration")
             for path in (compose.ROOT / "tests" / folder).rglob("*_test.cpp")
             for suite, name in re.findall(r"^TEST(?:_[FP])?\((\w+), (\w+)\)", path.read_text(), re.M)}
    return units | {name for path in (compose.ROOT / "tests").rglob("test_*.py") if "node_modules" not in path.parts
            for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M)}


def test_every_test_that_the_document_names_is_there():
    assert len(MARKS) > 30
    assert sorted(set(MARKS) - every_test()) == []


def test_every_caveat_names_a_test_or_is_listed_here():
    # Advice about machines and services that no test of this project can have.
    advice = {"Clocks"}
    caveats = (compose.ROOT / "docs/flip/caveats.md").read_text()
    paragraphs = {re.match(r"\*\*(.*?)\.\*\*", text).group(1): text for text in re.split(r"\n(?=\*\*)", caveats.strip())[1:]}
    assert len(paragraphs) >= 12
    assert {title for title, text in paragraphs.items() if "checked by" not in text} == advice


def test_the_metrics_of_the_document_are_on_the_metrics_page(programs, redis):
    environment = {"QUEUE_ENABLED": "true", "REDIS_URL": redis.url}
    worker = programs.worker(environment={**environment, "SHUNT_WORKER_LISTEN": "127.0.0.1:0"})
    api = programs.api(environment=environment)
    eventually(lambda: api.status("/readyz") == 200, "it has found Redis")
    assert api.generate("simulator", {"prompt": "x", "tokens": 1, "first_token_ms": 0})[0] == 200
    named = set(re.findall(r"shunt_(?:queue|generations?|executor|worker)_\w+", TEXT))
    assert len(named) > 8

    def page():
        text = api.request("GET", "/metrics")[2]
        return "shunt_queue_open" in text and text

    pages = eventually(page, "the backlog is told")
    with urllib.request.urlopen(f"{worker.probes()}/metrics", timeout=20) as answer:
        pages += answer.read().decode()
    assert sorted(name for name in named if f"# TYPE {name} " not in pages) == []


def test_the_transcript_is_what_a_fleet_prints(programs, monkeypatch):
    monkeypatch.setenv("SHUNT_BIN", str(programs.shunt))
    assert flip_transcript.shape(flip_transcript.transcript()) == flip_transcript.shape(flip_transcript.written())


def test_the_memory_for_each_generation_is_as_written(programs):
    # All of the table, as it was made: SHUNT_MEMORY_TABLE=1. Fewer generations share what Redis has in reserve.
    arguments = [] if os.environ.get("SHUNT_MEMORY_TABLE") else ["300", "short", "typical"]
    script = compose.ROOT / "tests" / "deploy" / "memory_per_generation.py"
    done = subprocess.run(["python3", script, *arguments], capture_output=True, text=True, timeout=170,
                          env=clean_environment({"SHUNT_BIN": programs.shunt}))
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: [float(number) for number in line.split()[1:]] for line in done.stdout.splitlines()[2:]}
    for name, *cells in re.findall(r"^\| (short|typical|long) \|.*\| ([\d.]+) KiB \| ([\d.]+) KiB \|$", TEXT, re.M):
        for written, measured in zip(map(float, cells), rows.get(name, [])[2:4]):
            assert 0.5 * written < measured / 1024 < 1.4 * written, (name, written, done.stdout)


@pytest.mark.parametrize("prefix", ["", "QUEUE_ENABLED=true REDIS_URL=redis://127.0.0.1:6379 "])
def test_the_commands_of_the_first_section(programs, redis, prefix):
    """As they stand there, with `./run` as the binary it ends in, and ports of this test."""
    section = TEXT.split("## In a minute")[1].split("\n## ")[0].replace("\\\n", "")
    commands = [line.strip().split("  #")[0].strip() for line in section.splitlines() if line.startswith("    ")]
    assert f"{prefix}./run" in commands
    environment = dict(word.split("=", 1) for word in prefix.split())
    if prefix:
        assert f"{prefix}./run worker" in commands
        assert redis and "redis-server --appendonly yes --maxmemory-policy noeviction" in commands
        environment["REDIS_URL"] = redis.url
        programs.worker(environment=environment)
    api = programs.api(environment=environment)
    curl = next(line for line in commands if line.startswith("curl"))
    here = re.sub(r"http://127.0.0.1:8080", f"http://127.0.0.1:{api.port}", curl)
    eventually(lambda: api.status("/readyz") == 200, "it is ready")
    done = programs.run(["bash", "-c", f"{here} -s"])
    assert '"state":"succeeded"' in done.stdout and '"text":"' in done.stdout, done.stdout
