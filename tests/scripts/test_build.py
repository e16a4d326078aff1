"""What scripts/build.sh does when a build fails."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Stands for cmake: notes what it is called for, and fails the first build with the words of $FAILURE.
CMAKE = """#!/bin/sh
if [ "$1" = --preset ]; then echo configure >>calls; : >build/release/build.ninja; exit 0; fi
echo build >>calls
[ "$(grep -c build calls)" -gt 1 ] && exit 0
printf '%s\\n' "$FAILURE"
exit 1
"""
BATCH = "FAILED: base/CMakeFiles/shunt_base.dir/Unity/unity_1_cxx.cxx.o"
FILE = "FAILED: base/CMakeFiles/shunt_base.dir/src/a.cpp.o"


@pytest.mark.parametrize("failure, calls", [
    (f"{BATCH}\\na.cpp:1: error: redefinition of 'int x'", ["configure", "build", "configure", "build"]),
    (f"{BATCH}\\na.cpp:1: error: declaration of 'x' shadows a global declaration", ["configure", "build"] * 2),
    (f"{BATCH}\\na.cpp:1: error: expected ';'", ["configure", "build"]),
    (f"{FILE}\\na.cpp:1: error: redefinition of 'int x'", ["configure", "build"]),
])
def test_batches_are_made_anew_when_two_files_of_one_clash(tmp_path, failure, calls):
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "build.sh", tmp_path / "scripts")
    (tmp_path / "cmake").write_text(CMAKE)
    (tmp_path / "cmake").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "FAILURE": failure.replace("\\n", "\n")}
    done = subprocess.run([tmp_path / "scripts" / "build.sh", "release"], env=environment, capture_output=True,
                          text=True, timeout=30)
    assert (tmp_path / "calls").read_text().split() == calls
    assert done.returncode == (0 if len(calls) > 2 else 1)
