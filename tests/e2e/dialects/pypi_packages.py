"""A Python environment with the packages of a requirements file, made once for each content of that file."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path


def python_with(requirements, timeout=600):
    """The interpreter of such an environment, which is kept beside the file."""
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    folder = requirements.parent / ".venv"
    stamp = folder / ".installed"
    with open(requirements, encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # ctest runs several files at once
        if not (stamp.exists() and stamp.read_text() == wanted):
            shutil.rmtree(folder, ignore_errors=True)
            run([sys.executable, "-m", "venv", folder], timeout)
            run([folder / "bin/pip", "install", "--quiet", "--no-deps", "-r", requirements], timeout)
            stamp.write_text(wanted)
    return folder / "bin/python"


def run(command, timeout):
    done = subprocess.run(command, timeout=timeout, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}")
