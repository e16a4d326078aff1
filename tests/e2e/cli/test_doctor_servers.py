"""`shunt doctor` and the servers beside a model's: a bucket, a collector of traces, the endpoints of webhooks."""

import contextlib
import http.server
import json
import threading

import pytest

from doctor_run import BOUND, SIMULATOR, Doctor
from found_servers import LIES, server_of_its_own_authority, server_that_says, support_server
from ports import free_port

KEYS = {"AWS_ACCESS_KEY_ID": "access", "AWS_SECRET_ACCESS_KEY": "secret"}
SECRET = "whsec_" + "c2VjcmV0LXRoYXQtbm9ib2R5LW1heS1zZWU="


@contextlib.contextmanager
def recording_server(status=200, body=b"{}"):
    """(port, what was asked: method, path, headers, body) of a server that answers all alike."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def answer(self):
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append((self.command, self.path, dict(self.headers), sent))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_OPTIONS = answer

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        server.server_close()


def bucket(port, name="box", prefix="shunt/", host="127.0.0.1"):
    return (f'{SIMULATOR}[queue]\nenabled = true\n[redis]\nurl = "redis://127.0.0.1:1"\n[artifacts.s3]\n'
            f'endpoint = "http://{host}:{port}"\nbucket = "{name}"\nprefix = "{prefix}"\n')


def collector(url):
    return f'{SIMULATOR}[tracing]\notlp_endpoint = "{url}"\notlp_headers = {{ x-token = "hush-hush" }}\n'


def webhooks(url, more=""):
    return f'{SIMULATOR}[webhooks]\nsecrets = ["{SECRET}"]\nurl = "{url}"\nallow_http = true\n{more}\n'


LOOPBACK = 'allowed_addresses = ["127.0.0.1"]'


def test_where_no_such_server_is_configured_none_is_looked_at(shunt):
    doctor = Doctor(shunt, SIMULATOR)
    assert not [name for name in doctor.by_name if name.startswith(("artifacts", "tracing", "webhooks"))]


def test_a_bucket_is_put_into_read_and_left_as_it_was(shunt):
    with support_server("s3_server.py") as port:
        doctor = Doctor(shunt, bucket(port), environment=KEYS)
    doctor.has("artifacts.s3", "ok", f"box at 127.0.0.1:{port} stores, reads and removes")


@pytest.mark.parametrize("name, prefix, keys, severity, found", [
    ("gone", "shunt/", KEYS, "problem", "404 (NoSuchBucket)"),
    ("box", "fault-403/", KEYS, "problem", "403 (AccessDenied)"),
    ("box", "fault-500/", KEYS, "problem", "500 (InternalError)"),
    ("box", "fault-cut/", KEYS, "problem", "cannot be read"),
    ("box", "fault-other/", KEYS, "problem", "cannot be read"),
    ("box", "shunt/", {**KEYS, "AWS_SECRET_ACCESS_KEY": "hush-hush"}, "problem", "403 (SignatureDoesNotMatch)"),
    ("box", "shunt/", {"AWS_ACCESS_KEY_ID": "access"}, "problem", "AWS_SECRET_ACCESS_KEY"),
])
def test_what_is_wrong_with_a_bucket_is_told_without_the_key(shunt, name, prefix, keys, severity, found):
    with support_server("s3_server.py") as port:
        doctor = Doctor(shunt, bucket(port, name, prefix), environment=keys)
    doctor.has("artifacts.s3", severity, found)
    assert "hush-hush" not in json.dumps(doctor.findings)


def test_a_collector_gets_an_empty_export_with_its_headers(shunt):
    with recording_server() as (port, asked):
        doctor = Doctor(shunt, collector(f"http://127.0.0.1:{port}"))
    doctor.has("tracing.otlp", "ok", f"127.0.0.1:{port} takes an empty export")
    (method, path, headers, body), = asked
    assert (method, path, json.loads(body)) == ("POST", "/v1/traces", {"resourceSpans": []})
    assert headers["x-token"] == "hush-hush" and headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("status, body, severity, found", [
    (401, b"", "problem", "refuses the headers"), (404, b"", "problem", "404"), (503, b"", "warning", "503"),
    (500, b"", "problem", "500"), (200, b"<html>", "warning", "something else"), (200, b"x" * 100_000, "warning", "something else"),
])
def test_a_collector_that_is_none_is_told(shunt, status, body, severity, found):
    with recording_server(status, body) as (port, _):
        doctor = Doctor(shunt, collector(f"http://127.0.0.1:{port}"))
    doctor.has("tracing.otlp", severity, found)
    assert "hush-hush" not in json.dumps(doctor.findings)


def test_a_webhooks_host_is_asked_for_its_root_and_gets_no_delivery_and_no_secret(shunt):
    key = ('[[server.keys]]\nname = "ann"\nsha256 = "' + "0" * 64 + '"\nwebhook_url = '
           '"http://127.0.0.1:{port}/ann/hush-hush"\n')
    with recording_server(404) as (port, asked):
        text = webhooks(f"http://127.0.0.1:{port}/hooks/hush-hush?token=hush-hush", LOOPBACK) + key.format(port=port)
        doctor = Doctor(shunt, text)
    doctor.has("webhooks.url", "ok", f"127.0.0.1:{port} can be reached; nothing was delivered")
    doctor.has("server.keys.ann.webhook_url", "ok", "can be reached")
    assert [(method, path, body) for method, path, _, body in asked] == [("GET", "/", b"")] * 2
    assert not [name for _, _, headers, _ in asked for name in headers if name.lower().startswith("webhook")]
    assert "hush-hush" not in json.dumps(doctor.findings) + str(asked)


def test_a_webhook_at_a_private_address_is_not_even_connected_to(shunt):
    with recording_server() as (port, asked):
        doctor = Doctor(shunt, webhooks(f"http://localhost:{port}/hook"))
    doctor.has("webhooks.url", "problem", "not public")
    assert "webhooks.allowed_addresses" in doctor.by_name["webhooks.url"]["advice"] and asked == []


def test_servers_that_are_absent_hang_or_lie_cost_the_time_of_one(shunt):
    with contextlib.ExitStack() as stack:
        silent = stack.enter_context(server_that_says(None))
        liar = stack.enter_context(server_that_says(LIES["no HTTP"]))
        own = stack.enter_context(server_of_its_own_authority(shunt.folder))
        hangs = Doctor(shunt, bucket(silent) + collector(f"http://127.0.0.1:{silent}").removeprefix(SIMULATOR) +
                       webhooks(f"http://127.0.0.1:{silent}/", LOOPBACK).removeprefix(SIMULATOR), environment=KEYS)
        lies = Doctor(shunt, bucket(liar) + collector(f"http://127.0.0.1:{liar}").removeprefix(SIMULATOR) +
                      webhooks(f"https://127.0.0.1:{own}/", LOOPBACK).removeprefix(SIMULATOR), environment=KEYS)
        gone = free_port()
        absent = Doctor(shunt, bucket(gone) + collector("http://no-such-host.invalid").removeprefix(SIMULATOR) +
                        webhooks(f"http://127.0.0.1:{gone}/", LOOPBACK).removeprefix(SIMULATOR), environment=KEYS)
    for name in ("tracing.otlp", "webhooks.url"):
        hangs.has(name, "problem", "says nothing")
    hangs.has("artifacts.s3", "problem", "storing an artifact failed")
    lies.has("artifacts.s3", "problem", "storing an artifact failed")
    lies.has("tracing.otlp", "problem", "no answer of HTTP")
    assert "certificate" in lies.by_name["webhooks.url"]["advice"]
    absent.has("artifacts.s3", "problem", "storing an artifact failed")
    assert "name in tracing.otlp_endpoint" in absent.by_name["tracing.otlp"]["advice"]
    assert "port in webhooks.url" in absent.by_name["webhooks.url"]["advice"]
    assert max(doctor.seconds for doctor in (hangs, lies, absent)) < BOUND
