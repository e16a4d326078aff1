"""Rehearsals of a rollout: what `shunt flip simulate` tells people and programs."""

import json
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]


def told(shunt, *arguments):
    answer = shunt.run("flip", "simulate", *arguments)
    assert answer.returncode == 0, answer.stderr.decode()
    return answer.stdout.decode()


def as_json(shunt, *arguments):
    return json.loads(told(shunt, *arguments, "--json"))


def test_a_healthy_rollout_is_told_from_dark_to_full(shunt):
    story = as_json(shunt)
    assert [entry["state"] for entry in story["entries"]] == ["dark", "shadow"] + ["canary"] * 5 + ["full"]
    assert [entry["weight"] for entry in story["entries"]] == ["0%", "0%", "1%", "5%", "10%", "25%", "50%", "100%"]
    assert story["end"] == "full" and story["took_seconds"] >= 34 * 3600
    assert [entry["epoch"] for entry in story["entries"]] == list(range(2, 10))
    verdict = story["entries"][-1]["verdict"]
    assert verdict["outcome"] == "passed" and verdict["canary"]["jobs"] >= 5000
    assert 0 < verdict["smallest_detectable_rise"] < 0.01


def test_a_rollout_is_told_in_aligned_columns_without_colour_in_a_pipe(shunt):
    text = told(shunt)
    lines = text.splitlines()
    assert lines[0] == 'Plan "default", 50 generations a minute, 1% of them fail.'
    head = next(line for line in lines if "BECAUSE" in line)
    rows = lines[lines.index(head) + 1:lines.index("", lines.index(head))]
    assert len(rows) == 8
    at = head.index("NOW")
    assert all(row[at - 1] == " " and row[at] != " " for row in rows), text
    assert re.search(r"^Everybody uses the queue after \d+d \d\d:\d\d\.$", text, re.M)
    assert "\x1b" not in text


def test_a_rollout_that_breaks_is_told_to_its_end(shunt):
    story = as_json(shunt, "--rate", "200", "--errors", "1%", "--then", "4%", "--from", "25%")
    assert [entry["state"] for entry in story["entries"]][-4:] == ["canary", "aborting", "draining", "off"]
    assert story["entries"][-4]["weight"] == "25%"
    aborted = story["entries"][-3]
    assert aborted["verdict"]["outcome"] == "failed" and aborted["verdict"]["z_errors"] > 3.5
    assert aborted["by"] == "controller" and aborted["weight"] == "0%"
    assert "errors" in aborted["why"]
    text = told(shunt, "--rate", "200", "--errors", "1%", "--then", "4%", "--from", "25%")
    assert "It was taken back after" in text and "on the queue from 25% on 4%" in text


def test_many_rollouts_are_summed_up(shunt):
    ends = as_json(shunt, "--errors", "2%", "--runs", "20", "--on-hold", "resume")
    assert ends["runs"] == 20 and sum(end["rollouts"] for end in ends["ends"].values()) == 20
    assert ends["ends"]["full"]["rollouts"] >= 17
    assert "ROLLOUTS" in told(shunt, "--runs", "3")


def test_a_seed_tells_the_same_story(shunt):
    assert told(shunt, "--seed", "7") == told(shunt, "--seed", "7")
    assert told(shunt, "--seed", "7") != told(shunt, "--seed", "8")


def test_a_plan_is_read_from_its_file(shunt):
    assert as_json(shunt, str(ROOT / "config/flip-plan.toml")) == as_json(shunt)
    shunt.write("plan.toml", '[shadow]\nenabled = false\n[[steps]]\nweight = "10%"\nleast_time = "10m"\n')
    story = as_json(shunt, "plan.toml")
    assert [entry["state"] for entry in story["entries"]] == ["dark", "canary", "full"]


def test_a_wrong_plan_is_told_with_its_line(shunt):
    shunt.write("plan.toml", 'name = "x"\ntock = "1m"\n')
    answer = shunt.run("flip", "simulate", "plan.toml")
    assert answer.returncode == 78
    assert b"plan.toml:2: plan: /tock" in answer.stderr
    assert shunt.run("flip", "simulate", "absent.toml").returncode == 78


@pytest.mark.parametrize("arguments", [["--errors", "1"], ["--then", "101%"], ["--rate", "-1"], ["--rate", "1e9"],
                                       ["--runs", "0"], ["--on-hold", "maybe"], ["--slower", "0"], ["a", "b"]])
def test_a_wrong_command_line_is_refused(shunt, arguments):
    answer = shunt.run("flip", "simulate", *arguments)
    assert answer.returncode == 2 and answer.stdout == b""
    assert b"shunt flip simulate --help" in answer.stderr


def test_help_tells_of_simulate(shunt):
    assert b"simulate" in shunt.run("flip", "--help").stdout
    assert b"Usage: shunt flip simulate" in shunt.run("flip", "simulate", "--help").stdout
    assert shunt.run("flip").returncode == 2
