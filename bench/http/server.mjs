// The same work as Shunt's endpoint on its zero-delay simulator, written the obvious way on Node's http: parse the
// request, make an id and a text, keep the record, answer it as JSON. Usage: node server.mjs PORT
import { randomUUID } from 'node:crypto';
import http from 'node:http';

const words = ['a', 'train', 'of', 'wagons', 'rolls', 'down', 'the', 'hump'];
const kept = new Map();
const maxKept = 10_000;

function generate(request) {
  const now = new Date().toISOString();
  let text = '';
  for (let i = 0; i < request.input.tokens; i++) text += words[i % words.length] + ' ';
  return {
    id: 'gen_' + randomUUID().replaceAll('-', ''),
    model: request.model,
    state: 'succeeded',
    created_at: now,
    started_at: now,
    finished_at: now,
    output: { text, result: { tokens: request.input.tokens, simulated: true } },
  };
}

http
  .createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const record = generate(JSON.parse(Buffer.concat(chunks).toString()));
      kept.set(record.id, record);
      if (kept.size > maxKept) kept.delete(kept.keys().next().value);
      const body = JSON.stringify(record);
      response.writeHead(200, {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        Location: '/v1/generations/' + record.id,
      });
      response.end(body);
    });
  })
  .listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'));
