"""check_site.py FOLDER: looks at every page of a built site. Each link leads to a file and to an anchor that is there, and nothing is
fetched from another host: no script, style, picture or font. Links that a reader may follow elsewhere are none of that."""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser fetches by itself, by element and attribute.
FETCHED = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("video", "src"),
           ("audio", "src"), ("embed", "src"), ("object", "data"), ("input", "src"), ("img", "srcset"), ("form", "action")}
# "link" elements of these kinds are told, not fetched.
TOLD = {"canonical", "next", "prev", "alternate"}
STYLE_URL = re.compile(r"url\(\s*['\"]?(?!['\"]?data:)([^'\")]+)|@import\s+(?:url\()?['\"]([^'\"]+)")


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.anchors, self.links, self.fetched, self.in_style = set(), [], [], False

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.anchors |= {told[name] for name in ("id", "name") if told.get(name)}
        if tag == "a" and told.get("href"):
            self.links.append(told["href"])
        for name, value in attrs:
            if (tag, name) in FETCHED and value and not (tag == "link" and set((told.get("rel") or "").split()) <= TOLD):
                self.fetched.append(value)
            if name == "style" and value:
                self.fetched += style_urls(value)
        self.in_style = tag == "style"

    def handle_data(self, data):
        if self.in_style:
            self.fetched += style_urls(data)

    def handle_endtag(self, tag):
        self.in_style = False


def style_urls(text):
    return [one or other for one, other in STYLE_URL.findall(text)]


def is_foreign(url):
    parts = urlsplit(url)
    return bool(parts.netloc) or parts.scheme not in ("", "data")


class Site:
    def __init__(self, folder):
        self.folder = folder.resolve()
        self.pages = {}
        for path in sorted(self.folder.rglob("*.html")):
            reader = Reader()
            reader.feed(path.read_text(encoding="utf-8"))
            self.pages[path] = reader

    def problem_of_link(self, page, target):
        parts = urlsplit(target)
        if parts.scheme or parts.netloc:
            return None if parts.scheme in ("http", "https", "mailto") else "an unknown scheme"
        place = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if place.is_dir():
            place /= "index.html"
        if not place.is_relative_to(self.folder) or not place.is_file():
            return "leads nowhere"
        if parts.fragment and place in self.pages and unquote(parts.fragment) not in self.pages[place].anchors:
            # The generator's own: the top of a page, and what a code block's lines are called.
            return None if parts.fragment == "__top" else "there is no such anchor"
        return None

    def problems(self):
        for page, reader in self.pages.items():
            name = page.relative_to(self.folder)
            for target in reader.links:
                # The page for what is not found lies at any depth, so its links begin at the root.
                problem = None if name.name == "404.html" else self.problem_of_link(page, target)
                if problem:
                    yield f"{name}: {target}: {problem}"
            for url in reader.fetched:
                if is_foreign(url):
                    yield f"{name}: fetches {url}"
        for style in sorted(self.folder.rglob("*.css")):
            for url in style_urls(style.read_text(encoding="utf-8")):
                if is_foreign(url):
                    yield f"{style.relative_to(self.folder)}: fetches {url}"


def main(folder):
    site = Site(folder)
    problems = sorted(set(site.problems()))
    if not site.pages:
        problems.append(f"{folder}: no page")
    print("\n".join(problems[:100]), end="\n" if problems else "")
    if problems:
        sys.exit(f"{len(problems)} problems on {len(site.pages)} pages")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
