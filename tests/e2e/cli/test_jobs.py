"""`shunt jobs` says and does the same whether the service runs generations itself or hands them to the queue."""

import http.client
import json
import re
import signal
import subprocess

import pytest

from conftest import PATIENCE
from modes import Asked, Mode
from ports import free_port
from terminal import on_a_terminal
from waiting import eventually

CONFIG = """
[models.words]
driver = "simulator"
text_field = "prompt"
token_gap = "0ms"
first_token = "0ms"
concurrency = 1
on_disconnect = "continue"

[models.steps]
driver = "command"
argv = ["sh", "-c", "echo 'progress: 50% halfway' >&2; cat; sleep 0.3; echo 'progress: 100% done' >&2"]
input_mode = "stdin_text"
text_field = "text"
on_disconnect = "continue"
"""
SLOW = {"prompt": "slow", "tokens": 10000, "token_gap_ms": 20}
QUICK = {"prompt": "quick", "tokens": 3}
UNKNOWN = "gen_" + "0" * 31 + "1"


@pytest.fixture(params=["sync", "queue"])
def mode(request, shunt):
    shunt.write("shunt.toml", CONFIG)
    redis = request.getfixturevalue("redis") if request.param == "queue" else None
    return Mode(request.param, shunt, redis)


@pytest.fixture
def service(mode):
    service = mode.serve()
    mode.worker()
    eventually(lambda: service.request("GET", "/readyz")[0] == 200, "ready")
    return service


@pytest.fixture
def jobs(shunt, service):
    return Asked(shunt, service)


def start(service, input=SLOW, model="words"):
    """Begins a generation and leaves it to itself, as a client that went does; its id."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE)
    body = json.dumps({"model": model, "input": input, "stream": True, "options": {"metadata": {"order": 7}}})
    connection.request("POST", "/v1/generations", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    connection.close()
    return answer.headers["Shunt-Generation-Id"]


def state(service, id):
    return service.get_json(f"/v1/generations/{id}")["state"]


def ended(service, input=QUICK, model="words"):
    id = start(service, input, model)
    eventually(lambda: state(service, id) in ("succeeded", "failed", "cancelled"), "its end")
    return id


def test_ls_shows_the_newest_first_and_filters(service, jobs):
    done = ended(service)
    failed = ended(service, {**QUICK, "failure_rate": 1})
    running = start(service)
    eventually(lambda: state(service, running) == "running", "running")
    waiting = start(service)
    assert [record["id"] for record in jobs.lines("jobs", "ls", "--json")] == [waiting, running, failed, done]
    assert [record["id"] for record in jobs.lines("jobs", "ls", "--json", "-n", "2")] == [waiting, running]
    assert [record["id"] for record in jobs.lines("jobs", "ls", "--json", "-s", "failed")] == [failed]
    assert jobs.lines("jobs", "ls", "--json", "--model", "steps") == []

    table = jobs.ok("jobs", "ls").splitlines()
    assert table[0].split() == ["ID", "STATE", "MODEL", "AGE", "RAN", "NOTE"]
    rows = {line.split()[0]: line.split() for line in table[1:]}
    assert rows[waiting][1:3] == ["queued", "words"] and rows[waiting][4] == "-"
    assert rows[running][1] == "running"
    assert rows[failed][1] == "failed" and rows[failed][-1] == "simulated_failure"
    assert re.fullmatch(r"\d+(\.\d+)?(ms|s)", rows[done][3])
    columns = [line.index(line.split()[1]) for line in table]
    assert len(set(columns)) == 1, "the columns are not aligned"


def test_ls_pages_through_more_than_one_answer_holds(service, jobs):
    for _ in range(3):
        ended(service)
    assert len(jobs.lines("jobs", "ls", "--json", "-n", "1000")) == 3
    answer = jobs.run("jobs", "ls", "-n", "2")
    assert len(answer.stdout.splitlines()) == 3
    assert b"--limit" in answer.stderr


def test_ls_of_nothing_says_so_and_prints_nothing(jobs):
    answer = jobs.run("jobs", "ls")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, b"", b"no generations\n")


def test_show_tells_what_is_known_for_people_and_as_json(service, jobs):
    id = ended(service)
    text = jobs.ok("jobs", "show", id)
    assert re.search(rf"^id +{id}$", text, re.MULTILINE)
    assert re.search(r"^state +succeeded$", text, re.MULTILINE)
    assert re.search(r"^metadata +\{\"order\":7\}$", text, re.MULTILINE)
    record = service.get_json(f"/v1/generations/{id}")
    assert text.endswith("\n\n" + record["output"]["text"].rstrip("\n") + "\n")
    assert jobs.lines("jobs", "show", "--json", id) == [record]


def test_tail_prints_the_text_and_ends_with_the_generation(service, jobs):
    id = start(service, {"text": "all of it"}, "steps")
    answer = jobs.run("jobs", "tail", id)
    assert (answer.returncode, answer.stdout) == (0, b"all of it"), answer.stderr
    events = jobs.lines("jobs", "tail", "--json", id)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert (events[0]["type"], events[-1]["type"]) == ("queued", "succeeded")


def test_tail_of_a_failure_names_it_and_exits_with_1(service, jobs):
    id = ended(service, {**QUICK, "failure_rate": 1})
    answer = jobs.run("jobs", "tail", id)
    assert answer.returncode == 1
    assert b"simulated_failure" in answer.stderr


def on_the_terminal_of(jobs, *arguments):
    return on_a_terminal(jobs.shunt, *arguments, "--url", jobs.url, term="xterm-256color")


def test_a_terminal_gets_colours_and_a_progress_bar(service, jobs):
    ended(service)
    assert "\x1b[32msucceeded" in on_the_terminal_of(jobs, "jobs", "ls")[0]
    id = start(service, {"text": "drawn"}, "steps")
    seen, exit_code = on_the_terminal_of(jobs, "jobs", "tail", id)
    assert exit_code == 0
    assert "drawn" in seen and "succeeded" in seen
    assert "\x1b" not in jobs.ok("jobs", "ls")


def test_cancel_ends_what_waits_and_stops_what_runs(service, jobs):
    running = start(service)
    eventually(lambda: state(service, running) == "running", "running")
    waiting = start(service)
    assert jobs.ok("jobs", "cancel", waiting, "--reason", "not now") == f"{waiting} cancelled\n"
    assert service.get_json(f"/v1/generations/{waiting}")["cancel_reason"] == "not now"
    assert jobs.ok("jobs", "cancel", running).startswith(running)
    eventually(lambda: state(service, running) == "cancelled", "cancelled")
    assert jobs.ok("jobs", "cancel", running) == f"{running} cancelled\n"
    done = ended(service)
    assert jobs.ok("jobs", "cancel", done) == f"{done} had succeeded\n"


def test_retry_runs_the_same_request_as_a_new_generation(service, jobs):
    old = ended(service)
    new = jobs.ok("jobs", "retry", old).strip()
    assert new != old and new.startswith("gen_")
    eventually(lambda: state(service, new) == "succeeded", "the second end")
    first, second = (service.get_json(f"/v1/generations/{id}") for id in (old, new))
    assert second["output"] == first["output"]
    assert second["metadata"] == first["metadata"] == {"order": 7}


def test_what_was_cancelled_before_it_began_can_be_tried_again(service, jobs):
    running = start(service)
    waiting = start(service, QUICK)
    jobs.ok("jobs", "cancel", waiting, running)
    eventually(lambda: state(service, running) == "cancelled", "cancelled")
    again = jobs.ok("jobs", "retry", waiting).strip()
    eventually(lambda: state(service, again) == "succeeded", "its end")


def test_retry_over_http_answers_202_with_a_link_and_honours_a_key(service):
    old = ended(service)
    headers = {"Idempotency-Key": "once"}
    status, got, body = service.request("POST", f"/v1/generations/{old}/retry", headers=headers)
    assert status == 202, body
    assert got["Location"] == "/v1/generations/" + json.loads(body)["id"]
    again = service.request("POST", f"/v1/generations/{old}/retry", headers=headers)
    assert (again[0], json.loads(again[2])["id"]) == (202, json.loads(body)["id"])
    assert again[1]["Idempotency-Replayed"] == "true"


def test_rm_removes_what_has_ended_for_good(service, jobs):
    id = ended(service)
    assert jobs.ok("jobs", "rm", id) == f"removed {id}\n"
    assert service.request("GET", f"/v1/generations/{id}")[0] == 410
    assert jobs.lines("jobs", "ls", "--json") == []
    for command in ("show", "tail", "cancel", "retry", "rm"):
        answer = jobs.run("jobs", command, id)
        assert answer.returncode == 1
        assert b"generation_gone" in answer.stderr, answer.stderr


def test_rm_and_retry_of_what_has_not_ended_are_refused(service, jobs):
    id = start(service)
    for command in ("rm", "retry"):
        answer = jobs.run("jobs", command, id)
        assert answer.returncode == 1
        assert b"not_ended" in answer.stderr, answer.stderr
    assert state(service, id) in ("queued", "running")


def test_one_wrong_id_does_not_keep_the_others_from_it(service, jobs):
    id = ended(service)
    answer = jobs.run("jobs", "rm", UNKNOWN, id)
    assert answer.returncode == 1
    assert b"generation_unknown" in answer.stderr
    assert answer.stdout == f"removed {id}\n".encode()


def test_tail_goes_on_after_the_service_has_come_back(shunt, mode):
    """With the queue a generation outlives the service that took it."""
    if not mode.has_queue:
        pytest.skip("in sync mode generations go with their service")
    # No port that the kernel may give to somebody else while the service is away.
    service = mode.serve(listen=f"127.0.0.1:{free_port()}")
    mode.worker()
    eventually(lambda: service.request("GET", "/readyz")[0] == 200, "ready")
    id = start(service, {"prompt": "long", "tokens": 100, "token_gap_ms": 30})
    tail = shunt.popen("jobs", "tail", "--json", id, "--url", f"http://127.0.0.1:{service.port}",
                       stdout=subprocess.PIPE)
    lines = [json.loads(tail.stdout.readline()) for _ in range(5)]
    service.signal(signal.SIGKILL)
    service.wait()
    mode.serve(listen=f"127.0.0.1:{service.port}")
    lines += [json.loads(line) for line in tail.stdout]
    assert tail.wait(PATIENCE) == 0
    tail.stdout.close()
    assert [event["seq"] for event in lines] == list(range(1, len(lines) + 1))
    assert lines[-1]["type"] == "succeeded"


def test_ctrl_c_stops_following_and_leaves_the_generation_alone(shunt, service, jobs):
    id = start(service)
    tail = shunt.popen("jobs", "tail", "--json", id, "--url", jobs.url, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    tail.stdout.readline()
    tail.send_signal(signal.SIGINT)
    tail.communicate(timeout=PATIENCE)
    assert tail.returncode == 130
    eventually(lambda: state(service, id) != "queued", "its begin")
    assert state(service, id) == "running"


def test_a_service_that_is_not_there_is_named_with_what_to_do(shunt):
    for command in (["ls"], ["show", UNKNOWN], ["tail", UNKNOWN]):
        answer = shunt.run("jobs", *command, "--url", "http://127.0.0.1:1")
        assert answer.returncode == 1
        assert b"cannot reach the service at http://127.0.0.1:1" in answer.stderr
        assert b"--url" in answer.stderr
        assert answer.stdout == b""


@pytest.mark.parametrize("arguments, expected", [
    (["ls", "--state", "done"], "done"), (["show"], "ID"), (["ls", "-n", "0"], "0"), ([], "required")])
def test_a_wrong_command_line_is_refused(shunt, arguments, expected):
    answer = shunt.run("jobs", *arguments)
    assert answer.returncode == 2
    assert expected in answer.stderr.decode()
