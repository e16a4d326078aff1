"""Shunt on Debian 13 and Ubuntu 24.04: the names of packages.txt, the build, in which a warning is an error, the unit tests,
a generation. Opt-in, as each system is fetched and compiles all of it: SHUNT_TEST_SYSTEMS=1, root and debootstrap.
SHUNT_SYSTEMS=debian13 takes one of them."""

import json
import os
import re
import subprocess
import urllib.request

import pytest

import system_chroot
from system_chroot import ROOT, SUITES, System

pytestmark = pytest.mark.skipif(os.environ.get("SHUNT_TEST_SYSTEMS") != "1", reason="SHUNT_TEST_SYSTEMS=1 runs it")

CHOSEN = os.environ.get("SHUNT_SYSTEMS", ",".join(SUITES)).split(",")
HERE = "/shunt"
SHUNT = f"{HERE}/build/release/bin/shunt"


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """What a user would unpack, of the tree as it is: it carries BullMQ's scripts, so no chroot needs a way to npm's
    registry."""
    if subprocess.run(["git", "-C", ROOT, "rev-parse", "HEAD"], capture_output=True).returncode != 0:
        pytest.skip("no clone: a release is made of a commit")
    changed = subprocess.run(["git", "-C", ROOT, "stash", "create"], capture_output=True, text=True, check=True).stdout
    made = subprocess.run([ROOT / "packaging/release_tarball.sh", tmp_path_factory.mktemp("release"), changed.strip() or "HEAD"],
                          capture_output=True, text=True, check=True, timeout=600)
    return made.stdout.strip()


@pytest.fixture(scope="module", params=CHOSEN)
def system(request, release):
    """With the tree in /shunt, and nothing installed yet when the folder is new."""
    if reason := system_chroot.missing():
        pytest.skip(reason)
    if request.param.startswith("ubuntu") and not system_chroot.answers(system_chroot.ubuntu_mirror(), SUITES[request.param]):
        pytest.skip(f"{system_chroot.ubuntu_mirror()} does not answer; SHUNT_UBUNTU_MIRROR names another one")
    system = System(request.param).make()
    system.bring_tree(release)
    return system


@pytest.fixture(scope="module")
def built(system):
    """Installed for and built as a user does it; for the tests only the libraries that they link to."""
    libraries = [name for name in names_in(system, "test") if name.endswith("-dev")]
    system.run("scripts/install_packages.sh", "run", folder=HERE)
    system.run("apt-get", "install", "-y", "--no-install-recommends", *libraries)
    system.run("scripts/build.sh", "release", "-DSHUNT_BUILD_TESTS=ON", "-DSHUNT_UNIT_TESTS_ONLY=ON", "-DSHUNT_BUILD_BENCH=OFF",
               folder=HERE)
    return system


def names_in(system, *sections):
    return system.run("scripts/install_packages.sh", "--list", *sections, folder=HERE).split()


def test_its_archive_has_every_package_of_the_list(system):
    sections = re.findall(r"^\[([\w-]+)\]$", (ROOT / "packages.txt").read_text(encoding="utf-8"), re.M)
    told = system.run("apt-cache", "policy", *names_in(system, *sections))
    there = set(re.findall(r"^(\S+):\n  Installed: .*\n  Candidate: (?!\(none\))", told, re.M))
    assert set(names_in(system, *sections)) - there == set()


def test_its_cmake_makes_batches_and_looks_for_no_modules(built):
    rules = (built.root / "shunt/build/release/build.ninja").read_text(encoding="utf-8")
    assert "/Unity/" in rules and ".ddi" not in rules


def test_the_unit_tests_pass(built):
    assert "100% tests passed" in built.run("ctest", "--preset", "release", "-L", "unit", "-j2", "--no-tests=error",
                                            folder=HERE)


def test_a_generation_is_made_without_a_server(built):
    assert built.run(SHUNT, "generate", "Hello", "--model", "simulator").strip()


def test_a_generation_is_made_over_http(built):
    process = built.start(SHUNT, "serve", "--listen", "127.0.0.1:0", folder="/tmp")
    try:
        url = process.stdout.readline().split()[-1]
        request = urllib.request.Request(url + "/v1/generations",
                                         json.dumps({"model": "simulator", "input": {"prompt": "Hello"}}).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert json.load(answer)["state"] == "succeeded"
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()
