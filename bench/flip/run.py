"""What the flip costs. A decision at admission, by where in its precedence it ends: the bound is 2 microseconds. And a
request that runs in sync with the plumbing on (strategy = "sync", a Redis of its own) against QUEUE_ENABLED=false: both
services run side by side and are loaded in turns, so that each pair of runs has the same machine; the ratios are medians of
the pairs'. On a machine that others share processor time and thread switches a request say more than requests a second."""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from report import Report  # noqa: E402
from servers import cpu_seconds, free_port, stop, wait_for  # noqa: E402

CONFIG = """
[server]
threads = 1
[log]
level = "warn"
[models.model]
driver = "simulator"
first_token = "{first}"
token_gap = "{gap}"
spread = 0.0
concurrency = 1000
max_waiting = 1000
"""
SCRIPT = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{{"model":"model","input":{{"prompt":"hi","tokens":{tokens}}}}}'
"""
# Each with the connections that ask it. The first one does nothing: all there is to measure is Shunt.
GENERATORS = {"instant": ("0ms", "0ms", 1, 16), "5 ms": ("5ms", "0ms", 1, 64), "180 ms": ("20ms", "10ms", 17, 256)}


class Service:
    """A service with its configuration, and what it has used since the last look."""

    def __init__(self, shunt, config, redis_url=None):
        self.port = free_port()
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("SHUNT_", "QUEUE_", "REDIS_"))}
        environment["XDG_STATE_HOME"] = str(config.parent / f"state-{self.port}")
        if redis_url:
            environment |= {"QUEUE_ENABLED": "true", "REDIS_URL": redis_url, "SHUNT_STRATEGY": "sync"}
        self.process = subprocess.Popen([shunt, "serve", "--config", str(config), "--listen", f"127.0.0.1:{self.port}"],
                                        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.port, lambda: self.process.poll() is None)

    def threads(self):
        """Of each thread: seconds of processor time, and how often it went to sleep."""
        found = {}
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            ran = int((task / "schedstat").read_text(encoding="ascii").split()[0]) / 1e9
            slept = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text(encoding="utf-8"), re.M)
            found[task.name] = (ran, int(slept[1]))
        return found


def load(service, redis, seconds, connections, script):
    """One run: requests a second, latencies in ms, and what a request has cost by thread."""
    threads, redis_before = service.threads(), cpu_seconds(redis)
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script),
                          f"http://127.0.0.1:{service.port}/v1/generations"],
                         check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(out)
    requests = int(re.search(r"(\d+) requests in", out)[1])
    used = [tuple(after - before for after, before in zip(now, threads.get(name, (0, 0))))
            for name, now in service.threads().items()]
    each = sorted(((ran * 1e6 / requests, slept / requests) for ran, slept in used), reverse=True)
    return {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]),
            "p50": milliseconds(out, 50), "p99": milliseconds(out, 99), "loop": each[0][0],
            "others": sum(ran for ran, _ in each[1:]), "sleeps": sum(slept for _, slept in each),
            "redis": (cpu_seconds(redis) - redis_before) * 1e6 / requests}


def milliseconds(out, percentile):
    value, unit = re.search(rf"^\s+{percentile}%\s+([\d.]+)(us|ms|s)$", out, re.M).groups()
    return float(value) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]


def paired(report, options, folder, redis, redis_url, generator):
    first, gap, tokens, connections = GENERATORS[generator]
    config, script = folder / "shunt.toml", folder / "post.lua"
    config.write_text(CONFIG.format(first=first, gap=gap), encoding="ascii")
    script.write_text(SCRIPT.format(tokens=tokens), encoding="ascii")
    services = {"off": Service(options.shunt, config), "on": Service(options.shunt, config, redis_url)}
    runs = {"off": [], "on": []}
    try:
        for service in services.values():
            load(service, redis, 1, connections, script)  # warm up
        for turn in range(options.rounds):
            for name in ("off", "on") if turn % 2 == 0 else ("on", "off"):
                report.progress(f"{generator} generator: round {turn + 1} of {options.rounds}, {name}")
                runs[name].append(load(services[name], redis, options.seconds, connections, script))
    finally:
        for service in services.values():
            stop(service.process)

    def column(figure):
        return tuple([run[figure] for run in runs[side]] for side in ("on", "off"))

    def ratios(figure):
        return [on[figure] / off[figure] for on, off in zip(runs["on"], runs["off"])]

    def add(name, figure, unit, wanted=None):
        ours, peer = column(figure)
        report.add(f"{generator}: {name}", ours, unit, peer, "disabled", wanted)

    report.add(f"{generator}: requests a second, of each pair", ratios("rate"), "x disabled", wanted=">= 0.97")
    add("requests", "rate", "1/s")
    add("p50", "p50", "ms")
    add("p99", "p99", "ms")
    report.add(f"{generator}: the event loop's time, of each pair", ratios("loop"), "x disabled", wanted="<= 1.03")
    add("the event loop's time a request", "loop", "us")
    add("other threads' time a request", "others", "us")
    add("Redis' time a request", "redis", "us")
    add("sleeps of threads a request", "sleeps", "")


def measure_plumbing(report, options):
    for tool in ("wrk", "redis-server"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is not installed")
    port = free_port()
    redis = subprocess.Popen(["redis-server", "--port", str(port), "--save", ""], stdout=subprocess.DEVNULL)
    try:
        wait_for(port, lambda: redis.poll() is None)
        with tempfile.TemporaryDirectory(prefix="shunt-bench-") as name:
            for generator in options.generators.split(","):
                paired(report, options, pathlib.Path(name), redis, f"redis://127.0.0.1:{port}", generator)
    finally:
        stop(redis)


def measure_decide(report, options):
    program = pathlib.Path(options.bin) / "bench_flip_decide"
    lines = subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()
    for name, nanoseconds in map(str.split, lines):
        report.add(f"decide: {name.replace('_', ' ')}", float(nanoseconds), "ns", wanted="< 2000")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=["decide", "plumbing"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=4, help="of load, a round and service")
    parser.add_argument("--generators", default=",".join(GENERATORS), help=f"of {', '.join(GENERATORS)}")
    options = parser.parse_args()
    options.shunt = str(pathlib.Path(options.bin).resolve() / "shunt")
    unknown = set(options.generators.split(",")) - set(GENERATORS)
    if unknown:
        parser.error(f"there is no generator {', '.join(sorted(unknown))}")
    report = Report(options.json)
    if options.only in (None, "decide"):
        measure_decide(report, options)
    if options.only in (None, "plumbing"):
        measure_plumbing(report, options)
    report.close()


if __name__ == "__main__":
    main()
