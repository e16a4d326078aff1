#!/usr/bin/env python3
"""A whole flip, up and back, as a terminal shows it: SHUNT_BIN=build/release/bin/shunt tests/deploy/flip_transcript.py [--fix]

Starts a Redis, two API processes and a worker of its own, asks them for generations all the time, and types what a person
would. Prints the commands and what they print; --fix writes that into docs/flip/transcript.md instead. A test runs it and compares the
two: what is typed, and the rows of the preflight (test_flip_document.py).
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "tests" / "interop"), str(ROOT / "tests" / "support")]
from processes import Programs  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from waiting import eventually  # noqa: E402

PAGE = ROOT / "docs/flip/transcript.md"
BEGIN, END = "<!-- transcript: tests/deploy/flip_transcript.py --fix -->\n\n```text\n", "```\n"
CONFIG = """
strategy = "sync"
[worker]
shadow = true
[shadow]
sample = 1.0
[models.words]
driver = "simulator"
text_field = "prompt"
first_token = "20ms"
token_gap = "1ms"
concurrency = 8
probe_input = '{"prompt": "probe", "tokens": 1}'
"""
# A person leads the fleet, and the controller watches beside it. Nobody would go so fast in earnest.
PLAN = """
name = "spring"
tick = "1s"
cool_down = "1s"
[dark]
least_time = "1h"
[shadow]
least_time = "1h"
[[steps]]
weight = "10%"
least_time = "1h"
[[steps]]
weight = "50%"
least_time = "1h"
judge = ["errors"]
"""
TENANTS = 200
# Exit code of a change that is made, and that not all processes have acknowledged yet.
NOT_ACKNOWLEDGED = 3


class Load:
    """Callers who ask one after the other, at both processes."""

    def __init__(self, apis):
        self.apis = apis
        self.failed = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(number,), daemon=True) for number in range(4)]
        for thread in self.threads:
            thread.start()

    def ask(self, number):
        while not self.over.is_set():
            number += 7
            status, record = self.apis[number % 2].generate(
                "words", {"prompt": f"hello {number}", "tokens": 5}, context={"tenant": f"tenant-{number % TENANTS}"})[:2]
            if status != 200:
                self.failed.append((status, record))
            time.sleep(0.02)

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join(20)


class Terminal:
    def __init__(self, shunt, folder, api):
        self.shunt = shunt
        self.folder = folder
        self.environment = {**os.environ, "SHUNT_URL": "", "COLUMNS": "120"}
        self.url = f"http://127.0.0.1:{api.port}"
        self.text = ""

    def run(self, *words):
        return subprocess.run([self.shunt, "flip", *words, "--url", self.url], capture_output=True, text=True, timeout=60,
                              cwd=self.folder, env=self.environment)

    def type(self, *words, codes=(0,)):
        done = self.run(*words)
        assert done.returncode in codes, (words, done.returncode, done.stdout, done.stderr)
        self.show(words, done)

    def climb(self, *words):
        """One step up. A row of the preflight that fails because this machine is busy is overridden by name."""
        overrides = []
        for _ in range(5):
            done = self.run(*words, *overrides)
            refused = re.search(r"the preflight fails: ([^;]+);", done.stderr)
            if not refused:
                break
            overrides += [word for row in refused[1].split(", ") for word in ("--override", row)]
        assert done.returncode in (0, NOT_ACKNOWLEDGED), (words, overrides, done.stdout, done.stderr)
        self.show([*words, *overrides], done)
        self.wait(lambda status: status["converged"], "all processes act on it")

    def show(self, words, done):
        shown = " ".join(f'"{word}"' if " " in word else word for word in words)
        # Whoever is on the machine of the service need not say where it is.
        output = self.readable(done.stdout + done.stderr)
        self.text += f"$ shunt flip {shown}\n{output.rstrip()}\n\n"

    def readable(self, output):
        """Names as a reader would give them; columns stay where they are."""
        output = output.replace(f" --url {self.url}", "").replace(self.url, "http://api-1:8080")
        names = [process["process"] for process in self.status()["processes"]]
        for number, process in enumerate(names, 1):
            output = re.sub(rf"{process}(?=  )", lambda found: f"api-{number}".ljust(len(found[0])), output)
            output = output.replace(process, f"api-{number}")
        host = socket.gethostname()
        output = re.sub(rf"\b{re.escape(host)}\b", "host".ljust(len(host)), output)
        return "\n".join(line.rstrip() for line in output.splitlines())

    def say(self, sentence):
        self.text += f"# {sentence}\n"

    def status(self):
        return json.loads(self.run("status", "--json").stdout)

    def wait(self, condition, what):
        eventually(lambda: condition(self.status()), what, patience=60)


def has_verdict(status):
    """The controller has looked at this place, with jobs of both sides."""
    tick = status.get("last_tick", {})
    verdict = tick.get("verdict", {})
    return tick.get("epoch") == status["epoch"] and min(verdict.get("canary", {}).get("jobs", 0),
                                                        verdict.get("control", {}).get("jobs", 0)) > 0


def whole_flip(terminal):
    terminal.say("Before anything moves: may it? Each row says what is wrong and what to do.")
    terminal.show(["preflight", "--plan", "plan.toml"], terminal.run("preflight", "--plan", "plan.toml"))
    terminal.say("Dark: the queue is there, and only probes use it.")
    terminal.climb("start", "--plan", "plan.toml", "--why", "the load of spring")
    terminal.say("Shadow: callers get the sync answer, and copies go through the queue.")
    terminal.climb("promote")
    terminal.wait(lambda status: json.loads(terminal.run("shadow-report", "--json").stdout)["made"] > 5, "comparisons")
    terminal.say("A tenth of the callers, always the same ones.")
    terminal.climb("promote")
    terminal.wait(has_verdict, "the controller's look")
    terminal.type("status")
    terminal.say("Half of them, and then all.")
    terminal.climb("promote")
    terminal.wait(has_verdict, "the controller's look")
    terminal.climb("promote")
    terminal.say("And back, for no reason but that it can be done.")
    terminal.type("abort", "--why", "the rehearsal is over", codes=(0, NOT_ACKNOWLEDGED))
    terminal.wait(lambda status: status["state"] == "off", "the end of the drain")
    terminal.type("status")
    terminal.say("Redis still has results that callers may ask for.")
    terminal.type("may-disconnect", codes=(1,))
    terminal.type("may-disconnect", "--accept", "results,keys")
    terminal.say("Who did what.")
    terminal.type("log")
    terminal.type("log", "--verify")


def transcript():
    redis = RedisServer(aof=True)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "shunt.toml").write_text(CONFIG)
        (Path(folder) / "plan.toml").write_text(PLAN)
        os.environ["SHUNT_BIN"] = str(Path(os.environ["SHUNT_BIN"]).resolve())
        programs = Programs(folder)
        load = None
        try:
            for name, value in (("maxmemory", "268435456"), ("maxmemory-policy", "noeviction")):
                redis("CONFIG", "SET", name, value)
            environment = {"QUEUE_ENABLED": "true", "REDIS_URL": redis.url}
            apis = [programs.api(environment=environment) for _ in range(2)]
            programs.worker(environment=environment)
            terminal = Terminal(os.environ["SHUNT_BIN"], folder, apis[0])
            terminal.wait(lambda status: status["converged"] and len(status["processes"]) == 2, "both processes")
            load = Load(apis)
            whole_flip(terminal)
            load.stop()
            assert load.failed == [], load.failed[:3]
            return terminal.text
        finally:
            if load is not None:
                load.stop()
            programs.close()
            redis.close()


def shape(text):
    """Of a transcript what is the same in every run: what is typed, and which rows a preflight has. How far a fleet has
    come when somebody looks is a matter of milliseconds."""
    text = re.sub(r"^(?:pass|warn|fail) +(\S+).*$", r"row \1", text, flags=re.M)
    # A row that fails on a busy machine is overridden.
    text = re.sub(r" --override \S+", "", text)
    return [line.strip() for line in text.splitlines() if line.startswith(("$ ", "# ", "row "))]


def written():
    """The transcript as the page has it."""
    page = PAGE.read_text()
    return page[page.index(BEGIN) + len(BEGIN):page.index(END, page.index(BEGIN) + len(BEGIN))]


def main():
    text = transcript()
    if sys.argv[1:] != ["--fix"]:
        print(text, end="")
        return
    page = PAGE.read_text()
    PAGE.write_text(page.replace(BEGIN + written() + END, BEGIN + text.rstrip() + "\n" + END))


if __name__ == "__main__":
    main()
