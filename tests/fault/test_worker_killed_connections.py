"""The worker's connections are killed again and again, at every step of a job's life.

SHUNT_FAULT_KILLS: how many (150; a long run takes 5000). Each job is completed once, none is lost, and a job whose
answer was lost is not left waiting for its lock to expire.
"""

import collections
import random
import threading

import pytest

from load import QUEUE, Ledger, add_jobs, all_completed, check, number
from proxy import CuttingProxy
from redis_server import Resp
from remote import JobError
from waiting import eventually

KILLS = number("SHUNT_FAULT_KILLS", 150)
STREAM = {"streams": {"events": {"maxLen": 10_000_000}}}
LOCK_MS = 120_000
# Half of the lock's time, in seconds: nothing was left to the stalled check.
SOON = LOCK_MS / 2000


class Killer:
    """Kills a connection of the worker as soon as the work has gone on since the last kill."""

    def __init__(self, server, spare):
        self.resp = Resp(server.port)
        self.spare = spare  # ids of the clients that are not the worker's
        self.draw = random.Random(11)
        self.kills = 0

    def victims(self):
        clients = []
        for line in self.resp("CLIENT", "LIST").splitlines():
            fields = dict(field.split("=", 1) for field in line.split(" ") if "=" in field)
            if fields["id"] not in self.spare and fields["id"] != str(self.resp("CLIENT", "ID")):
                clients.append(fields)
        return clients

    def kill(self, chosen=None):
        candidates = [c for c in self.victims() if chosen is None or chosen(c)]
        if not candidates:
            return False
        victim = self.draw.choice(candidates)
        try:
            self.kills += self.resp("CLIENT", "KILL", "ID", victim["id"])
        except Exception:  # it has gone by itself
            return False
        return True


def ids_of_clients(server):
    return {dict(f.split("=", 1) for f in line.split(" ") if "=" in f)["id"]
            for line in server("CLIENT", "LIST").splitlines()}


CHOICES = {
    "any": None,
    "blocking": lambda client: client["cmd"] == "bzpopmin",
}


@pytest.mark.parametrize("which", ["any", "blocking"])
def test_connections_killed_at_random(server, remotes, which):
    """Jobs are added all the while, so that the worker is now idle, now at work."""
    ledger = Ledger()
    queue = remotes("node", server.url).queue(QUEUE, **STREAM)
    spare = ids_of_clients(server)
    made = remotes("cpp", server.url).worker(
        QUEUE, ledger.processor, events=["error", "stalled"], inline=True, concurrency=8, lockDuration=LOCK_MS,
        stalledInterval=LOCK_MS, drainDelay=1)
    killer = Killer(server, spare)
    ids = []
    while killer.kills < KILLS:
        ids += add_jobs(queue, 20, first=len(ids))
        for _ in range(5):
            killer.kill(CHOICES[which])
        if len(ids) % 400 == 0:  # now and then it has nothing to do
            all_completed(server, len(ids), timeout=SOON)
    all_completed(server, len(ids), timeout=SOON)
    check(server, ids)
    assert made.events["stalled"].items == []
    print(f"{killer.kills} kills, {len(ids)} jobs, {ledger.again} run again")


@pytest.mark.parametrize("every", [2, 3, 5])
def test_every_step_of_a_jobs_life_survives_a_lost_command_and_a_lost_answer(server, remotes, every):
    """A job fails, is tried again at once or after a pause, and completes. A proxy breaks the connection at every so
    many calls, in turn before Redis gets the call and before the worker gets its answer."""
    lock = threading.Lock()
    attempts = collections.Counter()

    def processor(job):
        with lock:
            attempts[job.id] += 1
        if job["attemptsMade"] < 2:
            raise JobError("Error", f"attempt {job['attemptsMade']}")
        return "done"

    queue = remotes("node", server.url).queue(QUEUE, **STREAM)
    proxy = CuttingProxy(server.port, every)
    try:
        made = remotes("cpp", proxy.url).worker(
            QUEUE, processor, events=["stalled", "completed", "failed"], inline=True, concurrency=2,
            lockDuration=LOCK_MS, stalledInterval=LOCK_MS, drainDelay=1)
        ids = []
        while sum(proxy.cut.values()) < KILLS / 3:
            ids.append(queue.add("paint", len(ids), {"attempts": 3, "backoff": len(ids) % 2}).id)
            eventually(lambda: server("ZSCORE", f"bull:{QUEUE}:completed", ids[-1]) is not None, patience=SOON,
                       what=f"job {ids[-1]}, of which {server('HGETALL', f'bull:{QUEUE}:{ids[-1]}')}")
        assert min(proxy.cut.values()) > 0
        check(server, ids)
        assert made.events["stalled"].items == []
        assert all(int(server("HGET", f"bull:{QUEUE}:{id}", "atm")) == 3 for id in ids), "an attempt counted twice"
        # Nobody who listens to the worker misses an end, or hears of it twice.
        told = made.events["completed"].wait(len(ids))
        assert sorted(args[0]["id"] for args in told) == sorted(ids)
        assert len(made.events["failed"].wait(2 * len(ids))) == 2 * len(ids)
        print(f"{proxy.cut} of {proxy.calls} calls, {len(ids)} jobs, {sum(attempts.values()) - 3 * len(ids)} run again")
    finally:
        proxy.close()
