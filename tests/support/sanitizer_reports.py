"""A sanitizer ends the program that it finds something in, and what it says would lie in the log of a program that some
test runs: the test only sees a server that has gone. Here the report itself fails the test."""

import atexit
import os
import pathlib
import shutil
import tempfile

import pytest

SANITIZERS = [name for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ]
LONGEST = 20_000
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="shunt-sanitizers-")) if SANITIZERS else None
if FOLDER:
    atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
    # For every program that is started from here on, also by fixtures of a whole module.
    for each in SANITIZERS:
        os.environ[each] += f":log_path={FOLDER}/report"


def skip_with(sanitizers, reason):
    """Skips where the binary under test was built with one of them: "asan", "tsan"."""
    binary = pathlib.Path(os.environ["SHUNT_BIN"]).read_bytes()
    if any(f"__{name}_init".encode() in binary for name in sanitizers):
        pytest.skip(reason)


@pytest.fixture(autouse=True)
def sanitizer_reports():
    yield
    reports = sorted(FOLDER.iterdir()) if FOLDER else []
    texts = [report.read_text(errors="replace")[:LONGEST] for report in reports]
    for report in reports:
        report.unlink()
    if texts:
        pytest.fail("\n".join(texts), pytrace=False)
