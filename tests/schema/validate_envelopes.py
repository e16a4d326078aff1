"""Validates what the code encodes against docs/envelope.schema.json, and that the schema can say no."""
import json
import subprocess
import sys

import jsonschema

program, schema_path = sys.argv[1:3]
with open(schema_path, encoding="utf-8") as file:
    validator = jsonschema.Draft202012Validator(json.load(file))

lines = subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()
assert len(lines) == 100, f"expected 100 envelopes, got {len(lines)}"
for line in lines:
    validator.validate(json.loads(line))

broken = [
    ("v", 5), ("files", {"image": {"sha256": 64 * "a", "bytes": 1, "media_type": "image/png"}}),
    ("files", {"image": {"sha256": "../x", "bytes": 1, "media_type": "image/png"}}), ("files", []), ("on_lost", "fail"), ("on_lost", "maybe"), ("id", "42"), ("id", "gen_0190a0b0c0d040008000000000000001"), ("model", ""), ("context", []),
    ("options", {"timeout_ms": -1}), ("admission", {}), ("created_at", "now"), ("deadline", 1.5),
]
older = json.loads(next(line for line in lines if '"v":4' in line)) | {"v": 3}
assert not validator.is_valid(older), "the schema accepts ids of files in version 3"
for member, value in broken:
    envelope = json.loads(lines[0]) | {member: value}
    assert not validator.is_valid(envelope), f"the schema accepts {member} = {value!r}"
print(f"{len(lines)} envelopes are valid, {len(broken)} broken ones are not")
