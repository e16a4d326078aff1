"""Includes are resolved as upstream's own loader resolves them."""
import json
import subprocess

import pytest

from embed_scripts import EmbedError, load_scripts, resolve_includes

PRINT_FLATTENED = """
const fs = require('fs'), path = require('path'), folder = process.argv[1], scripts = {};
for (const file of fs.readdirSync(folder).filter(name => /-[0-9]+\\.js$/.test(name)))
  for (const script of Object.values(require(path.join(folder, file)))) scripts[script.name] = script;
console.log(JSON.stringify(scripts));
"""


def without_comments(lua):
    """Comments out, character by character: on purpose not the way of embed_scripts.py. Knows no long strings."""
    kept, at, quote = [], 0, None
    while at < len(lua):
        if quote is None and lua.startswith("--[[", at):
            at = lua.index("]]", at) + 2
            kept.append(" ")
        elif quote is None and lua.startswith("--", at):
            at = lua.find("\n", at) if "\n" in lua[at:] else len(lua)
        else:
            if quote is not None and lua[at] == "\\":
                kept.append(lua[at])
                at += 1
            elif quote is not None:
                quote = None if lua[at] == quote else quote
            elif lua[at] in "'\"":
                quote = lua[at]
            kept.append(lua[at])
            at += 1
    return "".join(kept)


def lines_of(lua):
    return [line.strip() for line in lua.splitlines() if line.strip()]


def test_every_script_is_the_one_that_upstream_flattened(commands):
    flattened_folder = commands.parent / "scripts"
    if not flattened_folder.is_dir():
        pytest.skip(f"{flattened_folder} is not there: these scripts are not from the npm package")
    flattened = json.loads(subprocess.run(["node", "-e", PRINT_FLATTENED, flattened_folder], check=True,
                                          capture_output=True, text=True, timeout=60).stdout)
    ours = {each.name: each for each in load_scripts(commands)}
    assert sorted(ours) == sorted(flattened)
    for name, script in ours.items():
        assert int(script.keys) == flattened[name]["keys"], name
        assert lines_of(script.text) == lines_of(without_comments(flattened[name]["content"])), name


def test_an_include_comes_once_where_it_is_first_referred_to(lua_folder):
    folder = lua_folder(main_1='--- @include "parts/a"\n-- @include "parts/b"\nmain()\n',
                        parts__a='--- @include "b"\na()\n', parts__b="b()\n")
    assert lines_of(resolve_includes(folder / "main-1.lua", folder)) == ["b()", "a()", "main()"]


def test_a_circle_of_includes_is_an_error_that_names_it(lua_folder):
    folder = lua_folder(main_1='--- @include "a"\n', a='--- @include "b"\n', b='--- @include "a"\n')
    with pytest.raises(EmbedError, match="a.lua -> b.lua -> a.lua"):
        load_scripts(folder)


def test_a_script_that_includes_itself_is_an_error(lua_folder):
    with pytest.raises(EmbedError, match="main-1.lua -> main-1.lua"):
        load_scripts(lua_folder(main_1='--- @include "main-1"\n'))


@pytest.mark.parametrize("name", ["nowhere", "../../etc/passwd"])
def test_an_include_that_is_not_in_the_folder_is_an_error_that_names_both(lua_folder, name):
    with pytest.raises(EmbedError, match=f'main-1.lua includes "{name}"'):
        load_scripts(lua_folder(main_1=f'--- @include "{name}"\n'))


def test_a_folder_without_scripts_is_an_error(lua_folder):
    with pytest.raises(EmbedError, match="has no scripts"):
        load_scripts(lua_folder(helper="return 1\n"))
