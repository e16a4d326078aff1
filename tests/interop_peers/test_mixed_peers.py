"""Workers of both clients share one queue: every job is done exactly once (SHUNT_INTEROP_JOBS of them, else 2000)."""

import os
import random
import time

from invariants import Snapshot, violations
from ledger import Ledger, add_and_finish
from pair import QUEUE

JOBS = int(os.environ.get("SHUNT_INTEROP_JOBS", "2000"))
DEADLINE = 60 + JOBS / 25


def bulk(draw, first, count):
    """A third delayed, a third with priorities, a quarter failing once or twice, one in fifty failing for good."""
    jobs = []
    for n in range(first, first + count):
        fails = 9 if n % 50 == 0 else draw.choice([0, 0, 0, draw.randint(1, 2)])
        kind = draw.choice(["fixed", "exponential"])
        opts = {"attempts": 3, "backoff": {"type": kind, "delay": draw.randint(1, 20)}}
        opts.update(draw.choice([{}, {"delay": draw.randint(1, 500)}, {"priority": draw.randint(1, 100)}]))
        jobs.append({"name": "paint", "data": {"n": n, "fails": fails}, "opts": opts})
    return jobs


def test_mixed_workers_do_each_job_once(server, clients, peer):
    server("FLUSHALL")
    draw, ledger = random.Random(7), Ledger()
    both = [clients["cpp"], clients[peer]]
    queues = [client.queue(QUEUE) for client in both]
    server("HSET", f"bull:{QUEUE}:meta", "opts.maxLenEvents", 100 * JOBS)  # a reader that lags behind loses no event
    events = both[0].queue_events(QUEUE, events=["completed", "failed"])
    started = time.monotonic()
    workers = [client.worker(QUEUE, ledger.processor(client.name), concurrency=10, inline=True, name=client.name)
               for client in both]
    try:
        added, lost = add_and_finish(queues, lambda first, count: bulk(draw, first, count), JOBS, DEADLINE)
        took = time.monotonic() - started
        ledger.check(added, lost)
        counts = {"completed": JOBS - len(lost), "failed": len(lost), "active": 0, "waiting": 0, "delayed": 0,
                  "prioritized": 0}
        for queue in queues:
            seen = queue.getJobCounts(*counts)
            assert {state: seen[state] for state in counts} == counts
        completed = events.events["completed"].wait(JOBS - len(lost), timeout=DEADLINE)
        assert sorted(args[0]["jobId"] for args in completed) == sorted(ledger.succeeded)
        assert {args[0]["jobId"] for args in events.events["failed"].wait(len(lost))} == lost
        assert min(ledger.by.values()) > JOBS / 50 and len(ledger.by) == 2, f"one worker starves: {ledger.by}"
    finally:
        for made in [*workers, events, *queues]:
            made.free()
    lines = violations(Snapshot(server.client, QUEUE))
    assert not lines, "\n".join(lines)
    print(f"{JOBS} jobs in {took:.1f} s: {dict(ledger.by)}")
