"""`shunt generate` says the same with the queue as without, once ids and times have names: its result on standard
output, its complaints on standard error, its exit code, its files."""

import json
import re
import signal
import subprocess

import pytest

from conftest import PATIENCE
from program_models import PROGRAMS
from redis_server import Resp
from time_for_redis import TIME_FOR_REDIS
from waiting import eventually

MODELS = PROGRAMS + r"""
[models.simulator]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "0ms"
spread = 0.0

[models.broken]
driver = "command"
argv = ["sh", "-c", "exit 3"]
input_mode = "none"

[models.sleeper]
driver = "command"
argv = ["sh", "-c", "echo started; exec sleep 1000"]
input_mode = "none"
"""

QUICK = json.dumps({"tokens": 3, "seed": 1})


@pytest.fixture
def modes(shunt, redis):
    """The environments of both modes; a worker of the queue runs."""
    shunt.write("shunt.toml", MODELS + f'\n[files]\ndirectory = "{shunt.folder}/given"\nmin_free = 0\n')
    shunt.write("shunt.png", "no picture\n")
    queue = {"QUEUE_ENABLED": "true", "REDIS_URL": redis.url, "SHUNT_ARTIFACTS_DIRECTORY": str(shunt.folder / "kept"),
             **TIME_FOR_REDIS}
    shunt.worker(environment=queue)
    return {"sync": {}, "queue": queue}


def normalised(output):
    text = output.decode("latin-1")
    text = re.sub(r"gen_[0-9a-f]{32}", "gen_1", text)
    return re.sub(r'"20\d\d-\d\d-\d\dT[0-9:.]+Z"', '"TIME"', text)


@pytest.mark.parametrize("arguments", [
    ["hi", "--model", "simulator", "--input", QUICK],
    ["hi", "--model", "simulator", "--input", QUICK, "--json"],
    ["hi", "--model", "simulator", "--input", QUICK, "-o", "result"],
    ["hi", "--model", "simulator", "--input", '{"failure_rate": 1, "seed": 1}'],
    ["some text", "--model", "steps"],
    ["some text", "--model", "steps", "--json"],
    ["--model", "verdict"],
    ["--model", "kept", "--output", "f.txt"],
    ["--model", "kept", "--json"],
    ["--model", "drawing"],
    ["--model", "drawing", "--json"],
    ["--model", "drawing", "-o", "result"],
    ["--model", "drawing", "--json", "-o", "result"],
    ["--model", "copy", "--file", "image=@shunt.png"],
    ["--model", "copy"],
    ["--model", "copy", "--file", "image=@no-such-file.png"],
    ["--model", "copy", "--file", "image=shunt.png"],
    ["--model", "copy", "--file", "other=@shunt.png"],
    ["--model", "broken"],
    ["--model", "broken", "--json"],
    ["--model", "sleeper", "--timeout", "2s"],  # its program has said its word by then
    ["hi", "--model", "nobody"],
    ["hi", "--model", "simulator", "--input", "{"],
    ["hi", "--model", "simulator", "--input", '{"tokens": -1}'],
    ["hi", "--model", "simulator", "--timeout", "48h"],
    ["--model", "drawing", "-o", "no-such-folder/result"],
], ids=" ".join)
def test_the_output_is_the_same(shunt, modes, arguments):
    seen = {}
    result = shunt.folder / "result"
    for mode, environment in modes.items():
        answer = shunt.run("generate", *arguments, environment=environment)
        seen[mode] = (answer.returncode, normalised(answer.stdout), normalised(answer.stderr),
                      result.read_bytes() if result.exists() else None)
        result.unlink(missing_ok=True)
    assert seen["queue"] == seen["sync"]


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_cancels_the_same(shunt, modes, number, code):
    seen = {}
    for mode, environment in modes.items():
        process = shunt.popen("generate", "--model", "sleeper", environment=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        assert process.stdout.readline() == b"started\n"
        process.send_signal(number)
        output, problem = process.communicate(timeout=PATIENCE)
        seen[mode] = (process.returncode, output, problem)
    assert seen["sync"][0] == code
    assert seen["queue"] == seen["sync"]


def test_with_the_queue_it_is_a_worker_that_runs_it(shunt, modes, redis):
    before = redis("KEYS", "{shunt}:simulator:*")
    shunt.run("generate", "hi", "--model", "simulator", "--input", QUICK, environment=modes["queue"])
    assert set(redis("KEYS", "{shunt}:simulator:gen_*")) - set(before)


def test_a_redis_that_is_away_fails_it_within_its_patience(shunt, modes, redis):
    redis.stop()
    impatient = {**modes["queue"], "SHUNT_QUEUE_ENQUEUE_DEADLINE": "250ms"}
    answer = shunt.run("generate", "hi", "--model", "simulator", "--input", QUICK, environment=impatient)
    assert answer.returncode == 1
    assert "(queue_unavailable)" in answer.stderr.decode()
    assert answer.stdout == b""


# Long enough that its first worker is killed before the end.
LONG = {"tokens": 100, "token_gap_ms": 30, "seed": 1}
WORDS = json.dumps(LONG)


class Interrupted:
    """A generation of 100 words whose first worker is killed after the first, and which a second worker runs."""

    def __init__(self, shunt, environment, *arguments):
        # Its own queue, where a lost worker is noticed soon, and one that gets no processor for a while is not lost.
        environment = {**environment, "SHUNT_QUEUE_LOCK_DURATION": "3s", "SHUNT_QUEUE_STALLED_INTERVAL": "500ms",
                       "SHUNT_QUEUE_PREFIX": "{short}"}
        doomed = shunt.worker(environment=environment)
        process = shunt.popen("generate", "hi", "--model", "simulator", "--input", WORDS, *arguments,
                              environment=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with Resp(int(environment["REDIS_URL"].rsplit(":", 1)[1])) as redis:
            record = eventually(lambda: redis("KEYS", "{short}::gen:r:*"), "a record")[0]
            eventually(lambda: int(redis("HGET", record, "seq")) > 2, "its first word")
        doomed.process.kill()
        shunt.worker(environment=environment)
        self.output, self.problem = process.communicate(timeout=PATIENCE)
        self.code = process.returncode


def words_of(shunt, modes):
    quickly = json.dumps({**LONG, "token_gap_ms": 1})
    return shunt.run("generate", "hi", "--model", "simulator", "--input", quickly, environment=modes["sync"]).stdout


def test_a_killed_worker_shows_as_a_fresh_start_and_one_result(shunt, modes):
    run = Interrupted(shunt, modes["queue"], "--json")
    events = [json.loads(line) for line in run.output.splitlines()]
    kinds = [event["type"] for event in events]
    assert (run.code, kinds.count("restarted"), kinds[-1]) == (0, 1, "succeeded")
    assert kinds[kinds.index("restarted"):].count("delta") == 100
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


def test_the_text_of_a_lost_attempt_does_not_get_into_the_file(shunt, modes):
    run = Interrupted(shunt, modes["queue"], "-o", "words")
    assert run.code == 0
    assert (shunt.folder / "words").read_bytes() == words_of(shunt, modes)


def test_the_text_of_a_lost_attempt_on_standard_output_is_declared_void(shunt, modes):
    run = Interrupted(shunt, modes["queue"])
    assert run.code == 0
    assert run.output.endswith(words_of(shunt, modes))
    assert "the text before this is void" in run.problem.decode()
