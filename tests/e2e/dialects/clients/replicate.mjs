// What Replicate's client gets: node replicate.mjs BASE_URL KEY WEBHOOK_URL. Prints it as one JSON object.
import Replicate from "replicate";

const [base, key, hook] = process.argv.slice(2);
// Which requests had a key: streams and files are fetched without one.
const requests = [];
const client = new Replicate({
  baseUrl: `${base}/replicate/v1`, auth: key,
  fetch: (url, options) => { requests.push([String(url), "authorization" in Object.fromEntries(new Headers(options?.headers))]); return fetch(url, options); },
});

async function failure(call) {
  try {
    await call();
  } catch (error) {
    return error.response?.status ?? error.message;
  }
  return null;
}

const seen = {};
seen.short = await client.run("shunt/words", { input: { prompt: "hi", tokens: 4 } });
seen.long = await client.run("shunt/words", { input: { prompt: "hi", tokens: 3, first_token_ms: 1500 }, wait: { mode: "block", timeout: 1 } });
seen.polled = await client.run("shunt/words", { input: { prompt: "hi", tokens: 3 }, wait: { mode: "poll", interval: 50 } });
seen.streamed = "";
seen.events = [];
for await (const event of client.stream("shunt/words", { input: { prompt: "hi", tokens: 4 } })) {
  seen.events.push(event.event);
  if (event.event === "output") seen.streamed += event.data;
}
const sound = await client.run("shunt/speech", { input: { text: "hello", voice: "en" } });
// The client makes an object of https: URLs alone; this one is opened by its token.
seen.sound = Buffer.from(await (await fetch(sound)).arrayBuffer()).subarray(0, 4).toString();
const model = await client.models.get("shunt", "words");
seen.model = [model.owner, model.name, model.latest_version.id.length, Object.keys(model.latest_version.openapi_schema.components.schemas.Input.properties)];
seen.versioned = await client.run(`shunt/words:${model.latest_version.id}`, { input: { prompt: "hi", tokens: 2 } });
const slow = await client.predictions.create({ model: "shunt/words", input: { prompt: "x", tokens: 1000, token_gap_ms: 50 }, webhook: hook, webhook_events_filter: ["completed"] });
seen.begun = slow.status;
await client.predictions.cancel(slow.id);
seen.cancelled = (await client.wait(slow, { interval: 50 })).status;
seen.id = slow.id;
const page = await client.predictions.list();
seen.listed = page.results.length;
let all = 0;
for await (const results of client.paginate(client.predictions.list)) all += results.length;
seen.all = all;
const file = await client.files.create(Buffer.from("abc"), { a: "b" });
seen.file = [(await client.files.get(file.id)).size, (await client.files.list()).results.length];
await client.files.delete(file.id);
seen.account = (await client.accounts.current()).type;
seen.errors = [
  await failure(() => client.run("shunt/nobody", { input: {} })),
  await failure(() => client.predictions.get("nothing")),
  await failure(() => client.run("shunt/words", { input: { tokens: 1 } })),
  await failure(() => client.run("shunt/words", { input: { prompt: "x", tokens: 20, failure_rate: 1 } })),
];
// Of those that the client itself makes.
seen.open = requests.filter(([url, hasKey]) => !hasKey && new URL(url).pathname.startsWith("/replicate/v1")).map(([url]) => new URL(url).pathname.split("/")[3]);
console.log(JSON.stringify(seen));
