"""Every relative link of every page leads to a file of the tree, and every anchor to a heading of that page."""

import re
import subprocess

import pytest

from links import ROOT, broken_links, documents, what_is_wrong
from markdown_page import anchor_of, parsed

# What is written of this tree's pages in its other files: comments, messages, settings.
MENTION = re.compile(r"(?<![\w/.])docs/(?:[\w-]+/)*[\w-]+\.(?:md|json|svg)\b(?!`? of)")
# Pages of other projects, by the file that names them.
FOREIGN = {"tests/support/cog_server.py": {"docs/http.md"}}


def test_the_pages_that_people_begin_with_are_looked_at():
    assert {"README.md", "CHANGELOG.md", "deploy/README.md", "packaging/README.md", "docs/index.md"} <= set(documents())


def test_every_link_leads_to_a_file_and_to_a_heading_that_is_there():
    assert [str(broken) for page in documents() for broken in broken_links(page)] == []


def test_every_page_that_a_file_of_the_tree_mentions_is_there():
    listed = subprocess.run(["git", "-C", str(ROOT), "grep", "-IonE", r"docs/([A-Za-z0-9_-]+/)*[A-Za-z0-9_-]+\.(md|json|svg)",
                             "--", ".", ":!CHANGELOG.md", ":!tests/site"], capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("this tree is no checkout")
    missing = set()
    for line in listed.stdout.splitlines():
        name, number, page = line.split(":", 2)
        if not (ROOT / page).exists() and not (ROOT / name).parent.joinpath(page).exists():
            if page not in FOREIGN.get(name, set()):
                missing.add(f"{name}:{number}: {page}")
    assert sorted(missing) == []


@pytest.mark.parametrize("heading, anchor", [
    ("Plain words", "plain-words"),
    ("`shunt serve` and a, b.", "shunt-serve-and-a-b"),
    ("Calls of other APIs: `[models.NAME.calls]`", "calls-of-other-apis-modelsnamecalls"),
    ("A [link](x.md) in it", "a-link-in-it"),
    ("0b: dark plumbing", "0b-dark-plumbing"),
    ("two  blanks -- and dashes", "two--blanks----and-dashes"),
    ("snake_case *and* emphasis", "snake_case-and-emphasis"),
])
def test_an_anchor_is_the_heading_as_a_host_writes_it(heading, anchor):
    assert anchor_of(heading) == anchor


def test_a_heading_that_is_there_twice_gets_a_number():
    assert parsed("# A\n\n## B\n\n## B\n\n## B\n").anchors == ["a", "b", "b-1", "b-2"]


@pytest.mark.parametrize("text", [
    "`[a](b.md)`", "``[a](b.md) ` ``", "```\n[a](b.md)\n```", "~~~text\n[a](b.md)\n~~~", "x\n\n    [a](b.md)\n",
    "<!-- [a](b.md) -->", "\\[a](b.md)",
])
def test_a_link_in_code_or_in_a_comment_is_none(text):
    assert parsed(text).links == []


@pytest.mark.parametrize("text, target, line", [
    ("[a](b.md)", "b.md", 1), ("x\n[a\nb](c.md#d)", "c.md#d", 3), ("[`x[0]`](y.md)", "y.md", 1),
    ("![picture](p.svg)", "p.svg", 1), ("| [a](b.md) |", "b.md", 1), ('[a](b.md "title")', "b.md", 1),
    ("- x\n\n      [a](b.md)", "b.md", 3), ("<!-- one\ntwo -->\n[a](b.md)", "b.md", 3),
])
def test_a_link_is_found_with_its_line(text, target, line):
    found, = parsed(text).links
    assert (found.target, found.line) == (target, line)


@pytest.mark.parametrize("target, wrong", [
    ("other.md", None), ("other.md#there", None), ("other.md#gone", "no such heading"), ("gone.md", "no such file"),
    ("#own", None), ("#gone", "no such heading"), ("../../etc/passwd", "outside"), ("/etc/passwd", "absolute"),
    ("javascript:alert(1)", "scheme"), ("file.txt", None), ("file.txt#x", "no page"), ("https://example.com/x#y", None),
    ("//example.com/x", "scheme"), ("with%20blank.md", None), ("other.md#%74here", "no such heading"), ("", None),
])
def test_a_lying_link_is_named(tmp_path, target, wrong):
    for name in ("page.md", "other.md", "file.txt", "with blank.md"):
        (tmp_path / name).write_text("")
    anchors = {"page.md": ["own"], "other.md": ["there"], "with blank.md": []}
    found = what_is_wrong("page.md", target, tmp_path.resolve(), anchors.__getitem__)
    assert (found is None) if wrong is None else wrong in found
