"""What the checks of the documents need to know of a Markdown page: its headings as a host names them, its links, and what
of it is prose, table and code."""

import re
from dataclasses import dataclass, field

FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
# The text of a link may go over the end of a line, and hold code with brackets.
LINK = re.compile(r"(?<!\\)!?\[((?:[^\[\]`]|`[^`]*`|\[[^\]]*\])*)\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
COMMENT = re.compile(r"<!--.*?-->", re.S)
EXPLICIT_ANCHOR = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"|\{\s*#([\w-]+)\s*\}")


@dataclass
class Link:
    line: int
    target: str


@dataclass
class Page:
    anchors: list = field(default_factory=list)
    links: list = field(default_factory=list)
    prose: list = field(default_factory=list)
    table: list = field(default_factory=list)
    code: list = field(default_factory=list)


def anchor_of(heading):
    """As GitHub makes it: what is shown, in small letters, without punctuation, with a dash for each blank."""
    shown = LINK.sub(r"\1", heading).replace("`", "")
    shown = re.sub(r"(?<!\w)[*_]+|[*_]+(?!\w)", "", shown)
    return re.sub(r"[^\w\- ]", "", shown.strip().lower()).replace(" ", "-")


def without_code(text):
    """The text with its spans of code blanked out, so that a link in one is none."""
    return re.sub(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", lambda span: re.sub(r"[^\n]", " ", span[0]), text, flags=re.S)


def parsed(text):
    """The page of this text. A comment is no part of it; a line that is indented behind a blank one is code."""
    text = COMMENT.sub(lambda comment: re.sub(r"[^\n]", "", comment[0]), text)
    page, shown, fence, before, indented, in_list = Page(), [], None, "", False, False
    for line in text.split("\n"):
        opened = FENCE.match(line)
        if fence or opened:
            if not fence:
                fence = opened[1]
            elif line.strip().startswith(fence):
                fence = None
            else:
                page.code.append(line)
            shown.append("")
            before = ""
            continue
        in_list = bool(re.match(r"^\s*([-*+]|\d+\.)\s", line)) or (in_list and (not line.strip() or line[0] == " "))
        indented = bool(line.strip()) and line.startswith("    ") and not in_list and (indented or not before.strip())
        if indented:
            page.code.append(line)
        elif line.lstrip().startswith("|"):
            page.table.append(line)
        else:
            page.prose.append(line)
            heading = HEADING.match(line)
            if heading:
                page.anchors.append(numbered(anchor_of(heading[2]), page.anchors))
            page.anchors += [one or other for one, other in EXPLICIT_ANCHOR.findall(line)]
        shown.append("" if indented else line)
        before = line
    visible = without_code("\n".join(shown))
    for link in LINK.finditer(visible):
        page.links.append(Link(visible.count("\n", 0, link.start(2)) + 1, link[2]))
        inner = LINK.search(link[1])  # a picture that is a link
        if inner:
            page.links.append(Link(page.links[-1].line, inner[2]))
    return page


def numbered(anchor, taken):
    """A heading that is there twice gets a number behind it."""
    if anchor not in taken:
        return anchor
    return next(f"{anchor}-{number}" for number in range(1, len(taken) + 2) if f"{anchor}-{number}" not in taken)
