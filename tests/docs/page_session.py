"""Runs a document's commands as its reader would, one after the other, with free ports in place of those it names and
programs of this build in place of those it installs."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "tests/interop/node_modules"
sys.path[:0] = [str(ROOT / "tests/support")]

from ports import free_port  # noqa: E402
from time_for_redis import TIME_FOR_REDIS  # noqa: E402


COMMAND_TIMEOUT = 60
START_TIMEOUT = 30


class CommandFailed(AssertionError):
    pass


def closure(names):
    """These npm packages and what npm installs with them."""
    wanted, pending = set(), list(names)
    while pending:
        name = pending.pop()
        if name in wanted:
            continue
        about = PACKAGES / name / "package.json"
        if not about.exists():
            raise CommandFailed(f"npm install {name}: no such package in tests/interop/package.json")
        wanted.add(name)
        told = json.loads(about.read_text(encoding="utf-8"))
        optional = {peer for peer, meta in told.get("peerDependenciesMeta", {}).items() if meta.get("optional")}
        pending += told.get("dependencies", {})
        pending += [peer for peer in told.get("peerDependencies", {}) if peer not in optional]
    return wanted


class Session:
    """A folder, free ports, and the servers that the page has started so far, by what they are."""

    def __init__(self, settings=""):
        self.folder = Path(tempfile.mkdtemp(prefix="shunt-docs-"))
        self.bin = self.folder / ".bin"
        self.servers = {}
        self.port, self.second_port, self.redis_port = free_port(), free_port(), free_port()
        self.upstream = None
        self.asked = []  # commands that asked the service
        # curl ends with 0 whatever the status is; a reader who sees a problem has not got what the page promises.
        self._program("curl", f'exec {shutil.which("curl")} --silent --show-error --fail-with-body --max-time 60 "$@"')
        self._program("shunt", f'exec {os.environ["SHUNT_BIN"]} "$@"')
        self.config = self.folder / "shunt.toml"
        shipped = (ROOT / "config/shunt.toml").read_text(encoding="utf-8")
        own = [table for table in settings.split("\n\n")
               if not re.search(rf"^{re.escape(table[:table.find(']') + 1])}", shipped, re.M)]
        self.config.write_text(shipped + "\n" + self._with_upstream("\n\n".join(own)))

    def _program(self, name, script):
        self.bin.mkdir(exist_ok=True)
        path = self.bin / name
        path.write_text("#!/bin/sh\n" + script + "\n")
        path.chmod(0o755)

    def _with_upstream(self, settings):
        """The page's models, whose upstream is the tests' own."""
        settings = "\n".join(line for line in settings.split("\n") if not line.startswith("#"))
        address = re.search(r"http://127\.0\.0\.1:\d+(?=/v1)", settings)
        if not address:
            return settings
        self.upstream = subprocess.Popen([sys.executable, str(ROOT / "tests/support/openai_server.py")],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        port = int(self.upstream.stdout.readline())
        settings = settings.replace(address[0], f"http://127.0.0.1:{port}")
        return re.sub(r'^model = ".*?"', 'model = "ok"', settings, flags=re.M)  # what that server goes by

    def replaced(self, text):
        """The command with this session's places."""
        url = f"redis://127.0.0.1:{self.redis_port}"
        for shown, meant in [
                (r"(?:127\.0\.0\.1|localhost):8080\b", f"127.0.0.1:{self.port}"),
                (r"(?:127\.0\.0\.1|localhost):8081\b", f"127.0.0.1:{self.second_port}"),
                (r"redis://(?:127\.0\.0\.1|localhost):6379\b", url),
                (r"REDIS_URL=\.\.\.", f"REDIS_URL={url}"),
                (r"host: '127\.0\.0\.1' \}", f"host: '127.0.0.1', port: {self.redis_port} }}"),
                (r"http://collector:4318\b", "http://127.0.0.1:1"),  # a name of a network that is not here
                (r"^((?:\w+=\S+ )*)\./run(?=\s*(?:#.*)?$)", r"\1shunt serve"),
                (r"^((?:\w+=\S+ )*)\./run\b", r"\1shunt"),
        ]:
            text = re.sub(shown, meant, text, flags=re.M)
        return text

    def environment(self):
        return {**{name: value for name, value in os.environ.items() if not name.startswith("SHUNT_")},
                "PATH": f"{self.bin}:{os.environ['PATH']}:/usr/sbin", "HOME": str(self.folder),
                "SHUNT_SERVER_LISTEN": f"127.0.0.1:{self.port}", "SHUNT_ARTIFACTS_DIRECTORY": str(self.folder / "artifacts"),
                "SHUNT_CONFIG": str(self.config), **TIME_FOR_REDIS}

    def run(self, command):
        text = self.replaced(command.text)
        words = type(command)(command.page, command.line, text).words
        program = command.program
        verb = next((word for word in words[words.index("shunt") + 1:]), "") if "shunt" in words else ""
        if "REDIS_URL=" in text:
            self.need_redis()
        if program == "redis-server":
            self.serve("redis", f"{text.split('#')[0]} --port {self.redis_port} --bind 127.0.0.1 --save '' --dir .",
                       self.redis_port)
        elif verb in ("serve", "worker"):
            listen = self.second_port if str(self.second_port) in text else self.port
            self.serve(verb if listen == self.port else "second", text, listen if verb == "serve" else None)
            if verb == "serve":
                for asked in self.asked:
                    self.once(asked)
        elif words[:2] == ["npm", "install"]:
            self.install([word for word in words[2:] if not word.startswith("-")])
        else:
            if "curl" in words and "serve" not in self.servers:
                self.serve("serve", "shunt serve", self.port)
            if "node" in words:
                self.need_redis()
            if verb == "generate" and "QUEUE_ENABLED=true" in words and "worker" not in self.servers:
                self.serve("worker", self.replaced("QUEUE_ENABLED=true REDIS_URL=... shunt worker"), None)
            self.once(text)
            if "curl" in words:
                self.asked.append(text)

    def need_redis(self):
        """A page that counts on a Redis, and has not said how one is started, has one."""
        if "redis" not in self.servers:
            self.serve("redis", f"redis-server --port {self.redis_port} --bind 127.0.0.1 --save '' --dir .", self.redis_port)

    def install(self, names):
        folder = self.folder / "node_modules"
        folder.mkdir(exist_ok=True)
        for name in closure(names):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if not (folder / name).exists():
                # A copy: from behind a link a package would find what was not installed with it.
                shutil.copytree(PACKAGES / name, folder / name, symlinks=True)

    def once(self, text):
        done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", text], cwd=self.folder, env=self.environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                              timeout=COMMAND_TIMEOUT)
        if done.returncode != 0:
            raise CommandFailed(f"ended with {done.returncode}:\n{text}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
                                f"{self.logs()}")
        return done.stdout

    def ask(self, path):
        """What the service answers, which is started if it is not there."""
        if "serve" not in self.servers:
            self.serve("serve", "shunt serve", self.port)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=COMMAND_TIMEOUT) as answer:
            return answer.read().decode()

    def serve(self, name, text, port):
        """Starts a server instead of the one of that name, and waits until it answers."""
        self.stop(name)
        log = open(self.folder / f"{name}.log", "ab")
        process = subprocess.Popen(["bash", "-c", "exec env " + text.split(" #")[0].strip()], cwd=self.folder,
                                   env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        self.servers[name] = process
        deadline = time.monotonic() + START_TIMEOUT
        while port and not answers(port, name):
            if process.poll() is not None or time.monotonic() > deadline:
                raise CommandFailed(f"does not start:\n{text}{self.logs()}")
            time.sleep(0.02)
        if process.poll() is not None:
            raise CommandFailed(f"has ended:\n{text}{self.logs()}")

    def logs(self):
        texts = [(path.name, path.read_text(errors="replace")[-1000:]) for path in self.folder.glob("*.log")]
        return "".join(f"\n--- {name}\n{text}" for name, text in texts)

    def stop(self, name):
        process = self.servers.pop(name, None)
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def close(self):
        for name in [name for name in ("second", "serve", "worker", "redis") if name in self.servers]:
            self.stop(name)
        if self.upstream:
            self.upstream.stdin.close()
            self.upstream.wait(15)
            self.upstream.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def answers(port, name):
    if name == "redis":
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False
