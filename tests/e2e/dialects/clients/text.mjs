// What OpenAI's client gets of chats, completions, embeddings, speech and images: node text.mjs BASE_URL KEY PACKAGE.
// Prints it as one JSON object; text.py does the same, so that both can be compared.
const { default: OpenAI } = await import(process.argv[4]);
const client = new OpenAI({ baseURL: process.argv[2], apiKey: process.argv[3], maxRetries: 0 });
const ask = [{ role: "user", content: "Name three colours." }];
const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object" } } }];

async function failure(call) {
  try {
    await call();
  } catch (error) {
    return [error.constructor.name, error.status, error.code, error.param, Boolean(error.requestID)];
  }
  return null;
}

async function streamed(call) {
  const seen = { text: "", reasoning: "", calls: {}, reasons: [], usage: null, roles: [] };
  for await (const chunk of await call) {
    seen.usage = chunk.usage ?? seen.usage;
    const choice = chunk.choices[0];
    if (!choice) continue;
    if (choice.delta.role) seen.roles.push(choice.delta.role);
    seen.text += choice.delta.content ?? "";
    seen.reasoning += choice.delta.reasoning_content ?? "";
    for (const call of choice.delta.tool_calls ?? []) {
      const known = (seen.calls[call.index] ??= { id: "", name: "", arguments: "" });
      known.id += call.id ?? "";
      known.name += call.function?.name ?? "";
      known.arguments += call.function?.arguments ?? "";
    }
    if (choice.finish_reason) seen.reasons.push(choice.finish_reason);
  }
  return seen;
}

const seen = {};
const plain = await client.chat.completions.create({ model: "words", messages: ask, temperature: 0.5 });
seen.plain = [plain.object, plain.model, plain.choices[0].message.content, plain.choices[0].finish_reason, plain.usage];
seen.streamed = await streamed(client.chat.completions.create(
  { model: "words", messages: ask, stream: true, stream_options: { include_usage: true } }));
const called = await client.chat.completions.create({ model: "tools", messages: ask, tools });
seen.called = [called.choices[0].finish_reason, called.choices[0].message.content,
  called.choices[0].message.tool_calls.map((call) => [call.id, call.type, call.function.name, call.function.arguments])];
seen.called_streamed = await streamed(client.chat.completions.create({ model: "tools", messages: ask, tools, stream: true }));
seen.talk = await streamed(client.chat.completions.create({ model: "talk", messages: ask, stream: true }));
const simulated = await client.chat.completions.create({ model: "simulated", messages: ask });
seen.simulated = simulated.choices[0].message.content;
const completed = await client.completions.create({ model: "simulated", prompt: "Once" });
seen.completed = [completed.object, completed.choices[0].text, completed.choices[0].finish_reason];
seen.completed_streamed = "";
for await (const piece of await client.completions.create({ model: "once", prompt: "Once", stream: true }))
  seen.completed_streamed += piece.choices[0]?.text ?? "";
const embedded = await client.embeddings.create({ model: "embeddings", input: ["a", "b"] });
seen.embedded = [embedded.data.map((each) => [each.index, Array.from(each.embedding)]), embedded.usage];
const floats = await client.embeddings.create({ model: "embeddings", input: "a", encoding_format: "float" });
seen.floats = floats.data[0].embedding;
const spoken = await client.audio.speech.create({ model: "speech", voice: "en", input: "Hello", response_format: "wav" });
const sound = Buffer.from(await spoken.arrayBuffer());
seen.spoken = [sound.subarray(0, 4).toString(), sound.subarray(8, 12).toString(), sound.length > 10_000];
const drawn = await client.images.generate({ model: "images", prompt: "a yard" });
seen.drawn = Buffer.from(drawn.data[0].b64_json, "base64").subarray(1, 4).toString();
seen.models = [];
for await (const model of client.models.list()) seen.models.push(model.id);
seen.model = (await client.models.retrieve("words")).id;
seen.errors = {
  model: await failure(() => client.chat.completions.create({ model: "nobody", messages: ask })),
  choices: await failure(() => client.chat.completions.create({ model: "words", messages: ask, n: 2 })),
  tools: await failure(() => client.chat.completions.create({ model: "simulated", messages: ask, tools })),
  unruled: await failure(() => client.chat.completions.create({ model: "ruled", messages: ask, top_p: 0.5 })),
  kind: await failure(() => client.embeddings.create({ model: "words", input: "a" })),
  format: await failure(() => client.audio.speech.create({ model: "speech", voice: "en", input: "x", response_format: "mp3" })),
  upstream: await failure(() => client.chat.completions.create({ model: "broken", messages: ask })),
  streamed: await failure(() => streamed(client.chat.completions.create({ model: "broken", messages: ask, stream: true }))),
  path: await failure(() => client.moderations.create({ input: "x" })),
};
console.log(JSON.stringify(seen));
