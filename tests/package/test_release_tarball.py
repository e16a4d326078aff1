"""A release carries BullMQ's scripts: a program builds bullmq with itself from one by FetchContent, with no npm and no
network. SHUNT_TEST_PACKAGES=1 builds all of it and runs it; otherwise it is configured, and what shows that it would be
is compiled."""

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from built_packages import BUILD, ROOT, output_of

CONSUMER = ROOT / "tests" / "package" / "fetch_consumer"


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """A tree as a user unpacks it."""
    if subprocess.run(["git", "-C", ROOT, "rev-parse", "HEAD"], capture_output=True).returncode != 0:
        pytest.skip("no clone: a release is made of a commit")
    folder = tmp_path_factory.mktemp("release")
    # npm has checked this copy when the build was configured.
    package = BUILD / "bullmq/upstream/node_modules/bullmq"
    made = output_of(ROOT / "packaging/release_tarball.sh", folder, env={**os.environ, "BULLMQ_PACKAGE": str(package)})
    with tarfile.open(made.strip()) as archive:
        archive.extractall(folder, filter="data") if hasattr(tarfile, "data_filter") else archive.extractall(folder)
    return next(path for path in folder.iterdir() if path.is_dir())


def configure(release, build):
    """As on a machine that has no npm."""
    return subprocess.run(["cmake", "-S", CONSUMER, "-B", build, "-G", "Ninja", f"-DBULLMQ_CHECKOUT={release}",
                           "-DFETCHCONTENT_FULLY_DISCONNECTED=ON", "-DBULLMQ_NPM=/nonexistent/npm"],
                          capture_output=True, text=True, timeout=120)


def test_the_release_carries_scripts_and_their_licence(release):
    carried = release / "bullmq/upstream/carried"
    assert "Permission is hereby granted" in (carried / "LICENSE").read_text()
    assert len(list((carried / "dist/cjs/commands").rglob("*.lua"))) > 50
    # Nothing else of the npm package.
    assert {path.suffix for path in carried.rglob("*") if path.is_file()} == {".lua", ".json", ""}


def test_the_same_commit_makes_the_same_release(release, tmp_path):
    package = BUILD / "bullmq/upstream/node_modules/bullmq"
    made = output_of(ROOT / "packaging/release_tarball.sh", tmp_path, env={**os.environ, "BULLMQ_PACKAGE": str(package)})
    before = next(release.parent.glob("*.tar.gz"))
    assert Path(made.strip()).read_bytes() == before.read_bytes()


def test_a_program_builds_with_fetch_content_and_without_npm(release, tmp_path):
    build = tmp_path / "build"
    done = configure(release, build)
    assert done.returncode == 0, done.stdout + done.stderr
    targets = output_of("ninja", "-C", build, "-t", "targets", "all")
    wanted = [line.split(":")[0] for line in targets.splitlines()
              if line.split(":")[0].endswith(("bullmq_consumer/main.cpp.o", "bullmq_scripts.cpp.o", "src/version.cpp.o"))]
    assert len(wanted) == 3
    everything = os.environ.get("SHUNT_TEST_PACKAGES") == "1"
    subprocess.run(["cmake", "--build", build, *([] if everything else ["--target", *wanted])], check=True,
                   timeout=1500, stdout=subprocess.DEVNULL)
    if everything:
        assert output_of(build / "consumer").startswith("compatible with BullMQ ")


def test_a_tree_without_scripts_and_without_npm_says_what_to_do(tmp_path):
    done = configure(ROOT, tmp_path / "build")
    assert done.returncode != 0 and "a release that carries them" in " ".join(done.stderr.split()) and "BULLMQ_SCRIPTS_DIR=" in " ".join(done.stderr.split())
