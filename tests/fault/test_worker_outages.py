"""Redis goes away under a worker, in every way that it can: nothing is lost, and each job is completed once.

SHUNT_FAULT_JOBS: jobs of a test (1500). SHUNT_FAULT_SUSPEND: seconds of SIGSTOP (3; a long run takes 20).
"""

import threading
import time

import pytest

from load import QUEUE, Ledger, add_jobs, all_completed, check, finished, number
from redis_server import RedisServer
from waiting import eventually

JOBS = number("SHUNT_FAULT_JOBS", 1500)
# The stream keeps all events: they are the record of what happened.
STREAM = {"streams": {"events": {"maxLen": 100 * JOBS}}}
PATIENT = {"lockDuration": 3000, "stalledInterval": 1000, "maxStalledCount": 100, "concurrency": 20}


def worker(remote, ledger, **opts):
    return remote.worker(QUEUE, ledger.processor, events=["error"], inline=True, **{**PATIENT, **opts})


def test_a_worker_that_starts_without_redis_works_as_soon_as_it_is_there(remotes):
    server = RedisServer()
    server.stop()
    ledger = Ledger()
    cpp = remotes("cpp", server.url)
    try:
        made = worker(cpp, ledger)
        made.events["error"].wait(2)  # it has tried, and failed
        assert cpp.process.poll() is None
        server.start()
        queue = remotes("node", server.url).queue(QUEUE, **STREAM)
        begun = time.monotonic()
        ids = add_jobs(queue, 50)
        all_completed(server, len(ids), timeout=20)
        print(f"worked {time.monotonic() - begun:.1f} s after Redis was there")
        check(server, ids)
    finally:
        server.close()


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_jobs_that_node_added_survive_a_restart_of_redis_amid_the_work(aof_server, remotes, kill):
    """Node adds, the native worker processes, redis-server dies, nothing is lost."""
    server = aof_server
    ledger = Ledger(takes=0.002)
    queue = remotes("node", server.url).queue(QUEUE, **STREAM)
    ids = add_jobs(queue, JOBS)
    worker(remotes("cpp", server.url), ledger)
    for round in range(1, 4):
        eventually(lambda: len(ledger.ended) > JOBS * round / 5, patience=60, what="work to interrupt")
        assert len(ledger.ended) < JOBS, "too late to interrupt anything"
        server.restart(kill=kill)
    all_completed(server, JOBS)
    check(server, ids)
    assert set(ledger.ended) == set(ids)
    print(f"{JOBS} jobs over 3 restarts, {ledger.again} run again")


def test_a_suspended_redis_loses_nothing(server, remotes):
    seconds = number("SHUNT_FAULT_SUSPEND", 3)
    ledger = Ledger()
    queue = remotes("node", server.url).queue(QUEUE, **STREAM)
    ids = add_jobs(queue, JOBS)
    worker(remotes("cpp", server.url), ledger)
    eventually(lambda: len(ledger.ended) > JOBS / 5, what="work to interrupt")
    server.suspend()
    threading.Event().wait(seconds)  # the outage itself, not a wait for something
    server.wake()
    begun = time.monotonic()
    all_completed(server, JOBS, timeout=90)
    print(f"suspended {seconds} s; done {time.monotonic() - begun:.1f} s later, {ledger.again} run again")
    check(server, ids)


def test_a_full_redis_stops_the_work_and_more_memory_lets_it_go_on(server, remotes):
    ledger = Ledger()
    queue = remotes("node", server.url).queue(QUEUE, **STREAM)
    ids = add_jobs(queue, JOBS)
    made = worker(remotes("cpp", server.url), ledger)
    eventually(lambda: len(ledger.ended) > JOBS / 5, what="work to interrupt")
    server("CONFIG", "SET", "maxmemory", "1mb")
    made.events["error"].until(lambda items: any("OOM" in item[0]["message"] for item in items), "of memory")
    server("CONFIG", "SET", "maxmemory", "0")
    all_completed(server, JOBS)
    check(server, ids)


def test_a_wrong_password_is_told_and_a_mended_one_lets_the_work_begin(server, remotes):
    ledger = Ledger()
    queue = remotes("node", server.url).queue(QUEUE, **STREAM)
    ids = add_jobs(queue, 50)
    server("CONFIG", "SET", "requirepass", "right")
    server("AUTH", "right")
    cpp = remotes("cpp", f"redis://:right-soon@127.0.0.1:{server.port}")
    made = worker(cpp, ledger)
    made.events["error"].until(
        lambda items: any("WRONGPASS" in item[0]["message"] or "invalid" in item[0]["message"] for item in items),
        "of the password")
    assert not any("right-soon" in str(item) for item in made.events["error"].items), "a password in a message"
    server("CONFIG", "SET", "requirepass", "right-soon")
    all_completed(server, len(ids), timeout=30)
    check(server, ids)


def test_scripts_that_redis_forgets_under_load_are_loaded_again(server, remotes):
    ledger = Ledger()
    queue = remotes("node", server.url).queue(QUEUE, **STREAM)
    ids = add_jobs(queue, JOBS)
    made = worker(remotes("cpp", server.url), ledger)
    flushes = 0
    while finished(server) < JOBS:
        server("SCRIPT", "FLUSH")
        flushes += 1
    assert flushes > 10
    check(server, ids)
    assert made.events["error"].items == []
    assert ledger.again == 0
