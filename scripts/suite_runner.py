"""Runs commands one after the other or a few at a time, each with a log of its own, and prints one aligned table. What
scripts/everything.py and scripts/fuzz.py have in common."""

import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

COUNTS = [
    # ctest: "99% tests passed, 1 tests failed out of 1107"
    (re.compile(r"tests passed, (?P<failed>\d+) tests? failed out of (?P<all>\d+)"), None),
    # pytest: "2 failed, 51 passed in 12.84s"
    (re.compile(r"(?:(?P<failed>\d+) failed, )?(?P<passed>\d+) passed(?:, \d+ skipped)? in [\d.]+s"), None),
    # scripts/fuzz.py: "32 targets passed, 0 failed"
    (re.compile(r"(?P<passed>\d+) \w+ passed, (?P<failed>\d+) failed"), None),
]


@dataclass
class Suite:
    name: str
    command: list
    environment: dict = field(default_factory=dict)
    about: str = ""


@dataclass
class Outcome:
    name: str
    result: str  # "passed", "failed", "interrupted"
    passed: int | None
    failed: int | None
    seconds: float
    log: str
    note: str = ""


def counts_in(text):
    """How many tests passed and failed, by the last word of a runner in the text; None, None if there is none."""
    found = [match for pattern, _ in COUNTS for match in pattern.finditer(text)]
    if not found:
        return None, None
    last = max(found, key=lambda match: match.start()).groupdict()
    failed = int(last.get("failed") or 0)
    return (int(last["all"]) - failed if last.get("all") else int(last["passed"])), failed


def duration(seconds):
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02}m{rest:02}s"
    return f"{minutes}m{rest:02}s" if minutes else f"{seconds:.1f}s"


def aligned(rows):
    """Columns beside each other; those of numbers only are put to the right."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    numeric = [all(re.fullmatch(r"-|[\d.hms]+", row[column]) for row in rows[1:]) for column in range(len(widths))]
    lines = []
    for row in rows:
        cells = [cell.rjust(width) if right else cell.ljust(width) for cell, width, right in zip(row, widths, numeric)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


class Progress:
    """One line on a terminal that changes as things go on; a line each elsewhere. On standard error."""

    def __init__(self):
        self.terminal = sys.stderr.isatty()
        self.lock = threading.Lock()

    def say(self, text):
        with self.lock:
            print(("\r\033[K" if self.terminal else "") + text, file=sys.stderr, flush=True)

    def show(self, text):
        if self.terminal:
            with self.lock:
                width = os.get_terminal_size(sys.stderr.fileno()).columns
                print("\r\033[K" + text[:width - 1], end="", file=sys.stderr, flush=True)


class Runner:
    def __init__(self, root, folder, judge=None):
        self.root, self.folder = Path(root), Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.judge = judge  # what a log says beside the exit code: (passed, failed, note)
        self.progress = Progress()
        self.processes = set()
        self.interrupted = False

    def run_all(self, suites, jobs=1):
        """An outcome for each, in the order of the suites; goes on after a failure."""
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            futures = [pool.submit(self.run, suite) for suite in suites]
            try:
                while not all(future.done() for future in futures):
                    concurrent.futures.wait(futures, timeout=1)
            except KeyboardInterrupt:
                self.stop()
            return [future.result() for future in futures]

    def stop(self):
        self.interrupted = True
        for process in list(self.processes):
            try:
                os.killpg(process.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass

    def run(self, suite):
        log = self.folder / f"{suite.name}.log"
        if self.interrupted:
            return Outcome(suite.name, "interrupted", None, None, 0, str(log))
        begun = time.monotonic()
        if not self.progress.terminal:
            self.progress.say(f"{suite.name}: started")
        with open(log, "w") as out:
            # A session of its own, so that what it has started can be ended with it.
            process = subprocess.Popen(suite.command, cwd=self.root, stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=subprocess.STDOUT, env={**os.environ, **suite.environment},
                                       start_new_session=True)
            self.processes.add(process)
            while True:
                try:
                    code = process.wait(1)
                    break
                except subprocess.TimeoutExpired:
                    self.progress.show(f"{suite.name} {duration(time.monotonic() - begun)}  {last_line(log)}")
            self.processes.discard(process)
        return self.judged(suite, log, code, time.monotonic() - begun)

    def judged(self, suite, log, code, seconds):
        text = log.read_text(errors="replace")
        passed, failed, note = (*counts_in(text), "") if self.judge is None else self.judge(text)
        well = code == 0 and not failed
        result = "interrupted" if self.interrupted and not well else "passed" if well else "failed"
        if result == "failed" and not note:
            note = f"exit code {code}" if code >= 0 else f"signal {-code}"
        outcome = Outcome(suite.name, result, passed, failed, seconds, os.path.relpath(log, self.root), note)
        self.progress.say(f"{suite.name}: {result} after {duration(seconds)}"
                          + (f", see {outcome.log}" if result == "failed" else ""))
        return outcome


def last_line(log):
    with open(log, "rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 400))
        lines = [line for line in re.split(r"[\r\n]+", file.read().decode(errors="replace")) if line.strip()]
    return re.sub(r"\x1b\[[\d;]*\w", "", lines[-1]).strip() if lines else ""


def exit_code(outcomes):
    if any(outcome.result == "interrupted" for outcome in outcomes):
        return 130
    return 1 if any(outcome.result != "passed" for outcome in outcomes) else 0
