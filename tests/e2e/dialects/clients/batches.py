"""What OpenAI's client makes of /batches: batches.py BASE_URL KEY. Prints what it saw, as one JSON object."""

import itertools
import json
import sys
import time

from openai import APIStatusError, OpenAI

client = OpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0)
ENDED = ("completed", "failed", "expired", "cancelled")
MESSAGES = [{"role": "user", "content": "Hello"}]


def line(custom_id, url, body):
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": url, "body": body})


def upload(lines, purpose="batch"):
    return client.files.create(file=("lines.jsonl", "\n".join(lines).encode()), purpose=purpose)


def create(lines, endpoint="/v1/chat/completions", **members):
    return client.batches.create(input_file_id=upload(lines).id, endpoint=endpoint, completion_window="24h", **members)


def ended(batch):
    while (batch := client.batches.retrieve(batch.id)).status not in ENDED:
        time.sleep(0.05)
    return batch


def results(file_id):
    return {each["custom_id"]: each for each in map(json.loads, client.files.content(file_id).text.splitlines())}


def refused(call):
    try:
        call()
    except APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code, error.param]
    return "not refused"


chat = "/v1/chat/completions"
seen = {}
batch = create([*(line(f"chat-{i}", chat, {"model": "words", "messages": MESSAGES}) for i in range(5)),
                line("nobody", chat, {"model": "nobody", "messages": MESSAGES}),
                line("streams", chat, {"model": "words", "messages": MESSAGES, "stream": True}),
                line("broken", chat, {"model": "broken", "messages": MESSAGES})], metadata={"a": "b"})
seen["made"] = [batch.object, batch.endpoint, batch.completion_window, batch.metadata, batch.expires_at - batch.created_at]
batch = ended(batch)
counts = batch.request_counts
seen["ended"] = [batch.status, counts.total, counts.completed, counts.failed, batch.usage.output_tokens, batch.errors]
seen["times"] = batch.created_at <= batch.in_progress_at <= batch.finalizing_at <= batch.completed_at
output, errors = results(batch.output_file_id), results(batch.error_file_id)
seen["said"] = sorted({each["response"]["body"]["choices"][0]["message"]["content"] for each in output.values()})
seen["answered"] = [sorted(output), sorted({each["response"]["status_code"] for each in output.values()})]
seen["failed"] = {name: [each["response"]["status_code"], each["response"]["body"]["error"]["code"]]
                  for name, each in errors.items()}
seen["ids"] = len({each["id"] for each in [*output.values(), *errors.values()]})
seen["files"] = sorted([each.purpose, each.filename == f"{batch.id}_{kind}.jsonl"] for kind, each in
                       (("output", client.files.retrieve(batch.output_file_id)), ("error", client.files.retrieve(batch.error_file_id))))

first = client.responses.create(model="words", input="Hello")
others = [("/v1/embeddings", {"model": "vectors", "input": ["a", "b"]}),
          ("/v1/completions", {"model": "once", "prompt": "Once"}),
          ("/v1/responses", {"model": "words", "input": "And then?", "previous_response_id": first.id})]
begun = [create([line("one", url, body)], url) for url, body in others]
bodies = [next(iter(results(ended(each).output_file_id).values()))["response"]["body"] for each in begun]
seen["others"] = [len(bodies[0]["data"]), bodies[1]["choices"][0]["text"], bodies[2]["status"], bodies[2]["previous_response_id"] == first.id]
own = [each.id for each in itertools.islice(client.batches.list(limit=2), 4)]
seen["listed"] = own == [each.id for each in reversed(begun)] + [batch.id]

bad = ended(create([line("a", chat, {}), "{", line("a", chat, {}), line("b", "/v1/embeddings", {})]))
seen["bad"] = [bad.status, [[each.code, each.line, each.param] for each in bad.errors.data], bad.output_file_id]
seen["empty"] = [each.code for each in ended(create([" ", ""])).errors.data]

stopped = create([line("quick", chat, {"model": "words", "messages": MESSAGES}),
                  *(line(f"slow-{i}", chat, {"model": "endless", "messages": MESSAGES}) for i in range(30))])
while client.batches.retrieve(stopped.id).request_counts.completed == 0:
    time.sleep(0.05)
seen["cancelling"] = client.batches.cancel(stopped.id).status
stopped = ended(stopped)
seen["cancelled"] = [stopped.status, stopped.request_counts.completed, stopped.request_counts.failed,
                     sorted({each["error"]["code"] for each in results(stopped.error_file_id).values()}),
                     list(results(stopped.output_file_id))]

lines = upload([line("a", chat, {})])
other = upload([line("a", chat, {})], "user_data")
seen["errors"] = {
    "cancelled": refused(lambda: client.batches.cancel(stopped.id)),
    "unknown": refused(lambda: client.batches.retrieve("batch_" + "0" * 32)),
    "none": refused(lambda: client.batches.retrieve("batch_none")),
    "file": refused(lambda: client.batches.create(input_file_id="file-" + "0" * 32, endpoint=chat, completion_window="24h")),
    "purpose": refused(lambda: client.batches.create(input_file_id=other.id, endpoint=chat, completion_window="24h")),
    "endpoint": refused(lambda: client.batches.create(input_file_id=lines.id, endpoint="/v1/moderations", completion_window="24h")),
    "window": refused(lambda: client.batches.create(input_file_id=lines.id, endpoint=chat, completion_window="7d")),
    "after": refused(lambda: list(client.batches.list(after="batch_" + "0" * 32))),
}
print(json.dumps(seen))
