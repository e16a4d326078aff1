"""Two clients on one queue."""

from remote import JobError
from waiting import eventually

QUEUE = "paint"


def fail(message="it broke", name="Error"):
    return JobError(name, message)


class Pair:
    """`a` adds and reads, `b` works. Whatever they construct is freed at the end, the youngest first."""

    def __init__(self, server, a, b):
        self.server, self.a, self.b = server, a, b
        self._made = []

    def keep(self, made):
        self._made.append(made)
        return made

    def queue(self, client=None, **opts):
        return self.keep((client or self.a).queue(QUEUE, **opts))

    def worker(self, processor=None, client=None, **opts):
        return self.keep((client or self.b).worker(QUEUE, processor, **opts))

    def events(self, *events, client=None, **opts):
        return self.keep((client or self.a).queue_events(QUEUE, events=events, **opts)).events

    def producer(self, client=None):
        client = client or self.a
        return self.keep(client.new("QueueEventsProducer", QUEUE, client.options()))

    def flows(self, client=None):
        client = client or self.a
        return self.keep(client.new("FlowProducer", client.options()))

    def state(self, queue, id, wanted):
        """Waits until the job is in this state, and gives it."""
        eventually(lambda: queue.job(id).getState() == wanted, what=f"job {id} in {wanted}")
        return queue.getJob(id)

    def counts(self, queue, **wanted):
        eventually(lambda: queue.getJobCounts(*wanted) == wanted, what=f"{wanted}")

    def idle(self, workers=1):
        """Waits until so many workers block in wait for work."""
        eventually(lambda: _blocked_workers(self.server.client) >= workers, what="an idle worker")

    def close(self):
        for made in reversed(self._made):
            made.free()


def _blocked_workers(resp):
    return sum("cmd=bzpopmin" in line and " flags=b" in line for line in resp("CLIENT", "LIST").splitlines())
