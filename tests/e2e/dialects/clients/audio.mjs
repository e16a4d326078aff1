// The same as audio.py, with npm's client: node audio.mjs BASE_URL KEY PACKAGE.
import { createHash } from "node:crypto";
import { failure } from "./failure.mjs";
const { default: OpenAI, toFile } = await import(process.argv[4]);
const client = new OpenAI({ baseURL: process.argv[2], apiKey: process.argv[3], maxRetries: 0 });
const cycle = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const sound = Buffer.concat([Buffer.from("RIFF\r\n--\0\xff", "latin1"), ...Array(400).fill(cycle)]);
const png = await toFile(Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), Buffer.alloc(100)]), "one.png",
  { type: "image/png" });

// Its type is told by its name alone.
const file = await toFile(sound, "hello.wav");
const transcribe = (model = "whisper", members = {}) => client.audio.transcriptions.create({ model, file, ...members });

const seen = { sha256: createHash("sha256").update(sound).digest("hex") };
seen.plain = (await transcribe("whisper", { language: "nl", temperature: 0.5 })).text;
const verbose = await transcribe("whisper",
  { response_format: "verbose_json", timestamp_granularities: ["word", "segment"] });
seen.verbose = [verbose.text, verbose.language, verbose.duration];
seen.texts = [];
for (const response_format of ["text", "srt", "vtt"]) seen.texts.push(await transcribe("whisper", { response_format }));
seen.streamed = [];
for await (const event of await transcribe("whisper", { stream: true }))
  seen.streamed.push([event.type, event.delta ?? event.text]);
seen.pieces = [];
for await (const event of await transcribe("pieces", { stream: true, include: ["logprobs"] }))
  seen.pieces.push([event.type, event.delta ?? event.text, event.usage?.total_tokens ?? event.logprobs.length > 0]);
seen.whole = (await transcribe("pieces")).text;
seen.translated = (await client.audio.translations.create({ model: "english", file })).text;
seen.program = (await transcribe("program")).text;
seen.program_text = await transcribe("program", { response_format: "text" });
const edited = await client.images.edit({ model: "edits", image: png, mask: png, prompt: "a hat", n: 2 });
seen.edited = edited.data.map((each) => Buffer.from(each.b64_json, "base64").toString("latin1").slice(1, 4));
seen.listed = (await client.images.edit({ model: "edits", image: [png], prompt: "a hat" })).data.length;
const collage = await client.images.edit({ model: "collage", image: [png, png, png], mask: png, prompt: "a hat" });
seen.several = collage.data.length;
seen.errors = {
  many: await failure(() => client.images.edit({ model: "collage", image: [png, png, png, png], prompt: "x" })),
  unlisted: await failure(() => client.images.edit({ model: "edits", image: [png, png], prompt: "x" })),
  format: await failure(() => transcribe("program", { response_format: "srt" })),
  unruled: await failure(() => transcribe("program", { language: "nl" })),
  kind: await failure(() => client.audio.translations.create({ model: "whisper", file })),
  url: await failure(() => client.images.edit({ model: "edits", image: png, prompt: "x", response_format: "url" })),
  upstream: await failure(() => transcribe("broken")),
};
console.log(JSON.stringify(seen));
