"""Workers of both clients share one queue: every job is done exactly once, and everyone counts the same.

SHUNT_INTEROP_JOBS says how many jobs (3000; a long run takes 20000), SHUNT_INTEROP_TIMEOUT how long a step may take.
"""

import collections
import os
import random
import threading
import time

from invariants import Snapshot, violations
from ledger import Ledger, add_and_finish
from pair import QUEUE
from redis_server import RedisServer
from remote import Remote
from waiting import eventually

JOBS = int(os.environ.get("SHUNT_INTEROP_JOBS", "3000"))
DEADLINE = 60 + JOBS / 500
CONCURRENCY = 10


def bulk(draw, first, count):
    """A third delayed, a third with priorities, a quarter failing once or twice, one in fifty failing for good."""
    jobs = []
    for n in range(first, first + count):
        fails = 9 if n % 50 == 0 else draw.choice([0, 0, 0, draw.randint(1, 2)])
        opts = {"attempts": 3, "backoff": draw.choice([0, 10, {"type": "exponential", "delay": 5, "jitter": 0.5}])}
        opts.update(draw.choice([{}, {"delay": draw.randint(1, 500)}, {"priority": draw.randint(1, 100)}]))
        if draw.random() < 0.1:
            opts["lifo"] = True
        jobs.append({"name": "paint", "data": {"n": n, "fails": fails}, "opts": opts})
    return jobs


def test_two_and_two_workers_do_each_job_once(server):
    draw = random.Random(7)
    ledger = Ledger()
    clients = [Remote.node(server.url, "node 1"), Remote.node(server.url, "node 2"),
               Remote.under_test(server.url, "cpp 1"), Remote.under_test(server.url, "cpp 2")]
    started = time.monotonic()
    try:
        node, cpp = clients[0], clients[2]
        # The stream keeps all events, so that a reader that lags behind loses none.
        queues = [client.queue(QUEUE, streams={"events": {"maxLen": 100 * JOBS}}) for client in (node, cpp)]
        events = [client.queue_events(QUEUE, events=["completed", "failed"]).events for client in (node, cpp)]
        workers = [client.worker(QUEUE, ledger.processor(client.name), concurrency=CONCURRENCY, inline=True,
                                 events=["error"], metrics={"maxDataPoints": 60}, name=client.name.replace(" ", "-"))
                   for client in clients]
        added, lost = add_and_finish(queues, lambda first, count: bulk(draw, first, count), JOBS, DEADLINE)
        took = time.monotonic() - started

        ledger.check(added, lost)

        counts = {"completed": JOBS - len(lost), "failed": len(lost), "active": 0, "waiting": 0, "delayed": 0,
                  "prioritized": 0}
        for queue in queues:
            assert queue.getJobCounts(*counts) == counts
            assert queue.getMetrics("completed")["meta"]["count"] == JOBS - len(lost)
            assert queue.getMetrics("failed")["meta"]["count"] == len(lost)
            assert queue.getWorkersCount() == 4
        for log in events:
            completed = log["completed"].wait(JOBS - len(lost), timeout=DEADLINE)
            assert collections.Counter(args[0]["jobId"] for args in completed) == ledger.succeeded
            assert all(args[0]["returnvalue"]["by"] in ledger.by for args in completed)
            failed = log["failed"].wait(len(lost), timeout=DEADLINE)
            assert {args[0]["jobId"] for args in failed} == lost
        for worker in workers:
            assert worker.events["error"].items == []
            worker.close()
        found = Snapshot(server.client, QUEUE)
        lines = violations(found)
        assert not lines, "\n".join(lines)
        assert not found.foreign
        assert len(ledger.by) == 4 and min(ledger.by.values()) > JOBS / 500, f"one worker starves: {ledger.by}"
        print(f"{JOBS} jobs in {took:.1f} s: {dict(ledger.by)}")
    finally:
        for client in clients:
            client.kill()


def test_a_crash_of_one_kind_of_worker_loses_nothing(server):
    """Half of the workers are killed with jobs in their hands; the other kind finishes everything."""
    jobs = 200
    for victim_is_node in (True, False):
        server("FLUSHALL")
        ledger = Ledger()
        kinds = [Remote.node, Remote.under_test]
        victim = kinds[not victim_is_node](server.url, "victim")
        heir = kinds[victim_is_node](server.url, "heir")
        try:
            queue = heir.queue(QUEUE)
            taken = threading.Event()
            hands = []

            def hold(job):
                hands.append(job.id)
                if len(hands) == 5:
                    taken.set()
                job.cancelled.wait()

            # Without a stalled check of its own, which might take its jobs back before it is killed.
            victim.worker(QUEUE, hold, concurrency=5, lockDuration=1000, skipStalledCheck=True)
            added = queue.addBulk([{"name": "n", "data": {"n": n, "fails": 0}} for n in range(jobs)])
            assert taken.wait(30)
            victim.kill()
            heir.worker(QUEUE, ledger.processor("heir"), concurrency=5, inline=True, stalledInterval=100)
            eventually(lambda: queue.getCompletedCount() == jobs, patience=60, what=f"{jobs} completed jobs")
            assert ledger.succeeded == {job.id: 1 for job in added}
            assert sorted(job.id for job in queue.getCompleted() if job["stalledCounter"]) == sorted(hands)
        finally:
            heir.kill()
            victim.kill()


def test_a_crash_of_the_server_loses_nothing():
    """Killed and started again amid the work; a job may run twice then, but none is lost and all are counted once."""
    jobs = 600
    server = RedisServer(aof=True)
    ledger = Ledger()
    clients = [Remote.node(server.url, "node"), Remote.under_test(server.url, "cpp")]
    try:
        queues = [client.queue(QUEUE) for client in clients]
        added = queues[0].addBulk([{"name": "n", "data": {"n": n, "fails": 0}} for n in range(jobs)])
        for client in clients:
            client.worker(QUEUE, ledger.processor(client.name), concurrency=4, inline=True, lockDuration=1000,
                          stalledInterval=200, maxStalledCount=5, runRetryDelay=200)
        eventually(lambda: len(ledger.succeeded) > jobs / 10, what="work to interrupt")
        assert len(ledger.succeeded) < jobs, "too late to interrupt anything"
        server.restart(kill=True)
        eventually(lambda: server("ZCARD", f"bull:{QUEUE}:completed") == jobs, patience=60, what="all completed")
        assert set(ledger.succeeded) == {job.id for job in added}
        for queue in queues:
            assert queue.getJobCounts("completed", "failed", "active", "waiting") == {
                "completed": jobs, "failed": 0, "active": 0, "waiting": 0}
        lines = violations(Snapshot(server.client, QUEUE))
        assert not lines, "\n".join(lines)
    finally:
        for client in clients:
            client.kill()
        server.close()
