"""What the native client does not offer yet: not_offered.txt, one test name a line (a trailing * for a family of them).

A test that is not listed must pass. One that is listed must be refused by the native client as NotSupported, so that
the list cannot outlive the gap.
"""

import os
from pathlib import Path

import pytest

from remote import NotSupported

_LISTED = [line.strip() for line in (Path(__file__).parent / "not_offered.txt").read_text().splitlines()
           if line.strip() and not line.startswith("#")]


def is_listed(name):
    return any(name.startswith(entry[:-1]) if entry.endswith("*") else name == entry for entry in _LISTED)


def judge(name, error):
    """After the test `name` ended with this exception, or None."""
    if isinstance(error, NotSupported) and error.client == "cpp" and is_listed(name):
        pytest.skip(f"not offered: {error}")
    if error is None and name in _LISTED and os.environ.get("SHUNT_BULLMQ_REMOTE"):
        pytest.fail(f"{name} is offered now: remove it from not_offered.txt")
