"""What Ollama's client for Python gets: ollama_text.py BASE_URL. Prints it as one JSON object, as ollama_text.mjs does."""

import json
import sys

import ollama

client = ollama.Client(host=sys.argv[1])
ASK = [{"role": "user", "content": "Name three colours."}]
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]


def failure(call):
    try:
        call()
    except ollama.ResponseError as error:
        return [error.status_code, error.error]
    return None


def calls(message):
    return [[call.function.name, call.function.arguments] for call in message.tool_calls or []]


def streamed(parts):
    seen = {"text": "", "thinking": "", "calls": [], "end": None}
    for part in parts:
        seen["text"] += part.message.content or ""
        seen["thinking"] += part.message.thinking or ""
        seen["calls"] += calls(part.message)
        if part.done:
            seen["end"] = [part.done_reason, part.prompt_eval_count, part.eval_count, part.total_duration >= 0]
    return seen


seen = {}
plain = client.chat("words", ASK, options={"temperature": 0.5, "num_predict": 7, "seed": 3}, keep_alive="5m")
seen["plain"] = [plain.model, plain.message.role, plain.message.content, plain.done, plain.done_reason,
                 plain.prompt_eval_count, plain.eval_count]
seen["streamed"] = streamed(client.chat("words", ASK, stream=True))
called = client.chat("tools", ASK, tools=TOOLS)
seen["called"] = [calls(called.message), called.done_reason]
answered = [*ASK, {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "weather", "arguments": {"city": "Utrecht"}}}]},
            {"role": "tool", "tool_name": "weather", "content": "rain"}]
seen["called_streamed"] = streamed(client.chat("tools", answered, tools=TOOLS, stream=True))
seen["talk"] = streamed(client.chat("talk", ASK, think=True, stream=True))
seen["simulated"] = len(client.chat("simulated", ASK).message.content.split())
seen["formed"] = client.chat("words", ASK, format={"type": "object"}).message.content
seen["generated"] = client.generate("words", "Once", system="Be brief.", images=["iVBORw0KGgo="]).response
seen["generated_streamed"] = "".join(part.response for part in client.generate("simulated", "Once", stream=True))
seen["completed"] = client.generate("once", "Once", suffix="end").response
seen["models"] = [model.model for model in client.list().models]
seen["shown"] = [client.show(model).capabilities for model in ("words", "tools", "vectors")]
several = client.embed("vectors", ["a", "b"], truncate=True)
seen["embedded"] = [several.model, several.embeddings, several.prompt_eval_count, several.total_duration >= 0]
seen["embedded_one"] = [client.embed("vectors", "a", dimensions=2).embeddings, client.embeddings("vectors", "a").embedding]
seen["errors"] = {
    "model": failure(lambda: client.chat("nobody", ASK)),
    "template": failure(lambda: client.generate("words", "x", template="{{ .Prompt }}")),
    "tools": failure(lambda: client.chat("simulated", ASK, tools=TOOLS)),
    "unruled": failure(lambda: client.chat("ruled", ASK, options={"num_ctx": 2048})),
    "upstream": failure(lambda: client.chat("broken", ASK)),
    "embedded": failure(lambda: client.embed("words", "x")),
    "streamed": failure(lambda: streamed(client.chat("broken", ASK, stream=True))),
}
print(json.dumps(seen))
