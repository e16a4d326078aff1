// What OpenAI's client makes of /responses: node responses.mjs BASE_URL KEY PACKAGE. Prints what it saw, as one JSON
// object.
const { default: OpenAI } = await import(process.argv[4]);
const client = new OpenAI({ baseURL: process.argv[2], apiKey: process.argv[3], maxRetries: 0 });
const tools = [{ type: "function", name: "weather", parameters: { type: "object", properties: {} }, strict: false }];
const kinds = (events) => events.map((e) => e.type).filter((type, i, all) => type !== all[i - 1]);
const numbered = (events) => events.every((e, i) => e.sequence_number === events[0].sequence_number + i);
const deltas = (events) => events.filter((e) => e.type === "response.output_text.delta").map((e) => e.delta).join("");
const collect = async (stream) => {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
};
const refused = async (call) => {
  try {
    await call();
  } catch (error) {
    return [error.constructor.name, error.status, error.code, error.param];
  }
  return "not refused";
};
const ended = async (id) => {
  for (;;) {
    const response = await client.responses.retrieve(id);
    if (response.status !== "queued" && response.status !== "in_progress") return response;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const seen = {};
const plain = await client.responses.create({ model: "words", input: "Hello", instructions: "Be kind", metadata: { a: "b" } });
seen.plain = [plain.object, plain.status, plain.output_text, plain.usage.output_tokens, plain.instructions, plain.metadata];
seen.same = JSON.stringify((await client.responses.retrieve(plain.id)).output) === JSON.stringify(plain.output);

const helper = client.responses.stream({ model: "words", input: [{ role: "user", content: "Hello" }] });
const streamed = await collect(helper);
seen.streamed = [kinds(streamed), streamed[0].sequence_number, numbered(streamed), (await helper.finalResponse()).output_text];

const called = await client.responses.create({ model: "tools", input: "Weather?", tools });
seen.called = [called.status, called.output.map((item) => [item.type, item.call_id, item.name, item.arguments])];
const answered = await client.responses.create({
  model: "words",
  previous_response_id: called.id,
  input: called.output.map((call) => ({ type: "function_call_output", call_id: call.call_id, output: "rain" })),
});
seen.answered = [answered.status, answered.previous_response_id === called.id];
const items = [];
for await (const item of client.responses.inputItems.list(answered.id, { order: "asc", limit: 2 })) items.push(item.type);
seen.items = items;
const talk = await client.responses.create({ model: "talk", input: "Hello" });
seen.talk = talk.output.map((item) => item.type);

const background = await client.responses.create({ model: "slow", input: "Hello", background: true, store: false });
seen.begun = ["queued", "in_progress"].includes(background.status);
const polled = await ended(background.id);
seen.polled = [polled.status, polled.output_text.split(" ").filter(Boolean).length];

const stream = await client.responses.create({ model: "slow", input: "Hello", background: true, stream: true });
const first = [];
for await (const event of stream) {
  first.push(event);
  if (first.length === 8) break;
}
const id = first[0].response.id;
const rest = await collect(await client.responses.retrieve(id, { stream: true, starting_after: first[7].sequence_number }));
const whole = [...first, ...rest];
const again = await collect(await client.responses.retrieve(id, { stream: true }));
seen.resumed = [numbered(whole), deltas(whole) === (await ended(id)).output_text, JSON.stringify(again) === JSON.stringify(whole)];
const resumed = await collect(client.responses.stream({ response_id: id, starting_after: 10 }));
seen.helped = [resumed[0].sequence_number, resumed.at(-1).type];

const stopped = await client.responses.create({ model: "endless", input: "Hello", background: true });
seen.cancelled = [(await client.responses.cancel(stopped.id)).status, (await client.responses.cancel(stopped.id)).status];
await client.responses.delete(stopped.id);

const unstored = await client.responses.create({ model: "words", input: "Hello", store: false });
seen.errors = {
  deleted: await refused(() => client.responses.retrieve(stopped.id)),
  unstored: await refused(() => client.responses.retrieve(unstored.id)),
  unknown: await refused(() => client.responses.retrieve("resp_none")),
  foreground: await refused(() => client.responses.cancel(plain.id)),
  hosted: await refused(() => client.responses.create({ model: "words", input: "Hello", tools: [{ type: "web_search" }] })),
  item: await refused(() => client.responses.create({ model: "words", input: [{ type: "mcp_call" }] })),
  previous: await refused(() => client.responses.create({ model: "words", input: "x", previous_response_id: "resp_none" })),
  conversation: await refused(() => client.responses.create({ model: "words", input: "x", conversation: "conv_1" })),
};
console.log(JSON.stringify(seen));
