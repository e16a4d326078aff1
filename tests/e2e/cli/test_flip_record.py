"""Which record a fleet goes by: the one in Redis, whatever `strategy` says; without Redis the copy on disk."""

import json
import signal
import stat

from time_for_redis import TIME_FOR_REDIS
from waiting import eventually

MODELS = """
[models.words]
driver = "simulator"
first_token = "0ms"
text_field = "prompt"
"""


def serve(shunt, redis, **environment):
    shunt.write("shunt.toml", MODELS)
    return shunt.serve(environment={"QUEUE_ENABLED": "true", "REDIS_URL": f"redis://127.0.0.1:{redis.port}",
                                    **TIME_FOR_REDIS, **environment})


def executor_of(service):
    return json.loads(service.request("GET", "/readyz")[2])["executor"]


def stored(redis):
    return json.loads(redis("HGET", "{shunt}::flip:record", "text") or "{}")


def test_the_first_process_says_where_a_fleet_begins_and_all_others_follow(shunt, redis):
    first = serve(shunt, redis, SHUNT_STRATEGY="canary")
    eventually(lambda: stored(redis).get("state") == "canary", "the record is there")
    second = serve(shunt, redis, SHUNT_STRATEGY="queue")
    assert (executor_of(first), executor_of(second)) == ("split", "split")
    eventually(lambda: len(redis("SMEMBERS", "{shunt}::flip:apis")) == 2, "both have a lease")
    second.signal(signal.SIGTERM)
    assert second.wait() == 0
    eventually(lambda: len(redis("SMEMBERS", "{shunt}::flip:apis")) == 1, "it has said that it goes")


def test_a_restart_without_redis_is_never_higher_than_the_last_known_state(shunt, redis, tmp_path):
    kept = tmp_path / "flip.state"
    service = serve(shunt, redis, SHUNT_STRATEGY="canary", SHUNT_FLIP_STATE_FILE=str(kept))
    eventually(lambda: kept.exists() and json.loads(kept.read_text())["record"]["state"] == "canary", "it is kept")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    service.stop()
    redis.stop()
    service = serve(shunt, redis, SHUNT_STRATEGY="queue", SHUNT_FLIP_STATE_FILE=str(kept))
    assert executor_of(service) == "split"


def test_every_change_is_a_line_of_the_audit(shunt, redis, tmp_path):
    audit = tmp_path / "audit.jsonl"
    serve(shunt, redis, SHUNT_STRATEGY="sync", SHUNT_FLIP_AUDIT_FILE=str(audit))
    eventually(lambda: audit.exists() and audit.read_text().endswith("\n"), "the first entry is there")
    entry = json.loads(audit.read_text())
    assert (entry["seq"], entry["event"], entry["to"], entry["previous"]) == (1, "first record", "dark", "")
    assert stat.S_IMODE(audit.stat().st_mode) == 0o600


def test_a_record_that_is_none_moves_nobody(shunt, redis):
    service = serve(shunt, redis, SHUNT_STRATEGY="sync")
    eventually(lambda: stored(redis).get("state") == "dark", "the record is there")
    redis("HSET", "{shunt}::flip:record", "epoch", "9", "text", '{"v":1,"state":"full"}')
    assert service.generate("words", {"prompt": "hi", "tokens": 1})[0] == 200
    assert executor_of(service) == "sync"
    redis("DEL", "{shunt}::flip:record")
    eventually(lambda: stored(redis).get("state") == "dark", "it is put back")
