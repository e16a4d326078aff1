"""soak.py PROGRAM: runs it with a redis-server of its own, and fails if it does, or if Redis keeps anything.

SHUNT_SOAK_JOBS: how many jobs (20000).
"""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from redis_server import RedisServer  # noqa: E402

JOBS = os.environ.get("SHUNT_SOAK_JOBS", "20000")


def main():
    server = RedisServer()
    try:
        code = subprocess.run([sys.argv[1], server.url, JOBS], stdin=subprocess.DEVNULL).returncode
        if code:
            sys.exit(code)
        left = sorted(server("KEYS", "*"))
        expected = [f"bull:soak:{key}" for key in ("events", "id", "meta", "stalled-check")]
        unexpected = set(left) - set(expected) - {"bull:soak:marker"}
        if unexpected:
            sys.exit(f"keys that should have gone: {sorted(unexpected)[:20]}")
        info = server.client.info()
        print(f"redis used_memory {int(info['used_memory']) // 1024} kB after {info['total_commands_processed']} commands")
    finally:
        server.close()


if __name__ == "__main__":
    main()
