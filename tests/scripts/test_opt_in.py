"""What runs only by some option of ./test or ./bench/run: whether it would start at all. Its own tests are behind those
options; here it is read as its interpreter would read it."""

import ast
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ["bench", "scripts", "tests", ".ci"]


def files(*suffixes):
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")
             if path.suffix in suffixes and path.is_file() and "node_modules" not in path.parts]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def shell_scripts():
    """By their first line, whatever they are called."""
    found = [ROOT / "run", ROOT / "test", *[path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]]
    scripts = []
    for path in found:
        if path.is_file() and path.suffix in ("", ".sh") and "node_modules" not in path.parts:
            with open(path, "rb") as file:
                first = file.readline()
            if first.startswith(b"#!") and b"sh" in first:
                scripts.append(str(path.relative_to(ROOT)))
    return sorted(scripts)


def run(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_python_files_can_be_read():
    for name in files(".py"):
        ast.parse((ROOT / name).read_text(encoding="utf-8"), name)


@pytest.mark.parametrize("name", shell_scripts())
def test_shell_scripts_can_be_read(name):
    run("bash", "-n", name)


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_node_files_can_be_read():
    for name in [name for name in files(".mjs") if name.startswith(("bench/", "tests/deploy/"))]:
        run("node", "--check", name)


@pytest.mark.skipif(not shutil.which("ruby"), reason="ruby is not installed")
def test_ruby_files_can_be_read():
    for name in files(".rb"):
        run("ruby", "-c", name)


@pytest.mark.skipif(not shutil.which("clang-format-19"), reason="clang-format-19 is not installed")
def test_the_format_check_of_the_lint_works():
    run("clang-format-19", "--dry-run", "-Werror", "base/src/error.cpp", "base/src/digest.cpp")


@pytest.mark.skipif(not shutil.which("clang-tidy-19"), reason="clang-tidy-19 is not installed")
def test_the_checks_of_the_lint_are_known():
    assert "unknown" not in run("clang-tidy-19", "--verify-config").lower()


def test_each_benchmark_has_a_script_and_shows_its_options():
    scripts = sorted((ROOT / "bench").glob("*/run.py"))
    assert scripts
    for script in scripts:
        assert "usage" in run("/usr/bin/python3", str(script.relative_to(ROOT)), "--help")


def test_packages_that_an_option_needs_are_listed():
    listed = (ROOT / "packages.txt").read_text(encoding="utf-8")
    for section in ("run", "test", "package", "package-check", "package-test", "image", "image-test", "arm64", "systems", "lint", "clang",
                    "llm", "peers", "bench", "bench-peers"):
        assert f"\n[{section}]\n" in listed, f"packages.txt has no [{section}]"
