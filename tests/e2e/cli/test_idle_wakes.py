"""How often a process that has nothing to do wakes: it shares its machine with what runs there."""

import pathlib
import re
import time

from sanitizer_reports import skip_with

# Until what only happens at the start is over, and for how long is counted: no duty comes less often than in both together
# but those of a minute and more.
SETTLES = 8
COUNTED = 20
# A second. Wanted are 2; these hold what there is (docs/performance.md), with room for a duty of many seconds that falls into
# the time twice.
MOST = {"off": 0.1, "api": 3.0, "worker": 2.8}
MODELS = """
[models.words]
driver = "simulator"
text_field = "prompt"
"""


def sleeps(pid):
    """How often the threads of a process have gone to sleep."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        status = (task / "status").read_text(encoding="utf-8")
        total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.M)[1])
    return total


def test_idle_processes_wake_rarely(shunt, redis):
    skip_with(["tsan"], "ThreadSanitizer's own thread wakes ten times a second")
    shunt.write("shunt.toml", MODELS)
    queue = {"QUEUE_ENABLED": "true", "REDIS_URL": f"redis://127.0.0.1:{redis.port}"}
    pids = {("off", "off"): shunt.serve().process.pid}
    for strategy in ("queue", "sync", "shadow", "canary"):
        # Each with keys of its own, as a fleet of its own.
        own = queue | {"SHUNT_STRATEGY": strategy, "SHUNT_QUEUE_PREFIX": "{" + strategy + "}"}
        pids["api", strategy] = shunt.serve(environment=own).process.pid
    pids["worker", "worker"] = shunt.worker(environment=queue).process.pid
    time.sleep(SETTLES)
    before = {name: sleeps(pid) for name, pid in pids.items()}
    time.sleep(COUNTED)
    found = {name: (sleeps(pid) - before[name]) / COUNTED for name, pid in pids.items()}
    assert all(rate <= MOST[kind] for (kind, _), rate in found.items()), found
