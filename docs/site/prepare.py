"""prepare.py FOLDER: gathers the pages of the site in FOLDER/pages, and writes FOLDER/mkdocs.yml. FOLDER/reference has the pages of
the headers already. What a page links to comes along: another page as a page, a file as a page that shows it."""

import json
import os
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote

import yaml

import openapi_pages
import to_material

ROOT = Path(__file__).resolve().parents[2]
# Pages that lie elsewhere on the site than in the tree. What is in docs/ is at its top, all else below tree/.
PLACES = {"bullmq/README.md": "bullmq/index.md", "deploy/README.md": "deploy.md", "packaging/README.md": "packaging.md",
          "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security.md"}
PICTURES = {".svg", ".png", ".json"}
LANGUAGES = {".cpp": "cpp", ".hpp": "cpp", ".mjs": "javascript", ".py": "python", ".toml": "toml", ".yml": "yaml",
             ".yaml": "yaml", ".json": "json", ".lua": "lua", ".sh": "bash", ".cmake": "cmake", ".in": "cmake"}


def place_of(name):
    """Where a file of the tree lies on the site."""
    if name in PLACES:
        return PLACES[name]
    if name.endswith(".md"):
        return name.removeprefix("docs/") if name.startswith("docs/") else f"tree/{name}"
    if name.startswith("docs/") and Path(name).suffix in PICTURES:
        return name.removeprefix("docs/")
    return f"source/{name}.md"


class Gathering:
    def __init__(self, pages):
        self.pages = pages
        self.done = set()

    def write(self, place, text):
        path = self.pages / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def add(self, name):
        """A file or folder of the tree, once; the place it has on the site."""
        path = ROOT / name
        if path.is_dir() and (path / "README.md").is_file():
            return self.add(f"{name}/README.md")
        place = place_of(name)
        if name in self.done:
            return place
        self.done.add(name)
        if path.is_dir():
            self.write(place, self.folder(name, path, place))
        elif name.endswith(".md"):
            self.write(place, to_material.page(path.read_text(encoding="utf-8"), self.mover(name, place)))
        elif place.startswith("source/"):
            self.write(place, self.source(name, path))
        else:
            (self.pages / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, self.pages / place)
        return place

    def folder(self, name, path, place):
        rows = []
        for child in sorted(path.iterdir()):
            if not child.name.startswith(".") and child.name != "__pycache__":
                target = self.add(f"{name}/{child.name}")
                rows.append(f"- [{child.name}]({os.path.relpath(target, Path(place).parent)})")
        return f"---\nsearch:\n  exclude: true\n---\n# {name}\n\n" + "\n".join(rows) + "\n"

    def source(self, name, path):
        text = path.read_text(encoding="utf-8", errors="replace")
        language = LANGUAGES.get(path.suffix, "text")
        return f"---\nsearch:\n  exclude: true\n---\n# {name}\n\n~~~~{language}\n{text.rstrip()}\n~~~~\n"

    def mover(self, name, place):
        """What a link of this page becomes."""
        def moved(target):
            if re.match(r"[a-z]+:", target) or target.startswith("#"):
                if target.startswith("source:"):
                    return os.path.relpath(self.add(target.removeprefix("source:")), Path(place).parent)
                return target
            path, _, anchor = target.partition("#")
            at = os.path.normpath(os.path.join(os.path.dirname(name), unquote(path)))
            to = os.path.relpath(self.add(at), Path(place).parent)
            return to + (f"#{anchor}" if anchor else "")
        return moved


def navigation(entries, lists):
    """With the lists where the settings name them."""
    for entry in entries:
        (title, value), = entry.items()
        if isinstance(value, str) and value in lists:
            yield {title: lists[value]}
        else:
            yield {title: list(navigation(value, lists))} if isinstance(value, list) else entry


def decision_pages():
    for path in sorted((ROOT / "docs/decisions").glob("*.md")):
        heading = path.read_text(encoding="utf-8").split("\n", 1)[0]
        yield {heading.removeprefix("# "): f"decisions/{path.name}"}


def header_pages(folder):
    yield {"All headers": "bullmq/headers/index.md"}
    for path in sorted(folder.glob("*.md")):
        if path.name != "index.md":
            yield {f"{path.stem}.hpp": f"bullmq/headers/{path.name}"}


def main(folder):
    pages = folder / "pages"
    shutil.rmtree(pages, ignore_errors=True)
    gathering = Gathering(pages)
    for path in sorted((ROOT / "docs").rglob("*.md")):
        gathering.add(str(path.relative_to(ROOT)))
    for name in PLACES:
        gathering.add(name)
    for name, text in openapi_pages.pages(json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))).items():
        gathering.write(f"http/{name}", text)
    shutil.copy(ROOT / "docs/openapi.json", pages / "http/openapi.json")
    for path in sorted((folder / "reference/pages").glob("*.md")):
        place = f"bullmq/headers/{path.name}"
        mover = gathering.mover("", place)
        text = to_material.with_links(path.read_text(encoding="utf-8"),
                                      lambda target: mover(target) if target.startswith("source:") else target)
        gathering.write(place, text.replace("](../README.md)", "](../index.md)"))
    first = pages / "index.md"
    first.write_text("---\nhide:\n  - navigation\n  - toc\n---\n" + first.read_text(encoding="utf-8"), encoding="utf-8")
    shutil.copytree(ROOT / "docs/site/assets", pages / "assets")
    settings = yaml.safe_load((ROOT / "docs/site/mkdocs.yml").read_text(encoding="utf-8"))
    settings["nav"] = list(navigation(settings["nav"], {
        "DECISIONS": list(decision_pages()), "HEADERS": list(header_pages(folder / "reference/pages"))}))
    settings["docs_dir"] = "pages"
    # The settings name a function of the generator, which this program does not load.
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True).replace("slugify: GITHUB", SLUGS)
    (folder / "mkdocs.yml").write_text(text, encoding="utf-8")


SLUGS = "slugify: !!python/object/apply:pymdownx.slugs.slugify {kwds: {case: lower}}"

if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
