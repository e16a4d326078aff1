"""The pin: one exact version, by hash, from whatever registry the builder uses, with the scripts that we know."""
import json
import re

from embed_scripts import load_scripts, script_list


def lock(upstream):
    return json.loads((upstream / "package-lock.json").read_text(encoding="utf-8"))


def test_the_lock_names_no_registry(upstream):
    text = (upstream / "package-lock.json").read_text(encoding="utf-8")
    assert re.findall(r'"resolved"|https?://[^"]*', text) == []


def test_one_exact_version_is_pinned_by_its_hash(upstream):
    wanted = json.loads((upstream / "package.json").read_text(encoding="utf-8"))["dependencies"]["bullmq"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", wanted)
    locked = lock(upstream)["packages"]["node_modules/bullmq"]
    assert locked["version"] == wanted
    assert locked["integrity"].startswith("sha512-")


def test_no_locked_package_is_one_of_a_platform(upstream):
    """npm ci refuses a lock that lacks some of them, and a registry may not have them all."""
    packages = lock(upstream)["packages"]
    assert [name for name, package in packages.items() if "os" in package or "cpu" in package] == []


def test_the_scripts_are_the_ones_that_the_library_knows(upstream, commands):
    known = dict(line.split() for line in (upstream / "scripts.txt").read_text(encoding="utf-8").splitlines())
    found = dict(line.split() for line in script_list(load_scripts(commands)).splitlines())
    changes = [f"appeared: {name} ({found[name]} keys)" for name in sorted(found.keys() - known.keys())]
    changes += [f"vanished: {name}" for name in sorted(known.keys() - found.keys())]
    changes += [f"other keys: {name} ({known[name]} before, {found[name]} now)"
                for name in sorted(known.keys() & found.keys()) if known[name] != found[name]]
    assert not changes, "\n".join(
        ["upstream's scripts are not those of bullmq/upstream/scripts.txt", *changes,
         "When the library is right for them, write the list anew:",
         f"  python3 bullmq/upstream/embed_scripts.py {commands} --list > bullmq/upstream/scripts.txt"])
