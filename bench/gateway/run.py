"""Benchmarks of streamed chat completions through a gateway to an upstream that answers at once: Shunt (in sync and in
queue mode) beside nginx as a plain proxy, the upstream alone and, with --peers, LiteLLM's proxy and Portkey's gateway.
Gateway, upstream and load share the machine's processors. Every figure is the median of rounds in which the gateways
take turns; what a gateway adds is its latency less the upstream's of the same round."""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
from gateways import Alone, LiteLlm, Nginx, Portkey, Shunt, ShuntQueue  # noqa: E402
from report import Report  # noqa: E402
from servers import free_port, stop, wait_for  # noqa: E402

# Ours against each, as issue 14 wants it: requests a processor second.
WANTED = {"nginx": ">= 0.4x", "LiteLLM": ">= 20x", "Portkey": ">= 4x"}

PEERS = {"portkey": Portkey, "litellm": LiteLlm}


class Bench:
    def __init__(self, options, folder, report):
        self.options, self.folder, self.report = options, folder, report
        self.upstream = free_port()

    def load(self, gateway, *mode, prompt="Why do trains stop at night?", tokens=None):
        request = self.folder / "request.http"
        request.write_text(gateway.request(prompt), encoding="ascii", newline="")
        return subprocess.Popen([f"{self.options.bin}/bench_chat_load", str(gateway.port), str(request),
                                 str(tokens or self.options.tokens), *map(str, mode)], stdout=subprocess.PIPE, text=True)

    def figures(self, gateway, *mode, **options):
        with self.load(gateway, *mode, **options) as load:
            found = numbers(load.stdout.read())
        if not found.get("answers") or found["wrong"]:
            raise RuntimeError(f"{gateway.label}: {found}")
        return found

    def throughput(self, gateway):
        """At full speed: requests a second, and the processor time of one in microseconds."""
        connections = min(self.options.connections, gateway.most_connections or self.options.connections)
        with self.load(gateway, "closed", connections, 2) as warming_up:
            warming_up.stdout.read()  # the slowest may have no answer in it
        before = gateway.cpu_seconds()
        found = self.figures(gateway, "closed", connections, self.options.seconds)
        return {"rate": found["rate"], "cpu": (gateway.cpu_seconds() - before) * 1e6 / found["answers"]}

    def latency(self, gateway, rate):
        return self.figures(gateway, "rate", rate, self.options.seconds)

    def round(self, kind, rate, found):
        with kind(self.options, self.folder, self.upstream) as gateway:
            speed = self.throughput(gateway)
        # A gateway of its own: one that has just been at its limit is still busy with it.
        with kind(self.options, self.folder, self.upstream) as gateway:
            self.figures(gateway, "rate", rate, 1)
            times = self.latency(gateway, rate)
        found.append(times | speed)

    def held(self, kind, streams):
        """KiB a stream, or None where not all were open at once; and how many ended as they should."""
        with kind(self.options, self.folder, self.upstream) as gateway:
            self.figures(gateway, "closed", 4, 2)  # warm up
            idle = gateway.memory_kib()
            with self.load(gateway, "hold", streams, self.options.hold + 60, prompt="hold",
                           tokens=self.options.hold) as load:
                first = load.stdout.readline()
                all_open = first.strip() == "open"
                time.sleep(1)
                memory = gateway.memory_kib()
                found = numbers(first + load.stdout.read())
        return (memory - idle) / streams if all_open else None, found.get("answers", 0)


def numbers(text):
    return {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if len(line.split()) == 2}


def measure_requests(bench, kinds):
    options, report = bench.options, bench.report
    rates = {kind.label: min(options.rate, kind.most_rate or options.rate) for kind in kinds}
    runs = {kind.label: [] for kind in kinds}
    alone = {rate: [] for rate in rates.values()}
    for turn in range(options.rounds):
        for kind in kinds:
            report.progress(f"round {turn + 1} of {options.rounds}, {kind.label}")
            bench.round(kind, rates[kind.label], runs[kind.label])
        with Alone(options, bench.folder, bench.upstream) as upstream:
            for rate, found in alone.items():
                found.append(bench.latency(upstream, rate))

    def column(label, figure):
        return [run[figure] for run in runs[label]]

    def against(name, of, unit, wanted=False):
        for kind in kinds:
            if kind not in (Shunt, Alone):
                report.add(name, of("ours"), unit, of(kind.label), kind.label, WANTED.get(kind.label) if wanted else None)

    report.add("requests, upstream alone", column("upstream alone", "rate"), "1/s")
    against("requests", lambda label: column(label, "rate"), "1/s")
    against("requests a CPU second", lambda label: [1e6 / cpu for cpu in column(label, "cpu")], "1/s", wanted=True)
    against("CPU a request", lambda label: column(label, "cpu"), "us")
    against("CPU a token", lambda label: [cpu / options.tokens for cpu in column(label, "cpu")], "us")
    for kind in kinds:
        if kind is Alone:
            continue
        rate = rates[kind.label]
        for quantile, wanted in (("p50", "< 300"), ("p99", "< 2000")):
            added = [run[quantile] - base[quantile] for run, base in zip(runs[kind.label], alone[rate])]
            report.add(f"added {quantile} at {rate}/s: {kind.label}", added, "us",
                       wanted=wanted if kind is Shunt else None)
        if lost := sum(column(kind.label, "unanswered")):
            report.add(f"unanswered at {rate}/s: {kind.label}", lost, "requests", wanted="0")


def measure_streams(bench, kinds):
    options, report = bench.options, bench.report
    for kind in kinds:
        if kind is Alone:
            continue
        report.progress(f"{options.streams} streams, {kind.label}")
        memory, ended = bench.held(kind, options.streams)
        report.add(f"{options.streams} streams: {kind.label}", ended, "streams")
        if memory is not None:
            report.add(f"  memory a stream: {kind.label}", memory, "KiB")
    for kind in (Shunt, ShuntQueue):
        report.progress(f"{options.most_streams} streams, {kind.label}")
        memory, ended = bench.held(kind, options.most_streams)
        report.add(f"{options.most_streams} streams: {kind.label}", ended, "streams",
                   wanted=str(options.most_streams) if kind is Shunt else None)
        if memory is not None:
            report.add(f"  memory a stream: {kind.label}", memory, "KiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of load, a round and gateway")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=32, help="of an answer")
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--streams", type=int, default=1_000)
    parser.add_argument("--most-streams", type=int, default=5_000, help="through Shunt alone")
    parser.add_argument("--hold", type=int, default=15, help="seconds that the streams last")
    parser.add_argument("--only", choices=["requests", "streams"])
    parser.add_argument("--peers", nargs="?", const="all", default="none", metavar="NAME,...",
                        help="also litellm, portkey; without a name both. They are installed for it")
    parser.add_argument("--peers-folder", type=pathlib.Path, default=ROOT / "build" / "bench-peers")
    options = parser.parse_args()
    named = {"all": list(PEERS), "none": []}.get(options.peers, options.peers.split(","))
    if unknown := [name for name in named if name not in PEERS]:
        sys.exit(f"no peer of this benchmark: {', '.join(unknown)}")
    peers = [PEERS[name] for name in named]
    options.bin = str(pathlib.Path(options.bin).resolve())
    options.shunt = f"{options.bin}/shunt"
    os.environ["PATH"] += ":/usr/sbin"
    for tool in ("nginx", "redis-server", *(["node", "npm"] if peers else [])):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is not installed")
    kinds = [Alone, Shunt, ShuntQueue, Nginx]
    options.peers_folder = options.peers_folder.resolve()
    for kind in peers:
        kind.install(options.peers_folder)
        kinds.append(kind)
    report = Report(options.json)
    with tempfile.TemporaryDirectory(prefix="shunt-bench-") as name:
        bench = Bench(options, pathlib.Path(name), report)
        upstream = subprocess.Popen([f"{options.bin}/bench_chat_upstream", str(bench.upstream), str(options.tokens),
                                     str(options.hold)])
        try:
            wait_for(bench.upstream, lambda: upstream.poll() is None)
            if options.only in (None, "requests"):
                measure_requests(bench, kinds)
            if options.only in (None, "streams"):
                measure_streams(bench, kinds)
        finally:
            stop(upstream)
    report.close()


if __name__ == "__main__":
    main()
