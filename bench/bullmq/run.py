"""Benchmarks of the BullMQ client against other queue clients, on one redis-server of their own: adding, processing,
and the time from an add to its result. Redis has the first processor, the client the second. The clients take turns,
each on an empty Redis; every figure is the median of the rounds."""
import argparse
import os
import pathlib
import platform
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE.parent), str(ROOT / "tests" / "interop"), str(ROOT / "tests" / "support")]
from clients import PEER_CLASSES, Missing, Ours  # noqa: E402
from floor import add_jobs, process_jobs  # noqa: E402
from measure import Bench  # noqa: E402
from plot import draw  # noqa: E402
from report import Report  # noqa: E402
from scenarios import AGAINST_FLOOR, SCENARIOS  # noqa: E402

FLOOR_JOBS = 20_000
PLOT = ROOT / "docs" / "bullmq-speed.svg"
FAST_PATH_OFF = "off"


class Run:
    def __init__(self, options, bench, report):
        self.options, self.bench, self.report = options, bench, report
        self.ours, self.off = Ours(options.bin), Ours(options.bin, fast_path=False)
        self.peers = []
        self.results = {}  # scenario's name -> client -> runs

    def prepare(self):
        redis_version = self.bench.version()
        for name in self.options.peers:
            client = self.off if name == FAST_PATH_OFF else PEER_CLASSES[name]()
            try:
                client.prepare(self.options.peers_folder, redis_version)
                self.peers.append(client)
            except (Missing, OSError, RuntimeError, subprocess.SubprocessError) as why:
                print(f"skipped {client.label}: {one_line(why)}", file=sys.stderr)
                self.options.skipped[client.label] = one_line(why)
        self.report.about({
            "redis": redis_version, "processors": os.cpu_count(), "machine": platform.machine(),
            "rounds": self.options.rounds, "scale": self.options.scale, "payload": self.options.payload,
            "peers": {c.label: {"version": c.version, "wire_compatible": c.compatible} for c in self.peers},
            "skipped": self.options.skipped})

    def clients_of(self, scenario):
        others = list(self.peers)
        if scenario.kind == "latency" and self.off not in others:
            others.insert(0, self.off)
        return [self.ours, *(client for client in others if client.can(scenario))]

    def measure(self, scenario):
        runs = {client: [] for client in self.clients_of(scenario)}
        for turn in range(self.options.rounds):
            for client, results in runs.items():
                self.report.progress(f"{scenario.name}: round {turn + 1} of {self.options.rounds}, {client.label}")
                filler = self.ours if client.compatible else client
                results.append(self.bench.run(client, filler, scenario))
        self.results[scenario.name] = runs
        for client in runs:
            if client is not self.ours:
                self.add_rows(scenario, client, runs)
        if len(runs) == 1:
            self.add_rows(scenario, None, runs)
        if scenario.workers > 1:
            self.add_scaling(scenario, runs)

    def add_rows(self, scenario, client, runs):
        def add(figure, unit, value, wanted=None):
            ours = [value(run) for run in runs[self.ours]]
            peer = [value(run) for run in runs[client]] if client else None
            self.report.add(f"{scenario.name}: {figure}", ours, unit, peer, client and client.label, wanted)

        against_node = client is not None and client.label == "Node" and scenario.wanted
        if scenario.kind == "latency":
            add("p50", "us", lambda r: r["p50_us"], "<= 1x" if client is self.off else None)
            add("p99", "us", lambda r: r["p99_us"])
        else:
            add("rate", "jobs/s", rate, f">= {scenario.wanted}x" if against_node else None)
        add("client CPU a job", "us", lambda r: 1e6 * r["cpu_seconds"] / r["jobs"])
        add("Redis CPU a job", "us", lambda r: 1e6 * r["redis_seconds"] / r["jobs"])
        add("Redis CPU", "%", lambda r: 100 * r["redis_seconds"] / r["seconds"])

    def add_scaling(self, scenario, runs):
        """The rate of several worker processes against that of one, of the same client."""
        one = next(s.name for s in SCENARIOS if s.is_share and s.workers == 1)
        for client, results in runs.items():
            alone = self.results.get(one, {}).get(client)
            if alone:
                wanted = ">= 1x" if client is self.ours else None
                self.report.add(f"{scenario.name}: rate of {client.label} against one process", list(map(rate, results)),
                                "jobs/s", list(map(rate, alone)), f"one, {client.label}", wanted)

    def measure_floor(self):
        """What Redis alone needs for the commands that the scripts run, sent plainly and 1,000 jobs at a time."""
        redis, jobs = self.bench.redis, max(1_000, int(FLOOR_JOBS * self.options.scale))
        cost = {"add": [], "process": []}
        for turn in range(self.options.rounds):
            self.report.progress(f"floor: round {turn + 1} of {self.options.rounds}")
            redis("FLUSHALL")
            for name, work in (("add", add_jobs), ("process", process_jobs)):
                before = self.bench.redis_cpu()
                work(redis.client, jobs, self.options.payload)
                cost[name].append(1e6 * (self.bench.redis_cpu() - before) / jobs)
        for name, costs in cost.items():
            scenario, wanted = AGAINST_FLOOR[name]
            runs = self.results.get(scenario)
            if runs:
                ours = [1e6 * run["redis_seconds"] / run["jobs"] for run in runs[self.ours]]
                self.report.add(f"{name}: Redis CPU a job", ours, "us", costs, "plain commands", f"<= {wanted}x")
            else:
                self.report.add(f"{name}, plain commands: Redis CPU a job", costs, "us")

    def everything(self):
        def asked_for(name):
            return self.options.only is None or self.options.only in name

        self.prepare()
        for scenario in SCENARIOS:
            if asked_for(scenario.name):
                self.measure(scenario)
        if asked_for("floor"):
            self.measure_floor()


def rate(result):
    return result["jobs"] / result["seconds"]


def one_line(text):
    return " ".join(str(text).split())[:300]


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--json", nargs="?", const=True, metavar="FILE",
                        help="JSON, one figure a line with all its runs; with FILE the table is printed as well")
    parser.add_argument("--svg", metavar="FILE", help="draw the figures")
    parser.add_argument("--plot", action="store_const", dest="svg", const=str(PLOT), help=f"the same as --svg {PLOT}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="two rounds of a fifth of the jobs")
    parser.add_argument("--scale", type=float, default=1, help="of the numbers of jobs")
    parser.add_argument("--payload", type=int, default=100, help="bytes of JSON that a job carries")
    parser.add_argument("--only", help="scenarios whose name has this in it; \"floor\" is one")
    names = [*PEER_CLASSES, FAST_PATH_OFF]
    parser.add_argument("--peers", default="node", metavar="NAME,...", help=f"of {', '.join(names)}; or all, or none")
    parser.add_argument("--peers-folder", type=pathlib.Path, default=ROOT / "build" / "bench-peers",
                        help="where the peers are installed")
    options = parser.parse_args()
    options.peers = {"all": names, "none": []}.get(options.peers) or [p for p in options.peers.split(",") if p != "none"]
    if unknown := [name for name in options.peers if name not in names]:
        parser.error(f"no such peer: {', '.join(unknown)}; there are {', '.join(names)}")
    if options.quick:
        options.rounds, options.scale = 2, options.scale / 5
    options.bin = str(pathlib.Path(options.bin).resolve())
    options.skipped = {}
    return options


def main():
    options = parse()
    for tool in ("redis-server", "taskset"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is not installed")
    options.peers_folder.mkdir(parents=True, exist_ok=True)
    report = Report(options.json is True, options.json if isinstance(options.json, str) else None)
    bench = Bench(options.scale, options.payload)
    run = Run(options, bench, report)
    try:
        run.everything()
    finally:
        bench.close()
    report.close()
    if options.svg:
        pathlib.Path(options.svg).write_text(draw(report.rows, [c.label for c in run.peers if not c.compatible]),
                                             encoding="utf-8")


if __name__ == "__main__":
    main()
