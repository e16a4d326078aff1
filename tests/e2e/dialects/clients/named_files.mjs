// Files that messages name by the ids that an upload gave: named_files.mjs BASE_URL KEY PACKAGE, as JSON.
import { failure } from "./failure.mjs";

const { OpenAI, toFile } = await import(process.argv[4] ?? "openai");

const client = new OpenAI({ baseURL: process.argv[2], apiKey: process.argv[3], maxRetries: 0 });

async function upload(name, bytes, type) {
  const made = await client.files.create({ file: await toFile(Buffer.from(bytes), name, { type }), purpose: "user_data" });
  return made.id;
}

const paper = await upload("paper.pdf", "%PDF", "application/pdf");
const cat = await upload("cat.png", [0x89, 0x50, 0x4e, 0x47], "image/png");
const part = (id) => ({ type: "file", file: { file_id: id } });
const chat = (...parts) => client.chat.completions.create({
  model: "chat", messages: [{ role: "user", content: [{ type: "text", text: "What?" }, ...parts] }] });
const respond = (...parts) => client.responses.create({
  model: "chat", input: [{ role: "user", content: [{ type: "input_text", text: "What?" }, ...parts] }] });

const seen = {
  chat: (await chat(part(paper))).choices[0].message.content,
  response: (await respond({ type: "input_file", file_id: paper }, { type: "input_image", file_id: cat })).output_text,
  errors: {
    unknown: await failure(() => chat(part("file-" + "0".repeat(32)))),
    no_image: await failure(() => respond({ type: "input_image", file_id: paper })),
  },
};
console.log(JSON.stringify(seen));
