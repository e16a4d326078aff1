"""Node reads along while many operations share calls: it sees what it sees of upstream's scripts.

The differential test of tests/integration/bullmq writes the same to two servers, by its own scripts and by upstream's.
SHUNT_INTEROP_STEPS says how many steps (300).
"""

import os
import subprocess
import threading

import pytest
from redis_server import RedisServer
from remote import Remote

QUEUE = "paint"
NAMES = {"paint", "draw \u00e9"}
EVENTS = ["active", "added", "completed", "deduplicated", "delayed", "drained", "duplicated", "failed", "removed",
          "retries-exhausted", "waiting"]
STATES = ["waiting", "active", "delayed", "prioritized", "completed", "failed", "paused"]


class Reader:
    """A Node client that looks at a queue again and again, and listens to its events."""

    def __init__(self, name):
        self.server = RedisServer()
        self.node = Remote.node(self.server.url, name)
        self.queue = self.node.queue(QUEUE)
        self.events = self.node.queue_events(QUEUE, events=EVENTS).events
        self.looks = 0

    def look(self):
        for job in self.queue.getJobs(STATES):
            # One may be removed between the look at its list and the look at it.
            if job is not None:
                assert job["name"] in NAMES and 0 <= job["data"]["n"] < 1000, job
        counts = self.queue.getJobCounts(*STATES)
        assert all(count >= 0 for count in counts.values()), counts
        self.looks += 1

    def told(self, event):
        """All that it was told of one kind, without the ids of the stream's entries, which are times."""
        entries = self.server("XRANGE", f"bull:{QUEUE}:events", "-", "+")
        count = sum(fields[fields.index("event") + 1] == event for _, fields in entries)
        return [args[0] for args in self.events[event].wait(count)]

    def close(self):
        self.node.kill()
        self.server.close()


@pytest.mark.skipif("SHUNT_FAST_PATH_TEST" not in os.environ, reason="SHUNT_FAST_PATH_TEST names the test's program")
def test_node_sees_the_same_of_shared_calls(packages):
    readers = [Reader("beside the fast path"), Reader("beside upstream's scripts")]
    fast, slow = readers
    over = threading.Event()
    failures = []

    def read_along(reader):
        try:
            while not over.is_set():
                reader.look()
        except Exception as failure:  # whatever it is, it is this test's failure
            failures.append(failure)

    threads = [threading.Thread(target=read_along, args=[reader]) for reader in readers]
    try:
        for thread in threads:
            thread.start()
        done = subprocess.run(
            [os.environ["SHUNT_FAST_PATH_TEST"], "--gtest_filter=FastPath.LeavesWhatUpstreamsScriptsLeave"],
            env={**os.environ, "BULLMQ_FAST_PATH_PORT": str(fast.server.port), "BULLMQ_FAST_PATH_SEQUENCES": "1",
                 # Those that leave queues which Node can read, and every event in its stream.
                 "BULLMQ_FAST_PATH_WAYS": "5",
                 "BULLMQ_SLOW_PATH_PORT": str(slow.server.port),
                 "BULLMQ_FAST_PATH_STEPS": os.environ.get("SHUNT_INTEROP_STEPS", "300")},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=150)
        over.set()
        for thread in threads:
            thread.join()
        assert done.returncode == 0, done.stdout[-3000:]
        assert not failures, failures
        assert min(reader.looks for reader in readers) > 5
        for event in EVENTS:
            assert fast.told(event) == slow.told(event), event
        assert len(slow.told("added")) > 100
        assert len(slow.told("completed")) > 20
    finally:
        over.set()
        for reader in readers:
            reader.close()
