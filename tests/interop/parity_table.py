"""The cases of test_keyspace_parity.py: what a queue is asked to do. Ids are those that Redis gives: 1, 2, ..."""

from scenario import (QUEUE, Case, add, adds, count, fail, fetch, flow, held, job, look, publish, q, stored, work,
                      worker_call)
from waiting import eventually

FUTURE = 4102444800000  # 2100: far enough that it is compared exactly
PAST = 1500000000000
NASTY = {"quote": "\"'`", "slash": "a/b\\c", "lines": "a\nb\r\tc\u0000d", "": "no key",
         "wide": "žluťoučký 彩色 🎨 \u2028", "html": "</script>", "percent": "%s %d {0}"}
NUMBERS = [0, -1, 1.5, 0.1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 9007199254740991, -9007199254740991,
           123456789.123456789]
DEEP = {"a": [{"b": [[], {}, [[["c"]]]]}, None, True, False, "", 0]}

ADDING = [
    Case("plain", add(data={"color": "blue"})),
    Case("name alone", q("add", "job")),
    Case("null data", add(data=None)),
    Case("scalar data", add(data=5), add(data="text"), add(data=True), add(data=[1, "2", None]), add(data=0),
         add(data="")),
    Case("nasty text", add("näme \"'/\\ 🎨", NASTY)),
    Case("empty name", add("")),
    Case("numbers", add(data=NUMBERS)),
    Case("nested data", add(data=DEEP)),
    Case("big data", add(data={"text": "x" * 300000})),
    Case("delay", add(delay=60000)),
    Case("delay from a given instant", add(delay=1234, timestamp=FUTURE), add(delay=1234, timestamp=FUTURE)),
    Case("no delay", add(delay=0)),
    Case("fractional delay", add(delay=1500.7, timestamp=FUTURE)),
    Case("negative delay", add(delay=-5)),
    Case("two delays, the nearer later", add(delay=90000), add(delay=30000)),
    Case("priority", add(priority=1), add(priority=2097151), add(priority=10), add(priority=1)),
    Case("priority 0", add(priority=0)),
    Case("negative priority", add(priority=-1)),
    Case("priority and delay", add(priority=3, delay=60000)),
    Case("priority among plain jobs", add(priority=3), add(), add(priority=1), add(lifo=True)),
    Case("lifo", add(), add(lifo=True), add(lifo=True), add(lifo=False)),
    Case("lifo and delay", add(lifo=True, delay=60000)),
    Case("attempts", add(attempts=3), add(attempts=0), add(attempts=-2)),
    Case("backoff as a number", add(attempts=3, backoff=1000)),
    Case("backoff 0", add(attempts=3, backoff=0)),
    Case("fixed backoff", add(attempts=3, backoff={"type": "fixed", "delay": 1000})),
    Case("exponential backoff", add(attempts=3, backoff={"type": "exponential", "delay": 1000})),
    Case("backoff with jitter", add(attempts=3, backoff={"type": "exponential", "delay": 1000, "jitter": 0.5}),
         add(attempts=3, backoff={"type": "fixed", "delay": 1000, "jitter": 0}),
         add(attempts=3, backoff={"type": "fixed", "delay": 1000, "jitter": 1})),
    Case("custom backoff", add(attempts=3, backoff={"type": "mine"})),
    Case("job ids", *[add(jobId=id) for id in
                      ("red", "007", "1.5", "12abc", " x", "a:b:c", "ž🎨", "-0", "+1", "1e3",
                       "9007199254740993", "")]),
    Case("timestamps", add(timestamp=FUTURE), add(timestamp=PAST), add(timestamp=PAST, delay=1000), add(timestamp=0)),
    Case("remove on complete", *[add(removeOnComplete=keep) for keep in
                                 (True, False, 0, 5, {"age": 60}, {"count": 7}, {"age": 60, "count": 7, "limit": 3})]),
    Case("remove on fail", *[add(removeOnFail=keep) for keep in
                             (True, False, 0, 5, {"age": 60}, {"count": 7}, {"age": 60, "count": 7, "limit": 3})]),
    Case("keep logs", add(keepLogs=3)),
    Case("stack trace limit", add(stackTraceLimit=0), add(stackTraceLimit=2)),
    Case("size limit kept", add(data={"a": "é"}, sizeLimit=10)),
    Case("telemetry", add(telemetry={"metadata": "00-abc"}), add(telemetry={"metadata": "00-abc", "omitContext": True}),
         add(telemetry={"omitContext": True})),
    Case("all plain options at once", add(attempts=5, backoff={"type": "fixed", "delay": 10}, delay=60000, priority=4,
         jobId="all", timestamp=FUTURE, removeOnComplete={"count": 1}, removeOnFail=True, keepLogs=2,
         stackTraceLimit=1, sizeLimit=1000, lifo=True)),
    Case("duplicates", add(jobId="same"), add(jobId="same", delay=1000), add(jobId="same", priority=2), add()),
    Case("duplicate of a finished job", add(jobId="same"), work(1), add(jobId="same")),
    Case("bulk", q("addBulk", [{"name": "a", "data": {"n": 1}}, {"name": "b", "data": None, "opts": {"delay": 60000}},
                               {"name": "c", "data": 1, "opts": {"priority": 2, "jobId": "c"}},
                               {"name": "d", "data": {}, "opts": {"jobId": "c"}},
                               {"name": "e", "data": {}, "opts": {"lifo": True, "attempts": 2}}])),
    Case("empty bulk", q("addBulk", [])),
    Case("large bulk", q("addBulk", [{"name": f"n{i}", "data": {"n": i}, "opts": {"priority": i % 3}}
                                     for i in range(300)])),
    Case("default job options", add(), add(attempts=1), add(backoff=5, removeOnComplete=False),
         q("addBulk", [{"name": "x", "data": {}}, {"name": "y", "data": {}, "opts": {"attempts": 9}}]),
         defaultJobOptions={"attempts": 4, "backoff": 100, "removeOnComplete": True, "jobId": "ignored"}),
    Case("own prefix", add(), add(delay=1000, timestamp=FUTURE), prefix="{other}"),
    Case("shorter event stream", add(), streams={"events": {"maxLen": 7}}),
    Case("no version written", add(), skipMetasUpdate=True),
]

DEDUPLICATION = [
    Case("simple", add(deduplication={"id": "d"}), add(deduplication={"id": "d"}), add(deduplication={"id": "e"})),
    Case("simple, again after the end", add(deduplication={"id": "d"}), work(1), add(deduplication={"id": "d"})),
    Case("with a time to live", add(deduplication={"id": "d", "ttl": 60000}),
         add(deduplication={"id": "d", "ttl": 60000}), work(1), add(deduplication={"id": "d", "ttl": 60000})),
    Case("extended", add(deduplication={"id": "d", "ttl": 5000}),
         add(deduplication={"id": "d", "ttl": 60000, "extend": True})),
    Case("replaced", add(data=1, delay=60000, deduplication={"id": "d", "ttl": 60000, "replace": True}),
         add(data=2, delay=90000, deduplication={"id": "d", "ttl": 90000, "replace": True})),
    Case("extended and replaced",
         add(data=1, delay=30000, deduplication={"id": "d", "ttl": 30000, "extend": True, "replace": True}),
         add(data=2, delay=60000, deduplication={"id": "d", "ttl": 60000, "extend": True, "replace": True})),
    Case("not replaced while waiting", add(data=1, deduplication={"id": "d", "replace": True}),
         add(data=2, deduplication={"id": "d", "replace": True})),
    Case("rescheduled", add(data=1, delay=60000, deduplication={"id": "d", "reschedule": True}),
         add(data=2, delay=90000, deduplication={"id": "d", "reschedule": True})),
    Case("keep the last, nothing active", add(data=1, deduplication={"id": "d", "keepLastIfActive": True}),
         add(data=2, deduplication={"id": "d", "keepLastIfActive": True})),
    Case("keep the last, one active", add(data=1, deduplication={"id": "d", "keepLastIfActive": True}), fetch(),
         add("second", {"n": 2}, deduplication={"id": "d", "keepLastIfActive": True}),
         add("third", {"n": 3}, attempts=4, deduplication={"id": "d", "keepLastIfActive": True})),
    Case("keep the last, the active one ends", add(data=1, deduplication={"id": "d", "keepLastIfActive": True}),
         fetch(), add("second", {"n": 2}, deduplication={"id": "d", "keepLastIfActive": True}),
         held("1", "moveToCompleted", "done", "tok-1", False)),
    Case("key removed by the queue", add(deduplication={"id": "d"}), q("getDeduplicationJobId", "d"),
         q("removeDeduplicationKey", "d"), q("removeDeduplicationKey", "d"), q("getDeduplicationJobId", "d"),
         add(deduplication={"id": "d"})),
    Case("key removed by the job", add(deduplication={"id": "d"}), add(), job("1", "removeDeduplicationKey"),
         job("1", "removeDeduplicationKey"), job("2", "removeDeduplicationKey")),
    Case("in bulk", q("addBulk", [{"name": "a", "data": n, "opts": {"deduplication": {"id": "d"}}} for n in (1, 2)])),
    Case("removed job frees its key", add(deduplication={"id": "d"}), q("remove", "1"), add(deduplication={"id": "d"})),
    Case("drained jobs free their keys", add(deduplication={"id": "d"}), q("drain"), add(deduplication={"id": "d"})),
]

PARENTS = [
    Case("child of an existing job", add("parent", jobId="p"),
         add("child", parent={"id": "p", "queue": f"bull:{QUEUE}"})),
    Case("children with each failure option", add("parent", jobId="p"),
         *[add("child", parent={"id": "p", "queue": f"bull:{QUEUE}"}, **{option: True}) for option in
           ("failParentOnFailure", "removeDependencyOnFailure", "ignoreDependencyOnFailure",
            "continueParentOnFailure")]),
    Case("bulk of children", add("parent", jobId="p"), q("addBulk", [
        {"name": "c", "data": n, "opts": {"parent": {"id": "p", "queue": f"bull:{QUEUE}"}, "delay": n}}
        for n in (0, 60000)])),
    Case("child removed from its parent", add("parent", jobId="p"),
         add("child", parent={"id": "p", "queue": f"bull:{QUEUE}"}), job("2", "removeChildDependency")),
    Case("parent removed with its children", add("parent", jobId="p"),
         add("child", parent={"id": "p", "queue": f"bull:{QUEUE}"}), q("remove", "p")),
    Case("parent removed alone", add("parent", jobId="p"),
         add("child", parent={"id": "p", "queue": f"bull:{QUEUE}"}), q("remove", "p", {"removeChildren": False})),
]

TREE = {"name": "root", "queueName": QUEUE, "data": {"n": 0}, "opts": {"jobId": "root"}, "children": [
    {"name": "left", "queueName": QUEUE, "data": {"n": 1}, "opts": {"jobId": "left"}},
    {"name": "right", "queueName": QUEUE, "data": {"n": 2}, "opts": {"jobId": "right", "priority": 2}, "children": [
        {"name": "leaf", "queueName": "other", "data": {"n": 3}, "opts": {"jobId": "leaf", "delay": 60000}}]}]}


def _family(**child):
    return {"name": "root", "queueName": QUEUE, "opts": {"jobId": "root"}, "children": [
        {"name": "child", "queueName": QUEUE, "data": {}, "opts": {"jobId": "child", **child}}]}


FLOWS = [
    Case("tree", flow("add", TREE)),
    Case("tree with options of its queues",
         flow("add", TREE, {"queuesOptions": {QUEUE: {"defaultJobOptions": {"attempts": 3}}}})),
    Case("trees in bulk", flow("addBulk", [_family(), {"name": "one", "queueName": QUEUE, "opts": {"jobId": "one"}}])),
    Case("child, then its parent", flow("add", _family()), work(lambda call: call["name"], finish=2)),
    Case("child fails its parent", flow("add", _family(failParentOnFailure=True)), work(fail(), finish=2)),
    Case("child fails and is ignored", flow("add", _family(ignoreDependencyOnFailure=True)),
         work([fail(), "fine"], finish=2)),
    Case("child fails and is removed", flow("add", _family(removeDependencyOnFailure=True)),
         work([fail(), "fine"], finish=2)),
    Case("child fails and its parent goes on", flow("add", _family(continueParentOnFailure=True)),
         work([fail(), "fine"], finish=2)),
    Case("child fails and its parent waits", flow("add", _family()), work(fail())),
    Case("values of children", flow("add", _family()), work("red"), job("root", "getChildrenValues"),
         job("root", "getDependencies"), job("root", "getDependenciesCount")),
    Case("unprocessed children removed", flow("add", _family()), job("root", "removeUnprocessedChildren")),
    Case("waiting for children", add("parent", jobId="p"), fetch(),
         add("child", parent={"id": "p", "queue": f"bull:{QUEUE}"}), held("p", "moveToWaitingChildren", "tok-1")),
]

ADMINISTRATION = [
    Case("pause", add(), q("pause"), q("isPaused"), add(), add(priority=1), add(delay=60000)),
    Case("pause and resume", add(), q("pause"), add(), q("resume"), q("isPaused")),
    Case("resume alone", q("resume")),
    Case("pause twice", q("pause"), q("pause")),
    Case("drain", adds(5), add(priority=1), add(delay=60000), q("drain")),
    Case("drain with the delayed", adds(5), add(priority=1), add(delay=60000), q("drain", True)),
    Case("clean completed", adds(3), work(1, finish=3), add(), q("clean", 0, 100, "completed")),
    Case("clean failed", adds(3), work(fail(), finish=3), add(), q("clean", 0, 100, "failed")),
    Case("clean wait", adds(3), q("clean", 0, 100, "wait")),
    Case("clean waiting by its other name", adds(3), q("clean", 0, 2, "waiting")),
    Case("clean delayed", adds(3, delay=60000), q("clean", 0, 100, "delayed")),
    Case("clean prioritized", adds(3, priority=1), q("clean", 0, 100, "prioritized")),
    Case("clean active", adds(3), fetch(), stored("DEL", f"bull:{QUEUE}:1:lock"), q("clean", 0, 100, "active")),
    Case("clean active, locked", adds(3), fetch(), q("clean", 0, 100, "active")),
    Case("clean paused", q("pause"), adds(3), q("clean", 0, 100, "paused")),
    Case("clean some", adds(5), work(1, finish=5), q("clean", 0, 2, "completed")),
    Case("clean with a limit of 0", adds(5), work(1, finish=5), q("clean", 0, 0)),
    Case("clean nothing within the grace", adds(3), work(1, finish=3), q("clean", 60000, 100, "completed")),
    Case("obliterate", adds(3), add(delay=60000), add(priority=3), q("addJobLog", "1", "line"), q("obliterate")),
    Case("obliterate after work", adds(3), work([1, fail(), 2], finish=3), q("obliterate")),
    Case("obliterate by force", adds(3), fetch(), q("obliterate", {"force": True})),
    Case("obliterate in small steps", adds(7), q("obliterate", {"count": 2})),
    Case("retry all failed", adds(3), work(fail(), finish=3), q("retryJobs")),
    Case("retry all completed", adds(3), work(1, finish=3), q("retryJobs", {"state": "completed"})),
    Case("retry in steps", adds(5), work(fail(), finish=5), q("retryJobs", {"count": 2})),
    Case("retry up to an instant", adds(3), work(fail(), finish=3), q("retryJobs", {"timestamp": PAST})),
    Case("promote all", adds(3, delay=60000), add(delay=90000, priority=2), q("promoteJobs")),
    Case("promote in steps", adds(5, delay=60000), q("promoteJobs", {"count": 2})),
    Case("promote nothing", q("promoteJobs")),
    Case("remove", add(), add(delay=60000), add(priority=1), q("addJobLog", "1", "line"), *[
        q("remove", id) for id in ("1", "2", "3", "4")]),
    Case("remove finished", adds(2), work([1, fail()], finish=2), q("remove", "1"), q("remove", "2")),
    Case("global concurrency", q("setGlobalConcurrency", 3), q("getGlobalConcurrency"), adds(2), q("isMaxed")),
    Case("global concurrency reached", q("setGlobalConcurrency", 1), adds(2), fetch(), q("isMaxed"), fetch("tok-2"),
         add()),
    Case("global concurrency removed", q("setGlobalConcurrency", 3), q("removeGlobalConcurrency"),
         q("getGlobalConcurrency")),
    Case("global rate limit", q("setGlobalRateLimit", 2, 60000), q("getGlobalRateLimit"), adds(3), fetch(),
         fetch("tok-2"), fetch("tok-3"), q("getRateLimitTtl", 2), near=["getRateLimitTtl"]),
    Case("global rate limit removed", q("setGlobalRateLimit", 2, 60000), q("removeGlobalRateLimit"),
         q("getGlobalRateLimit")),
    Case("rate limit of the queue", adds(2), q("rateLimit", 60000), q("getRateLimitTtl"), fetch(),
         near=["getRateLimitTtl"]),
    Case("rate limit key removed", q("rateLimit", 60000), q("removeRateLimitKey"), q("getRateLimitTtl")),
    Case("trim events", adds(50), q("trimEvents", 0)),
    Case("trim events to some", adds(300), q("trimEvents", 100)),
    Case("old priority key removed", stored("ZADD", f"bull:{QUEUE}:priority", 1, "1"),
         q("removeDeprecatedPriorityKey")),
    Case("orphans removed", adds(3), stored("HSET", f"bull:{QUEUE}:77", "name", "orphan"), q("removeOrphanedJobs")),
    Case("meta and version", q("setGlobalConcurrency", 3), q("pause"), q("getMeta"), q("getVersion")),
    Case("custom event", publish({"eventName": "painted", "color": "blue", "n": "1"})),
    Case("custom events, trimmed", *[publish({"eventName": "painted", "n": str(n)}, 2) for n in range(4)]),
]

GETTERS = [
    Case("counts", adds(3), add(delay=60000), add(priority=1), add(priority=5), q("getJobCounts"),
         q("getJobCounts", "waiting", "delayed"), q("count"), q("getJobCountByTypes", "wait", "prioritized"),
         q("getWaitingCount"), q("getDelayedCount"), q("getPrioritizedCount"), q("getActiveCount"),
         q("getCompletedCount"), q("getFailedCount"), q("getWaitingChildrenCount"),
         q("getCountsPerPriority", [0, 1, 5, 7])),
    Case("delayed before an instant", add(delay=60000, timestamp=FUTURE), add(delay=1000, timestamp=FUTURE),
         q("getDelayedCount", FUTURE + 2000)),
    Case("lists", adds(4), add(delay=60000), add(priority=1), q("getWaiting"), q("getWaiting", 1, 2), q("getDelayed"),
         q("getPrioritized"), q("getJobs", ["wait"], 0, 1, True), q("getJobs", ["wait"], 0, 1),
         q("getJobs", [], 0, -1)),
    Case("finished lists", adds(4), work([1, fail(), 2, fail("again")], finish=4), q("getCompleted"), q("getFailed"),
         q("getJobs", ["completed", "failed"], 0, -1, True), q("getMetrics", "completed")),
    Case("one job", add(data=NASTY, attempts=3), q("getJob", "1"), q("getJob", "2"), q("getJobState", "1"),
         q("getJobState", "2"), *[job("1", ask) for ask in ("getState", "isWaiting", "isActive", "isDelayed",
                                                           "isCompleted", "isFailed", "isWaitingChildren")]),
    Case("logs", add(), *[q("addJobLog", "1", f"line {n} ž") for n in range(4)], q("getJobLogs", "1"),
         q("getJobLogs", "1", 1, 2), q("getJobLogs", "1", 0, 1, False), q("getJobLogs", "2")),
    Case("prometheus text", adds(2), add(delay=60000), q("exportPrometheusMetrics"),
         q("exportPrometheusMetrics", {"site": "a\"b"})),
]

EDITS = [
    Case("data", add(data=1), job("1", "updateData", {"new": NASTY}), job("1", "updateData", None)),
    Case("progress", add(), job("1", "updateProgress", 42), job("1", "updateProgress", 0.5),
         job("1", "updateProgress", {"step": "drying", "of": [1, 2]}), job("1", "updateProgress", "text"),
         job("1", "updateProgress", True), q("updateJobProgress", "1", 99)),
    Case("log lines", add(keepLogs=2), *[job("1", "log", f"line {n}") for n in range(4)]),
    Case("log lines by the queue", add(), *[q("addJobLog", "1", f"line {n}", 2) for n in range(4)]),
    Case("logs cleared", add(), *[job("1", "log", f"line {n}") for n in range(4)], job("1", "clearLogs")),
    Case("logs cleared but some", add(), *[job("1", "log", f"line {n}") for n in range(4)], job("1", "clearLogs", 2)),
    Case("change delay", add(delay=60000), job("1", "changeDelay", 5000)),
    Case("change delay of one of two", add(delay=60000), add(delay=90000), job("1", "changeDelay", 120000)),
    Case("change priority", adds(3), job("1", "changePriority", {"priority": 5}),
         job("2", "changePriority", {"priority": 5, "lifo": True})),
    Case("change priority back to none", add(priority=3), add(priority=4), job("1", "changePriority", {"priority": 0}),
         job("2", "changePriority", {"lifo": True})),
    Case("change priority of a delayed job", add(delay=60000), job("1", "changePriority", {"priority": 7})),
    Case("promote", add(delay=60000), add(delay=60000, priority=3), job("1", "promote"), job("2", "promote")),
    Case("retry failed", add(attempts=1), work(fail()), job("1", "retry")),
    Case("retry completed", add(), work(1), job("1", "retry", "completed")),
    Case("retry with fresh attempts", add(attempts=2), work(fail(), finish=2),
         job("1", "retry", "failed", {"resetAttemptsMade": True, "resetAttemptsStarted": True})),
    Case("retry of a priority and a lifo job", add(priority=2), add(lifo=True), work(fail(), finish=2), add(),
         job("1", "retry"), job("2", "retry")),
    Case("remove itself", add(), job("1", "remove")),
    Case("extend the lock", add(), fetch(), held("1", "extendLock", "tok-1", 90000),
         held("1", "extendLock", "wrong", 10)),
]


def _delayed_by_processor(call):
    if call["attemptsStarted"] > 1:
        return "second time"
    call.moveToDelayed(FUTURE, call.token)
    raise fail("bullmq:movedToDelayed", "DelayedError")


def _moved_to_wait(call):
    if call["attemptsStarted"] > 1:
        return "second time"
    call.moveToWait(call.token)
    raise fail("bullmq:movedToWait", "WaitingError")


def _everything_inside(call):
    call.log("one")
    call.updateProgress({"at": 50})
    call.updateData({"changed": True})
    call.log("two")
    return call.getState()


WORK = [
    *[Case(f"returns {name}", add(), work(value)) for name, value in (
        ("nothing", None), ("0", 0), ("a number", 1.5), ("text", "blue \"/\\ ž"), ("true", True), ("false", False),
        ("an object", NASTY), ("a list", [1, [2], {}]), ("empty text", ""), ("numbers", NUMBERS))],
    Case("several jobs", adds(5), work(lambda call: call["data"], finish=5)),
    Case("several at once", adds(5), work(lambda call: call["data"]["n"], finish=5, until=count("completed", 5))),
    Case("job calls inside the processor", add(), work(_everything_inside)),
    Case("fails for good", add(), work(fail("näh \"/\\"))),
    Case("fails without a message", add(), work(fail(""))),
    Case("fails with another name", add(), work(fail("no", "TypeError"))),
    Case("fails, then succeeds", add(attempts=3), work([fail("first"), "done"], finish=2)),
    Case("fails every attempt", add(attempts=3), work([fail("1"), fail("2"), fail("3")], finish=3)),
    Case("stack traces kept", add(attempts=3, stackTraceLimit=1), work([fail("1"), fail("2"), fail("3")], finish=3)),
    Case("no stack traces kept", add(attempts=2, stackTraceLimit=0), work([fail("1"), fail("2")], finish=2)),
    Case("fails with a stack of its own", add(), work(fail("x", stack="Error: x\n    at paint.js:1:1"))),
    Case("fixed backoff", add(attempts=3, backoff={"type": "fixed", "delay": 60000}), work(fail())),
    Case("backoff number", add(attempts=3, backoff=60000), work(fail())),
    Case("exponential backoff", add(attempts=9, backoff={"type": "exponential", "delay": 20}),
         work([fail()] * 3 + ["done"], finish=4)),
    Case("backoff that passes", add(attempts=2, backoff=20), work([fail(), "done"], finish=2)),
    Case("unrecoverable", add(attempts=5), work(fail("never", "UnrecoverableError"))),
    Case("lifo retried", add(attempts=2, lifo=True), add(), work([fail("first"), "a", "b"], finish=3)),
    Case("priority retried", add(attempts=2, priority=2), add(priority=3), work([fail("first"), "a", "b"], finish=3)),
    Case("priorities in order", add(priority=3), add(priority=1), add(), add(lifo=True), add(priority=1),
         work(lambda call: call.id, finish=5)),
    Case("job removed on complete", add(removeOnComplete=True), work(1)),
    Case("job removed on fail", add(removeOnFail=True), work(fail())),
    Case("jobs kept by count", adds(5, removeOnComplete=2), work(1, finish=5)),
    Case("jobs kept by age", adds(5, removeOnComplete={"age": 600}), work(1, finish=5)),
    Case("failed jobs kept by count", adds(5, removeOnFail={"count": 2}), work(fail(), finish=5)),
    Case("kept by the worker's option", adds(5), work([1, fail(), 2, fail(), 3], finish=5,
         removeOnComplete={"count": 1}, removeOnFail={"count": 1})),
    Case("the job's option goes first", add(removeOnComplete=False), add(),
         work(1, finish=2, removeOnComplete={"count": 0})),
    Case("removed with logs", add(removeOnComplete=True), job("1", "log", "line"), work(1)),
    Case("metrics", adds(3), work([1, fail(), 2], finish=3, metrics={"maxDataPoints": 10})),
    Case("named worker", add(), work(1, name="brush")),
    Case("delayed job when due", add(delay=30), work(1)),
    Case("delayed priority job when due", add(delay=30, priority=3), work(1)),
    Case("moved to delayed", add(), work(_delayed_by_processor, finish=0, until=count("delayed", 1)), near=["delay"]),
    Case("moved to wait", add(), work(_moved_to_wait)),
    Case("limited by the worker", adds(3), work(1, finish=2, settle=False, limiter={"max": 2, "duration": 60000},
         until=lambda run: run.server("PTTL", f"bull:{QUEUE}:limiter") > 0)),
    Case("limiter by hand", adds(3), *[fetch(f"tok-{n}", limiter={"max": 2, "duration": 60000}) for n in range(3)]),
    Case("paused queue is not worked", q("pause"), add(), fetch()),
    Case("maximum of started attempts", add(attempts=5), work(fail(), finish=2, maxStartedAttempts=2)),
]


def _rate_limited(run):
    """A processor that asks for a pause: the job goes back, no attempt is counted."""
    calls = []

    def process(call):
        calls.append(call.id)
        call.worker.rateLimit(60000)
        raise fail("bullmq:rateLimitExceeded", "RateLimitError")
    worker = run.keep(run.client.worker(QUEUE, process))
    eventually(lambda: calls and count("waiting", 2)(run))
    run.look()
    worker.close()


def _stalled(checks, **opts):
    """A job whose worker is gone: taken by hand, its lock lost, found by another worker's check."""
    def step(run):
        other = run.keep(run.client.worker(QUEUE, lambda call: "second worker", events=["stalled", "failed"],
                                           stalledInterval=50, **opts))
        key = f"bull:{QUEUE}:events"
        eventually(lambda: any(checks in entry for _, entry in run.server("XRANGE", key, "-", "+")))
        run.idle()
        other.close()
        run.server("DEL", f"bull:{QUEUE}:stalled-check")  # lives for 50 ms: there or not, by chance
        run.record("stalled", other.events["stalled"].items)
    return step


BY_HAND = [
    Case("fetch", adds(2), fetch()),
    Case("fetch from an empty queue", fetch()),
    Case("complete", adds(2), fetch(), held("1", "moveToCompleted", {"ok": True}, "tok-1", False)),
    Case("complete and fetch the next", adds(2), fetch(), held("1", "moveToCompleted", "v", "tok-1", True), look,
         fetch("tok-1")),
    Case("fail by hand", add(), fetch(), held("1", "moveToFailed", {"name": "Error", "message": "no", "stack": "s"},
                                              "tok-1", False)),
    Case("fail by hand, to be retried", add(attempts=2), fetch(),
         held("1", "moveToFailed", {"name": "Error", "message": "no", "stack": "s"}, "tok-1", False)),
    Case("fail by hand, to be retried later", add(attempts=2, backoff=60000), fetch(),
         held("1", "moveToFailed", {"name": "Error", "message": "no", "stack": "s"}, "tok-1", False)),
    Case("delay by hand", add(), fetch(), held("1", "moveToDelayed", FUTURE, "tok-1"),
         near=["delay"]),
    Case("back to wait by hand", add(), fetch(), held("1", "moveToWait", "tok-1")),
    Case("back to wait with a priority", add(priority=5), fetch(), held("1", "moveToWait", "tok-1")),
    Case("rate limit error", adds(2), _rate_limited),
    Case("rate limit of the worker by hand", add(), fetch("none"), worker_call("rateLimit", 60000), fetch("tok-2")),
    Case("stalled once", add(), fetch(lockDuration=1000), stored("DEL", f"bull:{QUEUE}:1:lock"), _stalled("completed")),
    Case("stalled too often", add(), fetch(), stored("DEL", f"bull:{QUEUE}:1:lock"),
         _stalled("failed", maxStalledCount=0)),
]

SCHEDULERS = [
    Case("every hour", q("upsertJobScheduler", "s", {"every": 3600000}, {"name": "tick", "data": {"n": 1}}), look,
         near=["delay", "offset"]),
    Case("pattern", q("upsertJobScheduler", "s", {"pattern": "0 0 1 1 *", "tz": "Europe/Prague"}, {"name": "tick"}),
         look, near=["delay"]),
    Case("scheduler removed", q("upsertJobScheduler", "s", {"every": 3600000}), q("removeJobScheduler", "s"),
         q("removeJobScheduler", "s")),
    Case("scheduler changed", q("upsertJobScheduler", "s", {"every": 3600000}),
         q("upsertJobScheduler", "s", {"every": 7200000}, {"data": 1, "opts": {"attempts": 3}}), look,
         near=["delay", "offset"]),
]

TABLE = {"adding": ADDING, "deduplication": DEDUPLICATION, "parents": PARENTS, "flows": FLOWS,
         "administration": ADMINISTRATION, "getters": GETTERS, "edits": EDITS, "work": WORK, "by hand": BY_HAND,
         "schedulers": SCHEDULERS}
