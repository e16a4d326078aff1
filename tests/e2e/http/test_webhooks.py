"""Webhooks: the ends of generations told to an endpoint, whatever that does with them."""

import hashlib
import json
import os
import re
import socket
import subprocess
import threading
import time

import pytest

from shunt_process import CONFIG
from waiting import eventually
from webhook_receiver import OLD_SECRET, SECRET, Receiver, signed_with

WEBHOOKS = f"""
[webhooks]
secrets = ["{SECRET}", "{OLD_SECRET}"]
allow_http = true
allowed_addresses = ["127.0.0.1"]
timeout = "20s"
concurrency = 2

[models.long]
driver = "simulator"
tokens = 20000
max_tokens = 20000
first_token = "0ms"
token_gap = "0ms"
"""


@pytest.fixture(scope="module")
def service(mode):
    process = mode.start(CONFIG + WEBHOOKS)
    yield process
    process.stop()


@pytest.fixture
def receive():
    made = []

    def receive_with(*answers):
        made.append(Receiver(*answers))
        return made[-1]

    yield receive_with
    for each in made:
        each.close()


def run(service, receiver, model="quick", events=None, **members):
    webhook = {"url": receiver.url(), **({"events": events} if events else {})}
    return service.generate(model, webhook=webhook, **members)


def message_id(answer):
    return "msg_" + answer.json()["id"].removeprefix("gen_")


def eventually_delivery(service, answer, state):
    def look():
        found = service.request("GET", "/admin/webhooks/" + message_id(answer))
        return found.status == 200 and found.json()["state"] == state and found.json()
    return eventually(look, f"a delivery that is {state}")


def attempts(service, answer, count):
    def look():
        found = service.request("GET", "/admin/webhooks/" + message_id(answer))
        return found.status == 200 and len(found.json()["log"]) >= count and found.json()
    return eventually(look, f"{count} attempts")


def test_an_end_is_told_with_signatures_of_all_secrets(service, receive):
    receiver = receive()
    answer = run(service, receiver)
    assert answer.status == 200, answer.body
    eventually(lambda: receiver.received)
    request = receiver.received[0]
    assert signed_with(request, SECRET) and signed_with(request, OLD_SECRET)
    headers = {name.lower(): value for name, value in request["headers"].items()}
    assert headers["webhook-id"] == message_id(answer)
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 30
    assert headers["content-type"] == "application/json"
    body = receiver.bodies()[0]
    assert body["type"] == "generation.succeeded"
    assert body["data"]["id"] == answer.json()["id"] and body["data"]["state"] == "succeeded"
    assert body["data"]["output"]["text"] == answer.json()["output"]["text"]
    assert body["data"]["links"]["self"] == "/v1/generations/" + answer.json()["id"]
    told = eventually_delivery(service, answer, "delivered")
    assert told["attempts"] == 1 and told["log"][0]["status"] == 204


def test_failures_and_cancellations_are_told(service, receive):
    receiver = receive()
    failed = run(service, receiver, "broken", input={})
    assert failed.status == 502
    eventually(lambda: receiver.received)
    assert receiver.bodies()[0]["type"] == "generation.failed"
    assert receiver.bodies()[0]["data"]["error"]["code"] == "program_exited"
    long = run(service, receiver, "busy", headers={"Prefer": "respond-async"})
    assert long.status == 202, long.body
    service.request("POST", f"/v1/generations/{long.json()['id']}/cancel")
    eventually(lambda: len(receiver.received) == 2)
    assert receiver.bodies()[1]["type"] == "generation.cancelled"


def test_only_events_that_were_asked_for_are_told(service, receive):
    receiver = receive()
    run(service, receiver, events=["generation.failed"])
    wanted = run(service, receiver, events=["generation.succeeded"])
    eventually_delivery(service, wanted, "delivered")
    assert [body["data"]["id"] for body in receiver.bodies()] == [wanted.json()["id"]]


def test_a_long_output_is_a_link(service, receive):
    receiver = receive()
    answer = run(service, receiver, "long")
    assert answer.status == 200, answer.body
    eventually(lambda: receiver.received)
    data = receiver.bodies()[0]["data"]
    assert data["output_omitted"] is True and "text" not in data.get("output", {})
    assert len(receiver.received[0]["body"]) < 20 * 1024
    assert service.request("GET", data["links"]["self"]).json()["output"]["text"] == answer.json()["output"]["text"]


def test_a_failed_attempt_is_repeated_with_the_same_id(service, receive):
    receiver = receive(500, 204)
    answer = run(service, receiver)
    eventually(lambda: len(receiver.received) == 2)
    ids = {each["headers"]["webhook-id"] for each in receiver.received}
    assert ids == {message_id(answer)} and receiver.received[0]["body"] == receiver.received[1]["body"]
    assert 4 < receiver.received[1]["at"] - receiver.received[0]["at"] < 12
    told = eventually_delivery(service, answer, "delivered")
    assert [each["status"] for each in told["log"]] == [500, 204]


def test_retry_after_is_obeyed_and_bounded(service, receive):
    receiver = receive((429, {"Retry-After": "99999999999999999999"}))
    answer = run(service, receiver)
    told = attempts(service, answer, 1)
    assert told["state"] == "pending"
    assert told["log"][0]["retry_after_ms"] == 24 * 3600 * 1000
    # Nor is the endpoint asked for anything else meanwhile.
    second = run(service, receiver)
    found = eventually(lambda: (r := service.request("GET", "/admin/webhooks/" + message_id(second))).status == 200
                       and r.json())
    assert found["state"] == "pending"
    time.sleep(1)
    assert len(receiver.received) == 1


def test_410_closes_an_endpoint_until_a_test_reaches_it(service, receive):
    receiver = receive(410, 204)
    answer = run(service, receiver)
    assert "410" in eventually_delivery(service, answer, "failed")["reason"]
    left_out = run(service, receiver)
    assert "410" in eventually_delivery(service, left_out, "failed")["reason"]
    assert len(receiver.received) == 1
    opened = service.request("POST", "/admin/webhooks/test", json.dumps({"url": receiver.url()}),
                             {"Content-Type": "application/json"})
    assert opened.json()["status"] == 204, opened.body
    assert receiver.bodies()[1]["type"] == "webhook.test" and signed_with(receiver.received[1], SECRET)
    again = service.request("POST", f"/admin/webhooks/{message_id(left_out)}/redeliver")
    assert again.status == 202, again.body
    eventually_delivery(service, left_out, "delivered")
    assert receiver.received[2]["headers"]["webhook-id"] == message_id(left_out)


def test_a_redirect_is_not_followed(service, receive):
    elsewhere = receive()
    receiver = receive((307, {"Location": elsewhere.url("/secret")}))
    answer = run(service, receiver)
    told = attempts(service, answer, 1)
    assert told["log"][0]["status"] == 307 and told["state"] == "pending"
    assert not elsewhere.received


@pytest.fixture(scope="module")
def impatient(mode):
    process = mode.start(CONFIG + WEBHOOKS.replace('timeout = "20s"', 'timeout = "2s"'))
    yield process
    process.stop()


def test_an_endpoint_that_hangs_is_given_up_in_time(impatient, receive):
    receiver = receive(lambda handler: time.sleep(30))
    answer = run(impatient, receiver)
    told = attempts(impatient, answer, 1)
    assert "status" not in told["log"][0] and 1900 <= told["log"][0]["took_ms"] < 20_000


def test_an_endpoint_that_drips_is_given_up_in_time(impatient, receive):
    def drip(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(300):
            handler.wfile.write(b"X-Slow: 1\r\n")
            time.sleep(0.1)

    receiver = receive(drip)
    told = attempts(impatient, run(impatient, receiver), 1)
    assert "status" not in told["log"][0] and told["log"][0]["took_ms"] < 20_000


def test_a_huge_answer_is_bounded(service, receive):
    sent = []

    def huge(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        for _ in range(2000):
            handler.wfile.write(bytes(1 << 20))
            sent.append(1)

    receiver = receive(huge)
    eventually_delivery(service, run(service, receiver), "delivered")
    assert len(sent) < 100  # MiB: what the sockets hold


def test_an_endpoint_that_refuses_is_asked_again_later(service):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    answer = service.generate("quick", webhook={"url": url})
    told = attempts(service, answer, 1)
    assert told["state"] == "pending" and told["log"][0]["error"]


def test_a_name_that_leads_to_a_private_address_is_not_connected_to(start, receive):
    receiver = receive()
    service = start(CONFIG + WEBHOOKS.replace("127.0.0.1", "10.0.0.0/8"))
    # A name of this machine that is no "localhost".
    url = f"http://{socket.gethostname()}:{receiver.port}/"
    answer = service.generate("quick", webhook={"url": url})
    assert answer.status == 200, answer.body
    told = attempts(service, answer, 1)
    assert "status" not in told["log"][0]
    assert not receiver.received


def test_an_endpoint_gets_so_many_at_once(service, receive):
    lock, running, most = threading.Lock(), 0, 0

    def slowly(handler):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.3)
        # Before the answer: with that the sender may send the next one.
        with lock:
            running -= 1
        handler.send_response(204)
        handler.end_headers()

    receiver = receive(slowly)
    answers = [run(service, receiver) for _ in range(6)]
    for answer in answers:
        eventually_delivery(service, answer, "delivered")
    assert most <= 2


@pytest.mark.parametrize(("webhook", "field"), [
    ("https://example.com/", "/webhook"),
    ({}, "/webhook/url"),
    ({"url": 1}, "/webhook/url"),
    ({"url": "example.com"}, "/webhook/url"),
    ({"url": "ftp://example.com/"}, "/webhook/url"),
    ({"url": "https://user:secret@example.com/"}, "/webhook/url"),
    ({"url": "https://example.com/#a"}, "/webhook/url"),
    ({"url": "https://example.com/ a"}, "/webhook/url"),
    ({"url": "https://example.com/" + "a" * 2048}, "/webhook/url"),
    ({"url": "http://10.0.0.1/"}, "/webhook/url"),
    ({"url": "http://169.254.169.254/latest"}, "/webhook/url"),
    ({"url": "http://[::1]/"}, "/webhook/url"),
    ({"url": "http://[::ffff:10.0.0.1]/"}, "/webhook/url"),
    ({"url": "http://0x0a000001/"}, "/webhook/url"),
    ({"url": "https://example.com/", "events": []}, "/webhook/events"),
    ({"url": "https://example.com/", "events": ["generation.started"]}, "/webhook/events"),
    ({"url": "https://example.com/", "secret": "s"}, "/webhook/secret"),
])
def test_a_webhook_that_cannot_be_is_refused_by_name(service, webhook, field):
    answer = service.generate("quick", webhook=webhook)
    assert answer.status == 422 and answer.json()["field"] == field, answer.body
    assert "secret@" not in answer.text()


def test_without_secrets_there_are_none(start):
    service = start(CONFIG)
    answer = service.generate("quick", webhook={"url": "https://example.com/"})
    assert answer.status == 422 and answer.json()["field"] == "/webhook"
    assert service.request("GET", "/admin/webhooks").code == "webhooks_disabled"


def test_a_repeated_request_is_told_once(service, receive):
    receiver = receive()
    key = {"Idempotency-Key": os.urandom(8).hex()}
    first = run(service, receiver, headers=key)
    second = run(service, receiver, headers=key)
    assert first.json()["id"] == second.json()["id"]
    eventually_delivery(service, first, "delivered")
    time.sleep(0.5)
    assert len(receiver.received) == 1


def test_the_command_line_lists_and_tests(service, receive):
    receiver = receive()
    answer = run(service, receiver)
    eventually_delivery(service, answer, "delivered")

    def shunt(*arguments):
        return subprocess.run([os.environ["SHUNT_BIN"], "webhooks", *arguments, "--url", service.url],
                              capture_output=True, text=True, timeout=30)

    listed = shunt("ls", "--state", "delivered")
    assert listed.returncode == 0 and message_id(answer) in listed.stdout, listed.stderr
    shown = shunt("show", message_id(answer))
    assert "delivered" in shown.stdout and " 204 " in shown.stdout, shown.stderr
    assert shunt("redeliver", message_id(answer)).returncode == 0
    eventually(lambda: len(receiver.received) == 2)
    assert shunt("test", receiver.url()).returncode == 0
    assert shunt("show", "msg_none").returncode == 1
    assert SECRET not in service.log()


def test_metrics_tell_of_them(service, receive):
    receiver = receive()
    eventually_delivery(service, run(service, receiver), "delivered")
    text = service.request("GET", "/metrics").text()
    assert float(re.search(r'^shunt_webhook_attempts_total{outcome="delivered"} (\S+)$', text, re.M).group(1)) >= 1


def test_an_end_whose_api_process_is_gone_is_told_by_the_next(start, receive, mode):
    if mode.name != "queue":
        pytest.skip("without Redis a webhook goes with its process")
    receiver = receive()
    service = start(CONFIG + WEBHOOKS)
    lasting = {"prompt": "x", "first_token_ms": 3000, "tokens": 1}
    answer = run(service, receiver, "slow", input=lasting, headers={"Prefer": "respond-async"})
    assert answer.status == 202, answer.body
    service.process.kill()
    service.process.wait()
    time.sleep(4)  # the worker ends it while no API process lives
    assert not receiver.received
    with service.another_api() as other:
        eventually(lambda: receiver.received, patience=60)
        eventually_delivery(other, answer, "delivered")
    assert [body["data"]["id"] for body in receiver.bodies()] == [answer.json()["id"]]


def test_a_delivery_outlives_its_process(start, receive, mode):
    if mode.name != "queue":
        pytest.skip("without Redis a webhook goes with its process")
    receiver = receive(500, 204)
    service = start(CONFIG + WEBHOOKS)
    answer = run(service, receiver)
    attempts(service, answer, 1)
    service.process.kill()
    service.process.wait()
    with service.another_api() as other:
        eventually_delivery(other, answer, "delivered")
    assert len({each["headers"]["webhook-id"] for each in receiver.received}) == 1


def test_a_process_without_a_queue_says_that_it_forgets(mode, service):
    assert ("webhooks.in_memory" in service.log()) == (mode.name == "sync")


KEYS = """
[[server.keys]]
name = "a"
sha256 = "{hash}"
webhook_url = "{url}"
webhook_events = ["generation.succeeded"]
webhook_secrets = ["{secret}"]
"""


def test_a_key_has_a_webhook_and_secrets_of_its_own(start, receive):
    receiver = receive()
    key = "k" * 40
    own = "whsec_" + "QUJD" * 10
    keys = KEYS.format(hash=hashlib.sha256(key.encode()).hexdigest(), url=receiver.url(), secret=own)
    service = start(CONFIG + WEBHOOKS + keys)
    answer = service.generate("quick", headers={"Authorization": f"Bearer {key}"})
    assert answer.status == 200, answer.body
    eventually(lambda: receiver.received)
    assert signed_with(receiver.received[0], own) and not signed_with(receiver.received[0], SECRET)
