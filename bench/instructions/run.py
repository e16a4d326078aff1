"""Instructions and allocations that one request costs, counted by valgrind: figures that a busy machine does not
change. The service in sync mode; with the flip's plumbing on and strategy = "sync", by thread, beside a Redis that valgrind
does not slow down; and Redis, worker and API on the queue (16 clients at once). What starting and stopping cost is not in
them: each figure is the difference of a long and a short run."""
import argparse
import concurrent.futures
import http.client
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from report import Report  # noqa: E402
from servers import free_port, wait_for  # noqa: E402

BODY = '{"model":"simulator","input":{"prompt":"Why do trains stop at night?","tokens":8}}'
CONFIG = """
[server]
threads = 1
[log]
level = "warn"
[models.simulator]
driver = "simulator"
first_token = "0ms"
token_gap = "0ms"
concurrency = 200
text_field = "prompt"
"""
CLIENTS = 16
PATIENCE = 60  # valgrind starts slowly
ALLOCATIONS = re.compile(r"^(malloc|calloc|realloc|aligned_alloc|posix_memalign)\b")


def post(port, requests):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(requests):
        client.request("POST", "/v1/generations", BODY, {"Content-Type": "application/json"})
        answer = client.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} {text}")
    client.close()


def until_it_serves(port):
    """valgrind starts slowly, the worker not before the API."""
    for _ in range(100):
        try:
            return post(port, 1)
        except RuntimeError:
            time.sleep(0.2)
    return post(port, 1)


def counts(path):
    """All instructions of a callgrind file, and the calls of functions that allocate."""
    names, instructions, allocations, callee = {}, 0, 0, None
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("cfn=") or line.startswith("fn="):
                found = re.match(r"(c?fn)=\((\d+)\)(?: (.*))?", line)
                if found[3]:
                    names[found[2]] = found[3]
                if found[1] == "cfn":
                    callee = names[found[2]]
            elif line.startswith("calls=") and ALLOCATIONS.match(callee):
                allocations += int(line[6:].split()[0])
            elif line.startswith(("summary:", "totals:")):
                instructions = int(line.split()[1])
    return instructions, allocations


class Run:
    """The processes of one deployment under valgrind, each with its own file of counts."""

    def __init__(self, binary, mode, requests, folder):
        self.folder = folder
        config = folder / "shunt.toml"
        config.write_text(CONFIG, encoding="ascii")
        port, redis_port = free_port(), free_port()
        environment = os.environ | {"XDG_STATE_HOME": str(folder)}
        processes = {}
        try:
            redis = ["redis-server", "--port", str(redis_port), "--save", ""]
            if mode == "plumbing":
                processes["redis"] = subprocess.Popen(redis, env=environment, stdout=subprocess.DEVNULL)
            if mode == "queue":
                processes["redis"] = self.start("redis", redis, environment)
            if mode != "sync":
                wait_for(redis_port, patience=PATIENCE)
                environment |= {"QUEUE_ENABLED": "true", "REDIS_URL": f"redis://127.0.0.1:{redis_port}"}
            if mode == "queue":
                processes["worker"] = self.start("worker", [binary, "worker", "--config", str(config)], environment)
            if mode == "plumbing":
                environment["SHUNT_STRATEGY"] = "sync"
            processes["api"] = self.start(
                "api", [binary, "serve", "--config", str(config), "--listen", f"127.0.0.1:{port}"], environment,
                by_thread=mode != "queue")
            wait_for(port, lambda: processes["api"].poll() is None, PATIENCE)
            until_it_serves(port)
            with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
                for done in [pool.submit(post, port, requests // CLIENTS) for _ in range(CLIENTS)]:
                    done.result()
        finally:
            for process in reversed(processes.values()):
                process.send_signal(signal.SIGTERM)
                process.wait(60)
        if mode == "queue":
            self.counts = {name: counts(folder / f"{name}.out") for name in processes}
        else:
            self.counts = {path.suffix: counts(path) for path in folder.glob("api.out-*")}

    def start(self, name, command, environment, by_thread=False):
        valgrind = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={self.folder / name}.out"]
        if by_thread:
            valgrind.append("--separate-threads=yes")
        return subprocess.Popen([*valgrind, *command], env=environment, stdout=subprocess.DEVNULL)


def by_duty(threads):
    """From what each thread does for a request: the event loop does most. What a thread does at the start is not in it."""
    loop, *others = sorted(threads, reverse=True)
    return {"event loop": loop, "other threads": tuple(map(sum, zip(*others)))}


def a_request(binary, mode, options):
    runs = []
    for requests in (options.requests // 4, options.requests):
        with tempfile.TemporaryDirectory(prefix="shunt-bench-") as name:
            runs.append(Run(binary, mode, requests, pathlib.Path(name)).counts)
    more = options.requests - options.requests // 4
    each = {name: tuple((after - before) / more for before, after in zip(runs[0].get(name, (0, 0)), counted))
            for name, counted in runs[1].items()}
    return each if mode == "queue" else by_duty(each.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--requests", type=int, default=3_200)
    parser.add_argument("--before", metavar="BINARY", help="another build of shunt to compare with")
    parser.add_argument("--only", choices=["sync", "plumbing", "queue"])
    options = parser.parse_args()
    for tool in ("valgrind", "redis-server"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is not installed")
    report = Report(options.json)
    binaries = {"ours": str(pathlib.Path(options.bin).resolve() / "shunt")}
    if options.before:
        binaries["before"] = str(pathlib.Path(options.before).resolve())
    for mode in ("sync", "plumbing", "queue"):
        if options.only not in (None, mode):
            continue
        found = {}
        for name, binary in binaries.items():
            report.progress(f"{mode}: {name}")
            found[name] = a_request(binary, mode, options)
        for process, ours in found["ours"].items():
            before = found.get("before", {}).get(process, (None, None))
            peer = "before" if options.before else None
            report.add(f"{mode}, {process}: instructions a request", ours[0], "", before[0], peer)
            report.add(f"{mode}, {process}: allocations a request", ours[1], "", before[1], peer)
    report.close()


if __name__ == "__main__":
    main()
