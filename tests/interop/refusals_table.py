"""The cases of test_refusals.py: what a client must refuse, with Node's error name, message and code."""

from parity_table import FUTURE, PAST
from scenario import (QUEUE, Case, add, adds, fail, fetch, flow, held, job, new, q, refused, stored, work,
                      worker_call)

PARENT = {"id": "p", "queue": f"bull:{QUEUE}"}
ERROR = {"name": "Error", "message": "no", "stack": "s"}
LOST = stored("DEL", f"bull:{QUEUE}:1:lock")


def refuse_add(name, **opts):
    return Case(name, refused(add(**opts)))


def _new(kind, *args):
    """With exactly these arguments."""
    return lambda run: run.client.new(kind, *args)


def _set(prop, value):
    return lambda run: run.kept["w"].set(prop, value)


def _run_twice(run):
    worker = run.keep(run.client.worker(QUEUE, lambda call: None))
    run.idle()
    worker.run()


def _wait_until_finished(ttl):
    def step(run):
        events = run.keep(run.client.queue_events(QUEUE))
        run.queue.job("1").waitUntilFinished({"$ref": events.name}, ttl)
    return step


ADDING = [
    *[refuse_add(f"job id {id!r}", jobId=id) for id in ("12", "-5", "0", "0:1", "0:1:2", "a:b", "a:b:c:d", ":")],
    refuse_add("priority 1.5", priority=1.5), refuse_add("priority too large", priority=2097152),
    refuse_add("deduplication without an id", deduplication={"ttl": 5}),
    refuse_add("deduplication with an empty id", deduplication={"id": ""}),
    refuse_add("deduplication of a child", deduplication={"id": "d"}, parent=PARENT),
    refuse_add("debounce", debounce={"id": "d", "ttl": 5}),
    refuse_add("two failure options", failParentOnFailure=True, removeDependencyOnFailure=True),
    refuse_add("four failure options", failParentOnFailure=True, removeDependencyOnFailure=True,
               ignoreDependencyOnFailure=True, continueParentOnFailure=True),
    refuse_add("jitter too large", backoff={"type": "fixed", "delay": 1, "jitter": 1.1}),
    refuse_add("negative jitter", backoff={"type": "exponential", "delay": 1, "jitter": -0.1}),
    refuse_add("missing parent", parent=PARENT),
    Case("data over its limit", refused(add("big", {"a": "éé"}, sizeLimit=11))),
    Case("text over its limit", refused(add("big", "12345", sizeLimit=6))),
    Case("bad default options", refused(add()), defaultJobOptions={"priority": 2097152}),
    Case("bulk with one bad job, nothing is added", refused(q("addBulk", [
        {"name": "a", "data": {}}, {"name": "b", "data": {}, "opts": {"priority": 0.5}}]))),
    Case("bulk with an integer id", refused(q("addBulk", [{"name": "a", "data": {}, "opts": {"jobId": "1"}}]))),
    Case("replacing a parent", add("parent", jobId="p"), add("other", jobId="o"),
         add("child", jobId="c", parent=PARENT),
         refused(add("child", jobId="c", parent={"id": "o", "queue": f"bull:{QUEUE}"}))),
]

CONSTRUCTION = [
    *[Case(f"{kind} named {name!r}", refused(new(kind, name, *([None] if kind == "Worker" else []))))
      for kind in ("Queue", "Worker", "QueueEvents", "QueueEventsProducer") for name in ("", "a:b", ":")],
    *[Case(f"worker with {option} {value}", refused(new("Worker", QUEUE, None, **{option: value})))
      for option, value in (("concurrency", 0), ("concurrency", -1), ("drainDelay", 0), ("drainDelay", -1),
                            ("stalledInterval", 0), ("maxStalledCount", -1), ("maxStartedAttempts", -1))],
    Case("worker without a connection", refused(_new("Worker", QUEUE, None, {}))),
    Case("concurrency set to 0", fetch(), refused(_set("concurrency", 0))),
    Case("worker run without a processor", fetch(), refused(worker_call("run"))),
    Case("worker run twice", refused(_run_twice)),
]

MISSING = [
    *[Case(f"{method} of a missing job", refused(job("77", method, *args))) for method, args in (
        ("updateData", ({"n": 1},)), ("updateProgress", (1,)), ("log", ("line",)), ("changeDelay", (5,)),
        ("changePriority", ({"priority": 1},)), ("promote", ()), ("retry", ()), ("retry", ("completed",)),
        ("moveToCompleted", (1, "tok", False)), ("moveToFailed", (ERROR, "tok", False)),
        ("moveToDelayed", (FUTURE, "tok")), ("moveToWait", ("tok",)), ("moveToWaitingChildren", ("tok",)))],
    Case("progress of a missing job", refused(q("updateJobProgress", "77", 5))),
    Case("log line of a missing job", refused(q("addJobLog", "77", "line"))),
    Case("job removed meanwhile", add(), fetch(), stored("DEL", f"bull:{QUEUE}:1"),
         refused(held("1", "moveToCompleted", 1, "tok-1", False))),
]

STATE = [
    Case("promote a waiting job", add(), refused(job("1", "promote"))),
    Case("change the delay of a waiting job", add(), refused(job("1", "changeDelay", 5))),
    Case("retry a waiting job", add(), refused(job("1", "retry"))),
    Case("retry a completed job as failed", add(), work(1), refused(job("1", "retry", "failed"))),
    Case("retry a failed job as completed", add(), work(fail()), refused(job("1", "retry", "completed"))),
    *[Case(f"{method} of a waiting job", add(), refused(job("1", method, *args))) for method, args in (
        ("moveToCompleted", (1, "tok", False)), ("moveToFailed", (ERROR, "tok", False)),
        ("moveToDelayed", (FUTURE, "tok")), ("moveToWait", ("tok",)))],
    *[Case(f"{method} with another's token", add(), fetch(), refused(held("1", method, *args))) for method, args in (
        ("moveToCompleted", (1, "tok", False)), ("moveToFailed", (ERROR, "tok", False)),
        ("moveToDelayed", (FUTURE, "tok")), ("moveToWait", ("tok",)))],
    *[Case(f"{method} after the lock was lost", add(attempts=attempts), fetch(), LOST,
           refused(held("1", method, *args))) for method, attempts, args in (
        ("moveToCompleted", 1, (1, "tok-1", False)), ("moveToFailed", 1, (ERROR, "tok-1", False)),
        ("moveToFailed", 2, (ERROR, "tok-1", False)), ("moveToDelayed", 1, (FUTURE, "tok-1")),
        ("moveToWait", 1, ("tok-1",)))],
    Case("remove a locked job", add(), fetch(), q("remove", "1"), refused(job("1", "remove"))),
    Case("obliterate with an active job", adds(2), fetch(), refused(q("obliterate"))),
    Case("complete with pending children", add("parent", jobId="p"), fetch(), add("child", parent=PARENT),
         refused(held("p", "moveToCompleted", 1, "tok-1", False))),
    Case("wait for children that failed", add("parent", jobId="p"), fetch(),
         add("child", parent=PARENT, failParentOnFailure=True), work(fail()),
         refused(held("p", "moveToWaitingChildren", "tok-1"))),
    Case("waiting job waits for children", add("parent", jobId="p"), add("child", parent=PARENT),
         refused(job("p", "moveToWaitingChildren", "tok"))),
    Case("job waits for children with another's token", add("parent", jobId="p"), fetch(), add("child", parent=PARENT),
         refused(held("p", "moveToWaitingChildren", "tok"))),
    Case("delayed count before a fraction", refused(q("getDelayedCount", 1.5))),
    Case("a key of another type", stored("HSET", f"bull:{QUEUE}:de:d", "x", 1),
         refused(q("getDeduplicationJobId", "d"))),
    Case("add to a closed queue", q("close"), refused(add())),
    Case("wait for a job in vain", add(), refused(_wait_until_finished(30))),
    Case("wait for a job that failed", add(), work(fail("näh")), refused(_wait_until_finished(5000))),
]

FLOWS = [
    Case("deduplicated parent", refused(flow("add", {"name": "r", "queueName": QUEUE, "opts": {
        "deduplication": {"id": "d"}}, "children": [{"name": "c", "queueName": QUEUE}]}))),
    Case("child that keeps the last", refused(flow("add", {"name": "r", "queueName": QUEUE, "children": [
        {"name": "c", "queueName": QUEUE, "opts": {"deduplication": {"id": "d", "keepLastIfActive": True}}}]}))),
    Case("flow under a missing parent", refused(flow("add", {"name": "r", "queueName": QUEUE, "opts": {
        "parent": PARENT}}))),
]

SCHEDULERS = [
    Case("scheduler that has ended", refused(q("upsertJobScheduler", "s", {"every": 1000, "endDate": PAST}))),
    Case("every and pattern", refused(q("upsertJobScheduler", "s", {"every": 1000, "pattern": "* * * * *"}))),
    Case("neither every nor pattern", refused(q("upsertJobScheduler", "s", {"limit": 3}))),
]

TABLE = {"adding": ADDING, "construction": CONSTRUCTION, "missing": MISSING, "state": STATE, "flows": FLOWS,
         "schedulers": SCHEDULERS}
