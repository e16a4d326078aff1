// Streams of OpenAI's client over a flip: node through_a_flip.mjs BASE_URL. Begins ten, says "streaming" when each has said
// something, begins ten more at the next line of standard input, and prints all texts as JSON at the one after.
import readline from "node:readline";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.argv[2], apiKey: "none", maxRetries: 0 });
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

function stream() {
  let began;
  const first = new Promise((resolve) => { began = resolve; });
  const whole = (async () => {
    let text = "";
    const chunks = await client.chat.completions.create({ model: "words", messages: [{ role: "user", content: "Hi" }], stream: true });
    for await (const chunk of chunks) {
      text += chunk.choices[0]?.delta.content ?? "";
      if (text) began();
    }
    return text;
  })();
  return { first, whole };
}

const all = [];
for (let i = 0; i < 2; ++i) {
  const some = Array.from({ length: 10 }, stream);
  all.push(...some);
  await Promise.all(some.map((each) => each.first));
  console.log("streaming");
  await lines.next();
}
console.log(JSON.stringify(await Promise.all(all.map((each) => each.whole))));
process.exit(0);
