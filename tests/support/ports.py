"""Ports of this machine."""

import socket


def free_port():
    """A port that nobody listens on. Another program may take it before its user does: be ready to ask again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
