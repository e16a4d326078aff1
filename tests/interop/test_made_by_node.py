"""Flows and schedules that Node makes: whoever works on their jobs, the same is left in Redis.

The native client does not make them, but its workers meet them: children release, fail or pass over their parents, and
an iteration of a scheduler is followed by the next one only if its worker adds it.
"""

import os

import pytest

import keyspace
from parity_table import FUTURE
from remote import Remote, Remotes
from scenario import QUEUE, Case, add, fail, fetch, held, job, q, stored, work
from test_keyspace_parity import both
from waiting import eventually

_makers = None


@pytest.fixture(scope="module", autouse=True)
def makers(servers):
    """Node on each of the servers."""
    global _makers
    urls = [server.url for server in servers]
    _makers = Remotes(**{url: lambda url=url: Remote.node(url, "maker") for url in urls})
    yield
    _makers.close()


def _maker(run):
    return _makers[run.server.url]


def flow(tree):
    def step(run):
        maker = _maker(run)
        run.keep(maker.new("FlowProducer", maker.options())).add(tree)
    return step


def schedule(*args):
    return lambda run: run.keep(_maker(run).queue(QUEUE)).upsertJobScheduler(*args)


def node_asks(what, *args):
    """Node is the judge of the result: it reads it for both."""
    return lambda run: run.record(what, run.keep(_maker(run).queue(QUEUE)).job("root").call(what, *args))


def family(*children, **opts):
    return {"name": "root", "queueName": QUEUE, "data": {}, "opts": {"jobId": "root", **opts},
            "children": list(children)}


def child(name, *children, **opts):
    return {"name": name, "queueName": QUEUE, "data": {}, "opts": {"jobId": name, **opts}, "children": list(children)}


def failing(*names):
    """The named jobs fail, others return their name."""
    def paint(call):
        if call["name"] in names:
            raise fail(f"{call['name']} broke")
        return call["name"]
    return paint


def _waits_for_its_child(call):
    if call["name"] == "root" and not call.getDependenciesCount()["processed"]:
        assert call.moveToWaitingChildren(call.token) is True
        raise fail("bullmq:movedToWaitingChildren", "WaitingChildrenError")
    return call.getChildrenValues() if call["name"] == "root" else call["name"]


PARENT = {"id": "root", "queue": f"bull:{QUEUE}"}
POLICIES = "failParentOnFailure", "ignoreDependencyOnFailure", "removeDependencyOnFailure", "continueParentOnFailure"
READ = (node_asks("getChildrenValues"), node_asks("getDependencies"), node_asks("getDependenciesCount"),
        node_asks("getIgnoredChildrenFailures"), job("root", "getChildrenValues"), job("root", "getDependencies"),
        job("root", "getDependenciesCount"), job("root", "getDependenciesCount", {"processed": True}),
        job("root", "getIgnoredChildrenFailures"))

FLOWS = [
    Case("a parent after its children", flow(family(child("a"), child("b"))), work(failing(), finish=3), *READ),
    Case("three generations", flow(family(child("a", child("aa"), child("ab")), child("b"))),
         work(failing(), finish=5), *READ),
    Case("children with delays and priorities", flow(family(child("a", delay=60000), child("b", priority=3))),
         q("promoteJobs"), work(failing(), finish=3), *READ),
    Case("a parent with a delay", flow(family(child("a"), delay=30)), work(failing(), finish=2), *READ),
    Case("a parent with a priority", flow(family(child("a"), priority=4)), work(failing(), finish=2), *READ),
    Case("a child is retried, then its parent runs", flow(family(child("a", attempts=2))),
         work([fail("a broke"), "a", "root"], finish=3), *READ),
    *[Case(f"a child fails: {policy}", flow(family(child("a", **{policy: True}), child("b"))),
           work(failing("a"), finish=3), *READ) for policy in POLICIES],
    *[Case(f"a grandchild fails: {policy} on both", flow(family(child("a", child("aa", **{policy: True}),
                                                                      **{policy: True}))),
           work(failing("aa"), finish=3), *READ) for policy in POLICIES],
    Case("a child fails and its parent waits on", flow(family(child("a"), child("b"))), work(failing("a"), finish=2),
         *READ),
    Case("a child is removed on complete", flow(family(child("a", removeOnComplete=True))), work(failing(), finish=2),
         *READ),
    Case("children by hand", flow(family(child("a"), child("b"))), fetch(), fetch("tok-2"),
         held("a", "moveToCompleted", "first", "tok-1", False), held("b", "moveToCompleted", "last", "tok-2", False),
         *READ),
    Case("the last pending child removed", flow(family(child("a"))), q("remove", "a"), *READ),
    Case("a dependency taken off", flow(family(child("a"), child("b"))), job("a", "removeChildDependency"), *READ,
         work(failing(), finish=3)),
    Case("unprocessed children removed", flow(family(child("a", delay=60000))),
         job("root", "removeUnprocessedChildren"), *READ),
    Case("a parent removed with its children", flow(family(child("a", child("aa")))), q("remove", "root")),
    Case("a flow drained", flow(family(child("a"), child("b", delay=60000))), q("drain", True)),
    Case("waiting parents cleaned", flow(family(child("a"))), q("clean", 0, 10, "wait"), q("getJobCounts")),
    Case("a flow obliterated", flow(family(child("a", child("aa")))), q("obliterate")),
    Case("a failed child retried", flow(family(child("a", failParentOnFailure=True))), work(failing("a"), finish=2),
         job("a", "retry"), *READ),
    Case("a processor waits for its child", add("root", jobId="root"), add("child", parent=PARENT),
         work(_waits_for_its_child, finish=2), *READ),
    Case("waiting for one child of two", add("root", jobId="root"), fetch(), add("one", parent=PARENT, jobId="one"),
         held("root", "moveToWaitingChildren", "tok-1", {"child": {"id": "two", "queue": f"bull:{QUEUE}"}}),
         held("root", "moveToWaitingChildren", "tok-1", {"child": {"id": "one", "queue": f"bull:{QUEUE}"}})),
]


SCHEDULES = [
    Case("every, up to a limit", schedule("s", {"every": 200, "limit": 3}, {"name": "tick", "data": {"n": 1}}),
         work("done", finish=3), near=["delay", "offset"]),
    Case("every, with options of its jobs", schedule("s", {"every": 200, "limit": 3}, {
        "name": "tick", "opts": {"attempts": 2, "priority": 3, "removeOnComplete": 1, "keepLogs": 2,
                                 "backoff": {"type": "fixed", "delay": 10, "jitter": 0.5}}}),
         work("done", finish=3), near=["delay", "offset"]),
    Case("every, failing", schedule("s", {"every": 200, "limit": 2}, {"name": "tick"}), work(fail(), finish=2),
         near=["delay", "offset"]),
    Case("the next iteration is there before the first has run", schedule("s", {"every": 3600000}, {"name": "tick"}),
         fetch(), near=["delay", "offset"]),
    Case("every, with a far start", schedule("s", {"every": 1000, "startDate": FUTURE}, {"name": "tick"}), fetch(),
         near=["delay", "offset"]),
    Case("up to an end date", schedule("s", {"every": 3600000, "endDate": FUTURE}, {"name": "tick"}), work("done"),
         near=["delay", "offset"]),
    Case("with an offset", schedule("s", {"every": 3600000, "offset": 1000}, {"name": "tick"}),
         q("promoteJobs"), work("done"), near=["delay", "offset", "startDate"]),
    Case("a key with colons", schedule("a:b:c:d:60", {"every": 3600000}, {"name": "tick"}), work("done"),
         near=["delay", "offset"]),
    Case("an iteration whose scheduler was removed", schedule("s", {"every": 3600000}, {"name": "tick"}),
         stored("DEL", f"bull:{QUEUE}:repeat", f"bull:{QUEUE}:repeat:s"), work("done"), near=["delay", "offset"]),
]


@pytest.mark.parametrize("case", FLOWS, ids=lambda case: case.name)
def test_flows_are_worked_alike(case, clients, servers):
    _compare(case, clients, servers)


@pytest.mark.parametrize("case", SCHEDULES, ids=lambda case: case.name)
def test_schedules_are_continued_alike(case, clients, servers):
    _compare(case, clients, servers)


def _compare(case, clients, servers):
    node, tested = both(case, clients, servers)
    lines = keyspace.differences(node.snapshot, tested.snapshot, "node", "cpp", case.near)
    lines += keyspace.differences(node.answers, tested.answers, "node", "cpp", case.near, "answers")
    assert not lines, "\n" + "\n".join(lines)


def test_a_schedule_outlives_a_change_of_workers(shared):
    """Iterations run at Node's and at ours in turn, and none is missing."""
    server, clients = shared
    server("FLUSHALL")
    queue = clients["node"].queue(QUEUE)
    ran = []
    workers = []
    try:
        queue.upsertJobScheduler("s", {"every": 100, "limit": 12}, {"name": "tick"})
        for name in ("node", "cpp"):
            workers.append(clients[name].worker(QUEUE, lambda call, name=name: ran.append((call.id, name))))
        eventually(lambda: len(ran) >= 12, what="twelve iterations")
        eventually(lambda: queue.getJobCounts("completed", "delayed") == {"completed": 12, "delayed": 0})
        assert len({id for id, _ in ran}) == 12
        assert queue.getJobScheduler("s")["iterationCount"] == 12
    finally:
        for made in workers + [queue]:
            made.free()


@pytest.mark.skipif("SHUNT_BULLMQ_REMOTE" not in os.environ, reason="Node knows patterns")
def test_a_pattern_waits_for_a_worker_that_knows_it(shared):
    """Two native workers and other work, for a while; then one of Node. Nothing is lost, doubled, used up or held up."""
    server, clients = shared
    server("FLUSHALL")
    queue = clients["node"].queue(QUEUE)
    ran = []
    native = [clients["cpp"].worker(QUEUE, lambda call: ran.append((call["name"], call.id)), events=["error"],
                                    inline=True, drainDelay=1) for _ in range(2)]
    workers = list(native)
    try:
        queue.upsertJobScheduler("s", {"pattern": "* * * * * *"}, {"name": "tick", "opts": {"attempts": 2}})
        for number in range(20):
            queue.add("other", {"n": number})
        eventually(lambda: len(_instants(server, "repeat:s:")) >= 4, what="four takes")
        queue.add("other", {"n": 20})
        eventually(lambda: len(ran) == 21, what="the other jobs")
        assert {name for name, _ in ran} == {"other"}
        taken = _instants(server, "repeat:s:")
        # It is late by as much as it is put back for, so each take is twice as late as the one before: 1, 2, 4 s, ...
        assert min(later - earlier for earlier, later in zip(taken, taken[1:])) >= 900, taken
        told = [error["message"] for worker in native for [error] in worker.events["error"].items]
        assert 1 <= len(told) <= 2 and all("pattern" in message and '"s"' in message for message in told), told
        for worker in native:
            worker.close()
        [waiting] = queue.getJobs(["delayed", "waiting"])
        assert (waiting["attemptsMade"] or 0, waiting["attemptsStarted"] or 0) == (0, 0), waiting
        server("ZADD", f"bull:{QUEUE}:delayed", 1, waiting.id)  # instead of waiting until it comes back
        node = clients["node"].worker(QUEUE, lambda call: ran.append((call["name"], call.id)), events=["completed"])
        workers.append(node)
        eventually(lambda: sum(name == "tick" for name, _ in ran) >= 3, what="iterations")
        ticks = [id for name, id in ran if name == "tick"]
        assert ticks[0] == waiting.id and len(set(ticks)) == len(ticks)
        assert queue.getJobScheduler("s")["next"] > 0
    finally:
        for made in workers + [queue]:
            made.free()


def _instants(server, prefix):
    """When such jobs were taken, in ms."""
    events = [(int(id.split("-")[0]), dict(zip(fields[::2], fields[1::2])))
              for id, fields in server("XRANGE", f"bull:{QUEUE}:events", "-", "+")]
    return [at for at, event in events if event["event"] == "active" and event["jobId"].startswith(prefix)]
