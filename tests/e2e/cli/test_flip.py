"""`shunt flip`: what people see of each answer, what is asked for, and the exit codes that scripts go by."""

import copy
import datetime
import json
import re

import pytest

from canned_service import CannedService
from terminal import on_a_terminal

EVIL = "\x1b]0;owned\x07\x1b[2Jhidden \x9b31m \u202egnp.exe"
FORBIDDEN = ("\x1b]", "\x1b[2J", "\x07", "\x9b", "\u202e")


def ago(minutes):
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=minutes)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def status():
    return {
        "state": "canary", "acting": "canary", "place": "canary 5%, step 2 of 5", "epoch": 7, "step": 2,
        "since": ago(48), "by": {"kind": "controller", "name": "api-1"},
        "why": "step 1 passed: no rise of errors above 1.8% seen", "weight": {"wanted": "5%", "seen": 0.0482},
        "next": "canary 10%, step 3 of 5, when the gate is passed: 312 of 500 jobs", "next_at": ago(-12.5),
        "undo": "shunt flip abort", "store": {"readable": True}, "blind": False, "unmerged": False,
        "converged": True, "process": "p1",
        "processes": [{"process": "p1", "host": "api-1", "pid": 411, "epoch": 7, "version": "0.9.0", "build": "b",
                       "started_at": ago(600)},
                      {"process": "p2", "host": "api-2", "pid": 7, "epoch": 7, "version": "0.9.0", "build": "b",
                       "started_at": ago(30)}],
        "last_tick": {"process": "p1", "at": ago(0.5), "epoch": 7, "clock_seconds": 2700, "silent": [],
                      "verdict": {"outcome": "going", "why": "312 of 500 jobs, 45m of 1h",
                                  "canary": {"jobs": 312, "errors": 4, "p50_ms": 310, "p95_ms": 790, "slow": 15},
                                  "control": {"jobs": 330, "errors": 3, "p50_ms": 305, "p95_ms": 770, "slow": 16},
                                  "z_errors": 0.44, "z_latency": -0.02, "rise_errors": 0.026, "threshold_ms": 812}},
        "plan": {"name": "default", "tick": "1m", "thresholds": {"z_failed": 3.5},
                 "steps": [{"weight": w} for w in ("1%", "5%", "10%", "25%", "50%")]},
        "sync_capacity": {"refused_share": 0, "models": []}}


def change(**members):
    return {"state": "held", "acting": "canary", "place": "held in canary 5%, step 2 of 5", "epoch": 8, "step": 2,
            "since": ago(0), "by": {"kind": "person", "name": "ops"}, "why": "lunch", "weight": "5%",
            "undo": "shunt flip resume", "stored": True, "not_reached": [], **members}


def drain(**members):
    return {"stage": "draining", "may_disconnect": False, "reasons": ["words: 3 waiting, 1 active"], "state": "off",
            "sends_to_queue": False, "unaware": [],
            "work": [{"model": "words", "waiting": 3, "active": 1, "delayed": 0, "awaited": 0, "total": 4}],
            "results": {"count": 12, "until": "2026-11-28T04:00:00.000Z"}, "keys": {"count": 0}, **members}


ENTRY = {"seq": 4, "at": "2026-11-28T02:14:07.042Z", "event": "hold", "by": {"kind": "person", "name": "ops"},
         "why": "lunch", "from": "canary 5%, step 2 of 5", "to": "held in canary 5%, step 2 of 5", "epoch": 8,
         "overrides": ["redis.memory"], "undo": "shunt flip resume", "hash": "ab"}


@pytest.fixture
def service():
    canned = CannedService()
    yield canned
    canned.stop()


def ask(shunt, service, *arguments):
    answer = shunt.run("flip", *arguments, "--url", service.url)
    return answer.returncode, answer.stdout.decode(), answer.stderr.decode()


def ok(shunt, service, *arguments):
    code, out, err = ask(shunt, service, *arguments)
    assert code == 0, (code, out, err)
    return out


def test_the_status_is_a_page_that_answers_every_question(shunt, service):
    service.answers["GET", "/admin/flip"] = (200, status())
    text = ok(shunt, service, "status")
    assert text.startswith(f"shunt flip at {service.url}: canary 5%, step 2 of 5\n")
    for line in (r"since +48m ago \(2\d\d\d-.*Z\)", r"by +the controller \(api-1\)", r"because +step 1 passed",
                 r"weight +5% wanted, 4.8% of jobs seen", r"fleet +epoch 7, all 2 API processes act on it",
                 r"plan +default: 1%, \[5%\], 10%, 25%, 50%",
                 r"sync +carries the present rate", r"next +canary 10%, step 3 of 5", r" +not before: in 12m \(",
                 r"go back +shunt flip abort --url http", r"verdict +going: 312 of 500 jobs"):
        assert re.search("^  " + line, text, re.M), (line, text)
    head = next(line for line in text.splitlines() if "SIDE" in line)
    assert head.split() == ["SIDE", "JOBS", "FAILED", "P50", "P95", "SLOWER", "THAN", "812ms"]
    assert re.search(r"^  canary \(queue\) +312 +4 \(1\.3%\) +310ms +790ms +15 \(4\.8%\)$", text, re.M), text
    assert "warning" not in text and "ALERT" not in text and "\x1b" not in text


def test_what_is_wrong_stands_above_everything_else(shunt, service):
    wrong = status()
    wrong["store"] = {"readable": False, "problem": "connection refused", "unreadable_seconds": 75}
    wrong |= {"blind": True, "unmerged": True, "converged": False}
    wrong["processes"][1]["epoch"] = 6
    wrong["last_tick"] |= {"alert": "Redis evicts", "silent": ["p2"], "at": ago(20)}
    wrong["sync_capacity"]["refused_share"] = 0.125
    service.answers["GET", "/admin/flip"] = (200, wrong)
    text = ok(shunt, service, "status")
    above = text[:text.index("  since ")]
    assert above.splitlines()[2].startswith("  ALERT "), text
    for words in ("not been readable for 75s (connection refused)", "sends nothing to the queue",
                  "changed in this process alone", "ALERT     Redis evicts", "no figures come from p2", "the controller last looked 20m ago"):
        assert words in above, (words, text)
    assert "epoch 7 here; of API processes 2 were there when Redis was last read" in text
    wrong["store"] = {"readable": True}
    service.answers["GET", "/admin/flip"] = (200, wrong)
    assert "not every process acts on epoch 7: api-2:7 is at epoch 6" in ok(shunt, service, "status")
    assert "going down now would refuse 12.5% of requests with 429" in text


def test_a_status_with_nothing_known_is_a_page_all_the_same(shunt, service):
    service.answers["GET", "/admin/flip"] = (200, {})
    assert "shunt flip at" in ok(shunt, service, "status")


def test_each_move_asks_for_itself_and_prints_its_undo(shunt, service):
    for command, path, body in (
            (["hold", "--why", "lunch"], "hold", {"why": "lunch"}),
            (["promote", "--override", "redis.memory", "--override", "cool_down"], "promote",
             {"overrides": ["redis.memory", "cool_down"]}),
            (["start"], "start", {}), (["resume"], "resume", {}), (["back"], "back", {}), (["abort"], "abort", {}),
            (["force", "queue"], "force", {"executor": "queue"}), (["release"], "release", {})):
        service.answers["POST", "/admin/flip/" + path] = (200, change())
        text = ok(shunt, service, *command)
        assert service.asked[-1] == ("POST", "/admin/flip/" + path, "", body)
        assert text.startswith("The fleet is now: held in canary 5%, step 2 of 5\n")
        assert re.search(rf"^  undo +shunt flip resume --url {service.url}$", text, re.M), text
    told = json.loads(ok(shunt, service, "hold", "--json"))
    assert told["undo"] == "shunt flip resume"


def test_a_plan_is_sent_as_it_was_read(shunt, service):
    service.answers["POST", "/admin/flip/start"] = (200, change())
    shunt.write("plan.toml", 'name = "fast"\ntick = "30s"\n[[steps]]\nweight = "50%"\nleast_time = "1m"\n')
    ok(shunt, service, "start", "--plan", "plan.toml")
    plan = service.asked[-1][3]["plan"]
    assert plan["name"] == "fast" and plan["tick"] == "30s" and [s["weight"] for s in plan["steps"]] == ["50%"]
    shunt.write("plan.toml", 'tick = "never"\n')
    code, _, err = ask(shunt, service, "start", "--plan", "plan.toml")
    assert code == 78 and "plan.toml:1" in err
    assert len(service.asked) == 1, "nothing is asked with a plan that is wrong"


def test_a_move_that_is_not_known_to_be_everywhere_says_where_it_is_not(shunt, service):
    service.answers["POST", "/admin/flip/force"] = (200, change(
        state="forced_sync", place="forced to sync", weight="0%", undo="shunt flip release", stored=False,
        not_reached=["p2 (api-2:7)"]))
    code, text, _ = ask(shunt, service, "force", "sync")
    assert code == 3
    assert text.startswith("This process is now: forced to sync\n")
    assert "Redis could not be written to" in text and "It could not reach: p2 (api-2:7)" in text
    service.answers["POST", "/admin/flip/abort"] = (200, change(not_reached=["p2 (api-2:7)"]))
    code, text, _ = ask(shunt, service, "abort")
    assert code == 3 and "not known to act on it yet: p2 (api-2:7)" in text


def test_going_down_tells_what_will_be_refused(shunt, service):
    service.answers["POST", "/admin/flip/abort"] = (200, change(
        state="aborting", sync_capacity={"refused_share": 0.2, "models": []}))
    assert "at the present rate 20.0% of requests get 429" in ok(shunt, service, "abort")


def test_a_refusal_is_told_in_the_services_words(shunt, service):
    service.answers["POST", "/admin/flip/promote"] = (409, {
        "code": "flip_preflight_failed", "detail": "the preflight fails: redis.memory", "rows": "redis.memory"})
    code, out, err = ask(shunt, service, "promote")
    assert code == 1 and not out
    assert "the preflight fails: redis.memory (flip_preflight_failed)" in err and "shunt flip preflight --url" in err


def test_a_preflight_is_told_row_by_row_and_fails_with_a_row(shunt, service):
    rows = [{"name": "redis.version", "outcome": "pass", "found": "7.2.4", "advice": ""},
            {"name": "redis.persistence", "outcome": "warn", "found": "no append-only file", "advice": "turn it on"}]
    answer = {"outcome": "warn", "failing": [], "checks": rows}
    service.answers["POST", "/admin/flip/preflight"] = (200, answer)
    text = ok(shunt, service, "preflight")
    assert text.splitlines()[:3] == ["pass  redis.version      7.2.4", "warn  redis.persistence  no append-only file",
                                     " " * 25 + "turn it on"]
    answer["outcome"] = "fail"
    code, text, _ = ask(shunt, service, "preflight")
    assert code == 1 and "may not go up" in text
    assert json.loads(ask(shunt, service, "preflight", "--json")[1])["outcome"] == "fail"


def test_may_disconnect_answers_by_its_exit_code(shunt, service):
    service.answers["GET", "/admin/flip/drain"] = (200, drain())
    code, text, _ = ask(shunt, service, "may-disconnect")
    assert code == 1 and text.startswith("No: ") and "words: 3 waiting, 1 active" in text
    service.answers["GET", "/admin/flip/drain"] = (200, drain(stage="drained", may_disconnect=True, reasons=[]))
    text = ok(shunt, service, "may-disconnect", "--accept", "results,keys")
    assert text.startswith("Yes: ") and service.asked[-1][2] == "accept=results%2Ckeys"
    assert ask(shunt, service, "may-disconnect", "--accept", "all")[0] == 2
    service.stop()
    assert ask(shunt, service, "may-disconnect")[0] == 1, "what cannot be asked is no yes"


def test_a_drain_is_told_and_watched_until_nothing_is_open(shunt, service):
    done = drain(stage="drained", reasons=["12 results would be lost"], work=[])
    service.answers["GET", "/admin/flip/drain"] = (200, [drain(), drain(), done])
    text = ok(shunt, service, "drain")
    assert text.startswith("draining: 4 open (3 waiting, 1 active)\n") and "may not be taken away" in text
    watched = ok(shunt, service, "drain", "--watch")
    lines = watched.splitlines()
    assert "draining: 4 open" in lines[0] and "drained: 0 open, 12 results and 0 keys kept" in lines[1], watched
    assert "12 results would be lost" in watched


SHADOW = {"epoch": 3, "processes": 2, "sampled": 50, "made": 48, "mismatches": 1, "compared": {"equal": 47, "other_content": 1},
          "noise": {"compared": 5, "mismatches": 0}, "dropped": {"busy": 2},
          "latest": [{"at": "2026-11-28T02:14:07.042Z", "model": "words", "generation": "gen_1", "class": "other_content",
                      "where": "text", "control": {"state": "succeeded", "bytes": 12},
                      "candidate": {"state": "failed", "error": "worker_lost"}}]}


def test_a_shadow_is_told_with_its_noise_and_its_mismatches(shunt, service):
    service.answers["GET", "/admin/flip/shadow"] = (200, SHADOW)
    text = ok(shunt, service, "shadow-report")
    assert text.startswith("1 of 48 copies differ from what the caller got\n")
    assert "0 of 5 differ between two runs in sync" in text and "2 busy" in text and "of 2 API processes" in text
    assert text.splitlines()[-1].split() == ["2026-11-28T02:14:07Z", "words", "other_content", "text", "succeeded",
                                             "12", "B", "worker_lost", "gen_1"]


def test_the_log_tells_who_when_and_why(shunt, service):
    service.answers["GET", "/admin/flip/log"] = (200, {"entries": [ENTRY], "next": None})
    text = ok(shunt, service, "log", "-n", "7")
    assert service.asked[-1][2] == "from=0&count=7"
    head, row = text.splitlines()
    assert head.split() == ["SEQ", "AT", "WHO", "WHAT", "NOW", "WHY"]
    assert row == "  4  2026-11-28T02:14:07Z  ops  hold  held in canary 5%, step 2 of 5  lunch (overrode redis.memory)"
    assert json.loads(ok(shunt, service, "log", "--json"))["entries"] == [ENTRY]
    service.answers["GET", "/admin/flip/log"] = (200, {"entries": [], "next": None})
    assert "Nobody has moved" in ok(shunt, service, "log")


def test_a_log_that_was_changed_is_found(shunt, service):
    report = {"intact": True, "entries": 9, "first": 1, "last": 9, "hash": "ab" * 32}
    service.answers["GET", "/admin/flip/log/verify"] = (200, report)
    assert "whole and unchanged" in ok(shunt, service, "log", "--verify")
    service.answers["GET", "/admin/flip/log/verify"] = (200, report | {"intact": False, "problem": "behind entry 4"})
    code, text, _ = ask(shunt, service, "log", "--verify")
    assert code == 1 and "NOT AS IT WAS WRITTEN" in text and "behind entry 4" in text
    shunt.write("audit.jsonl", '{"seq":1}\n')
    answer = shunt.run("flip", "log", "--verify", "--file", "audit.jsonl")
    assert answer.returncode == 1 and b"NOT AS IT WAS WRITTEN" in answer.stdout
    assert shunt.run("flip", "log", "--verify", "--file", "nowhere").returncode == 1


def test_without_a_queue_there_is_nothing_to_flip(shunt):
    shunt.write("shunt.toml", '[models.words]\ndriver = "simulator"\n')
    url = f"http://127.0.0.1:{shunt.serve().port}"
    for command in (["status"], ["abort"], ["preflight"], ["drain"], ["may-disconnect"], ["log"]):
        answer = shunt.run("flip", *command, "--url", url)
        assert answer.returncode == 1 and b"QUEUE_ENABLED=true" in answer.stderr, (command, answer)
        assert b"(flip_disabled)" in answer.stderr


@pytest.mark.parametrize("arguments", [
    (), ("force",), ("force", "redis"), ("hold", "--override", "x"), ("log", "--count", "0"), ("log", "--file", "x"),
    ("log", "--follow", "--verify"), ("hold", "--why", "w" * 501)])
def test_a_wrong_command_line_asks_nothing(shunt, service, arguments):
    assert ask(shunt, service, *arguments)[0] == 2
    assert service.asked == []


def evil(value):
    if isinstance(value, dict):
        return {key: evil(each) for key, each in value.items()}
    if isinstance(value, list):
        return [evil(each) for each in value]
    return value + EVIL if isinstance(value, str) else value


@pytest.mark.parametrize("method, path, document, arguments", [
    ("GET", "", status(), ["status"]), ("POST", "/hold", change(not_reached=["p"]), ["hold"]),
    ("POST", "/preflight", {"outcome": "fail", "checks": [
        {"name": "n", "outcome": "fail", "found": "f", "advice": "a"}]}, ["preflight"]),
    ("GET", "/drain", drain(), ["drain"]), ("GET", "/drain", drain(), ["may-disconnect"]),
    ("GET", "/shadow", SHADOW, ["shadow-report"]),
    ("GET", "/log", {"entries": [ENTRY]}, ["log"]), ("GET", "/log/verify", {"problem": "p"}, ["log", "--verify"])])
def test_nobody_steers_the_terminal(shunt, service, method, path, document, arguments):
    document = copy.deepcopy(document)
    service.answers[method, "/admin/flip" + path] = (200, evil(document))
    for more in ((), ("--json",)):
        shown, _ = on_a_terminal(shunt, "flip", *arguments, *more, "--url", service.url, term="dumb")
        for forbidden in FORBIDDEN:
            assert forbidden not in shown, (forbidden, shown)


def test_a_long_line_goes_on_below_its_own_column_on_a_terminal(shunt, service):
    long = status()
    long["why"] = "because " + "very " * 40 + "long"
    service.answers["GET", "/admin/flip"] = (200, long)
    shown, _ = on_a_terminal(shunt, "flip", "status", "--url", service.url, term="dumb")
    lines = shown.replace("\r", "").splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("  because"))
    assert len(lines[at]) <= 80 and lines[at + 1].startswith(" " * 12 + "very"), shown
    assert "\x1b[" in on_a_terminal(shunt, "flip", "status", "--url", service.url)[0]
