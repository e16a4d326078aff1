"""What one client writes the other understands: `a` adds and reads, `b` works, for both orders of ours and a peer.

What a peer itself does differently from Node is written beside the expectation, and listed in README.md.
"""

import json

import pytest

from pair import QUEUE, fail
from waiting import eventually

HOUR = 3600000
NASTY = {"quote\"": "back\\slash", "ž🎨": "line\nbreak", "nested": {"list": [1, [2, {"three": None}], True]}}
VALUES = ["blue \"/\\ ž🎨", 0, 1.5, -1, True, [1, [2, None]], {}, NASTY]


def now_ms(pair):
    seconds, micros = pair.server("TIME")
    return int(seconds) * 1000 + int(micros) // 1000


def finished(pair, queue, count):
    def done():
        counts = queue.getJobCounts("completed", "failed")
        return counts["completed"] + counts["failed"] == count
    eventually(done, what=f"{count} finished jobs")


def test_the_worker_gets_the_job_as_it_was_added(pair):
    queue = pair.queue()
    added = queue.add("näme \"/\\", NASTY, {"jobId": "red", "attempts": 3, "timestamp": 1500000000000,
                                           "backoff": {"type": "exponential", "delay": 7}})
    seen = []
    pair.worker(seen.append)
    pair.state(queue, "red", "completed")
    for field in ("id", "name", "data", "timestamp"):
        assert seen[0][field] == added[field], field
    for option in ("attempts", "backoff"):
        assert seen[0]["opts"][option] == added["opts"][option], option
    assert seen[0]["attemptsStarted"] == 1 and seen[0].token


def test_data_and_results_of_every_kind(pair):
    queue = pair.queue()
    jobs = queue.addBulk([{"name": "value", "data": value} for value in VALUES])
    seen = {}

    def echo(job):
        seen[job.id] = job["data"]
        return job["data"]

    pair.worker(echo)
    finished(pair, queue, len(VALUES))
    assert [seen[job.id] for job in jobs] == VALUES
    assert [queue.getJob(job.id)["returnvalue"] for job in jobs] == VALUES


def test_progress_and_logs_of_the_processor(pair):
    queue = pair.queue()
    progress = pair.events("progress")["progress"]
    job = queue.add("cars", {})

    def paint(job):
        job.updateProgress(10)
        job.updateProgress({"coat": 2, "of": [1, 2]})
        for n in range(3):
            job.log(f"čára {n}")

    pair.worker(paint)
    done = pair.state(queue, job.id, "completed")
    assert done["progress"] == {"coat": 2, "of": [1, 2]}
    assert queue.getJobLogs(job.id) == {"logs": ["čára 0", "čára 1", "čára 2"], "count": 3}
    assert [args[0]["data"] for args in progress.wait(2)] == [10, {"coat": 2, "of": [1, 2]}]


def test_logs_are_kept_up_to_a_limit_but_rust_neither_writes_nor_reads_it(pair):
    queue = pair.queue()
    job = queue.add("cars", {}, {"keepLogs": 2})
    pair.worker(lambda job: [job.log(f"coat {n}") for n in range(3)])
    pair.state(queue, job.id, "completed")
    ignored = "rust" in (pair.a.name, pair.b.name)
    assert queue.getJobLogs(job.id)["logs"] == ["coat 0", "coat 1", "coat 2"][0 if ignored else 1:]


def test_data_changed_by_the_processor(pair):
    queue = pair.queue()
    job = queue.add("cars", {"color": "blue"})
    pair.worker(lambda job: job.updateData({"color": "red"}))
    assert pair.state(queue, job.id, "completed")["data"] == {"color": "red"}


def test_a_failure_is_told_in_full(pair):
    queue = pair.queue()
    job = queue.add("cars", {}, {"attempts": 2})

    def broken(job):
        raise fail(f"attempt {job['attemptsMade']} \"näh\"")

    pair.worker(broken)
    failed = pair.state(queue, job.id, "failed")
    assert failed["failedReason"] == "attempt 1 \"näh\""
    assert (failed["attemptsMade"], failed["attemptsStarted"]) == (2, 2)


def test_a_stack_for_each_attempt_is_kept_but_rust_writes_none(pair):
    queue = pair.queue()
    job = queue.add("cars", {}, {"attempts": 2})

    def broken(job):
        raise fail("näh")

    pair.worker(broken)
    failed = pair.state(queue, job.id, "failed")
    stacks = json.loads(pair.server("HGET", f"bull:{QUEUE}:{job.id}", "stacktrace") or "[]")
    assert ["näh" in stack for stack in stacks] == ([] if pair.b.name == "rust" else [True, True])
    if pair.a.name == "cpp":
        assert (failed["stacktrace"] or []) == stacks


@pytest.mark.parametrize("kind, waits", [("fixed", [150, 150]), ("exponential", [150, 300])])
def test_retries_wait_for_their_backoff(pair, kind, waits):
    queue = pair.queue()
    job = queue.add("cars", {}, {"attempts": 3, "backoff": {"type": kind, "delay": 150}})
    ran = []

    def third_time_lucky(job):
        ran.append(now_ms(pair))
        if len(ran) < 3:
            raise fail()
        return "lucky"

    pair.worker(third_time_lucky)
    done = pair.state(queue, job.id, "completed")
    assert (done["returnvalue"], done["attemptsMade"]) == ("lucky", 3)
    assert all(later - sooner >= wait - 5 for sooner, later, wait in zip(ran, ran[1:], waits))


def test_unrecoverable_error_is_not_retried(pair):
    queue = pair.queue()
    job = queue.add("cars", {}, {"attempts": 5})

    def broken(job):
        raise fail("never again", "UnrecoverableError")

    pair.worker(broken)
    failed = pair.state(queue, job.id, "failed")
    assert (failed["failedReason"], failed["attemptsMade"]) == ("never again", 1)


def test_a_delayed_job_runs_when_it_is_due(pair):
    queue = pair.queue()
    pair.worker(lambda job: now_ms(pair))
    pair.idle()
    job = queue.add("cars", {}, {"delay": 400})
    assert queue.job(job.id).getState() == "delayed"
    assert 395 <= pair.state(queue, job.id, "completed")["returnvalue"] - job["timestamp"] < 5000


def test_order_of_priorities_and_lifo(pair):
    queue = pair.queue()
    for name, opts in (("p5", {"priority": 5}), ("p1", {"priority": 1}), ("plain", {}), ("lifo", {"lifo": True}),
                       ("p5 later", {"priority": 5}), ("p1 later", {"priority": 1})):
        queue.add(name, {}, opts)
    names = []
    pair.worker(lambda job: names.append(job["name"]))
    finished(pair, queue, 6)
    assert names == ["lifo", "plain", "p1", "p1 later", "p5", "p5 later"]


def test_events_of_a_life(pair):
    events = pair.events("added", "waiting", "active", "completed", "failed", "delayed", "retries-exhausted",
                         "duplicated", "paused", "resumed", "drained")
    queue = pair.queue()
    job = queue.add("cars", {}, {"attempts": 2, "backoff": {"type": "fixed", "delay": 10}})
    queue.add("again", {}, {"jobId": "twice"})
    queue.add("again", {}, {"jobId": "twice"})

    def paint(job):
        if job["name"] == "cars":
            raise fail()
        return "ok"

    pair.worker(paint)
    failed = events["failed"].wait()[0][0]
    assert (failed["jobId"], failed["failedReason"]) == (job.id, "it broke")
    completed = events["completed"].wait()[0][0]
    assert (completed["jobId"], completed["returnvalue"]) == ("twice", "ok")
    assert events["retries-exhausted"].wait()[0][0]["attemptsMade"] == "2"
    assert [args[0]["jobId"] for args in events["active"].wait(3)].count(job.id) == 2
    assert events["duplicated"].wait()[0][0]["jobId"] == "twice"
    assert events["delayed"].wait()[0][0]["jobId"] == job.id
    assert [args[0]["name"] for args in events["added"].wait(2)] == ["cars", "again"]
    queue.pause()
    queue.resume()
    for event in ("waiting", "drained", "paused", "resumed"):
        events[event].wait()


def test_deduplication_across_clients(pair):
    first, second = pair.queue(), pair.queue(pair.b)
    deduplicated = pair.events("deduplicated")["deduplicated"]
    job = first.add("cars", {}, {"deduplication": {"id": "d", "ttl": HOUR}})
    again = second.add("cars", {}, {"deduplication": {"id": "d", "ttl": HOUR}})
    assert again.id == job.id
    assert second.getDeduplicationJobId("d") == first.getDeduplicationJobId("d") == job.id
    seen = deduplicated.wait()[0][0]
    assert seen["jobId"] == job.id
    assert second.add("cars", {}, {"deduplication": {"id": "other"}}).id != job.id


def test_named_workers_are_listed_but_by_python_which_names_its_connections_otherwise(pair):
    queue = pair.queue()
    pair.worker(lambda job: None, name="brush")
    if "python" in (pair.a.name, pair.b.name):
        eventually(lambda: "brush" in pair.server("CLIENT", "LIST"), what="the worker's connection")
        assert queue.getWorkers() == []
        return
    eventually(lambda: [worker["rawname"].split(":w:")[-1] for worker in queue.getWorkers()] == ["brush"],
               what="the worker brush")
    assert queue.getWorkers()[0]["name"] == QUEUE


def test_the_job_tells_which_worker_had_it_but_python_does_not_write_that(pair):
    queue = pair.queue()
    pair.worker(lambda job: None, name="brush")
    job = queue.add("cars", {})
    pair.state(queue, job.id, "completed")
    assert pair.server("HGET", f"bull:{QUEUE}:{job.id}", "pb") == (None if pair.b.name == "python" else "brush")


def test_pause_and_resume_of_the_queue(pair):
    queue, other = pair.queue(), pair.queue(pair.b)
    seen = []
    pair.worker(lambda job: seen.append(job.id))
    pair.idle()
    queue.pause()
    assert other.isPaused() is True
    job = queue.add("cars", {})
    pair.idle()
    assert seen == [] and other.getJobCounts("waiting")["waiting"] == 1
    queue.resume()
    pair.state(queue, job.id, "completed")
    assert other.isPaused() is False


def test_each_edits_jobs_of_the_other(pair):
    mine, theirs = pair.queue(), pair.queue(pair.b)
    job = mine.add("cars", {"color": "blue"}, {"delay": HOUR})
    theirs.job(job.id).updateData({"color": "red"})
    assert mine.getJob(job.id)["data"] == {"color": "red"}
    theirs.job(job.id).promote()
    assert mine.job(job.id).getState() == "waiting"


def test_a_failed_job_is_retried_by_the_other(pair):
    queue, other = pair.queue(), pair.queue(pair.b)
    job = queue.add("cars", {})
    calls = []

    def second_time_lucky(job):
        calls.append(job.id)
        if len(calls) == 1:
            raise fail()
        return "done"

    pair.worker(second_time_lucky)
    pair.state(queue, job.id, "failed")
    other.job(job.id).retry()
    assert pair.state(queue, job.id, "completed")["returnvalue"] == "done"
