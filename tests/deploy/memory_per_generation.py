#!/usr/bin/env python3
"""What a generation costs in Redis: SHUNT_BIN=build/release/bin/shunt tests/deploy/memory_per_generation.py [COUNT [SIZE...]]

Prints, for inputs and texts of three sizes, the bytes of Redis's used_memory for each generation while it waits and
after it has ended, and how many of BullMQ's events were kept. Starts a redis-server, an API and a worker of its own.
"""

import json
import os
import socket
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "tests" / "interop"), str(ROOT / "tests" / "support")]
from processes import Programs  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from waiting import eventually  # noqa: E402

CONFIG = """
[models.m]
driver = "simulator"
first_token = "0ms"
token_gap = "5ms"
concurrency = 200
max_waiting = 100000
on_disconnect = "continue"
"""
# name, bytes of the prompt, tokens (a token has about 6 bytes)
SIZES = [("short", 100, 16), ("typical", 1024, 170), ("long", 16 * 1024, 2700)]


def submit(port, prompt, tokens):
    """A client that goes as soon as its generation is there; that goes on."""
    body = json.dumps({"model": "m", "input": {"prompt": prompt, "tokens": tokens}}).encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                           b"Accept: text/event-stream\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        answer = connection.makefile("rb")
        line = answer.readline()
        assert b" 200 " in line, line
        while b"queued" not in line:
            line = answer.readline()
            assert line, "the answer ended before the generation was queued"


def measure(programs, prompt_bytes, tokens, count):
    """Bytes of a generation that waits, and of one that has ended."""
    redis = RedisServer()
    try:
        used = lambda: int(redis.client.info()["used_memory"])
        environment = {"QUEUE_ENABLED": "true", "REDIS_URL": redis.url}
        api = programs.api(environment=environment)
        eventually(lambda: api.status("/readyz") == 200, "it has found Redis")
        # What is there once, scripts and the names of models, does not count.
        worker = programs.worker(environment=environment)
        assert api.generate("m", {"prompt": "x", "tokens": 1})[0] == 200
        worker.stop()
        before = used()
        for at in range(count):
            submit(api.port, f"{at:08}" + "p" * (prompt_bytes - 8), tokens)
        eventually(lambda: redis("LLEN", "{shunt}:m:wait") == count, "all of them wait", patience=120)
        waiting = used()
        worker = programs.worker(environment=environment)
        eventually(lambda: redis("ZCARD", "{shunt}::gen:o:{shunt}:m") == 0, "all of them have ended", patience=300)
        eventually(lambda: redis("ZCARD", "{shunt}:m:completed") == count + 1, "their jobs, too")
        ended = used()
        kept = redis("XLEN", "{shunt}:m:events")
        worker.stop()
        api.stop()
        return (waiting - before) / count, (ended - before) / count, kept
    finally:
        redis.close()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    wanted = sys.argv[2:] or [name for name, *_ in SIZES]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "shunt.toml").write_text(CONFIG)
        os.environ["SHUNT_BIN"] = str(Path(os.environ["SHUNT_BIN"]).resolve())
        programs = Programs(folder)
        print(f"{count} generations each\nsize      input    text   waiting    ended   events kept")
        try:
            for name, prompt, tokens in (size for size in SIZES if size[0] in wanted):
                waiting, ended, kept = measure(programs, prompt, tokens, count)
                print(f"{name:8}{prompt:7}{6 * tokens:8}{waiting:10.0f}{ended:9.0f}{kept:14}", flush=True)
        finally:
            programs.close()


if __name__ == "__main__":
    main()
