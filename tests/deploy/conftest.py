"""What stands around the binary: examples, compose, units, manifests, and what the documents say of them."""

import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "tests" / "interop"), str(ROOT / "tests" / "support"),
                str(ROOT / "tests" / "e2e" / "dialects")]
os.environ["SHUNT_BIN"] = str(Path(os.environ["SHUNT_BIN"]).resolve())

import npm_packages  # noqa: E402
from processes import Programs  # noqa: E402
from redis_server import RedisServer  # noqa: E402


@pytest.fixture
def redis():
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture
def programs(tmp_path):
    made = Programs(tmp_path)
    yield made
    made.close()


@pytest.fixture
def examples(tmp_path):
    """The examples as a user has them after `npm install`: the packages are those of tests/interop."""
    npm_packages.install()
    for name in ("node-worker", "node-producer"):
        shutil.copytree(ROOT / "examples" / name, tmp_path / "examples" / name,
                        ignore=shutil.ignore_patterns("node_modules"))
    (tmp_path / "node_modules").symlink_to(ROOT / "tests" / "interop" / "node_modules")
    (tmp_path / "executor").symlink_to(ROOT / "executor")
    return tmp_path / "examples"
