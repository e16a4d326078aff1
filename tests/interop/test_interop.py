"""What one client writes the other understands: `a` adds and reads, `b` works, for both orders of Node and ours."""

import threading
import time

import pytest

import keyspace
from pair import QUEUE, fail
from parity_table import DEEP, NASTY, NUMBERS
from remote import RemoteError
from waiting import eventually

VALUES = [None, 0, 1.5, -1, True, False, "", "blue \"/\\ ž🎨", [], {}, [1, [2, None]], NASTY, NUMBERS, DEEP]
HOUR = 3600000


def test_the_worker_gets_the_job_as_it_was_added(pair):
    queue = pair.queue()
    added = queue.add("näme \"/\\", {"nasty": NASTY, "numbers": NUMBERS, "deep": DEEP},
                      {"jobId": "red", "attempts": 3, "backoff": {"type": "exponential", "delay": 7, "jitter": 0.5},
                       "keepLogs": 5, "removeOnFail": {"age": 9, "count": 8}, "timestamp": 1500000000000})
    seen = []
    pair.worker(lambda job: seen.append(job), events=["completed"]).events["completed"].wait()
    for field in ("id", "name", "data", "timestamp", "queueName"):
        assert seen[0][field] == added[field]
    for option in ("attempts", "backoff", "keepLogs", "removeOnFail", "timestamp"):
        assert seen[0]["opts"][option] == added["opts"][option]
    assert seen[0]["attemptsStarted"] == 1 and seen[0].token


def test_data_of_every_kind(pair):
    queue = pair.queue()
    jobs = queue.addBulk([{"name": "value", "data": value} for value in VALUES])
    seen = {}
    worker = pair.worker(lambda job: seen.update({job.id: job["data"]}), events=["completed"])
    worker.events["completed"].wait(len(VALUES))
    assert [seen[job.id] for job in jobs] == VALUES


def test_return_values_of_every_kind(pair):
    queue = pair.queue()
    jobs = queue.addBulk([{"name": "value", "data": n} for n in range(len(VALUES))])
    completed = pair.events("completed")["completed"]
    pair.worker(lambda job: VALUES[job["data"]])
    returned = {args[0]["jobId"]: args[0]["returnvalue"] for args in completed.wait(len(VALUES))}
    assert [returned[job.id] for job in jobs] == VALUES
    assert [queue.getJob(job.id)["returnvalue"] for job in jobs] == VALUES


def test_logs_and_progress_of_the_processor(pair):
    queue = pair.queue()
    progress = pair.events("progress")["progress"]
    job = queue.add("cars", {}, {"keepLogs": 2})

    def paint(job):
        job.updateProgress(10)
        job.updateProgress({"coat": 2, "of": [1, 2]})
        return [job.log(f"čára {n}") for n in range(3)]

    worker = pair.worker(paint, events=["completed", "progress"])
    worker.events["completed"].wait()
    assert queue.getJobLogs(job.id) == {"logs": ["čára 1", "čára 2"], "count": 2}
    assert queue.getJob(job.id)["progress"] == {"coat": 2, "of": [1, 2]}
    assert [args[0]["data"] for args in progress.wait(2)] == [10, {"coat": 2, "of": [1, 2]}]
    assert [args[1] for args in worker.events["progress"].wait(2)] == [10, {"coat": 2, "of": [1, 2]}]


def test_data_changed_by_the_processor(pair):
    queue = pair.queue()
    job = queue.add("cars", {"color": "blue"})
    pair.worker(lambda job: job.updateData({"color": "red"}), events=["completed"]).events["completed"].wait()
    assert queue.getJob(job.id)["data"] == {"color": "red"}


def test_events_of_a_life(pair):
    queue = pair.queue()
    events = pair.events("added", "waiting", "active", "completed", "failed", "delayed", "drained",
                         "retries-exhausted", "removed", "paused", "resumed", "cleaned", "duplicated")
    job = queue.add("cars", {}, {"attempts": 2, "backoff": 10})
    queue.add("again", {}, {"jobId": "twice"})
    queue.add("again", {}, {"jobId": "twice"})

    def paint(job):
        if job["name"] == "cars":
            raise fail()
        return "ok"

    pair.worker(paint)
    assert events["failed"].wait()[0][0] == {"jobId": job.id, "failedReason": "it broke", "prev": "active"}
    assert events["retries-exhausted"].wait()[0][0] == {"jobId": job.id, "attemptsMade": "2"}
    assert events["completed"].wait()[0][0] == {"jobId": "twice", "returnvalue": "ok", "prev": "active"}
    assert [args[0]["jobId"] for args in events["active"].wait(3)].count(job.id) == 2
    assert isinstance(events["delayed"].wait()[0][0]["delay"], (int, float))
    assert events["duplicated"].wait()[0][0] == {"jobId": "twice"}
    assert {"jobId": job.id, "name": "cars"} in [args[0] for args in events["added"].wait(2)]
    queue.pause()
    queue.resume()
    queue.clean(0, 10, "failed")
    for event in ("paused", "resumed", "cleaned", "drained", "waiting"):
        events[event].wait()


def test_failure_is_told_in_full(pair):
    queue = pair.queue()
    job = queue.add("cars", {}, {"attempts": 3, "stackTraceLimit": 2})

    def broken(job):
        raise fail(f"attempt {job['attemptsMade']} \"näh\"", "TypeError")

    worker = pair.worker(broken, events=["failed"], name="brush")
    worker.events["failed"].wait(3)
    failed = pair.state(queue, job.id, "failed")
    assert failed["failedReason"] == "attempt 2 \"näh\""
    assert [trace.splitlines()[0] for trace in failed["stacktrace"]] == [
        "TypeError: attempt 1 \"näh\"", "TypeError: attempt 2 \"näh\""]
    assert (failed["attemptsMade"], failed["attemptsStarted"], failed["processedBy"]) == (3, 3, "brush")


def test_unrecoverable_error_is_not_retried(pair):
    queue = pair.queue()
    job = queue.add("cars", {}, {"attempts": 5})

    def broken(job):
        raise fail("never again", "UnrecoverableError")

    pair.worker(broken)
    assert pair.state(queue, job.id, "failed")["attemptsMade"] == 1


def test_an_idle_worker_is_woken_at_once(pair):
    queue = pair.queue()
    worker = pair.worker(lambda job: None, events=["completed"], drainDelay=60)
    pair.idle()
    started = time.monotonic()
    queue.add("cars", {})
    worker.events["completed"].wait()
    assert time.monotonic() - started < 20, "it slept on until its block ended"


def test_a_delayed_job_runs_when_it_is_due(pair):
    queue = pair.queue()
    worker = pair.worker(lambda job: keyspace.now_ms(), events=["completed"], drainDelay=60)
    pair.idle()
    job = queue.add("cars", {}, {"delay": 300})
    ran = worker.events["completed"].wait()[0][1]
    # A block is cut to ten seconds where a delayed job is known: it would have slept through that or longer.
    assert 300 <= ran - job["timestamp"] < 9000


def test_a_nearer_delayed_job_wakes_the_worker(pair):
    queue = pair.queue()
    worker = pair.worker(lambda job: job["name"], events=["completed"], drainDelay=60)
    queue.add("later", {}, {"delay": HOUR})
    pair.idle()
    queue.add("sooner", {}, {"delay": 200})
    assert worker.events["completed"].wait(timeout=9)[0][1] == "sooner", "its block for the later one is ten seconds"


def test_order_of_priorities_and_lifo(pair):
    queue = pair.queue()
    for name, opts in (("p5", {"priority": 5}), ("p1", {"priority": 1}), ("plain", {}), ("lifo", {"lifo": True}),
                       ("p5 later", {"priority": 5}), ("p1 later", {"priority": 1})):
        queue.add(name, {}, opts)
    assert queue.getCountsPerPriority([0, 1, 5]) == {"0": 2, "1": 2, "5": 2}
    names = [args[0]["name"] for args in
             pair.worker(lambda job: None, events=["completed"]).events["completed"].wait(6)]
    assert names == ["lifo", "plain", "p1", "p1 later", "p5", "p5 later"]


def test_pause_and_resume_of_the_queue(pair):
    queue, other = pair.queue(), pair.queue(pair.b)
    worker = pair.worker(lambda job: None, events=["completed"])
    pair.idle()
    queue.pause()
    assert other.isPaused() is True
    queue.add("cars", {})
    pair.idle()
    assert worker.events["completed"].items == [] and other.getWaitingCount() == 1
    queue.resume()
    worker.events["completed"].wait()
    assert other.isPaused() is False


@pytest.mark.parametrize("opts", [{}, {"delay": 100}, {"priority": 3}], ids=["plain", "delayed", "priority"])
def test_wait_until_finished(pair, opts):
    queue = pair.queue()
    events = pair.keep(pair.a.queue_events(QUEUE))
    job = queue.add("cars", {}, opts)
    waiting = job.submit("waitUntilFinished", {"$ref": events.name}, 10000)
    pair.worker(lambda job: {"color": "blue"})
    assert pair.a.wait(waiting) == {"color": "blue"}
    assert job.waitUntilFinished({"$ref": events.name}) == {"color": "blue"}  # also afterwards


def test_wait_until_finished_of_a_failing_job(pair):
    queue = pair.queue()
    events = pair.keep(pair.a.queue_events(QUEUE))
    job = queue.add("cars", {})
    waiting = job.submit("waitUntilFinished", {"$ref": events.name}, 10000)

    def broken(job):
        raise fail("näh")

    pair.worker(broken)
    with pytest.raises(RemoteError) as refused:
        pair.a.wait(waiting)
    assert refused.value.message == "näh"


def test_metrics(pair):
    queue = pair.queue()
    queue.addBulk([{"name": "n", "data": n} for n in range(10)])

    def some_fail(job):
        if job["data"] >= 7:
            raise fail()

    pair.worker(some_fail, metrics={"maxDataPoints": 60})
    pair.counts(queue, completed=7, failed=3)
    completed, failed = queue.getMetrics("completed"), queue.getMetrics("failed")
    assert (completed["meta"]["count"], failed["meta"]["count"]) == (7, 3)
    assert "bullmq_job_completed_total" in queue.exportPrometheusMetrics()


def test_workers_are_listed(pair):
    queue = pair.queue()
    pair.worker(lambda job: None)
    pair.worker(lambda job: None, name="brush")
    pair.events("completed", client=pair.b)
    eventually(lambda: queue.getWorkersCount() == 2, what="two workers")
    assert {worker["name"] for worker in queue.getWorkers()} == {QUEUE}
    assert sorted(worker["rawname"] for worker in queue.getWorkers())[1].endswith(":w:brush")
    eventually(lambda: len(queue.getQueueEvents()) == 1, what="one QueueEvents")


def test_deduplication_across_clients(pair):
    first, second = pair.queue(), pair.queue(pair.b)
    job = first.add("cars", {}, {"deduplication": {"id": "d", "ttl": HOUR}})
    assert second.add("cars", {}, {"deduplication": {"id": "d", "ttl": HOUR}}).id == job.id
    assert second.getDeduplicationJobId("d") == job.id
    assert second.removeDeduplicationKey("d") == 1
    assert first.add("cars", {}, {"deduplication": {"id": "d"}}).id != job.id


def test_the_last_of_a_deduplicated_series_follows(pair):
    queue = pair.queue()
    gate, started, seen = threading.Event(), threading.Event(), []

    def paint(job):
        seen.append(job["data"])
        started.set()
        gate.wait(10)

    worker = pair.worker(paint, events=["completed"])
    for n in range(4):
        queue.add("cars", n, {"deduplication": {"id": "d", "keepLastIfActive": True}})
        started.wait(10)
    gate.set()
    worker.events["completed"].wait(2)
    assert seen == [0, 3]


def test_custom_events(pair):
    painted = pair.events("painted", client=pair.b)["painted"]
    pair.producer().publishEvent({"eventName": "painted", "color": "blue", "jobId": "7"})
    assert painted.wait()[0][0] == {"color": "blue", "jobId": "7"}


def test_global_concurrency(pair):
    queue = pair.queue()
    queue.setGlobalConcurrency(2)
    assert pair.queue(pair.b).getGlobalConcurrency() == 2
    gate, running, most = threading.Event(), [], []

    def paint(job):
        running.append(job.id)
        most.append(len(running))
        gate.wait(10)
        running.remove(job.id)

    worker = pair.worker(paint, concurrency=10, events=["completed"])
    queue.addBulk([{"name": "n", "data": n} for n in range(6)])
    eventually(lambda: len(running) == 2, what="two running jobs")
    assert queue.isMaxed() is True
    gate.set()
    worker.events["completed"].wait(6)
    assert max(most) == 2


def test_rate_limit_of_the_worker_seen_by_the_other(pair):
    queue = pair.queue()
    queue.addBulk([{"name": "n", "data": n} for n in range(4)])
    worker = pair.worker(lambda job: None, limiter={"max": 2, "duration": 3000}, events=["completed"])
    worker.events["completed"].wait(2)
    assert 0 < queue.getRateLimitTtl(2) <= 3000
    taken = [args[0]["processedOn"] for args in worker.events["completed"].wait(4)]
    assert taken[2] - taken[0] >= 2900


def test_rate_limit_of_the_queue_holds_for_the_worker(pair):
    queue = pair.queue()
    began = keyspace.now_ms()
    queue.rateLimit(400)
    queue.add("cars", {})
    worker = pair.worker(lambda job: keyspace.now_ms(), events=["completed"], limiter={"max": 99, "duration": 1000})
    assert worker.events["completed"].wait()[0][1] - began >= 390


def test_rate_limit_error_of_the_processor(pair):
    queue = pair.queue()
    job = queue.add("cars", {})
    calls = []

    def paint(job):
        calls.append(keyspace.now_ms())
        if len(calls) == 1:
            job.worker.rateLimit(300)
            raise fail("bullmq:rateLimitExceeded", "RateLimitError")

    pair.worker(paint)
    done = pair.state(queue, job.id, "completed")
    assert done["attemptsMade"] == 1 and calls[1] - calls[0] >= 290


def test_each_edits_jobs_of_the_other(pair):
    mine, theirs = pair.queue(), pair.queue(pair.b)
    job = mine.add("cars", {}, {"delay": HOUR})
    theirs.job(job.id).changeDelay(2 * HOUR)
    theirs.job(job.id).changePriority({"priority": 7})
    theirs.job(job.id).updateData({"new": True})
    seen = mine.getJob(job.id)
    assert (seen["delay"], seen["priority"], seen["data"]) == (2 * HOUR, 7, {"new": True})
    theirs.job(job.id).promote()
    assert mine.getPrioritizedCount() == 1
    assert theirs.remove(job.id) == 1
    assert mine.getJob(job.id) is None and mine.count() == 0


def test_retry_of_a_finished_job(pair):
    queue = pair.queue()
    job = queue.add("cars", {})
    calls = []

    def second_time_lucky(job):
        calls.append(job["attemptsMade"])
        if len(calls) == 1:
            raise fail()
        return "done"

    pair.worker(second_time_lucky)
    pair.state(queue, job.id, "failed")
    queue.job(job.id).retry("failed", {"resetAttemptsMade": True})
    assert pair.state(queue, job.id, "completed")["returnvalue"] == "done"
    assert calls == [0, 0]


def test_moved_to_delayed_by_the_processor(pair):
    queue = pair.queue()
    job = queue.add("cars", {"step": 1})

    def paint(job):
        if job["data"]["step"] == 1:
            job.updateData({"step": 2})
            job.moveToDelayed(keyspace.now_ms() + 200, job.token)
            raise fail("bullmq:movedToDelayed", "DelayedError")
        return "second step"

    pair.worker(paint)
    done = pair.state(queue, job.id, "completed")
    assert (done["returnvalue"], done["attemptsMade"], done["attemptsStarted"]) == ("second step", 1, 2)


def test_moved_to_wait_by_the_processor(pair):
    queue = pair.queue()
    job = queue.add("cars", {})

    def paint(job):
        if job["attemptsStarted"] == 1:
            job.moveToWait(job.token)
            raise fail("bullmq:movedToWait", "WaitingError")
        return "second time"

    pair.worker(paint)
    assert pair.state(queue, job.id, "completed")["returnvalue"] == "second time"


def test_flow(pair):
    queue = pair.queue()
    tree = pair.flows().add({"name": "car", "queueName": QUEUE, "data": {}, "children": [
        {"name": part, "queueName": QUEUE, "data": {"part": part}} for part in ("door", "roof")]})
    parent = tree["job"]
    assert queue.job(parent.id).getState() == "waiting-children"

    def build(job):
        return job.getChildrenValues() if job["name"] == "car" else job["data"]["part"].upper()

    pair.worker(build)
    assert sorted(pair.state(queue, parent.id, "completed")["returnvalue"].values()) == ["DOOR", "ROOF"]
    assert queue.job(parent.id).getDependenciesCount()["processed"] == 2


@pytest.mark.parametrize("policy, state", [
    ("failParentOnFailure", "failed"), ("ignoreDependencyOnFailure", "completed"),
    ("removeDependencyOnFailure", "completed"), ("continueParentOnFailure", "completed")])
def test_flow_whose_child_fails(pair, policy, state):
    queue = pair.queue()
    tree = pair.flows().add({"name": "car", "queueName": QUEUE, "data": {}, "children": [
        {"name": "door", "queueName": QUEUE, "data": {}, "opts": {policy: True}}]})

    def build(job):
        if job["name"] == "door":
            raise fail("no steel")
        return "built"

    pair.worker(build)
    pair.state(queue, tree["job"].id, state)


def test_job_scheduler(pair):
    queue = pair.queue()
    completed = pair.events("completed")["completed"]
    queue.upsertJobScheduler("tick", {"every": 100, "limit": 3}, {"name": "tick", "data": {"n": 1}})
    pair.worker(lambda job: job["data"])
    assert [args[0]["returnvalue"] for args in completed.wait(3)] == [{"n": 1}] * 3


def test_both_read_the_same(pair):
    mine, theirs = pair.queue(), pair.queue(pair.b)
    mine.addBulk([{"name": f"n{n}", "data": n, "opts": {"delay": HOUR * (n % 2), "priority": n % 3}}
                  for n in range(12)])
    worker = pair.worker(lambda job: job["data"], events=["completed"], name="brush")
    worker.events["completed"].wait(6)
    worker.close()
    for ask in (("getJobCounts",), ("count",), ("getMeta",), ("getVersion",), ("getCountsPerPriority", [0, 1, 2]),
                ("getJobs", [], 0, -1, True), ("getCompleted",), ("getDelayed", 1, 3), ("getJob", "1"),
                ("exportPrometheusMetrics",), ("getJobLogs", "1"), ("getMetrics", "completed")):
        answers = [queue.call(*ask) for queue in (mine, theirs)]
        fields = [keyspace.text(strip(answer), keyspace.now_ms()) for answer in answers]
        lines = keyspace.differences(*fields, pair.a.name, pair.b.name, path=ask[0])
        assert not lines, "\n".join(lines)


def strip(answer):
    """Jobs as their fields; a field that one client leaves out and the other gives as nothing is the same."""
    if isinstance(answer, list):
        return [strip(item) for item in answer]
    if hasattr(answer, "fields"):
        return {key: value for key, value in answer.fields.items() if value not in (None, [], "")}
    return answer
