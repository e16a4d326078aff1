#!/usr/bin/env python3
"""Records what a version leaves in Redis: SHUNT_BIN=THE/OTHER/shunt tests/upgrade/record.py NAME

Writes tests/upgrade/keyspaces/NAME.json.gz: a dump of every key, and what the API of that version said of it. NAME is
the version or commit. The suite lets the present version go on from there (test_recorded.py).
"""

import gzip
import json
import sys
import tempfile
from pathlib import Path

import conftest
from generations import Left
from keyspace import dump
from redis_server import RedisServer


def main(name):
    import os
    redis = RedisServer()
    with tempfile.TemporaryDirectory() as folder:
        version = conftest.Version(os.environ["SHUNT_BIN"], Path(folder) / "run", redis, Path(folder) / "artifacts")
        try:
            api = version.api()
            left = Left(api, version.worker)
            api.stop()
            recorded = {"left": left.to_json(), **dump(redis)}
        finally:
            version.close()
            redis.close()
    target = Path(__file__).parent / "keyspaces" / f"{name}.json.gz"
    target.parent.mkdir(exist_ok=True)
    # No time in the header: the same content is the same file.
    target.write_bytes(gzip.compress(json.dumps(recorded, sort_keys=True).encode(), mtime=0))
    print(f"{target}: {len(recorded['keys'])} keys")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
