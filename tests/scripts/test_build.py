"""What scripts/build.sh does when a build fails."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Stands for cmake: notes what it is called for, and fails the first $FAILING builds with the words of $FAILURE.
CMAKE = """#!/bin/sh
if [ "$1" = --preset ]; then echo configure >>calls; : >build/release/build.ninja; exit 0; fi
echo build >>calls
[ "$(grep -c build calls)" -gt "$FAILING" ] && exit 0
printf '%s\\n' "$FAILURE"
exit 1
"""
BATCH = "FAILED: base/CMakeFiles/shunt_base.dir/Unity/unity_1_cxx.cxx.o"
FILE = "FAILED: base/CMakeFiles/shunt_base.dir/src/a.cpp.o"


def build(folder, failure, builds_that_fail=1):
    (folder / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "build.sh", folder / "scripts")
    (folder / "cmake").write_text(CMAKE)
    (folder / "cmake").chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "FAILURE": failure,
                   "FAILING": str(builds_that_fail)}
    return subprocess.run([folder / "scripts" / "build.sh", "release"], env=environment, capture_output=True,
                          text=True, timeout=30)


@pytest.mark.parametrize("failure, calls", [
    (f"{BATCH}\na.cpp:1: error: redefinition of 'int x'", ["configure", "build", "configure", "build"]),
    (f"{BATCH}\na.cpp:1: error: declaration of 'x' shadows a global declaration", ["configure", "build"] * 2),
    (f"{BATCH}\na.cpp:1: error: expected ';'", ["configure", "build"]),
    (f"{FILE}\na.cpp:1: error: redefinition of 'int x'", ["configure", "build"]),
])
def test_batches_are_made_anew_when_two_files_of_one_clash(tmp_path, failure, calls):
    done = build(tmp_path, failure)
    assert (tmp_path / "calls").read_text().split() == calls
    assert done.returncode == (0 if len(calls) > 2 else 1)


def test_what_helps_is_said_when_two_files_of_a_batch_still_clash(tmp_path):
    done = build(tmp_path, f"{BATCH}\na.cpp:1: error: redefinition of 'int x'", builds_that_fail=2)
    assert done.returncode == 1
    assert "cmake --preset release -DSHUNT_BATCHES=OFF" in done.stderr


def test_a_fault_of_one_file_is_not_called_a_clash(tmp_path):
    done = build(tmp_path, f"{FILE}\na.cpp:1: error: redefinition of 'int x'")
    assert "SHUNT_BATCHES" not in done.stderr
