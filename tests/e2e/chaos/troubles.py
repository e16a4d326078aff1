"""What goes wrong in a chaos run, one thing after another: workers are killed or ended, Redis is killed, restarted, stopped,
and connections to it are cut. A run that has more to break adds to `kinds`."""

import random
import signal
import time

from redis_server import Resp

PATIENCE = 60  # for a process that was told to end


class Troubles:
    def __init__(self, redis, shunt, counts, seed):
        self.redis = redis
        self.shunt = shunt
        self.counts = counts
        self.random = random.Random(seed)
        self.workers = [shunt.worker, shunt.start_worker()]
        self.kinds = [self.kill_worker, self.kill_worker, self.end_worker, self.kill_redis, self.restart_redis, self.stop_redis,
                      self.cut_connections, self.cut_connections]

    def make(self):
        kind = self.random.choice(self.kinds)
        self.counts[kind.__name__.replace("_", " ")] += 1
        kind()
        time.sleep(self.random.uniform(0.2, 1.2))

    def replace_worker(self, how):
        place = self.random.randrange(len(self.workers))
        worker = self.workers[place]
        worker.send_signal(how)
        worker.wait(PATIENCE)
        worker.stdout.close()
        self.shunt.workers.remove(worker)
        time.sleep(self.random.uniform(0, 0.5))
        self.workers[place] = self.shunt.start_worker(SHUNT_SHUTDOWN_GRACE="200ms")

    def kill_worker(self):
        self.replace_worker(signal.SIGKILL)

    def end_worker(self):
        self.replace_worker(signal.SIGTERM)

    def kill_redis(self):
        self.redis.kill()
        time.sleep(self.random.uniform(0, 1.5))
        self.redis.start()

    def restart_redis(self):
        self.redis.restart()

    def stop_redis(self):
        self.redis.suspend()
        time.sleep(self.random.uniform(0.1, 2))
        self.redis.wake()

    def cut_connections(self):
        with Resp(self.redis.port) as control:
            for kind in ("normal", "pubsub"):
                control("CLIENT", "KILL", "TYPE", kind)


def all_listed(api):
    """The records of all generations that an API process lists."""
    cursor, records = "", []
    while cursor is not None:
        page = api.request("GET", f"/v1/generations?limit=200{cursor and '&cursor=' + cursor}").json()
        records += page["generations"]
        cursor = page["next_cursor"]
    return records
