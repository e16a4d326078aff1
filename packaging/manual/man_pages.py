#!/usr/bin/env python3
"""man_pages.py FOLDER SHUNT...: writes shunt.1 and shunt.toml.5 to FOLDER, made of what the command SHUNT tells of itself: its
table of commands (`shunt completion json`) and the reference of its settings (`shunt config reference`). SHUNT is more than one
word where an emulator runs the binary."""
import json
import pathlib
import subprocess
import sys

from command_page import command_page
from settings_page import settings_page


def tell(shunt, *arguments):
    return subprocess.run([*shunt, *arguments], stdout=subprocess.PIPE, check=True, text=True).stdout


def main():
    folder, shunt = pathlib.Path(sys.argv[1]), sys.argv[2:]
    version = json.loads(tell(shunt, "version", "--json"))["version"]
    pages = {"shunt.1": command_page(json.loads(tell(shunt, "completion", "json")), version),
             "shunt.toml.5": settings_page(tell(shunt, "config", "reference"), version)}
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in pages.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


main()