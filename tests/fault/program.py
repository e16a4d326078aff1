"""The worker program of these tests (worker_program.cpp) as a process whose output can be waited for."""

import os
import subprocess
import threading
import time

from remote import RemoteFailure
from waiting import PATIENCE



class WorkerProgram:
    def __init__(self, url, **arguments):
        argv = [os.environ["SHUNT_FAULT_WORKER"], f"url={url}"] + [f"{key}={value}" for key, value in arguments.items()]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)
        self.lines = []  # (when, words)
        self.errors = []
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_stderr, daemon=True).start()

    def said(self, *start):
        """The lines that begin with these words."""
        start = [str(word) for word in start]
        with self._changed:
            return [words for _, words in self.lines if words[:len(start)] == start]

    def wait(self, *start, count=1, timeout=PATIENCE):
        """The lines that begin with these words, once there are so many."""
        start = [str(word) for word in start]
        found = []

        def enough():
            found[:] = [(when, words) for when, words in self.lines if words[:len(start)] == start]
            return len(found) >= count

        with self._changed:
            if not self._changed.wait_for(enough, timeout):
                raise RemoteFailure(f"the worker did not say {' '.join(start)} {count} times within {timeout} s; "
                                    f"it said {[words for _, words in self.lines][-20:]}\n{''.join(self.errors)}")
        return found

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end(self, timeout=PATIENCE):
        """No more commands: it closes, and ends by itself with nothing left to wait for."""
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RemoteFailure(f"the worker does not end; it said {[words for _, words in self.lines][-20:]}") from None
        self.wait("ended", timeout=5)
        assert code == 0, f"the worker ended with {code}\n{''.join(self.errors)}"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            if kind is None:
                self.end()
            else:
                self.kill()

    def _read(self):
        for line in self.process.stdout:
            with self._changed:
                self.lines.append((time.monotonic(), line.split()))
                self._changed.notify_all()

    def _read_stderr(self):
        for line in self.process.stderr:
            self.errors.append(line)
