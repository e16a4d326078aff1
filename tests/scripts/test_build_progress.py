"""The line that scripts/build.sh shows on a terminal."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from build_progress import rest_of, shown  # noqa: E402


@pytest.mark.parametrize("finished, total, seconds, told", [
    (2, 200, 60, ""),  # too few steps to tell
    (20, 200, 2, ""),  # too short a time to tell
    (200, 200, 300, ""),
    (50, 200, 60, "about 3 min left"),
    (100, 200, 31, "about 30 s left"),
    (199, 200, 31, "about 10 s left"),
])
def test_the_rest_is_told_as_soon_as_it_can_be(finished, total, seconds, told):
    assert rest_of(finished, total, seconds) == told


def test_a_step_is_named_by_its_file_and_cut_to_the_terminal():
    line = "[50/200] Building CXX object api/CMakeFiles/shunt_api.dir/src/cors.cpp.o\n"
    assert shown(line, 60, 80) == "[50/200, about 3 min left] cors.cpp.o"
    assert shown(line, 60, 11) == "[50/200, a"


def test_a_batch_of_files_is_named_by_its_part():
    line = "[50/200] Building CXX object api/CMakeFiles/shunt_api.dir/Unity/unity_3_cxx.cxx.o\n"
    assert shown(line, 60, 80) == "[50/200, about 3 min left] shunt_api, batch 3"


@pytest.mark.parametrize("line", ["/src/a.cpp:1: error: expected ';'\n", "", "ninja: build stopped.\n"])
def test_what_is_no_step_is_not_shown(line):
    assert shown(line, 60, 80) is None


def test_the_log_has_every_line(tmp_path):
    told = b"[1/2] Building CXX object a/b.cpp.o\n\xff is no text\n[2/2] Linking CXX executable bin/b\n"
    run = subprocess.run([ROOT / "scripts/build_progress.py", tmp_path / "log"], input=told, capture_output=True, check=True)
    assert (tmp_path / "log").read_bytes().count(b"\n") == 3
    assert b"b.cpp.o" in run.stdout and b"is no text" not in run.stdout
