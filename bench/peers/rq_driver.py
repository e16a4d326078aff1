"""bench/bullmq/driver.mjs with RQ, which has a format of its own. A worker runs one job at a time, here without a fork
for each (SimpleWorker); several adds in flight are threads.
    rq_driver.py PORT SCENARIO JOBS AT_ONCE PAYLOAD_BYTES"""
import itertools
import json
import logging
import os
import resource
import signal
import sys
import threading
import time

from redis import Redis
from rq import Queue, SimpleWorker

import rq_job

WARM_UP_PART = 4  # as in the other drivers
# 16 and 100 took more processor time for an add than 4.
MOST_THREADS = 4
RESULT_DEADLINE = 60  # seconds

port, scenario, *numbers = sys.argv[1:]
jobs, at_once, payload_bytes = map(int, numbers)
text = "x" * max(0, payload_bytes - 24)
logging.getLogger("rq").setLevel(logging.ERROR)


def connection():
    return Redis(port=int(port))


def payload(number):
    return {"n": number, "text": text}


def wait_for_go():
    print("ready", flush=True)
    sys.stdin.readline()


def cpu_seconds():
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, kinds))


class Stopwatch:
    def __init__(self):
        self.cpu, self.began = cpu_seconds(), time.perf_counter()

    def report(self):
        seconds = time.perf_counter() - self.began
        return {"jobs": jobs, "seconds": seconds, "cpu_seconds": cpu_seconds() - self.cpu}


def add_all(name, count):
    queue = Queue(name, connection=connection())
    if scenario == "add":
        taken = itertools.count()

        def lane():
            while (number := next(taken)) < count:
                queue.enqueue(rq_job.nothing, payload(number))

        lanes = [threading.Thread(target=lane) for _ in range(min(at_once, MOST_THREADS))]
        for thread in lanes:
            thread.start()
        for thread in lanes:
            thread.join()
        return
    for begin in range(0, count, at_once):
        queue.enqueue_many([Queue.prepare_data(rq_job.nothing, (payload(number),))
                            for number in range(begin, min(begin + at_once, count))])


def process_all(name, count):
    SimpleWorker([name], connection=connection()).work(max_jobs=count, logging_level="ERROR")


def wait_for_results(queue, count):
    waits = []
    for number in range(count):
        began = time.perf_counter()
        job = queue.enqueue(rq_job.nothing, payload(number))
        if job.latest_result(timeout=RESULT_DEADLINE) is None:
            raise TimeoutError(job.id)
        waits.append(1e6 * (time.perf_counter() - began))
    return sorted(waits)


def with_worker(count, work):
    """What work() returns while a worker takes that many jobs; the worker has ended then, so its time is ours too."""
    worker = os.fork()
    if worker == 0:
        process_all("bench", count)
        os._exit(0)
    try:
        result = work()
    except BaseException:
        os.kill(worker, signal.SIGKILL)
        raise
    finally:
        os.waitpid(worker, 0)
    return result


def latency_scenario():
    queue = Queue("bench", connection=connection())
    warm_up = jobs // WARM_UP_PART
    with_worker(warm_up, lambda: wait_for_results(queue, warm_up))
    wait_for_go()
    watch = Stopwatch()
    waits = with_worker(jobs, lambda: wait_for_results(queue, jobs))
    quantiles = {name: waits[min(len(waits) - 1, int(q * len(waits)))] for name, q in (("p50_us", .5), ("p99_us", .99))}
    print(json.dumps(watch.report() | quantiles), flush=True)


def run(work):
    work("warm", jobs // WARM_UP_PART)
    if scenario == "fill":
        work("bench", jobs)
        return
    wait_for_go()
    watch = Stopwatch()
    work("bench", jobs)
    print(json.dumps(watch.report()), flush=True)


if scenario == "latency":
    latency_scenario()
else:
    run(process_all if scenario == "process" else add_all)
