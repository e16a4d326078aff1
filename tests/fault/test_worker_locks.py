"""Locks: kept while a processor burns CPU, lost and told, given back at closing; and the jobs of a dead worker."""

import time

import pytest

from load import QUEUE, Ledger, add_jobs, all_completed, check, finished, number
from program import WorkerProgram
from redis_server import Resp
from waiting import eventually

BURN = number("SHUNT_FAULT_BURN_MS", 5000)


def queue_of(remotes, server):
    return remotes("node", server.url).queue(QUEUE)


def state_of(queue, id, wanted, timeout=30):
    eventually(lambda: queue.job(id).getState() == wanted, patience=timeout, what=f"job {id} in {wanted}")
    return queue.getJob(id)


def test_a_processor_that_burns_cpu_for_several_lock_durations_keeps_its_job(server, remotes):
    node = remotes("node", server.url)
    queue = node.queue(QUEUE)
    with WorkerProgram(server.url, work=f"burn:{BURN}", lock=2000, stall=200) as program:
        program.wait("ready")
        job = queue.add("paint", {})
        program.wait("start", job.id)
        thief = node.worker(QUEUE, lambda job: "stolen", events=["completed", "stalled", "active"], stalledInterval=200,
                            lockDuration=2000)
        assert state_of(queue, job.id, "completed", timeout=30 + BURN / 1000)["returnvalue"] == "burn"
        assert thief.events["active"].items == [] and thief.events["stalled"].items == []
        assert program.said("lost") == [] and program.said("stop") == []


def test_a_lost_lock_stops_the_job_and_says_when_it_was_last_renewed(server, remotes):
    queue = queue_of(remotes, server)
    with WorkerProgram(server.url, work="hold", lock=1000, stall=60000) as program:
        asked = time.monotonic()
        job = queue.add("paint", {})
        program.wait("start", job.id)
        server("SET", f"bull:{QUEUE}:{job.id}:lock", "somebody else")
        program.wait("stop", job.id)
        # The second time by the end, which may be here already.
        told, lost = program.wait("lost", job.id)[0]
        assert 0 <= int(lost[2]) <= (told - asked) * 1000 and lost[3] == "1000"
        # Its end is refused: the job belongs to somebody else.
        program.wait("error", "Lock", "mismatch", "for", "job", f"{job.id}.")
        assert queue.job(job.id).getState() == "active"
        assert program.said("failed") == [] and program.said("completed") == []


def test_a_lock_that_expired_while_redis_was_away_is_taken_again_if_nobody_has_the_job(aof_server, remotes):
    """An outage longer than the lock's duration does not run the jobs in process a second time."""
    server = aof_server
    queue = queue_of(remotes, server)
    with WorkerProgram(server.url, work="sleep:10000", lock=1000, stall=60000) as program:
        job = queue.add("paint", {})
        program.wait("start", job.id)
        server.kill()
        # Redis notes when a lock expires, so it is gone when the server comes back later than that.
        down = time.monotonic()
        eventually(lambda: time.monotonic() - down > 2, what="an outage of two lock durations")
        server.start()
        eventually(lambda: server("EXISTS", f"bull:{QUEUE}:{job.id}:lock") == 1, what="the lock again")
        done = state_of(queue, job.id, "completed")
        assert done["attemptsStarted"] == 1 and done["stalledCounter"] in (None, 0)
        assert program.said("stop") == [] and len(program.said("start")) == 1


def test_every_job_of_a_worker_killed_with_a_hundred_of_them_is_run_again_in_time(server, remotes):
    lock, stall, jobs = 3000, 500, 100
    ledger = Ledger()
    queue = queue_of(remotes, server)
    ids = add_jobs(queue, jobs)
    program = WorkerProgram(server.url, work="hold", concurrency=jobs, lock=lock, stall=stall)
    heir = remotes("cpp", server.url)
    try:
        program.wait("start", count=jobs)
        heir.worker(QUEUE, ledger.processor, concurrency=20, inline=True, lockDuration=10000, stalledInterval=stall)
        program.kill()
        died = time.monotonic()
        all_completed(server, jobs, timeout=30)
        took = time.monotonic() - died
        print(f"{jobs} jobs of a dead worker were done again {took:.2f} s after its death (lock {lock} ms, "
              f"stalled check every {stall} ms)")
        # The lock expires, the next check notes its jobs, the one after that moves them; and slack for the machine, with
        # which it is still less than one lock or one pause between checks of the defaults.
        assert took < (lock + 2 * stall) / 1000 + 15
        check(server, ids)
        assert ledger.started == {id: 1 for id in ids}
        assert all(job["stalledCounter"] == 1 for job in queue.getCompleted())
    finally:
        program.kill()


def test_a_job_that_takes_too_long_is_cancelled_and_fails_with_the_reason(server, remotes):
    queue = queue_of(remotes, server)
    with WorkerProgram(server.url, work="hold", timeout=300) as program:
        job = queue.add("paint", {}, {"attempts": 2})
        state_of(queue, job.id, "failed")
        failed = queue.getJob(job.id)
        assert failed["failedReason"] == "job timed out after 300 ms" and failed["attemptsMade"] == 2
        assert len(program.said("stop", job.id)) == 2


def test_a_processor_that_ignores_its_timeout_is_given_up_after_the_grace(server, remotes):
    queue = queue_of(remotes, server)
    with WorkerProgram(server.url, work="deaf:6000", timeout=200, grace=200) as program:
        job = queue.add("paint", {})
        state_of(queue, job.id, "failed")
        assert program.said("end") == []
        program.wait("end", job.id)  # what it returns in the end changes nothing
        assert queue.job(job.id).getState() == "failed"
        assert program.said("completed") == []


def test_a_cancelled_job_fails_with_the_given_reason(server, remotes):
    queue = queue_of(remotes, server)
    with WorkerProgram(server.url, work="hold") as program:
        job = queue.add("paint", {})
        program.wait("start", job.id)
        program.tell("cancel 77 nobody")
        program.wait("cancel-returned", "0")
        program.tell(f"cancel {job.id} out of paint")
        program.wait("cancel-returned", "1")
        assert state_of(queue, job.id, "failed")["failedReason"] == "out of paint"


@pytest.mark.parametrize("work", ["throw", "rude"])
def test_whatever_a_processor_throws_the_worker_goes_on(server, remotes, work):
    queue = queue_of(remotes, server)
    with WorkerProgram(server.url, work=work, concurrency=2) as program:
        add_jobs(queue, 20)
        eventually(lambda: finished(server, "failed") == 20, what="20 failed jobs")
        assert program.said("error") == []


def test_closing_with_a_deadline_gives_jobs_back_and_another_worker_starts_them_at_once(server, remotes):
    ledger = Ledger()
    queue = queue_of(remotes, server)
    ids = add_jobs(queue, 5)
    # "deaf": it will not end for being asked to, so its job has to be taken out of its hands.
    with WorkerProgram(server.url, work="deaf:60000", concurrency=5, grace=300) as program:
        program.wait("start", count=5)
        heir = remotes("cpp", server.url)
        heir.worker(QUEUE, ledger.processor, inline=True, concurrency=5)
        eventually(lambda: any("cmd=bzpopmin" in line for line in server("CLIENT", "LIST").splitlines()), what="an heir")
        begun = time.monotonic()
        program.tell("close 200")
        program.wait("close-returned")
        closed = time.monotonic()
        # The locks last 30 s, and so does a pause between two stalled checks.
        all_completed(server, 5, timeout=20)
        print(f"closed after {closed - begun:.2f} s; given back, and done elsewhere {time.monotonic() - begun:.2f} s "
              f"after close(200 ms) with a grace of 300 ms")
        assert len(program.said("stop")) == 5
        check(server, ids)
        assert all(job["attemptsMade"] == 1 and job["stalledCounter"] in (None, 0) for job in queue.getCompleted())
        program.kill()


def test_a_worker_may_be_closed_by_its_own_processor(server, remotes):
    queue = queue_of(remotes, server)
    with WorkerProgram(server.url, work="closes", grace=200) as program:
        job = queue.add("paint", {})
        program.wait("closed")
        assert queue.job(job.id).getState() in ("waiting", "failed")
        assert server("EXISTS", f"bull:{QUEUE}:{job.id}:lock") == 0


def test_closing_twice_obeys_the_shorter_deadline(server, remotes):
    queue = queue_of(remotes, server)
    with WorkerProgram(server.url, work="hold") as program:
        queue.add("paint", {})
        program.wait("start")
        program.tell("close")
        program.tell("close 100")
        program.wait("close-returned", count=2)
        assert len(program.said("closed")) == 1


def test_closing_does_not_wait_for_a_redis_that_is_away(server, remotes):
    with WorkerProgram(server.url, work="quick") as program:
        program.wait("ready")
        server.stop()
        program.wait("error")
        begun = time.monotonic()
        program.tell("close")
        program.wait("close-returned")
        assert time.monotonic() - begun < 10


def test_a_worker_that_is_destroyed_leaves_its_job_to_the_stalled_check(server, remotes):
    ledger = Ledger()
    queue = queue_of(remotes, server)
    with WorkerProgram(server.url, work="hold", lock=1000, lifetime="destroy") as program:
        job = queue.add("paint", {})
        program.wait("start", job.id)
        program.end()
        assert program.said("stop", job.id)
    assert queue.job(job.id).getState() == "active"
    remotes("cpp", server.url).worker(QUEUE, ledger.processor, inline=True, stalledInterval=300)
    all_completed(server, 1)


def test_a_paused_worker_gives_up_its_wait_at_once_and_goes_on_when_resumed(server, remotes):
    queue = queue_of(remotes, server)
    with WorkerProgram(server.url, work="quick", drain=60000) as program:
        program.wait("ready")
        eventually(lambda: any("cmd=bzpopmin" in line for line in server("CLIENT", "LIST").splitlines()), what="idle")
        begun = time.monotonic()
        program.tell("pause")
        program.wait("pause-returned")
        assert time.monotonic() - begun < 20, "it slept on until its block ended"
        job = queue.add("paint", {})
        program.tell("resume")
        program.wait("completed", job.id)
