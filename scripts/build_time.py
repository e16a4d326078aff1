"""The time that a build says of itself, so that the same sources make the same files."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def build_time():
    """Seconds: SOURCE_DATE_EPOCH, or the time of the last commit, or where there is no clone that of the changelog."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        return int(os.environ["SOURCE_DATE_EPOCH"])
    if shutil.which("git"):
        told = subprocess.run(["git", "-C", ROOT, "log", "-1", "--format=%ct"], capture_output=True, text=True)
        if told.returncode == 0:
            return int(told.stdout)
    return int((ROOT / "CHANGELOG.md").stat().st_mtime)
