"""The clients that ./bench/run bullmq measures: how each is installed, run, and looked at afterwards. What a peer needs
is put into one folder (build/bench-peers), so that nothing is installed by hand."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE.parent / "peers"
INTEROP = HERE.parent.parent / "tests" / "interop"
sys.path.insert(0, str(INTEROP))
import npm_packages  # noqa: E402


class Missing(Exception):
    """Why a peer cannot be measured here."""


def need(*tools):
    for tool in tools:
        if shutil.which(tool) is None:
            raise Missing(f"{tool} is not installed")


def run(*command, timeout=3600, **options):
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=timeout, **options)
    if done.returncode != 0:
        last = done.stdout.strip().splitlines()[-1:] or ["without a word"]
        raise Missing(f"{command[0]} failed: {last[0]}")
    return done.stdout


class Client:
    """A client of BullMQ's format. The others say what they cannot do and where their jobs are."""

    label = ""
    compatible = True
    kinds = ("add", "bulk", "process", "latency", "share")
    most_at_once = None  # jobs that one worker process can work on at a time
    part = 1  # of the jobs: the slow ones get fewer, or the rounds would take hours

    def prepare(self, folder, redis_version):
        """Installs it and sets `version`; Missing says why not."""

    def command(self, port, kind, jobs, at_once, payload):
        return [*self.driver, *map(str, (port, kind, jobs, at_once, payload))]

    def can(self, scenario):
        if scenario.kind == "process" and self.most_at_once and scenario.at_once > self.most_at_once:
            return False
        return scenario.kind in self.kinds

    def waiting(self, redis):
        return redis("LLEN", "bull:bench:wait")

    def finished(self, redis):
        """None where it keeps nothing of a finished job: then none may wait or be worked on."""
        return redis("ZCARD", "bull:bench:completed")


class Ours(Client):
    label = "ours"

    def __init__(self, folder, fast_path=True):
        self.program, self.fast_path = f"{folder}/bench_bullmq", fast_path
        self.label = "ours" if fast_path else "fast path off"

    def prepare(self, folder, redis_version):
        self.version = "fast path on" if self.fast_path else "fast path off"

    def command(self, *arguments):
        return [self.program, *map(str, arguments), *([] if self.fast_path else ["slow"])]


class Node(Client):
    label = "Node"

    def prepare(self, folder, redis_version):
        need("node", "npm")
        npm_packages.install()
        self.driver = ["node", HERE / "driver.mjs", INTEROP]
        self.version = npm_version(INTEROP, "bullmq")


class Rust(Client):
    """bullmq-official, the official crate."""

    label = "Rust"
    kinds = ("add", "bulk", "process", "latency")

    def prepare(self, folder, redis_version):
        self.driver = [cargo_build(folder, "bullmq_official")]
        self.version = locked_crate("bullmq-official")


class Chasquimq(Client):
    label = "chasquimq"
    compatible = False
    kinds = ("add", "bulk", "process")
    # XADD ... IDMP, which each of its adds uses, is the newest of what it needs.
    needs_redis = (8, 6)

    def prepare(self, folder, redis_version):
        self.version = locked_crate("chasquimq")
        if tuple(map(int, redis_version.split(".")[:2])) < self.needs_redis:
            raise Missing(f"{self.version} adds with XADD IDMP, which needs Redis 8.6; this one is {redis_version}")
        self.driver = [cargo_build(folder, "chasquimq")]

    def waiting(self, redis):
        return redis("XLEN", "{chasqui:bench}:stream")

    def finished(self, redis):
        return None


class BeeQueue(Client):
    label = "bee-queue"
    compatible = False
    kinds = ("add", "bulk", "process", "latency")

    def prepare(self, folder, redis_version):
        need("node", "npm")
        packages = folder / "npm"
        packages.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PEERS / name, packages / name)
        npm_packages.install(packages)
        self.driver = ["node", PEERS / "bee_queue.mjs", packages]
        self.version = npm_version(packages, "bee-queue")

    def waiting(self, redis):
        return redis("LLEN", "bq:bench:waiting")

    def finished(self, redis):
        return redis("SCARD", "bq:bench:succeeded")


class Sidekiq(Client):
    label = "Sidekiq"
    compatible = False
    kinds = ("add", "bulk", "process")
    part = 0.2

    def prepare(self, folder, redis_version):
        need("ruby")
        self.version = run("ruby", "-e", 'require "sidekiq"; print Sidekiq::VERSION')
        self.driver = ["ruby", PEERS / "sidekiq_driver.rb"]

    def waiting(self, redis):
        return redis("LLEN", "queue:bench")

    def finished(self, redis):
        return None


class Rq(Client):
    label = "RQ"
    compatible = False
    kinds = ("add", "bulk", "process", "latency")
    most_at_once = 1
    part = 0.1

    def prepare(self, folder, redis_version):
        venv, requirements = folder / "venv", PEERS / "requirements.txt"
        wanted, stamp = hashlib.sha256(requirements.read_bytes()).hexdigest(), folder / "venv" / ".installed"
        if not stamp.exists() or stamp.read_text() != wanted:
            run(sys.executable, "-m", "venv", "--clear", venv)
            run(venv / "bin/pip", "install", "--no-input", "--disable-pip-version-check", "--requirement", requirements)
            stamp.write_text(wanted)
        self.driver = [venv / "bin/python", PEERS / "rq_driver.py"]
        self.version = re.search(r"^rq==(.+)$", requirements.read_text(), re.MULTILINE)[1]

    def waiting(self, redis):
        return redis("LLEN", "rq:queue:bench")

    def finished(self, redis):
        return redis("ZCARD", "rq:finished:bench")


def npm_version(folder, package):
    return json.loads((folder / "node_modules" / package / "package.json").read_text())["version"]


def locked_crate(name):
    return re.search(rf'name = "{name}"\nversion = "(.+)"', (PEERS / "rust/Cargo.lock").read_text())[1]


def cargo_build(folder, program):
    need("cargo")
    target = folder / "cargo"
    run("cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", PEERS / "rust/Cargo.toml", "--bin",
        program, env=os.environ | {"CARGO_TARGET_DIR": str(target), "CARGO_BUILD_JOBS": "2"})
    return target / "release" / program


PEER_CLASSES = {"node": Node, "rust": Rust, "chasquimq": Chasquimq, "bee-queue": BeeQueue, "sidekiq": Sidekiq,
                "rq": Rq}
