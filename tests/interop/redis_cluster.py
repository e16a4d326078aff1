"""A Redis Cluster of the test's own: three primaries that share the slots, each with an address and a bus of its own."""

import time

from redis_server import RedisError, RedisServer
from ports import free_port

SLOTS = 16384


class RedisCluster:
    def __init__(self, size=3):
        self.nodes = []
        try:
            for _ in range(size):
                self.nodes.append(_node())
            self._share_slots()
            self._wait(lambda: all(self._is_whole(node) for node in self.nodes), "the cluster comes up")
        except BaseException:
            self.close()
            raise

    def url(self, *nodes):
        """By these nodes, or by all."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in nodes or self.nodes)

    def slot_of(self, key):
        return self.nodes[0]("CLUSTER", "KEYSLOT", key)

    def owner_of(self, key):
        slot = self.slot_of(key)
        return self.nodes[slot * len(self.nodes) // SLOTS]

    def prefix_on(self, node, name):
        """A prefix whose keys belong to the node."""
        return next(prefix for number in range(1000)
                    if self.owner_of(prefix := "{%s-%d}" % (name, number)) is node)

    def begin_move(self, key, source, target):
        slot = self.slot_of(key)
        target("CLUSTER", "SETSLOT", slot, "IMPORTING", source("CLUSTER", "MYID"))
        source("CLUSTER", "SETSLOT", slot, "MIGRATING", target("CLUSTER", "MYID"))

    def move_keys(self, key, source, target, which=lambda key: True):
        """Those of the slot's keys; how many."""
        keys = [found for found in source("CLUSTER", "GETKEYSINSLOT", self.slot_of(key), 10_000) if which(found)]
        if keys:
            source("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
        return len(keys)

    def end_move(self, key, source, target):
        slot, name = self.slot_of(key), target("CLUSTER", "MYID")
        target("CLUSTER", "SETSLOT", slot, "NODE", name)
        source("CLUSTER", "SETSLOT", slot, "NODE", name)

    def close(self):
        for node in self.nodes:
            node.close()

    def _share_slots(self):
        size = len(self.nodes)
        for number, node in enumerate(self.nodes):
            node("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            # The first slot of the next node is the first one that slot * size // SLOTS gives to it.
            first, end = -(-number * SLOTS // size), -(-(number + 1) * SLOTS // size)
            node("CLUSTER", "ADDSLOTSRANGE", first, end - 1)
            self.nodes[0]("CLUSTER", "MEET", "127.0.0.1", node.port, node.bus)

    def _is_whole(self, node):
        said = node("CLUSTER", "INFO")
        return "cluster_state:ok" in said and f"cluster_known_nodes:{len(self.nodes)}" in said

    @staticmethod
    def _wait(condition, what, seconds=20):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise RedisError(f"not within {seconds} s: {what}")
            time.sleep(0.02)


def _node():
    for _ in range(5):  # another program may take the bus's port before the server does
        bus = free_port()
        try:
            node = RedisServer(arguments=["--cluster-enabled", "yes", "--cluster-port", str(bus),
                                          "--cluster-node-timeout", "5000"])
        except RedisError:
            continue
        node.bus = bus
        return node
    raise RedisError("no node of a cluster starts")
