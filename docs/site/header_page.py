"""The Markdown page of a header: its classes and functions in the order of the file. A struct of plain values is a table."""

import re

WIDTH = 100


def page_name(path):
    return path.rsplit("/", 1)[-1].removesuffix(".hpp") + ".md"


def places(headers):
    """Where everything that has an id stands: "queue.md#id"."""
    found = {}
    for header in headers.values():
        for thing in [*header.members, *header.compounds, *(member for one in header.compounds for member in one.members)]:
            found[thing.id] = f"{page_name(header.path)}#{thing.id}"
    return found


def folded(declaration):
    """A declaration that is too long for a line has one parameter on each."""
    head, _, last = declaration.rpartition("\n")
    call = re.match(r"(.*?)\((.*)\)(.*)$", last)
    if len(last) <= WIDTH or not call:
        return declaration
    parameters, depth, begun = [], 0, 0
    for at, letter in enumerate(call[2]):
        depth += (letter in "<({") - (letter in ">)}")
        if letter == "," and depth == 0:
            parameters.append(call[2][begun:at].strip())
            begun = at + 1
    parameters.append(call[2][begun:].strip())
    lines = f"{call[1]}(\n    " + ",\n    ".join(parameters) + f"){call[3]}"
    return f"{head}\n{lines}" if head else lines


def cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def values_table(values):
    return "| value | |\n| --- | --- |\n" + "\n".join(f"| `{name}` | {cell(text)} |" for name, text in values)


def fields_table(members):
    rows = ["| member | type | default | |", "| --- | --- | --- | --- |"]
    for member in members:
        default = f"`{cell(member.default)}`" if member.default else ""
        rows.append(f"| <a id=\"{member.id}\"></a>`{member.name}` | `{cell(member.type)}` | {default} | {cell(member.text)} |")
    return "\n".join(rows)


def described(member):
    parts = [f'<a id="{member.id}"></a>', "```cpp\n" + folded(member.declaration) + "\n```", member.text]
    if member.values:
        parts.append(values_table(member.values))
    return [part for part in parts if part]


def listed(members, level):
    """Under a heading each name, with all that bear it; at the end what needs no words."""
    parts, last, silent = [], None, []
    for member in sorted(members, key=lambda one: one.line):
        if not member.text and not member.values and member.kind == "function":
            silent.append(member)
            continue
        if member.name != last:
            parts.append(f"{'#' * level} `{member.name}`")
            last = member.name
        parts += described(member)
    if silent:
        anchors = "".join(f'<a id="{member.id}"></a>' for member in silent)
        parts += [anchors, "```cpp\n" + "\n".join(folded(member.declaration) for member in silent) + "\n```"]
    return parts


def compound_parts(compound):
    bases = f" : {', '.join(compound.bases)}" if compound.bases else ""
    parts = [f"## {compound.kind} `{compound.name.removeprefix('bullmq::')}`", f'<a id="{compound.id}"></a>',
             f"```cpp\n{compound.kind} {compound.name}{bases}\n```", compound.text]
    fields = [member for member in compound.members if member.kind == "variable"]
    others = [member for member in compound.members if member.kind != "variable"]
    if fields:
        parts.append(fields_table(fields))
    return [part for part in [*parts, *listed(others, 3)] if part]


def page(header):
    things = [(compound.line, compound_parts(compound)) for compound in header.compounds]
    if header.members:
        things.append((min(member.line for member in header.members), listed(header.members, 2)))
    parts = [f"# {header.path.rsplit('/', 1)[-1]}", f"`#include <{header.path}>` "
             f"([source](source:bullmq/include/{header.path}))"]
    for _, found in sorted(things, key=lambda thing: thing[0]):
        parts += found
    if not things:
        parts.append("It brings other headers together, or has macros alone.")
    return "\n\n".join(parts) + "\n"


def written(headers):
    """{name of the page: its Markdown}, and "index.md", which lists them."""
    where = places(headers)

    def resolved(text):
        text = re.sub(r"\[(`[^`]*`)\]\(ref:([^)]+)\)",
                      lambda link: f"[{link[1]}]({where[link[2]]})" if link[2] in where else link[1], text)
        return text

    pages = {page_name(path): resolved(page(header)) for path, header in headers.items()}
    rows = ["# The headers of bullmq", "What [the library](../README.md) declares for programs, by header; made from their "
            "comments.", "| header | has |\n| --- | --- |"]
    for path, header in sorted(headers.items()):
        names = [compound.name.removeprefix("bullmq::") for compound in sorted(header.compounds, key=lambda one: one.line)]
        names = names or sorted({member.name for member in header.members})
        shown = ", ".join(f"`{name}`" for name in names[:8]) + (", ..." if len(names) > 8 else "")
        rows[-1] += f"\n| [{path.rsplit('/', 1)[-1]}]({page_name(path)}) | {shown} |"
    pages["index.md"] = "\n\n".join(rows) + "\n"
    return pages
