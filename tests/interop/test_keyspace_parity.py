"""The client under test leaves in Redis, and answers, exactly what Node's does after the same requests."""

from concurrent.futures import ThreadPoolExecutor

import pytest

import keyspace
from parity_table import TABLE
from scenario import Run

CASES = [pytest.param(case, id=f"{group}: {case.name}") for group, cases in TABLE.items() for case in cases]


def both(case, clients, servers):
    """Node and the client under test at the same time, each on its own server."""
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(Run, client, server, case) for client, server in zip(clients, servers)]
        return [future.result() for future in futures]


@pytest.mark.parametrize("case", CASES)
def test_same_keys_and_answers(case, clients, servers):
    node, tested = both(case, clients, servers)
    if node.crossed_a_minute or tested.crossed_a_minute:  # metrics count by the minute
        node, tested = both(case, clients, servers)
    names = "node", "cpp"
    lines = keyspace.differences(node.snapshot, tested.snapshot, *names, case.near)
    lines += keyspace.differences(node.answers, tested.answers, *names, case.near, "answers")
    assert not lines, "\n" + "\n".join(lines)
