"""Benchmarks of queue mode: POST a second through API, Redis and one worker against the same written on Node's http
and npm's bullmq; what the queue adds to a request's latency; and many streams through the queue. All processes share
the machine. Every figure is the median of several rounds in which the peers take turns."""
import argparse
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "tests/interop")]
import npm_packages  # noqa: E402
from report import Report  # noqa: E402
from servers import cpu_seconds, free_port, stop, wait_for  # noqa: E402

PEERS = HERE.parent / "peers"
BODY = '{"model":"simulator","input":{"prompt":"Why do trains stop at night?","tokens":8}}'
CONFIG = """
[server]
threads = 1
max_connections = 19000
[log]
level = "warn"
[queue]
# All streams begin at the same moment; what is measured is what comes after.
enqueue_deadline = "10s"
[models.simulator]
driver = "simulator"
first_token = "0ms"
token_gap = "0ms"
concurrency = {concurrency}
max_waiting = 20000
text_field = "prompt"
"""


class Deployment(contextlib.ExitStack):
    """Redis, an API and a worker, from the first answer to the end of the block."""

    def __init__(self, options, folder, kind, concurrency=200):
        """kind: sync, queue, before (the queue of another build) or node."""
        super().__init__()
        self.port, self.redis_port = free_port(), free_port()
        self.processes = {}
        url = f"redis://127.0.0.1:{self.redis_port}"
        config = folder / f"shunt-{concurrency}.toml"
        config.write_text(CONFIG.format(concurrency=concurrency), encoding="ascii")
        environment = os.environ | {"QUEUE_ENABLED": "true", "REDIS_URL": url, "XDG_STATE_HOME": str(folder)}
        binary = options.before if kind == "before" else options.shunt
        shunt = [binary, "serve", "--config", str(config), "--listen", f"127.0.0.1:{self.port}"]
        if kind != "sync":
            self.start("redis", ["redis-server", "--port", str(self.redis_port), "--save", "", "--appendonly", "no"])
            wait_for(self.redis_port)
        if kind == "sync":
            self.start("api", shunt)
        elif kind in ("queue", "before"):
            self.start("worker", [binary, "worker", "--config", str(config)], environment)
            self.start("api", shunt, environment)
        else:
            packages = str(options.packages)
            self.start("worker", ["node", str(PEERS / "queue_worker.mjs"), packages, str(self.redis_port)])
            self.start("api", ["node", str(PEERS / "queue_api.mjs"), packages, str(self.redis_port), str(self.port)])
        wait_for(self.port)
        time.sleep(1)  # for the worker

    def start(self, name, command, environment=None):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        self.processes[name] = process
        self.callback(stop, process)

    def cpu_seconds(self):
        return {name: cpu_seconds(process) for name, process in self.processes.items()}


def load(deployment, connections, seconds, script):
    """Requests a second, and the processor time of one in each process in microseconds."""
    before = deployment.cpu_seconds()
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script,
                          f"http://127.0.0.1:{deployment.port}/v1/generations"],
                         check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(out)
    requests = int(re.search(r"(\d+) requests in", out)[1])
    costs = {name: (used - before[name]) * 1e6 / requests for name, used in deployment.cpu_seconds().items()}
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), costs


def measure_throughput(report, options, folder):
    script = folder / "post.lua"
    script.write_text(f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = \'{BODY}\'\n',
                      encoding="ascii")
    peer, peer_name, wanted = "node", "node http + bullmq", ">= 5x"
    if options.before:
        peer, peer_name, wanted = "before", "before", ">= 0.97x"
    for connections in options.connections:
        rates = {"queue": [], peer: []}
        costs = {"queue": {}, peer: {}}
        for turn in range(options.rounds):
            for kind in rates:
                report.progress(f"{connections} connections: round {turn + 1} of {options.rounds}, {kind}")
                with Deployment(options, folder, kind) as deployment:
                    load(deployment, connections, 1, str(script))  # warm up
                    rate, cost = load(deployment, connections, options.seconds, str(script))
                rates[kind].append(rate)
                for name, used in cost.items():
                    costs[kind].setdefault(name, []).append(used)
        report.add(f"POST, {connections} connections", rates["queue"], "requests/s", rates[peer], peer_name, wanted)
        for name in ("redis", "api", "worker"):
            report.add(f"  CPU a request: {name}", costs["queue"][name], "us", costs[peer][name], peer_name)


def figures(command):
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {line.split()[0]: float(line.split()[1]) for line in out.splitlines() if len(line.split()) == 2}


def measure_overhead(report, options, folder):
    runs = {"sync": [], "queue": []}
    for turn in range(options.rounds):
        for kind, found in runs.items():
            report.progress(f"latency at {options.rate}/s: round {turn + 1} of {options.rounds}, {kind}")
            with Deployment(options, folder, kind) as deployment:
                rate = [f"{options.bin}/bench_rate", str(deployment.port), str(options.rate)]
                figures([*rate, "1", "8"])  # warm up
                found.append(figures([*rate, str(options.seconds), "8"]))
    for quantile, wanted in (("p50", "< 1.5"), ("p99", "< 10")):
        added = [(queue[quantile] - sync[quantile]) / 1000 for queue, sync in zip(runs["queue"], runs["sync"])]
        report.add(f"added {quantile} at {options.rate}/s", added, "ms", wanted=wanted)


def measure_streams(report, options, folder):
    runs = []
    for turn in range(options.rounds):
        report.progress(f"{options.streams} streams: round {turn + 1} of {options.rounds}")
        with Deployment(options, folder, "queue", concurrency=options.streams) as deployment:
            before = deployment.cpu_seconds()
            runs.append(figures([f"{options.bin}/bench_streams", str(deployment.port), str(options.streams),
                                 str(options.hold * 1000 // options.gap), str(options.gap)]))
            after = deployment.cpu_seconds()
        runs[-1] |= {name: after[name] - used for name, used in before.items()}
    lost = [run["expected"] - run["events"] + run["wrong"] for run in runs]
    report.add(f"{options.streams} streams, a token in {options.gap} ms: lost", lost, "events", wanted="0")
    report.add("  delta latency p50", [run["delay_p50"] for run in runs], "ms")
    report.add("  delta latency p99", [run["delay_p99"] for run in runs], "ms", wanted="< 100")
    for name in ("redis", "api", "worker"):
        report.add(f"  CPU: {name}", [run[name] for run in runs], f"s of {options.hold}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of load, a round and peer")
    parser.add_argument("--connections", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--streams", type=int, default=2_000)
    parser.add_argument("--gap", type=int, default=20, help="ms between two tokens of a stream")
    parser.add_argument("--hold", type=int, default=10, help="seconds that the streams last")
    parser.add_argument("--only", choices=["throughput", "overhead", "streams"])
    parser.add_argument("--before", metavar="BINARY", help="only throughput, in turns with this other build of shunt")
    options = parser.parse_args()
    if options.before:
        options.only = "throughput"
    options.bin = str(pathlib.Path(options.bin).resolve())
    options.shunt = f"{options.bin}/shunt"
    options.packages = npm_packages.HERE
    for tool in ("wrk", "node", "npm", "redis-server"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is not installed")
    npm_packages.install()
    report = Report(options.json)
    with tempfile.TemporaryDirectory(prefix="shunt-bench-") as name:
        folder = pathlib.Path(name)
        if options.only in (None, "throughput"):
            measure_throughput(report, options, folder)
        if options.only in (None, "overhead"):
            measure_overhead(report, options, folder)
        if options.only in (None, "streams"):
            measure_streams(report, options, folder)
    report.close()


if __name__ == "__main__":
    main()
