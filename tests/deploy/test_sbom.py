"""scripts/sbom.py: the bill of materials names what is in the binary and what it needs."""

import json
import os
import re
import subprocess

import pytest

import compose

SCRIPT = compose.ROOT / "scripts" / "sbom.py"


@pytest.fixture(scope="module")
def bill(tmp_path_factory):
    path = tmp_path_factory.mktemp("sbom") / "shunt.cdx.json"
    subprocess.run([SCRIPT, os.environ["SHUNT_BIN"], path], check=True, timeout=120)
    return path.read_text()


def test_every_library_that_the_binary_asks_for_has_its_package_in_the_bill(bill):
    listed = {component["name"] for component in json.loads(bill)["components"]}
    dynamic = subprocess.run(["readelf", "-d", os.environ["SHUNT_BIN"]], check=True, capture_output=True, text=True).stdout
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    assert needed
    told = subprocess.run(["dpkg", "-S", *[f"*/{library}" for library in needed]], capture_output=True, text=True).stdout
    for library in needed:
        owners = {line.split(":")[0] for line in told.splitlines() if line.endswith(f"/{library}")}
        assert owners & listed, library


def test_what_is_compiled_in_has_a_version_and_a_licence(bill):
    components = {component["name"]: component for component in json.loads(bill)["components"]}
    for name in ("libboost1.81-dev", "libtomlplusplus-dev", "libcli11-dev", "bullmq"):
        assert components[name]["version"] and components[name]["licenses"], name
        assert components[name]["purl"].startswith("pkg:")


def test_the_same_binary_has_the_same_bill(bill, tmp_path):
    again = tmp_path / "again.json"
    subprocess.run([SCRIPT, os.environ["SHUNT_BIN"], again], check=True, timeout=120)
    assert again.read_text() == bill


def test_every_reference_leads_to_a_component(bill):
    made = json.loads(bill)
    known = {component["bom-ref"] for component in made["components"]}
    assert len(known) == len(made["components"]), "one component, one name"
    assert set(made["dependencies"][0]["dependsOn"]) == known
