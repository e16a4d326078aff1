"""A collector that takes traces as OTLP JSON over HTTP, strict about their form, and behaves as it is told."""

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NUMBER = re.compile(r"[0-9]+")


def check_value(value):
    (kind, content), = value.items()
    if kind == "intValue":
        assert isinstance(content, str) and re.fullmatch(r"-?[0-9]+", content), value
    else:
        expected = {"stringValue": str, "doubleValue": (int, float), "boolValue": bool}[kind]
        assert isinstance(content, expected), value
    return int(content) if kind == "intValue" else content


def attributes(pairs):
    """As a dict; each key once."""
    found = {}
    for pair in pairs:
        assert set(pair) == {"key", "value"} and pair["key"] and pair["key"] not in found, pair
        found[pair["key"]] = check_value(pair["value"])
    return found


def check_time(text):
    """Nanoseconds since the epoch: a 64-bit integer, so a text."""
    assert isinstance(text, str) and NUMBER.fullmatch(text), text
    return int(text)


class Span:
    MEMBERS = {"traceId", "spanId", "parentSpanId", "traceState", "flags", "name", "kind", "startTimeUnixNano",
               "endTimeUnixNano", "attributes", "events", "status"}

    def __init__(self, resource, json_span):
        assert set(json_span) <= self.MEMBERS, set(json_span) - self.MEMBERS
        self.resource = resource
        self.trace_id = json_span["traceId"]
        self.span_id = json_span["spanId"]
        self.parent = json_span.get("parentSpanId", "")
        assert re.fullmatch(r"[0-9a-f]{32}", self.trace_id) and int(self.trace_id, 16)
        assert re.fullmatch(r"[0-9a-f]{16}", self.span_id) and int(self.span_id, 16)
        assert self.parent == "" or re.fullmatch(r"[0-9a-f]{16}", self.parent)
        self.state = json_span.get("traceState", "")
        self.flags = json_span["flags"]
        assert type(self.flags) is int and self.flags & 1
        self.name = json_span["name"]
        assert self.name
        self.kind = json_span["kind"]
        assert type(self.kind) is int and 1 <= self.kind <= 5
        self.start = check_time(json_span["startTimeUnixNano"])
        self.end = check_time(json_span["endTimeUnixNano"])
        assert self.start <= self.end
        assert abs(time.time() - self.end / 1e9) < 3600, "not nanoseconds of our days"
        self.attributes = attributes(json_span["attributes"])
        self.events = [(event["name"], check_time(event["timeUnixNano"])) for event in json_span.get("events", [])]
        status = json_span["status"]
        assert set(status) <= {"code", "message"} and status.get("code", 0) in (0, 1, 2)
        self.failed = status.get("code", 0) == 2
        self.message = status.get("message", "")


def read_request(body):
    """The spans of one request; fails on anything that OTLP does not have."""
    spans = []
    request = json.loads(body)
    assert set(request) == {"resourceSpans"}
    for of_resource in request["resourceSpans"]:
        assert set(of_resource) == {"resource", "scopeSpans"}
        resource = attributes(of_resource["resource"]["attributes"])
        for of_scope in of_resource["scopeSpans"]:
            assert set(of_scope) == {"scope", "spans"} and of_scope["scope"]["name"] == "shunt"
            spans += [Span(resource, span) for span in of_scope["spans"]]
    assert spans, "a request without spans"
    return spans


class Collector:
    """`status` is what it answers with from now on; while `hold` is clear it answers nobody. `requests` has
    (path, headers, spans, status) of every request, `mistakes` what was wrong with them."""

    def __init__(self):
        self.status = 200
        self.answer = {}
        self.headers = {}
        self.hold = threading.Event()
        self.hold.set()
        self.arrived = threading.Semaphore(0)
        self.requests = []
        self.mistakes = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                collector.take(self)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that went away

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def take(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        spans = []
        try:
            assert handler.headers["Content-Type"] == "application/json"
            spans = read_request(body)
        except Exception as mistake:
            self.mistakes.append(repr(mistake))
        self.arrived.release()
        self.hold.wait(60)
        status, answer = self.status, json.dumps(self.answer).encode()
        self.requests.append((handler.path, dict(handler.headers), spans, status))
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(answer)),
                            **self.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(answer)

    @property
    def spans(self):
        """What it has taken."""
        assert not self.mistakes, self.mistakes
        return [span for _, _, spans, status in self.requests if status == 200 for span in spans]

    def close(self):
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
