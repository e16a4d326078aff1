"""./run and ./test, with stand-ins for apt, dpkg, CMake and ctest: what they install, build and hand on."""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]

# Each writes down how it was called. CMake's configuration keeps its values, its build "makes" the binary.
STAND_INS = {
    "dpkg-query": """for package; do :; done
case " $MISSING " in *" $package "*) exit 1 ;; esac
printf installed""",
    "apt-get": 'echo "apt-get $*" >>"$CALLS"; exit "${APT_EXIT:-0}"',
    "sudo": 'exec "$@"',
    "ctest": 'echo "ctest $* ASAN=$ASAN_OPTIONS" >>"$CALLS"; echo "the summary"; exit "${CTEST_EXIT:-0}"',
    "cmake": """echo "cmake $*" >>"$CALLS"
if [ "$1" = --preset ]; then
  folder=build/$2; shift 2
  touch "$folder/build.ninja"
  for value; do value=${value#-D}; echo "${value%%=*}:BOOL=${value#*=}"; done >"$folder/CMakeCache.txt"
  exit 0
fi
echo "[1/2] the compiler's words"
if [ -n "$SLOW_BUILD" ]; then mkdir "$2/busy" && sleep 0.3 && rmdir "$2/busy" || exit 9; fi
[ -z "$BUILD_EXIT" ] || exit "$BUILD_EXIT"
mkdir -p "$2/bin"
printf '#!/bin/sh\\npwd\\nprintf "<%%s>" "$@"\\n' >"$2/bin/shunt"
chmod +x "$2/bin/shunt" """,
}


class Project:
    """A copy of the scripts, in a folder whose name has a space."""

    def __init__(self, folder):
        self.root = folder / "a project"
        self.root.mkdir()
        for name in ("run", "test", "packages.txt"):
            shutil.copy(ROOT / name, self.root)
        shutil.copytree(ROOT / "scripts", self.root / "scripts")
        self.calls_file = folder / "calls"
        self.tools = folder / "tools"
        self.tools.mkdir()
        for name, body in STAND_INS.items():
            tool = self.tools / name
            tool.write_text(f"#!/bin/sh\n{body}\n")
            tool.chmod(0o755)

    def run(self, command, *arguments, cwd=None, **environment):
        self.calls_file.write_text("")
        return subprocess.run(
            [command if os.path.isabs(command) else self.root / command, *arguments], cwd=cwd or self.root,
            env={"PATH": f"{self.tools}:/usr/bin:/bin", "HOME": os.environ.get("HOME", "/"),
                 "CALLS": str(self.calls_file), **environment},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def calls(self, of):
        return [line for line in self.calls_file.read_text().splitlines() if line.startswith(of)]


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def test_run_hands_its_arguments_and_the_callers_folder_to_the_binary(project, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    answer = project.run("run", "generate", "two words", "-o", "x.wav", cwd=elsewhere)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout == f"{elsewhere}\n<generate><two words><-o><x.wav>"


def test_run_works_through_a_symbolic_link(project, tmp_path):
    link = tmp_path / "shunt-run"
    link.symlink_to(project.root / "run")
    assert project.run(str(link), "version", cwd=tmp_path).stdout.endswith("<version>")


def test_run_alone_serves_and_shows_three_commands(project):
    answer = project.run("run")
    assert answer.returncode == 0
    assert answer.stdout.endswith("<serve>")
    assert "http://127.0.0.1:8080" in answer.stdout
    assert answer.stdout.count("\n  curl ") == 2 and "\n  ./run generate " in answer.stdout


def test_two_runs_at_once_build_one_after_the_other(project):
    project.run("run", "version")
    with concurrent.futures.ThreadPoolExecutor() as both:
        answers = list(both.map(lambda role: project.run("run", role, SLOW_BUILD="1"), ["serve", "worker"]))
    assert [answer.returncode for answer in answers] == [0, 0], answers
    assert answers[1].stdout.endswith("<worker>")


def test_a_second_run_configures_nothing(project):
    project.run("run", "version")
    assert len(project.calls("cmake --preset release")) == 1
    assert "-DSHUNT_BUILD_TESTS=OFF" in project.calls("cmake --preset release")[0]
    project.run("run", "version")
    assert project.calls("cmake --preset") == []


def test_tests_join_a_build_that_was_made_without_them_and_stay(project):
    project.run("run", "version")
    project.run("test")
    assert "-DSHUNT_BUILD_TESTS=ON" in project.calls("cmake --preset release")[0]
    project.run("run", "version")
    project.run("test")
    assert project.calls("cmake --preset") == []


def test_a_build_that_fails_says_why_and_runs_nothing(project):
    answer = project.run("run", "version", BUILD_EXIT="1")
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert "the compiler's words" in answer.stderr and "preset release" in answer.stderr
    assert project.run("test", BUILD_EXIT="1").returncode == 1
    assert project.calls("ctest") == []


def test_nothing_is_asked_of_apt_when_all_is_there(project):
    project.run("run", "version")
    assert project.calls("apt-get") == []


def test_what_is_missing_is_installed_and_nothing_else(project):
    answer = project.run("run", "version", MISSING="libssl-dev lld libgtest-dev")
    install = project.calls("apt-get install")
    assert len(install) == 1
    assert install[0].split()[-2:] == ["lld", "libssl-dev"], "of what ./run needs; the tests' packages are left out"
    assert "lld libssl-dev" in answer.stderr


def test_a_program_from_elsewhere_satisfies_a_package(project):
    (project.root / "packages.txt").write_text("[run]\nno-such-package cmd:sh\nother-package cmd:no-such-program\n")
    project.run("run", "version", MISSING="no-such-package other-package")
    assert project.calls("apt-get install")[0].split()[-1] == "other-package"
    assert "no-such-package" not in project.calls("apt-get install")[0]


def test_an_installation_that_fails_stops_with_its_exit_code(project):
    answer = project.run("run", "version", MISSING="lld", APT_EXIT="100")
    assert answer.returncode == 1
    assert project.calls("cmake") == []


@pytest.mark.parametrize("code", [0, 8])
def test_the_exit_code_and_the_last_words_of_test_are_those_of_ctest(project, code):
    answer = project.run("test", "-R", "executor", CTEST_EXIT=str(code))
    assert answer.returncode == code
    assert answer.stdout == "the summary\n"
    assert "-R executor" in project.calls("ctest --preset release")[0]


def test_a_regular_expression_that_no_test_matches_is_an_error(project):
    project.run("test", "-R", "nothing")
    assert "--no-tests=error" in project.calls("ctest")[0]


def test_sanitizers_have_a_build_of_their_own_and_find_leaks(project):
    project.run("test", "--asan")
    assert "detect_leaks=1" in project.calls("ctest --preset asan")[0]
    project.run("test", "--tsan")
    assert len(project.calls("cmake --preset tsan")) == len(project.calls("ctest --preset tsan")) == 1


def test_the_tests_against_a_language_model_run_only_when_asked_for(project):
    project.run("test", "--with-llm")
    assert "-DSHUNT_WITH_LLM=ON" in project.calls("cmake --preset")[0]
    project.run("test")
    assert "-DSHUNT_WITH_LLM=OFF" in project.calls("cmake --preset")[0]


@pytest.mark.parametrize("arguments, expected", [(["--nonsense"], "--nonsense"), (["-R"], "regular expression")])
def test_an_unknown_argument_of_test_is_refused_before_anything_runs(project, arguments, expected):
    answer = project.run("test", *arguments)
    assert answer.returncode in (1, 2)
    assert expected in answer.stderr
    assert project.calls("") == []


def test_help_of_test_lists_its_flags(project):
    answer = project.run("test", "--help")
    assert answer.returncode == 0
    for flag in ("--asan", "--tsan", "--clang", "--lint", "--fuzz", "--with-llm", "-R"):
        assert flag in answer.stdout
    assert project.calls("") == []
