"""What processors of several workers did to the jobs of one queue."""

import collections
import threading

from remote import JobError
from waiting import eventually


class Ledger:
    """What the processors did, from all processes."""

    def __init__(self):
        self.lock = threading.Lock()
        self.succeeded = collections.Counter()
        self.failed = collections.Counter()
        self.by = collections.Counter()
        self.running = set()
        self.twice = []

    def processor(self, name):
        def paint(job):
            with self.lock:
                if job.id in self.running:
                    self.twice.append(job.id)
                self.running.add(job.id)
                self.by[name] += 1
            try:
                if job["attemptsMade"] < job["data"]["fails"]:
                    with self.lock:
                        self.failed[job.id] += 1
                    raise JobError("Error", f"attempt {job['attemptsMade']}")
                with self.lock:
                    self.succeeded[job.id] += 1
                return {"by": name, "n": job["data"]["n"]}
            finally:
                with self.lock:
                    self.running.discard(job.id)
        return paint

    def check(self, added, lost):
        """Each job was done once, those of `lost` never after three attempts."""
        assert len({job.id for job in added}) == len(added)
        assert self.twice == []
        assert self.succeeded == {job.id: 1 for job in added if job.id not in lost}
        assert {id: self.failed[id] for id in lost} == {id: 3 for id in lost}


def add_and_finish(queues, bulk, count, deadline):
    """Adds what bulk(first, count) makes to two queues in turn and waits until all have finished. Returns the jobs and the
    ids of those that fail for good."""
    added = []
    for index, first in enumerate(range(0, count, 100)):
        added += queues[index % 2].addBulk(bulk(first, min(100, count - first)))
    assert len(added) == count

    def finished():
        counts = queues[0].getJobCounts("completed", "failed")
        return counts["completed"] + counts["failed"] >= count

    eventually(finished, patience=deadline, what=f"{count} finished jobs")
    return added, {job.id for job in added if job["data"]["fails"] == 9}
