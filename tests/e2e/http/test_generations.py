import json
import re
from waiting import eventually


ID = re.compile(r"gen_[0-9a-f]{32}")


def test_post_waits_and_answers_with_the_record(shunt):
    answer = shunt.generate("slow", {"prompt": "hi", "tokens": 3}, options={"metadata": {"order": 7}})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    record = answer.json()
    assert ID.fullmatch(record["id"])
    assert record["model"] == "slow" and record["state"] == "succeeded"
    assert record["output"]["result"] == {"tokens": 3, "simulated": True}
    assert record["output"]["text"]
    assert record["metadata"] == {"order": 7}
    assert record["created_at"] <= record["started_at"] <= record["finished_at"]
    assert answer.headers["location"] == f"/v1/generations/{record['id']}"
    assert answer.headers["shunt-generation-id"] == record["id"]
    assert "preference-applied" not in answer.headers


def test_get_answers_with_the_same_record(shunt):
    created = shunt.generate("quick").json()
    answer = shunt.request("GET", f"/v1/generations/{created['id']}")
    assert answer.status == 200
    assert answer.json() == created


def test_an_unknown_generation_is_404(shunt):
    for generation_id in ("gen_" + "0" * 32, "nonsense", "gen_%20"):
        answer = shunt.request("GET", f"/v1/generations/{generation_id}")
        assert (answer.status, answer.code) == (404, "generation_unknown")


def test_an_evicted_generation_is_410(start):
    # By number in memory, by age in Redis.
    shunt = start(config="""
[store]
max_generations = 1
[queue]
retention = "1s"
[models.quick]
driver = "simulator"
first_token = "0ms"
token_gap = "0ms"
""")
    first = shunt.generate("quick").json()["id"]
    shunt.generate("quick")
    shunt.generate("quick")
    answer = eventually(lambda: (a := shunt.request("GET", f"/v1/generations/{first}")).status != 200 and a)
    assert (answer.status, answer.code) == (410, "generation_gone")
    assert answer.json()["instance"] == f"/v1/generations/{first}"


def test_a_failed_generation_is_a_problem_with_its_record(shunt):
    answer = shunt.generate("broken", {})
    assert (answer.status, answer.code) == (502, "program_exited")
    problem = answer.json()
    assert problem["exit_code"] == 3
    assert problem["generation"]["state"] == "failed"
    assert problem["generation"]["error"]["code"] == "program_exited"
    assert problem["instance"] == f"/v1/generations/{problem['generation']['id']}"
    looked_up = shunt.request("GET", problem["instance"])
    assert looked_up.status == 200 and looked_up.json()["state"] == "failed"


def test_a_deadline_that_passes_is_504(shunt):
    answer = shunt.generate("busy", {"prompt": "x"}, options={"timeout_ms": 50})
    assert (answer.status, answer.code) == (504, "deadline_exceeded")


def test_a_busy_model_is_429_with_retry_after(start):
    shunt = start()
    with shunt.connect() as waiting:
        body = json.dumps({"model": "busy", "input": {"prompt": "x"}, "stream": True})
        waiting.send(f"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        assert waiting.read_head().status == 200
        answer = shunt.generate("busy")
        assert (answer.status, answer.code) == (429, "model_busy")
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["retryable"] is True


def test_list_pages_newest_first(start):
    shunt = start()
    ids = [shunt.generate("quick").json()["id"] for _ in range(5)]
    first = shunt.request("GET", "/v1/generations?limit=2").json()
    assert [r["id"] for r in first["generations"]] == ids[:2:-1]
    second = shunt.request("GET", f"/v1/generations?limit=2&cursor={first['next_cursor']}").json()
    assert [r["id"] for r in second["generations"]] == ids[2:0:-1]
    third = shunt.request("GET", f"/v1/generations?limit=2&cursor={second['next_cursor']}").json()
    assert [r["id"] for r in third["generations"]] == ids[:1]
    assert third["next_cursor"] is None


def test_list_filters_by_state_and_model(start):
    shunt = start()
    good = shunt.generate("quick").json()["id"]
    bad = shunt.generate("broken", {}).json()["generation"]["id"]

    def listed(query):
        return [r["id"] for r in shunt.request("GET", f"/v1/generations?{query}").json()["generations"]]

    assert listed("state=failed") == [bad]
    assert listed("state=succeeded") == [good]
    assert listed("model=broken") == [bad]
    assert listed("model=quick&state=failed") == []
    assert listed("model=no%2Fsuch") == []


def test_list_refuses_what_it_does_not_know(shunt):
    for query, name in (("state=done", "state"), ("limit=0", "limit"), ("limit=201", "limit"), ("limit=x", "limit"),
                        ("cursor=zzz", "cursor"), ("colour=red", "colour")):
        answer = shunt.request("GET", f"/v1/generations?{query}")
        assert (answer.status, answer.code) == (400, "invalid_parameter"), query
        assert answer.json()["parameter"] == name


def start_slow(shunt, connection, tokens=200):
    body = json.dumps({"model": "slow", "input": {"prompt": "x", "tokens": tokens}, "stream": True})
    connection.send(f"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}")
    head = connection.read_head()
    assert head.status == 200
    return head.headers["shunt-generation-id"]


def test_cancel_stops_a_running_generation(shunt):
    with shunt.connect() as stream:
        generation_id = start_slow(shunt, stream)
        answer = shunt.request("POST", f"/v1/generations/{generation_id}/cancel", '{"reason": "enough"}',
                               {"Content-Type": "application/json"})
        assert answer.status in (200, 202)
        record = shunt.eventually_state(generation_id, "cancelled")
        assert record["cancel_reason"] == "enough"
        again = shunt.request("POST", f"/v1/generations/{generation_id}/cancel")
        assert again.status == 200 and again.json()["state"] == "cancelled"


def test_cancel_of_an_ended_generation_changes_nothing(shunt):
    record = shunt.generate("quick").json()
    answer = shunt.request("POST", f"/v1/generations/{record['id']}/cancel")
    assert answer.status == 200
    assert answer.json() == record


def test_a_waiting_client_of_a_cancelled_generation_gets_409(shunt):
    with shunt.connect() as waiting:
        body = json.dumps({"model": "slow", "input": {"prompt": "x", "tokens": 200}})
        waiting.send(f"POST /v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        running = eventually(lambda: shunt.request("GET", "/v1/generations?state=running&model=slow").json()["generations"])
        shunt.request("POST", f"/v1/generations/{running[0]['id']}/cancel")
        answer = waiting.read_response()
        assert (answer.status, answer.code) == (409, "cancelled")
        assert answer.json()["generation"]["state"] == "cancelled"
