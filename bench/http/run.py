"""Benchmarks of the sync service: requests a second against nginx and Node, the executor's own cost, ten thousand
streams, idle memory, programs a second. Servers and load run on one machine: the server on the first processor,
the load on the second. Every figure is the median of several rounds in which the peers take turns."""
import argparse
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from report import Report  # noqa: E402
from servers import cpu_seconds, free_port, stop, wait_for  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
BODY = '{"model":"simulator","input":{"prompt":"Why do trains stop at night?","tokens":8}}'
CONFIG = """
[server]
threads = 1
max_connections = 19000
[store]
max_generations = {store}
[log]
level = "warn"
[models.simulator]
driver = "simulator"
first_token = "0ms"
token_gap = "0ms"
concurrency = 20000
text_field = "prompt"
"""
NGINX = """
worker_processes 1; master_process off; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; location / {{ default_type application/json; return 200 '{body}'; }} }} }}
"""


def pinned(cpu, command):
    return ["taskset", "-c", str(cpu), *command] if os.cpu_count() > 1 else command


class Server:
    """A server on the first processor, from its first answer to the end of the block."""

    def __init__(self, command, port, **options):
        self.port = port
        self.process = subprocess.Popen(pinned(0, command), stdout=subprocess.DEVNULL, **options)

    def __enter__(self):
        wait_for(self.port, lambda: self.process.poll() is None)
        return self

    def __exit__(self, *_):
        stop(self.process)

    def memory_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def cpu_seconds(self):
        return cpu_seconds(self.process)


def load(server, seconds, script):
    """Requests a second, and the server's processor time for one in microseconds."""
    before = server.cpu_seconds()
    out = subprocess.run(
        pinned(1, ["wrk", "-t1", "-c64", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{server.port}/v1/generations"]),
        check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(out)
    requests = int(re.search(r"(\d+) requests in", out)[1])
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), (server.cpu_seconds() - before) * 1e6 / requests


def one_answer(server):
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                       b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY.encode()))
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    return answer.split(b"\r\n\r\n", 1)[1].decode()


def measure_requests(report, options, folder):
    script = folder / "post.lua"
    script.write_text(f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = \'{BODY}\'\n',
                      encoding="ascii")
    shunt_port, peer_port, node_port = free_port(), free_port(), free_port()

    def serve(binary, port):
        return [binary, "serve", "--config", str(folder / "shunt.toml"), "--listen", f"127.0.0.1:{port}"], port

    commands = {"ours": serve(options.shunt, shunt_port)}
    if options.before:
        commands["before"] = serve(options.before, peer_port)
    else:
        with Server(*commands["ours"]) as server:
            constant = one_answer(server)  # nginx answers exactly as many bytes
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=peer_port, body=constant), encoding="utf-8")
        commands["nginx"] = (["nginx", "-c", str(folder / "nginx.conf")], peer_port)
        commands["node"] = (["node", str(HERE / "server.mjs"), str(node_port)], node_port)
    rates = {name: [] for name in commands}
    costs = {name: [] for name in commands}
    for turn in range(options.rounds):
        for name, (command, port) in commands.items():
            report.progress(f"requests: round {turn + 1} of {options.rounds}, {name}")
            with Server(command, port, stderr=subprocess.DEVNULL) as server:
                load(server, 1, str(script))  # warm up
                rate, cost = load(server, options.seconds, str(script))
            rates[name].append(rate)
            costs[name].append(cost)
    name = "POST /v1/generations"
    if options.before:
        report.add(name, rates["ours"], "requests/s", rates["before"], "before", ">= 0.97x")
        report.add("server CPU a request", costs["ours"], "us", costs["before"], "before", "<= 1.03x")
        return
    report.add(name, rates["ours"], "requests/s", rates["node"], "node http", ">= 3x")
    report.add(name, rates["ours"], "requests/s", rates["nginx"], "nginx constant", ">= 0.55x")
    report.add("server CPU a request", costs["ours"], "us", costs["node"], "node http")
    report.add("server CPU a request", costs["ours"], "us", costs["nginx"], "nginx constant")


def numbers(command):
    out = subprocess.run(pinned(0, command), check=True, capture_output=True, text=True).stdout
    return {line.split()[0]: float(line.split()[1]) for line in out.splitlines() if len(line.split()) == 2}


def measure_executor(report, options):
    report.progress("executor cost")
    runs = [numbers([f"{options.bin}/bench_executor_cost"]) for _ in range(options.rounds)]
    report.add("executor cost a request", [r["added"] / 1000 for r in runs], "us", wanted="< 10")


def measure_kept(report, options):
    runs = []
    for turn in range(options.rounds):
        report.progress(f"kept program: round {turn + 1} of {options.rounds}")
        out = subprocess.run([f"{options.bin}/bench_kept"], check=True, capture_output=True, text=True).stdout
        runs.append({line.split()[0]: float(line.split()[1]) for line in out.splitlines()})
    report.add("a kept program adds to a generation", [r["kept"] - r["in_process"] for r in runs], "us", wanted="< 300")


def measure_spawn(report, options):
    runs = []
    for turn in range(options.rounds):
        report.progress(f"programs: round {turn + 1} of {options.rounds}")
        out = subprocess.run([f"{options.bin}/bench_spawn"], check=True, capture_output=True, text=True).stdout
        runs.append({line.split()[0]: float(line.split()[1]) for line in out.splitlines()})
    report.add("programs (/bin/true)", [r["driver"] for r in runs], "1/s", [r["posix_spawn"] for r in runs],
               "posix_spawn + waitpid", ">= 500")


def measure_streams(report, options, folder):
    port = free_port()
    command = [options.shunt, "serve", "--config", str(folder / "shunt.toml"), "--listen", f"127.0.0.1:{port}"]
    with Server(command, port) as server:
        time.sleep(0.5)
        idle = server.memory_kib()
        report.add("idle memory", idle / 1024, "MiB", wanted="< 30")
        report.progress(f"{options.streams} streams for {options.hold} s")
        tokens = options.hold  # one a second
        client = subprocess.Popen(
            pinned(1, [f"{options.bin}/bench_streams", str(port), str(options.streams), str(tokens), "1000"]),
            stdout=subprocess.PIPE, text=True)
        if client.stdout.readline().strip() != "open":
            raise RuntimeError("not every stream began")
        time.sleep(options.hold / 2)
        held = server.memory_kib()
        result = {line.split()[0]: int(line.split()[1]) for line in client.stdout.read().splitlines()}
        client.wait()
    report.add("streams held at once", result["streams"], "streams")
    report.add("events lost", result["expected"] - result["events"] + result["wrong"], "events", wanted="0")
    report.add("memory a stream", (held - idle) / result["streams"], "KiB", wanted="< 40")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of load, a round and server")
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--hold", type=int, default=30, help="seconds that the streams last")
    parser.add_argument("--only", choices=["requests", "executor", "kept", "spawn", "streams"])
    parser.add_argument("--before", metavar="BINARY", help="only requests, in turns with this other build of shunt")
    options = parser.parse_args()
    if options.before:
        options.only = "requests"
    options.bin = str(pathlib.Path(options.bin).resolve())
    options.shunt = f"{options.bin}/shunt"
    for tool in ("wrk", "nginx", "node", "taskset"):
        if shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin") is None:
            sys.exit(f"{tool} is not installed")
    os.environ["PATH"] += ":/usr/sbin"
    report = Report(options.json)
    with tempfile.TemporaryDirectory(prefix="shunt-bench-") as name:
        folder = pathlib.Path(name)
        (folder / "shunt.toml").write_text(CONFIG.format(store=max(10_000, 2 * options.streams)), encoding="ascii")
        if options.only in (None, "requests"):
            measure_requests(report, options, folder)
        if options.only in (None, "executor"):
            measure_executor(report, options)
        if options.only in (None, "streams"):
            measure_streams(report, options, folder)
        if options.only in (None, "kept"):
            measure_kept(report, options)
        if options.only in (None, "spawn"):
            measure_spawn(report, options)
    report.close()


if __name__ == "__main__":
    main()
