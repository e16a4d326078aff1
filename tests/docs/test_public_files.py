"""The files that a repository's host reads: issue forms, workflows, the citation. Nobody sees their mistakes before the host does."""

import re
import subprocess

import pytest
import yaml

from page_session import ROOT

FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps_of(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def commands_of(workflow):
    """All that is run, with the commands of a matrix in place of its name."""
    for job in workflow["jobs"].values():
        yield from (row["command"] for row in job.get("strategy", {}).get("matrix", {}).get("include", []))
        yield from (step["run"] for step in job["steps"] if "run" in step)


@pytest.mark.parametrize("form", [path for path in FORMS if path.name != "config.yml"], ids=lambda path: path.name)
def test_an_issue_form_has_what_the_host_wants(form):
    told = read(form)
    assert set(told) == {"name", "description", "labels", "body"}
    ids = [field["id"] for field in told["body"] if field["type"] != "markdown"]
    assert len(ids) == len(set(ids))
    for field in told["body"]:
        assert field["type"] in ("markdown", "textarea", "input", "dropdown", "checkboxes")
        attributes = field["attributes"]
        assert attributes["value" if field["type"] == "markdown" else "label"]
        assert field["type"] != "dropdown" or len(attributes["options"]) == len(set(attributes["options"]))


def test_a_vulnerability_is_not_reported_in_public():
    told = read(ROOT / ".github/ISSUE_TEMPLATE/config.yml")
    assert told["blank_issues_enabled"] is False and "private" in told["contact_links"][0]["about"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_do_no_more_than_it_needs_and_names_versions(path):
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in path.read_text(encoding="utf-8")
    for step in steps_of(workflow):
        assert "uses" not in step or re.fullmatch(r"actions/[\w-]+@v\d+\.\d+\.\d+", step["uses"]), step
    for job in workflow["jobs"].values():
        # An expression in a script would be pasted into it; the matrix is ours.
        for step in job["steps"]:
            assert not re.search(r"\$\{\{(?! matrix\.command \}\})", step.get("run", "")), step


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_calls_options_that_there_are(path):
    usage = subprocess.run([ROOT / "test", "--help"], capture_output=True, text=True, check=True).stdout
    called = [command for command in commands_of(read(path)) if "./test" in command]
    assert called, "every workflow tests"
    for command in called:
        for option in re.findall(r"\s(--[a-z-]+|-[A-Z])\b", command):
            assert f"./test {option}" in usage, f"{command}: {option}"


def test_the_citation_names_this_version():
    citation = read(ROOT / "CITATION.cff")
    assert citation["cff-version"] == "1.2.0" and citation["authors"] and citation["license"] == "MIT"
    version = re.search(r"project\(shunt VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))[1]
    assert citation["version"] == version
