// What OpenAI's client makes of webhooks: node openai_webhook.mjs PACKAGE SECRET, with a JSON array of
// {"headers", "body"} as standard input. Prints the events, or the name of what it throws.
import { readFileSync } from "node:fs";

const [name, secret] = process.argv.slice(2);
const { default: OpenAI } = await import(name);
const client = new OpenAI({ apiKey: "none", webhookSecret: secret });
const seen = [];
for (const { headers, body } of JSON.parse(readFileSync(0, "utf-8"))) {
  try {
    seen.push(await client.webhooks.unwrap(body, headers));
  } catch (error) {
    seen.push(error.constructor.name);
  }
}
console.log(JSON.stringify(seen));
