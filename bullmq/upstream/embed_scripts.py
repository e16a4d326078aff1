"""Turns upstream's Lua commands into C++: bullmq_scripts.hpp and bullmq_scripts.cpp.

Usage: embed_scripts.py COMMANDS_FOLDER --output FOLDER --version X.Y.Z [--ours FOLDER]
       embed_scripts.py COMMANDS_FOLDER --list > scripts.txt

COMMANDS_FOLDER holds one file a script, <name>-<number of keys>.lua. A script takes in others with lines like
    --- @include "includes/addJobInTargetList"
where the path is relative to the including file. Upstream's own loader puts the included text in that place, each
file once in a script, at its first reference; so does this one. Comments and blank lines go: they are more than a
third of what would be sent to each server. Scripts of our own (--ours) are named in the same way, and may include
upstream's functions.
"""
import argparse
import hashlib
import pathlib
import re
import sys

SCRIPT_FILE = re.compile(r"([A-Za-z][A-Za-z0-9_]*)-([0-9]+)\.lua")
INCLUDE = re.compile(r"""^[ \t]*-{2,3}[ \t]*@include[ \t]+(["'])(.+?)\1[; \t]*$""", re.MULTILINE)

# What must be known of Lua's grammar to find its comments: strings, which may contain what looks like one.
LUA_COMMENT = r"--\[(?P<level>=*)\[.*?\](?P=level)\]|--[^\n]*"
LUA_STRING = r"""'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\[(?P<long>=*)\[.*?\](?P=long)\]"""
LUA_TOKEN = re.compile(rf"(?P<comment>{LUA_COMMENT})|(?P<string>{LUA_STRING})", re.DOTALL)

CHUNK_BYTES = 8000  # compilers bound one literal (16 KiB in MSVC); adjacent literals become one


class EmbedError(Exception):
    """Says what is wrong with the folder of scripts, and where."""


def read_text(path):
    return path.read_text(encoding="utf-8").replace("\r\n", "\n")


def resolve_includes(path, root):
    """The text of the script with every include in its place, each once. Paths are relative to the including file, or
    to the root of upstream's."""
    done = set()

    def short(file):
        return str(file.relative_to(root) if file.is_relative_to(root) else file.name)

    def expand(file, chain):
        chain = [*chain, file]

        def included(match):
            name = match[2]
            base = file.parent if file.is_relative_to(root) else root
            target = (base / (name if name.endswith(".lua") else name + ".lua")).resolve()
            if not target.is_relative_to(root) or not target.is_file():
                raise EmbedError(f'{short(file)} includes "{name}", and there is no such file in {root}')
            if target in chain:
                circle = [short(each) for each in [*chain[chain.index(target):], target]]
                raise EmbedError(f"scripts include each other in a circle: {' -> '.join(circle)}")
            return "" if target in done else expand(target, chain)

        text = INCLUDE.sub(included, read_text(file))
        done.add(file)
        return text

    return expand(path.resolve(), [])


def strip_comments(lua):
    """The same program without comments, blank lines and spaces at the ends of lines."""
    def without_comment(match):
        return match[0] if match["string"] is not None else " "

    def tidy(code):
        return re.sub(r"[ \t]*\n(?:[ \t]*\n)*", "\n", code)

    text = LUA_TOKEN.sub(without_comment, lua)
    tidied = []
    end = 0
    for token in LUA_TOKEN.finditer(text):
        tidied += [tidy(text[end:token.start()]), token[0]]
        end = token.end()
    return ("".join(tidied) + tidy(text[end:])).strip() + "\n"


class Script:
    def __init__(self, path, root):
        self.name, self.keys = SCRIPT_FILE.fullmatch(path.name).groups()
        self.text = strip_comments(resolve_includes(path, root))
        self.sha1 = hashlib.sha1(self.text.encode("utf-8")).hexdigest()


def load_scripts(folder, upstream=None):
    """Every script of the folder, by name. Includes are upstream's."""
    folder = pathlib.Path(folder).resolve()
    root = pathlib.Path(upstream or folder).resolve()
    paths = sorted(each for each in folder.glob("*.lua") if SCRIPT_FILE.fullmatch(each.name))
    if not paths:
        raise EmbedError(f"{folder} has no scripts (files named <name>-<number of keys>.lua)")
    scripts = [Script(path, root) for path in paths]
    names = [each.name for each in scripts]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise EmbedError(f"{folder} has several scripts of one name: {', '.join(twice)}")
    return sorted(scripts, key=lambda each: each.name)


def script_list(scripts):
    """One line a script: its name and its number of keys."""
    return "".join(f"{each.name} {each.keys}\n" for each in scripts)


def cpp_literal(text):
    """The text as adjacent raw literals that end between lines."""
    if ')lua"' in text:
        raise EmbedError('a script contains )lua", the end of the literal that would hold it')
    chunks = [""]
    for line in text.splitlines(keepends=True):
        if chunks[-1] and len((chunks[-1] + line).encode("utf-8")) > CHUNK_BYTES:
            chunks.append("")
        chunks[-1] += line
    return "\n".join(f'R"lua({chunk})lua"' for chunk in chunks) + "sv"


def header(scripts, ours):
    declarations = "\n".join(f"extern const Script {each.name};" for each in [*scripts, *ours])
    return f"""// Made by bullmq/upstream/embed_scripts.py.
#pragma once

#include <span>
#include <string_view>

#include "scripts/script.hpp"

namespace bullmq::detail {{

namespace scripts {{
{declarations}
}}  // namespace scripts

// Every script of upstream's, in the order of their names: all_scripts()[s.index] is s.
[[nodiscard]] std::span<const Script> all_scripts() noexcept;

// The version of the upstream package that they are from.
[[nodiscard]] std::string_view scripts_version() noexcept;

}}  // namespace bullmq::detail
"""


def source(scripts, ours, version):
    definitions = "\n".join(f"constinit const Script {each.name} = kScripts[{index}];"
                            for index, each in enumerate([*scripts, *ours]))
    table = "\n".join(f'    {{"{each.name}"sv, {each.keys}, {index}, "{each.sha1}"sv,\n{cpp_literal(each.text)}}},'
                      for index, each in enumerate([*scripts, *ours]))
    return f"""// Made by bullmq/upstream/embed_scripts.py. The Lua of all_scripts(), and what bullmq/lua includes of it, is BullMQ's,
// under the MIT licence:
// Copyright (c) 2018 BullForce Labs AB and contributors. The licence's text is installed beside the library.
#include "bullmq_scripts.hpp"

namespace bullmq::detail {{

using namespace std::string_view_literals;

namespace {{
constexpr Script kScripts[] = {{
{table}
}};
}}  // namespace

namespace scripts {{
{definitions}
}}  // namespace scripts

std::span<const Script> all_scripts() noexcept {{ return std::span(kScripts).first({len(scripts)}); }}

std::string_view scripts_version() noexcept {{ return "{version}"sv; }}

}}  // namespace bullmq::detail
"""


def write_if_changed(path, text):
    """What is unchanged keeps its time, and is not compiled again."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("commands", type=pathlib.Path)
    arguments.add_argument("--list", action="store_true", help="print what bullmq/upstream/scripts.txt should hold")
    arguments.add_argument("--output", type=pathlib.Path)
    arguments.add_argument("--version")
    arguments.add_argument("--ours", type=pathlib.Path, help="a folder of more scripts")
    given = arguments.parse_args()
    if not given.list and not (given.output and given.version):
        arguments.error("give --list, or --output and --version")
    try:
        scripts = load_scripts(given.commands)
        if given.list:
            print(script_list(scripts), end="")
            return
        ours = load_scripts(given.ours, given.commands) if given.ours else []
        given.output.mkdir(parents=True, exist_ok=True)
        write_if_changed(given.output / "bullmq_scripts.hpp", header(scripts, ours))
        write_if_changed(given.output / "bullmq_scripts.cpp", source(scripts, ours, given.version))
    except EmbedError as problem:
        sys.exit(f"embed_scripts.py: {problem}")


if __name__ == "__main__":
    main()
