"""Locks, stalled jobs, cancelling, closing and pausing: a worker of one client beside the other client."""

import threading

import pytest

from pair import QUEUE, fail
from remote import Remote, RemoteError


def test_an_active_job_belongs_to_its_worker(pair):
    queue = pair.queue()
    job = queue.add("cars", {})
    gate = threading.Event()
    worker = pair.worker(lambda job: gate.wait(10) and "mine", events=["completed"])
    pair.state(queue, job.id, "active")
    assert queue.remove(job.id) == 0
    with pytest.raises(RemoteError, match="locked by another worker"):
        queue.job(job.id).remove()
    with pytest.raises(RemoteError, match="Lock mismatch"):
        queue.job(job.id).moveToCompleted("stolen", "token", False)
    gate.set()
    assert worker.events["completed"].wait()[0][1] == "mine"


def test_a_lock_is_renewed_while_the_job_runs(pair):
    queue = pair.queue()
    job = queue.add("cars", {})
    gate = threading.Event()
    # Longer than any process has to wait for its turn: the lock of one that does is lost.
    worker = pair.worker(lambda job: gate.wait(30) and "mine", lockDuration=3000, events=["completed", "locksRenewed"])
    pair.state(queue, job.id, "active")
    thief = pair.worker(lambda job: "stolen", client=pair.a, stalledInterval=50, events=["completed", "stalled"])
    # Each is a quarter of the lock after the one before: the lock that it began with would be over.
    renewed = worker.events["locksRenewed"].wait(5)
    assert renewed[0][0] == {"count": 1, "jobIds": [job.id]}
    gate.set()
    assert worker.events["completed"].wait()[0][1] == "mine"
    assert thief.events["stalled"].items == [] and thief.events["completed"].items == []


def test_the_job_of_a_killed_worker_is_taken_over(pair):
    queue = pair.queue()
    victim = (Remote.node if pair.b.name == "node" else Remote.under_test)(pair.server.url, "victim")
    taken = threading.Event()
    # Without a stalled check of its own, which might take its job back before it is killed.
    victim.worker(QUEUE, lambda job: taken.set() or job.cancelled.wait(), lockDuration=1000, skipStalledCheck=True)
    job = queue.add("cars", {})
    assert taken.wait(10)
    victim.kill()
    worker = pair.worker(lambda job: "taken over", client=pair.a, stalledInterval=100, events=["stalled"])
    done = pair.state(queue, job.id, "completed")
    assert (done["returnvalue"], done["stalledCounter"]) == ("taken over", 1)
    assert worker.events["stalled"].wait()[0] == [job.id, "active"]


def test_cancelling_a_job_tells_its_processor(pair):
    queue = pair.queue()
    job = queue.add("cars", {}, {"attempts": 3})

    # A job is active in Redis before its worker has read the answer that says so, and knows it.
    begun = threading.Event()

    def paint(job):
        begun.set()
        assert job.cancelled.wait(10)
        raise fail(f"cancelled: {job.cancel_reason}", "UnrecoverableError")

    worker = pair.worker(paint)
    assert begun.wait(10)
    assert worker.cancelJob("77", "no such job") is False
    assert worker.cancelJob(job.id, "out of paint") is True
    assert pair.state(queue, job.id, "failed")["failedReason"] == "cancelled: out of paint"


def test_cancelling_all_jobs(pair):
    queue = pair.queue()
    jobs = queue.addBulk([{"name": "n", "data": n} for n in range(3)])
    begun = threading.Semaphore(0)

    def paint(job):
        begun.release()
        return job.cancelled.wait(10) and job.cancel_reason

    worker = pair.worker(paint, concurrency=3)
    assert all(begun.acquire(timeout=10) for _ in jobs)
    worker.cancelAllJobs("closing time")
    for job in jobs:
        assert pair.state(queue, job.id, "completed")["returnvalue"] == "closing time"


def test_closing_a_worker_finishes_its_job_and_takes_no_other(pair):
    queue = pair.queue()
    gate = threading.Event()
    jobs = queue.addBulk([{"name": "n", "data": n} for n in range(2)])
    worker = pair.worker(lambda job: gate.wait(10) and "done", events=["closing", "closed"])
    pair.counts(queue, active=1)
    closing = worker.submit("close")
    worker.events["closing"].wait()
    gate.set()
    pair.b.wait(closing)
    assert queue.job(jobs[0].id).getState() == "completed"
    assert queue.job(jobs[1].id).getState() == "waiting"


def test_pausing_a_worker_is_its_own_affair(pair):
    queue = pair.queue()
    worker = pair.worker(lambda job: None, events=["completed", "paused", "resumed"])
    pair.idle()
    worker.pause()
    assert worker.isPaused() is True and queue.isPaused() is False
    queue.add("cars", {})
    assert queue.getWaitingCount() == 1
    worker.resume()
    worker.events["completed"].wait()
    assert len(worker.events["paused"].items) == len(worker.events["resumed"].items) == 1


def test_concurrency_changed_at_run_time(pair):
    queue = pair.queue()
    gate = threading.Event()
    worker = pair.worker(lambda job: gate.wait(10), concurrency=1)
    assert worker.get("concurrency") == 1
    worker.set("concurrency", 3)
    queue.addBulk([{"name": "n", "data": n} for n in range(5)])
    pair.counts(queue, active=3)
    gate.set()
    pair.counts(queue, completed=5)
