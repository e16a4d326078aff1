"""The gateways that ./bench/run gateway measures: how each is installed, started in front of the upstream, and asked."""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time

from servers import free_port, stop, wait_for

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE / "peers"
MODEL = """
[models.bench]
driver = "openai"
base_url = "http://127.0.0.1:{upstream}/v1"
model = "bench"
max_retries = 0
concurrency = 20000
max_waiting = 20000
"""
SHUNT = """
[server]
threads = 1
max_connections = 19000
[log]
level = "warn"
[store]
max_generations = 20000
[queue]
enqueue_deadline = "10s"
"""
NGINX = """
worker_processes 1; master_process off; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
worker_rlimit_nofile 20000;
events {{ worker_connections 16384; }}
http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream chat {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ proxy_pass http://chat; proxy_buffering off;
    proxy_http_version 1.1; proxy_set_header Connection ""; }} }} }}
"""


def tree(pid):
    """The process and all that it has started."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            for children in pathlib.Path(f"/proc/{parent}/task").glob("*/children"):
                found += map(int, children.read_text(encoding="ascii").split())
    return found


class Gateway(contextlib.ExitStack):
    """A gateway in front of its upstream, from its first answer to the end of the block."""

    label = ""
    headers = {}
    most_rate = None  # requests a second that it can have without falling behind, on two cores
    most_connections = None  # with more it answers less

    def __init__(self, options, folder, upstream):
        super().__init__()
        self.options, self.folder, self.upstream, self.port = options, folder, upstream, free_port()
        self.processes = []

    def __enter__(self):
        super().__enter__()
        with contextlib.ExitStack() as undo:
            undo.push(self)
            self.begin()
            undo.pop_all()
        return self

    def begin(self):
        raise NotImplementedError

    def start(self, command, port=None, environment=None, patience=10, folder=None):
        with open(self.folder / f"{self.label.replace(' ', '-')}.log", "ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder,
                                       env=os.environ | (environment or {}))
        self.processes.append(process)
        self.callback(stop, process)
        if not port:
            return
        try:
            wait_for(port, lambda: process.poll() is None, patience)
        except RuntimeError as error:
            said = pathlib.Path(log.name).read_text(encoding="utf-8", errors="replace")[-2000:]
            raise RuntimeError(f"{self.label}: {error}\n{said}") from error

    def request(self, prompt):
        body = json.dumps({"model": "bench", "stream": True, "messages": [{"role": "user", "content": prompt}]})
        headers = {"Host": f"127.0.0.1:{self.port}", "Content-Type": "application/json",
                   "Authorization": "Bearer sk-bench", "Content-Length": str(len(body))} | self.headers
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST /v1/chat/completions HTTP/1.1\r\n{head}\r\n{body}"

    def pids(self):
        return [pid for process in self.processes for pid in tree(process.pid)]

    def cpu_seconds(self):
        ticks = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_kib(self):
        """Proportional: what processes share counts once."""
        lines = (pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii") for pid in self.pids())
        return sum(int(line.split()[1]) for text in lines for line in text.splitlines() if line.startswith("Pss:"))


class Alone(Gateway):
    label = "upstream alone"

    def begin(self):
        self.port = self.upstream


class Shunt(Gateway):
    label = "ours"

    def begin(self):
        self.serve({"QUEUE_ENABLED": "false"})

    def configure(self):
        config = self.folder / f"shunt-{self.port}.toml"
        config.write_text(SHUNT + MODEL.format(upstream=self.upstream), encoding="ascii")
        return config

    def serve(self, environment):
        self.start([self.options.shunt, "serve", "--config", str(self.configure()), "--listen", f"127.0.0.1:{self.port}"],
                   self.port, environment | {"XDG_STATE_HOME": str(self.folder)})


class ShuntQueue(Shunt):
    label = "ours, queue"

    def begin(self):
        redis = free_port()
        environment = {"QUEUE_ENABLED": "true", "REDIS_URL": f"redis://127.0.0.1:{redis}", "XDG_STATE_HOME": str(self.folder)}
        self.start(["redis-server", "--port", str(redis), "--save", "", "--appendonly", "no"], redis)
        self.start([self.options.shunt, "worker", "--config", str(self.configure())], environment=environment)
        self.serve(environment)
        time.sleep(1)  # for the worker


class Nginx(Gateway):
    label = "nginx"

    def begin(self):
        config = self.folder / "nginx.conf"
        config.write_text(NGINX.format(folder=self.folder, port=self.port, upstream=self.upstream), encoding="ascii")
        self.start(["nginx", "-c", str(config)], self.port)


class LiteLlm(Gateway):
    label = "LiteLLM"
    most_rate = 5
    most_connections = 4

    @classmethod
    def install(cls, folder):
        if not (folder / "litellm/installed").exists():
            subprocess.run([sys.executable, "-m", "venv", folder / "litellm"], check=True)
            subprocess.run([folder / "litellm/bin/pip", "install", "-q", "-r", PEERS / "requirements.txt"], check=True)
            (folder / "litellm/installed").touch()

    def begin(self):
        config = self.folder / "litellm.yaml"
        config.write_text(json.dumps({  # which is YAML, too
            "model_list": [{"model_name": "bench", "litellm_params": {
                "model": "openai/bench", "api_key": "sk-bench", "api_base": f"http://127.0.0.1:{self.upstream}/v1"}}],
            "litellm_settings": {"num_retries": 0, "telemetry": False}}), encoding="ascii")
        self.start([self.options.peers_folder / "litellm/bin/litellm", "--config", config, "--host", "127.0.0.1",
                    "--port", str(self.port), "--num_workers", "1"], self.port,
                   {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR",
                    "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"}, patience=120)


class Portkey(Gateway):
    label = "Portkey"
    most_rate = 100

    @classmethod
    def install(cls, folder):
        where = folder / "portkey"
        if not (where / "installed").exists():
            where.mkdir(parents=True, exist_ok=True)
            for name in ("package.json", "package-lock.json"):
                (where / name).write_bytes((PEERS / name).read_bytes())
            subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=where, check=True)
            (where / "installed").touch()

    def begin(self):
        self.headers = {"x-portkey-provider": "openai",
                        "x-portkey-custom-host": f"http://127.0.0.1:{self.upstream}/v1"}
        self.start(["node", "node_modules/@portkey-ai/gateway/build/start-server.js", f"--port={self.port}", "--headless"],
                   self.port, {"NODE_ENV": "production"}, patience=30, folder=self.options.peers_folder / "portkey")
