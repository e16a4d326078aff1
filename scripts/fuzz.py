#!/usr/bin/env python3
"""fuzz.py FOLDER [TARGET...] [--seconds N] [--jobs N]: each libFuzzer target of FOLDER (bin/fuzz_*), or those named.

Goes on after a finding; exit code 1 if there was any. The input of a finding is build/fuzz/TARGET/crash-*; what a target
has learnt stays in build/fuzz/TARGET/corpus, so that the next run begins there. Also by SHUNT_FUZZ_SECONDS (60) and
SHUNT_FUZZ_JOBS (one a core)."""

import argparse
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from suite_runner import Runner, Suite, aligned, duration, exit_code  # noqa: E402

ARTIFACTS = ROOT / "build/fuzz"
# An input that takes longer is a finding; sanitizers make everything slower by some ten times.
SECONDS_OF_ONE = 30
MEGABYTES = 2048


def targets_in(folder):
    return sorted(path.name.removeprefix("fuzz_") for path in Path(folder).glob("fuzz_*")
                  if not path.name.startswith("fuzz_smoke_") and os.access(path, os.X_OK))


def suite_of(folder, target, seconds):
    place = ARTIFACTS / target
    (place / "corpus").mkdir(parents=True, exist_ok=True)
    return Suite(target, [str(Path(folder).resolve() / f"fuzz_{target}"), str(place / "corpus"),
                          f"-artifact_prefix={place}/", f"-max_total_time={seconds}", f"-timeout={SECONDS_OF_ONE}",
                          f"-rss_limit_mb={MEGABYTES}", "-print_final_stats=1", "-verbosity=1"],
                 {"ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"})


def judged(text):
    """How many inputs ran, and what was found."""
    runs = re.findall(r"number_of_executed_units: (\d+)", text)
    finding = re.search(r"(?:SUMMARY: |does not hold: |ERROR: )[^\n]*", text)
    artifact = re.search(r"Test unit written to (\S+)", text)
    note = f"{finding[0][:100]} {os.path.relpath(artifact[1], ROOT)}" if finding and artifact else ""
    return int(runs[-1]) if runs else None, 1 if artifact else 0, note


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=int, default=int(os.environ.get("SHUNT_FUZZ_SECONDS", "60")))
    parser.add_argument("--jobs", type=int, default=int(os.environ.get("SHUNT_FUZZ_JOBS", os.cpu_count() or 1)))
    options = parser.parse_args(arguments)
    there = targets_in(options.folder)
    unknown = set(options.targets) - set(there)
    if unknown or not there:
        sys.exit(f"no such target: {', '.join(sorted(unknown)) or 'any'} (in {options.folder}: {', '.join(there)})")
    suites = [suite_of(options.folder, target, options.seconds) for target in options.targets or there]
    outcomes = Runner(ROOT, ARTIFACTS / "logs", judged).run_all(suites, options.jobs)
    rows = [["target", "result", "inputs", "time", "finding"]]
    for outcome in outcomes:
        rows.append([outcome.name, outcome.result, "-" if outcome.passed is None else outcome.passed,
                     duration(outcome.seconds), outcome.note])
    print(aligned(rows))
    failed = sum(outcome.result != "passed" for outcome in outcomes)
    print(f"{len(outcomes) - failed} targets passed, {failed} failed")
    return exit_code(outcomes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
