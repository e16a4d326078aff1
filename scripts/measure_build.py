#!/usr/bin/env python3
"""measure_build.py [TARGET] [-jN] [-DNAME=VALUE...]: what a first build costs. Configures build/measured anew, builds TARGET
there (shunt, as ./run does; all, with tests and benchmarks, as ./test does) without a compiler cache, and prints CPU and
wall time and the dearest steps. CPU time, too, grows on a busy machine, by a third or more; compare builds of equally quiet moments."""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "measured"


def options_of(target):
    with_tests = "OFF" if target == "shunt" else "ON"
    return [f"-DSHUNT_BUILD_TESTS={with_tests}", f"-DSHUNT_BUILD_BENCH={with_tests}"]


def cpu_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def dearest(log, count):
    """The steps that took longest by the wall clock, from a .ninja_log."""
    steps = {}
    for line in log.read_text().splitlines()[1:]:
        begin, end, _, output, _ = line.split("\t")
        steps[output] = (int(end) - int(begin)) / 1000
    return sorted(((seconds, output) for output, seconds in steps.items()), reverse=True)[:count]


def main():
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("target", nargs="?", default="shunt")
    parser.add_argument("-j", dest="jobs", type=int, default=os.cpu_count())
    arguments, values = parser.parse_known_args()

    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    configure = ["cmake", "--preset", "release", "-B", str(FOLDER), *options_of(arguments.target), *values]
    subprocess.run(configure, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    begun, before = time.monotonic(), cpu_of_children()
    build = ["cmake", "--build", str(FOLDER), "--target", arguments.target, f"-j{arguments.jobs}"]
    log = FOLDER / "build.log"
    with open(log, "w", encoding="utf-8") as out:
        done = subprocess.run(build, cwd=ROOT, env={**os.environ, "CCACHE_DISABLE": "1"}, stdout=out, stderr=out)
    if done.returncode != 0:
        sys.exit(f"The build failed; {log} tells why.")
    steps = len((FOLDER / ".ninja_log").read_text().splitlines()) - 1
    print(f"{arguments.target}: {(cpu_of_children() - before) / 60:.1f} CPU minutes, "
          f"{(time.monotonic() - begun) / 60:.1f} minutes by the clock with {arguments.jobs} at a time, {steps} steps")
    for seconds, output in dearest(FOLDER / ".ninja_log", 15):
        print(f"  {seconds:5.1f} s  {output}")


if __name__ == "__main__":
    main()
