"""Jobs that Node adds and a worker under test processes, while a test breaks things; and what must hold afterwards."""

import collections
import os
import threading
import time

from invariants import Snapshot, violations
from waiting import eventually

QUEUE = "paint"


class Ledger:
    """What the processors did, counted by job. Each takes `takes` seconds, one after the other if inline."""

    def __init__(self, takes=0):
        self.takes = takes
        self.lock = threading.Lock()
        self.started = collections.Counter()
        self.ended = collections.Counter()

    def processor(self, job):
        with self.lock:
            self.started[job.id] += 1
        time.sleep(self.takes)
        with self.lock:
            self.ended[job.id] += 1
        return job["data"]

    @property
    def again(self):
        """How often a job was run that had been run before."""
        return sum(self.started.values()) - len(self.started)


def number(name, short):
    """The size of a test: short, unless the environment asks for a long run."""
    return int(os.environ.get(name, short))


def add_jobs(queue, count, first=0, opts=None, chunk=250):
    """The ids of jobs that were acknowledged."""
    ids = []
    for start in range(first, first + count, chunk):
        jobs = [{"name": "paint", "data": n, "opts": opts or {}} for n in range(start, min(start + chunk, first + count))]
        ids += [job.id for job in queue.addBulk(jobs)]
    return ids


def finished(server, state="completed"):
    return server("ZCARD", f"bull:{QUEUE}:{state}")


def all_completed(server, count, timeout=90):
    def enough():
        try:
            return finished(server) >= count
        except OSError:
            return False
    eventually(enough, patience=timeout, what=f"{count} completed jobs")


def check(server, ids):
    """Every job is completed, once, and nothing else is left; the event stream tells the same."""
    found = Snapshot(server.client, QUEUE)
    lines = violations(found)
    assert not lines, "\n".join(lines)
    assert sorted(found.states["completed"]) == sorted(ids)
    assert found.counts() == {**{state: 0 for state in found.counts()}, "completed": len(ids)}
    assert not found.locks, f"locks without an owner: {found.locks}"
    events = completions(server)
    assert {id: events[id] for id in ids} == {id: 1 for id in ids}, "completed twice, says the event stream"
    assert not failures(server)


def completions(server):
    return _events(server, "completed")


def failures(server):
    return _events(server, "failed")


def _events(server, wanted):
    counted = collections.Counter()
    for _, fields in server("XRANGE", f"bull:{QUEUE}:events", "-", "+"):
        entry = dict(zip(fields[::2], fields[1::2]))
        if entry["event"] == wanted:
            counted[entry["jobId"]] += 1
    return counted
