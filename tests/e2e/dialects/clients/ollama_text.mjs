// What Ollama's client for JavaScript gets: node ollama_text.mjs BASE_URL. Prints it as one JSON object, as ollama_text.py does.
import { Ollama } from "ollama";

const client = new Ollama({ host: process.argv[2] });
const messages = [{ role: "user", content: "Name three colours." }];
const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object", properties: {} } } }];

async function failure(call) {
  try {
    await call();
  } catch (error) {
    return [error.status_code ?? -1, error.error ?? error.message];
  }
  return null;
}

const calls = (message) => (message.tool_calls ?? []).map((call) => [call.function.name, call.function.arguments]);

async function streamed(call) {
  const seen = { text: "", thinking: "", calls: [], end: null };
  for await (const part of await call) {
    seen.text += part.message.content;
    seen.thinking += part.message.thinking ?? "";
    seen.calls.push(...calls(part.message));
    if (part.done) seen.end = [part.done_reason, part.prompt_eval_count ?? null, part.eval_count ?? null, part.total_duration >= 0];
  }
  return seen;
}

const chat = (model, members = {}) => client.chat({ model, messages, ...members });
const seen = {};
const plain = await chat("words", { options: { temperature: 0.5, num_predict: 7, seed: 3 }, keep_alive: "5m" });
seen.plain = [plain.model, plain.message.role, plain.message.content, plain.done, plain.done_reason, plain.prompt_eval_count, plain.eval_count];
seen.streamed = await streamed(chat("words", { stream: true }));
const called = await chat("tools", { tools });
seen.called = [calls(called.message), called.done_reason];
const answered = [...messages,
  { role: "assistant", content: "", tool_calls: [{ function: { name: "weather", arguments: { city: "Utrecht" } } }] },
  { role: "tool", tool_name: "weather", content: "rain" }];
seen.called_streamed = await streamed(chat("tools", { messages: answered, tools, stream: true }));
seen.talk = await streamed(chat("talk", { think: true, stream: true }));
seen.simulated = (await chat("simulated")).message.content.trim().split(/\s+/).length;
seen.formed = (await chat("words", { format: { type: "object" } })).message.content;
seen.generated = (await client.generate({ model: "words", prompt: "Once", system: "Be brief.", images: ["iVBORw0KGgo="] })).response;
seen.generated_streamed = "";
for await (const part of await client.generate({ model: "simulated", prompt: "Once", stream: true })) seen.generated_streamed += part.response;
seen.completed = (await client.generate({ model: "once", prompt: "Once", suffix: "end" })).response;
seen.models = (await client.list()).models.map((model) => model.model);
seen.shown = [];
for (const model of ["words", "tools", "vectors"]) seen.shown.push((await client.show({ model })).capabilities);
const several = await client.embed({ model: "vectors", input: ["a", "b"], truncate: true });
seen.embedded = [several.model, several.embeddings, several.prompt_eval_count, several.total_duration >= 0];
seen.embedded_one = [(await client.embed({ model: "vectors", input: "a", dimensions: 2 })).embeddings,
  (await client.embeddings({ model: "vectors", prompt: "a" })).embedding];
seen.errors = {
  model: await failure(() => chat("nobody")),
  template: await failure(() => client.generate({ model: "words", prompt: "x", template: "{{ .Prompt }}" })),
  tools: await failure(() => chat("simulated", { tools })),
  unruled: await failure(() => chat("ruled", { options: { num_ctx: 2048 } })),
  upstream: await failure(() => chat("broken")),
  embedded: await failure(() => client.embed({ model: "words", input: "x" })),
  streamed: await failure(() => streamed(chat("broken", { stream: true }))),
};
console.log(JSON.stringify(seen));
