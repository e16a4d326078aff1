"""What OpenAI's client makes of /responses: responses.py BASE_URL KEY. Prints what it saw, as one JSON object."""

import itertools
import json
import sys
import time

from openai import APIStatusError, OpenAI

client = OpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0)
TOOLS = [{"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}, "strict": False}]


def kinds(events):
    return [kind for kind, _ in itertools.groupby(event.type for event in events)]


def numbered(events):
    first = events[0].sequence_number
    return [event.sequence_number for event in events] == list(range(first, first + len(events)))


def deltas(events):
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


def refused(call):
    try:
        call()
    except APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code, error.param]
    return "not refused"


def ended(response_id):
    while (response := client.responses.retrieve(response_id)).status in ("queued", "in_progress"):
        time.sleep(0.02)
    return response


seen = {}
plain = client.responses.create(model="words", input="Hello", instructions="Be kind", metadata={"a": "b"})
seen["plain"] = [plain.object, plain.status, plain.output_text, plain.usage.output_tokens, plain.instructions, plain.metadata]
seen["same"] = client.responses.retrieve(plain.id).output == plain.output

with client.responses.stream(model="words", input=[{"role": "user", "content": "Hello"}]) as stream:
    streamed = list(stream)
    final = stream.get_final_response()
seen["streamed"] = [kinds(streamed), streamed[0].sequence_number, numbered(streamed), final.output_text]

called = client.responses.create(model="tools", input="Weather?", tools=TOOLS)
seen["called"] = [called.status, [[item.type, item.call_id, item.name, item.arguments] for item in called.output]]
answered = client.responses.create(
    model="words", previous_response_id=called.id,
    input=[{"type": "function_call_output", "call_id": call.call_id, "output": "rain"} for call in called.output])
seen["answered"] = [answered.status, answered.previous_response_id == called.id]
seen["items"] = [item.type for item in client.responses.input_items.list(answered.id, order="asc", limit=2)]
talk = client.responses.create(model="talk", input="Hello")
seen["talk"] = [item.type for item in talk.output]

background = client.responses.create(model="slow", input="Hello", background=True, store=False)
seen["begun"] = background.status in ("queued", "in_progress")
polled = ended(background.id)
seen["polled"] = [polled.status, len(polled.output_text.split())]

first = []
with client.responses.create(model="slow", input="Hello", background=True, stream=True) as stream:
    for event in stream:
        first.append(event)
        if len(first) == 8:
            break
response_id = first[0].response.id
rest = list(client.responses.retrieve(response_id, stream=True, starting_after=first[7].sequence_number))
whole = first + rest
again = list(client.responses.retrieve(response_id, stream=True))
seen["resumed"] = [numbered(whole), deltas(whole) == ended(response_id).output_text, again == whole]
with client.responses.stream(response_id=response_id, starting_after=10) as stream:
    resumed = list(stream)
seen["helped"] = [resumed[0].sequence_number, resumed[-1].type]

stopped = client.responses.create(model="endless", input="Hello", background=True)
seen["cancelled"] = [client.responses.cancel(stopped.id).status, client.responses.cancel(stopped.id).status]
client.responses.delete(stopped.id)

unstored = client.responses.create(model="words", input="Hello", store=False)
seen["errors"] = {
    "deleted": refused(lambda: client.responses.retrieve(stopped.id)),
    "unstored": refused(lambda: client.responses.retrieve(unstored.id)),
    "unknown": refused(lambda: client.responses.retrieve("resp_none")),
    "foreground": refused(lambda: client.responses.cancel(plain.id)),
    "hosted": refused(lambda: client.responses.create(model="words", input="Hello", tools=[{"type": "web_search"}])),
    "item": refused(lambda: client.responses.create(model="words", input=[{"type": "mcp_call"}])),
    "previous": refused(lambda: client.responses.create(model="words", input="x", previous_response_id="resp_none")),
    "conversation": refused(lambda: client.responses.create(model="words", input="x", conversation="conv_1")),
}
print(json.dumps(seen))
