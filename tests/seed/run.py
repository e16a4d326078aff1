#!/usr/bin/env python3
"""run.py BUILD [--check]: runs the tests of rows.toml with the binaries of a build, and prints a line a row.

--check runs nothing: it fails if a row names a test that is not there.
"""

import itertools
import os
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
PYTEST = ["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider"]


def rows():
    return tomllib.loads((Path(__file__).parent / "rows.toml").read_text())["row"]


def names_of_ctest(build):
    listed = subprocess.run(["ctest", "--test-dir", build, "-N"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"Test +#\d+: (\S+)", listed)


def missing(row, known):
    """What the row names and the project does not have."""
    for pattern in row.get("ctest", []):
        if not any(re.fullmatch(pattern, name) for name in known):
            yield pattern
    for case in row.get("pytest", []):
        file, function = case.split("::")
        text = (TESTS / file).read_text() if (TESTS / file).exists() else ""
        if not re.search(rf"^def {function}\(", text, re.M):
            yield case


def commands(row, build):
    if patterns := row.get("ctest"):
        yield ["ctest", "--test-dir", str(build), "-j2", "--output-on-failure", "-R", f"^({'|'.join(patterns)})$"]
    # A call for each folder: each has a conftest.py of its own.
    for folder, cases in itertools.groupby(sorted(row.get("pytest", [])), os.path.dirname):
        yield [*PYTEST, *[str(TESTS / case) for case in cases]]


def run(row, build):
    """The output, if something failed."""
    environment = {**os.environ, "SHUNT_BIN": str(build / "bin" / "shunt"), "PYTHONDONTWRITEBYTECODE": "1"}
    for command in commands(row, build):
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            return f"{' '.join(command)}\n{done.stdout}"
    return None


def main(build, check):
    build = Path(build).resolve()
    known = names_of_ctest(build)
    asked = rows()
    failures = [f"{row['asked']}: there is no test {name}" for row in asked for name in missing(row, known)]
    if check or failures:
        print("\n".join(failures) or f"{len(asked)} rows, and every test that they name is there")
        return bool(failures)
    green, red, plain = ("\033[32m", "\033[31m", "\033[0m") if sys.stdout.isatty() else ("", "", "")
    for row in asked:
        begun = time.monotonic()
        output = run(row, build)
        word = f"{red}failed{plain}" if output else f"{green}passed{plain}"
        print(f"{word}  {time.monotonic() - begun:5.1f} s  {row['asked']}", flush=True)
        if output:
            failures.append(output)
    print("\n".join(["", *failures]) if failures else "")
    print(f"{len(asked) - len(failures)} passed, {len(failures)} failed")
    return bool(failures)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or (len(sys.argv) == 3 and sys.argv[2] != "--check"):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], len(sys.argv) == 3))
