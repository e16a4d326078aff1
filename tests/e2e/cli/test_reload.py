"""`shunt reload` and `shunt config diff`: models, keys and limits change while generations run, all of it or nothing."""

import hashlib
import http.server
import json
import pathlib
import signal
import threading

import pytest

from gate import Gate
from modes import Mode
from sanitizer_reports import skip_with
from waiting import eventually

FAST = {"prompt": "hi", "tokens": 1}


def model(name, more=""):
    return f'\n[models.{name}]\ndriver = "simulator"\nfirst_token = "0ms"\ntoken_gap = "0ms"\n{more}'


def key(name, more=""):
    digest = hashlib.sha256(f"secret-{name}".encode()).hexdigest()
    return f'\n[[server.keys]]\nname = "{name}"\nsha256 = "{digest}"\n{more}'


def says_its_pid(name, more=""):
    """A model whose one program stays, and answers with its process id."""
    script = r"""echo '{{"type":"ready","protocol":1}}'
while read -r line; do
  id=${{line#*\"id\":\"}}; id=${{id%%\"*}}
  case $line in *slow*) sleep 1.5;; esac
  printf '{{"type":"delta","id":"%s","text":"%s"}}\n{{"type":"result","id":"%s"}}\n' "$id" $$ "$id"
done"""
    return f"\n[models.{name}]\ndriver = \"command\"\nargv = [\"/bin/sh\", \"-c\", '''{script}''']\nkeep = 1\n{more}"


class Fleet:
    """A service and, in queue mode, a worker of its own process, both of one file."""

    def __init__(self, mode, text):
        self.mode, self.shunt = mode, mode.shunt
        self.write(text)
        self.service = mode.serve()
        self.worker = mode.worker()
        self.url = f"http://127.0.0.1:{self.service.port}"

    def write(self, text):
        self.shunt.write("shunt.toml", text)

    def command(self, *arguments, environment=None):
        """The exit code, and what was printed as JSON."""
        answer = self.shunt.run(*arguments, "--url", self.url, "--json", environment=environment)
        return answer.returncode, json.loads(answer.stdout) if answer.stdout else answer.stderr.decode()

    def reload(self, text, code=0):
        """Both processes take the file; the report of the service."""
        self.write(text)
        reloads = 0 if self.worker is None else self.worker.log().count("service.reload")
        got, report = self.command("reload")
        assert got == code, report
        if self.worker is not None:
            self.worker.signal(signal.SIGHUP)
            eventually(lambda: self.worker.log().count("service.reload") > reloads, "the worker's reload")
        return report

    def text_of(self, model, input):
        status, _, body = self.service.generate(model, input)
        assert status == 200, body
        return json.loads(body)["output"]["text"]


def served_by_workers(service):
    workers = service.get_json("/admin/status")["workers"]
    return {each["name"] for worker in workers for each in worker["models"]}


@pytest.fixture(params=["sync", "queue"])
def mode(request, shunt):
    redis = request.getfixturevalue("redis") if request.param == "queue" else None
    return Mode(request.param, shunt, redis)


def test_a_new_model_is_usable_and_what_runs_of_a_removed_one_goes_on(mode):
    gate = Gate(mode.shunt.folder)
    fleet = Fleet(mode, gate.model("old") + model("stays"))
    service = fleet.service
    running = service.generate_in_background("old", {})
    service.wait_until_running()
    report = fleet.reload(model("new", 'input.prompt.type = "string"\n') + model("stays"))
    assert report["models"] == {"new": "added", "old": "removed"} and not report["restart_needed"]
    assert {"name": "models.old", "before": "", "after": None, "live": True} in report["changes"]
    assert service.generate("new", FAST)[0] == 200
    assert service.generate("stays", FAST)[0] == 200
    assert service.generate("old", FAST)[0] == 422
    assert [each["name"] for each in service.get_json("/v1/models")["models"]] == ["new", "stays"]
    assert "Input_new" in service.request("GET", "/openapi.json")[2].decode()
    gate.open()
    running.join()
    assert running.answer[0] == 200, running.answer
    assert service.metrics()("shunt_generations_admitted_total", model="new", path=mode.name) == 1
    if fleet.worker is not None:
        eventually(lambda: served_by_workers(service) == {"new", "stays"}, "the worker's lease")


def test_what_waits_in_line_of_a_removed_model_runs(shunt):
    gate = Gate(shunt.folder)
    fleet = Fleet(Mode("sync", shunt, None), gate.model("old", "concurrency = 1\n") + model("stays"))
    running = [fleet.service.generate_in_background("old", {}) for _ in range(2)]
    fleet.service.wait_until_running()
    eventually(lambda: fleet.service.get_json("/readyz")["waiting"] == 1, "one in line")
    fleet.reload(model("stays"))
    gate.open()
    for each in running:
        each.join()
        assert each.answer[0] == 200, each.answer


def test_what_waits_in_the_queue_for_a_removed_model_waits_for_its_return(shunt, redis):
    gate = Gate(shunt.folder)
    fleet = Fleet(Mode("queue", shunt, redis), gate.model("old", "concurrency = 1\n") + model("stays"))
    both = [fleet.service.generate_in_background("old", {}) for _ in range(2)]
    fleet.service.wait_until_running()
    eventually(lambda: len(fleet.service.get_json("/v1/generations?state=queued")["generations"]) == 1, "one that waits")
    fleet.reload(model("stays"))
    gate.open()
    eventually(lambda: sum(each.answer is not None for each in both) == 1, "the end of what ran")
    assert [each.answer[0] for each in both if each.answer] == [200]
    assert len(fleet.service.get_json("/v1/generations?state=queued")["generations"]) == 1
    fleet.reload(model("stays") + gate.model("old"))
    for each in both:
        each.join()
        assert each.answer[0] == 200, each.answer


def test_more_slots_start_what_stands_in_line(mode):
    gate = Gate(mode.shunt.folder)
    fleet = Fleet(mode, gate.model("words", "concurrency = 1\n"))
    together = [fleet.service.generate_in_background("words", {}) for _ in range(3)]
    fleet.service.wait_until_running(1)
    report = fleet.reload(gate.model("words", "concurrency = 3\n"))
    assert report["models"] == {"words": "limits"}
    fleet.service.wait_until_running(3)
    gate.open()
    for each in together:
        each.join()
        assert each.answer[0] == 200


@pytest.mark.parametrize("broken", ['\n[models.broken]\ndriver = "command"\nargv = ["/no/such/program"]\n',
                                    '\n[models.broken]\ndriver = "openai"\nbase_url = "http://a"\nmodel = "m"\n'
                                    'api_key_file = "missing"\n',
                                    model("words", "concurrency = 0\n"), "[server\n"])
def test_a_broken_model_leaves_everything_as_it_was(shunt, broken):
    fleet = Fleet(Mode("sync", shunt, None), model("words") + key("ann", 'scopes = ["admin", "generate", "metrics"]\n'))
    service, admin = fleet.service, {"Authorization": "Bearer secret-ann"}
    text = model("new") + model("words") + key("bob") + broken
    if broken.startswith("\n[models.words]"):
        text = broken + key("bob")
    fleet.write(text)
    before = service.request("GET", "/metrics", headers=admin)[2].decode()
    status, _, body = service.request("POST", "/admin/reload", headers=admin)
    problem = json.loads(body)
    assert status == 422 and problem["code"] == "invalid_configuration", body
    assert "shunt.toml" in problem["detail"] or "broken" in problem["detail"], problem
    assert service.request("GET", "/v1/models", headers={"Authorization": "Bearer secret-bob"})[0] == 401
    models = json.loads(service.request("GET", "/v1/models", headers=admin)[2])["models"]
    assert [each["name"] for each in models] == ["words"]
    assert service.request("GET", "/readyz")[0] == 200
    metrics = service.request("GET", "/metrics", headers=admin)[2].decode()
    assert "shunt_config_last_reload_successful 0" in metrics
    assert 'shunt_config_reloads_total{outcome="rejected"} 1' in metrics
    digest = [line for line in before.splitlines() if line.startswith("shunt_config_info")]
    assert digest and digest[0] in metrics.splitlines(), "it runs what it ran"
    assert "service.reload_rejected" in service.log()


def test_a_reload_is_for_the_admin_alone(shunt):
    fleet = Fleet(Mode("sync", shunt, None), model("words") + key("ann") + key("root", 'scopes = ["admin"]\n'))
    assert fleet.service.request("POST", "/admin/reload")[0] == 401
    assert fleet.service.request("POST", "/admin/reload", headers={"Authorization": "Bearer secret-ann"})[0] == 403
    assert fleet.command("reload", environment={"SHUNT_API_KEY": "secret-root"})[0] == 0
    code, text = fleet.command("reload", environment={"SHUNT_API_KEY": "secret-ann"})
    assert code == 1 and "scope" in text


def test_a_diff_tells_beforehand_and_changes_nothing(shunt):
    fleet = Fleet(Mode("sync", shunt, None), model("words"))
    assert fleet.command("config", "diff") == (0, {**fleet.command("config", "diff")[1], "changes": [], "models": {}})
    fleet.write('[log]\nlevel = "debug"\n' + model("words", "timeout = \"3s\"\n"))
    code, report = fleet.command("config", "diff")
    assert code == 0 and report["models"] == {"words": "limits"}
    assert {"name": "log.level", "before": '"info"', "after": '"debug"', "live": True} in report["changes"]
    fleet.write("[server]\nthreads = 7\n" + model("words"))
    code, report = fleet.command("config", "diff")
    assert code == 3 and report["restart_needed"] and report["changes"][0]["name"] == "server.threads"
    text = shunt.run("config", "diff", "--url", fleet.url).stdout.decode()
    assert text.startswith("Wait for a restart:\n  ~ server.threads: ")
    fleet.write("[server\n")
    assert shunt.run("config", "diff", "--url", fleet.url).returncode == 78
    assert "service.reloaded" not in fleet.service.log()
    shunt.write("other.toml", model("words") + model("more"))
    fleet.write(model("words"))
    answer = shunt.run("config", "diff", "--from", "other.toml")
    assert answer.returncode == 0 and answer.stdout.decode().splitlines()[1:] == ["  - models.more"], answer


def test_programs_of_a_model_that_did_not_change_stay(mode):
    fleet = Fleet(mode, says_its_pid("a") + says_its_pid("b"))
    pids = {name: fleet.text_of(name, {}) for name in "ab"}
    slow = fleet.service.generate_in_background("b", {"how": "slow"})
    fleet.service.wait_until_running()
    report = fleet.reload(says_its_pid("a", "max_waiting = 3\n") + says_its_pid("b", 'ready_timeout = "7s"\n'))
    assert report["models"] == {"a": "limits", "b": "generator"}
    assert fleet.text_of("a", {}) == pids["a"], "another limit is no reason to start a program again"
    assert fleet.text_of("b", {}) != pids["b"]
    slow.join()
    assert slow.answer[0] == 200 and json.loads(slow.answer[2])["output"]["text"] == pids["b"]
    eventually(lambda: not pathlib.Path(f"/proc/{pids['b']}").exists(), "the old program's end")
    assert fleet.service.request("GET", "/readyz")[0] == 200


class Upstream(http.server.BaseHTTPRequestHandler):
    """Answers every chat, and keeps the key that was sent."""

    keys = []

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        Upstream.keys.append(self.headers["Authorization"])
        body = json.dumps({"choices": [{"index": 0, "finish_reason": "stop",
                                        "message": {"role": "assistant", "content": "hi"}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_secret_in_a_file_is_read_again(shunt):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        secret = shunt.folder / "key"
        secret.write_text("first\n")
        text = (f'[models.chat]\ndriver = "openai"\nbase_url = "http://127.0.0.1:{server.server_port}/v1"\nmodel = "m"\n'
                f'api_key_file = "{secret}"\n')
        fleet = Fleet(Mode("sync", shunt, None), text)
        chat = {"messages": [{"role": "user", "content": "hi"}]}
        assert fleet.service.generate("chat", chat)[0] == 200
        secret.write_text("second\n")
        report = fleet.reload(text)
        assert report["models"] == {"chat": "generator"} and "first" not in json.dumps(report)
        assert fleet.service.generate("chat", chat)[0] == 200
        assert Upstream.keys[-2:] == ["Bearer first", "Bearer second"]
    finally:
        server.shutdown()


def under_load(fleet, reloads, texts):
    """Answers that were no success, of callers that ask all the time while the file changes."""
    stop, failed, count = threading.Event(), [], [0]

    def ask():
        while not stop.is_set():
            answer = fleet.service.generate("words", FAST)
            count[0] += 1
            if answer[0] != 200:
                failed.append(answer)

    callers = [threading.Thread(target=ask) for _ in range(4)]
    for each in callers:
        each.start()
    for i in range(reloads):
        fleet.reload(texts[i % len(texts)])
    stop.set()
    for each in callers:
        each.join()
    assert count[0] > reloads
    return failed


def test_fifty_reloads_under_load_without_a_failed_request(mode):
    texts = [model("words", "concurrency = 8\n") + model("other"), model("words", "concurrency = 4\n"),
             model("words", 'concurrency = 4\ninput.prompt.type = "string"\n') + key_less_limits()]
    fleet = Fleet(mode, texts[0])
    assert under_load(fleet, 50, texts) == []
    counted = fleet.service.metrics()
    assert counted("shunt_config_reloads_total", outcome="taken") == 50


def key_less_limits():
    return "\n[server]\nmax_connections = 500\n"


def rss(process):
    return int(pathlib.Path(f"/proc/{process.process.pid}/statm").read_text().split()[1]) * 4096


def test_memory_does_not_grow_over_two_hundred_reloads(mode):
    skip_with(["asan", "tsan"], "a sanitizer's own memory grows with what is done")
    texts = [model("words") + model("a", 'input.prompt.type = "string"\n') + says_its_pid("kept"),
             model("words", 'input.prompt.type = "string"\n') + model("b") + says_its_pid("kept") + key_less_limits()]
    fleet = Fleet(mode, texts[0])
    processes = [fleet.service] if fleet.worker is None else [fleet.service, fleet.worker]

    def round_of(count):
        for i in range(count):
            fleet.write(texts[i % 2])
            assert fleet.service.request("POST", "/admin/reload")[0] == 200
            if fleet.worker is not None:
                fleet.worker.signal(signal.SIGHUP)
            assert fleet.service.generate("words", FAST)[0] == 200

    round_of(40)
    before, pid = [rss(each) for each in processes], fleet.text_of("kept", {})
    round_of(200)
    grown = [rss(each) - was for each, was in zip(processes, before)]
    # What the allocator keeps of a busy machine's threads has come to 9 MiB; a model kept by each reload would be more.
    assert max(grown) < 16 * 1024 * 1024, grown
    assert fleet.text_of("kept", {}) == pid


def test_a_reload_while_a_flip_is_on(shunt, redis):
    mode = Mode("queue", shunt, redis)
    mode.environment |= {"SHUNT_STRATEGY": "queue"}
    fleet = Fleet(mode, model("words"))

    def status():
        code, told = fleet.command("flip", "status")
        assert code == 0, told
        return told

    eventually(lambda: status()["converged"], "the record")
    before = status()["processes"][0]["build"]
    fleet.reload(model("words", 'executor = "sync"\n') + model("new"))
    eventually(lambda: status()["processes"][0]["build"] != before, "the build of other models")
    for name in ("words", "new"):
        assert fleet.service.generate(name, FAST)[0] == 200
    counted = fleet.service.metrics()
    assert counted("shunt_generations_admitted_total", model="words", path="sync") == 1
    assert counted("shunt_generations_admitted_total", model="new", path="queue") == 1
    build = status()["processes"][0]["build"]
    fleet.reload('[log]\nlevel = "debug"\n' + model("words", 'executor = "sync"\n') + model("new"))
    assert status()["processes"][0]["build"] == build, "what is no model's is no other build"
