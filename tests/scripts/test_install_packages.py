"""The names that scripts/install_packages.sh reads out of packages.txt."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIST = """# A comment.
[run]
g++ cmd:g++
libboost1.81-dev debian13:libboost1.83-dev ubuntu24.04:libboost1.83-dev

[test]
# Another comment.
compose cmd:docker-compose ubuntu24.04:compose-v2
g++ cmd:g++
"""


def listed(folder, system, *sections):
    (folder / "scripts").mkdir(exist_ok=True)
    shutil.copy(ROOT / "scripts" / "install_packages.sh", folder / "scripts")
    (folder / "packages.txt").write_text(LIST)
    done = subprocess.run([folder / "scripts/install_packages.sh", "--list", *sections], capture_output=True, text=True,
                          env={**os.environ, "SHUNT_SYSTEM": system}, timeout=30, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("system, sections, names", [
    ("debian12", ["run"], ["g++", "libboost1.81-dev"]),
    ("debian13", ["run"], ["g++", "libboost1.83-dev"]),
    ("ubuntu24.04", ["run", "test"], ["compose-v2", "g++", "libboost1.83-dev"]),
    ("debian13", ["test"], ["compose", "g++"]),
    ("debian", ["run"], ["g++", "libboost1.81-dev"]),  # no system's name is the beginning of another's
    ("fedora41", ["run"], ["g++", "libboost1.81-dev"]),
    ("debian12", ["none"], []),
])
def test_a_system_has_names_of_its_own(tmp_path, system, sections, names):
    assert listed(tmp_path, system, *sections) == names


def test_a_line_of_the_list_says_nothing_that_is_not_read():
    for line in (ROOT / "packages.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            for word in line.split()[1:]:
                assert re.fullmatch(r"cmd:[\w.+-]+|(?:debian1[23]|ubuntu24\.04):[a-z0-9][\w.+-]*", word), line
