"""Runs the example programs of the bullmq library (BULLMQ_EXAMPLES_DIR) against a real Redis and npm's own client."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INTEROP = ROOT / "tests" / "interop"
sys.path[:0] = [str(INTEROP), str(ROOT / "tests" / "support")]

import npm_packages  # noqa: E402
from redis_server import RedisServer  # noqa: E402

EXAMPLES = Path(os.environ["BULLMQ_EXAMPLES_DIR"])
# A job that was taken while its answer was lost runs again when its lock has expired: 30 s, and 30 s to be found.
SOON = 120


class Program:
    """A process whose lines are read as they come."""

    def __init__(self, redis, *argv, **options):
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, env={**os.environ, "REDIS_URL": redis.url}, **options)
        self.lines = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def until(self, is_true):
        deadline = time.monotonic() + SOON
        with self.changed:
            while not is_true(self.lines):
                left = deadline - time.monotonic()
                assert left > 0 and (self.process.poll() is None or self.reader.is_alive()), self.lines
                self.changed.wait(min(left, 0.5))

    def ends(self):
        assert self.process.wait(SOON) == 0, self.lines
        self.reader.join(SOON)
        return self.lines

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join(SOON)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def packages():
    npm_packages.install()


@pytest.fixture
def redis():
    server = RedisServer(aof=True)
    yield server
    server.close()


@pytest.fixture
def start(redis):
    started = []

    def run(*argv, **options):
        started.append(Program(redis, *argv, **options))
        return started[-1]

    yield run
    for program in started:
        program.kill()


def node(start, script):
    return start("node", "--input-type=module", "-e", script, cwd=INTEROP)


NODE_WORKER = """
import { Worker } from 'bullmq';
const connection = { url: process.env.REDIS_URL, maxRetriesPerRequest: null };
const worker = new Worker('greetings', async job => `Hello from Node, ${job.data.name}!`, { connection });
await worker.waitUntilReady();
console.log('ready');
"""

NODE_PRODUCER = """
import { Queue } from 'bullmq';
const queue = new Queue('greetings', { connection: { url: process.env.REDIS_URL } });
const count = Number(process.env.COUNT ?? 200);
await queue.addBulk(Array.from({ length: count }, (_, i) => ({ name: 'greet', data: { name: `user ${i}` } })));
await queue.close();
"""

NODE_COUNTS = """
import { Queue } from 'bullmq';
const queue = new Queue('greetings', { connection: { url: process.env.REDIS_URL } });
console.log(JSON.stringify(await queue.getJobCounts()));
console.log(JSON.stringify((await queue.getCompleted(0, -1)).map(job => [job.data.name, job.returnvalue])));
await queue.close();
"""


def test_a_node_worker_processes_the_job_of_the_producer(packages, start):
    worker = node(start, NODE_WORKER)
    worker.until(lambda lines: "ready" in lines)
    lines = start(EXAMPLES / "bullmq_producer").ends()
    assert lines == ["added job 1", "result: Hello from Node, Ada!"]


def test_the_worker_loses_nothing_that_node_added_while_redis_is_killed_and_comes_back(packages, redis, start):
    node(start, NODE_PRODUCER).ends()
    worker = start(EXAMPLES / "bullmq_worker")
    worker.until(lambda lines: len(lines) >= 20)
    redis.restart(kill=True)
    node(start, NODE_PRODUCER).ends()
    # A job whose finish was lost with the server runs again, so a line may come twice.
    worker.until(lambda lines: len({line.split(":")[0] for line in lines}) == 400)
    worker.process.send_signal(signal.SIGINT)
    worker.ends()
    counts, completed = node(start, NODE_COUNTS).ends()
    assert {state: count for state, count in json.loads(counts).items() if count} == {"completed": 400}
    assert all(value == f"Hello, {name}!" for name, value in json.loads(completed))


def test_the_blocking_program_prints_its_results(start):
    assert start(EXAMPLES / "bullmq_blocking").ends() == [
        '{"below":10} -> 4', '{"below":100} -> 25', '{"below":1000} -> 168', '{"below":10000} -> 1229']


def built_in_the_tree_only(name):
    if not (EXAMPLES / name).exists():
        pytest.skip("built in the tree only")


def test_retries_follow_their_backoff(start):
    built_in_the_tree_only("bullmq_retries")
    lines = start(EXAMPLES / "bullmq_retries").ends()
    assert [line for line in lines if line.startswith("delayed 1")] == ["delayed 1 "] * 2, lines
    assert 'progress 1 {"step":"charged"}' in lines
    assert 'charged: {"receipt":17}' in lines
    assert lines.count("failed 2 the card does not exist") == 1
    assert "refused: the card does not exist" in lines


def test_the_snippets_of_the_documentation_do_what_they_say(start):
    built_in_the_tree_only("bullmq_snippets")
    start(EXAMPLES / "bullmq_snippets").ends()
