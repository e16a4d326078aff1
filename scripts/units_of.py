#!/usr/bin/env python3
"""units_of.py BUILD FILE...: prints what the build folder BUILD compiles of the sources FILE..., each once: the source
itself, or the batch (cmake/ShuntBatches.cmake) that it is in. Fails if BUILD compiles one of them nowhere."""

import json
import re
import sys
from pathlib import Path

INCLUDED = re.compile(r'^#include "(.*\.cpp)"$', re.MULTILINE)


def sources_in(unit, build):
    """The sources that a compiled file stands for."""
    return INCLUDED.findall(unit.read_text(encoding="utf-8")) if build in unit.parents else [str(unit)]


def main():
    build = Path(sys.argv[1]).resolve()
    missing = {str(Path(name).resolve()) for name in sys.argv[2:]}
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    for unit in dict.fromkeys(Path(command["file"]) for command in commands):
        found = missing.intersection(sources_in(unit, build))
        if found:
            print(unit)
            missing -= found
    if missing:
        sys.exit(f"compiled nowhere in {build}: {', '.join(sorted(missing))}")


if __name__ == "__main__":
    main()
