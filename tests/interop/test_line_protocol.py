"""The protocol itself, for each program that speaks it: the other tests lean on these few promises."""

import os
import subprocess

import pytest

from remote import NotSupported, Remote, RemoteError

MAKERS = {"node": Remote.node, "cpp": Remote.under_test}


@pytest.fixture(params=MAKERS)
def remote(request, server):
    with MAKERS[request.param](server.url) as made:
        yield made


def test_capabilities_name_classes_and_methods(remote):
    offered = remote.capabilities()
    assert {"Queue", "Worker", "QueueEvents"} <= set(offered)
    assert {"add", "addBulk", "getJob", "getJobCounts", "pause", "resume", "close"} <= set(offered["Queue"])
    assert {"close", "pause", "resume"} <= set(offered["Worker"])


def test_what_does_not_exist_is_not_supported(remote):
    queue = remote.queue("paint")
    job = queue.add("cars", {})
    for ask in (lambda: remote.new("Easel"), lambda: queue.paintTheFence(), lambda: job.paintTheFence()):
        with pytest.raises(NotSupported):
            ask()


def test_requests_overlap_and_keep_their_order(remote):
    queue = remote.queue("paint")
    added = [queue.submit("add", "cars", {"n": n}) for n in range(200)]
    ids = [remote.wait(future)["$job"]["id"] for future in added]
    assert ids == [str(n) for n in range(1, 201)]


def test_a_blocked_request_holds_up_no_other(remote):
    queue = remote.queue("paint")
    worker = remote.worker("paint", drainDelay=1)
    waiting = worker.submit("getNextJob", "tok", {"block": True})
    worker_is_empty = worker.submit("getNextJob", "tok", {"block": False})
    assert queue.getJobCounts("wait") == {"wait": 0}
    remote.wait(worker_is_empty)
    remote.wait(waiting)


def test_wide_text_and_long_lines_survive(remote):
    queue = remote.queue("paint")
    data = {"wide": "žluťoučký 彩色 🎨 \u2028 \u0000", "long": "x" * 500000}
    assert queue.getJob(queue.add("nömo", data).id)["data"] == data


def test_an_error_has_name_message_and_code(remote):
    with pytest.raises(RemoteError) as refused:
        remote.queue("paint").job("7").updateData({})
    assert (refused.value.name, refused.value.message, refused.value.code) == (
        "Error", "Missing key for job 7. updateData", -1)


def test_events_stop_after_off(remote):
    worker = remote.worker("paint", lambda job: None, events=["resumed"])
    worker.pause()
    worker.resume()
    worker.events["resumed"].wait(1)
    remote.wait(remote.submit({"on": worker.name, "call": "off", "args": ["resumed"]}))
    worker.pause()
    worker.resume()
    worker.isPaused()
    assert len(worker.events["resumed"].items) == 1


@pytest.mark.skipif("SHUNT_BULLMQ_REMOTE" not in os.environ, reason="Node's are gone when nobody listens")
def test_an_on_behind_a_new_misses_no_event(server):
    with Remote.under_test(server.url) as remote:
        queue = remote.queue("paint")
        events = remote.queue_events("paint", events=["added"])
        queue.add("cars", {})
        events.events["added"].wait(1)  # read, so the others of that moment are, too
        assert events.on("waiting").wait(1)[0][0]["jobId"] == "1"


@pytest.mark.skipif("SHUNT_BULLMQ_REMOTE" not in os.environ, reason="it is this program that did not")
def test_errors_of_queue_events_are_told(server):
    with Remote.under_test(server.url) as remote:
        server("SET", "bull:paint:events", "no stream")
        events = remote.new("QueueEvents", "paint", remote.options(lastEventId="0"), events=["error"])
        assert "WRONGTYPE" in events.events["error"].wait(1)[0][0]["message"]


@pytest.mark.skipif("SHUNT_BULLMQ_REMOTE" not in os.environ, reason="Node's emitters take any name")
def test_events_and_options_that_do_not_exist_are_not_supported(server):
    with Remote.under_test(server.url) as remote:
        queue = remote.queue("paint")
        for ask in (lambda: queue.on("paused"), lambda: remote.worker("paint").on("painted"),
                    lambda: remote.queue("paint", easel=True), lambda: remote.worker("paint", easel=True),
                    lambda: queue.obliterate({"gently": True}), lambda: queue.retryJobs({"gently": True}),
                    lambda: queue.add("cars", {}).remove({"gently": True}), lambda: queue.getJobs(["repeat"]),
                    lambda: queue.add("cars", {}, {"delay": 1.5}),
                    lambda: remote.new("Worker", "paint", None, {"connection": {"url": server.url, "easel": True}})):
            with pytest.raises(NotSupported):
                ask()


def test_a_freed_object_is_gone(remote):
    queue = remote.queue("paint")
    queue.free()
    with pytest.raises(RemoteError):
        queue.getJobCounts()


@pytest.mark.parametrize("name", MAKERS)
def test_end_of_input_closes_everything(name, server):
    with MAKERS[name](server.url) as remote:
        queue = remote.queue("paint")
        remote.worker("paint", lambda job: job.cancelled.wait(60))
        remote.queue_events("paint")
        queue.add("cars", {})
    assert remote.process.returncode == 0


@pytest.mark.parametrize("name", MAKERS)
def test_a_broken_line_ends_the_program(name, server):
    remote = MAKERS[name](server.url)
    try:
        remote.process.stdin.write(b"this is not JSON\n")
        remote.process.stdin.flush()
        assert remote.process.wait(10) != 0
    except subprocess.TimeoutExpired:
        pytest.fail("it goes on")
    finally:
        remote.kill()
