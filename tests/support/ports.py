"""Ports of this machine."""

import random
import socket

# Below those that the kernel gives to whoever connects, so that only another listener can take one in between.
FIRST, LAST = 10_000, 30_000


def free_port():
    """A port that nobody listens on. Another program may take it before its user does: be ready to ask again."""
    while True:
        port = random.randint(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
