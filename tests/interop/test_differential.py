"""Random operations of both clients on one queue, then a look at the raw keys: no job in two states, none lost, no key
without its job, no lock without an active job.

SHUNT_INTEROP_SEQUENCES says how many sequences, SHUNT_INTEROP_SEED which is the first; a failure names its seed.
"""

import os
import random

import pytest

import keyspace
from invariants import Snapshot, violations
from remote import RemoteError

QUEUE = "paint"
SEQUENCES = int(os.environ.get("SHUNT_INTEROP_SEQUENCES", "6"))
FIRST = int(os.environ.get("SHUNT_INTEROP_SEED", "1"))
STEPS = int(os.environ.get("SHUNT_INTEROP_STEPS", "300"))
HOUR = 3600000


class Sequence:
    """Draws operations; keeps only what it needs to draw sensible ones."""

    def __init__(self, seed, clients):
        self.draw = random.Random(seed)
        self.queues = [client.queue(QUEUE) for client in clients]
        self.workers = [client.worker(QUEUE, lockDuration=HOUR) for client in clients]
        self.flows = [client.new("FlowProducer", client.options()) for client in clients
                      if "FlowProducer" in client.capabilities()]
        self.held = {}  # id -> (worker, token)
        self.tokens = 0
        self.ids = 0
        self.log = []
        self.submitted = []
        self.finishing = {}  # line of the log -> (id, worker, token)

    def step(self):
        weighted = [(self.add, 10), (self.add_bulk, 2), (self.fetch, 8), (self.finish, 8), (self.edit, 6),
                    (self.flow, 1 if self.flows else 0), (self.remove, 2), (self.administer, 2)]
        self.draw.choices([what for what, _ in weighted], [weight for _, weight in weighted])[0]()

    def ask(self, target, method, *args):
        """Without waiting: operations of both clients overlap until settle()."""
        self.log.append(f"{target.remote.name} {target._address} {method}{args}")
        self.submitted.append((target, len(self.log) - 1, target.submit(method, *args)))

    def settle(self):
        answers = []
        for target, line, future in self.submitted:
            try:
                answers.append(target._decode(target.remote.wait(future)))
                self.log[line] += f" -> {str(answers[-1])[:100]}"
            except RemoteError as error:
                self.log[line] += f" -> {error}"
                if error.name == "NotSupported":
                    raise
                if line in self.finishing and error.code in (-4, -9):  # its children come first: still active
                    id, worker, token = self.finishing[line]
                    self.held[id] = worker, token
        self.submitted = []
        return answers

    def queue(self):
        return self.draw.choice(self.queues)

    def any_id(self):
        return self.draw.choice(["{}", "{}", "{}", "flow-{}"]).format(self.draw.randint(1, max(1, self.ids)))

    def options(self):
        draw, opts = self.draw, {}
        for option, chance, value in (
                ("delay", 0.25, lambda: draw.choice([1, 50, HOUR, 2 * HOUR])),
                ("priority", 0.25, lambda: draw.randint(0, 5)),
                ("lifo", 0.1, lambda: True),
                ("attempts", 0.4, lambda: draw.randint(1, 4)),
                ("backoff", 0.3, lambda: draw.choice([0, 20, {"type": "exponential", "delay": 10}])),
                ("jobId", 0.1, lambda: f"job-{draw.randint(1, 12)}"),
                ("removeOnComplete", 0.2, lambda: draw.choice([True, 3, {"count": 5}])),
                ("removeOnFail", 0.2, lambda: draw.choice([True, 3, {"count": 5}])),
                ("keepLogs", 0.1, lambda: 2),
                ("deduplication", 0.2, lambda: {"id": f"d{draw.randint(1, 3)}", **draw.choice([
                    {}, {"ttl": HOUR}, {"ttl": HOUR, "extend": True, "replace": True}, {"replace": True},
                    {"keepLastIfActive": True}])})):
            if draw.random() < chance:
                opts[option] = value()
        return opts

    def add(self):
        self.ids += 1
        self.ask(self.queue(), "add", "job", {"n": self.ids}, self.options())

    def add_bulk(self):
        count = self.draw.randint(1, 8)
        self.ids += count
        self.ask(self.queue(), "addBulk", [{"name": "bulk", "data": n, "opts": self.options()} for n in range(count)])

    def flow(self):
        def node(name, *children):
            self.ids += 1
            policy = self.draw.choice(["failParentOnFailure", "ignoreDependencyOnFailure", "continueParentOnFailure",
                                       "removeDependencyOnFailure", "keepLogs"])
            return {"name": name, "queueName": QUEUE, "data": {}, "children": list(children),
                    "opts": {"jobId": f"flow-{self.ids}", policy: 1 if policy == "keepLogs" else True}}
        leaves = [node("leaf") for _ in range(self.draw.randint(1, 3))]
        self.ask(self.draw.choice(self.flows), "add", node("root", node("branch", *leaves), node("leaf")))

    def fetch(self):
        self.settle()  # what is asked about a held job must come after it is held
        self.tokens += 1
        worker = self.draw.choice(self.workers)
        self.ask(worker, "getNextJob", f"tok-{self.tokens}", {"block": False})
        for job in self.settle():
            if job is not None:
                self.held[job.id] = worker, f"tok-{self.tokens}"

    def finish(self):
        if not self.held:
            self.fetch()
            return
        id = self.draw.choice(sorted(self.held))
        worker, token = self.held.pop(id)
        error = {"name": "Error", "message": "it broke", "stack": "Error: it broke"}
        method, *args = self.draw.choice([
            ("moveToCompleted", {"ok": id}, token, False), ("moveToCompleted", None, token, False),
            ("moveToFailed", error, token, False), ("moveToFailed", error, token, False),
            ("moveToDelayed", keyspace.now_ms() + 30, token), ("moveToWait", token)])
        self.ask(worker.job(id), method, *args)
        self.finishing[len(self.log) - 1] = id, worker, token

    def edit(self):
        method, *args = self.draw.choice([
            ("updateData", {"new": 1}), ("updateProgress", 50), ("log", "line"), ("clearLogs",),
            ("changeDelay", 5000), ("changePriority", {"priority": self.draw.randint(0, 4)}),
            ("changePriority", {"priority": 2, "lifo": True}), ("promote",), ("retry",), ("retry", "completed"),
            ("removeDeduplicationKey",), ("getState",)])
        self.ask(self.queue().job(self.any_id()), method, *args)

    def remove(self):
        self.ask(self.queue(), "remove", self.any_id())

    def administer(self):
        self.ask(self.queue(), *self.draw.choice([
            ("pause",), ("resume",), ("resume",), ("drain",), ("drain", True), ("clean", 0, 3, "completed"),
            ("clean", 0, 3, "failed"), ("clean", 0, 2, "wait"), ("clean", 0, 2, "delayed"),
            ("clean", 0, 2, "prioritized"), ("retryJobs", {"count": 3}), ("retryJobs", {"state": "completed"}),
            ("promoteJobs",), ("trimEvents", 50), ("getJobCounts",), ("setGlobalConcurrency", 3),
            ("removeGlobalConcurrency",)]))

    def check(self, server):
        self.settle()
        found = Snapshot(server.client, QUEUE)
        lines = violations(found)
        counts = found.counts()
        for queue in self.queues:
            told = queue.getJobCounts("wait", "paused", "active", "prioritized", "delayed", "completed", "failed",
                                      "waiting-children")
            if {state: count for state, count in told.items() if state != "paused"} != \
                    {state: count for state, count in counts.items() if state != "paused"}:
                lines.append(f"{queue.remote.name} counts {told}, the keys say {counts}")
        if sum(counts.values()) != len(found.jobs):
            lines.append(f"{len(found.jobs)} jobs, but {counts}")
        if set(self.held) != set(found.states["active"]):
            lines.append(f"held {sorted(self.held)}, active {sorted(found.states['active'])}")
        if found.foreign:
            lines.append(f"keys of nobody: {found.foreign}")
        return lines

    def close(self):
        for made in self.workers + self.queues + self.flows:
            made.free()


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEQUENCES))
def test_random_operations_keep_the_keys_in_order(seed, shared):
    server, clients = shared
    server("FLUSHALL")
    sequence = Sequence(seed, [clients["node"], clients["cpp"]])
    try:
        for step in range(STEPS):
            sequence.step()
            if sequence.draw.random() < 0.2 or step == STEPS - 1:
                lines = sequence.check(server)
                assert not lines, "\n".join(
                    [f"seed {seed}, step {step}:", *lines, "the last operations:", *sequence.log[-12:]])
    except AssertionError as failure:
        raise AssertionError(f"seed {seed}: {failure}\n" + "\n".join(sequence.log[-12:])) from None
    finally:
        sequence.close()
