"""What somebody's program asks of a language model with OpenAI's client for Python, printed as JSON lines.

    client_program.py CHAT_URL EMBEDDINGS_URL KEY [TEMPERATURE]

It prints what the API documents, whole, but for ids and times. How a text is cut into chunks is nobody's promise, so
of a stream it prints the texts put together, and that there were several.
"""

import json
import sys

import openai

CHAT_URL, EMBEDDINGS_URL, KEY = sys.argv[1:4]
SAMPLING = {"temperature": float(sys.argv[4]) if len(sys.argv) > 4 else 0, "seed": 7, "max_tokens": 24}
ASK = [{"role": "system", "content": "You are brief."}, {"role": "user", "content": "Name three colours."}]
TALK = [*ASK, {"role": "assistant", "content": "Red, green, blue."}, {"role": "user", "content": "And one more?"}]
WEATHER = {"type": "function", "function": {
    "name": "weather", "description": "The weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string", "enum": ["Paris", "Rome"]}},
                   "required": ["city"], "additionalProperties": False}}}
# So small a model calls a function when it has seen that done.
CALLING = [{"role": "user", "content": "weather Rome"}]
for city in ("Paris", "Rome", "Paris"):
    CALLING[-1:-1] = [{"role": "user", "content": f"weather {city}"},
                      {"role": "assistant", "content": None, "tool_calls": [
                          {"id": f"call_{city}", "type": "function",
                           "function": {"name": "weather", "arguments": json.dumps({"city": city})}}]}]
TOOLS = {"messages": CALLING, "tools": [WEATHER], "tool_choice": "required", "max_tokens": 64}
COLOUR = {"type": "json_schema", "json_schema": {"name": "colour", "schema": {
    "type": "object", "properties": {"colour": {"enum": ["red", "green"]}}, "required": ["colour"],
    "additionalProperties": False}}}

client = openai.OpenAI(base_url=CHAT_URL, api_key=KEY, max_retries=0)
embedder = openai.OpenAI(base_url=EMBEDDINGS_URL, api_key=KEY, max_retries=0)


def show(name, value):
    print(json.dumps([name, value], ensure_ascii=False, sort_keys=True), flush=True)


def counts(usage):
    return [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens]


def calls_of(message):
    return [[call.type, call.function.name, call.function.arguments, bool(call.id)] for call in message.tool_calls or []]


def logprobs_of(choice):
    return [[each.token, round(each.logprob, 4), [top.token for top in each.top_logprobs]]
            for each in (choice.logprobs.content if choice.logprobs else None) or []]


def chat(messages=ASK, **members):
    return client.chat.completions.create(model="smollm2", messages=messages, **{**SAMPLING, **members})


def whole(name, **members):
    answer = chat(**members)
    choice = answer.choices[0]
    show(name, [answer.object, bool(answer.id), len(answer.choices), choice.index, choice.message.role,
                choice.message.content or "", calls_of(choice.message), choice.finish_reason, logprobs_of(choice),
                counts(answer.usage)])


def streamed(name, **members):
    seen = {"objects": set(), "ids": set(), "roles": [], "text": "", "calls": {}, "reasons": [], "usage": None}
    pieces = 0
    for chunk in chat(stream=True, stream_options={"include_usage": True}, **members):
        seen["objects"].add(chunk.object)
        seen["ids"].add(chunk.id)
        seen["usage"] = counts(chunk.usage) if chunk.usage else seen["usage"]
        for choice in chunk.choices:
            pieces += 1
            seen["roles"] += [choice.delta.role] if choice.delta.role else []
            seen["text"] += choice.delta.content or ""
            seen["reasons"] += [choice.finish_reason] if choice.finish_reason else []
            for call in choice.delta.tool_calls or []:
                known = seen["calls"].setdefault(str(call.index), ["", ""])
                known[0] += call.function.name or ""
                known[1] += call.function.arguments or ""
    show(name, {**seen, "objects": sorted(seen["objects"]), "ids": len(seen["ids"]), "several": pieces > 1})


whole("chat")
whole("conversation", messages=TALK)
whole("cut short", max_tokens=3)
whole("stopped by a word", stop=["green", ","])
whole("logprobs", logprobs=True, top_logprobs=2, max_tokens=4)
whole("schema", response_format=COLOUR)
whole("tool", **TOOLS)
whole("other characters", messages=[{"role": "user", "content": "Repeat: na\u00efve \u2013 \u65e5\u672c \U0001f600"}])
streamed("stream")
streamed("stream of a conversation", messages=TALK)
streamed("stream cut short", max_tokens=3)
streamed("stream of a schema", response_format=COLOUR)
streamed("stream of a tool", **TOOLS)

completed = client.completions.create(model="smollm2-text", prompt="Once upon a time", **SAMPLING)
show("completion", [completed.object, completed.choices[0].text, completed.choices[0].finish_reason, counts(completed.usage)])
show("stream of a completion", "".join(
    chunk.choices[0].text for chunk in client.completions.create(
        model="smollm2-text", prompt="Once upon a time", stream=True, **SAMPLING) if chunk.choices))

for coding in ({}, {"encoding_format": "float"}):
    vectors = embedder.embeddings.create(model="smollm2-embeddings", input=["red", "green"], **coding)
    show("embeddings", [vectors.object, [each.index for each in vectors.data], [len(each.embedding) for each in vectors.data],
                        [round(value, 6) for each in vectors.data for value in each.embedding[:8]], vectors.usage.prompt_tokens])
