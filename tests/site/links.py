"""Where the links of the documents lead: a path of the tree, and a heading of the page that lies there."""

import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_page import parsed

ROOT = Path(__file__).resolve().parents[2]


@cache
def documents():
    """Every Markdown page of the tree, as git has them, or as the tree does where that is none."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
                            capture_output=True, text=True)
    names = listed.stdout.split("\n") if listed.returncode == 0 else [
        str(path.relative_to(ROOT)) for path in ROOT.rglob("*.md")
        if not {"build", "node_modules", ".venv"} & set(path.relative_to(ROOT).parts)]
    return sorted(name for name in names if name and (ROOT / name).is_file())


@cache
def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def page_of(name):
    return parsed(text_of(name))


@dataclass(frozen=True)
class Broken:
    page: str
    line: int
    target: str
    why: str

    def __str__(self):
        return f"{self.page}:{self.line}: {self.target}: {self.why}"


def what_is_wrong(page, target, root=ROOT, anchors=lambda path: page_of(path).anchors):
    """None of a link that leads somewhere in the tree, or to another host."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return None if parts.scheme in ("http", "https", "mailto") else f"the scheme {parts.scheme!r}"
    if parts.path.startswith("/"):
        return "an absolute path, which is another place on each host"
    place = (root / page).parent.joinpath(unquote(parts.path)).resolve() if parts.path else root / page
    if not place.is_relative_to(root):
        return "outside of the tree"
    if not place.exists():
        return "there is no such file"
    if not parts.fragment:
        return None
    if place.suffix != ".md":
        return "an anchor, but no page of ours"
    return None if parts.fragment in anchors(str(place.relative_to(root))) else "that page has no such heading"


def broken_links(page):
    return [Broken(page, link.line, link.target, why) for link in page_of(page).links
            if (why := what_is_wrong(page, link.target))]
