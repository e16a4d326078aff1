"""Memory that strangers can make grow, attacked: the process stays within memory.limit and goes on answering.

Each attack runs against a server of its own with a small limit, so that it takes seconds. Meanwhile the resident
memory is read and /healthz asked, all the time."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from shunt_process import QUICK_MODEL, ShuntProcess
from waiting import eventually

LIMIT = 64 << 20
MIB = 1 << 20

CONFIG = """
[server]
threads = 2
header_timeout = "20s"
body_timeout = "20s"
write_timeout = "20s"
max_body_bytes = "1MiB"

[memory]
limit = "64MiB"

""" + QUICK_MODEL + """
[models.busy]
driver = "simulator"
first_token = "60s"
concurrency = 1
max_waiting = 100000

[models.long]
driver = "command"
argv = ["/bin/sh", "-c", "head -c 2000000 /dev/zero | tr '\\\\0' x"]
concurrency = 4
max_waiting = 1000

[models.picture]
driver = "simulator"
first_token = "0ms"
token_gap = "0ms"
spread = 0.0
result_bytes = 4194304
produces = ["application/octet-stream"]
concurrency = 2
max_waiting = 1000

[models.flood-artifact]
driver = "command"
argv = ["/bin/sh", "-c", "head -c 40000000 /dev/zero"]
output = "artifact"
artifact_name = "out.bin"
artifact_media_type = "application/octet-stream"
concurrency = 16

[models.flood-json]
driver = "command"
argv = ["/bin/sh", "-c", "printf '['; head -c 500000 /dev/zero | tr '\\\\0' , | sed 's/,/[],/g'; printf '0]'"]
output = "json"
concurrency = 16

[models.flood-file]
driver = "command"
argv = ["/bin/sh", "-c", "head -c 40000000 /dev/zero > \\"$1\\"", "sh", "{output_file}"]
output = "artifact"
artifact_name = "out.bin"
artifact_media_type = "application/octet-stream"
concurrency = 16
"""

# Of tests/support/openai_server.py: answers that have no end.
UPSTREAM_FLOODS = ("huge_json", "huge_event", "huge_reasoning", "huge_tool_call")
# What is said piece by piece is kept in the generation, so that its own limit may end it, and the store's share let go of
# it once it has ended.
SAID_IN_PIECES = ("huge_reasoning", "huge_tool_call")


def upstream_models(port):
    return "".join(f'[models.{mode}]\ndriver = "openai"\nbase_url = "http://127.0.0.1:{port}/v1"\n'
                   f'model = "{mode}"\nmax_retries = 0\nconcurrency = 16\n' for mode in UPSTREAM_FLOODS)


class Watcher:
    """Reads the resident memory and asks /healthz until it is stopped. Of each answer's time, what the server and we
    were kept waiting for a processor does not count: that is the machine's doing."""

    def __init__(self, shunt):
        self.shunt = shunt
        self.most = 0
        self.waits = []
        self.failures = []
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self.read_memory), threading.Thread(target=self.ask_health)]
        for thread in self.threads:
            thread.start()

    def read_memory(self):
        while not self.stopped.wait(0.005):
            self.most = max(self.most, resident(self.shunt))

    def ask_health(self):
        while not self.stopped.wait(0.02):
            began = time.monotonic()
            waited = waits_for_processor(self.shunt.process.pid) + waits_for_processor(os.getpid())
            try:
                status = self.shunt.request("GET", "/healthz", timeout=10).status
                if status != 200:
                    self.failures.append(status)
            except OSError as error:
                self.failures.append(error)
            took = time.monotonic() - began
            waited = waits_for_processor(self.shunt.process.pid) + waits_for_processor(os.getpid()) - waited
            self.waits.append(max(0.0, took - waited))

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def waits_for_processor(pid):
    """The seconds in which threads of a process could have run and had no processor."""
    waits = 0
    for stat in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # the thread has ended
            waits += int(stat.read_text(encoding="ascii").split()[1])
    return waits / 1e9


def resident(shunt):
    with open(f"/proc/{shunt.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1)) * 1024


@pytest.fixture(scope="module")
def upstream():
    """The port of a server whose answers have no end."""
    program = Path(__file__).parents[2] / "support" / "openai_server.py"
    with subprocess.Popen([sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        yield int(server.stdout.readline())
        server.communicate()


@pytest.fixture
def attacked(upstream):
    """A server, watched. What it may hold is checked at the end."""
    shunt = ShuntProcess(CONFIG + upstream_models(upstream))
    try:
        assert shunt.generate("quick").status == 200
        idle = resident(shunt)
        watcher = Watcher(shunt)
        yield shunt
        watcher.stop()
        assert shunt.process.poll() is None, shunt.log()
        assert not watcher.failures
        assert watcher.most <= idle + LIMIT, f"{(watcher.most - idle) / MIB:.0f} MiB beyond {idle / MIB:.0f} MiB"
        slow = [wait for wait in watcher.waits if wait > 0.1]
        assert len(slow) <= max(1, len(watcher.waits) // 20), watcher.waits
    finally:
        shunt.stop()


def post(body, path="/v1/generations", *headers):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json",
             f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def get(path, *headers):
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *headers]).encode() + b"\r\n\r\n"


def attack(shunt, request, count, stack):
    """Sends a request on each of `count` connections and reads nothing. A connection that the server has closed is
    none."""
    sockets = []
    for _ in range(count):
        made = socket.socket()
        stack.callback(made.close)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.settimeout(10)
        with contextlib.suppress(OSError):
            made.connect(("127.0.0.1", shunt.port))
            made.sendall(request)
            sockets.append(made)
    return sockets


def settle(shunt, seconds=1.0):
    """Gives the server time to take what was sent, while it is watched."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        shunt.request("GET", "/healthz")
        time.sleep(0.02)


def made_of(shunt, model, count):
    """Ids of ended generations of the model; fewer where the server has refused some."""
    ids = []
    for _ in range(count):
        answer = shunt.generate(model)
        assert answer.status in (200, 503), answer.body
        if "shunt-generation-id" in answer.headers:
            ids.append(answer.headers["shunt-generation-id"])
    assert ids
    return ids


def test_unread_lists_of_records_with_large_metadata(attacked):
    for _ in range(100):
        attacked.generate("quick", options={"metadata": {"k": "x" * 16_000}})
    with contextlib.ExitStack() as stack:
        attack(attacked, get("/v1/generations?limit=200") * 3, 40, stack)
        settle(attacked)


def test_pages_are_cut_by_bytes_and_go_on(attacked):
    made = [attacked.generate("quick", options={"metadata": {"k": "x" * 16_000}}).headers["shunt-generation-id"]
            for _ in range(60)]
    seen = []
    cursor = ""
    while cursor is not None:
        page = attacked.request("GET", f"/v1/generations?limit=200{cursor}")
        assert len(page.body) < MIB
        seen += [record["id"] for record in page.json()["generations"]]
        cursor = page.json()["next_cursor"] and "&cursor=" + page.json()["next_cursor"]
    assert seen[:60] == made[::-1]


def test_metadata_beyond_its_limit_is_refused(attacked):
    answer = attacked.generate("quick", options={"metadata": {"k": "x" * 17_000}})
    assert (answer.status, answer.json()["field"], answer.json()["limit"]) == (422, "/options/metadata", 16384)


def test_unread_texts(attacked):
    ids = made_of(attacked, "long", 6)
    with contextlib.ExitStack() as stack:
        for id in ids:
            attack(attacked, get(f"/v1/generations/{id}"), 10, stack)
        attack(attacked, post({"model": "long"}, "/v1/generations", "Accept: text/plain"), 10, stack)
        settle(attacked, 3)


def test_unread_event_streams(attacked):
    with contextlib.ExitStack() as stack:
        for id in made_of(attacked, "long", 10):
            attack(attacked, get(f"/v1/generations/{id}/events"), 20, stack)
        settle(attacked)
        # What they read from is evicted meanwhile.
        made_of(attacked, "long", 20)


def test_ranges_of_large_artifacts(attacked):
    with contextlib.ExitStack() as stack:
        urls = [attacked.record(id)["output"]["artifacts"][0]["url"] for id in made_of(attacked, "picture", 3)]
        for url in urls:
            part = attacked.request("GET", url, headers={"Range": "bytes=4194300-"})
            assert (part.status, len(part.body)) == (206, 4)
            assert len(attacked.request("GET", url).body) == 4194304
        for url in urls:
            attack(attacked, get(url, "Range: bytes=0-0"), 20, stack)
            attack(attacked, get(url), 20, stack)
        settle(attacked)
        # What they read from is evicted meanwhile.
        made_of(attacked, "picture", 8)


def test_half_sent_bodies(attacked):
    with contextlib.ExitStack() as stack:
        attack(attacked, post({"model": "quick", "input": {"prompt": "x" * 1_000_000}})[:-1], 300, stack)
        settle(attacked)
        # Small requests go on.
        assert attacked.generate("quick").status == 200


def test_half_sent_heads_and_many_fields(attacked):
    half = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"a%d:\r\n" % i for i in range(1500))
    with contextlib.ExitStack() as stack:
        attack(attacked, half[:15_000], 1000, stack)
        settle(attacked)


def test_more_fields_than_anybody_needs_are_refused(attacked):
    fields = "".join(f"X-{i}: 1\r\n" for i in range(200))
    with attacked.connect() as connection:
        connection.send(f"GET /healthz HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")
        assert connection.read_head().status == 431


def test_json_whose_values_are_much_larger_than_its_text(attacked):
    shapes = ["[[],", "[[0],", "[{},", '[{"a":0},', "[0,"]
    with contextlib.ExitStack() as stack:
        for shape in shapes:
            text = "[" + shape[1:] * (1_000_000 // len(shape)) + "0]"
            body = b'{"model":"busy","input":{"a":' + text.encode() + b"}}"
            attack(attacked, post(body, "/v1/generations", "Prefer: respond-async"), 20, stack)
        settle(attacked, 3)


def test_waiting_generations_with_large_inputs(attacked):
    refused = 0
    for _ in range(150):
        answer = attacked.generate("busy", {"prompt": "x" * 900_000}, {"Prefer": "respond-async"})
        if answer.status == 503:
            refused += 1
            assert answer.code == "overloaded"
            assert int(answer.headers["retry-after"]) >= 1
        else:
            assert answer.status == 202
    assert refused > 0
    text = attacked.request("GET", "/metrics").text()
    assert re.search(r'shunt_memory_refused\{share="open"\} [1-9]', text)
    assert re.search(r"^shunt_memory_limit_bytes 67108864$", text, re.M)
    shares = attacked.request("GET", "/admin/status").json()["memory"]["shares"]
    assert 0 < shares["open"]["bytes"] <= shares["open"]["limit"]
    # Requests that need little are served all the same.
    assert attacked.generate("quick").status == 200


def test_waiting_requests_with_large_inputs(attacked):
    with contextlib.ExitStack() as stack:
        attack(attacked, post({"model": "busy", "input": {"prompt": "x" * 900_000}}), 150, stack)
        settle(attacked)


@pytest.mark.parametrize("model", ["flood-artifact", "flood-json", "flood-file", *UPSTREAM_FLOODS])
def test_output_of_programs_and_upstreams_that_does_not_fit(attacked, model):
    def held():
        return attacked.request("GET", "/admin/status").json()["memory"]["shares"]["drivers"]["bytes"]

    def end_of(id):
        answer = attacked.request("GET", f"/v1/generations/{id}")
        if answer.status == 410:
            return answer.json()["code"]
        record = answer.json()
        return record["state"] in ("failed", "succeeded") and record.get("error", {}).get("code")

    ids = [attacked.generate(model, headers={"Prefer": "respond-async"}).headers["shunt-generation-id"]
           for _ in range(12)]
    codes = {eventually(lambda id=id: end_of(id)) for id in ids}
    if model in SAID_IN_PIECES:
        assert codes <= {"overloaded", "output_too_large", "generation_gone"}
    else:
        assert codes == {"overloaded"}
    deadline = time.monotonic() + 10
    while held() > 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert held() == 0
    text = attacked.request("GET", "/metrics").text()
    if model not in SAID_IN_PIECES:
        assert re.search(r'shunt_memory_refused\{share="drivers"\} [1-9]', text)
    # Others are served meanwhile and afterwards.
    assert attacked.generate("long").status == 200


def test_pipelined_requests(attacked):
    with contextlib.ExitStack() as stack:
        attack(attacked, get("/openapi.json") * 200, 100, stack)
        settle(attacked)


def test_keep_alive_after_large_requests_and_answers(attacked):
    connections = [attacked.connect() for _ in range(300)]
    try:
        for connection in connections:
            connection.send(post({"model": "quick", "input": {"prompt": "x" * 15_000}}))
            response = connection.read_head()
            connection.take(int(response.headers["content-length"]))
        settle(attacked)
    finally:
        for connection in connections:
            connection.socket.close()


def test_memory_comes_back_when_the_attackers_have_gone(attacked):
    with contextlib.ExitStack() as stack:
        attack(attacked, post({"model": "quick", "input": {"prompt": "x" * 1_000_000}})[:-1], 100, stack)
        settle(attacked)

    def held():
        shares = attacked.request("GET", "/admin/status").json()["memory"]["shares"]
        return shares["requests"]["bytes"] + shares["answers"]["bytes"] + shares["streams"]["bytes"]

    eventually(lambda: held() == 0, "all memory is given back")
