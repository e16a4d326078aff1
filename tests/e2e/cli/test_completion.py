"""Completions and manual pages are made of the table of commands, and so know what --help knows."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# At the beginning of a line, as in "  -h,--help   Print this".
OPTION = re.compile(r"(?:(?<=^  )|(?<=,))--?[a-z][a-z-]*")
PAGES = ROOT / "packaging" / "manual" / "man_pages.py"


@pytest.fixture(scope="module")
def shunt():
    return os.environ["SHUNT_BIN"]


def tell(shunt, *arguments):
    return subprocess.run([shunt, *arguments], capture_output=True, text=True, check=True, timeout=30).stdout


def commands_in(table, path=()):
    yield path, table
    for below in table["commands"]:
        yield from commands_in(below, (*path, below["name"]))


@pytest.fixture(scope="module")
def table(shunt):
    return json.loads(tell(shunt, "completion", "json"))


def test_the_table_has_every_command_and_option_that_help_shows(shunt, table):
    for path, command in commands_in(table):
        shown = tell(shunt, *path, "--help")
        for below in command["commands"]:
            assert f"  {below['name']} " in shown
        options = shown.split("Options:")[1].split("\n\n")[0]
        listed = {name for line in options.splitlines() for name in OPTION.findall(line) if line.startswith("  -")}
        assert {name for option in command["options"] for name in option["names"]} == listed, path


def bash(shunt, *words):
    """What bash would offer after these words."""
    script = tell(shunt, "completion", "bash") + """
compopt() { :; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _shunt; printf '%s\\n' "${COMPREPLY[@]}"
"""
    done = subprocess.run(["bash", "-c", script, "bash", "shunt", *words], capture_output=True, text=True, cwd=ROOT, timeout=30)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout.split()


def test_bash_offers_commands_options_choices_and_files(shunt):
    assert bash(shunt, "con") == ["config"]
    assert {"check", "show", "reference", "--help"} <= set(bash(shunt, "config", ""))
    assert bash(shunt, "jobs", "ls", "--state", "q") == ["queued"]
    assert bash(shunt, "serve", "--config", "README") == ["README.md"]
    assert bash(shunt, "serve", "--listen", "") == []
    assert set(bash(shunt, "completion", "")) >= {"bash", "zsh", "fish"}


def test_bash_offers_every_command_of_the_table(shunt, table):
    for path, command in commands_in(table):
        assert {below["name"] for below in command["commands"]} <= set(bash(shunt, *path, "")), path


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
def test_fish_offers_commands_options_and_choices(shunt):
    def fish(line):
        script = tell(shunt, "completion", "fish") + f'\ncomplete -C "{line}"\n'
        done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, timeout=30)
        assert done.stderr == ""
        return {offer.split("\t")[0] for offer in done.stdout.splitlines()}
    assert fish("shunt con") == {"config"}
    assert fish("shunt jobs ls --state q") == {"queued"}
    assert {"check", "show"} <= fish("shunt config ") and "--listen" in fish("shunt serve --l")


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_zsh_loads_the_function_with_every_offer(shunt):
    script = tell(shunt, "completion", "zsh")
    recorded = """
compdef() { :; }
_describe() { print -l -- "${(@P)@[-1]}"; }
""" + script + """
words=(shunt config ''); CURRENT=3; _shunt
"""
    done = subprocess.run(["zsh", "-f", "-c", recorded], capture_output=True, text=True, timeout=30)
    assert done.stderr == "" and "check:Tell whether the service would start with it" in done.stdout.splitlines()


def test_a_shell_that_is_none_of_these_is_refused(shunt):
    done = subprocess.run([shunt, "completion", "cmd.exe"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and "bash" in done.stderr


@pytest.fixture(scope="module")
def pages(shunt, tmp_path_factory):
    folder = tmp_path_factory.mktemp("manual")
    subprocess.run(["/usr/bin/python3", "-B", PAGES, folder, shunt], check=True, timeout=60)
    return folder


def test_the_manual_has_every_command_and_every_setting(shunt, table, pages):
    page = (pages / "shunt.1").read_text().replace("\\-", "-")
    for path, _ in commands_in(table):
        assert not path or f'.SS "shunt {" ".join(path)}"' in page
    settings = [line.split("`")[1] for line in tell(shunt, "config", "reference").splitlines() if line.startswith("| `")]
    page = (pages / "shunt.toml.5").read_text().replace("\\-", "-")
    assert len(settings) > 100 and [name for name in settings if f"\\fB{name}\\fR" not in page] == []


@pytest.mark.skipif(not shutil.which("man"), reason="man is not installed")
@pytest.mark.parametrize("page", ["shunt.1", "shunt.toml.5"])
def test_man_renders_a_page_without_a_warning(pages, page):
    done = subprocess.run(["man", "--warnings", "-l", "-Tutf8", "-Z", pages / page], capture_output=True, text=True,
                          timeout=60, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
    assert (done.returncode, done.stderr) == (0, "")
