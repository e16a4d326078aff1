// What Shunt's endpoint does in queue mode, written the obvious way on Node's http and npm's bullmq: parse the request,
// add a job, wait until it is finished, answer the record. Usage: node queue_api.mjs PACKAGES_FOLDER REDIS_PORT PORT
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [packages, redisPort, port] = process.argv.slice(2);
const { Queue, QueueEvents } = createRequire(join(packages, 'package.json'))('bullmq');
const connection = { host: '127.0.0.1', port: Number(redisPort) };
const queue = new Queue('simulator', { connection });
const events = new QueueEvents('simulator', { connection });
// Each waiter listens.
events.setMaxListeners(0);

async function answer(request, response, body) {
  const { model, input } = JSON.parse(body);
  const created = new Date().toISOString();
  const id = 'gen_' + randomUUID().replaceAll('-', '');
  const envelope = { v: 1, id, model, input, created_at: created };
  const job = await queue.add(model, envelope, { jobId: id, removeOnComplete: { age: 3600 } });
  const output = await job.waitUntilFinished(events, 30_000);
  const record = JSON.stringify({ id, model, state: 'succeeded', created_at: created,
    finished_at: new Date().toISOString(), output });
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(record),
    Location: '/v1/generations/' + id });
  response.end(record);
}

await events.waitUntilReady();
http
  .createServer((request, response) => {
    const chunks = [];
    request.on('data', chunk => chunks.push(chunk));
    request.on('end', () => {
      answer(request, response, Buffer.concat(chunks).toString()).catch(error => {
        response.writeHead(500);
        response.end(String(error));
      });
    });
  })
  .listen(Number(port), '127.0.0.1', () => console.log('listening'));
