"""What a person sees first."""

import json
import re

import pytest


def test_version_prints_name_and_number(shunt):
    answer = shunt.run("version")
    assert answer.returncode == 0
    assert re.fullmatch(rb"shunt \d+\.\d+\.\d+\n", answer.stdout)
    assert shunt.run("--version").stdout == answer.stdout


def test_version_as_json_tells_what_this_build_can_do(shunt):
    about = json.loads(shunt.run("version", "--json").stdout)
    assert about["name"] == "shunt"
    assert about["executors"] == ["sync", "queue"]
    assert set(about["drivers"]) == {"cog", "command", "openai", "simulator"}


@pytest.mark.parametrize("command", ["init", "doctor", "serve", "worker", "generate", "status", "jobs", "webhooks",
                                     "flip", "config", "version"])
def test_help_names_every_command_and_each_has_its_own(shunt, command):
    assert f"\n  {command} " in shunt.run("--help").stdout.decode()
    answer = shunt.run(command, "--help")
    assert answer.returncode == 0
    assert b"Usage: shunt " + command.encode() in answer.stdout
    assert answer.stderr == b""


def test_help_lists_all_commands_in_one_place(shunt):
    text = shunt.run("--help").stdout.decode()
    assert "Subcommands" not in text
    assert text.index("Commands:") < text.index("\n  webhooks ") < text.index("shunt COMMAND --help")


def test_help_documents_the_exit_codes(shunt):
    text = shunt.run("generate", "--help").stdout.decode()
    for code in ("0", "1", "2", "78", "130"):
        assert re.search(rf"^  {code} ", text, re.MULTILINE), code


def test_no_command_is_a_usage_error_that_shows_the_help(shunt):
    answer = shunt.run()
    assert answer.returncode == 2
    assert b"Commands:" in answer.stderr
    assert answer.stdout == b""


@pytest.mark.parametrize("arguments, expected", [
    (["nope"], "nope"),
    (["serve", "--nope"], "--nope"),
    (["generate", "a", "b"], "b"),
    (["generate", "a", "--timeout", "soon"], "soon"),
    (["serve", "--set", "novalue"], "NAME=VALUE"),
    (["config"], "required: check, show, diff"),
    (["serv"], 'no command "serv" of shunt; did you mean "serve"?'),
    (["flip", "strat"], 'no command "strat" of shunt flip; did you mean "start"?'),
    (["jobs", "\x1b[2Jzzzzzzzzzz"], "no command"),
])
def test_a_wrong_command_line_is_refused_by_name_and_points_to_the_help(shunt, arguments, expected):
    answer = shunt.run(*arguments)
    assert answer.returncode == 2
    assert expected in answer.stderr.decode()
    assert b"--help" in answer.stderr
    assert answer.stdout == b""
