"""check.py COMPILER FILE FLAG...: the compiler refuses the file with one error, the one that the file expects."""
import re
import subprocess
import sys

compiler, name, *flags = sys.argv[1:]
with open(name, encoding="utf-8") as file:
    expected = re.search(r"// expected: (.*)", file.read())[1]
run = subprocess.run([compiler, "-std=c++20", "-fsyntax-only", *flags, name], capture_output=True, text=True, check=False)
errors = [line for line in run.stderr.splitlines() if re.search(r"\berror: ", line)]
if len(errors) != 1 or expected not in errors[0]:
    sys.exit(f"expected one error, {expected!r}, got {len(errors)}:\n{run.stderr[:4000]}")
