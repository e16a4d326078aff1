"""Whether every reader of foreign data has a fuzz target: README.md's tables beside the sources. Usage:
check_readers.py ROOT"""

import re
import sys
from pathlib import Path

ROOT = Path(sys.argv[1])
HERE = ROOT / "tests/fuzz"
# What parses, or takes a reply of Redis apart. A comment does neither.
READS = re.compile(r"from_chars\(|\bsto[ild]+\(|\bstrto\w+\(|parse_json\(|json::parse\(|from_msgpack\(|\.elements\b")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
PARTS = ["base", "http", "bullmq", "tracing", "generation", "executor", "flip", "api", "apps"]
problems = []


def tables():
    """The rows of README.md's two tables: sources and targets, sources and reasons."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    targets, reasons = {}, {}
    section = None
    for line in text.split("\n"):
        if line.startswith("## "):
            section = {"## Readers": targets, "## Read elsewhere": reasons}.get(line)
        row = re.fullmatch(r"\| (`.*`) \| (.*) \|", line)
        if section is not None and row:
            for source in re.findall(r"`([^`]+)`", row[1]):
                section[source] = row[2]
    return targets, reasons


def check_target(name, source):
    if not (HERE / f"fuzz_{name}.cpp").is_file():
        problems.append(f"{source}: its target {name} has no tests/fuzz/fuzz_{name}.cpp")
    elif not re.search(rf"^shunt_fuzz_target\({name}\b", (HERE / "CMakeLists.txt").read_text(encoding="utf-8"), re.M):
        problems.append(f"{source}: its target {name} is not built (tests/fuzz/CMakeLists.txt)")
    elif not any((HERE / "seeds" / name).glob("*")):
        problems.append(f"{source}: its target {name} has no seeds (tests/fuzz/seeds/{name})")


def sources():
    for part in PARTS:
        for path in sorted((ROOT / part).rglob("*")):
            if path.suffix in (".cpp", ".hpp") and READS.search(COMMENT.sub("", path.read_text(encoding="utf-8"))):
                yield str(path.relative_to(ROOT))


targets, reasons = tables()
for listed in [*targets, *reasons]:
    if not (ROOT / listed).is_file():
        problems.append(f"tests/fuzz/README.md lists {listed}, which is not there")
for source, names in targets.items():
    if not re.findall(r"`(\w+)`", names):
        problems.append(f"{source}: tests/fuzz/README.md names no target")
    for name in re.findall(r"`(\w+)`", names):
        check_target(name, source)
for source in sources():
    if source not in targets and source not in reasons:
        problems.append(f"{source} reads what others write: give it a fuzz target (tests/fuzz/README.md)")
named = {name for names in targets.values() for name in re.findall(r"`(\w+)`", names)}
for path in sorted(HERE.glob("fuzz_*.cpp")):
    if path.stem.removeprefix("fuzz_") not in named:
        problems.append(f"tests/fuzz/{path.name} is of no reader in tests/fuzz/README.md")
print("\n".join(problems) if problems else f"{len(targets)} readers have targets")
sys.exit(1 if problems else 0)
