"""Runs one client through one scenario, on a redis-server of the benchmark's own."""
import contextlib
import json
import os
import subprocess
import time

from redis_server import RedisServer
from scenarios import WARM_UP_PART

FEWEST_JOBS = 100
BULK = 1_000  # jobs a call, by which a queue is filled
SHARED_DEADLINE = 300  # seconds


class Bench:
    """Redis has the first processor, the client the second."""

    def __init__(self, scale, payload):
        self.scale, self.payload = scale, payload
        self.redis = RedisServer()
        if os.cpu_count() > 1:
            os.sched_setaffinity(self.redis.process.pid, {0})

    def close(self):
        self.redis.close()

    def version(self):
        return self.redis.client.info()["redis_version"]

    def redis_cpu(self):
        info = self.redis.client.info()
        return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])

    def payload_of(self, scenario):
        return scenario.payload or self.payload

    def jobs_of(self, scenario, client):
        return max(FEWEST_JOBS, int(scenario.jobs * self.scale * client.part))

    def run(self, client, filler, scenario):
        """What the drivers tell of their work, and the processor time that Redis spent on it. filler is the client
        that adds what is to be processed."""
        jobs = self.jobs_of(scenario, client)
        self.redis("FLUSHALL")
        if scenario.kind in ("process", "share"):
            subprocess.run(self.command(filler, scenario, "fill", jobs, BULK), check=True)
        with contextlib.ExitStack() as stack:
            drivers = [stack.enter_context(self.driver(client, scenario, jobs // scenario.workers))
                       for _ in range(scenario.workers)]
            for driver in drivers:
                if driver.stdout.readline().strip() != "ready":
                    raise RuntimeError(f"{client.label} does not begin with {scenario.name}")
            before, began = self.redis_cpu(), time.monotonic()
            tell(drivers, "go")
            if scenario.is_share:
                self.wait_until_finished(client, jobs, drivers)
                seconds = time.monotonic() - began
                tell(drivers, "stop")
            lines = [driver.stdout.readline() for driver in drivers]
            after = self.redis_cpu()
            for driver in drivers:
                driver.stdin.close()
        if not all(lines) or any(driver.returncode for driver in drivers):
            raise RuntimeError(f"{client.label} failed in {scenario.name}")
        self.check(client, scenario, jobs)
        result = added_up([json.loads(line) for line in lines]) | {"redis_seconds": after - before}
        return result | {"seconds": seconds} if scenario.is_share else result

    def command(self, client, scenario, kind, jobs, at_once):
        pin = ["taskset", "-c", "1"] if os.cpu_count() > 1 else []
        return [*pin, *map(str, client.command(self.redis.port, kind, jobs, at_once, self.payload_of(scenario)))]

    def driver(self, client, scenario, jobs):
        return subprocess.Popen(self.command(client, scenario, scenario.kind, jobs, scenario.at_once),
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def wait_until_finished(self, client, jobs, drivers):
        """Asks Redis, which nobody's work notices at this rate."""
        deadline = time.monotonic() + SHARED_DEADLINE
        while client.finished(self.redis) < jobs:
            if time.monotonic() > deadline or any(driver.poll() is not None for driver in drivers):
                raise RuntimeError(f"{client.label} did not finish all jobs")
            time.sleep(0.005)

    def check(self, client, scenario, jobs):
        """The work was done: every job of the timed part (and of the warm-up of the latencies) is where it belongs."""
        if scenario.kind in ("add", "bulk"):
            found, expected = client.waiting(self.redis), jobs
        elif client.finished(self.redis) is None:
            found, expected = client.waiting(self.redis), 0
        else:
            found = client.finished(self.redis)
            expected = jobs + jobs // WARM_UP_PART if scenario.kind == "latency" else jobs
        if found != expected:
            raise RuntimeError(f"{client.label}: {found} jobs instead of {expected} after {scenario.name}")


def tell(drivers, word):
    for driver in drivers:
        driver.stdin.write(word + "\n")
        driver.stdin.flush()


def added_up(reports):
    total = dict(reports[0])
    for report in reports[1:]:
        total["jobs"] += report["jobs"]
        total["cpu_seconds"] += report["cpu_seconds"]
    return total
