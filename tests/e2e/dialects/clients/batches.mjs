// The same as batches.py, with npm's client: node batches.mjs BASE_URL KEY PACKAGE.
const { default: OpenAI, toFile } = await import(process.argv[4]);
const client = new OpenAI({ baseURL: process.argv[2], apiKey: process.argv[3], maxRetries: 0 });
const ENDED = ["completed", "failed", "expired", "cancelled"];
const messages = [{ role: "user", content: "Hello" }];
const chat = "/v1/chat/completions";

const line = (custom_id, url, body) => JSON.stringify({ custom_id, method: "POST", url, body });
const sleep = () => new Promise((done) => setTimeout(done, 50));
const upload = async (lines, purpose = "batch") =>
  client.files.create({ file: await toFile(Buffer.from(lines.join("\n")), "lines.jsonl"), purpose });
const create = async (lines, endpoint = chat, members = {}) =>
  client.batches.create({ input_file_id: (await upload(lines)).id, endpoint, completion_window: "24h", ...members });

async function ended({ id }) {
  for (;;) {
    const batch = await client.batches.retrieve(id);
    if (ENDED.includes(batch.status)) return batch;
    await sleep();
  }
}

async function results(id) {
  const text = await (await client.files.content(id)).text();
  return Object.fromEntries(text.trim().split("\n").map((each) => JSON.parse(each)).map((each) => [each.custom_id, each]));
}

async function refused(call) {
  try {
    await call();
  } catch (error) {
    return [error.constructor.name, error.status, error.code, error.param];
  }
  return "not refused";
}

const unique = (values) => [...new Set(values)].sort();
const seen = {};
let batch = await create([...Array.from({ length: 5 }, (_, i) => line(`chat-${i}`, chat, { model: "words", messages })),
  line("nobody", chat, { model: "nobody", messages }), line("streams", chat, { model: "words", messages, stream: true }),
  line("broken", chat, { model: "broken", messages })], chat, { metadata: { a: "b" } });
seen.made = [batch.object, batch.endpoint, batch.completion_window, batch.metadata, batch.expires_at - batch.created_at];
batch = await ended(batch);
const { total, completed, failed } = batch.request_counts;
seen.ended = [batch.status, total, completed, failed, batch.usage.output_tokens, batch.errors];
seen.times = batch.created_at <= batch.in_progress_at && batch.in_progress_at <= batch.finalizing_at && batch.finalizing_at <= batch.completed_at;
const [output, errors] = [await results(batch.output_file_id), await results(batch.error_file_id)];
seen.said = unique(Object.values(output).map((each) => each.response.body.choices[0].message.content));
seen.answered = [Object.keys(output).sort(), unique(Object.values(output).map((each) => each.response.status_code))];
seen.failed = Object.fromEntries(Object.entries(errors).map(([name, each]) => [name, [each.response.status_code, each.response.body.error.code]]));
seen.ids = unique([...Object.values(output), ...Object.values(errors)].map((each) => each.id)).length;
seen.files = [];
for (const [kind, id] of [["error", batch.error_file_id], ["output", batch.output_file_id]]) {
  const file = await client.files.retrieve(id);
  seen.files.push([file.purpose, file.filename === `${batch.id}_${kind}.jsonl`]);
}

const first = await client.responses.create({ model: "words", input: "Hello" });
const others = [["/v1/embeddings", { model: "vectors", input: ["a", "b"] }], ["/v1/completions", { model: "once", prompt: "Once" }],
  ["/v1/responses", { model: "words", input: "And then?", previous_response_id: first.id }]];
const begun = [];
for (const [url, body] of others) begun.push(await create([line("one", url, body)], url));
const bodies = [];
for (const each of begun) bodies.push(Object.values(await results((await ended(each)).output_file_id))[0].response.body);
seen.others = [bodies[0].data.length, bodies[1].choices[0].text, bodies[2].status, bodies[2].previous_response_id === first.id];
const own = [];
for await (const each of client.batches.list({ limit: 2 })) if (own.push(each.id) === 4) break;
seen.listed = JSON.stringify(own) === JSON.stringify([...begun.map((each) => each.id).reverse(), batch.id]);

const bad = await ended(await create([line("a", chat, {}), "{", line("a", chat, {}), line("b", "/v1/embeddings", {})]));
seen.bad = [bad.status, bad.errors.data.map((each) => [each.code, each.line, each.param]), bad.output_file_id];
seen.empty = (await ended(await create([" ", ""]))).errors.data.map((each) => each.code);

let stopped = await create([line("quick", chat, { model: "words", messages }),
  ...Array.from({ length: 30 }, (_, i) => line(`slow-${i}`, chat, { model: "endless", messages }))]);
while ((await client.batches.retrieve(stopped.id)).request_counts.completed === 0) await sleep();
seen.cancelling = (await client.batches.cancel(stopped.id)).status;
stopped = await ended(stopped);
seen.cancelled = [stopped.status, stopped.request_counts.completed, stopped.request_counts.failed,
  unique(Object.values(await results(stopped.error_file_id)).map((each) => each.error.code)), Object.keys(await results(stopped.output_file_id))];

const lines = (await upload([line("a", chat, {})])).id;
const other = (await upload([line("a", chat, {})], "user_data")).id;
const ask = (members) => refused(() => client.batches.create({ input_file_id: lines, endpoint: chat, completion_window: "24h", ...members }));
seen.errors = {
  cancelled: await refused(() => client.batches.cancel(stopped.id)),
  unknown: await refused(() => client.batches.retrieve("batch_" + "0".repeat(32))),
  none: await refused(() => client.batches.retrieve("batch_none")),
  file: await ask({ input_file_id: "file-" + "0".repeat(32) }),
  purpose: await ask({ input_file_id: other }),
  endpoint: await ask({ endpoint: "/v1/moderations" }),
  window: await ask({ completion_window: "7d" }),
  after: await refused(() => client.batches.list({ after: "batch_" + "0".repeat(32) })),
};
console.log(JSON.stringify(seen));
