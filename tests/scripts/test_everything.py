"""./test --everything and what it is made of, with suites that take no time."""

import json
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests" / "support")]

import everything  # noqa: E402
import fuzz  # noqa: E402
from suite_runner import Runner, Suite, aligned, counts_in, duration  # noqa: E402
from waiting import eventually  # noqa: E402


def sh(name, script, **environment):
    return Suite(name, ["sh", "-c", script], environment, f"about {name}")


GOOD = sh("good", "echo '100% tests passed, 0 tests failed out of 12'")
BAD = sh("bad", "echo before; echo '99% tests passed, 1 tests failed out of 1107'; exit 8")
QUIET = sh("quiet", 'test "$WORD" = x', WORD="x")


def run(tmp_path, capsys, suites, *arguments):
    code = everything.main(list(arguments), suites, tmp_path)
    return code, capsys.readouterr().out


def test_a_failure_does_not_end_the_round_and_shows_in_table_and_exit_code(tmp_path, capsys):
    code, out = run(tmp_path, capsys, [BAD, GOOD, QUIET])
    assert code == 1
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == ["suite", "result", "passed", "failed", "time", "log"]
    assert [row[:4] for row in rows[1:]] == [["bad", "failed", "1106", "1"], ["good", "passed", "12", "0"],
                                             ["quiet", "passed", "-", "-"]]
    assert rows[1][-1].endswith("bad.log") and "before" in (tmp_path / "bad.log").read_text()


def test_all_well_is_0(tmp_path, capsys):
    assert run(tmp_path, capsys, [GOOD, QUIET])[0] == 0


def test_a_runner_that_counts_failures_and_ends_with_0_has_failed(tmp_path, capsys):
    assert run(tmp_path, capsys, [sh("odd", "echo '2 failed, 3 passed in 1.00s'")])[0] == 1


def test_a_program_that_is_not_there_has_failed(tmp_path, capsys):
    assert run(tmp_path, capsys, [sh("gone", "exec /nonexistent/program"), GOOD])[0] == 1


def test_some_by_name_and_a_name_that_is_none(tmp_path, capsys):
    assert "bad" not in run(tmp_path, capsys, [BAD, GOOD], "--only", "good")[1]
    assert run(tmp_path, capsys, [BAD, GOOD], "--without", "bad")[0] == 0
    with pytest.raises(SystemExit, match="no such suite: nothing .there are bad, good."):
        run(tmp_path, capsys, [BAD, GOOD], "--only", "nothing")


def test_json_has_the_same(tmp_path, capsys):
    code, out = run(tmp_path, capsys, [BAD, GOOD], "--json")
    told = json.loads(out)
    assert code == 1 and [each["result"] for each in told] == ["failed", "passed"]
    assert told[0]["note"] == "exit code 8"


def test_an_interrupted_round_ends_what_runs_and_starts_nothing_more(tmp_path):
    runner = Runner(ROOT, tmp_path)
    begun = time.monotonic()

    def interrupt():
        eventually(lambda: runner.processes, "a process")
        runner.stop()

    threading.Thread(target=interrupt).start()
    outcomes = runner.run_all([sh("long", "sleep 60"), GOOD])
    assert [outcome.result for outcome in outcomes] == ["interrupted", "interrupted"]
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("text, counts", [
    ("nothing", (None, None)),
    ("100% tests passed, 0 tests failed out of 78\n", (78, 0)),
    ("0% tests passed, 78 tests failed out of 78\n", (0, 78)),
    ("53 passed in 13.32s", (53, 0)),
    ("1 failed, 3 passed, 2 skipped in 0.95s", (3, 1)),
    ("31 targets passed, 1 failed", (31, 1)),
    ("5 passed in 1.00s\n50% tests passed, 1 tests failed out of 2", (1, 1)),
])
def test_the_last_word_of_a_runner_counts(text, counts):
    assert counts_in(text) == counts


def test_columns_are_aligned_and_times_are_short():
    assert aligned([["a", "n"], ["long", 5], ["x", 12]]) == "a      n\nlong   5\nx     12"
    assert [duration(seconds) for seconds in (0.26, 61, 3723)] == ["0.3s", "1m01s", "1h02m03s"]


def test_every_suite_is_something_that_there_is():
    usage = subprocess.run(["./test", "--help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for suite in everything.suites():
        assert suite.about
        for word in suite.command:
            if word.startswith("--") and suite.command[0] == "./test":
                assert re.search(rf"^\./test {word}\b", usage, re.M), f"{suite.name}: ./test has no {word}"
            for path in re.findall(r"(?:tests|scripts)/[\w/]+\.(?:py|sh)", word):
                assert (ROOT / path).is_file(), f"{suite.name}: there is no {path}"


def test_every_option_of_test_is_in_a_suite():
    usage = subprocess.run(["./test", "--help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"^\./test (--[\w-]+)", usage, re.M)) - {"--everything"}
    used = {word for suite in everything.suites() for word in suite.command if word.startswith("--")}
    assert options <= used, f"./test --everything leaves out {sorted(options - used)}"


def test_fuzz_tells_what_a_target_ran_and_found(tmp_path):
    target = tmp_path / "fuzz_x"
    target.write_text("#!/bin/sh\necho stat::number_of_executed_units: 17\n")
    target.chmod(0o755)
    (tmp_path / "fuzz_smoke_x").write_text("")
    assert fuzz.targets_in(tmp_path) == ["x"]
    assert fuzz.judged("stat::number_of_executed_units: 17\n") == (17, 0, "")
    passed, failed, note = fuzz.judged("SUMMARY: AddressSanitizer: heap\nTest unit written to build/crash-1\n")
    assert (passed, failed) == (None, 1) and "AddressSanitizer" in note and note.endswith("crash-1")
