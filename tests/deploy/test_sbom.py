"""scripts/sbom.py: the bills of materials name what is in the binary and what it needs."""

import hashlib
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

import compose
import pypi_packages

SCRIPT = compose.ROOT / "scripts" / "sbom.py"


@pytest.fixture(scope="module")
def bills(tmp_path_factory):
    """The folder with both."""
    folder = tmp_path_factory.mktemp("sbom")
    make(folder)
    return folder


def make(folder):
    subprocess.run([SCRIPT, os.environ["SHUNT_BIN"], folder / "shunt.cdx.json", folder / "shunt.spdx.json"], check=True,
                   timeout=120)


@pytest.fixture(scope="module")
def bill(bills):
    return (bills / "shunt.cdx.json").read_text()


@pytest.fixture(scope="module")
def spdx(bills):
    return json.loads((bills / "shunt.spdx.json").read_text())


def complaints(document):
    """Of the validator of the SPDX project itself."""
    python = pypi_packages.python_with(Path(__file__).parent / "requirements.txt")
    done = subprocess.run([python.parent / "pyspdxtools", "--infile", document], capture_output=True, text=True, timeout=120)
    return "" if done.returncode == 0 else done.stdout + done.stderr


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


def test_the_same_binary_has_the_same_bills(bills, tmp_path):
    make(tmp_path)
    for name in ("shunt.cdx.json", "shunt.spdx.json"):
        assert (tmp_path / name).read_bytes() == (bills / name).read_bytes()


def test_the_spdx_document_is_valid(bills):
    assert complaints(bills / "shunt.spdx.json") == ""


@pytest.mark.parametrize("member, value, words", [
    ("dataLicense", "MIT", "data_license"), ("documentNamespace", "not a URI", "namespace"),
    ("spdxVersion", None, "spdx_version")])
def test_the_validator_finds_what_is_wrong(spdx, tmp_path, member, value, words):
    path = tmp_path / "broken.spdx.json"
    path.write_text(json.dumps({**spdx, member: value}))
    assert words in complaints(path)


def test_both_bills_name_the_same_packages_and_the_same_binary(bill, spdx):
    listed = {(part["name"], part["version"], part["purl"]) for part in json.loads(bill)["components"]}
    packages = [part for part in spdx["packages"] if part["name"] != "shunt"]
    assert listed == {(part["name"], part["versionInfo"], part["externalRefs"][0]["referenceLocator"]) for part in packages}
    digest = hashlib.sha256(Path(os.environ["SHUNT_BIN"]).read_bytes()).hexdigest()
    assert digest == json.loads(bill)["metadata"]["component"]["hashes"][0]["content"]
    assert digest == next(part for part in spdx["packages"] if part["name"] == "shunt")["checksums"][0]["checksumValue"]


def test_spdx_tells_what_is_compiled_in_from_what_is_needed_to_run(spdx):
    kinds = {relation["relatedSpdxElement"]: relation["relationshipType"] for relation in spdx["relationships"]}
    of_name = {part["name"]: kinds[part["SPDXID"]] for part in spdx["packages"]}
    assert (of_name["shunt"], of_name["bullmq"], of_name["libcli11-dev"]) == ("DESCRIBES", "STATIC_LINK", "STATIC_LINK")
    assert of_name["libc6"] == "DEPENDS_ON"


def test_an_output_whose_name_tells_no_format_is_refused_and_nothing_is_written(tmp_path):
    done = subprocess.run([SCRIPT, os.environ["SHUNT_BIN"], tmp_path / "a.cdx.json", tmp_path / "bill.json"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "bill.json ends in none of" in done.stderr
    assert not list(tmp_path.iterdir())


def test_every_reference_leads_to_a_component(bill):
    made = json.loads(bill)
    known = {component["bom-ref"] for component in made["components"]}
    assert len(known) == len(made["components"]), "one component, one name"
    assert set(made["dependencies"][0]["dependsOn"]) == known
