"""Steps that a table of cases is written in, and their run by one client on its own empty server.

A case is a name and steps; a step is a function of the run. Steps that ask the client something record the answer, so
that two clients are compared by what they leave in Redis and by what they say.
"""

import time
from dataclasses import dataclass

import keyspace
from remote import JobError, RemoteError, plain
from waiting import eventually

QUEUE = "paint"
# What a job has without being told; Node's instances leave out a return value that is not truthy.
_DEFAULTS = {"delay": (0,), "priority": (0,), "progress": (0,), "attemptsMade": (0,), "attemptsStarted": (0,),
             "stalledCounter": (0,), "stacktrace": ([],), "token": None, "repeatJobKey": ("",),
             "returnvalue": (0, "", False)}


@dataclass
class Case:
    name: str
    steps: tuple
    near: tuple
    queue: dict

    def __init__(self, name, *steps, near=(), **queue):
        """near: fields that hold a time left to an instant, so they differ by how long the run took.
        queue: options of the queue."""
        self.name, self.steps, self.near, self.queue = name, steps, near, queue


class Run:
    """One client, one server, one case."""

    def __init__(self, client, server, case):
        self.client, self.server = client, server
        self.answers = []
        self.objects = []
        self.kept = {}
        self.snapshot = None
        server("FLUSHALL")
        self.start_ms = keyspace.now_ms()
        started = time.time()
        self.queue = self.keep(client.queue(QUEUE, **case.queue))
        try:
            for step in case.steps:
                step(self)
            self.look()
        finally:
            for made in reversed(self.objects):
                made.free()
        self.crossed_a_minute = int(started // 60) != int(time.time() // 60)

    def keep(self, made):
        self.objects.append(made)
        return made

    def record(self, what, value):
        self.answers.append({what: _comparable(value, self.start_ms)})

    def look(self):
        """The keyspace as it is now is what the case is about; what follows only tidies up."""
        if self.snapshot is None:
            self.snapshot = keyspace.normalised(self.server.client, self.start_ms)

    def idle(self, worker_clients=1):
        """Until the worker waits for work: it has taken every marker and blocks."""
        eventually(lambda: int(self.server.client.info()["blocked_clients"]) >= worker_clients
                   and not self.server("EXISTS", f"bull:{QUEUE}:marker"), what="an idle worker")


def q(method, *args):
    """Calls the queue."""
    return lambda run: run.record(method, run.queue.call(method, *args))


def add(name="job", data={}, **opts):
    return q("add", name, data, opts)


def adds(count, **opts):
    """Several jobs; option values may be functions of the index."""
    def step(run):
        for index in range(count):
            run.queue.add(f"job{index}", {"n": index}, {key: value(index) if callable(value) else value
                                                        for key, value in opts.items()})
    return step


def job(id, method, *args):
    """Calls a job of the queue, as it is then."""
    return lambda run: run.record(f"{id}.{method}", run.queue.job(id).call(method, *args))


def stored(value, *names):
    """A plain Redis command of the test's own."""
    return lambda run: run.server(value, *names)


def refused(step):
    """The step must throw; name, message and code are recorded."""
    def run_step(run):
        try:
            step(run)
        except RemoteError as error:
            if error.name == "NotSupported":
                raise
            run.record("refused", {"name": error.name, "message": error.message, "code": error.code})
        else:
            run.record("refused", "accepted")
    return run_step


def work(script=None, finish=1, until=None, settle=True, **opts):
    """Runs a worker until `finish` attempts were reported (and `until` holds), then closes it.

    script is the outcome of every call, or a list of them (the last one repeats): a value, an exception, or a function
    of the process call.
    """
    def step(run):
        calls = iter(script) if isinstance(script, list) else None
        last = [None if calls else script]

        def process(call):
            if calls is not None:
                last[0] = next(calls, last[0])
            outcome = last[0](call) if callable(last[0]) else last[0]
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        worker = run.keep(run.client.worker(QUEUE, process, events=["completed", "failed"], **opts))
        done = worker.events["completed"], worker.events["failed"]
        eventually(lambda: sum(len(log.items) for log in done) >= finish, what=f"{finish} finished attempts of {run.client.name}")
        if until:
            eventually(lambda: until(run), what="the end of the work")
        if settle:
            run.idle()
        worker.close()
        for log in done:
            for args in log.items:
                if len(args) > 1 and isinstance(args[1], dict):
                    args[1].pop("code", None)  # a reason as it is stored has none
                run.record("event", args)
    return step


def fetch(token="tok-1", keep="w", **opts):
    """Takes the next job by hand, with a worker that has no processor."""
    def step(run):
        if keep not in run.kept:
            run.kept[keep] = run.keep(run.client.worker(QUEUE, **opts))
        run.record("getNextJob", run.kept[keep].getNextJob(token, {"block": False}))
    return step


def held(id, method, *args, keep="w"):
    """Calls a job that fetch() took."""
    def step(run):
        answer = run.kept[keep].job(id).call(method, *args)
        if isinstance(answer, list) and len(answer) == 4 and isinstance(answer[0], dict):
            # The next job as it is in Redis, half decoded; it is compared where it is fetched.
            answer = [answer[0]["name"], *answer[1:]]
        run.record(f"{id}.{method}", answer)
    return step


def worker_call(method, *args, keep="w"):
    return lambda run: run.record(method, run.kept[keep].call(method, *args))


def new(kind, *args, **opts):
    """Constructs something and forgets it."""
    return lambda run: run.keep(run.client.new(kind, *args, run.client.options(**opts)))


def fail(message="it broke", name="Error", stack=None):
    return JobError(name, message, stack)


def count(state, wanted):
    """For `until`: so many jobs are in this state."""
    return lambda run: run.queue.getJobCounts(state)[state] == wanted


def flow(method, tree, *args):
    def step(run):
        producer = run.keep(run.client.new("FlowProducer", run.client.options()))
        run.record(method, producer.call(method, tree, *args))
    return step


def publish(event, *args):
    def step(run):
        producer = run.keep(run.client.new("QueueEventsProducer", QUEUE, run.client.options()))
        run.record("publishEvent", producer.publishEvent(event, *args))
    return step


def look(run):
    run.look()


def _comparable(value, start_ms):
    if hasattr(value, "fields"):
        value = value.fields
    if isinstance(value, dict) and "attemptsMade" in value and "name" in value:
        value = {key: item for key, item in value.items() if key not in _DEFAULTS or
                 _DEFAULTS[key] is not None and item not in _DEFAULTS[key]}
        # Whether an unset backoff is a field of the options is nobody's business.
        value["opts"] = {key: item for key, item in value.get("opts", {}).items() if item is not None}
    if isinstance(value, list):
        return [_comparable(item, start_ms) for item in value]
    if isinstance(value, dict):
        return {key: _comparable(item, start_ms) for key, item in value.items()}
    return keyspace.text(plain(value), start_ms)
