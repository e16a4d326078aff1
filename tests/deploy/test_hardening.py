"""The binary is built as SECURITY.md says: what makes an exploit of a memory error hard is in it."""

import os
import platform
import re
import subprocess

import pytest

BINARY = os.environ["SHUNT_BIN"]


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


SYMBOLS = output_of("readelf", "--dyn-syms", "-W", BINARY)
SANITIZED = re.search(r"__(asan|tsan|ubsan)_", SYMBOLS) is not None


def test_it_is_at_an_address_that_nobody_knows():
    assert re.search(r"Type:\s+DYN \(Position-Independent Executable", output_of("readelf", "-h", BINARY))


def test_its_relocations_and_stack_cannot_be_written_or_run():
    segments = output_of("readelf", "-lW", BINARY)
    assert "GNU_RELRO" in segments
    assert re.search(r"GNU_STACK .* RW ", segments) and not re.search(r"GNU_STACK .* RWE ", segments)
    assert re.search(r"FLAGS_1.*\bNOW\b.*\bPIE\b", output_of("readelf", "-d", BINARY))


def test_it_checks_its_stack_and_its_containers():
    assert "__stack_chk_fail" in SYMBOLS
    assert "__glibcxx_assert_fail" in SYMBOLS


@pytest.mark.skipif(SANITIZED, reason="FORTIFY would hide what a sanitizer finds")
def test_it_checks_the_lengths_of_copies():
    assert re.search(r"__\w+_chk@GLIBC", SYMBOLS.replace("__stack_chk_fail@GLIBC", ""))


@pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="no control-flow protection that we know of")
def test_indirect_jumps_land_where_they_may():
    landing = {"x86_64": "endbr64", "aarch64": r"bti\s"}[platform.machine()]
    listing = subprocess.Popen(["objdump", "-d", "--no-show-raw-insn", BINARY], stdout=subprocess.PIPE, text=True)
    found = 0
    with listing:
        for line in listing.stdout:
            found += re.search(landing, line) is not None
            if found == 1000:
                break
        listing.kill()
    assert found == 1000
