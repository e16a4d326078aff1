"""What is embedded is the same program without its comments."""
import pytest

from embed_scripts import strip_comments


@pytest.mark.parametrize("lua, stripped", [
    ("-- first\nreturn 1 -- last", "return 1\n"),
    ("--[[ a block\n-- with a line ]]\nreturn 1\n", "return 1\n"),
    ("--[==[ a ]] b ]==] return 1", "return 1\n"),
    ("f(true --[[ hard ]], 2)", "f(true  , 2)\n"),
    ("a()--[[]]b()", "a() b()\n"),
    ("a()\n\n  \n  b()  \n", "a()\n  b()\n"),
    ("return '--' .. \"--[[\" -- ]]", "return '--' .. \"--[[\"\n"),
    (r"return 'it\'s -- one' -- two", "return 'it\\'s -- one'\n"),
    ("return [[\n\n-- text  \n]] -- comment", "return [[\n\n-- text  \n]]\n"),
    ("return [=[ ]] -- ]=]", "return [=[ ]] -- ]=]\n"),
])
def test_comments_go_and_strings_stay(lua, stripped):
    assert strip_comments(lua) == stripped
