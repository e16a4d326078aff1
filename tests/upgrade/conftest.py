"""An upgrade in the middle of work: what an earlier version left in Redis, and versions beside one another."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "tests" / "deploy"), str(ROOT / "tests" / "interop"), str(ROOT / "tests" / "support")]
for name in ("SHUNT_BIN", "SHUNT_PREVIOUS_BIN"):
    if name in os.environ:
        os.environ[name] = str(Path(os.environ[name]).resolve())

from generations import CONFIG  # noqa: E402
from processes import Programs  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from waiting import eventually  # noqa: E402


@pytest.fixture
def redis():
    server = RedisServer()
    yield server
    server.close()


class Version:
    """Starts the processes of one version in a folder of its own, all over one Redis and one folder of artifacts."""

    def __init__(self, binary, folder, redis, artifacts, config=CONFIG):
        folder.mkdir(exist_ok=True)
        (folder / "shunt.toml").write_text(config)
        self.programs = Programs(folder)
        self.programs.shunt = binary
        self.environment = {"QUEUE_ENABLED": "true", "REDIS_URL": redis.url,
                            "SHUNT_ARTIFACTS_DIRECTORY": str(artifacts)}

    def api(self):
        api = self.programs.api(environment=self.environment)
        eventually(lambda: api.status("/readyz") == 200 and "degraded" not in api.request("GET", "/readyz")[2],
                   "it has found Redis")
        return api

    def worker(self, *arguments):
        return self.programs.worker(*arguments, environment=self.environment)

    def close(self):
        self.programs.close()


@pytest.fixture
def version(redis, tmp_path):
    """version("SHUNT_BIN") is this build, version("SHUNT_PREVIOUS_BIN") the earlier one."""
    made = {}

    def make(variable):
        if variable not in made:
            made[variable] = Version(os.environ[variable], tmp_path / variable.lower(), redis, tmp_path / "artifacts")
        return made[variable]

    yield make
    for found in made.values():
        found.close()
