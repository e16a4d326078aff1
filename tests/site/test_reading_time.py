"""No page takes more than five minutes to read, and the first one takes a minute (reading_time.py has the rule)."""

import pytest

from exemptions import LONGER
from links import ROOT, documents, text_of
from reading_time import WORDS_A_MINUTE, minutes

# Pages for readers: those of the site. READMEs of folders are short, and other tests look at them.
PAGES = [page for page in documents() if page.startswith("docs/") or page in (
    "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "bullmq/README.md", "deploy/README.md",
    "packaging/README.md")]


def test_every_page_takes_less_than_five_minutes():
    assert {page: round(minutes(text_of(page)), 1) for page in PAGES if page not in LONGER and minutes(text_of(page)) > 5} == {}


def test_the_first_page_takes_a_minute():
    assert minutes(text_of("docs/index.md")) <= 1


@pytest.mark.parametrize("page", sorted(LONGER))
def test_an_exemption_has_a_reason_and_is_needed(page):
    assert len(LONGER[page].split()) >= 5
    assert (ROOT / page).is_file() and minutes(text_of(page)) > 5


@pytest.mark.parametrize("text, words", [
    ("one two three", 3),
    ("# Heading\n\nwords", 2),
    ("<!-- not read --> one", 1),
    ("[text of a link](a/very-long/target.md)", 4),
    ("| one | two |\n| --- | --- |\n| three | four |", 2),
    ("```sh\none two three four\n```", 2),
    ("text\n\n    one two", 2),
    ("- a list\n\n      its words count", 5),
    ("a - b", 2),
    ("<b>one</b>", 1),
    ("", 0),
])
def test_prose_counts_whole_tables_and_code_half_and_markup_nothing(text, words):
    assert minutes(text) * WORDS_A_MINUTE == pytest.approx(words)
