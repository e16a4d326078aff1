"""Waiting for conditions, with a deadline."""

import os
import time

PATIENCE = float(os.environ.get("SHUNT_INTEROP_TIMEOUT", "30"))  # seconds; what takes longer has failed


def eventually(condition, what="the condition", patience=PATIENCE):
    """The condition's value as soon as it is true."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not come true within {patience} s; last value {value!r}"
        time.sleep(0.005)
