// What OpenAI's client makes of /v1/files: node files.mjs BASE_URL KEY. Prints what it saw, as one JSON object.
import OpenAI, { toFile } from "openai";

const client = new OpenAI({ baseURL: process.argv[2], apiKey: process.argv[3], maxRetries: 0 });

const data = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
const made = await client.files.create({
  file: await toFile(data, "käse.png", { type: "image/png" }),
  purpose: "user_data",
  expires_after: { anchor: "created_at", seconds: 3600 },
});
const more = [];
for (let i = 0; i < 4; ++i) {
  more.push(await client.files.create({ file: await toFile(Buffer.from(`${i}`), `${i}.jsonl`), purpose: "batch" }));
}
const retrieved = await client.files.retrieve(made.id);
const content = Buffer.from(await (await client.files.content(made.id)).arrayBuffer());
const listed = [];
for await (const file of client.files.list({ purpose: "batch", limit: 3, order: "asc" })) listed.push(file.id);
const removed = await client.files.delete(made.id);

async function refused(call) {
  try {
    await call();
  } catch (error) {
    return [error.constructor.name, error.status];
  }
  return "not refused";
}

console.log(JSON.stringify({
  made,
  retrieved,
  same: content.equals(data),
  listed,
  made_ids: more.map((file) => file.id),
  removed,
  unknown: await refused(() => client.files.retrieve(made.id)),
  purpose: await refused(() => client.files.create({ file: new File(["x"], "x"), purpose: "no such!" })),
}));
