"""One generation without a server."""

import json
import os
import pty
import signal
import subprocess
import threading

import pytest

from conftest import PATIENCE
from process_state import has_ended
from waiting import eventually

QUICK = json.dumps({"tokens": 3, "first_token_ms": 0, "token_gap_ms": 0, "seed": 1})
ENDLESS = json.dumps({"tokens": 100000, "first_token_ms": 1, "token_gap_ms": 50})


def simulate(shunt, *arguments, input=QUICK, **options):
    return shunt.run("generate", "hi", "--model", "simulator", "--input", input, *arguments, **options)


class OnTerminal:
    """A command whose standard output and error are a terminal; `screen` is what it showed."""

    def __init__(self, shunt, *arguments, environment=None):
        ours, theirs = pty.openpty()
        self.process = shunt.popen(*arguments, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
                                   environment={"TERM": "xterm", **(environment or {})})
        os.close(theirs)
        self.screen = ""
        self.reader = threading.Thread(target=self._read, args=(ours,))
        self.reader.start()

    def _read(self, terminal):
        while True:
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # Linux says EIO once nobody has the other side
                piece = b""
            if not piece:
                return os.close(terminal)
            self.screen += piece.decode(errors="replace")

    def wait(self):
        code = self.process.wait(timeout=PATIENCE)
        self.reader.join()
        return code


def test_text_goes_to_standard_output_and_nothing_else_does(shunt):
    answer = simulate(shunt)
    assert answer.returncode == 0
    assert len(answer.stdout.split()) == 3
    assert answer.stderr == b""


def test_text_is_read_from_standard_input_when_asked(shunt):
    config = shunt.write("cat.toml", '[models.cat]\ndriver = "command"\nargv = ["cat"]\ninput_mode = "stdin_text"\n'
                                     'text_field = "text"\n')
    answer = shunt.run("generate", "-", "--config", config, stdin="zwölf\nBoxkämpfer\n".encode())
    assert (answer.returncode, answer.stdout.decode()) == (0, "zwölf\nBoxkämpfer")


def test_text_streams_while_the_generation_runs(shunt):
    process = shunt.popen("generate", "hi", "--model", "simulator", "--input", ENDLESS, stdout=subprocess.PIPE)
    assert process.stdout.read(1)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.stdout.read()
    process.stdout.close()
    assert process.wait(timeout=PATIENCE) == 130


def test_an_artifact_goes_to_the_named_file(shunt):
    answer = shunt.run("generate", "hello", "--model", "speech", "-o", "hello.wav")
    assert answer.returncode == 0
    sound = (shunt.folder / "hello.wav").read_bytes()
    assert sound[:4] == b"RIFF"
    assert answer.stdout == b""
    assert f"wrote hello.wav ({len(sound)} bytes, audio/wav)" in answer.stderr.decode()


def test_an_artifact_goes_into_a_pipe(shunt):
    answer = shunt.run("generate", "hello")
    assert answer.returncode == 0
    assert answer.stdout[:4] == b"RIFF" and len(answer.stdout) > 1000
    assert answer.stderr == b""


def test_on_a_terminal_an_artifact_gets_a_file_of_its_own(shunt):
    for name in ("speech-audio.wav", "speech-audio-2.wav"):
        run = OnTerminal(shunt, "generate", "hello")
        assert run.wait() == 0
        assert f"wrote {name} (" in run.screen
        assert (shunt.folder / name).read_bytes()[:4] == b"RIFF"
        assert "RIFF" not in run.screen


def test_text_without_an_artifact_goes_to_the_named_file(shunt):
    answer = simulate(shunt, "-o", "words.txt")
    assert answer.returncode == 0
    assert len((shunt.folder / "words.txt").read_text().split()) == 3
    assert answer.stdout == b""


def test_json_prints_the_events_one_a_line(shunt):
    answer = simulate(shunt, "--json")
    assert answer.returncode == 0
    events = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events] == ["queued", "started", "delta", "delta", "delta", "succeeded"]


def test_json_of_an_artifact_describes_it_and_the_file_has_the_bytes(shunt):
    answer = shunt.run("generate", "hello", "--json", "-o", "hello.wav")
    artifact = next(event for event in map(json.loads, answer.stdout.splitlines()) if event["type"] == "artifact")
    assert artifact["media_type"] == "audio/wav"
    assert artifact["size"] == (shunt.folder / "hello.wav").stat().st_size


def test_input_is_read_from_a_file(shunt):
    shunt.write("input.json", json.dumps({"prompt": "hi", **json.loads(QUICK)}))
    answer = shunt.run("generate", "--model", "simulator", "--input", "@input.json")
    assert answer.returncode == 0
    assert answer.stdout == simulate(shunt).stdout


def test_progress_and_logs_show_on_a_terminal_only(shunt):
    config = shunt.write("steps.toml", """
[models.steps]
driver = "command"
argv = ["sh", "-c", "echo 'progress: 50% halfway' >&2; echo 'a note' >&2; printf 7"]
input_mode = "none"
stderr_to_caller = true
output = "json"
""")
    arguments = ["generate", "--model", "steps", "--config", config]
    run = OnTerminal(shunt, *arguments)
    assert run.wait() == 0
    assert "50% halfway" in run.screen and "a note" in run.screen
    assert run.screen.endswith("7\r\n")
    piped = shunt.run(*arguments)
    assert (piped.stdout, piped.stderr) == (b"7\n", b"")


def test_a_log_line_never_continues_a_line_of_text(shunt):
    config = shunt.write("mixed.toml", """
[models.mixed]
driver = "command"
argv = ["sh", "-c", "printf 'an open line'; echo 'a note' >&2"]
input_mode = "none"
stderr_to_caller = true
""")
    run = OnTerminal(shunt, "generate", "--model", "mixed", "--config", config, environment={"NO_COLOR": "1"})
    assert run.wait() == 0
    assert sorted(run.screen.splitlines()) == ["an open line", "info: a note"]


def test_a_failed_generation_exits_1_with_its_reason(shunt):
    answer = simulate(shunt, input=json.dumps({"first_token_ms": 0, "failure_rate": 1}))
    assert answer.returncode == 1
    assert "(simulated_failure)" in answer.stderr.decode()


def test_the_timeout_ends_a_generation_as_failed(shunt):
    answer = simulate(shunt, "--timeout", "150ms", input=ENDLESS)
    assert answer.returncode == 1
    assert "(deadline_exceeded)" in answer.stderr.decode()


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_cancels_the_generation_and_its_program(shunt, number, code):
    config = shunt.write("sleep.toml", '[models.sleep]\ndriver = "command"\ninput_mode = "none"\n'
                                       'argv = ["sh", "-c", "echo $$; exec sleep 1000"]\n')
    process = shunt.popen("generate", "--model", "sleep", "--config", config, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    program = int(process.stdout.readline())
    process.send_signal(number)
    _, problem = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert b"cancelled" in problem
    eventually(lambda: has_ended(program), "the end of the program")


def test_a_reader_that_goes_away_ends_the_generation(shunt):
    process = shunt.popen("generate", "hi", "--model", "simulator", "--input", ENDLESS, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    process.stdout.read(1)
    process.stdout.close()
    assert process.wait(timeout=PATIENCE) == 141  # as SIGPIPE would, and without a word
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.parametrize("arguments, expected", [
    (["hi", "--model", "nope"], "speech, simulator"),
    (["hi", "--model", "simulator", "--input", "{"], "--input"),
    (["hi", "--model", "simulator", "--input", "[]"], "JSON object"),
    (["hi", "--model", "simulator", "--input", "@missing.json"], "missing.json"),
    (["hi", "--model", "simulator", "--input", '{"prompt": "twice"}'], "twice"),
    (["hi", "--model", "simulator", "--input", '{"tokens": -1}'], "tokens"),
    (["--model", "simulator"], "nothing to generate from"),
    (["hi", "--timeout", "48h"], "timeout"),
    (["hi", "-o", "no-such-folder/out.wav"], "no-such-folder"),
    (["hi", "-o", "."], "folder"),
])
def test_an_unusable_request_exits_2_and_says_why(shunt, arguments, expected):
    answer = shunt.run("generate", *arguments)
    assert answer.returncode == 2, answer.stderr
    assert expected in answer.stderr.decode()
    assert answer.stdout == b""


def test_another_models_missing_program_does_not_matter(shunt):
    config = shunt.write("two.toml", '[models.ghost]\ndriver = "command"\nargv = ["no-such-program"]\n'
                                     '[models.simulator]\ndriver = "simulator"\ntext_field = "prompt"\n')
    assert shunt.run("generate", "hi", "--model", "simulator", "--input", QUICK, "--config", config).returncode == 0
    assert shunt.run("generate", "hi", "--model", "ghost", "--input", "{}", "--config", config).returncode in (2, 78)
