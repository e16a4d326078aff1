"""Doxygen's filter: what the public headers say in plain comments becomes known to it, and README.md its main page.

A comment before a declaration becomes ///, one behind a value of an enumeration ///<. Headings between functions
("// ---- Adding.") are for the reader of the header, and left out. Lines keep their numbers."""
import re
import sys

ALONE = re.compile(r"(\s*)//(?: (.*))?$")
BEHIND = re.compile(r"(\s*\w+(?: = -?\w+)?,\s*)// (.*)$")
# <name> is meant as it stands, and is no markup.
TAG = re.compile(r"<(/?[\w-]+)>")


def escaped(comment):
    return TAG.sub(r"\\<\1\\>", comment or "")


def header(lines):
    in_heading = False
    for line in lines:
        alone, behind = ALONE.match(line), BEHIND.match(line)
        if alone and (in_heading or (alone[2] or "").startswith("----")):
            in_heading = not line.endswith((".", ":"))
            yield ""
        elif alone:
            yield f"{alone[1]}/// {escaped(alone[2])}".rstrip()
        elif behind:
            yield f"{behind[1]}///< {behind[2]}"
        else:
            yield line


def page(lines):
    """Links into the repository lead nowhere from here."""
    for line in lines:
        yield re.sub(r"\[([^\]]+)\]\((?!https?:)[^)]*\)", r"\1", line)


name = sys.argv[1]
with open(name, encoding="utf-8") as file:
    text = file.read().splitlines()
print("\n".join(page(text) if name.endswith(".md") else header(text)))
