"""Whether the peers' programs still speak the line protocol: runs in the plain suite, so that a request that the
protocol learns is not missed until somebody asks for the peers.

The Python program runs with a stand-in for the official client, or with that itself where it is installed; the Rust
program runs where it has been built, and its source is read where it has not.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "interop"), str(HERE.parent / "support")]

from remote import NotSupported, Remote, RemoteError  # noqa: E402

FOLDER = Path(os.environ.get("SHUNT_PEERS_FOLDER", "/nonexistent"))
RUST_SOURCE = (HERE / "rust/src/program.rs").read_text(encoding="utf-8")
NOWHERE = "redis://127.0.0.1:1"  # nobody listens there, and nothing here connects


class StandIn(Remote):
    """The Python program with the stand-in, whatever is installed."""

    def __init__(self):
        program = [sys.executable, str(HERE / "python_remote.py")]
        environment = ["env", f"PYTHONPATH={HERE / 'stand_in'}", "PYTHONDONTWRITEBYTECODE=1"]
        super().__init__([*environment, *program], NOWHERE, "python (stand-in)")


def built(name, *program):
    """A maker of the real client, if prepare.sh has made it and it is of these sources."""
    there = Path(program[0])
    old = there.exists() and there.stat().st_mtime < max(
        path.stat().st_mtime for path in (HERE / "rust").rglob("*.rs")) and name == "rust"
    reason = "not prepared (./test --with-peers prepares it)"
    return pytest.param(lambda: Remote(list(program), NOWHERE, name), id=name,
                        marks=pytest.mark.skipif(not there.exists() or old, reason=reason))


PROGRAMS = [pytest.param(StandIn, id="python-stand-in"),
            built("python", str(FOLDER / "venv/bin/python"), str(HERE / "python_remote.py")),
            built("rust", str(FOLDER / "cargo/debug/rust-remote"))]


@pytest.fixture(params=PROGRAMS)
def program(request):
    with request.param() as made:  # the handshake is the first request, and leaving ends it in peace
        yield made


def test_tells_its_classes_and_methods(program):
    offered = program.capabilities()
    assert {"Queue", "Worker", "QueueEvents", "Job"} <= set(offered)
    assert {"add", "getWorkers"} <= set(offered["Queue"])
    assert "updateProgress" in offered["Job"]


def test_what_it_does_not_know_is_not_supported(program):
    for request in ({"new": "Easel", "as": "easel", "args": [{"connection": {"url": NOWHERE}}]},
                    {"call": "paintTheFence"}, {"get": "easel", "prop": "name"}):
        with pytest.raises(NotSupported):
            program.wait(program.submit(request))


def test_what_does_not_exist_is_an_error(program):
    for request in ({"on": "easel", "call": "add", "args": []}, {"free": "easel"}):
        with pytest.raises(RemoteError):
            program.wait(program.submit(request))


def test_a_broken_line_ends_the_program():
    remote = StandIn()
    try:
        remote.process.stdin.write(b"this is not JSON\n")
        remote.process.stdin.flush()
        assert remote.process.wait(10) != 0
    except subprocess.TimeoutExpired:
        pytest.fail("it goes on")
    finally:
        remote.kill()


def requests_of_the_caller():
    """The kinds of requests that remote.py sends: the words that stand first in what it submits."""
    return set(re.findall(r'submit\(\{"(\w+)":', (HERE.parent / "interop/remote.py").read_text(encoding="utf-8")))


def test_the_rust_source_knows_every_kind_of_request():
    kinds = requests_of_the_caller()
    assert {"new", "free", "on", "call"} <= kinds, "remote.py is not written as this test thinks"
    not_needed = {"get", "set"}  # of properties, which only tests of Node and ours ask for
    unknown = [kind for kind in kinds - not_needed if f'request["{kind}"]' not in RUST_SOURCE]
    assert not unknown
    assert '"capabilities"' in RUST_SOURCE


@pytest.mark.parametrize("function, table", [("on_queue", "QUEUE_METHODS"), ("on_job", "JOB_METHODS")])
def test_the_rust_program_tells_what_it_can(function, table):
    told = re.search(rf"const {table}: \[&str; \d+\] = \[(.*?)\];", RUST_SOURCE, re.S).group(1)
    body = re.search(rf"^async fn {function}\(.*?^}}", RUST_SOURCE, re.S | re.M).group(0)
    assert sorted(re.findall(r'"(\w+)"', told)) == sorted(re.findall(r'^        "(\w+)" =>', body, re.M))
