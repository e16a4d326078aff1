"""`shunt flip` against two real API processes, a worker and Redis: what a person does with a fleet, and with Redis away."""

import json
import re

import pytest

from time_for_redis import TIME_FOR_REDIS
from waiting import eventually

MODELS = """
[models.words]
driver = "simulator"
text_field = "prompt"
first_token = "0ms"
token_gap = "0ms"
"""


class Fleet:
    def __init__(self, shunt, redis, folder, strategy):
        self.shunt = shunt
        shunt.write("shunt.toml", MODELS)
        environment = {"QUEUE_ENABLED": "true", "REDIS_URL": redis.url, "SHUNT_STRATEGY": strategy,
                       "SHUNT_ARTIFACTS_DIRECTORY": str(folder / "kept"), **TIME_FOR_REDIS}
        self.services = [shunt.serve(environment={**environment, "SHUNT_FLIP_STATE_FILE": str(folder / f"state-{i}"),
                                                  "SHUNT_FLIP_AUDIT_FILE": str(folder / f"audit-{i}")})
                         for i in range(2)]
        shunt.worker(environment=environment)
        eventually(lambda: self.status()["converged"] and len(self.status()["processes"]) == 2, "both follow")

    def ask(self, *arguments, of=0):
        answer = self.shunt.run("flip", *arguments, "--url", f"http://127.0.0.1:{self.services[of].port}")
        return answer.returncode, answer.stdout.decode(), answer.stderr.decode()

    def ok(self, *arguments, of=0):
        code, out, err = self.ask(*arguments, of=of)
        assert code == 0, (arguments, code, out, err)
        return out

    def move(self, *arguments, of=0):
        """Changes the fleet, and returns once both follow. On a busy machine the other process may be later than
        the command waits for it: that is code 3, with the change made."""
        code, out, err = self.ask(*arguments, of=of)
        assert code in (0, 3) and out.startswith("The fleet is now: "), (arguments, code, out, err)
        eventually(lambda: self.status(of)["converged"], "both follow")
        return out

    def status(self, of=0):
        return json.loads(self.ok("status", "--json", of=of))

    def runs_on(self, of=0):
        assert self.services[of].generate("words", {"prompt": "hi", "tokens": 1})[0] == 200
        counted = self.services[of].metrics()
        return {executor: counted("shunt_generations_admitted_total", model="words", path=executor) or 0
                for executor in ("sync", "queue")}


@pytest.fixture
def fleet(shunt, redis, tmp_path):
    def make(strategy):
        return Fleet(shunt, redis, tmp_path, strategy)
    return make


def test_a_person_forces_a_fleet_and_lets_it_go(fleet):
    fleet = fleet("queue")
    assert fleet.status(of=1)["state"] == "full"
    text = fleet.move("force", "sync", "--why", "it smells")
    assert text.startswith("The fleet is now: forced to sync\n")
    assert re.search(r"^  undo +shunt flip release --url ", text, re.M), text
    other = fleet.status(of=1)
    assert (other["state"], other["why"], other["by"]) == ("forced_sync", "it smells",
                                                            {"kind": "person", "name": "loopback"})
    before = fleet.runs_on(of=1)
    after = fleet.runs_on(of=1)
    assert (after["sync"], after["queue"]) == (before["sync"] + 1, before["queue"])
    page = fleet.ok("status", of=1)
    assert "forced to sync" in page and "it smells" in page and "somebody on its machine" in page
    code, _, err = fleet.ask("promote")
    assert code == 1 and "(flip_not_allowed)" in err
    failing = json.loads(fleet.ask("preflight", "--json")[1])["failing"]
    fleet.move("release", *(word for row in failing for word in ("--override", row)))
    assert fleet.status(of=1)["state"] == "full"
    entries = json.loads(fleet.ok("log", "--json"))["entries"]
    assert [entry["event"] for entry in entries] == ["first record", "force sync", "release"]
    assert entries[2]["overrides"] == failing if failing else "overrides" not in entries[2]
    assert "whole and unchanged" in fleet.ok("log", "--verify")


def test_a_rollout_is_held_drained_and_taken_back(fleet):
    fleet = fleet("sync")
    assert fleet.status()["state"] == "dark"
    text = fleet.move("hold", "--why", "lunch")
    assert text.startswith("The fleet is now: held in dark\n") and "shunt flip resume --url" in text
    assert "lunch" in fleet.ok("status", of=1)
    assert fleet.ok("drain").startswith("drained: 0 open")
    assert fleet.ok("drain", "--watch", of=1).endswith("Yes: Redis may be taken away.\n")
    assert "sync      carries the present rate" in fleet.move("abort", of=1)
    assert fleet.status()["state"] in ("aborting", "draining", "off")
    code, _, err = fleet.ask("hold")
    assert code == 1 and "(flip_not_allowed)" in err


def test_with_redis_away_a_force_acts_where_it_is_asked_and_names_the_others(fleet, redis):
    fleet = fleet("queue")
    there = fleet.status()["processes"]
    other = next(each for each in there if each["process"] != fleet.status()["process"])
    redis.stop()
    code, text, _ = fleet.ask("force", "sync", "--why", "redis is away")
    assert code == 3 and text.startswith("This process is now: forced to sync\n")
    assert "Redis could not be written to" in text and str(other["pid"]) in text, (text, other)
    assert fleet.status()["state"] == "forced_sync" and fleet.status()["unmerged"]
    assert fleet.status(of=1)["state"] == "full"
    before = fleet.runs_on()
    assert fleet.runs_on()["sync"] == before["sync"] + 1
    page = fleet.ok("status")
    assert "Redis has not been readable for" in page and "changed in this process alone" in page
    for refused in (["promote"], ["release"], ["log"], ["log", "--verify"], ["drain"], ["may-disconnect"]):
        assert fleet.ask(*refused)[0] == 1, refused
    redis.start()
    eventually(lambda: fleet.status(of=1)["state"] == "forced_sync", "the lower state wins")
    assert not fleet.status()["unmerged"]
    assert json.loads(fleet.ok("log", "--json"))["entries"][-1]["why"] == "redis is away"


def test_every_metric_of_the_record_is_told_and_documented(fleet, documented_metrics):
    fleet = fleet("queue")
    text = fleet.services[0].request("GET", "/metrics")[2].decode()
    told = set(re.findall(r"^# TYPE (shunt_flip_\w+)", text, re.M))
    assert {"shunt_flip_state", "shunt_flip_epoch", "shunt_flip_ticks_total"} < told
    assert told - documented_metrics == set()
    value = fleet.services[0].metrics()
    assert value("shunt_flip_state", state="full") == 1 and value("shunt_flip_state", state="dark") == 0
    assert value("shunt_flip_weight_ratio") == 1 and value("shunt_flip_epoch") == 1

    def all_follow():
        value = fleet.services[0].metrics()
        return value("shunt_flip_processes") == value("shunt_flip_acknowledged") == 2

    eventually(all_follow, "a process knows of both")


@pytest.fixture
def documented_metrics():
    from test_status import DOCS
    return set(re.findall(r"shunt_flip_\w+", (DOCS / "metrics/flip.md").read_text()))
