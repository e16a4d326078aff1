"""Commands on a terminal."""

import os
import pty
import subprocess

from conftest import PATIENCE, clean_environment


def on_a_terminal(shunt, *arguments, term="xterm"):
    """What a command showed there, and its exit code."""
    master, slave = pty.openpty()
    with subprocess.Popen([shunt.binary, *arguments], cwd=shunt.folder, env=clean_environment({"TERM": term}),
                          stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        seen = b""
        while True:
            try:
                piece = os.read(master, 4096)
            except OSError:  # the last one who has the other end is gone
                break
            if not piece:
                break
            seen += piece
        os.close(master)
        return seen.decode(), process.wait(PATIENCE)
