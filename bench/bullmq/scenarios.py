"""What ./bench/run bullmq measures."""
import dataclasses

KIB = 1024
# The driver's warm-up, as a part of the work.
WARM_UP_PART = 4


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    kind: str  # the driver's word for it
    at_once: int
    jobs: int
    wanted: float | None = None  # rate, or time for "latency", against Node's
    payload: int | None = None  # bytes, where it is not the option's
    workers: int = 1  # processes that share the queue, of kind "share"

    @property
    def is_share(self):
        return self.kind == "share"


SCENARIOS = [
    Scenario("add, one by one", "add", 1, 10_000),
    Scenario("add, 100 in flight", "add", 100, 50_000, wanted=4.5),
    Scenario("add, 1,000 in flight", "add", 1_000, 50_000, wanted=4.5),
    Scenario("addBulk of 50", "bulk", 50, 50_000),
    Scenario("addBulk of 1,000", "bulk", 1_000, 50_000, wanted=6),
    Scenario("process, concurrency 1", "process", 1, 10_000),
    Scenario("process, concurrency 100", "process", 100, 40_000, wanted=3.5),
    Scenario("add to result", "latency", 1, 4_000),
    Scenario("add of 10 KiB, 100 in flight", "add", 100, 20_000, payload=10 * KIB),
    Scenario("add of 100 KiB, 100 in flight", "add", 100, 4_000, payload=100 * KIB),
    Scenario("process of 10 KiB, concurrency 100", "process", 100, 20_000, payload=10 * KIB),
    Scenario("process of 100 KiB, concurrency 100", "process", 100, 4_000, payload=100 * KIB),
    Scenario("one worker process, concurrency 100", "share", 100, 40_000, workers=1),
    Scenario("two worker processes, concurrency 100", "share", 100, 40_000, workers=2),
    Scenario("four worker processes, concurrency 100", "share", 100, 40_000, workers=4),
]

# Redis' processor time for a job of these scenarios is held against the plain commands'.
AGAINST_FLOOR = {"add": ("add, 1,000 in flight", 1.0), "process": ("process, concurrency 100", 1.1)}
