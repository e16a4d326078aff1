"""A redis-server of the test's own, and a client that speaks just enough RESP to look into it."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path


class RedisError(Exception):
    pass


class RedisServer:
    """Starts on a free port with nothing in it. With aof=True every write is on disk before its answer."""

    def __init__(self, aof=False, arguments=()):
        self.folder = Path(tempfile.mkdtemp(prefix="interop-redis-"))
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
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [os.environ.get("REDIS_SERVER", "redis-server"), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir",
                 str(self.folder), *self.arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
