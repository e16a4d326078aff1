"""An idle worker learns of work: also when its wake-up is lost, or its connection hangs."""

import time

from load import QUEUE, Ledger, add_jobs, all_completed, check
from proxy import StallingProxy
from waiting import eventually


def idle(server):
    eventually(lambda: any("cmd=bzpopmin" in line and " flags=b" in line
                           for line in server("CLIENT", "LIST").splitlines()), what="an idle worker")


def test_a_blocked_connection_that_hangs_is_noticed_and_replaced(server, remotes):
    ledger = Ledger()
    proxy = StallingProxy(server.port)
    queue = remotes("node", server.url).queue(QUEUE)
    try:
        remotes("cpp", proxy.url).worker(QUEUE, ledger.processor, inline=True, drainDelay=1)
        idle(server)
        proxy.stall()
        begun = time.monotonic()
        ids = add_jobs(queue, 10)
        all_completed(server, 10, timeout=40)
        print(f"all connections silent; done after {time.monotonic() - begun:.1f} s")
        check(server, ids)
    finally:
        proxy.close()


def test_delayed_jobs_run_on_time_with_idle_workers(server, remotes):
    late = []
    cpp = remotes("cpp", server.url)
    queue = remotes("node", server.url).queue(QUEUE)
    workers = [cpp.worker(QUEUE, lambda job: late.append(time.time() * 1000 - job["timestamp"] - job["data"]),
                          inline=True, drainDelay=60) for _ in range(2)]
    idle(server)
    for delay in (300, 900, 1500, 100, 700):
        queue.add("paint", delay, {"delay": delay})
    all_completed(server, 5, timeout=20)
    print(f"late by {sorted(round(ms) for ms in late)} ms, {len(workers)} workers")
    # A block is cut to ten seconds where a delayed job is known: a worker that misses one sleeps through that or longer.
    assert min(late) >= -1 and max(late) < 9000


def test_jobs_run_when_their_wake_up_is_lost(server, remotes):
    """Somebody else takes the marker and does not fetch: an idle worker looks by itself."""
    ledger = Ledger()
    queue = remotes("node", server.url).queue(QUEUE)
    remotes("cpp", server.url).worker(QUEUE, ledger.processor, inline=True, drainDelay=1)
    idle(server)
    server("CLIENT", "PAUSE", 1, "WRITE")  # the worker's block begins anew under it; either order is fine
    job, delayed = queue.add("paint", 1), queue.add("paint", 2, {"delay": 300})
    server("DEL", f"bull:{QUEUE}:marker")
    begun = time.monotonic()
    all_completed(server, 2, timeout=20)
    print(f"done {time.monotonic() - begun:.1f} s after the marker was lost")
    check(server, [job.id, delayed.id])


def test_a_worker_that_goes_passes_the_wake_up_on(server, remotes):
    """Workers come and go while single jobs are added: the one that takes a wake-up and closes leaves none asleep."""
    ledger = Ledger()
    queue = remotes("node", server.url).queue(QUEUE)
    cpp = remotes("cpp", server.url)
    cpp.worker(QUEUE, ledger.processor, inline=True, drainDelay=60)
    ids = []
    for n in range(30):
        leaver = cpp.worker(QUEUE, ledger.processor, inline=True, drainDelay=60)
        eventually(lambda: sum("cmd=bzpopmin" in line and " flags=b" in line
                               for line in server("CLIENT", "LIST").splitlines()) == 2, what="two idle workers")
        closing = leaver.submit("close")
        ids.append(queue.add("paint", n).id)
        cpp.wait(closing)
        # Sooner than its block ends: it has not slept on.
        all_completed(server, len(ids), timeout=20)
    check(server, ids)
