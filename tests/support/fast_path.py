"""Suites run with the fast path and, with BULLMQ_FAST_PATH=off, without it (./test --fast-path off)."""

import os


def with_fast_path(environment):
    """The environment of a shunt process, with the setting if it uses the queue."""
    off = os.environ.get("BULLMQ_FAST_PATH") == "off" and environment.get("QUEUE_ENABLED") == "true"
    return {**({"SHUNT_QUEUE_FAST_PATH": "off"} if off else {}), **environment}
