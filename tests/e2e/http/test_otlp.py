"""Traces as a collector gets them (docs/tracing.md), from a service in this mode: in sync mode the API has all spans, with
the queue those of runs come from the worker."""

import json
import re
import socket
import time

import pytest

from otlp_collector import Collector
from shunt_process import CONFIG
from waiting import eventually

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
SAMPLED = f"00-{TRACE}-{PARENT}-01"
SERVER, INTERNAL, CONSUMER = 2, 1, 5

MODELS = CONFIG + """
[models.traced]
driver = "command"
argv = ["/bin/sh", "-c", "printf '%s|%s' \\"$TRACEPARENT\\" \\"$TRACESTATE\\""]
input_mode = "none"

[models.flaky]
driver = "simulator"
first_token = "0ms"
token_gap = "0ms"
failure_rate = 1.0
"""


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def traced(start, collector):
    """Starts a service that sends to the collector at once."""

    def start_traced(**environment):
        return start(MODELS, environment={
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "SHUNT_TRACING_BATCH_INTERVAL": "20ms",
            "SHUNT_TRACING_BACKOFF": "20ms", "no_proxy": "127.0.0.1", **environment})

    return start_traced


def spans_of(collector, count, **wanted):
    """The spans of a trace (or of all), once there are so many."""
    def found():
        spans = [s for s in collector.spans if s.trace_id == wanted.get("trace", s.trace_id)]
        return len(spans) >= count and spans

    spans = eventually(found)
    assert len(spans) == count, [s.name for s in spans]
    return sorted(spans, key=lambda span: span.kind != SERVER)


def figure(shunt, name):
    return shunt.gauge(f"shunt_trace_{name}")


def test_the_run_is_a_child_of_the_request_which_is_a_child_of_the_caller(mode, traced, collector):
    shunt = traced(OTEL_SERVICE_NAME="speech-api")
    answer = shunt.generate("traced", headers={"traceparent": SAMPLED, "tracestate": "vendor=x"}).json()
    request, run = spans_of(collector, 2, trace=TRACE)

    assert (request.parent, request.kind, request.name) == (PARENT, SERVER, "POST /v1/generations")
    assert request.state == run.state == "vendor=x"
    assert request.flags == 0x301 and not request.failed
    assert request.attributes["shunt.generation.id"] == answer["id"]
    assert request.attributes["shunt.outcome"] == "accepted"
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["shunt.admission_ms"] >= 0
    assert ("shunt.enqueue_ms" in request.attributes) == (mode.name == "queue")
    (event, at), = request.events
    assert event == "accepted" and request.start <= at <= request.end

    assert (run.parent, run.name) == (request.span_id, "run traced")
    assert run.kind == (INTERNAL if mode.name == "sync" else CONSUMER)
    assert run.flags == (0x101 if mode.name == "sync" else 0x301)
    assert run.attributes["shunt.generation.id"] == answer["id"]
    assert run.attributes["shunt.model"] == request.attributes["shunt.model"] == "traced"
    assert run.attributes["shunt.path"] == request.attributes["shunt.path"] == mode.name
    assert (run.attributes["shunt.attempt"], run.attributes["shunt.state"]) == (1, "succeeded")
    for span in (request, run):
        decided = {key[len("feature_flag."):]: value for key, value in span.attributes.items() if "feature_flag" in key}
        assert decided == ({} if mode.name == "sync" else {
            "key": "shunt.executor", "set.id": "shunt.flip", "version": "1", "result.variant": "queue",
            "result.reason": "default"})
    assert run.attributes["shunt.wait_ms"] >= 0 and run.start < run.end
    # What the generator calls is a child of the run.
    assert answer["output"]["text"] == f"00-{TRACE}-{run.span_id}-01|vendor=x"

    for span in (request, run):
        assert span.resource["service.name"] == "speech-api"
        assert span.resource["service.instance.id"] and span.resource["service.version"]
    instances = {span.resource["service.instance.id"] for span in (request, run)}
    assert len(instances) == (1 if mode.name == "sync" else 2)
    assert {path for path, *_ in collector.requests} == {"/v1/traces"}


def test_a_trace_that_begins_here_has_a_request_without_a_parent(traced, collector):
    shunt = traced()
    shunt.generate("quick", headers={"tracestate": "of=nobody"})
    request, run = spans_of(collector, 2)
    assert (request.parent, request.state, run.parent) == ("", "", request.span_id)
    assert request.trace_id == run.trace_id and request.resource["service.name"] == "shunt"


def test_a_decision_of_the_caller_stands_and_the_ratio_is_for_the_rest(traced, collector):
    shunt = traced(SHUNT_TRACING_SAMPLE_RATIO="0")
    unsampled = f"00-{TRACE}-{PARENT}-00"
    assert shunt.generate("traced", headers={"traceparent": unsampled}).json()["output"]["text"] == unsampled + "|"
    # The decision of this process goes down too: nobody below decides anew.
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00\|", shunt.generate("traced").json()["output"]["text"])
    shunt.generate("traced", headers={"traceparent": SAMPLED})
    spans_of(collector, 2, trace=TRACE)
    assert len(collector.spans) == 2


def test_failures_are_errors_with_their_code(traced, collector):
    shunt = traced()
    assert shunt.generate("flaky", headers={"traceparent": SAMPLED}).status >= 500
    request, run = spans_of(collector, 2, trace=TRACE)
    assert run.failed and run.attributes["shunt.state"] == "failed"
    assert run.message == run.attributes["error.type"] != ""
    assert request.failed and request.attributes["http.response.status_code"] >= 500


def test_each_attempt_has_a_span(mode, traced, collector):
    if mode.name == "sync":
        pytest.skip("there is one attempt")
    shunt = traced(SHUNT_QUEUE_ATTEMPTS="2", SHUNT_QUEUE_BACKOFF="1ms")
    shunt.generate("flaky", headers={"traceparent": SAMPLED})
    request, *runs = spans_of(collector, 3, trace=TRACE)
    assert [run.parent for run in runs] == [request.span_id] * 2
    first, second = sorted(runs, key=lambda run: run.attributes["shunt.attempt"])
    assert (first.attributes["shunt.attempt"], second.attributes["shunt.attempt"]) == (1, 2)
    assert first.failed and first.attributes["shunt.retried"] is True and first.message
    assert second.failed and "shunt.retried" not in second.attributes
    assert first.message == second.message


def test_a_run_that_its_worker_gives_back_says_so(mode, traced, collector):
    if mode.name == "sync":
        pytest.skip("there is nobody to give it to")
    shunt = traced(SHUNT_SHUTDOWN_GRACE="100ms")
    made = shunt.generate("slow", {"prompt": "x", "tokens": 100000},
                          headers={"traceparent": SAMPLED, "Prefer": "respond-async"}).json()["id"]
    shunt.eventually_state(made, "running")
    shunt.start_worker()
    shunt.worker.terminate()
    given_back = eventually(lambda: [s for s in collector.spans if s.attributes.get("shunt.state") == "given_back"])[0]
    assert given_back.attributes["shunt.attempt"] == 1 and not given_back.failed
    request, = eventually(lambda: [s for s in collector.spans if s.kind == SERVER])
    assert given_back.parent == request.span_id and given_back.trace_id == TRACE
    shunt.request("POST", f"/v1/generations/{made}/cancel")


def test_a_refused_request_has_a_span_and_no_run(traced, collector):
    shunt = traced()
    first = shunt.generate("busy", headers={"Prefer": "respond-async"}).json()["id"]
    assert shunt.generate("busy", headers={"traceparent": SAMPLED}).code == "model_busy"
    request, = spans_of(collector, 1, trace=TRACE)
    assert (request.attributes["shunt.outcome"], request.attributes["error.type"]) == ("refused", "model_busy")
    assert "shunt.generation.id" not in request.attributes
    shunt.eventually_state(first, "running")  # one that has not begun has no run
    shunt.request("POST", f"/v1/generations/{first}/cancel")
    run = eventually(lambda: [s for s in collector.spans if s.name == "run busy"])[0]
    assert run.attributes["shunt.state"] == "cancelled" and not run.failed


def test_a_client_that_leaves_ends_its_span(traced, collector):
    shunt = traced()
    with shunt.connect() as connection:
        body = json.dumps({"model": "slow", "input": {"prompt": "x", "tokens": 100000}, "stream": True})
        connection.send(f"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\ntraceparent: {SAMPLED}\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n{body}")
        connection.read_head()
        while b"event: delta" not in connection.read_chunk():  # one that has not begun has no run
            pass
        connection.reset()
    request, run = spans_of(collector, 2, trace=TRACE)
    assert request.attributes["shunt.client_left"] is True
    assert run.attributes["shunt.state"] == "cancelled"


def test_what_is_asked_again_is_traced_too(traced, collector):
    shunt = traced()
    first = shunt.generate("quick").json()["id"]
    spans_of(collector, 2)
    shunt.request("POST", f"/v1/generations/{first}/retry", headers={"traceparent": SAMPLED})
    request, run = spans_of(collector, 2, trace=TRACE)
    assert request.name == "POST /v1/generations/{id}/retry" and request.parent == PARENT
    assert run.parent == request.span_id


def test_headers_and_a_whole_address_are_sent_as_they_are_set(traced, collector):
    shunt = traced(OTEL_EXPORTER_OTLP_HEADERS="x-tenant=a%2Cb, authorization=Bearer%20secret",
                   OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=collector.url + "/custom?key=1")
    shunt.generate("quick")
    spans_of(collector, 2)
    path, headers, _, _ = collector.requests[0]
    assert path == "/custom?key=1"
    assert (headers["x-tenant"], headers["authorization"]) == ("a,b", "Bearer secret")
    assert "secret" not in shunt.log()


def test_a_refusal_is_not_repeated(traced, collector):
    collector.status = 400
    shunt = traced()
    shunt.generate("quick")
    eventually(lambda: figure(shunt, "spans_failed_total") >= 1)
    collector.status = 200
    shunt.generate("quick", headers={"traceparent": SAMPLED})
    spans_of(collector, 2, trace=TRACE)
    seen = [span.span_id for _, _, spans, _ in collector.requests for span in spans]
    assert len(seen) == len(set(seen))
    assert figure(shunt, "spans_dropped_total") == 0
    assert shunt.log().count("tracing.export_failed") == 1
    eventually(lambda: "tracing.export_recovered" in shunt.log())


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "0"}])
def test_an_overloaded_collector_gets_the_spans_later(traced, collector, headers):
    collector.status, collector.headers = 503, headers
    shunt = traced()
    shunt.generate("quick", headers={"traceparent": SAMPLED})
    # On the queue the worker sends requests of its own, and these are the figures of the API.
    eventually(lambda: figure(shunt, "export_failures_total") >= 1)
    collector.status = 200
    spans_of(collector, 2, trace=TRACE)
    eventually(lambda: figure(shunt, "spans_exported_total") >= 1)


def test_spans_that_the_collector_rejects_in_part_are_counted(traced, collector):
    collector.answer = {"partialSuccess": {"rejectedSpans": "1", "errorMessage": "no"}}
    shunt = traced()
    shunt.generate("quick")
    eventually(lambda: figure(shunt, "spans_failed_total") >= 1)


def test_without_a_collector_requests_are_served_and_spans_given_up(start):
    with socket.socket() as nobody:  # bound, so that nobody else listens there
        nobody.bind(("127.0.0.1", 0))
        shunt = start(MODELS, environment={
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{nobody.getsockname()[1]}", "no_proxy": "127.0.0.1",
            "SHUNT_TRACING_BATCH_INTERVAL": "10ms", "SHUNT_TRACING_BACKOFF": "10ms"})
        for _ in range(20):
            assert shunt.generate("quick").status == 200
        eventually(lambda: figure(shunt, "spans_failed_total") >= 1)
        assert figure(shunt, "spans_exported_total") == 0
        assert shunt.log().count("tracing.export_failed") == 1


def test_a_collector_that_hangs_costs_spans_and_nothing_else(mode, traced, collector):
    collector.hold.clear()
    shunt = traced(SHUNT_TRACING_MAX_QUEUE_SPANS="4", SHUNT_TRACING_FLUSH_TIMEOUT="200ms")
    shunt.generate("quick")
    assert collector.arrived.acquire(timeout=20)
    began = time.monotonic()
    for _ in range(20):
        assert shunt.generate("quick").status == 200
    assert time.monotonic() - began < 10, "tracing.timeout, which nobody must wait for"
    eventually(lambda: figure(shunt, "spans_dropped_total") > 0)
    assert figure(shunt, "spans_waiting") == 4
    began = time.monotonic()
    shunt.terminate()
    assert shunt.wait() == 0
    assert time.monotonic() - began < 8, "the flush has its own bound"


def test_a_slow_collector_gets_them_all_once_it_answers(traced, collector):
    collector.hold.clear()
    shunt = traced(SHUNT_TRACING_TIMEOUT="100ms")
    shunt.generate("quick", headers={"traceparent": SAMPLED})
    eventually(lambda: figure(shunt, "export_failures_total") >= 1)
    collector.requests.clear()
    collector.hold.set()
    # What had timed out may have arrived too: at least once, as the protocol has it.
    eventually(lambda: len({s.span_id for s in collector.spans if s.trace_id == TRACE}) == 2)


def test_what_is_left_is_sent_at_the_end(mode, traced, collector):
    shunt = traced(SHUNT_TRACING_BATCH_INTERVAL="1m")
    shunt.generate("quick", headers={"traceparent": SAMPLED})
    assert not collector.requests
    shunt.terminate()
    assert shunt.wait() == 0
    if mode.name == "queue":
        shunt.worker.terminate()
        assert shunt.worker.wait(30) == 0
    assert len([s for s in collector.spans if s.trace_id == TRACE]) == 2


def test_without_an_endpoint_nothing_is_traced(start):
    shunt = start(MODELS)
    assert shunt.generate("traced").json()["output"]["text"] == "|"
    assert "shunt_trace_" not in shunt.request("GET", "/metrics").text()
