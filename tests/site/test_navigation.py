"""The site's settings, before anybody builds it: every page of docs/ has a place in the navigation, and what is installed is pinned."""

import re

import yaml

from links import ROOT, documents, text_of

SETTINGS = yaml.safe_load((ROOT / "docs/site/mkdocs.yml").read_text(encoding="utf-8"))
# Written by docs/site/prepare.py: calls of the HTTP API, and pages that lie elsewhere in the tree.
MADE = re.compile(r"http/[\w-]+\.md")
ELSEWHERE = {"bullmq/index.md", "deploy.md", "packaging.md", "changelog.md", "contributing.md", "security.md"}


def places(entries):
    for entry in entries:
        (_, value), = entry.items()
        yield from places(value) if isinstance(value, list) else [value]


def test_every_page_has_one_place_in_the_navigation():
    listed = [place for place in places(SETTINGS["nav"]) if place.endswith(".md") and not MADE.fullmatch(place)]
    wanted = {page.removeprefix("docs/") for page in documents()
              if page.startswith("docs/") and not page.startswith("docs/decisions/")}
    assert len(listed) == len(set(listed))
    assert set(listed) == wanted | ELSEWHERE


def test_no_setting_makes_pages_fetch_from_elsewhere():
    assert SETTINGS["theme"]["font"] is False
    assert not {"repo_url", "extra_javascript"} & set(SETTINGS)
    assert all("://" not in style for style in SETTINGS["extra_css"])
    assert not {"analytics", "consent"} & set(SETTINGS["extra"])


def test_what_the_build_installs_is_pinned_by_version_and_hash():
    text = (ROOT / "docs/site/requirements.txt").read_text(encoding="utf-8")
    pinned = re.split(r"\n(?=[a-z])", text.split("\n", 1)[1].strip())
    assert len(pinned) > 20
    for requirement in pinned:
        assert re.match(r"[a-z][\w.-]*==[\w.]+ \\\n(    --hash=sha256:[0-9a-f]{64}( \\\n)?)+$", requirement), requirement
    wanted = re.findall(r"^([a-z][\w-]*==\S+)", (ROOT / "docs/site/requirements.in").read_text(encoding="utf-8"), re.M)
    assert wanted and all(f"{one} \\\n" in text for one in wanted)


def test_every_alert_has_a_row_on_the_page_for_the_night():
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text(encoding="utf-8"))
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    rows = set(re.findall(r"\bShunt[A-Z]\w+", "\n".join(
        line for line in text_of("docs/trouble.md").split("\n") if line.startswith("|"))))
    assert alerts == rows
