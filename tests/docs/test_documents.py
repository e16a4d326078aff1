"""Every command of the documents does what a reader would expect: it ends well. Those that cannot be run here stand in
exceptions.yaml, each with its reason."""

import re
import subprocess

import pytest
import yaml

from document import OTHERS, SHELLS, blocks, commands_in, settings_in
from page_session import ROOT, Session

PAGES = re.compile(r"README\.md|docs/.*\.md|bullmq/README\.md|examples/.*README\.md|deploy/.*\.md")


def pages():
    """The documents for readers, as git has them, or as the tree does where that is none."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
                            capture_output=True, text=True)
    names = listed.stdout.split("\n") if listed.returncode == 0 else [
        str(path.relative_to(ROOT)) for path in ROOT.rglob("*.md") if "build" not in path.relative_to(ROOT).parts]
    return sorted(name for name in names if PAGES.fullmatch(name) and (ROOT / name).is_file())


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


EXCEPTIONS = yaml.safe_load((ROOT / "tests/docs/exceptions.yaml").read_text(encoding="utf-8"))
COMMANDS = {page: commands_in(page, text_of(page)) for page in pages()}


def excepted(command):
    return any(entry["page"] == command.page and command.text.startswith(tuple(entry["commands"]))
               for entry in EXCEPTIONS)


@pytest.mark.parametrize("page", [page for page, commands in COMMANDS.items() if not all(map(excepted, commands))])
def test_commands_work_in_the_order_of_the_page(page):
    session = Session(settings_in(text_of(page)))
    try:
        for command in COMMANDS[page]:
            if not excepted(command):
                try:
                    session.run(command)
                except Exception as error:
                    raise AssertionError(f"{command}\n{error}") from error
    finally:
        session.close()


@pytest.mark.parametrize("entry", EXCEPTIONS, ids=lambda entry: f"{entry['page']}-{entry['commands'][0].strip()}")
def test_an_exception_has_a_reason_and_commands(entry):
    assert len(entry["reason"].split()) >= 4
    for beginning in entry["commands"]:
        assert any(command.text.startswith(beginning) for command in COMMANDS.get(entry["page"], [])), (
            f"{entry['page']} has no command that begins with {beginning!r}: take the exception out")


@pytest.mark.parametrize("page", pages())
def test_a_fenced_block_says_what_it_is(page):
    unknown = [f"{page}:{block.line}: {block.language}" for block in blocks(text_of(page))
               if block.language and block.language not in SHELLS | OTHERS]
    assert not unknown, f"neither a shell's nor one of {sorted(OTHERS)} (tests/docs/document.py)"


def test_packages_that_a_page_installs_are_those_of_the_list():
    listed = set(re.findall(r"^([a-z][\w.+-]*)", (ROOT / "packages.txt").read_text(encoding="utf-8"), re.M))
    for command in [command for commands in COMMANDS.values() for command in commands]:
        if command.program in ("apt", "apt-get"):
            named = {word for word in command.words[2:] if not word.startswith("-")}
            assert named <= listed, f"{command}\nnot in packages.txt: {sorted(named - listed)}"
