"""A command on a terminal, with somebody who answers."""

import os
import pty
import select
import subprocess
import time

from conftest import PATIENCE, clean_environment


class Conversation:
    def __init__(self, shunt, *arguments, environment=None):
        self.seen = ""
        self.at = 0
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen([shunt.binary, *arguments], cwd=shunt.folder,
                                        env=clean_environment({"TERM": "xterm", **(environment or {})}),
                                        stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)

    def _read(self, until):
        ready, _, _ = select.select([self.master], [], [], max(0, until - time.monotonic()))
        if not ready:
            raise AssertionError(f"nothing more came: {self.seen}")
        try:
            piece = os.read(self.master, 4096)
        except OSError:  # the last one who has the other end is gone
            piece = b""
        self.seen += piece.decode(errors="replace")
        return bool(piece)

    def expect(self, text):
        """Waits until this was said after what was expected before."""
        until = time.monotonic() + PATIENCE
        while text not in self.seen[self.at:]:
            assert self._read(until), f"{text!r} never came: {self.seen}"
        self.at = self.seen.index(text, self.at) + len(text)

    def say(self, text, ending="\n"):
        os.write(self.master, (text + ending).encode())

    def end(self):
        """The exit code, once all was said."""
        until = time.monotonic() + PATIENCE
        while self._read(until):
            pass
        return self.process.wait(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
