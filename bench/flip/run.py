"""What a decision of the flip costs at admission, by where in its precedence it ends. The bound is 2 microseconds."""
import argparse
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from report import Report  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    report = Report(options.json)
    program = pathlib.Path(options.bin) / "bench_flip_decide"
    lines = subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()
    for name, nanoseconds in map(str.split, lines):
        report.add(f"decide: {name.replace('_', ' ')}", float(nanoseconds), "ns", wanted="< 2000")
    report.close()


if __name__ == "__main__":
    main()
