"""A page of this tree as the site's generator wants it: lists with four blanks of depth and a blank line before them, no comments,
and links that lead to where the pages of the site lie."""

import re

FENCE = re.compile(r"^(\s*)(```+|~~~+)")
ITEM = re.compile(r"^(\s*)([-*+]|\d+\.)(\s+)(?=\S)")
COMMENT = re.compile(r"[ \t]*<!--.*?-->", re.S)
LINK = re.compile(r"(!?\[(?:[^\[\]`]|`[^`]*`|\[[^\]]*\])*\]\()\s*([^)\s]+)((?:\s+\"[^\"]*\")?\s*\))")


def pieces(text):
    """(whether it is code in a fence, lines) by turns."""
    code, lines, mark = False, [], ""
    for line in text.split("\n"):
        fence = FENCE.match(line)
        if fence and not code:
            yield False, lines
            code, lines, mark = True, [line], fence[2]
        elif code and line.strip() == mark:
            yield True, [*lines, line]
            code, lines = False, []
        else:
            lines.append(line)
    if lines or code:
        yield code, lines


def indented(line):
    return len(line) - len(line.lstrip(" "))


def with_deep_lists(text):
    """GitHub counts from the text behind an item's mark, the generator in fours."""
    out, depth, before, fence = [], [], "", ""
    for line in text.split("\n"):
        if not line.strip():
            out.append("")
            before = ""
            continue
        item = None if fence else ITEM.match(line)
        here, in_list = indented(line), bool(depth)
        if not fence and (not before or item):
            while depth and here < depth[-1]:
                depth.pop()
        if item and here - (depth[-1] if depth else 0) < 4:
            if before and not in_list:
                out.append("")
            out.append("    " * len(depth) + line.lstrip())
            depth.append(here + len(item[2]) + (len(item[3]) if len(item[3]) < 5 else 1))
        else:
            base = depth[-1] if depth else 0
            table = line.lstrip().startswith("|") and before and not before.lstrip().startswith("|")
            if table and not fence:
                out.append("")
            out.append("    " * len(depth) + line[min(here, base):])
        opened = FENCE.match(line)
        if opened:
            fence = "" if fence and line.strip() == fence else fence or opened[2]
        before = line
    return "\n".join(out)


def with_links(text, place):
    """`place` says for a link's target where it leads on the site."""
    def moved(link):
        return link[1] + place(link[2]) + link[3]

    return "\n".join("\n".join(lines) if code else LINK.sub(moved, "\n".join(lines)) for code, lines in pieces(text))


def with_narrow_tables(text):
    """The wide tables of settings in two columns: what it is called, how else and what it may be; and what it means."""
    def narrow(line):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if set("".join(cells)) <= set("-: "):
            return "| --- | --- |"
        name, default, value, *flags, meaning = cells
        if name == "setting":
            return "| setting, default, values | meaning |"
        small = [f"default: {default}" if default else "", value, *flags]
        return f"| {name}<br><small>{'<br>'.join(text for text in small if text)}</small> | {meaning} |"

    out, inside = [], False
    for line in text.split("\n"):
        inside = line.startswith("|") and (inside or re.match(r"\| setting +\| default +\| value +\|", line) is not None)
        out.append(narrow(line) if inside else line)
    return "\n".join(out)


def page(text, place):
    text = "\n".join("\n".join(lines) if code else COMMENT.sub("", "\n".join(lines)) for code, lines in pieces(text))
    return with_deep_lists(with_narrow_tables(with_links(text, place)))
