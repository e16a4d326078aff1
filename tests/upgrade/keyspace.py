"""A Redis' keys as JSON, and back at another time: what an earlier version left, as if it had been left just now."""

import re
from datetime import datetime, timedelta

DAY_MS = 24 * 3600 * 1000
ISO = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
# A generation's id begins with its time: 48 bits of milliseconds.
ID = re.compile(r"(?<=gen_)[0-9a-f]{12}(?=7[0-9a-f]{19})")
# BullMQ's scores of delayed jobs are the time in milliseconds by this, and a counter.
DELAYED_FACTOR = 0x1000


def _read(redis, key):
    kind = redis("TYPE", key)
    if kind == "string":
        return kind, redis("GET", key)
    if kind == "hash":
        flat = redis("HGETALL", key)
        return kind, dict(zip(flat[::2], flat[1::2]))
    if kind == "list":
        return kind, redis("LRANGE", key, 0, -1)
    if kind == "set":
        return kind, sorted(redis("SMEMBERS", key))
    if kind == "zset":
        flat = redis("ZRANGE", key, 0, -1, "WITHSCORES")
        return kind, [[member, score] for member, score in zip(flat[::2], flat[1::2])]
    assert kind == "stream", (key, kind)
    return kind, redis("XRANGE", key, "-", "+")


def dump(redis):
    """Every key with its type, content and time to live; and when that was."""
    seconds, micros = redis("TIME")
    keys = {}
    for key in sorted(redis("KEYS", "*")):
        kind, content = _read(redis, key)
        keys[key] = {"type": kind, "content": content, "pttl": redis("PTTL", key)}
    return {"taken_at_ms": int(seconds) * 1000 + int(micros) // 1000, "keys": keys}


class Later:
    """Moves every moment of a dump that is near its time: milliseconds, texts as in an envelope, and ids."""

    def __init__(self, taken_at_ms, now_ms):
        self.taken_at_ms = taken_at_ms
        self.by_ms = now_ms - taken_at_ms

    def _number(self, match):
        value = int(match.group())
        return str(value + self.by_ms) if abs(value - self.taken_at_ms) < 30 * DAY_MS else match.group()

    def _iso(self, match):
        moment = datetime.strptime(match.group(), "%Y-%m-%dT%H:%M:%S.%fZ") + timedelta(milliseconds=self.by_ms)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def text(self, value):
        value = re.sub(r"(?<![\w.])\d{13}(?![\d])", self._number, value)
        value = ID.sub(lambda match: f"{int(match.group(), 16) + self.by_ms:012x}", value)
        return ISO.sub(self._iso, value)

    def content(self, value):
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.content(item) for item in value]
        if isinstance(value, dict):
            return {self.text(name): self.content(item) for name, item in value.items()}
        return value

    def score(self, key, score):
        if key.endswith(":delayed"):
            return str(int(float(score)) + self.by_ms * DELAYED_FACTOR)
        return self.text(score)


def _write(later, key, kind, content):
    """The commands that make the key."""
    if kind == "string":
        yield "SET", key, later.text(content)
    elif kind == "hash":
        yield "HSET", key, *[part for item in content.items() for part in (item[0], later.text(item[1]))]
    elif kind == "list":
        yield "RPUSH", key, *later.content(content)
    elif kind == "set":
        yield "SADD", key, *later.content(content)
    elif kind == "zset":
        yield "ZADD", key, *[part for member, score in content
                             for part in (later.score(key, score), later.text(member))]
    else:
        for identity, fields in content:
            yield "XADD", key, later.text(identity), *later.content(fields)


def load(redis, dumped):
    """Puts a dump into an empty Redis as of now; returns what moves further texts of that time."""
    seconds, micros = redis("TIME")
    later = Later(dumped["taken_at_ms"], int(seconds) * 1000 + int(micros) // 1000)
    for name, found in dumped["keys"].items():
        key = later.text(name)
        for command in _write(later, key, found["type"], found["content"]):
            redis(*command)
        if found["pttl"] > 0:
            redis("PEXPIRE", key, found["pttl"])
    return later
