"""A fleet in shadow: callers get the sync answer, copies go through Redis to workers that serve shadows, and nothing of a
copy is left or counted for anybody."""

import json
import subprocess

from time_for_redis import TIME_FOR_REDIS
from waiting import eventually

WORDS = {"prompt": "a prompt to look for", "tokens": 2, "first_token_ms": 0, "seed": 7}
MODELS = """
strategy = "shadow"

[shadow]
sample = 1.0
real_per_minute = 1000
noise = 0.5

[models.words]
driver = "simulator"
first_token = "0ms"

[models.real]
driver = "simulator"
first_token = "0ms"
shadow = "real"
shadow_ignore = ["/elapsed_ms"]

[models.off]
driver = "simulator"
first_token = "0ms"
shadow = "off"
"""


def start(shunt, redis, worker_shadows=True):
    environment = {"QUEUE_ENABLED": "true", "REDIS_URL": f"redis://127.0.0.1:{redis.port}",
                   **TIME_FOR_REDIS}
    shunt.write("shunt.toml", MODELS)
    service = shunt.serve(environment=environment)
    shunt.worker(environment={**environment, "SHUNT_WORKER_SHADOW": "true" if worker_shadows else "false"})
    eventually(lambda: json.loads(service.request("GET", "/readyz")[2]).get("redis") == "ready", "the queue is there")
    return service


def generate(service, model):
    status, _, body = service.generate(model, WORDS)
    assert status == 200, body
    return json.loads(body)


def dump(redis):
    """All that is in the server, keys and values."""
    command = ["redis-cli", "-p", str(redis.port), "--scan"]
    keys = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    dumps = [subprocess.run(["redis-cli", "-p", str(redis.port), "dump", key], capture_output=True, check=True).stdout
             for key in keys]
    return keys, b"".join(dumps)


def test_the_caller_gets_the_sync_answer_and_a_copy_is_compared(shunt, redis):
    service = start(shunt, redis)
    value = service.metrics
    first = generate(service, "words")
    assert (first["admission"]["executor"], first["admission"]["reason"]) == ("sync", "state")
    # Workers have to be heard of before a copy is sent.
    eventually(lambda: generate(service, "words") and
               value()("shunt_flip_shadow_compared_total", **{"class": "equal"}), "a copy that is equal")
    assert value()("shunt_flip_decisions_total", executor="queue", reason="state") == 0
    status, _, body = service.request("GET", "/v1/generations")
    records = json.loads(body)["generations"] if isinstance(json.loads(body), dict) else json.loads(body)
    assert status == 200 and all(record["admission"]["executor"] == "sync" for record in records)


def test_a_real_generator_is_compared_by_content_and_with_itself(shunt, redis):
    service = start(shunt, redis)
    value = service.metrics

    def compared():
        generate(service, "real")
        figures = value()
        return figures("shunt_flip_shadow_noise_compared_total") and \
            figures("shunt_flip_shadow_compared_total", **{"class": "equal"})

    eventually(compared, "a copy of a real generator that is equal, and one that ran twice")
    figures = value()
    assert figures("shunt_flip_shadow_noise_mismatches_total") == 0
    assert figures("shunt_flip_shadow_compared_total", **{"class": "other_content"}) == 0


def test_a_model_may_have_no_shadow(shunt, redis):
    service = start(shunt, redis)
    for _ in range(5):
        generate(service, "off")
    assert service.metrics()("shunt_flip_shadow_sampled_total") == 0


def test_workers_that_do_not_say_so_are_sent_no_copy(shunt, redis):
    service = start(shunt, redis, worker_shadows=False)

    def refused():
        generate(service, "words")
        return service.metrics()("shunt_flip_shadow_dropped_total", reason="no_worker")

    eventually(refused, "a copy that nobody serves is dropped")
    assert service.metrics()("shunt_flip_shadow_compared_total", **{"class": "equal"}) == 0


def test_nothing_of_a_copy_is_left_once_it_was_compared(shunt, redis):
    service = start(shunt, redis)
    eventually(lambda: generate(service, "real") and
               service.metrics()("shunt_flip_shadow_compared_total", **{"class": "equal"}), "a copy that is equal")

    def clean():
        keys, values = dump(redis)
        return not any(":shadow:" in key and "gen_" in key for key in keys) and b"a prompt to look for" not in values

    eventually(clean, "no prompt and no result of a copy is in Redis")
