"""The build says where upstream's files are: BULLMQ_COMMANDS_DIR (the Lua) and BULLMQ_UPSTREAM_DIR (bullmq/upstream)."""
import os
import pathlib
import sys

import pytest

UPSTREAM = pathlib.Path(os.environ["BULLMQ_UPSTREAM_DIR"])
sys.path.insert(0, str(UPSTREAM))


@pytest.fixture
def commands():
    return pathlib.Path(os.environ["BULLMQ_COMMANDS_DIR"])


@pytest.fixture
def upstream():
    return UPSTREAM


@pytest.fixture
def lua_folder(tmp_path):
    """Makes a folder of scripts from their texts, and returns it."""
    def make(**files):
        for name, text in files.items():
            path = tmp_path / (name.replace("__", "/").replace("_1", "-1") + ".lua")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path
    return make
