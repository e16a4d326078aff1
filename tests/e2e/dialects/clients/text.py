"""The same as text.mjs, with the client for Python: text.py BASE_URL KEY."""

import base64
import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0)
ASK = [{"role": "user", "content": "Name three colours."}]
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]


def failure(call):
    try:
        call()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code, error.param, bool(error.request_id)]
    except openai.APIError as error:
        return [type(error).__name__, None, error.code, error.param, False]
    return None


def streamed(chunks):
    seen = {"text": "", "reasoning": "", "calls": {}, "reasons": [], "usage": None, "roles": []}
    for chunk in chunks:
        seen["usage"] = chunk.usage.to_dict() if chunk.usage else seen["usage"]
        if not chunk.choices:
            continue
        choice = chunk.choices[0]
        if choice.delta.role:
            seen["roles"].append(choice.delta.role)
        seen["text"] += choice.delta.content or ""
        seen["reasoning"] += getattr(choice.delta, "reasoning_content", None) or ""
        for call in choice.delta.tool_calls or []:
            known = seen["calls"].setdefault(str(call.index), {"id": "", "name": "", "arguments": ""})
            known["id"] += call.id or ""
            known["name"] += call.function.name or ""
            known["arguments"] += call.function.arguments or ""
        if choice.finish_reason:
            seen["reasons"].append(choice.finish_reason)
    return seen


def chat(model, **members):
    return client.chat.completions.create(model=model, messages=ASK, **members)


seen = {}
plain = chat("words", temperature=0.5)
seen["plain"] = [plain.object, plain.model, plain.choices[0].message.content, plain.choices[0].finish_reason,
                 plain.usage.to_dict()]
seen["streamed"] = streamed(chat("words", stream=True, stream_options={"include_usage": True}))
called = chat("tools", tools=TOOLS).choices[0]
seen["called"] = [called.finish_reason, called.message.content,
                  [[call.id, call.type, call.function.name, call.function.arguments] for call in called.message.tool_calls]]
seen["called_streamed"] = streamed(chat("tools", tools=TOOLS, stream=True))
seen["talk"] = streamed(chat("talk", stream=True))
seen["simulated"] = chat("simulated").choices[0].message.content
completed = client.completions.create(model="simulated", prompt="Once")
seen["completed"] = [completed.object, completed.choices[0].text, completed.choices[0].finish_reason]
seen["completed_streamed"] = "".join(piece.choices[0].text for piece in
                                     client.completions.create(model="once", prompt="Once", stream=True) if piece.choices)
embedded = client.embeddings.create(model="embeddings", input=["a", "b"])
seen["embedded"] = [[[each.index, each.embedding] for each in embedded.data], embedded.usage.to_dict()]
seen["floats"] = client.embeddings.create(model="embeddings", input="a", encoding_format="float").data[0].embedding
sound = client.audio.speech.create(model="speech", voice="en", input="Hello", response_format="wav").read()
seen["spoken"] = [sound[:4].decode(), sound[8:12].decode(), len(sound) > 10_000]
drawn = client.images.generate(model="images", prompt="a yard")
seen["drawn"] = base64.b64decode(drawn.data[0].b64_json)[1:4].decode()
seen["models"] = [model.id for model in client.models.list()]
seen["model"] = client.models.retrieve("words").id
seen["errors"] = {
    "model": failure(lambda: chat("nobody")),
    "choices": failure(lambda: chat("words", n=2)),
    "tools": failure(lambda: chat("simulated", tools=TOOLS)),
    "unruled": failure(lambda: chat("ruled", top_p=0.5)),
    "kind": failure(lambda: client.embeddings.create(model="words", input="a")),
    "format": failure(lambda: client.audio.speech.create(model="speech", voice="en", input="x", response_format="mp3")),
    "upstream": failure(lambda: chat("broken")),
    "streamed": failure(lambda: streamed(chat("broken", stream=True))),
    "path": failure(lambda: client.moderations.create(input="x")),
}
print(json.dumps(seen))
