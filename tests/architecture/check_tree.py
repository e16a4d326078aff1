"""What the tree promises: includes point down, nobody looks into another part's src/, every part has a README and
every command its run bit, and no file names a machine. Redis' answers are taken apart in one
folder a part. Usage: check_tree.py ROOT"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1])
# Lowest first. apps/config is a part of its own; apps/shunt may use everything. bullmq is a library of its own, which
# includes nothing of ours.
ORDER = ["base", "http", "bullmq", "tracing", "generation", "executor", "flip", "webhooks", "api", "config",
         "site", "apps"]
FOLDER = {"base": "base", "http": "http", "bullmq": "bullmq", "tracing": "tracing", "generation": "generation",
          "executor": "executor", "flip": "flip", "webhooks": "webhooks", "api": "api",
          "config": "apps/config", "site": "apps/site", "apps": "apps/shunt"}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"](?:shunt/([a-z]+)|(bullmq))/', re.M)
ANY_QUOTED = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
# The folders of a part's src/ that are layers, lowest first: a file includes those of its own and of lower ones.
LAYERS = {"api": ["representation", "dialects", "surface", "admission", "batches", "service", "routes", "server"]}
problems = []


def sources(folder):
    return [p for p in (ROOT / folder).rglob("*") if p.suffix in (".cpp", ".hpp")]


def check_part(part):
    rank = ORDER.index(part)
    for path in sources(FOLDER[part]):
        text = path.read_text(encoding="utf-8")
        for shunt_part, bullmq in INCLUDE.findall(text):
            included = shunt_part or bullmq
            alone = part == "bullmq" and included != part
            if included not in ORDER or ORDER.index(included) > rank or alone:
                folder = f"shunt/{included}" if shunt_part else included
                problems.append(f"{path.relative_to(ROOT)}: {part} may not include {folder}/")
        for quoted in ANY_QUOTED.findall(text):
            if "/src/" in quoted or quoted.startswith(".."):
                problems.append(f"{path.relative_to(ROOT)}: includes {quoted}, past its public headers")
    if not (ROOT / FOLDER[part] / "README.md").is_file():
        problems.append(f"{FOLDER[part]}/ has no README.md")


def check_layers(part, layers):
    source_folder = ROOT / FOLDER[part] / "src"
    for path in sources(FOLDER[part] + "/src"):
        layer = path.relative_to(source_folder).parts[0]
        if layer not in layers:
            problems.append(f"{path.relative_to(ROOT)}: is in none of the layers {', '.join(layers)}")
            continue
        for quoted in ANY_QUOTED.findall(path.read_text(encoding="utf-8")):
            included = quoted.split("/")[0]
            if included in layers and layers.index(included) > layers.index(layer):
                problems.append(f"{path.relative_to(ROOT)}: {layer} may not include {quoted}")


def check_light_headers():
    """Public headers keep Asio, Beast and curl out of their users' compile time; only bullmq, whose operations are
    Asio's coroutines, and http's server, which parts above use in their .cpp files alone, may show Asio."""
    for part in ORDER[:-1]:
        for path in (ROOT / FOLDER[part] / "include").rglob("*.hpp"):
            shows_asio = part == "bullmq" or "http/include/shunt/http/server/" in str(path)
            text = path.read_text(encoding="utf-8")
            for heavy in ("boost/asio", "boost/beast", "curl/", "toml++", "CLI/", "hiredis"):
                if shows_asio and heavy == "boost/asio":
                    continue
                if re.search(rf'#include\s*[<"]{re.escape(heavy)}', text):
                    problems.append(f"{path.relative_to(ROOT)}: a public header includes {heavy}")


def check_gateways():
    """What Redis says of generations and of the flip is decoded in one folder each; everybody else sees types."""
    for part, folder in (("executor", "executor/src/queue/records"), ("flip", "flip/src/store")):
        gateway = ROOT / folder
        for path in sources(part):
            if gateway in path.parents:
                continue
            for word in ("RedisReply", ".elements", ".execute(", "scripts::"):
                if word in path.read_text(encoding="utf-8"):
                    problems.append(f"{path.relative_to(ROOT)}: {word} belongs into {folder}/")


def check_flip_layers():
    """The flip's core knows neither its store nor its fleet, and the store knows no fleet. Redis is below both."""
    for path in sources("flip"):
        folder = path.relative_to(ROOT / "flip").parts[1]
        layer = folder if path.relative_to(ROOT / "flip").parts[0] == "src" and folder in ("store", "fleet") else "core"
        for quoted in ANY_QUOTED.findall(path.read_text(encoding="utf-8")):
            upwards = {"core": ("store/", "fleet/", "bullmq/"), "store": ("fleet/",), "fleet": ()}[layer]
            if quoted.startswith(upwards):
                problems.append(f"{path.relative_to(ROOT)}: {layer} may not include {quoted}")


def check_analysed_headers():
    """clang-tidy tells of a header's faults only where its path matches, so a new part has to be named."""
    analysed = re.search(r"^HeaderFilterRegex: '(.*)'$", (ROOT / ".clang-tidy").read_text(encoding="utf-8"), re.M)[1]
    for part, folder in FOLDER.items():
        if not re.match(analysed, folder + "/"):
            problems.append(f".clang-tidy: HeaderFilterRegex passes over the headers of {part}")


def check_run_bits():
    for command in ("run", "test", ".ci/run", "bench/run"):
        if not os.access(ROOT / command, os.X_OK):
            problems.append(f"{command} has no run bit")


def check_no_machine_paths():
    """Only where the tree is a git checkout: an installed or exported tree has nothing else to look at."""
    if not (ROOT / ".git").exists():
        return
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files"], check=True, capture_output=True, text=True).stdout
    for name in listed.splitlines():
        path = ROOT / name
        if path.suffix in (".cpp", ".hpp", ".md", ".py", ".sh", ".txt", ".toml", ".cmake", ".json", ".yml", ""):
            text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
            for match in re.findall(r"(?<![\w.])/(?:home|root|Users)/\w+", text):
                problems.append(f"{name}: names a machine's folder {match}")


for each in ORDER:
    check_part(each)
for each, layers in LAYERS.items():
    check_layers(each, layers)
check_light_headers()
check_gateways()
check_flip_layers()
check_analysed_headers()
check_run_bits()
check_no_machine_paths()
print("\n".join(problems) if problems else f"{len(ORDER)} parts: includes point down")
sys.exit(1 if problems else 0)
