"""A request's W3C trace context reaches the generator, in this process or in a worker."""

import pytest

from shunt_process import CONFIG
from waiting import eventually

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

MODELS = CONFIG + """
[models.traced]
driver = "command"
argv = ["/bin/sh", "-c", "printf '%s|%s' \\"$TRACEPARENT\\" \\"$TRACESTATE\\""]
input_mode = "none"
"""


@pytest.mark.parametrize("headers,seen", [
    ({"traceparent": PARENT, "tracestate": "vendor=x"}, PARENT + "|vendor=x"),
    ({"traceparent": PARENT}, PARENT + "|"),
    ({"traceparent": "00-broken-01", "tracestate": "vendor=x"}, "|"),
    ({}, "|"),
])
def test_a_program_gets_the_trace_context_of_its_request(start, headers, seen):
    assert start(MODELS).generate("traced", headers=headers).json()["output"]["text"] == seen


def test_the_log_joins_trace_and_generation(mode, start):
    shunt = start(MODELS, environment={"SHUNT_LOG_LEVEL": "debug"})
    generation_id = shunt.generate("traced", headers={"traceparent": PARENT}).json()["id"]

    def line(log, event):
        return [found for found in log.splitlines() if event in found and PARENT in found]

    assert eventually(lambda: line(shunt.log(), "http.request"))
    ran = shunt.log() if mode.name == "sync" else shunt.worker_log()
    assert any(generation_id in found for found in line(ran, "generation.started"))
