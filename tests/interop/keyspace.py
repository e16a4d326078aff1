"""Everything in a Redis database, in a form in which two runs of the same operations are equal.

Instants become their distance from the run's start and compare with a tolerance; worker ids and tokens lose their
random part; ids of stream entries are dropped. All else (scores, counters, options, the order of events) is compared
as it is. JSON fields are compared as values: two writers need not agree on spaces and escapes.
"""

import json
import math
import re
import time

# Delays and lifetimes that a case tells apart lie further from each other.
TOLERANCE_MS = 20_000
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(:\d+)?")
# Where upstream's own code was when it failed a job: another program cannot have been there.
_UPSTREAM_FRAME = re.compile(r"\n\s+at [^\n]*(node_modules/bullmq/|node:internal/)[^\n]*")
_JSON_FIELDS = {"data", "opts", "parent", "progress", "returnvalue", "stacktrace"}
_RANGE_MS = 400 * 24 * 3600 * 1000
_READ = {"string": ("GET",), "list": ("LRANGE", 0, -1), "set": ("SMEMBERS",), "hash": ("HGETALL",),
         "zset": ("ZRANGE", 0, -1, "WITHSCORES"), "stream": ("XRANGE", "-", "+")}


class Near:
    """A number of milliseconds that two runs agree on only roughly. Write Near, not equality, with other numbers."""

    __hash__ = None

    def __init__(self, ms):
        self.ms = ms

    def __eq__(self, other):
        return isinstance(other, Near) and abs(self.ms - other.ms) <= TOLERANCE_MS

    def __repr__(self):
        return f"~{self.ms:+.0f}ms"


def now_ms():
    return int(time.time() * 1000)


def raw(resp):
    """{key: (type, pttl, value)} as Redis tells it."""
    keys = sorted(resp("KEYS", "*"))
    types = resp.pipeline([("TYPE", key) for key in keys])
    keys, types = zip(*[pair for pair in zip(keys, types) if pair[1] != "none"]) if keys else ((), ())  # expired
    ttls = resp.pipeline([("PTTL", key) for key in keys])
    values = resp.pipeline([(_READ[type][0], key, *_READ[type][1:]) for key, type in zip(keys, types)])
    return {key: (type, ttl, _pairs(type, value)) for key, type, ttl, value in zip(keys, types, ttls, values)}


def normalised(resp, start_ms):
    return {_text(key): {"type": type, "ttl": "none" if ttl < 0 else Near(ttl), "value": _value(type, value, start_ms)}
            for key, (type, ttl, value) in raw(resp).items()}


def text(value, start_ms):
    """The same for a value of an answer or of an event."""
    if isinstance(value, dict):
        return {_text(key): text(item, start_ms) for key, item in value.items()}
    if isinstance(value, list):
        return [text(item, start_ms) for item in value]
    if isinstance(value, str):
        return _scalar(value, start_ms)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _instant(value, start_ms) or value
    return value


def differences(left, right, left_name, right_name, near=(), path=""):
    """Lines that say where two normalised values differ; none if they are equal. Fields in `near` hold milliseconds
    that need not be equal."""
    if isinstance(left, dict) and isinstance(right, dict):
        lines = []
        for key in sorted(set(left) | set(right)):
            where = f"{path}[{key}]" if path else key
            if key not in right:
                lines.append(f"{where}: only {left_name} has it: {left[key]!r}")
            elif key not in left:
                lines.append(f"{where}: only {right_name} has it: {right[key]!r}")
            else:
                lines += differences(left[key], right[key], left_name, right_name, near, where)
        return lines
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        return [line for index, pair in enumerate(zip(left, right))
                for line in differences(*pair, left_name, right_name, near, f"{path}[{index}]")]
    if path.endswith(tuple(f"[{field}]" for field in near)) and _close(left, right):
        return []
    if left == right and type(left) is type(right) or _same_number(left, right):
        return []
    return [f"{path}:\n    {left_name:>5}: {left!r}\n    {right_name:>5}: {right!r}"]


def _close(left, right):
    try:
        return abs(float(left) - float(right)) <= TOLERANCE_MS
    except (TypeError, ValueError):
        return left == right


def _same_number(left, right):
    numbers = (int, float)
    return isinstance(left, numbers) and isinstance(right, numbers) and left == right \
        and isinstance(left, bool) == isinstance(right, bool)


def _pairs(type, value):
    if type == "hash":
        return dict(zip(value[::2], value[1::2]))
    if type == "zset":
        return [(member, float(score)) for member, score in zip(value[::2], value[1::2])]
    if type == "stream":
        return [dict(zip(fields[::2], fields[1::2])) for _, fields in value]
    return sorted(value) if type == "set" else value


def _value(type, value, start_ms):
    if type == "string":
        return _scalar(value, start_ms)
    if type == "hash":
        return {_text(key): _field(key, item, start_ms) for key, item in value.items()}
    if type == "zset":
        rows = [[_text(member), _score(score, start_ms)] for member, score in value]
        # Of two instants in one millisecond Redis sorts by the member; whether they meet is chance.
        return sorted(rows, key=lambda row: row[0]) if all(isinstance(score, Near) for _, score in rows) else rows
    if type == "stream":
        return [{key: _field(key, item, start_ms) for key, item in entry.items()} for entry in value]
    return [_scalar(item, start_ms) for item in value]


def _field(name, value, start_ms):
    if name in _JSON_FIELDS:
        try:
            return text(json.loads(value), start_ms)
        except ValueError:
            pass
    return _scalar(value, start_ms)


def _score(score, start_ms):
    """A delayed job's score is its instant times 4096 plus a sequence number."""
    return _instant(score, start_ms) or _instant(math.floor(score / 4096), start_ms) or score


def _scalar(value, start_ms):
    if re.fullmatch(r"\d{13}(\.\d+)?", value):
        return _instant(float(value), start_ms) or value
    return _text(value)


def _instant(number, start_ms):
    return Near(number - start_ms) if abs(number - start_ms) < _RANGE_MS else None


def _text(value):
    value = _UPSTREAM_FRAME.sub("", value)
    value = re.sub(r"(?<=:)1[78]\d{11}\b", "<ms>", value)
    return _UUID.sub(lambda found: "<token>" if found.group(1) else "<uuid>", value)
