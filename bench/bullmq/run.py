"""Benchmarks of the BullMQ client against the npm package, on one redis-server of their own: adding, processing, and
the time from an add to its result. Redis has the first processor, the client the second. The clients take turns, each
on an empty Redis; every figure is the median of the rounds."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
INTEROP = HERE.parent.parent / "tests" / "interop"
sys.path[:0] = [str(HERE.parent), str(INTEROP)]
import npm_packages  # noqa: E402
from floor import add_jobs, process_jobs  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from report import Report  # noqa: E402

# name, the driver's scenario, how many at once, jobs, the wanted rate or time against Node's.
SCENARIOS = [
    ("add, one by one", "add", 1, 10_000, None),
    ("add, 100 in flight", "add", 100, 50_000, 1.5),
    ("add, 1,000 in flight", "add", 1_000, 50_000, 1.5),
    ("addBulk of 50", "bulk", 50, 50_000, 1.5),
    ("addBulk of 1,000", "bulk", 1_000, 50_000, 1.5),
    ("process, concurrency 1", "process", 1, 10_000, None),
    ("process, concurrency 100", "process", 100, 40_000, 1.25),
    ("add to result", "latency", 1, 4_000, 0.7),
]

WARM_UP_PART = 4  # as in the drivers


class Bench:
    def __init__(self, options):
        self.options = options
        self.redis = RedisServer()
        if os.cpu_count() > 1:
            os.sched_setaffinity(self.redis.process.pid, {0})
        self.commands = {"ours": [f"{options.bin}/bench_bullmq"],
                         "node": ["node", str(HERE / "driver.mjs"), str(INTEROP)]}

    def command(self, client, *arguments):
        pin = ["taskset", "-c", "1"] if os.cpu_count() > 1 else []
        return [*pin, *self.commands[client], str(self.redis.port), *map(str, arguments), str(self.options.payload)]

    def redis_cpu(self):
        info = self.redis.client.info()
        return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])

    def run(self, client, scenario, jobs, at_once):
        """What the driver tells of its work, and the processor time that Redis spent on it."""
        self.redis("FLUSHALL")
        if scenario == "process":
            subprocess.run(self.command("ours", "fill", jobs, 1_000), check=True)
        with subprocess.Popen(self.command(client, scenario, jobs, at_once), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as driver:
            if driver.stdout.readline().strip() != "ready":
                raise RuntimeError(f"{client} does not begin with {scenario}")
            before = self.redis_cpu()
            driver.stdin.write("go\n")
            driver.stdin.flush()
            line = driver.stdout.readline()
            after = self.redis_cpu()
            driver.stdin.close()
        if not line or driver.returncode != 0:
            raise RuntimeError(f"{client} failed in {scenario}")
        self.check(scenario, jobs)
        return json.loads(line) | {"redis_seconds": after - before}

    def check(self, scenario, jobs):
        """The work was done: every job of the timed part (and of the warm-up of the latencies) is where it belongs."""
        if scenario in ("add", "bulk"):
            found = self.redis("LLEN", "bull:bench:wait")
        else:
            found = self.redis("ZCARD", "bull:bench:completed")
        expected = jobs + jobs // WARM_UP_PART if scenario == "latency" else jobs
        if found != expected:
            raise RuntimeError(f"{found} jobs instead of {expected} after {scenario}")


def rows(report, name, scenario, wanted, runs):
    def each(figure):
        return [figure(r) for r in runs["ours"]], [figure(r) for r in runs["node"]]

    def add(figure, unit, value, wanted=None):
        ours, node = each(value)
        report.add(f"{name}: {figure}", ours, unit, node, "Node", wanted)

    if scenario == "latency":
        add("p50", "us", lambda r: r["p50_us"], f"<= {wanted}x")
        add("p99", "us", lambda r: r["p99_us"])
    else:
        add("rate", "jobs/s", lambda r: r["jobs"] / r["seconds"], f">= {wanted}x" if wanted else None)
    add("client CPU a job", "us", lambda r: 1e6 * r["cpu_seconds"] / r["jobs"])
    add("Redis CPU a job", "us", lambda r: 1e6 * r["redis_seconds"] / r["jobs"])
    add("Redis CPU", "%", lambda r: 100 * r["redis_seconds"] / r["seconds"])


def measure(report, bench, scenario):
    name, kind, at_once, jobs, wanted = scenario
    jobs = max(100, int(jobs * bench.options.scale))
    runs = {"ours": [], "node": []}
    for turn in range(bench.options.rounds):
        for client, results in runs.items():
            report.progress(f"{name}: round {turn + 1} of {bench.options.rounds}, {client}")
            results.append(bench.run(client, kind, jobs, at_once))
    rows(report, name, kind, wanted, runs)


def measure_floor(report, bench):
    """What Redis alone needs for the commands that the scripts run, sent plainly and 1,000 jobs at a time."""
    redis = bench.redis
    jobs = max(1_000, int(20_000 * bench.options.scale))
    cost = {"add": [], "process": []}
    for turn in range(bench.options.rounds):
        report.progress(f"floor: round {turn + 1} of {bench.options.rounds}")
        redis("FLUSHALL")
        for name, work in (("add", add_jobs), ("process", process_jobs)):
            before = bench.redis_cpu()
            work(redis.client, jobs, bench.options.payload)
            cost[name].append(1e6 * (bench.redis_cpu() - before) / jobs)
    for name, costs in cost.items():
        report.add(f"{name}, plain commands: Redis CPU a job", costs, "us")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="two rounds of a fifth of the jobs")
    parser.add_argument("--scale", type=float, default=1, help="of the numbers of jobs")
    parser.add_argument("--payload", type=int, default=100, help="bytes of JSON that a job carries")
    parser.add_argument("--only", help="scenarios whose name has this in it; \"floor\" is one")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.scale = 2, options.scale / 5
    options.bin = str(pathlib.Path(options.bin).resolve())
    for tool in ("redis-server", "node", "npm", "taskset"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is not installed")
    npm_packages.install()
    report = Report(options.json)
    bench = Bench(options)
    try:
        for scenario in SCENARIOS:
            if options.only is None or options.only in scenario[0]:
                measure(report, bench, scenario)
        if options.only is None or options.only in "floor":
            measure_floor(report, bench)
    finally:
        bench.redis.close()
    report.close()


if __name__ == "__main__":
    main()
