#!/usr/bin/env python3
"""A redis-server of the test's own, and a client that speaks just enough RESP to look into it.

    redis_server.py [ARGUMENT...]   prints its port on a line of its own once Redis answers, then waits until standard
                                    input closes; the arguments are redis-server's, e.g. --maxmemory 4mb

Redis goes when the process goes that started it, however that ends. Standard library only.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ports import free_port

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class RedisError(Exception):
    pass


class RedisServer:
    """Starts on a free port with nothing in it. With aof=True every write is on disk before its answer.

    With dies_with_thread=True it also goes when the thread goes that started it, however that ends.
    """

    def __init__(self, aof=False, arguments=(), dies_with_thread=False):
        self.dies_with_thread = dies_with_thread
        self.folder = Path(tempfile.mkdtemp(prefix="test-redis-"))
        self.arguments = ["--appendonly", "yes", "--appendfsync", "always"] if aof else []
        self.arguments += list(arguments)
        self.process = None
        self._client = None
        for _ in range(5):  # another program may take the port before the server does
            self.port = free_port()
            try:
                self.start()
                return
            except RedisError:
                continue
        raise RedisError(f"redis-server does not start:\n{self.log()}")

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def start(self, timeout=10):
        parent = os.getpid()
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [os.environ.get("REDIS_SERVER", "redis-server"), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir",
                 str(self.folder), *self.arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=(lambda: die_with(parent)) if self.dies_with_thread else None)
        deadline = time.monotonic() + timeout
        while True:
            try:
                with Resp(self.port, timeout=1) as probe:
                    info = probe.info()
                    if int(info["process_id"]) != self.process.pid:
                        raise RedisError("the port belongs to another server")
                    if info["loading"] != "0":
                        raise RedisError("it still loads its file")
                    return
            except (OSError, RedisError) as error:
                ended = self.process.poll() is not None
                if ended or time.monotonic() > deadline:
                    self.kill()
                    raise RedisError(f"redis-server is not up: {error}\n{self.log()}") from error
                time.sleep(0.01)

    def stop(self, timeout=10):
        """SIGTERM, as an operator would."""
        self._end(signal.SIGTERM, timeout)

    def kill(self):
        self._end(signal.SIGKILL, 10)

    def suspend(self):
        """The server is there but does not answer."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self):
        self.process.send_signal(signal.SIGCONT)

    def restart(self, kill=False):
        """On the same port; the data survives only with aof=True."""
        self.kill() if kill else self.stop()
        self.start()

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    @property
    def client(self):
        """A connection that is opened anew after a restart."""
        if self._client is None:
            self._client = Resp(self.port)
        return self._client

    def __call__(self, *command):
        return self.client(*command)

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, how, timeout):
        if self._client is not None:
            self._client.close()
            self._client = None
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(how)
        self.process.wait(timeout)


class Resp:
    """resp("HGET", key, field): strings come back as str, an error answer is raised."""

    def __init__(self, port, timeout=30):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.input = self.socket.makefile("rb")

    def __call__(self, *command):
        return self.pipeline([command])[0]

    def pipeline(self, commands):
        commands = list(commands)
        self.socket.sendall(b"".join(_encode(command) for command in commands))
        answers = [self._read() for _ in commands]
        for answer in answers:
            if isinstance(answer, RedisError):
                raise answer
        return answers

    def info(self):
        return dict(line.split(":", 1) for line in self("INFO").splitlines() if ":" in line)

    def close(self):
        self.input.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _read(self):
        line = self.input.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            size = int(rest)
            return None if size < 0 else self.input.read(size + 2)[:-2].decode(errors="surrogateescape")
        if kind == b"*":
            count = int(rest)
            return None if count < 0 else [self._read() for _ in range(count)]
        raise RedisError(f"not RESP: {line!r}")


def _encode(command):
    parts = [str(part).encode(errors="surrogateescape") for part in command]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def die_with(parent):
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went before we asked
        os._exit(1)


def main():
    server = RedisServer(arguments=sys.argv[1:], dies_with_thread=True)
    # Whoever waits for our port may kill us: nothing may be left behind then.
    shutil.rmtree(server.folder, ignore_errors=True)
    print(server.port, flush=True)
    sys.stdin.read()
    server.close()


if __name__ == "__main__":
    main()
