"""What earlier versions left in Redis, recorded: this version goes on with it, and loses and doubles nothing."""

import gzip
import json
from pathlib import Path

import pytest

from generations import Left, check_what_was_left
from keyspace import Later, load

RECORDED = sorted((Path(__file__).parent / "keyspaces").glob("*.json.gz"))


def test_there_are_recorded_keyspaces():
    assert RECORDED


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name.removesuffix(".json.gz"))
def test_this_version_goes_on_with_what_an_earlier_one_left(path, redis, version):
    recorded = json.loads(gzip.decompress(path.read_bytes()))
    later = load(redis, recorded)
    left = Left.from_json(later.content(recorded["left"]))
    now = version("SHUNT_BIN")
    check_what_was_left(left, now.api(), now.worker)


def test_moments_move_and_other_numbers_do_not():
    later = Later(taken_at_ms=1_795_000_000_000, now_ms=1_795_000_000_500)
    assert later.text('{"a":1795000000001,"n":1234567890123,"x":17950000000019}') == \
        '{"a":1795000000501,"n":1234567890123,"x":17950000000019}'
    assert later.text("1795000000001-0") == "1795000000501-0"
    assert later.text("gen_01a21ed9a64270008c9c39566d9fc853") == "gen_01a21ed9a83670008c9c39566d9fc853"
    assert Later(0, 61_000).text("2026-11-18T09:46:40.250Z") == "2026-11-18T09:47:41.250Z"
    assert later.score("{shunt}:m:delayed", str(1_795_000_000_000 * 0x1000 + 5)) == \
        str(1_795_000_000_500 * 0x1000 + 5)
