#!/usr/bin/env python3
"""build_progress.py LOG: writes what a build says to LOG, and shows on one line of the terminal how far it is and how long
the rest will take. Reads ninja's output, whose lines begin with "[FINISHED/TOTAL] "."""

import re
import shutil
import sys
import time

STEP = re.compile(r"\[(\d+)/(\d+)\] (.*)")
# Too few steps tell nothing about the others.
FIRST_STEPS = 5
FIRST_SECONDS = 5


def rest_of(finished, total, seconds):
    """How long the steps that are left will take if they take as long as those before; empty when it cannot be told."""
    if finished < FIRST_STEPS or seconds < FIRST_SECONDS or finished >= total:
        return ""
    left = seconds * (total - finished) / finished
    if left < 60:
        return f"about {max(10, round(left / 10) * 10)} s left"
    return f"about {max(1, round(left / 60))} min left"


def shown(line, seconds, width):
    """What the terminal shows of a line of ninja's; None for a line that tells of no step."""
    step = STEP.match(line)
    if not step:
        return None
    finished, total, what = int(step[1]), int(step[2]), step[3]
    rest = rest_of(finished, total, seconds)
    what = re.sub(r"^Building CXX object .*?(\w+)\.dir/Unity/unity_(\d+)_cxx\.cxx\.o$", r"\1, batch \2", what.strip())
    what = re.sub(r"^Building CXX object .*/", "", what)
    return f"[{finished}/{total}{', ' + rest if rest else ''}] {what}"[: width - 1]


def main(log_path):
    begun = time.monotonic()
    with open(log_path, "w", encoding="utf-8", errors="replace") as log:
        for line in sys.stdin:
            log.write(line)
            text = shown(line, time.monotonic() - begun, shutil.get_terminal_size().columns)
            if text is not None:
                sys.stdout.write(f"\r\033[K{text}")
                sys.stdout.flush()
    sys.stdout.write("\r\033[K")


if __name__ == "__main__":
    sys.stdin.reconfigure(errors="replace")
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        sys.exit(130)
