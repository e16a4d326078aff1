// OpenAI's client behind a proxy that breaks its first two connections once the request has gone through: node
// broken_twice.mjs URL. Prints what the client got in the end.
import net from "node:net";
import OpenAI from "openai";

const target = new URL(process.argv[2]);
let connections = 0;
const proxy = net.createServer((client) => {
  const breaks = ++connections <= 2;
  const server = net.connect(Number(target.port), target.hostname);
  for (const socket of [client, server]) socket.on("error", () => {});
  client.on("data", (data) => {
    server.write(data);
    if (breaks) setTimeout(() => { client.destroy(); server.destroy(); }, 100);
  });
  server.pipe(client);
}).listen(0, "127.0.0.1");
await new Promise((ready) => proxy.once("listening", ready));
const client = new OpenAI({ baseURL: `http://127.0.0.1:${proxy.address().port}/v1`, apiKey: "none", maxRetries: 2 });
const answer = await client.chat.completions.create({ model: "words", messages: [{ role: "user", content: "Hi" }] });
console.log(JSON.stringify({ id: answer.id, connections }));
proxy.close();
process.exit(0);
