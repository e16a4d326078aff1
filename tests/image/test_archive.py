"""What is in the image's archive, what lies beside it, and what does not: a shell, a package manager."""

import hashlib
import json
import re
import stat
import subprocess
from pathlib import Path

import pypi_packages

# What packaging/image/make_root.sh and the Dockerfile make themselves, and no package has.
MADE = re.compile(r"etc/(ssl/certs/ca-certificates\.crt|passwd|group|nsswitch\.conf|ssl/openssl\.cnf)"
                  r"|usr/lib/ssl/cert\.pem|usr/share/doc/[^/]+/copyright|var/lib/dpkg/status\.d/.*"
                  r"|usr/share/shunt/shunt\.(cdx|spdx)\.json")
STATUS = "var/lib/dpkg/status.d"


def files_of(root):
    """Paths of all that is no folder."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_symlink() or not path.is_dir())


def packages_of(root):
    """Version by name, as dpkg's status tells it."""
    told = [path.read_text() for path in (root / STATUS).iterdir() if path.suffix != ".md5sums"]
    return {re.search(r"^Package: (\S+)$", text, re.M).group(1): re.search(r"^Version: (\S+)$", text, re.M).group(1)
            for text in told}


def test_the_checksums_beside_the_archive_are_right_and_a_changed_bill_is_found(made, tmp_path):
    sums = next(made.glob("*.sha256"))
    assert len(sums.read_text().splitlines()) == 3
    check = ["sha256sum", "--check", "--strict", sums.name]
    assert subprocess.run(check, cwd=made, capture_output=True, timeout=60).returncode == 0
    for path in made.iterdir():
        (tmp_path / path.name).symlink_to(path)
    bill = next(tmp_path.glob("*.spdx.json"))
    text = bill.read_text()
    bill.unlink()
    bill.write_text(text + " ")
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, timeout=60).returncode == 1


def test_there_is_no_shell_no_package_manager_and_no_program_but_those_that_are_meant(root):
    programs = {path.name for folder in ("usr/bin", "usr/sbin", "usr/local/bin") if (root / folder).is_dir()
                for path in (root / folder).iterdir()}
    assert programs == {"shunt", "espeak-ng"}
    names = {Path(name).name for name in files_of(root)}
    assert not names & {"sh", "bash", "dash", "busybox", "apt", "apt-get", "dpkg", "perl", "python3", "curl", "wget"}


def test_nothing_has_the_rights_of_another_and_only_what_is_meant_can_be_written(root):
    writable = set()
    for path in [root, *root.rglob("*")]:
        if path.is_symlink():
            continue
        told = path.stat()
        assert not told.st_mode & (stat.S_ISUID | stat.S_ISGID), path
        if told.st_uid != 0 or told.st_mode & stat.S_IWOTH:
            writable.add(str(path.relative_to(root)))
    assert writable == {"tmp", "var/lib/shunt", "var/lib/shunt/artifacts"}
    assert stat.S_IMODE((root / "tmp").stat().st_mode) == 0o1777
    artifacts = (root / "var/lib/shunt/artifacts").stat()
    assert (artifacts.st_uid, artifacts.st_gid, stat.S_IMODE(artifacts.st_mode)) == (10001, 10001, 0o700)


def test_every_file_is_a_packages_as_it_was_packed_or_made_for_the_image(root):
    sums = {}
    for path in (root / STATUS).glob("*.md5sums"):
        for line in path.read_text().splitlines():
            digest, name = line.split(None, 1)
            # A file of /lib is in /usr/lib: one is a link to the other.
            sums[re.sub(r"^(lib64|lib|bin|sbin)/", r"usr/\1/", name)] = digest
    strangers = []
    for name in files_of(root):
        path = root / name
        if MADE.fullmatch(name) or path.is_symlink():
            continue
        if hashlib.md5(path.read_bytes()).hexdigest() != sums.get(name):
            strangers.append(name)
    assert not strangers


def test_every_link_leads_to_a_file_of_the_image(root):
    for name in files_of(root):
        if (root / name).is_symlink():
            target = (root / name).readlink()
            inside = root / str(target).lstrip("/") if target.is_absolute() else (root / name).parent / target
            assert inside.exists() or inside.is_symlink(), f"{name} -> {target}"


def test_every_package_has_its_copyright(root):
    for name in packages_of(root):
        text = (root / "usr/share/doc" / name / "copyright").read_text()
        assert "opyright" in text, name
    assert "BullForce Labs" in (root / "usr/share/doc/shunt/copyright").read_text()


def libraries_in(root):
    return sorted(Path(name).name for name in files_of(root) if ".so" in Path(name).name)


def test_the_bills_name_the_version_of_each_package_that_a_file_is_from(root, made):
    inside = packages_of(root)
    assert {"libc6", "libstdc++6", "libssl3", "libcurl4", "libhiredis0.14", "espeak-ng", "espeak-ng-data",
            "ca-certificates", "shunt"} <= set(inside)
    assert libraries_in(root)
    del inside["shunt"]
    cyclonedx = json.loads(next(made.glob("*.cdx.json")).read_text())
    assert inside.items() <= {part["name"]: part["version"] for part in cyclonedx["components"]}.items()
    spdx = json.loads(next(made.glob("*.spdx.json")).read_text())
    contained = {relation["relatedSpdxElement"] for relation in spdx["relationships"]
                 if relation["relationshipType"] == "CONTAINS"}
    packages = {part["name"]: part["versionInfo"] for part in spdx["packages"] if part["SPDXID"] in contained}
    assert {**inside, "shunt": packages.pop("shunt")} == {**packages, "shunt": spdx["packages"][0]["versionInfo"]}


def test_the_bills_in_the_image_are_those_beside_it_and_are_of_its_binary(root, made):
    digest = hashlib.sha256((root / "usr/bin/shunt").read_bytes()).hexdigest()
    for kind in ("cdx", "spdx"):
        text = next(made.glob(f"*.{kind}.json")).read_text()
        assert (root / f"usr/share/shunt/shunt.{kind}.json").read_text() == text
        assert digest in text


def test_the_spdx_document_is_valid(made):
    python = pypi_packages.python_with(Path(__file__).parents[1] / "deploy/requirements.txt")
    document = next(made.glob("*.spdx.json"))
    done = subprocess.run([python.parent / "pyspdxtools", "--infile", document], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_image_says_whom_it_runs_as_and_what(image):
    assert image.config["User"] == "shunt"
    assert image.config["Entrypoint"] == ["shunt"]
    assert image.config["Cmd"] == ["serve", "--listen", "0.0.0.0:8080"]
    assert "8080/tcp" in image.config["ExposedPorts"]
