#!/usr/bin/env python3
"""./test --everything [--only NAME,...] [--without NAME,...] [--list] [--json]: every suite that ./test knows, in turn.

Goes on after a failure, and prints one table at the end; exit code 1 if any failed. What each said is in
build/everything/NAME.log. --json prints the table as JSON instead. A whole round takes some hours, most of it building:
each sanitizer and clang have a build of their own."""

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from suite_runner import Runner, Suite, aligned, duration, exit_code  # noqa: E402

RELEASE = "build/release/bin"
# The same as in CONTRIBUTING.md: what uses a queue.
QUEUED = "interop|fault|Queue|e2e|deploy"


def built(target, script):
    """Builds a target and runs a Python script."""
    return ["bash", "-c", f"scripts/build.sh release --target {target} && exec /usr/bin/python3 {script}"]


def suites():
    """The quick ones first. Those of the release build come before those that configure it in another way."""
    found = [
        Suite("lint", ["./test", "--lint"], about="formatting and static analysis"),
        Suite("plain", ["./test"], about="the whole suite"),
        Suite("fast-path-off", ["./test", "--fast-path", "off", "-R", QUEUED], about="without the batch scripts"),
        # By themselves: ctest would end them after a few minutes.
        Suite("soak", built("soak-worker", f"tests/soak/soak.py {RELEASE}/soak-worker"),
              {"SHUNT_SOAK_JOBS": "1000000"}, "a million jobs through one worker process"),
        Suite("chaos", built("shunt", "tests/e2e/chaos/chaos.py"),
              {"SHUNT_CHAOS_SECONDS": "600", "SHUNT_BIN": f"{RELEASE}/shunt"}, "ten minutes of kills and cuts"),
        Suite("seed", ["./test", "--seed"], about="what the project was asked for first"),
        Suite("upgrade", ["./test", "--upgrade"], about="the version before this one beside it"),
        Suite("image", ["./test", "--image"], about="the container image, built and run"),
        Suite("packages", ["./test", "--packages"], about="the packages on a bare Debian, and a Conan package"),
        Suite("site", ["./test", "--site"], about="the docs site, built and looked at in a browser"),
        Suite("peers", ["./test", "--with-peers", "-R", "interop_peers"], about="the official Python and Rust clients"),
        Suite("llm", ["./test", "--with-llm", "-R", "^llm|OpenAiWithLlm"], about="a real llama.cpp server"),
        Suite("arm64", ["./test", "--arm64"], about="the unit tests cross-compiled for arm64, run by qemu"),
        Suite("systems", ["./test", "--systems"], about="Debian 13 and Ubuntu 24.04 in a folder"),
        Suite("bench", ["scripts/build.sh", "release", "-DSHUNT_BUILD_BENCH=ON"], about="the benchmark programs compile"),
        Suite("fuzz", ["./test", "--fuzz"], about="a minute of each fuzz target"),
        Suite("clang", ["./test", "--clang"], about="the whole suite built by clang"),
        Suite("asan", ["./test", "--asan"], about="AddressSanitizer and UndefinedBehaviorSanitizer"),
        Suite("tsan", ["./test", "--tsan"], about="ThreadSanitizer"),
    ]
    return [suite for suite in found if suite.name not in ("seed", "upgrade") or (ROOT / "tests" / suite.name).is_dir()]


def chosen(all_suites, only, without):
    names = {suite.name for suite in all_suites}
    unknown = (set(only) | set(without)) - names
    if unknown:
        sys.exit(f"no such suite: {', '.join(sorted(unknown))} (there are {', '.join(suite.name for suite in all_suites)})")
    return [suite for suite in all_suites if (not only or suite.name in only) and suite.name not in without]


def table(outcomes):
    rows = [["suite", "result", "passed", "failed", "time", "log"]]
    for outcome in outcomes:
        count = ["-" if number is None else number for number in (outcome.passed, outcome.failed)]
        rows.append([outcome.name, outcome.result, *count, duration(outcome.seconds),
                     outcome.log if outcome.result != "passed" else ""])
    return aligned(rows)


def main(arguments, all_suites=None, folder=None):
    parser = argparse.ArgumentParser(prog="./test --everything", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    names = {"type": lambda text: [name for name in text.split(",") if name], "default": [], "metavar": "NAME,..."}
    parser.add_argument("--only", **names, help="these suites alone")
    parser.add_argument("--without", **names, help="all but these suites")
    parser.add_argument("--list", action="store_true", help="what there is, and nothing is run")
    parser.add_argument("--json", action="store_true", help="the table as JSON")
    options = parser.parse_args(arguments)
    wanted = chosen(all_suites or suites(), options.only, options.without)
    if options.list:
        print(aligned([["suite", "what"], *[[suite.name, suite.about] for suite in wanted]]))
        return 0
    outcomes = Runner(ROOT, folder or ROOT / "build/everything").run_all(wanted)
    if options.json:
        print(json.dumps([dataclasses.asdict(outcome) for outcome in outcomes], indent=1))
    else:
        print(table(outcomes))
    return exit_code(outcomes)


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:]))
