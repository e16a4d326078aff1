"""The Debian packages: what is in them, who owns it, what they depend on, and what lintian says."""

import gzip
import os
import re
import shutil
import subprocess

import pytest

import built_packages
from built_packages import LIBRARIES, files_of, field_of, output_of


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    return built_packages.make(tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="module")
def unpacked(packages, tmp_path_factory):
    folders = {}
    for name, deb in packages.items():
        folders[name] = tmp_path_factory.mktemp(name)
        output_of("dpkg-deb", "--raw-extract", deb, folders[name])
    return folders


def test_the_service_has_its_binary_units_configuration_manual_and_completions(packages):
    files = files_of(packages["shunt"])
    assert {"/usr/bin/shunt", "/etc/shunt/shunt.toml", "/usr/lib/systemd/system/shunt.service",
            "/usr/lib/systemd/system/shunt-worker@.service", "/usr/lib/sysusers.d/shunt.conf",
            "/usr/share/man/man1/shunt.1.gz", "/usr/share/man/man5/shunt.toml.5.gz",
            "/usr/share/bash-completion/completions/shunt", "/usr/share/zsh/vendor-completions/_shunt",
            "/usr/share/fish/vendor_completions.d/shunt.fish", "/usr/share/doc/shunt/README.md",
            "/usr/share/doc/shunt/shunt.env.example", "/usr/share/doc/shunt/docs/flip.md"} <= set(files)
    assert not [path for path in files if not path.startswith(("/usr/", "/etc/shunt/"))]
    assert not [path for path in files if path.endswith((".a", ".hpp", ".so"))]


def test_the_runtime_package_has_the_library_and_the_other_what_programs_are_built_with(packages):
    runtime, development = files_of(packages["libbullmq1"]), files_of(packages["libbullmq-dev"])
    documents = "/usr/share/doc/libbullmq1/"
    libraries = {path for path in runtime if not path.startswith((documents, "/usr/share/lintian/"))}
    assert {re.sub(r"[\d.]+$", "", path) for path in libraries} == {f"/usr/{LIBRARIES}/libbullmq.so"}
    assert f"/usr/{LIBRARIES}/libbullmq.so.1" in libraries and len(libraries) == 2
    folder = f"/usr/{LIBRARIES}"
    assert {f"{folder}/libbullmq.a", f"{folder}/libbullmq.so", f"{folder}/pkgconfig/bullmq.pc",
            f"{folder}/cmake/bullmq/bullmqConfig.cmake", "/usr/include/bullmq/queue.hpp"} <= set(development)
    assert not [path for path in development if path.startswith("/usr/include/shunt")]


@pytest.mark.parametrize("name", built_packages.NAMES)
def test_root_owns_every_file_and_nobody_else_may_write_it(packages, name):
    for path, (mode, owner) in files_of(packages[name]).items():
        program = "x" if path == "/usr/bin/shunt" else "-"
        assert owner == "root/root" and (mode[0] == "l" or mode == f"-rw{program}r-{program}r-{program}"), path


@pytest.mark.parametrize("name", built_packages.NAMES)
def test_a_package_carries_the_licences_and_its_version(packages, unpacked, name):
    documents = unpacked[name] / "usr/share/doc" / name
    text = (documents / "copyright").read_text()
    # BullMQ's scripts are in each of the three.
    assert "BullForce Labs" in text and text.count("Permission is hereby granted") >= 3 and "@" not in text.split("Files:")[2]
    version = field_of(packages[name], "Version")
    assert gzip.decompress((documents / "changelog.gz").read_bytes()).startswith(f"shunt ({version}) ".encode())


def test_packages_depend_on_libraries_by_name_and_on_no_compiler(packages):
    service, runtime, development = (field_of(packages[name], "Depends") for name in built_packages.NAMES)
    assert "libhiredis0.14" in service and "libc6" in service and "adduser" in service and "libbullmq" not in service
    assert "libboost-json1.81.0" in runtime and not re.search(r"-dev|g\+\+", service + runtime)
    version = field_of(packages["libbullmq1"], "Version")
    assert f"libbullmq1 (= {version})" in development and "libboost1.81-dev" in development
    assert not [name for name in ("shunt", "libbullmq1") if "redis-server" in field_of(packages[name], "Depends")]


def test_the_units_name_the_installed_binary_and_configuration(unpacked):
    for unit in ("shunt.service", "shunt-worker@.service"):
        text = (unpacked["shunt"] / "usr/lib/systemd/system" / unit).read_text()
        assert "ExecStart=/usr/bin/shunt " in text and "/usr/local" not in text
        assert "Environment=SHUNT_CONFIG=/etc/shunt/shunt.toml" in text
        assert "Documentation=file:///usr/share/doc/shunt/README.md" in text


def test_the_configuration_is_a_conffile_and_valid(unpacked):
    folder = unpacked["shunt"]
    assert (folder / "DEBIAN/conffiles").read_text() == "/etc/shunt/shunt.toml\n"
    # Also where no program of a model is installed.
    checked = output_of(folder / "usr/bin/shunt", "config", "check", "--config", folder / "etc/shunt/shunt.toml",
                        env={"PATH": "/nonexistent"})
    assert "is valid" in checked and "1 model\n" in checked


@pytest.mark.parametrize("script", ["postinst", "prerm", "postrm"])
def test_a_maintainer_script_is_one_that_sh_can_read_and_stops_at_errors(unpacked, script):
    path = unpacked["shunt"] / "DEBIAN" / script
    output_of("sh", "-n", path)
    assert "\nset -e\n" in path.read_text()


def test_programs_that_are_linked_to_the_library_depend_on_its_package(unpacked):
    control = unpacked["libbullmq1"] / "DEBIAN"
    assert re.fullmatch(r"libbullmq 1 libbullmq1 \(>= \d+\.\d+\.\d+\)\n", (control / "shlibs").read_text())
    assert (control / "triggers").read_text() == "activate-noawait ldconfig\n"


@pytest.mark.skipif(os.environ.get("SHUNT_TEST_PACKAGES") != "1" or not shutil.which("lintian"),
                    reason="takes a while, and ./package does it: SHUNT_TEST_PACKAGES=1 and lintian")
def test_lintian_finds_nothing(packages):
    done = subprocess.run(["lintian", "--fail-on", "error,warning", *packages.values()], capture_output=True, text=True,
                          timeout=300)
    assert (done.returncode, done.stdout) == (0, "")
