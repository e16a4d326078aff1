"""What Node refuses is refused with the same error name, message and code, and leaves the same keys behind."""

import pytest

import keyspace
from refusals_table import TABLE
from test_keyspace_parity import both

CASES = [pytest.param(case, id=f"{group}: {case.name}") for group, cases in TABLE.items() for case in cases]


@pytest.mark.parametrize("case", CASES)
def test_same_error(case, clients, servers):
    node, tested = both(case, clients, servers)
    assert node.answers[-1]["refused"] != "accepted", "Node accepts this: it belongs into parity_table.py"
    lines = keyspace.differences(node.answers, tested.answers, "node", "cpp", case.near, "answers")
    lines += keyspace.differences(node.snapshot, tested.snapshot, "node", "cpp", case.near)
    assert not lines, "\n" + "\n".join(lines)
