"""Installs the packages of a folder's package-lock.json, once for each content of that file."""

import fcntl
import hashlib
import subprocess
from pathlib import Path

HERE = Path(__file__).parent


def install(folder=HERE, timeout=300):
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".installed"
    with open(folder / "package-lock.json") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # ctest runs several files at once
        if stamp.exists() and stamp.read_text() == wanted:
            return
        # Not `npm ci`: it refuses a lock file without the optional packages of other platforms, which not every
        # registry mirror has. This installs the same locked versions, and checks their integrity as well.
        done = subprocess.run(
            ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, timeout=timeout,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"npm install failed:\n{done.stdout}")
        stamp.write_text(wanted)


if __name__ == "__main__":
    install()
