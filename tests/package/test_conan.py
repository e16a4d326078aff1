"""packaging/conan makes a Conan package of a release, and a program is built against it that adds a job to a real Redis.
Opt-in, as it compiles all of the library: SHUNT_TEST_PACKAGES=1. There is no Conan remote here: the libraries that bullmq
uses are the system's, and what the recipe says of Conan's own is not tried."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "e2e" / "dialects")]

import pypi_packages  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from test_release_tarball import release  # noqa: E402,F401

pytestmark = pytest.mark.skipif(os.environ.get("SHUNT_TEST_PACKAGES") != "1", reason="SHUNT_TEST_PACKAGES=1 runs it")


@pytest.fixture(scope="module")
def conan(tmp_path_factory):
    """Runs Conan in a home of its own, without remotes."""
    python = pypi_packages.python_with(Path(__file__).parent / "conan" / "requirements.txt")
    environment = {**os.environ, "CONAN_HOME": str(tmp_path_factory.mktemp("conan")), "CONAN_NON_INTERACTIVE": "1"}

    def run(*arguments, **more):
        done = subprocess.run([python.parent / "conan", *arguments], env={**environment, **more}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1500)
        assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout

    run("profile", "detect")
    run("remote", "remove", "*")
    return run


@pytest.mark.parametrize("shared", [False, True])
def test_a_program_is_built_against_the_package_and_adds_a_job(conan, release, shared):  # noqa: F811
    redis = RedisServer()
    try:
        told = conan("create", release / "packaging" / "conan", "-s", "compiler.cppstd=20", "-o", "&:system_libraries=True",
                     "-o", f"&:shared={shared}", REDIS_URL=redis.url)
    finally:
        redis.close()
    assert "compatible with BullMQ " in told and "added job 1" in told
